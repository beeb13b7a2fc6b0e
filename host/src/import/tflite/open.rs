//! Axes that a file leaves open, fixed before the import looks at them.

use super::model::Model;
use crate::import::{ImportError, Shapes};

/// Closes what the file leaves open, where the given shapes are those that its tensors have: a
/// `shape_signature` of -1 says that an axis may have another extent, `shape` which it has.
///
/// # Errors
/// If a name is not there, or a given shape is not the file's: the shapes of what is computed
/// would be others.
pub(super) fn fix(model: &mut Model<'_>, shapes: &Shapes) -> Result<(), ImportError> {
    if shapes.is_empty() {
        return Ok(());
    }
    let inputs: Vec<_> = model.inputs.iter().map(|(name, _)| name.clone()).collect();
    shapes.check(&[], &inputs)?;
    let mut closed = true;
    for (name, tensor) in &model.inputs {
        let tensor = &model.tensors[*tensor];
        match shapes.of_input(name) {
            Some(given) if given == tensor.shape => {}
            Some(_) => {
                return Err(ImportError::Shape {
                    option: "--input-shape",
                    name: name.clone(),
                    wrong: format!(
                        "is not {:?}, for which the file's tensors are made: convert the model \
                         with that shape (`input_shapes`, or a fixed `input_signature`)",
                        tensor.shape
                    ),
                });
            }
            None => closed &= tensor.dynamic.iter().all(|&axis| axis == 0),
        }
    }
    if closed {
        for tensor in &mut model.tensors {
            let shape = &tensor.shape;
            let is_known = |&axis: &usize| shape.get(axis).is_some_and(|&extent| extent > 0);
            tensor.dynamic.retain(|axis| !is_known(axis));
        }
    }
    Ok(())
}
