//! The functions of two values beside sum, difference and product.

/// A function of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `a / b`.
    Div,
    /// `(a - b)²`.
    SquaredDifference,
    /// The larger one; of truths, whether one holds.
    Maximum,
    /// The smaller one; of truths, whether both hold.
    Minimum,
    /// 1 where `a = b`, else 0.
    Equal,
    /// 1 where `a ≠ b`, else 0; of truths, whether one holds and not the other.
    NotEqual,
    /// 1 where `a > b`, else 0.
    Greater,
    /// 1 where `a ≥ b`, else 0.
    GreaterEqual,
    /// `a`, or `b · a` where that is below 0.
    Prelu,
}

impl Binary {
    /// The function's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Div => "Div",
            Self::SquaredDifference => "SquaredDifference",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
            Self::Equal => "Equal",
            Self::NotEqual => "NotEqual",
            Self::Greater => "Greater",
            Self::GreaterEqual => "GreaterEqual",
            Self::Prelu => "Prelu",
        }
    }

    /// Whether it computes truths: 0 or 1.
    pub const fn is_comparison(self) -> bool {
        match self {
            Self::Equal | Self::NotEqual | Self::Greater | Self::GreaterEqual => true,
            Self::Div | Self::SquaredDifference | Self::Maximum | Self::Minimum | Self::Prelu => {
                false
            }
        }
    }

    /// Whether it hands on one of its operands.
    pub const fn is_choice(self) -> bool {
        matches!(self, Self::Maximum | Self::Minimum)
    }

    /// `f(a, b)`, by the definition and in f64.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Div => a / b,
            Self::SquaredDifference => (a - b) * (a - b),
            Self::Maximum => a.max(b),
            Self::Minimum => a.min(b),
            Self::Equal => truth(a == b),
            Self::NotEqual => truth(a != b),
            Self::Greater => truth(a > b),
            Self::GreaterEqual => truth(a >= b),
            Self::Prelu if a < 0.0 => a * b,
            Self::Prelu => a,
        }
    }
}
