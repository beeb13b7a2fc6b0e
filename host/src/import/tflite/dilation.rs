//! Dilated convolutions as TensorFlow writes them: blocks of pixels to samples, a convolution
//! without padding, and samples back to blocks.
//!
//! Sample `p` of the middle has every `block`-th pixel from `p` on, so that the taps of its
//! convolution are `block` pixels apart in the input: one convolution with that dilation, padded
//! by what the border is more than the crop. The border is the zero point, as padding is, so the
//! numbers are the same.

use super::budget::Budget;
use super::failure::{Checked, Failure};
use super::model::{Model, Operator};
use super::ops::{is_plain, numbers};
use crate::import::ImportError;

/// What replaces a convolution's own padding and dilation; rows first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dilated {
    pub(super) dilation: [usize; 2],
    pub(super) pad_before: [usize; 2],
    pub(super) pad_after: [usize; 2],
}

/// Fuses them wherever nothing else reads what is between.
pub(super) fn fuse(model: &mut Model<'_>, budget: &mut Budget) -> Result<(), ImportError> {
    let links = Links::of(model);
    for index in 0..model.operators.len() {
        if model.operators[index].name != "SPACE_TO_BATCH_ND" {
            continue;
        }
        let Some(chain) = links.chain(model, index) else {
            continue;
        };
        match dilated(model, &chain, budget) {
            Ok(Some(dilated)) => chain.fuse(model, dilated),
            Ok(None) | Err(Failure::Node(_)) => {}
            Err(Failure::Model(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Who reads each tensor: one operator, or none or several.
pub(super) struct Links {
    sole_reader: Vec<Option<usize>>,
}

impl Links {
    pub(super) fn of(model: &Model<'_>) -> Self {
        let mut readers = vec![0usize; model.tensors.len()];
        let mut sole_reader = vec![None; model.tensors.len()];
        for (index, operator) in model.operators.iter().enumerate() {
            for &tensor in operator.inputs.iter().flatten() {
                readers[tensor] += 1;
                sole_reader[tensor] = Some(index);
            }
        }
        for (_, tensor) in &model.outputs {
            readers[*tensor] += 2;
        }
        for (reader, count) in sole_reader.iter_mut().zip(readers) {
            *reader = reader.filter(|_| count == 1);
        }
        Self { sole_reader }
    }

    /// The operator that alone reads this one's only output, as its first input.
    pub(super) fn next(&self, model: &Model<'_>, index: usize) -> Option<usize> {
        let &[output] = &model.operators[index].outputs[..] else {
            return None;
        };
        let next = self.sole_reader[output]?;
        (model.operators[next].inputs.first() == Some(&Some(output))).then_some(next)
    }

    fn chain(&self, model: &Model<'_>, to_batch: usize) -> Option<Chain> {
        let name = |index: usize| &*model.operators[index].name;
        let is_reshape =
            |index: usize| matches!(name(index), "RESHAPE" | "EXPAND_DIMS" | "SQUEEZE");
        let mut conv = self.next(model, to_batch)?;
        let unfold = is_reshape(conv).then_some(conv);
        if unfold.is_some() {
            conv = self.next(model, conv)?;
        }
        if !matches!(name(conv), "CONV_2D" | "DEPTHWISE_CONV_2D") {
            return None;
        }
        let mut to_space = self.next(model, conv)?;
        let fold = is_reshape(to_space).then_some(to_space);
        if fold.is_some() {
            to_space = self.next(model, to_space)?;
        }
        if name(to_space) != "BATCH_TO_SPACE_ND" || model.operators[to_space].outputs.len() != 1 {
            return None;
        }
        let folds = match (unfold, fold) {
            (None, None) => None,
            (Some(unfold), Some(fold)) => {
                let operators = [to_batch, unfold, conv, fold, to_space];
                Some(Folds::of(model, operators)?)
            }
            (Some(_), None) | (None, Some(_)) => return None,
        };
        Some(Chain {
            to_batch,
            conv,
            to_space,
            folds,
        })
    }
}

/// The operators of one dilated convolution, and those that make it one of two axes.
struct Chain {
    to_batch: usize,
    conv: usize,
    to_space: usize,
    folds: Option<Folds>,
}

/// What adds an axis of one element in front of a convolution of one axis, and takes it out behind.
struct Folds {
    unfold: usize,
    fold: usize,
    /// Which axis: 1 or 2.
    at: usize,
}

impl Folds {
    /// Of the operators in their order; none if the shapes do not say that they add and take out
    /// the same axis, and do nothing else.
    fn of(model: &Model<'_>, [to_batch, unfold, conv, fold, to_space]: [usize; 5]) -> Option<Self> {
        let shape = |tensor: usize| &model.tensors[tensor].shape[..];
        let output = |operator: usize| shape(model.operators[operator].outputs[0]);
        let &input = model.operators[to_batch].inputs.first()?;
        if [shape(input?), output(to_space)].map(<[usize]>::len) != [3, 3] {
            return None;
        }
        let is_added = |at: usize, without: &[usize], with: &[usize]| {
            without.len() == 3 && [&without[..at], &[1], &without[at..]].concat() == with
        };
        let at = [1, 2].into_iter().find(|&at| {
            is_added(at, output(to_batch), output(unfold))
                && is_added(at, output(fold), output(conv))
        })?;
        Some(Self { unfold, fold, at })
    }
}

/// The convolution's geometry; none if it is not what the module's text says.
fn dilated(model: &Model<'_>, chain: &Chain, budget: &mut Budget) -> Checked<Option<Dilated>> {
    let operator = |index: usize| &model.operators[index];
    if !same_scale(model, operator(chain.to_batch)) || !same_scale(model, operator(chain.to_space))
    {
        return Ok(None);
    }
    let mut list = |index: usize, at: usize| -> Checked<Vec<usize>> {
        let Some(&Some(tensor)) = operator(index).inputs.get(at) else {
            return Ok(Vec::new());
        };
        let given = numbers(&model.tensors[tensor], budget, "blocks")?;
        let natural = given.iter().map(|&number| usize::try_from(number));
        Ok(natural.collect::<Result<_, _>>().unwrap_or_default())
    };
    let (block, pads) = (list(chain.to_batch, 1)?, list(chain.to_batch, 2)?);
    let (block_back, crops) = (list(chain.to_space, 1)?, list(chain.to_space, 2)?);
    let agree = block == block_back && pads.len() == crops.len() && pads.len() == 2 * block.len();
    if !(is_plain(operator(chain.conv))? && agree && block.iter().all(|&block| block > 0)) {
        return Ok(None);
    }
    let axes = match (block.len(), &chain.folds) {
        (2, None) => vec![0, 1],
        // The axis that was there before the other was added.
        (1, Some(folds)) => vec![2 - folds.at],
        _ => return Ok(None),
    };
    let mut geometry = Dilated {
        dilation: [1; 2],
        pad_before: [0; 2],
        pad_after: [0; 2],
    };
    for (at, axis) in axes.into_iter().enumerate() {
        let (Some(before), Some(after)) = (
            pads[2 * at].checked_sub(crops[2 * at]),
            pads[2 * at + 1].checked_sub(crops[2 * at + 1]),
        ) else {
            return Ok(None);
        };
        geometry.dilation[axis] = block[at];
        geometry.pad_before[axis] = before;
        geometry.pad_after[axis] = after;
    }
    Ok(Some(geometry))
}

/// Whether an operator's first input and its output have the same scales and zero points.
fn same_scale(model: &Model<'_>, operator: &Operator<'_>) -> bool {
    let scale = |tensor: usize| {
        let quantization = &model.tensors[tensor].quantization;
        (
            quantization.scales.as_bytes(),
            quantization.zero_points().collect::<Vec<_>>(),
        )
    };
    match (operator.inputs.first(), operator.outputs.first()) {
        (Some(&Some(input)), Some(&output)) => scale(input) == scale(output),
        _ => false,
    }
}

impl Chain {
    /// Lets the convolution, or what unfolds and folds around it, read and compute what the blocks
    /// did.
    fn fuse(&self, model: &mut Model<'_>, dilated: Dilated) {
        let input = model.operators[self.to_batch].inputs[0];
        let output = model.operators[self.to_space].outputs[0];
        model.operators[self.conv].dilated = Some(dilated);
        for index in [self.to_batch, self.to_space] {
            model.operators[index].absorbed = true;
        }
        let (mut first, mut last) = (self.conv, self.conv);
        if let Some(Folds { unfold, fold, at }) = self.folds {
            (first, last) = (unfold, fold);
            // The axis of one element is where it was; the others are those of the whole.
            let unfolded = model.operators[unfold].outputs[0];
            let convolved = model.operators[self.conv].outputs[0];
            for (whole, middle) in [(input, unfolded), (Some(output), convolved)] {
                if let Some(whole) = whole {
                    let mut shape = model.tensors[whole].shape.clone();
                    shape.insert(at, 1);
                    model.tensors[middle].shape = shape;
                }
            }
        }
        model.operators[first].inputs[0] = input;
        model.operators[last].outputs[0] = output;
    }
}
