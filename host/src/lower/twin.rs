//! Requantization in two instructions: for a channel, numbers with which
//! `SSAT8(SMMLA(x + bias_shift, multiplier, offset) >> shift)` is the double rounding of every
//! accumulator `x` that the channel can reach.
//!
//! Both are monotone staircases in `x`, so they are equal if each step that is reached lies at the same
//! integer. Step `q` of the double rounding lies at `x = at` (the least `x` that gives `q` or more); the
//! twin's lies there too if
//! `q · 2^(32 + shift) - at · m <= D < q · 2^(32 + shift) - (at - 1) · m`, where `m` is its multiplier and
//! `D = bias_shift · m + offset · 2^(32 - pre_shift)`. The search intersects these intervals over the
//! steps and looks for a `D` in what is left: it is its own proof. Derived in our `kernels.md`, 1.1.

use tiivis_runtime::blob::Scale;
use tiivis_runtime::kernels::requantize;

/// How far from `bias_shift` 0 is looked for a twin.
const MOST_BIAS_SHIFT: i64 = 100_000;
/// How far from the nearest multiplier.
const MOST_MULTIPLIER_SHIFT: i64 = 40;
/// Largest shift of a form: a step of the output is 2^23 in the upper half, or less.
const MOST_SHIFT: u32 = 15;
/// One in the upper half of a 64-bit product.
const UPPER: u32 = 32;

/// What the double rounding does to the accumulators of one output channel:
/// `clamp(requantize(x, scale) + zero_point, min, max)`.
#[derive(Clone, Copy, Debug)]
pub struct Staircase {
    /// Input scale · weight scale / output scale.
    pub scale: Scale,
    /// Zero point of the output.
    pub zero_point: i32,
    /// Smallest output, of int8.
    pub min: i16,
    /// Largest output, of int8.
    pub max: i16,
    /// Least accumulator that can be reached, bias included.
    pub least: i32,
    /// Largest accumulator that can be reached.
    pub most: i32,
}

/// The numbers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Is added to the bias.
    pub bias_shift: i32,
    /// What `SMMLA` multiplies with, not negative.
    pub multiplier: i32,
    /// What `SMMLA` adds to the upper half of the product.
    pub offset: i32,
}

/// The form of the twins of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// By how much the upper half is shifted right before it is saturated; [`shift_of`].
    pub shift: u32,
    /// `x + bias_shift` is multiplied as `(x + bias_shift) << pre_shift`, and the upper half is shifted by
    /// `shift + pre_shift`.
    pub pre_shift: u32,
    /// Largest magnitude of `bias_shift` that the kernel can stand.
    pub room: i64,
}

/// The largest shift with which every multiplier of a layer fits 31 bits, at most 15; none if a
/// scale is 1/2 or more.
pub fn shift_of(scales: &[Scale]) -> Option<u32> {
    // multiplier · 2^(shift + 1 + s) < 2^31, where multiplier < 2^31.
    let live = scales.iter().filter(|scale| scale.multiplier != 0);
    let most = live.map(|scale| -i32::from(scale.shift) - 1).min();
    u32::try_from(most.unwrap_or(0))
        .ok()
        .map(|most| most.min(MOST_SHIFT))
}

impl Staircase {
    /// The twin of this form: `SSAT8` of it, clamped to `min..=max`, is the double rounding of every
    /// accumulator from `least` to `most`. None if there is none, or none was found.
    pub fn twin(&self, form: Form) -> Option<Twin> {
        let steps = self.steps()?;
        if steps.is_empty() {
            return self.constant(form);
        }
        let exponent = i32::from(self.scale.shift) + 1 + i32::try_from(form.shift).ok()?;
        let nearest = scaled(self.scale.multiplier, exponent)?;
        outwards(MOST_MULTIPLIER_SHIFT)
            .map(|by| nearest + by)
            .filter_map(|m| i32::try_from(m).ok().filter(|&m| m > 0))
            .find_map(|m| self.with_multiplier(&steps, m, form))
    }

    fn exact(&self, x: i64) -> i64 {
        let x = i32::try_from(x).expect("between two int32");
        let scaled = requantize(x, self.scale.multiplier, self.scale.shift);
        let out = i64::from(scaled) + i64::from(self.zero_point);
        out.clamp(self.min.into(), self.max.into())
    }

    /// `(q, at)` for every `q` that is reached but the least: `at` is the least accumulator that gives
    /// `q` or more. None if the double rounding is no staircase, because its left shift wraps.
    fn steps(&self) -> Option<Vec<(i64, i64)>> {
        let (least, most) = (i64::from(self.least), i64::from(self.most));
        if self.scale.shift > 0 || least > most {
            return None;
        }
        let first = |q: i64| {
            let (mut low, mut high) = (least, most);
            while low < high {
                let middle = (low + high).div_euclid(2);
                match self.exact(middle) >= q {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            (q, low)
        };
        Some(
            (self.exact(least) + 1..=self.exact(most))
                .map(first)
                .collect(),
        )
    }

    /// The twin of a channel that gives one number only.
    fn constant(&self, form: Form) -> Option<Twin> {
        // By the upper half alone.
        let q = i32::try_from(self.exact(self.least.into())).ok()?;
        Some(Twin {
            bias_shift: 0,
            multiplier: 0,
            offset: q.checked_mul(1i32.checked_shl(form.shift + form.pre_shift)?)?,
        })
    }

    fn with_multiplier(&self, steps: &[(i64, i64)], m: i32, form: Form) -> Option<Twin> {
        let m = i128::from(m);
        let unit = 1i128 << (UPPER + form.shift);
        let interval = |&(q, at): &(i64, i64)| {
            let least = i128::from(q) * unit - i128::from(at) * m;
            (least, least + m - 1)
        };
        let meet = |a: (i128, i128), b: (i128, i128)| (a.0.max(b.0), a.1.min(b.1));
        let (mut low, mut high) = steps.iter().map(interval).reduce(meet)?;
        // Nothing else at the ends, unless it is clamped.
        let (bottom, top) = (steps.first()?.0 - 1, steps.last()?.0);
        if bottom > i64::from(self.min) {
            low = low.max(i128::from(bottom) * unit - i128::from(self.least) * m);
        }
        if top < i64::from(self.max) {
            high = high.min(i128::from(top + 1) * unit - i128::from(self.most) * m - 1);
        }
        let width = high.checked_sub(low).filter(|&width| width >= 0)?;
        let step = 1i128 << (UPPER - form.pre_shift);
        let bias_shift = {
            // All modulo `step`, which fits 64 bits.
            let start = u64::try_from((-low).rem_euclid(step)).ok()?;
            let m = i64::try_from(m).ok()?;
            let mask = u64::try_from(step - 1).ok()?;
            let past = |by: i64| by.wrapping_mul(m).cast_unsigned().wrapping_add(start) & mask;
            let width = u64::try_from(width.min(step)).ok()?;
            outwards(MOST_BIAS_SHIFT.min(form.room)).find(|&by| past(by) <= width)?
        };
        let base = i128::from(bias_shift) * m;
        // The least multiple of `step` that lies in the interval.
        let offset = -(base - low).div_euclid(step);
        let upper = |x: i32| (i128::from(x) * m + base + offset * step) >> (UPPER - form.pre_shift);
        i32::try_from(upper(self.least)).ok()?;
        i32::try_from(upper(self.most)).ok()?;
        Some(Twin {
            bias_shift: i32::try_from(bias_shift).ok()?,
            multiplier: i32::try_from(m).ok()?,
            offset: i32::try_from(offset).ok()?,
        })
    }
}

/// `multiplier · 2^exponent`, rounded half up.
fn scaled(multiplier: i32, exponent: i32) -> Option<i64> {
    let by = exponent.unsigned_abs();
    if exponent >= 0 {
        return i64::from(multiplier).checked_mul(1i64.checked_shl(by)?);
    }
    let half = 1i64.checked_shl(by - 1)?;
    (i64::from(multiplier) + half).checked_shr(by)
}

/// 0, 1, -1, 2, -2, ... as far as `most`.
fn outwards(most: i64) -> impl Iterator<Item = i64> {
    std::iter::once(0).chain((1..=most).flat_map(|by| [by, -by]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::Random;

    /// As the instructions do it.
    fn computed(twin: Twin, form: Form, x: i32) -> i64 {
        let shifted = (x + twin.bias_shift) << form.pre_shift;
        assert_eq!(
            shifted >> form.pre_shift,
            x + twin.bias_shift,
            "no overflow"
        );
        let sum = i64::from(shifted) * i64::from(twin.multiplier) + (i64::from(twin.offset) << 32);
        let upper = i32::try_from(sum >> 32).expect("SMMLA does not overflow");
        i64::from(upper >> (form.shift + form.pre_shift)).clamp(-128, 127)
    }

    fn agree(staircase: &Staircase, twin: Twin, form: Form, x: i32) {
        let found = computed(twin, form, x).clamp(staircase.min.into(), staircase.max.into());
        let expected = staircase.exact(x.into());
        assert_eq!(found, expected, "{staircase:?} {twin:?} {form:?} at {x}");
    }

    /// At both ends, beside every step and at random.
    fn agree_everywhere(staircase: &Staircase, twin: Twin, form: Form, random: &mut Random) {
        let (least, most) = (staircase.least, staircase.most);
        let span = usize::try_from(i64::from(most) - i64::from(least) + 1).unwrap();
        let mut check = |x: i64| {
            let x = x.clamp(least.into(), most.into());
            agree(staircase, twin, form, i32::try_from(x).unwrap());
        };
        for end in [i64::from(least), i64::from(most)] {
            (end - 300..end + 300).for_each(&mut check);
        }
        for (_, at) in staircase.steps().unwrap() {
            (at - 3..at + 3).for_each(&mut check);
        }
        for _ in 0..500 {
            check(i64::from(least) + i64::try_from(random.below(span)).unwrap());
        }
    }

    fn random_channel(random: &mut Random, spread: usize, relu: bool) -> Staircase {
        let bias = i32::try_from(random.below(40_000)).unwrap() - 20_000;
        let reach = i32::try_from(1 + random.below(64 * 64 * 128)).unwrap();
        let below = i8::try_from(random.below(spread)).unwrap();
        let below_one = i32::try_from(random.below((1 << 30) - 1)).unwrap();
        let zero_point = i32::try_from(random.below(256)).unwrap() - 128;
        Staircase {
            scale: Scale {
                multiplier: (1 << 30) + below_one,
                shift: -6 - below,
            },
            zero_point: if relu { -128 } else { zero_point },
            min: -128,
            max: 127,
            least: bias - reach,
            most: bias + reach,
        }
    }

    #[test]
    fn twins_are_the_double_rounding_at_every_step() {
        let mut random = Random::new(5);
        let (mut relu, mut other) = (0, 0);
        for round in 0..600 {
            let is_relu = round % 4 != 0;
            let staircase = random_channel(&mut random, 6, is_relu);
            let form = Form {
                shift: 5,
                pre_shift: if round % 2 == 0 { 8 } else { 0 },
                room: 1 << 22,
            };
            let twin = staircase.twin(form);
            if let Some(twin) = twin {
                agree_everywhere(&staircase, twin, form, &mut random);
            }
            match is_relu {
                true => relu += usize::from(twin.is_some()),
                false => other += usize::from(twin.is_some()),
            }
        }
        // Nearly every channel with ReLU has one; of those without, the half with steps on one side of 0.
        assert!(relu >= 440, "{relu} of 450");
        assert!((1..150).contains(&other), "{other} of 150");
    }

    #[test]
    fn every_accumulator_of_narrow_channels() {
        let mut random = Random::new(6);
        for _ in 0..200 {
            let mut staircase = random_channel(&mut random, 3, true);
            staircase.most = staircase.least + i32::try_from(random.below(3000)).unwrap();
            let [a, b] = [0, 1].map(|_| i16::try_from(random.below(256)).unwrap() - 128);
            (staircase.min, staircase.max) = (a.min(b), a.max(b));
            let form = Form {
                shift: 4,
                pre_shift: 0,
                room: 1000,
            };
            if let Some(twin) = staircase.twin(form) {
                assert!(twin.bias_shift.abs() <= 1000);
                for x in staircase.least..=staircase.most {
                    agree(&staircase, twin, form, x);
                }
            }
        }
    }

    #[test]
    fn dead_channels_and_extremes() {
        let dead = Staircase {
            scale: Scale {
                multiplier: 0,
                shift: 0,
            },
            zero_point: 7,
            min: -128,
            max: 127,
            least: -5,
            most: 5,
        };
        let form = Form {
            shift: 8,
            pre_shift: 8,
            room: 0,
        };
        let twin = dead.twin(form).unwrap();
        assert_eq!(twin.multiplier, 0);
        agree(&dead, twin, form, 5);
        // Scales of a half and more have none; the whole of int32 as accumulators neither, or a right one.
        let halves = Scale {
            multiplier: 1 << 30,
            shift: 0,
        };
        assert_eq!(shift_of(&[halves]), None);
        let left = Scale { shift: 1, ..halves };
        let wide = |scale| Staircase {
            scale,
            least: i32::MIN / 4,
            most: i32::MAX / 4,
            ..dead
        };
        assert_eq!(wide(left).twin(form), None);
        let right = Scale {
            shift: -20,
            ..halves
        };
        let low = Form {
            shift: shift_of(&[right]).unwrap(),
            pre_shift: 0,
            room: 1 << 20,
        };
        if let Some(twin) = wide(right).twin(low) {
            agree_everywhere(&wide(right), twin, low, &mut Random::new(7));
        }
    }
}
