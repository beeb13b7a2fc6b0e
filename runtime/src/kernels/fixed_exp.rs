//! The table of exponentials for [`super::softmax`], as TFLite's reference computes them.
//!
//! The compiler calls this; a firmware does not, and its linker leaves it out.

use super::reciprocal::saturating_shift_left;
use super::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as multiply};

/// Integer bits of a scaled difference (`kScaledDiffIntegerBits`).
const INTEGER_BITS: u32 = 5;
const FRACTION_BITS: u32 = 31 - INTEGER_BITS;

/// `exp(-beta * scale * difference)` as Q0.31, or `None` where TFLite counts it as 0 (its
/// `diff_min`) and the table ends.
///
/// `difference` is in `0..=255`. `multiplier` (not negative) and `left_shift` (`0..=31`) are
/// TFLite's `input_multiplier` and `input_left_shift`, from `PreprocessSoftmaxScaling`:
/// `min(beta * scale * 2^26, 2^31 - 1)` as a quantized multiplier of at least 1.
///
/// # Panics
///
/// In builds with overflow checks, if a parameter is out of range.
#[must_use]
pub fn table_entry(difference: u8, multiplier: i32, left_shift: u32) -> Option<i32> {
    // CalculateInputRadius: floor(31 * 2^26 / 2^left_shift).
    let radius = (((1i64 << INTEGER_BITS) - 1) << FRACTION_BITS) >> left_shift;
    if i64::from(difference) > radius {
        return None;
    }
    // MultiplyByQuantizedMultiplierGreaterThanOne.
    let shifted = (-i32::from(difference)).wrapping_shl(left_shift);
    Some(exp_on_negative_values(
        multiply(shifted, multiplier),
        INTEGER_BITS,
    ))
}

/// `exp(a)` as Q0.31 for `a <= 0` with so many integer bits (2 to 5) before its fraction.
///
/// gemmlowp's `exp_on_negative_values` (`fixedpoint.h`): `a` is split into a part in `-1/4..0`, whose
/// exponential is a polynomial, and powers of two, each with its own factor.
#[must_use]
pub fn exp_on_negative_values(a: i32, integer_bits: u32) -> i32 {
    /// `exp(-2^k)` as Q0.31 for k from -2 to 4.
    const FACTORS: [i32; 7] = [
        1_672_461_947,
        1_302_514_674,
        790_015_084,
        290_630_308,
        39_332_535,
        720_401,
        242,
    ];
    if a == 0 {
        return i32::MAX;
    }
    let fraction_bits = 31 - integer_bits;
    let one_quarter = 1i32 << (fraction_bits - 2);
    let fraction = (a & (one_quarter - 1)) - one_quarter;
    let remainder = fraction.wrapping_sub(a);
    let first = exp_on_quarter(saturating_shift_left(fraction, integer_bits));
    (fraction_bits - 2..31)
        .zip(FACTORS)
        .filter(|(bit, _)| remainder & (1 << bit) != 0)
        .fold(first, |product, (_, factor)| multiply(product, factor))
}

/// `exp(a)` as Q0.31 for `a` in `-1/4..0` as Q0.31: the Taylor polynomial of degree 4 around -1/8.
///
/// gemmlowp's `exp_on_interval_between_negative_one_quarter_and_0_excl`.
fn exp_on_quarter(a: i32) -> i32 {
    const EXP_OF_MINUS_ONE_EIGHTH: i32 = 1_895_147_668;
    const ONE_THIRD: i32 = 715_827_883;
    let x = a + (1 << 28);
    let x2 = multiply(x, x);
    let x3 = multiply(x2, x);
    let x4 = multiply(x2, x2);
    let upper = multiply(rounding_divide_by_pot(x4, 2) + x3, ONE_THIRD) + x2;
    let polynomial = x + rounding_divide_by_pot(upper, 1);
    EXP_OF_MINUS_ONE_EIGHTH + multiply(EXP_OF_MINUS_ONE_EIGHTH, polynomial)
}
