//! Two forms of one model beside each other, layer by layer: which is the first that differs, and by
//! how much.
//!
//! Layers are matched by name: the passes, the quantizer and the compiler keep the names of the nodes
//! that they keep. Outputs are matched by their place.

mod difference;
mod form;
mod report;

pub use difference::Difference;
pub use form::{Form, FormError};
pub use report::{LayerReport, VerifyReport};

use crate::data::Array;
use difference::Sum;
use form::{Computed, Values};
use std::collections::HashMap;
use std::sync::mpsc;

/// Runs both forms on the first `samples` samples (of `arrays`, one for each input) and compares what
/// they compute; `a` is the reference. A layer or output is below the threshold if its ratio of signal
/// to noise is less than `min_sqnr_db`. `progress` is told of every sample.
///
/// # Errors
/// [`FormError`], of either form.
pub fn verify(
    [a, b]: [&Form; 2],
    arrays: &[&Array],
    samples: usize,
    min_sqnr_db: f64,
    progress: &mut dyn FnMut(),
) -> Result<VerifyReport, FormError> {
    let mut comparison = Comparison::default();
    std::thread::scope(|scope| {
        // One sample of each form is waiting at most.
        let [left, right] = [a, b].map(|form| {
            let (sender, receiver) = mpsc::sync_channel(1);
            let other = if std::ptr::eq(form, a) { b } else { a };
            let worker = scope.spawn(move || {
                form.compute(other, arrays, samples, &mut |computed| {
                    // The reader went away: the other form failed.
                    let _ = sender.send(computed);
                })
            });
            (worker, receiver)
        });
        while let (Ok(a), Ok(b)) = (left.1.recv(), right.1.recv()) {
            comparison.add(&a, &b);
            progress();
        }
        // A worker that still has results must not wait for a reader.
        drop((left.1, right.1));
        for (worker, _) in [(left.0, ()), (right.0, ())] {
            match worker.join() {
                Ok(finished) => finished?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(comparison.report(samples, min_sqnr_db))
    })
}

/// What is known of the layers so far.
#[derive(Default)]
struct Comparison {
    layers: Vec<(String, Sum)>,
    outputs: Vec<(String, Sum)>,
    only_in_a: Vec<String>,
    only_in_b: Vec<String>,
}

impl Comparison {
    /// Adds a sample.
    fn add(&mut self, a: &Computed, b: &Computed) {
        let others: HashMap<&str, &Values> =
            b.layers.iter().map(|layer| (&*layer.name, layer)).collect();
        let is_first = self.outputs.is_empty();
        let mut at = 0;
        for layer in &a.layers {
            match others.get(&*layer.name) {
                Some(other) if other.reals.len() == layer.reals.len() => {
                    sum_at(&mut self.layers, at, &layer.name).add(layer, other);
                    at += 1;
                }
                Some(_) | None if is_first => self.only_in_a.push(layer.name.clone()),
                Some(_) | None => {}
            }
        }
        if is_first {
            let matched = |name: &str| self.layers.iter().any(|(found, _)| found == name);
            let names = b.layers.iter().map(|layer| layer.name.clone());
            self.only_in_b = names.filter(|name| !matched(name)).collect();
        }
        for (at, (left, right)) in a.outputs.iter().zip(&b.outputs).enumerate() {
            sum_at(&mut self.outputs, at, &left.name).add(left, right);
        }
    }

    fn report(self, samples: usize, min_sqnr_db: f64) -> VerifyReport {
        let reports = |sums: Vec<(String, Sum)>| -> Vec<LayerReport> {
            sums.into_iter()
                .map(|(name, sum)| LayerReport::new(name, sum.difference(), min_sqnr_db))
                .collect()
        };
        let (layers, outputs) = (reports(self.layers), reports(self.outputs));
        let first_below = layers.iter().chain(&outputs).find(|layer| layer.is_below);
        let first_different = layers
            .iter()
            .chain(&outputs)
            .find(|layer| !layer.difference.is_equal);
        let name = |layer: &LayerReport| layer.name.clone();
        VerifyReport {
            samples,
            min_sqnr_db,
            first_different: first_different.map(name),
            first_below: first_below.map(name),
            layers,
            outputs,
            only_in_a: self.only_in_a,
            only_in_b: self.only_in_b,
        }
    }
}

/// The sum at an index: the next one is made when it is first asked for.
fn sum_at<'s>(sums: &'s mut Vec<(String, Sum)>, at: usize, name: &str) -> &'s mut Sum {
    if at == sums.len() {
        sums.push((name.to_owned(), Sum::default()));
    }
    &mut sums[at].1
}
