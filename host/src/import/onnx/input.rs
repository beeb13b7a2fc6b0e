//! The model's inputs: their shapes, and the memory order in which they lie.

use super::context::{Activation, Context, MAX_ACTIVATION_ELEMENTS};
use super::grids::Element;
use super::layout::batch_first;
use super::node::axis_index;
use super::order::{Network, node_name};
use super::recurrent;
use super::tensor::{elements, lower_case_name};
use super::view::View;
use crate::import::ImportError;
use crate::ir::Port;
use rten_onnx::onnx::{DataType, Dimension, NodeProto, ValueInfoProto};
use std::collections::{HashSet, VecDeque};

/// Most axes of an input, the batch included.
const MAX_RANK: usize = 6;

/// The shape of an input, the batch being 1 if it has one; a batch of this fixed size is one too.
///
/// Where a layer with state says which axis is the batch, that may be the second one.
///
/// # Errors
/// If it is not float32, of too high a rank, or an extent but the batch is not fixed.
pub(super) fn shape(
    network: &Network<'_>,
    info: &ValueInfoProto,
    fixed_batch: Option<usize>,
) -> Result<Vec<usize>, ImportError> {
    let name = info.name.as_deref().unwrap_or_default();
    let error = |found: String, remedy: &str| ImportError::Input {
        input: name.into(),
        found,
        remedy: remedy.into(),
    };
    let Some(tensor) = info
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref())
    else {
        return Err(error("is no tensor".into(), "only tensors are supported"));
    };
    let dtype = tensor.elem_type.unwrap_or(DataType(0));
    if !matches!(dtype, DataType::FLOAT | DataType::INT8 | DataType::UINT8) {
        let found = format!("is {dtype} ({}), not float32", lower_case_name(dtype));
        return Err(error(found, "export the model with float32 inputs"));
    }
    let Some(dims) = tensor.shape.as_ref().map(|shape| shape.dim.as_slice()) else {
        return Err(error(
            "has no shape".into(),
            "give it with --input-shape NAME=N,N,…, or export the model with it; only the batch may be dynamic",
        ));
    };
    let batch_axis = recurrent::input_batch_axis(network, name, dims.len());
    let open = |axis| axis == batch_axis.unwrap_or(0);
    let shape: Result<Vec<usize>, ImportError> = dims
        .iter()
        .enumerate()
        .map(|(axis, dim)| {
            extent(axis, dim, open(axis)).map_err(|(found, remedy)| error(found, remedy))
        })
        .collect();
    let mut shape = shape?;
    if let Some(batch) = shape
        .first_mut()
        .filter(|batch| Some(**batch) == fixed_batch)
    {
        *batch = 1;
    }
    if batch_first(&shape).len() > MAX_RANK {
        return Err(error(
            format!("has rank {}", shape.len()),
            "at most 6 axes, the batch included, are supported",
        ));
    }
    if elements(&shape).is_none_or(|count| count > MAX_ACTIVATION_ELEMENTS) {
        return Err(error(
            format!("has shape {shape:?}, which is too large"),
            "no microcontroller holds it",
        ));
    }
    Ok(shape)
}

/// The type of an input of quantized numbers.
pub(super) fn integers(info: &ValueInfoProto) -> Option<Element> {
    match info.r#type.as_ref()?.tensor_type.as_ref()?.elem_type? {
        DataType::INT8 => Some(Element::I8),
        DataType::UINT8 => Some(Element::U8),
        _ => None,
    }
}

/// Whether the first axis of an input is not fixed.
pub(super) fn has_open_batch(info: &ValueInfoProto) -> bool {
    let tensor = info
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref());
    dims.and_then(|shape| shape.dim.first())
        .is_some_and(|dim| !matches!(fixed(dim), Some(1..)))
}

/// The extent along an axis; that of the batch may be open. Else what is wrong and what to do.
fn extent(axis: usize, dim: &Dimension, open: bool) -> Result<usize, (String, &'static str)> {
    match (open, fixed(dim)) {
        (true, None | Some(0 | 1)) => Ok(1),
        (_, Some(0)) => Err((
            format!("has extent 0 along axis {axis}: it is empty"),
            "export it with its real shape",
        )),
        (_, Some(len)) => Ok(usize::try_from(len).unwrap_or(usize::MAX)),
        (_, None) => Err((
            format!(
                "has a dynamic shape: axis {axis} is symbolic, `{}`",
                dim.dim_param.as_deref().unwrap_or("?")
            ),
            "only the batch may be: fix it with `--dim NAME=N`, or with `--input-shape INPUT=N,N,…` if it \
             has no name, or export with a sample of fixed size and without naming this axis \
             in `dynamic_axes`/`dynamic_shapes` (PyTorch) or with a fixed `input_signature` (tf2onnx)",
        )),
    }
}

/// Refuses an input that stands where an operator needs constant weights.
pub(super) fn check_use(network: &Network<'_>, name: &str) -> Result<(), ImportError> {
    for node in network.readers(name) {
        let operator = node.op_type.as_deref().unwrap_or_default();
        let weights: &[usize] = match operator {
            "Conv" | "Gemm" | "BatchNormalization" => &[1, 2, 3, 4],
            "RNN" | "GRU" | "LSTM" => &[1, 2, 3, 7],
            _ => &[],
        };
        let mut operands = weights.iter().filter_map(|&index| node.input.get(index));
        if operands.any(|input| input == name) {
            return Err(ImportError::Input {
                input: name.into(),
                found: format!("is a weight of node `{}` ({operator})", node_name(node)),
                remedy: "weights must be constants: export them as initializers".into(),
            });
        }
    }
    Ok(())
}

/// A dimension that is a number; negative numbers stand for unknown ones in some files.
fn fixed(dim: &Dimension) -> Option<u64> {
    match (dim.dim_value, dim.dim_param.as_deref()) {
        (Some(0), Some(_)) | (None, _) => None,
        (Some(value), _) => u64::try_from(value).ok(),
    }
}

/// Adds an input that lies in this memory order of its axes, the batch left out if it has one. Else
/// a batch is put in front of the value.
pub(super) fn add(
    context: &mut Context,
    name: &str,
    shape: &[usize],
    order: &[usize],
) -> Result<Activation, ImportError> {
    let atoms: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let mut axes = vec![Vec::new(); shape.len()];
    let added = batch_first(shape).len() - shape.len();
    let mut source_axes = vec![0; shape.len() + added];
    for (atom, &axis) in order.iter().enumerate() {
        axes[axis].push(atom);
        source_axes[axis + added] = atom + 1;
    }
    let unique = context.unique(name);
    let internal = std::iter::once(1).chain(atoms.iter().copied()).collect();
    let value = context.graph.add_activation(unique, internal);
    context.graph.inputs.push(Port {
        name: name.into(),
        value,
        source_axes,
    });
    Ok(Activation {
        value,
        view: View::new(atoms, axes),
    })
}

/// How many tensors the search for readers passes through.
pub(super) const MAX_SEARCH: usize = 256;

/// The memory order of an input's axes but the batch: the one that its readers want.
///
/// Convolutions and what else works on maps want channels last; if there are none, Softmax wants
/// its axis last, and what reshapes the tensor wants the source order; if there is none of all
/// that, channels are last where there is a batch. Readers are looked for through operators that
/// work in any layout.
pub(super) fn memory_order(network: &Network<'_>, input: &str, shape: &[usize]) -> Vec<usize> {
    let mut order = wanted_order(network, input, shape);
    if shape.first() == Some(&1) {
        order.retain(|&axis| axis != 0);
    }
    order
}

/// As [`memory_order`], the batch first if there is one.
fn wanted_order(network: &Network<'_>, input: &str, shape: &[usize]) -> Vec<usize> {
    let (rank, batched) = (shape.len(), shape.first() == Some(&1));
    // Where the axes of the tensor are among the input's.
    let mut pending = VecDeque::from([(input, (0..rank).collect::<Vec<usize>>())]);
    let mut seen = HashSet::from([input]);
    let mut second = None;
    while let Some((tensor, axes)) = pending.pop_front() {
        for node in network.readers(tensor) {
            match wish(node, &axes, batched) {
                Wish::Order(order) => return order,
                Wish::Second(order) => second = second.or(Some(order)),
                Wish::Passes(axes) => {
                    if let Some(output) = node.output.first()
                        && seen.len() < MAX_SEARCH
                        && seen.insert(output)
                    {
                        pending.push_back((output, axes));
                    }
                }
                Wish::None => {}
            }
        }
    }
    second.unwrap_or_else(|| {
        let axes: Vec<usize> = (0..rank).collect();
        if batched { channels_last(&axes) } else { axes }
    })
}

pub(super) enum Wish {
    /// All axes of the input, in memory order.
    Order(Vec<usize>),
    /// Taken if no other reader wants an order.
    Second(Vec<usize>),
    /// The result has the same axes, in this order.
    Passes(Vec<usize>),
    None,
}

/// What a reader wants of a tensor whose axes are these of the input.
pub(super) fn wish(node: &NodeProto, axes: &[usize], batched: bool) -> Wish {
    let operator = node.op_type.as_deref().unwrap_or_default();
    let wish = match operator {
        "Conv"
        | "QLinearConv"
        | "QLinearAveragePool"
        | "QLinearGlobalAveragePool"
        | "MaxPool"
        | "AveragePool"
        | "GlobalAveragePool"
        | "GlobalMaxPool"
        | "BatchNormalization"
        | "ConvTranspose"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "LpPool"
        | "LRN"
            if axes.len() > 2 =>
        {
            Wish::Order(channels_last(axes))
        }
        "Transpose" => {
            let perm = node
                .attribute
                .iter()
                .find(|attribute| attribute.name.as_deref() == Some("perm"));
            let perm = perm.map(|perm| perm.ints.as_slice()).unwrap_or_default();
            let perm: Option<Vec<usize>> = perm
                .iter()
                .map(|&axis| {
                    usize::try_from(axis)
                        .ok()
                        .and_then(|axis| axes.get(axis).copied())
                })
                .collect();
            perm.filter(|perm| {
                perm.len() == axes.len() && axes.iter().all(|axis| perm.contains(axis))
            })
            .map_or(Wish::None, Wish::Passes)
        }
        "Reshape" | "Flatten" | "MatMul" | "Gemm" | "QLinearMatMul" | "QGemm"
        | "LayerNormalization" | "RMSNormalization" => Wish::Second(axes.to_vec()),
        "Softmax" | "LogSoftmax" | "Hardmax" | "LpNormalization" => {
            Wish::Second(softmax_order(node, axes))
        }
        "RNN" | "GRU" | "LSTM" => Wish::Order(sequence_order(node, axes, batched)),
        "Add" | "Sub" | "Mul" | "Div" | "Concat" | "Pad" | "Relu" | "Clip" | "Sigmoid" | "Tanh"
        | "LeakyRelu" | "Elu" | "HardSigmoid" | "HardSwish" | "Identity" | "Dropout" | "Cast"
        | "Max" | "Min" | "Sum" | "Mean" | "Pow" | "Abs" | "Neg" | "Exp" | "Log" | "Sqrt"
        | "Erf" | "Gelu" | "Slice" | "Split" | "Tile" | "Resize" | "Upsample" | "Where"
        | "QuantizeLinear" | "DequantizeLinear" | "QLinearAdd" | "QLinearMul"
        | "QLinearSigmoid" | "QLinearLeakyRelu" => Wish::Passes(axes.to_vec()),
        _ => Wish::None,
    };
    match wish {
        // The batch is always in front.
        Wish::Order(order) | Wish::Second(order) if batched && order.first() != Some(&0) => {
            Wish::None
        }
        wish => wish,
    }
}

/// The axes, that of a Softmax last unless it is the first. Before opset 13 more axes belong to it,
/// but their order does not matter.
fn softmax_order(node: &NodeProto, axes: &[usize]) -> Vec<usize> {
    let axis = node
        .attribute
        .iter()
        .find(|attribute| attribute.name.as_deref() == Some("axis"));
    let axis = axis.and_then(|axis| axis.i).unwrap_or(-1);
    let mut order = axes.to_vec();
    if let Some(position) = axis_index(axis, axes.len()).ok().filter(|&axis| axis > 0) {
        let axis = order.remove(position);
        order.push(axis);
    }
    order
}

/// The axes as a layer with state takes them in: time, batch, features, behind the batch of the
/// model.
fn sequence_order(node: &NodeProto, axes: &[usize], batched: bool) -> Vec<usize> {
    let mut order = axes.to_vec();
    if recurrent::batch_axis(node) == 0 && order.len() > 1 {
        order.swap(0, 1);
    }
    if batched && let Some(position) = order.iter().position(|&axis| axis == 0) {
        order.remove(position);
        order.insert(0, 0);
    }
    order
}

/// `[N, C, …]` as `[N, …, C]`.
fn channels_last(axes: &[usize]) -> Vec<usize> {
    match axes {
        [batch, channels, spatial @ ..] => {
            let order = std::iter::once(batch).chain(spatial).chain([channels]);
            order.copied().collect()
        }
        _ => axes.to_vec(),
    }
}
