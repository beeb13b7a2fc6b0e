// What every target does with a blob: parse it, and if it is accepted, do everything that a user
// could with it. Only a panic, a sanitizer's report or a timeout is a finding.

use std::sync::atomic::{AtomicU64, Ordering};
use tiivis_runtime::blob::{Int16, Op, Window2d};
use tiivis_runtime::frontend::Frontend;
use tiivis_runtime::{Aligned, Model, flatten, flatten_mut};

/// Models with more arena are parsed and not run.
const MAX_ARENA_BYTES: usize = 1 << 20;
/// Steps with more multiplications or comparisons are parsed and not run. A hostile blob can ask
/// for arena bytes times data bytes of them, which is time and no fault.
const MAX_WORK: u64 = 1 << 16;

static PARSED: AtomicU64 = AtomicU64::new(0);
static ACCEPTED: AtomicU64 = AtomicU64::new(0);
static RUN: AtomicU64 = AtomicU64::new(0);

/// Says now and then how deep the fuzzer gets.
fn report(parsed: u64) {
    if parsed.is_power_of_two() || parsed.is_multiple_of(1 << 20) {
        let [accepted, run] = [&ACCEPTED, &RUN].map(|count| count.load(Ordering::Relaxed));
        eprintln!("{parsed} parsed, {accepted} accepted, {run} run");
    }
}

/// Parses `blob` and, if it is accepted, runs it.
pub fn execute(blob: &[u8]) {
    report(PARSED.fetch_add(1, Ordering::Relaxed));
    let mut storage = vec![Aligned([0u8; 16]); blob.len().div_ceil(16)];
    flatten_mut(&mut storage)[..blob.len()].copy_from_slice(blob);
    let model = match Model::parse(&flatten(&storage)[..blob.len()]) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    ACCEPTED.fetch_add(1, Ordering::Relaxed);
    hear(&model);
    let texts = model.labels().chain(model.layer_names());
    assert!(texts.count() <= blob.len());
    let work: u64 = model
        .steps()
        .map(|step| work(&step.op))
        .fold(0, u64::saturating_add);
    if model.arena_bytes() > MAX_ARENA_BYTES || work > MAX_WORK {
        return;
    }
    let mut arena = vec![Aligned([0x5ai8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model
        .session(flatten_mut(&mut arena))
        .expect("as long as it says");
    for (index, port) in model.inputs().enumerate() {
        let values: Vec<f32> = (0u8..=255)
            .map(f32::from)
            .cycle()
            .take(session.input_mut(index).len() / port.dtype.bytes() as usize)
            .collect();
        session
            .quantize_input(index, &values)
            .expect("as many as the port has");
        assert!(port.scale > 0.0);
    }
    session.run();
    session.run();
    RUN.fetch_add(1, Ordering::Relaxed);
    for (index, port) in model.outputs().enumerate() {
        let len = session.output(index).len() / port.dtype.bytes() as usize;
        let mut values = vec![0.0; len];
        session
            .dequantize_output(index, &mut values)
            .expect("as many as the port has");
    }
}

/// Feeds every front-end with enough samples for some frames.
fn hear(model: &Model<'_>) {
    for (index, spec) in model.frontends().enumerate() {
        let bytes = Frontend::memory_bytes(&spec);
        if bytes > MAX_ARENA_BYTES {
            continue;
        }
        let mut memory = vec![Aligned([0x5au8; 16]); bytes.div_ceil(16)];
        let mut frontend =
            Frontend::new(model, index, flatten_mut(&mut memory)).expect("as long as it says");
        let samples: Vec<i16> = (0..8192_u32)
            .map(|k| (k.wrapping_mul(40_503) >> 3) as i16)
            .collect();
        let mut rest = &samples[..];
        let mut input = vec![0; bytes];
        for _ in 0..8 {
            if frontend.push(&mut rest).is_some() {
                let len = (spec.frames * spec.features) as usize;
                frontend.write(&mut input[..len]);
            }
        }
    }
}

/// Multiplications or comparisons of a step, roughly.
fn work(op: &Op) -> u64 {
    let taps = |window: &Window2d| {
        u64::from(window.kernel_h.min(window.in_h)) * u64::from(window.kernel_w.min(window.in_w))
    };
    match op {
        Op::Conv2d(p) => u64::from(p.output.len)
            .saturating_mul(taps(&p.window))
            .saturating_mul((p.in_c / p.groups).into()),
        Op::TransposeConv2d(p) => u64::from(p.output.len)
            .saturating_mul((p.window.kernel_h * p.window.kernel_w).into())
            .saturating_mul((p.in_c / p.groups).into()),
        Op::MatMul(p) => u64::from(p.output.len).saturating_mul(p.depth.into()),
        Op::DepthwiseConv2d(p) => u64::from(p.output.len).saturating_mul(taps(&p.window)),
        Op::Dense(p) => u64::from(p.output.len).saturating_mul(p.in_features.into()),
        Op::MaxPool2d(p) | Op::AvgPool2d(p) => {
            u64::from(p.output.len).saturating_mul(taps(&p.window))
        }
        Op::Reduce(p) => p.input.len.into(),
        Op::ArgExtreme(p) => p.input.len.into(),
        // Filters are unpacked, block by block, and patches gathered for each.
        Op::PackedConv2d(p) => op
            .macs()
            .saturating_add(p.packed.stream.len.into())
            .saturating_add(op.output().len.into()),
        Op::PackedDense(p) => op.macs().saturating_add(p.packed.stream.len.into()),
        Op::Add(_)
        | Op::Sub(_)
        | Op::SquaredDifference(_)
        | Op::Mul(_)
        | Op::Div(_)
        | Op::Extreme(_)
        | Op::Compare(_)
        | Op::Select(_)
        | Op::Prelu(_)
        | Op::Concat(_)
        | Op::Pad(_)
        | Op::Softmax(_)
        | Op::Lut(_)
        | Op::Requantize(_)
        | Op::Transpose(_)
        | Op::Take(_)
        | Op::ResizeBilinear(_)
        | Op::L2Normalize(_)
        | Op::LogSoftmax(_)
        | Op::Arithmetic(_)
        | Op::Choose(_)
        | Op::Convert(_)
        | Op::Gather(_)
        | Op::CumSum(_) => op.output().len.into(),
        Op::DepthwisePlanes(p) => op.macs().saturating_add(p.scratch.len.into()),
        Op::Int16(Int16::MaxPool2d(p) | Int16::AvgPool2d(p)) => {
            u64::from(p.output.len).saturating_mul(taps(&p.window))
        }
        Op::Int16(Int16::Reduce(p)) => p.input.len.into(),
        Op::WinogradConv2d(p) => op.macs().saturating_add(p.scratch.len.into()),
        Op::Int16(_) => op.macs().saturating_add(op.output().len.into()),
        Op::Svdf(p) => u64::from(p.batch)
            .saturating_mul(p.weights.len.into())
            .saturating_add(p.state.len.into()),
        Op::Lstm(p) => u64::from(p.batch)
            .saturating_mul(p.time.into())
            .saturating_mul(op.weights_bytes().into()),
    }
}
