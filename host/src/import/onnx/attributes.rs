//! A node's attributes, read with their types checked.

use crate::import::NodeFault;
use rten_onnx::onnx::{AttributeProto, AttributeType, TensorProto};

/// Attributes of one node.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'m> {
    protos: &'m [AttributeProto],
}

impl<'m> Attributes<'m> {
    /// The attributes, of which only these names are known.
    ///
    /// An unknown attribute is refused: it would change what the node computes.
    pub(super) fn new(protos: &'m [AttributeProto], known: &[&str]) -> Result<Self, NodeFault> {
        let mut seen = Vec::new();
        for proto in protos {
            let name = proto.name.as_deref().unwrap_or_default();
            if seen.contains(&name) {
                return Err(fault(name, "given twice".into(), "every attribute once"));
            }
            seen.push(name);
            if !known.contains(&name) {
                let supported = if known.is_empty() {
                    "no attributes".into()
                } else {
                    known.join(", ")
                };
                return Err(NodeFault::Attribute {
                    attribute: name.into(),
                    found: "not known here".into(),
                    supported,
                });
            }
        }
        Ok(Self { protos })
    }

    fn get(
        &self,
        name: &str,
        expected: AttributeType,
        wording: &str,
    ) -> Result<Option<&'m AttributeProto>, NodeFault> {
        let Some(proto) = self
            .protos
            .iter()
            .find(|proto| proto.name.as_deref() == Some(name))
        else {
            return Ok(None);
        };
        if proto.r#type.is_some_and(|found| found != expected) {
            return Err(fault(name, "of another type".into(), wording));
        }
        Ok(Some(proto))
    }

    /// An integer.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, NodeFault> {
        let Some(proto) = self.get(name, AttributeType::INT, "an integer")? else {
            return Ok(None);
        };
        // A zero may be left out of the file.
        Ok(Some(proto.i.unwrap_or(0)))
    }

    /// A flag: 0 or 1.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, NodeFault> {
        match self.int(name)? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(other) => Err(fault(name, other.to_string(), "0, 1")),
        }
    }

    /// Integers.
    pub(super) fn ints(&self, name: &str) -> Result<Option<&'m [i64]>, NodeFault> {
        let proto = self.get(name, AttributeType::INTS, "integers")?;
        Ok(proto.map(|proto| proto.ints.as_slice()))
    }

    /// A number that is finite.
    pub(super) fn float(&self, name: &str) -> Result<Option<f32>, NodeFault> {
        match self.float_or_infinity(name)? {
            Some(value) if value.is_infinite() => {
                Err(fault(name, value.to_string(), "finite numbers"))
            }
            value => Ok(value),
        }
    }

    /// A number.
    pub(super) fn float_or_infinity(&self, name: &str) -> Result<Option<f32>, NodeFault> {
        let Some(proto) = self.get(name, AttributeType::FLOAT, "a number")? else {
            return Ok(None);
        };
        match proto.f.unwrap_or(0.0) {
            value if value.is_nan() => Err(fault(name, "NaN".into(), "numbers")),
            value => Ok(Some(value)),
        }
    }

    /// Numbers.
    pub(super) fn floats(&self, name: &str) -> Result<Option<&'m [f32]>, NodeFault> {
        let proto = self.get(name, AttributeType::FLOATS, "numbers")?;
        Ok(proto.map(|proto| proto.floats.as_slice()))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'m str>, NodeFault> {
        let proto = self.get(name, AttributeType::STRING, "a text")?;
        Ok(proto.map(|proto| proto.s.as_deref().unwrap_or_default()))
    }

    /// Texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<&'m [String]>, NodeFault> {
        let proto = self.get(name, AttributeType::STRINGS, "texts")?;
        Ok(proto.map(|proto| proto.strings.as_slice()))
    }

    /// A tensor.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<&'m TensorProto>, NodeFault> {
        let Some(proto) = self.get(name, AttributeType::TENSOR, "a tensor")? else {
            return Ok(None);
        };
        match &proto.t {
            Some(tensor) => Ok(Some(tensor)),
            None => Err(fault(name, "empty".into(), "a tensor")),
        }
    }
}

/// The fault of an attribute's value.
pub(super) fn fault(attribute: &str, found: String, supported: &str) -> NodeFault {
    NodeFault::Attribute {
        attribute: attribute.into(),
        found,
        supported: supported.into(),
    }
}
