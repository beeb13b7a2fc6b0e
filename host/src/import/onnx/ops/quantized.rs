//! `QuantizeLinear`, `DequantizeLinear`, and operators that have their scales as operands: ONNX's
//! `QLinear…` and ONNX Runtime's (`com.microsoft`).
//!
//! Of the latter each is the operator of real numbers on what the integers stand for, and a scale for
//! its result. What differs is the rounding: ONNX Runtime multiplies in float32 and rounds half to
//! even, our kernels in fixed point and half away from zero, so that results may differ by 1.
//! Specification: <https://github.com/onnx/onnx/blob/main/docs/Operators.md> and ONNX Runtime's
//! `ContribOperators.md`.

use super::{activation, binary, concat, conv, dense, pool, softmax};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::grids::{Element, parameters};
use crate::import::onnx::node::{Node, axis_index, operand_fault, shape_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::quantize::Grid;
use std::sync::Arc;

type Import = fn(&mut Context, &Node<'_>) -> Result<Tensor, NodeFault>;

/// Real numbers to integers.
pub(super) fn quantize_linear(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    check_block(node)?;
    let open = match node.attributes.int("output_dtype")?.unwrap_or(0) {
        0 | 2 => Element::U8,
        3 => Element::I8,
        other => {
            return Err(fault(
                "output_dtype",
                other.to_string(),
                "UINT8 (2), INT8 (3)",
            ));
        }
    };
    match node.required(0, "input x")?.clone() {
        Tensor::Activation(x) => {
            let scale = parameters(node, 1, 2, open)?;
            context.as_integers(node, &x.into(), scale)
        }
        Tensor::Constant(x) => quantized_constant(context, node, &x, open),
    }
}

/// Integers to real numbers.
pub(super) fn dequantize_linear(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    check_block(node)?;
    match node.required(0, "input x")?.clone() {
        Tensor::Activation(_) => {
            let name = &node.operands[0];
            let own = context.grids.integers.get(name);
            let open = own.map_or(Element::U8, |&(element, _)| element);
            let scale = parameters(node, 1, 2, open)?;
            Ok(context.integers(node, 0, scale)?.into())
        }
        Tensor::Constant(x) => {
            let scales = Scales::read(node, 1, 2, &x, node.attributes.int("axis")?.unwrap_or(1))?;
            Ok(dequantized(context, &node.output, &x, &scales)?.into())
        }
    }
}

fn check_block(node: &Node<'_>) -> Result<(), NodeFault> {
    match node.attributes.int("block_size")?.unwrap_or(0) {
        0 => Ok(()),
        other => Err(fault(
            "block_size",
            other.to_string(),
            "0: scales per tensor or channel",
        )),
    }
}

/// Scales and zero points of a constant, each one or one for each index along an axis.
struct Scales {
    scales: Vec<f32>,
    zero_points: Vec<i32>,
    axis: usize,
}

impl Scales {
    fn read(
        node: &Node<'_>,
        scale: usize,
        zero_point: usize,
        x: &Constant,
        axis: i64,
    ) -> Result<Self, NodeFault> {
        let (source, scales) = node.floats(scale, "scale")?;
        let zero_points = match node.input(zero_point) {
            None => vec![0; scales.len()],
            Some(_) => integers(node.constant(zero_point, "zero point")?)?,
        };
        let positive = scales.iter().all(|&scale| scale > 0.0 && scale.is_finite());
        let axis = if scales.len() == 1 {
            0
        } else {
            axis_index(axis, x.shape.len())?
        };
        let fits = scales.len() == 1 || source.shape == [x.shape[axis]];
        if scales.is_empty() || !positive || !fits || zero_points.len() != scales.len() {
            let expected = format!(
                "positive, one or as many as there are along axis {axis} of {:?}, as many as zero points",
                x.shape
            );
            return Err(shape_fault("scale", &expected, &source.shape));
        }
        Ok(Self {
            scales: scales.to_vec(),
            zero_points,
            axis,
        })
    }

    /// Scale and zero point of the element at this index of a tensor of this shape.
    fn at(&self, shape: &[usize], index: usize) -> (f32, i32) {
        let channel = if self.scales.len() == 1 {
            0
        } else {
            let inner: usize = shape[self.axis + 1..].iter().product();
            index / inner % shape[self.axis]
        };
        (self.scales[channel], self.zero_points[channel])
    }

    /// As the quantizer wants it.
    fn grid(&self, x: &Constant, integers: &[i32]) -> Grid {
        let zero_point = match x.data {
            Data::U8(_) => self.zero_points[0] - 128,
            Data::F32(_) | Data::I64(_) | Data::Bool(_) | Data::I8(_) => self.zero_points[0],
        };
        Grid {
            scales: self.scales.clone(),
            zero_point,
            // A bias; as many digits as it has.
            integers: matches!(x.data, Data::I64(_)).then(|| integers.into()),
        }
    }
}

/// The elements of a constant of int8, uint8 or int32.
fn integers(constant: &Constant) -> Result<Vec<i32>, NodeFault> {
    let values: Option<Vec<i32>> = match &constant.data {
        Data::I8(values) => Some(values.iter().map(|&value| value.into()).collect()),
        Data::U8(values) => Some(values.iter().map(|&value| value.into()).collect()),
        Data::I64(values) => values.iter().map(|&v| i32::try_from(v).ok()).collect(),
        Data::F32(_) | Data::Bool(_) => None,
    };
    values.ok_or_else(|| {
        let expected = "of int8, uint8 or int32";
        operand_fault("quantized constant", expected, constant.data.type_name())
    })
}

/// The real numbers of a quantized constant, under this name.
fn dequantized(
    context: &mut Context,
    name: &str,
    x: &Constant,
    scales: &Scales,
) -> Result<Constant, NodeFault> {
    context.reserve_constant(&x.shape)?;
    let values = integers(x)?;
    let real = |(index, &value): (usize, &i32)| {
        let (scale, zero_point) = scales.at(&x.shape, index);
        // Exact for int8, and as ONNX says for int32: a product in float32.
        let difference = f64::from(value) - f64::from(zero_point);
        #[expect(clippy::as_conversions, reason = "rounded to f32")]
        let real = (difference * f64::from(scale)) as f32;
        real
    };
    let data: Arc<[f32]> = values.iter().enumerate().map(real).collect();
    let grid = scales.grid(x, &values);
    context.grids.constants.insert(name.into(), grid);
    Ok(Constant {
        name: name.into(),
        shape: x.shape.clone(),
        data: Data::F32(data),
    })
}

/// A constant that the file has in float and quantizes: rounded half to even, saturated.
fn quantized_constant(
    context: &mut Context,
    node: &Node<'_>,
    x: &Constant,
    open: Element,
) -> Result<Tensor, NodeFault> {
    let axis = node.attributes.int("axis")?.unwrap_or(1);
    let scales = Scales::read(node, 1, 2, x, axis)?;
    let element = match node.input(2) {
        Some(Tensor::Constant(zero)) => match zero.data {
            Data::I8(_) => Element::I8,
            Data::U8(_) => Element::U8,
            ref data => {
                let expected = "of int8 or uint8";
                return Err(operand_fault("zero point", expected, data.type_name()));
            }
        },
        Some(Tensor::Activation(_)) | None => open,
    };
    context.reserve_constant(&x.shape)?;
    let Some(values) = x.data.as_f32() else {
        return Err(operand_fault("input x", "float32", x.data.type_name()));
    };
    let steps = values.iter().enumerate().map(|(index, &value)| {
        let (scale, zero_point) = scales.at(&x.shape, index);
        f64::from((value / scale).round_ties_even()) + f64::from(zero_point)
    });
    #[expect(clippy::as_conversions, reason = "saturated to the type")]
    let data = match element {
        Element::I8 => Data::I8(steps.map(|q| q.clamp(-128.0, 127.0) as i8).collect()),
        Element::U8 => Data::U8(steps.map(|q| q.clamp(0.0, 255.0) as u8).collect()),
    };
    Ok(Constant {
        name: node.output.clone(),
        shape: x.shape.clone(),
        data,
    }
    .into())
}

/// Operands of a node of real numbers, with the names that they have.
struct Operands {
    names: Vec<String>,
    tensors: Vec<Option<Tensor>>,
}

impl Operands {
    fn new() -> Self {
        Self {
            names: Vec::new(),
            tensors: Vec::new(),
        }
    }

    fn push(&mut self, name: &str, tensor: Tensor) {
        self.names.push(name.into());
        self.tensors.push(Some(tensor));
    }
}

/// Imports a node with other operands, and takes down the scale of its result, which is at these
/// indices.
fn apply(
    context: &mut Context,
    node: &Node<'_>,
    operands: Operands,
    (scale, zero_point): (usize, usize),
    import: Import,
) -> Result<Tensor, NodeFault> {
    let result = parameters(node, scale, zero_point, Element::U8)?;
    let real = Node {
        name: node.name.clone(),
        output: node.output.clone(),
        outputs: node.outputs,
        opset: node.opset,
        attributes: node.attributes,
        inputs: operands.tensors,
        operands: &operands.names,
    };
    let tensor = import(context, &real)?;
    context.as_integers(node, &tensor, result)
}

/// An integer operand, computed or constant, whose scale follows it.
fn operand(
    context: &mut Context,
    node: &Node<'_>,
    operands: &mut Operands,
    index: usize,
    axis: i64,
) -> Result<(), NodeFault> {
    let name = node.operands.get(index).map_or("", String::as_str);
    let tensor = match node.required(index, "quantized input")?.clone() {
        Tensor::Activation(_) => {
            let scale = parameters(node, index + 1, index + 2, Element::U8)?;
            context.integers(node, index, scale)?.into()
        }
        Tensor::Constant(x) => {
            let scales = Scales::read(node, index + 1, index + 2, &x, axis)?;
            dequantized(context, name, &x, &scales)?.into()
        }
    };
    operands.push(name, tensor);
    Ok(())
}

/// The int32 bias at this index, whose scale is that of the input at 0 times that of the weights at
/// `weights`.
fn bias(
    context: &mut Context,
    node: &Node<'_>,
    operands: &mut Operands,
    (index, weights): (usize, usize),
) -> Result<(), NodeFault> {
    if node.input(index).is_none() {
        return Ok(());
    }
    let constant = node.constant(index, "bias")?.clone();
    let input = node.scalar(1, "scale of the input")?;
    let (_, scales) = node.floats(weights + 1, "scale of the weights")?;
    let scales = Scales {
        scales: scales.iter().map(|scale| input * scale).collect(),
        zero_points: vec![0; scales.len()],
        axis: constant.shape.len().saturating_sub(1),
    };
    if scales.scales.len() != 1 && constant.shape.last() != Some(&scales.scales.len()) {
        return Err(shape_fault(
            "bias",
            "one number for each scale",
            &constant.shape,
        ));
    }
    let real = dequantized(context, &node.operands[index], &constant, &scales)?;
    operands.push(&node.operands[index], real.into());
    Ok(())
}

/// `QLinearConv`: x, w, each with scale and zero point, those of y, bias.
pub(super) fn conv(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, 1)?;
    operand(context, node, &mut operands, 3, 0)?;
    bias(context, node, &mut operands, (8, 3))?;
    apply(context, node, operands, (6, 7), conv::conv)
}

/// `QLinearMatMul`.
pub(super) fn mat_mul(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, -2)?;
    operand(context, node, &mut operands, 3, -1)?;
    apply(context, node, operands, (6, 7), dense::mat_mul)
}

/// `QGemm` of ONNX Runtime: A, B, each with scale and zero point, C, those of Y.
pub(super) fn gemm(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    if node.input(7).is_none() {
        return Err(operand_fault(
            "scale of the output",
            "given",
            "none: float results",
        ));
    }
    let by_output = node.attributes.flag("transB")?.unwrap_or(false);
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, 0)?;
    operand(
        context,
        node,
        &mut operands,
        3,
        if by_output { 0 } else { 1 },
    )?;
    bias(context, node, &mut operands, (6, 3))?;
    apply(context, node, operands, (7, 8), dense::gemm)
}

fn two(context: &mut Context, node: &Node<'_>, import: Import) -> Result<Tensor, NodeFault> {
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, 1)?;
    operand(context, node, &mut operands, 3, 1)?;
    apply(context, node, operands, (6, 7), import)
}

fn one(context: &mut Context, node: &Node<'_>, import: Import) -> Result<Tensor, NodeFault> {
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, 1)?;
    apply(context, node, operands, (3, 4), import)
}

/// `QLinearAdd` of ONNX Runtime.
pub(super) fn add(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    two(context, node, binary::add)
}

/// `QLinearMul` of ONNX Runtime.
pub(super) fn mul(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    two(context, node, binary::mul)
}

/// `QLinearSigmoid` of ONNX Runtime.
pub(super) fn sigmoid(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    one(context, node, activation::sigmoid)
}

/// `QLinearLeakyRelu` of ONNX Runtime.
pub(super) fn leaky_relu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    one(context, node, activation::leaky_relu)
}

/// `QLinearGlobalAveragePool` of ONNX Runtime.
pub(super) fn global_average_pool(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    check_channels_first(node)?;
    one(context, node, pool::global_average_pool)
}

/// `QLinearAveragePool` of ONNX Runtime.
pub(super) fn average_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    check_channels_first(node)?;
    one(context, node, pool::average_pool)
}

fn check_channels_first(node: &Node<'_>) -> Result<(), NodeFault> {
    match node.attributes.flag("channels_last")?.unwrap_or(false) {
        false => Ok(()),
        true => Err(fault("channels_last", "1".into(), "0")),
    }
}

/// `QLinearSoftmax` of ONNX Runtime, whose own attribute says whose opset's Softmax it is.
pub(super) fn softmax(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let opset = node.attributes.int("opset")?.unwrap_or(node.opset);
    let mut operands = Operands::new();
    operand(context, node, &mut operands, 0, 1)?;
    let node = Node {
        opset,
        name: node.name.clone(),
        output: node.output.clone(),
        outputs: node.outputs,
        attributes: node.attributes,
        inputs: node.inputs.clone(),
        operands: node.operands,
    };
    apply(context, &node, operands, (3, 4), softmax::softmax)
}

/// `QLinearConcat` of ONNX Runtime: scale and zero point of the result, then three operands for each
/// part.
pub(super) fn concat(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let mut operands = Operands::new();
    if node.inputs.len() < 5 || !(node.inputs.len() - 2).is_multiple_of(3) {
        let expected = "two, and three for each part";
        let found = node.inputs.len().to_string();
        return Err(operand_fault("number of inputs", expected, &found));
    }
    for index in (2..node.inputs.len()).step_by(3) {
        operand(context, node, &mut operands, index, 1)?;
    }
    apply(context, node, operands, (0, 1), concat::concat)
}
