// What the kernels are compared with: random cases from a seed, and the arithmetic of TFLite's
// specification written another way (wide integers, divisions instead of shifts).

use tiivis_runtime::blob::*;
use tiivis_runtime::kernels::Channels;

/// xorshift64*: the same cases on every run and machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        low + ((self.next() >> 16) % (high - low + 1) as u64) as i64
    }

    pub fn extent(&mut self, low: u32, high: u32) -> u32 {
        self.range(low.into(), high.into()) as u32
    }

    pub fn int8(&mut self) -> i8 {
        self.range(-128, 127) as i8
    }

    /// Mostly anything, sometimes one extreme throughout.
    pub fn values(&mut self, len: u32) -> Vec<i8> {
        let kind = self.range(0, 9);
        (0..len)
            .map(|_| match kind {
                0 => -128,
                1 => 127,
                2 => [-128, 127][(self.next() >> 20) as usize % 2],
                _ => self.int8(),
            })
            .collect()
    }

    /// A multiplier as the compiler makes them, and sometimes the extremes.
    pub fn multiplier(&mut self) -> i32 {
        match self.range(0, 9) {
            0 => i32::MAX,
            1 => 0,
            2 => 1 << 30,
            _ => self.range(1 << 30, i32::MAX.into()) as i32,
        }
    }

    pub fn scale(&mut self, low: i64, high: i64) -> Scale {
        Scale {
            multiplier: self.multiplier(),
            shift: self.range(low, high) as i8,
        }
    }
}

/// `numerator / 2^bits`, rounded half up.
fn half_up(numerator: i128, bits: u32) -> i128 {
    (2 * numerator + (1 << bits)).div_euclid(2 << bits)
}

/// `numerator / 2^bits`, rounded half away from zero.
fn half_away(numerator: i128, bits: u32) -> i128 {
    numerator.signum() * half_up(numerator.abs(), bits)
}

/// TFLite's double rounding; `x` must not overflow when it is shifted left.
pub fn requantize(x: i128, multiplier: i32, shift: i8) -> i128 {
    let shifted = x * (1 << shift.max(0));
    assert_eq!(
        i128::from(shifted as i32),
        shifted,
        "the case must not wrap"
    );
    let high = half_up(shifted * i128::from(multiplier), 31);
    half_away(high, (-shift.min(0)) as u32)
}

/// Owned [`Channels`].
pub struct Layer {
    pub bias: Vec<i32>,
    pub multipliers: Vec<i32>,
    pub shifts: Vec<i8>,
    pub input_zero_point: i32,
    pub weights_zero_point: i32,
    pub output_zero_point: i32,
    pub min: i8,
    pub max: i8,
}

impl Layer {
    pub fn random(random: &mut Random, channels: u32) -> Self {
        let (a, b) = (random.int8(), random.int8());
        Self {
            bias: (0..channels)
                .map(|_| random.range(-20_000, 20_000) as i32)
                .collect(),
            multipliers: (0..channels).map(|_| random.multiplier()).collect(),
            shifts: (0..channels).map(|_| random.range(-12, 3) as i8).collect(),
            input_zero_point: random.int8().into(),
            weights_zero_point: 0,
            output_zero_point: random.int8().into(),
            min: a.min(b),
            max: a.max(b),
        }
    }

    pub fn channels(&self) -> Channels<'_> {
        Channels {
            bias: &self.bias,
            multipliers: &self.multipliers,
            shifts: &self.shifts,
            input_zero_point: self.input_zero_point,
            weights_zero_point: self.weights_zero_point,
            output_zero_point: self.output_zero_point,
            min: self.min.into(),
            max: self.max.into(),
        }
    }

    /// The output of a channel for its sum of products.
    pub fn finish(&self, channel: usize, sum: i128) -> i8 {
        let biased = sum + i128::from(self.bias[channel]);
        let scaled = requantize(biased, self.multipliers[channel], self.shifts[channel]);
        let shifted = scaled + i128::from(self.output_zero_point);
        shifted.clamp(self.min.into(), self.max.into()) as i8
    }
}

pub const NOWHERE: Span = Span { offset: 0, len: 0 };

/// For kernels, which take bias and requantization apart from the parameters.
pub const NO_ACCUMULATE: Accumulate = Accumulate {
    bias: NOWHERE,
    multipliers: NOWHERE,
    shifts: NOWHERE,
    input_zero_point: 0,
    weights_zero_point: 0,
    output_zero_point: 0,
    min: 0,
    max: 0,
};

/// A window with random strides, dilation and padding.
pub fn window(random: &mut Random) -> Window2d {
    Window2d {
        in_h: random.extent(1, 7),
        in_w: random.extent(1, 7),
        out_h: random.extent(1, 5),
        out_w: random.extent(1, 5),
        kernel_h: random.extent(1, 4),
        kernel_w: random.extent(1, 4),
        stride_h: random.extent(1, 3),
        stride_w: random.extent(1, 3),
        dilation_h: random.extent(1, 3),
        dilation_w: random.extent(1, 3),
        pad_top: random.extent(0, 4),
        pad_left: random.extent(0, 4),
    }
}

/// The input pixel that tap `(i, j)` of output `(y, x)` reads, if it is inside.
pub fn tap(window: &Window2d, y: u32, x: u32, i: u32, j: u32) -> Option<usize> {
    let coordinate = |out: u32, stride: u32, pad: u32, k: u32, dilation: u32, extent: u32| {
        let at = i64::from(out * stride + k * dilation) - i64::from(pad);
        (0..i64::from(extent)).contains(&at).then_some(at as usize)
    };
    let w = window;
    let row = coordinate(y, w.stride_h, w.pad_top, i, w.dilation_h, w.in_h)?;
    let column = coordinate(x, w.stride_w, w.pad_left, j, w.dilation_w, w.in_w)?;
    Some(row * w.in_w as usize + column)
}

/// Calls `f` for every `(row, column)`.
pub fn grid(rows: u32, columns: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rows).flat_map(move |y| (0..columns).map(move |x| (y, x)))
}
