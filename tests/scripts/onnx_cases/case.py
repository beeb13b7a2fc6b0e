"""What the scripts of this folder share: graphs as in `make_onnx_cases.py`, written as a family.

A family's script makes graphs with `Family.case`, and `write` puts

    tests/golden/onnx_ops/FAMILY__NAME.onnx and .npz

beside the cases of `make_onnx_cases.py` (which leaves files with `__` in their names alone).
"""

import argparse
import pathlib
import sys
import zlib

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from make_onnx_cases import F, G, T, h, run  # noqa: E402


def rng_for(name):
    """A generator seeded by a name."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def sampled(array):
    """The array as one sample: a batch in front if its first axis is none."""
    return array if array.shape[0] == 1 else array[None]


class Family:
    """The cases of one script."""

    def __init__(self, family):
        self.family, self.cases = family, {}

    def graph(self, name, opset):
        """A new graph of the family; it must end with g.out(...)."""
        assert name not in self.cases, name
        self.cases[name] = G(f"{self.family}__{name}", opset)
        return self.cases[name]

    def add(self, name, model, feeds, answer=run):
        """A model made elsewhere (an exporter's), with its inputs, and what answers it."""
        assert name not in self.cases, name
        self.cases[name] = (model, feeds, answer)

    def write(self):
        """Writes the family's files in place of the earlier ones."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[3], type=pathlib.Path)
        out = parser.parse_args().root / "tests/golden/onnx_ops"
        out.mkdir(parents=True, exist_ok=True)
        for old in out.glob(f"{self.family}__*"):
            old.unlink()
        size = 0
        for name, case in self.cases.items():
            model, feeds, answer = (case.model(), case.feeds, run) if isinstance(case, G) else case
            try:
                answers = answer(model, feeds)
            except Exception as error:
                raise SystemExit(f"{name}: {error}")
            is_open = any(port.type.tensor_type.shape.dim[0].dim_param for port in model.graph.input
                          if port.name in feeds)
            arrays = {key: feed if is_open else sampled(feed) for key, feed in feeds.items()}
            for port, answer in zip(model.graph.output, answers):
                assert np.isfinite(answer).all(), name
                arrays[port.name] = answer if is_open else sampled(answer)
                if not port.type.tensor_type.HasField("shape"):
                    kind = onnx.helper.np_dtype_to_tensor_dtype(answer.dtype)
                    port.CopyFrom(h.make_tensor_value_info(port.name, kind, list(answer.shape)))
            onnx.checker.check_model(model, full_check=True)
            path = out / f"{self.family}__{name}"
            path.with_suffix(".onnx").write_bytes(model.SerializeToString(deterministic=True))
            np.savez_compressed(path.with_suffix(".npz"), **arrays)
            size += sum(path.with_suffix(s).stat().st_size for s in (".onnx", ".npz"))
        print(f"{self.family}: {len(self.cases)} cases, {size} bytes")
