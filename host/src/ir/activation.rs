//! What the functions of one value compute.

use super::op::{Activation, Clamp};

impl Clamp {
    /// The nearest value that the clamp allows.
    pub fn apply(self, x: f64) -> f64 {
        x.max(f64::from(self.min)).min(f64::from(self.max))
    }

    /// The clamp that does what this one and then `next` do.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let bound = |x: f32| x.max(next.min).min(next.max);
        Self {
            min: bound(self.min),
            max: bound(self.max),
        }
    }
}

impl Activation {
    /// `f(x)`, by the definition and in f64.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Clamp(clamp) => clamp.apply(x),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::LeakyRelu { alpha } if x < 0.0 => f64::from(alpha) * x,
            Self::Elu { alpha } if x < 0.0 => f64::from(alpha) * x.exp_m1(),
            Self::LeakyRelu { .. } | Self::Elu { .. } => x,
            Self::HardSigmoid { alpha, beta } => {
                (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0)
            }
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Unary(function) => function.apply(x),
            Self::Parametric {
                function,
                parameters,
            } => function.apply(parameters.map(f64::from), x),
        }
    }
}
