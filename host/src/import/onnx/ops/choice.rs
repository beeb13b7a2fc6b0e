//! Comparisons, truths and choices. A truth is the number 0 or 1.

use super::align::follow;
use super::binary::{apply, in_source_order, source_view};
use super::unary::unary;
use super::{fold, fold_choice};
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::layout::batch_first;
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::ir::{Binary, Op, Unary, ValueId};
use std::sync::Arc;

/// How two operands are compared.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
        }
    }
}

/// Equal, Greater, `GreaterOrEqual`, Less, `LessOrEqual`.
pub(super) fn compare(
    context: &mut Context,
    node: &Node<'_>,
    order: Order,
) -> Result<Tensor, NodeFault> {
    let (a, b) = (node.required(0, "input A")?, node.required(1, "input B")?);
    if let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) {
        return fold_choice::compared(context, node, [a, b], |a, b| order.holds(a, b));
    }
    let (a, b) = (numbers(a)?, numbers(b)?);
    match order {
        Order::Equal => apply(context, node, Op::Binary(Binary::Equal), &a, &b),
        Order::Greater => apply(context, node, Op::Binary(Binary::Greater), &a, &b),
        Order::GreaterOrEqual => apply(context, node, Op::Binary(Binary::GreaterEqual), &a, &b),
        Order::Less => apply(context, node, Op::Binary(Binary::Greater), &b, &a),
        Order::LessOrEqual => apply(context, node, Op::Binary(Binary::GreaterEqual), &b, &a),
    }
}

/// And, Or, Xor: of 0 and 1, the smaller one, the larger one, and whether they differ.
pub(super) fn logical(
    context: &mut Context,
    node: &Node<'_>,
    function: Binary,
) -> Result<Tensor, NodeFault> {
    let (a, b) = (node.required(0, "input A")?, node.required(1, "input B")?);
    if let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) {
        return fold_choice::compared(context, node, [a, b], |a: f64, b: f64| {
            function.apply(a, b) != 0.0
        });
    }
    apply(
        context,
        node,
        Op::Binary(function),
        &numbers(a)?,
        &numbers(b)?,
    )
}

/// Not.
pub(super) fn not(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    unary(context, node, Unary::Not)
}

/// Whether a number is not 0: Cast to BOOL.
pub(super) fn truth(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let zero = Constant {
        name: format!("{}/zero", node.name),
        shape: Vec::new(),
        data: Data::F32([0.0].into()),
    };
    let x = node.required(0, "input")?;
    apply(context, node, Op::Binary(Binary::NotEqual), x, &zero.into())
}

/// Where: `X` where the condition holds, else `Y`.
pub(super) fn choose(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let names = ["condition", "input X", "input Y"];
    let mut operands = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        operands.push(node.required(index, name)?);
    }
    if let [
        Tensor::Constant(condition),
        Tensor::Constant(x),
        Tensor::Constant(y),
    ] = operands[..]
    {
        return fold_choice::chosen(context, node, condition, [x, y]);
    }
    let operands: Result<Vec<Tensor>, NodeFault> = operands.into_iter().map(numbers).collect();
    let operands = operands?;
    let shapes: Vec<Vec<usize>> = operands.iter().map(Tensor::shape).collect();
    let shape = fold::broadcast(&shapes[0], &shapes[1])
        .and_then(|both| fold::broadcast(&both, &shapes[2]))
        .ok_or_else(|| {
            operand_fault(
                "inputs",
                "of shapes that broadcast",
                &format!("shapes {shapes:?}"),
            )
        })?;
    let lead = operands
        .iter()
        .enumerate()
        .find_map(|(at, operand)| match operand {
            Tensor::Activation(x) if shapes[at] == shape => Some((at, x)),
            Tensor::Activation(_) | Tensor::Constant(_) => None,
        });
    if let Some((at, lead)) = lead
        && let Some(tensor) = choose_alike(context, node, at, lead, &operands)?
    {
        return Ok(tensor);
    }
    let rank = batch_first(&shape).len();
    let mut inputs = Vec::with_capacity(operands.len());
    for operand in &operands {
        inputs.push(in_source_order(context, node, operand, rank)?);
    }
    let value = context.emit(node, Op::Select, inputs)?;
    let view = source_view(context, value, &shape, &operands);
    Ok(Tensor::computed(value, view))
}

/// The choice in the layout of one operand, if the others can be brought into it as it is.
fn choose_alike(
    context: &mut Context,
    node: &Node<'_>,
    at: usize,
    lead: &Activation,
    operands: &[Tensor],
) -> Result<Option<Tensor>, NodeFault> {
    let mut inputs: Vec<ValueId> = Vec::with_capacity(operands.len());
    for (index, operand) in operands.iter().enumerate() {
        if index == at {
            inputs.push(lead.value);
            continue;
        }
        match follow(context, node, lead, operand)? {
            // With other axes than it has, the lead would not go with the others.
            Some((same, other, view)) if same == lead.value && view == lead.view => {
                inputs.push(other);
            }
            Some(_) | None => return Ok(None),
        }
    }
    let value = context.emit(node, Op::Select, inputs)?;
    Ok(Some(Tensor::computed(value, lead.view.clone())))
}

/// An operand whose truths or integers, if it is a constant of such, are numbers as computed tensors
/// have them.
pub(super) fn numbers(tensor: &Tensor) -> Result<Tensor, NodeFault> {
    let Tensor::Constant(constant) = tensor else {
        return Ok(tensor.clone());
    };
    let data: Arc<[f32]> = match &constant.data {
        Data::F32(_) => return Ok(tensor.clone()),
        Data::Bool(values) => values.iter().map(|&x| f32::from(u8::from(x))).collect(),
        Data::I64(values) => {
            let exact: Option<Arc<[f32]>> = values.iter().map(|&x| exact(x)).collect();
            exact.ok_or_else(|| {
                let found = format!("`{}` with larger ones", constant.name);
                operand_fault("constant", "of integers up to 2^24", &found)
            })?
        }
        Data::I8(_) | Data::U8(_) => {
            return Err(operand_fault(
                "constant",
                "float32, INT64, INT32 or BOOL",
                &format!("`{}` of {}", constant.name, constant.data.type_name()),
            ));
        }
    };
    Ok(Constant {
        name: constant.name.clone(),
        shape: constant.shape.clone(),
        data: Data::F32(data),
    }
    .into())
}

/// An integer as a float, if that is exact.
#[expect(
    clippy::as_conversions,
    reason = "integers up to 2^24 are exact in f32"
)]
fn exact(x: i64) -> Option<f32> {
    (x.unsigned_abs() <= 1 << 24).then_some(x as f32)
}

/// Max, Min, Sum and Mean of any number of operands.
pub(super) fn variadic(
    context: &mut Context,
    node: &Node<'_>,
    variadic: Variadic,
) -> Result<Tensor, NodeFault> {
    let mut result = node.required(0, "first input")?.clone();
    for index in 1..node.inputs.len() {
        let next = node.required(index, "input")?;
        result = match (&result, next) {
            (Tensor::Constant(a), Tensor::Constant(b)) => {
                fold::arithmetic(context, node, variadic.arithmetic(), a, b)?
            }
            (a, b) => apply(context, node, variadic.op(), a, b)?,
        };
    }
    if !matches!(variadic, Variadic::Mean) || node.inputs.len() == 1 {
        return Ok(result);
    }
    let count = u16::try_from(node.inputs.len())
        .map_err(|_| operand_fault("inputs", "fewer than 65536", "more"))?;
    let share = Constant {
        name: format!("{}/share", node.name),
        shape: Vec::new(),
        data: Data::F32([f32::from(count).recip()].into()),
    };
    match &result {
        Tensor::Constant(sum) => {
            fold::arithmetic(context, node, fold::Arithmetic::Mul, sum, &share)
        }
        Tensor::Activation(_) => {
            let op = Op::Mul { clamp: None };
            apply(context, node, op, &result, &share.into())
        }
    }
}

/// What is made of all operands.
#[derive(Clone, Copy)]
pub(super) enum Variadic {
    Max,
    Min,
    Sum,
    Mean,
}

impl Variadic {
    fn op(self) -> Op {
        match self {
            Self::Max => Op::Binary(Binary::Maximum),
            Self::Min => Op::Binary(Binary::Minimum),
            Self::Sum | Self::Mean => Op::Add { clamp: None },
        }
    }

    fn arithmetic(self) -> fold::Arithmetic {
        match self {
            Self::Max => fold::Arithmetic::Max,
            Self::Min => fold::Arithmetic::Min,
            Self::Sum | Self::Mean => fold::Arithmetic::Add,
        }
    }
}
