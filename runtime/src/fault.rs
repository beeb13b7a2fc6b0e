//! What can be wrong with a part of a blob.

use crate::blob::OpKind;
use core::error::Error;
use core::fmt;

/// What is wrong with a part of a blob.
///
/// A number and not a text, so that a firmware that prints no errors holds no texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fault {
    /// Bits or bytes that must be 0 are not.
    Reserved,
    /// The program does not fit between preamble and data.
    Layout,
    /// postcard cannot decode the bytes.
    Encoding,
    /// Bytes are left over after the last item.
    Trailing,
    /// More or fewer items than the format allows.
    Count,
    /// A digest is neither absent nor 32 bytes.
    Digest,
    /// A shape is empty or its first axis is not 1.
    Batch,
    /// An axis or a count is 0.
    Empty,
    /// A length that the operator does not take, or not the product of the shape.
    Length,
    /// A span beyond the arena.
    ArenaExtent,
    /// A span beyond the data part.
    DataExtent,
    /// A tensor that is not aligned as its use needs.
    Alignment,
    /// Axes that are not a permutation.
    Permutation,
    /// A scale that is not finite and positive.
    PortScale,
    /// A zero point outside the range of its elements.
    ZeroPoint,
    /// A fixed-point multiplier that is negative.
    Multiplier,
    /// A shift outside its range.
    Shift,
    /// A bound outside its range, or a smallest output above the largest.
    Bounds,
    /// An output that overlaps an input, where the operator cannot work in place.
    Overlap,
    /// A geometry whose coordinates do not fit.
    Geometry,
    /// A pooling window without an input value.
    EmptyWindow,
    /// Channels that the groups do not divide.
    Groups,
    /// An operand's axis that is neither 1 nor the output's.
    Broadcast,
    /// A table of the wrong size or with values out of range.
    Table,
    /// A row that does not fit into the output's row.
    Row,
    /// A run that is taken from outside of the input.
    Run,
    /// A layer index beyond the layer count.
    Layer,
    /// Elements of a type that the operator does not take.
    DType,
    /// An operator that the program leaves out, see [`crate::Operators`].
    Unlinked(OpKind),
    /// A front-end, where the program leaves them out.
    UnlinkedFrontend,
}

impl Fault {
    /// A short text, lower case, without a full stop.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Reserved => "reserved bits are set",
            Self::Layout => "the program does not end before the data",
            Self::Encoding => "the encoding is damaged",
            Self::Trailing => "bytes are left over after the last item",
            Self::Count => "the number of items is out of range",
            Self::Digest => "the digest is not 32 bytes",
            Self::Batch => "the batch is not 1",
            Self::Empty => "a dimension is 0",
            Self::Length => "a length is out of range or not the product of its shape",
            Self::ArenaExtent => "a span leaves the arena",
            Self::DataExtent => "a span leaves the data",
            Self::Alignment => "a tensor is not aligned",
            Self::Permutation => "the axes are not a permutation",
            Self::PortScale => "the scale is not finite and positive",
            Self::ZeroPoint => "a zero point is not a value of its elements",
            Self::Multiplier => "a multiplier is negative",
            Self::Shift => "a shift is out of range",
            Self::Bounds => "a bound is out of range",
            Self::Overlap => "the output overlaps an input",
            Self::Geometry => "a window is too large",
            Self::EmptyWindow => "a window holds no input value",
            Self::Groups => "the groups do not divide the channels",
            Self::Broadcast => "an operand cannot be broadcast to the output",
            Self::Table => "a table is out of range",
            Self::Row => "a row leaves the output's row",
            Self::Run => "a run leaves the input",
            Self::Layer => "the layer does not exist",
            Self::DType => "the operator does not take this element type",
            Self::Unlinked(_) => "the operator is not linked into this program",
            Self::UnlinkedFrontend => "front-ends are not linked into this program",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::Unlinked(kind) => write!(f, ": {}", kind.name()),
            _ => Ok(()),
        }
    }
}

impl Error for Fault {}
