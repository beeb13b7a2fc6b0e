//! Arrays and data sets: what users feed to a model and get back from it.
//!
//! Arrays keep the axis order of the source model; [`layout`] brings samples into the internal
//! NHWC order and back.

mod aligned;
mod array;
mod dataset;
pub mod layout;
mod npy;

pub use aligned::AlignedBytes;
pub use array::{Array, Elements};
pub use dataset::{Dataset, samples};
pub use npy::{read_npy, read_npz, write_npy, write_npz};

use std::path::PathBuf;

/// Why an array or a data set could not be read, used or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not what the file's name promises.
    #[error("`{}` is not a readable {format} file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// An array's element type is not one that can be used.
    #[error(
        "array `{name}` holds `{found}`; float32, float64, int8, uint8 and wider integers can be read: \
         convert it, e.g. with `x.astype(numpy.float32)`"
    )]
    ElementType {
        /// The array.
        name: String,
        /// Its NumPy type.
        found: String,
    },
    /// The archive lacks an array.
    #[error("`{}` has no array `{name}`; it has: {found}", path.display())]
    MissingArray {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// What is there.
        found: String,
    },
    /// An array does not fit an input.
    #[error(
        "input `{name}` takes samples of shape {expected}, found an array of shape {found}: give \
         (N, …) with the axes in the source model's order"
    )]
    Shape {
        /// The input.
        name: String,
        /// Shape of a sample.
        expected: String,
        /// Shape of the array.
        found: String,
    },
    /// A data set without samples.
    #[error("data set `{0}` is empty: at least one sample is needed")]
    Empty(String),
    /// Not one label for each sample.
    #[error(
        "data set `{name}` has {samples} samples and {labels} labels in `y`: they must be as many"
    )]
    LabelCount {
        /// The data set.
        name: String,
        /// Samples.
        samples: usize,
        /// Labels.
        labels: usize,
    },
    /// `y` is not made of class numbers.
    #[error("`y` of data set `{name}` must hold integer class labels, found {found}")]
    LabelType {
        /// The data set.
        name: String,
        /// What it holds.
        found: String,
    },
    /// A sample that is no number.
    #[error(
        "data set `{name}`: sample {sample} of `x` holds {value}: remove it or repair the data"
    )]
    NotFinite {
        /// The data set.
        name: String,
        /// Index of the sample.
        sample: usize,
        /// The value.
        value: f32,
    },
}
