"""A small network of many layers, and what TFLM computes in each of them.

Writes

    tests/golden/network/branches.tflite
    tests/golden/network/branches.npz    `input`, `output`, and `opNN_tTENSOR` for what the operator of
                                         index NN computes into the tensor of index TENSOR

Run as the scripts beside it (see case.py). The network has what makes a compiler leave layers out or
share memory between them: a residual addition, a concatenation along the innermost axis and one
along the outermost that matters, reshapes (also of the input), a pad, activations fused and alone.
"""

import argparse
import copy
import pathlib

import flatbuffers
import numpy as np
from case import F, S, Model, opts, rng_for, tflm

NAME = "branches"
rng = rng_for(NAME)
SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3


class Network(Model):
    """A model that is built layer by layer."""

    def __init__(self):
        super().__init__()
        self.layers = 0

    def activation(self, shape, scale, zero):
        self.layers += 1
        return self.tensor(f"layer{self.layers}", "int8", shape, [scale], zero)

    def weights(self, shape, channels, axis, fan_in, input_scale):
        """Weights and bias: their tensors."""
        scales = rng.uniform(0.5, 1.5, channels) * 1.2 / (127 * np.sqrt(fan_in))
        w = self.tensor(f"w{self.layers}", "int8", shape, scales, 0, axis,
                        rng.integers(-127, 128, shape))
        bias = rng.normal(0, 0.3, channels) / (scales * input_scale)
        b = self.tensor(f"b{self.layers}", "int32", [channels], F(scales) * F(input_scale), 0, 0,
                        np.round(bias))
        return w, b

    def conv(self, x, shape_in, out_c, kernel, stride, act, scale_in, scale, zero, padding=SAME):
        h, w, c = shape_in
        size = [-(-h // stride), -(-w // stride)] if padding == SAME else \
            [(h - kernel) // stride + 1, (w - kernel) // stride + 1]
        wt, b = self.weights([out_c, kernel, kernel, c], out_c, 0, kernel * kernel * c, scale_in)
        y = self.activation([1, *size, out_c], scale, zero)
        self.op("CONV_2D", [x, wt, b], [y], opts(S.Conv2DOptionsT, padding=padding, strideH=stride, strideW=stride,
                dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=act), 3)
        return y, (*size, out_c)

    def depthwise(self, x, shape, stride, scale_in, scale, zero):
        h, w, c = shape
        size = [-(-h // stride), -(-w // stride)]
        wt, b = self.weights([1, 3, 3, c], c, 3, 9, scale_in)
        y = self.activation([1, *size, c], scale, zero)
        self.op("DEPTHWISE_CONV_2D", [x, wt, b], [y], opts(
            S.DepthwiseConv2DOptionsT, padding=SAME, strideH=stride, strideW=stride, depthMultiplier=1,
            dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=RELU6), 3)
        return y, (*size, c)

    def reshape(self, x, shape, scale, zero):
        target = self.tensor(f"shape{self.layers}", "int32", [len(shape)], data=shape)
        y = self.activation(shape, scale, zero)
        self.op("RESHAPE", [x, target], [y], opts(S.ReshapeOptionsT, newShape=shape))
        return y


def build():
    n = Network()
    x = n.tensor("sound", "int8", [1, 80], [0.02], 3)
    image = n.reshape(x, [1, 10, 8, 1], 0.02, 3)
    a, shape = n.conv(image, (10, 8, 1), 8, 3, 1, RELU, 0.02, 0.02, -128)
    b, _ = n.depthwise(a, shape, 1, 0.02, 0.0236, -128)
    c, _ = n.conv(b, shape, 8, 1, 1, NONE, 0.0236, 0.035, 7)
    total = n.activation([1, 10, 8, 8], 0.04, -20)
    n.op("ADD", [a, c], [total], opts(S.AddOptionsT, fusedActivationFunction=NONE))
    soft = n.activation([1, 10, 8, 8], 0.03, -90)
    n.op("HARD_SWISH", [total], [soft])
    # Two branches that meet along the channels.
    left, _ = n.conv(soft, shape, 4, 3, 2, RELU, 0.03, 0.025, -128)
    pads = n.tensor("pads", "int32", [4, 2], data=[[0, 0], [1, 1], [1, 1], [0, 0]])
    padded = n.activation([1, 12, 10, 8], 0.03, -90)
    n.op("PAD", [soft, pads], [padded], opts(S.PadOptionsT))
    right, half = n.conv(padded, (12, 10, 8), 4, 3, 2, NONE, 0.03, 0.025, -128, VALID)
    joined = n.activation([1, *half[:2], 8], 0.025, -128)
    n.op("CONCATENATION", [left, right], [joined], opts(S.ConcatenationOptionsT, axis=3))
    pooled = n.activation([1, 2, 2, 8], 0.025, -128)
    n.op("MAX_POOL_2D", [joined], [pooled], opts(S.Pool2DOptionsT, padding=VALID, strideH=2, strideW=2,
         filterHeight=2, filterWidth=2, fusedActivationFunction=NONE))
    mean = n.activation([1, 1, 1, 8], 0.025, -128)
    n.op("AVERAGE_POOL_2D", [joined], [mean], opts(S.Pool2DOptionsT, padding=VALID, strideH=1, strideW=1,
         filterHeight=half[0], filterWidth=half[1], fusedActivationFunction=NONE))
    flat = n.reshape(pooled, [1, 32], 0.025, -128)
    flat_mean = n.reshape(mean, [1, 8], 0.025, -128)
    features = n.activation([1, 40], 0.025, -128)
    n.op("CONCATENATION", [flat, flat_mean], [features], opts(S.ConcatenationOptionsT, axis=-1))
    w, b = n.weights([6, 40], 6, 0, 40, 0.025)
    scores = n.activation([1, 6], 0.09, 11)
    n.op("FULLY_CONNECTED", [features, w, b], [scores], opts(S.FullyConnectedOptionsT, fusedActivationFunction=NONE), 4)
    y = n.activation([1, 6], 1 / 256, -128)
    n.op("SOFTMAX", [scores], [y], opts(S.SoftmaxOptionsT, beta=1.0), 2)
    return n.finish([x], [y])


def with_output(data, tensor):
    """The model with another output."""
    m = copy.deepcopy(S.ModelT.InitFromPackedBuf(data, 0))
    m.subgraphs[0].outputs = [tensor]
    builder = flatbuffers.Builder(1024)
    builder.Finish(m.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[3], type=pathlib.Path)
    out = parser.parse_args().root / "tests/golden/network"
    out.mkdir(parents=True, exist_ok=True)
    data = build()
    x = rng.integers(-128, 128, [1, 80], np.int8)
    arrays = {"input": x, "output": tflm(data, [[x]])[0][0]}
    for index, op in enumerate(S.ModelT.InitFromPackedBuf(data, 0).subgraphs[0].operators):
        tensor = int(op.outputs[0])
        y = tflm(with_output(data, tensor), [[x]])[0][0]
        arrays[f"op{index:02}_t{tensor}"] = y
        print(f"op{index:02}_t{tensor}", y.shape, "values", len(np.unique(y)), "ends", np.mean((y == -128) | (y == 127)))
    (out / f"{NAME}.tflite").write_bytes(data)
    np.savez(out / f"{NAME}.npz", **arrays)
    print(len(data), "bytes,", len(arrays) - 2, "layers")


main()
