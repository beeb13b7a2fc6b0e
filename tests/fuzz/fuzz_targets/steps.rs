//! Steps and data from the fuzzer's bytes, in a blob that is right otherwise: gets deep into the
//! checks and kernels, because no length prefix has to be guessed around a step.
//!
//! The bytes: u16 arena bytes (modulo 4096), u16 length of the steps, the steps as postcard, the data.
#![no_main]
#![allow(dead_code, reason = "the tests share the module")]

#[path = "../src/execute.rs"]
mod execute;
#[path = "../../../runtime/tests/programs/mod.rs"]
mod programs;

use tiivis_runtime::blob::{Span, Step};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&[a0, a1, s0, s1], rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let steps_len = usize::from(u16::from_le_bytes([s0, s1])).min(rest.len());
    let (mut encoded, data) = rest.split_at(steps_len);
    let mut builder = programs::Builder::new();
    // Small, because an execution takes as long as its arena.
    builder.arena_bytes = (u32::from(u16::from_le_bytes([a0, a1])) % 4096).max(1);
    builder.data = data.to_vec();
    while let Ok((step, rest)) = postcard::take_from_bytes::<Step>(encoded) {
        builder.step(step.op);
        encoded = rest;
        if builder.steps.len() == 8 {
            break;
        }
    }
    let everything = Span {
        offset: 0,
        len: builder.arena_bytes,
    };
    execute::execute(&builder.finish(&[everything], &[everything]));
});
