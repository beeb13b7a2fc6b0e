//! From products to outputs.

#[cfg(all(target_arch = "arm", feature = "dsp"))]
mod dsp;

use super::{BLOCK, PRODUCT_WORDS, TILE};
use crate::blob::Rounding;

/// 1/9 modulo 2^32.
const INVERSE_OF_9: i32 = 0x38e3_8e39;

/// Where two tiles and a block of channels lie in an output.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// `[out_h, out_w, out_c]` of the output.
    pub shape: [usize; 3],
    /// First row, inside the output.
    pub top: usize,
    /// First column, inside the output.
    pub left: usize,
    /// First channel, inside the output.
    pub channel: usize,
}

/// The numbers of an output channel: shift, bias, multiplier and offset, see [`Rounding`].
pub type Channel = [i32; 4];

/// The result, before it is clamped; `sum` is `64 · y`, bias included.
#[inline]
#[expect(clippy::as_conversions, reason = "the upper half of a product")]
fn result(rounding: Rounding, sum: i32, &[shift, _, multiplier, offset]: &Channel) -> i32 {
    let upper = |product: i64| (product >> 32) as i32;
    let multiplier = i64::from(multiplier);
    let high = match rounding {
        Rounding::Twin => upper(i64::from(sum) * multiplier),
        Rounding::Double => {
            let twice = sum >> 5;
            let high = upper(i64::from(twice) * multiplier + (1 << 31));
            high.wrapping_add(twice >> 31)
        }
    };
    high.wrapping_add(offset) >> shift
}

/// Transforms the sums of a block, makes results of them, clamps them to `min..=max`, of int8, and
/// writes those that lie in the output.
///
/// # Panics
///
/// If the output is shorter than its shape.
pub fn finish(
    sums: &[i32; PRODUCT_WORDS],
    channels: &[Channel; BLOCK],
    rounding: Rounding,
    [min, max]: [i16; 2],
    place: &Place,
    output: &mut [i8],
) {
    #[cfg(all(target_arch = "arm", feature = "dsp"))]
    {
        let [out_h, out_w, out_c] = place.shape;
        let is_inside = place.top + TILE <= out_h
            && place.left + 2 * TILE <= out_w
            && place.channel + BLOCK <= out_c;
        if is_inside && min == -128 && max == 127 {
            return dsp::finish(sums, channels, rounding, place, output);
        }
    }
    portable(sums, channels, rounding, [min, max], place, output);
}

/// The definition.
///
/// Not inlined: its arrays would take stack wherever it is not called.
#[inline(never)]
fn portable(
    sums: &[i32; PRODUCT_WORDS],
    channels: &[Channel; BLOCK],
    rounding: Rounding,
    [min, max]: [i16; 2],
    place: &Place,
    output: &mut [i8],
) {
    let Place {
        shape: [out_h, out_w, out_c],
        top,
        left,
        channel,
    } = *place;
    let rows = (out_h - top).min(TILE);
    let own = channels.iter().enumerate().take(out_c - channel);
    for ((n, parameters), tile) in own.flat_map(|own| [(own, 0), (own, 1)]) {
        let left = left + TILE * tile;
        let columns = out_w.saturating_sub(left).min(TILE);
        if columns == 0 {
            continue;
        }
        let mut halfway = [[0; 6]; TILE];
        for j in 0..6 {
            let sum = |i| sums[(i * 6 + j) * 2 * BLOCK + 2 * n + tile];
            for (row, value) in halfway.iter_mut().zip(back(core::array::from_fn(sum))) {
                row[j] = value;
            }
        }
        let mut at = (top * out_w + left) * out_c + channel + n;
        for row in halfway.into_iter().take(rows) {
            let own = output[at..].iter_mut().step_by(out_c);
            for (output, sum) in own.zip(back(row)).take(columns) {
                let sum = sum.wrapping_mul(INVERSE_OF_9).wrapping_add(parameters[1]);
                *output = crate::kernels::narrow(result(rounding, sum, parameters), min, max);
            }
            at += out_w * out_c;
        }
    }
}

/// `24 · Aᵀ` times a column, less the multiples that the rows of the filters' transform have:
/// `(6, -4, -4, 1, 1, 0)`, `(0, -4, 4, 2, -2, 0)`, `(0, -4, -4, 4, 4, 0)`, `(0, -4, 4, 8, -8, 24)`.
#[inline(always)]
fn back(m: [i32; 6]) -> [i32; TILE] {
    let (a, b) = (m[1].wrapping_add(m[2]), m[1].wrapping_sub(m[2]));
    let (c, d) = (m[3].wrapping_add(m[4]), m[3].wrapping_sub(m[4]));
    let six = |m: i32| m.wrapping_add(m << 1) << 1;
    [
        six(m[0]).wrapping_sub(a << 2).wrapping_add(c),
        d.wrapping_sub(b << 1) << 1,
        c.wrapping_sub(a) << 2,
        ((d << 1).wrapping_sub(b).wrapping_add(six(m[5]))) << 2,
    ]
}
