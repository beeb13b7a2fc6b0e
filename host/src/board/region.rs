//! The contents of the model region.

use super::Board;
use tiivis_runtime::bench::{Batch, batch_offset};

/// Why a model and its inputs cannot be placed.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// Too long for the board's flash.
    #[error(
        "{what} needs {needed_bytes} bytes, the model region of board `{board}` has {region_bytes}: \
         compress further, use fewer samples or choose another board"
    )]
    TooLong {
        /// The model, or the model with its inputs.
        what: &'static str,
        /// The board.
        board: String,
        /// Bytes of both.
        needed_bytes: u64,
        /// Bytes of the region.
        region_bytes: u32,
    },
    /// Inputs that are not whole samples.
    #[error(
        "the inputs have {found} values in all, expected a multiple of {sample_bytes}, at least one sample"
    )]
    Samples {
        /// Values of one sample, all inputs.
        sample_bytes: usize,
        /// Values given.
        found: usize,
    },
}

/// The bytes to load at [`Board::model_address`]: the blob, and on the next multiple of 16 the
/// batch of `samples` (`sample_bytes` int8 values each: all inputs in the model's order, NHWC).
/// Without samples (empty) the firmware runs once on real zeros.
///
/// # Errors
///
/// See [`RegionError`].
pub fn model_region(
    board: &Board,
    blob: &[u8],
    samples: &[i8],
    sample_bytes: usize,
) -> Result<Vec<u8>, RegionError> {
    let region_bytes = board.model_region_bytes();
    let too_long = |what, needed_bytes| RegionError::TooLong {
        what,
        board: board.id.clone(),
        needed_bytes,
        region_bytes,
    };
    let blob_bytes = u64::try_from(blob.len()).unwrap_or(u64::MAX);
    let offset = u32::try_from(blob.len())
        .ok()
        .filter(|&bytes| bytes <= region_bytes)
        .and_then(batch_offset)
        .ok_or_else(|| too_long("the model", blob_bytes))?;
    let mut region = blob.to_vec();
    if samples.is_empty() {
        return Ok(region);
    }
    let misfit = || RegionError::Samples {
        sample_bytes,
        found: samples.len(),
    };
    if sample_bytes == 0 || !samples.len().is_multiple_of(sample_bytes) {
        return Err(misfit());
    }
    let count = u32::try_from(samples.len() / sample_bytes).map_err(|_| misfit())?;
    let stated = u32::try_from(sample_bytes).map_err(|_| misfit())?;
    let padding = usize::try_from(offset).expect("not more than the blob's length and 15");
    // As erased flash.
    region.resize(padding, 0xff);
    region.extend(Batch::header(count, stated));
    region.extend(samples.iter().map(|value| value.cast_unsigned()));
    let needed = u64::try_from(region.len()).unwrap_or(u64::MAX);
    if needed > u64::from(region_bytes) {
        return Err(too_long("the model with its inputs", needed));
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::find;

    #[test]
    fn the_batch_follows_the_blob_on_a_sixteenth_byte() {
        let board = find("mps2-an386").expect("there");
        let region = model_region(&board, &[7; 33], &[1, -2, 3, 4], 2).expect("fits");
        assert_eq!(region[..33], [7; 33]);
        assert_eq!(region[33..48], [0xff; 15]);
        let batch = Batch::parse(&region[48..], 2)
            .expect("sound")
            .expect("there");
        let samples: Vec<_> = batch.samples().collect();
        assert_eq!(samples, [[1, 0xfe], [3, 4]]);
        assert_eq!(
            model_region(&board, &[7; 33], &[], 2).expect("fits"),
            [7; 33]
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let board = find("netduinoplus2").expect("there");
        let full = usize::try_from(board.model_region_bytes()).expect("fits");
        let blob = vec![0; full];
        assert!(model_region(&board, &blob, &[], 1).is_ok());
        let error = model_region(&board, &blob, &[1], 1).expect_err("too long");
        assert!(
            error
                .to_string()
                .starts_with("the model with its inputs needs 786449 bytes"),
            "{error}"
        );
        let blob = vec![0; full + 1];
        let error = model_region(&board, &blob, &[], 1).expect_err("too long");
        assert!(
            error
                .to_string()
                .starts_with("the model needs 786433 bytes"),
            "{error}"
        );
        for (samples, sample_bytes) in [(&[1i8, 2, 3][..], 2), (&[1], 0)] {
            let error =
                model_region(&board, &[0; 32], samples, sample_bytes).expect_err("no samples");
            assert!(matches!(error, RegionError::Samples { .. }));
        }
    }
}
