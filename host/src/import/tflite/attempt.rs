//! Operators one by one, in the file's order, which is that of execution, and what came of each.

use super::arithmetic::Arithmetic;
use super::failure::Failure;
use super::importer::{ANY, Importer};
use super::model::{Budget, Model, Operator, Tensor};
use super::{ops, port};
use crate::import::survey::Verdict;
use crate::import::{ImportError, Network, NodeFault};
use crate::ir::ValueId;
use crate::quantize::graph::QGraph;
use std::collections::BTreeMap;
use tiivis_runtime::blob::Origin;

/// What came of an import.
pub(super) struct Attempt {
    pub(super) network: Result<Network, ImportError>,
    /// One for each operator; fewer if the file itself is at fault.
    pub(super) verdicts: Vec<Verdict>,
}

/// Makes the graph of a model. An operator that is not supported does not end it, so that all of
/// them are found.
pub(super) fn import(model: &Model<'_>, budget: Budget, name: &str) -> Attempt {
    match Arithmetic::of(model) {
        Arithmetic::Int8 | Arithmetic::Int16 | Arithmetic::Uint8 => integers(model, budget, name),
        Arithmetic::Float => {
            let (graph, verdicts) = ops::float::import(model, budget, name);
            let network = graph.map(Network::Float);
            Attempt { network, verdicts }
        }
    }
}

fn integers(model: &Model<'_>, budget: Budget, name: &str) -> Attempt {
    let mut importer = Importer {
        model,
        budget,
        nodes: Vec::new(),
        values: model.tensors.iter().map(|_| None).collect(),
        holds: vec![None; model.tensors.len()],
        inputs: vec![None; model.inputs.len()],
        unknown: vec![false; model.tensors.len()],
        origins: BTreeMap::new(),
        variables: ops::Variables::default(),
        states: Vec::new(),
    };
    let mut faults = port::define_inputs(&mut importer);
    let mut verdicts = Vec::with_capacity(model.operators.len());
    for operator in &model.operators {
        match importer.operator(operator) {
            Ok(Ok(verdict)) => verdicts.push(verdict),
            Ok(Err(fault)) => {
                verdicts.push(Verdict::Unsupported(fault.without_list()));
                faults.push(named(model, operator, fault));
            }
            Err(error) => {
                let network = Err(error);
                return Attempt { network, verdicts };
            }
        }
    }
    let network = match ImportError::all(faults) {
        Some(error) => Err(error),
        None => importer.graph(name).map(Network::Quantized),
    };
    Attempt { network, verdicts }
}

/// Why nothing is said about an operator that reads this tensor.
pub(super) fn undecided(tensor: &Tensor<'_>) -> String {
    let name = &tensor.name;
    format!("reads `{name}`, which depends on what is not supported")
}

/// A fault with its operator: its index and the name of what it computes.
pub(super) fn named(model: &Model<'_>, operator: &Operator<'_>, fault: NodeFault) -> ImportError {
    let output = operator.outputs.first();
    let output = output.map_or("no output", |&tensor| &*model.tensors[tensor].name);
    ImportError::Node {
        node: format!("{}: {output}", operator.index),
        operator: operator.name.to_string(),
        fault: Box::new(fault),
    }
}

impl<'a> Importer<'_, 'a> {
    /// Appends an operator's nodes; an error of the file as a whole, or a fault of the operator.
    fn operator(
        &mut self,
        operator: &Operator<'a>,
    ) -> Result<Result<Verdict, NodeFault>, ImportError> {
        let inputs = operator.inputs.iter().flatten();
        let unknown = inputs.copied().find(|&tensor| self.unknown[tensor]);
        if let (Some(tensor), true) = (unknown, ops::is_supported(operator)) {
            self.doubt(operator);
            let reason = undecided(&self.model.tensors[tensor]);
            self.budget.take(reason.len())?;
            return Ok(Ok(Verdict::Undecided(reason)));
        }
        match ops::import(self, operator) {
            Ok(()) => {
                self.note_origins(operator);
                Ok(Ok(Verdict::Supported))
            }
            Err(Failure::Model(error)) => Err(error),
            Err(Failure::Node(fault)) => {
                self.assume(operator);
                // Faults quote names, which a hostile file makes long and uses often.
                let names = operator.outputs.iter();
                let names = names.map(|&tensor| self.model.tensors[tensor].name.len());
                let len = names.sum::<usize>().saturating_add(fault.to_string().len());
                self.budget.take(len.saturating_mul(2))?;
                Ok(Err(fault))
            }
        }
    }

    /// Takes note of which values are an operator's outputs.
    fn note_origins(&mut self, operator: &Operator<'a>) {
        for &tensor in &operator.outputs {
            let value = ValueId::from_index(tensor);
            let numbers = u32::try_from(operator.index)
                .ok()
                .zip(tensor.try_into().ok());
            // Else it is another view of an earlier tensor's values.
            if let (true, Some((operator, tensor))) = (self.holds[tensor] == Some(value), numbers) {
                self.origins.insert(value, Origin { operator, tensor });
            }
        }
    }

    /// Goes on as if an operator had computed its outputs, so far as the file describes them.
    fn assume(&mut self, operator: &Operator<'a>) {
        for &tensor in &operator.outputs {
            if self.holds[tensor].is_some() {
                continue;
            }
            match self.described(tensor, &ANY) {
                Ok(value) => {
                    self.values[tensor] = Some(value);
                    self.holds[tensor] = Some(ValueId::from_index(tensor));
                }
                Err(_) => self.unknown[tensor] = true,
            }
        }
    }

    /// Says of an operator's outputs that nothing is known.
    fn doubt(&mut self, operator: &Operator<'a>) {
        for &tensor in &operator.outputs {
            self.unknown[tensor] = true;
        }
    }

    fn graph(mut self, name: &str) -> Result<QGraph, ImportError> {
        let (inputs, outputs) = port::ports(&mut self)?;
        Ok(QGraph {
            name: name.to_owned(),
            inputs,
            outputs,
            states: [self.variables.states(), self.states].concat(),
            nodes: self.nodes,
            values: self.values,
            origins: self.origins,
        })
    }
}
