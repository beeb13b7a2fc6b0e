//! Whether fixed-point rescaling fits 32 bits.

use super::error::QuantizeError;
use super::graph::{DType, QuantParams};
use super::multiplier::quantize_multiplier;
use super::reduction::reduction_scale;
use crate::ir::{Node, Reduction};

/// Bits that TFLite shifts the operands of an addition left by before it scales them.
const ADD_LEFT_SHIFT_BITS: i32 = 20;

/// Largest difference between an int8 value and a zero point.
const REACH: f64 = 255.0;

/// Checks that the fixed-point addition (see [`tiivis_runtime::blob::AddSub`]) can reach the
/// output's scale: its last multiplier must be below 1.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`].
pub(super) fn check_sum(
    node: &Node,
    inputs: [QuantParams; 2],
    output: QuantParams,
) -> Result<(), QuantizeError> {
    let [a, b] = inputs.map(|input| f64::from(input.scale));
    let twice_larger = 2.0 * a.max(b);
    let output_scale = f64::from(output.scale);
    let last = twice_larger / f64::from(1 << ADD_LEFT_SHIFT_BITS) / output_scale;
    match quantize_multiplier(last) {
        Ok(scale) if scale.shift <= 0 => Ok(()),
        Ok(_) | Err(_) => Err(too_fine(node, twice_larger * REACH / output_scale)),
    }
}

/// Checks that `product`, the scales of so many operands multiplied, times their largest values
/// fits int32 when brought to the output's scale.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`].
pub(super) fn check_rescale(
    node: &Node,
    operands: &[QuantParams],
    output: QuantParams,
) -> Result<(), QuantizeError> {
    let scales = operands.iter().map(|operand| f64::from(operand.scale));
    let ratio = scales.product::<f64>() / f64::from(output.scale);
    let reach = operands.iter().map(|_| REACH).product::<f64>();
    match quantize_multiplier(ratio) {
        Ok(scale) if reach * f64::from(scale.shift.max(0)).exp2() <= f64::from(i32::MAX) => Ok(()),
        Ok(_) | Err(_) => Err(too_fine(node, reach * ratio)),
    }
}

/// Checks that the fixed-point quotient (see [`tiivis_runtime::blob::Op::Div`]) can reach the
/// output's scale: it shifts to the left by at most 23.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`].
pub(super) fn check_quotient(
    node: &Node,
    [a, b]: [QuantParams; 2],
    output: QuantParams,
) -> Result<(), QuantizeError> {
    const MOST_SHIFT: i8 = 23;
    let ratio = f64::from(a.scale) / (f64::from(b.scale) * f64::from(output.scale));
    match quantize_multiplier(ratio) {
        Ok(scale) if scale.shift <= MOST_SHIFT => Ok(()),
        Ok(_) | Err(_) => Err(too_fine(node, ratio * REACH)),
    }
}

/// Checks that the fixed-point square of a difference (7 bits more than the operands', see
/// [`tiivis_runtime::blob::Op::SquaredDifference`]) fits int32 at the output's scale.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`].
pub(super) fn check_square(
    node: &Node,
    inputs: [QuantParams; 2],
    output: QuantParams,
) -> Result<(), QuantizeError> {
    const MOST_SHIFT: i8 = 1;
    let [a, b] = inputs.map(|input| f64::from(input.scale));
    let twice_larger = 2.0 * a.max(b);
    let ratio = twice_larger * twice_larger / f64::from(output.scale);
    match quantize_multiplier(ratio / f64::from(1 << 14)) {
        Ok(scale) if scale.shift <= MOST_SHIFT => Ok(()),
        Ok(_) | Err(_) => Err(too_fine(node, ratio * REACH * REACH)),
    }
}

/// Checks that a sum or mean of so many values can be brought to the output's scale in int32.
///
/// # Errors
/// [`QuantizeError::OutputTooFine`].
pub(super) fn check_reduction(
    node: &Node,
    reduction: Reduction,
    [from, to]: [QuantParams; 2],
    count: usize,
) -> Result<(), QuantizeError> {
    let is_mean = match reduction {
        Reduction::Max | Reduction::Min => return Ok(()),
        Reduction::Mean => true,
        Reduction::Sum => false,
    };
    match reduction_scale(from, to, (DType::I8, count), is_mean) {
        Some(_) => Ok(()),
        None => {
            let ratio = f64::from(from.scale) / f64::from(to.scale);
            Err(too_fine(node, REACH * ratio))
        }
    }
}

fn too_fine(node: &Node, ratio: f64) -> QuantizeError {
    QuantizeError::OutputTooFine {
        node: node.name.clone(),
        ratio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Op, ValueId};

    fn params(scale: f32) -> QuantParams {
        QuantParams {
            scale,
            zero_point: 0,
        }
    }

    #[test]
    fn limits() {
        let node = Node {
            name: "sum".to_owned(),
            op: Op::Identity,
            inputs: vec![],
            output: ValueId::from_index(0),
        };
        let step = 2f32.powi(-19);
        let inputs = [params(0.5), params(1.0)];
        assert_eq!(check_sum(&node, inputs, params(step * 1.01)), Ok(()));
        let error = check_sum(&node, inputs, params(step)).unwrap_err();
        assert!(matches!(error, QuantizeError::OutputTooFine { node, .. } if node == "sum"));
        // 255 · 2^22 fits, and the shift of 2^21 is 22.
        assert!(check_rescale(&node, &inputs[1..], params(2f32.powi(-21))).is_ok());
        assert!(check_rescale(&node, &inputs[1..], params(2f32.powi(-23))).is_err());
        assert!(check_rescale(&node, &inputs, params(2f32.powi(-13))).is_ok());
        assert!(check_rescale(&node, &inputs, params(2f32.powi(-16))).is_err());
    }
}
