//! Whether a model computes in float32 or in integers.

use super::model::Model;
use super::schema::Type;

/// What a model's activations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    /// float32, and truths; whatever the weights are stored as.
    Float,
    /// Integers with scales.
    Integer,
    /// Integers with scales, some of which were uint8.
    Unsigned,
}

impl Arithmetic {
    /// Integers as soon as an activation is quantized: float32 is then at the edges only.
    pub(super) fn of(model: &Model<'_>) -> Self {
        let inputs = model.inputs.iter().map(|&(_, tensor)| tensor);
        let computed = model
            .operators
            .iter()
            .filter(|operator| !operator.absorbed)
            .flat_map(|operator| &operator.outputs);
        let mut is_float = false;
        let mut is_integer = false;
        for tensor in inputs.chain(computed.copied()) {
            let tensor = &model.tensors[tensor];
            match tensor.element {
                _ if tensor.data.is_some() => {}
                Type::INT8 if tensor.is_unsigned() => return Self::Unsigned,
                Type::INT8 | Type::UINT8 | Type::INT16 => is_integer = true,
                Type::FLOAT32 => is_float = true,
                _ => {}
            }
        }
        if is_float && !is_integer {
            Self::Float
        } else {
            Self::Integer
        }
    }

    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Float => "float32",
            Self::Integer => "int8",
            Self::Unsigned => "uint8",
        }
    }
}
