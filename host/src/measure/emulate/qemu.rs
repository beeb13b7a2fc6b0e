//! `qemu-system-arm` with a counting plugin.
//!
//! The guest's console goes to a file of its own, apart from what QEMU says; the plugin writes counts to another.

mod plugin;
mod profile;

use super::{EmulateError, Emulator, Machine, Place, Run, RunOptions, mark_address};
use crate::elf::Image;
use profile::{Ending, Profile};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const QEMU: &str = "qemu-system-arm";
const HARD_FAULT_VECTOR: u32 = 4 * 3;
/// How often a running QEMU is looked at.
const POLL: Duration = Duration::from_millis(5);

pub(super) fn run(
    image: &Image,
    machine: &Machine,
    options: RunOptions<'_>,
) -> Result<Run, EmulateError> {
    let Some(board) = &machine.qemu_machine else {
        let missing = "a QEMU machine of its own";
        return Err(EmulateError::Unsupported {
            emulator: Emulator::Qemu,
            core: machine.core,
            missing,
        });
    };
    if !options.stdin.is_empty() {
        return Err(EmulateError::Unsupported {
            emulator: Emulator::Qemu,
            core: machine.core,
            missing: "console input through its character device",
        });
    }
    let folder =
        tempfile::tempdir().map_err(|source| file_error(Path::new("temporary folder"), source))?;
    let files = Files::new(folder.path());
    write(&files.elf, &image.to_elf())?;
    let mut refused = None;
    for api in plugin::api_versions(&version()?) {
        let arguments = plugin_arguments(
            &plugin::build(api)?,
            image,
            machine,
            &files,
            options.instruction_limit,
        );
        let status = execute(board, &arguments, &files, options.timeout)?;
        let message = String::from_utf8_lossy(&read(&files.log)?).into_owned();
        if !message.contains("plugin") || !message.contains("API version") {
            return outcome(image, &files, status, message, options.instruction_limit);
        }
        refused = Some((status, message));
    }
    let (status, message) = refused.expect("there is at least one interface version to try");
    Err(EmulateError::QemuFailed {
        status: status.to_string(),
        message,
    })
}

/// Files of one run.
struct Files {
    elf: PathBuf,
    counts: PathBuf,
    console: PathBuf,
    log: PathBuf,
}

impl Files {
    fn new(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self {
            elf: file("firmware.elf"),
            counts: file("counts"),
            console: file("console"),
            log: file("log"),
        }
    }
}

/// What `qemu-system-arm --version` says first.
fn version() -> Result<String, EmulateError> {
    let output = Command::new(QEMU)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(not_found)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn not_found(source: std::io::Error) -> EmulateError {
    if source.kind() == ErrorKind::NotFound {
        return EmulateError::NotInstalled {
            program: QEMU,
            hint: "apt-get install qemu-system-arm",
        };
    }
    file_error(Path::new(QEMU), source)
}

/// The plugin with its arguments, as QEMU takes them: separated by commas, a comma in a path doubled.
fn plugin_arguments(
    library: &Path,
    image: &Image,
    machine: &Machine,
    files: &Files,
    limit: u64,
) -> String {
    let path = |path: &Path| path.display().to_string().replace(',', ",,");
    let mut arguments = format!(
        "file={},out={},limit={limit}",
        path(library),
        path(&files.counts)
    );
    if let Some(mark) = mark_address(image) {
        arguments += &format!(",mark={mark}");
    }
    if let Some(fault) = hard_fault_handler(image, machine) {
        arguments += &format!(",fault={fault}");
    }
    arguments
}

/// Where the `HardFault` vector points, unless the reset vector points there too.
fn hard_fault_handler(image: &Image, machine: &Machine) -> Option<u32> {
    let vector = |offset: u32| {
        let at = machine.flash.origin.checked_add(offset)?;
        image.segments().find_map(|segment| {
            let start = usize::try_from(at.checked_sub(segment.address)?).ok()?;
            let bytes = segment.bytes.get(start..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes) & !1)
        })
    };
    vector(HARD_FAULT_VECTOR).filter(|handler| Some(*handler) != vector(4))
}

fn execute(
    board: &str,
    plugin: &str,
    files: &Files,
    timeout: Duration,
) -> Result<ExitStatus, EmulateError> {
    // SYS_WRITE0 goes to the character device, SYS_WRITE to QEMU's own stdout in some versions and to the device in
    // others. Both append to one file, so the order is the guest's.
    let append = |path: &Path| {
        let file = fs::File::options().create(true).append(true).open(path);
        file.map_err(|source| file_error(path, source))
    };
    let (stdout, stderr) = (append(&files.console)?, append(&files.log)?);
    let console = files.console.display().to_string().replace(',', ",,");
    let child = Command::new(QEMU)
        .args([
            "-M",
            board,
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "none",
            "-parallel",
            "none",
        ])
        .args([
            "-chardev",
            &format!("file,id=console,append=on,path={console}"),
        ])
        .args([
            "-semihosting-config",
            "enable=on,target=native,chardev=console",
        ])
        .arg("-kernel")
        .arg(&files.elf)
        .args(["-plugin", plugin])
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(not_found)?;
    wait(child, timeout)
}

fn wait(mut child: Child, timeout: Duration) -> Result<ExitStatus, EmulateError> {
    let started = Instant::now();
    loop {
        let status = child
            .try_wait()
            .map_err(|source| file_error(Path::new(QEMU), source))?;
        if let Some(status) = status {
            return Ok(status);
        }
        if started.elapsed() > timeout {
            // It may have ended in between; either way it is gone when `wait` returns.
            let _ = child.kill();
            let _ = child.wait();
            return Err(EmulateError::Timeout {
                seconds: timeout.as_secs(),
            });
        }
        std::thread::sleep(POLL);
    }
}

/// Turns what QEMU left behind into a run.
fn outcome(
    image: &Image,
    files: &Files,
    status: ExitStatus,
    message: String,
    limit: u64,
) -> Result<Run, EmulateError> {
    let failed = |message: String| EmulateError::QemuFailed {
        status: status.to_string(),
        message,
    };
    let Ok(counts) = fs::read_to_string(&files.counts) else {
        return Err(failed(message));
    };
    let place = |address: u32| Place::new(image, address);
    let Profile { phases, ending } = match profile::parse(&counts) {
        Ok(profile) => profile,
        // QEMU aborts on a lockup and on its own errors; then the last line is missing.
        Err(_) if !status.success() => return Err(failed(message)),
        Err(error) => return Err(error),
    };
    match ending {
        Ending::Exit => {
            let code = status.code().and_then(|code| u32::try_from(code).ok());
            let exit_code = code.ok_or_else(|| failed(message.clone()))?;
            Ok(Run {
                exit_code,
                stdout: read(&files.console)?,
                stderr: message.into_bytes(),
                phases,
            })
        }
        Ending::Fault(block) => Err(EmulateError::Fault { at: place(block) }),
        Ending::Stuck(address) => Err(EmulateError::Stuck { at: place(address) }),
        Ending::Limit(address) => Err(EmulateError::InstructionLimit {
            limit,
            at: place(address),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EmulateError> {
    fs::read(path).map_err(|source| file_error(path, source))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), EmulateError> {
    fs::write(path, bytes).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> EmulateError {
    EmulateError::File {
        path: path.to_owned(),
        source,
    }
}
