//! An `.onnx` file from the fuzzer's bytes: surveyed, imported, and simplified or compiled and run where
//! it is small.
#![no_main]

#[path = "../src/bounded.rs"]
mod bounded;
#[path = "../src/chance.rs"]
mod chance;
#[path = "../src/execute.rs"]
mod execute;
#[path = "../src/network.rs"]
mod network;
#[path = "../src/protobuf.rs"]
mod protobuf;

use std::sync::LazyLock;
use tiivis::import::onnx;

/// The importer's own bound is half a gigabyte of constants, of which a file may name several.
#[global_allocator]
static ALLOCATOR: bounded::Bounded = bounded::Bounded::new(3 << 30);

static OPERATORS: LazyLock<Vec<&str>> =
    LazyLock::new(|| onnx::operators().map(|(operator, _)| operator).collect());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = onnx::Options::default();
    let survey = onnx::survey(bytes, &options);
    let Ok((network, _)) = onnx::import_with(bytes, "fuzz", &options) else {
        return;
    };
    assert!(survey.is_ok(), "what is imported can be surveyed");
    network::compile(network);
});

libfuzzer_sys::fuzz_mutator!(
    |data: &mut [u8], size: usize, max_size: usize, seed: u32| {
        let mut chance = chance::Chance::new(seed);
        if chance.below(4) > 0
            && let Some(file) = protobuf::mutate(&data[..size], &OPERATORS, &mut chance)
            && file.len() <= max_size
        {
            data[..file.len()].copy_from_slice(&file);
            return file.len();
        }
        libfuzzer_sys::fuzzer_mutate(data, size, max_size)
    }
);
