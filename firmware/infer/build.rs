//! Writes `memory.x` for the board (`TIIVIS_BOARD`, as for the bench firmware) and the stack
//! (`TIIVIS_STACK_BYTES`, the board's where it is unset), and hands on the folder with `model.rs` and
//! `model.tiv` (`TIIVIS_MODEL`).

#[path = "../memory_x.rs"]
mod memory_x;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=TIIVIS_BOARD");
    println!("cargo:rerun-if-env-changed=TIIVIS_STACK_BYTES");
    println!("cargo:rerun-if-env-changed=TIIVIS_MODEL");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../memory_x.rs");

    let board = env::var_os("TIIVIS_BOARD").map_or_else(
        || PathBuf::from("../../boards/mps2-an386.toml"),
        PathBuf::from,
    );
    println!("cargo:rerun-if-changed={}", board.display());
    let text = fs::read_to_string(&board)?;
    let fields = text.parse::<toml::Table>()?;
    let stack_bytes = match env::var("TIIVIS_STACK_BYTES") {
        Ok(bytes) => Some(bytes.parse()?),
        Err(_) => None,
    };
    let failed = |cause| format!("{}: {cause}", board.display());
    let memory_x = memory_x::own_memory_x(&fields, stack_bytes).map_err(failed)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("memory.x"), memory_x)?;
    // No interrupt is enabled, so that no name needs a default.
    fs::write(out.join("device.x"), "")?;
    let model = env::var_os("TIIVIS_MODEL").ok_or("`tiivis build` sets TIIVIS_MODEL")?;
    let model = PathBuf::from(model).join("model.rs");
    let module = format!("#[path = {model:?}]\nmod model;\n");
    fs::write(out.join("module.rs"), module)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // Not aligned to pages: a segment is what it contains and nothing before it.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    Ok(())
}
