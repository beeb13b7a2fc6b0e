//! Elements of any type: the definitions of what is computed of them, as in `reference`, and ways of
//! random graphs from int8 over other types to int8 again.
#![expect(clippy::as_conversions, reason = "numbers that lose their upper bytes")]

use super::builder::{Builder, int8, params};
use super::random::random_params;
use super::reference::{Tensor, each_element, flat, operand_at};
use crate::ir::ValueId;
use crate::plan::testing::Random;
use crate::quantize::graph::{DType, QOp, QValue};
use tiivis_runtime::blob::{Comparison, Function, Which};

/// The bytes of a constant as numbers.
pub(super) fn widened(dtype: DType, bytes: &[i8]) -> Tensor {
    let chunks = bytes.chunks_exact(usize::try_from(dtype.bytes()).unwrap());
    let number = |chunk: &[i8]| {
        let last = chunk.len() - 1;
        let low = chunk[..last].iter().enumerate();
        let low: i64 = low
            .map(|(at, &byte)| i64::from(byte as u8) << (8 * at))
            .sum();
        low + (i64::from(chunk[last]) << (8 * last))
    };
    chunks.map(number).collect()
}

/// A number modulo the range of a type; of truths, whether it is not 0.
pub(super) fn wrapped(dtype: DType, x: i64) -> i64 {
    match dtype {
        DType::I8 => i64::from(x as i8),
        DType::I16 => i64::from(x as i16),
        DType::I32 => i64::from(x as i32),
        DType::Bool => i64::from(x != 0),
    }
}

/// The function of two numbers, first modulo int32, then clamped.
pub(super) fn arithmetic(
    inputs: &[(&QValue, &Tensor)],
    output: &QValue,
    function: Function,
    [min, max]: [i32; 2],
) -> Tensor {
    each_element(output, |index| {
        let [a, b] = [0, 1].map(|operand| operand_at(inputs, operand, output, index));
        let square = |x: i64| wrapped(DType::I32, x) * wrapped(DType::I32, x);
        let exact = match function {
            Function::Add => a + b,
            Function::Sub => a - b,
            Function::Mul => a * b,
            Function::SquaredDifference => square(a - b),
            Function::Div | Function::FloorDiv | Function::FloorMod if b == 0 => 0,
            Function::Div => a / b,
            Function::FloorDiv => a.div_euclid(b) - i64::from(b < 0 && a.rem_euclid(b) != 0),
            Function::FloorMod => match a.rem_euclid(b) {
                0 => 0,
                rest if b < 0 => rest + b,
                rest => rest,
            },
            Function::Extreme(Which::Smallest) => a.min(b),
            Function::Extreme(Which::Largest) => a.max(b),
            Function::Compare(comparison) => {
                return i64::from(match comparison {
                    Comparison::Equal => a == b,
                    Comparison::NotEqual => a != b,
                    Comparison::Greater => a > b,
                    Comparison::GreaterEqual => a >= b,
                });
            }
        };
        let clamped = wrapped(DType::I32, exact).clamp(min.into(), max.into());
        wrapped(output.dtype, clamped)
    })
}

/// The nearest index of an axis.
fn nearest(index: i64, extent: usize) -> usize {
    usize::try_from(index).unwrap_or(0).min(extent - 1)
}

pub(super) fn gather(
    inputs: &[(&QValue, &Tensor)],
    output: &QValue,
    axis: usize,
    batch_axes: usize,
) -> Tensor {
    let [(table, x), (indices, numbers)] = [inputs[0], inputs[1]];
    let own = indices.shape.len() - batch_axes;
    each_element(output, |at| {
        let (kept, rest) = at.split_at(axis);
        let (places, runs) = rest.split_at(own);
        let place = [&kept[..batch_axes], places].concat();
        let index = nearest(numbers[flat(&indices.shape, &place)], table.shape[axis]);
        x[flat(&table.shape, &[kept, &[index], runs].concat())]
    })
}

pub(super) fn gather_nd(inputs: &[(&QValue, &Tensor)], output: &QValue) -> Tensor {
    let [(table, x), (indices, numbers)] = [inputs[0], inputs[1]];
    let (&components, places) = indices.shape.split_last().unwrap();
    each_element(output, |at| {
        let (place, runs) = at.split_at(places.len());
        let component = |component: usize| {
            let place = [place, &[component]].concat();
            nearest(
                numbers[flat(&indices.shape, &place)],
                table.shape[component],
            )
        };
        let mut index: Vec<usize> = (0..components).map(component).collect();
        index.extend(runs);
        x[flat(&table.shape, &index)]
    })
}

/// What a long value counts in: its scale leaves no bits to lose on the way back.
const FINE: f32 = 0.003;

const WIDE: [DType; 2] = [DType::I16, DType::I32];

/// Over another type and back to int8.
pub(super) fn detour(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    match random.below(6) {
        0 | 1 => indexed(random, builder, input),
        2 => index_of_extreme_in_table(random, builder, input),
        _ => {
            let wide = lengthened(random, builder, input);
            let wide = computed(random, builder, wide);
            let (shape, params) = (builder.shape(wide), random_params(random));
            if random.chance(30) {
                return builder.node(QOp::Cast, &[wide], &shape, params);
            }
            builder.node(QOp::Requantize, &[wide], &shape, params)
        }
    }
}

/// A value as int16 or int32, at its own scale or as it is.
fn lengthened(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let dtype = WIDE[random.below(2)];
    let shape = builder.shape(input);
    let op = if random.chance(50) {
        QOp::Cast
    } else {
        QOp::Requantize
    };
    let wide = builder.node(op, &[input], &shape, params(FINE, 0));
    builder.retype(wide, dtype)
}

/// A function of a long value and a constant, a choice between both, or a border of 0 or -1.
fn computed(random: &mut Random, builder: &mut Builder, wide: ValueId) -> ValueId {
    let (shape, dtype) = (builder.shape(wide), builder.graph.value(wide).dtype);
    let own: Vec<usize> = shape
        .iter()
        .map(|&extent| if random.chance(60) { extent } else { 1 })
        .collect();
    let count = own.iter().product::<usize>() * usize::try_from(dtype.bytes()).unwrap();
    let values = int8(random, count);
    let constant = builder.constant(&own, params(FINE, 0), values);
    let other = builder.retype(constant, dtype);
    let (min, max) = (i32::MIN, i32::MAX);
    let functions = [
        Function::Add,
        Function::Sub,
        Function::Mul,
        Function::SquaredDifference,
        Function::Div,
        Function::FloorDiv,
        Function::FloorMod,
    ];
    let result = match random.below(4) {
        0 => {
            let which = [Which::Smallest, Which::Largest][random.below(2)];
            builder.node(
                QOp::Extreme { which },
                &[other, wide],
                &shape,
                params(FINE, 0),
            )
        }
        1 => {
            let function = Function::Compare(
                [
                    Comparison::Equal,
                    Comparison::NotEqual,
                    Comparison::Greater,
                    Comparison::GreaterEqual,
                ][random.below(4)],
            );
            let op = QOp::Arithmetic { function, min, max };
            let truth = builder.node(op, &[wide, other], &shape, params(1.0, 0));
            let truth = builder.retype(truth, DType::Bool);
            builder.node(QOp::Select, &[truth, wide, other], &shape, params(FINE, 0))
        }
        2 => {
            let mut ends = || -> Vec<usize> {
                let axes = 0..shape.len();
                axes.map(|axis| axis.min(random.below(3))).collect()
            };
            let (before, after) = (ends(), ends());
            let sums = shape.iter().zip(before.iter().zip(&after));
            let padded: Vec<usize> = sums.map(|(x, (b, a))| x + b + a).collect();
            let value = -i16::try_from(random.below(2)).unwrap();
            let op = QOp::Pad {
                before,
                after,
                value,
            };
            builder.node(op, &[wide], &padded, params(FINE, 0))
        }
        _ => {
            let function = functions[random.below(functions.len())];
            let op = QOp::Arithmetic { function, min, max };
            builder.node(op, &[wide, other], &shape, params(FINE, 0))
        }
    };
    builder.retype(result, dtype)
}

/// Parts of a value by constant indices, some of them outside of it.
fn indexed(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let (shape, scale) = (builder.shape(input), builder.params(input));
    let by_axis = random.chance(35);
    let positions = 1 + random.below(4);
    let components = shape.len() - random.below(shape.len().min(3));
    let own = if by_axis {
        vec![positions]
    } else {
        vec![1, positions, components]
    };
    let count = own.iter().product::<usize>();
    let bytes = (0..count).flat_map(|_| {
        let index = i32::try_from(random.below(7)).unwrap() - 1;
        index.to_le_bytes().map(|byte| byte as i8)
    });
    let values: Vec<i8> = bytes.collect();
    let indices = builder.constant(&own, params(1.0, 0), values);
    let indices = builder.retype(indices, DType::I32);
    if by_axis {
        let axis = 1 + random.below(shape.len() - 1);
        let mut output = shape;
        output[axis] = positions;
        let op = QOp::Gather {
            axis,
            batch_axes: 0,
        };
        return builder.node(op, &[input, indices], &output, scale);
    }
    let output = [&[1, positions], &shape[components..]].concat();
    builder.node(QOp::GatherNd, &[input, indices], &output, scale)
}

/// Rows of a constant table by indices of extremes: an embedding.
fn index_of_extreme_in_table(
    random: &mut Random,
    builder: &mut Builder,
    input: ValueId,
) -> ValueId {
    let shape = builder.shape(input);
    let axis = 1 + random.below(shape.len() - 1);
    let mut by = shape.clone();
    by.remove(axis);
    let op = QOp::ArgExtreme {
        axis,
        largest: random.chance(50),
        last: random.chance(50),
    };
    let indices = builder.node(op, &[input], &by, params(1.0, 0));
    let indices = builder.retype(indices, DType::I32);
    let (rows, depth) = (1 + random.below(4), 1 + random.below(5));
    let (scale, values) = (random_params(random), int8(random, rows * depth));
    let table = builder.constant(&[rows, depth], scale, values);
    let op = QOp::Gather {
        axis: 0,
        batch_axes: 0,
    };
    builder.node(op, &[table, indices], &[&by[..], &[depth]].concat(), scale)
}
