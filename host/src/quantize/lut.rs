//! Functions of one value as tables over int8.

use super::graph::QuantParams;
use crate::ir::Activation;
use std::sync::Arc;

/// The function as a table: entry `q + 128` is the result for the input `q`.
///
/// The exact result, computed in f64, over the output's scale, rounded half away from zero, plus
/// the zero point, saturated. (TFLite's tables are computed in f32: `LUTPopulate`,
/// `kernels/internal/common.h`; entries can differ by one where that rounds to another side.)
pub(super) fn table(activation: Activation, input: QuantParams, output: QuantParams) -> Arc<[i8]> {
    of(input, output, |x| activation.apply(x))
}

/// [`table`] of any function. What is not a number becomes real 0.
pub(super) fn of(
    input: QuantParams,
    output: QuantParams,
    function: impl Fn(f64) -> f64,
) -> Arc<[i8]> {
    let result = |q| {
        let y = function(input.dequantize(q));
        output.quantize(if y.is_nan() { 0.0 } else { y })
    };
    (i8::MIN..=i8::MAX).map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Clamp;

    const INPUT: QuantParams = QuantParams {
        scale: 0.0625,
        zero_point: 0,
    };

    fn at(table: &[i8], q: i8) -> i8 {
        table[usize::try_from(i32::from(q) + 128).unwrap()]
    }

    #[test]
    fn sigmoid_and_tanh_at_known_points() {
        let probability = QuantParams {
            scale: 1.0 / 256.0,
            zero_point: -128,
        };
        let sigmoid = table(Activation::Sigmoid, INPUT, probability);
        assert_eq!(at(&sigmoid, 0), 0); // 1/2
        assert_eq!(at(&sigmoid, 16), 59); // 0.731059 * 256 = 187.15
        assert_eq!(at(&sigmoid, -128), -128); // 0.000335 * 256 = 0.09
        assert_eq!(at(&sigmoid, 127), 127); // 0.99964 * 256 = 255.9, saturated
        let unit = QuantParams {
            scale: 1.0 / 128.0,
            zero_point: 0,
        };
        let tanh = table(Activation::Tanh, INPUT, unit);
        assert_eq!(at(&tanh, 0), 0);
        assert_eq!(at(&tanh, 8), 59); // 0.462117 * 128 = 59.15
        assert_eq!(at(&tanh, -8), -59);
    }

    #[test]
    fn piecewise_functions() {
        let output = QuantParams {
            scale: 0.0625,
            zero_point: 0,
        };
        let cases = [
            (Activation::LeakyRelu { alpha: 0.5 }, -8, -4),
            (Activation::LeakyRelu { alpha: 0.5 }, 8, 8),
            (Activation::Elu { alpha: 1.0 }, -16, -10), // -0.632 * 16 = -10.1
            (Activation::Elu { alpha: 1.0 }, 16, 16),
            (Activation::HardSwish, -64, 0),
            (Activation::HardSwish, 16, 11), // 2/3 * 16 = 10.7
            (Activation::HardSwish, 64, 64),
            (
                Activation::HardSigmoid {
                    alpha: 0.2,
                    beta: 0.5,
                },
                16,
                11,
            ), // 0.7 * 16 = 11.2
            (
                Activation::Clamp(Clamp {
                    min: -1.0,
                    max: 2.0,
                }),
                -17,
                -16,
            ),
            (
                Activation::Clamp(Clamp {
                    min: -1.0,
                    max: 2.0,
                }),
                40,
                32,
            ),
        ];
        for (activation, q, expected) in cases {
            assert_eq!(
                at(&table(activation, INPUT, output), q),
                expected,
                "{activation:?}"
            );
        }
    }
}
