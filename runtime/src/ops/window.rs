//! The geometry of sliding windows.

use crate::blob::Window2d;
use crate::fault::Fault;
use crate::kernels::Axis;

/// Every coordinate that the windows reach fits [`Axis`].
pub(super) fn check(window: &Window2d) -> Result<(), Fault> {
    let axes = [
        (
            window.in_h,
            window.out_h,
            window.kernel_h,
            window.stride_h,
            window.dilation_h,
            window.pad_top,
        ),
        (
            window.in_w,
            window.out_w,
            window.kernel_w,
            window.stride_w,
            window.dilation_w,
            window.pad_left,
        ),
    ];
    for (input, output, kernel, stride, dilation, padding) in axes {
        if [input, output, kernel, stride, dilation].contains(&0) {
            return Err(Fault::Empty);
        }
        let extents = [
            Some(input),
            Some(output),
            Some(kernel),
            Some(stride),
            Some(dilation),
            Some(padding),
            (output - 1).checked_mul(stride),
            (kernel - 1).checked_mul(dilation),
        ];
        let small = |extent: Option<u32>| extent.is_some_and(|extent| extent <= Axis::LIMIT);
        if !extents.into_iter().all(small) {
            return Err(Fault::Geometry);
        }
    }
    Ok(())
}

/// Every window holds an input value. As rows and columns are independent, it is enough that each
/// row and each column has one.
pub(super) fn check_not_empty(window: &Window2d) -> Result<(), Fault> {
    let some = |axis: Axis, len: u32| (0..crate::index(len)).all(|at| axis.taps(at).count > 0);
    if some(Axis::rows(window), window.out_h) && some(Axis::columns(window), window.out_w) {
        Ok(())
    } else {
        Err(Fault::EmptyWindow)
    }
}
