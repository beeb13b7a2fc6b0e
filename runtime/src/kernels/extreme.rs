//! The larger or smaller of two numbers.

use crate::blob::Which;

/// The larger or smaller of `a` and `b`, element by element.
///
/// TFLite's `MAXIMUM` and `MINIMUM` (`reference/maximum_minimum.h`), which compare the numbers as they
/// are.
pub fn extreme(which: Which, a: &[i8], b: &[i8], output: &mut [i8]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        *out = match which {
            Which::Smallest => a.min(b),
            Which::Largest => a.max(b),
        };
    }
}
