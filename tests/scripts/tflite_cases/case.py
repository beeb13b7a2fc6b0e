"""What the scripts of this folder share: building a .tflite, asking an oracle, writing golden files.

A family's script (`FAMILY.py`) makes models, runs them and writes

    tests/golden/tflite_ops/FAMILY.json              one case a line
    tests/golden/tflite_ops/models/FAMILY_NAME.tflite

Run it from anywhere:

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r tests/scripts/requirements.txt
    /tmp/venv/bin/python tests/scripts/tflite_cases/FAMILY.py [--root DIR]

FAMILY.json = {"family": "moves", "cases": [CASE, ...]}. CASE =
    name      unique within the family
    op        the operator (or what the case is about), for the table
    oracle    "tflm" (reference kernels of TensorFlow Lite Micro) or "litert" (LiteRT's reference
              resolver, where TFLM has no kernel)
    refused   null, or why the importer is expected to refuse the model (then runs is empty)
    inputs    [{"dtype", "shape"}, ...]
    outputs   [{"dtype", "shape"}, ...]
    runs      [{"inputs": [[numbers], ...], "outputs": [[numbers], ...]}, ...]: what goes in and what
              comes out, run after run on one interpreter (state is kept between them)

Arrays are flat, C order; float32 values are written so that reading them as f64 gives exactly that
float32. Everything must be seeded by the case's name (`rng_for`): running it again gives the same
bytes.
"""

import argparse
import json
import pathlib
import zlib

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S

F = np.float32
B = S.BuiltinOperator
OPT = S.BuiltinOptions
DT = {"int8": (S.TensorType.INT8, np.int8), "uint8": (S.TensorType.UINT8, np.uint8),
      "int16": (S.TensorType.INT16, np.int16), "int32": (S.TensorType.INT32, np.int32),
      "int64": (S.TensorType.INT64, np.int64), "bool": (S.TensorType.BOOL, np.bool_),
      "float32": (S.TensorType.FLOAT32, np.float32),
      "float16": (S.TensorType.FLOAT16, np.float16), "int4": (S.TensorType.INT4, np.int8),
      "resource": (S.TensorType.RESOURCE, np.int32)}


def rng_for(name):
    """A generator seeded by a name."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def opts(cls, **fields):
    """An options table, e.g. opts(S.AddOptionsT, fusedActivationFunction=0)."""
    table = cls()
    for key, value in fields.items():
        assert hasattr(table, key), f"{cls.__name__} has no {key}"
        setattr(table, key, value)
    return table


class Model:
    """A .tflite of any number of operators; further subgraphs by `subgraph()`."""

    def __init__(self):
        self.m = S.ModelT()
        self.m.version = 3
        self.m.description = "tiivis-tests"
        empty = S.BufferT()
        empty.data = None
        self.m.buffers, self.m.subgraphs, self.m.operatorCodes = [empty], [], []
        self.codes = {}
        self.subgraph("main")

    def subgraph(self, name):
        """Starts a subgraph; what follows goes into it. Returns its index."""
        self.sg = S.SubGraphT()
        self.sg.name = name
        self.sg.tensors, self.sg.inputs, self.sg.outputs, self.sg.operators = [], [], [], []
        self.m.subgraphs.append(self.sg)
        return len(self.m.subgraphs) - 1

    def tensor(self, name, dtype, shape, scales=None, zero=0, qdim=0, data=None, variable=False,
               signature=None):
        """A tensor of the current subgraph: its index. `scales` and `zero` may be lists (per
        channel along `qdim`). `data` makes it a constant; int4 data are int8 numbers in -8..7."""
        t = S.TensorT()
        t.name, t.type, t.shape, t.isVariable = name, DT[dtype][0], [int(d) for d in shape], variable
        t.shapeSignature = signature
        t.buffer = 0
        if data is not None:
            raw = np.ascontiguousarray(data, dtype=DT[dtype][1])
            assert raw.size == int(np.prod(shape)), (name, raw.shape, shape)
            if dtype == "int4":
                v = (raw.reshape(-1).astype(np.uint8) & 15)
                v = np.append(v, [0] * (v.size % 2)).astype(np.uint8)
                raw = (v[::2] | (v[1::2] << 4)).astype(np.uint8)
            b = S.BufferT()
            b.data = np.frombuffer(raw.tobytes(), np.uint8)
            self.m.buffers.append(b)
            t.buffer = len(self.m.buffers) - 1
        if scales is not None:
            scales = np.atleast_1d(np.asarray(scales, F))
            q = S.QuantizationParametersT()
            q.scale = scales
            q.zeroPoint = np.broadcast_to(np.asarray(zero, np.int64), scales.shape).copy()
            q.quantizedDimension = qdim
            t.quantization = q
        self.sg.tensors.append(t)
        return len(self.sg.tensors) - 1

    def op(self, name, ins, outs, options=None, version=1, custom=None, custom_options=None,
           intermediates=None):
        """Appends an operator. `options` is an object of the schema, e.g. S.AddOptionsT(); -1 in
        `ins` is an absent operand. `custom` is the code of a CUSTOM operator."""
        key = (name, version, custom)
        if key not in self.codes:
            code = S.OperatorCodeT()
            code.builtinCode, code.version = getattr(B, name), version
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.customCode = custom
            self.m.operatorCodes.append(code)
            self.codes[key] = len(self.m.operatorCodes) - 1
        o = S.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = self.codes[key], list(ins), list(outs)
        if options is not None:
            o.builtinOptionsType = getattr(OPT, type(options).__name__.removesuffix("T"))
            o.builtinOptions = options
        if custom_options is not None:
            o.customOptions = np.frombuffer(bytes(custom_options), np.uint8)
        if intermediates is not None:
            o.intermediates = list(intermediates)
        self.sg.operators.append(o)

    def finish(self, ins, outs):
        """The file's bytes; `ins` and `outs` are those of the first subgraph."""
        main = self.m.subgraphs[0]
        main.inputs, main.outputs = list(ins), list(outs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.m.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def tflm(data, runs, arena_size=1 << 20):
    """Outputs of TFLM's reference kernels, run after run on one interpreter. Raises if TFLM
    refuses the model."""
    from tflite_micro.python.tflite_micro import runtime
    outputs = len(S.ModelT.InitFromPackedBuf(data, 0).subgraphs[0].outputs)
    interpreter = runtime.Interpreter.from_bytes(
        data, arena_size=arena_size,
        intrepreter_config=runtime.InterpreterConfig.kAllocationRecording)
    found = []
    for feeds in runs:
        for k, x in enumerate(feeds):
            interpreter.set_input(x, k)
        interpreter.invoke()
        found.append([np.array(interpreter.get_output(k)) for k in range(outputs)])
    return found


def litert(data, runs):
    """Outputs of LiteRT's reference kernels, run after run on one interpreter."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    interpreter = Interpreter(model_content=data,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                              experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    found = []
    for feeds in runs:
        for detail, x in zip(interpreter.get_input_details(), feeds):
            interpreter.set_tensor(detail["index"], x)
        interpreter.invoke()
        found.append([interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()])
    return found


class Family:
    """The cases of one script."""

    def __init__(self, family, folder="tflite_ops"):
        self.family, self.folder, self.cases, self.models = family, folder, [], {}

    def emit(self, name, op, data, runs, oracle="tflm", refused=None, expect=None,
             asked=None, answers=None):
        """Runs a model and keeps the case; returns the outputs. `runs` is a list of lists of input
        arrays. `expect` is an independent computation of all outputs (a list of lists): a
        difference from the oracle stops the script. `asked` is another model, which the oracle is
        asked instead; `answers` are given by who knows how to ask."""
        assert name not in self.models, name
        self.models[name] = data
        found = []
        if refused is None:
            found = answers or {"tflm": tflm, "litert": litert}[oracle](asked or data, runs)
            if expect is not None:
                for a, b in zip(found, expect, strict=True):
                    for x, y in zip(a, b, strict=True):
                        assert np.array_equal(x.reshape(-1), np.asarray(y).reshape(-1)), (name, x, y)
        main = S.ModelT.InitFromPackedBuf(data, 0).subgraphs[0]
        names = {v[0]: k for k, v in DT.items()}

        def port(index):
            t = main.tensors[index]
            return {"dtype": names[t.type], "shape": [int(d) for d in (t.shape if t.shape is not None else [])]}

        def flat(a):
            a = np.asarray(a).reshape(-1)
            return [float(v) for v in a] if a.dtype == np.float32 else [int(v) for v in a]

        self.cases.append({
            "name": name, "op": op, "oracle": oracle, "refused": refused,
            "inputs": [port(i) for i in main.inputs], "outputs": [port(i) for i in main.outputs],
            "runs": [{"inputs": [flat(x) for x in feeds], "outputs": [flat(y) for y in outs]}
                     for feeds, outs in zip(runs, found)],
        })
        return found

    def write(self):
        """Writes the family's files in place of the earlier ones."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[3], type=pathlib.Path)
        out = parser.parse_args().root / "tests/golden" / self.folder
        (out / "models").mkdir(parents=True, exist_ok=True)
        for old in (out / "models").glob(f"{self.family}_*.tflite"):
            old.unlink()
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in self.cases)
        text = f'{{"family":"{self.family}","cases":[\n{lines}\n]}}\n'
        (out / f"{self.family}.json").write_text(text)
        for name, data in self.models.items():
            (out / "models" / f"{self.family}_{name}.tflite").write_bytes(data)
        size = len(text) + sum(len(m) for m in self.models.values())
        print(f"{self.family}: {len(self.cases)} cases, {size} bytes")
