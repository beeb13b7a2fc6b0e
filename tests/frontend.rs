//! Front-ends against references that share nothing with them: the C library of the
//! micro-frontend, bit for bit, and float64 formulas (`scripts/make_frontend_cases.py`).

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tiivis::data::{AlignedBytes, Array, Elements, read_npy, read_npz, write_npy};
use tiivis::frontend::{self, Description, FrontendError};
use tiivis::measure::sim::Blob;
use tiivis_runtime::frontend::{Event, Frontend};
use tiivis_tests::{asset, compiled, compress, succeed, tiivis};

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
    let values = array.elements.integers().unwrap_or_else(|| {
        panic!("{} instead of integers", array.elements.type_name());
    });
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

#[test]
fn normalized_samples_are_within_a_step_of_the_formula() {
    let description = description(
        "kind = 'motion'\nsample_rate_hz = 100\nchannels = 3\nmean = [10, -200.5, 0]\n\
         std = [1, 3000, 16384]\n",
    );
    let samples = [i16::MIN, i16::MAX, 16_384, 11, -200, -1];
    let found = frontend::features(&description, &samples).expect("a front-end");
    let parameters = [(10.0, 1.0), (-200.5, 3000.0), (0.0, 16_384.0)];
    for (i, (&sample, &found)) in samples.iter().zip(&found.values).enumerate() {
        let (mean, std) = parameters[i % 3];
        let exact = (f64::from(sample) - mean) / std;
        // int32 with 16 fraction bits ends at 32768.
        let exact = exact.clamp(-32_768.0, 32_767.0);
        let error = (f64::from(found) - exact).abs();
        assert!(error < 1.5 / 65_536.0, "{sample}: {found} and {exact}");
    }
    assert_eq!(found.inputs, [1, 2]);
}

/// Features that fill the demo's input of 28 × 28.
const IMAGES: [(&str, &str); 3] = [
    (
        "micro",
        "kind = 'micro'\nsample_rate_hz = 16000\nwindow_ms = 20\nhop_ms = 10\nbands = 28\n\
         frames = 28\nstride_frames = 5\nlayout = 'frames-first'\n",
    ),
    (
        "mfcc",
        "kind = 'mfcc'\nsample_rate_hz = 16000\nwindow_samples = 300\nhop_samples = 128\n\
         coefficients = 28\nmean = -20.0\nstd = 30.0\nlayout = 'features-first'\nframes = 28\n",
    ),
    (
        "motion",
        "kind = 'motion'\nsample_rate_hz = 100\nchannels = 28\nmean = 50\nstd = 9000.0\n\
         stride_frames = 3\nlayout = 'frames-first'\n",
    ),
];

/// Something to listen to.
fn sound() -> Vec<i16> {
    integers(&arrays("micro.npz")["voice.samples"])
}

/// Every frame and every input, of samples that come in pieces of these lengths.
fn listen(
    frontend: &mut Frontend<'_, '_>,
    samples: &[i16],
    mut lengths: impl FnMut() -> usize,
) -> (Vec<Vec<i32>>, Vec<Vec<i8>>) {
    let (mut frames, mut inputs) = (Vec::new(), Vec::new());
    let mut left = samples;
    while !left.is_empty() {
        let (mut piece, rest) = left.split_at(lengths().min(left.len()));
        left = rest;
        while let Some(event) = frontend.push(&mut piece) {
            frames.push(frontend.features().to_vec());
            if event == Event::Input {
                let mut input = vec![0; 28 * 28];
                frontend.write(&mut input);
                inputs.push(input);
            }
        }
        assert!(piece.is_empty());
    }
    (frames, inputs)
}

#[test]
fn pieces_of_any_size_and_a_reset_give_the_same_frames() {
    let blob = Blob::read(compiled()).expect("compiled");
    let samples = sound();
    for (name, text) in IMAGES {
        let bytes = frontend::attach(&blob, &description(text)).expect(name);
        let blob = Blob::new(&bytes).expect("attached");
        let model = blob.model();
        let spec = model.frontends().next().expect("attached");
        let mut memory = AlignedBytes::zeroed(Frontend::memory_bytes(&spec));
        let mut device = Frontend::new(&model, 0, memory.as_mut()).expect("fits");
        let (frames, inputs) = listen(&mut device, &samples, || samples.len());
        assert!(frames.len() > 60 && inputs.len() > 5, "{name}");
        let mut seed = 1_usize;
        for most in [1, 7, 100, 1000, 5000] {
            device.reset();
            let again = listen(&mut device, &samples, || {
                seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
                seed / 64 % most + 1
            });
            assert!(again == (frames.clone(), inputs.clone()), "{name}, {most}");
        }
        // A memory that held something else, and is one byte longer than it must be.
        let mut memory = AlignedBytes::zeroed(Frontend::memory_bytes(&spec) + 1);
        memory.as_mut().fill(0xa5);
        let mut other = Frontend::new(&model, 0, memory.as_mut()).expect("fits");
        assert!(
            listen(&mut other, &samples, || 480) == (frames, inputs),
            "{name}"
        );
    }
}

#[test]
fn memory_that_does_not_do_and_front_ends_that_are_not_there_are_refused() {
    use tiivis_runtime::frontend::FrontendError as Refusal;
    let blob = Blob::read(compiled()).expect("compiled");
    let mut memory = AlignedBytes::zeroed(1 << 16);
    let missing = Frontend::new(&blob.model(), 0, memory.as_mut()).err();
    assert_eq!(missing, Some(Refusal::Missing { index: 0 }));
    let bytes = frontend::attach(&blob, &description(IMAGES[0].1)).expect("a front-end");
    let blob = Blob::new(&bytes).expect("attached");
    let model = blob.model();
    let needed = Frontend::memory_bytes(&model.frontends().next().expect("attached"));
    let misaligned = Frontend::new(&model, 0, &mut memory.as_mut()[1..]).err();
    assert_eq!(misaligned, Some(Refusal::MemoryMisaligned));
    let found = needed - 1;
    let short = Frontend::new(&model, 0, &mut memory.as_mut()[..found]).err();
    assert_eq!(short, Some(Refusal::MemoryTooSmall { needed, found }));
    let twice = frontend::attach(&blob, &description(IMAGES[0].1));
    assert!(matches!(twice, Err(FrontendError::Twice(_))), "{twice:?}");
}

#[test]
fn settings_that_are_wrong_are_named() {
    let micro = "kind = 'micro'\nsample_rate_hz = 16000\nhop_ms = 10\n";
    for (text, words) in [
        ("", "`kind` is missing"),
        ("kind = 'wavelet'", "`kind` cannot be read"),
        ("kind = 3", "`kind` cannot be read"),
        (micro, "either `window_ms` or `window_samples`"),
        (
            &format!("{micro}window_ms = 30\nbins = 40\n"),
            "has no `bins`",
        ),
        (
            &format!("{micro}window_ms = 0.01\n"),
            "a whole number of samples",
        ),
        (&format!("{micro}window_ms = 5\n"), "`hop_samples` is 160"),
        (
            &format!("{micro}window_ms = 300\n"),
            "`window_samples` is 4800",
        ),
        (
            &format!("{micro}window_ms = 30\nbands = 0\n"),
            "`bands` is 0",
        ),
        (
            &format!("{micro}window_ms = 30\nbands = 'many'\n"),
            "`bands` cannot be read",
        ),
        (
            &format!("{micro}window_ms = 30\neven_smoothing = nan\n"),
            "`even_smoothing` is NaN",
        ),
        (
            &format!("{micro}window_ms = 30\nf_max_hz = 100\n"),
            "`f_max_hz` is 100",
        ),
        (
            "kind = 'mfcc'\nsample_rate_hz = 8000\nwindow_ms = 32\nhop_ms = 16\ncoefficients = 41\n",
            "`coefficients` is 41",
        ),
        (
            "kind = 'log-mel'\nsample_rate_hz = 8000\nwindow_ms = 32\nhop_ms = 16\nfft_len = 300\n",
            "a power of two from 256 to 2048",
        ),
        (
            "kind = 'log-mel'\nsample_rate_hz = 8000\nwindow_ms = 32\nhop_ms = 16\n\
             quantization = 'micro-speech'\n",
            "`quantization` is micro-speech",
        ),
        (
            "kind = 'motion'\nsample_rate_hz = 50\n",
            "`channels` is missing",
        ),
        (
            "kind = 'motion'\nsample_rate_hz = 50\nchannels = 3\nstd = [1, 2]\n",
            "a list of 3",
        ),
        (
            "kind = 'motion'\nsample_rate_hz = 50\nchannels = 3\nstd = 0\n",
            "at least 1e-6",
        ),
    ] {
        // Numbers that depend on the window are told later.
        match Description::from_table(text.parse().expect("TOML")) {
            Err(error) => assert!(error.to_string().contains(words), "{text}: {error}"),
            Ok(description) => {
                let error = frontend::features(&description, &[]).expect_err(text);
                assert!(error.to_string().contains(words), "{text}: {error}");
            }
        }
    }
}

#[test]
fn an_input_of_another_shape_is_refused() {
    let blob = Blob::read(compiled()).expect("compiled");
    let attach = |text: &str| {
        let error = frontend::attach(&blob, &description(text)).expect_err(text);
        error.to_string()
    };
    let [(_, micro), ..] = IMAGES;
    let without = |line: &str| micro.replace(line, "");
    assert!(attach(&without("bands = 28\n")).contains("a frame has 40 features"));
    assert!(attach(&without("layout = 'frames-first'\n")).contains("set `layout`"));
    let other = micro.replace("frames = 28", "frames = 27");
    assert!(attach(&other).contains("27 frames do not make"));
    assert!(attach(&format!("{micro}input = 'sound'\n")).contains("no input `sound`"));
    let micro_speech = attach(&format!("{micro}quantization = 'micro-speech'\n"));
    assert!(micro_speech.contains("zero point -128"), "{micro_speech}");
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

#[test]
fn the_command_trains_and_runs_with_the_same_features() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let samples = sound();
    write_wav(&path("x.wav"), 16_000, &samples);
    for (name, text) in &IMAGES[..2] {
        std::fs::write(path("frontend.toml"), text).expect("written");
        compress(
            folder.path(),
            &path("model.tiv"),
            &["--frontend", shown(&path("frontend.toml"))],
        );
        succeed(
            folder.path(),
            &[
                "features",
                "x.wav",
                "--frontend",
                "frontend.toml",
                "--windows",
                "-o",
                "windows.npy",
            ],
        );
        let windows = read_npy(&path("windows.npy")).expect("written");
        let Elements::F32(values) = &windows.elements else {
            panic!("float32");
        };
        assert_eq!(windows.shape[1..], [28, 28], "{name}");
        // (N, frames, features) as the network's (N, 1, 28, 28), which for `mfcc` is turned.
        let mut images = values.clone();
        if *name == "mfcc" {
            for (image, window) in images.chunks_mut(784).zip(values.chunks(784)) {
                for (at, value) in image.iter_mut().enumerate() {
                    *value = window[at % 28 * 28 + at / 28];
                }
            }
        }
        let shape = vec![windows.shape[0], 1, 28, 28];
        write_npy(&path("images.npy"), &Array::f32(shape, images)).expect("written");
        succeed(
            folder.path(),
            &[
                "run",
                "model.tiv",
                "--input",
                "images.npy",
                "--output",
                "a.npy",
            ],
        );
        succeed(
            folder.path(),
            &["run", "model.tiv", "--wav", "x.wav", "--output", "b.npy"],
        );
        let [a, b] = ["a.npy", "b.npy"].map(|name| read_npy(&path(name)).expect("written"));
        assert_eq!(a, b, "{name}");
        assert!(a.shape[0] >= 10);
    }
    write_wav(&path("slow.wav"), 8_000, &samples);
    let arguments = ["run", "model.tiv", "--wav", "slow.wav", "--output", "c.npy"];
    let refused = tiivis(folder.path(), &arguments);
    assert!(
        refused.stderr.contains("8000 samples a second"),
        "{}",
        refused.stderr
    );
    let arguments = [
        "run",
        shown(compiled()),
        "--wav",
        "x.wav",
        "--output",
        "c.npy",
    ];
    let refused = tiivis(folder.path(), &arguments);
    assert!(
        refused.stderr.contains("no front-end"),
        "{}",
        refused.stderr
    );
    let float = asset("cnn.onnx");
    let arguments = ["run", shown(&float), "--wav", "x.wav", "--output", "c.npy"];
    assert_eq!(tiivis(folder.path(), &arguments).code, Some(1));
}

/// A mono file of 16-bit integers.
fn write_wav(path: &Path, rate_hz: u32, samples: &[i16]) {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let len = u32::try_from(data.len()).expect("short");
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + len).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((2 * rate_hz).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(len.to_le_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).expect("written");
}
