//! Small models, made here, that must be refused, or described, without a panic, a hang or a silent
//! error.

use super::{Options, import, survey};
use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};
use std::cell::RefCell;

/// A float tensor; a dimension of -1 is symbolic.
fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&dim| Dimension {
        dim_value: Some(dim).filter(|&dim| dim >= 0),
        dim_param: Some("n".into()).filter(|_| dim < 0),
    });
    let tensor = TypeProtoTensor {
        elem_type: Some(DataType::FLOAT),
        shape: Some(TensorShapeProto { dim: dim.collect() }),
    };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
            sequence: None,
        }),
    }
}

fn names(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

/// A node from a text as `y = Op(a b)`.
fn node(text: &str, attributes: &[(&str, i64)]) -> NodeProto {
    let (outputs, call) = text.split_once(" = ").unwrap();
    let (operator, inputs) = call.strip_suffix(')').unwrap().split_once('(').unwrap();
    let attribute = attributes.iter().map(|&(name, number)| AttributeProto {
        name: Some(name.into()),
        i: Some(number),
        ..AttributeProto::default()
    });
    NodeProto {
        op_type: Some(operator.into()),
        input: names(inputs),
        output: names(outputs),
        attribute: attribute.collect(),
        ..NodeProto::default()
    }
}

fn tensor(name: &str, data_type: DataType, dims: &[i64], raw: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(data_type),
        raw_data: Some(RefCell::new(raw)),
        ..TensorProto::default()
    }
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    let raw = values.iter().flat_map(|value| value.to_le_bytes());
    tensor(name, DataType::FLOAT, dims, raw.collect())
}

fn integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    let raw = values.iter().flat_map(|value| value.to_le_bytes());
    tensor(name, DataType::INT64, dims, raw.collect())
}

/// A model that computes `y` from these inputs.
fn model(
    opset: i64,
    input: Vec<ValueInfoProto>,
    initializer: Vec<TensorProto>,
    node: Vec<NodeProto>,
) -> Vec<u8> {
    let graph = GraphProto {
        node,
        initializer,
        input,
        output: vec![value("y", &[1])],
        ..GraphProto::default()
    };
    let model = ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(opset),
        }],
        ..ModelProto::default()
    };
    model.write_buf().unwrap()
}

fn refused(bytes: &[u8]) -> String {
    import(bytes, "refused").unwrap_err().to_string()
}

/// A field of a protobuf message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    if number > 15 {
        bytes = vec![(number << 3 | 2) | 0x80, number >> 4];
    }
    let mut len = content.len();
    while len >= 0x80 {
        bytes.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    bytes.push(u8::try_from(len).unwrap());
    bytes.extend(content);
    bytes
}

/// A model's own function without operands, whose body these nodes are: encoded operator, name and
/// attributes of each.
fn function(name: &str, body: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [field(1, name.as_bytes()), field(10, b"own")].concat();
    for node in body {
        bytes.extend(field(7, node));
    }
    field(25, &bytes)
}

fn call(name: &str) -> Vec<u8> {
    [field(4, name.as_bytes()), field(7, b"own")].concat()
}

/// A model that calls a function of this body 2 to the power of `depth` times.
fn calling(depth: usize, body: &[Vec<u8>]) -> Vec<u8> {
    let doubling = |index: usize| {
        let next = call(&format!("f{}", index + 1));
        function(&format!("f{index}"), &[next.clone(), next])
    };
    let last = function(&format!("f{depth}"), body);
    let functions = (0..depth).map(doubling).chain([last]);
    let first = NodeProto {
        domain: Some("own".into()),
        ..node(" = f0()", &[])
    };
    let relu = node("y = Relu(x)", &[]);
    let bytes = model(13, vec![value("x", &[1])], vec![], vec![first, relu]);
    std::iter::once(bytes).chain(functions).flatten().collect()
}

#[test]
fn calls_of_empty_functions_are_bounded() {
    import(&calling(8, &[]), "few").unwrap();
    let error = refused(&calling(31, &[]));
    assert!(error.contains("65536 calls"), "{error}");
}

#[test]
fn what_functions_copy_is_bounded() {
    // 2^14 times a mebibyte.
    let weights = field(5, &field(9, &vec![0; 1 << 20]));
    let constant = [field(4, b"Constant"), field(5, &weights)].concat();
    let error = refused(&calling(14, &[constant]));
    assert!(error.contains("536870912 bytes"), "{error}");
}

#[test]
fn no_scales_are_refused() {
    let empty = [
        tensor("q", DataType::UINT8, &[0], vec![]),
        floats("s", &[0], &[]),
    ];
    let nodes = vec![
        node("c = DequantizeLinear(q s)", &[("axis", 0)]),
        node("y = Concat(x c)", &[("axis", 0)]),
    ];
    let bytes = model(13, vec![value("x", &[2])], empty.into(), nodes);
    let error = refused(&bytes);
    assert!(error.contains("scale"), "{error}");
}

#[test]
fn a_computed_bound_of_a_constant_is_refused() {
    let nodes = vec![
        node("bound = ReduceMax(x)", &[("keepdims", 0)]),
        node("c = Clip(w bound)", &[]),
        node("y = Add(x c)", &[]),
    ];
    let weights = vec![floats("w", &[2], &[1.0, -1.0])];
    let bytes = model(13, vec![value("x", &[2])], weights, nodes);
    let error = refused(&bytes);
    assert!(error.contains("`c`") && error.contains("min"), "{error}");
}

#[test]
fn hardmax_over_several_samples_is_refused() {
    let hardmax = |axis| vec![node("y = Hardmax(x)", &[("axis", axis)])];
    let bytes = |batch, axis| model(12, vec![value("x", &[batch, 3])], vec![], hardmax(axis));
    let error = refused(&bytes(-1, 0));
    assert!(error.contains("batch"), "{error}");
    import(&bytes(-1, 1), "each sample alone").unwrap();
    import(&bytes(1, 0), "one sample").unwrap();
}

#[test]
fn indices_out_of_range_are_called_so() {
    let x = || vec![value("x", &[1, 3])];
    for (call, dims, axis) in [
        ("y = Gather(x i)", &[1][..], &[("axis", 1)][..]),
        ("y = GatherElements(x i)", &[1, 1], &[("axis", 1)]),
        ("y = GatherND(x i)", &[1, 1], &[]),
    ] {
        let bytes = model(
            13,
            x(),
            vec![integers("i", dims, &[-5])],
            vec![node(call, axis)],
        );
        let error = refused(&bytes);
        assert!(error.contains("indices") && error.contains("-5"), "{error}");
        assert!(!error.contains("rank"), "{error}");
    }
}

#[test]
fn zero_points_that_no_scale_has_are_not_copied() {
    let quantized = |zeros: usize| {
        let parameters = vec![
            floats("s", &[], &[0.5]),
            tensor(
                "z",
                DataType::INT8,
                &[i64::try_from(zeros).unwrap()],
                vec![3; zeros],
            ),
        ];
        let nodes = vec![node("y = QuantizeLinear(x s z)", &[])];
        let bytes = model(13, vec![value("x", &[2])], parameters, nodes);
        let mut survey = survey(&bytes, &Options::default()).unwrap();
        survey.operators.remove(0).outputs.remove(0).quantization
    };
    assert_eq!(quantized(1).unwrap().zero_points, [3]);
    assert!(quantized(2).is_none());
}

#[test]
fn a_choice_keeps_the_batch_where_it_is() {
    let inputs = vec![value("x", &[3, 1, 1]), value("other", &[-1, 1])];
    let weights = vec![
        floats("w", &[1, 4, 1], &[0.5; 4]),
        floats("r", &[1, 4, 1], &[0.5; 4]),
        tensor("which", DataType::BOOL, &[1, 2, 1, 1], vec![0, 1]),
        floats("zero", &[], &[0.0]),
    ];
    let bytes = |axis| {
        let nodes = vec![
            node("h = LSTM(x w r)", &[("hidden_size", 1)]),
            node("c = Where(which h zero)", &[]),
            node("s = Softmax(c)", &[("axis", axis)]),
            node("y = Add(s other)", &[]),
        ];
        model(13, inputs.clone(), weights.clone(), nodes)
    };
    let error = refused(&bytes(2));
    assert!(error.contains("`s`") && error.contains("batch"), "{error}");
    import(&bytes(1), "another axis").unwrap();
}
