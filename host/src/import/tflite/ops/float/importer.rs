//! The float graph under construction, and what operators ask of tensors.

use super::super::super::failure::{Checked, operand, option};
use super::super::super::flatbuffer::Table;
use super::super::super::importer::{check_plain, check_size, elements, only_output};
use super::super::super::model::{Budget, Model, Operator, Tensor};
use super::super::super::schema::Type;
use super::constant;
use super::names::Names;
use crate::import::{ImportError, NodeFault};
use crate::ir::{self, Clamp, Graph, Node, Op, Value, ValueId};

/// Builds the graph.
pub(super) struct Importer<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) budget: Budget,
    pub(super) graph: Graph,
    /// The values of tensors: of constants once they are used, of others once they are computed.
    pub(super) values: Vec<Option<ValueId>>,
    /// Tensors that depend on what is not supported, so far that nothing can be said about them.
    pub(super) unknown: Vec<bool>,
    pub(super) names: Names,
}

/// An operand with an axis in front that the operator leaves alone.
pub(super) struct Framed {
    pub(super) value: ValueId,
    /// How many axes the file's axes are behind those of the value: 0 or 1.
    pub(super) offset: usize,
}

impl<'m, 'a> Importer<'m, 'a> {
    /// The tensor that an operator reads in this place.
    pub(super) fn tensor(
        &self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
    ) -> Checked<(usize, &'m Tensor<'a>)> {
        self.model.operand(operator, index, what)
    }

    /// Whether an operator reads something in this place.
    pub(super) fn has(operator: &Operator<'a>, index: usize) -> bool {
        matches!(operator.inputs.get(index), Some(Some(_)))
    }

    /// The float32 activation that an operator reads in this place.
    pub(super) fn activation(
        &mut self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
    ) -> Checked<ValueId> {
        let (_, tensor) = self.tensor(operator, index, what)?;
        if tensor.data.is_some() {
            let found = format!("the constant `{}`", tensor.name);
            return Err(operand(what, "an activation", found));
        }
        self.operand(operator, index, what, Type::FLOAT32)
    }

    /// The activation or constant of this type that an operator reads in this place; a constant
    /// of float32 may be stored as less.
    pub(super) fn operand(
        &mut self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
        element: Type,
    ) -> Checked<ValueId> {
        let (id, tensor) = self.tensor(operator, index, what)?;
        if tensor.data.is_none() {
            check_element(tensor, what, element)?;
            return self.values[id].ok_or_else(|| {
                let found = format!("`{}`, which nothing before computes", tensor.name);
                operand(what, "an input of the model or an earlier output", found)
            });
        }
        if element != Type::FLOAT32 {
            check_element(tensor, what, element)?;
        }
        if let Some(value) = self.values[id] {
            return Ok(value);
        }
        let numbers = constant::floats(tensor, &mut self.budget, what)?;
        let shape = match &tensor.shape[..] {
            [] => vec![1],
            shape => shape.to_vec(),
        };
        self.budget.take(tensor.name.len())?;
        let value = self.graph.add_constant(tensor.name.clone(), shape, numbers);
        self.values[id] = Some(value);
        Ok(value)
    }

    /// A constant on the way to a tensor.
    pub(super) fn constant(
        &mut self,
        tensor: &str,
        shape: Vec<usize>,
        numbers: Vec<f32>,
    ) -> Checked<ValueId> {
        let name = self.between(tensor)?;
        Ok(self.graph.add_constant(name, shape, numbers))
    }

    /// The shape that the file gives an operand.
    pub(super) fn shape_of(&self, operator: &Operator<'a>, index: usize) -> Checked<&'m [usize]> {
        Ok(&self.tensor(operator, index, "input")?.1.shape)
    }

    /// A value whose first axis is one that the operator leaves alone: the batch as the file has
    /// it, if it may stay (`keeps_first`), else one that is added in front.
    pub(super) fn framed(
        &mut self,
        value: ValueId,
        shape: &[usize],
        keeps_first: bool,
        tensor: &str,
    ) -> Checked<Framed> {
        if keeps_first && shape.first() == Some(&1) {
            return Ok(Framed { value, offset: 0 });
        }
        let mut framed = vec![1];
        framed.extend_from_slice(shape);
        let value = self.reshaped(value, framed, tensor)?;
        Ok(Framed { value, offset: 1 })
    }

    /// A value in this shape, of as many numbers.
    pub(super) fn reshaped(
        &mut self,
        value: ValueId,
        shape: Vec<usize>,
        tensor: &str,
    ) -> Checked<ValueId> {
        if self.graph.shape(value) == shape {
            return Ok(value);
        }
        if let Some(numbers) = self.graph.constant(value).cloned() {
            if elements(&shape) != Some(numbers.len()) {
                let expected = format!("of shape {shape:?}");
                let found = format!("{} numbers", numbers.len());
                return Err(operand("operand", expected, found));
            }
            let name = self.between(tensor)?;
            return Ok(self.graph.add_constant(name, shape, numbers));
        }
        self.emit(tensor, Op::Reshape { shape }, vec![value])
    }

    fn between(&mut self, tensor: &str) -> Checked<String> {
        let name = self.names.between(tensor);
        self.budget.take(2 * name.len())?;
        Ok(name)
    }

    /// Appends a node on the way to a tensor.
    pub(super) fn emit(&mut self, tensor: &str, op: Op, inputs: Vec<ValueId>) -> Checked<ValueId> {
        let shape = self.infer(&op, &inputs)?;
        let name = self.between(tensor)?;
        Ok(self.append(name, op, inputs, shape))
    }

    /// Appends a node that computes an operator's only output, whose shape may differ from the
    /// node's by axes of extent 1 in front.
    pub(super) fn push(
        &mut self,
        operator: &Operator<'a>,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Checked {
        let tensor = only_output(operator)?;
        self.push_output(tensor, op, inputs)
    }

    /// The value that an operator's only output becomes.
    pub(super) fn result(&self, operator: &Operator<'a>) -> Checked<Value> {
        self.described(only_output(operator)?)
    }

    /// Appends a node that computes one of an operator's outputs.
    pub(super) fn push_output(&mut self, tensor: usize, op: Op, inputs: Vec<ValueId>) -> Checked {
        let described = self.described(tensor)?;
        let shape = self.infer(&op, &inputs)?;
        if behind_ones(&shape) != behind_ones(&described.shape) {
            let expected = format!("of shape {shape:?}");
            return Err(operand(
                "output",
                expected,
                format!("shape {:?}", described.shape),
            ));
        }
        let (mut op, mut inputs) = (op, inputs);
        if shape != described.shape {
            let value = self.emit(&described.name, op, inputs)?;
            op = Op::Reshape {
                shape: described.shape.clone(),
            };
            inputs = vec![value];
        }
        self.budget.take(2 * described.name.len())?;
        let value = self.append(described.name, op, inputs, described.shape);
        self.define(tensor, value)
    }

    /// The value that a tensor becomes, as the file describes it.
    pub(super) fn described(&self, tensor: usize) -> Checked<Value> {
        let tensor = &self.model.tensors[tensor];
        // Indices are whole numbers.
        if ![Type::FLOAT32, Type::BOOL, Type::INT32, Type::INT64].contains(&tensor.element) {
            let found = format!("`{}` of {}", tensor.name, tensor.element.describe());
            return Err(operand("output", "float32, bool, int32 or int64", found));
        }
        described_as(tensor)
    }

    fn infer(&self, op: &Op, inputs: &[ValueId]) -> Checked<Vec<usize>> {
        let inputs: Vec<&Value> = inputs.iter().map(|&id| self.graph.value(id)).collect();
        let shape = ir::infer(op, &inputs).map_err(NodeFault::Infer)?;
        let fits = |&count: &usize| count <= super::super::super::importer::MAX_ACTIVATION;
        match elements(&shape).filter(fits) {
            Some(_) => Ok(shape),
            None => Err(operand("output", "smaller", format!("shape {shape:?}"))),
        }
    }

    fn append(&mut self, name: String, op: Op, inputs: Vec<ValueId>, shape: Vec<usize>) -> ValueId {
        let output = self.graph.add_activation(name.clone(), shape);
        self.graph.nodes.push(Node {
            name,
            op,
            inputs,
            output,
        });
        output
    }

    /// Says which value a tensor is.
    pub(super) fn define(&mut self, tensor: usize, value: ValueId) -> Checked {
        let described = &self.model.tensors[tensor];
        if self.values[tensor].is_some() || described.data.is_some() {
            return Err(ImportError::DuplicateTensor {
                tensor: described.name.clone(),
            }
            .into());
        }
        self.values[tensor] = Some(value);
        Ok(())
    }

    /// The name of an operator's first output.
    pub(super) fn name_of(&self, operator: &Operator<'a>) -> String {
        let output = operator.outputs.first();
        output.map_or_else(String::new, |&tensor| {
            self.model.tensors[tensor].name.clone()
        })
    }
}

/// The extents behind the leading axes of extent 1.
pub(super) fn behind_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|&&extent| extent == 1).count();
    &shape[ones..]
}

/// The value of a tensor that is no constant: its shape has the batch in front.
pub(super) fn described_as(tensor: &Tensor<'_>) -> Checked<Value> {
    check_size(tensor, "tensor")?;
    if tensor.shape.contains(&0) {
        let found = format!("`{}` of shape {:?}", tensor.name, tensor.shape);
        return Err(operand("shape", "fixed but for the batch", found));
    }
    let mut shape = tensor.shape.clone();
    if shape.first() != Some(&1) {
        shape.insert(0, 1);
    }
    Ok(Value {
        name: tensor.name.clone(),
        shape,
        constant: None,
    })
}

fn check_element(tensor: &Tensor<'_>, what: &str, element: Type) -> Checked {
    check_plain(tensor, what)?;
    if tensor.element == element {
        return Ok(());
    }
    let found = format!("`{}` of {}", tensor.name, tensor.element.describe());
    Err(operand(what, element.name(), found))
}

/// The clamp that a fused activation is.
pub(super) fn fused(options: Option<Table<'_>>, id: usize) -> Checked<Option<Clamp>> {
    let between = |min, max| Ok(Some(Clamp { min, max }));
    match options.map_or(Ok(0), |table| table.i8(id))? {
        0 => Ok(None),
        1 => between(0.0, f32::INFINITY),
        2 => between(-1.0, 1.0),
        3 => between(0.0, 6.0),
        other => Err(option(
            "fused activation",
            other.to_string(),
            "NONE (0), RELU (1), RELU_N1_TO_1 (2), RELU6 (3)",
        )),
    }
}
