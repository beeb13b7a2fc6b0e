//! The larger or smaller of two numbers.

use crate::Element;
use crate::blob::Which;

/// The larger or smaller of `a` and `b`, element by element.
///
/// TFLite's `MAXIMUM` and `MINIMUM` (`reference/maximum_minimum.h`), which compare the numbers as they
/// are.
pub fn extreme<T: Element>(which: Which, a: &[T], b: &[T], output: &mut [T]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        *out = match which {
            Which::Smallest => a.min(b),
            Which::Largest => a.max(b),
        };
    }
}
