//! Blocks of pixels to channels or samples, and back: reshapes around a transposition.

use super::super::failure::{Checked, Failure, operand, option};
use super::super::importer::{ANY, Importer, elements};
use super::super::model::Operator;
use super::options::{integers, kind, options, same_params, shaped};
use crate::ir::{IndexMap, ValueId};
use crate::quantize::graph::{QOp, QValue};

/// `DEPTH_TO_SPACE`: the channels are a block's rows, its columns, and what is left.
pub(super) fn depth_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let block = block_size(operator, kind::DEPTH_TO_SPACE)?;
    let input = importer.activation_of(operator, 0, "input", &ANY)?;
    let [n, h, w, c] = four(importer.value(input))?;
    let Some(depth) = c
        .checked_div(block * block)
        .filter(|depth| depth * block * block == c)
    else {
        let found = format!("{c} channels");
        return Err(operand(
            "input",
            format!("blocks of {block} squared channels"),
            found,
        ));
    };
    let moved = Moved {
        split: vec![n, h, w, block, block, depth],
        perm: [0, 1, 3, 2, 4, 5].to_vec(),
        joined: vec![n, h * block, w * block, depth],
    };
    let value = moved.apply(importer, operator, input)?;
    importer.push_same(operator, value)
}

/// `SPACE_TO_DEPTH`: the inverse.
pub(super) fn space_to_depth<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let block = block_size(operator, kind::SPACE_TO_DEPTH)?;
    let input = importer.activation_of(operator, 0, "input", &ANY)?;
    let [n, h, w, c] = four(importer.value(input))?;
    if h % block != 0 || w % block != 0 {
        let expected = format!("rows and columns in blocks of {block}");
        return Err(operand("input", expected, format!("{h} by {w}")));
    }
    let moved = Moved {
        split: vec![n, h / block, block, w / block, block, c],
        perm: [0, 1, 3, 2, 4, 5].to_vec(),
        joined: vec![n, h / block, w / block, block * block * c],
    };
    let value = moved.apply(importer, operator, input)?;
    importer.push_same(operator, value)
}

/// `SPACE_TO_BATCH_ND`: `[input, block, paddings]`; the border is the zero point, and the pixels at
/// the same place of every block become a sample.
pub(super) fn space_to_batch<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let source = importer.value(input).clone();
    let Blocks { block, pads } = blocks(importer, operator, &source, "paddings")?;
    let spatial = block.len();
    let mut before = vec![0; source.shape.len()];
    let mut after = before.clone();
    for (axis, pad) in pads.iter().enumerate() {
        [before[1 + axis], after[1 + axis]] = *pad;
    }
    let mut padded = source.clone();
    for (axis, extent) in padded.shape.iter_mut().enumerate() {
        *extent = extent
            .saturating_add(before[axis])
            .saturating_add(after[axis]);
    }
    let whole = |axis: usize| padded.shape[1 + axis].is_multiple_of(block[axis]);
    if !(0..spatial).all(whole) || elements(&padded.shape).is_none() {
        let expected = format!("blocks of {block:?} in shape {:?}", padded.shape);
        return Err(operand("paddings", expected, format!("{pads:?}")));
    }
    let mut value = input;
    if padded.shape != source.shape {
        let border = QOp::Pad {
            before,
            after,
            value: i8::try_from(source.params.zero_point).expect("in -128..=127"),
        };
        padded.name = format!("{} with border", importer.result_of(operator, &ANY)?.name);
        value = importer.push_between(border, input, padded.clone());
    }
    let samples = padded.shape[0];
    let mut split = vec![samples];
    for (extent, block) in padded.shape[1..].iter().zip(&block) {
        split.extend([extent / block, *block]);
    }
    split.extend_from_slice(&padded.shape[1 + spatial..]);
    // The places in the block, then the samples, then the blocks.
    let mut perm: Vec<usize> = (0..spatial).map(|axis| 2 + 2 * axis).collect();
    perm.push(0);
    perm.extend((0..spatial).map(|axis| 1 + 2 * axis));
    perm.extend(1 + 2 * spatial..split.len());
    let mut joined = vec![samples * block.iter().product::<usize>()];
    joined.extend(
        padded.shape[1..]
            .iter()
            .zip(&block)
            .map(|(extent, block)| extent / block),
    );
    joined.extend_from_slice(&padded.shape[1 + spatial..]);
    let moved = Moved {
        split,
        perm,
        joined,
    };
    let value = moved.apply(importer, operator, value)?;
    importer.push_same(operator, value)
}

/// `BATCH_TO_SPACE_ND`: `[input, block, crops]`, the inverse.
pub(super) fn batch_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let input = importer.activation_of(operator, 0, "input", &ANY)?;
    let source = importer.value(input).clone();
    let Blocks { block, pads: crops } = blocks(importer, operator, &source, "crops")?;
    let spatial = block.len();
    let places: usize = block
        .iter()
        .fold(1, |product, &block| product.saturating_mul(block));
    let samples = source.shape[0] / places;
    if samples.saturating_mul(places) != source.shape[0] {
        let expected = format!("a multiple of {places} samples");
        return Err(operand("input", expected, source.shape[0].to_string()));
    }
    let mut split = block.clone();
    split.push(samples);
    split.extend_from_slice(&source.shape[1..]);
    let mut perm = vec![spatial];
    let mut joined = vec![samples];
    for (axis, &block) in block.iter().enumerate() {
        perm.extend([spatial + 1 + axis, axis]);
        joined.push(source.shape[1 + axis].saturating_mul(block));
    }
    perm.extend(2 * spatial + 1..split.len());
    joined.extend_from_slice(&source.shape[1 + spatial..]);
    let mut maps: Vec<IndexMap> = joined.iter().map(|&extent| IndexMap::all(extent)).collect();
    for (axis, &[first, last]) in crops.iter().enumerate() {
        let extent = joined[1 + axis];
        let left = extent
            .checked_sub(first)
            .and_then(|left| left.checked_sub(last));
        let Some(left) = left.filter(|&left| left > 0) else {
            let expected = format!("less than {extent}");
            return Err(operand("crops", expected, format!("{crops:?}")));
        };
        maps[1 + axis] = IndexMap::run(first, left);
    }
    let moved = Moved {
        split,
        perm,
        joined,
    };
    let mut value = moved.apply(importer, operator, input)?;
    if crops.iter().any(|crop| *crop != [0, 0]) {
        let mut cropped = importer.value(value).clone();
        cropped.shape = maps.iter().map(IndexMap::count).collect();
        cropped.name = format!("{} whole", importer.result_of(operator, &ANY)?.name);
        value = importer.push_between(QOp::Take { maps }, value, cropped);
    }
    importer.push_same(operator, value)
}

/// `PACK`: the operands side by side along a new axis.
pub(super) fn pack<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let given = options(operator, kind::PACK)?.map_or(Ok(0), |table| table.i32(1, 0))?;
    let result = importer.result_of(operator, &ANY)?;
    let axis = super::take::axis(given.into(), result.shape.len())?;
    let mut one = result.shape.clone();
    one[axis] = 1;
    let mut inputs = Vec::new();
    for index in 0..operator.inputs.len() {
        let what = format!("operand {index}");
        let types = &[result.dtype];
        let input = importer.activation_or_constant_of(operator, index, &what, types)?;
        let source = importer.value(input).clone();
        same_params(&source, &result)?;
        let mut without = one.clone();
        without.remove(axis);
        if source.shape != without {
            let found = format!("shape {:?}", source.shape);
            return Err(operand(what, format!("of shape {without:?}"), found));
        }
        let with_axis = QValue {
            name: format!("{} part {index}", result.name),
            shape: one.clone(),
            ..source
        };
        importer.budget.take(with_axis.name.len())?;
        inputs.push(if with_axis.constant.is_some() {
            importer.add_value(with_axis)
        } else {
            importer.push_between(QOp::Reshape, input, with_axis)
        });
    }
    if inputs.is_empty() || inputs.len() != result.shape[axis] {
        let expected = format!("{} operands", result.shape[axis]);
        return Err(operand("operands", expected, inputs.len().to_string()));
    }
    importer.push(operator, QOp::Concat { axis }, inputs, result)
}

impl<'a> Importer<'_, 'a> {
    /// Makes a value the operator's output, whose shape and scale it must have.
    fn push_same(&mut self, operator: &Operator<'a>, value: ValueId) -> Checked {
        let result = self.result_of(operator, &[self.value(value).dtype])?;
        shaped(&result, &self.value(value).shape)?;
        same_params(self.value(value), &result)?;
        self.push(operator, QOp::Reshape, vec![value], result)
    }
}

/// Axes that are split, permuted and joined again.
struct Moved {
    split: Vec<usize>,
    perm: Vec<usize>,
    joined: Vec<usize>,
}

impl Moved {
    fn apply<'a>(
        self,
        importer: &mut Importer<'_, 'a>,
        operator: &Operator<'a>,
        input: ValueId,
    ) -> Checked<ValueId> {
        let source = importer.value(input).clone();
        let name = importer.result_of(operator, &ANY)?.name;
        let moved: Vec<usize> = self.perm.iter().map(|&axis| self.split[axis]).collect();
        let mut value = input;
        for (op, shape, what) in [
            (QOp::Reshape, self.split, "split"),
            (QOp::Transpose { perm: self.perm }, moved, "moved"),
            (QOp::Reshape, self.joined, "joined"),
        ] {
            let next = QValue {
                name: format!("{name} {what}"),
                shape,
                ..source.clone()
            };
            value = importer.push_between(op, value, next);
        }
        Ok(value)
    }
}

/// Rows and columns of a block, and what is added or cut before and after.
struct Blocks {
    block: Vec<usize>,
    pads: Vec<[usize; 2]>,
}

/// The operands of the `ND` operators, for an input of samples, 1 or 2 axes of pixels, and others.
fn blocks<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    source: &QValue,
    what: &str,
) -> Checked<Blocks> {
    let (_, tensor) = importer.tensor(operator, 1, "block")?;
    let given = integers(tensor, "block")?;
    let (_, tensor) = importer.tensor(operator, 2, what)?;
    let given_pads = integers(tensor, what)?;
    let natural = |list: &[i64], least: usize| -> Option<Vec<usize>> {
        let number = |&number: &i64| usize::try_from(number).ok().filter(|&n| n >= least);
        list.iter().map(number).collect()
    };
    let block = natural(&given, 1).filter(|block| {
        (1..=2).contains(&block.len())
            && block.len() < source.shape.len()
            && block.iter().all(|&block| block <= 1 << 15)
    });
    let Some(block) = block else {
        let expected = format!("1 or 2 extents of blocks in shape {:?}", source.shape);
        return Err(operand("block", expected, format!("{given:?}")));
    };
    let pads = natural(&given_pads, 0).filter(|pads| pads.len() == 2 * block.len());
    let Some(pads) = pads else {
        let expected = format!("{} numbers, 0 or more", 2 * block.len());
        return Err(operand(what, expected, format!("{given_pads:?}")));
    };
    let pads = pads
        .chunks_exact(2)
        .map(|pair| [pair[0], pair[1]])
        .collect();
    Ok(Blocks { block, pads })
}

fn block_size(operator: &Operator<'_>, kind: u8) -> Checked<usize> {
    let given = options(operator, kind)?.map_or(Ok(0), |table| table.i32(0, 0))?;
    usize::try_from(given)
        .ok()
        .filter(|block| (1..=1 << 15).contains(block))
        .ok_or_else(|| option("block_size", given.to_string(), "1 to 32768"))
}

fn four(value: &QValue) -> Result<[usize; 4], Failure> {
    value.shape[..].try_into().map_err(|_| {
        let found = format!("shape {:?}", value.shape);
        operand("input", "of 4 axes", found)
    })
}
