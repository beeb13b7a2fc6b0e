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
pub use dataset::{Dataset, InputSpec, common_samples, read_inputs};
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
        "array `{name}` holds `{found}`; float32, float64, integers and bool can be read: \
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
    /// The archive lacks the array of one of several inputs.
    #[error(
        "`{}` has no array `{name}`, the samples of a model's input: (N, …) with samples {takes}; {hint}",
        path.display()
    )]
    MissingInput {
        /// The file.
        path: PathBuf,
        /// The input.
        name: String,
        /// Shape of a sample and elements that it takes.
        takes: String,
        /// What else is there, and what to do.
        hint: String,
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
    /// Not every input, or more than the model has, was given.
    #[error("the model has {expected} inputs ({names}), {found} arrays were given")]
    InputCount {
        /// Inputs of the model.
        expected: usize,
        /// Their names.
        names: String,
        /// Arrays given.
        found: usize,
    },
    /// Inputs with different numbers of samples.
    #[error("input `{name}` has {found} samples where the first input has {expected}")]
    SampleCount {
        /// The input.
        name: String,
        /// Samples of the first input.
        expected: usize,
        /// Samples of this one.
        found: usize,
    },
    /// Elements that an input does not take.
    #[error(
        "input `{name}` takes {accepted}; found {found}: convert it, e.g. with `x.astype(numpy.float32)`"
    )]
    InputType {
        /// The input.
        name: String,
        /// What it takes.
        accepted: &'static str,
        /// NumPy's name of what was given.
        found: &'static str,
    },
    /// A value that has no quantized counterpart.
    #[error("input `{name}`: sample {sample} holds NaN: repair the data")]
    NotANumber {
        /// The input.
        name: String,
        /// Index of the sample.
        sample: usize,
    },
    /// Not one label for each sample.
    #[error(
        "data set `{name}` has {samples} samples and `y` has shape {found:?}: it must be [{samples}], one class \
         number a sample"
    )]
    LabelShape {
        /// The data set.
        name: String,
        /// Samples.
        samples: usize,
        /// Shape of `y`.
        found: Vec<usize>,
    },
    /// `y` is not made of class numbers.
    #[error("`y` of data set `{name}` must hold integer class labels, found {found}")]
    LabelType {
        /// The data set.
        name: String,
        /// What it holds.
        found: String,
    },
    /// A label of no class.
    #[error(
        "data set `{name}`: sample {sample} has label {label} in `y`, the model has {classes} classes, counted \
         from 0: repair the labels"
    )]
    LabelRange {
        /// The data set.
        name: String,
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: usize,
        /// Classes of the model.
        classes: usize,
    },
    /// A sample that is no number.
    #[error(
        "data set `{name}`: sample {sample} of `{array}` holds {value}: remove it or repair the data"
    )]
    NotFinite {
        /// The data set.
        name: String,
        /// The array.
        array: String,
        /// Index of the sample.
        sample: usize,
        /// The value.
        value: f32,
    },
}
