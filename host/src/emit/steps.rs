//! Steps with addresses: the graph's parameters and the plan's offsets in the blob's types.

use super::data::Data;
use super::{
    EmitError, choice, elementwise, int16, mat_mul, packed, planes, reduce, typed, unary, weighted,
    winograd,
};
use crate::ir::ValueId;
use crate::lower::{Winograd, product};
use crate::plan::{Home, Kernel, Place, Plan, Program, Step};
use crate::quantize::graph::{DType, QGraph, QNode, QOp, QValue};
use tiivis_runtime::blob::{self, Function, Op, Pool2d, Source, Span};

/// A node of one activation: where its values are and what they look like.
pub(super) struct Ends<'a> {
    pub(super) node: &'a QNode,
    pub(super) input: Span,
    pub(super) output: Span,
    pub(super) from: &'a QValue,
    pub(super) to: &'a QValue,
}

/// What steps are made from.
pub(super) struct Emitter<'a> {
    pub(super) graph: &'a QGraph,
    pub(super) program: &'a Program,
    pub(super) plan: &'a Plan,
    pub(super) data: Data,
    /// The scratch of the step that is being made.
    scratch: Option<Span>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(graph: &'a QGraph, program: &'a Program, plan: &'a Plan) -> Self {
        Self {
            graph,
            program,
            plan,
            data: Data::default(),
            scratch: None,
        }
    }

    /// The blob's step.
    pub(super) fn step(&mut self, step: &Step) -> Result<blob::Step, EmitError> {
        self.scratch = step.scratch.map(|buffer| self.whole(buffer)).transpose()?;
        let op = match step.kernel {
            Kernel::Node(index) => self.node(node(self.graph, index)?)?,
            Kernel::Winograd(index) => self.winograd(node(self.graph, index)?)?,
            Kernel::Planes {
                node: index,
                is_turned,
            } => {
                let ends = self.ends(node(self.graph, index)?)?;
                planes::depthwise(&mut self.data, &ends, is_turned, self.scratch)?
            }
            Kernel::ConcatInput { node: index, input } => {
                let node = node(self.graph, index)?;
                let Some(&id) = node.inputs.get(input) else {
                    return Err(foreign(format!("input {input} of node `{}`", node.name)));
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

    /// Arena bytes of a buffer.
    fn whole(&self, buffer: usize) -> Result<Span, EmitError> {
        let Some(found) = self.program.buffers.get(buffer) else {
            return Err(foreign(format!("buffer {buffer}")));
        };
        self.span(Place {
            buffer,
            offset: 0,
            bytes: found.bytes,
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
                    return Err(foreign(format!("the constant `{}`", value.name)));
                };
                Ok(Source::Data(self.data.elements(constant, value.dtype)?))
            }
            Some(None) | None => {
                let name = &self.graph.value(id).name;
                Err(foreign(format!("a home for `{name}`")))
            }
        }
    }

    /// Where an activation is.
    pub(super) fn activation(&mut self, id: ValueId) -> Result<Span, EmitError> {
        match self.source(id)? {
            Source::Arena(span) => Ok(span),
            Source::Data(_) => Err(foreign(format!(
                "the activation `{}`",
                self.graph.value(id).name
            ))),
        }
    }

    /// What a node reads and computes, if it reads one activation.
    fn ends(&mut self, node: &'a QNode) -> Result<Ends<'a>, EmitError> {
        let graph = self.graph;
        Ok(Ends {
            node,
            input: self.activation(node.inputs[0])?,
            output: self.activation(node.output)?,
            from: graph.value(node.inputs[0]),
            to: graph.value(node.output),
        })
    }

    /// Whether a node's elements are longer than a byte.
    fn is_wide(&self, node: &QNode) -> bool {
        self.graph.value(node.output).dtype.bytes() > 1
    }

    /// Whether those that it reads first are.
    fn reads_wide(&self, node: &QNode) -> bool {
        self.graph.value(node.inputs[0]).dtype.bytes() > 1
    }

    fn take(&mut self, node: &'a QNode) -> Result<Op, EmitError> {
        let ends = self.ends(node)?;
        unary::take(&mut self.data, &ends)
    }

    fn node(&mut self, node: &'a QNode) -> Result<Op, EmitError> {
        if let Some(op) = self.packed(node)? {
            return Ok(op);
        }
        let op = self.untyped(node)?;
        match self.graph.value(node.output).dtype {
            DType::I16 => int16::typed(op),
            DType::I8 | DType::I32 | DType::Bool => Ok(op),
        }
    }

    /// The operator with packed weights, where lowering has chosen it.
    fn packed(&mut self, node: &'a QNode) -> Result<Option<Op>, EmitError> {
        let Some(scratch) = self.scratch else {
            return Ok(None);
        };
        let Some(product) = product(self.graph, node)? else {
            return Ok(None);
        };
        let ends = self.ends(node)?;
        packed::product(&mut self.data, &ends, product, scratch).map(Some)
    }

    fn winograd(&mut self, node: &'a QNode) -> Result<Op, EmitError> {
        let foreign = || foreign(format!("node `{}` by Winograd's transform", node.name));
        let conv = Winograd::of(self.graph, node)?.ok_or_else(foreign)?;
        let scratch = self.scratch.ok_or_else(foreign)?;
        let ends = self.ends(node)?;
        winograd::conv2d(&mut self.data, &ends, &conv, scratch)
    }

    /// The operator with its parameters, as one of int8 where others have the same.
    fn untyped(&mut self, node: &'a QNode) -> Result<Op, EmitError> {
        Ok(match &node.op {
            QOp::Conv2d {
                window,
                groups,
                weights,
                clamp,
            } => {
                let ends = self.ends(node)?;
                weighted::conv2d(&mut self.data, &ends, window, *groups, (weights, *clamp))?
            }
            QOp::TransposeConv2d {
                window,
                groups,
                weights,
                clamp,
            } => {
                let ends = self.ends(node)?;
                weighted::transpose_conv2d(
                    &mut self.data,
                    &ends,
                    window,
                    *groups,
                    (weights, *clamp),
                )?
            }
            QOp::MatMul {
                transpose_a,
                transpose_b,
                clamp,
            } => mat_mul::mat_mul(self, node, [*transpose_a, *transpose_b], *clamp)?,
            QOp::DepthwiseConv2d {
                window,
                weights,
                clamp,
            } => {
                let ends = self.ends(node)?;
                weighted::depthwise(&mut self.data, &ends, window, (weights, *clamp))?
            }
            QOp::Dense { weights, clamp } => {
                let ends = self.ends(node)?;
                weighted::dense(&mut self.data, &ends, (weights, *clamp))?
            }
            QOp::MaxPool2d { window, clamp } => {
                Op::MaxPool2d(unary::pool(&self.ends(node)?, window, *clamp)?)
            }
            QOp::AvgPool2d {
                window,
                clamp,
                ties_up,
            } => Op::AvgPool2d(Pool2d {
                ties_up: *ties_up,
                ..unary::pool(&self.ends(node)?, window, *clamp)?
            }),
            QOp::Add { clamp } => Op::Add(elementwise::add_sub(self, node, *clamp)?),
            QOp::Sub { clamp } => Op::Sub(elementwise::add_sub(self, node, *clamp)?),
            QOp::Mul { clamp } => Op::Mul(elementwise::mul(self, node, *clamp)?),
            QOp::Div { clamp } => Op::Div(elementwise::div(self, node, *clamp)?),
            QOp::SquaredDifference { clamp } => {
                Op::SquaredDifference(elementwise::squared_difference(self, node, *clamp)?)
            }
            QOp::Extreme { which } if self.is_wide(node) => {
                let function = Function::Extreme(*which);
                typed::arithmetic(self, node, function, [i32::MIN, i32::MAX])?
            }
            QOp::Extreme { which } => choice::extreme(self, node, *which)?,
            QOp::Compare {
                comparison,
                left_shift,
                scales,
            } => choice::compare(self, node, *comparison, (*left_shift, *scales))?,
            QOp::Arithmetic { function, min, max } => {
                typed::arithmetic(self, node, *function, [*min, *max])?
            }
            QOp::Cast => typed::cast(&self.ends(node)?),
            QOp::Gather { .. } | QOp::GatherNd => typed::gather(self, node)?,
            QOp::Select if self.is_wide(node) => typed::choose(self, node)?,
            QOp::Select => choice::select(self, node)?,
            QOp::Prelu => Op::Prelu(elementwise::prelu(self, node)?),
            // Of more axes, or wider elements, than its own kernel takes.
            QOp::Transpose { perm } if perm.len() > 4 || self.is_wide(node) => self.take(node)?,
            QOp::Take { .. } => self.take(node)?,
            QOp::Transpose { perm } => unary::transpose(&self.ends(node)?, perm)?,
            QOp::Pad {
                before,
                after,
                value,
            } => unary::pad(&self.ends(node)?, [before, after], *value)?,
            QOp::Softmax { beta } => {
                let ends = self.ends(node)?;
                unary::softmax(&mut self.data, &ends, *beta)?
            }
            QOp::Reduce {
                reduction,
                axes,
                clamp,
            } => reduce::reduce(&self.ends(node)?, *reduction, axes, *clamp)?,
            QOp::CumSum {
                axis,
                exclusive,
                reverse,
                first,
            } => reduce::cum_sum(&self.ends(node)?, *axis, [*exclusive, *reverse], *first)?,
            QOp::ArgExtreme {
                axis,
                largest,
                last,
            } => reduce::arg_extreme(&self.ends(node)?, *axis, [*largest, *last])?,
            QOp::ResizeBilinear { coordinates } => {
                reduce::resize_bilinear(&self.ends(node)?, *coordinates)?
            }
            QOp::L2Normalize => reduce::l2_normalize(&self.ends(node)?)?,
            QOp::LogSoftmax => {
                let ends = self.ends(node)?;
                reduce::log_softmax(&mut self.data, &ends)?
            }
            QOp::Lut { table } => {
                let ends = self.ends(node)?;
                unary::lut(&mut self.data, &ends, table)?
            }
            QOp::Slopes {
                positive,
                negative,
                negated,
                clamp,
            } => {
                let ends = self.ends(node)?;
                int16::slopes(&ends, [*positive, *negative], *negated, *clamp)
            }
            QOp::Curve {
                function,
                multiplier,
                shift,
            } => int16::curve(&self.ends(node)?, *function, (*multiplier, *shift)),
            QOp::Requantize if self.is_wide(node) || self.reads_wide(node) => {
                typed::requantize(&self.ends(node)?)?
            }
            QOp::Requantize => unary::requantize(&self.ends(node)?)?,
            QOp::Svdf(layer) => self.svdf(node, layer)?,
            QOp::Lstm(layer) => self.lstm(node, layer)?,
            QOp::Concat { .. } | QOp::Reshape => {
                return Err(foreign(format!("one kernel for `{}`", node.name)));
            }
        })
    }
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
