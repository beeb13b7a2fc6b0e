//! Damaged and hostile files: whatever they say, the importer answers, with a valid graph or with an
//! error.

use super::golden_tests::models;
use super::import;
use crate::ir;
use crate::passes::oracle::Random;
use rten_onnx::onnx::{DataType, ModelProto, TensorProto};

impl Random {
    /// A byte; more often one that means something in lengths and numbers.
    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 8] = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff];
        let [byte, choice, ..] = self.bits().to_le_bytes();
        if choice < 128 {
            byte
        } else {
            TELLING[usize::from(byte % 8)]
        }
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    fn number(&mut self) -> i64 {
        const TELLING: [i64; 16] = [
            0,
            1,
            -1,
            2,
            3,
            -2,
            4,
            7,
            60,
            -60,
            1 << 16,
            1 << 24,
            1 << 31,
            1 << 40,
            i64::MAX,
            i64::MIN,
        ];
        self.pick(&TELLING)
    }
}

/// Imports per model file; `TIIVIS_IMPORT_FUZZ` overrides it for a longer run.
fn rounds() -> usize {
    std::env::var("TIIVIS_IMPORT_FUZZ").map_or(60, |text| text.parse().unwrap())
}

fn all_models() -> Vec<(String, Vec<u8>)> {
    let mut all = models("tests/golden/onnx_ops");
    all.extend(models("tests/golden/onnx_bad"));
    all
}

/// Imports; what is accepted must be a valid graph. Whether it was.
fn answered(bytes: &[u8], name: &str) -> bool {
    match import(bytes, name) {
        Ok((graph, _)) => {
            ir::verify(&graph).unwrap_or_else(|error| panic!("{name}: {error}"));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

#[test]
fn damaged_bytes_are_answered() {
    let mut random = Random::new(1);
    let (mut accepted, mut tried) = (0usize, 0usize);
    for (name, bytes) in all_models() {
        for _ in 0..rounds() {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random.below(4) {
                if damaged.is_empty() {
                    break;
                }
                let at = random.below(damaged.len());
                match random.below(4) {
                    0 => damaged.truncate(at),
                    1 => damaged.insert(at, random.byte()),
                    2 => damaged[at] ^= 1 << random.below(8),
                    _ => damaged[at] = random.byte(),
                }
            }
            tried += 1;
            accepted += usize::from(answered(&damaged, &name));
        }
    }
    println!("{accepted} of {tried} accepted");
    assert!(
        0 < accepted && accepted < tried,
        "damage of both kinds was tried"
    );
}

/// Changes one thing that a well-formed file may say.
fn mutate(random: &mut Random, model: &mut ModelProto, operators: &[String]) {
    let Some(graph) = &mut model.graph else {
        return;
    };
    let names: Vec<String> = graph
        .node
        .iter()
        .flat_map(|node| node.input.iter().chain(&node.output))
        .cloned()
        .collect();
    let nodes = graph.node.len();
    match random.below(8) {
        0 if !graph.initializer.is_empty() => {
            let at = random.below(graph.initializer.len());
            mutate_tensor(random, &mut graph.initializer[at]);
        }
        1 if !graph.input.is_empty() => {
            let at = random.below(graph.input.len());
            let shape = graph.input[at]
                .r#type
                .as_mut()
                .and_then(|kind| kind.tensor_type.as_mut()?.shape.as_mut());
            if let Some(dims) = shape
                .map(|shape| &mut shape.dim)
                .filter(|dims| !dims.is_empty())
            {
                let at = random.below(dims.len());
                dims[at].dim_value = Some(random.number());
                dims[at].dim_param = None;
            }
        }
        2 => {
            if let Some(opset) = model.opset_import.first_mut() {
                opset.version = Some(6 + i64::from(random.byte() % 23));
            }
        }
        3 if nodes > 0 => graph.node[random.below(nodes)].op_type = Some(random.pick(operators)),
        4 if nodes > 0 && !names.is_empty() => {
            let node = &mut graph.node[random.below(nodes)];
            let name = random.pick(&names);
            let at = random.below(node.input.len() + 1);
            if at < node.input.len() && random.byte() < 200 {
                node.input[at] = name;
            } else {
                node.input.insert(at, name);
            }
        }
        _ if nodes > 0 => {
            let node = &mut graph.node[random.below(nodes)];
            if !node.attribute.is_empty() {
                let at = random.below(node.attribute.len());
                let attribute = &mut node.attribute[at];
                if let Some(tensor) = &mut attribute.t {
                    return mutate_tensor(random, tensor);
                }
                if let Some(number) = &mut attribute.i {
                    *number = random.number();
                }
                if let Some(number) = &mut attribute.f {
                    *number = random.pick(&[
                        0.0,
                        -1.0,
                        f32::NAN,
                        f32::INFINITY,
                        f32::MAX,
                        f32::MIN_POSITIVE,
                    ]);
                }
                let at = random.below(attribute.ints.len() + 1);
                match attribute.ints.get_mut(at) {
                    Some(number) => *number = random.number(),
                    None => attribute.ints.push(random.number()),
                }
            }
        }
        _ => {}
    }
}

fn mutate_tensor(random: &mut Random, tensor: &mut TensorProto) {
    if tensor.data_type == Some(DataType::INT64) && random.byte() < 200 {
        if let Some(raw) = &tensor.raw_data {
            let mut raw = raw.borrow_mut();
            if raw.len() >= 8 {
                let at = random.below(raw.len() / 8) * 8;
                raw[at..at + 8].copy_from_slice(&random.number().to_le_bytes());
            }
        }
        return;
    }
    match random.below(4) {
        0 => tensor.dims.push(random.number()),
        1 => {
            tensor.dims.pop();
        }
        2 => tensor.dims.reverse(),
        _ => {
            if let Some(dim) = tensor.dims.last_mut() {
                *dim = random.number();
            }
        }
    }
}

#[test]
fn hostile_models_are_answered() {
    let mut random = Random::new(2);
    let cases = all_models();
    let parsed = |bytes: &[u8]| {
        super::wire::check(bytes)
            .ok()
            .and_then(|()| ModelProto::parse_buf(bytes).ok())
    };
    let operators: std::collections::BTreeSet<String> = cases
        .iter()
        .filter_map(|(_, bytes)| parsed(bytes)?.graph)
        .flat_map(|graph| graph.node.into_iter().filter_map(|node| node.op_type))
        .collect();
    let operators: Vec<String> = operators.into_iter().collect();
    let (mut accepted, mut tried) = (0usize, 0usize);
    for (name, bytes) in cases.iter().filter(|(_, bytes)| parsed(bytes).is_some()) {
        for _ in 0..rounds() {
            let mut model = parsed(bytes).unwrap();
            for _ in 0..1 + random.below(3) {
                mutate(&mut random, &mut model, &operators);
            }
            tried += 1;
            accepted += usize::from(answered(&model.write_buf().unwrap(), name));
        }
    }
    println!("{accepted} of {tried} accepted");
    assert!(
        tried / 20 < accepted && accepted < tried,
        "{accepted} of {tried} accepted"
    );
}

#[test]
fn every_truncation_is_refused() {
    let cases = models("tests/golden/onnx_ops");
    for name in ["net_se_block", "conv_ir3_opset7", "constant_folding"] {
        let (_, bytes) = cases.iter().find(|(case, _)| case == name).unwrap();
        let accepted: Vec<usize> = (0..bytes.len())
            .filter(|&len| import(&bytes[..len], name).is_ok())
            .collect();
        assert!(
            accepted.is_empty(),
            "{name} of {} bytes cut to {accepted:?}",
            bytes.len()
        );
    }
}
