//! The batch of the source model.
//!
//! The internal batch is 1 and in front of every value. A source tensor whose first axis has the
//! extent 1, or is symbolic, has its batch there. One whose first axis has a fixed extent of
//! another size has none: a batch is put in front of it, so that `[3, 4, 5]` becomes
//! `[1, 3, 4, 5]`. That is exact for every network; but where convolutions and pools read the inputs,
//! the first axis *is* a batch, though one of fixed size. Then the network is imported for one
//! sample of it, provided that every node is known to compute each sample alone: that is what
//! this module checks, node by node.

use super::context::{Activation, Tensor};
use super::tensor::Data;
use crate::import::NodeFault;
use rten_onnx::onnx::{AttributeProto, GraphProto, NodeProto, ValueInfoProto};

/// The first axis' fixed extent, if all inputs have the same one, larger than 1, and something reads
/// it as a batch. `is_input` says which of the listed inputs are computed with.
pub(super) fn fixed(graph: &GraphProto, is_input: impl Fn(&str) -> bool) -> Option<usize> {
    let reads_batch = |node: &NodeProto| {
        let operator = node.op_type.as_deref().unwrap_or_default();
        matches!(
            operator,
            "Conv"
                | "QLinearConv"
                | "ConvTranspose"
                | "MaxPool"
                | "AveragePool"
                | "GlobalAveragePool"
                | "GlobalMaxPool"
        )
    };
    if !graph.node.iter().any(reads_batch) {
        return None;
    }
    let inputs = graph.input.iter();
    let mut extents = inputs
        .filter(|info| is_input(info.name.as_deref().unwrap_or_default()))
        .map(first_extent);
    let first = extents.next()??;
    (first > 1 && extents.all(|extent| extent == Some(first))).then_some(first)
}

fn first_extent(info: &ValueInfoProto) -> Option<usize> {
    let tensor = info.r#type.as_ref()?.tensor_type.as_ref()?;
    let first = tensor.shape.as_ref()?.dim.first()?;
    usize::try_from(first.dim_value?).ok()
}

/// The operand of a Reshape that gives the shape, for one sample of a batch.
pub(super) fn one_sample(shape: &mut Tensor, batch: usize) {
    if let Tensor::Constant(constant) = shape
        && let Data::I64(wanted) = &constant.data
        && wanted.first().copied().map(usize::try_from) == Some(Ok(batch))
    {
        let rest = wanted[1..].iter().copied();
        constant.data = Data::I64(std::iter::once(1).chain(rest).collect());
    }
}

/// Checks that a node, which was imported for one sample, computes each sample of a batch alone.
///
/// # Errors
/// If that is not known.
pub(super) fn check_each_sample_alone(
    proto: &NodeProto,
    opset: i64,
    inputs: &[Option<Tensor>],
    output: &Tensor,
) -> Result<(), NodeFault> {
    let Tensor::Activation(output) = output else {
        return Ok(());
    };
    let activations = inputs.iter().flatten().filter_map(|input| match input {
        Tensor::Activation(activation) => Some(activation),
        Tensor::Constant(_) => None,
    });
    let batched = activations.chain([output]).all(has_batch);
    if batched && is_alone(proto, opset, inputs, output) {
        return Ok(());
    }
    Err(NodeFault::Operand {
        operand: "batch".into(),
        expected: "1 or dynamic here".into(),
        found: "a fixed batch that this node may mix: export the model with batch 1".into(),
    })
}

fn has_batch(tensor: &Activation) -> bool {
    tensor
        .view
        .axes()
        .first()
        .is_some_and(|_| tensor.view.axis_len(0) == 1)
}

fn is_alone(proto: &NodeProto, opset: i64, inputs: &[Option<Tensor>], output: &Activation) -> bool {
    let rank = |index: usize| {
        let input = inputs.get(index).and_then(Option::as_ref);
        input.map_or(0, |input| input.shape().len())
    };
    let axis = |default| {
        let axis = attribute(proto, "axis").and_then(|axis| axis.i);
        from_start(axis.unwrap_or(default), rank(0))
    };
    let computed = |index: usize| matches!(inputs.get(index), Some(Some(Tensor::Activation(_))));
    match proto.op_type.as_deref().unwrap_or_default() {
        "Conv"
        | "ConvTranspose"
        | "MaxPool"
        | "AveragePool"
        | "GlobalAveragePool"
        | "GlobalMaxPool"
        | "BatchNormalization"
        | "Resize"
        | "Upsample"
        | "DepthToSpace"
        | "SpaceToDepth"
        | "Pad"
        | "Relu"
        | "Sigmoid"
        | "Tanh"
        | "LeakyRelu"
        | "Elu"
        | "Selu"
        | "Celu"
        | "ThresholdedRelu"
        | "HardSigmoid"
        | "HardSwish"
        | "Gelu"
        | "Softplus"
        | "Softsign"
        | "Mish"
        | "Swish"
        | "Erf"
        | "Abs"
        | "Neg"
        | "Exp"
        | "Log"
        | "Sqrt"
        | "Reciprocal"
        | "Identity"
        | "Dropout"
        | "Cast"
        | "LpPool"
        | "GlobalLpPool"
        | "LRN"
        | "InstanceNormalization"
        | "GroupNormalization" => true,
        "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Pow" | "Clip" | "PRelu" | "Sum"
        | "Mean" => inputs
            .iter()
            .flatten()
            .all(|input| broadcasts_alone(input, output.view.rank())),
        "Gemm" => computed(0) && attribute(proto, "transA").is_none_or(|flag| flag.i == Some(0)),
        "MatMul" => computed(0) && !computed(1) && rank(0) >= 2 && rank(1) == 2,
        "Concat" => axis(1) != Some(0),
        "Softmax" | "LogSoftmax" | "Hardmax" => axis(if opset < 13 { 1 } else { -1 }) != Some(0),
        "LayerNormalization" | "RMSNormalization" | "LpNormalization" => axis(-1) != Some(0),
        "ArgMax" | "ArgMin" => axis(0) != Some(0),
        "Split" | "Gather" => computed(0) && axis(0) != Some(0),
        "Flatten" => axis(1) == Some(1),
        "Transpose" => attribute(proto, "perm").is_some_and(|perm| perm.ints.first() == Some(&0)),
        // The first extent that is asked for is the batch's, or what is left for it: 1.
        "Reshape" => inputs.get(1).is_some_and(|shape| match shape {
            Some(Tensor::Constant(shape)) => {
                let first = shape.data.as_i64().and_then(<[i64]>::first);
                matches!(first, Some(-1..=1))
            }
            Some(Tensor::Activation(_)) | None => false,
        }),
        "Squeeze" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceSum" | "ReduceProd"
        | "ReduceL1" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceSumSquare" => {
            axes_spare_batch(proto, inputs, rank(0), 1)
        }
        "Unsqueeze" => axes_spare_batch(proto, inputs, output.view.rank(), 1),
        "Slice" => axes_spare_batch(proto, inputs, rank(0), 3),
        _ => false,
    }
}

/// Whether an operand of an operator that broadcasts has no axis at the batch, or one of extent 1;
/// a computed one has the batch there.
fn broadcasts_alone(input: &Tensor, rank: usize) -> bool {
    let shape = input.shape();
    match input {
        Tensor::Activation(_) => shape.len() == rank,
        Tensor::Constant(_) => shape.len() < rank || shape.first() == Some(&1),
    }
}

/// Whether axes are given, as an attribute or as the operand of this index, without the batch.
fn axes_spare_batch(
    proto: &NodeProto,
    inputs: &[Option<Tensor>],
    rank: usize,
    index: usize,
) -> bool {
    let axes = match (attribute(proto, "axes"), inputs.get(index)) {
        (Some(axes), _) => Some(axes.ints.as_slice()),
        (None, Some(Some(Tensor::Constant(axes)))) => axes.data.as_i64(),
        (None, _) => None,
    };
    axes.is_some_and(|axes| {
        let indices = axes.iter().map(|&axis| from_start(axis, rank));
        axes.len() < MAX_AXES
            && indices
                .into_iter()
                .all(|axis| axis.is_some_and(|axis| axis > 0))
    })
}

/// More axes than a tensor has.
const MAX_AXES: usize = 64;

fn attribute<'p>(proto: &'p NodeProto, name: &str) -> Option<&'p AttributeProto> {
    let mut attributes = proto.attribute.iter();
    attributes.find(|attribute| attribute.name.as_deref() == Some(name))
}

fn from_start(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 {
        axis.checked_add(rank)?
    } else {
        axis
    };
    usize::try_from(axis).ok()
}
