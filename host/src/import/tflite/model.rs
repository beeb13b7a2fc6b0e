//! A file as its tensors and operators, checked so far that every index and size is sound.

pub(super) use super::budget::Budget;
use super::dilation::Dilated;
use super::failure::{Checked, operand};
use super::flatbuffer::{Table, Vector};
use super::names::unique;
use super::operators::operator_name;
pub(super) use super::quantization::Quantization;
use super::schema::{self, Type, field};
use crate::import::ImportError;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Most tensors, operators or operator codes that are read.
const MAX_ITEMS: usize = 1 << 16;

/// The oddity of a tensor that an operator changes while it runs.
pub(super) const VARIABLE: &str = "a variable";

/// Most axes of a tensor.
const MAX_AXES: usize = 8;

/// A tensor as the file has it.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    /// Unique.
    pub(super) name: String,
    /// Extents; 1 for a batch that is dynamic, 0 for any other extent that is.
    pub(super) shape: Vec<usize>,
    /// Axes that the file leaves open.
    pub(super) dynamic: Vec<usize>,
    pub(super) element: Type,
    /// The elements, if it is a constant.
    pub(super) data: Option<Cow<'a, [u8]>>,
    pub(super) quantization: Quantization<'a>,
    /// What makes it unusable: a variable, sparse, …
    pub(super) oddity: Option<&'static str>,
}

/// An operator as the file has it.
#[derive(Debug)]
pub(super) struct Operator<'a> {
    pub(super) index: usize,
    pub(super) name: Cow<'static, str>,
    /// Tensors; none where an optional one is left out.
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<usize>,
    /// Kind of the options, and they.
    pub(super) options: Option<(u8, Table<'a>)>,
    /// What it computes is a constant by now, or a part of what another operator computes.
    pub(super) absorbed: bool,
    /// The geometry of a convolution that others around it are a part of.
    pub(super) dilated: Option<Dilated>,
    /// Its one operand and result are int8, and it computes in float32 between them.
    pub(super) is_island: bool,
    /// Options of a custom operator.
    pub(super) custom: &'a [u8],
}

/// A port: its name and tensor.
pub(super) type Port = (String, usize);

/// Tensors and operators of subgraphs, by index.
pub(super) type Initializers<'a> = HashMap<usize, (Vec<Tensor<'a>>, Vec<Operator<'a>>)>;

/// The first subgraph of a file.
#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) operators: Vec<Operator<'a>>,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    /// The subgraphs that `CALL_ONCE` names.
    pub(super) initializers: Initializers<'a>,
}

impl<'a> Model<'a> {
    /// The tensor that an operator reads in this place, and its index.
    pub(super) fn operand(
        &self,
        operator: &Operator<'_>,
        index: usize,
        what: &str,
    ) -> Checked<(usize, &Tensor<'a>)> {
        match operator.inputs.get(index) {
            Some(&Some(tensor)) => Ok((tensor, &self.tensors[tensor])),
            _ => Err(operand(what, "there", "nothing")),
        }
    }

    /// Reads a file.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, Budget), ImportError> {
        if bytes.get(4..8) != Some(b"TFL3") {
            return Err(ImportError::Flatbuffer {
                offset: 4,
                reason: "the identifier TFL3 is not there",
            });
        }
        let root = Table::root(bytes)?;
        let version = root.u32(field::model::VERSION)?;
        if version != schema::VERSION {
            return Err(model_fault(
                format!("has schema version {version}; version 3 is read"),
                "convert it again",
            ));
        }
        let graphs = root.tables(field::model::SUBGRAPHS)?;
        let graph = graphs
            .table(0)?
            .ok_or_else(|| model_fault("has no subgraph".to_owned(), "convert it again"))?;
        let mut reader = Reader {
            bytes,
            root,
            budget: Budget::of(bytes),
        };
        let tensors = reader.tensors(graph)?;
        let operators = reader.operators(graph, tensors.len())?;
        let initializers = reader.initializers(graphs, &operators)?;
        let mut ports = |graph_field, signature_field| {
            reader.ports(graph, graph_field, signature_field, &tensors)
        };
        let inputs = ports(field::subgraph::INPUTS, field::signature::INPUTS)?;
        let outputs = ports(field::subgraph::OUTPUTS, field::signature::OUTPUTS)?;
        let model = Self {
            tensors,
            operators,
            inputs,
            outputs,
            initializers,
        };
        Ok((model, reader.budget))
    }
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) root: Table<'a>,
    pub(super) budget: Budget,
}

impl<'a> Reader<'a> {
    fn tensors(&mut self, graph: Table<'a>) -> Result<Vec<Tensor<'a>>, ImportError> {
        let tables = graph.tables(field::subgraph::TENSORS)?;
        bounded("tensors", tables.len())?;
        let mut names = HashSet::new();
        let mut tensors = Vec::with_capacity(tables.len());
        for (index, table) in tables.iter_tables().enumerate() {
            let table = table?;
            let given = self.text(table, field::tensor::NAME)?;
            let name = unique(&names, given, index);
            names.insert(name.clone());
            tensors.push(self.tensor(table, name)?);
        }
        Ok(tensors)
    }

    fn tensor(&mut self, table: Table<'a>, name: String) -> Result<Tensor<'a>, ImportError> {
        let extents = table.vector(field::tensor::SHAPE, 4)?;
        if extents.len() > MAX_AXES {
            return Err(model_fault(
                format!(
                    "has tensor `{name}` with {} axes; at most 8 are read",
                    extents.len()
                ),
                "remove it",
            ));
        }
        let signature = table.vector(field::tensor::SHAPE_SIGNATURE, 4)?;
        let open = |extent: [u8; 4]| i32::from_le_bytes(extent) < 0;
        let mut dynamic: Vec<usize> = (0..)
            .zip(signature.elements().take(MAX_AXES))
            .filter(|&(_, extent)| open(extent))
            .map(|(axis, _)| axis)
            .collect();
        let mut shape = Vec::with_capacity(extents.len());
        for (axis, extent) in extents.elements().enumerate() {
            match usize::try_from(i32::from_le_bytes(extent)) {
                Ok(extent) if extent > 0 => shape.push(extent),
                _ => {
                    dynamic.push(axis);
                    shape.push(usize::from(axis == 0));
                }
            }
        }
        let quantization = Quantization::read(table)?;
        let oddity = if table.bool(field::tensor::IS_VARIABLE)? {
            Some(VARIABLE)
        } else if table.has(field::tensor::SPARSITY) {
            Some("sparse")
        } else if quantization.has_details {
            Some("quantized in a custom or blockwise way")
        } else if table.u32(field::tensor::EXTERNAL_BUFFER)? != 0 {
            Some("in an external file")
        } else {
            None
        };
        Ok(Tensor {
            element: Type(table.i8(field::tensor::TYPE)?),
            data: self
                .data(table.u32(field::tensor::BUFFER)?, &name)?
                .map(Cow::Borrowed),
            quantization,
            name,
            shape,
            dynamic,
            oddity,
        })
    }

    /// The bytes of a buffer, in the flatbuffer or behind it; none if there are none.
    fn data(&self, buffer: u32, tensor: &str) -> Result<Option<&'a [u8]>, ImportError> {
        if buffer == 0 {
            return Ok(None);
        }
        let buffers = self.root.tables(field::model::BUFFERS)?;
        let index = usize::try_from(buffer).unwrap_or(usize::MAX);
        let table = buffers.table(index)?.ok_or_else(|| {
            model_fault(
                format!(
                    "has tensor `{tensor}` in buffer {buffer} of {}",
                    buffers.len()
                ),
                "convert it again",
            )
        })?;
        let offset = table.u64(field::buffer::OFFSET)?;
        let data = if offset > 1 {
            let size = table.u64(field::buffer::SIZE)?;
            let range = usize::try_from(offset)
                .ok()
                .zip(offset.checked_add(size).and_then(|end| end.try_into().ok()));
            range
                .and_then(|(start, end)| self.bytes.get(start..end))
                .ok_or_else(|| {
                    model_fault(
                        format!("has tensor `{tensor}` beyond the end of the file"),
                        "the file is truncated; copy or convert it again",
                    )
                })?
        } else {
            table.vector(field::buffer::DATA, 1)?.as_bytes()
        };
        Ok(Some(data).filter(|data| !data.is_empty()))
    }

    /// The subgraphs that `CALL_ONCE` names, each once.
    fn initializers(
        &mut self,
        graphs: Vector<'a>,
        operators: &[Operator<'a>],
    ) -> Result<Initializers<'a>, ImportError> {
        let mut initializers = HashMap::new();
        for operator in operators {
            let (true, Some((_, options))) = (operator.name == "CALL_ONCE", operator.options)
            else {
                continue;
            };
            let Ok(index) = usize::try_from(options.i32(0, 0)?) else {
                continue;
            };
            let Some(graph) = graphs.table(index)? else {
                continue;
            };
            if let Entry::Vacant(entry) = initializers.entry(index) {
                let tensors = self.tensors(graph)?;
                let operators = self.operators(graph, tensors.len())?;
                entry.insert((tensors, operators));
            }
        }
        Ok(initializers)
    }

    fn operators(
        &mut self,
        graph: Table<'a>,
        tensors: usize,
    ) -> Result<Vec<Operator<'a>>, ImportError> {
        let codes = self.root.tables(field::model::OPERATOR_CODES)?;
        bounded("operator codes", codes.len())?;
        let tables = graph.tables(field::subgraph::OPERATORS)?;
        bounded("operators", tables.len())?;
        let mut operators = Vec::with_capacity(tables.len());
        for (index, table) in tables.iter_tables().enumerate() {
            let table = table?;
            let code = table.u32(field::operator::CODE)?;
            let code = codes
                .table(usize::try_from(code).unwrap_or(usize::MAX))?
                .ok_or_else(|| {
                    model_fault(
                        format!("has operator {index} with code {code} of {}", codes.len()),
                        "convert it again",
                    )
                })?;
            let name = self.operator_name(code)?;
            let context = format!("operator {index} ({name})");
            let inputs = self.indices(table, field::operator::INPUTS, tensors, &context)?;
            let outputs = self.indices(table, field::operator::OUTPUTS, tensors, &context)?;
            let outputs = outputs.into_iter().flatten().collect();
            let kind = table.u8(field::operator::OPTIONS_TYPE)?;
            let options = table.table(field::operator::OPTIONS)?;
            operators.push(Operator {
                index,
                name,
                inputs,
                outputs,
                options: options.map(|options| (kind, options)),
                absorbed: false,
                dilated: None,
                is_island: false,
                custom: table.vector(field::operator::CUSTOM_OPTIONS, 1)?.as_bytes(),
            });
        }
        Ok(operators)
    }

    /// Files of schema 3 before 3a have the code in a byte, later ones in a word as well.
    fn operator_name(&mut self, code: Table<'a>) -> Result<Cow<'static, str>, ImportError> {
        let byte = code.i8(field::operator_code::DEPRECATED_BUILTIN)?;
        let builtin = code.i32(field::operator_code::BUILTIN, 0)?.max(byte.into());
        let name = operator_name(builtin);
        if name != "CUSTOM" {
            return Ok(name);
        }
        let custom = self.text(code, field::operator_code::CUSTOM)?;
        Ok(format!("CUSTOM {custom}").into())
    }

    /// A list of tensors, -1 for one that is left out.
    pub(super) fn indices(
        &mut self,
        table: Table<'a>,
        id: usize,
        tensors: usize,
        context: &str,
    ) -> Result<Vec<Option<usize>>, ImportError> {
        let list = table.vector(id, 4)?;
        self.budget
            .take(list.len().saturating_mul(size_of::<Option<usize>>()))?;
        let tensor = |index: [u8; 4]| match i32::from_le_bytes(index) {
            -1 => Ok(None),
            index => match usize::try_from(index) {
                Ok(tensor) if tensor < tensors => Ok(Some(tensor)),
                _ => Err(ImportError::MissingTensor {
                    reader: context.to_owned(),
                    tensor: index.to_string(),
                }),
            },
        };
        list.elements().map(tensor).collect()
    }

    pub(super) fn text(&mut self, table: Table<'a>, id: usize) -> Result<String, ImportError> {
        let bytes = table.string(id)?;
        self.budget.take(bytes.len().saturating_mul(3))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

pub(super) fn bounded(what: &str, found: usize) -> Result<(), ImportError> {
    if found <= MAX_ITEMS {
        return Ok(());
    }
    Err(model_fault(
        format!("has {found} {what}; at most {MAX_ITEMS} are read"),
        "use a smaller network",
    ))
}

pub(super) const fn model_fault(found: String, remedy: &'static str) -> ImportError {
    ImportError::Model { found, remedy }
}
