//! Steps that copy: inputs of concatenations, and outputs that need bytes of their own.

use super::EmitError;
use super::elementwise;
use super::steps::{Emitter, foreign};
use crate::ir::ValueId;
use crate::plan::{Place, Step};
use crate::quantize::graph::QNode;
use tiivis_runtime::blob::{self, Op, Source};

impl Emitter<'_> {
    /// Copies one input to its part of every row of the output.
    pub(super) fn concat(
        &mut self,
        step: &Step,
        node: &QNode,
        id: ValueId,
    ) -> Result<Op, EmitError> {
        let (from, to) = (self.graph.value(id), self.graph.value(node.output));
        let rescale = (from.params != to.params).then(|| elementwise::rescale(node, from, to));
        let rescale = rescale.transpose()?;
        let write = step.write;
        if write.rows == 1 {
            return self.copy(step, id, rescale);
        }
        let output = self.activation(node.output)?;
        let start = self.span(Place {
            buffer: write.buffer,
            offset: write.offset,
            bytes: write.row_bytes,
        })?;
        let at_bytes = start.offset.checked_sub(output.offset);
        Ok(Op::Concat(blob::Concat {
            input: self.source(id)?,
            output,
            outer: write.rows,
            row_bytes: write.row_bytes,
            output_row_bytes: write.pitch_bytes,
            at_bytes: at_bytes.ok_or_else(|| foreign(format!("the part of `{}`", node.name)))?,
            dtype: self.graph.value(id).dtype,
            rescale,
        }))
    }

    /// One run of bytes. Its output is these bytes only: the rest of a concatenation may be read
    /// by the very step.
    pub(super) fn copy(
        &mut self,
        step: &Step,
        id: ValueId,
        rescale: Option<blob::Rescale>,
    ) -> Result<Op, EmitError> {
        let bytes = step.write.row_bytes;
        let input = match step.reads.first() {
            Some(place) => Source::Arena(self.span(*place)?),
            None => self.source(id)?,
        };
        Ok(Op::Concat(blob::Concat {
            input,
            output: self.span(Place {
                buffer: step.write.buffer,
                offset: step.write.offset,
                bytes,
            })?,
            outer: 1,
            row_bytes: bytes,
            output_row_bytes: bytes,
            at_bytes: 0,
            dtype: self.graph.value(id).dtype,
            rescale,
        }))
    }
}
