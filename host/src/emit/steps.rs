//! Steps with addresses: the graph's parameters and the plan's offsets in the blob's types.

use super::EmitError;
use super::data::Data;
use super::elementwise;
use crate::ir::ValueId;
use crate::lower::{aligned_rank, four, rows_and_depth, window};
use crate::plan::{Home, Kernel, Place, Plan, Program, Step};
use crate::quantize::graph::{QClamp, QGraph, QNode, QOp, Weights};
use crate::quantize::softmax_parameters;
use tiivis_runtime::blob::{self, Op, Source, Span};
use tiivis_runtime::kernels::table_entry;

/// What steps are made from.
pub(super) struct Emitter<'a> {
    pub(super) graph: &'a QGraph,
    pub(super) program: &'a Program,
    pub(super) plan: &'a Plan,
    pub(super) data: Data,
}

impl Emitter<'_> {
    /// The blob's step.
    pub(super) fn step(&mut self, step: &Step) -> Result<blob::Step, EmitError> {
        let op = match step.kernel {
            Kernel::Node(index) => self.node(node(self.graph, index)?)?,
            Kernel::ConcatInput { node: index, input } => {
                let node = node(self.graph, index)?;
                let Some(&id) = node.inputs.get(input) else {
                    return Err(foreign(format!("input {input} of node '{}'", node.name)));
                };
                self.concat(step, node, id)?
            }
            Kernel::Copy { value } => self.copy(step, value, None)?,
        };
        Ok(blob::Step {
            layer: u32::try_from(step.layer).map_err(|_| EmitError::TooLarge)?,
            op,
        })
    }

    /// Arena bytes of a place.
    pub(super) fn span(&self, place: Place) -> Result<Span, EmitError> {
        let start = self.plan.offsets.get(place.buffer);
        let offset = start.and_then(|start| start.checked_add(place.offset));
        Ok(Span {
            offset: offset.ok_or(EmitError::TooLarge)?,
            len: place.bytes,
        })
    }

    /// Where an operand's values are.
    pub(super) fn source(&mut self, id: ValueId) -> Result<Source, EmitError> {
        match self.program.homes.get(id.index()) {
            Some(Some(Home::Arena(place))) => Ok(Source::Arena(self.span(*place)?)),
            Some(Some(Home::Constant(id))) => {
                let value = self.graph.value(*id);
                let Some(constant) = &value.constant else {
                    return Err(foreign(format!("the constant '{}'", value.name)));
                };
                Ok(Source::Data(self.data.int8(constant)?))
            }
            Some(None) | None => {
                let name = &self.graph.value(id).name;
                Err(foreign(format!("a home for '{name}'")))
            }
        }
    }

    /// Where an activation is.
    pub(super) fn activation(&mut self, id: ValueId) -> Result<Span, EmitError> {
        match self.source(id)? {
            Source::Arena(span) => Ok(span),
            Source::Data(_) => Err(foreign(format!(
                "the activation '{}'",
                self.graph.value(id).name
            ))),
        }
    }

    fn node(&mut self, node: &QNode) -> Result<Op, EmitError> {
        match &node.op {
            QOp::Conv2d { .. } | QOp::DepthwiseConv2d { .. } | QOp::Dense { .. } => {
                self.weighted(node)
            }
            QOp::MaxPool2d { .. }
            | QOp::AvgPool2d { .. }
            | QOp::Transpose { .. }
            | QOp::Pad { .. }
            | QOp::Softmax
            | QOp::Lut { .. }
            | QOp::Requantize => self.unary(node),
            QOp::Add { clamp } => Ok(Op::Add(elementwise::add_sub(self, node, *clamp)?)),
            QOp::Sub { clamp } => Ok(Op::Sub(elementwise::add_sub(self, node, *clamp)?)),
            QOp::Mul { clamp } => Ok(Op::Mul(elementwise::mul(self, node, *clamp)?)),
            QOp::Concat { .. } | QOp::Reshape => {
                Err(foreign(format!("one kernel for '{}'", node.name)))
            }
        }
    }

    /// Operators with weights.
    fn weighted(&mut self, node: &QNode) -> Result<Op, EmitError> {
        let (input, output) = (
            self.activation(node.inputs[0])?,
            self.activation(node.output)?,
        );
        let (graph, in_id) = (self.graph, node.inputs[0]);
        let (in_shape, out_shape) = (&graph.value(in_id).shape, &graph.value(node.output).shape);
        let (in_rows, in_c) = rows_and_depth(node, in_shape)?;
        let (_, out_c) = rows_and_depth(node, out_shape)?;
        match &node.op {
            QOp::Conv2d {
                window: geometry,
                groups,
                weights,
                clamp,
            } => Ok(Op::Conv2d(blob::Conv2d {
                input,
                output,
                weights: self.data.weights(&weights.weights)?,
                window: window(node, geometry, in_shape, out_shape)?,
                in_c,
                out_c,
                groups: u32::try_from(*groups).map_err(|_| EmitError::TooLarge)?,
                accumulate: self.accumulate(node, weights, *clamp)?,
            })),
            QOp::DepthwiseConv2d {
                window: geometry,
                weights,
                clamp,
            } => Ok(Op::DepthwiseConv2d(blob::DepthwiseConv2d {
                input,
                output,
                weights: self.data.weights(&weights.weights)?,
                window: window(node, geometry, in_shape, out_shape)?,
                in_c,
                multiplier: out_c / in_c.max(1),
                accumulate: self.accumulate(node, weights, *clamp)?,
            })),
            QOp::Dense { weights, clamp } => Ok(Op::Dense(blob::Dense {
                input,
                output,
                weights: self.data.weights(&weights.weights)?,
                rows: in_rows,
                in_features: in_c,
                out_features: out_c,
                accumulate: self.accumulate(node, weights, *clamp)?,
            })),
            _ => Err(foreign(format!("weights in '{}'", node.name))),
        }
    }

    fn accumulate(
        &mut self,
        node: &QNode,
        weights: &Weights,
        clamp: QClamp,
    ) -> Result<blob::Accumulate, EmitError> {
        let shifts: Vec<i8> = weights.scales.iter().map(|scale| scale.shift).collect();
        let multipliers = weights.scales.iter().map(|scale| scale.multiplier);
        Ok(blob::Accumulate {
            bias: self.data.int32(weights.bias.iter().copied())?,
            multipliers: self.data.int32(multipliers)?,
            shifts: self.data.int8(&shifts)?,
            input_zero_point: self.graph.value(node.inputs[0]).params.zero_point,
            output_zero_point: self.graph.value(node.output).params.zero_point,
            min: clamp.min,
            max: clamp.max,
        })
    }

    /// Operators of one activation.
    fn unary(&mut self, node: &QNode) -> Result<Op, EmitError> {
        let (input, output) = (
            self.activation(node.inputs[0])?,
            self.activation(node.output)?,
        );
        let graph = self.graph;
        let (from, to) = (graph.value(node.inputs[0]), graph.value(node.output));
        let pool = |geometry, clamp: &QClamp| -> Result<blob::Pool2d, EmitError> {
            Ok(blob::Pool2d {
                input,
                output,
                window: window(node, geometry, &from.shape, &to.shape)?,
                channels: rows_and_depth(node, &from.shape)?.1,
                min: clamp.min,
                max: clamp.max,
            })
        };
        Ok(match &node.op {
            QOp::MaxPool2d { window, clamp } => Op::MaxPool2d(pool(window, clamp)?),
            QOp::AvgPool2d { window, clamp } => Op::AvgPool2d(pool(window, clamp)?),
            QOp::Transpose { perm } => Op::Transpose(blob::Transpose {
                input,
                output,
                shape: four(node, &from.shape)?,
                perm: permutation(node, perm)?,
            }),
            QOp::Pad {
                before,
                after,
                value,
            } => Op::Pad(blob::Pad {
                input,
                output,
                shape: four(node, &from.shape)?,
                before: aligned_rank(node, before, 0)?,
                after: aligned_rank(node, after, 0)?,
                value: *value,
            }),
            QOp::Softmax => {
                let (rows, depth) = rows_and_depth(node, &from.shape)?;
                Op::Softmax(blob::Softmax {
                    input,
                    output,
                    rows,
                    depth,
                    table: self.data.int32(softmax_table(from.params.scale))?,
                })
            }
            QOp::Lut { table } => Op::Lut(blob::Lut {
                input,
                output,
                table: self.data.int8(table)?,
            }),
            QOp::Requantize => Op::Requantize(blob::Requantize {
                input,
                output,
                rescale: elementwise::rescale(node, from.params, to.params)?,
            }),
            _ => return Err(foreign(format!("one operand in '{}'", node.name))),
        })
    }
}

/// The exponentials of a softmax over inputs of this scale, without the zeros at the end: the
/// kernel counts what is beyond the table as 0.
fn softmax_table(scale: f32) -> Vec<i32> {
    let (multiplier, left_shift) = softmax_parameters(scale);
    let entry = |difference| table_entry(difference, multiplier, left_shift);
    let mut table: Vec<i32> = (0..=u8::MAX).map_while(entry).collect();
    let used = table
        .iter()
        .rposition(|&entry| entry != 0)
        .map_or(0, |last| last + 1);
    table.truncate(used);
    table
}

/// The permutation of four axes, those that are added in front staying in front.
fn permutation(node: &QNode, perm: &[usize]) -> Result<[u8; 4], EmitError> {
    let too_many = || foreign(format!("four axes in '{}'", node.name));
    let missing = 4usize.checked_sub(perm.len()).ok_or_else(too_many)?;
    let mut four = [0, 1, 2, 3];
    for (to, &from) in four[missing..].iter_mut().zip(perm) {
        *to = u8::try_from(missing.saturating_add(from)).map_err(|_| too_many())?;
    }
    Ok(four)
}

fn node(graph: &QGraph, index: usize) -> Result<&QNode, EmitError> {
    graph
        .nodes
        .get(index)
        .ok_or_else(|| foreign(format!("node {index}")))
}

pub(super) fn foreign(what: String) -> EmitError {
    EmitError::Foreign { what }
}
