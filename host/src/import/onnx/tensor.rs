//! Constant tensors of the file.

use crate::import::TensorFault;
use rten_onnx::onnx::{DataLocation, DataType, TensorProto};
use std::sync::Arc;

/// Dimensions of a constant. Computing with shapes takes time that grows with their square.
pub(super) const MAX_RANK: usize = 32;

/// A constant: an initializer, a `Constant` node's value, or what was folded from such.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// Name in the model.
    pub name: String,
    /// Shape in the source model's axis order.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub data: Data,
}

/// Elements of a [`Constant`].
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Weights.
    F32(Arc<[f32]>),
    /// Shapes, axes, indices; int32 too.
    I64(Arc<[i64]>),
    /// Flags.
    Bool(Arc<[bool]>),
}

impl Data {
    /// Name of the element type as ONNX has it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "FLOAT (float32)",
            Self::I64(_) => "INT64",
            Self::Bool(_) => "BOOL",
        }
    }
}

/// Number of elements of a shape; none if it overflows.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, &len| product.checked_mul(len))
}

/// Reads a tensor of the file.
///
/// # Errors
/// If it is stored elsewhere, of an element type that is not used, or does
/// not have as many elements as its shape.
pub(super) fn decode(proto: &TensorProto, name: &str) -> Result<Constant, TensorFault> {
    let error = |found: String, remedy| TensorFault {
        tensor: name.into(),
        found,
        remedy,
    };
    if proto.data_location == Some(DataLocation::EXTERNAL) || !proto.external_data.is_empty() {
        let file = proto
            .external_data
            .iter()
            .find(|entry| entry.key.as_deref() == Some("location"));
        let file = file.and_then(|entry| entry.value.as_deref()).unwrap_or("?");
        return Err(error(
            format!("is stored as external data in `{file}`, which is not supported"),
            "save the model as one file, e.g. with `onnx.save(model, path, save_as_external_data=False)`",
        ));
    }
    if proto.dims.len() > MAX_RANK {
        return Err(error(
            format!("has {} dimensions", proto.dims.len()),
            "tensors of up to 32 dimensions are read",
        ));
    }
    let dims: Result<Vec<usize>, _> = proto.dims.iter().map(|&dim| usize::try_from(dim)).collect();
    let Ok(shape) = dims else {
        return Err(error(
            format!("has a negative dimension in {:?}", proto.dims),
            "the file is damaged: export the model again",
        ));
    };
    let Some(count) = elements(&shape) else {
        return Err(error(
            format!("has dimensions {shape:?}, too large for its data"),
            "the file is damaged: export the model again",
        ));
    };
    let dtype = proto.data_type.unwrap_or(DataType(0));
    let data = match dtype {
        DataType::FLOAT => floats(proto).map(Data::F32),
        DataType::INT64 => int64s(proto).map(Data::I64),
        DataType::INT32 => {
            int32s(proto).map(|values| Data::I64(values.into_iter().map(i64::from).collect()))
        }
        DataType::BOOL => bools(proto).map(Data::Bool),
        _ => {
            return Err(error(
                format!("holds {dtype} ({})", lower_case_name(dtype)),
                "weights must be float32, shapes int64 or int32: convert them before the export",
            ));
        }
    };
    let found = match &data {
        Some(Data::F32(values)) => values.len(),
        Some(Data::I64(values)) => values.len(),
        Some(Data::Bool(values)) => values.len(),
        None => usize::MAX,
    };
    match data {
        Some(data) if found == count => Ok(Constant {
            name: name.into(),
            shape,
            data,
        }),
        Some(_) => Err(error(
            format!("has shape {shape:?}, {count} elements, but data of {found}"),
            "the file is damaged: export the model again",
        )),
        None => Err(error(
            format!(
                "has shape {shape:?}, but its raw data are no whole number of elements in bytes"
            ),
            "the file is damaged: export the model again",
        )),
    }
}

/// The element type's name in lower case, as frameworks write it.
pub(super) fn lower_case_name(dtype: DataType) -> String {
    match dtype {
        DataType::FLOAT => "float32".into(),
        DataType::DOUBLE => "float64".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// Elements of the raw bytes, little-endian; none if they are no whole number of elements.
fn raw<const WIDTH: usize, T>(bytes: &[u8], convert: impl Fn([u8; WIDTH]) -> T) -> Option<Vec<T>> {
    let (elements, rest) = bytes.as_chunks::<WIDTH>();
    rest.is_empty()
        .then(|| elements.iter().map(|&bytes| convert(bytes)).collect())
}

fn floats(proto: &TensorProto) -> Option<Arc<[f32]>> {
    match &proto.raw_data {
        Some(bytes) => raw(&bytes.borrow(), f32::from_le_bytes).map(Arc::from),
        None => Some(proto.float_data.as_slice().into()),
    }
}

fn int64s(proto: &TensorProto) -> Option<Arc<[i64]>> {
    match &proto.raw_data {
        Some(bytes) => raw(&bytes.borrow(), i64::from_le_bytes).map(Arc::from),
        None => Some(proto.int64_data.as_slice().into()),
    }
}

fn int32s(proto: &TensorProto) -> Option<Vec<i32>> {
    match &proto.raw_data {
        Some(bytes) => raw(&bytes.borrow(), i32::from_le_bytes),
        None => Some(proto.int32_data.clone()),
    }
}

fn bools(proto: &TensorProto) -> Option<Arc<[bool]>> {
    match &proto.raw_data {
        Some(bytes) => Some(bytes.borrow().iter().map(|&byte| byte != 0).collect()),
        None => Some(proto.int32_data.iter().map(|&value| value != 0).collect()),
    }
}
