//! Real FFT of int32 with a common exponent: block floating point.
//!
//! Radix 2. Before every stage the block is shifted right where its largest value would not leave
//! room, rounded half up; twiddles have 30 fraction bits, products 64 bits, rounded half up.
#![expect(
    clippy::as_conversions,
    reason = "64-bit products, shifted down to what fits 32 bits as argued at each"
)]

use super::circle::Circle;

/// Magnitude bits that a value may have before a stage, which multiplies by up to 1 + √2.
pub(crate) const HEADED_BITS: u32 = 29;
/// The same before the split, which multiplies by up to 2 + 2√2.
const SPLIT_BITS: u32 = 28;

/// Bits of the largest magnitude of `values`, counting `-x - 1` for negative ones; 0 for zeros.
pub(crate) fn magnitude_bits(values: &[i32]) -> u32 {
    let all = values.iter().fold(0, |all, &x| all | (x ^ (x >> 31)));
    all.cast_unsigned().checked_ilog2().map_or(0, |top| top + 1)
}

/// Where the transform wants input `index` of `count` complex numbers: its bits, turned round.
pub(crate) fn position(index: usize, count: usize) -> usize {
    index.reverse_bits() >> (usize::BITS - count.ilog2())
}

/// Transforms `2 * count` real numbers, which lie as `count` complex ones at their [`position`]s,
/// each at most 2²⁹ in magnitude. Bins 0 to `count` come out, so `data` has `2 * count + 2` elements;
/// `circle` has `2 * count` points. Returns the exponent: a bin is its number times two to it.
pub(crate) fn transform(data: &mut [i32], circle: Circle<'_, i32>) -> i32 {
    let count = data.len() / 2 - 1;
    // An even number of elements.
    let (data, _) = data.as_chunks_mut::<2>();
    let mut exponent = 0;
    let mut half = 1;
    while half < count {
        exponent += settle(data[..count].as_flattened_mut(), HEADED_BITS);
        let stride = count / half;
        // A turn by nothing is exact: 2³⁰ · x, rounded, over 2³⁰.
        for at in (0..count).step_by(2 * half) {
            let b = data[at + half];
            butterfly(data, at, at + half, b);
        }
        for k in 1..half {
            let (cos, sin) = circle.at(k * stride);
            for at in (k..count).step_by(2 * half) {
                let b = turn(data[at + half], (cos, -sin));
                butterfly(data, at, at + half, b);
            }
        }
        half *= 2;
    }
    exponent += settle(data[..count].as_flattened_mut(), SPLIT_BITS);
    split(data, count, circle);
    // `split` leaves out a division by 2.
    exponent - 1
}

/// Shifts the block until its magnitudes have so many bits; by how much.
fn settle(data: &mut [i32], bits: u32) -> i32 {
    let shift = magnitude_bits(data).saturating_sub(bits);
    if shift > 0 {
        for x in data {
            // At most 31 bits come in, so that the half does not overflow 32 with them.
            *x = (x.wrapping_add(1 << (shift - 1))) >> shift;
        }
    }
    shift as i32
}

/// `a * (cos + i sin)`; a sum of two products of 30 and 31 bits, shifted by 30.
///
/// Inlined where the compiler minds size more, and each product from 32 bits (`SMULL`, `SMLAL`): half
/// of the instructions.
#[inline(always)]
fn turn(a: [i32; 2], (cos, sin): (i32, i32)) -> [i32; 2] {
    let [re, im] = a;
    let product = |x: i32, y: i32| i64::from(x) * i64::from(y);
    let round = |x: i64| ((x + (1 << 29)) >> 30) as i32;
    [
        round(product(re, cos) - product(im, sin)),
        round(product(re, sin) + product(im, cos)),
    ]
}

#[inline(always)]
fn butterfly(data: &mut [[i32; 2]], first: usize, second: usize, b: [i32; 2]) {
    let a = data[first];
    data[first] = [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])];
    data[second] = [a[0].wrapping_sub(b[0]), a[1].wrapping_sub(b[1])];
}

/// From the transform of `count` complex numbers to twice that of `2 * count` real ones.
fn split(data: &mut [[i32; 2]], count: usize, circle: Circle<'_, i32>) {
    let [re, im] = data[0];
    data[0] = [2 * (re + im), 0];
    data[count] = [2 * (re - im), 0];
    for k in 1..=count / 2 {
        let (a, b) = (data[k], data[count - k]);
        let sum = [a[0] + b[0], a[1] - b[1]];
        let difference = [a[0] - b[0], a[1] + b[1]];
        let (cos, sin) = circle.at(k);
        let turned = turn(difference, (-sin, -cos));
        data[k] = [
            sum[0].wrapping_add(turned[0]),
            sum[1].wrapping_add(turned[1]),
        ];
        data[count - k] = [
            sum[0].wrapping_sub(turned[0]),
            turned[1].wrapping_sub(sum[1]),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::TAU;
    use std::vec::Vec;

    /// The bins of `x`, by the definition.
    fn exact(x: &[f64], bin: usize) -> (f64, f64) {
        let n = x.len();
        x.iter().enumerate().fold((0.0, 0.0), |sum, (i, &x)| {
            let angle = TAU * ((i * bin) % n) as f64 / n as f64;
            (sum.0 + x * angle.cos(), sum.1 - x * angle.sin())
        })
    }

    #[test]
    fn every_size_is_within_its_bound_of_the_definition() {
        let mut seed = 1_u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed as i32) >> 4
        };
        for log2 in 6..=11 {
            let n = 1_usize << log2;
            let quarter: Vec<i32> = (0..=n / 4)
                .map(|k| ((TAU * k as f64 / n as f64).sin() * f64::from(1 << 30)).round() as i32)
                .collect();
            let tone = |i: usize| ((i as f64 * 0.7).cos() * 2.6e8) as i32;
            let signals: [Vec<i32>; 4] = [
                (0..n).map(|_| noise()).collect(),
                (0..n).map(tone).collect(),
                (0..n)
                    .map(|i| if i == n / 3 { -(1 << 28) } else { 0 })
                    .collect(),
                (0..n).map(|_| (1 << 28) - 1).collect(),
            ];
            for x in signals {
                let mut data = std::vec![0; n + 2];
                for (i, pair) in x.chunks(2).enumerate() {
                    let at = 2 * position(i, n / 2);
                    data[at..at + 2].copy_from_slice(pair);
                }
                let exponent = transform(&mut data, Circle::new(&quarter));
                let x: Vec<f64> = x.into_iter().map(f64::from).collect();
                let (mut signal, mut error) = (0.0, 0.0);
                for bin in 0..=n / 2 {
                    let (re, im) = exact(&x, bin);
                    let scale = f64::from(exponent).exp2();
                    let found = (data[2 * bin], data[2 * bin + 1]);
                    let found = (f64::from(found.0) * scale, f64::from(found.1) * scale);
                    signal += re * re + im * im;
                    error += (found.0 - re).powi(2) + (found.1 - im).powi(2);
                }
                let sqnr_db = 10.0 * (signal / error).log10();
                assert!(sqnr_db > 136.0, "{n} points: {sqnr_db} dB");
            }
        }
    }
}
