//! The functions of one number that one operator each stands for, of constants too.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::activation::apply;
use super::fold::named_result;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::ir::{Activation as Function, Parametric, Unary};

/// A function without parameters.
pub(super) fn unary(
    context: &mut Context,
    node: &Node<'_>,
    function: Unary,
) -> Result<Tensor, NodeFault> {
    match node.required(0, "input X")? {
        Tensor::Activation(_) => apply(context, node, Function::Unary(function)),
        Tensor::Constant(constant) => folded(context, node, function, constant),
    }
}

fn folded(
    context: &mut Context,
    node: &Node<'_>,
    function: Unary,
    constant: &Constant,
) -> Result<Tensor, NodeFault> {
    context.reserve_constant(&constant.shape)?;
    let data = match (&constant.data, function) {
        (Data::F32(values), _) => {
            let each = values.iter();
            Data::F32(each.map(|&x| function.apply(f64::from(x)) as f32).collect())
        }
        (Data::I64(values), Unary::Abs) => {
            Data::I64(values.iter().map(|x| x.wrapping_abs()).collect())
        }
        (Data::I64(values), Unary::Neg) => {
            Data::I64(values.iter().map(|x| x.wrapping_neg()).collect())
        }
        (Data::I64(values), Unary::Sign) => Data::I64(values.iter().map(|x| x.signum()).collect()),
        (Data::Bool(values), Unary::Not) => Data::Bool(values.iter().map(|x| !x).collect()),
        (Data::I64(_) | Data::Bool(_) | Data::I8(_) | Data::U8(_), _) => {
            return Err(operand_fault(
                "input X",
                "float32",
                &format!("`{}` of {}", constant.name, constant.data.type_name()),
            ));
        }
    };
    Ok(named_result(node, constant.shape.clone(), data))
}

/// A function whose parameters are attributes with defaults.
pub(super) fn parametric(
    context: &mut Context,
    node: &Node<'_>,
    function: Parametric,
    defaults: [f32; 2],
) -> Result<Tensor, NodeFault> {
    let mut parameters = [0.0; 2];
    for ((parameter, name), default) in parameters
        .iter_mut()
        .zip(function.parameters())
        .zip(defaults)
    {
        *parameter = node.attributes.float(name)?.unwrap_or(default);
    }
    if function == Parametric::Celu && parameters[0] == 0.0 {
        return Err(fault("alpha", "0".into(), "any other number"));
    }
    if function == Parametric::Shrink && parameters[0] < 0.0 {
        return Err(fault("lambd", parameters[0].to_string(), "0 and more"));
    }
    let function = Function::Parametric {
        function,
        parameters,
    };
    apply(context, node, function)
}

/// `x · Φ(x)`, or its approximation by a hyperbolic tangent.
pub(super) fn gelu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let function = match node.attributes.text("approximate")?.unwrap_or("none") {
        "none" => Unary::Gelu,
        "tanh" => Unary::GeluTanh,
        other => return Err(fault("approximate", other.to_owned(), "none, tanh")),
    };
    apply(context, node, Function::Unary(function))
}

/// `xᵃ` for an exponent that is one constant number.
pub(super) fn pow(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let exponent = exponent(node)?;
    let function = |function| Function::Unary(function);
    let function = match exponent {
        1.0 => return node.required(0, "base X").cloned(),
        2.0 => function(Unary::Square),
        0.5 => function(Unary::Sqrt),
        -0.5 => function(Unary::Rsqrt),
        -1.0 => function(Unary::Reciprocal),
        _ => Function::Parametric {
            function: Parametric::Pow,
            parameters: [exponent, 0.0],
        },
    };
    match node.required(0, "base X")? {
        Tensor::Activation(_) => apply(context, node, function),
        Tensor::Constant(constant) => {
            context.reserve_constant(&constant.shape)?;
            let values = crate::import::onnx::node::floats(constant, "base X")?;
            let each = values.iter();
            let data = each.map(|&x| function.apply(f64::from(x)) as f32).collect();
            Ok(named_result(node, constant.shape.clone(), Data::F32(data)))
        }
    }
}

/// The exponent: a constant, all of whose elements are one finite number.
fn exponent(node: &Node<'_>) -> Result<f32, NodeFault> {
    let constant = node.constant(1, "exponent Y")?;
    let values: Vec<f32> = match &constant.data {
        Data::F32(values) => values.to_vec(),
        Data::I64(values) => values.iter().map(|&value| value as f32).collect(),
        Data::Bool(_) | Data::I8(_) | Data::U8(_) => Vec::new(),
    };
    match values.split_first() {
        Some((&exponent, rest))
            if exponent.is_finite() && rest.iter().all(|&other| other == exponent) =>
        {
            Ok(exponent)
        }
        Some(_) | None => Err(operand_fault(
            "exponent Y",
            "one finite number",
            &format!("a tensor of shape {:?}", constant.shape),
        )),
    }
}
