//! Change of type, scale and zero point.

use super::super::bounds::{Bounds, same_or_apart, scale};
use crate::arena::Split;
use crate::blob::{Convert, DType};
use crate::element::{elements, elements_mut};
use crate::fault::Fault;
use crate::kernels;
use crate::{Element, arena::view_mut};

pub(super) fn check(params: &Convert, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let rescale = &params.rescale;
    let ends = [
        (params.from, params.input, rescale.input_zero_point),
        (params.to, params.output, rescale.output_zero_point),
    ];
    let count = params.input.len / params.from.bytes();
    for (dtype, span, zero_point) in ends {
        bounds.tensor(span, &[count], dtype)?;
        let (min, max) = match dtype {
            DType::I8 | DType::I16 => dtype.range(),
            DType::I32 => (0, 0),
            DType::Bool => return Err(Fault::DType),
        };
        if !(min..=max).contains(&zero_point) {
            return Err(Fault::ZeroPoint);
        }
    }
    scale(rescale.scale)?;
    // Elements of another length would be overwritten before they are read: such spans differ.
    same_or_apart(params.input, params.output)
}

pub(super) fn run(params: &Convert, arena: &mut [i8]) {
    match params.from {
        DType::I16 => to::<i16>(params, arena),
        DType::I32 => to::<i32>(params, arena),
        DType::I8 | DType::Bool => to::<i8>(params, arena),
    }
}

fn to<T: Element>(params: &Convert, arena: &mut [i8]) {
    match params.to {
        DType::I16 => from_to::<T, i16>(params, arena),
        DType::I32 => from_to::<T, i32>(params, arena),
        DType::I8 | DType::Bool => from_to::<T, i8>(params, arena),
    }
}

fn from_to<T: Element, U: Element>(params: &Convert, arena: &mut [i8]) {
    let rescale = &params.rescale;
    if params.input == params.output {
        in_place::<T, U>(params, arena);
        return;
    }
    let split = Split::around(arena, params.output);
    let input = elements::<T>(split.input(params.input));
    kernels::convert(rescale, input, elements_mut::<U>(split.output));
}

/// One by one: a result lies where its value lay.
fn in_place<T: Element, U: Element>(params: &Convert, arena: &mut [i8]) {
    let bytes = view_mut(arena, params.output);
    for at in 0..elements::<T>(bytes).len() {
        let input = [elements::<T>(bytes)[at]];
        kernels::convert(
            &params.rescale,
            &input,
            &mut elements_mut::<U>(bytes)[at..=at],
        );
    }
}
