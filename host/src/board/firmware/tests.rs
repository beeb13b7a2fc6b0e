//! Builds both boards' firmware and runs it in QEMU.

use super::*;
use crate::board::{Log, all, decode, find, model_region};
use std::process::Command;
use std::sync::Mutex;
use tiivis_runtime::blob::Op;
use tiivis_runtime::{Aligned, Model, flatten, flatten_mut};

#[path = "../../../../firmware/memory_x.rs"]
mod memory_x;
#[expect(
    dead_code,
    unreachable_pub,
    reason = "a test support file of the runtime"
)]
#[path = "../../../../runtime/tests/programs/mod.rs"]
mod programs;

/// One build at a time, whatever the number of test threads.
static BUILDING: Mutex<()> = Mutex::new(());

fn built(board: &Board, kind: Kind) -> Firmware {
    let _one = BUILDING.lock();
    build(board, kind, &mut |_| ()).expect("the firmware builds")
}

/// Exit status and output; `None` without QEMU.
fn qemu(board: &Board, firmware: &Firmware, region: &[u8]) -> Option<(i32, Vec<u8>)> {
    let machine = board.emulator.as_ref()?.qemu_machine.as_ref()?;
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), region).expect("written");
    let loader = format!(
        "loader,file={},addr={:#x},force-raw=on",
        file.path().display(),
        board.model_address()
    );
    let output = Command::new("qemu-system-arm")
        .args([
            "-M", machine, "-display", "none", "-monitor", "none", "-serial", "null",
        ])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(&firmware.path)
        .args(if region.is_empty() {
            vec![]
        } else {
            vec!["-device", &loader]
        })
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Some((output.status.code().expect("it exits"), output.stdout)),
        Err(_) => {
            eprintln!("skipped: qemu-system-arm is not installed");
            None
        }
    }
}

fn symbol(elf_bytes: &[u8], name: &str) -> u64 {
    let image = Image::parse(elf_bytes).expect("an ELF");
    let found = image.symbol(name);
    found
        .unwrap_or_else(|| panic!("no symbol {name}"))
        .address
        .into()
}

/// What the runtime computes on the host: per sample and output.
fn simulated(blob: &[u8], samples: &[i8]) -> Vec<Vec<Vec<i8>>> {
    let blocks = programs::storage(blob);
    let model = Model::parse(&flatten(&blocks)[..blob.len()]).expect("sound");
    let mut arena = vec![Aligned([0i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model
        .session(flatten_mut(&mut arena))
        .expect("large enough");
    let sample_bytes = sample_bytes(blob);
    let run = |sample: &[i8]| {
        let mut values = sample.iter();
        for index in 0..model.inputs().len() {
            session
                .input_mut(index)
                .fill_with(|| *values.next().expect("as long as the inputs"));
        }
        session.run();
        (0..model.outputs().len())
            .map(|index| session.output(index).to_vec())
            .collect()
    };
    samples.chunks(sample_bytes).map(run).collect()
}

fn sample_bytes(blob: &[u8]) -> usize {
    let blocks = programs::storage(blob);
    let model = Model::parse(&flatten(&blocks)[..blob.len()]).expect("sound");
    let bytes: u32 = model.inputs().map(|port| port.span.len).sum();
    usize::try_from(bytes).expect("small")
}

/// Values all over int8, the same on every machine.
fn values(count: usize) -> Vec<i8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[3].cast_signed()
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn the_linker_sees_the_board_files_memory() {
    let board = find("netduinoplus2").expect("there");
    let fields = board.text.parse().expect("TOML");
    assert_eq!(
        memory_x::memory_x(&fields).expect("complete"),
        "MEMORY
{
  FLASH : ORIGIN = 0x08000000, LENGTH = 0x40000
  STACK : ORIGIN = 0x20000000, LENGTH = 0x4000
  RAM   : ORIGIN = 0x20000000 + 0x4000, LENGTH = 0x1c000
}
_stack_end = ORIGIN(STACK);
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
__tiivis_model = 0x08000000 + 0x40000;
__tiivis_model_end = 0x08000000 + 0x100000;
__arena_start = ALIGN(__sheap, 16);
__arena_end = ORIGIN(RAM) + LENGTH(RAM);
"
    );
    let without = board
        .text
        .replace("model_offset", "offset")
        .parse()
        .expect("TOML");
    let error = memory_x::memory_x(&without).expect_err("incomplete");
    assert_eq!(error, "field flash.model_offset is missing");
}

#[test]
fn every_boards_image_has_its_symbols_where_the_board_file_says() {
    for board in all().expect("sound") {
        for kind in [Kind::Bench, Kind::Layers] {
            let firmware = built(&board, kind);
            let at = |name| symbol(&firmware.elf_bytes, name);
            let (ram, flash) = (board.ram, &board.flash);
            assert_eq!(at("__tiivis_model"), u64::from(board.model_address()));
            assert_eq!(
                at("__tiivis_model_end"),
                u64::from(flash.start) + u64::from(flash.bytes)
            );
            assert_eq!(at("_stack_end"), u64::from(ram.start));
            assert_eq!(
                at("_stack_start"),
                u64::from(ram.start) + u64::from(board.stack_bytes)
            );
            assert_eq!(
                at("__arena_end"),
                u64::from(ram.start) + u64::from(ram.bytes)
            );
            assert!(at("__arena_start").is_multiple_of(16));
            assert!((at("__sheap")..at("__sheap") + 16).contains(&at("__arena_start")));
            assert!(at("__mark") > u64::from(flash.start));
            assert!(firmware.code_bytes > 4096 && firmware.code_bytes < flash.model_offset);
            println!(
                "{} {kind:?}: {} bytes of code",
                board.id, firmware.code_bytes
            );
        }
    }
}

#[test]
fn what_is_up_to_date_is_not_compiled_again() {
    let board = find("mps2-an386").expect("there");
    let _one = BUILDING.lock();
    build(&board, Kind::Bench, &mut |_| ()).expect("the firmware builds");
    let mut said = Vec::new();
    let mut listen = |line: &str| said.push(line.to_owned());
    build(&board, Kind::Layers, &mut listen).expect("the firmware builds");
    assert!(
        said.iter().any(|line| line.starts_with("Finished")),
        "{said:?}"
    );
    assert!(
        !said.iter().any(|line| line.contains("Compiling")),
        "{said:?}"
    );
}

#[test]
fn a_build_that_fails_shows_the_compilers_last_words() {
    let board = find("mps2-an386").expect("there");
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("firmware");
    fs::create_dir(&source).expect("created");
    fs::write(source.join("Cargo.toml"), "[package\n").expect("written");
    let error = build_from(&source, &board, Kind::Bench, &mut |_| ()).expect_err("no manifest");
    let BuildError::Compile {
        last_lines, log, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert!(last_lines.contains("Cargo.toml"), "{last_lines}");
    let whole = fs::read_to_string(log).expect("kept");
    assert!(whole.contains(last_lines), "{whole}");
}

#[test]
fn the_board_computes_what_the_host_computes() {
    let board = find("mps2-an386").expect("there");
    let bench = built(&board, Kind::Bench);
    let layers = built(&board, Kind::Layers);
    for (name, blob) in programs::all() {
        let sample_bytes = sample_bytes(&blob);
        let samples = values(3 * sample_bytes);
        let region = model_region(&board, &blob, &samples, sample_bytes).expect("fits");
        let Some((status, output)) = qemu(&board, &bench, &region) else {
            return;
        };
        let log = decode(&bench.elf_bytes, &output).expect("a whole log");
        let results = log.results().expect("a whole run");
        assert_eq!(status, 0, "{name}: {log:?}");
        let expected = simulated(&blob, &samples);
        assert_eq!(results.outputs, expected, "{name}");
        assert_eq!(usize::try_from(results.blob_bytes), Ok(blob.len()));
        assert!(
            (64..4096).contains(&results.stack_bytes),
            "{name}: {}",
            results.stack_bytes
        );

        let (_, output) = qemu(&board, &layers, &region).expect("it is there");
        let log = decode(&layers.elf_bytes, &output).expect("a whole log");
        let results = log.results().expect("a whole run");
        assert_eq!(results.outputs, expected[..1], "{name}");
    }
}

#[test]
fn the_other_board_runs_too_and_without_inputs_on_zero_points() {
    let board = find("netduinoplus2").expect("there");
    let bench = built(&board, Kind::Bench);
    let blob = programs::dense();
    let region = model_region(&board, &blob, &[], 0).expect("fits");
    let Some((status, output)) = qemu(&board, &bench, &region) else {
        return;
    };
    let results = decode(&bench.elf_bytes, &output)
        .expect("a log")
        .results()
        .expect("a run");
    assert_eq!(status, 0);
    // The blobs' ports all have the zero point -1.
    assert_eq!(
        results.outputs,
        simulated(&blob, &vec![-1; sample_bytes(&blob)])
    );
}

#[test]
fn the_firmware_says_why_it_does_not_run() {
    let board = find("mps2-an386").expect("there");
    let bench = built(&board, Kind::Bench);
    let blob = programs::dense();
    let inputs = vec![0; sample_bytes(&blob)];
    let with_inputs = model_region(&board, &blob, &inputs, inputs.len()).expect("fits");
    let offset = with_inputs.len() - inputs.len() - 16;

    let mut damaged = blob.clone();
    damaged[40] ^= 1;
    let mut cut = blob.clone();
    cut[8..12].copy_from_slice(&0x7fff_ff00_u32.to_le_bytes());
    let mut other_batch = with_inputs.clone();
    other_batch[offset + 4] = 9;
    let mut long_batch = with_inputs;
    long_batch[offset + 8..offset + 12].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    let mut hungry = programs::Builder::new();
    let (input, output) = (hungry.activation(0x40_0000), hungry.activation(0x40_0000));
    let table = hungry.int8(&[0; 256]);
    hungry.step(Op::Lut(tiivis_runtime::blob::Lut {
        input,
        output,
        table,
    }));
    let hungry = hungry.finish(&[input], &[output]);

    for (what, region, status, said) in [
        (
            "nothing",
            &[][..],
            2,
            "no model: flash starts with [00, 00, 00, 00]",
        ),
        (
            "erased flash",
            &[0xff; 64],
            2,
            "no model: flash starts with [ff, ff, ff, ff]",
        ),
        (
            "a flipped bit",
            &damaged,
            3,
            "the model is refused: Checksum",
        ),
        (
            "a length beyond the flash",
            &cut,
            3,
            "leaves its flash region of 3932160",
        ),
        (
            "a large arena",
            &hungry,
            4,
            "ArenaTooSmall { needed: 8388608, found: ",
        ),
        (
            "another batch version",
            &other_batch,
            5,
            "Version { found: 9 }",
        ),
        (
            "a batch beyond the flash",
            &long_batch,
            5,
            "the inputs are refused: Length",
        ),
    ] {
        let Some((found, output)) = qemu(&board, &bench, region) else {
            return;
        };
        let log: Log = decode(&bench.elf_bytes, &output).expect("a whole log");
        let error = match log.results() {
            Ok(results) => panic!("{what}: {} samples", results.outputs.len()),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(said), "{what}: {error}");
        assert_eq!(found, status, "{what}");
    }
}
