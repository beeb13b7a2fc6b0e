//! What operators are checked against.

use crate::blob::{DATA_ALIGNMENT, DType, Scale, Source, Span};
use crate::data::Data;
use crate::fault::Fault;

/// The extents that spans must keep to.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// Length of the arena.
    pub(crate) arena_bytes: u32,
    /// The data part; its start is 16-byte aligned.
    pub(crate) data: Data<'a>,
    /// What activations are, and constants that stand for one.
    pub(crate) element: DType,
}

/// What a constant is used as, which decides its alignment and element size.
#[derive(Clone, Copy)]
pub(crate) enum Constant {
    /// Weights: 16-byte aligned int8.
    Weights,
    /// int8 anywhere.
    Int8,
    /// 8-byte aligned int64.
    Int64,
    /// 2-byte aligned int16.
    Int16,
    /// 4-byte aligned int32.
    Int32,
    /// An operand: at a multiple of its element's length.
    Element(DType),
}

impl<'a> Bounds<'a> {
    /// The same bounds for activations of another type.
    pub(crate) const fn of(self, element: DType) -> Self {
        Self { element, ..self }
    }

    /// The span lies in the arena and holds a tensor of this shape.
    pub(crate) fn activation(&self, span: Span, shape: &[u32]) -> Result<(), Fault> {
        self.tensor(span, shape, self.element)
    }

    /// The span lies in the arena at a multiple of 4, has this many bytes and overlaps none of
    /// `others`: operands and result.
    pub(crate) fn scratch(&self, span: Span, bytes: u32, others: &[Span]) -> Result<(), Fault> {
        if span.len != bytes {
            return Err(Fault::Length);
        }
        if end(span) > u64::from(self.arena_bytes) {
            return Err(Fault::ArenaExtent);
        }
        if !span.offset.is_multiple_of(4) {
            return Err(Fault::Alignment);
        }
        others.iter().try_for_each(|&other| apart(span, other))
    }

    /// A zero point is a value of the elements; of others than int8 it is 0, which keeps products
    /// in int32.
    pub(crate) fn zero_point(&self, zero_point: i32) -> Result<(), Fault> {
        match self.element {
            DType::I8 => self::zero_point(zero_point),
            DType::I16 | DType::I32 | DType::Bool if zero_point == 0 => Ok(()),
            DType::I16 | DType::I32 | DType::Bool => Err(Fault::ZeroPoint),
        }
    }

    /// Smallest and largest output are values of the elements, and in order.
    pub(crate) fn ordered(&self, min: i16, max: i16) -> Result<(), Fault> {
        let (least, most) = self.element.range();
        if least <= min.into() && min <= max && i32::from(max) <= most {
            Ok(())
        } else {
            Err(Fault::Bounds)
        }
    }

    /// The span lies in the arena, which itself is 16-byte aligned, at a multiple of the element's
    /// length and holds a tensor of this shape.
    pub(crate) fn tensor(&self, span: Span, shape: &[u32], dtype: DType) -> Result<(), Fault> {
        if Some(span.len) != elements(shape)?.checked_mul(dtype.bytes()) {
            return Err(Fault::Length);
        }
        if end(span) > u64::from(self.arena_bytes) {
            return Err(Fault::ArenaExtent);
        }
        if !span.offset.is_multiple_of(dtype.bytes()) {
            return Err(Fault::Alignment);
        }
        Ok(())
    }

    /// The span lies in the data, aligned, and holds constants of this shape.
    pub(crate) fn constant(
        &self,
        span: Span,
        shape: &[u32],
        constant: Constant,
    ) -> Result<(), Fault> {
        let (alignment, element_bytes) = match constant {
            Constant::Weights => (DATA_ALIGNMENT, 1),
            Constant::Int8 => (1, 1),
            Constant::Int16 => (2, 2),
            Constant::Int32 => (4, 4),
            Constant::Int64 => (8, 8),
            Constant::Element(dtype) => (dtype.bytes(), dtype.bytes()),
        };
        let bytes = elements(shape)?.checked_mul(element_bytes);
        if bytes != Some(span.len) {
            return Err(Fault::Length);
        }
        if !usize::try_from(end(span)).is_ok_and(|end| end <= self.data.0.len()) {
            return Err(Fault::DataExtent);
        }
        if !span.offset.is_multiple_of(alignment) {
            return Err(Fault::Alignment);
        }
        Ok(())
    }

    /// As [`Self::constant`] for a list that may have no elements: its span then is empty and lies in
    /// the data all the same, since it is read like any other.
    pub(crate) fn list(&self, span: Span, count: u32, constant: Constant) -> Result<(), Fault> {
        if count > 0 || span.len > 0 {
            return self.constant(span, &[count], constant);
        }
        if usize::try_from(span.offset).is_ok_and(|offset| offset <= self.data.0.len()) {
            Ok(())
        } else {
            Err(Fault::DataExtent)
        }
    }

    /// The values of a span of int32 constants.
    pub(crate) fn int32(&self, span: Span, count: u32) -> Result<&'a [i32], Fault> {
        self.constant(span, &[count], Constant::Int32)?;
        Ok(self.data.int32(span))
    }

    /// The values of a span of int16 constants.
    pub(crate) fn int16(&self, span: Span, count: u32) -> Result<&'a [i16], Fault> {
        self.constant(span, &[count], Constant::Int16)?;
        Ok(self.data.int16(span))
    }

    /// The values of a span of int8 constants.
    pub(crate) fn int8(&self, span: Span, count: u32) -> Result<&'a [i8], Fault> {
        self.constant(span, &[count], Constant::Int8)?;
        Ok(self.data.int8(span))
    }

    /// The source holds a tensor of this shape and does not overlap the output.
    pub(crate) fn source_apart(
        &self,
        source: Source,
        shape: &[u32],
        dtype: DType,
        output: Span,
    ) -> Result<(), Fault> {
        match source {
            Source::Arena(span) => {
                self.tensor(span, shape, dtype)?;
                apart(span, output)
            }
            Source::Data(span) => self.constant(span, shape, Constant::Element(dtype)),
        }
    }
}

fn end(span: Span) -> u64 {
    u64::from(span.offset) + u64::from(span.len)
}

/// Number of elements of a shape without zeros.
pub(crate) fn elements(shape: &[u32]) -> Result<u32, Fault> {
    shape.iter().try_fold(1u32, |product, &axis| {
        if axis == 0 {
            return Err(Fault::Empty);
        }
        product.checked_mul(axis).ok_or(Fault::Length)
    })
}

/// Output and input do not overlap.
pub(crate) fn apart(input: Span, output: Span) -> Result<(), Fault> {
    let overlap = u64::from(input.offset) < end(output) && u64::from(output.offset) < end(input);
    if overlap { Err(Fault::Overlap) } else { Ok(()) }
}

/// Output and input are the same bytes or do not overlap.
pub(crate) fn same_or_apart(input: Span, output: Span) -> Result<(), Fault> {
    if input == output {
        Ok(())
    } else {
        apart(input, output)
    }
}

/// A zero point is an int8 value.
pub(crate) fn zero_point(zero_point: i32) -> Result<(), Fault> {
    value_of(DType::I8, zero_point)
}

/// A zero point is a value of its elements.
pub(crate) fn value_of(dtype: DType, zero_point: i32) -> Result<(), Fault> {
    let (min, max) = dtype.range();
    if (min..=max).contains(&zero_point) {
        Ok(())
    } else {
        Err(Fault::ZeroPoint)
    }
}

/// Multiplier and shift are in the ranges of [`crate::kernels::requantize`].
pub(crate) fn multiplier_and_shift(multiplier: i32, shift: i8) -> Result<(), Fault> {
    if multiplier < 0 {
        return Err(Fault::Multiplier);
    }
    if !(-31..=30).contains(&shift) {
        return Err(Fault::Shift);
    }
    Ok(())
}

/// [`multiplier_and_shift`] of a scale.
pub(crate) fn scale(scale: Scale) -> Result<(), Fault> {
    multiplier_and_shift(scale.multiplier, scale.shift)
}
