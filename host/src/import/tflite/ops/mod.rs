//! The operators, a file for each family, and the table that names them.

mod elementwise;
mod moves;
mod options;
mod product;
mod state;
mod table;
mod unary;
mod weighted;
mod window;

use super::failure::Checked;
use super::importer::Importer;
use super::model::Operator;
use crate::import::NodeFault;

pub(super) use state::Variables;
pub(super) use table::{ROWS, row_of};

/// Whether a row of the table names the operator.
pub(super) fn is_supported(operator: &Operator<'_>) -> bool {
    row_of(&operator.name).is_some()
}

/// Appends the nodes of an operator.
pub(super) fn import<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let row = row_of(&operator.name).ok_or_else(unsupported)?;
    (row.import)(importer, operator)
}

/// The fault of an operator that no row names.
fn unsupported() -> NodeFault {
    let names: Vec<&str> = ROWS.iter().map(|row| row.operator).collect();
    NodeFault::Operator {
        nearest: format!("supported: {}", names.join(", ")),
    }
}
