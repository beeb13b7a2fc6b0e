//! What the tests share: the real command, the demo's files, and NumPy arrays.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The board that everything runs on.
pub const BOARD: &str = "mps2-an386";

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the repository")
}

/// A file of the demo.
pub fn asset(name: &str) -> PathBuf {
    repository().join("host/assets/fashion").join(name)
}

/// A golden file.
pub fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden").join(name)
}

/// The `tiivis` binary as users get it, built once without the probe.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(repository());
        command.args(["build", "--package", "tiivis", "--no-default-features"]);
        command.args(["--message-format", "json-render-diagnostics"]);
        let output = command.output().expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the command builds: {text}");
        let messages = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        let mut executables = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message["executable"].as_str()?))
        });
        executables.next_back().expect("cargo names the executable")
    })
}

/// What a run of the command gave.
pub struct Ran {
    /// Exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

/// Runs the command in `folder`.
pub fn tiivis(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Ran {
    let output: Output = Command::new(binary())
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the command runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the command in `folder` and demands success.
pub fn succeed(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Ran {
    let ran = tiivis(folder, arguments);
    let shown: Vec<_> = arguments
        .iter()
        .map(|argument| argument.as_ref().to_string_lossy())
        .collect();
    assert_eq!(
        ran.code,
        Some(0),
        "tiivis {}:\n{}{}",
        shown.join(" "),
        ran.stdout,
        ran.stderr
    );
    ran
}

/// The demo's network, compressed once.
pub fn compiled() -> &'static Path {
    static BLOB: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BLOB.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("cnn.tiv");
        compress(folder.path(), &path, &[]);
        (folder, path)
    });
    path
}

/// Compresses the demo's network.
pub fn compress(folder: &Path, output: &Path, more: &[&str]) -> Ran {
    let (model, data) = (asset("cnn.onnx"), asset("train.npz"));
    let mut arguments: Vec<&OsStr> = vec!["compress".as_ref(), model.as_os_str()];
    arguments.extend([
        OsStr::new("--data"),
        data.as_os_str(),
        OsStr::new("-o"),
        output.as_os_str(),
    ]);
    arguments.extend(more.iter().map(OsStr::new));
    succeed(folder, &arguments)
}

/// Makes sure that firmware can be built and that QEMU is there.
pub fn set_up_board() {
    static READY: OnceLock<()> = OnceLock::new();
    READY.get_or_init(|| {
        succeed(
            repository(),
            &["doctor", "--board", BOARD, "--fix", "--qemu"],
        );
    });
}
