//! Slices.

use super::super::failure::{Checked, operand, option};
use super::options::{kind, options};
use super::take::{Part, Request};
use crate::ir::IndexMap;

/// `SLICE`: `[input, begin, size]`; a size of -1 is the rest.
pub(super) fn slice(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let shape = request.shape(0)?;
    let begin = request.numbers(1, "begin")?;
    let size = request.numbers(2, "size")?;
    let fault = || {
        operand(
            "begin and size",
            format!("a part of shape {shape:?}"),
            format!("{begin:?} and {size:?}"),
        )
    };
    if begin.len() != shape.len() || size.len() != shape.len() {
        return Err(fault());
    }
    let mut maps = Vec::with_capacity(shape.len());
    for ((&extent, &begin), &size) in shape.iter().zip(&begin).zip(&size) {
        let begin = usize::try_from(begin).map_err(|_| fault())?;
        let count = match size {
            -1 => extent.checked_sub(begin).ok_or_else(fault)?,
            size => usize::try_from(size).map_err(|_| fault())?,
        };
        let map = IndexMap::run(begin, count);
        if !map.fits(extent) {
            return Err(fault());
        }
        maps.push(map);
    }
    Ok(Part::of(maps))
}

/// Masks of a strided slice: bit `i` is of entry `i` of begin, end and strides.
struct Masks {
    begin: i32,
    end: i32,
    ellipsis: i32,
    new_axis: i32,
    shrink: i32,
    /// Whether the ends are counted from the begins.
    offset: bool,
}

impl Masks {
    fn has(mask: i32, entry: usize) -> bool {
        u32::try_from(entry).is_ok_and(|entry| mask.checked_shr(entry).unwrap_or(0) & 1 == 1)
    }
}

/// `STRIDED_SLICE`: `[input, begin, end, strides]`, as TensorFlow's `StridedSlice` and TFLite's
/// `strided_slice_logic.h` have it.
pub(super) fn strided_slice(request: &mut Request<'_, '_, '_>) -> Checked<Part> {
    let masks = match options(request.operator, kind::STRIDED_SLICE)? {
        Some(table) => Masks {
            begin: table.i32(0, 0)?,
            end: table.i32(1, 0)?,
            ellipsis: table.i32(2, 0)?,
            new_axis: table.i32(3, 0)?,
            shrink: table.i32(4, 0)?,
            offset: table.bool(5)?,
        },
        None => return Err(option("options", "left out", "given")),
    };
    let shape = request.shape(0)?;
    let begin = request.numbers(1, "begin")?;
    let end = request.numbers(2, "end")?;
    let strides = request.numbers(3, "strides")?;
    let entries = begin.len();
    if end.len() != entries || strides.len() != entries || entries > 31 {
        let found = format!("{entries}, {} and {}", end.len(), strides.len());
        return Err(operand("begin, end and strides", "as many of each", found));
    }
    // An entry of no axis: a new one, or the ellipsis, which is of all axes that no other is of.
    let is_ellipsis = |entry: &usize| Masks::has(masks.ellipsis, *entry);
    let is_new = |entry: &usize| !is_ellipsis(entry) && Masks::has(masks.new_axis, *entry);
    let ellipses = (0..entries).filter(is_ellipsis).count();
    let named = entries - ellipses - (0..entries).filter(is_new).count();
    let Some(rest) = shape.len().checked_sub(named).filter(|_| ellipses <= 1) else {
        let found = format!("{named}, and {ellipses} ellipses");
        let expected = format!("of {} axes at most, and one ellipsis", shape.len());
        return Err(operand("begin", expected, found));
    };
    let mut part = Part {
        maps: Vec::new(),
        shape: Vec::new(),
    };
    let all = |part: &mut Part, count: usize| {
        for _ in 0..count {
            let extent = shape[part.maps.len()];
            part.maps.push(IndexMap::all(extent));
            part.shape.push(extent);
        }
    };
    for entry in 0..entries {
        if is_ellipsis(&entry) {
            all(&mut part, rest);
        } else if is_new(&entry) {
            part.shape.push(1);
        } else {
            let entry_of = [begin[entry], end[entry], strides[entry]];
            let extent = shape[part.maps.len()];
            let map = entry_map(entry, entry_of, extent, &masks)?;
            if !Masks::has(masks.shrink, entry) {
                part.shape.push(map.count());
            }
            part.maps.push(map);
        }
    }
    let rest = shape.len() - part.maps.len();
    all(&mut part, rest);
    Ok(part)
}

/// What an entry takes of its axis.
fn entry_map(
    entry: usize,
    [begin, end, stride]: [i64; 3],
    extent: usize,
    masks: &Masks,
) -> Checked<IndexMap> {
    let fault = |what: &str| {
        operand(
            format!("begin, end and stride of axis {entry}"),
            what,
            format!("{begin}, {end} and {stride} for an extent of {extent}"),
        )
    };
    let extent_i = i64::try_from(extent).map_err(|_| fault("of a smaller axis"))?;
    let step = isize::try_from(stride).map_err(|_| fault("of a smaller stride"))?;
    let is_shrunk = Masks::has(masks.shrink, entry);
    if stride == 0 || (is_shrunk && stride < 0) {
        return Err(fault(
            "a stride that is not 0, and positive where the axis is taken out",
        ));
    }
    // Where a bound is clamped to: before the first and behind the last index in its direction.
    let (low, high) = if stride > 0 {
        (0, extent_i)
    } else {
        (-1, extent_i - 1)
    };
    let wrapped = |bound: i64| {
        if bound < 0 {
            bound.saturating_add(extent_i)
        } else {
            bound
        }
    };
    let start = match Masks::has(masks.begin, entry) {
        true if stride > 0 => 0,
        true => extent_i - 1,
        false => wrapped(begin).clamp(low, high),
    };
    let stop = if is_shrunk {
        start + 1
    } else if Masks::has(masks.end, entry) {
        if stride > 0 { extent_i } else { -1 }
    } else {
        let end = if masks.offset {
            end.saturating_add(start)
        } else {
            end
        };
        wrapped(end).clamp(low, high)
    };
    let span = if stride > 0 {
        stop - start
    } else {
        start - stop
    };
    let count = u64::try_from(span)
        .unwrap_or(0)
        .div_ceil(stride.unsigned_abs());
    let map = IndexMap::Range {
        begin: usize::try_from(start).map_err(|_| fault("an index of the axis"))?,
        step,
        count: usize::try_from(count).map_err(|_| fault("fewer indices"))?,
    };
    if map.fits(extent) {
        Ok(map)
    } else {
        Err(fault("one index of the axis or more"))
    }
}
