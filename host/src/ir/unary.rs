//! The functions of one value that need no numbers of their own: a closed list in one table, so
//! that one more is one line.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Declares the functions: name, what it computes, formula.
macro_rules! functions {
    ($($name:ident, $doc:literal, $formula:expr;)+) => {
        /// A function of one value without parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Unary {
            $(#[doc = $doc] $name,)+
        }

        impl Unary {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The function's name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// `f(x)`, by the definition and in f64.
            pub fn apply(self, x: f64) -> f64 {
                let function: fn(f64) -> f64 = match self {
                    $(Self::$name => $formula,)+
                };
                function(x)
            }
        }
    };
}

functions! {
    Abs, "`|x|`.", f64::abs;
    Neg, "`-x`.", |x| -x;
    Square, "`x²`.", |x| x * x;
    Sqrt, "`√x`; not a number below 0.", f64::sqrt;
    Rsqrt, "`1 / √x`; infinite at 0, not a number below.", |x| x.sqrt().recip();
    Reciprocal, "`1 / x`; infinite at 0.", f64::recip;
    Exp, "`eˣ`.", f64::exp;
    Log, "`ln x`; infinite at 0, not a number below.", f64::ln;
    Sign, "-1, 0 or 1.", |x| if x == 0.0 { 0.0 } else { x.signum() };
    Floor, "The next whole number below.", f64::floor;
    Ceil, "The next whole number above.", f64::ceil;
    Round, "The nearest whole number, halves to the even one.", f64::round_ties_even;
    Not, "1 where `x` is 0, else 0.", |x| if x == 0.0 { 1.0 } else { 0.0 };
    Erf, "Error function.", libm::erf;
    Gelu, "`x · Φ(x)` with the normal distribution `Φ`.", |x| 0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2);
    GeluTanh, "`x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`.", gelu_tanh;
    Softplus, "`ln(1 + eˣ)`.", softplus;
    Softsign, "`x / (1 + |x|)`.", |x| x / (1.0 + x.abs());
    Silu, "`x / (1 + e⁻ˣ)`.", |x| x / (1.0 + (-x).exp());
    Mish, "`x · tanh(softplus(x))`.", |x| x * softplus(x).tanh();
    Sin, "Sine.", f64::sin;
    Cos, "Cosine.", f64::cos;
    Tan, "Tangent.", f64::tan;
    Asin, "Inverse sine; not a number beyond -1..1.", f64::asin;
    Acos, "Inverse cosine; not a number beyond -1..1.", f64::acos;
    Atan, "Inverse tangent.", f64::atan;
    Sinh, "Hyperbolic sine.", f64::sinh;
    Cosh, "Hyperbolic cosine.", f64::cosh;
    Asinh, "Inverse hyperbolic sine.", f64::asinh;
    Acosh, "Inverse hyperbolic cosine; not a number below 1.", f64::acosh;
    Atanh, "Inverse hyperbolic tangent; not finite beyond -1..1.", f64::atanh;
}

fn softplus(x: f64) -> f64 {
    // Beyond, the logarithm of 1 + e^x is x, and e^x infinite at last.
    if x > 40.0 { x } else { x.exp().ln_1p() }
}

fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
}

/// A function of one value with two parameters, `a` and `b`; where there is one, `b` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parametric {
    /// `xᵃ`; not a number where `x` is below 0 and `a` not whole.
    Pow,
    /// `b · x` where positive, else `b · a · (eˣ - 1)`.
    Selu,
    /// `x` where positive, else `a · (exp(x / a) - 1)`.
    Celu,
    /// `x` where greater than `a`, else 0.
    ThresholdedRelu,
    /// `x + b` below `-a`, `x - b` above `a`, else 0.
    Shrink,
    /// `x / (1 + exp(-a · x))`.
    Swish,
}

impl Parametric {
    /// The function's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pow => "Pow",
            Self::Selu => "Selu",
            Self::Celu => "Celu",
            Self::ThresholdedRelu => "ThresholdedRelu",
            Self::Shrink => "Shrink",
            Self::Swish => "Swish",
        }
    }

    /// Names of the parameters that it has.
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Pow => &["exponent"],
            Self::Selu => &["alpha", "gamma"],
            Self::Shrink => &["lambd", "bias"],
            Self::Celu | Self::ThresholdedRelu | Self::Swish => &["alpha"],
        }
    }

    /// `f(x)`, by the definition and in f64.
    pub fn apply(self, [a, b]: [f64; 2], x: f64) -> f64 {
        match self {
            Self::Pow => x.powf(a),
            Self::Selu if x > 0.0 => b * x,
            Self::Selu => b * a * x.exp_m1(),
            Self::Celu if x > 0.0 => x,
            Self::Celu => a * (x / a).exp_m1(),
            Self::ThresholdedRelu if x > a => x,
            Self::Shrink if x < -a => x + b,
            Self::Shrink if x > a => x - b,
            Self::ThresholdedRelu | Self::Shrink => 0.0,
            Self::Swish => x / (1.0 + (-a * x).exp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_at_known_points() {
        use Unary::*;
        let cases: [(Unary, f64, f64); 24] = [
            (Abs, -2.5, 2.5),
            (Neg, -2.5, 2.5),
            (Square, -3.0, 9.0),
            (Sqrt, 2.25, 1.5),
            (Rsqrt, 4.0, 0.5),
            (Reciprocal, -4.0, -0.25),
            (Exp, 1.0, std::f64::consts::E),
            (Log, std::f64::consts::E, 1.0),
            (Sign, -0.1, -1.0),
            (Sign, 0.0, 0.0),
            (Floor, -1.5, -2.0),
            (Ceil, -1.5, -1.0),
            (Round, 2.5, 2.0),
            (Round, -3.5, -4.0),
            (Not, 0.0, 1.0),
            (Not, 0.3, 0.0),
            (Erf, 0.5, 0.520_499_877_813_046_5),
            (Gelu, 1.0, 0.841_344_746_068_542_9),
            (Gelu, -40.0, 0.0),
            (GeluTanh, 1.0, 0.841_191_990_607_477),
            (Softplus, 0.0, std::f64::consts::LN_2),
            (Softplus, 800.0, 800.0),
            (Silu, 2.0, 1.761_594_155_955_764_9),
            (Mish, 1.0, 0.865_098_388_267_295_6),
        ];
        for (function, x, expected) in cases {
            let found = function.apply(x);
            assert!(
                (found - expected).abs() < 1e-12,
                "{function:?}({x}) = {found}"
            );
        }
    }

    #[test]
    fn parametric_functions_at_known_points() {
        use Parametric::*;
        let cases = [
            (Pow, [3.0, 0.0], -2.0, -8.0),
            (Selu, [1.5, 2.0], 3.0, 6.0),
            (
                Selu,
                [1.5, 2.0],
                -1.0,
                3.0 * (1.0 / std::f64::consts::E - 1.0),
            ),
            (
                Celu,
                [2.0, 0.0],
                -2.0,
                2.0 * (1.0 / std::f64::consts::E - 1.0),
            ),
            (ThresholdedRelu, [1.0, 0.0], 1.0, 0.0),
            (ThresholdedRelu, [1.0, 0.0], 1.5, 1.5),
            (Shrink, [0.5, 0.25], -1.0, -0.75),
            (Shrink, [0.5, 0.25], 0.5, 0.0),
            (Swish, [0.0, 0.0], 3.0, 1.5),
        ];
        for (function, parameters, x, expected) in cases {
            let found = function.apply(parameters, x);
            assert!(
                (found - expected).abs() < 1e-12,
                "{function:?}({x}) = {found}"
            );
        }
    }
}
