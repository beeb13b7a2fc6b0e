//! Extents that a file leaves open, fixed before the import looks at them.

use crate::import::{ImportError, Shapes};
use rten_onnx::onnx::{Dimension, GraphProto, TensorShapeProto, ValueInfoProto};

/// Writes the given extents into the shapes of the graph's inputs; what is open elsewhere follows
/// from them.
///
/// # Errors
/// If a name is not there, or a given shape contradicts the file's.
pub(super) fn fix(graph: &mut GraphProto, shapes: &Shapes) -> Result<(), ImportError> {
    if shapes.is_empty() {
        return Ok(());
    }
    let inputs: Vec<_> = graph
        .input
        .iter()
        .filter_map(|info| info.name.clone())
        .collect();
    let dims = graph.input.iter().filter_map(shape);
    let names = dims.flat_map(|shape| shape.dim.iter().filter_map(|dim| dim.dim_param.clone()));
    shapes.check(&names.collect::<Vec<_>>(), &inputs)?;
    for info in &mut graph.input {
        let name = info.name.clone().unwrap_or_default();
        let kind = info
            .r#type
            .as_mut()
            .and_then(|kind| kind.tensor_type.as_mut());
        let Some(kind) = kind else { continue };
        if let Some(given) = shapes.of_input(&name) {
            let found = kind.shape.get_or_insert_with(|| TensorShapeProto {
                dim: vec![Dimension::default(); given.len()],
            });
            fix_shape(&name, found, given)?;
        }
        for dim in kind.shape.iter_mut().flat_map(|shape| &mut shape.dim) {
            let extent = dim.dim_param.as_deref().and_then(|dim| shapes.of_dim(dim));
            if let Some(extent) = extent {
                set(dim, extent);
            }
        }
    }
    Ok(())
}

fn shape(info: &ValueInfoProto) -> Option<&TensorShapeProto> {
    info.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()
}

fn fix_shape(
    input: &str,
    shape: &mut TensorShapeProto,
    given: &[usize],
) -> Result<(), ImportError> {
    let wrong = |wrong: String| ImportError::Shape {
        option: "--input-shape",
        name: input.to_owned(),
        wrong,
    };
    if shape.dim.len() != given.len() {
        let found = shape.dim.len();
        return Err(wrong(format!(
            "has {} extents, the input {found}",
            given.len()
        )));
    }
    for (axis, (dim, &extent)) in shape.dim.iter_mut().zip(given).enumerate() {
        match dim.dim_value {
            Some(fixed) if fixed > 0 && i64::try_from(extent) != Ok(fixed) => {
                return Err(wrong(format!(
                    "is {extent} along axis {axis}, where the file fixes {fixed}"
                )));
            }
            Some(_) | None => set(dim, extent),
        }
    }
    Ok(())
}

fn set(dim: &mut Dimension, extent: usize) {
    dim.dim_value = i64::try_from(extent).ok();
    dim.dim_param = None;
}
