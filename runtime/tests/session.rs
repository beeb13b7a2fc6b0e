//! Blobs of every operator, run through the public interface.
#![allow(missing_docs, unreachable_pub, dead_code)]

mod programs;

use tiivis_runtime::{Aligned, Model, flatten, flatten_mut};

/// The first output of a run on `inputs`.
fn run(blob: &[u8], inputs: &[&[i8]]) -> Vec<i8> {
    let storage = programs::storage(blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    for (index, values) in inputs.iter().enumerate() {
        session.input_mut(index).copy_from_slice(values);
    }
    session.run();
    session.output(0).to_vec()
}

#[test]
fn a_blob_of_every_operator_is_accepted_and_runs() {
    for (name, blob) in programs::all() {
        let storage = programs::storage(&blob);
        let model = Model::parse(&flatten(&storage)[..blob.len()]);
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
        model.session(flatten_mut(&mut arena)).expect("fits").run();
    }
}

#[test]
fn a_table_maps_every_value_in_place() {
    let out = run(&programs::lut(), &[&[-128, -127, -1, 0, 1, 2, 3, 126, 127]]);
    assert_eq!(out, [127, 127, 1, 0, -1, -2, -3, -126, -127]);
}

#[test]
fn concatenation_interleaves_rows_and_rescales_one_input() {
    let out = run(&programs::concat(), &[&[3, 13, -7, 127, -128, 4]]);
    // (x - 3) * 1.67638 - 4, and the constants 11, 48, 85, 122.
    assert_eq!(out, [-4, 13, -21, 11, 48, 127, -128, -2, 85, 122]);
}
