//! Damaged and hostile files, and faults by name. What good files compute is compared with TFLM's
//! kernels in `tests/mlperf.rs`.

use super::import;
use crate::emit::{EmitOptions, compile};
use crate::import::survey::Verdict;
use crate::import::{ImportError, Network, NodeFault, Precision};
use crate::passes::oracle::Random;
use std::path::Path;

/// Mutants in a usual run; `TIIVIS_MUTANTS` asks for another number.
const MUTANTS: usize = 3000;

impl Random {
    /// A word that means something as an offset, a count, an index or a float.
    fn word(&mut self) -> u32 {
        const TELLING: [u32; 12] = [
            0,
            1,
            2,
            4,
            0xff,
            0xffff,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0xffff_fff0,
            0x7f80_0000,
            0x0000_0001,
        ];
        TELLING[self.below(TELLING.len())]
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.below(4) {
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at.max(8)),
                1..=3 => bytes[at] = self.bits().to_le_bytes()[0],
                4 | 5 => {
                    let at = at & !3;
                    let word = self.word().to_le_bytes();
                    for (byte, new) in bytes[at..].iter_mut().zip(word) {
                        *byte = new;
                    }
                }
                _ => bytes[at] = bytes[at].wrapping_add([1, 4, 0xff, 0xfc][self.below(4)]),
            }
        }
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tflm_ops/models")
}

fn models() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn model(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.tflite"))).unwrap()
}

/// Where this word is, if it is there once.
fn only(bytes: &[u8], word: &[u8]) -> usize {
    let mut found = bytes
        .windows(word.len())
        .enumerate()
        .filter(|(_, at)| *at == word);
    let (at, _) = found.next().expect("there");
    assert!(found.next().is_none(), "there once");
    at
}

#[test]
fn mutants_are_imported_or_refused() {
    let number = std::env::var("TIIVIS_MUTANTS").map_or(MUTANTS, |number| number.parse().unwrap());
    let models = models();
    let mut random = Random::new(4);
    let (mut imported, mut compiled) = (0, 0);
    for _ in 0..number {
        let mut bytes = models[random.below(models.len())].clone();
        random.mutate(&mut bytes);
        let Ok((graph, _)) = import(&bytes, "mutant") else {
            continue;
        };
        imported += 1;
        compiled += usize::from(compile(&graph, &EmitOptions::default()).is_ok());
    }
    println!("{number} mutants: {imported} imported, {compiled} of them compiled");
    // Enough of both that either way is tried: of 3000, 254 are imported.
    assert!(imported > number / 20 && imported < number, "{imported}");
}

/// Models of float32 and of uint8.
#[test]
fn mutants_of_other_types_are_imported_or_refused() {
    let number = std::env::var("TIIVIS_MUTANTS").map_or(MUTANTS, |number| number.parse().unwrap());
    let files = |path: &str, prefix: &str| -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(folder().join(path)).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(prefix)
        });
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read(path).unwrap())
            .collect()
    };
    let mut models = files("../../tflite_float/models", "float_");
    models.extend(files("../../tflite_ops/models", "uint8_"));
    let mut random = Random::new(5);
    let (mut float, mut integer) = (0, 0);
    for _ in 0..number {
        let mut bytes = models[random.below(models.len())].clone();
        random.mutate(&mut bytes);
        match super::import_network(&bytes, "mutant") {
            Ok((Network::Float(mut graph), _)) => {
                float += 1;
                // Whether or not it can: without a panic.
                let _ = crate::passes::simplify(&mut graph, &mut |_, _| {});
            }
            Ok((Network::Quantized(graph), _)) => {
                integer += 1;
                let _ = compile(&graph, &EmitOptions::default());
            }
            Err(_) => {}
        }
    }
    println!("{number} mutants: {float} imported of float32, {integer} of uint8");
    assert!(
        float > number / 20 && integer > number / 50,
        "{float}, {integer}"
    );
}

#[test]
fn every_truncation_is_refused_or_harmless() {
    let bytes = model("conv_2d_plain");
    let whole = import(&bytes, "model").unwrap();
    for len in 0..bytes.len() {
        if let Ok(found) = import(&bytes[..len], "model") {
            assert_eq!(found, whole, "{len}");
        }
    }
    assert!(matches!(
        import(&bytes[..bytes.len() / 2], "model"),
        Err(ImportError::Flatbuffer { .. })
    ));
}

#[test]
fn other_files_are_told_by_their_first_bytes() {
    for bytes in [&b""[..], b"TFL3", b"\x08\0\0\0TFL2\0\0\0\0"] {
        assert!(matches!(
            import(bytes, "x"),
            Err(ImportError::Flatbuffer { offset: 4, .. })
        ));
    }
    // An offset far beyond the end.
    let error = import(b"\xff\xff\xff\x7fTFL3\0\0\0\0", "x").unwrap_err();
    assert!(
        matches!(error, ImportError::Flatbuffer { offset: 0, .. }),
        "{error}"
    );
}

#[test]
fn an_operator_that_is_not_supported_is_named_with_its_place() {
    let error = import(&model("../../tflite_ops/models/element_pow"), "x").unwrap_err();
    let ImportError::Node {
        node,
        operator,
        fault,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((node.as_str(), operator.as_str()), ("0: y", "POW"));
    assert!(matches!(**fault, NodeFault::Operator { .. }));
    assert!(error.to_string().contains("supported: ABS, ADD"), "{error}");
}

#[test]
fn a_survey_names_every_operator_with_a_verdict() {
    let found = super::survey(&model("conv_2d_plain")).unwrap();
    let [conv] = &found.operators[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (&*conv.operator, &conv.verdict),
        ("CONV_2D", &Verdict::Supported)
    );
    assert!(found.is_supported());
    let found = super::survey(&model("../../tflite_ops/models/element_pow")).unwrap();
    let [pow] = &found.operators[..] else {
        panic!("{found:?}");
    };
    assert_eq!(pow.operator, "POW");
    assert!(matches!(pow.verdict, Verdict::Unsupported(_)), "{pow:?}");
    assert!(
        !found.is_supported() && found.faults.is_empty(),
        "{found:?}"
    );
    let known: Vec<_> = super::operators().collect();
    assert!(
        known.contains(&("POW", vec![Precision::Float])),
        "{known:?}"
    );
    let is_convolution = |(name, _): &&(&str, _)| *name == "CONV_2D";
    let (_, precisions) = known.iter().find(is_convolution).unwrap();
    assert!(precisions.starts_with(&[Precision::Float, Precision::Int8, Precision::Uint8]));
}

#[test]
fn a_scale_that_is_none_is_refused() {
    // The scale of both tensors of this model is 0.05.
    let mut bytes = model("relu6_all_0");
    let scale = 0.05f32.to_le_bytes();
    let at = bytes.windows(4).position(|word| word == scale).unwrap();
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        bytes[at..at + 4].copy_from_slice(&bad.to_le_bytes());
        let error = import(&bytes, "x").unwrap_err().to_string();
        assert!(error.contains("one positive scale"), "{error}");
    }
}

#[test]
fn a_map_without_channels_is_refused() {
    let path = folder();
    let mut paths: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.to_string_lossy().contains("conv_2d_"));
    assert!(paths.len() > 50, "{}", paths.len());
    for path in paths {
        let mut bytes = std::fs::read(&path).unwrap();
        let (graph, _) = import(&bytes, "x").unwrap();
        let shape = &graph.value(graph.inputs[0].value).shape;
        let shape: Vec<u8> = shape[1..]
            .iter()
            .flat_map(|&extent| u32::try_from(extent).unwrap().to_le_bytes())
            .collect();
        let shapes = bytes
            .windows(shape.len())
            .enumerate()
            .filter(|(_, found)| *found == shape);
        let channels: Vec<usize> = shapes.map(|(at, _)| at + shape.len() - 4).collect();
        assert!(!channels.is_empty());
        for at in channels {
            bytes[at..at + 4].fill(0);
        }
        assert!(import(&bytes, "x").is_err(), "{}", path.display());
    }
}

#[test]
fn only_a_positive_beta_is_read() {
    let mut bytes = model("softmax_beta_half");
    let at = only(&bytes, &0.5f32.to_le_bytes());
    assert!(import(&bytes, "x").is_ok());
    for bad in [0.0, -0.3, f32::NAN, f32::INFINITY] {
        bytes[at..at + 4].copy_from_slice(&bad.to_le_bytes());
        let error = import(&bytes, "x").unwrap_err().to_string();
        assert!(error.contains(&format!("`beta` is {bad}")), "{error}");
    }
}

#[test]
fn a_batch_that_is_carried_through_is_taken_as_one() {
    let (graph, format) = import(&model("conv_2d_batch2"), "x").unwrap();
    assert_eq!(graph.value(graph.inputs[0].value).shape, [1, 4, 4, 3]);
    assert_eq!(format, "TFLite schema 3, int8, batch 2 taken as 1");
}

#[test]
fn names_are_those_of_the_tensors() {
    let (graph, format) = import(&model("conv_2d_plain"), "net").unwrap();
    assert_eq!(format, "TFLite schema 3, int8");
    assert_eq!(graph.name, "net");
    assert_eq!(graph.inputs[0].name, "x");
    assert_eq!(graph.inputs[0].source_axes, [0, 1, 2, 3]);
    assert_eq!(graph.outputs[0].name, "y");
    assert_eq!(graph.nodes[0].name, "y");
}

#[test]
fn the_format_names_the_activations() {
    for (name, expected) in [
        ("../../tflite_ops/models/int16_conv", "int16"),
        ("../../tflite_ops/models/uint8_conv_dilated", "uint8"),
        // Its cell is int16.
        ("../../tflite_ops/models/recurrent_lstm_int8_clip0", "int8"),
    ] {
        let (_, format) = import(&model(name), "net").unwrap();
        assert_eq!(format, format!("TFLite schema 3, {expected}"));
    }
}

#[test]
fn a_shape_that_asks_for_gigabytes_is_refused() {
    // The shapes of input and output, [1, 256].
    let mut bytes = model("relu6_all_0");
    let shape = [[2, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]].concat();
    let starts: Vec<_> = (0..bytes.len() - 12)
        .filter(|&at| bytes[at..at + 12] == shape)
        .collect();
    assert_eq!(starts.len(), 2);
    for at in starts {
        bytes[at + 8..at + 12].copy_from_slice(&(1u32 << 25).to_le_bytes());
    }
    let error = import(&bytes, "x").unwrap_err().to_string();
    assert!(error.contains("16777216 numbers at most"), "{error}");
}
