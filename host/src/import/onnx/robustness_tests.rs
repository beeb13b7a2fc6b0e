//! Damaged files: whatever the bytes, the importer answers, with a graph or with an error.

use super::golden_tests::models;
use super::import;
use crate::ir;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// A byte; more often one that means something in lengths and numbers.
    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 8] = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff];
        let [byte, choice, ..] = self.next().to_le_bytes();
        if choice < 128 {
            byte
        } else {
            TELLING[usize::from(byte % 8)]
        }
    }
}

/// Imports per model file; `TIIVIS_IMPORT_FUZZ` overrides it for a longer run.
const ROUNDS: usize = 60;

#[test]
fn damaged_models_are_imported_or_refused_and_what_is_imported_is_valid() {
    let rounds = std::env::var("TIIVIS_IMPORT_FUZZ")
        .ok()
        .map_or(ROUNDS, |text| text.parse().unwrap());
    let mut random = Random(1);
    let (mut accepted, mut refused) = (0usize, 0usize);
    for (name, bytes) in models("tests/golden/onnx_ops")
        .into_iter()
        .chain(models("tests/golden/onnx_bad"))
    {
        for _ in 0..rounds {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random.below(4) {
                if damaged.is_empty() {
                    break;
                }
                let at = random.below(damaged.len());
                match random.below(4) {
                    0 => damaged.truncate(at),
                    1 => damaged.insert(at, random.byte()),
                    2 => damaged[at] ^= 1 << random.below(8),
                    _ => damaged[at] = random.byte(),
                }
            }
            match import(&damaged, &name) {
                Ok((graph, _)) => {
                    accepted += 1;
                    ir::verify(&graph).unwrap_or_else(|error| panic!("{name}: {error}"));
                }
                Err(_) => refused += 1,
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(
        accepted > 0 && refused > 0,
        "damage of both kinds was tried"
    );
}

#[test]
fn every_truncation_is_refused() {
    let cases = models("tests/golden/onnx_ops");
    for name in ["net_se_block", "conv_ir3_opset7", "constant_folding"] {
        let (_, bytes) = cases.iter().find(|(case, _)| case == name).unwrap();
        let accepted: Vec<usize> = (0..bytes.len())
            .filter(|&len| import(&bytes[..len], name).is_ok())
            .collect();
        assert!(
            accepted.is_empty(),
            "{name} of {} bytes cut to {accepted:?}",
            bytes.len()
        );
    }
}
