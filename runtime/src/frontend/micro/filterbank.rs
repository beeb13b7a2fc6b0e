//! `filterbank.c`.

use super::super::root::square_root;

/// Channels that follow one another; every bin rises into one and falls into the one before.
pub(crate) struct Filterbank<'a> {
    pub(crate) first_bin: usize,
    /// Bins of each channel and of one more.
    pub(crate) widths: &'a [i16],
    pub(crate) weights: &'a [i16],
    pub(crate) unweights: &'a [i16],
}

impl Filterbank<'_> {
    /// `FilterbankConvertFftComplexToEnergy`, `FilterbankAccumulateChannels` and `FilterbankSqrt`:
    /// the root of each channel's energy, less the shift of the samples.
    pub(crate) fn apply(&self, spectrum: &[i16], shift: u32, signal: &mut [u32]) {
        let mut bins = spectrum[2 * self.first_bin..].chunks_exact(2);
        let mut shares = self.weights.iter().zip(self.unweights);
        let mut rising = 0_u64;
        // Where channel `i` ends, what rises in it and what falls into it are known: the first
        // range has only the rising share of the first channel, whose falling share goes nowhere.
        for (channel, &width) in self.widths.iter().enumerate() {
            let mut falling = 0_u64;
            let width = usize::from(width.cast_unsigned());
            let own = bins.by_ref().zip(shares.by_ref()).take(width);
            for (bin, (&weight, &unweight)) in own {
                let energy = energy(bin[0], bin[1]);
                rising = rising.wrapping_add(product(weight, energy));
                falling = falling.wrapping_add(product(unweight, energy));
            }
            if let Some(before) = channel.checked_sub(1) {
                signal[before] = square_root(rising) >> shift;
            }
            rising = falling;
        }
    }
}

/// `re² + im²`, as the reference's int32.
fn energy(re: i16, im: i16) -> i32 {
    let square = |x: i16| i32::from(x) * i32::from(x);
    square(re).wrapping_add(square(im))
}

/// With its sign in the high bits, as C converts and multiplies; from 32 bits, for one instruction.
fn product(weight: i16, energy: i32) -> u64 {
    (i64::from(weight) * i64::from(energy)).cast_unsigned()
}
