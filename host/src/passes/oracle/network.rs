//! Random networks.

use super::builder::{Builder, window};
use crate::ir::{Clamp, IndexMap, Op};

/// Random operators in a row and side by side, with many zeros in the weights.
pub(crate) fn random_network(seed: u64) -> Builder {
    let mut b = Builder::new(seed);
    let mut values = vec![b.input(&[1, 6, 6, 4])];
    for _ in 0..14 {
        let x = values[values.len() - 1 - b.random.below(values.len().min(3))];
        let shape = b.graph.shape(x).to_vec();
        let roomy = shape[1] >= 3;
        let clamp = [
            None,
            Some(Clamp {
                min: -0.5,
                max: 1.0,
            }),
        ][b.random.below(2)];
        let y = match b.random.below(13) {
            0 | 1 if roomy => {
                let padding = b.random.below(2);
                b.conv(x, 4, window(3, 1, padding), 1, clamp)
            }
            2 => b.conv(x, 4, window(1, 1, 0), 4, clamp),
            3 if roomy => b.conv(x, 4, window(3, 1, 1), 4, clamp),
            4 => b.batch_norm(x),
            5 => b.relu(x),
            6 => {
                let c = b.random_constant(&[4], 1.0);
                b.node(Op::Mul { clamp }, &[c, x])
            }
            7 if roomy => b.max_pool(x, window(2, 1, 0)),
            8 if roomy => b.avg_pool(x, window(3, 1, 1), true),
            9 if shape[1] < 8 => {
                let value = [0.0, 1.0][b.random.below(2)];
                b.pad(x, 1, value)
            }
            10 => {
                let perm = vec![0, 2, 1, 3];
                b.node(Op::Transpose { perm }, &[x])
            }
            11 => {
                let all = IndexMap::all;
                let rows = IndexMap::of((0..shape[1]).rev().collect());
                let maps = vec![all(1), rows, all(shape[2]), all(4)];
                b.node(Op::Take { maps }, &[x])
            }
            _ => b.dense(x, 4, clamp),
        };
        values.push(y);
        if b.random.below(4) == 0 && b.graph.shape(y) == shape {
            let sum = b.node(Op::Add { clamp: None }, &[x, y]);
            values.push(sum);
        }
    }
    b.output(values[values.len() - 1]);
    zero_some_weights(&mut b);
    b.graph.compact();
    b
}

/// Sets whole filters and whole input channels to zero.
fn zero_some_weights(b: &mut Builder) {
    for index in 0..b.graph.nodes.len() {
        if !matches!(b.graph.nodes[index].op, Op::Conv2d(_) | Op::Dense { .. }) {
            continue;
        }
        let weights = b.graph.nodes[index].inputs[1];
        let (output, input) = (b.random.below(4), b.random.below(8));
        let value = b.graph.value_mut(weights);
        let row: usize = value.shape[1..].iter().product();
        let data = value.constant.as_ref().unwrap().iter().enumerate();
        let zeroed = data.map(|(i, &w)| {
            let silent = i / row == output || (row > 9 || row == 4) && i % 4 == input;
            if silent { 0.0 } else { w }
        });
        value.constant = Some(zeroed.collect());
    }
}
