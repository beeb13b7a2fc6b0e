//! Functions of one value, and of several, element by element.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::storage::values;
use crate::ir::{Activation, Binary, Clamp, Fused};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape};
use std::sync::Arc;

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
            Activation::Unary(_) | Activation::Parametric { .. } => {
                x.map(|x| self.0.apply(f64::from(x)) as f32).collect()
            }
        };
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
}

/// A function that is put together from others.
pub(super) struct FusedPointwise(pub(super) Arc<Fused>);

impl CustomOp1 for FusedPointwise {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?.iter();
        let y = x.map(|&x| self.0.apply(f64::from(x)) as f32).collect();
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
}

/// A function of two values.
pub(super) struct Pairwise(pub(super) Binary);

impl CustomOp2 for Pairwise {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let pairs = values(a, a_layout)?.iter().zip(values(b, b_layout)?);
        let y = pairs.map(|(&a, &b)| self.0.apply(f64::from(a), f64::from(b)) as f32);
        Ok((CpuStorage::F32(y.collect()), a_layout.shape().clone()))
    }
}

/// A choice between two values.
pub(super) struct Selection;

impl CustomOp3 for Selection {
    fn name(&self) -> &'static str {
        "select"
    }

    fn cpu_fwd(
        &self,
        condition: &CpuStorage,
        condition_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let conditions = values(condition, condition_layout)?.iter();
        let pairs = values(a, a_layout)?.iter().zip(values(b, b_layout)?);
        let chosen = conditions.zip(pairs);
        let y = chosen.map(|(&condition, (&a, &b))| if condition == 0.0 { b } else { a });
        Ok((CpuStorage::F32(y.collect()), a_layout.shape().clone()))
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
