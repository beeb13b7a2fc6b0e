//! Program and data become a blob.

use super::preamble::{DATA_ALIGNMENT, PREAMBLE_BYTES, Preamble};
use crate::index;
use core::error::Error;
use core::fmt;

/// Why [`assemble`] does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssembleError {
    /// The blob would be 4 GiB or more.
    TooLong,
    /// `out` is not [`assembled_len`] bytes long.
    OutputLength {
        /// Bytes that the blob has.
        needed: u32,
        /// Bytes that there are.
        found: usize,
    },
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLong => f.write_str("the model is too long for a blob, the limit is 4 GiB"),
            Self::OutputLength { needed, found } => {
                write!(f, "the blob has {needed} bytes, the output has {found}")
            }
        }
    }
}

impl Error for AssembleError {}

/// Length of the blob with a program and a data part of these lengths, or `None` from 4 GiB on.
#[must_use]
pub fn assembled_len(program_len: usize, data_len: usize) -> Option<u32> {
    data_offset(program_len)?.checked_add(u32::try_from(data_len).ok()?)
}

fn data_offset(program_len: usize) -> Option<u32> {
    PREAMBLE_BYTES
        .checked_add(u32::try_from(program_len).ok()?)?
        .checked_next_multiple_of(DATA_ALIGNMENT)
}

/// Writes preamble, `program` (a postcard-encoded [`super::Program`]) and `data` into `out`, which
/// is [`assembled_len`] bytes long. Spans in the program are relative to the start of `data`.
///
/// # Errors
///
/// See [`AssembleError`].
pub fn assemble(program: &[u8], data: &[u8], out: &mut [u8]) -> Result<(), AssembleError> {
    let data_offset = data_offset(program.len()).ok_or(AssembleError::TooLong)?;
    let total_len = assembled_len(program.len(), data.len()).ok_or(AssembleError::TooLong)?;
    if out.len() != index(total_len) {
        return Err(AssembleError::OutputLength {
            needed: total_len,
            found: out.len(),
        });
    }
    let mut preamble = Preamble {
        total_len,
        checksum: 0,
        program_len: u32::try_from(program.len()).map_err(|_| AssembleError::TooLong)?,
        data_offset,
    };
    let (head, tail) = out.split_at_mut(index(data_offset));
    let (fields, rest) = head.split_at_mut(index(PREAMBLE_BYTES));
    let (program_out, padding) = rest.split_at_mut(program.len());
    program_out.copy_from_slice(program);
    padding.fill(0);
    tail.copy_from_slice(data);
    let mut bytes = [0; 32];
    preamble.emit(&mut bytes);
    fields.copy_from_slice(&bytes);
    preamble.checksum = Preamble::checksum_of(out);
    preamble.emit(&mut bytes);
    out[..bytes.len()].copy_from_slice(&bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_the_checksum_holds() {
        let mut out = [0xaa; 64];
        let len = assembled_len(17, 0);
        assert_eq!(len, Some(64));
        assert_eq!(assemble(&[7; 17], &[], &mut out), Ok(()));
        let preamble = Preamble::parse(&out).expect("just assembled");
        assert_eq!(preamble.checksum, Preamble::checksum_of(&out));
        let (program, padding, data) = preamble.split(&out);
        assert_eq!(
            (program, padding, data),
            (&[7; 17][..], &[0; 15][..], &[][..])
        );
    }

    #[test]
    fn an_output_of_another_length_is_refused() {
        assert_eq!(
            assemble(&[1], &[2; 3], &mut [0; 50]),
            Err(AssembleError::OutputLength {
                needed: 51,
                found: 50
            })
        );
        assert_eq!(assembled_len(usize::MAX, 0), None);
        assert_eq!(assembled_len(0, usize::MAX), None);
    }
}
