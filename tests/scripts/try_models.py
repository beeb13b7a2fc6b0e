#!/usr/bin/env python3
"""Tries every model file of a folder, and prints what passes, what differs and what is refused.

    /tmp/venv/bin/python tests/scripts/try_models.py FOLDER [--tiivis FILE] [--json FILE] [--only TEXT]

For models that nobody tuned for: keyword spotting, wake words, person detection and whatever else a
package ships. None is kept here; unpack some into FOLDER, a subfolder a package. Needs the packages
of tests/scripts/requirements.txt.

Every .tflite and .onnx goes through `tiivis inspect`. One of integers is then run on seeded inputs
(noise over the whole range, smooth noise, constants at the range's ends) and compressed without data,
and both outputs must be the reference's bytes: TensorFlow Lite Micro's, or, where that has no kernel,
those of LiteRT's reference resolver; what every layer computes of the first input is compared too. For
an .onnx of integers no bytes are prescribed (ONNX Runtime computes some of it in float): its outputs
must be NEAR_DB above their difference from ONNX Runtime's. A float one must stay near LiteRT's or ONNX
Runtime's outputs, and is then compressed with random samples, of which only the signal-to-noise ratio
is told: noise is no fair calibration. The inputs of a model with state are one sequence, for both sides.

Results:
    pass      same bytes (integers), or within TOLERANCE of the largest output (float)
    differs   something else
    refused   an error, with its reason: every node that `inspect` names
    no oracle we run it and no reference does
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4
NEAR_DB = 25
SAMPLES = 8
TIMEOUT_SECONDS = 300


# --- what is in a file -------------------------------------------------------------------------


def tflite_facts(data):
    """Kind, operators and ports of a .tflite."""
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S
    model = S.ModelT.InitFromPackedBuf(data, 0)
    names = {v: k for k, v in vars(S.BuiltinOperator).items() if not k.startswith("_")}
    types = {v: k.lower() for k, v in vars(S.TensorType).items() if not k.startswith("_")}
    operators, computed, read = set(), set(), set()
    for graph in model.subgraphs:
        for op in graph.operators or []:
            code = model.operatorCodes[op.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            operators.add(name if name != "CUSTOM" else f"CUSTOM {code.customCode.decode()}")
            computed |= {types[graph.tensors[i].type] for i in (op.outputs if op.outputs is not None else [])}
            read |= {types[graph.tensors[i].type] for i in (op.inputs if op.inputs is not None else []) if i >= 0}
    main = model.subgraphs[0]
    # A signature's names are those that people know.
    signature = (model.signatureDefs or [None])[0]
    maps = [*(signature.inputs or []), *(signature.outputs or [])] if signature else []
    known = {m.tensorIndex: m.name.decode() for m in maps}

    def port(index):
        t = main.tensors[index]
        q = t.quantization
        scaled = q is not None and q.scale is not None and len(q.scale) == 1
        return {"name": known.get(index, t.name.decode()), "dtype": types[t.type],
                "shape": [int(d) for d in (t.shape if t.shape is not None else [])],
                "scale": float(q.scale[0]) if scaled else None,
                "zero": int(q.zeroPoint[0]) if scaled else None}

    kind = next((k for k in ["int16", "int8", "uint8"] if k in computed), "float32")
    if kind == "float32":
        kind += "".join(f", {k} weights" for k in ["float16", "int8", "int4"] if k in read)
    inputs, outputs = [port(i) for i in main.inputs], [port(i) for i in main.outputs]
    return {"kind": kind, "operators": sorted(operators), "inputs": inputs, "outputs": outputs}


def onnx_facts(path):
    """Kind, operators and ports of an .onnx."""
    import onnx
    model = onnx.load(path)
    operators = set()

    def walk(graph):
        for node in graph.node:
            operators.add(f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
            for attribute in node.attribute:
                for inner in [attribute.g, *attribute.graphs]:
                    walk(inner)

    walk(model.graph)
    constants = {i.name for i in model.graph.initializer}
    types = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}

    def port(value):
        t = value.type.tensor_type
        return {"name": value.name, "dtype": types.get(t.elem_type, str(t.elem_type)),
                "shape": [d.dim_value if d.HasField("dim_value") else 1 for d in t.shape.dim],
                "scale": None, "zero": None}

    kind = "float32"
    if any(o.startswith("QLinear") or o == "ConvInteger" for o in operators):
        kind = "qlinear"
    elif "DequantizeLinear" in operators:
        kind = "qdq"
    inputs = [port(v) for v in model.graph.input if v.name not in constants]
    return {"kind": kind, "operators": sorted(operators), "inputs": inputs,
            "outputs": [port(v) for v in model.graph.output]}


# --- inputs ------------------------------------------------------------------------------------


def smooth(rng, shape):
    """Noise in [-1, 1] whose neighbours are alike, as in pictures and spectrograms."""
    noise = rng.standard_normal(shape)
    for axis in range(1, noise.ndim):
        if noise.shape[axis] > 4:
            noise = sum(np.roll(noise, k, axis) for k in range(-2, 3)) / np.sqrt(5)
    return np.clip(noise / 2, -1, 1)


def sample_shape(port):
    """A sample's shape: without the batch, where there is one."""
    return port["shape"][1:] if port["shape"][:1] == [1] else port["shape"]


def make_input(port, name):
    """SAMPLES inputs."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {port['name']}".encode()))
    shape = (SAMPLES, *sample_shape(port))
    dtype = port["dtype"]
    if dtype == "float32":
        x = smooth(rng, shape)
        x[:2] = rng.standard_normal((2, *shape[1:]))
        return x.astype(np.float32)
    if dtype in ("bool", "int32", "int64"):
        return rng.integers(0, 2, shape).astype(dtype)
    info = np.iinfo(dtype)
    middle, half = (info.max + info.min + 1) / 2, (info.max - info.min) / 2
    x = np.round(middle + half * smooth(rng, shape)).clip(info.min, info.max)
    x[:2] = rng.integers(info.min, info.max + 1, (2, *shape[1:]))
    x[-2], x[-1] = info.min, info.max
    return x.astype(dtype)


# --- references, each in a process of its own: some abort ------------------------------------------


def pack(model):
    """A model's bytes."""
    import flatbuffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def inline(data):
    """The model with all its numbers in the flatbuffer: TFLM does not look for those behind it."""
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S
    model = S.ModelT.InitFromPackedBuf(data, 0)
    if all(buffer.offset <= 1 for buffer in model.buffers):
        return data
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(data, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return pack(model)


def real_weights(data):
    """A float model whose int8 weights are float: else LiteRT rounds what they are multiplied with to
    int8 as well, run by run, which is an approximation of its own."""
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S
    model = S.ModelT.InitFromPackedBuf(data, 0)
    for tensor in model.subgraphs[0].tensors:
        stored, q = model.buffers[tensor.buffer].data, tensor.quantization
        if tensor.type != S.TensorType.INT8 or stored is None or q is None or q.scale is None:
            continue
        shape = [1] * len(tensor.shape)
        shape[q.quantizedDimension if len(q.scale) > 1 else 0] = len(q.scale)
        values = np.frombuffer(bytes(bytearray(stored)), np.int8).reshape(tensor.shape).astype(np.float32)
        buffer = S.BufferT()
        buffer.data = np.frombuffer((values * q.scale.reshape(shape)).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer, tensor.type, tensor.quantization = len(model.buffers) - 1, S.TensorType.FLOAT32, None
    return pack(model)


def show_layers(data):
    """The model with every layer's tensor as an output, and these tensors' numbers."""
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S
    model = S.ModelT.InitFromPackedBuf(data, 0)
    main = model.subgraphs[0]
    wanted = (S.TensorType.INT8, S.TensorType.INT16, S.TensorType.INT32, S.TensorType.BOOL)
    tensors = [int(i) for op in main.operators for i in op.outputs if main.tensors[i].type in wanted]
    main.outputs = tensors
    return pack(model), tensors


def oracle_main(which, model, feeds, outs):
    """Runs one reference; outputs go to an .npz, the first input's tensors under `t_INDEX`."""
    arrays = dict(np.load(feeds))
    xs = [arrays[f"x{k}"] for k in range(len(arrays))]
    data = pathlib.Path(model).read_bytes()
    found, extra = [], {}
    if which == "tflm":
        from tflite_micro.python.tflite_micro import runtime

        def interpret(data):
            return runtime.Interpreter.from_bytes(
                data, arena_size=64 << 20,
                intrepreter_config=runtime.InterpreterConfig.kAllocationRecording)

        data = inline(data)
        count = len(tflite_facts(data)["outputs"])
        interpreter = interpret(data)
        for n in range(SAMPLES):
            for k, x in enumerate(xs):
                interpreter.set_input(x[n:n + 1].reshape(SHAPES[k]), k)
            interpreter.invoke()
            found.append([np.array(interpreter.get_output(k)) for k in range(count)])
        shown, tensors = show_layers(data)
        interpreter = interpret(shown)
        for k, x in enumerate(xs):
            interpreter.set_input(x[:1].reshape(SHAPES[k]), k)
        interpreter.invoke()
        extra = {f"t_{index}": np.array(interpreter.get_output(k)) for k, index in enumerate(tensors)}
    elif which == "litert":
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
        if tflite_facts(data)["kind"] == "float32, int8 weights":
            data = real_weights(inline(data))
        interpreter = Interpreter(model_content=data,
                                  experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                                  experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
        for n in range(SAMPLES):
            for detail, x in zip(interpreter.get_input_details(), xs):
                interpreter.set_tensor(detail["index"], x[n:n + 1].reshape(detail["shape"]))
            interpreter.invoke()
            found.append([interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()])
    else:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        for n in range(SAMPLES):
            feeds = {p.name: x[n:n + 1].reshape(SHAPES[k]) for k, (p, x) in enumerate(zip(session.get_inputs(), xs))}
            found.append(session.run(None, feeds))
    arrays = {f"y{k}": np.stack([f[k] for f in found]) for k in range(len(found[0]))}
    np.savez(outs, **arrays, **{k: v for k, v in extra.items() if v.dtype != object})


def ask(which, model, shapes, feeds, folder):
    """The outputs of a reference and its tensors, or why there are none."""
    outs = folder / f"{which}.npz"
    command = [sys.executable, __file__, "--oracle", which, str(model), str(feeds), str(outs), json.dumps(shapes)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return None, "took too long"
    if done.returncode != 0 or not outs.exists():
        lines = [l for l in done.stderr.splitlines() if l.strip()]
        return None, lines[-1][:200] if lines else f"ended with {done.returncode}"
    return dict(np.load(outs)), None


# --- ours ------------------------------------------------------------------------------------------


class Refused(Exception):
    """What `tiivis` said instead of doing it."""


def tiivis(binary, *arguments):
    """Standard output of our command."""
    try:
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"`{arguments[0]}` took more than {TIMEOUT_SECONDS} s") from None
    if done.returncode != 0:
        raise Refused(f"{done.stdout}\n{done.stderr}" if "panicked" not in done.stderr
                      else "PANIC " + done.stderr.splitlines()[-1])
    return done.stdout


def reasons(text):
    """The reasons in an error of ours, without what is particular to a model."""
    lines = re.findall(r"node `[^\n]*?` \(([^)\n]*)\): ([^\n]*)", text)
    found = [f"{op}: {message}" for op, message in lines]
    if not found:
        causes = re.findall(r"cause: ([^\n]*)", text) or [text.strip().splitlines()[-1]]
        found = causes[-1:]
    clean = []
    for reason in found:
        reason = re.sub(r"; supported: .*|; [A-Z][^;]* (is|are) supported$", "", reason)
        reason = re.sub(r"`[^`]*`", "…", reason)
        reason = reason.split(": export")[0]
        if reason not in clean:
            clean.append(reason)
    return clean


def key(text):
    """A name as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text)


def run_ours(binary, model, facts, xs, folder, *more):
    """Our outputs, in the order of the file's."""
    arguments = []
    for k, (port, x) in enumerate(zip(facts["inputs"], xs)):
        np.save(folder / f"x{k}.npy", x)
        name = f"{port['name']}=" if len(xs) > 1 else ""
        arguments += ["--input", f"{name}{folder / f'x{k}.npy'}"]
    for k, port in enumerate(facts["outputs"]):
        (folder / f"y{k}.npy").unlink(missing_ok=True)
        name = f"{port['name']}=" if len(facts["outputs"]) > 1 else ""
        arguments += ["--output", f"{name}{folder / f'y{k}.npy'}"]
    tiivis(binary, "run", model, *arguments, *more)
    return [np.load(folder / f"y{k}.npy") for k in range(len(facts["outputs"]))]


def real(q, port):
    """Numbers of a quantized port as real ones."""
    if port["scale"] is None:
        return q.astype(np.float32)
    return ((q.astype(np.int32) - port["zero"]) * np.float32(port["scale"])).astype(np.float32)


def decibels(signal, found):
    """How far a signal is above what was found less it."""
    signal, found = (x.reshape(-1).astype(np.float64) for x in (signal, found))
    ratio = max(np.sum(signal**2), 1e-30) / max(np.sum((found - signal) ** 2), 1e-30)
    return 10 * np.log10(ratio)


def compare_bytes(ours, theirs, ports, uint8):
    """How many numbers differ and by how much at most, or the end of it if shapes do."""
    wrong, worst = 0, 0
    for a, b, port in zip(ours, theirs, ports):
        if uint8 and port["scale"] is not None:
            a = np.round(a / np.float32(port["scale"])) + port["zero"]
        if a.size != b.size:
            return a.size, f"{a.shape} against {b.shape}"
        delta = np.abs(a.reshape(-1).astype(np.float64) - b.reshape(-1).astype(np.float64))
        wrong += int((delta > 0).sum())
        worst = max(worst, float(delta.max()) if delta.size else 0)
    return wrong, worst


def compare_layers(binary, path, facts, xs, theirs, folder):
    """How many layers are the reference's bytes, of how many, and the first that is not."""
    tiivis(binary, "compress", path, "--keep-layers", "-o", folder / "layers.tiv")
    run_ours(binary, folder / "layers.tiv", facts, xs, folder, "--dump-layers", folder / "layers.npz")
    same, first, total = 0, "", 0
    for name, ours in sorted(np.load(folder / "layers.npz").items()):
        index = re.search(r"_t(\d+)$", name)
        reference = theirs.get(f"t_{index[1]}") if index else None
        if reference is None or reference.size != ours.size or reference.dtype != ours.dtype:
            continue
        total += 1
        if np.array_equal(ours.reshape(-1), reference.reshape(-1)):
            same += 1
        else:
            first = first or f", first: {name}"
    return same, total, first


def try_integer(binary, path, facts, folder):
    """Result and detail of a model of integers."""
    uint8 = any(p["dtype"] == "uint8" for p in facts["inputs"] + facts["outputs"])
    raw = [make_input(p, path.name) for p in facts["inputs"]]
    xs = [real(x, p) for x, p in zip(raw, facts["inputs"])] if uint8 else raw
    ours = run_ours(binary, path, facts, xs, folder)
    tiivis(binary, "compress", path, "-o", folder / "m.tiv")
    blob = run_ours(binary, folder / "m.tiv", facts, xs, folder)
    feeds = folder / "feeds.npz"
    np.savez(feeds, **{f"x{k}": x for k, x in enumerate(raw)})
    shapes = [p["shape"] for p in facts["inputs"]]
    which = ["tflm", "litert"] if path.suffix == ".tflite" else ["ort"]
    answers = {w: ask(w, path, shapes, feeds, folder) for w in which}
    used = next((w for w in which if answers[w][0] is not None), None)
    if used is None:
        return "no oracle", "; ".join(f"{w}: {answers[w][1]}" for w in which)
    theirs = answers[used][0]
    theirs = [theirs[f"y{k}"] for k in range(len(facts["outputs"]))]
    if used == "ort":
        near = [decibels(b, a) for a, b in zip(ours, theirs)]
        detail = ", ".join(f"{db:.0f} dB" for db in near)
        return "pass" if min(near) >= NEAR_DB else "differs", f"ort, {detail} over the difference"
    detail = [f"{used}, {sum(t.size for t in theirs)} outputs, "
              f"{len(np.unique(np.concatenate([t.reshape(-1) for t in theirs])))} values"]
    good = True
    for name, mine in [("run", ours), ("blob", blob)]:
        wrong, worst = compare_bytes(mine, theirs, facts["outputs"], uint8)
        if wrong:
            good = False
            detail.append(f"{name}: {wrong} differ, at most by {worst}")
    if used == "tflm" and not uint8:
        same, total, first = compare_layers(binary, path, facts, xs, answers[used][0], folder)
        good &= same == total
        detail.append(f"layers {same}/{total}{first}")
    return "pass" if good else "differs", "; ".join(detail)


def try_float(binary, path, facts, folder):
    """Result and detail of a float model."""
    xs = [make_input(p, path.name) for p in facts["inputs"]]
    ours = run_ours(binary, path, facts, xs, folder)
    feeds = folder / "feeds.npz"
    np.savez(feeds, **{f"x{k}": x for k, x in enumerate(xs)})
    which = "litert" if path.suffix == ".tflite" else "ort"
    theirs, why = ask(which, path, [p["shape"] for p in facts["inputs"]], feeds, folder)
    if theirs is None:
        return "no oracle", why
    good, detail = True, []
    for k, (mine, port) in enumerate(zip(ours, facts["outputs"])):
        reference = theirs[f"y{k}"].reshape(-1).astype(np.float64)
        mine = mine.reshape(-1).astype(np.float64)
        if mine.size != reference.size:
            return "differs", f"{port['name']}: {mine.size} numbers, reference {reference.size}"
        far = float(np.abs(mine - reference).max() / max(np.abs(reference).max(), 1e-6))
        good &= far <= TOLERANCE
        detail.append(f"{far:.1e}")
    detail = [f"{which}, off by {', '.join(detail)}"]
    try:
        if len(xs) == 1:
            np.savez(folder / "data.npz", x=xs[0])
        else:
            np.savez(folder / "data.npz", **{p["name"]: x for p, x in zip(facts["inputs"], xs)})
        tiivis(binary, "compress", path, "--data", folder / "data.npz", "-o", folder / "m.tiv")
        quantized = run_ours(binary, folder / "m.tiv", facts, xs, folder)
        for mine, q in zip(ours, quantized):
            detail.append(f"int8 SQNR {decibels(mine, q):.0f} dB")
    except Refused as refusal:
        return ("refused" if good else "differs"), "compress: " + "; ".join(reasons(str(refusal)))
    return "pass" if good else "differs", "; ".join(detail)


def try_model(binary, path):
    """One row of the table."""
    row = {"model": f"{path.parent.name}/{path.name}", "bytes": path.stat().st_size,
           "reasons": [], "kind": "?", "operators": []}
    try:
        facts = tflite_facts(path.read_bytes()) if path.suffix == ".tflite" else onnx_facts(path)
    except Exception as error:  # a file that the reference's own reader refuses
        row |= {"result": "no oracle", "detail": f"unreadable: {error}"[:200]}
        return row
    row |= {"kind": facts["kind"], "operators": facts["operators"]}
    with tempfile.TemporaryDirectory() as temporary:
        try:
            tiivis(binary, "inspect", path)
            attempt = try_float if facts["kind"].startswith("float32") else try_integer
            row["result"], row["detail"] = attempt(binary, path, facts, pathlib.Path(temporary))
            if row["result"] == "refused":
                row["reasons"] = row["detail"].split("; ")
        except Refused as refusal:
            row["result"], row["reasons"] = "refused", reasons(str(refusal))
            row["detail"] = "; ".join(row["reasons"])
    return row


def table(rows):
    """The rows and the reasons, as Markdown."""
    lines = ["| model | kind | operators | result | detail |", "|---|---|---|---|---|"]
    for row in rows:
        detail = row["detail"].replace("|", "\\|")
        lines.append(f"| {row['model']} | {row['kind']} | {len(row['operators'])} | {row['result']} | {detail[:300]} |")
    counts = collections.Counter(row["result"] for row in rows)
    lines += ["", f"{len(rows)} models: " + ", ".join(f"{n} {r}" for r, n in counts.most_common()), ""]
    users = collections.defaultdict(set)
    for row in rows:
        for reason in row["reasons"]:
            users[reason].add(row["model"])
    lines += ["| models | reason |", "|---|---|"]
    for reason, models in sorted(users.items(), key=lambda item: (-len(item[1]), item[0])):
        lines.append(f"| {len(models)} | {reason.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tiivis", default=REPOSITORY / "target/debug/tiivis", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows here")
    parser.add_argument("--only", default="", help="only models whose path has this text")
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.folder.rglob("*") if p.suffix in (".tflite", ".onnx"))
    rows = []
    for path in files:
        if arguments.only in str(path):
            rows.append(try_model(str(arguments.tiivis), path))
            print(f"{rows[-1]['result']:10} {rows[-1]['model']}: {rows[-1]['detail'][:160]}", file=sys.stderr, flush=True)
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--oracle"]:
        SHAPES = json.loads(sys.argv[6])
        oracle_main(*sys.argv[2:6])
    else:
        main()
