//! Functions of one int8 number as tables of all 256 results, computed as TFLM's reference kernels
//! compute them.
//!
//! Formulas: `tensorflow/lite/kernels/internal/reference/{leaky_relu,hard_swish}.h`,
//! `reference/integer_ops/{logistic,tanh}.h` and `micro/kernels/{activations,elu}.cc`; what they
//! do was checked against `tests/golden/tflm_ops`.
#![expect(
    clippy::as_conversions,
    reason = "numbers proven or clamped to the narrower type, as the reference does"
)]

use super::fixed_point::{
    divide_i16, inverse_root, logistic, multiply_rounding_i16, multiply_truncating_i16,
    saturate_i16, shift_left_i16, tanh, upper_half,
};
use crate::quantize::graph::{QClamp, QValue, QuantParams};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;
use tiivis_runtime::blob::Scale;
use tiivis_runtime::kernels::{requantize, rounding_divide_by_pot};

/// Results for -128 to 127.
pub(super) type LutTable = Arc<[i8]>;

/// Why there is no table: what the scales would have to be.
pub(super) type Unfit = &'static str;

const NO_MULTIPLIER: Unfit = "a ratio of the scales below 2^30";

fn table(result: impl Fn(i32) -> i32) -> LutTable {
    (-128..=127).map(|q| narrow(result(q))).collect()
}

fn narrow(x: i32) -> i8 {
    x.clamp(-128, 127) as i8
}

/// `round(x)` half away from zero, as int32, saturated.
fn round(x: f32) -> i32 {
    x.round() as i32
}

fn multiplier(real: f64) -> Result<Scale, Unfit> {
    quantize_multiplier(real).map_err(|_| NO_MULTIPLIER)
}

/// The quantized number of a real bound: float32 division, rounded half away from zero.
pub(super) fn quantized_bound(real: f32, params: QuantParams) -> i32 {
    round(real / params.scale).saturating_add(params.zero_point)
}

/// The numbers at another scale by way of float32: DEQUANTIZE (`reference/dequantize.h`), which
/// multiplies in float64, and QUANTIZE (`reference/quantize.h`).
pub(super) fn through_float(input: QuantParams, output: QuantParams) -> LutTable {
    in_float(input, output, |real| real)
}

/// The same, with a function of float32 in between.
pub(super) fn in_float(
    input: QuantParams,
    output: QuantParams,
    function: impl Fn(f32) -> f32,
) -> LutTable {
    table(|q| {
        let real = f64::from(input.scale) * f64::from(q - input.zero_point);
        quantized_bound(function(real as f32), output)
    })
}

/// The range of a fused activation between these real bounds.
///
/// TFLite's `CalculateActivationRangeQuantized` (`kernels/kernel_util.cc`).
pub(super) fn clamp_between(low: Option<f32>, high: Option<f32>, output: &QValue) -> QClamp {
    let open = QClamp::open(output.dtype);
    let bound = |real: Option<f32>, open_end: i16| {
        real.map_or(open_end, |real| {
            let bound = quantized_bound(real, output.params);
            bound.clamp(open.min.into(), open.max.into()) as i16
        })
    };
    QClamp {
        min: bound(low, open.min),
        max: bound(high, open.max),
    }
}

/// `x` rescaled, 0 at least; a float32 ratio, as TFLM makes it.
pub(super) fn relu(input: QuantParams, output: QuantParams) -> Result<LutTable, Unfit> {
    let Scale { multiplier, shift } = multiplier(f64::from(input.scale / output.scale))?;
    Ok(table(|q| {
        requantize(q - input.zero_point, multiplier, shift)
            .saturating_add(output.zero_point)
            .max(output.zero_point)
    }))
}

/// RELU6: TFLM clamps and does not rescale.
pub(super) fn relu6(params: QuantParams) -> LutTable {
    let six = quantized_bound(6.0, params).clamp(-128, 127);
    table(|q| q.clamp(params.zero_point, six.max(params.zero_point)))
}

/// `x`, or `alpha * x` below 0; float32 products, as TFLM makes them.
pub(super) fn leaky_relu(
    alpha: f32,
    input: QuantParams,
    output: QuantParams,
) -> Result<LutTable, Unfit> {
    let above = multiplier(f64::from(input.scale / output.scale))?;
    let slope = f64::from(input.scale * alpha / output.scale);
    // A negative slope has a negative multiplier, which the reference allows.
    let below = multiplier(slope.abs())?;
    let sign = if slope < 0.0 { -1 } else { 1 };
    Ok(table(|q| {
        let x = q - input.zero_point;
        let scaled = if x >= 0 {
            requantize(x, above.multiplier, above.shift)
        } else {
            requantize(x, sign * below.multiplier, below.shift)
        };
        scaled.saturating_add(output.zero_point)
    }))
}

/// Another scale, as a concatenation of uint8 gives it: float32 products, rounded half away from
/// zero.
pub(super) fn unsigned_rescaled(input: QuantParams, output: QuantParams) -> LutTable {
    let [from, to] = [input, output].map(|params| params.zero_point + 128);
    let scale = input.scale * (1.0 / output.scale);
    let bias = -(from as f32) * scale;
    table(|q| round((q + 128) as f32 * scale + bias).saturating_add(to) - 128)
}

/// `1 / (1 + exp(-x))` of uint8.
pub(super) fn unsigned_logistic(input: QuantParams, output: QuantParams) -> LutTable {
    let exp = in_double(f64::exp);
    through_floats(input, output, |x| 1.0 / (1.0 + exp(-x)))
}

/// Hyperbolic tangent of uint8.
pub(super) fn unsigned_tanh(input: QuantParams, output: QuantParams) -> LutTable {
    through_floats(input, output, in_double(f64::tanh))
}

/// How an input becomes Q4.27, and from which magnitude on the result is saturated.
struct Q4 {
    scale: Scale,
    radius: i32,
}

impl Q4 {
    const INTEGER_BITS: i32 = 4;

    fn of(input: QuantParams) -> Result<Self, Unfit> {
        let scale = multiplier(f64::from(input.scale) * f64::from(1 << 27))
            .map_err(|_| "an input scale below 8")?;
        let shift = i32::from(scale.shift);
        if shift < 0 {
            return Err("an input scale of 2^-28 or more");
        }
        // TFLite's CalculateInputRadius: floor(15 * 2^27 / 2^shift).
        let whole = ((1i64 << Self::INTEGER_BITS) - 1) << (31 - Self::INTEGER_BITS);
        Ok(Self {
            scale,
            radius: (whole >> shift) as i32,
        })
    }

    /// The result of `function`, Q0.31, as a number of so many fractional bits.
    fn apply(&self, x: i32, fractional_bits: u32, function: impl Fn(i32) -> i32) -> i32 {
        let scaled = requantize(x, self.scale.multiplier, self.scale.shift);
        rounding_divide_by_pot(function(scaled), 31 - fractional_bits)
    }
}

/// `1 / (1 + exp(-x))`, output scale 1/256, zero point -128.
pub(super) fn logistic_table(input: QuantParams) -> Result<LutTable, Unfit> {
    let q4 = Q4::of(input)?;
    Ok(table(|q| match q - input.zero_point {
        x if x <= -q4.radius => -128,
        x if x >= q4.radius => 127,
        x => q4.apply(x, 8, logistic) - 128,
    }))
}

/// `tanh(x)`, output scale 1/128, zero point 0.
pub(super) fn tanh_table(input: QuantParams) -> Result<LutTable, Unfit> {
    let q4 = Q4::of(input)?;
    Ok(table(|q| match q - input.zero_point {
        x if x <= -q4.radius => -128,
        x if x >= q4.radius => 127,
        x => q4.apply(x, 7, tanh),
    }))
}

/// `x * relu6(x + 3) / 6`.
pub(super) fn hard_swish(input: QuantParams, output: QuantParams) -> Result<LutTable, Unfit> {
    let fine_scale = input.scale * (1.0 / 128.0);
    let result = multiplier(f64::from(fine_scale / output.scale))?;
    if result.shift > 0 {
        return Err("an output scale of at least the input scale / 128");
    }
    // 3 as the largest 16-bit number.
    let reluish = multiplier(f64::from(fine_scale / (3.0 / 32768.0)))?;
    let result_bits = u32::from(result.shift.unsigned_abs());
    let (result_multiplier, reluish_multiplier) = (
        upper_half(result.multiplier),
        upper_half(reluish.multiplier),
    );
    Ok(table(|q| {
        let fine = saturate_i16((q - input.zero_point) * 128);
        let scaled = multiply_rounding_i16(fine, result_multiplier);
        let mut gate = fine;
        // All but one bit are shifted before the multiplication, so that it does not saturate.
        if reluish.shift > 0 {
            gate = shift_left_i16(gate, u32::from(reluish.shift.unsigned_abs()) - 1);
        }
        gate = multiply_rounding_i16(gate, reluish_multiplier);
        if reluish.shift > 0 {
            gate = shift_left_i16(gate, 1);
        }
        if reluish.shift < 0 {
            gate = divide_i16(gate, reluish.shift.unsigned_abs().into());
        }
        // From -1..1 to 0..1.
        let gate = saturate_i16((i32::from(gate) + (1 << 15)) >> 1);
        let product = multiply_truncating_i16(gate, scaled);
        i32::from(divide_i16(product, result_bits)) + output.zero_point
    }))
}

/// A real function of the real number, float32 all the way: `round(f(x) / scale) + zero point`
/// (`LiteRT`'s `LUTPopulate`, `kernels/internal/common.h`).
pub(super) fn through_floats(
    input: QuantParams,
    output: QuantParams,
    function: impl Fn(f32) -> f32,
) -> LutTable {
    let inverse = 1.0 / output.scale;
    table(|q| {
        let real = input.scale * (q - input.zero_point) as f32;
        round(function(real) * inverse).saturating_add(output.zero_point)
    })
}

/// `x`, or `exp(x) - 1` below 0.
pub(super) fn elu(input: QuantParams, output: QuantParams) -> LutTable {
    let exp = in_double(f64::exp);
    through_floats(input, output, |x| if x < 0.0 { exp(x) - 1.0 } else { x })
}

/// A float32 function computed in double precision: correctly rounded on every host.
fn in_double(function: impl Fn(f64) -> f64) -> impl Fn(f32) -> f32 {
    move |x| function(f64::from(x)) as f32
}

/// `exp(x)` (`LiteRT`'s `kernels/exp.cc`, a table).
pub(super) fn exp(input: QuantParams, output: QuantParams) -> LutTable {
    through_floats(input, output, in_double(f64::exp))
}

/// `ln(x)` (`LiteRT`'s `kernels/elementwise.cc`, a table); the least number where `x` is not above 0.
pub(super) fn log(input: QuantParams, output: QuantParams) -> LutTable {
    through_floats(input, output, in_double(|x| x.max(0.0).ln()))
}

/// The Gaussian error linear unit (`LiteRT`'s `reference/gelu.h`, a table).
pub(super) fn gelu(is_approximate: bool, input: QuantParams, output: QuantParams) -> LutTable {
    /// `√(2/π)` as the reference makes it.
    const ROOT: f32 = (std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2) as f32;
    const MINUS_ROOT_HALF: f32 = -std::f32::consts::FRAC_1_SQRT_2;
    through_floats(input, output, |x| {
        let factor = if is_approximate {
            let argument = ROOT * x * (1.0 + 0.044_715 * x * x);
            1.0 + in_double(f64::tanh)(argument)
        } else {
            in_double(libm::erfc)(x * MINUS_ROOT_HALF)
        };
        0.5 * x * factor
    })
}

/// `√x`, rounded down (`LiteRT`'s `kernels/elementwise.cc`); that of 0 below 0, where `LiteRT` stops.
pub(super) fn sqrt(input: QuantParams, output: QuantParams) -> LutTable {
    table(|q| {
        let real = input.scale * (q - input.zero_point).max(0) as f32;
        let whole = (real.sqrt() / output.scale) as i32;
        whole.saturating_add(output.zero_point)
    })
}

/// `1 / √x` by Newton's method (TFLM's `kernels/elementwise.cc`); the most at 0, and below it, where
/// TFLM stops.
pub(super) fn rsqrt(input: QuantParams, output: QuantParams) -> Result<LutTable, Unfit> {
    /// Bits that keep the root of a whole number whole.
    const SHIFT: i32 = 20;
    let real = 1.0 / (f64::from(input.scale).sqrt() * f64::from(output.scale));
    let scale = multiplier(real)?;
    // The results would overflow otherwise, and are all the most.
    if scale.shift > 20 {
        return Err("a root of the input's scale over the output's below 2^20");
    }
    Ok(table(|q| {
        let x = q - input.zero_point;
        if x <= 0 {
            return i32::from(i8::MAX);
        }
        let (inverse, shift) = inverse_root(x);
        let data = requantize_wide(1, inverse, shift + SHIFT);
        let scaled = requantize_wide(data, scale.multiplier, i32::from(scale.shift) - SHIFT);
        scaled.saturating_add(output.zero_point)
    }))
}

/// [`requantize`] for any shift that the result fits with.
fn requantize_wide(x: i32, multiplier: i32, shift: i32) -> i32 {
    requantize(x, multiplier, shift.clamp(-31, 30) as i8)
}

/// `x`, rescaled, between two real bounds (`LiteRT`'s `kernels/activations.cc`, `QuantizedReluX`).
pub(super) fn relu_between(
    [low, high]: [f32; 2],
    input: QuantParams,
    output: QuantParams,
) -> Result<LutTable, Unfit> {
    let Scale { multiplier, shift } = multiplier(f64::from(input.scale / output.scale))?;
    let [low, high] = [low, high].map(|bound| quantized_bound(bound, output).clamp(-128, 127));
    Ok(table(|q| {
        requantize(q - input.zero_point, multiplier, shift)
            .saturating_add(output.zero_point)
            .clamp(low, high)
    }))
}

/// `|x|`.
pub(super) fn abs(input: QuantParams, output: QuantParams) -> Result<LutTable, Unfit> {
    let Scale { multiplier, shift } = multiplier(f64::from(input.scale / output.scale))?;
    let is_rescaled = input.scale != output.scale;
    Ok(table(|q| {
        let magnitude = (q - input.zero_point).abs();
        let scaled = if is_rescaled {
            requantize(magnitude, multiplier, shift)
        } else {
            magnitude
        };
        scaled.saturating_add(output.zero_point)
    }))
}
