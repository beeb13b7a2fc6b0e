//! Operators on constants: computed at import, in the source model's own axis order.

use crate::data::layout::permute;
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault, shape_fault};
use crate::import::onnx::tensor::{Constant, Data, Picking};
pub(super) use crate::ir::broadcast;

/// The arithmetic that is folded. Integers wrap, as they do in ONNX Runtime.
#[derive(Clone, Copy)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
    /// The rest of a division of integers, of the divisor's sign.
    Mod,
}

impl Arithmetic {
    fn float(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Max => a.max(b),
            Self::Min => a.min(b),
            Self::Mod => a - b * (a / b).floor(),
        }
    }

    fn integer(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => Some(a.wrapping_add(b)),
            Self::Sub => Some(a.wrapping_sub(b)),
            Self::Mul => Some(a.wrapping_mul(b)),
            Self::Div => a.checked_div(b),
            Self::Max => Some(a.max(b)),
            Self::Min => Some(a.min(b)),
            Self::Mod => {
                let rest = a.checked_rem(b)?;
                let other_sign = rest != 0 && (rest < 0) != (b < 0);
                Some(if other_sign { rest + b } else { rest })
            }
        }
    }
}

/// `a ∘ b`, broadcasting.
pub(super) fn arithmetic(
    context: &mut Context,
    node: &Node<'_>,
    operation: Arithmetic,
    a: &Constant,
    b: &Constant,
) -> Result<Tensor, NodeFault> {
    let shape = broadcast(&a.shape, &b.shape).ok_or_else(|| {
        operand_fault(
            "inputs",
            "of shapes that broadcast",
            &format!("shapes {:?} and {:?}", a.shape, b.shape),
        )
    })?;
    context.reserve_constant(&shape)?;
    let pair = (&a.data, &b.data);
    if let (Data::F32(x), Data::F32(y)) = pair {
        let (x, y) = (repeated(x, &a.shape, &shape), repeated(y, &b.shape, &shape));
        let data = Data::F32(x.zip(y).map(|(x, y)| operation.float(x, y)).collect());
        return Ok(named_result(node, shape, data));
    }
    let (Some(x), Some(y), true) = (
        a.data.integers(),
        b.data.integers(),
        a.data.type_name() == b.data.type_name(),
    ) else {
        let found = format!("{} and {}", a.data.type_name(), b.data.type_name());
        return Err(operand_fault(
            "inputs",
            "both float32 or both integers of one type",
            &found,
        ));
    };
    let pairs = repeated(&x, &a.shape, &shape).zip(repeated(&y, &b.shape, &shape));
    let values: Option<Vec<i64>> = pairs.map(|(x, y)| operation.integer(x, y)).collect();
    let values = values.ok_or_else(|| operand_fault("divisor", "not 0", "0"))?;
    let data = a.data.of_integers(&values);
    Ok(named_result(node, shape, data))
}

/// The constant that a node's result is.
pub(super) fn named_result(node: &Node<'_>, shape: Vec<usize>, data: Data) -> Tensor {
    Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into()
}

/// The elements of a tensor of shape `from`, repeated to the shape `to`, row-major.
pub(super) fn repeated<'d, T: Copy>(
    data: &'d [T],
    from: &[usize],
    to: &[usize],
) -> impl Iterator<Item = T> + 'd {
    let missing = to.len() - from.len();
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for axis in (0..from.len()).rev() {
        if from[axis] != 1 {
            strides[missing + axis] = stride;
        }
        stride *= from[axis];
    }
    let to = to.to_vec();
    let count: usize = to.iter().product();
    (0..count).map(move |index| {
        let (mut rest, mut at) = (index, 0);
        for axis in (0..to.len()).rev() {
            at += rest % to[axis] * strides[axis];
            rest /= to[axis];
        }
        data[at]
    })
}

/// The same elements in another shape.
pub(super) fn reshaped(node: &Node<'_>, constant: &Constant, shape: Vec<usize>) -> Constant {
    Constant {
        name: named(node, constant),
        shape,
        data: constant.data.clone(),
    }
}

/// A weight keeps the name that it has in the file.
pub(super) fn named(node: &Node<'_>, constant: &Constant) -> String {
    match constant.data {
        Data::F32(_) => constant.name.clone(),
        Data::I8(_) | Data::U8(_) => constant.name.clone(),
        Data::I64(_) | Data::Bool(_) => node.output.clone(),
    }
}

struct Permuted<'p> {
    shape: &'p [usize],
    perm: &'p [usize],
}

impl Picking for Permuted<'_> {
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T> {
        permute(data, self.shape, self.perm)
    }
}

/// Axis `i` of the result is axis `perm[i]`.
pub(super) fn transposed(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
    perm: &[usize],
) -> Result<Tensor, NodeFault> {
    context.reserve_constant(&constant.shape)?;
    let shape = &constant.shape;
    let data = constant.data.picked(&Permuted { shape, perm });
    let shape = perm.iter().map(|&axis| shape[axis]).collect();
    Ok(Constant {
        name: named(node, constant),
        shape,
        data,
    }
    .into())
}

/// Joins constants of one type along an axis.
pub(super) fn concat(
    context: &mut Context,
    node: &Node<'_>,
    parts: &[&Constant],
    axis: usize,
) -> Result<Tensor, NodeFault> {
    let mut shape = parts[0].shape.clone();
    for part in &parts[1..] {
        let fits = part.shape.len() == shape.len()
            && (0..shape.len()).all(|at| at == axis || part.shape[at] == shape[at]);
        if !fits {
            let expected = format!("of shape {shape:?} but for axis {axis}");
            return Err(shape_fault("inputs", &expected, &part.shape));
        }
        // What is too large is refused below.
        shape[axis] = shape[axis].saturating_add(part.shape[axis]);
    }
    context.reserve_constant(&shape)?;
    let outer: usize = shape[..axis].iter().product();
    let lens: Vec<usize> = parts
        .iter()
        .map(|part| part.shape[axis..].iter().product())
        .collect();
    let data = match &parts[0].data {
        Data::F32(_) => {
            joined(parts, &lens, outer, Data::as_f32).map(|data| Data::F32(data.into()))
        }
        Data::I64(_) => {
            joined(parts, &lens, outer, Data::as_i64).map(|data| Data::I64(data.into()))
        }
        Data::Bool(_) | Data::I8(_) | Data::U8(_) => None,
    };
    let data = data.ok_or_else(|| {
        operand_fault(
            "inputs",
            "all float32 or all integers",
            "other or different types",
        )
    })?;
    Ok(Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into())
}

fn joined<T: Copy>(
    parts: &[&Constant],
    lens: &[usize],
    outer: usize,
    elements: impl Fn(&Data) -> Option<&[T]>,
) -> Option<Vec<T>> {
    let data: Option<Vec<&[T]>> = parts.iter().map(|part| elements(&part.data)).collect();
    let data = data?;
    let mut joined = Vec::new();
    for index in 0..outer {
        for (data, &len) in data.iter().zip(lens) {
            joined.extend_from_slice(&data[index * len..(index + 1) * len]);
        }
    }
    Some(joined)
}
