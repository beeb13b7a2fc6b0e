//! What is in a file: its own operators, before anything is folded or fused.

use super::arithmetic::Arithmetic;
use super::model::{Budget, Model, Operator, Tensor};
use super::{attempt, format_of, open, read};
use crate::import::survey::{
    OperatorSurvey, Quantization, Survey, TensorSurvey, Verdict, product, wide,
};
use crate::import::{ImportError, Shapes};
use std::collections::BTreeSet;

/// Every operator of a model, in the file's order, and whether it is imported or why not.
///
/// # Errors
/// If the file is truncated, damaged or no TFLite model.
pub fn survey(bytes: &[u8]) -> Result<Survey, ImportError> {
    survey_with(bytes, &Shapes::default())
}

/// [`survey`], with the shapes of inputs that the file leaves open.
///
/// # Errors
/// Those of [`survey`], and if a shape is not the file's or its input not there.
pub fn survey_with(bytes: &[u8], shapes: &Shapes) -> Result<Survey, ImportError> {
    let (mut file, mut names) = Model::read(bytes)?;
    open::fix(&mut file, shapes)?;
    let (mut model, budget) = read(bytes, shapes)?;
    let arithmetic = Arithmetic::of(&model);
    let (attempt, batch) = attempt(&mut model, &budget, "survey");
    let verdicts = attempt.verdicts;
    let mut faults = Vec::new();
    if let Err(error) = attempt.network {
        if verdicts.len() < file.operators.len() {
            return Err(error);
        }
        note_faults(error, &verdicts, &mut faults);
    }
    let format = format_of(arithmetic, batch);
    let mut tensors = |indices: &[usize]| -> Result<Vec<TensorSurvey>, ImportError> {
        let tensors = indices.iter();
        tensors
            .map(|&index| tensor(&file.tensors[index], &mut names))
            .collect()
    };
    let mut operators = Vec::with_capacity(verdicts.len());
    for (operator, verdict) in file.operators.iter().zip(verdicts) {
        let outputs = tensors(&operator.outputs)?;
        operators.push(OperatorSurvey {
            index: operator.index,
            operator: operator.name.to_string(),
            name: outputs
                .first()
                .map(|output| output.name.clone())
                .unwrap_or_default(),
            outputs,
            constants: tensors(&constants(&file, operator))?,
            // Of one sample: the batch of the attempt's model is taken out.
            macs: macs(&model, operator),
            verdict,
        });
    }
    let mut port = |ports: &[(String, usize)]| -> Result<Vec<TensorSurvey>, ImportError> {
        let ports = ports.iter().map(|(name, index)| {
            Ok(TensorSurvey {
                name: name.clone(),
                ..tensor(&file.tensors[*index], &mut names)?
            })
        });
        ports.collect()
    };
    let (inputs, outputs) = (port(&file.inputs)?, port(&file.outputs)?);
    let read: BTreeSet<usize> = file
        .operators
        .iter()
        .flat_map(|operator| constants(&file, operator))
        .collect();
    let read = read.iter().map(|&index| &file.tensors[index]);
    let elements = read.clone().map(|tensor| product(&tensor.shape));
    let bytes = read.filter_map(|tensor| tensor.data.as_ref().map(|data| data.len()));
    Ok(Survey {
        format,
        inputs,
        outputs,
        operators,
        parameters: elements.fold(0, u64::saturating_add),
        parameter_bytes: wide(bytes.fold(0, usize::saturating_add)),
        faults,
    })
}

/// What is at fault besides operators, which have a verdict each.
fn note_faults(error: ImportError, verdicts: &[Verdict], faults: &mut Vec<String>) {
    match error {
        ImportError::Several(errors) => {
            for error in errors {
                note_faults(error, verdicts, faults);
            }
        }
        ImportError::Node { .. } => {}
        // What an operator that is not supported would have computed is no fault of its own.
        ImportError::Output { .. }
            if verdicts
                .iter()
                .any(|verdict| *verdict != Verdict::Supported) => {}
        error => faults.push(error.to_string()),
    }
}

/// The constants that an operator reads, each once.
fn constants(file: &Model<'_>, operator: &Operator<'_>) -> Vec<usize> {
    let inputs: BTreeSet<usize> = operator.inputs.iter().copied().flatten().collect();
    let is_constant = |&index: &usize| file.tensors[index].data.is_some();
    inputs.into_iter().filter(is_constant).collect()
}

fn tensor(tensor: &Tensor<'_>, budget: &mut Budget) -> Result<TensorSurvey, ImportError> {
    let quantization = &tensor.quantization;
    let scales = quantization.scales;
    budget.take(tensor.name.len() + 4 * scales.len() + 8 * quantization.zero_point_count())?;
    let shape = tensor.shape.iter().enumerate().map(|(axis, &extent)| {
        let is_open = axis > 0 && tensor.dynamic.contains(&axis);
        (!is_open).then_some(extent)
    });
    Ok(TensorSurvey {
        name: tensor.name.clone(),
        shape: Some(shape.collect()),
        dtype: tensor.element.name().into_owned(),
        quantization: (scales.len() > 0).then(|| Quantization {
            scales: scales.elements().map(f32::from_le_bytes).collect(),
            zero_points: quantization.zero_points().collect(),
            axis: (scales.len() > 1).then(|| quantization.axis.into()),
        }),
        bytes: wide(tensor.data.as_ref().map_or(0, |data| data.len())),
    })
}

/// Multiply-accumulate operations of an operator; 0 of one that has none. Layouts of filters:
/// `tensorflow/lite/kernels/conv.cc` and the like.
fn macs(model: &Model<'_>, operator: &Operator<'_>) -> Option<u64> {
    let output = operator.outputs.first();
    let output = output.map_or(&[][..], |&index| &model.tensors[index].shape);
    let input = |index: usize| -> Option<&[usize]> {
        let tensor = operator.inputs.get(index).copied().flatten()?;
        Some(&model.tensors[tensor].shape)
    };
    // What a filter does for each number of the output.
    let each = |taps: Option<&[usize]>| Some(product(output).saturating_mul(product(taps?)));
    match &*operator.name {
        "CONV_2D" => each(input(1)?.get(1..)),
        "CONV_3D" => each(input(1)?.get(..4)),
        "DEPTHWISE_CONV_2D" => each(input(1)?.get(1..3)),
        "FULLY_CONNECTED" => each(input(1)?.last().map(std::slice::from_ref)),
        // Every input is multiplied with every tap of every filter.
        "TRANSPOSE_CONV" => {
            let taps = product(input(1)?.get(..3)?);
            Some(product(input(2)?).saturating_mul(taps))
        }
        "BATCH_MATMUL" => {
            let is_swapped = operator
                .options
                .and_then(|(_, options)| options.bool(0).ok())
                .unwrap_or(false);
            let depth = input(0)?.iter().rev().nth(usize::from(is_swapped));
            each(depth.map(std::slice::from_ref))
        }
        "SVDF" => {
            let batch = product(input(0)?.get(..1)?);
            let filters = product(input(1)?).saturating_add(product(input(2)?));
            Some(batch.saturating_mul(filters))
        }
        // Each gate multiplies with its matrices once for each moment of each sample.
        "UNIDIRECTIONAL_SEQUENCE_LSTM" => {
            let moments = product(input(0)?.get(..2)?);
            // Of the input and the state before for each gate, and of the projection.
            let matrices = (1..=8).chain([16]).filter_map(input).map(product);
            Some(moments.saturating_mul(matrices.fold(0, u64::saturating_add)))
        }
        _ => Some(0),
    }
}
