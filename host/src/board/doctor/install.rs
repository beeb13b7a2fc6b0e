//! Installs what a board needs.

use super::QEMU;
use crate::board::toolchain::{DEBIAN_PACKAGES, output, version};
use crate::board::{Board, Toolchain, ToolchainError};
use std::path::Path;
use std::process::{Command, Stdio};

/// Why [`fix`] could not install what is missing.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// There is no way to install on this system.
    #[error(
        "nothing can be installed: RUSTUP_AUTO_INSTALL is 0 or rustup is missing, and there is no \
         apt; install a Rust toolchain with the target {target}"
    )]
    NoInstaller {
        /// The target triple.
        target: String,
    },
    /// Not root, and sudo asks for a password.
    #[error("installing packages needs root: run `{command}` and try again")]
    NotRoot {
        /// The command to run.
        command: String,
    },
    /// A command did not succeed.
    #[error("`{command}` failed: {cause}")]
    Command {
        /// The command.
        command: String,
        /// The end of what it said.
        cause: String,
    },
    /// Everything was installed and still no compiler is found.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
}

/// Installs a compiler for `board` if none is found: where `RUSTUP_AUTO_INSTALL` is 0 or there is
/// no rustup, Debian's packages; else rustup's target. Returns what was done, in order; `progress`
/// is told each command before it runs.
///
/// # Errors
///
/// See [`FixError`].
pub fn fix(board: &Board, progress: &mut dyn FnMut(&str)) -> Result<Vec<String>, FixError> {
    if Toolchain::find(&board.target, &board.id).is_ok() {
        return Ok(Vec::new());
    }
    let system = System {
        rustup: version(Path::new("rustup")).is_some(),
        rustup_may_download: std::env::var_os("RUSTUP_AUTO_INSTALL")
            .is_none_or(|value| value != "0"),
        apt: version(Path::new("apt-get")).is_some(),
    };
    let mut done = Vec::new();
    match installer(system) {
        Some(Installer::Rustup) => {
            let command = ["rustup", "target", "add", board.target.as_str()];
            execute(&command, progress)?;
            done.push(command.join(" "));
        }
        Some(Installer::Apt) => install_packages(&DEBIAN_PACKAGES, &mut done, progress)?,
        None => {
            return Err(FixError::NoInstaller {
                target: board.target.clone(),
            });
        }
    }
    Toolchain::find(&board.target, &board.id)?;
    Ok(done)
}

/// Installs QEMU from Debian's packages if it does not answer. Returns what was done, in order;
/// `progress` is told each command before it runs.
///
/// # Errors
///
/// See [`FixError`].
pub fn install_qemu(progress: &mut dyn FnMut(&str)) -> Result<Vec<String>, FixError> {
    let mut done = Vec::new();
    if version(Path::new(QEMU)).is_none() {
        install_packages(&[QEMU], &mut done, progress)?;
    }
    Ok(done)
}

/// What the system offers.
#[derive(Clone, Copy, Debug)]
struct System {
    rustup: bool,
    rustup_may_download: bool,
    apt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installer {
    Rustup,
    Apt,
}

fn installer(system: System) -> Option<Installer> {
    if system.rustup && system.rustup_may_download {
        Some(Installer::Rustup)
    } else if system.apt {
        Some(Installer::Apt)
    } else {
        None
    }
}

fn install_packages(
    packages: &[&'static str],
    done: &mut Vec<String>,
    progress: &mut dyn FnMut(&str),
) -> Result<(), FixError> {
    let mut install = vec!["apt-get", "install", "-y", "--no-install-recommends"];
    install.extend(packages);
    let update = ["apt-get", "update"];
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let prefix: &[&str] = if root {
        &[]
    } else if output(Command::new("sudo").args(["-n", "true"])).is_some() {
        &["sudo", "-n"]
    } else {
        return Err(FixError::NotRoot {
            command: format!("sudo sh -c '{} && {}'", update.join(" "), install.join(" ")),
        });
    };
    let mut run = |command: &[&str]| {
        let command: Vec<_> = prefix.iter().chain(command).copied().collect();
        execute(&command, progress)?;
        done.push(command.join(" "));
        Ok::<(), FixError>(())
    };
    // A system without package lists, or with stale ones, does not find every package.
    if !lists_are_there(packages) {
        run(&update)?;
        return run(&install);
    }
    run(&install).or_else(|_| {
        run(&update)?;
        run(&install)
    })
}

/// Whether apt knows a version of every package that it could install.
fn lists_are_there(packages: &[&str]) -> bool {
    packages.iter().all(|package| {
        output(Command::new("apt-cache").args(["policy", package])).is_some_and(|policy| {
            policy.lines().any(|line| {
                let candidate = line.trim().strip_prefix("Candidate:");
                candidate.is_some_and(|version| version.trim() != "(none)")
            })
        })
    })
}

fn execute(command: &[&str], progress: &mut dyn FnMut(&str)) -> Result<(), FixError> {
    let shown = command.join(" ");
    progress(&shown);
    let failed = |cause: String| FixError::Command {
        command: shown.clone(),
        cause,
    };
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| failed("it is empty".into()))?;
    let output = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = said.trim().lines().rev().take(3).collect();
    Err(failed(
        last.into_iter().rev().collect::<Vec<_>>().join("; "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustup_never_downloads_where_it_must_not() {
        for rustup in [false, true] {
            for apt in [false, true] {
                let system = System {
                    rustup,
                    rustup_may_download: false,
                    apt,
                };
                assert_eq!(
                    installer(system),
                    apt.then_some(Installer::Apt),
                    "{system:?}"
                );
            }
        }
    }

    #[test]
    fn rustup_comes_before_packages_and_packages_before_nothing() {
        for (rustup, apt, expected) in [
            (true, true, Some(Installer::Rustup)),
            (true, false, Some(Installer::Rustup)),
            (false, true, Some(Installer::Apt)),
            (false, false, None),
        ] {
            let system = System {
                rustup,
                rustup_may_download: true,
                apt,
            };
            assert_eq!(installer(system), expected, "{system:?}");
        }
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let error = execute(&["ls", "/no/such/folder"], &mut |_| ()).expect_err("fails");
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    }
}
