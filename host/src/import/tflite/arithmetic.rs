//! Whether a model computes in float32 or in integers.

use super::model::Model;
use super::schema::Type;

/// What a model's activations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    /// float32, and truths; whatever the weights are stored as.
    Float,
    /// Integers with scales, some of them of int8; or only those that have none.
    Int8,
    /// Integers with scales, all of them of int16.
    Int16,
    /// Integers with scales, some of which were uint8.
    Uint8,
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
        let (mut is_float, mut is_int8, mut is_int16) = (false, false, false);
        for tensor in inputs.chain(computed.copied()) {
            let tensor = &model.tensors[tensor];
            match tensor.element {
                _ if tensor.data.is_some() => {}
                Type::INT8 if tensor.is_unsigned() => return Self::Uint8,
                Type::INT8 | Type::UINT8 => is_int8 = true,
                Type::INT16 => is_int16 = true,
                Type::FLOAT32 => is_float = true,
                _ => {}
            }
        }
        match (is_int8, is_int16, is_float) {
            (true, _, _) | (false, false, false) => Self::Int8,
            (false, true, _) => Self::Int16,
            (false, false, true) => Self::Float,
        }
    }

    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Float => "float32",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Uint8 => "uint8",
        }
    }
}
