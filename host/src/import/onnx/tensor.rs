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
    /// Quantized weights and zero points.
    I8(Arc<[i8]>),
    /// Quantized weights and zero points.
    U8(Arc<[u8]>),
}

/// A way to pick elements that is the same for every type of them.
pub(super) trait Picking {
    /// The picked elements.
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T>;
}

impl Data {
    /// Picked elements.
    pub(super) fn picked(&self, picking: &impl Picking) -> Self {
        match self {
            Self::F32(data) => Self::F32(picking.pick(data).into()),
            Self::I64(data) => Self::I64(picking.pick(data).into()),
            Self::Bool(data) => Self::Bool(picking.pick(data).into()),
            Self::I8(data) => Self::I8(picking.pick(data).into()),
            Self::U8(data) => Self::U8(picking.pick(data).into()),
        }
    }

    /// The elements, if they are floats.
    pub(super) fn as_f32(&self) -> Option<&[f32]> {
        match self {
            Self::F32(values) => Some(values),
            Self::I64(_) | Self::Bool(_) | Self::I8(_) | Self::U8(_) => None,
        }
    }

    /// The elements, if they are integers.
    pub(super) fn as_i64(&self) -> Option<&[i64]> {
        match self {
            Self::I64(values) => Some(values),
            Self::F32(_) | Self::Bool(_) | Self::I8(_) | Self::U8(_) => None,
        }
    }

    /// The elements as numbers: integers to 53 bits, a truth 0 or 1.
    #[expect(
        clippy::as_conversions,
        reason = "shapes and indices are below 2^53, and are compared only"
    )]
    pub(super) fn numbers(&self) -> Vec<f64> {
        match self {
            Self::F32(values) => values.iter().map(|&x| f64::from(x)).collect(),
            Self::I64(values) => values.iter().map(|&x| x as f64).collect(),
            Self::Bool(values) => values.iter().map(|&x| f64::from(u8::from(x))).collect(),
            Self::I8(values) => values.iter().map(|&x| f64::from(x)).collect(),
            Self::U8(values) => values.iter().map(|&x| f64::from(x)).collect(),
        }
    }

    /// The elements as integers, if they are such.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::F32(_) | Self::Bool(_) => None,
            Self::I64(values) => Some(values.to_vec()),
            Self::I8(values) => Some(values.iter().map(|&x| i64::from(x)).collect()),
            Self::U8(values) => Some(values.iter().map(|&x| i64::from(x)).collect()),
        }
    }

    /// Integers as elements of this type; int8 and uint8 wrap around.
    #[expect(
        clippy::as_conversions,
        reason = "`as` wraps around, as ONNX Runtime does"
    )]
    pub(super) fn of_integers(&self, values: &[i64]) -> Self {
        let each = values.iter();
        match self {
            Self::F32(_) => Self::F32(each.map(|&x| x as f32).collect()),
            Self::I64(_) => Self::I64(values.into()),
            Self::Bool(_) => Self::Bool(each.map(|&x| x != 0).collect()),
            Self::I8(_) => Self::I8(each.map(|&x| x as i8).collect()),
            Self::U8(_) => Self::U8(each.map(|&x| x as u8).collect()),
        }
    }

    /// Numbers as elements of this type, cut off behind the point, and the type's nearest if they
    /// do not fit; integers are exact to 53 bits. A truth is what is above 0.
    #[expect(clippy::as_conversions, reason = "`as` cuts off and saturates")]
    pub(super) fn of_numbers(&self, values: Vec<f64>) -> Self {
        let each = values.into_iter();
        match self {
            Self::F32(_) => Self::F32(each.map(|x| x as f32).collect()),
            Self::I64(_) => Self::I64(each.map(|x| x as i64).collect()),
            Self::Bool(_) => Self::Bool(each.map(|x| x > 0.0).collect()),
            Self::I8(_) => Self::I8(each.map(|x| x as i8).collect()),
            Self::U8(_) => Self::U8(each.map(|x| x as u8).collect()),
        }
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Name of the element type as ONNX has it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "FLOAT (float32)",
            Self::I64(_) => "INT64",
            Self::Bool(_) => "BOOL",
            Self::I8(_) => "INT8",
            Self::U8(_) => "UINT8",
        }
    }
}

/// More elements than any tensor has; shapes below it can be multiplied in parts and added.
const MAX_ELEMENTS: usize = 1 << 48;

/// What to do about a tensor whose parts do not fit each other.
pub(super) const DAMAGED: &str = "the file is damaged: export the model again";

/// Number of elements of a shape; none if it, or a part of it beside a 0, is absurdly large.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    let nonzero = shape.iter().filter(|&&len| len != 0);
    let product = nonzero.copied().try_fold(1usize, |product, len| {
        product
            .checked_mul(len)
            .filter(|&product| product <= MAX_ELEMENTS)
    })?;
    Some(if shape.contains(&0) { 0 } else { product })
}

/// Reads a tensor of the file.
///
/// # Errors
/// If it is stored elsewhere, of an element type that is not used, or does
/// not have as many elements as its shape.
pub(super) fn decode(proto: &TensorProto, name: &str) -> Result<Constant, TensorFault> {
    let fault = |found, remedy| TensorFault {
        tensor: name.into(),
        found,
        remedy,
    };
    if proto.data_location == Some(DataLocation::EXTERNAL) || !proto.external_data.is_empty() {
        let file = external_file(proto);
        return Err(fault(
            format!("is stored as external data in `{file}`, which is not supported"),
            "save the model as one file, e.g. with `onnx.save(model, path, save_as_external_data=False)`",
        ));
    }
    let shape = shape(&proto.dims).map_err(|found| fault(found, DAMAGED))?;
    let Some(count) = elements(&shape) else {
        return Err(fault(
            format!("has dimensions {shape:?}, too large for its data"),
            DAMAGED,
        ));
    };
    let dtype = proto.data_type.unwrap_or(DataType(0));
    let data = match dtype {
        DataType::FLOAT => floats(proto).map(Data::F32),
        DataType::INT64 => int64s(proto).map(Data::I64),
        DataType::INT32 => {
            int32s(proto).map(|data| Data::I64(data.into_iter().map(i64::from).collect()))
        }
        DataType::BOOL => bools(proto).map(Data::Bool),
        DataType::INT8 => bytes(proto, i8::from_le_bytes).map(Data::I8),
        DataType::UINT8 => bytes(proto, u8::from_le_bytes).map(Data::U8),
        _ => {
            return Err(fault(
                format!("holds {dtype} ({})", lower_case_name(dtype)),
                "weights must be float32, shapes int64 or int32: convert them before the export",
            ));
        }
    };
    let found = match data {
        Some(data) if data.len() == count => {
            return Ok(Constant {
                name: name.into(),
                shape,
                data,
            });
        }
        Some(data) => format!("data of {}", data.len()),
        None => "its data are no whole number of them in bytes".into(),
    };
    Err(fault(
        format!("has shape {shape:?}, {count} elements, but {found}"),
        DAMAGED,
    ))
}

/// The file that a tensor is stored in.
fn external_file(proto: &TensorProto) -> &str {
    let mut entries = proto.external_data.iter();
    let location = entries.find(|entry| entry.key.as_deref() == Some("location"));
    location
        .and_then(|entry| entry.value.as_deref())
        .unwrap_or("?")
}

/// The shape that these dimensions are, or what is wrong with them.
fn shape(dims: &[i64]) -> Result<Vec<usize>, String> {
    if dims.len() > MAX_RANK {
        return Err(format!(
            "has {} dimensions, more than {MAX_RANK}",
            dims.len()
        ));
    }
    let shape: Result<Vec<usize>, _> = dims.iter().map(|&dim| usize::try_from(dim)).collect();
    shape.map_err(|_| format!("has a negative dimension in {dims:?}"))
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

/// One byte each; where they are no raw bytes they are stored as int32, and must fit.
fn bytes<T: TryFrom<i32>>(proto: &TensorProto, convert: impl Fn([u8; 1]) -> T) -> Option<Arc<[T]>> {
    match &proto.raw_data {
        Some(bytes) => raw(&bytes.borrow(), convert).map(Arc::from),
        None => {
            let values = proto.int32_data.iter();
            values.map(|&value| T::try_from(value).ok()).collect()
        }
    }
}

fn bools(proto: &TensorProto) -> Option<Arc<[bool]>> {
    match &proto.raw_data {
        Some(bytes) => Some(bytes.borrow().iter().map(|&byte| byte != 0).collect()),
        None => Some(proto.int32_data.iter().map(|&value| value != 0).collect()),
    }
}
