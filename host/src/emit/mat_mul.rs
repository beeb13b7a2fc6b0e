//! Products of matrices.

use super::EmitError;
use super::elementwise::scale;
use super::steps::Emitter;
use crate::lower::mat_mul as sizes;
use crate::quantize::graph::{DType, QClamp, QNode};
use tiivis_runtime::blob::{Factor, MatMul, Op};

/// TFLM's `BATCH_MATMUL` (`kernels/batch_matmul.cc`): the sums are scaled by `a · b / output`, in
/// double precision.
pub(super) fn mat_mul(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    transposed: [bool; 2],
    clamp: QClamp,
) -> Result<Op, EmitError> {
    let graph = emitter.graph;
    let [a, b] = [node.inputs[0], node.inputs[1]].map(|id| graph.value(id));
    let output = graph.value(node.output);
    let sizes = sizes(node, [a, b], output, transposed)?;
    let real =
        f64::from(a.params.scale) * f64::from(b.params.scale) / f64::from(output.params.scale);
    // Every sum fits 31 bits, see the sizes' limit on depth; how far it may be shifted left is what
    // the depth leaves.
    let reach: u64 = match output.dtype {
        DType::I8 | DType::I32 | DType::Bool => 255 * 255,
        // Sums of int64, of which only the result must fit.
        DType::I16 => 1 << 30,
    };
    let products = u64::from(sizes.depth) * reach;
    let spare = products.leading_zeros().cast_signed() - 33;
    let spare = i8::try_from(spare.max(-31)).unwrap_or(0);
    let mut factor = |index: usize| -> Result<Factor, EmitError> {
        Ok(Factor {
            source: emitter.source(node.inputs[index])?,
            matrices: sizes.matrices[index],
            transposed: transposed[index],
            zero_point: [a, b][index].params.zero_point,
        })
    };
    Ok(Op::MatMul(MatMul {
        a: factor(0)?,
        b: factor(1)?,
        output: emitter.activation(node.output)?,
        matrices: sizes.matrices[2],
        rows: sizes.rows,
        depth: sizes.depth,
        columns: sizes.columns,
        output_scale: scale(
            node,
            "the product of the factors' scales over the output's",
            real,
            spare,
        )?,
        output_zero_point: output.params.zero_point,
        min: clamp.min,
        max: clamp.max,
    }))
}
