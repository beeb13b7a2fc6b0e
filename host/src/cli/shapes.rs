//! Options that fix what a model file leaves open.

use crate::import::{Dim, InputShape, Shapes};
use clap::Args;

/// Extents that a model file leaves open; a compiled model has none.
#[derive(Debug, Default, Args)]
pub(super) struct ShapeArgs {
    /// Extent of a symbolic axis of a model file, by its name; for each such axis.
    #[arg(long = "dim", value_name = "NAME=N")]
    dims: Vec<Dim>,
    /// Shape of an input of a model file, batch included, where it leaves axes open.
    #[arg(long = "input-shape", value_name = "NAME=N,N,…")]
    input_shapes: Vec<InputShape>,
}

impl ShapeArgs {
    /// What they fix.
    pub(super) fn shapes(&self) -> Shapes {
        Shapes {
            dims: self.dims.clone(),
            inputs: self.input_shapes.clone(),
        }
    }
}
