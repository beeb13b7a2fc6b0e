//! What an import may be told besides the file.

use super::tensor::{self, Constant};
use super::wire;
use crate::data::{Array, Elements};
use crate::import::{ImportError, Shapes, TensorFault};
use rten_onnx::onnx::TensorProto;
use rten_onnx::protobuf::{DecodeMessage, ValueReader};
use std::path::{Path, PathBuf};

/// What an import may be told besides the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder that initializers in other files are read from; none refuses them.
    pub folder: Option<PathBuf>,
    /// Inputs of the model that are constants from now on, by name. Operators need constant
    /// weights, and some exporters make inputs of them.
    pub constants: Vec<(String, ConstantTensor)>,
    /// Extents that the file leaves open.
    pub shapes: Shapes,
}

/// A tensor that is known when a model is imported.
#[derive(Clone, Debug)]
pub struct ConstantTensor(pub(super) Constant);

impl ConstantTensor {
    /// Reads a `TensorProto` file, as the input and output files of ONNX's own tests are: float32,
    /// int64, int32, int8, uint8 or bool.
    ///
    /// # Errors
    /// If it is damaged or of another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImportError> {
        wire::check_tensor(bytes)?;
        let reader = ValueReader::from_buf(bytes);
        let proto = TensorProto::decode(reader).map_err(|error| ImportError::Protobuf {
            offset: bytes.len(),
            reason: error.to_string(),
        })?;
        let name = proto.name.as_deref().unwrap_or_default();
        Ok(Self(tensor::decode(&proto, name)?))
    }

    /// Extents.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Element type as ONNX names it.
    pub fn type_name(&self) -> &'static str {
        self.0.data.type_name()
    }

    /// The elements as an array.
    pub fn to_array(&self) -> Array {
        use tensor::Data;
        let elements = match &self.0.data {
            Data::F32(values) => Elements::F32(values.to_vec()),
            Data::I64(values) => Elements::I64(values.to_vec()),
            Data::Bool(values) => Elements::Bool(values.to_vec()),
            Data::I8(values) => Elements::I8(values.to_vec()),
            Data::U8(values) => Elements::U8(values.to_vec()),
        };
        Array::new(self.0.shape.clone(), elements)
    }
}

impl From<&Array> for ConstantTensor {
    fn from(array: &Array) -> Self {
        use tensor::Data;
        let data = match &array.elements {
            Elements::F32(values) => Data::F32(values.as_slice().into()),
            Elements::I8(values) => Data::I8(values.as_slice().into()),
            Elements::U8(values) => Data::U8(values.as_slice().into()),
            Elements::I16(values) => Data::I64(values.iter().map(|&v| v.into()).collect()),
            Elements::I32(values) => Data::I64(values.iter().map(|&v| v.into()).collect()),
            Elements::I64(values) => Data::I64(values.as_slice().into()),
            Elements::Bool(values) => Data::Bool(values.as_slice().into()),
        };
        Self(Constant {
            name: String::new(),
            shape: array.shape.clone(),
            data,
        })
    }
}

impl Options {
    /// Initializers in other files are read from the folder of this model, which has these extents.
    pub fn beside(model: &Path, shapes: &Shapes) -> Self {
        Self {
            folder: Some(model.parent().unwrap_or(Path::new("")).into()),
            shapes: shapes.clone(),
            ..Self::default()
        }
    }

    /// A constant of this name.
    pub(super) fn constant(&self, name: &str) -> Option<Constant> {
        let found = self.constants.iter().find(|(known, _)| known == name);
        found.map(|(_, tensor)| Constant {
            name: name.into(),
            ..tensor.0.clone()
        })
    }
}

/// The fault of a tensor in another file.
pub(super) fn fault(tensor: &str, found: String, remedy: &'static str) -> TensorFault {
    TensorFault {
        tensor: tensor.into(),
        found,
        remedy,
    }
}
