//! Ranges from data.

use super::histogram::{Histogram, NonFinite};
use super::method::Method;
use super::range::Ranges;
use crate::ir::eval::{Batch, EvalError, Evaluator};
use crate::ir::{Graph, ValueId};
use thiserror::Error;

/// Why a graph could not be calibrated.
#[derive(Debug, Error)]
pub enum CalibrateError {
    /// There was no sample.
    #[error("the calibration data set is empty: give at least one sample, better some hundred")]
    Empty,
    /// An activation that is infinite or not a number.
    #[error(
        "value `{value}` is {found} for calibration sample {sample} (the first is 0): remove or \
         repair the sample, or, if its elements are finite, the model, which overflows"
    )]
    NonFinite {
        /// The first such value of the graph, in its order.
        value: String,
        /// What it was.
        found: f32,
        /// Position of the sample.
        sample: usize,
    },
    /// The graph could not be run.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// What the activations of a graph were: a histogram each. Its size does not depend on the number
/// of samples.
#[derive(Clone, Debug)]
pub struct Statistics(Vec<Histogram>);

impl Statistics {
    /// Runs the graph over batches of samples, one element per input each, and counts every
    /// activation. `progress` is told the number of samples of each batch that is done.
    ///
    /// # Errors
    /// See [`CalibrateError`].
    pub fn collect(
        graph: &Graph,
        batches: impl IntoIterator<Item = Vec<Batch>>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, CalibrateError> {
        let evaluator = Evaluator::new(graph)?;
        let mut histograms = vec![Histogram::default(); graph.value_count()];
        let mut samples = 0;
        for batch in batches {
            let count = batch.first().map_or(0, |input| input.samples);
            let mut first_error = None;
            evaluator.evaluate(&batch, &mut |id, values| {
                if first_error.is_none()
                    && let Err(NonFinite { value, position }) = histograms[id.index()].add(values)
                {
                    let sample = samples + position * count / values.len();
                    first_error = Some(CalibrateError::NonFinite {
                        value: graph.value(id).name.clone(),
                        found: value,
                        sample,
                    });
                }
            })?;
            if let Some(error) = first_error {
                return Err(error);
            }
            samples += count;
            progress(count);
        }
        if samples == 0 {
            return Err(CalibrateError::Empty);
        }
        Ok(Self(histograms))
    }

    /// What a value was; empty for constants.
    pub fn histogram(&self, id: ValueId) -> &Histogram {
        &self.0[id.index()]
    }

    /// The range of every activation by this method.
    pub fn ranges(&self, method: Method) -> Ranges {
        let histograms = self.0.iter().enumerate();
        histograms
            .filter(|(_, histogram)| histogram.count() > 0)
            .map(|(index, histogram)| (ValueId::from_index(index), method.range(histogram)))
            .collect()
    }
}

/// The range of every activation of the graph over batches of samples (one element per input
/// each), by this method. `progress` is told the number of samples of each batch that is done.
///
/// The graph is the one that is to be quantized, after the passes.
///
/// # Errors
/// See [`CalibrateError`].
pub fn calibrate(
    graph: &Graph,
    batches: impl IntoIterator<Item = Vec<Batch>>,
    method: Method,
    progress: &mut dyn FnMut(usize),
) -> Result<Ranges, CalibrateError> {
    Statistics::collect(graph, batches, progress).map(|statistics| statistics.ranges(method))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::{Builder, RELU, window};
    use crate::quantize::oracle::observed;
    use crate::quantize::quantize;

    fn network() -> Builder {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 5, 4, 3]);
        let y = b.conv(x, 6, window(3, 1, 1), 1, Some(RELU));
        let y = b.max_pool(y, window(2, 2, 0));
        let shape = vec![1, 24];
        let y = b.node(crate::ir::Op::Reshape { shape }, &[y]);
        let y = b.dense(y, 3, None);
        b.output(y);
        b
    }

    /// Samples of the one input.
    fn batch(samples: &[Vec<Vec<f32>>]) -> Vec<Batch> {
        vec![Batch {
            samples: samples.len(),
            data: samples.concat().concat(),
        }]
    }

    #[test]
    fn ranges_are_those_of_a_naive_evaluation_whatever_the_batches() {
        let mut b = network();
        let samples = b.samples(10);
        let mut done = Vec::new();
        let batches = [batch(&samples[..7]), batch(&samples[7..])];
        let ranges = calibrate(&b.graph, batches, Method::MinMax, &mut |count| {
            done.push(count);
        })
        .unwrap();
        assert_eq!(done, [7, 3]);
        let expected = observed(&b.graph, &samples);
        for (id, value) in b.graph.values().filter(|(_, v)| v.constant.is_none()) {
            let [range, expected] = [&ranges, &expected].map(|ranges| ranges.get(id).unwrap());
            assert!(
                (range.min() - expected.min()).abs() < 1e-5,
                "{}",
                value.name
            );
            assert!(
                (range.max() - expected.max()).abs() < 1e-5,
                "{}",
                value.name
            );
        }
        let one_by_one = samples
            .iter()
            .map(|sample| batch(std::slice::from_ref(sample)));
        let again = Statistics::collect(&b.graph, one_by_one, &mut |_| {}).unwrap();
        let input = b.graph.inputs[0].value;
        assert_eq!(again.histogram(input).count(), 600);
        assert_eq!(again.ranges(Method::MinMax).get(input), ranges.get(input));
        for method in [Method::Percentile(99.0), Method::Mse, Method::Entropy] {
            quantize(&b.graph, &again.ranges(method)).unwrap();
        }
    }

    #[test]
    fn bad_data_is_named() {
        let mut b = network();
        let run = |batches: Vec<Vec<Batch>>| {
            calibrate(&b.graph, batches, Method::MinMax, &mut |_| {}).unwrap_err()
        };
        assert!(matches!(run(vec![]), CalibrateError::Empty));
        assert!(matches!(run(vec![batch(&[])]), CalibrateError::Empty));
        let good = vec![vec![0.5; 60]];
        let mut bad = good.clone();
        bad[0][30] = f32::NAN;
        let error = run(vec![
            batch(std::slice::from_ref(&good)),
            batch(&[good.clone(), bad]),
        ]);
        let CalibrateError::NonFinite {
            value,
            found,
            sample,
        } = error
        else {
            panic!("{error}")
        };
        assert!(
            value == "input0" && found.is_nan() && sample == 2,
            "{value} {sample}"
        );
        let error = run(vec![batch(&[vec![good[0][1..].to_vec()]])]);
        assert!(matches!(error, CalibrateError::Eval(_)), "{error}");
        // Finite data that overflows within.
        let weights = b.graph.nodes[0].inputs[1];
        let huge = vec![f32::MAX; 6 * 27];
        b.graph.value_mut(weights).constant = Some(huge.into());
        let batches = vec![batch(&[good])];
        let error = calibrate(&b.graph, batches, Method::Mse, &mut |_| {}).unwrap_err();
        let inside =
            matches!(&error, CalibrateError::NonFinite { value, .. } if value == "node0.out");
        assert!(inside, "{error}");
    }
}
