#!/usr/bin/env python3
"""Makes the oracles of the audio front-ends.

Usage (from the repository's root):

    /tmp/venv/bin/python tests/scripts/make_frontend_cases.py [--root DIR]

Needs PyPI `pymicro-features` (the C library of the TFLM micro-frontend), `numpy`.

Writes
    tests/golden/frontend/micro.npz  NAME.samples int16, NAME.features uint16 (frames, 40): what the
                                     C library answers, in its own units (features / 0.0390625)
    tests/golden/frontend/mel.npz    signals int16 (signals, samples); NAME float32 (signals, frames,
                                     features): each configuration's features in float64, rounded
    tests/golden/frontend/mel.json   {"signals": [...], "configurations": {NAME: text of a
                                     frontend.toml}}

The float64 reference follows published formulas: librosa's `stft` (center=False), `filters.mel`,
`power_to_db` without `top_db`, `feature.mfcc`; torchaudio's `MFCC` with `log_mels` (log(x + 1e-6));
the HTK book's (5.6) pre-emphasis, mel filterbank with triangles on the mel axis, sqrt(2/N) cosine
transform and liftering. It shares no code with Tiivis and no table.

Everything is seeded: running it again gives the same arrays.
"""

import argparse
import json
from pathlib import Path

import numpy as np

RATE_HZ = 16000


def rounded(x):
    return np.clip(np.round(x), -32768, 32767).astype(np.int16)


def chirp(samples, low_hz, high_hz, amplitude):
    time = np.arange(samples) / RATE_HZ
    length = samples / RATE_HZ
    phase = low_hz * time + (high_hz - low_hz) * time**2 / (2 * length)
    return amplitude * np.sin(2 * np.pi * phase)


def voice(samples, rng):
    """Harmonics of a gliding pitch, in syllables, over noise."""
    time = np.arange(samples) / RATE_HZ
    pitch_hz = 140 + 30 * np.sin(2 * np.pi * 3 * time)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = sum(np.sin(k * phase) / k for k in range(1, 25))
    syllables = 0.05 + np.maximum(0, np.sin(2 * np.pi * 4 * time)) ** 2
    return 5000 * sound * syllables + rng.normal(0, 30, samples)


# --- the micro-frontend -------------------------------------------------------------------------


def micro_signals():
    rng = np.random.default_rng(1)
    n = 4000
    time = np.arange(n) / RATE_HZ
    tone = lambda hz, amplitude, samples=n: amplitude * np.sin(
        2 * np.pi * hz * np.arange(samples) / RATE_HZ
    )
    burst = tone(700, 9000)
    burst[: n // 2] = 0
    return {
        "silence": np.zeros(1600),
        "tone_100": tone(100, 12000),
        "tone_440": tone(440, 16000),
        "tone_1000_full": tone(1000, 32767),
        "tone_3300_quiet": tone(3300, 40),
        "tone_7000": tone(7000, 8000),
        "tone_7900": tone(7900, 20000),
        "two_tones": tone(500, 9000) + tone(2500, 900),
        "square_full": 32767 * np.sign(tone(312.5, 1) + 1e-9),
        "square_negative": np.where(np.arange(n) % 64 < 32, -32768, 32767),
        "all_minimum": np.full(1600, -32768),
        "all_maximum": np.full(1600, 32767),
        "direct_current": np.full(1600, 1234),
        "one_bit_noise": rng.integers(-1, 2, n),
        "quiet_noise": rng.normal(0, 20, n),
        "noise": rng.normal(0, 3000, n),
        "full_noise": rng.integers(-32768, 32768, n),
        "impulse": np.where(np.arange(n) == 1700, 32767, 0),
        "impulses": np.where(np.arange(n) % 170 == 0, -20000, 0),
        "chirp": chirp(n, 50, 7900, 15000),
        "chirp_down_quiet": chirp(n, 7000, 100, 300),
        "fade": tone(1500, 30000) * np.exp(-time * 30),
        "burst": burst,
        "step": np.where(np.arange(n) < n // 2, -8000, 8000),
        "clipped": 3 * tone(220, 32767),
        "voice": voice(16000, rng),
        "bird": tone(4000, 1, 8000) * chirp(8000, 10, 60, 20000),
        "nyquist": np.where(np.arange(n) % 2 == 0, 30000, -30000),
    }


def micro(folder):
    from pymicro_features import MicroFrontend

    arrays = {}
    for name, signal in micro_signals().items():
        samples = rounded(signal)
        frontend = MicroFrontend()
        frames, at = [], 0
        while at < len(samples):
            result = frontend.process_samples(samples[at:].tobytes())
            at += result.samples_read
            if result.features:
                frames.append(result.features)
        numbers = np.array(frames) / 0.0390625
        assert np.array_equal(numbers, np.round(numbers))
        arrays[f"{name}.samples"] = samples
        arrays[f"{name}.features"] = numbers.astype(np.uint16)
    np.savez_compressed(folder / "micro.npz", **arrays)
    print(f"micro: {len(arrays) // 2} signals, {sum(len(a) for k, a in arrays.items() if k.endswith('features'))} frames")


# --- log-mel and MFCC ---------------------------------------------------------------------------

DEFAULTS = {
    "window": "hann",
    "preemphasis": 0.0,
    "spectrum": "power",
    "bands": 40,
    "f_min_hz": 0.0,
    "f_max_hz": RATE_HZ / 2,
    "mel": "slaney",
    "triangles": "hz",
    "norm": "slaney",
    "samples": "unit",
    "log": "ln",
    "floor": 1e-10,
    "floor_mode": "clamp",
    "mean": 0.0,
    "std": 1.0,
    "coefficients": 13,
    "dct": "ortho",
    "lifter": 0.0,
}

CONFIGURATIONS = {
    # librosa.feature.melspectrogram and log, as keyword spotting trains on it.
    "librosa_log_mel": {"kind": "log-mel", "window_samples": 512, "hop_samples": 256},
    "librosa_db": {
        "kind": "log-mel", "window_samples": 400, "hop_samples": 160, "fft_len": 512,
        "bands": 64, "f_max_hz": 7600.0, "log": "db", "mean": -40.0, "std": 20.0,
    },
    "magnitude_log10": {
        "kind": "log-mel", "window_samples": 640, "hop_samples": 320, "bands": 32, "f_min_hz": 60.0,
        "f_max_hz": 4000.0, "spectrum": "magnitude", "log": "log10", "floor": 1e-6, "mel": "htk",
        "norm": "none",
    },
    "magnitude_db_hamming": {
        "kind": "log-mel", "window_samples": 256, "hop_samples": 128, "bands": 20,
        "window": "hamming", "spectrum": "magnitude", "log": "db", "floor": 1e-5,
    },
    # torchaudio.transforms.MelSpectrogram, log(x + 1e-6).
    "torchaudio_log_mel": {
        "kind": "log-mel", "window_samples": 400, "hop_samples": 160, "mel": "htk", "norm": "none",
        "bands": 23, "floor": 1e-6, "floor_mode": "add",
    },
    "long_window": {
        "kind": "log-mel", "window_samples": 2048, "hop_samples": 512, "bands": 128,
    },
    "short_window": {
        "kind": "log-mel", "window_samples": 50, "hop_samples": 25, "bands": 8, "window": "rectangular",
        "norm": "none",
    },
    "librosa_mfcc": {
        "kind": "mfcc", "window_samples": 512, "hop_samples": 256, "bands": 40, "log": "db",
        "coefficients": 13,
    },
    "torchaudio_mfcc": {
        "kind": "mfcc", "window_samples": 400, "hop_samples": 200, "bands": 32, "mel": "htk",
        "norm": "none", "floor": 1e-6, "floor_mode": "add", "coefficients": 20,
    },
    # HTK: MFCC_0 with the HTK book's defaults.
    "htk_mfcc": {
        "kind": "mfcc", "window_samples": 400, "hop_samples": 160, "bands": 26, "mel": "htk",
        "triangles": "mel", "norm": "none", "samples": "integer", "window": "hamming-symmetric",
        "preemphasis": 0.97, "spectrum": "magnitude", "floor": 1.0, "coefficients": 13, "dct": "htk",
        "lifter": 22.0,
    },
    # Not a power of two, odd, normalized feature by feature.
    "odd_symmetric": {
        "kind": "mfcc", "window_samples": 401, "hop_samples": 133, "bands": 24, "coefficients": 4,
        "window": "hann-symmetric", "mean": [-30.0, 3.0, 0.5, -0.5], "std": [12.0, 4.0, 3.0, 2.0],
    },
}


def mel_signals():
    rng = np.random.default_rng(2)
    n = 3200
    time = np.arange(n) / RATE_HZ
    tone = lambda hz, amplitude: amplitude * np.sin(2 * np.pi * hz * time)
    return {
        "tone_440": tone(440, 16000),
        "tone_3000_full": tone(3000, 32767),
        "tone_1000_quiet": tone(1000, 30),
        "noise": rng.normal(0, 5000, n),
        "noise_quiet": rng.normal(0, 3, n),
        "silence": np.zeros(n),
        "full_scale": 32767 * np.sign(tone(500, 1) + 1e-9),
        "chirp": chirp(n, 50, 7900, 12000) + rng.normal(0, 5, n),
        "voice": voice(n, rng),
        "impulses": np.where(np.arange(n) % 333 == 7, 25000, 0),
    }


def window_of(name, n):
    period = n - 1 if name.endswith("symmetric") else n
    cosine = np.cos(2 * np.pi * np.arange(n) / period)
    if name.startswith("hann"):
        return 0.5 - 0.5 * cosine
    if name.startswith("hamming"):
        return 0.54 - 0.46 * cosine
    return np.ones(n)


def hz_to_mel(hz, scale):
    hz = np.asarray(hz, np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    above = 15.0 + np.log(np.maximum(hz, 1e-9) / 1000.0) / (np.log(6.4) / 27.0)
    return np.where(hz >= 1000.0, above, hz / (200.0 / 3))


def mel_to_hz(mel, scale):
    mel = np.asarray(mel, np.float64)
    if scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel >= 15.0, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0)), 200.0 / 3 * mel)


def filters(c, fft_len):
    corners = mel_to_hz(
        np.linspace(hz_to_mel(c["f_min_hz"], c["mel"]), hz_to_mel(c["f_max_hz"], c["mel"]), c["bands"] + 2),
        c["mel"],
    )
    bins = np.linspace(0, RATE_HZ / 2, fft_len // 2 + 1)
    x, edges = (bins, corners) if c["triangles"] == "hz" else (
        hz_to_mel(bins, c["mel"]), hz_to_mel(corners, c["mel"])
    )
    widths = np.diff(edges)
    ramps = np.subtract.outer(edges, x)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling))
    if c["norm"] == "slaney":
        weights *= (2.0 / (corners[2:] - corners[:-2]))[:, None]
    return weights


def reference(settings, signal):
    c = DEFAULTS | settings
    n, hop = c["window_samples"], c["hop_samples"]
    fft_len = c.get("fft_len", 1 << (n - 1).bit_length())
    fft_len = max(fft_len, 64)
    x = signal.astype(np.float64) * (1 / 32768 if c["samples"] == "unit" else 1)
    frames = np.lib.stride_tricks.sliding_window_view(x, n)[::hop].copy()
    if c["preemphasis"]:
        before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        frames = frames - c["preemphasis"] * before
    spectrum = np.abs(np.fft.rfft(frames * window_of(c["window"], n), fft_len))
    if c["spectrum"] == "power":
        spectrum = spectrum**2
    energies = spectrum @ filters(c, fft_len).T
    energies = np.maximum(energies, c["floor"]) if c["floor_mode"] == "clamp" else energies + c["floor"]
    factor = {"ln": 1.0, "log10": 1 / np.log(10), "db": 10 / np.log(10)}[c["log"]]
    if c["log"] == "db" and c["spectrum"] == "magnitude":
        factor *= 2
    features = factor * np.log(energies)
    if c["kind"] == "mfcc":
        bands = c["bands"]
        rows = np.arange(c["coefficients"])
        matrix = np.sqrt(2 / bands) * np.cos(np.pi * np.outer(rows, np.arange(bands) + 0.5) / bands)
        if c["dct"] == "ortho":
            matrix[0] /= np.sqrt(2)
        features = features @ matrix.T
        if c["lifter"]:
            features = features * (1 + c["lifter"] / 2 * np.sin(np.pi * rows / c["lifter"]))
    return (features - np.array(c["mean"])) / np.array(c["std"])


def mel(folder):
    signals = mel_signals()
    arrays = {"signals": np.stack([rounded(signal) for signal in signals.values()])}
    for name, settings in CONFIGURATIONS.items():
        features = [reference(settings, signal) for signal in arrays["signals"]]
        arrays[name] = np.stack(features).astype(np.float32)
        print(name, arrays[name].shape)
    np.savez_compressed(folder / "mel.npz", **arrays)
    # JSON's strings, numbers and lists are TOML's.
    configurations = {
        name: "".join(
            f"{key} = {json.dumps(value)}\n"
            for key, value in ({"sample_rate_hz": RATE_HZ} | settings).items()
        )
        for name, settings in CONFIGURATIONS.items()
    }
    text = json.dumps({"signals": list(signals), "configurations": configurations}, indent=1)
    (folder / "mel.json").write_text(text + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("."))
    folder = parser.parse_args().root / "tests/golden/frontend"
    folder.mkdir(parents=True, exist_ok=True)
    micro(folder)
    mel(folder)


if __name__ == "__main__":
    main()
