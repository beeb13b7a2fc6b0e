//! `tiivis build`: the demo model's own firmware on the emulated board.

use tiivis::elf::Image;
use tiivis_tests::{BOARD, compiled, set_up_board, succeed, tiivis};

/// Bytes of the demo's image without its model: what it was last measured to be, and 1 %.
const CODE_BYTES_LIMIT: u64 = 14_831;

#[test]
fn the_demo_becomes_a_firmware_of_its_own_with_nothing_that_it_does_not_use() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blob = compiled().to_str().expect("a readable path");
    let build = |output: &str| {
        let arguments = ["build", blob, "--board", BOARD, "-o", output, "--json"];
        succeed(folder.path(), &arguments).json()
    };
    let report = build("firmware.elf");
    // `build` fails if a single byte of an output differs from the host simulation.
    assert_eq!(report["run"]["samples"], 4, "{report}");
    assert_eq!(report["run"]["identical"], 4, "{report}");
    assert_eq!(report["is_stack_measured"], true, "{report}");
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let flash = &report["flash"];
    assert!(number(&flash["code_bytes"]) <= CODE_BYTES_LIMIT, "{report}");
    assert!(number(&report["stack_bytes"]) < 4096, "{report}");

    let elf = std::fs::read(folder.path().join("firmware.elf")).expect("written");
    let image = Image::parse(&elf).expect("an ELF file");
    assert_eq!(image.code_bytes(), number(&flash["total_bytes"]));
    let groups = report["groups"].as_array().expect("groups");
    let sum: u64 = groups.iter().map(|group| number(&group["bytes"])).sum();
    assert_eq!(sum, number(&flash["code_bytes"]), "{report}");
    // The demo has neither of these; they would be there in a firmware of everything.
    for absent in [
        "core3fmt",
        "core::fmt",
        "defmt",
        "lstm",
        "frontend",
        "int16",
        "transpose",
    ] {
        let found = image
            .symbols()
            .find(|symbol| symbol.size > 0 && symbol.name.contains(absent));
        assert!(found.is_none(), "{absent}: {found:?}");
    }
    assert!(image.symbols().any(|symbol| symbol.name.contains("conv2d")));

    build("firmware.bin");
    let binary = std::fs::read(folder.path().join("firmware.bin")).expect("written");
    assert_eq!(
        binary.len(),
        usize::try_from(image.code_bytes()).expect("small")
    );
}

#[test]
fn what_cannot_be_built_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blob = compiled().to_str().expect("a readable path");
    let refused = tiivis(
        folder.path(),
        &["build", blob, "--board", "nothing", "-o", "x.elf"],
    );
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("nothing"), "{}", refused.stderr);
    let refused = tiivis(
        folder.path(),
        &[
            "build", blob, "--board", BOARD, "--isa", "dsp", "-o", "x.elf",
        ],
    );
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("leave --isa"), "{}", refused.stderr);
    assert!(!folder.path().join("x.elf").exists());
}
