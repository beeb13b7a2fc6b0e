//! Which layers have kernels with packed weights, and what these need.

use super::LowerError;
use super::double::Double;
use super::reach::Reach;
use super::shape::{rows_and_depth, window};
use crate::quantize::graph::{DType, QGraph, QNode, QOp, Sums, Weights};
use tiivis_runtime::blob::{Scale, Window2d};
use tiivis_runtime::kernels::Columns;

/// Magnitude that sums of a packed layer stay below: twice of it fits int32.
const MOST_SUM: u64 = 1 << 30;

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
        let reach = Reach::of(filter.iter().copied(), bias, zero_point);
        Double::takes(*scale) && reach.magnitude < MOST_SUM
    };
    weights.zero_point == 0 && weights.sums == Sums::Int32 && channels.into_iter().all(fits)
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
