//! The format of a model: the types and the bytes, defined once for compiler and runtime.
//!
//! `FORMAT.md` beside this file is the document. [`Preamble`] and [`assemble`] are the layout,
//! [`Program`] and [`Step`] what postcard encodes between preamble and data. This module judges
//! nothing but the layout; [`crate::Model::parse`] proves the rest.

mod assemble;
mod crc;
mod decode;
mod dtype;
mod frontend;
mod int16;
mod operators;
mod packed;
mod planes;
mod preamble;
mod program;
mod recurrent;
mod reduce;
mod step;
mod typed;
mod winograd;

pub use assemble::{AssembleError, assemble, assembled_len};
pub use crc::Crc32;
pub(crate) use decode::decode;
pub use dtype::DType;
pub use frontend::{
    Floor, FrameOrder, FrontendKind, FrontendSpec, LogScaleSpec, MAX_FRONTENDS, MelSpec, MicroSpec,
    Mix, MotionSpec, PcanSpec, Quantizer, Spectrum, Symmetry,
};
pub(crate) use int16::Int16Tag;
pub use int16::{Curve, Int16, Int16Kind, Slopes, Softmax16};
pub use packed::{Finish, Packed, PackedConv2d, PackedDense, Pairing};
pub use planes::{DepthwisePlanes, PlaneRounding};
pub use preamble::{DATA_ALIGNMENT, MAGIC, MAJOR, MINOR, PREAMBLE_BYTES, Preamble};
pub use program::{
    Initial, Isa, MAX_PORTS, MAX_RANK, Origin, Port, Program, Provenance, Shape, State, Trace,
};
pub use recurrent::{Lstm, Svdf};
pub use reduce::{
    ArgExtreme, CumSum, L2Normalize, LogSoftmax, Reduce, Reduction, Resample, ResizeBilinear,
};
pub(crate) use step::OpTag;
pub use step::{
    Accumulate, AddSub, Compare, Comparison, Concat, Conv2d, Dense, DepthwiseConv2d, Extreme,
    Factor, Lut, MatMul, Mul, Offsets, Op, OpKind, Operand, Pad, Pool2d, Prelu, Requantize,
    Rescale, Scale, Select, Softmax, Source, Span, Step, TAKE_AXES, Take, TakeAxis, Transpose,
    Which, Window2d,
};
pub use typed::{Arithmetic, Choose, Convert, Function, GATHER_COMPONENTS, Gather, Plain};
pub use winograd::{Rounding, WinogradConv2d};
