//! Logarithms of base 2 of wide numbers.
#![expect(
    clippy::as_conversions,
    reason = "digits of a 64-bit number, each shown to fit"
)]

/// Fraction bits of a logarithm.
pub(crate) const FRACTION_BITS: u32 = 20;
/// Entries of the table.
pub(crate) const TABLE_LEN: u32 = 129;

/// `mantissa * 2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide {
    pub(crate) mantissa: u64,
    pub(crate) exponent: i32,
}

impl Wide {
    /// The sum; the smaller one loses what lies 62 bits below the larger one.
    pub(crate) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.lifted(), other.lifted());
        let (high, low) = if a.exponent >= b.exponent {
            (a, b)
        } else {
            (b, a)
        };
        let apart = high.exponent.abs_diff(low.exponent);
        Self {
            mantissa: high.mantissa + low.mantissa.checked_shr(apart).unwrap_or(0),
            exponent: high.exponent,
        }
    }

    /// The same number with its highest digit at bit 62, or zero with an exponent below any.
    fn lifted(self) -> Self {
        if self.mantissa == 0 {
            return Self {
                mantissa: 0,
                exponent: i32::MIN,
            };
        }
        let zeros = self.mantissa.leading_zeros();
        if zeros == 0 {
            return Self {
                mantissa: self.mantissa >> 1,
                exponent: self.exponent + 1,
            };
        }
        Self {
            mantissa: self.mantissa << (zeros - 1),
            exponent: self.exponent - (zeros as i32 - 1),
        }
    }

    /// The logarithm with 20 fraction bits, at most 1.2e-5 too small, `None` of 0. `table` has
    /// [`TABLE_LEN`] entries `log2(1 + k / 128)` with 28 fraction bits; between them it is straight.
    pub(crate) fn log2(self, table: &[i32]) -> Option<i32> {
        let top = self.mantissa.checked_ilog2()?;
        // The highest digit at bit 31, then 7 bits of index and 24 between entries.
        let digits = if top >= 31 {
            self.mantissa >> (top - 31)
        } else {
            self.mantissa << (31 - top)
        } as u32;
        let index = ((digits >> 24) & 127) as usize;
        let between = i64::from(digits & 0xff_ffff);
        let (low, high) = (i64::from(table[index]), i64::from(table[index + 1]));
        let fraction = low + (((high - low) * between) >> 24);
        let whole = (top as i32 + self.exponent) << FRACTION_BITS;
        Some(whole.wrapping_add((fraction >> (28 - FRACTION_BITS)) as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn logarithms_are_within_their_bound() {
        let table: Vec<i32> = (0..TABLE_LEN)
            .map(|k| ((1.0 + f64::from(k) / 128.0).log2() * f64::from(1 << 28)).round() as i32)
            .collect();
        assert_eq!(
            Wide {
                mantissa: 0,
                exponent: 5
            }
            .log2(&table),
            None
        );
        let mut x = 1_u64;
        while x < u64::MAX / 3 {
            for (mantissa, exponent) in [(x, 0), (x + x / 3, -70), (u64::MAX - x, 60)] {
                let exact = (mantissa as f64).log2() + f64::from(exponent);
                let wide = Wide { mantissa, exponent };
                let found = wide.log2(&table).expect("not 0");
                let error = f64::from(found) / f64::from(1 << 20) - exact;
                assert!((-1.2e-5..1e-6).contains(&error), "{wide:?}: {error}");
            }
            x += x / 97 + 1;
        }
    }

    #[test]
    fn sums_are_within_rounding() {
        let value = |wide: Wide| wide.mantissa as f64 * f64::from(wide.exponent).exp2();
        for (a, b) in [
            ((5, 3), (7, -2)),
            ((0, 9), (1, -100)),
            ((u64::MAX, 0), (u64::MAX, 0)),
            ((1, 90), (1, -90)),
        ] {
            let [a, b] = [a, b].map(|(mantissa, exponent)| Wide { mantissa, exponent });
            let sum = value(a.plus(b));
            let exact = value(a) + value(b);
            assert!((sum - exact).abs() <= exact * 1e-15, "{a:?} {b:?} {sum}");
            assert_eq!(sum, value(b.plus(a)));
        }
    }
}
