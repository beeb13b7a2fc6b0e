//! A whole blob from the fuzzer's bytes. The fields that only say that nothing was damaged are
//! repaired, or no mutation would get past them.
#![no_main]
#![allow(dead_code, reason = "the tests share the module")]

#[path = "../src/execute.rs"]
mod execute;
#[path = "../../../runtime/tests/programs/mod.rs"]
mod programs;

use tiivis_runtime::blob::MAJOR;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.len() < 32 {
        // Too short to repair: must be refused all the same.
        execute::execute(bytes);
        return;
    }
    let mut blob = bytes.to_vec();
    blob[..4].copy_from_slice(b"TIIV");
    blob[4..6].copy_from_slice(&MAJOR.to_le_bytes());
    programs::repair(&mut blob);
    execute::execute(&blob);
});
