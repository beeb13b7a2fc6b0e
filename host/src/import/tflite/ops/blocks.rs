//! Blocks of pixels to channels or samples, and back: reshapes around a transposition.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{ANY, Importer, elements};
use super::super::model::{Model, Operator};
use super::options::{axis_option, integers, kind, options, same_params, shaped};
use crate::ir::{IndexMap, ValueId};
use crate::quantize::graph::{QOp, QValue};

/// `DEPTH_TO_SPACE`: the channels are a block's rows, its columns, and what is left.
pub(super) fn depth_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let block = block_size(operator, kind::DEPTH_TO_SPACE)?;
    let input = importer.activation_of(operator, 0, "input", &ANY)?;
    let moved = Moved::depth_to_space(&importer.value(input).shape, block)?;
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
    let moved = Moved::space_to_depth(&importer.value(input).shape, block)?;
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
    let given = blocks(importer.model, operator, &source.shape, "paddings")?;
    let (moved, shape) = space_moved(&source.shape, &given)?;
    let mut value = input;
    if shape != source.shape {
        let [before, after] = given.borders(shape.len());
        let border = QOp::Pad {
            before,
            after,
            value: i16::try_from(source.params.zero_point).unwrap_or(0),
        };
        let padded = QValue {
            name: format!("{} with border", importer.result_of(operator, &ANY)?.name),
            shape,
            ..source
        };
        value = importer.push_between(border, input, padded);
    }
    let value = moved.apply(importer, operator, value)?;
    importer.push_same(operator, value)
}

/// What `SPACE_TO_BATCH_ND` does to its input with border, and the shape that this has.
pub(super) fn space_moved(shape: &[usize], given: &Blocks) -> Checked<(Moved, Vec<usize>)> {
    let Blocks { block, pads } = given;
    let spatial = block.len();
    let mut padded = shape.to_vec();
    for (extent, [before, after]) in padded[1..].iter_mut().zip(pads) {
        *extent = extent.saturating_add(*before).saturating_add(*after);
    }
    let whole = |axis: usize| padded[1 + axis].is_multiple_of(block[axis]);
    if !(0..spatial).all(whole) || elements(&padded).is_none() {
        let expected = format!("blocks of {block:?} in shape {padded:?}");
        return Err(operand("paddings", expected, format!("{pads:?}")));
    }
    let samples = padded[0];
    let mut split = vec![samples];
    for (extent, block) in padded[1..].iter().zip(block) {
        split.extend([extent / block, *block]);
    }
    split.extend_from_slice(&padded[1 + spatial..]);
    // The places in the block, then the samples, then the blocks.
    let mut perm: Vec<usize> = (0..spatial).map(|axis| 2 + 2 * axis).collect();
    perm.push(0);
    perm.extend((0..spatial).map(|axis| 1 + 2 * axis));
    perm.extend(1 + 2 * spatial..split.len());
    let mut joined = vec![samples * block.iter().product::<usize>()];
    joined.extend(
        padded[1..]
            .iter()
            .zip(block)
            .map(|(extent, block)| extent / block),
    );
    joined.extend_from_slice(&padded[1 + spatial..]);
    let moved = Moved {
        split,
        perm,
        joined,
    };
    Ok((moved, padded))
}

/// `BATCH_TO_SPACE_ND`: `[input, block, crops]`, the inverse.
pub(super) fn batch_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let input = importer.activation_of(operator, 0, "input", &ANY)?;
    let shape = importer.value(input).shape.clone();
    let given = blocks(importer.model, operator, &shape, "crops")?;
    let (moved, maps) = batch_moved(&shape, &given)?;
    let mut value = moved.apply(importer, operator, input)?;
    if given.pads.iter().any(|crop| *crop != [0, 0]) {
        let mut cropped = importer.value(value).clone();
        cropped.shape = maps.iter().map(IndexMap::count).collect();
        cropped.name = format!("{} whole", importer.result_of(operator, &ANY)?.name);
        value = importer.push_between(QOp::Take { maps }, value, cropped);
    }
    importer.push_same(operator, value)
}

/// What `BATCH_TO_SPACE_ND` does to its input, and what it takes of the result.
pub(super) fn batch_moved(shape: &[usize], given: &Blocks) -> Checked<(Moved, Vec<IndexMap>)> {
    let Blocks { block, pads: crops } = given;
    let spatial = block.len();
    let places: usize = block
        .iter()
        .fold(1, |product, &block| product.saturating_mul(block));
    let samples = shape[0] / places;
    if samples.saturating_mul(places) != shape[0] {
        let expected = format!("a multiple of {places} samples");
        return Err(operand("input", expected, shape[0].to_string()));
    }
    let mut split = block.clone();
    split.push(samples);
    split.extend_from_slice(&shape[1..]);
    let mut perm = vec![spatial];
    let mut joined = vec![samples];
    for (axis, &block) in block.iter().enumerate() {
        perm.extend([spatial + 1 + axis, axis]);
        joined.push(shape[1 + axis].saturating_mul(block));
    }
    perm.extend(2 * spatial + 1..split.len());
    joined.extend_from_slice(&shape[1 + spatial..]);
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
    Ok((moved, maps))
}

/// `PACK`: the operands side by side along a new axis.
pub(super) fn pack<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let result = importer.result_of(operator, &ANY)?;
    let axis = axis_option(operator, result.shape.len())?;
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
pub(super) struct Moved {
    pub(super) split: Vec<usize>,
    pub(super) perm: Vec<usize>,
    pub(super) joined: Vec<usize>,
}

impl Moved {
    /// Channels that are a block's rows, its columns, and what is left.
    pub(super) fn depth_to_space(shape: &[usize], block: usize) -> Checked<Self> {
        let [n, h, w, c] = four(shape)?;
        let Some(depth) = c
            .checked_div(block * block)
            .filter(|depth| depth * block * block == c)
        else {
            let expected = format!("blocks of {block} squared channels");
            return Err(operand("input", expected, format!("{c} channels")));
        };
        Ok(Self {
            split: vec![n, h, w, block, block, depth],
            perm: [0, 1, 3, 2, 4, 5].to_vec(),
            joined: vec![n, h * block, w * block, depth],
        })
    }

    /// The inverse.
    pub(super) fn space_to_depth(shape: &[usize], block: usize) -> Checked<Self> {
        let [n, h, w, c] = four(shape)?;
        if h % block != 0 || w % block != 0 {
            let expected = format!("rows and columns in blocks of {block}");
            return Err(operand("input", expected, format!("{h} by {w}")));
        }
        Ok(Self {
            split: vec![n, h / block, block, w / block, block, c],
            perm: [0, 1, 3, 2, 4, 5].to_vec(),
            joined: vec![n, h / block, w / block, block * block * c],
        })
    }

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
pub(super) struct Blocks {
    pub(super) block: Vec<usize>,
    pub(super) pads: Vec<[usize; 2]>,
}

impl Blocks {
    /// What is added before and after each of so many axes.
    pub(super) fn borders(&self, rank: usize) -> [Vec<usize>; 2] {
        [0, 1].map(|end| {
            let mut sizes = vec![0; rank];
            for (size, pad) in sizes[1..].iter_mut().zip(&self.pads) {
                *size = pad[end];
            }
            sizes
        })
    }
}

/// The operands of the `ND` operators, for an input of samples, 1 or 2 axes of pixels, and others.
pub(super) fn blocks(
    model: &Model<'_>,
    operator: &Operator<'_>,
    shape: &[usize],
    what: &str,
) -> Checked<Blocks> {
    let given = integers(model.operand(operator, 1, "block")?.1, "block")?;
    let given_pads = integers(model.operand(operator, 2, what)?.1, what)?;
    let natural = |list: &[i64], least: usize| -> Option<Vec<usize>> {
        let number = |&number: &i64| usize::try_from(number).ok().filter(|&n| n >= least);
        list.iter().map(number).collect()
    };
    let block = natural(&given, 1).filter(|block| {
        (1..=2).contains(&block.len())
            && block.len() < shape.len()
            && block.iter().all(|&block| block <= 1 << 15)
    });
    let Some(block) = block else {
        let expected = format!("1 or 2 extents of blocks in shape {shape:?}");
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

pub(super) fn block_size(operator: &Operator<'_>, kind: u8) -> Checked<usize> {
    let given = options(operator, kind)?.map_or(Ok(0), |table| table.i32(0, 0))?;
    usize::try_from(given)
        .ok()
        .filter(|block| (1..=1 << 15).contains(block))
        .ok_or_else(|| option("block_size", given.to_string(), "1 to 32768"))
}

fn four(shape: &[usize]) -> Checked<[usize; 4]> {
    shape
        .try_into()
        .map_err(|_| operand("input", "of 4 axes", format!("shape {shape:?}")))
}
