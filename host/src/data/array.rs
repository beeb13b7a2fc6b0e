//! An array as NumPy knows it: a shape and elements in row-major order.

/// Elements of an [`Array`]. Files' uint16 and wider integers but int32 become `I64`, their
/// `float64` becomes `F32`.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Signed bytes: quantized values.
    I8(Vec<i8>),
    /// Unsigned bytes: image pixels.
    U8(Vec<u8>),
    /// 16-bit integers: quantized values.
    I16(Vec<i16>),
    /// 32-bit integers: indices, labels.
    I32(Vec<i32>),
    /// Integers: labels.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Elements {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, if they are integers; a truth is 0 or 1.
    pub fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::F32(_) => None,
            Self::I8(values) => Some(widened(values)),
            Self::U8(values) => Some(widened(values)),
            Self::I16(values) => Some(widened(values)),
            Self::I32(values) => Some(widened(values)),
            Self::I64(values) => Some(values.clone()),
            Self::Bool(values) => Some(widened(values)),
        }
    }

    /// NumPy's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "float32",
            Self::I8(_) => "int8",
            Self::U8(_) => "uint8",
            Self::I16(_) => "int16",
            Self::I32(_) => "int32",
            Self::I64(_) => "int64",
            Self::Bool(_) => "bool",
        }
    }
}

fn widened<T: Copy + Into<i64>>(values: &[T]) -> Vec<i64> {
    values.iter().map(|&value| value.into()).collect()
}

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// The elements, row-major; as many as the shape holds.
    pub elements: Elements,
}

impl Array {
    /// A float array.
    ///
    /// # Panics
    /// If `values` does not fill `shape`.
    pub fn f32(shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self::new(shape, Elements::F32(values))
    }

    /// An int8 array.
    ///
    /// # Panics
    /// If `values` does not fill `shape`.
    pub fn i8(shape: Vec<usize>, values: Vec<i8>) -> Self {
        Self::new(shape, Elements::I8(values))
    }

    /// An array of these elements.
    ///
    /// # Panics
    /// If `elements` does not fill `shape`.
    pub fn new(shape: Vec<usize>, elements: Elements) -> Self {
        assert_eq!(
            shape.iter().product::<usize>(),
            elements.len(),
            "elements fill the shape"
        );
        Self { shape, elements }
    }
}
