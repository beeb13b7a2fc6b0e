//! Sum, difference and product, as kernels and through blobs with broadcasting, constants and
//! outputs in place.
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

fn operand(zero_point: i32) -> Operand {
    Operand {
        source: Source::Arena(NOWHERE),
        shape: [1; 4],
        zero_point,
    }
}

fn random_add(random: &mut Random) -> AddSub {
    let (a, b) = (random.int8(), random.int8());
    AddSub {
        a: operand(random.int8().into()),
        b: operand(random.int8().into()),
        output: NOWHERE,
        shape: [1; 4],
        left_shift: 20,
        a_scale: random.scale(-5, -1),
        b_scale: random.scale(-5, -1),
        output_scale: random.scale(-22, -12),
        output_zero_point: random.int8().into(),
        min: a.min(b).into(),
        max: a.max(b).into(),
    }
}

fn random_mul(random: &mut Random) -> Mul {
    let (a, b) = (random.int8(), random.int8());
    Mul {
        a: operand(random.int8().into()),
        b: operand(random.int8().into()),
        output: NOWHERE,
        shape: [1; 4],
        output_scale: random.scale(-12, 2),
        output_zero_point: random.int8().into(),
        min: a.min(b).into(),
        max: a.max(b).into(),
    }
}

fn add_oracle(p: &AddSub, sign: i128, a: i8, b: i8) -> i8 {
    let scaled = |x: i8, operand: &Operand, scale: Scale| {
        let difference = (i128::from(x) - i128::from(operand.zero_point)) << p.left_shift;
        requantize(difference, scale.multiplier, scale.shift)
    };
    let sum = scaled(a, &p.a, p.a_scale) + sign * scaled(b, &p.b, p.b_scale);
    let out = requantize(sum, p.output_scale.multiplier, p.output_scale.shift)
        + i128::from(p.output_zero_point);
    out.clamp(p.min.into(), p.max.into()) as i8
}

fn mul_oracle(p: &Mul, a: i8, b: i8) -> i8 {
    let product =
        i128::from(i32::from(a) - p.a.zero_point) * i128::from(i32::from(b) - p.b.zero_point);
    let out = requantize(product, p.output_scale.multiplier, p.output_scale.shift)
        + i128::from(p.output_zero_point);
    out.clamp(p.min.into(), p.max.into()) as i8
}

/// All 65,536 pairs.
fn pairs() -> (Vec<i8>, Vec<i8>) {
    (i8::MIN..=i8::MAX)
        .flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)))
        .unzip()
}

#[test]
fn every_pair_of_values_equals_the_definition() {
    let mut random = Random::new(6);
    let (a, b) = pairs();
    let mut output = vec![0; a.len()];
    let expected = |f: &dyn Fn(i8, i8) -> i8| -> Vec<i8> {
        a.iter().zip(&b).map(|(&a, &b)| f(a, b)).collect()
    };
    for _ in 0..12 {
        let p = random_add(&mut random);
        kernels::add(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| add_oracle(&p, 1, a, b)), "{p:?}");
        kernels::sub(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| add_oracle(&p, -1, a, b)), "{p:?}");
        let p = random_mul(&mut random);
        kernels::mul(&p, &a, &b, &mut output);
        assert_eq!(output, expected(&|a, b| mul_oracle(&p, a, b)), "{p:?}");
    }
}

#[test]
fn a_sum_is_within_one_of_the_real_sum() {
    let real = |scale: Scale| f64::from(scale.multiplier) / 2f64.powi(31 - i32::from(scale.shift));
    let (a, b) = pairs();
    let mut output = vec![0; a.len()];
    let mut random = Random::new(7);
    for _ in 0..12 {
        let mut p = random_add(&mut random);
        (p.min, p.max) = (-128, 127);
        kernels::add(&p, &a, &b, &mut output);
        let unit = real(p.output_scale) * f64::from(1 << p.left_shift);
        for ((&a, &b), &out) in a.iter().zip(&b).zip(&output) {
            let sum = (f64::from(i32::from(a) - p.a.zero_point) * real(p.a_scale)
                + f64::from(i32::from(b) - p.b.zero_point) * real(p.b_scale))
                * unit
                + f64::from(p.output_zero_point);
            let error = (f64::from(out) - sum.clamp(-128., 127.)).abs();
            assert!(error < 0.51, "{a} {b} {out} {sum} {p:?}");
        }
    }
}

/// How an operand or output is placed.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Place {
    Arena,
    Data,
    Output,
}

#[test]
fn broadcasting_constants_and_in_place_outputs_give_the_same_values() {
    let mut random = Random::new(8);
    for case in 0..800 {
        let shape: [u32; 4] = core::array::from_fn(|axis| {
            if axis == 3 {
                random.extent(1, 70)
            } else {
                random.extent(1, 3)
            }
        });
        let len: u32 = shape.iter().product();
        let mut builder = Builder::new();
        let output = builder.activation(len);
        let mut place = |p: &mut Operand| {
            let place = [Place::Arena, Place::Data, Place::Output][random.extent(0, 2) as usize];
            p.shape = shape;
            if place != Place::Output && case % 3 != 0 {
                for axis in &mut p.shape {
                    if random.range(0, 1) == 0 {
                        *axis = 1;
                    }
                }
            }
            let values = random.values(p.shape.iter().product());
            p.source = match place {
                Place::Arena => Source::Arena(builder.activation(values.len() as u32)),
                Place::Data => Source::Data(builder.int8(&values)),
                Place::Output => Source::Arena(output),
            };
            (values, place)
        };
        let (mut a, mut b) = (operand(5), operand(-77));
        let ((a_values, a_place), (mut b_values, b_place)) = (place(&mut a), place(&mut b));
        if a_place == Place::Output && b_place == Place::Output {
            b_values.clone_from(&a_values);
        }
        let add = AddSub {
            a,
            b,
            output,
            shape,
            ..random_add(&mut random)
        };
        let mul = Mul {
            a,
            b,
            output,
            shape,
            ..random_mul(&mut random)
        };
        let op = [Op::Add(add), Op::Sub(add), Op::Mul(mul)][case % 3];
        builder.step(op);

        let mut inputs = Vec::new();
        for (operand, values) in [(&a, &a_values), (&b, &b_values)] {
            if let Source::Arena(span) = operand.source {
                inputs.push((span, values));
            }
        }
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

        let value = |operand: &Operand, values: &[i8], at: [u32; 4]| {
            let index = (0..4).fold(0, |index, axis| {
                let extent = operand.shape[axis];
                index * extent + if extent == 1 { 0 } else { at[axis] }
            });
            values[index as usize]
        };
        for index in 0..len {
            let mut rest = index;
            let mut at = [0; 4];
            for axis in (0..4).rev() {
                (at[axis], rest) = (rest % shape[axis], rest / shape[axis]);
            }
            let (a, b) = (value(&a, &a_values, at), value(&b, &b_values, at));
            let expected = match op {
                Op::Add(p) => add_oracle(&p, 1, a, b),
                Op::Sub(p) => add_oracle(&p, -1, a, b),
                _ => mul_oracle(&mul, a, b),
            };
            let got = session.output(0)[index as usize];
            assert_eq!(got, expected, "{at:?} of {op:?}, {a_place:?} {b_place:?}");
        }
    }
}
