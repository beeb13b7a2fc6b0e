//! Depthwise convolution by planes.

use super::{Mismatch, Pool, Random};
use tiivis_runtime::blob::{DepthwisePlanes, PlaneRounding, Span, Window2d};
use tiivis_runtime::kernels::{
    Channels, PlaneGeometry, RECORD_WORDS, Tensors, depthwise_conv2d, depthwise_planes,
    depthwise_planes_portable,
};

/// Nowhere: kernels do not look at spans.
const NOWHERE: Span = Span { offset: 0, len: 0 };

/// A window that has a geometry, and whether it is turned.
fn window(random: &mut Random) -> (Window2d, bool) {
    loop {
        let stride = random.count(1, 2);
        let [in_h, in_w] = [0; 2].map(|_| random.count(1, 13));
        let [out_h, out_w] = [in_h, in_w].map(|extent| random.count(1, extent.div_ceil(stride)));
        let [pad_top, pad_left] = [0; 2].map(|_| random.count(0, 2));
        let window = Window2d {
            in_h,
            in_w,
            out_h,
            out_w,
            kernel_h: 3,
            kernel_w: 3,
            stride_h: stride,
            stride_w: stride,
            dilation_h: 1,
            dilation_w: 1,
            pad_top,
            pad_left,
        };
        let is_turned = random.flag();
        if PlaneGeometry::of(&window, is_turned).is_some() {
            return (window, is_turned);
        }
    }
}

/// The kernel against its portable form, and where two roundings are asked for against the
/// specification.
pub(super) fn case(random: &mut Random, pool: &mut Pool<'_>) -> Result<(), Mismatch> {
    let (window, is_turned) = window(random);
    let channels = random.count(1, 5);
    let rounding = match random.count(0, 3) {
        0 => PlaneRounding::Upper4,
        1 => PlaneRounding::Upper8,
        _ => PlaneRounding::Twice,
    };
    let params = DepthwisePlanes {
        input: NOWHERE,
        output: NOWHERE,
        scratch: NOWHERE,
        records: NOWHERE,
        window,
        channels,
        is_turned,
        input_zero_point: random.between(-128, 127),
        rounding,
    };
    let count = |of: u32| usize::try_from(of).unwrap_or(0);
    let pixels = [
        window.in_h * window.in_w * channels,
        window.out_h * window.out_w * channels,
    ];
    let [in_len, out_len] = pixels.map(count);
    let input: &mut [i8] = pool.take(in_len);
    random.fill(input);
    let layer = Layer::random(random, pool, &params);
    let geometry = PlaneGeometry::of(&window, is_turned);
    let scratch_bytes = geometry
        .and_then(|plane| plane.scratch_bytes())
        .unwrap_or(0);
    let scratch: &mut [i16] = pool.take(count(scratch_bytes) / 2);

    let expected: &mut [i8] = pool.take(out_len);
    let apart = Tensors::Apart(input, expected);
    depthwise_planes_portable(&params, apart, layer.records, scratch);
    let shape = [
        window.in_h,
        window.in_w,
        channels,
        window.out_h,
        window.out_w,
        window.stride_h,
        window.pad_top,
        window.pad_left,
    ];
    if rounding == PlaneRounding::Twice {
        let specified: &mut [i8] = pool.take(out_len);
        layer.specification(&params, input, specified);
        Mismatch::first(shape, expected, specified)?;
    }
    let found: &mut [i8] = pool.take(out_len);
    let apart = Tensors::Apart(input, found);
    depthwise_planes(&params, apart, layer.records, scratch);
    Mismatch::first(shape, found, expected)?;
    if out_len <= in_len {
        let in_place = Tensors::InPlace(out_len, input);
        depthwise_planes(&params, in_place, layer.records, scratch);
        Mismatch::first(shape, &input[..out_len], expected)?;
    }
    Ok(())
}

/// A layer's constants in both forms.
struct Layer<'a> {
    weights: &'a [i8],
    bias: &'a [i32],
    multipliers: &'a [i32],
    shifts: &'a [i8],
    output_zero_point: i32,
    records: &'a [i32],
}

impl<'a> Layer<'a> {
    fn random(random: &mut Random, pool: &mut Pool<'a>, params: &DepthwisePlanes) -> Self {
        let channels = usize::try_from(params.channels).unwrap_or(0);
        let weights: &mut [i8] = pool.take(9 * channels);
        random.fill(weights);
        let bias: &mut [i32] = pool.take(channels);
        let multipliers: &mut [i32] = pool.take(channels);
        let shifts: &mut [i8] = pool.take(channels);
        let records: &mut [i32] = pool.take(RECORD_WORDS * channels);
        let output_zero_point = random.between(-128, 127);
        for channel in 0..channels {
            bias[channel] = random.between(-100_000, 100_000);
            multipliers[channel] = random.between(1 << 30, i32::MAX);
            let exponent = random.count(1, 12);
            shifts[channel] = i8::try_from(exponent).map_or(-1, |exponent| -exponent);
            let own = |tap: usize| {
                let turned = tap % 3 * 3 + tap / 3;
                let tap = if params.is_turned { turned } else { tap };
                weights[tap * channels + channel]
            };
            let sum: i32 = (0..9).map(|tap| i32::from(own(tap))).sum();
            let folded = bias[channel] - params.input_zero_point * sum;
            let half = 1 << (exponent - 1);
            let numbers = match params.rounding {
                PlaneRounding::Twice => [
                    2 * folded,
                    multipliers[channel],
                    half + (output_zero_point << exponent),
                ],
                PlaneRounding::Upper4 | PlaneRounding::Upper8 => {
                    [folded, random.int32(), random.int32()]
                }
            };
            let mut bytes = [0; 12];
            for (tap, byte) in bytes[..9].iter_mut().enumerate() {
                *byte = own(tap).cast_unsigned();
            }
            bytes[9] = exponent.to_le_bytes()[0];
            let record = &mut records[RECORD_WORDS * channel..][..RECORD_WORDS];
            record[..3].copy_from_slice(&numbers);
            let (words, _) = bytes.as_chunks::<4>();
            for (word, bytes) in record[3..].iter_mut().zip(words) {
                *word = i32::from_le_bytes(*bytes);
            }
        }
        Self {
            weights,
            bias,
            multipliers,
            shifts,
            output_zero_point,
            records,
        }
    }

    /// What the layer is by [`depthwise_conv2d`].
    fn specification(&self, params: &DepthwisePlanes, input: &[i8], output: &mut [i8]) {
        let plain = tiivis_runtime::blob::DepthwiseConv2d {
            input: NOWHERE,
            output: NOWHERE,
            weights: NOWHERE,
            window: params.window,
            in_c: params.channels,
            multiplier: 1,
            accumulate: tiivis_runtime::blob::Accumulate {
                bias: NOWHERE,
                multipliers: NOWHERE,
                shifts: NOWHERE,
                input_zero_point: params.input_zero_point,
                weights_zero_point: 0,
                output_zero_point: self.output_zero_point,
                min: -128,
                max: 127,
            },
        };
        let channels = Channels {
            bias: self.bias,
            multipliers: self.multipliers,
            shifts: self.shifts,
            input_zero_point: params.input_zero_point,
            weights_zero_point: 0,
            output_zero_point: self.output_zero_point,
            min: -128,
            max: 127,
        };
        depthwise_conv2d(&plain, input, self.weights, &channels, output);
    }
}
