use super::{VerifyError, verify};
use crate::ir::{Clamp, Graph, Node, Op, Port, ValueId, macs};
use crate::passes::oracle::{Builder, RELU, window};

/// `input0` → conv (node0) → batch norm (node1) → relu (node2) → reshape (node3) → dense (node4).
fn network() -> Graph {
    let mut builder = Builder::new(1);
    let x = builder.input(&[1, 6, 6, 2]);
    let a = builder.conv(x, 4, window(3, 2, 1), 1, None);
    let b = builder.batch_norm(a);
    let c = builder.relu(b);
    let d = builder.node(Op::Reshape { shape: vec![1, 36] }, &[c]);
    let e = builder.dense(d, 5, None);
    builder.output(e);
    builder.graph
}

/// The first input of a node.
fn input(graph: &Graph, node: usize, index: usize) -> ValueId {
    graph.nodes[node].inputs[index]
}

#[test]
fn valid_graphs_pass() {
    assert_eq!(verify(&network()), Ok(()));
    assert_eq!(verify(&Graph::new("empty")), Ok(()));

    let mut passed_through = network();
    let mut output = passed_through.inputs[0].clone();
    output.name = "echo".to_owned();
    passed_through.outputs.push(output);
    assert_eq!(verify(&passed_through), Ok(()));

    let mut unused = network();
    unused.add_activation("input0", vec![7, 0]);
    assert_eq!(
        verify(&unused),
        Ok(()),
        "values that nobody names do not matter"
    );
}

/// Breaks a valid graph and compares the error's whole text.
fn check(expected: &str, damage: impl FnOnce(&mut Graph)) {
    let mut graph = network();
    damage(&mut graph);
    let error = verify(&graph).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn wrong_ids_and_names() {
    check("node `node2` names value 99, the graph has 14", |graph| {
        graph.nodes[2].inputs[0] = ValueId::from_index(99);
    });
    check("node `node2` names value 99, the graph has 14", |graph| {
        graph.nodes[2].output = ValueId::from_index(99);
    });
    check("port `output0` names value 99, the graph has 14", |graph| {
        graph.outputs[0].value = ValueId::from_index(99);
    });
    check(
        "two nodes are called `node1`: names must be unique",
        |graph| {
            graph.nodes[3].name = "node1".to_owned();
        },
    );
    check(
        "two values are called `input0`: names must be unique",
        |graph| {
            let output = graph.nodes[4].output;
            graph.value_mut(output).name = "input0".to_owned();
        },
    );
    check(
        "two inputs are called `input0`: names must be unique",
        |graph| {
            let mut port = graph.inputs[0].clone();
            port.value = graph.add_activation("other", vec![1, 6, 6, 2]);
            graph.inputs.push(port);
        },
    );
    check(
        "two outputs are called `output0`: names must be unique",
        |graph| {
            graph.outputs.push(graph.outputs[0].clone());
        },
    );
}

#[test]
fn wrong_order_and_writers() {
    check(
        "node `node2` reads `node1.out`, which is not computed before it",
        |graph| {
            graph.nodes.swap(1, 2);
        },
    );
    check(
        "`node4` writes `node3.out`, which is an input, a constant or written before",
        |graph| {
            graph.nodes[4].output = graph.nodes[3].output;
        },
    );
    check(
        "`node0` writes `input0`, which is an input, a constant or written before",
        |graph| {
            graph.nodes[0].output = graph.inputs[0].value;
        },
    );
    check(
        "`node0` writes `constant1`, which is an input, a constant or written before",
        |graph| {
            graph.nodes[0].output = input(graph, 0, 1);
        },
    );
    check(
        "`twin` writes `input0`, which is an input, a constant or written before",
        |graph| {
            let mut port = graph.inputs[0].clone();
            port.name = "twin".to_owned();
            graph.inputs.push(port);
        },
    );
    check(
        "output `output0` is `node4.out`, which nothing computes",
        |graph| {
            graph.nodes.pop();
        },
    );
    check(
        "port `output0` is `constant1`, a constant: the model does not depend on it",
        |graph| {
            graph.outputs[0].value = input(graph, 0, 1);
            graph.outputs[0].source_axes = vec![0, 1, 2, 3];
        },
    );
    check(
        "port `input0` is `constant1`, a constant: the model does not depend on it",
        |graph| {
            graph.inputs[0].value = input(graph, 0, 1);
        },
    );
    check(
        "source axes [0, 2, 2, 3] of port `input0` are no permutation of the axes of [1, 6, 6, 2]",
        |graph| {
            graph.inputs[0].source_axes = vec![0, 2, 2, 3];
        },
    );
}

#[test]
fn wrong_shapes() {
    check(
        "node `node0` (Conv2d): weights of shape [4, 3, 3, 2] take 2 channels, found 3",
        |graph| {
            let x = graph.inputs[0].value;
            graph.value_mut(x).shape = vec![1, 6, 6, 3];
        },
    );
    check(
        "node `node3` (Reshape) computes [1, 36], its output `node3.out` has shape [1, 35]",
        |graph| {
            let output = graph.nodes[3].output;
            graph.value_mut(output).shape = vec![1, 35];
        },
    );
    check(
        "activation `input0` must have batch 1 on axis 0, found shape [2, 6, 6, 2]",
        |graph| {
            let x = graph.inputs[0].value;
            graph.value_mut(x).shape[0] = 2;
        },
    );
    check(
        "activation `node4.out` must have batch 1 on axis 0, found shape []",
        |graph| {
            let output = graph.nodes[4].output;
            graph.value_mut(output).shape = vec![];
        },
    );
    check(
        "value `input0` of shape [1, 0, 6, 2] has no elements",
        |graph| {
            let x = graph.inputs[0].value;
            graph.value_mut(x).shape[1] = 0;
        },
    );
    check(
        "value `input0`: shape [1, 6, 6, 1000000000] has more than 2^31 elements",
        |graph| {
            let x = graph.inputs[0].value;
            graph.value_mut(x).shape[3] = 1_000_000_000;
        },
    );
    check(
        "node `node2` (Clamp): clamp [6, 0] must have min <= max",
        |graph| {
            let clamp = Clamp { min: 6.0, max: 0.0 };
            graph.nodes[2].op = Op::Activation(crate::ir::Activation::Clamp(clamp));
        },
    );
}

#[test]
fn wrong_constants() {
    check(
        "constant `constant1` of shape [4, 3, 3, 2] has 72 elements, found 71",
        |graph| {
            let weights = input(graph, 0, 1);
            graph.value_mut(weights).constant = Some(vec![0.0; 71].into());
        },
    );
    check(
        "constant `constant2` must be finite, element 3 is NaN: check the training",
        |graph| {
            let bias = input(graph, 0, 2);
            graph.value_mut(bias).constant = Some(vec![0.0, 1.0, 2.0, f32::NAN].into());
        },
    );
    check(
        "constant `constant2` must be finite, element 1 is -inf: check the training",
        |graph| {
            let bias = input(graph, 0, 2);
            graph.value_mut(bias).constant =
                Some(vec![0.0, f32::NEG_INFINITY, 2.0, f32::NAN].into());
        },
    );
    check(
        "node `node1` (BatchNorm): variance -1 of channel 2 and epsilon 0.001 must add up to a \
         positive number",
        |graph| {
            let variance = input(graph, 1, 4);
            graph.value_mut(variance).constant = Some(vec![1.0, 0.0, -1.0, 1.0].into());
        },
    );
}

#[test]
fn computed_parameters_are_refused() {
    for (op, roles) in [
        (Op::Dense { clamp: None }, &["weights", "bias"][..]),
        (
            Op::BatchNorm { epsilon: 0.1 },
            &["scale", "bias", "mean", "variance"],
        ),
    ] {
        for (index, &role) in roles.iter().enumerate() {
            let mut graph = Graph::new("test");
            let port = |name: &str, value, rank| Port {
                name: name.to_owned(),
                value,
                source_axes: (0..rank).collect(),
            };
            let x = graph.add_activation("x", vec![1, 1]);
            // A batch of 1 passes as a bias, and as weights of one output.
            let shape = if role == "weights" {
                vec![1, 1]
            } else {
                vec![1]
            };
            let rank = shape.len();
            let computed = graph.add_activation("computed", shape);
            graph.inputs = vec![port("x", x, 2), port("parameter", computed, rank)];
            let mut inputs = vec![x];
            for (other, &role) in roles.iter().enumerate() {
                let shape = if role == "weights" {
                    vec![1, 1]
                } else {
                    vec![1]
                };
                inputs.push(if other == index {
                    computed
                } else {
                    graph.add_constant(role, shape, vec![1.0])
                });
            }
            let output = graph.add_activation("y", vec![1, 1]);
            graph.outputs = vec![port("y", output, 2)];
            let name = "layer".to_owned();
            graph.nodes.push(Node {
                name,
                op: op.clone(),
                inputs,
                output,
            });
            let expected = VerifyError::NotConstant {
                node: "layer".to_owned(),
                op: op.name(),
                role,
                value: "computed".to_owned(),
            };
            assert_eq!(verify(&graph), Err(expected));
        }
    }
}

#[test]
fn multiplications_are_counted() {
    // conv: 3 · 3 · 4 outputs of 3 · 3 · 2 taps; dense: 5 outputs of 36.
    assert_eq!(macs(&network()), [36 * 18, 0, 0, 0, 5 * 36]);

    let mut builder = Builder::new(1);
    let x = builder.input(&[1, 4, 4, 6]);
    let depthwise = builder.conv(x, 6, window(3, 1, 1), 6, Some(RELU));
    builder.conv(depthwise, 8, window(1, 1, 0), 1, None);
    assert_eq!(macs(&builder.graph), [16 * 6 * 9, 16 * 8 * 6]);
}
