//! Parameters of the operators that look at many values for each result.

/// Parameters of [`super::Op::Reduce`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    /// What becomes of the values over the axes.
    pub reduction: Reduction,
    /// Axes, ascending, each once, never the batch; at least one.
    pub axes: Vec<usize>,
    /// Whether the axes stay, with extent 1.
    pub keep: bool,
}

/// What becomes of the values over the reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl Reduction {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

/// The shape of a tensor without these axes, or with extent 1 there.
pub(crate) fn reduced_shape(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let extents = shape.iter().enumerate();
    let kept = extents.filter_map(|(axis, &extent)| match (axes.contains(&axis), keep) {
        (false, _) => Some(extent),
        (true, true) => Some(1),
        (true, false) => None,
    });
    kept.collect()
}

/// Parameters of [`super::Op::ResizeBilinear`], per axis: `[rows, columns]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResizeBilinear {
    /// Extents of the output.
    pub size: [usize; 2],
    /// Where its samples lie.
    pub coordinates: [Coordinates; 2],
}

/// Where output `i` of `out` lies over the `in` inputs of an axis; positions beyond the first and
/// last input are moved there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinates {
    /// At `i · in / out`.
    Asymmetric,
    /// At `(i + 1/2) · in / out - 1/2`.
    HalfPixel,
    /// At `i · (in - 1) / (out - 1)`; at 0 if there is one output.
    AlignCorners,
}

impl Coordinates {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asymmetric => "asymmetric",
            Self::HalfPixel => "half_pixel",
            Self::AlignCorners => "align_corners",
        }
    }

    /// The position of an output, in indices of the inputs, by the definition.
    #[expect(clippy::as_conversions, reason = "extents below 2^32 are exact in f64")]
    pub fn position(self, output: usize, inputs: usize, outputs: usize) -> f64 {
        let (i, inputs, outputs) = (output as f64, inputs as f64, outputs as f64);
        let position = match self {
            Self::Asymmetric => i * inputs / outputs,
            Self::HalfPixel => (i + 0.5) * inputs / outputs - 0.5,
            Self::AlignCorners if outputs > 1.0 => i * (inputs - 1.0) / (outputs - 1.0),
            Self::AlignCorners => 0.0,
        };
        position.clamp(0.0, inputs - 1.0)
    }
}
