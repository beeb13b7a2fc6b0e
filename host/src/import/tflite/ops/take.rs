//! Which numbers of their input the operators take that move some, and compute none.
//!
//! Only shapes, options and constant operands say so: constants are folded by the same rules.

use super::super::budget::Budget;
use super::super::bytes::integer;
use super::super::failure::{Checked, Failure, operand, option};
use super::super::importer::{MAX_ACTIVATION, constant, elements};
use super::super::model::{Model, Operator, Tensor};
use super::super::schema::Type;
use super::options::{kind, options};
use super::reduce::axis_index;
use super::slice;
use crate::import::NodeFault;
use crate::ir::IndexMap;

/// What an operator takes.
pub(in super::super) struct Taken {
    /// Which of the operands it takes from.
    pub(in super::super) source: usize,
    /// What each output is.
    pub(in super::super) outputs: Vec<Part>,
}

/// What an output is: indices taken along every axis of the source, and the shape that they get.
pub(in super::super) struct Part {
    pub(in super::super) maps: Vec<IndexMap>,
    pub(in super::super) shape: Vec<usize>,
}

impl Part {
    /// The indices, in their own shape.
    pub(in super::super) fn of(maps: Vec<IndexMap>) -> Self {
        let shape = maps.iter().map(IndexMap::count).collect();
        Self { maps, shape }
    }
}

/// The operands and options of an operator.
pub(in super::super) struct Request<'r, 'm, 'a> {
    pub(in super::super) model: &'m Model<'a>,
    pub(in super::super) operator: &'r Operator<'a>,
    pub(in super::super) budget: &'r mut Budget,
}

impl<'m, 'a> Request<'_, 'm, 'a> {
    pub(super) fn tensor(&self, index: usize, what: &str) -> Checked<&'m Tensor<'a>> {
        let (_, tensor) = self.model.operand(self.operator, index, what)?;
        Ok(tensor)
    }

    /// The shape of an operand, without open axes.
    pub(super) fn shape(&self, index: usize) -> Checked<Vec<usize>> {
        let tensor = self.tensor(index, "input")?;
        match elements(&tensor.shape) {
            Some(count) if (1..=MAX_ACTIVATION).contains(&count) => Ok(tensor.shape.clone()),
            _ => Err(operand(
                "input",
                format!("of 1 to {MAX_ACTIVATION} numbers"),
                format!("`{}` of shape {:?}", tensor.name, tensor.shape),
            )),
        }
    }

    /// A constant operand of int32 or int64.
    pub(super) fn numbers(&mut self, index: usize, what: &str) -> Checked<Vec<i64>> {
        let tensor = self.tensor(index, what)?;
        numbers(tensor, self.budget, what)
    }

    /// A constant operand of one number.
    fn number(&mut self, index: usize, what: &str) -> Checked<i64> {
        match self.numbers(index, what)?[..] {
            [number] => Ok(number),
            ref others => Err(operand(
                what,
                "one number",
                format!("{} numbers", others.len()),
            )),
        }
    }

    /// A map of these indices, paid for.
    fn map(&mut self, count: usize, at: impl Fn(usize) -> usize) -> Checked<IndexMap> {
        self.budget.take(count.saturating_mul(size_of::<usize>()))?;
        Ok(IndexMap::of((0..count).map(at).collect()))
    }
}

/// The elements of a constant of int32 or int64.
pub(in super::super) fn numbers(
    tensor: &Tensor<'_>,
    budget: &mut Budget,
    what: &str,
) -> Checked<Vec<i64>> {
    let data = constant(tensor, what)?;
    let width = match tensor.element {
        Type::INT32 => 4,
        Type::INT64 => 8,
        _ => {
            let found = format!("`{}` of {}", tensor.name, tensor.element.describe());
            return Err(operand(what, "int32 or int64", found));
        }
    };
    if !data.len().is_multiple_of(width) {
        let found = format!("{} bytes", data.len());
        return Err(operand(what, format!("numbers of {width} bytes"), found));
    }
    budget.take(data.len().saturating_mul(2))?;
    Ok(data.chunks_exact(width).map(integer).collect())
}

/// What the operator takes; none if it is not one that takes.
pub(in super::super) fn taken(request: &mut Request<'_, '_, '_>) -> Checked<Option<Taken>> {
    let (source, outputs) = match &*request.operator.name {
        "SLICE" => (0, vec![slice::slice(request)?]),
        "STRIDED_SLICE" => (0, vec![slice::strided_slice(request)?]),
        "SPLIT" => (1, split(request)?),
        "SPLIT_V" => (0, split_v(request)?),
        "UNPACK" => (0, unpack(request)?),
        "GATHER" => (0, vec![gather(request)?]),
        "TILE" => (0, vec![tile(request)?]),
        "BROADCAST_TO" => (0, vec![broadcast_to(request)?]),
        "MIRROR_PAD" => (0, vec![mirror_pad(request)?]),
        "RESIZE_NEAREST_NEIGHBOR" => (0, vec![resize_nearest(request)?]),
        "REVERSE_V2" => (0, vec![reverse(request)?]),
        _ => return Ok(None),
    };
    let found = request.operator.outputs.len();
    if outputs.len() != found {
        let expected = outputs.len().to_string();
        return Err(operand("number of outputs", expected, found.to_string()));
    }
    let fits = |part: &Part| {
        let counts: Vec<usize> = part.maps.iter().map(IndexMap::count).collect();
        elements(&counts).is_some_and(|count| (1..=MAX_ACTIVATION).contains(&count))
    };
    if let Some(part) = outputs.iter().find(|part| !fits(part)) {
        let expected = format!("of 1 to {MAX_ACTIVATION} numbers");
        return Err(operand(
            "output",
            expected,
            format!("shape {:?}", part.shape),
        ));
    }
    Ok(Some(Taken { source, outputs }))
}

/// An axis of a shape of this rank, counted from the end if negative.
pub(super) fn axis(given: i64, rank: usize) -> Checked<usize> {
    axis_index(given, rank)
        .ok_or_else(|| operand("axis", format!("one of {rank}"), given.to_string()))
}

fn every(shape: &[usize]) -> Vec<IndexMap> {
    shape.iter().map(|&extent| IndexMap::all(extent)).collect()
}

/// The input cut along an axis into parts of these sizes.
fn cut(shape: &[usize], axis: usize, sizes: &[usize]) -> Vec<Part> {
    let mut begin = 0;
    let part = |&size: &usize| {
        let mut maps = every(shape);
        maps[axis] = IndexMap::run(begin, size);
        begin += size;
        Part::of(maps)
    };
    sizes.iter().map(part).collect()
}

/// `SPLIT`: `[axis, input]` into equal parts.
fn split(request: &mut Request<'_, '_, '_>) -> Checked<Vec<Part>> {
    let shape = request.shape(1)?;
    let axis = axis(request.number(0, "axis")?, shape.len())?;
    let parts = request.operator.outputs.len();
    if parts == 0 || shape[axis] % parts != 0 {
        let expected = format!("of equal parts of {} along axis {axis}", shape[axis]);
        return Err(operand("outputs", expected, format!("{parts} parts")));
    }
    Ok(cut(&shape, axis, &vec![shape[axis] / parts; parts]))
}

/// `SPLIT_V`: `[input, sizes, axis]`; one size may be -1, the rest.
fn split_v(request: &mut Request<'_, '_, '_>) -> Checked<Vec<Part>> {
    let shape = request.shape(0)?;
    let axis = axis(request.number(2, "axis")?, shape.len())?;
    let given = request.numbers(1, "sizes")?;
    let known: i64 = given
        .iter()
        .filter(|&&size| size > 0)
        .fold(0, |sum, &size| sum.saturating_add(size));
    let extent = i64::try_from(shape[axis]).unwrap_or(i64::MAX);
    let sizes: Vec<usize> = given
        .iter()
        .map(|&size| if size == -1 { extent - known } else { size })
        .filter_map(|size| usize::try_from(size).ok().filter(|&size| size > 0))
        .collect();
    let sum = sizes
        .iter()
        .fold(0usize, |sum, &size| sum.saturating_add(size));
    if sizes.len() != given.len() || sum != shape[axis] {
        let expected = format!("sizes that add up to {}, one may be -1", shape[axis]);
        return Err(operand("sizes", expected, format!("{given:?}")));
    }
    Ok(cut(&shape, axis, &sizes))
}

/// `UNPACK`: one output for each index of an axis, without that axis.
fn unpack(request: &mut Request<'_, '_, '_>) -> Checked<Vec<Part>> {
    let shape = request.shape(0)?;
    let given = options(request.operator, kind::UNPACK)?.map_or(Ok(0), |table| table.i32(1, 0))?;
    let axis = axis(given.into(), shape.len())?;
    let mut parts = cut(&shape, axis, &vec![1; shape[axis]]);
    for part in &mut parts {
        part.shape.remove(axis);
    }
    Ok(parts)
}

/// `GATHER` with constant indices: the axis becomes the axes of the indices.
fn gather(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let options = options(request.operator, kind::GATHER)?;
    let batch = options.map_or(Ok(0), |table| table.i32(1, 0))?;
    if batch != 0 {
        return Err(option("batch_dims", batch.to_string(), "0"));
    }
    let shape = request.shape(0)?;
    let given = options.map_or(Ok(0), |table| table.i32(0, 0))?;
    let axis = axis(given.into(), shape.len())?;
    let indices = request.numbers(1, "indices")?;
    let taken: Vec<usize> = indices
        .iter()
        .filter_map(|&index| usize::try_from(index).ok().filter(|&at| at < shape[axis]))
        .collect();
    let shape_of_indices = request.tensor(1, "indices")?.shape.clone();
    if taken.len() != indices.len() || Some(taken.len()) != elements(&shape_of_indices) {
        let expected = format!(
            "indices below {}, of shape {shape_of_indices:?}",
            shape[axis]
        );
        return Err(operand("indices", expected, format!("{indices:?}")));
    }
    let mut part = Part::of(every(&shape));
    part.maps[axis] = IndexMap::of(taken);
    part.shape.splice(axis..=axis, shape_of_indices);
    Ok(part)
}

/// `TILE`: `[input, repeats]`, the input as often along each axis.
fn tile(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let shape = request.shape(0)?;
    let given = request.numbers(1, "repeats")?;
    let repeats: Vec<usize> = given
        .iter()
        .filter_map(|&repeats| usize::try_from(repeats).ok())
        .collect();
    if repeats.len() != given.len() || repeats.len() != shape.len() {
        let expected = format!("a number for each axis of shape {shape:?}");
        return Err(operand("repeats", expected, format!("{given:?}")));
    }
    let mut maps = Vec::with_capacity(shape.len());
    for (&extent, &repeats) in shape.iter().zip(&repeats) {
        maps.push(match (repeats, extent) {
            (1, _) => IndexMap::all(extent),
            (_, 1) => repeated(repeats),
            _ => request.map(extent.saturating_mul(repeats), |index| index % extent)?,
        });
    }
    Ok(Part::of(maps))
}

/// The one index of an axis, so often.
const fn repeated(count: usize) -> IndexMap {
    IndexMap::Range {
        begin: 0,
        step: 0,
        count,
    }
}

/// `BROADCAST_TO`: axes are aligned at the last; an axis of one element is repeated.
fn broadcast_to(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let source = request.shape(0)?;
    let given = request.numbers(1, "shape")?;
    let shape: Vec<usize> = given
        .iter()
        .filter_map(|&extent| usize::try_from(extent).ok())
        .collect();
    let mismatch = || {
        let expected = format!("one that shape {source:?} is repeated to");
        operand("shape", expected, format!("{given:?}"))
    };
    let Some(added) = shape.len().checked_sub(source.len()) else {
        return Err(mismatch());
    };
    // Axes that are added in front repeat the whole: they are joined to the first axis, where the
    // indices run through it again and again.
    let mut maps = Vec::with_capacity(source.len());
    for (&from, &to) in source.iter().zip(&shape[added..]) {
        maps.push(match (from, to) {
            (from, to) if from == to => IndexMap::all(from),
            (1, to) => repeated(to),
            _ => return Err(mismatch()),
        });
    }
    let copies = elements(&shape[..added]).ok_or_else(mismatch)?;
    if copies != 1 {
        match maps.first().map(IndexMap::count) {
            None => return Err(operand("input", "of one axis or more", "a single number")),
            Some(count) => {
                let own = maps[0].clone();
                maps[0] =
                    request.map(count.saturating_mul(copies), |index| own.at(index % count))?;
            }
        }
    }
    let mut part = Part::of(maps);
    if shape.len() != given.len() {
        return Err(mismatch());
    }
    part.shape = shape;
    Ok(part)
}

/// `MIRROR_PAD`: `[input, paddings]`; mode 0, REFLECT, does not repeat the edge, 1, SYMMETRIC, does.
fn mirror_pad(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let mode = options(request.operator, kind::MIRROR_PAD)?.map_or(Ok(0), |table| table.i8(0))?;
    let edge = match mode {
        0 => 1,
        1 => 0,
        other => {
            return Err(option(
                "mode",
                other.to_string(),
                "REFLECT (0), SYMMETRIC (1)",
            ));
        }
    };
    let shape = request.shape(0)?;
    let given = request.numbers(1, "paddings")?;
    if given.len() != 2 * shape.len() {
        let expected = format!("two numbers for each axis of shape {shape:?}");
        return Err(operand("paddings", expected, format!("{given:?}")));
    }
    let mut maps = Vec::with_capacity(shape.len());
    for (&extent, pair) in shape.iter().zip(given.chunks_exact(2)) {
        let pads = [pair[0], pair[1]].map(|pad| usize::try_from(pad).ok());
        let (Some(before), Some(after)) = (pads[0], pads[1]) else {
            return Err(operand("paddings", "0 or more", format!("{given:?}")));
        };
        if before.max(after) > extent - edge {
            let expected = format!("at most {} for an axis of {extent}", extent - edge);
            return Err(operand("paddings", expected, format!("{given:?}")));
        }
        maps.push(request.map(before + extent + after, |index| {
            if index < before {
                before - index - 1 + edge
            } else if index < before + extent {
                index - before
            } else {
                2 * extent + before - index - 1 - edge
            }
        })?);
    }
    Ok(Part::of(maps))
}

/// `RESIZE_NEAREST_NEIGHBOR`: `[input, [rows, columns]]`, in float32 as TFLite's
/// `reference/resize_nearest_neighbor.h`.
fn resize_nearest(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let table = options(request.operator, kind::RESIZE_NEAREST_NEIGHBOR)?;
    let align_corners = table.map_or(Ok(false), |table| table.bool(0))?;
    let half_pixel_centers = table.map_or(Ok(false), |table| table.bool(1))?;
    let shape = request.shape(0)?;
    let size = request.numbers(1, "size")?;
    let extents: Vec<usize> = size
        .iter()
        .filter_map(|&extent| usize::try_from(extent).ok())
        .filter(|&extent| (1..=MAX_ACTIVATION).contains(&extent))
        .collect();
    let (&[samples, rows, columns, channels], &[to_rows, to_columns]) = (&shape[..], &extents[..])
    else {
        let expected = "rows and columns for an input of 4 axes";
        return Err(operand("size", expected, format!("{size:?} for {shape:?}")));
    };
    let mut axis = |from: usize, to: usize| {
        request.map(to, |index| {
            nearest(index, from, to, align_corners, half_pixel_centers)
        })
    };
    let (rows, columns) = (axis(rows, to_rows)?, axis(columns, to_columns)?);
    let (samples, channels) = (IndexMap::all(samples), IndexMap::all(channels));
    Ok(Part::of(vec![samples, rows, columns, channels]))
}

/// `GetNearestNeighbor`; the input is at most `MAX_ACTIVATION` long, so that its numbers are exact
/// in float32.
#[expect(
    clippy::as_conversions,
    reason = "small numbers, and floats that saturate"
)]
fn nearest(
    index: usize,
    from: usize,
    to: usize,
    align_corners: bool,
    half_pixel_centers: bool,
) -> usize {
    let scale = if align_corners && to > 1 {
        (from - 1) as f32 / (to - 1) as f32
    } else {
        from as f32 / to as f32
    };
    let offset = if half_pixel_centers { 0.5 } else { 0.0 };
    let at = (index as f32 + offset) * scale;
    let at = if align_corners {
        at.round()
    } else {
        at.floor()
    };
    (at as usize).min(from - 1)
}

/// `REVERSE_V2`: `[input, axes]`.
fn reverse(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let shape = request.shape(0)?;
    let mut maps = every(&shape);
    for given in request.numbers(1, "axes")? {
        let axis = axis(given, shape.len())?;
        maps[axis] = IndexMap::Range {
            begin: shape[axis] - 1,
            step: -1,
            count: shape[axis],
        };
    }
    Ok(Part::of(maps))
}

/// An operator that is none of these.
pub(super) fn foreign(operator: &Operator<'_>) -> Failure {
    Failure::Node(NodeFault::Operator {
        nearest: format!("{} moves no numbers", operator.name),
    })
}
