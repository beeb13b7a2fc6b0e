//! Elements of any type: functions of two integers, choices, conversions and gathers, against their
//! definitions in wide integers, and through blobs with broadcasting and outputs in place.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and helpers that several tests share"
)]

mod oracle;
mod programs;

use oracle::{NOWHERE, Random, requantize};
use programs::Builder;
use tiivis_runtime::blob::*;
use tiivis_runtime::{Aligned, Model, flatten, flatten_mut, kernels};

const TYPES: [DType; 4] = [DType::I8, DType::I16, DType::I32, DType::Bool];

const FUNCTIONS: [Function; 13] = [
    Function::Add,
    Function::Sub,
    Function::Mul,
    Function::SquaredDifference,
    Function::Div,
    Function::FloorDiv,
    Function::FloorMod,
    Function::Extreme(Which::Smallest),
    Function::Extreme(Which::Largest),
    Function::Compare(Comparison::Equal),
    Function::Compare(Comparison::NotEqual),
    Function::Compare(Comparison::Greater),
    Function::Compare(Comparison::GreaterEqual),
];

fn plain(source: Source, shape: [u32; 4]) -> Plain {
    Plain { source, shape }
}

fn arithmetic(function: Function, dtype: DType) -> Arithmetic {
    let nowhere = plain(Source::Arena(NOWHERE), [1; 4]);
    Arithmetic {
        a: nowhere,
        b: nowhere,
        output: NOWHERE,
        shape: [1; 4],
        dtype,
        function,
        min: i32::MIN,
        max: i32::MAX,
    }
}

/// The function by its definition, modulo 2^32.
fn definition(p: &Arithmetic, a: i32, b: i32) -> i32 {
    let (x, y) = (i64::from(a), i64::from(b));
    let quotient = if y == 0 { 0.0 } else { x as f64 / y as f64 };
    let exact = match p.function {
        Function::Add => x + y,
        Function::Sub => x - y,
        Function::Mul => x * y,
        Function::SquaredDifference => ((x - y) as i32 as i64) * ((x - y) as i32 as i64),
        Function::Div => quotient.trunc() as i64,
        Function::FloorDiv => quotient.floor() as i64,
        Function::FloorMod if y == 0 => 0,
        Function::FloorMod => x - y * quotient.floor() as i64,
        Function::Extreme(Which::Smallest) => x.min(y),
        Function::Extreme(Which::Largest) => x.max(y),
        Function::Compare(Comparison::Equal) => return i32::from(x == y),
        Function::Compare(Comparison::NotEqual) => return i32::from(x != y),
        Function::Compare(Comparison::Greater) => return i32::from(x > y),
        Function::Compare(Comparison::GreaterEqual) => return i32::from(x >= y),
    };
    (exact as i32).clamp(p.min, p.max)
}

#[test]
fn functions_of_two_integers_are_what_they_are_called() {
    let mut random = Random::new(41);
    let edges = [i32::MIN, i32::MIN + 1, -7, -1, 0, 1, 2, 46_341, i32::MAX];
    for function in FUNCTIONS {
        let mut params = arithmetic(function, DType::I32);
        for a in edges {
            for b in edges {
                let expected = definition(&params, a, b);
                assert_eq!(
                    kernels::arithmetic(&params, a, b),
                    expected,
                    "{function:?} {a} {b}"
                );
            }
        }
        for _ in 0..2000 {
            let mut number = || random.range(-300, 300) as i32;
            let (low, high) = (number(), number());
            (params.min, params.max) = (low.min(high), low.max(high));
            let (a, b) = (number(), number());
            let expected = definition(&params, a, b);
            assert_eq!(
                kernels::arithmetic(&params, a, b),
                expected,
                "{function:?} {a} {b}"
            );
        }
    }
}

/// Numbers as bytes of a type.
fn bytes(dtype: DType, values: &[i32]) -> Vec<i8> {
    let width = dtype.bytes() as usize;
    let little = |value: &i32| value.to_le_bytes().into_iter().take(width);
    values
        .iter()
        .flat_map(little)
        .map(|byte| byte as i8)
        .collect()
}

/// Bytes of a type as numbers.
fn numbers(dtype: DType, bytes: &[i8]) -> Vec<i32> {
    let chunks = bytes.chunks_exact(dtype.bytes() as usize);
    let number = |chunk: &[i8]| {
        let fill = if chunk[chunk.len() - 1] < 0 { 255 } else { 0 };
        let byte = |at: usize| chunk.get(at).map_or(fill, |&byte| byte as u8);
        i32::from_le_bytes([0, 1, 2, 3].map(byte))
    };
    chunks.map(number).collect()
}

fn random_numbers(random: &mut Random, dtype: DType, count: u32) -> Vec<i32> {
    let (min, max) = dtype.range();
    let near = random.range(0, 1) == 0;
    let (low, high) = if near {
        (min.max(-3), max.min(3))
    } else {
        (min, max)
    };
    (0..count)
        .map(|_| random.range(low.into(), high.into()) as i32)
        .collect()
}

/// Runs a blob; the inputs are bytes of the arena.
fn run(builder: &Builder, inputs: &[(Span, Vec<i8>)], output: Span) -> Vec<i8> {
    let blob = builder.finish(&[output], &[output]);
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = vec![Aligned([77i8; 16]); model.arena_bytes().div_ceil(16)];
    for (span, values) in inputs {
        let bytes = flatten_mut(&mut arena);
        bytes[span.offset as usize..][..span.len as usize].copy_from_slice(values);
    }
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    session.run();
    session.output(0).to_vec()
}

/// An operand of a random broadcast shape, and its numbers; constant or an activation.
fn random_operand(
    random: &mut Random,
    builder: &mut Builder,
    inputs: &mut Vec<(Span, Vec<i8>)>,
    dtype: DType,
    shape: [u32; 4],
) -> (Plain, Vec<i32>) {
    let whole = random.range(0, 1) == 0;
    let own = shape.map(|extent| {
        if whole || random.range(0, 2) > 0 {
            extent
        } else {
            1
        }
    });
    let count = own.iter().product::<u32>();
    let values = random_numbers(random, dtype, count);
    let source = if random.range(0, 3) == 0 {
        Source::Data(match dtype {
            DType::I8 | DType::Bool => builder.int8(&bytes(dtype, &values)),
            DType::I16 => {
                let values: Vec<i16> = values.iter().map(|&x| x as i16).collect();
                builder.int16(&values)
            }
            DType::I32 => builder.int32(&values),
        })
    } else {
        let span = builder.activation(count * dtype.bytes());
        inputs.push((span, bytes(dtype, &values)));
        Source::Arena(span)
    };
    (plain(source, own), values)
}

/// An operand's number for each element of the output.
fn broadcast((operand, values): &(Plain, Vec<i32>), shape: [u32; 4]) -> Vec<i32> {
    let count = shape.iter().product::<u32>();
    let at = |index: u32| {
        let (mut rest, mut place, mut pitch) = (index, 0, 1);
        for axis in (0..4).rev() {
            let at = rest % shape[axis];
            rest /= shape[axis];
            place += if operand.shape[axis] == 1 {
                0
            } else {
                at * pitch
            };
            pitch *= operand.shape[axis];
        }
        values[place as usize]
    };
    (0..count).map(at).collect()
}

#[test]
fn operands_are_broadcast_constant_and_overwritten() {
    let mut random = Random::new(42);
    let mut in_place = 0;
    for case in 0..600 {
        let shape = [2, 3, 2, 5].map(|most| random.extent(1, most));
        let count = shape.iter().product::<u32>();
        let (mut builder, mut inputs) = (Builder::new(), Vec::new());
        let is_choice = case % 3 == 0;
        let dtype = TYPES[random.range(if is_choice { 0 } else { 1 }, 2) as usize];
        let mut operand =
            |dtype| random_operand(&mut random, &mut builder, &mut inputs, dtype, shape);
        let condition = operand(DType::Bool);
        let zero_point = case % 2;
        let (a, b) = (operand(dtype), operand(dtype));
        let function = FUNCTIONS[random.range(0, 12) as usize];
        let of_output = match function {
            Function::Compare(_) if !is_choice => DType::Bool,
            _ => dtype,
        };
        let overwritten = match a.0.source {
            Source::Arena(span) if a.0.shape == shape && of_output == dtype => Some(span),
            _ => None,
        };
        in_place += usize::from(overwritten.is_some());
        let output = overwritten.unwrap_or_else(|| builder.activation(count * of_output.bytes()));
        let params = Arithmetic {
            a: a.0,
            b: b.0,
            output,
            shape,
            ..arithmetic(function, dtype)
        };
        builder.dtype = of_output;
        builder.step(if is_choice {
            Op::Choose(Choose {
                condition: condition.0,
                condition_zero_point: zero_point as i8,
                a: a.0,
                b: b.0,
                output,
                shape,
                dtype,
            })
        } else {
            Op::Arithmetic(params)
        });
        let found = numbers(of_output, &run(&builder, &inputs, output));
        let [conditions, a, b] = [&condition, &a, &b].map(|operand| broadcast(operand, shape));
        let pairs = a.iter().zip(&b).zip(&conditions);
        let expected: Vec<i32> = pairs
            .map(|((&a, &b), &condition)| match is_choice {
                true if condition != zero_point => a,
                true => b,
                false => definition(&params, a, b),
            })
            .collect();
        // A result of int16 loses its upper bytes.
        let expected = numbers(of_output, &bytes(of_output, &expected));
        assert_eq!(found, expected, "{case}: {params:?}");
    }
    assert!(in_place > 50, "{in_place}");
}

#[test]
fn every_type_becomes_every_other() {
    let mut random = Random::new(43);
    for case in 0..800 {
        let [from, to] = [0, 0].map(|_| TYPES[random.range(0, 3) as usize]);
        let values = random_numbers(&mut random, from, 9);
        let mut point = |dtype: DType| {
            let (min, max) = dtype.range();
            random.range(min.max(-200).into(), max.min(200).into()) as i32
        };
        let rescale = (case % 2 == 0).then_some(Rescale {
            input_zero_point: point(from),
            output_zero_point: point(to),
            scale: random.scale(-12, 0),
        });
        let params = Convert {
            input: NOWHERE,
            output: NOWHERE,
            from,
            to,
            rescale,
        };
        let mut output = vec![99; 9 * to.bytes() as usize];
        kernels::convert(&params, &bytes(from, &values), &mut output);
        let expected: Vec<i32> = values
            .iter()
            .map(|&x| match rescale {
                None if to == DType::Bool => i32::from(x != 0),
                None => x,
                Some(rescale) => {
                    let (min, max) = to.range();
                    let difference = x.wrapping_sub(rescale.input_zero_point);
                    let scale = rescale.scale;
                    let scaled = requantize(difference.into(), scale.multiplier, scale.shift);
                    let sum = scaled + i128::from(rescale.output_zero_point);
                    (sum as i32).clamp(min, max)
                }
            })
            .collect();
        assert_eq!(output, bytes(to, &expected), "{params:?} of {values:?}");
    }
}

#[test]
fn indices_find_their_parts_and_the_nearest_where_they_are_outside() {
    let mut random = Random::new(44);
    for _ in 0..400 {
        let components = random.extent(1, 4);
        let mut extents = [1; GATHER_COMPONENTS];
        for extent in &mut extents[..components as usize] {
            *extent = random.extent(1, 4);
        }
        let [batches, outer, positions, run_bytes] =
            [2, 3, 4, 5].map(|most| random.extent(1, most));
        let params = Gather {
            table: Source::Arena(NOWHERE),
            indices: Source::Arena(NOWHERE),
            output: NOWHERE,
            batches,
            outer,
            extents,
            components,
            positions,
            run_bytes,
        };
        let parts = extents.iter().product::<u32>();
        let table = random.values(batches * outer * parts * run_bytes);
        let indices: Vec<i32> = (0..batches * positions * components)
            .map(|_| match random.range(0, 20) {
                0 => i32::MIN,
                1 => i32::MAX,
                _ => random.range(-1, 4) as i32,
            })
            .collect();
        let mut output = vec![99; (batches * outer * positions * run_bytes) as usize];
        kernels::gather(&params, &table, &bytes(DType::I32, &indices), &mut output);
        let mut expected = Vec::new();
        for batch in 0..batches {
            for part in 0..outer {
                for position in 0..positions {
                    let first = ((batch * positions + position) * components) as usize;
                    let index = &indices[first..first + components as usize];
                    let mut at = (batch * outer + part) as usize;
                    for (&component, &extent) in index.iter().zip(&extents) {
                        let inside = component.clamp(0, extent as i32 - 1);
                        at = at * extent as usize + inside as usize;
                    }
                    let run = run_bytes as usize;
                    expected.extend_from_slice(&table[at * run..][..run]);
                }
            }
        }
        assert_eq!(output, expected, "{params:?}");
    }
}
