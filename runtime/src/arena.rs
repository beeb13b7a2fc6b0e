//! Views of the arena: the slices that one step reads and the one that it writes.

use crate::blob::Span;
use crate::data::Data;
use crate::index;

/// The bytes of `span`.
pub(crate) fn view(arena: &[i8], span: Span) -> &[i8] {
    &arena[index(span.offset)..][..index(span.len)]
}

/// The bytes of `span`, to write.
pub(crate) fn view_mut(arena: &mut [i8], span: Span) -> &mut [i8] {
    &mut arena[index(span.offset)..][..index(span.len)]
}

/// Copies the activation or constant `source`, from its byte `from` on, into `into`.
pub(crate) fn read(
    arena: &[i8],
    data: Data<'_>,
    source: crate::blob::Source,
    from: usize,
    into: &mut [i8],
) {
    let values = match source {
        crate::blob::Source::Arena(span) => view(arena, span),
        crate::blob::Source::Data(span) => data.int8(span),
    };
    let len = into.len();
    into.copy_from_slice(&values[from..][..len]);
}

/// The bytes of spans that do not overlap, as `parse` has proven of those of one step; none of any
/// if they did.
pub(crate) fn disjoint<const N: usize>(arena: &mut [i8], spans: [Span; N]) -> [&mut [i8]; N] {
    let ranges = spans.map(|span| index(span.offset)..index(span.offset) + index(span.len));
    match arena.get_disjoint_mut(ranges) {
        Ok(parts) => parts,
        Err(_) => core::array::from_fn(|_| &mut [][..]),
    }
}

/// An output that can be written while everything else in the arena is read.
pub(crate) struct Split<'a> {
    before: &'a [i8],
    /// The output's bytes.
    pub(crate) output: &'a mut [i8],
    after: &'a [i8],
    after_offset: usize,
}

impl<'a> Split<'a> {
    /// Cuts the arena around `output`.
    pub(crate) fn around(arena: &'a mut [i8], output: Span) -> Self {
        let (before, rest) = arena.split_at_mut(index(output.offset));
        let (output_bytes, after) = rest.split_at_mut(index(output.len));
        Self {
            after_offset: before.len() + output_bytes.len(),
            before,
            output: output_bytes,
            after,
        }
    }

    /// The bytes of `span`, which does not overlap the output.
    pub(crate) fn input(&self, span: Span) -> &'a [i8] {
        match index(span.offset).checked_sub(self.after_offset) {
            Some(from) => &self.after[from..][..index(span.len)],
            None => view(self.before, span),
        }
    }
}
