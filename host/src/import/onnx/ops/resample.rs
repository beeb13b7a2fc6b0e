//! Where the samples of a resized axis lie, and what they are made of.
//!
//! Specification: ONNX, Resize. Positions are computed in f32, as ONNX Runtime does: whole positions
//! and halves, on which rounding depends, come out alike.
#![expect(
    clippy::as_conversions,
    reason = "extents below 2^24 are exact in f32, positions are clamped to them"
)]

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::node::Node;

/// How an output's index becomes a position among the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    TfHalfPixelForNn,
    CropAndResize,
}

impl Coordinates {
    /// The attribute's value; half a pixel if there is none.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, NodeFault> {
        let name = "coordinate_transformation_mode";
        match node.attributes.text(name)?.unwrap_or("half_pixel") {
            "half_pixel" => Ok(Self::HalfPixel),
            "half_pixel_symmetric" => Ok(Self::HalfPixelSymmetric),
            "pytorch_half_pixel" => Ok(Self::PytorchHalfPixel),
            "align_corners" => Ok(Self::AlignCorners),
            "asymmetric" => Ok(Self::Asymmetric),
            "tf_half_pixel_for_nn" => Ok(Self::TfHalfPixelForNn),
            "tf_crop_and_resize" => Ok(Self::CropAndResize),
            other => Err(fault(
                name,
                other.into(),
                "half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric, \
                 tf_half_pixel_for_nn, tf_crop_and_resize",
            )),
        }
    }
}

/// How the nearest input is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearest {
    RoundPreferFloor,
    RoundPreferCeil,
    Floor,
    Ceil,
    /// Of opset 10: down where the axis grows, up where it shrinks.
    Simple,
}

impl Nearest {
    /// The attribute's value.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, NodeFault> {
        let name = "nearest_mode";
        match node.attributes.text(name)?.unwrap_or("round_prefer_floor") {
            "round_prefer_floor" => Ok(Self::RoundPreferFloor),
            "round_prefer_ceil" => Ok(Self::RoundPreferCeil),
            "floor" => Ok(Self::Floor),
            "ceil" => Ok(Self::Ceil),
            other => Err(fault(
                name,
                other.into(),
                "round_prefer_floor, round_prefer_ceil, floor, ceil",
            )),
        }
    }
}

/// What is interpolated between inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curve {
    /// Straight lines.
    Linear,
    /// Cubic polynomials with this coefficient.
    Cubic(f32),
}

/// A resized axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    /// Extent of the input.
    pub input: usize,
    /// Extent of the output.
    pub output: usize,
    /// Outputs for each input; the output's extent is rounded.
    pub scale: f32,
    /// The part of the input that is kept, from 0 to 1; only for [`Coordinates::CropAndResize`].
    pub region: [f32; 2],
}

impl Axis {
    /// Whether the output is the input.
    pub(super) fn is_kept(&self) -> bool {
        self.input == self.output && self.scale == 1.0 && self.region == [0.0, 1.0]
    }

    /// The position of an output among the inputs; it may lie outside.
    pub(super) fn position(&self, coordinates: Coordinates, output: usize) -> f32 {
        let (index, scale) = (output as f32, self.scale);
        let (inputs, outputs) = (self.input as f32, self.output as f32);
        let half_pixel = (index + 0.5) / scale - 0.5;
        match coordinates {
            Coordinates::HalfPixel => half_pixel,
            Coordinates::HalfPixelSymmetric => {
                let adjustment = outputs / (scale * inputs);
                inputs / 2.0 * (1.0 - adjustment) + half_pixel
            }
            Coordinates::PytorchHalfPixel if self.output > 1 => half_pixel,
            Coordinates::AlignCorners if self.output > 1 => {
                index * (inputs - 1.0) / (outputs - 1.0)
            }
            Coordinates::PytorchHalfPixel | Coordinates::AlignCorners => 0.0,
            Coordinates::Asymmetric => index / scale,
            Coordinates::TfHalfPixelForNn => (index + 0.5) / scale,
            Coordinates::CropAndResize => {
                let [start, end] = self.region;
                if self.output > 1 {
                    let step = (end - start) * (inputs - 1.0) / (outputs - 1.0);
                    start * (inputs - 1.0) + index * step
                } else {
                    0.5 * (start + end) * (inputs - 1.0)
                }
            }
        }
    }

    /// Whether an output lies outside the input, where cropping puts a constant.
    pub(super) fn is_outside(&self, coordinates: Coordinates, output: usize) -> bool {
        let position = self.position(coordinates, output);
        let inside = 0.0..=(self.input - 1) as f32;
        coordinates == Coordinates::CropAndResize && !inside.contains(&position)
    }

    /// The input that an output is nearest to.
    pub(super) fn nearest(
        &self,
        coordinates: Coordinates,
        nearest: Nearest,
        output: usize,
    ) -> usize {
        let position = self.position(coordinates, output);
        let index = match nearest {
            Nearest::RoundPreferFloor => (position - 0.5).ceil(),
            Nearest::RoundPreferCeil => (position + 0.5).floor(),
            Nearest::Simple if self.scale < 1.0 => position.ceil(),
            Nearest::Floor | Nearest::Simple => position.floor(),
            Nearest::Ceil => position.ceil(),
        };
        // `as` takes what is below 0, or not a number, to 0.
        (index as usize).min(self.input - 1)
    }

    /// The weight of every input for an output. Beyond the ends, the outermost inputs count, or
    /// nothing does (`exclude_outside`).
    pub(super) fn weights(
        &self,
        coordinates: Coordinates,
        curve: Curve,
        Smoothing {
            antialias,
            exclude_outside,
        }: Smoothing,
        output: usize,
    ) -> Vec<f32> {
        if self.is_outside(coordinates, output) {
            return vec![0.0; self.input];
        }
        let mut weights = vec![0.0f64; self.input];
        let position = f64::from(self.position(coordinates, output));
        let floor = position.floor();
        // The curve is stretched over more inputs where the axis shrinks.
        let stretch = if antialias {
            f64::from(self.scale.min(1.0))
        } else {
            1.0
        };
        let reach = match curve {
            Curve::Linear => 1.0,
            Curve::Cubic(_) => 2.0,
        };
        let first = (-reach / stretch).floor() as i64 + 1;
        let taps = (first..2 - first).map(|tap| {
            let distance = (tap as f64 - (position - floor)) * stretch;
            (floor as i64 + tap, curve.at(distance))
        });
        let last = self.input as i64 - 1;
        let counted: Vec<(i64, f64)> = taps
            .filter(|(index, _)| !exclude_outside || (0..=last).contains(index))
            .collect();
        let total: f64 = counted.iter().map(|(_, weight)| weight).sum();
        let scaled = antialias || exclude_outside;
        for (index, weight) in counted {
            let weight = if scaled && total != 0.0 {
                weight / total
            } else {
                weight
            };
            weights[index.clamp(0, last) as usize] += weight;
        }
        weights.into_iter().map(|weight| weight as f32).collect()
    }
}

/// What becomes of the curve where an axis shrinks, and at its ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Smoothing {
    /// The curve is stretched over more inputs where the axis shrinks.
    pub antialias: bool,
    /// Beyond the ends nothing counts.
    pub exclude_outside: bool,
}

impl Curve {
    /// The weight of an input at this distance (Keys, 1981, for cubic ones).
    fn at(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Self::Linear => (1.0 - x).max(0.0),
            Self::Cubic(a) => {
                let a = f64::from(a);
                if x <= 1.0 {
                    ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
                } else {
                    0.0
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOUBLED: Axis = Axis {
        input: 2,
        output: 4,
        scale: 2.0,
        region: [0.0, 1.0],
    };

    #[test]
    fn positions_follow_the_specification() {
        let positions = |coordinates| -> Vec<f32> {
            (0..4)
                .map(|index| DOUBLED.position(coordinates, index))
                .collect()
        };
        assert_eq!(positions(Coordinates::HalfPixel), [-0.25, 0.25, 0.75, 1.25]);
        assert_eq!(positions(Coordinates::Asymmetric), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(
            positions(Coordinates::TfHalfPixelForNn),
            [0.25, 0.75, 1.25, 1.75]
        );
        let aligned = positions(Coordinates::AlignCorners);
        assert_eq!((aligned[0], aligned[3]), (0.0, 1.0));
    }

    #[test]
    fn weights_sum_to_one_and_meet_the_inputs() {
        for curve in [Curve::Linear, Curve::Cubic(-0.75), Curve::Cubic(-0.5)] {
            for (antialias, exclude_outside) in [(false, false), (false, true), (true, true)] {
                for (input, output) in [(2, 4), (4, 3), (7, 2), (1, 3)] {
                    let scale = output as f32 / input as f32;
                    let region = [0.0, 1.0];
                    let axis = Axis {
                        input,
                        output,
                        scale,
                        region,
                    };
                    let smoothing = Smoothing {
                        antialias,
                        exclude_outside,
                    };
                    for index in 0..output {
                        let weights = axis.weights(Coordinates::HalfPixel, curve, smoothing, index);
                        let sum: f32 = weights.iter().sum();
                        assert!((sum - 1.0).abs() < 1e-6, "{axis:?} {curve:?} {weights:?}");
                    }
                }
            }
        }
        let half = DOUBLED.weights(
            Coordinates::Asymmetric,
            Curve::Linear,
            Smoothing::default(),
            1,
        );
        assert_eq!(half, [0.5, 0.5]);
    }

    #[test]
    fn halves_round_as_they_are_told() {
        let at = |nearest| DOUBLED.nearest(Coordinates::Asymmetric, nearest, 1);
        assert_eq!(at(Nearest::RoundPreferFloor), 0);
        assert_eq!(at(Nearest::RoundPreferCeil), 1);
        assert_eq!(
            (at(Nearest::Floor), at(Nearest::Ceil), at(Nearest::Simple)),
            (0, 1, 0)
        );
    }
}
