//! Bytes from anywhere: refused, or run without a panic.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a helper that several tests share"
)]

mod programs;

use proptest::prelude::*;
use tiivis_runtime::frontend::Frontend;
use tiivis_runtime::{Aligned, Model, ParseError, flatten, flatten_mut};

/// Parses, and runs what is accepted. Says whether it was.
fn accepted(blob: &[u8]) -> bool {
    let storage = programs::storage(blob);
    let Ok(model) = Model::parse(&flatten(&storage)[..blob.len()]) else {
        return false;
    };
    // Some flips ask for gigabytes, which would be right and slow.
    if model.arena_bytes() < 1 << 16 {
        let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
        model.session(flatten_mut(&mut arena)).expect("fits").run();
    }
    for index in 0..model.frontends().len() {
        hear(&model, index);
    }
    true
}

/// Feeds a front-end with extremes, in pieces that are no multiple of anything.
fn hear(model: &Model<'_>, index: usize) {
    let spec = model.frontends().nth(index).expect("there");
    let bytes = Frontend::memory_bytes(&spec);
    let values = spec.frames * spec.features;
    if bytes > 1 << 16 {
        return;
    }
    let mut memory = vec![Aligned([0x5au8; 16]); bytes.div_ceil(16)];
    let mut frontend = Frontend::new(model, index, flatten_mut(&mut memory)).expect("fits");
    let mut input = vec![0; usize::try_from(values).expect("small")];
    let samples: Vec<i16> = (0..400_i32)
        .map(|i| match i % 5 {
            0 => i16::MIN,
            1 => i16::MAX,
            other => i16::try_from((i * 7919 * other) % 32_768).expect("a remainder"),
        })
        .collect();
    for mut piece in samples.chunks(77) {
        while frontend.push(&mut piece).is_some() {
            frontend.write(&mut input);
        }
    }
}

#[test]
fn a_truncated_or_extended_blob_is_refused() {
    for (name, blob) in programs::all() {
        for len in 0..blob.len() {
            let mut cut = blob[..len].to_vec();
            assert!(!accepted(&cut), "{name} cut to {len}");
            programs::repair(&mut cut);
            accepted(&cut);
        }
        let mut longer = blob.clone();
        longer.extend([0; 16]);
        assert!(!accepted(&longer), "{name} with 16 bytes more");
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for (name, blob) in programs::all() {
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!accepted(&flipped), "{name}, bit {bit}");
        }
    }
}

#[test]
fn a_flipped_bit_under_a_right_checksum_is_refused_or_runs() {
    let (mut refused, mut ran) = (0, 0);
    for (_, blob) in programs::all() {
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            programs::repair(&mut flipped);
            if accepted(&flipped) {
                ran += 1;
            } else {
                refused += 1;
            }
        }
    }
    // Both ways are taken: weights may be anything, fields may not.
    assert!(
        refused > 5_000 && ran > 5_000,
        "{refused} refused, {ran} ran"
    );
}

#[test]
fn a_misaligned_blob_is_refused_before_anything_else() {
    let storage = programs::storage(&[0; 64]);
    for offset in 1..16 {
        assert_eq!(
            Model::parse(&flatten(&storage)[offset..]).err(),
            Some(ParseError::Misaligned)
        );
    }
}

proptest! {
    #[test]
    fn random_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!accepted(&bytes));
        if bytes.len() >= 32 {
            bytes[..8].copy_from_slice(&[b'T', b'I', b'I', b'V', 1, 0, 0, 0]);
            programs::repair(&mut bytes);
            accepted(&bytes);
        }
    }

    #[test]
    fn overwritten_bytes_are_refused_or_run(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut programs = programs::all();
        let (_, mut blob) = programs.swap_remove(which.index(programs.len()));
        for (at, value) in edits {
            let at = at.index(blob.len());
            blob[at] = value;
        }
        blob[..8].copy_from_slice(&[b'T', b'I', b'I', b'V', 1, 0, 0, 0]);
        programs::repair(&mut blob);
        accepted(&blob);
    }
}
