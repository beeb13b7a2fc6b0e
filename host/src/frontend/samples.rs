//! Samples from files.

use super::FrontendError;
use crate::data::{DataError, Elements, read_npy};
use std::path::Path;

/// int16 samples, interleaved if there are several channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// Samples a second, if the file says so.
    pub sample_rate_hz: Option<u32>,
    /// Interleaved channels.
    pub channels: u32,
    /// The samples.
    pub values: Vec<i16>,
}

/// Reads a WAV file of 16-bit integers.
///
/// # Errors
/// [`FrontendError::Samples`].
pub fn read_wav(path: &Path) -> Result<Samples, FrontendError> {
    let wrong = |reason: String| FrontendError::Samples {
        path: path.to_owned(),
        reason,
    };
    let reader = hound::WavReader::open(path).map_err(|error| wrong(error.to_string()))?;
    let header = reader.spec();
    if header.bits_per_sample != 16 || header.sample_format != hound::SampleFormat::Int {
        return Err(wrong(format!(
            "its samples are {}-bit {}, a front-end takes 16-bit integers: convert it, e.g. with \
             `ffmpeg -i in.wav -c:a pcm_s16le out.wav`",
            header.bits_per_sample,
            match header.sample_format {
                hound::SampleFormat::Int => "integers",
                hound::SampleFormat::Float => "floats",
            }
        )));
    }
    let values: Result<_, _> = reader.into_samples::<i16>().collect();
    Ok(Samples {
        sample_rate_hz: Some(header.sample_rate),
        channels: header.channels.into(),
        values: values.map_err(|error| wrong(error.to_string()))?,
    })
}

/// Reads an `.npy` of integers within int16: (samples) or (samples, channels).
///
/// # Errors
/// [`FrontendError::Samples`], and as [`read_npy`].
pub fn read_samples(path: &Path) -> Result<Samples, FrontendError> {
    let wrong = |reason: String| FrontendError::Samples {
        path: path.to_owned(),
        reason,
    };
    let array = read_npy(path).map_err(|error: DataError| wrong(error.to_string()))?;
    let channels = match array.shape[..] {
        [_] => 1,
        [_, channels] => channels,
        _ => {
            return Err(wrong(format!(
                "its shape is {:?}, it must be (samples) or (samples, channels)",
                array.shape
            )));
        }
    };
    let is_truth = matches!(array.elements, Elements::Bool(_));
    let integers = array.elements.integers().filter(|_| !is_truth);
    let values = integers.and_then(|values| {
        let narrow = |x| i16::try_from(x).ok();
        values.into_iter().map(narrow).collect()
    });
    Ok(Samples {
        sample_rate_hz: None,
        channels: u32::try_from(channels).map_err(|_| FrontendError::TooLarge)?,
        values: values.ok_or_else(|| {
            wrong(
                "it must hold int16: scale and convert it with `x.astype(numpy.int16)`".to_owned(),
            )
        })?,
    })
}

impl Samples {
    /// Refuses samples that a front-end was not made for.
    ///
    /// # Errors
    /// [`FrontendError::Samples`].
    pub fn check(
        &self,
        path: &Path,
        sample_rate_hz: u32,
        channels: u32,
    ) -> Result<(), FrontendError> {
        let wrong = |reason: String| FrontendError::Samples {
            path: path.to_owned(),
            reason,
        };
        if let Some(found) = self.sample_rate_hz
            && found != sample_rate_hz
        {
            return Err(wrong(format!(
                "it has {found} samples a second, the front-end takes {sample_rate_hz}: resample it, \
                 e.g. with `ffmpeg -i in.wav -ar {sample_rate_hz} out.wav`"
            )));
        }
        if self.channels != channels {
            return Err(wrong(format!(
                "it has {} channels, the front-end takes {channels}",
                self.channels
            )));
        }
        Ok(())
    }
}
