//! Square roots as the micro-frontend takes them (`filterbank.c`).
#![expect(
    clippy::as_conversions,
    reason = "the root of a number has half of its bits"
)]

/// The square root, rounded to the nearest; at most 0xffff for what fits 32 bits.
///
/// `Sqrt32` and `Sqrt64`: the former does not round up to 0x10000, so that numbers just below 2³²
/// come out one too small, as there.
pub(crate) fn square_root(number: u64) -> u32 {
    let most = if number >> 32 == 0 { 0xffff } else { u32::MAX };
    let root = number.isqrt();
    let rest = number - root * root;
    // `rest > root` says that the number is above (root + 1/2)².
    let root = root as u32;
    if rest > u64::from(root) && root != most {
        root + 1
    } else {
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_round_to_the_nearest_but_at_the_end_of_32_bits() {
        for (number, root) in [
            (0, 0),
            (1, 1),
            (2, 1),
            (3, 2),
            (6, 2),
            (7, 3),
            (0xffff_ffff, 0xffff),
            (0x1_0000_0000, 0x1_0000),
            (u64::MAX, u32::MAX),
        ] {
            assert_eq!(square_root(number), root, "{number}");
        }
    }
}
