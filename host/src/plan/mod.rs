//! Arena offsets: which bytes every buffer of a program gets.
//!
//! [`plan`] searches, [`check`] proves: it is written apart from the planner and shares nothing
//! with it but the types, so that an error of one is not repeated by the other. The order of the
//! steps is the graph's; reordering branches is not tried.

mod blocks;
mod check;
mod check_error;
mod climb;
mod pack;
mod planner;
mod program;
mod search;
#[cfg(test)]
pub(crate) mod testing;

pub use check::check;
pub use check_error::CheckError;
pub use planner::{Plan, PlanError, plan};
pub use program::{Buffer, Chase, Home, Kernel, Place, Program, State, Step, Write};

/// Alignment of every buffer in the arena, in bytes.
///
/// A word: kernels with SIMD load four activations at a time, and the ARMv7E-M `LDRD` and `LDM`
/// fault on addresses that are not multiples of 4 (Arm ARM DDI 0403E, A3.2.1). Nothing on these
/// cores asks for more, and more would only waste RAM.
pub const ALIGNMENT_BYTES: u32 = 4;
