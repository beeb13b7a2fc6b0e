//! Variables: what a streaming network remembers from one run to the next.
//!
//! A variable is known by container and name, whatever handle reads it. The first read before an
//! assignment makes it a state of the graph; what is assigned last is what the next run reads. Reads
//! after an assignment read what was assigned, at once, as TFLM does. Before the first run a
//! variable's bytes are what `CALL_ONCE`'s subgraph assigns; without one they are the zero point of
//! what the first assignment assigns (TFLM's `MicroResourceVariables::Allocate`, which is not the
//! zero point that they are read with).

use super::super::failure::{Checked, Failure, operand};
use super::super::flatbuffer::Table;
use super::super::importer::{Importer, only_output};
use super::super::model::{Operator, Tensor};
use super::options::{kind, required, same_params, shaped};
use crate::import::NodeFault;
use crate::ir::ValueId;
use crate::quantize::graph::{DType, Initial, QState};
use std::collections::HashMap;
use std::sync::Arc;

/// Container and name.
type Key<'a> = (&'a [u8], &'a [u8]);

/// A variable while the operators are walked.
#[derive(Default)]
struct Variable {
    /// What `CALL_ONCE` assigns.
    initial: Option<Arc<[i8]>>,
    /// Zero point of what the first assignment assigns.
    fill: Option<i8>,
    /// What the first read of a run reads.
    state: Option<ValueId>,
    /// What a read reads now.
    current: Option<ValueId>,
}

/// The variables of a model, and the tensors that are handles of them.
#[derive(Default)]
pub(in crate::import::tflite) struct Variables<'a> {
    by_key: HashMap<Key<'a>, usize>,
    all: Vec<Variable>,
    handles: HashMap<usize, usize>,
}

impl<'a> Variables<'a> {
    fn index(&mut self, key: Key<'a>) -> usize {
        let next = self.all.len();
        let index = *self.by_key.entry(key).or_insert(next);
        if index == next {
            self.all.push(Variable::default());
        }
        index
    }

    /// The states, after the last operator.
    pub(in crate::import::tflite) fn states(self) -> Vec<QState> {
        let mut names = vec![String::new(); self.all.len()];
        for ((_, name), index) in self.by_key {
            names[index] = String::from_utf8_lossy(name).into_owned();
        }
        let variables = self.all.into_iter().zip(names);
        let states = variables.filter_map(|(variable, name)| {
            let value = variable.state?;
            Some(QState {
                name,
                value,
                next: variable.current.filter(|&current| current != value),
                initial: match variable.initial {
                    Some(bytes) => Initial::Bytes(bytes),
                    None => Initial::Fill(variable.fill.unwrap_or(0)),
                },
            })
        });
        states.collect()
    }
}

/// Container and name in the options of a `VAR_HANDLE`.
fn key<'a>(operator: &Operator<'a>) -> Checked<Key<'a>> {
    let options: Table<'a> = required(operator, kind::VAR_HANDLE)?;
    Ok((options.string(0)?, options.string(1)?))
}

/// `VAR_HANDLE`.
pub(super) fn handle<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let tensor = only_output(operator)?;
    let variable = importer.variables.index(key(operator)?);
    importer.variables.handles.insert(tensor, variable);
    Ok(())
}

/// The variable that an operator's first input is a handle of.
fn variable<'a>(importer: &Importer<'_, 'a>, operator: &Operator<'a>) -> Checked<usize> {
    let (id, tensor) = importer.tensor(operator, 0, "handle")?;
    let variable = importer.variables.handles.get(&id);
    variable.copied().ok_or_else(|| {
        let found = format!("`{}`", tensor.name);
        operand("handle", "an output of VAR_HANDLE before", found)
    })
}

/// `READ_VARIABLE`.
pub(super) fn read<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let variable = variable(importer, operator)?;
    let result = importer.result(operator)?;
    let tensor = operator.outputs[0];
    if let Some(current) = importer.variables.all[variable].current {
        let held = importer.value(current);
        shaped(&result, &held.shape)?;
        same_params(held, &result)?;
        return Ok(importer.define(tensor, current)?);
    }
    let value = ValueId::from_index(tensor);
    importer.define(tensor, value)?;
    importer.values[tensor] = Some(result);
    let variable = &mut importer.variables.all[variable];
    variable.state = Some(value);
    variable.current = Some(value);
    Ok(())
}

/// `ASSIGN_VARIABLE`.
pub(super) fn assign<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let variable = variable(importer, operator)?;
    let value = importer.activation_or_constant_of(operator, 1, "value", &[DType::I8])?;
    let zero_point = importer.value(value).params.zero_point;
    let variable = &mut importer.variables.all[variable];
    variable.current = Some(value);
    variable.fill = variable.fill.or(i8::try_from(zero_point).ok());
    Ok(())
}

/// `CALL_ONCE`: a subgraph that assigns constants, before anything reads or assigns.
pub(super) fn call_once<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let index = required(operator, kind::CALL_ONCE)?.i32(0, 0)?;
    let model = importer.model;
    let found = usize::try_from(index).ok();
    let Some((tensors, operators)) = found.and_then(|index| model.initializers.get(&index)) else {
        return Err(operand("subgraph", "one of the file", index.to_string()));
    };
    let mut handles = HashMap::new();
    for operator in operators {
        match &*operator.name {
            "VAR_HANDLE" => {
                let variable = importer.variables.index(key(operator)?);
                handles.extend(operator.outputs.iter().map(|&tensor| (tensor, variable)));
            }
            "ASSIGN_VARIABLE" => initial(importer, (tensors, &handles), operator)?,
            name => {
                let nearest =
                    format!("{name} in the subgraph; supported: VAR_HANDLE, ASSIGN_VARIABLE");
                return Err(Failure::Node(NodeFault::Operator { nearest }));
            }
        }
    }
    Ok(())
}

/// A constant that a variable is set to before the first run.
fn initial<'a>(
    importer: &mut Importer<'_, 'a>,
    (tensors, handles): (&[Tensor<'a>], &HashMap<usize, usize>),
    operator: &Operator<'a>,
) -> Checked {
    let &[Some(handle), Some(value)] = operator.inputs.as_slice() else {
        let found = operator.inputs.len().to_string();
        return Err(operand("number of inputs of ASSIGN_VARIABLE", "2", found));
    };
    let Some(&variable) = handles.get(&handle) else {
        let found = format!("`{}`", tensors[handle].name);
        return Err(operand(
            "handle in the subgraph",
            "an output of VAR_HANDLE before",
            found,
        ));
    };
    if importer.variables.all[variable].current.is_some() {
        let found = "a read or an assignment before it";
        return Err(operand("variable", "not used before CALL_ONCE", found));
    }
    let bytes = importer.int8_data(&tensors[value], "initial value")?;
    importer.variables.all[variable].initial = Some(bytes);
    Ok(())
}
