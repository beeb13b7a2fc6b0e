//! A `.tflite` file from the fuzzer's bytes: surveyed, imported, and compiled and run where it is small.
#![no_main]

#[path = "../src/bounded.rs"]
mod bounded;
#[path = "../src/chance.rs"]
mod chance;
#[path = "../src/execute.rs"]
mod execute;
#[path = "../src/flatbuffer.rs"]
mod flatbuffer;
#[path = "../src/network.rs"]
mod network;

use tiivis::import::{Network, tflite};

/// Files are of a few kilobytes; the compiler's tables for small networks of up to 16 K numbers take
/// most of it.
#[global_allocator]
static ALLOCATOR: bounded::Bounded = bounded::Bounded::new(1 << 28);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let survey = tflite::survey(bytes);
    let Ok((graph, _)) = tflite::import(bytes, "fuzz") else {
        return;
    };
    assert!(survey.is_ok(), "what is imported can be surveyed");
    network::compile(Network::Quantized(graph));
});

libfuzzer_sys::fuzz_mutator!(
    |data: &mut [u8], size: usize, max_size: usize, seed: u32| {
        let mut chance = chance::Chance::new(seed);
        if chance.below(4) == 0 || size < 16 {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        }
        flatbuffer::mutate(&mut data[..size], &mut chance);
        size
    }
);
