//! A fixed batch of several samples, taken out where the whole network carries it.

use super::model::Model;
use std::collections::BTreeSet;

/// The batch that all inputs, and all that operators compute, have in front, if it is not 1.
pub(super) fn fixed(model: &Model<'_>) -> Option<usize> {
    // Samples of one batch have a state each; run one after the other they would share it.
    let mut operators = model.operators.iter();
    if operators.any(|operator| operator.name == "VAR_HANDLE") {
        return None;
    }
    let &(_, first) = model.inputs.first()?;
    let &samples = model.tensors[first].shape.first()?;
    let carried = |tensor: usize| {
        let shape = &model.tensors[tensor].shape;
        shape.len() >= 2 && shape.first() == Some(&samples)
    };
    (samples > 1 && activations(model).into_iter().all(carried)).then_some(samples)
}

/// Makes it 1; returns where it was taken out, for [`put_back`].
pub(super) fn take_out(model: &mut Model<'_>) -> Vec<(usize, usize)> {
    let mut taken = Vec::new();
    for tensor in activations(model) {
        if let Some(extent) = model.tensors[tensor].shape.first_mut() {
            taken.push((tensor, *extent));
            *extent = 1;
        }
    }
    taken
}

/// Undoes [`take_out`].
pub(super) fn put_back(model: &mut Model<'_>, taken: Vec<(usize, usize)>) {
    for (tensor, samples) in taken {
        if let Some(extent) = model.tensors[tensor].shape.first_mut() {
            *extent = samples;
        }
    }
}

fn activations(model: &Model<'_>) -> BTreeSet<usize> {
    let inputs = model.inputs.iter().map(|&(_, tensor)| tensor);
    let computed = model
        .operators
        .iter()
        .flat_map(|operator| &operator.outputs);
    inputs.chain(computed.copied()).collect()
}
