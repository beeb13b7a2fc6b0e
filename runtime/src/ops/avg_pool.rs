//! Mean of a window.

use super::bounds::Bounds;
use super::max_pool;
use crate::arena::Split;
use crate::blob::Pool2d;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Pool2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let window = &params.window;
    let most_values =
        u64::from(window.kernel_h.min(window.in_h)) * u64::from(window.kernel_w.min(window.in_w));
    let most = kernels::MAX_VALUES >> (8 * (bounds.element.bytes() - 1));
    if window.dilation_h != 1 || window.dilation_w != 1 || most_values > most {
        return Err(Fault::Geometry);
    }
    max_pool::check(params, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Pool2d, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::avg_pool2d(params, split.input(params.input), split.output);
}
