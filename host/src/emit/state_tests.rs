//! Networks that remember, against the same networks with what they remember as inputs and outputs.

use super::testing::{
    Builder, clamp, evaluate, int8, is_real, options, params, programs, random_graph, run_sequence,
};
use super::{compile, emit};
use crate::ir::ValueId;
use crate::lower::{LowerError, lower};
use crate::plan::testing::{Random, disjoint};
use crate::plan::{check, plan};
use crate::quantize::graph::{DType, Initial, QGraph, QOp, SvdfLayer};
use tiivis_runtime::blob::Scale;

/// A random graph with one to three states that are added to values of it. What they become may be
/// anything of their length: results, inputs, constants, other states, themselves.
fn stateful_graph(random: &mut Random) -> QGraph {
    let (graph, _) = random_graph(random);
    let mut builder = Builder { graph };
    // Of softmax, or no int8.
    let is_other = |graph: &QGraph, id: ValueId| {
        let mut nodes = graph.nodes.iter();
        let is_softmax = nodes.any(|node| node.output == id && is_real(&node.op));
        is_softmax || graph.value(id).dtype != DType::I8
    };
    // The kernel's table is off by one from the definition, which a state would carry on.
    let outputs = builder.graph.outputs.clone();
    let exact = outputs
        .into_iter()
        .filter(|port| !is_other(&builder.graph, port.value));
    builder.graph.outputs = exact.collect();
    for _ in 0..1 + random.below(3) {
        let ids = (0..builder.graph.values.len()).map(ValueId::from_index);
        let ids: Vec<_> = ids
            .filter(|&id| {
                let value = builder.graph.value(id);
                value.constant.is_none() && !is_other(&builder.graph, id)
            })
            .collect();
        let with = ids[ids.len() - 1 - random.below(ids.len().min(4))];
        let shape = builder.shape(with);
        let count = shape.iter().product();
        let initial = match random.chance(50) {
            true => Initial::Fill(i8::try_from(random.below(100)).unwrap()),
            false => Initial::Bytes(int8(random, count).into()),
        };
        let state = builder.state(&shape, params(0.05, 3), initial);
        let add = QOp::Add { clamp: clamp() };
        let sum = builder.node(add, &[with, state], &shape, params(0.06, -4));
        if random.chance(30) {
            builder.constant(&shape, params(0.1, 0), int8(random, count));
        }
        if random.chance(40) {
            let table = (-128..=127).rev().collect();
            builder.like(QOp::Lut { table }, state);
        }
        builder.output(if random.chance(80) { sum } else { state });
    }
    for at in 0..builder.graph.states.len() {
        let count = |id: ValueId| builder.shape(id).iter().product::<usize>();
        let own = count(builder.graph.states[at].value);
        let ids = (0..builder.graph.values.len()).map(ValueId::from_index);
        let ids: Vec<_> = ids
            .filter(|&id| count(id) == own && !is_other(&builder.graph, id))
            .collect();
        if random.chance(90) {
            builder.graph.states[at].next = Some(ids[random.below(ids.len())]);
        }
    }
    builder.graph
}

/// The outputs of each run by definition: states are inputs, what they become are outputs.
fn expected(graph: &QGraph, runs: &[Vec<Vec<i8>>]) -> Vec<Vec<Vec<i8>>> {
    let mut flat = graph.clone();
    let port = |value: ValueId| crate::quantize::graph::QPort {
        name: "state".to_owned(),
        value,
        source_axes: Vec::new(),
        unsigned: false,
    };
    for state in flat.states.drain(..) {
        flat.inputs.push(port(state.value));
        flat.outputs.push(port(state.next.unwrap_or(state.value)));
    }
    let mut states: Vec<Vec<i8>> = graph
        .states
        .iter()
        .map(|state| match &state.initial {
            Initial::Bytes(bytes) => bytes.to_vec(),
            Initial::Fill(value) => {
                vec![*value; graph.value(state.value).shape.iter().product()]
            }
        })
        .collect();
    runs.iter()
        .map(|inputs| {
            let mut outputs = evaluate(&flat, &[&inputs[..], &states[..]].concat());
            states = outputs.split_off(graph.outputs.len());
            outputs
        })
        .collect()
}

#[test]
fn random_graphs_with_state_compute_what_their_definitions_say() {
    let mut random = Random::new(12);
    let (mut direct, mut copied, mut in_place) = (0, 0, 0);
    for round in 0..600 {
        let graph = stateful_graph(&mut random);
        let runs: Vec<Vec<Vec<i8>>> = (0..4)
            .map(|_| {
                let inputs = graph.inputs.iter();
                inputs
                    .map(|port| {
                        let shape = &graph.value(port.value).shape;
                        int8(&mut random, shape.iter().product())
                    })
                    .collect()
            })
            .collect();
        let expected = expected(&graph, &runs);
        let compiled = compile(&graph, &options())
            .unwrap_or_else(|error| panic!("{round}: {error:?}\n{graph:#?}"));
        let found = run_sequence(&compiled.blob, &runs);
        assert_eq!(found, expected, "{round}\n{graph:#?}");
        for program in programs(&graph) {
            for plan in [plan(&program).unwrap(), disjoint(&program)] {
                check(&program, &plan).unwrap();
                let blob = emit(&graph, &program, &plan, &options()).unwrap();
                assert_eq!(run_sequence(&blob, &runs), expected, "{round}\n{graph:#?}");
            }
        }
        let program = compiled.program;
        for state in &program.states {
            let Some(next) = state.next else { continue };
            let mut steps = program.steps.iter();
            let writer = steps.find(|step| step.write.buffer == next).unwrap();
            let is_copy = program.buffers[next].name.starts_with("state of");
            copied += usize::from(is_copy);
            direct += usize::from(!is_copy);
            in_place += usize::from(writer.reads.iter().any(|read| read.buffer == state.value));
        }
    }
    println!("{direct} computed in their place, {in_place} of them from it, {copied} copied");
    assert!(direct > 100 && in_place > 20 && copied > 100);
}

#[test]
fn what_no_output_needs_is_not_remembered() {
    let mut builder = Builder::new();
    let scale = params(0.1, 0);
    let x = builder.input(&[1, 4], scale);
    let dead = builder.state(&[1, 400], scale, Initial::Fill(0));
    let table: std::sync::Arc<[i8]> = (-128..=127).collect();
    let more = builder.like(QOp::Lut { table }, dead);
    builder.graph.states[0].next = Some(more);
    // A chain of two: the output is what came two runs before.
    let first = builder.state(&[1, 4], scale, Initial::Fill(1));
    let second = builder.state(&[1, 4], scale, Initial::Fill(2));
    builder.graph.states[1].next = Some(x);
    builder.graph.states[2].next = Some(first);
    builder.output(second);
    let compiled = compile(&builder.graph, &options()).unwrap();
    assert_eq!(compiled.program.states.len(), 2);
    assert!(compiled.plan.arena_bytes <= 24, "{}", compiled.plan);
    let runs: Vec<_> = (10..14).map(|at| vec![vec![at; 4]]).collect();
    let found = run_sequence(&compiled.blob, &runs);
    let found: Vec<i8> = found.iter().map(|outputs| outputs[0][0]).collect();
    assert_eq!(found, [2, 1, 10, 11]);
}

#[test]
fn states_that_contradict_the_graph_are_named() {
    let refused = |change: &dyn Fn(&mut Builder, ValueId, ValueId)| {
        let mut builder = Builder::new();
        let scale = params(0.1, 0);
        let x = builder.input(&[1, 4], scale);
        let state = builder.state(&[1, 4], scale, Initial::Fill(0));
        let y = builder.node(QOp::Add { clamp: clamp() }, &[x, state], &[1, 4], scale);
        builder.output(y);
        change(&mut builder, x, y);
        match lower(&builder.graph) {
            Err(LowerError::State { state, what }) if state == "state 0" => what,
            other => panic!("{other:?}"),
        }
    };
    let states = |builder: &mut Builder| builder.graph.states.remove(0);
    let again = refused(&|builder, _, _| {
        let state = states(builder);
        builder.graph.states = vec![state.clone(), state];
    });
    assert_eq!(again, "is another state too");
    let input = refused(&|builder, x, _| builder.graph.states[0].value = x);
    assert_eq!(input, "is a constant or an input of the network");
    let computed = refused(&|builder, _, y| builder.graph.states[0].value = y);
    assert!(computed.starts_with("is computed"), "{computed}");
    let short = refused(&|builder, _, _| {
        builder.graph.states[0].initial = Initial::Bytes([1, 2, 3].into());
    });
    assert!(short.contains("another length"), "{short}");
    let next = refused(&|builder, _, _| {
        let other = builder.input(&[1, 5], params(0.1, 0));
        builder.graph.states[0].next = Some(other);
    });
    assert!(next.contains("another length"), "{next}");
}

/// Two units of rank 1 over four values, which remember three.
fn svdf(random: &mut Random, dtype: DType) -> QOp {
    let scale = |shift| Scale {
        multiplier: 1_500_000_000,
        shift,
    };
    let bytes = usize::try_from(dtype.bytes()).unwrap();
    QOp::Svdf(SvdfLayer {
        weights: int8(random, 2 * 4).into(),
        time_weights: int8(random, 2 * 3 * bytes).into(),
        bias: vec![500, -70],
        rank: 1,
        state_scale: scale(-6),
        output_scale: scale(if dtype == DType::I16 { -14 } else { -7 }),
    })
}

#[test]
fn what_a_node_changes_in_place_lies_apart_from_everything() {
    let mut random = Random::new(5);
    for round in 0..60 {
        let mut builder = Builder::new();
        let scale = params(0.1, 3);
        let x = builder.input(&[1, 4], scale);
        let mut wide = x;
        for _ in 0..1 + random.below(3) {
            let dtype = [DType::I8, DType::I16][random.below(2)];
            let state = builder.state(&[1, 6], scale, Initial::Fill(0));
            builder.retype(state, dtype);
            let op = svdf(&mut random, dtype);
            let narrow = builder.node(op, &[wide, state], &[1, 2], scale);
            // One that becomes another value, beside it.
            let old = builder.state(&[1, 2], scale, Initial::Fill(9));
            let at = builder.graph.states.len() - 1;
            let sum = builder.node(
                QOp::Add { clamp: clamp() },
                &[narrow, old],
                &[1, 2],
                params(0.2, -5),
            );
            builder.graph.states[at].next = Some(sum);
            wide = builder.node(QOp::Concat { axis: 1 }, &[sum, narrow], &[1, 4], scale);
            if random.chance(40) {
                builder.output(sum);
            }
        }
        builder.output(wide);
        let runs: Vec<_> = (0..6).map(|_| vec![int8(&mut random, 4)]).collect();
        let program = lower(&builder.graph).unwrap();
        let apart = disjoint(&program);
        let apart = emit(&builder.graph, &program, &apart, &options()).unwrap();
        let compiled = compile(&builder.graph, &options()).unwrap();
        let found = run_sequence(&compiled.blob, &runs);
        assert_eq!(found, run_sequence(&apart, &runs), "{round}");
        assert!(found.windows(2).any(|pair| pair[0] != pair[1]), "{round}");
    }
}

#[test]
fn a_state_that_a_node_changes_is_that_nodes_alone() {
    let refused = |change: &dyn Fn(&mut Builder, [ValueId; 3])| {
        let mut builder = Builder::new();
        let scale = params(0.1, 0);
        let x = builder.input(&[1, 4], scale);
        let state = builder.state(&[1, 6], scale, Initial::Fill(0));
        let op = svdf(&mut Random::new(1), DType::I8);
        let y = builder.node(op, &[x, state], &[1, 2], scale);
        builder.output(y);
        lower(&builder.graph).unwrap();
        change(&mut builder, [x, state, y]);
        lower(&builder.graph).unwrap_err().to_string()
    };
    let other = refused(&|builder, _| {
        let input = builder.input(&[1, 6], params(0.1, 0));
        builder.graph.nodes[0].inputs[1] = input;
    });
    assert_eq!(other, "state `value 3` is no state, but a node changes it");
    let next = refused(&|builder, [_, state, _]| builder.graph.states[0].next = Some(state));
    assert!(next.ends_with("becomes another value too"), "{next}");
    let shared = "state `state 0` is changed by a node and read by another";
    let read = refused(&|builder, [_, state, _]| {
        let table = (-128..=127).collect();
        let more = builder.like(QOp::Lut { table }, state);
        builder.output(more);
    });
    assert_eq!(read, shared);
    let shown = refused(&|builder, [_, state, _]| builder.output(state));
    assert_eq!(shown, shared);
    let twice = refused(&|builder, [x, state, _]| {
        let op = svdf(&mut Random::new(2), DType::I8);
        let more = builder.node(op, &[x, state], &[1, 2], params(0.1, 0));
        builder.output(more);
    });
    assert_eq!(twice, shared);
    let short = refused(&|builder, [_, _, y]| {
        let state = builder.state(&[1, 5], params(0.1, 0), Initial::Fill(0));
        builder.graph.nodes.retain(|node| node.output == y);
        builder.graph.nodes[0].inputs[1] = state;
    });
    assert!(short.contains("expected a state of 6, found 5"), "{short}");
    let wide = refused(&|builder, [_, state, _]| {
        builder.retype(state, DType::I32);
    });
    assert!(wide.contains("int8 or int16"), "{wide}");
    let constant = refused(&|builder, _| {
        let constant = builder.constant(&[1, 4], params(0.1, 0), vec![0; 4]);
        builder.graph.nodes[0].inputs[0] = constant;
    });
    assert!(constant.contains("constant"), "{constant}");
}
