//! Pooling.

use super::super::super::failure::Checked;
use super::super::super::model::Operator;
use super::super::options::{kind, required};
use super::super::window::{Slide, map, pool_slide};
use super::importer::{Importer, fused};
use crate::ir::{AvgPool2d, Clamp, Op, Pool2d, ValueId, Window2d};

/// The input, window and clamp of a pool.
fn pool<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked<(ValueId, Window2d, Option<Clamp>)> {
    let options = required(operator, kind::POOL_2D)?;
    let input = importer.activation(operator, 0, "input")?;
    let (size, _) = map(importer.shape_of(operator, 0)?, "input")?;
    let Slide { window, .. } = pool_slide(options, size)?;
    Ok((input, window, fused(Some(options), 5)?))
}

pub(super) fn max_pool<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (input, window, clamp) = pool(importer, operator)?;
    importer.push(
        operator,
        Op::MaxPool2d(Pool2d { window, clamp }),
        vec![input],
    )
}

/// Padding is not part of the mean.
pub(super) fn average_pool<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let (input, window, clamp) = pool(importer, operator)?;
    let pool = AvgPool2d {
        window,
        count_include_pad: false,
        clamp,
    };
    importer.push(operator, Op::AvgPool2d(pool), vec![input])
}
