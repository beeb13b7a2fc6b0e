//! Products of matrices.

use super::bounds::{Bounds, scale};
use crate::arena::Split;
use crate::blob::{Factor, MatMul, Source};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels::{self, Matrices};

pub(super) fn check(params: &MatMul, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let MatMul {
        matrices,
        rows,
        depth,
        columns,
        ..
    } = *params;
    bounds.activation(params.output, &[matrices, rows, columns])?;
    for (factor, lines) in [(&params.a, rows), (&params.b, columns)] {
        if factor.matrices != 1 && factor.matrices != matrices {
            return Err(Fault::Broadcast);
        }
        bounds.zero_point(factor.zero_point)?;
        bounds.source_apart(
            factor.source,
            &[factor.matrices, lines, depth],
            bounds.element,
            params.output,
        )?;
    }
    scale(params.output_scale)?;
    bounds.zero_point(params.output_zero_point)?;
    bounds.ordered(params.min, params.max)
}

#[inline(never)]
pub(super) fn run(params: &MatMul, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    let values = |factor: &Factor| match factor.source {
        Source::Arena(span) => split.input(span),
        Source::Data(span) => data.int8(span),
    };
    let (a, b) = (&params.a, &params.b);
    let depth = params.depth;
    let a = Matrices::new(a, values(a), !a.transposed, params.rows, depth);
    let b = Matrices::new(b, values(b), b.transposed, params.columns, depth);
    kernels::mat_mul(params, a, b, split.output);
}
