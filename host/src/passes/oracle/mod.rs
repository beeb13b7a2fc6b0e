//! For tests: a naive evaluator in f64 that shares nothing with the one on candle, a generator of
//! pseudo-random numbers, and a builder of small graphs.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    reason = "test support, called by tests only"
)]

mod builder;
mod evaluate;
mod random;

pub(crate) use builder::{Builder, RELU, sample, window};
pub(crate) use evaluate::{compute_op, evaluate, outputs};
pub(crate) use random::Random;

use super::simplify::Pass;
use crate::ir::Graph;

/// Whether two graphs compute the same on random data, up to a relative `1e-5`.
pub(crate) fn assert_same_function(before: &Graph, after: &Graph, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..3 {
        let data = sample(before, &mut random);
        let (old, new) = (outputs(before, &data), outputs(after, &data));
        assert_eq!(old.len(), new.len(), "number of outputs");
        for (old, new) in old.iter().zip(&new) {
            assert_eq!(old.len(), new.len(), "length of an output");
            let largest = old.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            for (a, b) in old.iter().zip(new) {
                assert!((a - b).abs() <= 1e-5 * largest, "{a} became {b}");
            }
        }
    }
}

/// Runs a pass on a copy of the graph, and checks that it keeps the function, the ports and the
/// graph's soundness, says whether it changed anything, and changes nothing when run again.
pub(crate) fn check(before: &Graph, pass: Pass) -> Graph {
    let mut after = before.clone();
    let count = (pass.run)(&mut after);
    assert_eq!(count > 0, after != *before, "{count} rewritings");
    crate::ir::verify(&after).unwrap();
    assert_same_function(before, &after, 1);
    let mut again = after.clone();
    assert_eq!((pass.run)(&mut again), 0, "runs again");
    assert_eq!(again, after);
    after
}
