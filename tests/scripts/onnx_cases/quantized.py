#!/usr/bin/env python3
"""Writes tests/golden/onnx_quantized: quantized ONNX models and what ONNX Runtime answers.

Layers and small networks, quantized by ONNX Runtime's own `quantize_static` (QDQ and QOperator
forms, int8 and uint8 activations, weights per tensor and per channel) and written by hand where it
does not write a form. Each NAME.onnx has a NAME.npz: inputs and
outputs as the model has them; tests/onnx_quantized.rs compares them in steps of the output scale.

    /tmp/venv/bin/python tests/scripts/onnx_cases/quantized.py
"""

import pathlib
import shutil
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "golden/onnx_quantized"
OPSET = 17
random = np.random.default_rng(20)


def array(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def normal(*shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(np.float32)


def model(nodes, inputs, outputs, constants, opset=OPSET):
    def info(ports):
        return [helper.make_tensor_value_info(n, t, s) for n, t, s in ports]

    graph = helper.make_graph(nodes, "case", info(inputs), info(outputs), constants)
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=8)


def save(name, proto, inputs):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    data = proto.SerializeToString()
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    batches = [session.run(names, dict(zip(inputs, row))) for row in zip(*inputs.values())]
    outputs = {n: np.concatenate(values) for n, values in zip(names, zip(*batches))}
    (GOLDEN / f"{name}.onnx").write_bytes(data)
    np.savez_compressed(
        GOLDEN / f"{name}.npz",
        **{n: np.concatenate(rows) for n, rows in inputs.items()},
        **outputs,
    )


class Rows(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter([{"x": row} for row in rows])

    def get_next(self):
        return next(self.rows, None)


def static(name, proto, shape, forms, count=4):
    """Quantizes a float model with the input `x` in several forms."""
    rows = [normal(*shape) for _ in range(16)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(proto, folder / "float.onnx")
        quant_pre_process(folder / "float.onnx", folder / "ready.onnx")
        for form in forms:
            kind, activations, per_channel = form
            quantize_static(
                folder / "ready.onnx",
                folder / "int8.onnx",
                Rows(rows),
                quant_format=QuantFormat.QDQ if kind == "qdq" else QuantFormat.QOperator,
                activation_type=QuantType.QInt8 if activations == "s8" else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=per_channel,
                # Without VNNI, ONNX Runtime's kernels of uint8 by int8 saturate sums of two products
                # at 16 bits, unless weights have 7 bits (its documentation says so): an error of
                # the oracle, of up to 105 steps here.
                reduce_range=kind == "qop" and activations == "u8",
            )
            quantized = onnx.load(folder / "int8.onnx")
            tag = f"{kind}_{activations}_{'channel' if per_channel else 'tensor'}"
            save(f"{name}_{tag}", quantized, {"x": rows[:count]})


FORMS = [("qdq", "s8", True), ("qdq", "u8", False), ("qop", "u8", True), ("qop", "s8", False)]


def layer(name, nodes, shape, out, constants, forms=FORMS):
    inputs = [("x", T.FLOAT, shape)]
    static(name, model(nodes, inputs, [("y", T.FLOAT, out)], constants), shape, forms)


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, name=f"{kind}_{outputs[0]}", **attributes)


def layers():
    w, b = array("w", normal(6, 4, 3, 3, scale=0.3)), array("b", normal(6))
    shape = [1, 4, 7, 6]
    layer("conv", [node("Conv", ["x", "w", "b"], ["y"], pads=[1] * 4)], shape, [1, 6, 7, 6], [w, b])
    layer(
        "conv_relu",
        [node("Conv", ["x", "w", "b"], ["c"], strides=[2, 2]), node("Relu", ["c"], ["y"])],
        shape,
        [1, 6, 3, 2],
        [w, b],
    )
    d = array("w", normal(4, 1, 3, 3, scale=0.4))
    layer("depthwise", [node("Conv", ["x", "w"], ["y"], group=4)], shape, [1, 4, 5, 4], [d])
    gemm = [array("w", normal(5, 24, scale=0.2)), array("b", normal(5))]
    layer("gemm", [node("Gemm", ["x", "w", "b"], ["y"], transB=1)], [1, 24], [1, 5], gemm)
    layer(
        "matmul_add",
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])],
        [1, 3, 24],
        [1, 3, 5],
        [array("w", normal(24, 5, scale=0.2)), gemm[1]],
    )
    k = [array("w", normal(4, 4, 1, 1, scale=0.5))]
    conv = node("Conv", ["x", "w"], ["c"])
    for kind in ["Add", "Mul"]:
        layer(kind.lower(), [conv, node(kind, ["c", "x"], ["y"])], shape, shape, k)
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    layer("max_pool", [conv, node("MaxPool", ["c"], ["y"], **pool)], shape, [1, 4, 3, 3], k)
    layer("average_pool", [conv, node("AveragePool", ["c"], ["y"], **pool)], shape, [1, 4, 3, 3], k)
    layer("global_pool", [conv, node("GlobalAveragePool", ["c"], ["y"])], shape, [1, 4, 1, 1], k)
    layer("sigmoid", [conv, node("Sigmoid", ["c"], ["y"])], shape, shape, k)
    layer("leaky", [conv, node("LeakyRelu", ["c"], ["y"], alpha=0.2)], shape, shape, k)
    layer("softmax", [node("Gemm", ["x", "w", "b"], ["g"], transB=1), node("Softmax", ["g"], ["y"])],
          [1, 24], [1, 5], gemm)
    layer("concat", [conv, node("Concat", ["c", "x"], ["y"], axis=1)], shape, [1, 8, 7, 6], k)
    layer("pad_transpose",
          [conv, node("Pad", ["c", "pads"], ["p"]), node("Transpose", ["p"], ["y"], perm=[0, 2, 3, 1])],
          shape, [1, 9, 8, 4], k + [array("pads", np.array([0, 0, 1, 1] * 2))], FORMS[:2])


def network():
    constants = [
        array("w1", normal(8, 3, 3, 3, scale=0.3)), array("b1", normal(8, scale=0.2)),
        array("w2", normal(8, 1, 3, 3, scale=0.4)), array("b2", normal(8, scale=0.2)),
        array("w3", normal(8, 8, 1, 1, scale=0.4)), array("b3", normal(8, scale=0.2)),
        array("w4", normal(4, 8, scale=0.5)), array("b4", normal(4, scale=0.2)),
        array("six", np.float32(6)), array("zero", np.float32(0)),
    ]
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["a"], pads=[1] * 4, strides=[2, 2]),
        node("Clip", ["a", "zero", "six"], ["b"]),
        node("Conv", ["b", "w2", "b2"], ["c"], pads=[1] * 4, group=8),
        node("Relu", ["c"], ["d"]),
        node("Conv", ["d", "w3", "b3"], ["e"]),
        node("Add", ["e", "b"], ["f"]),
        node("GlobalAveragePool", ["f"], ["g"]),
        node("Flatten", ["g"], ["h"]),
        node("Gemm", ["h", "w4", "b4"], ["i"], transB=1),
        node("Softmax", ["i"], ["y"]),
    ]
    shape = [1, 3, 12, 10]
    proto = model(nodes, [("x", T.FLOAT, shape)], [("y", T.FLOAT, [1, 4])], constants)
    static("network", proto, shape, FORMS, count=12)


def by_hand():
    """Forms that `quantize_static` does not write; integers in and out."""
    def integers(low, high, dtype, *shape):
        return random.integers(low, high, size=shape).astype(dtype)

    s = lambda name, value: array(name, np.float32(value))
    # uint8 weights around 128, scales far apart.
    w = array("w", integers(0, 256, np.uint8, 5, 3, 2, 2))
    b = array("b", integers(-4000, 4000, np.int32, 5))
    scales = [s("xs", 0.02), s("ws", 0.007), s("ys", 0.11), array("xz", np.uint8(77)),
              array("wz", np.uint8(128)), array("yz", np.uint8(3))]
    operands = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"]
    proto = model([node("QLinearConv", operands, ["y"])], [("x", T.UINT8, [1, 3, 5, 6])],
                  [("y", T.UINT8, [1, 5, 4, 5])], [w, b] + scales)
    rows = [integers(0, 256, np.uint8, 1, 3, 5, 6) for _ in range(6)]
    save("qlinearconv_u8_weights", proto, {"x": rows})
    # int8 all, per channel scales over four decades.
    w = array("w", integers(-128, 128, np.int8, 5, 3, 2, 2))
    scales = [s("xs", 0.05), array("ws", np.float32([1e-4, 1e-3, 0.01, 0.1, 0.002])), s("ys", 0.3),
              array("xz", np.int8(-128)), array("wz", np.zeros(5, np.int8)), array("yz", np.int8(127))]
    proto = model([node("QLinearConv", operands, ["y"])], [("x", T.INT8, [1, 3, 5, 6])],
                  [("y", T.INT8, [1, 5, 4, 5])], [w, b] + scales)
    rows = [integers(-128, 128, np.int8, 1, 3, 5, 6) for _ in range(6)]
    save("qlinearconv_scales_apart", proto, {"x": rows})
    # ONNX Runtime's operators on two tensors.
    for kind in ["QLinearAdd", "QLinearMul"]:
        scales = [s("as", 0.013), array("az", np.uint8(120)), s("bs", 0.2), array("bz", np.uint8(4)),
                  s("cs", 0.25 if kind == "QLinearAdd" else 0.31), array("cz", np.uint8(60))]
        nodes = [helper.make_node(kind, ["a", "as", "az", "b", "bs", "bz", "cs", "cz"], ["c"],
                                  domain="com.microsoft", name=kind)]
        proto = model(nodes, [("a", T.UINT8, [1, 4, 6]), ("b", T.UINT8, [1, 4, 6])],
                      [("c", T.UINT8, [1, 4, 6])], scales)
        rows = lambda: [integers(0, 256, np.uint8, 1, 4, 6) for _ in range(8)]
        save(kind.lower(), proto, {"a": rows(), "b": rows()})
    # Integers are pooled, moved and brought to another scale between operators of real numbers.
    scales = [s("s", 0.1), array("z", np.int8(5)), s("t", 0.35), array("u", np.int8(-20))]
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             node("MaxPool", ["q"], ["p"], kernel_shape=[2, 2]),
             node("Transpose", ["p"], ["m"], perm=[0, 1, 3, 2]),
             node("DequantizeLinear", ["m", "s", "z"], ["r"]),
             node("QuantizeLinear", ["r", "t", "u"], ["v"]),
             node("DequantizeLinear", ["v", "t", "u"], ["y"])]
    proto = model(nodes, [("x", T.FLOAT, [1, 3, 5, 6])], [("y", T.FLOAT, [1, 3, 5, 4])], scales)
    save("integers_between", proto, {"x": [normal(1, 3, 5, 6, scale=5) for _ in range(6)]})


def main():
    warnings.simplefilter("ignore")
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir(parents=True)
    layers()
    network()
    by_hand()
    files = list(GOLDEN.iterdir())
    print(len(files) // 2, "models,", sum(f.stat().st_size for f in files), "bytes")


if __name__ == "__main__":
    main()
