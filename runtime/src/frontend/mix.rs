//! The last step to a feature: a sum of products, shifted, and an offset.

use super::saturate;

/// `sum * 2^-shift`, rounded half up, plus the offset, saturated. `shift` is 1 to 62.
pub(crate) fn feature(sum: i64, shift: u32, offset: i32) -> i32 {
    let scaled = sum.wrapping_add(1 << (shift - 1)) >> shift;
    saturate(scaled.saturating_add(offset.into()))
}

/// The features that `values` are, by themselves or as a matrix mixes them.
pub(crate) enum Mixer<'a> {
    /// A gain for each value.
    Gains(&'a [i32]),
    /// A row for each feature.
    Matrix(&'a [i32]),
}

impl Mixer<'_> {
    /// Fills `features`. Sums wrap: the compiler proves that a real matrix's do not.
    pub(crate) fn apply(&self, values: &[i32], offsets: &[i32], shift: u32, features: &mut [i32]) {
        let product = |(&value, &gain): (&i32, &i32)| i64::from(value) * i64::from(gain);
        let outputs = features.iter_mut().zip(offsets);
        match self {
            Self::Gains(gains) => {
                let values = values.iter().zip(*gains).map(product);
                for ((into, &offset), sum) in outputs.zip(values) {
                    *into = feature(sum, shift, offset);
                }
            }
            Self::Matrix(rows) => {
                let rows = rows.chunks_exact(values.len());
                for ((into, &offset), row) in outputs.zip(rows) {
                    let products = values.iter().zip(row).map(product);
                    let sum = products.fold(0_i64, i64::wrapping_add);
                    *into = feature(sum, shift, offset);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_round_half_up_and_saturate() {
        assert_eq!(feature(3, 1, 10), 12);
        assert_eq!(feature(-3, 1, 10), 9);
        assert_eq!(feature(i64::MAX / 2, 1, -7), i32::MAX);
        assert_eq!(feature(i64::MIN, 1, 7), i32::MIN);
        assert_eq!(feature(1 << 62, 62, i32::MAX), i32::MAX);
        let mut features = [0; 2];
        Mixer::Matrix(&[1, 2, 3, 4]).apply(&[10, 100], &[0, 1], 1, &mut features);
        assert_eq!(features, [105, 216]);
        Mixer::Gains(&[4, -4]).apply(&[10, 100], &[0, 1], 1, &mut features);
        assert_eq!(features, [20, -199]);
    }
}
