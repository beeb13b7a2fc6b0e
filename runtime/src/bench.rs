//! What a bench firmware and the host say to each other: the [`Batch`] of inputs that lies behind
//! the model in flash, and the [`Message`]s that come back.
//!
//! Firmware and host depend on this module and not on each other.

use core::error::Error;
use core::fmt;
use serde::{Deserialize, Serialize};

/// First bytes of a batch.
pub const MAGIC: [u8; 4] = *b"TIVB";
/// Version of the batch format and of the messages; a firmware reads this one and no other.
pub const VERSION: u32 = 1;
/// Length of the header; the samples start here.
pub const HEADER_BYTES: u32 = 16;
/// Most bytes of an output that one [`Message::Output`] carries: a message is made in a buffer on
/// the firmware's stack.
pub const CHUNK_BYTES: usize = 128;
/// Longest encoded message: a chunk, four varints of at most 5 bytes, and the tag.
pub const MESSAGE_BYTES: usize = CHUNK_BYTES + 21;

/// Where a batch starts behind a blob of `blob_bytes`: the next multiple of 16, counted from the
/// blob's first byte, or `None` beyond the address space.
#[must_use]
pub const fn batch_offset(blob_bytes: u32) -> Option<u32> {
    blob_bytes.checked_next_multiple_of(16)
}

/// Inputs to run a model on. Little endian:
///
/// | Offset | Type | Field |
/// |---:|---|---|
/// | 0 | 4 bytes | magic, `TIVB` |
/// | 4 | u32 | version, 1 |
/// | 8 | u32 | number of samples, at least 1 |
/// | 12 | u32 | bytes of one sample |
/// | 16 | int8 | per sample, the values of all inputs in the model's order, NHWC |
///
/// For a firmware that listens, a sample is what a front-end takes at once: an int16 of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    sample_bytes: usize,
    data: &'a [u8],
}

/// Why bytes that start like a batch are none for this model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BatchError {
    /// Another version of the format: host and firmware are not of the same release.
    Version {
        /// Version that the bytes state.
        found: u32,
    },
    /// There is not one sample.
    Empty,
    /// A sample is not as long as the model's inputs together.
    SampleBytes {
        /// Bytes that the model's inputs need.
        expected: u32,
        /// Bytes that the batch states.
        found: u32,
    },
    /// The batch leaves the memory that it lies in.
    Length {
        /// Bytes that the samples need (saturated).
        needed: u32,
        /// Bytes that there are (saturated).
        found: u32,
    },
}

impl<'a> Batch<'a> {
    /// Reads the batch at the start of `bytes`, which may be longer, for a model whose inputs take
    /// `sample_bytes` together. `None` if no batch starts here.
    ///
    /// # Errors
    ///
    /// See [`BatchError`].
    pub fn parse(bytes: &'a [u8], sample_bytes: u32) -> Result<Option<Self>, BatchError> {
        let Some((header, data)) = bytes.split_first_chunk::<16>() else {
            return Ok(None);
        };
        if header[..4] != MAGIC {
            return Ok(None);
        }
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (version, samples, stated) = (word(4), word(8), word(12));
        if version != VERSION {
            return Err(BatchError::Version { found: version });
        }
        if samples == 0 {
            return Err(BatchError::Empty);
        }
        if stated != sample_bytes || stated == 0 {
            return Err(BatchError::SampleBytes {
                expected: sample_bytes,
                found: stated,
            });
        }
        let needed = samples.saturating_mul(stated);
        let data = usize::try_from(needed)
            .ok()
            .filter(|_| samples.checked_mul(stated).is_some())
            .and_then(|needed| data.get(..needed))
            .ok_or(BatchError::Length {
                needed,
                found: u32::try_from(data.len()).unwrap_or(u32::MAX),
            })?;
        Ok(Some(Self {
            sample_bytes: crate::index(stated),
            data,
        }))
    }

    /// The header of a batch of `samples` samples of `sample_bytes` each.
    #[must_use]
    pub fn header(samples: u32, sample_bytes: u32) -> [u8; 16] {
        let mut header = [0; 16];
        header[..4].copy_from_slice(&MAGIC);
        header[4..8].copy_from_slice(&VERSION.to_le_bytes());
        header[8..12].copy_from_slice(&samples.to_le_bytes());
        header[12..].copy_from_slice(&sample_bytes.to_le_bytes());
        header
    }

    /// The bytes of all samples.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.data
    }

    /// The samples, each as long as the model's inputs together.
    pub fn samples(&self) -> core::slice::ChunksExact<'a, u8> {
        self.data.chunks_exact(self.sample_bytes)
    }
}

/// A fact that a bench firmware reports: postcard, one message per log line.
///
/// In order: one `Model`; per sample the `Output`s, ascending by sample, output and offset, and
/// after those of the first sample one `Stack`; one `Done`. A log that ends before `Done` is that
/// of a run that failed, and its last error line says why.
///
/// The order of the variants is the encoding: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message<'a> {
    /// The model was accepted and fits.
    Model {
        /// Bytes of arena that it needs.
        arena_bytes: u32,
        /// Length of the blob.
        blob_bytes: u32,
        /// Number of steps.
        steps: u32,
    },
    /// A part of an output, at most [`CHUNK_BYTES`].
    Output {
        /// Index of the sample.
        sample: u32,
        /// Index of the output.
        index: u32,
        /// Where in the output `bytes` start.
        offset: u32,
        /// Values, int8 as bytes.
        bytes: &'a [u8],
    },
    /// What the first sample's run took of the stack, below the stack pointer at its call.
    Stack {
        /// Bytes.
        bytes: u32,
    },
    /// Every sample has been run.
    Done {
        /// Number of samples.
        samples: u32,
    },
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version { found } => write!(
                f,
                "the batch has version {found}, this firmware reads {VERSION}, build it again"
            ),
            Self::Empty => f.write_str("the batch holds no sample"),
            Self::SampleBytes { expected, found } => write!(
                f,
                "the model's inputs take {expected} bytes, a sample of the batch has {found}"
            ),
            Self::Length { needed, found } => {
                write!(f, "the samples need {needed} bytes, {found} are there")
            }
        }
    }
}

impl Error for BatchError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn batch(samples: u32, sample_bytes: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from(Batch::header(samples, sample_bytes));
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn samples_come_out_as_they_went_in_and_what_follows_is_left_alone() {
        let bytes = batch(2, 3, &[1, 2, 3, 4, 5, 6, 0xff]);
        let parsed = Batch::parse(&bytes, 3).expect("sound").expect("there");
        let samples: Vec<_> = parsed.samples().collect();
        assert_eq!(samples, [[1, 2, 3], [4, 5, 6]]);
    }

    #[test]
    fn erased_flash_is_no_batch() {
        for bytes in [&[0xff; 64][..], &[0; 64], &[], &MAGIC, &[0; 15]] {
            assert_eq!(Batch::parse(bytes, 3), Ok(None));
        }
    }

    #[test]
    fn every_field_is_judged() {
        let refused = |bytes: &[u8]| Batch::parse(bytes, 3).expect_err("refused");
        let mut other = batch(1, 3, &[0; 3]);
        other[4] = 2;
        assert_eq!(refused(&other), BatchError::Version { found: 2 });
        assert_eq!(refused(&batch(0, 3, &[])), BatchError::Empty);
        assert_eq!(
            refused(&batch(1, 4, &[0; 4])),
            BatchError::SampleBytes {
                expected: 3,
                found: 4
            }
        );
        assert_eq!(
            refused(&batch(2, 3, &[0; 5])),
            BatchError::Length {
                needed: 6,
                found: 5
            }
        );
        // 3 × 0x5555_5556 is 2 modulo 2³².
        assert_eq!(
            refused(&batch(0x5555_5556, 3, &[0; 8])),
            BatchError::Length {
                needed: u32::MAX,
                found: 8
            }
        );
    }

    #[test]
    fn the_longest_message_fits_its_buffer() {
        let message = Message::Output {
            sample: u32::MAX,
            index: u32::MAX,
            offset: u32::MAX,
            bytes: &[0x80; CHUNK_BYTES],
        };
        let mut buffer = [0; MESSAGE_BYTES];
        let frame = postcard::to_slice(&message, &mut buffer).expect("it fits");
        assert_eq!(postcard::from_bytes(frame), Ok(message));
    }

    #[test]
    fn the_batch_starts_on_the_next_sixteenth_byte() {
        assert_eq!(batch_offset(0), Some(0));
        assert_eq!(batch_offset(33), Some(48));
        assert_eq!(batch_offset(u32::MAX), None);
    }
}
