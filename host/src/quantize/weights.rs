//! Weights, biases and multipliers of one layer.
#![expect(
    clippy::as_conversions,
    reason = "f64 to f32 by rounding, and to integers after clamping"
)]

use super::error::QuantizeError;
use super::given::Grid;
use super::graph::{QuantParams, Sums, Weights};
use super::multiplier::quantize_multiplier;
use tiivis_runtime::blob::Scale;

/// A layer in floats.
pub(super) struct Layer<'a> {
    /// Name of the node, for errors.
    pub node: &'a str,
    /// `channels` rows of equal length.
    pub weights: &'a [f32],
    /// One per channel, or none.
    pub bias: Option<&'a [f32]>,
    /// Output channels.
    pub channels: usize,
    /// Of the input.
    pub input: QuantParams,
    /// Of the output.
    pub output: QuantParams,
    /// How the weights were quantized already.
    pub weight_grid: Option<&'a Grid>,
    /// How the bias was.
    pub bias_grid: Option<&'a Grid>,
}

/// Part of an output step that one step of the accumulator of an all-zero filter is: fine enough
/// for its bias, coarse enough that the bias fits.
const ZERO_FILTER_STEP: f64 = 1.0 / 65536.0;

/// Output steps beyond int8 with which a result is saturated, whatever the zero point.
const SATURATING_STEPS: f64 = 512.0;

/// Quantizes a layer; the weights keep their order.
///
/// Per output channel: scale `max |w| / 127`, weights `round(w / scale)` in -127..=127, bias
/// `round(bias / (input scale · scale))`, all rounded half away from zero. Where the accumulator
/// could leave int32, in the worst case over all inputs, the channel's scale is widened until it
/// cannot (as TFLite does for biases alone: `AdjustWeightsForBiasScale`). A bias that saturates the
/// output whatever the input is reduced to one that just does.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`] if the accumulator would overflow when shifted left.
pub(super) fn quantize_weights(layer: &Layer<'_>) -> Result<Weights, QuantizeError> {
    let mut all = Weights {
        weights: [].into(),
        zero_point: 0,
        bias: Vec::with_capacity(layer.channels),
        sums: Sums::Int32,
        scales: Vec::with_capacity(layer.channels),
    };
    let mut weights = Vec::with_capacity(layer.weights.len());
    let row = layer.weights.len() / layer.channels.max(1);
    for channel in 0..layer.channels {
        let filter = &layer.weights[channel * row..][..row];
        let bias = layer.bias.map_or(0.0, |bias| f64::from(bias[channel]));
        let channel = match layer.weight_grid {
            Some(grid) => given_channel(layer, grid, channel, filter, bias)?,
            None => quantize_channel(layer, filter, bias)?,
        };
        weights.extend(channel.weights);
        all.bias.push(channel.bias.into());
        all.scales.push(channel.scale);
    }
    all.weights = weights.into();
    Ok(all)
}

struct Channel {
    weights: Vec<i8>,
    bias: i32,
    scale: Scale,
}

fn quantize_channel(
    layer: &Layer<'_>,
    filter: &[f32],
    bias: f64,
) -> Result<Channel, QuantizeError> {
    let input_scale = f64::from(layer.input.scale);
    let output_scale = f64::from(layer.output.scale);
    let largest = filter.iter().fold(0f32, |largest, w| largest.max(w.abs()));
    let mut weight_scale = if largest > 0.0 {
        f64::from(largest) / 127.0
    } else {
        output_scale / input_scale * ZERO_FILTER_STEP
    };
    loop {
        // As TFLite stores it, so that whoever reads the scales back computes the same.
        let stored = (weight_scale as f32).max(f32::MIN_POSITIVE);
        let step = input_scale * f64::from(stored);
        let weights: Vec<i8> = filter
            .iter()
            .map(|&w| {
                (f64::from(w) / f64::from(stored))
                    .round()
                    .clamp(-127.0, 127.0) as i8
            })
            .collect();
        let reach = weighted_reach(&weights, layer.input);
        let enough = reach + SATURATING_STEPS * output_scale / step;
        let bias = (bias / step).clamp(-enough, enough).round();
        let bound = reach + bias.abs();
        if bound > f64::from(i32::MAX) {
            weight_scale = f64::from(stored) * (bound / f64::from(1 << 30));
            continue;
        }
        return scaled(layer, weights, bias, step);
    }
}

/// Part of a step that a weight may lie off its grid: the graph has it in f32.
const OFF_GRID: f64 = 1e-2;

/// Weights as the file has them, by their scale; a bias likewise if it has the accumulator's scale,
/// else rounded to it.
fn given_channel(
    layer: &Layer<'_>,
    grid: &Grid,
    channel: usize,
    filter: &[f32],
    bias: f64,
) -> Result<Channel, QuantizeError> {
    let off_grid = || QuantizeError::OffGrid {
        node: layer.node.to_owned(),
    };
    let scale = match *grid.scales {
        [scale] => scale,
        ref scales if scales.len() == layer.channels => scales[channel],
        _ => return Err(off_grid()),
    };
    let weight = |&w: &f32| {
        let exact = f64::from(w) / f64::from(scale);
        let near = exact.round();
        let fits = (exact - near).abs() <= OFF_GRID && (-128.0..=127.0).contains(&near);
        fits.then_some(near as i8)
    };
    let weights: Vec<i8> = filter
        .iter()
        .map(weight)
        .collect::<Option<_>>()
        .ok_or_else(off_grid)?;
    let step = f64::from(layer.input.scale) * f64::from(scale);
    let integers = layer.bias_grid.and_then(|grid| grid.integers.as_deref());
    let rounded = (bias / step).round();
    let bias = match integers.and_then(|integers| integers.get(channel)) {
        // As many digits as a float has are the same.
        Some(&own) if (f64::from(own) - rounded).abs() <= 0.5 + rounded.abs() * 1e-5 => {
            f64::from(own)
        }
        Some(_) | None => rounded,
    };
    scaled(layer, weights, bias, step)
}

/// The channel, with the scale from its sums, of which one is `step`, to the output. Its bias is a
/// whole number.
fn scaled(
    layer: &Layer<'_>,
    weights: Vec<i8>,
    bias: f64,
    step: f64,
) -> Result<Channel, QuantizeError> {
    let bound = weighted_reach(&weights, layer.input) + bias.abs();
    let output_scale = f64::from(layer.output.scale);
    let too_fine = || QuantizeError::OutputTooFine {
        node: layer.node.to_owned(),
        ratio: bound * step / output_scale,
    };
    let scale = quantize_multiplier(step / output_scale).map_err(|_| too_fine())?;
    if bound * f64::from(scale.shift.max(0)).exp2() > f64::from(i32::MAX) {
        return Err(too_fine());
    }
    Ok(Channel {
        weights,
        bias: bias as i32,
        scale,
    })
}

/// Most that any partial sum of products can be, in magnitude, whatever the input and the order:
/// an integer, exact in f64.
fn weighted_reach(weights: &[i8], input: QuantParams) -> f64 {
    let reach = (127 - input.zero_point).max(128 + input.zero_point);
    let sum: u64 = weights.iter().map(|w| u64::from(w.unsigned_abs())).sum();
    sum as f64 * f64::from(reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: QuantParams = QuantParams {
        scale: 1.0 / 255.0,
        zero_point: -128,
    };

    fn layer<'a>(weights: &'a [f32], bias: &'a [f32], output_scale: f32) -> Layer<'a> {
        Layer {
            node: "fc",
            weights,
            bias: Some(bias),
            channels: bias.len(),
            input: PIXELS,
            output: QuantParams {
                scale: output_scale,
                zero_point: 0,
            },
            weight_grid: None,
            bias_grid: None,
        }
    }

    fn real(scale: Scale) -> f64 {
        f64::from(scale.multiplier) * f64::from(i32::from(scale.shift) - 31).exp2()
    }

    #[test]
    fn each_channel_uses_the_whole_of_int8() {
        let weights = [0.5, -1.0, 0.25, 0.015, 0.0, -0.02];
        let quantized = quantize_weights(&layer(&weights, &[1.0, -0.1], 0.05)).unwrap();
        assert_eq!(quantized.weights[1..3], [-127, 32]); // 31.75
        assert_eq!(quantized.weights[3..], [95, 0, -127]); // 95.25
        let step = f64::from(PIXELS.scale) * f64::from(1f32 / 127.0);
        assert_eq!(quantized.bias[0], (1.0 / step).round() as i64);
        assert!((real(quantized.scales[0]) - step / f64::from(0.05f32)).abs() < 1e-12);
    }

    #[test]
    fn an_all_zero_filter_keeps_its_bias() {
        let quantized = quantize_weights(&layer(&[0.0; 4], &[3.3, -6.1], 0.05)).unwrap();
        assert!(quantized.weights.iter().all(|&w| w == 0));
        for (channel, bias) in [3.3f32, -6.1].into_iter().enumerate() {
            let steps = quantized.bias[channel] as f64 * real(quantized.scales[channel]);
            let expected = f64::from(bias) / f64::from(0.05f32);
            assert!((steps / expected - 1.0).abs() < 1e-5, "{steps} {expected}");
        }
    }

    #[test]
    fn scales_widen_until_the_accumulator_fits() {
        // A bias far larger than the weights, and a sum over more inputs than int32 can hold.
        let many = vec![1.0; 70_000];
        for (weights, bias) in [(&[1e-7f32][..], 100.0), (&many[..], 0.0)] {
            let quantized = quantize_weights(&layer(weights, &[bias], 2.0)).unwrap();
            let sum: i64 = quantized.weights.iter().map(|w| i64::from(w.abs())).sum();
            let bound = sum * 255 + quantized.bias[0].abs();
            assert!(bound < 1 << 31 && bound > 1 << 28, "{bound}");
            let value = 255.0 * sum as f64 + quantized.bias[0] as f64;
            let steps = value * real(quantized.scales[0]);
            let expected = weights.iter().sum::<f32>() + bias;
            assert!((steps * 2.0 / f64::from(expected) - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn a_bias_beyond_measure_saturates() {
        let quantized = quantize_weights(&layer(&[0.5, 1e-3], &[-1e30, 1e30], 0.05)).unwrap();
        for (channel, sign) in [-1.0, 1.0].into_iter().enumerate() {
            // Against the largest that the input can add.
            let reach = 255.0 * 127.0 * -sign;
            let value = quantized.bias[channel] as f64 + reach;
            assert!(sign * value * real(quantized.scales[channel]) > 500.0);
        }
    }

    #[test]
    fn an_output_range_that_is_far_too_small_is_refused() {
        let error = quantize_weights(&layer(&[1.0], &[0.0], 1e-12)).unwrap_err();
        assert!(matches!(&error, QuantizeError::OutputTooFine { node, .. } if node == "fc"));
    }
}
