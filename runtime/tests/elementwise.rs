//! Quotient, squared difference, extremes, comparison, choice and rectifier with slopes: against
//! their definitions in wide integers, and through blobs with broadcasting and outputs in place.
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

fn operand(random: &mut Random) -> Operand {
    Operand {
        source: Source::Arena(NOWHERE),
        shape: [1; 4],
        zero_point: random.int8().into(),
    }
}

/// All 65,536 pairs.
fn pairs() -> (Vec<i8>, Vec<i8>) {
    (i8::MIN..=i8::MAX)
        .flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)))
        .unzip()
}

fn less(operand: &Operand, x: i8) -> i128 {
    i128::from(i32::from(x) - operand.zero_point)
}

fn random_squared(random: &mut Random) -> AddSub {
    let (low, high) = (random.int8(), random.int8());
    AddSub {
        a: operand(random),
        b: operand(random),
        output: NOWHERE,
        shape: [1; 4],
        left_shift: 7,
        a_scale: random.scale(-5, -1),
        b_scale: random.scale(-5, -1),
        output_scale: random.scale(-25, -1),
        output_zero_point: random.int8().into(),
        min: low.min(high).into(),
        max: low.max(high).into(),
    }
}

fn squared_oracle(p: &AddSub, a: i8, b: i8) -> i8 {
    let a = requantize(less(&p.a, a) << 7, p.a_scale.multiplier, p.a_scale.shift);
    let b = requantize(less(&p.b, b) << 7, p.b_scale.multiplier, p.b_scale.shift);
    let scale = p.output_scale;
    let out = requantize((a - b) * (a - b), scale.multiplier, scale.shift);
    (out + i128::from(p.output_zero_point)).clamp(p.min.into(), p.max.into()) as i8
}

fn random_compare(random: &mut Random) -> Compare {
    let kinds = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Greater,
        Comparison::GreaterEqual,
    ];
    Compare {
        a: operand(random),
        b: operand(random),
        output: NOWHERE,
        shape: [1; 4],
        comparison: kinds[random.extent(0, 3) as usize],
        left_shift: 8,
        a_scale: random.scale(-5, 0),
        b_scale: random.scale(-5, 0),
    }
}

fn compare_oracle(p: &Compare, a: i8, b: i8) -> i8 {
    let a = requantize(less(&p.a, a) << 8, p.a_scale.multiplier, p.a_scale.shift);
    let b = requantize(less(&p.b, b) << 8, p.b_scale.multiplier, p.b_scale.shift);
    i8::from(match p.comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Greater => a > b,
        Comparison::GreaterEqual => a >= b,
    })
}

fn random_prelu(random: &mut Random) -> Prelu {
    Prelu {
        input: operand(random),
        slope: operand(random),
        output: NOWHERE,
        shape: [1; 4],
        positive: random.scale(-6, 3),
        negative: random.scale(-12, 2),
        output_zero_point: random.int8().into(),
    }
}

fn prelu_oracle(p: &Prelu, x: i8, slope: i8) -> i8 {
    let x = less(&p.input, x);
    let (value, scale) = if x >= 0 {
        (x, p.positive)
    } else {
        (x * less(&p.slope, slope), p.negative)
    };
    let out = requantize(value, scale.multiplier, scale.shift) + i128::from(p.output_zero_point);
    out.clamp(-128, 127) as i8
}

#[test]
fn every_pair_of_values_equals_the_definition() {
    let mut random = Random::new(21);
    let (a, b) = pairs();
    let mut output = vec![0; a.len()];
    let expected = |f: &dyn Fn(i8, i8) -> i8| -> Vec<i8> {
        a.iter().zip(&b).map(|(&a, &b)| f(a, b)).collect()
    };
    for _ in 0..12 {
        let p = random_squared(&mut random);
        kernels::squared_difference(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| squared_oracle(&p, a, b)), "{p:?}");
        let p = random_compare(&mut random);
        kernels::compare(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| compare_oracle(&p, a, b)), "{p:?}");
        let p = random_prelu(&mut random);
        kernels::prelu(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| prelu_oracle(&p, a, b)), "{p:?}");
    }
    kernels::extreme(Which::Largest, &a, &b, &mut output);
    assert_eq!(output, expected(&i8::max));
    kernels::extreme(Which::Smallest, &a, &b, &mut output);
    assert_eq!(output, expected(&i8::min));
}

#[test]
fn a_quotient_is_the_real_one_rounded_and_saturates_at_a_divisor_of_zero() {
    let (a, b) = pairs();
    let mut output = vec![0; a.len()];
    let mut random = Random::new(22);
    for _ in 0..24 {
        let p = Mul {
            a: operand(&mut random),
            b: operand(&mut random),
            output: NOWHERE,
            shape: [1; 4],
            output_scale: Scale {
                multiplier: random.range(1 << 30, i32::MAX.into()) as i32,
                shift: random.range(-8, 8) as i8,
            },
            output_zero_point: random.int8().into(),
            min: -128,
            max: 127,
        };
        kernels::div(&p, &a, &b, &mut output);
        let unit =
            f64::from(p.output_scale.multiplier) / 2f64.powi(31 - i32::from(p.output_scale.shift));
        for ((&a, &b), &out) in a.iter().zip(&b).zip(&output) {
            let (a, b) = (less(&p.a, a) as f64, less(&p.b, b) as f64);
            if a == 0.0 && b == 0.0 {
                assert_eq!(i32::from(out), p.output_zero_point);
                continue;
            }
            // Halves and Q0.31 reciprocals leave a hair.
            let real = (a / b) * unit + f64::from(p.output_zero_point);
            let error = (f64::from(out) - real.clamp(-128., 127.)).abs();
            assert!(error < 0.5001, "{a} / {b}: {out}, {real}, {p:?}");
        }
    }
    // The smallest scale there is shifts everything out.
    let p = Mul {
        output_scale: Scale {
            multiplier: 1 << 30,
            shift: -31,
        },
        output_zero_point: 3,
        ..Mul {
            a: operand(&mut random),
            b: operand(&mut random),
            output: NOWHERE,
            shape: [1; 4],
            output_scale: Scale {
                multiplier: 0,
                shift: 0,
            },
            output_zero_point: 0,
            min: -128,
            max: 127,
        }
    };
    kernels::div(&p, &a, &b, &mut output);
    for ((_, &b), &out) in a.iter().zip(&b).zip(&output) {
        assert!(out == 3 || less(&p.b, b) == 0);
    }
}

/// Runs one step on inputs that lie where the step says.
fn run(builder: &Builder, inputs: &[(Span, Vec<i8>)], output: Span) -> Vec<i8> {
    let mut spans: Vec<Span> = inputs.iter().map(|(span, _)| *span).collect();
    if spans.is_empty() {
        // A model has an input, wanted or not.
        spans.push(output);
    }
    let blob = builder.finish(&spans, &[output]);
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    for (index, (_, values)) in inputs.iter().enumerate() {
        session.input_mut(index).copy_from_slice(values);
    }
    session.run();
    session.output(0).to_vec()
}

#[test]
fn a_choice_between_broadcast_constant_and_overwritten_operands() {
    const ZERO_POINT: i8 = -128;
    let mut random = Random::new(23);
    for case in 0..600 {
        let shape: [u32; 4] = core::array::from_fn(|axis| {
            let most = if axis == 3 { 70 } else { 3 };
            random.extent(1, most)
        });
        let mut builder = Builder::new();
        let output = builder.activation(shape.iter().product());
        let mut inputs: Vec<(Span, Vec<i8>)> = Vec::new();
        let mut overwritten: Option<Vec<i8>> = None;
        let mut place = |random: &mut Random, is_condition: bool| {
            let place = random.extent(0, if is_condition { 1 } else { 2 });
            let mut own = shape;
            if place != 2 && case % 3 != 0 {
                for axis in &mut own {
                    if random.range(0, 1) == 0 {
                        *axis = 1;
                    }
                }
            }
            let mut values = random.values(own.iter().product());
            if is_condition {
                values = values
                    .iter()
                    .map(|value| ZERO_POINT + (value & 1))
                    .collect();
            }
            let source = match place {
                0 => Source::Data(builder.int8(&values)),
                1 => {
                    let span = builder.activation(values.len() as u32);
                    inputs.push((span, values.clone()));
                    Source::Arena(span)
                }
                _ => {
                    if let Some(others) = &overwritten {
                        values.clone_from(others);
                    } else {
                        inputs.push((output, values.clone()));
                        overwritten = Some(values.clone());
                    }
                    Source::Arena(output)
                }
            };
            let operand = Operand {
                source,
                shape: own,
                zero_point: if is_condition { ZERO_POINT.into() } else { 0 },
            };
            (operand, values)
        };
        let (condition, chosen) = place(&mut random, true);
        let (a, a_values) = place(&mut random, false);
        let (b, b_values) = place(&mut random, false);
        builder.step(Op::Select(Select {
            condition,
            a,
            b,
            output,
            shape,
        }));
        let got = run(&builder, &inputs, output);
        for (index, &got) in (0u32..).zip(&got) {
            let mut rest = index;
            let mut at = [0; 4];
            for axis in (0..4).rev() {
                (at[axis], rest) = (rest % shape[axis], rest / shape[axis]);
            }
            let value = |operand: &Operand, values: &[i8]| {
                let index = (0..4).fold(0, |index, axis| {
                    let extent = operand.shape[axis];
                    index * extent + if extent == 1 { 0 } else { at[axis] }
                });
                values[index as usize]
            };
            let expected = if value(&condition, &chosen) == ZERO_POINT {
                value(&b, &b_values)
            } else {
                value(&a, &a_values)
            };
            assert_eq!(got, expected, "{at:?} of case {case}");
        }
    }
}

#[test]
fn every_operator_goes_through_a_blob() {
    // The walk over operands is tested with the sums; here, that each operator takes its operands
    // in order.
    let mut random = Random::new(24);
    let shape = [1, 1, 2, 5];
    for _ in 0..50 {
        let mut builder = Builder::new();
        let [a_span, b_span, output] = [10, 5, 10].map(|len| builder.activation(len));
        let (a_values, b_values) = (random.values(10), random.values(5));
        let place = |operand: Operand, span, shape| Operand {
            source: Source::Arena(span),
            shape,
            ..operand
        };
        let squared = random_squared(&mut random);
        let compare = random_compare(&mut random);
        let prelu = random_prelu(&mut random);
        let row = [1, 1, 1, 5];
        type Oracle<'o> = &'o dyn Fn(i8, i8) -> i8;
        let ops: [(Op, Oracle<'_>); 4] = [
            (
                Op::SquaredDifference(AddSub {
                    a: place(squared.a, a_span, shape),
                    b: place(squared.b, b_span, row),
                    output,
                    shape,
                    ..squared
                }),
                &|a, b| squared_oracle(&squared, a, b),
            ),
            (
                Op::Compare(Compare {
                    a: place(compare.a, a_span, shape),
                    b: place(compare.b, b_span, row),
                    output,
                    shape,
                    ..compare
                }),
                &|a, b| compare_oracle(&compare, a, b),
            ),
            (
                Op::Prelu(Prelu {
                    input: place(prelu.input, a_span, shape),
                    slope: place(prelu.slope, b_span, row),
                    output,
                    shape,
                    ..prelu
                }),
                &|a, b| prelu_oracle(&prelu, a, b),
            ),
            (
                Op::Extreme(Extreme {
                    a: place(squared.a, a_span, shape),
                    b: place(squared.b, b_span, row),
                    output,
                    shape,
                    which: Which::Smallest,
                }),
                &i8::min,
            ),
        ];
        for (op, oracle) in ops {
            builder.steps.clear();
            builder.step(op);
            let inputs = [(a_span, a_values.clone()), (b_span, b_values.clone())];
            let got = run(&builder, &inputs, output);
            let pairs = a_values.iter().zip(b_values.iter().cycle());
            let expected: Vec<i8> = pairs.map(|(&a, &b)| oracle(a, b)).collect();
            assert_eq!(got, expected, "{op:?}");
        }
    }
}
