//! Which layers have kernels with packed weights, and what these need.

use super::LowerError;
use super::shape::{rows_and_depth, window};
use crate::quantize::graph::{DType, QGraph, QNode, QOp, Sums, Weights};
use tiivis_runtime::blob::{Scale, Window2d};
use tiivis_runtime::kernels::Columns;

/// Magnitude that sums of a packed layer stay below: twice of it fits int32.
const MOST_SUM: u64 = 1 << 30;
/// Most bits that [`blob::Finish::Rounded`] shifts by: with the zero point in their place, and a sum, still
/// int32.
const MOST_SHIFT: i8 = 22;

/// The kernel of a layer with packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// A convolution of one group of this geometry.
    Conv2d(Window2d),
    /// One row.
    Dense,
}

/// Scratch of a node's kernel with packed weights, if it has one.
pub(super) fn scratch_bytes(graph: &QGraph, node: &QNode) -> Result<Option<u32>, LowerError> {
    let Some(product) = product(graph, node)? else {
        return Ok(None);
    };
    let (_, in_c) = rows_and_depth(node, &graph.value(node.inputs[0]).shape)?;
    Ok(match product {
        Product::Conv2d(window) => {
            let columns = Columns::of_window(&window, in_c);
            columns.map(|columns| columns.conv_scratch_bytes(&window))
        }
        Product::Dense => {
            let columns = Columns::of_features(in_c);
            columns.map(|columns| columns.dense_scratch_bytes())
        }
    })
}

/// The kernel with packed weights that a node has, if any.
pub(crate) fn product(graph: &QGraph, node: &QNode) -> Result<Option<Product>, LowerError> {
    let [input, output] = [node.inputs[0], node.output].map(|id| graph.value(id));
    let (geometry, weights) = match &node.op {
        QOp::Conv2d {
            window,
            groups: 1,
            weights,
            ..
        } => (Some(window), weights),
        QOp::Dense { weights, .. } => (None, weights),
        _ => return Ok(None),
    };
    let types = [input.dtype, output.dtype];
    if types != [DType::I8; 2] || !is_packable(weights, input.params.zero_point) {
        return Ok(None);
    }
    Ok(Some(match geometry {
        Some(geometry) => Product::Conv2d(window(node, geometry, &input.shape, &output.shape)?),
        None => match rows_and_depth(node, &input.shape)?.0 {
            1 => Product::Dense,
            rows => Product::Conv2d(one_tap(rows)),
        },
    }))
}

/// Whether the packed kernels can compute a layer that lowers, channel by channel.
fn is_packable(weights: &Weights, zero_point: i32) -> bool {
    let taps = weights.weights.len() / weights.bias.len().max(1);
    let filters = weights.weights.chunks_exact(taps.max(1));
    let channels = filters.zip(weights.bias.iter().zip(&weights.scales));
    let fits = |(filter, (&bias, scale)): (&[i8], (&i64, &Scale))| {
        let has_scale = scale.multiplier == 0 || (-MOST_SHIFT..0).contains(&scale.shift);
        has_scale && Reach::of(filter, bias, zero_point).magnitude < MOST_SUM
    };
    weights.zero_point == 0 && weights.sums == Sums::Int32 && channels.into_iter().all(fits)
}

/// What the sums of a channel can become, over inputs of int8 with the zero point in the bias.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The bias, less the products of the zero point.
    pub(crate) bias: i64,
    /// Least sum, bias included.
    pub(crate) least: i64,
    /// Largest sum.
    pub(crate) most: i64,
    /// What no part of the sum exceeds, in any order of summation.
    pub(crate) magnitude: u64,
}

impl Reach {
    pub(crate) fn of(filter: &[i8], bias: i64, zero_point: i32) -> Self {
        let (least, most) = (i64::from(i8::MIN), i64::from(i8::MAX));
        let weights = || filter.iter().map(|&w| i64::from(w));
        let positive: i64 = weights().filter(|&w| w > 0).sum();
        let negative: i64 = weights().filter(|&w| w < 0).sum();
        let bias = bias - i64::from(zero_point) * (positive + negative);
        let magnitude = (positive - negative) * -least + bias.abs();
        Self {
            bias,
            least: bias + positive * least + negative * most,
            most: bias + positive * most + negative * least,
            magnitude: magnitude.unsigned_abs(),
        }
    }
}

/// One tap over as many rows of one pixel: what a fully connected layer of several rows is.
pub(crate) const fn one_tap(rows: u32) -> Window2d {
    Window2d {
        in_h: rows,
        in_w: 1,
        out_h: rows,
        out_w: 1,
        kernel_h: 1,
        kernel_w: 1,
        stride_h: 1,
        stride_w: 1,
        dilation_h: 1,
        dilation_w: 1,
        pad_top: 0,
        pad_left: 0,
    }
}
