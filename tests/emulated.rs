//! The emulated board: same bytes as the host, and counts that two emulators agree on.

use std::path::Path;
use tiivis::data::{Array, Elements, read_npz, write_npy};
use tiivis_tests::{BOARD, asset, compiled, compress, set_up_board, succeed, tiivis};

/// Writes the first `count` test images.
fn images(folder: &Path, count: usize) {
    let arrays = read_npz(&asset("test.npz")).expect("the data");
    let (_, x) = arrays
        .into_iter()
        .find(|(name, _)| name == "x")
        .expect("images");
    let Elements::U8(pixels) = x.elements else {
        panic!("pixels")
    };
    let array = Array::new(
        vec![count, 1, 28, 28],
        Elements::U8(pixels[..count * 784].to_vec()),
    );
    write_npy(&folder.join("x.npy"), &array).expect("written");
}

fn bench(folder: &Path, samples: &str, emulator: &str) -> serde_json::Value {
    let blob = compiled().to_str().expect("a readable path");
    let arguments = [
        "bench",
        blob,
        "--board",
        BOARD,
        "--emulator",
        emulator,
        "--input",
        "x.npy",
        "--samples",
        samples,
        "--json",
    ];
    succeed(folder, &arguments).json()
}

#[test]
fn both_emulators_count_the_same_and_give_the_hosts_bytes() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    images(folder.path(), 100);
    // `bench` fails if a single byte differs from the host simulation.
    let own = bench(folder.path(), "10", "in-process");
    assert_eq!(own["identical"], 10);
    let qemu = bench(folder.path(), "100", "qemu");
    assert_eq!(qemu["identical"], 100);

    for what in ["layers", "arena_bytes", "stack_bytes", "flash"] {
        assert_eq!(own[what], qemu[what], "{what}");
    }
    assert_eq!(own["total"], qemu["total"]);
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let total = &own["total"];
    assert!(number(&total["instructions"]) > 286_232, "{total}");
    let cycles = &total["cycles"];
    assert!(number(&cycles["low"]) < number(&cycles["mid"]), "{cycles}");
    assert!(number(&cycles["mid"]) < number(&cycles["high"]), "{cycles}");
    let layers = own["layers"].as_array().expect("layers");
    let sum: u64 = layers
        .iter()
        .map(|layer| number(&layer["instructions"]))
        .sum();
    let hook = total["hook_instructions"].as_i64().expect("a number");
    let share = sum.abs_diff(number(&total["instructions"]));
    assert!(
        share < number(&total["instructions"]) / 50,
        "layers make up the total: {share}, hook {hook}"
    );
    assert!((1..4096).contains(&number(&own["stack_bytes"])), "{own}");
}

#[test]
fn the_saved_elf_holds_firmware_model_and_samples() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blob = compiled();
    let arguments = [
        "bench",
        blob.to_str().expect("a path"),
        "--board",
        BOARD,
        "--save-elf",
        "all.elf",
    ];
    let report = succeed(folder.path(), &arguments);
    assert!(
        report.stdout.contains("1 of 1 samples identical"),
        "{}",
        report.stdout
    );
    let elf = std::fs::read(folder.path().join("all.elf")).expect("written");
    let blob = std::fs::read(blob).expect("the blob");
    assert!(elf.windows(blob.len()).any(|window| window == blob));
    let image = tiivis::elf::Image::parse(&elf).expect("an ELF file");
    assert!(image.symbol("__mark").is_some());
}

#[test]
fn verify_finds_the_board_to_be_the_host() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    images(folder.path(), 2);
    let blob = compiled().to_str().expect("a readable path");
    let arguments = [
        "verify",
        blob,
        "--board",
        BOARD,
        "--input",
        "x.npy",
        "--samples",
        "2",
        "--json",
    ];
    let report = succeed(folder.path(), &arguments).json();
    assert_eq!(report["samples"], 2);
    let output = &report["outputs"][0];
    assert_eq!(output["is_bitwise"], true, "{report}");
    assert_eq!(output["is_equal"], true, "{report}");
    assert_eq!(output["elements"], 20);
}

#[test]
fn a_front_end_is_counted_frame_by_frame_and_gives_the_hosts_bytes() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // 28 bands or coefficients of 28 frames are the demo's input.
    let micro = "kind = 'micro'\nsample_rate_hz = 16000\nwindow_ms = 30\nhop_ms = 10\nbands = 28\n\
                 frames = 28\nstride_frames = 2\nlayout = 'frames-first'\n";
    std::fs::write(folder.path().join("frontend.toml"), micro).expect("written");
    let blob = folder.path().join("model.tiv");
    compress(folder.path(), &blob, &["--frontend", "frontend.toml"]);
    // 31 frames, of which the 28th and the 30th complete an input; 90 samples are left over.
    let chirp = |n: i64| (n * n * 11 / 10) % 20_011 - 10_005;
    let samples = Array::new(
        vec![480 + 30 * 160 + 90],
        Elements::I64((0..480 + 30 * 160 + 90).map(chirp).collect()),
    );
    write_npy(&folder.path().join("x.npy"), &samples).expect("written");
    let listen = |emulator: &str| {
        let arguments = [
            "bench",
            "model.tiv",
            "--board",
            BOARD,
            "--emulator",
            emulator,
            "--signal",
            "x.npy",
            "--json",
        ];
        succeed(folder.path(), &arguments).json()
    };
    let report = listen("in-process");
    assert_eq!(report["identical"], 2, "{report}");
    assert_eq!(report["frames"]["times"], 31, "{report}");
    assert_eq!(report["later_frames"]["times"], 30, "{report}");
    assert_eq!(report["runs"]["times"], 2, "{report}");
    assert_eq!(report["hop_us"], 10_000, "{report}");
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let frames = &report["later_frames"];
    let least = number(&frames["instructions_min"]);
    // A transform of 256 complex points cannot do with less, a hop of 10 ms has no room for more.
    assert!((20_000..640_000).contains(&least), "{report}");
    assert!(least <= number(&frames["instructions_mean"]), "{report}");
    let most = number(&frames["instructions_max"]);
    assert!(number(&frames["instructions_mean"]) <= most, "{report}");
    // Little of a network depends on its numbers.
    let runs = ["instructions_min", "instructions_max"].map(|what| number(&report["runs"][what]));
    assert!(runs[1] - runs[0] < 1000, "{report}");
    for what in ["frames", "runs", "stack_bytes"] {
        assert_eq!(report[what], listen("qemu")[what], "{what}");
    }

    let without = compiled().to_str().expect("a path");
    let arguments = ["bench", without, "--board", BOARD, "--signal", "x.npy"];
    let refused = tiivis(folder.path(), &arguments);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("no front-end"),
        "{}",
        refused.stderr
    );
}
