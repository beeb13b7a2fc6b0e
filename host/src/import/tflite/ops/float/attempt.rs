//! Operators one by one, in the file's order, and what came of each.

use super::super::super::attempt::{named, undecided};
use super::super::super::failure::Failure;
use super::super::super::model::{Budget, Model, Operator, model_fault};
use super::super::super::schema::Type;
use super::importer::{Importer, described_as};
use super::names::Names;
use super::table::row_of;
use crate::import::survey::Verdict;
use crate::import::{ImportError, NodeFault};
use crate::ir::{Graph, Port, ValueId, verify};

/// Makes the float graph of a model, and says of every operator whether it is imported.
pub(in super::super::super) fn import(
    model: &Model<'_>,
    budget: Budget,
    name: &str,
) -> (Result<Graph, ImportError>, Vec<Verdict>) {
    let mut importer = Importer {
        model,
        budget,
        graph: Graph::new(name),
        values: vec![None; model.tensors.len()],
        unknown: vec![false; model.tensors.len()],
        names: Names::of(model.tensors.iter().map(|tensor| &*tensor.name)),
    };
    let mut faults = importer.inputs();
    let mut verdicts = Vec::with_capacity(model.operators.len());
    for operator in &model.operators {
        match importer.verdict(operator) {
            Ok((verdict, fault)) => {
                verdicts.push(verdict);
                faults.extend(fault);
            }
            Err(error) => return (Err(error), verdicts),
        }
    }
    let graph = match ImportError::all(faults) {
        Some(error) => Err(error),
        None => importer.finish(),
    };
    (graph, verdicts)
}

impl<'a> Importer<'_, 'a> {
    /// Defines the inputs; returns the faults of those that cannot be.
    fn inputs(&mut self) -> Vec<ImportError> {
        let mut faults = Vec::new();
        for (name, tensor) in &self.model.inputs {
            let fault = match self.input(name, *tensor) {
                Ok(()) => continue,
                Err(Failure::Model(error)) => error,
                Err(Failure::Node(fault)) => ImportError::Input {
                    input: name.clone(),
                    found: format!("cannot be read: {fault}"),
                    remedy: "export the model with static shapes".to_owned(),
                },
            };
            faults.push(fault);
            self.unknown[*tensor] = true;
        }
        faults
    }

    fn input(&mut self, name: &str, tensor: usize) -> Result<(), Failure> {
        let described = self.described(tensor)?;
        let source = &self.model.tensors[tensor];
        if source.element != Type::FLOAT32 || source.oddity.is_some() {
            let found = source.oddity.map_or(source.element.describe(), Into::into);
            return Err(Failure::Model(ImportError::Input {
                input: name.to_owned(),
                found: format!("is {found}"),
                remedy: "inputs of float models are plain float32".to_owned(),
            }));
        }
        if let Some(axis) = source.dynamic.iter().find(|&&axis| axis > 0) {
            return Err(Failure::Model(ImportError::Input {
                input: name.to_owned(),
                found: format!("has a dynamic axis, {axis}"),
                remedy:
                    "fix the shape with --input-shape NAME=N,N,…, or export the model with static \
                         shapes but for the batch"
                        .to_owned(),
            }));
        }
        let value = self.graph.add_activation(described.name, described.shape);
        self.define(tensor, value)?;
        self.graph.inputs.push(self.port(name, value));
        Ok(())
    }

    fn port(&self, name: &str, value: ValueId) -> Port {
        Port {
            name: name.to_owned(),
            value,
            source_axes: (0..self.graph.shape(value).len()).collect(),
        }
    }

    /// Appends an operator's nodes: what came of it, and its fault. An operator that is not
    /// supported does not end the import, so that all of them are found.
    fn verdict(
        &mut self,
        operator: &Operator<'a>,
    ) -> Result<(Verdict, Option<ImportError>), ImportError> {
        if operator.absorbed {
            return Ok((Verdict::Supported, None));
        }
        let row = row_of(&operator.name);
        let mut inputs = operator.inputs.iter().flatten().copied();
        let unknown = inputs.find(|&tensor| self.unknown[tensor]);
        if let (Some(tensor), Some(_)) = (unknown, &row) {
            for &output in &operator.outputs {
                self.unknown[output] = true;
            }
            let reason = undecided(&self.model.tensors[tensor]);
            self.budget.take(reason.len())?;
            return Ok((Verdict::Undecided(reason), None));
        }
        let imported = match row {
            Some(row) => (row.import)(self, operator),
            None => Err(Failure::Node(NodeFault::Operator {
                nearest: "not of float32, that is: quantize the model to int8 if it is supported \
                          there"
                    .to_owned(),
            })),
        };
        match imported {
            Ok(()) => Ok((Verdict::Supported, None)),
            Err(Failure::Model(error)) => Err(error),
            Err(Failure::Node(fault)) => {
                self.assume(operator);
                // Faults quote names, which a hostile file makes long and uses often.
                self.budget
                    .take(fault.to_string().len().saturating_mul(4))?;
                let verdict = Verdict::Unsupported(fault.without_list());
                Ok((verdict, Some(named(self.model, operator, fault))))
            }
        }
    }

    /// Goes on as if an operator had computed its outputs, so far as the file describes them.
    fn assume(&mut self, operator: &Operator<'a>) {
        for &tensor in &operator.outputs {
            if self.values[tensor].is_some() {
                continue;
            }
            match described_as(&self.model.tensors[tensor]) {
                Ok(value) => {
                    let value = self.graph.add_activation(value.name, value.shape);
                    self.values[tensor] = Some(value);
                }
                Err(_) => self.unknown[tensor] = true,
            }
        }
    }

    fn finish(mut self) -> Result<Graph, ImportError> {
        if self.model.outputs.is_empty() {
            return Err(model_fault("has no output".to_owned(), "convert it again"));
        }
        for (name, tensor) in &self.model.outputs {
            let is_constant = self.model.tensors[*tensor].data.is_some();
            let value = self.values[*tensor].filter(|_| !is_constant);
            let value = value.ok_or_else(|| ImportError::Output {
                output: name.clone(),
                found: "is computed by no operator",
            })?;
            let port = self.port(name, value);
            self.graph.outputs.push(port);
        }
        self.graph.compact();
        verify(&self.graph)
            .map_err(|error| model_fault(format!("is not sound: {error}"), "convert it again"))?;
        Ok(self.graph)
    }
}
