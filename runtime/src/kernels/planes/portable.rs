//! The portable half: what the assembly of [`super`] does, value by value.

use super::{PlaneGeometry, Record, Tensors};
use crate::blob::PlaneRounding;
use crate::index;

/// Widens channel `channel` of the image into the scratch, whose padding is there already.
pub(super) fn gather(
    plane: &PlaneGeometry,
    input: &[i8],
    [channel, channels]: [usize; 2],
    scratch: &mut [i16],
) {
    let [row_len, group] = [plane.row_len(), plane.group()].map(index);
    let strip_len = index(plane.scratch_rows) * row_len;
    let [row_step, column_step] = plane.steps.map(|step| index(step) * channels);
    for row in 0..index(plane.rows) {
        let from_row = &input[channel + row * row_step..];
        let to_row = (row + index(plane.top)) * row_len;
        for column in 0..index(plane.columns) {
            let value = i16::from(from_row[column * column_step]);
            let at = column + index(plane.left);
            let (strip, place) = (at / group, at % group);
            if strip < index(plane.strips) {
                scratch[strip * strip_len + to_row + place] = value;
            }
            if place < 2 && strip > 0 {
                scratch[(strip - 1) * strip_len + to_row + group + place] = value;
            }
        }
    }
}

/// Computes channel `channel` of the output from the scratch.
pub(super) fn filter(
    plane: &PlaneGeometry,
    scratch: &[i16],
    record: &Record<'_>,
    rounding: PlaneRounding,
    [channel, channels]: [usize; 2],
    tensors: &mut Tensors<'_>,
) {
    let [row_len, stride] = [plane.row_len(), plane.stride].map(index);
    let strip_len = index(plane.scratch_rows) * row_len;
    let [row_step, column_step] = plane.out_steps.map(|step| index(step) * channels);
    let weights = record.weights();
    let output = tensors.output();
    for column in 0..index(plane.out_columns) {
        let strip = column / 4 * strip_len + column % 4 * stride;
        for row in 0..index(plane.out_rows) {
            let mut sum = record.bias();
            for tap_row in 0..3 {
                let at = strip + (row * stride + tap_row) * row_len;
                for (x, w) in scratch[at..][..3].iter().zip(&weights[3 * tap_row..]) {
                    let w = match rounding {
                        PlaneRounding::Upper4 | PlaneRounding::Upper8 => i32::from(*w),
                        PlaneRounding::Twice => 2 * i32::from(*w),
                    };
                    sum = sum.wrapping_add(i32::from(*x) * w);
                }
            }
            output[channel + row * row_step + column * column_step] = record.round(sum, rounding);
        }
    }
}
