//! Inputs and outputs of the network: integers, or float32 that is quantized at once or dequantized at
//! last, which the port's scale says already.

use super::failure::{Checked, Failure, operand};
use super::importer::{ANY, INT, Importer, check_size, element_type, only_output, params};
use super::model::{Operator, model_fault};
use super::schema::Type;
use crate::import::ImportError;
use crate::ir::ValueId;
use crate::quantize::graph::{QOp, QPort, QValue};

/// Most axes of a port, the batch included.
const MAX_AXES: usize = tiivis_runtime::blob::MAX_RANK;

/// Defines the inputs that are integers; those of float32 come with what quantizes them. Returns the
/// faults of those that cannot be.
pub(super) fn define_inputs(importer: &mut Importer<'_, '_>) -> Vec<ImportError> {
    let mut faults = Vec::new();
    for (index, (name, tensor)) in importer.model.inputs.iter().enumerate() {
        let element = importer.model.tensors[*tensor].element;
        if element == Type::FLOAT32 {
            continue;
        }
        if let Err(failure) = define_input(importer, index, *tensor) {
            faults.push(at_input(name, failure));
            importer.unknown[*tensor] = true;
        }
    }
    faults
}

/// A fault of an input's tensor as one of the input.
fn at_input(input: &str, failure: Failure) -> ImportError {
    match failure {
        Failure::Model(error) => error,
        Failure::Node(fault) => ImportError::Input {
            input: input.to_owned(),
            found: format!("cannot be read: {fault}"),
            remedy: "convert the model to full int8, with static shapes".to_owned(),
        },
    }
}

/// Defines the input of this index as a tensor of integers: the port's own, or what quantizes it.
fn define_input(importer: &mut Importer<'_, '_>, index: usize, tensor: usize) -> Checked {
    let source = &importer.model.tensors[tensor];
    let dtype = element_type(source, "tensor", &ANY)?;
    check_size(source, "tensor")?;
    if let Some(axis) = source.dynamic.iter().find(|&&axis| axis > 0) {
        let found = format!(
            "axis {axis} of `{}` is dynamic; fix it with --input-shape NAME=N,N,…",
            source.name
        );
        return Err(operand("shape", "fixed but for the batch", found));
    }
    let value = QValue {
        dtype,
        name: source.name.clone(),
        shape: source.shape.clone(),
        params: params(source, "tensor")?,
        constant: None,
    };
    let id = ValueId::from_index(tensor);
    importer.define(tensor, id)?;
    let outer = with_batch(&value)?;
    importer.values[tensor] = Some(value.clone());
    importer.inputs[index] = Some(match outer {
        None => id,
        Some(outer) => {
            let port = importer.add_value(outer);
            importer.nodes.push(crate::quantize::graph::QNode {
                name: format!("{} without batch", value.name),
                op: QOp::Reshape,
                inputs: vec![port],
                output: id,
            });
            port
        }
    });
    Ok(())
}

/// The value with the batch in front, if it is not there.
fn with_batch(value: &QValue) -> Checked<Option<QValue>> {
    if value.shape.first() == Some(&1) && value.shape.len() <= MAX_AXES {
        return Ok(None);
    }
    if value.shape.len() >= MAX_AXES {
        let found = format!("`{}` of shape {:?}", value.name, value.shape);
        return Err(operand(
            "shape",
            "of up to 6 axes, the batch, 1, first",
            found,
        ));
    }
    let mut outer = value.clone();
    outer.shape.insert(0, 1);
    outer.name.push_str(" with batch");
    Ok(Some(outer))
}

/// QUANTIZE of a float32 tensor: an input of the network, and nothing else.
pub(super) fn quantize_input(
    importer: &mut Importer<'_, '_>,
    operator: &Operator<'_>,
    tensor: usize,
) -> Checked {
    let inputs = &importer.model.inputs;
    let Some(index) = inputs.iter().position(|&(_, input)| input == tensor) else {
        let found = format!(
            "`{}` of float32 inside of the network",
            importer.model.tensors[tensor].name
        );
        return Err(operand("input", "int8, or an input of the model", found));
    };
    if let Some(first) = quantized_before(importer, operator, tensor)? {
        importer.define(operator.outputs[0], first)?;
        return Ok(());
    }
    if importer.inputs[index].is_some() {
        let found = format!("`{}`, which is quantized twice", inputs[index].0);
        return Err(operand("input", "quantized once", found));
    }
    define_input(importer, index, operator.outputs[0])
}

/// The value that this input was quantized to before, of the same type, scale and zero point.
fn quantized_before(
    importer: &Importer<'_, '_>,
    operator: &Operator<'_>,
    tensor: usize,
) -> Checked<Option<ValueId>> {
    let result = importer.result_of(operator, &INT)?;
    let mut operators = importer.model.operators.iter();
    let first = operators.find(|first| {
        let reads = first.inputs.first() == Some(&Some(tensor));
        reads && first.index < operator.index && first.name == operator.name
    });
    let value = first.and_then(|first| importer.holds[*first.outputs.first()?]);
    Ok(value.filter(|&value| {
        let value = importer.value(value);
        value.params == result.params && value.dtype == result.dtype && value.shape == result.shape
    }))
}

/// DEQUANTIZE: the float32 output is another view of the quantized values.
pub(super) fn dequantize_output(
    importer: &mut Importer<'_, '_>,
    operator: &Operator<'_>,
    value: ValueId,
) -> Checked {
    let output = only_output(operator)?;
    let tensor = &importer.model.tensors[output];
    if tensor.element != Type::FLOAT32 || tensor.shape != importer.value(value).shape {
        let found = format!(
            "`{}` of {}, shape {:?}",
            tensor.name,
            tensor.element.describe(),
            tensor.shape
        );
        return Err(operand("output", "float32 of the input's shape", found));
    }
    importer.define(output, value)?;
    Ok(())
}

/// The graph's ports.
pub(super) fn ports(
    importer: &mut Importer<'_, '_>,
) -> Result<(Vec<QPort>, Vec<QPort>), ImportError> {
    let model = importer.model;
    let is_unsigned = |tensor: usize| model.tensors[tensor].is_unsigned();
    let mut inputs = Vec::new();
    for (index, (name, tensor)) in model.inputs.iter().enumerate() {
        let value = importer.inputs[index].ok_or_else(|| ImportError::Input {
            input: name.clone(),
            found: "is float32, and nothing quantizes it".to_owned(),
            remedy: "quantize the whole model to int8, or give the float32 one".to_owned(),
        })?;
        inputs.push(port(importer, name, value, is_unsigned(*tensor)));
    }
    if model.outputs.is_empty() {
        return Err(model_fault("has no output".to_owned(), "convert it again"));
    }
    let mut outputs = Vec::new();
    for (name, tensor) in &model.outputs {
        let value = importer.holds[*tensor].ok_or_else(|| ImportError::Output {
            output: name.clone(),
            found: "is computed by no operator",
        })?;
        let outer = with_batch(importer.value(value)).map_err(|_| ImportError::Output {
            output: name.clone(),
            found: "has six axes or more, but not the batch, 1, first",
        })?;
        let value = match outer {
            None => value,
            Some(outer) => importer.push_between(QOp::Reshape, value, outer),
        };
        outputs.push(port(importer, name, value, is_unsigned(*tensor)));
    }
    Ok((inputs, outputs))
}

fn port(importer: &Importer<'_, '_>, name: &str, value: ValueId, unsigned: bool) -> QPort {
    QPort {
        name: name.to_owned(),
        value,
        source_axes: (0..importer.value(value).shape.len()).collect(),
        unsigned,
    }
}
