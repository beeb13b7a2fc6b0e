//! Writes the seeds of both targets: a valid blob of every operator. `cargo run --bin seeds`, in
//! this folder.
#![allow(dead_code, reason = "the tests share the module")]

#[path = "../../../runtime/tests/programs/mod.rs"]
mod programs;

use std::{fs, io};
use tiivis_runtime::blob::Preamble;
use tiivis_runtime::{Model, flatten};

fn main() -> io::Result<()> {
    fs::create_dir_all("corpus/blob")?;
    fs::create_dir_all("corpus/steps")?;
    for (name, blob) in programs::all() {
        fs::write(format!("corpus/blob/{name}"), &blob)?;
        let storage = programs::storage(&blob);
        let model = Model::parse(&flatten(&storage)[..blob.len()]).map_err(io::Error::other)?;
        let preamble = Preamble::parse(&blob).map_err(io::Error::other)?;
        let data_offset = usize::try_from(preamble.data_offset).map_err(io::Error::other)?;
        let arena_bytes = u16::try_from(model.arena_bytes()).map_err(io::Error::other)?;
        let steps = model.program().steps;
        let steps_len = u16::try_from(steps.len()).map_err(io::Error::other)?;
        let parts: [&[u8]; 4] = [
            &arena_bytes.to_le_bytes(),
            &steps_len.to_le_bytes(),
            steps,
            &blob[data_offset..],
        ];
        fs::write(format!("corpus/steps/{name}"), parts.concat())?;
    }
    Ok(())
}
