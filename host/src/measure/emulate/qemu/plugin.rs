//! Building the counting plugin with the user's rustc, once per compiler, interface version and source.

use super::file_error;
use crate::measure::emulate::EmulateError;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const SOURCE: &str = include_str!("plugin/lib.rs");
/// The newest interface tried; QEMU 10 speaks up to 5.
const NEWEST_API: u32 = 8;

/// Interface versions worth trying with the QEMU that calls itself `version`, likeliest first.
///
/// QEMU names a lowest and a highest version and refuses others: 0 to 2 up to 8.x, from 2 on since 9.0 (release notes).
pub(super) fn api_versions(version: &str) -> std::ops::RangeInclusive<u32> {
    let word = version
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let major = word
        .and_then(|word| word.split('.').next())
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(9..) => 2..=NEWEST_API,
        _ => 1..=NEWEST_API,
    }
}

/// Path of the compiled plugin, compiling it if the cache has none.
pub(super) fn build(api: u32) -> Result<PathBuf, EmulateError> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let version = rustc(Command::new(&compiler).arg("-vV"))?;
    let mut hasher = DefaultHasher::new();
    (SOURCE, api, &version.stdout).hash(&mut hasher);
    let folder = cache_folder();
    let library = folder.join(format!(
        "qemu-plugin-{:016x}{}",
        hasher.finish(),
        env::consts::DLL_SUFFIX
    ));
    if library.exists() {
        return Ok(library);
    }
    fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
    // Built aside and renamed: another tiivis may do the same at this moment.
    let build = tempfile::tempdir_in(&folder).map_err(|source| file_error(&folder, source))?;
    let (source, built) = (build.path().join("lib.rs"), build.path().join("plugin"));
    fs::write(&source, SOURCE).map_err(|error| file_error(&source, error))?;
    let mut command = Command::new(&compiler);
    command.args([
        "--edition",
        "2024",
        "--crate-type",
        "cdylib",
        "--crate-name",
        "tiivis_qemu_plugin",
    ]);
    command.args(["-O", "-C", "panic=abort", "--cap-lints", "allow"]);
    if cfg!(target_os = "macos") {
        // QEMU's functions are found when it loads the plugin.
        command.args(["-C", "link-arg=-undefined", "-C", "link-arg=dynamic_lookup"]);
    }
    rustc(
        command
            .arg("-o")
            .arg(&built)
            .arg(&source)
            .env("TIIVIS_PLUGIN_API", api.to_string()),
    )?;
    fs::rename(&built, &library).map_err(|source| file_error(&library, source))?;
    Ok(library)
}

fn rustc(command: &mut Command) -> Result<Output, EmulateError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => EmulateError::NotInstalled {
                program: "rustc",
                hint: "https://rustup.rs",
            },
            _ => file_error(&PathBuf::from("rustc"), source),
        })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(EmulateError::PluginBuild {
        message: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// `$TIIVIS_CACHE`, else `tiivis` in the user's cache folder, else in the system's temporary folder.
fn cache_folder() -> PathBuf {
    if let Some(folder) = env::var_os("TIIVIS_CACHE") {
        return PathBuf::from(folder);
    }
    env::home_dir()
        .map_or_else(env::temp_dir, |home| home.join(".cache"))
        .join("tiivis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_version_follows_the_version_of_qemu() {
        let first = |text: &str| api_versions(text).next();
        assert_eq!(
            first("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"),
            Some(1)
        );
        assert_eq!(first("QEMU emulator version 9.1.0"), Some(2));
        assert_eq!(first("QEMU emulator version 10.0.2"), Some(2));
        assert_eq!(first("something else"), Some(1));
    }
}
