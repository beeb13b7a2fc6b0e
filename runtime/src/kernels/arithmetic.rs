//! Functions of two integers as they are.

use crate::blob::{Arithmetic, Comparison, Function, Which};

/// The function of `params` of two numbers, clamped if it is no comparison.
///
/// TFLite's `ADD`, `SUB`, `MUL`, `DIV`, `SQUARED_DIFFERENCE`, `MAXIMUM`, `MINIMUM`, `FLOOR_DIV`,
/// `FLOOR_MOD` and comparisons of int32, which have no scale. Where those overflow or divide by 0,
/// these wrap and give 0.
#[must_use]
pub fn arithmetic(params: &Arithmetic, a: i32, b: i32) -> i32 {
    let result = match params.function {
        Function::Add => a.wrapping_add(b),
        Function::Sub => a.wrapping_sub(b),
        Function::Mul => a.wrapping_mul(b),
        Function::SquaredDifference => {
            let difference = a.wrapping_sub(b);
            difference.wrapping_mul(difference)
        }
        Function::Div if b == 0 => 0,
        Function::Div => a.wrapping_div(b),
        Function::FloorDiv | Function::FloorMod if b == 0 => 0,
        Function::FloorDiv => {
            let rest = a.wrapping_rem(b);
            let is_above = rest != 0 && (rest < 0) != (b < 0);
            a.wrapping_div(b).wrapping_sub(i32::from(is_above))
        }
        Function::FloorMod => {
            let rest = a.wrapping_rem(b);
            if rest != 0 && (rest < 0) != (b < 0) {
                rest.wrapping_add(b)
            } else {
                rest
            }
        }
        Function::Extreme(Which::Smallest) => a.min(b),
        Function::Extreme(Which::Largest) => a.max(b),
        Function::Compare(comparison) => {
            return i32::from(match comparison {
                Comparison::Equal => a == b,
                Comparison::NotEqual => a != b,
                Comparison::Greater => a > b,
                Comparison::GreaterEqual => a >= b,
            });
        }
    };
    // Not `clamp`, which would bring its assertion into every loop.
    result.min(params.max).max(params.min)
}
