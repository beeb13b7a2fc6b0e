//! Front-ends against references that share nothing with them: the C library of the
//! micro-frontend, bit for bit, and float64 formulas (`scripts/make_frontend_cases.py`).

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tiivis::data::{Array, Elements, read_npz};
use tiivis::frontend::{self, Description};

type Arrays = BTreeMap<String, Array>;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden/frontend")
        .join(name)
}

fn arrays(name: &str) -> Arrays {
    let arrays = read_npz(&golden(name)).expect("committed");
    arrays.into_iter().collect()
}

fn integers<T: TryFrom<i64>>(array: &Array) -> Vec<T> {
    let Elements::I64(values) = &array.elements else {
        panic!("{} instead of integers", array.elements.type_name());
    };
    let narrow = |&x: &i64| T::try_from(x).ok().expect("in range");
    values.iter().map(narrow).collect()
}

fn description(text: &str) -> Description {
    Description::from_table(text.parse().expect("TOML")).expect("a front-end")
}

fn micro_speech() -> Description {
    description("kind = 'micro'\nsample_rate_hz = 16000\nwindow_ms = 30\nhop_ms = 10\n")
}

/// The real value of the micro-frontend's unit.
const MICRO_UNIT: f32 = 0.039_062_5;

#[test]
fn the_micro_frontend_gives_the_c_librarys_numbers() {
    let arrays = arrays("micro.npz");
    let description = micro_speech();
    let (mut signals, mut frames) = (0, 0);
    for (name, array) in &arrays {
        let Some(name) = name.strip_suffix(".samples") else {
            continue;
        };
        let samples: Vec<i16> = integers(array);
        let expected: Vec<u16> = integers(&arrays[&format!("{name}.features")]);
        let found = frontend::features(&description, &samples).expect("a front-end");
        let expected: Vec<f32> = expected
            .iter()
            .map(|&x| f32::from(x) * MICRO_UNIT)
            .collect();
        for (frame, (found, expected)) in
            found.values.chunks(40).zip(expected.chunks(40)).enumerate()
        {
            assert_eq!(found, expected, "{name}, frame {frame}");
        }
        assert_eq!(found.values.len(), expected.len(), "{name}");
        signals += 1;
        frames += found.values.len() / 40;
    }
    println!("{signals} signals, {frames} frames of 40 features equal");
    assert!(signals >= 28 && frames >= 600);
}

#[derive(Deserialize)]
struct Mel {
    signals: Vec<String>,
    configurations: BTreeMap<String, String>,
}

/// Signal over error in dB, and the largest error.
fn compare(expected: &[f32], found: &[f32]) -> (f64, f64) {
    assert_eq!(expected.len(), found.len());
    let (mut signal, mut error, mut worst) = (0.0, 0.0, 0.0_f64);
    for (&expected, &found) in expected.iter().zip(found) {
        let difference = f64::from(found) - f64::from(expected);
        signal += f64::from(expected).powi(2);
        error += difference.powi(2);
        worst = worst.max(difference.abs());
    }
    (10.0 * (signal / error.max(1e-30)).log10(), worst)
}

#[test]
fn log_mel_and_mfcc_are_within_their_bounds_of_float64() {
    let arrays = arrays("mel.npz");
    let text = std::fs::read_to_string(golden("mel.json")).expect("committed");
    let cases: Mel = serde_json::from_str(&text).expect("JSON");
    let samples: Vec<i16> = integers(&arrays["signals"]);
    let signal_len = samples.len() / cases.signals.len();
    for (name, text) in &cases.configurations {
        let description = description(text);
        let Elements::F32(expected) = &arrays[name].elements else {
            panic!("float32");
        };
        let per_signal = expected.len() / cases.signals.len();
        let expected = expected.chunks(per_signal);
        let signals = cases.signals.iter().zip(samples.chunks(signal_len));
        for ((signal, samples), expected) in signals.zip(expected) {
            let found = frontend::features(&description, samples).expect("a front-end");
            let (sqnr_db, worst) = compare(expected, &found.values);
            println!("{name:22} {signal:16} {sqnr_db:6.1} dB, largest error {worst:.6}");
            // HTK's features of silence are all 0: there is no signal to be over the error.
            if expected.iter().all(|&x| x == 0.0) {
                assert!(worst < 1e-4, "{name}, {signal}: {worst}");
                continue;
            }
            // A whole number of periods of a full-scale tone leaves the other bins 150 dB below it,
            // at the rounding of the transform.
            let is_bare_tone = signal.starts_with("tone_");
            let least_db = if is_bare_tone { 57.0 } else { 80.0 };
            assert!(sqnr_db > least_db, "{name}, {signal}: {sqnr_db} dB");
        }
    }
}
