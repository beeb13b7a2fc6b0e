//! The parts of the TensorFlow Lite schema, version 3, that are read: names of operators and types
//! and the numbers of fields.
//!
//! Specification: `tensorflow/compiler/mlir/lite/schema/schema.fbs`, Apache-2.0.

use std::borrow::Cow;

/// Version of the schema that is read.
pub(super) const VERSION: u32 = 3;

/// Numbers of a table's fields, in the schema's order.
pub(super) mod field {
    pub(in super::super) mod model {
        pub(in super::super::super) const VERSION: usize = 0;
        pub(in super::super::super) const OPERATOR_CODES: usize = 1;
        pub(in super::super::super) const SUBGRAPHS: usize = 2;
        pub(in super::super::super) const BUFFERS: usize = 4;
        pub(in super::super::super) const SIGNATURES: usize = 7;
    }
    pub(in super::super) mod operator_code {
        pub(in super::super::super) const DEPRECATED_BUILTIN: usize = 0;
        pub(in super::super::super) const CUSTOM: usize = 1;
        pub(in super::super::super) const BUILTIN: usize = 3;
    }
    pub(in super::super) mod subgraph {
        pub(in super::super::super) const TENSORS: usize = 0;
        pub(in super::super::super) const INPUTS: usize = 1;
        pub(in super::super::super) const OUTPUTS: usize = 2;
        pub(in super::super::super) const OPERATORS: usize = 3;
    }
    pub(in super::super) mod tensor {
        pub(in super::super::super) const SHAPE: usize = 0;
        pub(in super::super::super) const TYPE: usize = 1;
        pub(in super::super::super) const BUFFER: usize = 2;
        pub(in super::super::super) const NAME: usize = 3;
        pub(in super::super::super) const QUANTIZATION: usize = 4;
        pub(in super::super::super) const IS_VARIABLE: usize = 5;
        pub(in super::super::super) const SPARSITY: usize = 6;
        pub(in super::super::super) const SHAPE_SIGNATURE: usize = 7;
        pub(in super::super::super) const EXTERNAL_BUFFER: usize = 10;
    }
    pub(in super::super) mod quantization {
        pub(in super::super::super) const SCALE: usize = 2;
        pub(in super::super::super) const ZERO_POINT: usize = 3;
        pub(in super::super::super) const DETAILS_TYPE: usize = 4;
        pub(in super::super::super) const AXIS: usize = 6;
    }
    pub(in super::super) mod operator {
        pub(in super::super::super) const CODE: usize = 0;
        pub(in super::super::super) const INPUTS: usize = 1;
        pub(in super::super::super) const OUTPUTS: usize = 2;
        pub(in super::super::super) const OPTIONS_TYPE: usize = 3;
        pub(in super::super::super) const OPTIONS: usize = 4;
        pub(in super::super::super) const CUSTOM_OPTIONS: usize = 5;
    }
    pub(in super::super) mod buffer {
        pub(in super::super::super) const DATA: usize = 0;
        pub(in super::super::super) const OFFSET: usize = 1;
        pub(in super::super::super) const SIZE: usize = 2;
    }
    pub(in super::super) mod signature {
        pub(in super::super::super) const INPUTS: usize = 0;
        pub(in super::super::super) const OUTPUTS: usize = 1;
        pub(in super::super::super) const SUBGRAPH: usize = 4;
    }
    pub(in super::super) mod tensor_map {
        pub(in super::super::super) const NAME: usize = 0;
        pub(in super::super::super) const TENSOR: usize = 1;
    }
}

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type(pub i8);

impl Type {
    pub(super) const FLOAT32: Self = Self(0);
    pub(super) const FLOAT16: Self = Self(1);
    pub(super) const INT32: Self = Self(2);
    pub(super) const UINT8: Self = Self(3);
    pub(super) const INT64: Self = Self(4);
    pub(super) const BOOL: Self = Self(6);
    pub(super) const INT16: Self = Self(7);
    pub(super) const INT8: Self = Self(9);
    pub(super) const RESOURCE: Self = Self(13);
    pub(super) const INT4: Self = Self(17);

    /// Name.
    pub(super) fn name(self) -> Cow<'static, str> {
        const NAMES: [&str; 23] = [
            "float32",
            "float16",
            "int32",
            "uint8",
            "int64",
            "strings",
            "bool",
            "int16",
            "complex64",
            "int8",
            "float64",
            "complex128",
            "uint64",
            "resource",
            "variant",
            "uint32",
            "uint16",
            "int4",
            "bfloat16",
            "int2",
            "uint4",
            "float8 (E4M3)",
            "float8 (E5M2)",
        ];
        let index = usize::try_from(self.0).ok();
        index
            .and_then(|index| NAMES.get(index))
            .map_or_else(|| format!("type {}", self.0).into(), |&name| name.into())
    }

    /// Name, and what there is to say of it where it is not supported.
    pub(super) fn describe(self) -> String {
        let remark = match self {
            Self::FLOAT32 => ", which a quantized model has at its edges only",
            Self::UINT8 => " without a scale",
            Self::RESOURCE => ", which is not supported yet",
            Self::INT4 => ", which is supported for weights",
            Self(..0 | 23..) => ", which the schema does not name",
            Self(_) => "",
        };
        self.name().into_owned() + remark
    }
}
