//! A fixed batch of several samples, taken out where the whole network carries it.

use super::budget::Budget;
use super::model::{Model, Operator};
use super::ops::{Request, numbers, taken};
use std::collections::BTreeSet;

/// Operators that remember, or know what does.
const REMEMBER: [&str; 3] = ["VAR_HANDLE", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"];

/// The batch that all inputs, and all that operators compute, have in front, if it is not 1 and no
/// operator moves numbers from one sample to another.
pub(super) fn fixed(model: &Model<'_>, budget: &Budget) -> Option<usize> {
    // Samples of one batch have a state each; run one after the other they would share it.
    let mut operators = model.operators.iter();
    if operators.any(|operator| REMEMBER.contains(&&*operator.name)) {
        return None;
    }
    let &(_, first) = model.inputs.first()?;
    let &samples = model.tensors[first].shape.first()?;
    let carried = |tensor: usize| {
        let shape = &model.tensors[tensor].shape;
        shape.len() >= 2 && shape.first() == Some(&samples)
    };
    let is_carried = samples > 1 && activations(model).into_iter().all(carried);
    let keeps = |operator: &Operator<'_>| keeps_samples(model, operator, budget.clone());
    (is_carried && model.operators.iter().all(keeps)).then_some(samples)
}

/// Whether an operator, if it takes numbers of its input, takes each sample's for that sample.
/// What is at fault with it otherwise is for the import to say.
fn keeps_samples(model: &Model<'_>, operator: &Operator<'_>, mut budget: Budget) -> bool {
    if mixes_samples(model, operator, &mut budget) {
        return false;
    }
    let mut request = Request {
        model,
        operator,
        budget: &mut budget,
    };
    let Ok(Some(taken)) = taken(&mut request) else {
        return true;
    };
    let source = operator.inputs.get(taken.source).copied().flatten();
    let samples = source.and_then(|source| model.tensors[source].shape.first().copied());
    let mut outputs = taken.outputs.iter();
    outputs.all(|part| {
        part.maps
            .first()
            .zip(samples)
            .is_none_or(|(map, n)| map.is_all(n))
    })
}

/// Whether an operator computes one sample from another although shapes do not show it: sums along
/// the batch, or what computed indices say of a computed table.
fn mixes_samples(model: &Model<'_>, operator: &Operator<'_>, budget: &mut Budget) -> bool {
    let tensor = |index: usize| {
        let tensor = operator.inputs.get(index).copied().flatten();
        tensor.map(|tensor| &model.tensors[tensor])
    };
    match &*operator.name {
        "CUMSUM" => {
            let axis = tensor(1).map(|axis| numbers(axis, budget, "axis"));
            let rank = tensor(0).map_or(0, |input| input.shape.len());
            let first = -i64::try_from(rank).unwrap_or(0);
            !matches!(axis, Some(Ok(axis)) if !axis.contains(&0) && !axis.contains(&first))
        }
        "GATHER" | "GATHER_ND" => {
            let is_computed = |index| tensor(index).is_some_and(|tensor| tensor.data.is_none());
            is_computed(0) && is_computed(1)
        }
        _ => false,
    }
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
        .filter(|operator| !operator.absorbed)
        .flat_map(|operator| &operator.outputs);
    inputs.chain(computed.copied()).collect()
}
