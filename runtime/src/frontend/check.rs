//! What [`crate::Model::parse`] proves of a front-end.

use super::memory::padded_bytes;
use super::{log2, micro};
use crate::blob::{
    Floor, FrontendKind, FrontendSpec, LogScaleSpec, MelSpec, MicroSpec, Mix, MotionSpec, PcanSpec,
    Quantizer, Span, Symmetry,
};
use crate::fault::Fault;
use crate::ops::{Bounds, Constant, multiplier_and_shift, zero_point};

/// Most features, channels or bands.
const MAX_FEATURES: u32 = 1024;
/// Points of the FFT.
const MIN_FFT_LEN: u32 = 64;
const MAX_FFT_LEN: u32 = 2048;

/// Every field is in its range, every table there and of its length, and the arrays of
/// [`layout`] fit 32 bits.
pub(crate) fn check(spec: &FrontendSpec, bounds: &Bounds<'_>) -> Result<(), Fault> {
    for count in [spec.channels, spec.features] {
        if count == 0 {
            return Err(Fault::Empty);
        }
        if count > MAX_FEATURES {
            return Err(Fault::Count);
        }
    }
    if spec.window_len == 0 || spec.frames == 0 || spec.stride_frames == 0 {
        return Err(Fault::Empty);
    }
    if !(1..=spec.window_len).contains(&spec.hop_len) || spec.window_len > MAX_FFT_LEN {
        return Err(Fault::Geometry);
    }
    quantizer(spec.quantizer)?;
    match &spec.kind {
        FrontendKind::Micro(kind) => check_micro(spec, kind, bounds)?,
        FrontendKind::Mel(kind) => check_mel(spec, kind, bounds)?,
        FrontendKind::Motion(kind) => check_motion(spec, kind, bounds)?,
    }
    match layout(spec) {
        Some(_) => Ok(()),
        None => Err(Fault::Geometry),
    }
}

/// Bytes of memory of a front-end, see `Frontend::build`; `None` from 4 GiB on.
pub(crate) fn layout(spec: &FrontendSpec) -> Option<u32> {
    let ring = spec.frames.checked_mul(spec.features)?;
    let samples = spec.window_len.checked_mul(spec.channels)?;
    let [a, b, c] = match &spec.kind {
        FrontendKind::Micro(kind) => [
            (kind.fft_len.checked_add(2)?, 2),
            (spec.features, 4),
            (spec.features, 4),
        ],
        FrontendKind::Mel(kind) => [(kind.fft_len.checked_add(2)?, 4), (kind.bands, 4), (0, 1)],
        FrontendKind::Motion(_) => [(0, 1); 3],
    };
    padded_bytes(&[(samples, 2), (spec.features, 4), (ring, 1), a, b, c])
}

fn quantizer(quantizer: Quantizer) -> Result<(), Fault> {
    match quantizer {
        Quantizer::Rescale {
            scale,
            zero_point: zero,
        } => {
            multiplier_and_shift(scale.multiplier, scale.shift)?;
            zero_point(zero)
        }
        Quantizer::Divide {
            step,
            zero_point: zero,
        } => {
            if !(1..=1 << 30).contains(&step) {
                return Err(Fault::Multiplier);
            }
            zero_point(zero)
        }
    }
}

/// One channel, and a transform that takes the window.
fn transform_len(spec: &FrontendSpec, fft_len: u32) -> Result<(), Fault> {
    let fits = fft_len.is_power_of_two()
        && (MIN_FFT_LEN..=MAX_FFT_LEN).contains(&fft_len)
        && spec.window_len <= fft_len;
    if fits && spec.channels == 1 {
        Ok(())
    } else {
        Err(Fault::Geometry)
    }
}

fn check_micro(spec: &FrontendSpec, kind: &MicroSpec, bounds: &Bounds<'_>) -> Result<(), Fault> {
    transform_len(spec, kind.fft_len)?;
    bounds.constant(kind.window, &[spec.window_len], Constant::Int16)?;
    not_negative(bounds.int16(kind.circle, kind.fft_len / 4 + 1)?)?;
    let widths = bounds.int16(kind.widths, spec.features + 1)?;
    not_negative(widths)?;
    // At most 1025 numbers of 15 bits.
    let bins: u32 = widths
        .iter()
        .map(|&width| u32::from(width.cast_unsigned()))
        .sum();
    if kind.first_bin > kind.fft_len || kind.first_bin + bins > kind.fft_len / 2 + 1 {
        return Err(Fault::Table);
    }
    for table in [kind.weights, kind.unweights] {
        bounds.list(table, bins, Constant::Int16)?;
    }
    for shift in [
        kind.smoothing_bits,
        kind.pcan.map_or(0, |pcan| pcan.snr_shift / 2),
    ] {
        if shift > 31 {
            return Err(Fault::Shift);
        }
    }
    for share in [
        kind.even_smoothing,
        kind.odd_smoothing,
        kind.min_signal_remaining,
    ] {
        if share > 1 << 14 {
            return Err(Fault::Multiplier);
        }
    }
    if let Some(PcanSpec { gains, .. }) = kind.pcan {
        bounds.constant(gains, &[micro::GAINS_LEN], Constant::Int16)?;
    }
    if let Some(LogScaleSpec { table, scale_shift }) = kind.log {
        bounds.constant(table, &[micro::LOG_TABLE_LEN], Constant::Int16)?;
        if scale_shift > 15 {
            return Err(Fault::Shift);
        }
    }
    Ok(())
}

fn check_mel(spec: &FrontendSpec, kind: &MelSpec, bounds: &Bounds<'_>) -> Result<(), Fault> {
    transform_len(spec, kind.fft_len)?;
    let half = match kind.symmetry {
        Symmetry::Periodic => spec.window_len / 2 + 1,
        Symmetry::Symmetric => spec.window_len.div_ceil(2),
    };
    within_one(bounds.int32(kind.window, half)?)?;
    within_one(bounds.int32(kind.circle, kind.fft_len / 4 + 1)?)?;
    if kind.preemphasis > 1 << 14 {
        return Err(Fault::Multiplier);
    }
    if kind.bands == 0 || kind.bands > MAX_FEATURES {
        return Err(Fault::Count);
    }
    let ranges = bounds.int16(kind.ranges, 2 * kind.bands)?;
    not_negative(ranges)?;
    let mut bins = 0;
    for range in ranges.chunks_exact(2) {
        let [first, len] = [range[0], range[1]].map(|x| u32::from(x.cast_unsigned()));
        if first + len > kind.fft_len / 2 + 1 {
            return Err(Fault::Table);
        }
        bins += len;
    }
    bounds.list(kind.weights, bins, Constant::Int32)?;
    if bins > 0 {
        within_one(bounds.int32(kind.weights, bins)?)?;
    }
    bounds.constant(kind.logarithm, &[log2::TABLE_LEN], Constant::Int32)?;
    floor(kind.floor)?;
    match kind.mix {
        Mix::Gains(gains) => {
            if kind.bands != spec.features {
                return Err(Fault::Length);
            }
            bounds.constant(gains, &[kind.bands], Constant::Int32)?;
        }
        Mix::Matrix(rows) => {
            bounds.constant(rows, &[spec.features, kind.bands], Constant::Int32)?;
        }
    }
    last_step(kind.offsets, spec.features, kind.shift, bounds)
}

fn floor(floor: Floor) -> Result<(), Fault> {
    let is_right = match floor {
        Floor::Clamp(least) => (-(1 << 27)..=1 << 27).contains(&least),
        Floor::Add { mantissa, exponent } => mantissa != 0 && (-200..=200).contains(&exponent),
    };
    if is_right { Ok(()) } else { Err(Fault::Bounds) }
}

fn check_motion(spec: &FrontendSpec, kind: &MotionSpec, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if spec.window_len != 1 {
        return Err(Fault::Geometry);
    }
    if spec.features != spec.channels {
        return Err(Fault::Length);
    }
    bounds.constant(kind.gains, &[spec.channels], Constant::Int32)?;
    last_step(kind.offsets, spec.channels, kind.shift, bounds)
}

/// Offsets and shift of a sum of products.
fn last_step(offsets: Span, features: u32, shift: u32, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.constant(offsets, &[features], Constant::Int32)?;
    if (1..=62).contains(&shift) {
        Ok(())
    } else {
        Err(Fault::Shift)
    }
}

fn not_negative(table: &[i16]) -> Result<(), Fault> {
    if table.iter().any(|&x| x < 0) {
        return Err(Fault::Table);
    }
    Ok(())
}

/// Numbers with 30 fraction bits from 0 to 1.
fn within_one(table: &[i32]) -> Result<(), Fault> {
    if table.iter().all(|x| (0..=1 << 30).contains(x)) {
        Ok(())
    } else {
        Err(Fault::Table)
    }
}
