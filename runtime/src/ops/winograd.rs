//! Convolution by Winograd's transform.

use super::bounds::{Bounds, Constant};
use super::window;
use crate::arena::disjoint;
use crate::blob::WinogradConv2d;
use crate::data::Data;
use crate::element::elements_mut;
use crate::fault::Fault;
use crate::index;
use crate::kernels::winograd::{
    self, BLOCK, PRODUCT_WORDS, Place, TILE, filter_words, patch_words, scratch_words,
    transformed_words,
};

pub(super) fn check(params: &WinogradConv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let WinogradConv2d {
        window,
        in_c,
        out_c,
        ..
    } = params;
    window::check(window)?;
    let taps = [window.kernel_h, window.kernel_w];
    let steps = [
        window.stride_h,
        window.stride_w,
        window.dilation_h,
        window.dilation_w,
    ];
    if taps != [3; 2] || steps != [1; 4] {
        return Err(Fault::Geometry);
    }
    if !in_c.is_multiple_of(4) {
        return Err(Fault::Groups);
    }
    bounds.activation(params.input, &[window.in_h, window.in_w, *in_c])?;
    bounds.activation(params.output, &[window.out_h, window.out_w, *out_c])?;
    let bytes = |words: usize| u32::try_from(words).ok()?.checked_mul(4);
    let channels = usize::try_from(*in_c).map_err(|_| Fault::Length)?;
    let scratch_bytes = bytes(scratch_words(channels)).ok_or(Fault::Length)?;
    bounds.scratch(
        params.scratch,
        scratch_bytes,
        &[params.input, params.output],
    )?;
    let block_bytes = bytes(filter_words(channels)).ok_or(Fault::Length)?;
    let blocks = out_c.div_ceil(4);
    bounds.constant(params.filters, &[blocks, block_bytes], Constant::Weights)?;
    let numbers = bounds.int32(
        params.channels,
        blocks.checked_mul(16).ok_or(Fault::Length)?,
    )?;
    let (numbers, _) = numbers.as_chunks::<4>();
    for &[shift, _, multiplier, _] in numbers {
        if multiplier < 0 {
            return Err(Fault::Multiplier);
        }
        if !(1..=31).contains(&shift) {
            return Err(Fault::Shift);
        }
    }
    bounds.ordered(params.min, params.max)?;
    overlap(params)
}

/// The output ends before the input, or runs far enough before it.
fn overlap(params: &WinogradConv2d) -> Result<(), Fault> {
    let Err(fault) = super::bounds::apart(params.input, params.output) else {
        return Ok(());
    };
    let distance = params.input.offset.checked_sub(params.output.offset);
    let distance = distance.ok_or(fault)?;
    match index(distance) >= lag_bytes(params) {
        true => Ok(()),
        false => Err(fault),
    }
}

fn lag_bytes(params: &WinogradConv2d) -> usize {
    let [input, output] = shapes(params);
    let pad = [params.window.pad_top, params.window.pad_left].map(index);
    winograd::lag_bytes(input, output, pad)
}

/// Shapes of input and output.
fn shapes(params: &WinogradConv2d) -> [[usize; 3]; 2] {
    let window = &params.window;
    [
        [window.in_h, window.in_w, params.in_c],
        [window.out_h, window.out_w, params.out_c],
    ]
    .map(|shape| shape.map(index))
}

#[inline(never)]
pub(super) fn run(params: &WinogradConv2d, arena: &mut [i8], data: Data<'_>) {
    let [input_shape, shape] = shapes(params);
    let [_, _, in_c] = input_shape;
    let [out_h, out_w, _] = shape;
    let words = data.int32(params.filters);
    let (channels, _) = data.int32(params.channels).as_chunks::<4>();
    let (channels, _) = channels.as_chunks::<BLOCK>();
    let corner = |at: usize, pad: u32| at.wrapping_sub(index(pad)).cast_signed();
    for top in (0..out_h).step_by(TILE) {
        for left in (0..out_w).step_by(2 * TILE) {
            // Input and output may overlap: all is read that the tiles need before they are written.
            let [input, scratch] = disjoint(arena, [params.input, params.scratch]);
            let Some((patch, tiles, _)) = parts(scratch, in_c) else {
                return;
            };
            let corner = [
                corner(top, params.window.pad_top),
                corner(left, params.window.pad_left),
            ];
            winograd::gather(input, input_shape, corner, params.input_zero_point, patch);
            winograd::transform(patch, in_c, tiles);
            let [output, scratch] = disjoint(arena, [params.output, params.scratch]);
            let Some((_, tiles, sums)) = parts(scratch, in_c) else {
                return;
            };
            for (block, channels) in channels.iter().enumerate() {
                let filters = &words[block * filter_words(in_c)..][..filter_words(in_c)];
                winograd::product(tiles, filters, in_c, sums);
                let place = Place {
                    shape,
                    top,
                    left,
                    channel: block * BLOCK,
                };
                let clamp = [params.min, params.max];
                winograd::finish(sums, channels, params.rounding, clamp, &place, output);
            }
        }
    }
}

/// The scratch as patch, tiles and sums; it is as long as [`scratch_words`], as `check` has proven.
fn parts(
    scratch: &mut [i8],
    in_c: usize,
) -> Option<(&mut [i32], &mut [i32], &mut [i32; PRODUCT_WORDS])> {
    let words = elements_mut::<i32>(scratch);
    let (patch, rest) = words.split_at_mut_checked(patch_words(in_c))?;
    let (tiles, sums) = rest.split_at_mut_checked(transformed_words(in_c))?;
    Some((patch, tiles, sums.first_chunk_mut()?))
}
