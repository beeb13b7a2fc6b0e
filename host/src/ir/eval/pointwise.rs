//! Functions of one value.

use super::storage::values;
use crate::ir::{Activation, Clamp};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

/// An activation, element by element. What is not a number stays so.
pub(super) struct Pointwise(pub(super) Activation);

impl CustomOp1 for Pointwise {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?.iter().copied();
        let y: Vec<f32> = match self.0 {
            Activation::Clamp(limits) => x.map(|x| clamp(x, limits)).collect(),
            Activation::Sigmoid => x.map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            Activation::Tanh => x.map(f32::tanh).collect(),
            Activation::LeakyRelu { alpha } => {
                x.map(|x| if x > 0.0 { x } else { alpha * x }).collect()
            }
            Activation::Elu { alpha } => x
                .map(|x| if x > 0.0 { x } else { alpha * x.exp_m1() })
                .collect(),
            Activation::HardSigmoid { alpha, beta } => {
                x.map(|x| clamp(alpha * x + beta, UNIT)).collect()
            }
            Activation::HardSwish => x.map(|x| x * clamp(x / 6.0 + 0.5, UNIT)).collect(),
        };
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
}

const UNIT: Clamp = Clamp { min: 0.0, max: 1.0 };

/// Unlike `f32::max` and `min`, keeps what is not a number; the limits are ordered.
fn clamp(x: f32, Clamp { min, max }: Clamp) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}
