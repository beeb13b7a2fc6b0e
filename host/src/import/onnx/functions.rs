//! Functions that a model defines itself: each call becomes the nodes of the function's body.
//!
//! Exporters write modules and composed operators so. A body's names get the call's in front; its
//! attributes that refer to the call's are replaced by those. Specification:
//! <https://github.com/onnx/onnx/blob/main/docs/IR.md#functions>.

use super::context::Names;
use super::model::own_version;
use super::order::node_name;
use crate::import::ImportError;
use rten_onnx::onnx::{AttributeProto, ModelProto, NodeProto, OperatorSetIdProto};
use rten_onnx::protobuf::{
    DecodeMessage, Fields, OwnedValues, ProtobufError, ReadValue, ValueReader,
};
use std::collections::HashMap;

/// Nodes after all calls are replaced, at most, and calls.
const MAX_NODES: usize = 1 << 16;

/// Bytes of the names and attributes of written out nodes, at most.
const MAX_BYTES: usize = 1 << 29;

/// Calls within calls, at most.
const MAX_DEPTH: usize = 32;

/// A function as the file has it.
#[derive(Default)]
struct Function {
    domain: String,
    name: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    /// Attributes that a call may leave out.
    defaults: Vec<AttributeProto>,
    body: Vec<BodyNode>,
    opsets: Vec<OperatorSetIdProto>,
}

/// A node of a body.
struct BodyNode {
    node: NodeProto,
    /// For each attribute the name of the call's attribute that it stands for, if it does.
    refers: Vec<Option<String>>,
}

/// The functions of a file's model.
#[derive(Default)]
struct Functions(Vec<Function>);

/// The names that the attributes of a node refer to.
#[derive(Default)]
struct References(Vec<Option<String>>);

/// The name that an attribute refers to.
#[derive(Default)]
struct Reference(Option<String>);

impl DecodeMessage for Functions {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = Self::Types>>(
        mut fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let mut all = Self::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                25 => all.0.push(Function::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(all)
    }
}

impl DecodeMessage for Function {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = Self::Types>>(
        mut fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let mut function = Self::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => function.name = field.read_string()?,
                4 => function.inputs.push(field.read_string()?),
                5 => function.outputs.push(field.read_string()?),
                7 => {
                    let bytes = field.read_bytes()?;
                    let References(refers) =
                        References::decode(ValueReader::from_buf(bytes.as_slice()))?;
                    let node = NodeProto::decode(ValueReader::from_buf(bytes.as_slice()))?;
                    function.body.push(BodyNode { node, refers });
                }
                9 => function
                    .opsets
                    .push(OperatorSetIdProto::decode_field(&mut field)?),
                10 => function.domain = field.read_string()?,
                11 => function
                    .defaults
                    .push(AttributeProto::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(function)
    }
}

impl DecodeMessage for References {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = Self::Types>>(
        mut fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let mut all = Self::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                5 => all.0.push(Reference::decode_field(&mut field)?.0),
                _ => field.skip()?,
            }
        }
        Ok(all)
    }
}

impl DecodeMessage for Reference {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = Self::Types>>(
        mut fields: Fields<'_, R>,
    ) -> Result<Self, ProtobufError> {
        let mut reference = Self::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                21 => reference.0 = Some(field.read_string()?),
                _ => field.skip()?,
            }
        }
        reference.0 = reference.0.filter(|name| !name.is_empty());
        Ok(reference)
    }
}

/// Replaces all calls of the model's own functions in its graph. `bytes` are the file's.
///
/// # Errors
/// If a function is defined twice, calls itself, was made for another opset than the model, or holds
/// sub-graphs.
pub(super) fn inline(model: &mut ModelProto, bytes: &[u8]) -> Result<(), ImportError> {
    let decoded = Functions::decode(ValueReader::from_buf(bytes));
    let Functions(functions) = decoded.map_err(|error| ImportError::Protobuf {
        offset: bytes.len(),
        reason: error.to_string(),
    })?;
    if functions.is_empty() {
        return Ok(());
    }
    let mut by_name = HashMap::new();
    for function in &functions {
        let key = (function.domain.as_str(), function.name.as_str());
        if by_name.insert(key, function).is_some() {
            let found = format!("defines function `{}` twice", function.name);
            return Err(fault(found, "functions with overloads are not supported"));
        }
    }
    let Some(graph) = &mut model.graph else {
        return Ok(());
    };
    let mut inliner = Inliner {
        functions: by_name,
        opsets: &model.opset_import,
        nodes: Vec::new(),
        calls: 0,
        bytes: 0,
        prefixes: Names::default(),
    };
    for node in std::mem::take(&mut graph.node) {
        inliner.node(node, 0)?;
    }
    graph.node = inliner.nodes;
    Ok(())
}

fn fault(found: String, remedy: &'static str) -> ImportError {
    ImportError::Model { found, remedy }
}

struct Inliner<'m> {
    functions: HashMap<(&'m str, &'m str), &'m Function>,
    opsets: &'m [OperatorSetIdProto],
    nodes: Vec<NodeProto>,
    /// Calls so far; they may be of empty bodies.
    calls: usize,
    /// Bytes of names and attributes so far.
    bytes: usize,
    /// What was put before names.
    prefixes: Names,
}

impl Inliner<'_> {
    fn node(&mut self, node: NodeProto, depth: usize) -> Result<(), ImportError> {
        let domain = node.domain.as_deref().unwrap_or_default();
        let operator = node.op_type.as_deref().unwrap_or_default();
        if let Some(&function) = self.functions.get(&(domain, operator)) {
            return self.call(&node, function, depth);
        }
        self.push(node)
    }

    fn push(&mut self, node: NodeProto) -> Result<(), ImportError> {
        self.nodes.push(node);
        within(self.nodes.len(), MAX_NODES, "nodes")
    }

    fn call(
        &mut self,
        call: &NodeProto,
        function: &Function,
        depth: usize,
    ) -> Result<(), ImportError> {
        if depth >= MAX_DEPTH {
            let found = format!("nests calls of function `{}` without end", function.name);
            return Err(fault(found, "functions may not call themselves"));
        }
        self.check(function)?;
        self.calls += 1;
        within(self.calls, MAX_NODES, "calls")?;
        self.spend([function.inputs.len().saturating_mul(size_of::<String>())])?;
        let prefix = self.prefixes.unique(&node_name(call));
        let mut names: HashMap<&str, String> = HashMap::new();
        for (index, formal) in function.inputs.iter().enumerate() {
            let actual = call.input.get(index).cloned().unwrap_or_default();
            names.insert(formal, actual);
        }
        for (formal, actual) in function.outputs.iter().zip(&call.output) {
            if actual.is_empty() {
                continue;
            }
            match names.get(formal.as_str()) {
                // What goes in comes out.
                Some(input) => self.push(NodeProto {
                    op_type: Some("Identity".into()),
                    name: Some(format!("{prefix}/{formal}")),
                    input: vec![input.clone()],
                    output: vec![actual.clone()],
                    ..NodeProto::default()
                })?,
                None => {
                    names.insert(formal, actual.clone());
                }
            }
        }
        let longest = names.values().map(String::len).max();
        let longest = longest.unwrap_or(0).max(prefix.len());
        for BodyNode { node, refers } in &function.body {
            let attributes = attributes(call, function, node, refers);
            let name = node_name(node);
            let texts = node.input.iter().chain(&node.output).chain([&name]);
            self.spend(texts.map(|text| longest + text.len()))?;
            self.spend(attributes.iter().map(|(_, given)| attribute_bytes(given)))?;
            let renamed = |name: &String| match names.get(name.as_str()) {
                Some(outside) => outside.clone(),
                None if name.is_empty() => String::new(),
                None => format!("{prefix}/{name}"),
            };
            let own = NodeProto {
                domain: node.domain.clone(),
                op_type: node.op_type.clone(),
                name: Some(format!("{prefix}/{name}")),
                input: node.input.iter().map(renamed).collect(),
                output: node.output.iter().map(renamed).collect(),
                attribute: attributes
                    .into_iter()
                    .map(|(name, given)| AttributeProto {
                        name: name.clone(),
                        ..given.clone()
                    })
                    .collect(),
            };
            self.node(own, depth + 1)?;
        }
        Ok(())
    }

    /// Takes note of bytes that are about to be copied.
    fn spend(&mut self, bytes: impl IntoIterator<Item = usize>) -> Result<(), ImportError> {
        self.bytes = bytes.into_iter().fold(self.bytes, usize::saturating_add);
        within(self.bytes, MAX_BYTES, "bytes")
    }

    fn check(&self, function: &Function) -> Result<(), ImportError> {
        if let Some(own) = own_version(&function.opsets)
            && own_version(self.opsets) != Some(own)
        {
            let found = format!("has function `{}`, written for opset {own}", function.name);
            return Err(fault(found, "export it with one opset for all"));
        }
        let mut attributes = function.body.iter().flat_map(|body| &body.node.attribute);
        if attributes.any(|attribute| attribute.g.is_some()) {
            let found = format!("has function `{}` with graphs in it", function.name);
            return Err(fault(found, "export without control flow in functions"));
        }
        Ok(())
    }
}

fn within(count: usize, max: usize, what: &str) -> Result<(), ImportError> {
    if count <= max {
        return Ok(());
    }
    let found = format!("has more than {max} {what} when its functions are written out");
    Err(fault(found, "no microcontroller holds it"))
}

/// Bytes of what an attribute holds, numbers taken for 8.
fn attribute_bytes(attribute: &AttributeProto) -> usize {
    let AttributeProto { s, strings, t, .. } = attribute;
    let texts = s.iter().chain(strings).map(String::len);
    let mut numbers = attribute.floats.len() + attribute.ints.len();
    let mut raw = 0;
    if let Some(tensor) = t {
        numbers += tensor.dims.len() + tensor.float_data.len() + tensor.double_data.len();
        numbers += tensor.int32_data.len() + tensor.int64_data.len();
        raw = tensor.raw_data.as_ref().map_or(0, |raw| raw.borrow().len());
    }
    size_of::<AttributeProto>() + texts.sum::<usize>() + 8 * numbers + raw
}

/// The attributes of a node of a body, by the names that they have there: its own, and for those
/// that refer to the call's, these, or else the function's defaults; left out if there are none.
fn attributes<'a>(
    call: &'a NodeProto,
    function: &'a Function,
    node: &'a NodeProto,
    refers: &[Option<String>],
) -> Vec<(&'a Option<String>, &'a AttributeProto)> {
    let given = |name: &str| {
        let mut all = call.attribute.iter().chain(&function.defaults);
        all.find(|attribute| attribute.name.as_deref() == Some(name))
    };
    let pairs = node.attribute.iter().zip(refers);
    let attributes = pairs.filter_map(|(own, refers)| match refers {
        None => Some((&own.name, own)),
        Some(name) => given(name).map(|given| (&own.name, given)),
    });
    attributes.collect()
}
