//! One block of the stream, in pieces.
#![expect(clippy::as_conversions, reason = "halves and bytes of words")]

use super::columns::CONV_BLOCK;
use super::finish::Finisher;
use crate::blob::{Packed, Pairing};
use crate::index;

/// Channels of a block of a convolution.
pub(super) const BLOCK: usize = CONV_BLOCK as usize;

/// The weights of a pair of channels, in a word for two columns.
#[inline]
pub(super) fn halves(pairing: Pairing, word: i32) -> [[i8; 2]; 2] {
    [word, word >> 16].map(|half| match pairing {
        // What the lower byte takes from the upper one is put back.
        Pairing::Sum => [
            (half.wrapping_sub((half as i8).into()) >> 8) as i8,
            half as i8,
        ],
        Pairing::Bytes => [half as i8, (half >> 8) as i8],
    })
}

/// Biases of a block, from its first words.
#[inline]
pub(super) fn biases(pairing: Pairing, words: &[i32], biases: &mut [i32]) {
    for (bias, start) in biases.chunks_exact_mut(2).zip(words.chunks_exact(2)) {
        let [both, b] = [start[0], start[1]];
        bias[0] = match pairing {
            Pairing::Sum => both.wrapping_sub(b) >> 8,
            Pairing::Bytes => both,
        };
        bias[1] = b;
    }
}

/// Finishers of a block, from its last words.
pub(super) fn finishers(packed: &Packed, words: &[i32], finishers: &mut [Finisher]) {
    let numbers = words.chunks_exact(index(packed.finish.numbers()));
    for ((channel, finisher), numbers) in finishers.iter_mut().enumerate().zip(numbers) {
        *finisher = packed.finisher(channel, numbers);
    }
}
