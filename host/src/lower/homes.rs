//! Where values live: which of them share a buffer because they mean the same bytes.
//!
//! A reshaped tensor is its input; a slice of the outermost axis that matters is a part of it; an input of a concatenation along the outermost axis that
//! matters can be a part of the output. The rest get buffers of their own.

use super::shape::bytes;
use super::walk::Walk;
use super::{ConcatInputs, LowerError};
use crate::ir::ValueId;
use crate::plan::{ALIGNMENT_BYTES, Buffer, Home, Place};
use crate::quantize::graph::{QGraph, QNode, QOp, QValue};

/// Buffers, and where every value is.
pub(super) struct Homes {
    pub(super) buffers: Vec<Buffer>,
    pub(super) homes: Vec<Option<Home>>,
}

/// Finds the homes of the graph's inputs and of what the live nodes read and compute.
pub(super) fn find(
    graph: &QGraph,
    live: &[bool],
    live_states: &[bool],
    concat: ConcatInputs,
) -> Result<Homes, LowerError> {
    let mut sharing = Sharing::new(graph);
    for port in &graph.inputs {
        sharing.define(port.value, bytes(graph.value(port.value))?);
    }
    for (state, _) in graph
        .states
        .iter()
        .zip(live_states)
        .filter(|(_, live)| **live)
    {
        sharing.define(state.value, bytes(graph.value(state.value))?);
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        if !live[index] {
            continue;
        }
        sharing.require_defined(node)?;
        if node.op == QOp::Reshape {
            sharing.reshape(node)?;
            continue;
        }
        if let Some(offset) = part(graph, node)
            && !matches!(
                sharing.bytes[node.inputs[0].index()],
                Some(Bytes::Constant(_))
            )
        {
            sharing.part(node, offset);
            continue;
        }
        sharing.define(node.output, bytes(graph.value(node.output))?);
        if let (QOp::Concat { axis }, ConcatInputs::Embedded) = (&node.op, concat) {
            sharing.embed(node, *axis)?;
        }
    }
    sharing.finish()
}

/// Where a node's output starts in its input, if it is a range of the input's bytes: a slice along
/// the outermost axis that matters, a permutation of axes of one element. It is on a word, so that
/// kernels may read it as fast as a buffer of its own.
pub(super) fn part(graph: &QGraph, node: &QNode) -> Option<u32> {
    let input = graph.value(node.inputs[0]);
    let walk = Walk::of(node, input)?;
    let length = bytes(graph.value(node.output)).ok()?;
    let is_range = walk.axes.is_empty() && walk.run_bytes == i64::from(length);
    let offset = u32::try_from(walk.first_byte).ok()?;
    let end = offset.checked_add(length)?;
    (is_range && offset.is_multiple_of(ALIGNMENT_BYTES) && end <= bytes(input).ok()?)
        .then_some(offset)
}

/// A value's bytes: a part of another's, or their own.
#[derive(Clone, Copy)]
enum Bytes {
    Own(u32),
    PartOf { value: usize, offset: u32 },
    Constant(ValueId),
}

struct Sharing<'a> {
    graph: &'a QGraph,
    bytes: Vec<Option<Bytes>>,
}

impl<'a> Sharing<'a> {
    fn new(graph: &'a QGraph) -> Self {
        let of_value = |(index, value): (usize, &Option<QValue>)| {
            let constant = value.as_ref()?.constant.as_ref();
            constant.map(|_| Bytes::Constant(ValueId::from_index(index)))
        };
        Self {
            graph,
            bytes: graph.values.iter().enumerate().map(of_value).collect(),
        }
    }

    fn define(&mut self, value: ValueId, bytes: u32) {
        self.bytes[value.index()].get_or_insert(Bytes::Own(bytes));
    }

    fn require_defined(&self, node: &QNode) -> Result<(), LowerError> {
        match node
            .inputs
            .iter()
            .find(|id| self.bytes[id.index()].is_none())
        {
            None => Ok(()),
            Some(&id) => Err(LowerError::Undefined {
                value: self.graph.value(id).name.clone(),
            }),
        }
    }

    /// The value whose own bytes hold this one, and where; none for constants.
    fn root(&self, mut value: usize) -> Option<(usize, u32)> {
        let mut offset = 0;
        loop {
            match self.bytes[value]? {
                Bytes::Own(_) => return Some((value, offset)),
                Bytes::Constant(_) => return None,
                Bytes::PartOf {
                    value: whole,
                    offset: part,
                } => {
                    offset += part;
                    value = whole;
                }
            }
        }
    }

    fn reshape(&mut self, node: &QNode) -> Result<(), LowerError> {
        let input = node.inputs[0];
        let [expected, found] = [input, node.output].map(|id| bytes(self.graph.value(id)));
        let (expected, found) = (expected?, found?);
        if expected != found {
            return Err(LowerError::Mismatch {
                node: node.name.clone(),
                what: "an output",
                expected: super::shape::index(expected),
                found: super::shape::index(found),
            });
        }
        self.bytes[node.output.index()] = Some(match self.bytes[input.index()] {
            Some(Bytes::Constant(id)) => Bytes::Constant(id),
            _ => Bytes::PartOf {
                value: input.index(),
                offset: 0,
            },
        });
        Ok(())
    }

    /// The output is these bytes of the input.
    fn part(&mut self, node: &QNode, offset: u32) {
        self.bytes[node.output.index()] = Some(Bytes::PartOf {
            value: node.inputs[0].index(),
            offset,
        });
    }

    /// Makes inputs of a concatenation parts of its output, where that is one run of bytes, on a
    /// word, of the same scale, computed by a node and not yet a part of something.
    fn embed(&mut self, node: &QNode, axis: usize) -> Result<(), LowerError> {
        let output = self.graph.value(node.output);
        let is_outermost = output.shape.iter().take(axis).all(|&extent| extent == 1);
        let mut at = 0u32;
        for &id in &node.inputs {
            let input = self.graph.value(id);
            let length = bytes(input)?;
            if is_outermost && at.is_multiple_of(ALIGNMENT_BYTES) && input.params == output.params {
                self.embed_one(id, length, node.output, at);
            }
            at = at.checked_add(length).ok_or_else(|| LowerError::TooLarge {
                name: node.name.clone(),
                what: "the output",
            })?;
        }
        Ok(())
    }

    fn embed_one(&mut self, input: ValueId, length: u32, output: ValueId, at: u32) {
        let Some((root, 0)) = self.root(input.index()) else {
            return;
        };
        let is_whole = matches!(self.bytes[root], Some(Bytes::Own(own)) if own == length);
        let mut ports = self.graph.inputs.iter();
        let mut states = self.graph.states.iter();
        let is_there_before = ports.any(|port| port.value.index() == root)
            || states.any(|state| state.value.index() == root);
        if is_whole && !is_there_before && root != output.index() {
            self.bytes[root] = Some(Bytes::PartOf {
                value: output.index(),
                offset: at,
            });
        }
    }

    /// Makes buffers.
    fn finish(self) -> Result<Homes, LowerError> {
        let mut buffers = Vec::new();
        let mut buffer_of = vec![None; self.bytes.len()];
        for (index, bytes) in self.bytes.iter().enumerate() {
            if let (Some(Bytes::Own(bytes)), Some(value)) = (bytes, &self.graph.values[index]) {
                buffer_of[index] = Some(buffers.len());
                buffers.push(Buffer {
                    name: value.name.clone(),
                    bytes: *bytes,
                });
            }
        }
        let mut homes = Vec::with_capacity(self.bytes.len());
        for (index, bytes) in self.bytes.iter().enumerate() {
            homes.push(match bytes {
                None => None,
                Some(Bytes::Constant(id)) => Some(Home::Constant(*id)),
                Some(Bytes::Own(_) | Bytes::PartOf { .. }) => self.place(index, &buffer_of)?,
            });
        }
        Ok(Homes { buffers, homes })
    }

    fn place(&self, index: usize, buffer_of: &[Option<usize>]) -> Result<Option<Home>, LowerError> {
        let (Some((root, offset)), Some(value)) = (self.root(index), &self.graph.values[index])
        else {
            return Ok(None);
        };
        let Some(buffer) = buffer_of[root] else {
            return Ok(None);
        };
        Ok(Some(Home::Arena(Place {
            buffer,
            offset,
            bytes: bytes(value)?,
        })))
    }
}
