//! Real FFT of int16 with the roundings of `KissFFT`, as the micro-frontend is built.
//!
//! `KissFFT` 131 in its 16-bit fixed-point form: mixed radix 4 and 2, every stage divides by its
//! radix, so that the result is the transform over the number of points. Sums wrap as there.
#![expect(
    clippy::as_conversions,
    reason = "sums of products are rounded and cut to int16 as in the reference"
)]

use super::circle::Circle;

/// A complex number in the middle of a butterfly.
type Complex = (i32, i32);

/// `x * 2^-15`, rounded half up, cut to int16.
const fn sround(x: i32) -> i32 {
    ((x + (1 << 14)) >> 15) as i16 as i32
}

/// `C_FIXDIV`: about half or a quarter of a number, by `32767 / radix`.
const fn divide(x: Complex, radix: i32) -> Complex {
    let factor = 32_767 / radix;
    (sround(x.0 * factor), sround(x.1 * factor))
}

/// `C_MUL`. Factors are int16 and `b` not below -32767, so that sums fit.
const fn multiply(a: Complex, b: Complex) -> Complex {
    (sround(a.0 * b.0 - a.1 * b.1), sround(a.0 * b.1 + a.1 * b.0))
}

const fn add(a: Complex, b: Complex) -> Complex {
    ((a.0 + b.0) as i16 as i32, (a.1 + b.1) as i16 as i32)
}

const fn subtract(a: Complex, b: Complex) -> Complex {
    ((a.0 - b.0) as i16 as i32, (a.1 - b.1) as i16 as i32)
}

// These are inlined where the compiler minds size more: a call costs as much as what they do.
#[inline(always)]
fn load(data: &[[i16; 2]], at: usize) -> Complex {
    let [re, im] = data[at];
    (re.into(), im.into())
}

#[inline(always)]
fn store(data: &mut [[i16; 2]], at: usize, x: Complex) {
    data[at] = [x.0 as i16, x.1 as i16];
}

/// Largest power of 4, or else 2, that is the next factor of `count`.
const fn radix_of(count: usize) -> usize {
    if count.is_multiple_of(4) { 4 } else { 2 }
}

/// Where the transform wants input `index` of `count` complex numbers: its digits, turned round.
pub(crate) fn position(mut index: usize, mut count: usize) -> usize {
    let mut position = 0;
    while count > 1 {
        let radix = radix_of(count);
        count /= radix;
        position += (index % radix) * count;
        index /= radix;
    }
    position
}

/// Transforms `2 * count` real numbers, which lie as `count` complex ones at their [`position`]s.
/// Bins 0 to `count` come out, so `data` has `2 * count + 2` elements. `circle` has `2 * count`
/// points with 15 fraction bits.
pub(crate) fn transform(data: &mut [i16], circle: Circle<'_, i16>) {
    // An even number of elements.
    let (data, _) = data.as_chunks_mut();
    let count = data.len() - 1;
    // From the innermost stage out: its radix is the last factor.
    let mut done = 1;
    while done < count {
        // The factors are as many fours as there are, then perhaps a two, which is innermost.
        let radix = if done == 1 && !count.ilog2().is_multiple_of(2) {
            2
        } else {
            4
        };
        let stride = count / (done * radix);
        for k in 0..done {
            let blocks = (k..count).step_by(done * radix);
            if radix == 2 {
                let twiddle = twiddle(circle, k * stride);
                blocks.for_each(|at| butterfly_2(data, at, done, twiddle));
            } else {
                let twiddles = [1, 2, 3].map(|n| twiddle(circle, n * k * stride));
                blocks.for_each(|at| butterfly_4(data, at, done, twiddles));
            }
        }
        done *= radix;
    }
    split(data, count, circle);
}

/// `exp(-2 pi i k / count)`: the circle has twice as many points.
fn twiddle(circle: Circle<'_, i16>, k: usize) -> Complex {
    let (cos, sin) = circle.at(2 * k);
    (cos.into(), (-sin).into())
}

fn butterfly_2(data: &mut [[i16; 2]], at: usize, step: usize, twiddle: Complex) {
    let a = divide(load(data, at), 2);
    let b = multiply(divide(load(data, at + step), 2), twiddle);
    store(data, at + step, subtract(a, b));
    store(data, at, add(a, b));
}

fn butterfly_4(data: &mut [[i16; 2]], at: usize, step: usize, twiddles: [Complex; 3]) {
    let quarter = |n: usize| divide(load(data, at + n * step), 4);
    let a = quarter(0);
    let b = multiply(quarter(1), twiddles[0]);
    let c = multiply(quarter(2), twiddles[1]);
    let d = multiply(quarter(3), twiddles[2]);
    let even = subtract(a, c);
    let sum = add(a, c);
    let (both, odd) = (add(b, d), subtract(b, d));
    store(data, at + 2 * step, subtract(sum, both));
    store(data, at, add(sum, both));
    store(data, at + step, (even.0 + odd.1, even.1 - odd.0));
    store(data, at + 3 * step, (even.0 - odd.1, even.1 + odd.0));
}

/// From the transform of `count` complex numbers to that of `2 * count` real ones (`kiss_fftr`).
fn split(data: &mut [[i16; 2]], count: usize, circle: Circle<'_, i16>) {
    let first = divide(load(data, 0), 2);
    store(data, 0, (first.0 + first.1, 0));
    store(data, count, (first.0 - first.1, 0));
    for k in 1..=count / 2 {
        let (other_re, other_im) = load(data, count - k);
        let a = divide(load(data, k), 2);
        let b = divide((other_re, (-other_im) as i16 as i32), 2);
        let (sum, difference) = (add(a, b), subtract(a, b));
        let (cos, sin) = circle.at(k);
        let turned = multiply(difference, ((-sin).into(), (-cos).into()));
        store(data, k, ((sum.0 + turned.0) >> 1, (sum.1 + turned.1) >> 1));
        store(
            data,
            count - k,
            ((sum.0 - turned.0) >> 1, (turned.1 - sum.1) >> 1),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::TAU;
    use std::vec::Vec;

    /// Bin of `x` over its points, by the definition.
    fn exact(x: &[i16], bin: usize) -> (f64, f64) {
        let points = x.len();
        x.iter().enumerate().fold((0.0, 0.0), |sum, (i, &x)| {
            let angle = TAU * ((i * bin) % points) as f64 / points as f64;
            let x = f64::from(x) / points as f64;
            (sum.0 + x * angle.cos(), sum.1 - x * angle.sin())
        })
    }

    #[test]
    fn every_size_is_within_eight_steps_of_the_definition() {
        let mut seed = 3_u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed as i32) >> 17) as i16
        };
        let mut worst = 0.0_f64;
        for log2 in 6..=11 {
            let points = 1_usize << log2;
            let quarter: Vec<i16> = (0..=points / 4)
                .map(|k| (32_767.0 * (TAU * k as f64 / points as f64).sin()).round() as i16)
                .collect();
            let tone = |i: usize| ((i as f64 * 0.7).cos() * 20_000.0) as i16;
            let signals: [Vec<i16>; 3] = [
                (0..points).map(|_| noise()).collect(),
                (0..points).map(tone).collect(),
                (0..points)
                    .map(|i| if i == 5 { 32_767 } else { 0 })
                    .collect(),
            ];
            for x in signals {
                let mut data = std::vec![0; points + 2];
                for (i, pair) in x.chunks(2).enumerate() {
                    let at = 2 * position(i, points / 2);
                    data[at..at + 2].copy_from_slice(pair);
                }
                transform(&mut data, Circle::new(&quarter));
                for bin in 0..=points / 2 {
                    let (re, im) = exact(&x, bin);
                    let error = (f64::from(data[2 * bin]) - re)
                        .abs()
                        .max((f64::from(data[2 * bin + 1]) - im).abs());
                    worst = worst.max(error);
                }
            }
        }
        // Most of it is the gain: 8191 for a quarter of 32768, five times, of a peak of 10000.
        assert!(worst < 8.0, "{worst}");
    }
}
