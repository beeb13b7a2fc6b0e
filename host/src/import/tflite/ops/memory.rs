//! Variable tensors: what an operator itself remembers from one run to the next.

use super::super::failure::{Checked, operand};
use super::super::importer::{Importer, check_size, elements, params_of, type_of};
use super::super::model::{Operator, VARIABLE};
use crate::ir::ValueId;
use crate::quantize::graph::{DType, Initial, QState, QValue};

/// The variable tensor of so many numbers of one of these types that an operator reads and changes
/// in this place, which becomes a state of the graph.
///
/// Before the first run TFLM fills int8 ones with their zero point and others with zeros
/// (`MicroInterpreterGraph::ResetVariableTensors`).
pub(super) fn variable<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    (index, what): (usize, &str),
    numbers: usize,
    types: &[DType],
) -> Checked<ValueId> {
    let (id, tensor) = importer.tensor(operator, index, what)?;
    if tensor.oddity != Some(VARIABLE) || tensor.data.is_some() {
        let found = format!("`{}`", tensor.name);
        return Err(operand(what, "a variable tensor without data", found));
    }
    let element = type_of(tensor, what, types)?;
    check_size(tensor, what)?;
    if elements(&tensor.shape) != Some(numbers) {
        let found = format!("`{}` of shape {:?}", tensor.name, tensor.shape);
        return Err(operand(what, format!("of {numbers} numbers"), found));
    }
    if importer.holds[id].is_some() {
        let found = format!("`{}`, which another one has", tensor.name);
        return Err(operand(what, "one operator's alone", found));
    }
    let params = params_of(tensor, what, element)?;
    let value = ValueId::from_index(id);
    importer.define(id, value)?;
    importer.values[id] = Some(QValue {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: element,
        params,
        constant: None,
    });
    let fill = match element {
        DType::I8 => i8::try_from(params.zero_point).unwrap_or(0),
        DType::I16 | DType::I32 | DType::Bool => 0,
    };
    importer.states.push(QState {
        name: tensor.name.clone(),
        value,
        next: None,
        initial: Initial::Fill(fill),
    });
    Ok(value)
}
