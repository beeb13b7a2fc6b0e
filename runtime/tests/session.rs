//! Blobs of every operator, run through the public interface.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a helper that several tests share"
)]

mod programs;

use tiivis_runtime::blob::{Op, Step};
use tiivis_runtime::{Aligned, Hook, Model, RunError, flatten, flatten_mut};

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

#[test]
fn int16_ports_take_values_reals_and_bytes() {
    let blob = programs::concat_int16();
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    let values = session.elements_mut::<i16>(0).expect("int16");
    values.copy_from_slice(&[1, -2, 3000, -32_768]);
    session.run();
    let expected = [1, -2, -300, 3000, -32_768, 400];
    assert_eq!(session.elements::<i16>(0), Some(&expected[..]));
    assert_eq!(session.elements::<i8>(0), None);
    assert_eq!(session.elements::<i32>(0), None);
    assert!(session.elements_mut::<i32>(0).is_none());
    assert_eq!(session.output(0)[4..6], [-44, -2]);

    // Scale 1/2, zero point -1.
    session
        .quantize_input(0, &[0.0, 1000.0, -1e9, 0.25])
        .expect("long enough");
    assert_eq!(
        session.quantize_input(0, &[0.0; 8]),
        Err(RunError::Length {
            expected: 4,
            found: 8
        })
    );
    session.run();
    let mut reals = [0.0; 6];
    session
        .dequantize_output(0, &mut reals)
        .expect("long enough");
    assert_eq!(reals, [0.0, 1000.0, -149.5, -16_383.5, 0.5, 200.5]);
    session.clear_input(0);
    assert_eq!(session.elements_mut::<i16>(0), Some(&mut [-1; 4][..]));
}

#[test]
fn a_program_is_read_back_as_it_was_written() {
    for (name, blob) in programs::all() {
        let storage = programs::storage(&blob);
        let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
        let program = programs::program(&blob);
        assert_eq!(*model.program(), program, "{name}");
        let again = programs::pack(&program, &blob[programs::data_offset(&blob)..]);
        assert_eq!(again, blob, "{name}");
        assert_eq!(model.labels().collect::<Vec<_>>(), ["no", "yes"]);
        assert_eq!(model.layer_names().len(), 0);
        let port = model.inputs().next().expect("has one");
        assert_eq!((port.name, port.scale, port.zero_point), ("input", 0.5, -1));
        assert_eq!(model.steps().len(), model.steps().count());
    }
}

#[test]
fn arenas_that_are_short_or_misaligned_are_refused() {
    let blob = programs::dense();
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let needed = model.arena_bytes();
    let mut arena = Aligned([0; 64]);
    assert_eq!(
        model.session(&mut arena.0[..needed - 1]).err(),
        Some(RunError::ArenaTooSmall {
            needed,
            found: needed - 1
        })
    );
    assert_eq!(
        model.session(&mut arena.0[1..]).err(),
        Some(RunError::ArenaMisaligned)
    );
    assert!(model.session(&mut arena.0[..needed]).is_ok());
}

#[test]
fn real_values_are_quantized_and_back() {
    let blob = programs::lut();
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = Aligned([0; 16]);
    let mut session = model.session(&mut arena.0).expect("fits");
    let values = [0.0, 0.5, -0.5, 1.0, 0.25, -0.25, f32::NAN, 1e9, -1e9];
    session.quantize_input(0, &values).expect("as many");
    // Scale 0.5, zero point -1.
    assert_eq!(session.input_mut(0), [-1, 0, -2, 1, 0, -2, -1, 127, -128]);
    let error = RunError::Length {
        expected: 9,
        found: 8,
    };
    assert_eq!(session.quantize_input(0, &values[1..]), Err(error));
    session.run();
    let mut real = [0.0; 9];
    session.dequantize_output(0, &mut real).expect("as many");
    assert_eq!(real, [1.0, 0.5, 1.5, 0.0, 0.5, 1.5, 1.0, -63.0, 64.0]);
    assert_eq!(session.dequantize_output(0, &mut real[..8]), Err(error));
}

#[test]
fn a_hook_sees_every_step_before_and_after() {
    #[derive(Default)]
    struct Log(Vec<(u32, &'static str, i8)>);
    impl Hook for Log {
        fn before_step(&mut self, index: u32, step: &Step) {
            assert_eq!(step.layer, index);
            self.0.push((index, "before", 0));
        }
        fn after_step(&mut self, index: u32, step: &Step, arena: &[i8]) {
            let Op::Concat(concat) = step.op else {
                panic!("another operator");
            };
            let output = &arena[usize::try_from(concat.output.offset).expect("small")..];
            self.0.push((index, "after", output[3]));
        }
    }
    let blob = programs::concat();
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    let mut arena = Aligned([0; 64]);
    let mut session = model.session(&mut arena.0).expect("fits");
    let mut log = Log::default();
    session.run_with(&mut log);
    let expected = [
        (0, "before", 0),
        (0, "after", 0),
        (1, "before", 0),
        (1, "after", 11),
    ];
    assert_eq!(log.0, expected);
}

#[test]
fn state_survives_runs_and_not_a_reset() {
    let blob = programs::state();
    let storage = programs::storage(&blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    // Noise, which a session must not find in its states.
    let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    for _ in 0..2 {
        for run in 1..=5 {
            session.input_mut(0).copy_from_slice(&[1, 0, -1, 10]);
            session.run();
            let sums = [1 + run, 2, 3 - run, 4 + 10 * run];
            assert_eq!(session.output(0), sums.map(|sum| sum - 7));
        }
        session.reset();
    }
    // Another session in the same arena starts from the beginning.
    session.run();
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    session.input_mut(0).fill(0);
    session.run();
    assert_eq!(session.output(0), [-6, -5, -4, -3]);
}

#[test]
fn what_operators_remember_is_kept_between_runs_and_forgotten_by_a_reset() {
    for (name, blob) in programs::all() {
        if !name.starts_with("svdf") && !name.starts_with("lstm") {
            continue;
        }
        let storage = programs::storage(&blob);
        let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
        let mut arena = vec![Aligned([99i8; 16]); model.arena_bytes().div_ceil(16)];
        let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
        let mut sequence = || -> Vec<Vec<i8>> {
            session.reset();
            let runs = (0..4).map(|_| {
                for (x, value) in session.input_mut(0).iter_mut().zip((-60..60i8).cycle()) {
                    *x = value.wrapping_mul(23);
                }
                session.run();
                session.output(0).to_vec()
            });
            runs.collect()
        };
        let first = sequence();
        assert!(
            first.windows(2).any(|runs| runs[0] != runs[1]),
            "{name}: {first:?}"
        );
        assert_eq!(sequence(), first, "{name}");
    }
}
