//! Numbers from a seed.

/// xorshift32 (Marsaglia, "Xorshift RNGs", 2003).
pub(super) struct Random(u32);

impl Random {
    pub(super) fn new(seed: u32) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995 | 1);
        // The first numbers of neighbouring seeds are alike.
        for _ in 0..4 {
            random.bits();
        }
        random
    }

    pub(super) fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Any int32.
    pub(super) fn int32(&mut self) -> i32 {
        self.bits().cast_signed()
    }

    /// Between both, both included.
    pub(super) fn between(&mut self, least: i32, most: i32) -> i32 {
        let span = most.abs_diff(least).wrapping_add(1);
        let by = if span == 0 {
            self.bits()
        } else {
            self.bits() % span
        };
        least.wrapping_add_unsigned(by)
    }

    /// As [`Self::between`], for counts.
    pub(super) fn count(&mut self, least: u32, most: u32) -> u32 {
        least + self.bits() % (most - least + 1)
    }

    pub(super) fn flag(&mut self) -> bool {
        self.bits() & 0x100 != 0
    }

    /// Fills with any int8, or, one time in three, with the largest and the smallest.
    pub(super) fn fill(&mut self, values: &mut [i8]) {
        let extreme = self.count(0, 2) == 0;
        for value in values {
            let [any, which, ..] = self.bits().to_le_bytes().map(u8::cast_signed);
            *value = match (extreme, which < 0) {
                (false, _) => any,
                (true, false) => i8::MAX,
                (true, true) => i8::MIN,
            };
        }
    }
}
