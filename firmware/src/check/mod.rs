//! The kernels of this build against the portable ones, on this core: random shapes and numbers, and
//! extremes, all from seeds. What there is to check is listed in [`CHECKS`]: a function for each
//! kernel.

mod planes;
mod pool;
mod random;

use crate::exit::{Status, exit};
use crate::memory;
use pool::Pool;
use random::Random;

/// A kernel's name, how many cases there are, and one case: drawn, run and compared.
struct Check {
    name: &'static str,
    cases: u32,
    run: fn(&mut Random, &mut Pool<'_>) -> Result<(), Mismatch>,
}

const CHECKS: [Check; 1] = [Check {
    name: "depthwise_planes",
    cases: 3000,
    run: planes::case,
}];

/// Where a case went wrong.
struct Mismatch {
    /// The case's numbers, as the check lists them.
    shape: [u32; 8],
    /// Index of the first value that is not as it should be.
    at: usize,
    /// The value.
    found: i8,
    /// What the portable kernel says.
    expected: i8,
}

impl Mismatch {
    /// The first difference of two results.
    fn first(shape: [u32; 8], found: &[i8], expected: &[i8]) -> Result<(), Self> {
        match found.iter().zip(expected).position(|(a, b)| a != b) {
            None => Ok(()),
            Some(at) => Err(Self {
                shape,
                at,
                found: found[at],
                expected: expected[at],
            }),
        }
    }
}

/// Runs all checks and ends the program; the first mismatch ends it too, with what it needs to be
/// repeated.
pub fn check_kernels() -> ! {
    let arena = memory::arena();
    for check in &CHECKS {
        for seed in 0..check.cases {
            let case = (check.run)(&mut Random::new(seed), &mut Pool::new(arena));
            if let Err(mismatch) = case {
                defmt::error!(
                    "{=str}: seed {=u32}, shape {}: value {=usize} is {=i8}, expected {=i8}",
                    check.name,
                    seed,
                    mismatch.shape[..],
                    mismatch.at,
                    mismatch.found,
                    mismatch.expected
                );
                exit(Status::Mismatch);
            }
        }
        defmt::info!("{=str}: {=u32} cases equal", check.name, check.cases);
    }
    exit(Status::Done)
}
