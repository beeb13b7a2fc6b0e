//! Convolutions by Winograd's transform.

use super::EmitError;
use super::data::Data;
use super::steps::Ends;
use crate::lower::Winograd;
use tiivis_runtime::blob::{Op, Span, WinogradConv2d};

pub(super) fn conv2d(
    data: &mut Data,
    ends: &Ends<'_>,
    conv: &Winograd<'_>,
    scratch: Span,
) -> Result<Op, EmitError> {
    let (rounding, channels) = conv.channels();
    let zero_point = i8::try_from(ends.from.params.zero_point);
    Ok(Op::WinogradConv2d(WinogradConv2d {
        input: ends.input,
        output: ends.output,
        scratch,
        filters: data.words(conv.filters())?,
        channels: data.int32(channels)?,
        window: conv.window,
        in_c: conv.in_c,
        out_c: conv.out_c,
        input_zero_point: zero_point.map_err(|_| EmitError::TooLarge)?,
        rounding,
        min: conv.clamp.min,
        max: conv.clamp.max,
    }))
}
