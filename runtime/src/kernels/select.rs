//! A part of what a condition chooses between.

/// Writes `values` where the condition is not `zero_point`, or where it is, and leaves the rest of
/// the output.
///
/// Twice, that is TFLite's `SELECT_V2` (`reference/select.h`).
pub fn select(when: bool, zero_point: i32, condition: &[i8], values: &[i8], output: &mut [i8]) {
    for ((out, &condition), &value) in output.iter_mut().zip(condition).zip(values) {
        if (i32::from(condition) != zero_point) == when {
            *out = value;
        }
    }
}
