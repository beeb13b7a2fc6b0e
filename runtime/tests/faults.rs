//! Every field of every step, set to something that it must not be, and the fault it is refused
//! with.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a helper that several tests share"
)]

mod programs;

use programs::{with_op, with_program};
use tiivis_runtime::blob::*;
use tiivis_runtime::{Fault, Model, ParseError, PortKind, flatten};

fn error(blob: &[u8]) -> Option<ParseError> {
    let storage = programs::storage(blob);
    Model::parse(&flatten(&storage)[..blob.len()]).err()
}

/// Asserts the fault of step 0 of `blob` after each edit of its operator's parameters.
macro_rules! faults {
    ($blob:expr, $variant:ident, $($edit:expr => $fault:ident,)+) => {
        $(
            let blob = with_op(&$blob, |op| {
                let Op::$variant(p) = op else { panic!("another operator") };
                let edit: fn(&mut _) = $edit;
                edit(p);
            });
            assert_eq!(
                error(&blob),
                Some(ParseError::Step { index: 0, fault: Fault::$fault }),
                "{}", stringify!($edit)
            );
        )+
    };
}

#[test]
fn convolution_by_winograd() {
    faults!(programs::winograd_conv2d(), WinogradConv2d,
        |p: &mut WinogradConv2d| p.window.kernel_w = 2 => Geometry,
        |p: &mut WinogradConv2d| p.window.stride_h = 2 => Geometry,
        |p: &mut WinogradConv2d| p.window.dilation_w = 2 => Geometry,
        |p: &mut WinogradConv2d| p.window.pad_top = 1 << 29 => Geometry,
        |p: &mut WinogradConv2d| p.window.out_h = 0 => Empty,
        |p: &mut WinogradConv2d| p.in_c = 6 => Groups,
        |p: &mut WinogradConv2d| p.in_c = 0 => Empty,
        |p: &mut WinogradConv2d| p.in_c = 12 => Length,
        |p: &mut WinogradConv2d| p.out_c = 4 => Length,
        |p: &mut WinogradConv2d| p.input.len += 1 => Length,
        |p: &mut WinogradConv2d| p.input.offset -= 4 => Overlap,
        |p: &mut WinogradConv2d| (p.input.offset, p.output.offset) = (0, 4) => Overlap,
        |p: &mut WinogradConv2d| p.output.offset = u32::MAX => ArenaExtent,
        |p: &mut WinogradConv2d| p.scratch.offset = p.output.offset => Overlap,
        |p: &mut WinogradConv2d| p.scratch.offset = p.input.offset => Overlap,
        |p: &mut WinogradConv2d| p.scratch.offset += 2 => ArenaExtent,
        |p: &mut WinogradConv2d| p.scratch.offset -= 2 => Alignment,
        |p: &mut WinogradConv2d| p.scratch.len -= 4 => Length,
        |p: &mut WinogradConv2d| p.filters.len -= 4 => Length,
        |p: &mut WinogradConv2d| p.filters.offset = u32::MAX => DataExtent,
        |p: &mut WinogradConv2d| p.filters.offset += 4 => Alignment,
        |p: &mut WinogradConv2d| p.channels.len -= 4 => Length,
        |p: &mut WinogradConv2d| p.channels.offset = 0 => Multiplier,
        |p: &mut WinogradConv2d| p.channels.offset += 4 => DataExtent,
        |p: &mut WinogradConv2d| (p.min, p.max) = (1, 0) => Bounds,
        |p: &mut WinogradConv2d| p.max = 128 => Bounds,
    );
}

#[test]
fn convolution() {
    faults!(programs::conv2d(), Conv2d,
        |p: &mut Conv2d| p.input.offset = u32::MAX => ArenaExtent,
        |p: &mut Conv2d| p.input.len += 1 => Length,
        |p: &mut Conv2d| p.output.offset += 1 => ArenaExtent,
        |p: &mut Conv2d| p.output.len = 0 => Length,
        |p: &mut Conv2d| p.output.offset = 16 => Overlap,
        |p: &mut Conv2d| p.weights.offset = u32::MAX => DataExtent,
        |p: &mut Conv2d| p.weights.offset = 4 => Alignment,
        |p: &mut Conv2d| p.weights.len -= 1 => Length,
        |p: &mut Conv2d| p.in_c = 3 => Groups,
        |p: &mut Conv2d| p.out_c = 7 => Groups,
        |p: &mut Conv2d| p.groups = 0 => Empty,
        |p: &mut Conv2d| p.groups = 1 => Length,
        |p: &mut Conv2d| p.in_c = 0 => Empty,
        |p: &mut Conv2d| p.window.in_h = 0 => Empty,
        |p: &mut Conv2d| p.window.out_w = 0 => Empty,
        |p: &mut Conv2d| p.window.kernel_h = 0 => Empty,
        |p: &mut Conv2d| p.window.stride_w = 0 => Empty,
        |p: &mut Conv2d| p.window.dilation_h = 0 => Empty,
        |p: &mut Conv2d| p.window.pad_top = 1 << 29 => Geometry,
        |p: &mut Conv2d| p.window.stride_h = 1 << 28 => Geometry,
        |p: &mut Conv2d| p.window.dilation_w = 1 << 28 => Geometry,
        |p: &mut Conv2d| p.window.in_h = u32::MAX => Geometry,
        |p: &mut Conv2d| p.window.in_h = 1 << 28 => Length,
        |p: &mut Conv2d| p.accumulate.bias.offset += 2 => Alignment,
        |p: &mut Conv2d| p.accumulate.bias.len += 4 => Length,
        |p: &mut Conv2d| p.accumulate.multipliers.offset = 1 << 20 => DataExtent,
        // The weights, read as multipliers and shifts.
        |p: &mut Conv2d| p.accumulate.multipliers.offset = p.weights.offset => Multiplier,
        |p: &mut Conv2d| p.accumulate.shifts.offset = p.weights.offset + 1 => Shift,
        |p: &mut Conv2d| p.accumulate.input_zero_point = 128 => ZeroPoint,
        |p: &mut Conv2d| p.accumulate.output_zero_point = -129 => ZeroPoint,
        |p: &mut Conv2d| p.accumulate.min = 121 => Bounds,
    );
}

#[test]
fn other_layers_with_weights() {
    faults!(programs::depthwise(), DepthwiseConv2d,
        |p: &mut DepthwiseConv2d| p.multiplier = 0 => Empty,
        |p: &mut DepthwiseConv2d| p.multiplier = 2 => Length,
        |p: &mut DepthwiseConv2d| p.multiplier = u32::MAX => Length,
        |p: &mut DepthwiseConv2d| p.output = p.input => Overlap,
        |p: &mut DepthwiseConv2d| p.weights.offset += 8 => Alignment,
        |p: &mut DepthwiseConv2d| p.accumulate.max = -101 => Bounds,
        |p: &mut DepthwiseConv2d| p.accumulate.weights_zero_point = 128 => ZeroPoint,
    );
    faults!(programs::dense(), Dense,
        |p: &mut Dense| p.rows = 0 => Empty,
        |p: &mut Dense| p.rows = 3 => Length,
        |p: &mut Dense| p.in_features = u32::MAX => Length,
        |p: &mut Dense| p.output.offset = 8 => Overlap,
        |p: &mut Dense| p.weights.len = u32::MAX => Length,
        |p: &mut Dense| p.accumulate.input_zero_point = i32::MIN => ZeroPoint,
        |p: &mut Dense| p.accumulate.weights_zero_point = 128 => ZeroPoint,
    );
    faults!(programs::transpose_conv2d(), TransposeConv2d,
        |p: &mut Conv2d| p.groups = 0 => Empty,
        |p: &mut Conv2d| p.in_c = 3 => Groups,
        |p: &mut Conv2d| p.in_c = 8 => Length,
        |p: &mut Conv2d| p.window.stride_h = 0 => Empty,
        |p: &mut Conv2d| p.window.out_w = 1 << 29 => Geometry,
        |p: &mut Conv2d| p.output = p.input => Length,
        |p: &mut Conv2d| p.output.offset = 8 => Overlap,
        |p: &mut Conv2d| p.weights.offset += 8 => Alignment,
        |p: &mut Conv2d| p.accumulate.weights_zero_point = 1 => ZeroPoint,
        |p: &mut Conv2d| p.accumulate.max = -101 => Bounds,
    );
    faults!(programs::mat_mul(), MatMul,
        |p: &mut MatMul| p.rows = 0 => Empty,
        |p: &mut MatMul| p.depth = 4 => Length,
        |p: &mut MatMul| p.columns = u32::MAX => Length,
        |p: &mut MatMul| p.a.matrices = 3 => Broadcast,
        |p: &mut MatMul| p.b.matrices = 2 => Length,
        |p: &mut MatMul| p.a.zero_point = 128 => ZeroPoint,
        |p: &mut MatMul| p.output.offset = 4 => Overlap,
        |p: &mut MatMul| p.output_scale.shift = 31 => Shift,
        |p: &mut MatMul| p.output_zero_point = -129 => ZeroPoint,
        |p: &mut MatMul| { p.min = 1; p.max = 0; } => Bounds,
    );
}

#[test]
fn pooling() {
    faults!(programs::max_pool(), MaxPool2d,
        |p: &mut Pool2d| p.channels = 4 => Length,
        |p: &mut Pool2d| p.output = p.input => Length,
        |p: &mut Pool2d| p.output.offset = 100 => Overlap,
        |p: &mut Pool2d| p.max = -121 => Bounds,
        |p: &mut Pool2d| p.window.pad_top = 3 => EmptyWindow,
        |p: &mut Pool2d| p.window.stride_w = 3 => EmptyWindow,
        |p: &mut Pool2d| p.window.dilation_h = 1 << 28 => Geometry,
    );
    faults!(programs::avg_pool(), AvgPool2d,
        |p: &mut Pool2d| p.window.dilation_w = 2 => Geometry,
        |p: &mut Pool2d| p.window.pad_left = 2 => EmptyWindow,
        |p: &mut Pool2d| {
            p.window.in_h = 1 << 12;
            p.window.in_w = 1 << 12;
            p.window.kernel_h = 1 << 12;
            p.window.kernel_w = 1 << 12;
        } => Geometry,
    );
}

#[test]
fn binary_operators() {
    faults!(programs::add(), Add,
        |p: &mut AddSub| p.shape[3] = 3 => Length,
        |p: &mut AddSub| p.a.shape = [1, 3, 2, 4] => Broadcast,
        |p: &mut AddSub| p.b.shape[2] = 2 => Broadcast,
        |p: &mut AddSub| p.b.shape[1] = 1 => Length,
        |p: &mut AddSub| p.a.zero_point = 200 => ZeroPoint,
        |p: &mut AddSub| p.output.offset = 4 => Overlap,
        // Broadcast in place: later rows would read what earlier ones wrote.
        |p: &mut AddSub| p.b.source = Source::Arena(Span { offset: 0, len: 8 }) => Overlap,
        |p: &mut AddSub| p.b.source = Source::Data(Span { offset: 0, len: 8 }) => DataExtent,
        |p: &mut AddSub| p.left_shift = 24 => Shift,
        |p: &mut AddSub| p.a_scale.shift = 1 => Shift,
        |p: &mut AddSub| p.b_scale.multiplier = -1 => Multiplier,
        |p: &mut AddSub| p.output_scale.shift = -32 => Shift,
        |p: &mut AddSub| p.output_zero_point = 128 => ZeroPoint,
        |p: &mut AddSub| { p.min = 1; p.max = 0; } => Bounds,
    );
    faults!(programs::sub(), Sub,
        |p: &mut AddSub| p.a.source = Source::Data(Span { offset: 1, len: 12 }) => DataExtent,
    );
    faults!(programs::mul(), Mul,
        |p: &mut Mul| p.output_scale.shift = 31 => Shift,
        |p: &mut Mul| p.output_scale.multiplier = i32::MIN => Multiplier,
        |p: &mut Mul| p.b.shape = [1, 0, 1, 1] => Broadcast,
        |p: &mut Mul| p.output_zero_point = -129 => ZeroPoint,
        |p: &mut Mul| { p.min = 1; p.max = 0; } => Bounds,
    );
}

#[test]
fn more_binary_operators() {
    faults!(programs::extreme(), Extreme,
        |p: &mut Extreme| p.shape[3] = 3 => Length,
        |p: &mut Extreme| p.a.shape = [1, 1, 1, 12] => Broadcast,
        |p: &mut Extreme| p.b.source = Source::Arena(Span { offset: 0, len: 4 }) => Overlap,
        |p: &mut Extreme| p.b.source = Source::Data(Span { offset: 1 << 20, len: 4 }) => DataExtent,
        |p: &mut Extreme| p.b.zero_point = 128 => ZeroPoint,
    );
    faults!(programs::squared_difference(), SquaredDifference,
        |p: &mut AddSub| p.left_shift = 8 => Shift,
        |p: &mut AddSub| p.output_scale.shift = 31 => Shift,
        |p: &mut AddSub| p.output_scale.multiplier = -1 => Multiplier,
        |p: &mut AddSub| p.a_scale.shift = 1 => Shift,
        |p: &mut AddSub| p.output.offset = 4 => Overlap,
        |p: &mut AddSub| { p.min = 1; p.max = 0; } => Bounds,
    );
    faults!(programs::div(), Div,
        |p: &mut Mul| p.output_scale.shift = 24 => Shift,
        |p: &mut Mul| p.output_scale.multiplier = i32::MIN => Multiplier,
        |p: &mut Mul| p.b.zero_point = -129 => ZeroPoint,
        |p: &mut Mul| p.output_zero_point = 128 => ZeroPoint,
    );
    faults!(programs::compare(), Compare,
        |p: &mut Compare| p.left_shift = 24 => Shift,
        |p: &mut Compare| p.a_scale.shift = 1 => Shift,
        |p: &mut Compare| p.b_scale.multiplier = -1 => Multiplier,
        |p: &mut Compare| p.b.shape[2] = 2 => Broadcast,
        |p: &mut Compare| p.a.zero_point = 128 => ZeroPoint,
        |p: &mut Compare| p.output.len = 4 => Length,
    );
    faults!(programs::select(), Select,
        |p: &mut Select| p.condition.shape[3] = 2 => Broadcast,
        |p: &mut Select| p.condition = p.a => Overlap,
        |p: &mut Select| p.b.source = Source::Arena(Span { offset: 16, len: 4 }) => Overlap,
        |p: &mut Select| p.a.source = Source::Data(Span { offset: 0, len: 12 }) => DataExtent,
    );
    faults!(programs::prelu(), Prelu,
        |p: &mut Prelu| p.positive.shift = 31 => Shift,
        |p: &mut Prelu| p.negative.multiplier = -1 => Multiplier,
        |p: &mut Prelu| p.slope.shape[3] = 3 => Broadcast,
        |p: &mut Prelu| p.output_zero_point = -129 => ZeroPoint,
        |p: &mut Prelu| p.output.offset = 4 => Overlap,
    );
}

#[test]
fn moves_and_tables() {
    faults!(programs::concat(), Concat,
        |p: &mut Concat| p.outer = 0 => Empty,
        |p: &mut Concat| p.outer = 1 => Length,
        |p: &mut Concat| p.at_bytes = 3 => Row,
        |p: &mut Concat| p.at_bytes = u32::MAX => Row,
        |p: &mut Concat| p.input = Source::Arena(Span { offset: 12, len: 6 }) => Overlap,
        |p: &mut Concat| p.rescale.as_mut().expect("set").input_zero_point = 999 => ZeroPoint,
        |p: &mut Concat| p.rescale.as_mut().expect("set").scale.shift = -32 => Shift,
    );
    faults!(programs::concat_int16(), Concat,
        |p: &mut Concat| p.output.offset += 1 => ArenaExtent,
        |p: &mut Concat| p.input = Source::Arena(Span { offset: 1, len: 8 }) => Alignment,
        |p: &mut Concat| p.input = Source::Data(Span { offset: 1, len: 8 }) => DataExtent,
        |p: &mut Concat| p.row_bytes = 3 => Row,
        |p: &mut Concat| p.output_row_bytes = 7 => Row,
        |p: &mut Concat| p.at_bytes = 1 => Row,
        |p: &mut Concat| p.dtype = DType::I32 => Row,
        |p: &mut Concat| p.rescale = Some(Rescale {
            input_zero_point: 0,
            output_zero_point: 0,
            scale: Scale { multiplier: 1 << 30, shift: 0 },
        }) => DType,
    );
    faults!(programs::pad(), Pad,
        |p: &mut Pad| p.before[0] = u32::MAX => Length,
        |p: &mut Pad| p.after[3] = 1 => Length,
        |p: &mut Pad| p.shape[1] = 0 => Empty,
        |p: &mut Pad| p.output.offset = 0 => Overlap,
    );
    faults!(programs::softmax(), Softmax,
        |p: &mut Softmax| p.rows = 3 => Length,
        |p: &mut Softmax| p.depth = 0 => Empty,
        |p: &mut Softmax| p.table.len -= 1 => Length,
        |p: &mut Softmax| p.table.len = 0 => Empty,
        |p: &mut Softmax| p.table.offset += 1 => DataExtent,
        |p: &mut Softmax| p.table = Span { offset: 2, len: 4 } => Alignment,
        |p: &mut Softmax| p.table = Span { offset: 4, len: 8 } => Table,
        |p: &mut Softmax| p.output.offset = 4 => Overlap,
    );
    faults!(programs::lut(), Lut,
        |p: &mut Lut| p.table.len = 255 => Length,
        |p: &mut Lut| p.output.len = 8 => Length,
        |p: &mut Lut| { p.input.len = 8; p.output = Span { offset: 1, len: 8 }; } => Overlap,
    );
    faults!(programs::requantize(), Requantize,
        |p: &mut Requantize| p.rescale.output_zero_point = 128 => ZeroPoint,
        |p: &mut Requantize| p.output.offset = 8 => Overlap,
    );
    faults!(programs::take(), Take,
        |p: &mut Take| p.run_bytes = 0 => Empty,
        |p: &mut Take| p.run_bytes = 3 => Length,
        |p: &mut Take| p.axes[2].count = 0 => Empty,
        |p: &mut Take| p.axes[2].count = u32::MAX => Length,
        |p: &mut Take| p.axes[5].count = 2 => Length,
        |p: &mut Take| p.first_byte = 47 => Run,
        |p: &mut Take| p.first_byte = 53 => Run,
        |p: &mut Take| p.axes[4].offsets = Offsets::Stride(12) => Run,
        |p: &mut Take| p.axes[4].offsets = Offsets::Stride(i32::MIN) => Run,
        |p: &mut Take| p.axes[4].offsets = Offsets::Stride(i32::MAX) => Run,
        |p: &mut Take| p.axes[5].offsets = Offsets::Stride(5) => Run,
        |p: &mut Take| p.axes[5] = TakeAxis { count: 2, offsets: Offsets::Table(Span { offset: 2, len: 8 }) } => Alignment,
        |p: &mut Take| p.axes[5].offsets = Offsets::Table(Span { offset: 16, len: 12 }) => DataExtent,
        |p: &mut Take| p.input.offset = u32::MAX => ArenaExtent,
        |p: &mut Take| p.output = p.input => Overlap,
    );
    faults!(programs::transpose(), Transpose,
        |p: &mut Transpose| p.perm = [0, 1, 1, 3] => Permutation,
        |p: &mut Transpose| p.perm[0] = 4 => Permutation,
        |p: &mut Transpose| p.shape[0] = 2 => Length,
        |p: &mut Transpose| p.output = p.input => Overlap,
    );
}

#[test]
fn reductions() {
    faults!(programs::reduce_mean(), Reduce,
        |p: &mut Reduce| p.shape[0] = 0 => Empty,
        |p: &mut Reduce| p.shape[1] = 3 => Length,
        |p: &mut Reduce| p.shape[4] = u32::MAX => Length,
        |p: &mut Reduce| p.output.len -= 1 => Length,
        |p: &mut Reduce| p.output.offset = u32::MAX => ArenaExtent,
        |p: &mut Reduce| p.output.offset = 100 => Overlap,
        |p: &mut Reduce| p.max = -121 => Bounds,
        |p: &mut Reduce| {
            let Reduction::Sum(rescale) = &mut p.reduction else { panic!("a mean") };
            rescale.input_zero_point = 128;
        } => ZeroPoint,
        |p: &mut Reduce| {
            let Reduction::Sum(rescale) = &mut p.reduction else { panic!("a mean") };
            rescale.scale.multiplier = -1;
        } => Multiplier,
    );
    faults!(programs::reduce_max(), Reduce,
        |p: &mut Reduce| p.input.len = 119 => Length,
    );
    faults!(programs::arg_max(), ArgExtreme,
        |p: &mut ArgExtreme| p.shape[1] = 0 => Empty,
        |p: &mut ArgExtreme| p.shape[2] = 1 => Length,
        |p: &mut ArgExtreme| p.output.len = 6 => Length,
        |p: &mut ArgExtreme| p.output.offset = 12 => Overlap,
    );
    faults!(programs::resize_bilinear(), ResizeBilinear,
        |p: &mut ResizeBilinear| p.rows.outputs = 3 => Length,
        |p: &mut ResizeBilinear| p.channels = 0 => Empty,
        |p: &mut ResizeBilinear| p.rows.step = -1 => Geometry,
        |p: &mut ResizeBilinear| p.rows.step = i32::MAX / 2 => Geometry,
        |p: &mut ResizeBilinear| {
            p.columns.step = i32::MAX / 4;
            p.columns.first = i32::MAX / 2;
        } => Geometry,
        |p: &mut ResizeBilinear| p.output.offset = 0 => Overlap,
    );
    faults!(programs::l2_normalize(), L2Normalize,
        |p: &mut L2Normalize| p.depth = 5 => Length,
        |p: &mut L2Normalize| p.rows = 0 => Empty,
        |p: &mut L2Normalize| p.input_zero_point = -129 => ZeroPoint,
        |p: &mut L2Normalize| p.output.offset = 1 => Overlap,
    );
    faults!(programs::log_softmax(), LogSoftmax,
        |p: &mut LogSoftmax| p.rows = 3 => Length,
        |p: &mut LogSoftmax| p.scale.shift = 31 => Shift,
        |p: &mut LogSoftmax| p.inverse.multiplier = -1 => Multiplier,
        |p: &mut LogSoftmax| p.table.len -= 1 => Length,
        |p: &mut LogSoftmax| p.table = Span { offset: 4, len: 8 } => Table,
        |p: &mut LogSoftmax| p.output.offset = 4 => ArenaExtent,
    );
}

#[test]
fn programs_and_ports() {
    let blob = programs::lut();
    let program = |edit: fn(&mut Program<'_>)| error(&with_program(&blob, edit));
    let refused = |fault| Some(ParseError::Program(fault));
    assert_eq!(program(|_| ()), None);
    assert_eq!(program(|p| p.input_count = 0), refused(Fault::Count));
    assert_eq!(program(|p| p.output_count = 9), refused(Fault::Count));
    assert_eq!(program(|p| p.steps = &[]), Some(step(0, Fault::Encoding)));
    assert_eq!(program(|p| p.step_count = 0), refused(Fault::Trailing));
    assert_eq!(program(|p| p.layer_count = 0), Some(step(0, Fault::Layer)));
    assert_eq!(program(|p| p.labels = &[]), refused(Fault::Encoding));
    assert_eq!(program(|p| p.label_count = 1), refused(Fault::Trailing));
    assert_eq!(
        program(|p| p.layer_names = &[1, 0xff]),
        refused(Fault::Encoding)
    );
    assert_eq!(program(|p| p.layer_names = b"\x01a"), None);
    // Traces are not the runtime's business.
    assert_eq!(program(|p| (p.trace_count, p.traces) = (7, &[0xff])), None);
    assert_eq!(
        program(|p| p.provenance.source_sha256 = &[0; 31]),
        refused(Fault::Digest)
    );
    assert_eq!(program(|p| p.provenance.source_sha256 = &[]), None);

    let port = |edit| error(&with_output(&blob, edit));
    let refused = |fault| {
        Some(ParseError::Port {
            kind: PortKind::Output,
            index: 0,
            fault,
        })
    };
    assert_eq!(port(|_| ()), None);
    assert_eq!(port(|p| p.shape[0] = 2), refused(Fault::Batch));
    assert_eq!(port(|p| p.shape.clear()), refused(Fault::Batch));
    assert_eq!(port(|p| p.shape[1] = 8), refused(Fault::Length));
    assert_eq!(port(|p| p.span.offset = 1), refused(Fault::ArenaExtent));
    assert_eq!(port(|p| p.source_axes[1] = 0), refused(Fault::Permutation));
    assert_eq!(
        port(|p| p.source_axes.truncate(1)),
        refused(Fault::Permutation)
    );
    assert_eq!(port(|p| p.zero_point = 128), refused(Fault::ZeroPoint));
    assert_eq!(port(|p| p.dtype = DType::I16), refused(Fault::Length));
    assert_eq!(port(|p| p.dtype = DType::Bool), refused(Fault::ZeroPoint));
    let wide = programs::concat_int16();
    let int16 = |edit| error(&with_output(&wide, edit));
    assert_eq!(int16(|_| ()), None);
    assert_eq!(int16(|p| p.span.offset = 1), refused(Fault::Alignment));
    assert_eq!(int16(|p| p.dtype = DType::I8), refused(Fault::Length));
    assert_eq!(int16(|p| p.zero_point = 32_767), None);
    assert_eq!(int16(|p| p.zero_point = 32_768), refused(Fault::ZeroPoint));
    assert_eq!(int16(|p| p.shape[1] = u32::MAX), refused(Fault::Length));
    for scale in [0.0, -0.0, -1.0, f32::INFINITY, f32::NAN, -f32::NAN] {
        let mut port: Port<'_> =
            postcard::from_bytes(programs::program(&blob).outputs).expect("valid");
        port.scale = scale;
        let outputs = postcard::to_stdvec(&port).expect("encodes");
        let program = Program {
            outputs: &outputs,
            ..programs::program(&blob)
        };
        let blob = programs::pack(&program, &blob[programs::data_offset(&blob)..]);
        assert_eq!(error(&blob), refused(Fault::PortScale), "{scale}");
    }
}

/// The blob with its output port edited.
fn with_output(blob: &[u8], edit: fn(&mut Port<'_>)) -> Vec<u8> {
    let mut port: Port<'_> = postcard::from_bytes(programs::program(blob).outputs).expect("valid");
    edit(&mut port);
    let outputs = postcard::to_stdvec(&port).expect("encodes");
    let program = Program {
        outputs: &outputs,
        ..programs::program(blob)
    };
    programs::pack(&program, &blob[programs::data_offset(blob)..])
}

#[test]
fn states_that_cannot_be_set_are_refused() {
    let blob = programs::state();
    let edited = |edit: fn(&mut State)| {
        let states = programs::program(&blob).states;
        let (mut state, rest) = postcard::take_from_bytes::<State>(states).expect("valid");
        edit(&mut state);
        let states = [&postcard::to_stdvec(&state).expect("encodes"), rest].concat();
        error(&programs::with_program(&blob, |program| {
            program.states = Box::leak(states.into_boxed_slice());
        }))
    };
    let refused = |fault| Some(ParseError::State { index: 0, fault });
    assert_eq!(edited(|_| ()), None);
    assert_eq!(edited(|state| state.span.len = 0), refused(Fault::Empty));
    assert_eq!(edited(|state| state.span.len = 3), refused(Fault::Length));
    assert_eq!(
        edited(|state| state.span.offset = u32::MAX),
        refused(Fault::ArenaExtent)
    );
    let beyond = edited(|state| {
        state.initial = Initial::Data(Span {
            offset: u32::MAX,
            len: 4,
        });
    });
    assert_eq!(beyond, refused(Fault::DataExtent));
    let count = |count| {
        error(&programs::with_program(&blob, |program| {
            program.state_count = count;
        }))
    };
    assert_eq!(count(1), Some(ParseError::Program(Fault::Trailing)));
    let fault = Fault::Encoding;
    assert_eq!(count(3), Some(ParseError::State { index: 2, fault }));
}

fn step(index: u32, fault: Fault) -> ParseError {
    ParseError::Step { index, fault }
}

#[test]
fn trailing_and_padding_bytes_are_refused() {
    let blob = programs::lut();
    let mut trailing = blob.clone();
    // One byte more of program, which is padding otherwise.
    trailing[20] += 1;
    programs::repair(&mut trailing);
    assert_eq!(error(&trailing), Some(ParseError::Program(Fault::Trailing)));
    let mut padded = blob.clone();
    padded[programs::data_offset(&blob) - 1] = 1;
    programs::repair(&mut padded);
    assert_eq!(error(&padded), Some(ParseError::Preamble(Fault::Reserved)));
}

#[test]
fn operators_that_remember() {
    faults!(programs::svdf(DType::I8), Svdf,
        |p: &mut Svdf| p.dtype = DType::I32 => DType,
        |p: &mut Svdf| p.dtype = DType::I16 => Length,
        |p: &mut Svdf| p.batch = 0 => Empty,
        |p: &mut Svdf| p.memory = 3 => Length,
        |p: &mut Svdf| { p.rank = 4; p.units = 1; } => Length,
        |p: &mut Svdf| { p.units = u32::MAX; p.rank = 2; } => Length,
        |p: &mut Svdf| p.in_features = u32::MAX => Length,
        |p: &mut Svdf| p.state = Span { offset: p.input.offset, ..p.state } => Overlap,
        |p: &mut Svdf| p.output.offset = p.state.offset + 4 => Overlap,
        |p: &mut Svdf| p.output.offset = p.input.offset + 4 => Overlap,
        |p: &mut Svdf| p.state.offset = u32::MAX => ArenaExtent,
        |p: &mut Svdf| p.weights.offset += 8 => Alignment,
        |p: &mut Svdf| p.time_weights.offset = u32::MAX => DataExtent,
        |p: &mut Svdf| p.bias.offset -= 1 => Alignment,
        |p: &mut Svdf| p.bias.len = 4 => Length,
        |p: &mut Svdf| p.input_zero_point = 128 => ZeroPoint,
        |p: &mut Svdf| p.state_zero_point = -129 => ZeroPoint,
        |p: &mut Svdf| p.output_zero_point = i32::MAX => ZeroPoint,
        |p: &mut Svdf| p.state_scale.multiplier = -1 => Multiplier,
        |p: &mut Svdf| p.output_scale.shift = 31 => Shift,
    );
    faults!(programs::svdf(DType::I16), Svdf,
        |p: &mut Svdf| p.state_zero_point = 1 << 15 => ZeroPoint,
        |p: &mut Svdf| p.state.offset += 1 => ArenaExtent,
        |p: &mut Svdf| p.state.offset -= 1 => Alignment,
        |p: &mut Svdf| p.time_weights.offset += 1 => Alignment,
    );
    faults!(programs::lstm(DType::I8), Lstm,
        |p: &mut Lstm| p.dtype = DType::Bool => DType,
        |p: &mut Lstm| p.dtype = DType::I16 => Length,
        |p: &mut Lstm| p.time = 0 => Empty,
        |p: &mut Lstm| p.batch = 3 => Length,
        |p: &mut Lstm| p.units = u32::MAX => Length,
        |p: &mut Lstm| p.in_features = 1 => Length,
        |p: &mut Lstm| p.hidden.offset = p.input.offset => Overlap,
        |p: &mut Lstm| p.cell.offset = p.hidden.offset + 4 => Overlap,
        |p: &mut Lstm| p.output.offset = p.input.offset + 2 => Overlap,
        |p: &mut Lstm| p.cell.offset -= 1 => Alignment,
        |p: &mut Lstm| p.cell.len = 6 => Length,
        |p: &mut Lstm| p.input_weights.offset += 8 => Alignment,
        |p: &mut Lstm| p.recurrent_weights.offset = u32::MAX => DataExtent,
        |p: &mut Lstm| p.bias.len -= 4 => Length,
        |p: &mut Lstm| p.multipliers = Span { len: 44, ..p.bias } => Multiplier,
        |p: &mut Lstm| p.shifts = Span { len: 11, ..p.input_weights } => Shift,
        |p: &mut Lstm| p.shifts.len = 10 => Length,
        |p: &mut Lstm| p.input_zero_point = -129 => ZeroPoint,
        |p: &mut Lstm| p.hidden_zero_point = 128 => ZeroPoint,
        |p: &mut Lstm| p.cell_min = 30_001 => Bounds,
        |p: &mut Lstm| p.cell_bits = 15 => Shift,
        |p: &mut Lstm| p.cell_bits = -16 => Shift,
    );
    faults!(programs::lstm(DType::I16), Lstm,
        |p: &mut Lstm| p.hidden.offset -= 1 => Alignment,
        |p: &mut Lstm| p.hidden_zero_point = 1 << 15 => ZeroPoint,
    );
    // A shift that a sum of 32 bits takes and one of 64 does not.
    for (dtype, fault) in [(DType::I8, None), (DType::I16, Some(Fault::Shift))] {
        let mut blob = programs::lstm(dtype);
        let Op::Lstm(params) = programs::op(&blob) else {
            panic!("another operator")
        };
        let at = usize::try_from(params.shifts.offset).expect("small");
        let data = programs::data_offset(&blob);
        blob[data + at] = 15;
        programs::repair(&mut blob);
        let expected = fault.map(|fault| step(0, fault));
        assert_eq!(error(&blob), expected, "{}", dtype.name());
    }
}

#[test]
fn errors_say_what_and_where() {
    assert_eq!(
        step(3, Fault::Overlap).to_string(),
        "step 3 is wrong, the output overlaps an input"
    );
    assert_eq!(
        error(&[0xff; 64]).expect("refused").to_string(),
        "no model here, the bytes start with [ff, ff, ff, ff]"
    );
    let mut later = programs::lut();
    later[4] = 3;
    assert_eq!(
        error(&later).expect("refused").to_string(),
        "the model has format 3.0, this runtime reads 2.x, compile it again"
    );
}

/// Asserts the fault of the only front-end of `blob` after each edit of its description.
macro_rules! frontend_faults {
    ($blob:expr, $($edit:expr => $fault:ident,)+) => {
        $(
            let edit: fn(&mut FrontendSpec) = $edit;
            let blob = programs::with_spec(&$blob, edit);
            assert_eq!(
                error(&blob),
                Some(ParseError::Frontend { index: 0, fault: Fault::$fault }),
                "{}", stringify!($edit)
            );
        )+
    };
}

fn micro(spec: &mut FrontendSpec) -> &mut MicroSpec {
    match &mut spec.kind {
        FrontendKind::Micro(kind) => kind,
        FrontendKind::Mel(_) | FrontendKind::Motion(_) => panic!("another kind"),
    }
}

fn mel(spec: &mut FrontendSpec) -> &mut MelSpec {
    match &mut spec.kind {
        FrontendKind::Mel(kind) => kind,
        FrontendKind::Micro(_) | FrontendKind::Motion(_) => panic!("another kind"),
    }
}

fn motion(spec: &mut FrontendSpec) -> &mut MotionSpec {
    match &mut spec.kind {
        FrontendKind::Motion(kind) => kind,
        FrontendKind::Micro(_) | FrontendKind::Mel(_) => panic!("another kind"),
    }
}

#[test]
fn frontends() {
    let with_another = with_program(&programs::frontend_mel(), |program| {
        program.frontend_count = 2;
    });
    assert_eq!(
        error(&with_another),
        Some(ParseError::Frontend {
            index: 1,
            fault: Fault::Encoding
        })
    );
    let with_many = with_program(&programs::lut(), |program| program.frontend_count = 9);
    assert_eq!(error(&with_many), Some(ParseError::Program(Fault::Count)));
    let with_rest = with_program(&programs::lut(), |program| program.frontends = &[0]);
    assert_eq!(
        error(&with_rest),
        Some(ParseError::Program(Fault::Trailing))
    );
    frontend_faults!(programs::frontend_micro(),
        |spec| spec.input = 1 => Count,
        |spec| spec.frames = 3 => Length,
        |spec| spec.features = 2 => Length,
        |spec| spec.channels = 0 => Empty,
        |spec| spec.channels = 2 => Geometry,
        |spec| spec.channels = u32::MAX => Count,
        |spec| spec.window_len = 0 => Empty,
        |spec| spec.window_len = 65 => Geometry,
        |spec| spec.window_len = 49 => Length,
        |spec| spec.window_len = u32::MAX => Geometry,
        |spec| spec.hop_len = 0 => Geometry,
        |spec| spec.hop_len = 51 => Geometry,
        |spec| spec.stride_frames = 0 => Empty,
        |spec| spec.quantizer = Quantizer::Divide { step: 0, zero_point: 0 } => Multiplier,
        |spec| spec.quantizer = Quantizer::Divide { step: 1, zero_point: 128 } => ZeroPoint,
        |spec| micro(spec).fft_len = 63 => Geometry,
        |spec| micro(spec).fft_len = 4096 => Geometry,
        |spec| micro(spec).fft_len = 128 => Length,
        |spec| micro(spec).window.offset += 1 => Alignment,
        |spec| micro(spec).circle.offset = u32::MAX => DataExtent,
        |spec| micro(spec).first_bin = 30 => Table,
        |spec| micro(spec).first_bin = u32::MAX => Table,
        |spec| micro(spec).widths.len = 6 => Length,
        |spec| micro(spec).widths = Span { len: 8, ..micro(spec).window } => Table,
        |spec| micro(spec).unweights.len = 0 => Length,
        |spec| micro(spec).smoothing_bits = 32 => Shift,
        |spec| micro(spec).even_smoothing = (1 << 14) + 1 => Multiplier,
        |spec| micro(spec).min_signal_remaining = u32::MAX => Multiplier,
        |spec| micro(spec).pcan.as_mut().expect("on").snr_shift = 64 => Shift,
        |spec| micro(spec).pcan.as_mut().expect("on").gains.len = 248 => Length,
        |spec| micro(spec).log.as_mut().expect("on").scale_shift = 16 => Shift,
        |spec| micro(spec).log.as_mut().expect("on").table.len = 258 => Length,
    );
    frontend_faults!(programs::frontend_mel(),
        |spec| spec.quantizer = Quantizer::Rescale {
            scale: Scale { multiplier: -1, shift: 0 },
            zero_point: 0,
        } => Multiplier,
        |spec| mel(spec).symmetry = Symmetry::Symmetric => Length,
        // A band of no bins, whose weights are nowhere: the logarithm's table starts with 0.
        |spec| {
            let kind = mel(spec);
            kind.bands = 1;
            kind.ranges = Span { offset: kind.logarithm.offset, len: 4 };
            kind.weights = Span { offset: 1 << 20, len: 0 };
        } => DataExtent,
        |spec| mel(spec).preemphasis = (1 << 14) + 1 => Multiplier,
        |spec| mel(spec).bands = 0 => Count,
        |spec| mel(spec).bands = u32::MAX => Count,
        |spec| mel(spec).bands = 4 => Length,
        |spec| mel(spec).ranges = Span { len: 12, ..mel(spec).circle } => Table,
        |spec| mel(spec).window.offset += 2 => Alignment,
        |spec| mel(spec).weights.len -= 4 => Length,
        |spec| mel(spec).floor = Floor::Clamp(i32::MIN) => Bounds,
        |spec| mel(spec).floor = Floor::Add { mantissa: 0, exponent: 0 } => Bounds,
        |spec| mel(spec).floor = Floor::Add { mantissa: 1, exponent: 201 } => Bounds,
        |spec| mel(spec).mix = Mix::Gains(Span { offset: 0, len: 12 }) => Length,
        |spec| mel(spec).offsets.len = 4 => Length,
        |spec| mel(spec).shift = 0 => Shift,
        |spec| mel(spec).shift = 63 => Shift,
    );
    frontend_faults!(programs::frontend_motion(),
        |spec| spec.window_len = 2 => Geometry,
        |spec| spec.channels = 2 => Length,
        |spec| motion(spec).gains.len = 8 => Length,
        |spec| motion(spec).offsets.offset -= 2 => Alignment,
        |spec| motion(spec).shift = 0 => Shift,
    );
}

/// [`faults`] of an operator of int16.
macro_rules! faults_int16 {
    ($blob:expr, $variant:ident, $($edit:expr => $fault:ident,)+) => {
        $(
            let blob = with_op(&$blob, |op| {
                let Op::Int16(Int16::$variant(p)) = op else { panic!("another operator") };
                let edit: fn(&mut _) = $edit;
                edit(p);
            });
            assert_eq!(
                error(&blob),
                Some(ParseError::Step { index: 0, fault: Fault::$fault }),
                "{}", stringify!($edit)
            );
        )+
    };
}

#[test]
fn layers_of_int16() {
    for blob in [programs::conv2d_int16(), programs::conv2d_int16_int32()] {
        faults_int16!(blob, Conv2d,
            |p: &mut Conv2d| p.input.offset += 1 => Alignment,
            |p: &mut Conv2d| p.input.len /= 2 => Length,
            |p: &mut Conv2d| p.output.offset += 1 => ArenaExtent,
            |p: &mut Conv2d| p.output.offset = 2 => Overlap,
            |p: &mut Conv2d| p.weights.offset -= 8 => Alignment,
            |p: &mut Conv2d| p.groups = 5 => Groups,
            |p: &mut Conv2d| p.accumulate.bias.offset += 2 => Alignment,
            |p: &mut Conv2d| p.accumulate.bias.len -= 1 => Length,
            |p: &mut Conv2d| p.accumulate.bias.len = 0 => Length,
            |p: &mut Conv2d| p.accumulate.shifts.len -= 1 => Length,
            |p: &mut Conv2d| p.accumulate.input_zero_point = 1 => ZeroPoint,
            |p: &mut Conv2d| p.accumulate.weights_zero_point = -1 => ZeroPoint,
            |p: &mut Conv2d| p.accumulate.output_zero_point = 1 => ZeroPoint,
            |p: &mut Conv2d| { p.accumulate.min = 1; p.accumulate.max = 0; } => Bounds,
        );
    }
    faults_int16!(programs::conv2d_int16(), Conv2d,
        |p: &mut Conv2d| p.accumulate.bias.offset += 4 => Alignment,
    );
    faults_int16!(programs::mat_mul_int16(), MatMul,
        |p: &mut MatMul| p.output_scale.shift = 15 => Shift,
        |p: &mut MatMul| p.a.zero_point = 1 => ZeroPoint,
        |p: &mut MatMul| p.b.source = Source::Data(Span { offset: 1, len: 40 }) => DataExtent,
        |p: &mut MatMul| p.b.source = Source::Data(Span { offset: 0, len: 20 }) => Length,
        |p: &mut MatMul| p.b.source = Source::Arena(Span { offset: 1, len: 40 }) => Alignment,
        |p: &mut MatMul| p.depth = 5 => Length,
    );
}

#[test]
fn other_operators_of_int16() {
    faults_int16!(programs::avg_pool_int16(), AvgPool2d,
        |p: &mut Pool2d| p.window.dilation_h = 2 => Geometry,
        |p: &mut Pool2d| p.window = programs::window([1 << 8, 1 << 8], [1 << 8, 1 << 8], [1, 1]) => Geometry,
        |p: &mut Pool2d| p.output.offset += 1 => ArenaExtent,
        |p: &mut Pool2d| p.input.offset = 1 => Alignment,
    );
    faults_int16!(programs::add_int16(), Add,
        |p: &mut AddSub| p.a.zero_point = 1 => ZeroPoint,
        |p: &mut AddSub| p.output_zero_point = -1 => ZeroPoint,
        |p: &mut AddSub| p.b.source = Source::Data(Span { offset: 0, len: 4 }) => Length,
        |p: &mut AddSub| p.b.source = Source::Arena(Span { offset: 1, len: 8 }) => Alignment,
        |p: &mut AddSub| p.output.offset = 2 => ArenaExtent,
    );
    faults_int16!(programs::mul_int16(), Mul,
        |p: &mut Mul| p.output_zero_point = 1 => ZeroPoint,
        |p: &mut Mul| p.output.len -= 1 => Length,
    );
    faults_int16!(programs::mean_int16(), Reduce,
        |p: &mut Reduce| p.shape[0] = 3 => Length,
    );
    faults_int16!(programs::pad_int16(), Pad,
        |p: &mut Pad| p.before[3] = 3 => Length,
    );
    faults_int16!(programs::slopes(), Slopes,
        |p: &mut Slopes| p.positive.shift = 31 => Shift,
        |p: &mut Slopes| p.negative.multiplier = -1 => Multiplier,
        |p: &mut Slopes| p.output.offset = 2 => ArenaExtent,
        |p: &mut Slopes| p.input.len = 17 => Length,
        |p: &mut Slopes| p.min = 20_001 => Bounds,
    );
    faults_int16!(programs::tanh(), Tanh,
        |p: &mut Curve| p.multiplier = -1 => Multiplier,
        |p: &mut Curve| p.shift = 32 => Shift,
    );
    faults_int16!(programs::softmax_int16(), Softmax,
        |p: &mut Softmax16| p.depth = 4 => Length,
        |p: &mut Softmax16| p.exponentials.len = 1024 => Length,
        |p: &mut Softmax16| p.reciprocals.offset += 1 => DataExtent,
        |p: &mut Softmax16| p.exponentials.offset += 1 => Alignment,
        // Reciprocals end in less than 32767.
        |p: &mut Softmax16| p.exponentials = p.reciprocals => Table,
        |p: &mut Softmax16| p.scale.shift = 31 => Shift,
    );
}

#[test]
fn packed_weights() {
    faults!(programs::packed_conv2d(), PackedConv2d,
        |p: &mut PackedConv2d| p.window.kernel_h = 0 => Empty,
        |p: &mut PackedConv2d| p.window.dilation_w = 1 << 29 => Geometry,
        |p: &mut PackedConv2d| p.window.kernel_w = 1 << 28 => Length,
        |p: &mut PackedConv2d| p.window.kernel_w = 3 => Length,
        |p: &mut PackedConv2d| p.in_c = 4 => Length,
        |p: &mut PackedConv2d| p.out_c = 4 => Length,
        |p: &mut PackedConv2d| p.input_zero_point = 128 => ZeroPoint,
        |p: &mut PackedConv2d| p.packed.stream.len -= 4 => Length,
        |p: &mut PackedConv2d| p.packed.stream.offset += 16 => DataExtent,
        |p: &mut PackedConv2d| p.packed.finish = Finish::Rounded => Length,
        |p: &mut PackedConv2d| p.packed.finish = Finish::Twin { shift: 16 } => Shift,
        |p: &mut PackedConv2d| p.packed.scratch.len -= 4 => Length,
        |p: &mut PackedConv2d| p.packed.scratch.offset -= 2 => Alignment,
        |p: &mut PackedConv2d| p.packed.scratch.offset += 1 << 20 => ArenaExtent,
        |p: &mut PackedConv2d| p.packed.scratch.offset = p.input.offset => Overlap,
        |p: &mut PackedConv2d| p.packed.scratch.offset = p.output.offset => Overlap,
        |p: &mut PackedConv2d| p.output.offset = p.input.offset => Overlap,
        |p: &mut PackedConv2d| p.packed.max = 128 => Bounds,
        |p: &mut PackedConv2d| p.packed.max = -101 => Bounds,
    );
    faults!(programs::packed_dense(), PackedDense,
        |p: &mut PackedDense| p.in_features = 8 => Length,
        |p: &mut PackedDense| p.out_features = 0 => Empty,
        |p: &mut PackedDense| p.packed.stream.offset += 4 => DataExtent,
        |p: &mut PackedDense| p.packed.finish = Finish::Twin { shift: 1 } => Length,
        |p: &mut PackedDense| p.packed.scratch.len += 4 => Length,
        |p: &mut PackedDense| p.packed.scratch.offset = p.output.offset => Overlap,
    );
}

/// An operator lies on the stack of a run: those of int16 make it no larger.
#[test]
fn an_operator_is_as_large_as_its_largest_parameters() {
    let parameters = [
        size_of::<Conv2d>(),
        size_of::<DepthwiseConv2d>(),
        size_of::<Select>(),
        size_of::<Take>(),
        size_of::<Lstm>(),
        size_of::<MatMul>(),
        size_of::<AddSub>(),
        size_of::<PackedConv2d>(),
    ];
    let largest = parameters.into_iter().max().expect("some");
    assert_eq!(size_of::<Op>(), largest + size_of::<u32>());
}

#[test]
fn depthwise_convolution_by_planes() {
    faults!(programs::depthwise_planes(), DepthwisePlanes,
        |p: &mut DepthwisePlanes| p.input.len += 1 => Length,
        |p: &mut DepthwisePlanes| p.input.offset = u32::MAX => ArenaExtent,
        |p: &mut DepthwisePlanes| p.output.len -= 1 => Length,
        // On the input, but not from its first byte on.
        |p: &mut DepthwisePlanes| p.output.offset = 2 => Overlap,
        |p: &mut DepthwisePlanes| p.scratch.len -= 4 => Length,
        |p: &mut DepthwisePlanes| p.scratch.offset += 4 => ArenaExtent,
        |p: &mut DepthwisePlanes| p.scratch.offset -= 2 => Alignment,
        |p: &mut DepthwisePlanes| p.scratch.offset = 0 => Overlap,
        |p: &mut DepthwisePlanes| p.scratch.offset = p.output.offset => Overlap,
        |p: &mut DepthwisePlanes| p.records.len -= 4 => Length,
        |p: &mut DepthwisePlanes| p.records.offset += 2 => Alignment,
        |p: &mut DepthwisePlanes| p.records.offset += 64 => DataExtent,
        |p: &mut DepthwisePlanes| p.channels = 0 => Empty,
        |p: &mut DepthwisePlanes| p.channels = 1 => Length,
        |p: &mut DepthwisePlanes| p.window.kernel_w = 2 => Geometry,
        |p: &mut DepthwisePlanes| p.window.stride_h = 2 => Geometry,
        |p: &mut DepthwisePlanes| p.window.dilation_w = 2 => Geometry,
        |p: &mut DepthwisePlanes| p.window.pad_left = 2 => Geometry,
        |p: &mut DepthwisePlanes| p.window.pad_top = 3 => Geometry,
        // The last of the strips would not be reached.
        |p: &mut DepthwisePlanes| {
            (p.window.out_w, p.window.out_h) = (12, 2);
        } => Geometry,
        // Six columns of four rows need other strips than four of six.
        |p: &mut DepthwisePlanes| p.is_turned = true => Length,
        |p: &mut DepthwisePlanes| p.input_zero_point = -129 => ZeroPoint,
        // Exponents of 0.
        |p: &mut DepthwisePlanes| p.records.offset = 48 => Shift,
    );
    // What has no exponent, and an output on the input, are accepted.
    for change in [
        |p: &mut DepthwisePlanes| p.rounding = PlaneRounding::Upper8,
        |p: &mut DepthwisePlanes| p.output = p.input,
    ] {
        let blob = with_op(&programs::depthwise_planes(), |op| {
            let Op::DepthwisePlanes(p) = op else {
                panic!("another operator")
            };
            change(p);
        });
        assert_eq!(error(&blob), None);
    }
}

#[test]
fn elements_of_any_type() {
    faults!(programs::arithmetic(), Arithmetic,
        |p: &mut Arithmetic| p.dtype = DType::I8 => DType,
        |p: &mut Arithmetic| p.dtype = DType::Bool => DType,
        |p: &mut Arithmetic| p.dtype = DType::I16 => Length,
        |p: &mut Arithmetic| p.min = 101 => Bounds,
        |p: &mut Arithmetic| p.shape[0] = 0 => Empty,
        |p: &mut Arithmetic| p.shape[0] = 2 => Length,
        |p: &mut Arithmetic| p.a.shape[3] = 2 => Broadcast,
        |p: &mut Arithmetic| p.b.shape[3] = 1 => Length,
        |p: &mut Arithmetic| p.b.source = Source::Data(Span { offset: 2, len: 12 }) => Alignment,
        |p: &mut Arithmetic| p.b.source = Source::Data(Span { offset: 20, len: 12 }) => DataExtent,
        |p: &mut Arithmetic| p.b.source = Source::Arena(Span { offset: 4, len: 12 }) => Overlap,
        |p: &mut Arithmetic| p.output.offset = u32::MAX => ArenaExtent,
        |p: &mut Arithmetic| p.function = Function::Compare(Comparison::Equal) => Length,
        |p: &mut Arithmetic| {
            p.function = Function::Compare(Comparison::Equal);
            p.output.len = 6;
        } => Overlap,
    );
    faults!(programs::choose(), Choose,
        |p: &mut Choose| p.dtype = DType::I32 => Length,
        |p: &mut Choose| p.condition.shape[2] = 1 => Length,
        |p: &mut Choose| p.condition.shape[2] = 3 => Broadcast,
        |p: &mut Choose| p.output.offset = 0 => Overlap,
        |p: &mut Choose| p.output.offset = 17 => ArenaExtent,
        |p: &mut Choose| p.output.offset = 15 => Alignment,
        |p: &mut Choose| p.a.source = Source::Data(Span { offset: 0, len: 4 }) => Length,
        |p: &mut Choose| p.b.source = Source::Arena(Span { offset: 18, len: 2 }) => Overlap,
    );
    faults!(programs::convert(), Convert,
        |p: &mut Convert| p.from = DType::I16 => Length,
        |p: &mut Convert| p.to = DType::I16 => Length,
        |p: &mut Convert| p.output.len = 0 => Empty,
        |p: &mut Convert| p.output.offset = 4 => Overlap,
        |p: &mut Convert| p.output.offset = 17 => ArenaExtent,
        |p: &mut Convert| p.rescale.as_mut().expect("some").input_zero_point = 128 => ZeroPoint,
        |p: &mut Convert| p.rescale.as_mut().expect("some").scale.multiplier = -1 => Multiplier,
        |p: &mut Convert| p.rescale.as_mut().expect("some").scale.shift = 31 => Shift,
    );
    faults!(programs::cum_sum(), CumSum,
        |p: &mut CumSum| p.shape[1] = 0 => Empty,
        |p: &mut CumSum| p.shape[2] = 2 => Length,
        |p: &mut CumSum| p.output.offset = 16 => Overlap,
        |p: &mut CumSum| p.first = 256 => Bounds,
        |p: &mut CumSum| p.rescale.input_zero_point = 128 => ZeroPoint,
        |p: &mut CumSum| p.rescale.scale.shift = -32 => Shift,
    );
    faults!(programs::gather(), Gather,
        |p: &mut Gather| p.components = 0 => Geometry,
        |p: &mut Gather| p.components = 5 => Geometry,
        |p: &mut Gather| p.components = u32::MAX => Geometry,
        |p: &mut Gather| p.components = 1 => Geometry,
        |p: &mut Gather| p.components = 3 => Length,
        |p: &mut Gather| p.extents[1] = 4 => Length,
        |p: &mut Gather| p.extents[0] = 0 => Empty,
        |p: &mut Gather| p.extents[2] = u32::MAX => Geometry,
        |p: &mut Gather| p.run_bytes = 0 => Empty,
        |p: &mut Gather| p.positions = u32::MAX => Length,
        |p: &mut Gather| p.batches = 2 => Length,
        |p: &mut Gather| p.outer = 2 => Length,
        |p: &mut Gather| p.output.offset = 4 => Overlap,
        |p: &mut Gather| p.indices = Source::Arena(Span { offset: 2, len: 32 }) => Alignment,
        |p: &mut Gather| p.table = Source::Arena(Span { offset: 10, len: 30 }) => Overlap,
    );
}
