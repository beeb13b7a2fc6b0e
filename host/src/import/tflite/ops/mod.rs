//! The operators, a file for each family, and the table that names them.

mod blocks;
mod choice;
mod convert;
mod elementwise;
pub(super) mod float;
mod index;
mod int16;
mod integer;
mod island;
mod lstm;
mod memory;
mod moves;
mod options;
mod product;
mod reduce;
mod slice;
mod state;
mod svdf;
mod table;
mod take;
mod unary;
mod weighted;
mod window;

use super::failure::Checked;
use super::importer::Importer;
use super::model::Operator;
use super::unsigned;
use crate::import::{NodeFault, Precision};

pub(super) use island::fuse as fuse_islands;
pub(super) use options::axis_option;
pub(super) use state::Variables;
pub(super) use table::{ROWS, row_of};
pub(super) use take::{Part, Request, numbers, taken};
pub(super) use window::is_plain;

/// Whether a row of the table names the operator.
pub(super) fn is_supported(operator: &Operator<'_>) -> bool {
    operator.is_island || row_of(&operator.name).is_some()
}

/// Appends the nodes of an operator.
pub(super) fn import<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if operator.absorbed {
        return Ok(());
    }
    if operator.is_island {
        return island::import(importer, operator);
    }
    let row = row_of(&operator.name).ok_or_else(|| unsupported(&operator.name))?;
    let takes_uint8 = row.precisions.contains(&Precision::Uint8);
    unsigned::check(importer.model, operator, takes_uint8)?;
    (row.import)(importer, operator)
}

/// The fault of an operator that no row names.
fn unsupported(operator: &str) -> NodeFault {
    let nearest = match operator {
        "WHILE" | "IF" | "CALL" | "STABLEHLO_WHILE" => {
            "its numbers decide how many steps a run takes: convert the network with its loops \
             unrolled (Keras: `unroll=True`) or one step a run, with what it remembers in variables"
                .to_owned()
        }
        "RNN"
        | "LSTM"
        | "UNIDIRECTIONAL_SEQUENCE_RNN"
        | "BIDIRECTIONAL_SEQUENCE_RNN"
        | "BIDIRECTIONAL_SEQUENCE_LSTM" => {
            "TensorFlow Lite Micro has no kernel for it; UNIDIRECTIONAL_SEQUENCE_LSTM, SVDF and \
             cells unrolled to small operators are supported"
                .to_owned()
        }
        _ => {
            let names: Vec<&str> = ROWS.iter().map(|row| row.operator).collect();
            format!("supported: {}", names.join(", "))
        }
    };
    NodeFault::Operator { nearest }
}
