//! Builds a board's firmware.

use super::{Board, Toolchain, ToolchainError};
use crate::elf::Image;
use crate::emit::{DATA_FILE, OwnFiles, STATES_FILE, STEPS_FILE};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tiivis_runtime::blob::Isa;

/// Lines of the compiler's output that an error shows.
const SHOWN_LINES: usize = 20;

/// The firmware's binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts totals; no trace of a hook.
    Bench,
    /// Marks every step.
    Layers,
    /// Feeds the front-end with raw samples; marks every frame and every run.
    Listen,
    /// Holds its kernels against portable ones; takes no model.
    Kernels,
}

impl Kind {
    fn binary(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Layers => "layers",
            Self::Listen => "listen",
            Self::Kernels => "kernels",
        }
    }
}

/// A firmware that has been built.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// Where the ELF lies.
    pub path: PathBuf,
    /// The ELF, with symbols and the log table.
    pub elf_bytes: Vec<u8>,
    /// Bytes of flash that it takes, without any model.
    pub code_bytes: u32,
}

/// Why there is no firmware.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No compiler.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// No source.
    #[error(
        "the firmware's source is not at `{}`: run a tiivis that was built in its checkout, or set \
         TIIVIS_FIRMWARE to the firmware folder of one",
        path.display()
    )]
    Source {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder for builds cannot be made.
    #[error("cannot create `{}` for the firmware: {source}; set TIIVIS_CACHE to a folder that can be written", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the build cannot be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The compiler did not succeed.
    #[error("the firmware for board `{board}` does not build; the whole log is in `{}`, its end:\n{last_lines}", log.display())]
    Compile {
        /// The board.
        board: String,
        /// The whole output.
        log: PathBuf,
        /// The end of it.
        last_lines: String,
    },
    /// The compiler has written something else than expected.
    #[error("the firmware `{}` is not usable: {what}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Builds all binaries of the board's firmware, if they are not up to date, and reads one.
/// `progress` is told what the compiler is at, a line at a time.
///
/// Everything lies in `$TIIVIS_CACHE/firmware/BOARD`, or in the checkout's `target/firmware/BOARD`.
///
/// # Errors
///
/// See [`BuildError`].
pub fn build(
    board: &Board,
    kind: Kind,
    progress: &mut dyn FnMut(&str),
) -> Result<Firmware, BuildError> {
    build_from(&source()?, board, kind, progress)
}

fn build_from(
    source: &Path,
    board: &Board,
    kind: Kind,
    progress: &mut dyn FnMut(&str),
) -> Result<Firmware, BuildError> {
    let output = compile(source, board, progress, &|cargo| {
        cargo.args(["--release", "--bins"]);
        cargo.args(features(board).iter().flat_map(|name| ["--features", name]));
    })?;
    read(board, output.join("release").join(kind.binary()))
}

/// How large the stack of a model's own firmware is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnStack {
    /// As the board has it; the firmware tells how much of it was used.
    Measured,
    /// So many bytes, or as the board has it.
    Reserved(Option<u32>),
}

/// Builds the firmware that holds one model, with the operators that it uses and no others, and
/// returns the ELF. `progress` is told what the compiler is at.
///
/// Everything lies in `$TIIVIS_CACHE/firmware/BOARD`, or in the checkout's `target/firmware/BOARD`.
///
/// # Errors
///
/// See [`BuildError`].
pub fn build_own(
    board: &Board,
    files: &OwnFiles,
    stack: OwnStack,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, BuildError> {
    let source = source()?;
    let folder = folder(&source, board)?.join("own");
    fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
    write_if_different(&folder.join("model.rs"), files.module.as_bytes())?;
    write_if_different(&folder.join(DATA_FILE), &files.data)?;
    write_if_different(&folder.join(STEPS_FILE), &files.steps)?;
    write_if_different(&folder.join(STATES_FILE), &files.states)?;
    let output = compile(&source, board, progress, &|cargo| {
        cargo.args(["--profile", "own", "--package", "tiivis-infer"]);
        cargo.env("TIIVIS_MODEL", &folder);
        cargo.env_remove("TIIVIS_STACK_BYTES");
        let mut features = features(board).to_vec();
        match stack {
            OwnStack::Measured => features.push("measure-stack"),
            OwnStack::Reserved(Some(bytes)) => {
                cargo.env("TIIVIS_STACK_BYTES", bytes.to_string());
            }
            OwnStack::Reserved(None) => {}
        }
        cargo.args(features.iter().flat_map(|name| ["--features", name]));
    })?;
    let path = output.join("own").join("infer");
    fs::read(&path).map_err(failed("read", &path))
}

/// The folder of a board's builds.
fn folder(source: &Path, board: &Board) -> Result<PathBuf, BuildError> {
    let folder = cache(source)?.join("firmware").join(&board.id);
    match fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(BuildError::Cache {
            path: folder,
            source,
        }),
    }
}

/// Runs cargo for the board with what `extend` adds to the command; the folder that holds one of
/// outputs per profile.
fn compile(
    source: &Path,
    board: &Board,
    progress: &mut dyn FnMut(&str),
    extend: &dyn Fn(&mut Command),
) -> Result<PathBuf, BuildError> {
    let toolchain = Toolchain::find(&board.target, &board.id)?;
    let folder = folder(source, board)?;
    let target_folder = folder.join("target");
    let board_file = folder.join("board.toml");
    write_if_different(&board_file, board.text.as_bytes())?;

    let mut cargo = toolchain.cargo_build(&board.target);
    cargo
        .args(["--locked", "--color", "never", "--target-dir"])
        .arg(&target_folder)
        .current_dir(source)
        .env("TIIVIS_BOARD", &board_file)
        .env("DEFMT_LOG", "info")
        .env("CARGO_TERM_PROGRESS_WHEN", "never")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    extend(&mut cargo);
    let log = folder.join("build.log");
    let mut child = cargo
        .spawn()
        .map_err(failed("start", Path::new(cargo.get_program())))?;
    let last_lines = match child.stderr.take() {
        Some(output) => follow(BufReader::new(output), &log, progress)?,
        None => Vec::new(),
    };
    let status = child
        .wait()
        .map_err(failed("wait for", Path::new("cargo")))?;
    if !status.success() {
        return Err(BuildError::Compile {
            board: board.id.clone(),
            log,
            last_lines: last_lines.join("\n"),
        });
    }
    Ok(target_folder.join(&board.target))
}

/// The firmware's features for the board's core.
fn features(board: &Board) -> &'static [&'static str] {
    match board.isa() {
        Isa::Portable => &[],
        Isa::Dsp => &["dsp"],
    }
}

/// The folder of the firmware's workspace.
fn source() -> Result<PathBuf, BuildError> {
    let path = match std::env::var_os("TIIVIS_FIRMWARE") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware"),
    };
    if path.join("Cargo.toml").is_file() && path.join("memory_x.rs").is_file() {
        // Without `..`, so that every way to it is the same to cargo.
        path.canonicalize().map_err(failed("find", &path))
    } else {
        Err(BuildError::Source { path })
    }
}

fn cache(source: &Path) -> Result<PathBuf, BuildError> {
    match std::env::var_os("TIIVIS_CACHE") {
        // Absolute, because cargo runs in another folder.
        Some(path) => std::path::absolute(&path).map_err(failed("find", Path::new(&path))),
        None => Ok(source.parent().unwrap_or(source).join("target")),
    }
}

/// Leaves the time stamp alone where there is nothing to change: the build follows it.
fn write_if_different(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    fs::write(path, content).map_err(failed("write", path))
}

/// Copies the compiler's output to `log`, tells `progress` and returns the last lines.
fn follow(
    output: impl BufRead,
    log: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<String>, BuildError> {
    let mut file = File::create(log).map_err(failed("create", log))?;
    let mut last = Vec::new();
    for line in output.lines() {
        let line = line.map_err(failed("read the output of", Path::new("cargo")))?;
        writeln!(file, "{line}").map_err(failed("write", log))?;
        progress(line.trim());
        if last.len() == SHOWN_LINES {
            last.remove(0);
        }
        last.push(line);
    }
    Ok(last)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_path_buf();
    move |source| BuildError::File {
        action,
        path,
        source,
    }
}

fn read(board: &Board, path: PathBuf) -> Result<Firmware, BuildError> {
    let elf_bytes = fs::read(&path).map_err(failed("read", &path))?;
    let code_bytes = code_bytes(board, &elf_bytes).map_err(|what| BuildError::Image {
        path: path.clone(),
        what,
    })?;
    Ok(Firmware {
        path,
        elf_bytes,
        code_bytes,
    })
}

/// Bytes of flash that an image's segments load, all of which must lie before the model region.
fn code_bytes(board: &Board, elf_bytes: &[u8]) -> Result<u32, String> {
    let image = Image::parse(elf_bytes).map_err(|error| error.to_string())?;
    let (start, end) = (board.flash.start, board.model_address());
    let mut used_end = start;
    for segment in image.segments() {
        let at = segment.address;
        // An image's addresses are of 32 bits.
        let len = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        let inside = at >= start && at.checked_add(len).is_some_and(|to| to <= end);
        if !inside {
            return Err(format!(
                "it loads {len} bytes at {at:#x}, outside of the code's flash {start:#x} to {end:#x}"
            ));
        }
        used_end = used_end.max(at + len);
    }
    Ok(used_end - start)
}

#[cfg(test)]
mod tests;
