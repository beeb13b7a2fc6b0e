//! Parameters of the operators on elements of any type, as they are, and between types.

use super::dtype::DType;
use super::step::{Comparison, Rescale, Source, Span, Which};
use serde::{Deserialize, Serialize};

/// One operand of a broadcasting operator on elements as they are: it has no zero point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plain {
    /// The elements.
    pub source: Source,
    /// Shape, leading ones added; each axis equals the output's or is 1.
    pub shape: [u32; 4],
}

/// Parameters of [`super::Op::Arithmetic`]: a function of two integers as they are, broadcasting.
///
/// The output may be exactly one of the operands' spans if that operand has the output's shape and
/// elements as long as its.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// First operand.
    pub a: Plain,
    /// Second operand.
    pub b: Plain,
    /// Result: of the operands' type, or bool of a comparison.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// The operands' type: int16 or int32.
    pub dtype: DType,
    /// What is computed.
    pub function: Function,
    /// Smallest result (fused activation); of a comparison not looked at.
    pub min: i32,
    /// Largest result (fused activation); of a comparison not looked at.
    pub max: i32,
}

/// A function of two integers, modulo 2^32 where it does not fit. What is divided by 0 is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Function {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `(a - b)²`.
    SquaredDifference,
    /// `a / b`, rounded to 0.
    Div,
    /// `a / b`, rounded down.
    FloorDiv,
    /// `a - b · floor(a / b)`.
    FloorMod,
    /// The smaller or larger one.
    Extreme(Which),
    /// 1 where that holds, else 0.
    Compare(Comparison),
}

/// Parameters of [`super::Op::Choose`]: `a` where the condition is not its zero point, else `b`,
/// broadcasting.
///
/// The output may be exactly the span of `a` or `b`, if that has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choose {
    /// Condition: bytes.
    pub condition: Plain,
    /// The condition that does not hold.
    pub condition_zero_point: i8,
    /// What is taken where the condition holds.
    pub a: Plain,
    /// What is taken elsewhere.
    pub b: Plain,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// Type of `a`, `b` and the result.
    pub dtype: DType,
}

/// Parameters of [`super::Op::Convert`]: the elements in another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convert {
    /// The elements.
    pub input: Span,
    /// The results, as many.
    pub output: Span,
    /// Type of the elements.
    pub from: DType,
    /// Type of the results.
    pub to: DType,
    /// A change of scale, whose results are clamped to the type; its zero points are in the range of
    /// their types. None for the numbers as they are: what does not fit loses its upper bytes, and
    /// of bool, 1 stands for all but 0.
    pub rescale: Option<Rescale>,
}

/// Most components of an index of [`Gather`].
pub const GATHER_COMPONENTS: usize = 4;

/// Parameters of [`super::Op::Gather`]: parts of a table, as indices say.
///
/// The output is `[batches, outer, positions]` runs of `run_bytes`. That of `[b, o, p]` is the run
/// `indices[b, p]` of the table's runs `[b, o]`, of which there are as many as the product of the
/// extents. A component of an index below 0 or beyond its extent counts as the nearest that is
/// not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather {
    /// `[batches, outer, extents…]` runs of `run_bytes`.
    pub table: Source,
    /// int32 `[batches, positions, components]`.
    pub indices: Source,
    /// `[batches, outer, positions]` runs of `run_bytes`.
    pub output: Span,
    /// Parts of the table that have their own indices.
    pub batches: u32,
    /// Parts of the table that share indices.
    pub outer: u32,
    /// What each component of an index counts along, those that there are not 1.
    pub extents: [u32; GATHER_COMPONENTS],
    /// Components of an index, at most 4.
    pub components: u32,
    /// Indices.
    pub positions: u32,
    /// Bytes that are copied at a time.
    pub run_bytes: u32,
}
