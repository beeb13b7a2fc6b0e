#!/usr/bin/env python3
"""Raw sound to probabilities: our front-end and model against those that microWakeWord uses.

    /tmp/venv/bin/python tests/scripts/try_wake_words.py FOLDER SOUND.wav ... [--tiivis FILE]

FOLDER has microWakeWord's models (.tflite, as PyPI `pymicro-wakeword` ships them); the sounds are 16-bit
mono at 16 kHz. Each model is compressed without data and with this front-end,

    kind = "micro"  window_ms = 30  hop_ms = 10  frames = 3  stride_frames = 3

and fed with the sound. Against it: PyPI `pymicro-features` (the C library), three frames a time
quantized as the device does it and run by TensorFlow Lite Micro's reference kernels, its state kept.
Quantized outputs must be the same bytes. Exits with 1 if one is not.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np

from try_models import REPOSITORY, tflite_facts

FRONTEND = """kind = "micro"
sample_rate_hz = 16000
window_ms = 30
hop_ms = 10
frames = 3
stride_frames = 3
layout = "frames-first"
"""
FRAMES = 3
CHUNK_BYTES = 320


def read(path):
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2), path
        return sound.readframes(sound.getnframes())


def features(samples):
    """Every frame of the C library's front-end."""
    from pymicro_features import MicroFrontend
    frontend, found, at = MicroFrontend(), [], 0
    while at + CHUNK_BYTES <= len(samples):
        result = frontend.process_samples(samples[at:at + CHUNK_BYTES])
        at += 2 * result.samples_read
        if result.features:
            found.append(result.features)
    return np.array(found, np.float64)


def reference(model, samples):
    """The bytes of every probability."""
    from tflite_micro.python.tflite_micro import runtime
    data = model.read_bytes()
    facts = tflite_facts(data)
    port = facts["inputs"][0]
    # The library's numbers are whole multiples of 0.0390625, so that ties are exact.
    q = features(samples) / np.float32(port["scale"])
    q = np.clip(np.floor(np.abs(q) + 0.5) * np.sign(q) + port["zero"], -128, 127).astype(np.int8)
    interpreter = runtime.Interpreter.from_bytes(
        data, arena_size=1 << 20, intrepreter_config=runtime.InterpreterConfig.kAllocationRecording)
    found = []
    for at in range(0, len(q) - FRAMES + 1, FRAMES):
        interpreter.set_input(q[at:at + FRAMES].reshape(port["shape"]), 0)
        interpreter.invoke()
        found.append(np.array(interpreter.get_output(0)).reshape(-1))
    return np.concatenate(found), facts["outputs"][0]


def ours(binary, model, sound, folder):
    """Our probabilities, real."""
    (folder / "frontend.toml").write_text(FRONTEND)
    for command in [["compress", model, "--frontend", folder / "frontend.toml", "-o", folder / "m.tiv"],
                    ["run", folder / "m.tiv", "--wav", sound, "--output", folder / "y.npy"]]:
        subprocess.run([binary, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    return np.load(folder / "y.npy").reshape(-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("sounds", type=pathlib.Path, nargs="+")
    parser.add_argument("--tiivis", default=REPOSITORY / "target/debug/tiivis", type=pathlib.Path)
    arguments = parser.parse_args()
    wrong = 0
    for model in sorted(arguments.folder.rglob("*.tflite")):
        for sound in arguments.sounds:
            theirs, port = reference(model, read(sound))
            with tempfile.TemporaryDirectory() as temporary:
                mine = ours(str(arguments.tiivis), model, sound, pathlib.Path(temporary))
            mine = np.round(mine / np.float32(port["scale"])) + port["zero"]
            same = mine.shape == theirs.shape and np.array_equal(mine, theirs.astype(np.float64))
            wrong += not same
            most = (int(theirs.max()) - port["zero"]) * port["scale"]
            print(f"{model.name}, {sound.name}: {len(theirs)} probabilities, the largest {most:.3f}: "
                  f"{'the same bytes' if same else 'DIFFERENT'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
