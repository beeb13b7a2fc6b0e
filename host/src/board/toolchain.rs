//! Finds a compiler for a board's target. Never installs anything; see [`super::doctor`].

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian's packages that make a compiler for bare-metal Arm: compiler, build tool, the source of
/// `core` (there is no compiled one), and a linker (`rust-lld` is not packaged).
pub(super) const DEBIAN_PACKAGES: [&str; 4] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "binutils-arm-none-eabi",
];

/// A cargo and a rustc that build for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The user's own, with a compiled `core` for the target.
    Installed {
        /// Where `rustc --print sysroot` points.
        sysroot: PathBuf,
    },
    /// Debian's packages; `core` is compiled from source.
    Debian {
        /// The compiler.
        rustc: PathBuf,
        /// The build tool.
        cargo: PathBuf,
        /// The linker, GNU ld.
        linker: PathBuf,
    },
}

/// Why there is no compiler.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// Neither the user's toolchain nor Debian's packages can build for the target.
    #[error("no compiler for {target}: {why}; `tiivis doctor --fix --board {board}` installs what is missing")]
    Missing {
        /// The target triple.
        target: String,
        /// The board.
        board: String,
        /// What was looked for.
        why: String,
    },
}

impl Toolchain {
    /// Finds a toolchain for `target`: the user's if it has the target, else Debian's packages.
    /// `board` is named in the error.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Missing`].
    pub fn find(target: &str, board: &str) -> Result<Self, ToolchainError> {
        if let Some(found) = installed(target).or_else(debian) {
            return Ok(found);
        }
        let user = match sysroot() {
            Some(sysroot) => format!("the toolchain in {} lacks the target", sysroot.display()),
            None => "rustc does not answer".into(),
        };
        Err(ToolchainError::Missing {
            target: target.into(),
            board: board.into(),
            why: format!(
                "{user}, and Debian's packages ({}) are not all installed",
                DEBIAN_PACKAGES.join(", ")
            ),
        })
    }

    /// The `cargo build` command for `target`, to which the caller adds what to build. It inherits
    /// nothing from a cargo run that it may be a part of.
    #[must_use]
    pub fn cargo_build(&self, target: &str) -> Command {
        let mut command = match self {
            Self::Installed { .. } => {
                let mut command = Command::new("cargo");
                clean(&mut command);
                command
            }
            Self::Debian { rustc, cargo, linker } => {
                let mut command = Command::new(cargo);
                clean(&mut command);
                let linker_variable =
                    format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
                command
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env("RUSTC", rustc)
                    // The package is a stable release; only this lets it compile `core`.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env(linker_variable, linker);
                command
            }
        };
        command.args(["build", "--target", target]).stdin(Stdio::null());
        if let Self::Debian { .. } = self {
            command.arg("-Zbuild-std=core");
        }
        command
    }

    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Installed { sysroot } => format!("target installed in {}", sysroot.display()),
            Self::Debian { rustc, .. } => {
                format!("Debian's packages: {}", version(rustc).unwrap_or_default())
            }
        }
    }
}

fn installed(target: &str) -> Option<Toolchain> {
    let sysroot = sysroot()?;
    let has_core = sysroot.join("lib/rustlib").join(target).join("lib").is_dir();
    has_core.then_some(Toolchain::Installed { sysroot })
}

/// Where the user's toolchain lies.
fn sysroot() -> Option<PathBuf> {
    let mut command = Command::new("rustc");
    clean(&mut command);
    let printed = output(command.args(["--print", "sysroot"]))?;
    Some(PathBuf::from(printed.trim()))
}

fn debian() -> Option<Toolchain> {
    let rustc = packaged("rustc-web", "rustc")?;
    let cargo = packaged("cargo-web", "cargo")?;
    let linker = packaged("binutils-arm-none-eabi", "arm-none-eabi-ld")?;
    let sysroot = output(Command::new(&rustc).args(["--print", "sysroot"]))?;
    let core = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core/Cargo.toml");
    core.is_file().then_some(Toolchain::Debian { rustc, cargo, linker })
}

/// The program `name` of a Debian package: the first in a `bin` folder that answers.
fn packaged(package: &str, name: &str) -> Option<PathBuf> {
    let files = output(Command::new("dpkg").args(["-L", package]))?;
    let in_bin = |path: &Path| {
        path.file_name() == Some(OsStr::new(name))
            && path.parent().and_then(Path::file_name) == Some(OsStr::new("bin"))
    };
    let mut programs = files.lines().map(PathBuf::from).filter(|path| in_bin(path));
    programs.find(|path| version(path).is_some())
}

/// The first line that a program answers to `--version`.
pub(super) fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    clean(&mut command);
    let text = output(command.arg("--version"))?;
    text.lines().next().map(String::from)
}

/// What a command prints, if it succeeds.
pub(super) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let success = output.status.success();
    success.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Takes what a surrounding cargo run sets for its own children out of a command's environment.
/// Where cargo finds its registry and its network (`CARGO_HOME`, `CARGO_NET_*`, `CARGO_HTTP_*`,
/// `CARGO_REGISTRIES_*`) stays.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_a_cargo_run) {
            command.env_remove(name);
        }
    }
}

fn is_of_a_cargo_run(name: &str) -> bool {
    let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let exact = ["RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_BOOTSTRAP", "RUSTFLAGS"];
    let other = ["OUT_DIR", "DEFMT_LOG", "LD_LIBRARY_PATH"];
    let of_cargo = name == "CARGO" || name.starts_with("CARGO_");
    (of_cargo && !kept.iter().any(|prefix| name.starts_with(prefix)))
        || exact.contains(&name)
        || other.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surrounding_cargo_run_is_left_behind_and_the_registry_kept() {
        for name in ["CARGO", "CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "RUSTC", "CARGO_PKG_NAME"] {
            assert!(is_of_a_cargo_run(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_HTTP_PROXY", "CARGO_NET_OFFLINE", "PATH", "RUSTUP_HOME"] {
            assert!(!is_of_a_cargo_run(name), "{name}");
        }
    }

    #[test]
    fn debian_builds_core_and_names_its_linker() {
        let toolchain = Toolchain::Debian {
            rustc: "/usr/bin/rustc".into(),
            cargo: "/usr/bin/cargo".into(),
            linker: "/usr/bin/arm-none-eabi-ld".into(),
        };
        let command = toolchain.cargo_build("thumbv7em-none-eabihf");
        assert_eq!(command.get_program(), "/usr/bin/cargo");
        assert!(command.get_args().any(|argument| argument == "-Zbuild-std=core"));
        let linker = command
            .get_envs()
            .find(|(name, _)| *name == "CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER");
        assert_eq!(linker.and_then(|(_, value)| value), Some(OsStr::new("/usr/bin/arm-none-eabi-ld")));
    }

    #[test]
    fn an_unknown_target_is_missing_or_debians() {
        // Debian's rustc compiles `core` for any target that it knows; nothing is installed for this.
        match Toolchain::find("no-such-target", "some-board") {
            Ok(found) => assert!(matches!(found, Toolchain::Debian { .. })),
            Err(error) => assert!(error.to_string().contains("doctor --fix --board some-board")),
        }
    }
}
