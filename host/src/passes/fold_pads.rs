//! Explicit pads into the window operators behind them, and into each other.

use super::rewrite::{exhaust, is_padded};
use super::simplify::Pass;
use crate::ir::{Activation, Clamp, Graph, Op, Pad, ValueId, Window2d};

pub(super) const PASS: Pass = Pass {
    name: "fold-pads",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        let node = &graph.nodes[index];
        let Some(before) = graph.producer(node.inputs[0]) else {
            return false;
        };
        let Op::Pad(pad) = &graph.nodes[before].op else {
            return false;
        };
        let x = graph.nodes[before].inputs[0];
        let Some(op) = with_pad(graph, &node.op, pad, x) else {
            return false;
        };
        let node = &mut graph.nodes[index];
        node.op = op;
        node.inputs[0] = x;
        true
    })
}

/// The operator that does to `x` what `op` does to `x` padded, if there is one.
fn with_pad(graph: &Graph, op: &Op, pad: &Pad, x: ValueId) -> Option<Op> {
    match op {
        Op::Conv2d(conv) if pad.value == 0.0 => {
            let mut conv = conv.clone();
            conv.window = widened(&conv.window, pad)?;
            Some(Op::Conv2d(conv))
        }
        // Padding of the pool's own that does not count cannot be told from what is to count.
        Op::AvgPool2d(pool)
            if pad.value == 0.0 && (pool.count_include_pad || !is_padded(&pool.window)) =>
        {
            let mut pool = pool.clone();
            pool.window = widened(&pool.window, pad)?;
            pool.count_include_pad = true;
            Some(Op::AvgPool2d(pool))
        }
        // The border never wins if nothing is smaller than it and no window lies within it.
        Op::MaxPool2d(pool) if pad.value <= lower_bound(graph, x) => {
            let mut pool = pool.clone();
            pool.window = widened(&pool.window, pad)?;
            every_window_meets(&pool.window, graph.shape(x)).then_some(Op::MaxPool2d(pool))
        }
        Op::Pad(outer) if outer.value.total_cmp(&pad.value).is_eq() => {
            let sum = |a: &[usize], b: &[usize]| a.iter().zip(b).map(|(a, b)| a + b).collect();
            Some(Op::Pad(Pad {
                before: sum(&pad.before, &outer.before),
                after: sum(&pad.after, &outer.after),
                value: pad.value,
            }))
        }
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::AvgPool2d(_)
        | Op::MaxPool2d(_)
        | Op::Pad(_)
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Softmax
        | Op::Identity => None,
    }
}

/// The window with the pad added to its own padding; none if the pad is not of rows and columns
/// only.
fn widened(window: &Window2d, pad: &Pad) -> Option<Window2d> {
    let ([0, top, left, 0], [0, bottom, right, 0]) = (&pad.before[..], &pad.after[..]) else {
        return None;
    };
    let mut window = window.clone();
    window.pad_before[0] += top;
    window.pad_before[1] += left;
    window.pad_after[0] += bottom;
    window.pad_after[1] += right;
    Some(window)
}

/// A bound below everything that a value can be; values are finite.
fn lower_bound(graph: &Graph, id: ValueId) -> f32 {
    const NONE: f32 = f32::MIN;
    let of = |clamp: Option<Clamp>| clamp.map_or(NONE, |clamp| clamp.min.max(NONE));
    if let Some(data) = graph.constant(id) {
        return data.iter().copied().fold(f32::INFINITY, f32::min);
    }
    let Some(producer) = graph.producer(id) else {
        return NONE;
    };
    let node = &graph.nodes[producer];
    let of_inputs = || {
        let bounds = node.inputs.iter().map(|&id| lower_bound(graph, id));
        bounds.fold(f32::INFINITY, f32::min)
    };
    match &node.op {
        Op::Conv2d(conv) => of(conv.clamp),
        Op::ConvTranspose2d(conv) => of(conv.clamp),
        Op::Dense { clamp } | Op::Add { clamp } | Op::Sub { clamp } | Op::Mul { clamp } => {
            of(*clamp)
        }
        Op::MaxPool2d(pool) => of(pool.clamp).max(of_inputs()),
        Op::AvgPool2d(pool) => of(pool.clamp).max(of_inputs().min(0.0)),
        Op::Activation(Activation::Clamp(clamp)) => of(Some(*clamp)),
        Op::Activation(Activation::Sigmoid | Activation::HardSigmoid { .. }) | Op::Softmax => 0.0,
        Op::Activation(Activation::Tanh) => -1.0,
        Op::Activation(
            Activation::LeakyRelu { .. } | Activation::Elu { .. } | Activation::HardSwish,
        )
        | Op::MatMul { .. }
        | Op::BatchNorm { .. } => NONE,
        Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Identity => of_inputs(),
        Op::Pad(pad) => of_inputs().min(pad.value),
    }
}

/// Whether every window holds at least one element of an input of this shape.
fn every_window_meets(window: &Window2d, shape: &[usize]) -> bool {
    (0..2).all(|axis| {
        let len = shape[axis + 1];
        let (before, after) = (window.pad_before[axis], window.pad_after[axis]);
        let reach = (window.kernel[axis] - 1) * window.dilation[axis];
        let first_positions =
            (0..(before + len + after).saturating_sub(reach)).step_by(window.stride[axis]);
        first_positions.into_iter().all(|first| {
            let mut taps = (first..=first + reach).step_by(window.dilation[axis]);
            taps.any(|tap| (before..before + len).contains(&tap))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::{Builder, RELU, check, window};

    #[test]
    fn zeros_go_into_convolutions_and_pools() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 6, 5, 2]);
        let padded = b.pad(x, 1, 0.0);
        let conv = b.conv(padded, 3, window(3, 2, 1), 1, None);
        let grouped = b.conv(padded, 4, window(3, 1, 0), 2, None);
        let mean = b.avg_pool(padded, window(3, 2, 0), false);
        let counted = b.avg_pool(padded, window(3, 1, 1), true);
        for y in [conv, grouped, mean, counted] {
            b.output(y);
        }
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 4);
        let Op::Conv2d(conv) = &after.nodes[0].op else {
            panic!("{:?}", after.nodes[0])
        };
        assert_eq!(conv.window.pad_before, [2, 2]);
    }

    #[test]
    fn borders_that_never_win_go_into_max_pools() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 6, 6, 2]);
        let lowest = b.pad(x, 1, f32::MIN);
        let lowest = b.max_pool(lowest, window(3, 2, 0));
        let conv = b.conv(x, 2, window(1, 1, 0), 1, Some(RELU));
        let zeros = b.pad(conv, 1, 0.0);
        let zeros = b.max_pool(zeros, window(3, 2, 0));
        b.output(lowest);
        b.output(zeros);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 3);
    }

    #[test]
    fn pads_in_a_row_become_one() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 3, 3, 1]);
        let y = b.pad(x, 1, 2.0);
        let y = b.pad(y, 2, 2.0);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 1);
    }

    #[test]
    fn borders_that_matter_stay() {
        let mut b = Builder::new(4);
        let x = b.input(&[1, 4, 4, 1]);
        let relu = b.relu(x);
        let ones = b.pad(x, 1, 1.0);
        let zeros = b.pad(x, 1, 0.0);
        // Windows of padding alone have no other element.
        let wide = b.pad(relu, 2, 0.0);
        let deep = Pad {
            before: vec![0, 0, 0, 1],
            after: vec![0; 4],
            value: 0.0,
        };
        let deep = b.node(Op::Pad(deep), &[x]);
        let outputs = [
            b.conv(ones, 1, window(3, 1, 0), 1, None),
            b.max_pool(zeros, window(2, 1, 0)),
            b.max_pool(wide, window(2, 1, 0)),
            b.conv(deep, 1, window(2, 1, 0), 1, None),
            b.avg_pool(zeros, window(3, 1, 1), false),
            b.pad(ones, 1, 0.0),
        ];
        for y in outputs {
            b.output(y);
        }
        assert_eq!(check(&b.graph, PASS), b.graph);
    }
}
