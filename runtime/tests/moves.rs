//! Padding, transposition, taking and rescaling against indices written out.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and an oracle that several tests share"
)]

mod oracle;

use oracle::{NOWHERE, Random, requantize};
use tiivis_runtime::blob::*;
use tiivis_runtime::kernels;

fn random_shape(random: &mut Random) -> [u32; 4] {
    core::array::from_fn(|_| random.extent(1, 5))
}

/// Every index of a shape, in order.
fn indices(shape: [u32; 4]) -> impl Iterator<Item = [u32; 4]> {
    (0..shape.iter().product()).map(move |flat: u32| {
        let [_, h, w, c] = shape;
        [
            flat / (c * w * h),
            flat / (c * w) % h,
            flat / c % w,
            flat % c,
        ]
    })
}

fn flat(shape: [u32; 4], at: [u32; 4]) -> usize {
    let [_, h, w, c] = shape;
    (((at[0] * h + at[1]) * w + at[2]) * c + at[3]) as usize
}

#[test]
fn padding_surrounds_every_axis() {
    let mut random = Random::new(10);
    for _ in 0..200 {
        let shape = random_shape(&mut random);
        let p = Pad {
            input: NOWHERE,
            output: NOWHERE,
            shape,
            before: core::array::from_fn(|_| random.extent(0, 2)),
            after: core::array::from_fn(|_| random.extent(0, 2)),
            value: random.int8().into(),
        };
        let padded: [u32; 4] = core::array::from_fn(|i| p.before[i] + shape[i] + p.after[i]);
        let input = random.values(shape.iter().product());
        let expected: Vec<i8> = indices(padded)
            .map(|at| {
                let inside = (0..4).all(|i| (p.before[i]..p.before[i] + shape[i]).contains(&at[i]));
                if inside {
                    input[flat(shape, core::array::from_fn(|i| at[i] - p.before[i]))]
                } else {
                    p.value as i8
                }
            })
            .collect();
        let mut output = vec![55; expected.len()];
        kernels::pad(&p, &input, &mut output);
        assert_eq!(output, expected, "{p:?}");
    }
}

#[test]
fn every_permutation_moves_every_element() {
    let mut random = Random::new(11);
    for a in 0..4u8 {
        for b in (0..4).filter(|&b| b != a) {
            for c in (0..4).filter(|&c| c != a && c != b) {
                let perm = [a, b, c, 6 - a - b - c];
                let shape = random_shape(&mut random);
                let p = Transpose {
                    input: NOWHERE,
                    output: NOWHERE,
                    shape,
                    perm,
                };
                let permuted = perm.map(|axis| shape[usize::from(axis)]);
                let input = random.values(shape.iter().product());
                let mut output = vec![55; input.len()];
                kernels::transpose(&p, &input, &mut output);
                for at in indices(shape) {
                    let to = perm.map(|axis| at[usize::from(axis)]);
                    assert_eq!(output[flat(permuted, to)], input[flat(shape, at)], "{p:?}");
                }
            }
        }
    }
}

#[test]
fn taking_copies_the_run_that_the_offsets_say() {
    let mut random = Random::new(13);
    for _ in 0..300 {
        let run_bytes = random.extent(1, 3);
        let counts: [u32; TAKE_AXES] = core::array::from_fn(|_| random.extent(1, 3));
        let tables: [Vec<i32>; TAKE_AXES] = counts.map(|count| {
            let offset = |_| random.extent(0, 12).cast_signed() - 6;
            (0..count).map(offset).collect()
        });
        let axes = core::array::from_fn(|axis| TakeAxis {
            count: counts[axis],
            offsets: match tables[axis][0] {
                // Whatever offsets the step makes are what the table would have.
                step @ -4..=2 => Offsets::Stride(step),
                _ => Offsets::Table(NOWHERE),
            },
        });
        let p = Take {
            input: NOWHERE,
            output: NOWHERE,
            run_bytes,
            first_byte: 36 * 2,
            axes,
        };
        let input = random.values(36 * 4 + 3);
        let outputs: u32 = counts.iter().product();
        let mut expected = Vec::new();
        for flat in 0..outputs {
            let mut rest = flat;
            let mut from = 36i64 * 2;
            for axis in (0..TAKE_AXES).rev() {
                let at = rest % counts[axis];
                rest /= counts[axis];
                from += match axes[axis].offsets {
                    Offsets::Stride(step) => i64::from(step) * i64::from(at),
                    Offsets::Table(_) => tables[axis][at as usize].into(),
                };
            }
            expected.extend_from_slice(&input[from as usize..][..run_bytes as usize]);
        }
        let mut output = vec![55; expected.len()];
        kernels::take(
            &p,
            core::array::from_fn(|axis| &tables[axis][..]),
            &input,
            &mut output,
        );
        assert_eq!(output, expected, "{p:?} {tables:?}");
    }
}

#[test]
fn rescaling_equals_the_definition_for_every_value() {
    let mut random = Random::new(12);
    for _ in 0..200 {
        let p = Rescale {
            input_zero_point: random.int8().into(),
            output_zero_point: random.int8().into(),
            scale: random.scale(-31, 20),
        };
        let mut values: Vec<i8> = (i8::MIN..=i8::MAX).collect();
        let expected: Vec<i8> = values
            .iter()
            .map(|&x| {
                let difference = i128::from(x) - i128::from(p.input_zero_point);
                let scaled = requantize(difference, p.scale.multiplier, p.scale.shift);
                (scaled + i128::from(p.output_zero_point)).clamp(-128, 127) as i8
            })
            .collect();
        kernels::rescale(&p, &mut values);
        assert_eq!(values, expected, "{p:?}");
    }
}
