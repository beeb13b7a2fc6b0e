//! The graph under construction, and what operators ask of tensors.

use super::bytes::halves;
use super::failure::{Checked, operand};
use super::model::{Budget, Model, Operator, Tensor};
use super::ops::Variables;
use super::schema::Type;
use crate::import::ImportError;
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QNode, QOp, QState, QValue, QuantParams};
use std::collections::BTreeMap;
use std::sync::Arc;
use tiivis_runtime::blob::Origin;

/// Most numbers of an activation, 16 MiB: more than any microcontroller's memory takes. A shape is
/// a few bytes of a file, whatever memory it asks for.
pub(super) const MAX_ACTIVATION: usize = 1 << 24;

/// Every type of elements that the runtime has.
pub(super) const ANY: [DType; 4] = [DType::I8, DType::I16, DType::I32, DType::Bool];

/// Types that most operators compute with.
pub(super) const INT: [DType; 2] = [DType::I8, DType::I16];

/// Numbers, whatever stands for them.
pub(super) const NUMBERS: [DType; 3] = [DType::I8, DType::I16, DType::I32];

/// Of numbers that stand for themselves.
pub(super) const ITSELF: QuantParams = QuantParams {
    scale: 1.0,
    zero_point: 0,
};

/// Builds the graph.
pub(super) struct Importer<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) budget: Budget,
    pub(super) nodes: Vec<QNode>,
    /// Those of tensors first, by their index.
    pub(super) values: Vec<Option<QValue>>,
    /// The value that holds a tensor's numbers; also of float32 tensors, which are another view
    /// of them.
    pub(super) holds: Vec<Option<ValueId>>,
    /// Values of the graph's inputs, as far as they are known.
    pub(super) inputs: Vec<Option<ValueId>>,
    /// Tensors that depend on what is not supported, so far that nothing can be said about them.
    pub(super) unknown: Vec<bool>,
    /// Which operator computes a value, by the file's numbers.
    pub(super) origins: BTreeMap<ValueId, Origin>,
    pub(super) variables: Variables<'a>,
    /// What operators themselves remember.
    pub(super) states: Vec<QState>,
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

    /// Whether an operator's first operand is of this type.
    pub(super) fn reads(&self, operator: &Operator<'a>, element: DType) -> bool {
        let first = operator.inputs.first().copied().flatten();
        first.is_some_and(|tensor| dtype(self.model.tensors[tensor].element) == Some(element))
    }

    /// The value that holds an int64 operand as int32; none of any other operand.
    pub(super) fn held_int64(
        &self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
    ) -> Checked<Option<ValueId>> {
        let (id, tensor) = self.tensor(operator, index, what)?;
        Ok(self.holds[id].filter(|_| tensor.element == Type::INT64))
    }

    /// The int8 activation that an operator reads in this place.
    pub(super) fn activation(
        &self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
    ) -> Checked<ValueId> {
        self.activation_of(operator, index, what, &[DType::I8])
    }

    /// The int8 or int16 activation that an operator computes with; of int16 the zero point is 0.
    pub(super) fn integers(
        &self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
    ) -> Checked<ValueId> {
        let value = self.activation_of(operator, index, what, &INT)?;
        symmetric(self.value(value), what)?;
        Ok(value)
    }

    /// The value of this type that an operator's only output becomes; of int16 the zero point is 0.
    pub(super) fn integer_result(&self, operator: &Operator<'a>, dtype: DType) -> Checked<QValue> {
        let result = self.result_of(operator, &[dtype])?;
        symmetric(&result, "output")?;
        Ok(result)
    }

    /// The activation of one of these types that an operator reads in this place.
    pub(super) fn activation_of(
        &self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
        types: &[DType],
    ) -> Checked<ValueId> {
        let (id, tensor) = self.tensor(operator, index, what)?;
        element_type(tensor, what, types)?;
        if tensor.data.is_some() {
            return Err(operand(
                what,
                "an activation",
                format!("the constant `{}`", tensor.name),
            ));
        }
        self.holds[id].ok_or_else(|| {
            let found = format!("`{}`, which nothing before computes", tensor.name);
            operand(what, "an input of the model or an earlier output", found)
        })
    }

    /// The activation or constant of one of these types that an operator reads in this place.
    pub(super) fn activation_or_constant_of(
        &mut self,
        operator: &Operator<'a>,
        index: usize,
        what: &str,
        types: &[DType],
    ) -> Checked<ValueId> {
        let (id, tensor) = self.tensor(operator, index, what)?;
        if tensor.data.is_none() {
            return self.activation_of(operator, index, what, types);
        }
        let dtype = element_type(tensor, what, types)?;
        let value = ValueId::from_index(id);
        if self.values[id].is_none() {
            let constant = self.data(tensor, what, dtype)?;
            self.values[id] = Some(QValue {
                dtype,
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                params: params(tensor, what)?,
                constant: Some(constant),
            });
        }
        Ok(value)
    }

    /// The elements of a constant, which must be int8, one for each of its shape.
    pub(super) fn int8_data(&mut self, tensor: &Tensor<'a>, what: &str) -> Checked<Arc<[i8]>> {
        element_type(tensor, what, &[DType::I8])?;
        self.data(tensor, what, DType::I8)
    }

    /// The bytes of a constant of this type, as many as its shape says.
    pub(super) fn data(
        &mut self,
        tensor: &Tensor<'a>,
        what: &str,
        dtype: DType,
    ) -> Checked<Arc<[i8]>> {
        let data = constant(tensor, what)?;
        let element_bytes = usize::try_from(dtype.bytes()).expect("a few bytes");
        let expected =
            elements(&tensor.shape).and_then(|numbers| numbers.checked_mul(element_bytes));
        if expected != Some(data.len()) {
            let expected = format!("of shape {:?}", tensor.shape);
            let numbers = data.len() / element_bytes;
            return Err(operand(what, expected, format!("{numbers} numbers")));
        }
        self.budget.take(data.len())?;
        Ok(data.iter().map(|&byte| i8::from_le_bytes([byte])).collect())
    }

    /// The elements of a filter, int8 or int4, one for each of its shape.
    pub(super) fn filter_data(&mut self, tensor: &Tensor<'a>) -> Checked<Arc<[i8]>> {
        if tensor.element != Type::INT4 || tensor.oddity.is_some() {
            return self.int8_data(tensor, "filter");
        }
        let data = constant(tensor, "filter")?;
        let count = elements(&tensor.shape).unwrap_or(usize::MAX);
        if count.div_ceil(2) != data.len() {
            let expected = format!("of shape {:?}, two numbers in a byte", tensor.shape);
            return Err(operand("filter", expected, format!("{} bytes", data.len())));
        }
        self.budget.take(count)?;
        let numbers = data.iter().flat_map(|&byte| halves(byte));
        Ok(numbers.take(count).collect())
    }

    /// The int8 value that an operator's only output becomes.
    pub(super) fn result(&self, operator: &Operator<'a>) -> Checked<QValue> {
        self.result_of(operator, &[DType::I8])
    }

    /// The value of one of these types that an operator's only output becomes.
    pub(super) fn result_of(&self, operator: &Operator<'a>, types: &[DType]) -> Checked<QValue> {
        self.described(only_output(operator)?, types)
    }

    /// A tensor of one of these types that is computed, as the file describes it.
    pub(super) fn described(&self, tensor: usize, types: &[DType]) -> Checked<QValue> {
        let tensor = &self.model.tensors[tensor];
        let dtype = element_type(tensor, "output", types)?;
        check_size(tensor, "output")?;
        Ok(QValue {
            dtype,
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            params: params(tensor, "output")?,
            constant: None,
        })
    }

    /// Appends a node that computes an operator's output.
    pub(super) fn push(
        &mut self,
        operator: &Operator<'a>,
        op: QOp,
        inputs: Vec<ValueId>,
        result: QValue,
    ) -> Checked {
        let tensor = *operator.outputs.first().expect("checked by `result`");
        self.push_output(tensor, op, inputs, result)
    }

    /// Appends a node that computes one of an operator's outputs.
    pub(super) fn push_output(
        &mut self,
        tensor: usize,
        op: QOp,
        inputs: Vec<ValueId>,
        result: QValue,
    ) -> Checked {
        self.define(tensor, ValueId::from_index(tensor))?;
        self.nodes.push(QNode {
            name: result.name.clone(),
            op,
            inputs,
            output: ValueId::from_index(tensor),
        });
        self.values[tensor] = Some(result);
        Ok(())
    }

    /// Appends a node that computes a value which no tensor is.
    pub(super) fn push_between(&mut self, op: QOp, input: ValueId, value: QValue) -> ValueId {
        self.push_between_all(op, vec![input], value)
    }

    /// [`Importer::push_between`] of several inputs.
    pub(super) fn push_between_all(
        &mut self,
        op: QOp,
        inputs: Vec<ValueId>,
        value: QValue,
    ) -> ValueId {
        let output = self.add_value(value.clone());
        self.nodes.push(QNode {
            name: value.name,
            op,
            inputs,
            output,
        });
        output
    }

    pub(super) fn add_value(&mut self, value: QValue) -> ValueId {
        self.values.push(Some(value));
        ValueId::from_index(self.values.len() - 1)
    }

    /// Says which value holds a tensor's numbers.
    pub(super) fn define(&mut self, tensor: usize, value: ValueId) -> Result<(), ImportError> {
        let name = &self.model.tensors[tensor].name;
        if self.holds[tensor].is_some() || self.model.tensors[tensor].data.is_some() {
            return Err(ImportError::DuplicateTensor {
                tensor: name.clone(),
            });
        }
        self.holds[tensor] = Some(value);
        Ok(())
    }

    /// The value of this id.
    pub(super) fn value(&self, id: ValueId) -> &QValue {
        self.values[id.index()]
            .as_ref()
            .expect("what is defined has a value")
    }
}

/// The tensor that is an operator's only output.
pub(super) fn only_output(operator: &Operator<'_>) -> Checked<usize> {
    match operator.outputs[..] {
        [tensor] => Ok(tensor),
        ref others => {
            let found = others.len().to_string();
            Err(operand("number of outputs", "1", found))
        }
    }
}

/// An int16 tensor that is computed with has the zero point 0 (TFLite's quantization specification).
pub(super) fn symmetric(value: &QValue, what: &str) -> Checked {
    match value.dtype {
        DType::I16 if value.params.zero_point != 0 => {
            let found = format!("`{}` with {}", value.name, value.params.zero_point);
            Err(operand(what, "of int16 with the zero point 0", found))
        }
        DType::I8 | DType::I16 | DType::I32 | DType::Bool => Ok(()),
    }
}

/// A tensor whose elements are used as they are.
pub(super) fn check_plain(tensor: &Tensor<'_>, what: &str) -> Checked {
    match tensor.oddity {
        None => Ok(()),
        Some(oddity) => {
            let found = format!("`{}`, {oddity}", tensor.name);
            Err(operand(what, "a plain tensor", found))
        }
    }
}

/// The bytes of a constant that is used as it is.
pub(super) fn constant<'t>(tensor: &'t Tensor<'_>, what: &str) -> Checked<&'t [u8]> {
    check_plain(tensor, what)?;
    tensor.data.as_deref().ok_or_else(|| {
        let found = format!("`{}`, which the model computes", tensor.name);
        operand(what, "a constant", found)
    })
}

/// An activation that a device could hold.
pub(super) fn check_size(tensor: &Tensor<'_>, what: &str) -> Checked {
    if elements(&tensor.shape).is_some_and(|numbers| numbers <= MAX_ACTIVATION) {
        return Ok(());
    }
    let found = format!("`{}` of shape {:?}", tensor.name, tensor.shape);
    Err(operand(
        what,
        format!("of {MAX_ACTIVATION} numbers at most"),
        found,
    ))
}

/// The type of a plain tensor's elements, which must be one of these.
pub(super) fn element_type(tensor: &Tensor<'_>, what: &str, types: &[DType]) -> Checked<DType> {
    check_plain(tensor, what)?;
    type_of(tensor, what, types)
}

/// [`element_type`] of any tensor.
pub(super) fn type_of(tensor: &Tensor<'_>, what: &str, types: &[DType]) -> Checked<DType> {
    if let Some(dtype) = dtype(tensor.element).filter(|dtype| types.contains(dtype)) {
        return Ok(dtype);
    }
    let found = format!("`{}` of {}", tensor.name, tensor.element.describe());
    let names: Vec<_> = types.iter().map(|dtype| dtype.name()).collect();
    Err(operand(what, names.join(" or "), found))
}

/// The runtime's type for one of the file's.
pub(super) fn dtype(element: Type) -> Option<DType> {
    match element {
        Type::INT8 => Some(DType::I8),
        Type::INT16 => Some(DType::I16),
        Type::INT32 => Some(DType::I32),
        Type::BOOL => Some(DType::Bool),
        _ => None,
    }
}

/// The one scale and zero point of a plain tensor; 1 and 0 of bool, and of int32 that has none.
pub(super) fn params(tensor: &Tensor<'_>, what: &str) -> Checked<QuantParams> {
    params_of(tensor, what, element_type(tensor, what, &ANY)?)
}

/// [`params`] of any tensor of this type.
pub(super) fn params_of(tensor: &Tensor<'_>, what: &str, dtype: DType) -> Checked<QuantParams> {
    let (min, max) = dtype.range();
    let quantization = &tensor.quantization;
    match dtype {
        DType::I32 if quantization.scales.len() > 0 => {}
        DType::I32 | DType::Bool => return Ok(ITSELF),
        DType::I8 | DType::I16 => {}
    }
    let expected = format!("quantized with one positive scale and one zero point in {min}..={max}");
    let fault = |found: String| operand(what, expected, format!("`{}` with {found}", tensor.name));
    let scales = quantization.scales;
    if scales.len() != 1 || quantization.zero_point_count() > 1 {
        let (scales, zero_points) = (scales.len(), quantization.zero_point_count());
        return Err(fault(format!(
            "{scales} scales and {zero_points} zero points"
        )));
    }
    let scale = scales.elements().next().map_or(0.0, f32::from_le_bytes);
    let zero_point = quantization.zero_points().next().unwrap_or(0);
    let in_range = i32::try_from(zero_point)
        .ok()
        .filter(|zero_point| (min..=max).contains(zero_point));
    match in_range {
        Some(zero_point) if scale.is_finite() && scale > 0.0 => {
            Ok(QuantParams { scale, zero_point })
        }
        _ => Err(fault(format!("scale {scale} and zero point {zero_point}"))),
    }
}

/// Product of the extents.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, &extent| product.checked_mul(extent))
}
