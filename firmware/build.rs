//! Writes `memory.x` for the board whose TOML file the environment variable `TIIVIS_BOARD` names
//! (the emulated MPS2 when it is unset) and passes the linker scripts.

mod memory_x;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=TIIVIS_BOARD");
    let board = env::var_os("TIIVIS_BOARD")
        .map_or_else(|| PathBuf::from("../boards/mps2-an386.toml"), PathBuf::from);
    println!("cargo:rerun-if-changed={}", board.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=memory_x.rs");

    let failed = |cause: &dyn std::fmt::Display| format!("{}: {cause}", board.display());
    let text = fs::read_to_string(&board).map_err(|cause| failed(&cause))?;
    let fields = text
        .parse::<toml::Table>()
        .map_err(|cause| failed(&cause))?;
    let memory_x = memory_x::memory_x(&fields).map_err(|cause| failed(&cause))?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("memory.x"), memory_x)?;
    // The vectors of a device's interrupts: none is enabled, so that no name needs a default.
    fs::write(out.join("device.x"), "")?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    // Not aligned to pages: a segment is what it contains and nothing before it.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    Ok(())
}
