#!/usr/bin/env python3
"""Makes the ONNX operator suite: small models with ONNX Runtime's answers, and models to refuse.

Usage (from the repository's root):

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r tests/scripts/requirements.txt
    /tmp/venv/bin/python tests/scripts/make_onnx_cases.py [--root DIR]

Writes
    tests/golden/onnx_ops/NAME.onnx   one operator or one small composite graph
    tests/golden/onnx_ops/NAME.npz    float32 arrays, keyed by the names of the graph's inputs and
                                      outputs: random inputs and what ONNX Runtime (no graph
                                      optimizations, CPU) answers
    tests/golden/onnx_bad/NAME.onnx   files that must be refused with a good error, never a panic
    tests/golden/onnx_bad/expect.json for each of those: what is wrong ("why") and words of which at
                                      least one should occur in the message ("mention")

Opsets are spread on purpose from 7 to 22; each case's opset and IR version are in the model. Old
forms are included: Clip, Dropout, Pad, Squeeze, ReduceMean with attributes, BatchNormalization 7
and 9, Softmax before opset 13 (flattening), IR 3 with weights listed among the graph's inputs (a
weight is an initializer whatever the inputs say). The batch axis is a fixed 1 or the symbol "N";
cases whose name ends in _n2 hold two samples.

Everything is seeded by the case's name: running it again gives the same bytes.
"""

import argparse
import json
import pathlib
import shutil
import warnings
import zlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nph

warnings.simplefilter("ignore")
CASES, BAD = {}, {}
F = np.float32


class G:
    """One graph under construction; names in, names out."""

    def __init__(self, name, opset, ir=None):
        self.name, self.opset = name, opset
        self.ir = ir or (3 if opset < 9 else 4 if opset < 11 else 7 if opset < 15 else 8 if opset < 19 else 10)
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.inits, self.ins, self.outs, self.feeds = [], [], [], [], {}
        self.k = 0

    def inp(self, name, shape, batch=1, scale=1.5, shift=0.0):
        """Graph input; a leading "N" is symbolic, with `batch` samples in the npz."""
        real = [batch if d == "N" else d for d in shape]
        self.ins.append(h.make_tensor_value_info(name, T.FLOAT, shape))
        if any(isinstance(d, str) or d > 1000 for d in real):
            return name  # only in models to refuse
        self.feeds[name] = (self.rng.standard_normal(real) * scale + shift).astype(F)
        return name

    def w(self, name, *shape, scale=None):
        """Random float initializer, scaled like a layer's weights."""
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 4
        a = self.rng.standard_normal(shape) * (scale or 1 / np.sqrt(fan))
        return self.c(name, a.astype(F))

    def c(self, name, value):
        a = np.asarray(value)
        if a.dtype == np.float64:
            a = a.astype(F)
        self.inits.append(nph.from_array(np.ascontiguousarray(a) if a.ndim else a, name))
        return name

    def i64(self, name, *v):
        return self.c(name, np.array(v, dtype=np.int64))

    def n(self, op, ins, out=None, nout=1, **attrs):
        self.k += 1
        outs = out if isinstance(out, list) else [out or f"t{self.k}"] if nout == 1 else [f"t{self.k}_{i}" for i in range(nout)]
        self.nodes.append(h.make_node(op, ins if isinstance(ins, list) else [ins], outs, name=f"{op.lower()}_{self.k}", **attrs))
        return outs[0]

    def bn(self, x, c, out=None, eps=None, **kw):
        k = self.k
        s = self.c(f"bn{k}_scale", self.rng.uniform(0.5, 1.5, c).astype(F))
        b = self.w(f"bn{k}_bias", c, scale=0.4)
        m = self.w(f"bn{k}_mean", c, scale=0.4)
        v = self.c(f"bn{k}_var", self.rng.uniform(0.3, 2.0, c).astype(F))
        if eps is not None:
            kw["epsilon"] = eps
        return self.n("BatchNormalization", [x, s, b, m, v], out, **kw)

    def out(self, *names, shape=None):
        for n in names:
            self.outs.append(h.make_tensor_value_info(n, T.FLOAT, shape))

    def model(self):
        ins = list(self.ins)
        if self.ir < 4:  # IR 3: every initializer is also an input
            ins += [h.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in self.inits]
        g = h.make_graph(self.nodes, self.name, ins, self.outs, self.inits)
        return h.make_model(g, opset_imports=[h.make_opsetid("", self.opset)], ir_version=self.ir, producer_name="tiivis-tests")


def case(opset, ir=None):
    """Registers a function that builds a graph; it must end with g.out(...)."""
    def deco(f):
        g = G(f.__name__, opset, ir)
        f(g)
        assert f.__name__ not in CASES, f.__name__
        CASES[f.__name__] = g
        return f
    return deco


def simple(name, opset, shape, op, ir=None, batch=1, scale=1.5, shift=0.0, extra=(), **attrs):
    """One node with one activation `x` and constant `extra` operands."""
    g = G(name, opset, ir)
    ins = [g.inp("x", shape, batch, scale, shift)]
    for i, e in enumerate(extra):
        ins.append("" if e is None else g.c(f"c{i}", e))
    g.out(g.n(op, ins, "y", **attrs))
    assert name not in CASES, name
    CASES[name] = g


def conv(name, opset, shape, wshape, bias=True, batch=1, ir=None, **attrs):
    g = G(name, opset, ir)
    ins = [g.inp("x", shape, batch), g.w("w", *wshape)]
    if bias:
        ins.append(g.w("b", wshape[0], scale=0.5))
    g.out(g.n("Conv", ins, "y", **attrs))
    assert name not in CASES, name
    CASES[name] = g


# --- Conv ------------------------------------------------------------------------------------
conv("conv_plain", 13, [1, 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3])
conv("conv_same_pads", 11, ["N", 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
conv("conv_nobias", 14, ["N", 3, 8, 8], (5, 3, 3, 3), bias=False, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
conv("conv_n2", 15, ["N", 2, 7, 6], (3, 2, 3, 3), batch=2, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
conv("conv_ir3_opset7", 7, [1, 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
conv("conv_no_kernel_shape", 18, ["N", 3, 8, 8], (4, 3, 3, 5), pads=[1, 2, 1, 2])
conv("conv_stride2", 16, ["N", 3, 9, 9], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
conv("conv_stride2_even", 16, ["N", 3, 10, 8], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
conv("conv_stride_unequal", 12, ["N", 2, 9, 11], (3, 2, 3, 3), kernel_shape=[3, 3], strides=[2, 1], pads=[1, 1, 1, 1])
conv("conv_dilation2", 17, ["N", 2, 10, 10], (3, 2, 3, 3), kernel_shape=[3, 3], dilations=[2, 2], pads=[2, 2, 2, 2])
conv("conv_dilation_unequal", 11, ["N", 2, 10, 9], (3, 2, 3, 2), kernel_shape=[3, 2], dilations=[1, 3])
conv("conv_pads_asymmetric", 19, ["N", 2, 7, 7], (3, 2, 3, 3), kernel_shape=[3, 3], pads=[0, 1, 2, 3])
conv("conv_pads_tf_same", 10, ["N", 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
conv("conv_auto_same_upper", 13, ["N", 3, 8, 9], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
conv("conv_auto_same_upper_even_kernel", 9, ["N", 2, 7, 7], (3, 2, 4, 2), kernel_shape=[4, 2], auto_pad="SAME_UPPER")
conv("conv_auto_same_lower", 13, ["N", 3, 8, 9], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER")
conv("conv_auto_same_lower_even_kernel", 22, ["N", 2, 7, 7], (3, 2, 2, 4), kernel_shape=[2, 4], auto_pad="SAME_LOWER")
conv("conv_auto_valid", 12, ["N", 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3], strides=[2, 2], auto_pad="VALID")
conv("conv_auto_notset", 12, ["N", 3, 8, 8], (4, 3, 3, 3), kernel_shape=[3, 3], pads=[1, 0, 1, 0], auto_pad="NOTSET")
conv("conv_groups2", 14, ["N", 4, 6, 6], (6, 2, 3, 3), kernel_shape=[3, 3], group=2, pads=[1, 1, 1, 1])
conv("conv_groups2_stride2", 14, ["N", 6, 7, 7], (4, 3, 3, 3), bias=False, kernel_shape=[3, 3], group=2, strides=[2, 2])
conv("conv_depthwise", 13, ["N", 6, 8, 8], (6, 1, 3, 3), kernel_shape=[3, 3], group=6, pads=[1, 1, 1, 1])
conv("conv_depthwise_stride2", 20, ["N", 5, 9, 9], (5, 1, 3, 3), bias=False, kernel_shape=[3, 3], group=5, strides=[2, 2], pads=[1, 1, 1, 1])
conv("conv_depthwise_k5_dilated", 11, ["N", 4, 12, 12], (4, 1, 5, 3), kernel_shape=[5, 3], group=4, dilations=[2, 1], pads=[4, 1, 4, 1])
conv("conv_depthwise_mult2", 13, ["N", 3, 7, 7], (6, 1, 3, 3), kernel_shape=[3, 3], group=3, pads=[1, 1, 1, 1])
conv("conv_depthwise_mult3_stride2", 13, ["N", 2, 7, 7], (6, 1, 3, 3), kernel_shape=[3, 3], group=2, strides=[2, 2])
conv("conv_1x1", 13, ["N", 8, 5, 5], (6, 8, 1, 1), kernel_shape=[1, 1])
conv("conv_1x1_stride2", 13, ["N", 8, 5, 6], (6, 8, 1, 1), kernel_shape=[1, 1], strides=[2, 2])
conv("conv_10x4", 11, ["N", 1, 25, 10], (8, 1, 10, 4), kernel_shape=[10, 4], strides=[2, 2], pads=[4, 1, 5, 1])
conv("conv_whole_input", 13, ["N", 3, 5, 4], (7, 3, 5, 4), kernel_shape=[5, 4])
conv("conv_single_channel_1x1_map", 13, ["N", 1, 1, 1], (1, 1, 1, 1), kernel_shape=[1, 1])
conv("conv1d", 13, ["N", 3, 16], (4, 3, 5), kernel_shape=[5], pads=[2, 2])
conv("conv1d_stride2_dilation2_n2", 14, ["N", 3, 17], (4, 3, 3), batch=2, kernel_shape=[3], strides=[2], dilations=[2], pads=[1, 2])
conv("conv1d_depthwise", 11, ["N", 4, 12], (4, 1, 3), kernel_shape=[3], group=4, auto_pad="SAME_UPPER")


@case(13)
def conv_weights_from_constant_nodes(g):
    x = g.inp("x", ["N", 2, 6, 6])
    w = g.rng.standard_normal((3, 2, 3, 3)).astype(F)
    g.n("Constant", [], "w", value=nph.from_array(w, "w"))
    g.n("Constant", [], "b", value_floats=[0.5, -1.0, 0.25])
    g.out(g.n("Conv", [x, "w", "b"], "y", kernel_shape=[3, 3]))


@case(13)
def conv_weights_in_float_data(g):
    """float_data instead of raw_data, and an empty third input name (no bias)."""
    x = g.inp("x", ["N", 2, 6, 6])
    w = g.rng.standard_normal((3, 2, 3, 3)).astype(F)
    g.inits.append(h.make_tensor("w", T.FLOAT, w.shape, w.ravel().tolist()))
    g.out(g.n("Conv", [x, "w", ""], "y", kernel_shape=[3, 3]))


# --- Gemm, MatMul ----------------------------------------------------------------------------
def gemm(name, opset, wshape, cshape, batch=1, k=6, **attrs):
    g = G(name, opset)
    ins = [g.inp("x", ["N", k], batch), g.w("w", *wshape)]
    if cshape is not None:
        ins.append(g.w("c", *cshape, scale=0.5))
    g.out(g.n("Gemm", ins, "y", **attrs))
    CASES[name] = g


gemm("gemm", 13, (6, 4), (4,))
gemm("gemm_transb", 11, (4, 6), (4,), transB=1)
gemm("gemm_opset7_n2", 7, (4, 6), (4,), batch=2, transB=1, alpha=1.0, beta=1.0)
gemm("gemm_opset9", 9, (6, 5), (5,), transA=0, transB=0)
gemm("gemm_alpha_beta", 13, (4, 6), (4,), transB=1, alpha=0.5, beta=2.0)
gemm("gemm_no_c", 13, (6, 4), None, alpha=1.5)
gemm("gemm_c_row", 18, (4, 6), (1, 4), transB=1)
gemm("gemm_c_scalar", 13, (4, 6), (1,), transB=1, beta=0.25)
gemm("gemm_one_output", 13, (1, 6), (1,), transB=1)


@case(13)
def matmul_2d(g):
    g.out(g.n("MatMul", [g.inp("x", ["N", 6]), g.w("w", 6, 5)], "y"))


@case(11)
def matmul_bias_n2(g):
    t = g.n("MatMul", [g.inp("x", ["N", 6], 2), g.w("w", 6, 5)])
    g.out(g.n("Add", [t, g.w("b", 5)], "y"))


@case(13)
def matmul_bias_first(g):
    t = g.n("MatMul", [g.inp("x", ["N", 6]), g.w("w", 6, 5)])
    g.out(g.n("Add", [g.w("b", 5), t], "y"))


@case(14)
def matmul_3d(g):
    g.out(g.n("MatMul", [g.inp("x", ["N", 4, 6]), g.w("w", 6, 5)], "y"))


@case(9)
def matmul_3d_bias_relu(g):
    t = g.n("MatMul", [g.inp("x", [1, 4, 6]), g.w("w", 6, 5)])
    t = g.n("Add", [t, g.w("b", 5)])
    g.out(g.n("Relu", t, "y"))


# --- BatchNormalization ----------------------------------------------------------------------
@case(9)
def bn_opset9(g):
    g.out(g.bn(g.inp("x", ["N", 4, 5, 5]), 4, "y", eps=1e-3, momentum=0.9))


@case(7)
def bn_opset7(g):
    g.out(g.bn(g.inp("x", [1, 4, 5, 5]), 4, "y", spatial=1))


@case(15)
def bn_opset15_n2(g):
    g.out(g.bn(g.inp("x", ["N", 3, 4, 4], 2), 3, "y", training_mode=0))


@case(14)
def bn_2d(g):
    g.out(g.bn(g.inp("x", ["N", 6]), 6, "y"))


@case(13)
def bn_3d(g):
    g.out(g.bn(g.inp("x", ["N", 6, 7]), 6, "y"))


@case(15)
def bn_after_conv(g):
    t = g.n("Conv", [g.inp("x", ["N", 3, 6, 6]), g.w("w", 4, 3, 3, 3)], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    g.out(g.n("Relu", g.bn(t, 4), "y"))


@case(11)
def bn_after_depthwise_bias(g):
    t = g.n("Conv", [g.inp("x", ["N", 4, 6, 6]), g.w("w", 4, 1, 3, 3), g.w("b", 4)], kernel_shape=[3, 3], group=4)
    g.out(g.bn(t, 4, "y"))


@case(13)
def bn_after_gemm(g):
    t = g.n("Gemm", [g.inp("x", ["N", 6]), g.w("w", 5, 6), g.w("b", 5)], transB=1)
    g.out(g.bn(t, 5, "y"))


@case(13)
def bn_before_padded_conv(g):
    """Not foldable into the convolution by scaling alone: the padding stays zero after the shift."""
    t = g.bn(g.inp("x", ["N", 3, 6, 6]), 3)
    g.out(g.n("Conv", [t, g.w("w", 4, 3, 3, 3), g.w("b", 4)], "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))


@case(13)
def bn_after_shared_conv(g):
    """The convolution's output is used twice, so that folding would change the other use."""
    t = g.n("Conv", [g.inp("x", ["N", 3, 5, 5]), g.w("w", 3, 3, 1, 1)], kernel_shape=[1, 1])
    g.out(g.n("Add", [t, g.bn(t, 3)], "y"))


# --- Activations -----------------------------------------------------------------------------
simple("relu", 13, ["N", 3, 4, 4], "Relu")
simple("relu_opset7_n2", 7, ["N", 12], "Relu", batch=2)
simple("clip_relu6", 13, ["N", 3, 4, 4], "Clip", scale=5.0, extra=(F(0), F(6)))
simple("clip_attrs", 6, ["N", 3, 4, 4], "Clip", scale=5.0, min=0.0, max=6.0)
simple("clip_attrs_opset10", 10, ["N", 3, 4, 4], "Clip", scale=2.0, min=-1.0, max=1.0)
simple("clip_attrs_min_only", 9, ["N", 3, 4, 4], "Clip", min=0.0)
simple("clip_min_only", 12, ["N", 3, 4, 4], "Clip", extra=(F(-0.5),))
simple("clip_max_only", 11, ["N", 3, 4, 4], "Clip", extra=(None, F(0.75)))
simple("clip_none", 13, ["N", 3, 4, 4], "Clip")


@case(12)
def clip_constant_nodes(g):
    x = g.inp("x", ["N", 10], scale=5.0)
    g.n("Constant", [], "lo", value_float=0.0)
    g.n("Constant", [], "hi", value=nph.from_array(np.array(6, F), "hi"))
    g.out(g.n("Clip", [x, "lo", "hi"], "y"))


simple("sigmoid", 13, ["N", 3, 4, 4], "Sigmoid", scale=3.0)
simple("tanh", 9, ["N", 3, 4, 4], "Tanh", scale=2.0)
simple("leaky_relu", 16, ["N", 3, 4, 4], "LeakyRelu", alpha=0.1)
simple("leaky_relu_default", 6, ["N", 12], "LeakyRelu")
simple("hard_sigmoid", 13, ["N", 3, 4, 4], "HardSigmoid", scale=3.0)
simple("hard_sigmoid_sixth", 22, ["N", 3, 4, 4], "HardSigmoid", scale=3.0, alpha=1 / 6, beta=0.5)
simple("hard_swish", 14, ["N", 3, 4, 4], "HardSwish", scale=3.0)
simple("elu", 13, ["N", 3, 4, 4], "Elu")
simple("elu_alpha", 22, ["N", 12], "Elu", alpha=0.5)

# --- Pooling ---------------------------------------------------------------------------------
P = ["N", 3, 8, 8]
simple("maxpool_k2s2", 12, P, "MaxPool", kernel_shape=[2, 2], strides=[2, 2])
simple("maxpool_k2s2_odd", 8, ["N", 3, 7, 9], "MaxPool", kernel_shape=[2, 2], strides=[2, 2])
simple("maxpool_default_stride", 13, P, "MaxPool", kernel_shape=[3, 3])
simple("maxpool_k3s2_pads", 11, P, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], shift=-3.0)
simple("maxpool_pads_asymmetric", 11, P, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1], shift=-3.0)
simple("maxpool_ceil", 10, ["N", 3, 8, 9], "MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
simple("maxpool_ceil_pads", 12, ["N", 2, 7, 8], "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1, shift=-3.0)
simple("maxpool_same_upper", 12, ["N", 3, 7, 8], "MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
simple("maxpool_same_lower", 12, ["N", 3, 7, 8], "MaxPool", kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_LOWER")
simple("maxpool_non_square_n2", 12, ["N", 3, 9, 8], "MaxPool", batch=2, kernel_shape=[3, 2], strides=[1, 2])
simple("maxpool_1d", 12, ["N", 3, 12], "MaxPool", kernel_shape=[4], strides=[4])
simple("avgpool_k2s2", 11, P, "AveragePool", kernel_shape=[2, 2], strides=[2, 2])
simple("avgpool_opset7", 7, P, "AveragePool", kernel_shape=[2, 2], strides=[2, 2])
simple("avgpool_pads_exclude", 11, P, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=0, shift=2.0)
simple("avgpool_pads_include", 11, P, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1, shift=2.0)
simple("avgpool_pads_asymmetric_include", 19, P, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 1, 2, 0], count_include_pad=1, shift=2.0)
simple("avgpool_ceil", 10, ["N", 3, 8, 9], "AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, shift=2.0)
simple("avgpool_ceil_pads_include", 22, ["N", 2, 8, 8], "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1, shift=2.0)
simple("avgpool_same_upper", 11, ["N", 3, 7, 8], "AveragePool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", shift=2.0)
simple("avgpool_same_lower", 11, ["N", 3, 8, 8], "AveragePool", kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_LOWER", shift=2.0)
simple("avgpool_non_square", 11, ["N", 3, 9, 8], "AveragePool", kernel_shape=[9, 2], strides=[1, 2])
simple("avgpool_1d", 11, ["N", 3, 12], "AveragePool", kernel_shape=[3], strides=[2])
simple("global_avgpool", 13, ["N", 5, 4, 6], "GlobalAveragePool")
simple("global_avgpool_n2", 7, ["N", 5, 4, 4], "GlobalAveragePool", batch=2)
simple("global_maxpool", 13, ["N", 5, 4, 4], "GlobalMaxPool")
simple("reduce_mean_hw_keep", 11, ["N", 5, 4, 6], "ReduceMean", axes=[2, 3], keepdims=1)
simple("reduce_mean_hw", 13, ["N", 5, 4, 6], "ReduceMean", axes=[2, 3], keepdims=0)
simple("reduce_mean_hw_negative_n2", 13, ["N", 5, 4, 6], "ReduceMean", batch=2, axes=[-1, -2], keepdims=0)
simple("reduce_mean_axes_input", 18, ["N", 5, 4, 6], "ReduceMean", extra=(np.array([2, 3], np.int64),), keepdims=0)
simple("reduce_mean_axes_input_keep", 20, ["N", 5, 4, 6], "ReduceMean", extra=(np.array([-2, -1], np.int64),))
simple("reduce_mean_h_only", 13, ["N", 5, 4, 6], "ReduceMean", axes=[2], keepdims=1)
simple("reduce_mean_1d", 13, ["N", 5, 9], "ReduceMean", axes=[2], keepdims=0)


# --- Elementwise -----------------------------------------------------------------------------
CH = np.array([0.5, -1.25, 2.0], F).reshape(1, 3, 1, 1)
A4 = ["N", 3, 4, 5]
for op, opset in (("Add", 13), ("Sub", 14), ("Mul", 7)):
    low = op.lower()
    g = G(f"{low}_two", opset)
    g.out(g.n(op, [g.inp("a", A4), g.inp("b", A4)], "y"))
    CASES[g.name] = g
    simple(f"{low}_channel", opset, A4, op, extra=(CH,))
    simple(f"{low}_channel_3d_constant", opset, A4, op, extra=(CH[0],))
    simple(f"{low}_scalar", 11, A4, op, extra=(F(0.75),))
    simple(f"{low}_tensor_constant", 13, A4, op, extra=(np.linspace(-2, 2, 60, dtype=F).reshape(1, 3, 4, 5),))
    g = G(f"{low}_constant_first", 13)
    g.out(g.n(op, [g.c("c", CH), g.inp("a", A4)], "y"))
    CASES[g.name] = g
    g = G(f"{low}_two_broadcast_channel", 13)
    g.out(g.n(op, [g.inp("a", A4), g.inp("b", ["N", 3, 1, 1])], "y"))
    CASES[g.name] = g


@case(13)
def add_last_axis_constant(g):
    """Broadcast along W of NCHW, which is not the channel."""
    g.out(g.n("Add", [g.inp("x", A4), g.c("c", np.arange(5, dtype=F) - 2)], "y"))


@case(13)
def add_self(g):
    x = g.inp("x", A4)
    g.out(g.n("Add", [x, x], "y"))


@case(13)
def add_two_n2(g):
    g.out(g.n("Add", [g.inp("a", ["N", 7], 2), g.inp("b", ["N", 7], 2)], "y"))


@case(13)
def add_two_broadcast_spatial(g):
    g.out(g.n("Add", [g.inp("a", A4), g.inp("b", ["N", 1, 4, 5])], "y"))


simple("div_scalar", 13, A4, "Div", extra=(F(3.0),))
simple("div_channel", 7, A4, "Div", extra=(np.array([0.5, -2.0, 4.0], F).reshape(1, 3, 1, 1),))


# --- Concat ----------------------------------------------------------------------------------
@case(13)
def concat_channel(g):
    g.out(g.n("Concat", [g.inp("a", ["N", 2, 4, 5]), g.inp("b", ["N", 3, 4, 5])], "y", axis=1))


@case(11)
def concat_channel_three_negative(g):
    g.out(g.n("Concat", [g.inp("a", ["N", 1, 3, 3]), g.inp("b", ["N", 2, 3, 3]), g.inp("c", ["N", 1, 3, 3])], "y", axis=-3))


@case(13)
def concat_h(g):
    g.out(g.n("Concat", [g.inp("a", ["N", 3, 2, 5]), g.inp("b", ["N", 3, 4, 5])], "y", axis=2))


@case(11)
def concat_w(g):
    g.out(g.n("Concat", [g.inp("a", ["N", 3, 4, 2]), g.inp("b", ["N", 3, 4, 3])], "y", axis=-1))


@case(13)
def concat_2d_n2(g):
    g.out(g.n("Concat", [g.inp("a", ["N", 4], 2), g.inp("b", ["N", 3], 2)], "y", axis=1))


@case(13)
def concat_same_twice(g):
    x = g.inp("x", ["N", 2, 3, 3])
    g.out(g.n("Concat", [x, x], "y", axis=1))


# --- Shape operators -------------------------------------------------------------------------
simple("flatten", 13, ["N", 3, 4, 5], "Flatten")
simple("flatten_axis1_n2", 9, ["N", 3, 4, 5], "Flatten", batch=2, axis=1)
simple("flatten_negative", 11, ["N", 3, 4, 5], "Flatten", axis=-3)
simple("reshape_flatten_0_m1", 13, ["N", 3, 4, 5], "Reshape", extra=(np.array([0, -1], np.int64),))
simple("reshape_flatten_m1_n2", 14, ["N", 3, 4, 5], "Reshape", batch=2, extra=(np.array([-1, 60], np.int64),))
simple("reshape_4d", 13, ["N", 4, 3, 6], "Reshape", extra=(np.array([0, 2, 6, 6], np.int64),))
simple("reshape_4d_fixed_batch", 5, [1, 4, 3, 6], "Reshape", extra=(np.array([1, 6, 4, 3], np.int64),))
simple("reshape_unflatten", 13, ["N", 24], "Reshape", extra=(np.array([-1, 2, 3, 4], np.int64),))
simple("reshape_4d_to_3d", 13, ["N", 3, 4, 5], "Reshape", extra=(np.array([0, 0, 20], np.int64),))


@case(13)
def reshape_shape_from_constant_node(g):
    x = g.inp("x", ["N", 3, 4, 5])
    g.n("Constant", [], "s", value_ints=[-1, 60])
    g.out(g.n("Reshape", [x, "s"], "y"))


simple("transpose_nhwc", 13, ["N", 3, 4, 5], "Transpose", perm=[0, 2, 3, 1])
simple("transpose_nchw", 13, ["N", 4, 5, 3], "Transpose", perm=[0, 3, 1, 2])
simple("transpose_hw_n2", 9, ["N", 3, 4, 5], "Transpose", batch=2, perm=[0, 1, 3, 2])
simple("transpose_ch", 13, ["N", 3, 4, 5], "Transpose", perm=[0, 2, 1, 3])
simple("transpose_3d", 13, ["N", 4, 5], "Transpose", perm=[0, 2, 1])
simple("squeeze_attr", 11, ["N", 5, 1, 1], "Squeeze", axes=[2, 3])
simple("squeeze_input", 13, ["N", 5, 1, 4], "Squeeze", extra=(np.array([2], np.int64),))
simple("unsqueeze_attr", 11, ["N", 5], "Unsqueeze", axes=[2, 3])
simple("unsqueeze_input", 13, ["N", 5, 4], "Unsqueeze", extra=(np.array([1], np.int64),))
simple("unsqueeze_negative_n2", 13, ["N", 5, 4], "Unsqueeze", batch=2, extra=(np.array([-1], np.int64),))
simple("pad_attr", 10, ["N", 3, 4, 5], "Pad", pads=[0, 0, 1, 2, 0, 0, 3, 0])
simple("pad_attr_value", 2, ["N", 3, 4, 5], "Pad", pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="constant", value=1.5)
simple("pad_input", 11, ["N", 3, 4, 5], "Pad", extra=(np.array([0, 0, 1, 0, 0, 0, 0, 2], np.int64),))
simple("pad_input_value", 13, ["N", 3, 4, 5], "Pad", extra=(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64), F(-0.75)))
simple("pad_channel", 13, ["N", 3, 4, 5], "Pad", extra=(np.array([0, 1, 0, 0, 0, 2, 0, 0], np.int64), F(0.0)))
simple("pad_axes_input", 18, ["N", 3, 4, 5], "Pad", extra=(np.array([1, 2, 0, 1], np.int64), F(0.0), np.array([2, -1], np.int64)))
simple("pad_nothing", 13, ["N", 3, 4, 5], "Pad", extra=(np.zeros(8, np.int64),))
for name in ("pad_attr_value", "reshape_4d_fixed_batch", "clip_attrs"):
    CASES[name].opset = max(CASES[name].opset, 7)  # ORT's oldest; the operator's form stays the old one


@case(11)
def pad_then_conv(g):
    t = g.n("Pad", [g.inp("x", ["N", 3, 6, 6]), g.i64("p", 0, 0, 1, 1, 0, 0, 2, 2)])
    g.out(g.n("Conv", [t, g.w("w", 4, 3, 3, 3), g.w("b", 4)], "y", kernel_shape=[3, 3], strides=[2, 2]))


@case(13)
def pad_value_then_conv(g):
    """The padded value is not zero: it must not be folded into the convolution's padding."""
    t = g.n("Pad", [g.inp("x", ["N", 2, 5, 5]), g.i64("p", 0, 0, 1, 1, 0, 0, 1, 1), g.c("v", F(1.0))])
    g.out(g.n("Conv", [t, g.w("w", 4, 2, 3, 3)], "y", kernel_shape=[3, 3]))


@case(13)
def pad_then_maxpool(g):
    """Zero padding in front of a max-pool is not the pool's own padding (which is minus infinity)."""
    t = g.n("Pad", [g.inp("x", ["N", 2, 5, 5], shift=-3.0), g.i64("p", 0, 0, 1, 1, 0, 0, 1, 1)])
    g.out(g.n("MaxPool", t, "y", kernel_shape=[3, 3], strides=[2, 2]))


# --- Softmax ---------------------------------------------------------------------------------
simple("softmax_2d", 13, ["N", 10], "Softmax", scale=3.0)
simple("softmax_2d_axis1_n2", 13, ["N", 10], "Softmax", batch=2, scale=3.0, axis=1)
simple("softmax_2d_opset9", 9, ["N", 10], "Softmax", scale=3.0)
simple("softmax_4d_flattening", 11, ["N", 3, 2, 4], "Softmax")            # old: over C*H*W
simple("softmax_4d_flattening_axis3", 11, ["N", 3, 2, 4], "Softmax", axis=3)
simple("softmax_4d_last", 13, ["N", 3, 2, 4], "Softmax")                  # new: over W
simple("softmax_4d_channel", 13, ["N", 5, 2, 3], "Softmax", axis=1)
simple("softmax_large_values", 13, ["N", 6], "Softmax", scale=60.0)


# --- Constant, Identity, Dropout ---------------------------------------------------------------
@case(13)
def constant_node_add(g):
    x = g.inp("x", A4)
    g.n("Constant", [], "k", value=nph.from_array(CH, "k"))
    g.out(g.n("Add", [x, "k"], "y"))


@case(13)
def constant_folding(g):
    """A constant sub-graph: (c * 2) transposed, used as a weight."""
    x = g.inp("x", ["N", 6])
    t = g.n("Mul", [g.w("w", 4, 6), g.c("two", F(2))])
    t = g.n("Transpose", t, perm=[1, 0])
    g.out(g.n("MatMul", [x, t], "y"))


simple("identity", 13, A4, "Identity")
simple("dropout_opset7", 7, A4, "Dropout", ratio=0.3)
simple("dropout_opset10", 10, A4, "Dropout")
simple("dropout_ratio_input", 13, A4, "Dropout", extra=(F(0.4),))
simple("dropout_training_input", 12, A4, "Dropout", extra=(F(0.4), np.array(False)))


@case(10)
def dropout_mask_unused(g):
    t = g.n("Relu", g.inp("x", A4))
    g.n("Dropout", t, out=["d", "mask"], ratio=0.5)
    g.out(g.n("Mul", ["d", g.c("k", F(2))], "y"))


@case(13)
def identity_chain_of_weights(g):
    x = g.inp("x", ["N", 2, 4, 4])
    w = g.n("Identity", g.w("w", 3, 2, 1, 1))
    g.out(g.n("Identity", g.n("Conv", [g.n("Identity", x), w], kernel_shape=[1, 1]), "y"))


@case(13)
def two_outputs(g):
    x = g.inp("x", ["N", 2, 5, 5])
    t = g.n("Conv", [x, g.w("w", 3, 2, 3, 3)], "features", kernel_shape=[3, 3])
    g.out("features", g.n("GlobalAveragePool", g.n("Relu", t), "pooled"))


@case(13)
def unsorted_nodes(g):
    """Nodes not in topological order. ONNX asks for order, some writers do not keep it."""
    x = g.inp("x", ["N", 2, 5, 5])
    t = g.n("Relu", x)
    u = g.n("Conv", [t, g.w("w", 3, 2, 1, 1)], kernel_shape=[1, 1])
    g.out(g.n("Sigmoid", u, "y"))
    g.shuffled = True


# --- Composite graphs ----------------------------------------------------------------------------
def conv_layer(g, x, ci, co, k, s=1, p=None, group=1, act=None, bias=True):
    p = k // 2 if p is None else p
    i = g.k
    ins = [x, g.w(f"w{i}", co, ci // group, k, k)] + ([g.w(f"b{i}", co, scale=0.3)] if bias else [])
    t = g.n("Conv", ins, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, group=group)
    if act == "relu6":
        if g.opset < 11:
            return g.n("Clip", t, min=0.0, max=6.0)
        if not any(n.name == "six" for n in g.inits):
            g.c("zero", F(0)); g.c("six", F(6))
        return g.n("Clip", [t, "zero", "six"])
    return g.n(act, t) if act else t


@case(13)
def net_residual(g):
    x = g.inp("x", ["N", 4, 6, 6])
    t = conv_layer(g, x, 4, 4, 3, act="Relu")
    t = conv_layer(g, t, 4, 4, 3)
    g.out(g.n("Relu", g.n("Add", [t, x]), "y"))


@case(15)
def net_residual_projection_bn_n2(g):
    x = g.inp("x", ["N", 3, 8, 8], 2)
    t = g.n("Relu", g.bn(conv_layer(g, x, 3, 6, 3, s=2, bias=False), 6))
    t = g.bn(conv_layer(g, t, 6, 6, 3, bias=False), 6)
    u = g.bn(conv_layer(g, x, 3, 6, 1, s=2, p=0, bias=False), 6)
    g.out(g.n("Relu", g.n("Add", [t, u]), "y"))


@case(12)
def net_inception(g):
    x = g.inp("x", ["N", 4, 6, 6])
    a = conv_layer(g, x, 4, 3, 1, act="Relu")
    b = conv_layer(g, conv_layer(g, x, 4, 2, 1, act="Relu"), 2, 4, 3, act="Relu")
    c = conv_layer(g, g.n("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]), 4, 2, 1, act="Relu")
    g.out(g.n("Concat", [a, b, c], "y", axis=1))


@case(13)
def net_conv_pool_flatten_gemm(g):
    """Flatten of NCHW with H, W > 1: the dense weights' rows follow C, H, W."""
    t = conv_layer(g, g.inp("x", ["N", 1, 8, 8]), 1, 4, 3, act="Relu")
    t = g.n("MaxPool", t, kernel_shape=[2, 2], strides=[2, 2])
    t = g.n("Flatten", t, axis=1)
    g.out(g.n("Gemm", [t, g.w("fw", 5, 64), g.w("fb", 5)], "y", transB=1))


@case(11)
def net_conv_reshape_matmul_softmax_n2(g):
    t = conv_layer(g, g.inp("x", ["N", 2, 6, 6], 2), 2, 4, 3, s=2, act="relu6")
    t = g.n("Reshape", [t, g.i64("s", 0, -1)])
    t = g.n("MatMul", [t, g.w("fw", 36, 5)])
    g.out(g.n("Softmax", g.n("Add", [t, g.w("fb", 5)]), "y", axis=-1))


@case(13)
def net_conv_transpose_reshape_gemm(g):
    """The same with rows in H, W, C order."""
    t = conv_layer(g, g.inp("x", ["N", 1, 8, 8]), 1, 4, 3, s=2, act="Relu")
    t = g.n("Transpose", t, perm=[0, 2, 3, 1])
    t = g.n("Reshape", [t, g.i64("s", -1, 64)])
    g.out(g.n("Gemm", [t, g.w("fw", 64, 5), g.w("fb", 5)], "y"))


@case(14)
def net_mobilenet_block(g):
    x = g.inp("x", ["N", 4, 7, 7])
    t = conv_layer(g, x, 4, 12, 1, act="relu6")
    t = conv_layer(g, t, 12, 12, 3, group=12, act="relu6")
    t = conv_layer(g, t, 12, 4, 1)
    g.out(g.n("Add", [x, t], "y"))


@case(9)
def net_mobilenet_v1_opset9(g):
    t = conv_layer(g, g.inp("x", ["N", 3, 8, 8]), 3, 6, 3, s=2, act="relu6")
    t = g.n("Clip", g.bn(conv_layer(g, t, 6, 6, 3, group=6, bias=False), 6), min=0.0, max=6.0)
    t = g.n("Clip", g.bn(conv_layer(g, t, 6, 8, 1, bias=False), 8), min=0.0, max=6.0)
    t = g.n("Squeeze", g.n("GlobalAveragePool", t), axes=[2, 3])
    g.out(g.n("Gemm", [t, g.w("fw", 4, 8), g.w("fb", 4)], "y", transB=1))


@case(13)
def net_se_block(g):
    x = g.inp("x", ["N", 8, 5, 5])
    t = g.n("GlobalAveragePool", x)
    t = conv_layer(g, t, 8, 2, 1, act="Relu")
    t = g.n("Sigmoid", conv_layer(g, t, 2, 8, 1))
    g.out(g.n("Mul", [x, t], "y"))


@case(18)
def net_se_block_reduce_mean_hard(g):
    x = g.inp("x", ["N", 8, 5, 5])
    t = g.n("ReduceMean", [x, g.i64("axes", 2, 3)], keepdims=1)
    t = conv_layer(g, t, 8, 4, 1, act="Relu")
    t = g.n("HardSigmoid", conv_layer(g, t, 4, 8, 1), alpha=1 / 6, beta=0.5)
    g.out(g.n("HardSwish", g.n("Mul", [t, x]), "y"))


@case(13)
def net_keras_nhwc(g):
    """As tf2onnx writes it: NHWC input, Transpose before the first and after the last convolution."""
    x = g.inp("x", ["N", 8, 8, 2])
    t = g.n("Transpose", x, perm=[0, 3, 1, 2])
    t = conv_layer(g, t, 2, 4, 3, act="Relu")
    t = g.n("MaxPool", t, kernel_shape=[2, 2], strides=[2, 2])
    t = g.n("Transpose", t, perm=[0, 2, 3, 1])
    t = g.n("Reshape", [t, g.i64("s", -1, 64)])
    t = g.n("MatMul", [t, g.w("fw", 64, 3)])
    g.out(g.n("Softmax", g.n("Add", [t, g.w("fb", 3)]), "y"))


@case(11)
def net_keras_transposes_everywhere(g):
    """A pair of Transposes around every convolution, per-channel constants on the last axis."""
    x = g.inp("x", ["N", 6, 6, 3])
    t = g.n("Transpose", x, perm=[0, 3, 1, 2])
    t = conv_layer(g, t, 3, 4, 3, bias=False)
    t = g.n("Transpose", t, perm=[0, 2, 3, 1])
    t = g.n("Relu", g.n("Add", [t, g.w("cb", 4)]))
    t = g.n("Transpose", t, perm=[0, 3, 1, 2])
    t = conv_layer(g, t, 4, 4, 3, group=4, bias=False)
    t = g.n("Transpose", t, perm=[0, 2, 3, 1])
    t = g.n("Mul", [t, g.w("cm", 1, 1, 1, 4, scale=1.0)])
    g.out(g.n("ReduceMean", t, "y", axes=[1, 2], keepdims=0))


@case(13)
def net_nhwc_output_4d(g):
    t = g.n("Transpose", g.inp("x", ["N", 6, 5, 3]), perm=[0, 3, 1, 2])
    g.out(g.n("Transpose", conv_layer(g, t, 3, 4, 3, act="Relu"), "y", perm=[0, 2, 3, 1]))


@case(9)
def net_torch_view(g):
    """x.view(x.size(0), -1) as the older PyTorch exporter writes it: Shape, Gather, Unsqueeze, Concat."""
    t = conv_layer(g, g.inp("x", ["N", 2, 4, 4]), 2, 3, 3, act="Relu")
    s = g.n("Gather", [g.n("Shape", t), g.c("zero_i", np.array(0, np.int64))], axis=0)
    s = g.n("Concat", [g.n("Unsqueeze", s, axes=[0]), g.i64("m1", -1)], axis=0)
    t = g.n("Reshape", [t, s])
    g.out(g.n("Gemm", [t, g.w("fw", 4, 48), g.w("fb", 4)], "y", transB=1))


@case(12)
def net_hard_swish_decomposed(g):
    x = g.inp("x", ["N", 3, 4, 4], scale=3.0)
    t = g.n("Clip", [g.n("Add", [x, g.c("three", F(3))]), g.c("zero", F(0)), g.c("six", F(6))])
    g.out(g.n("Div", [g.n("Mul", [x, t]), "six"], "y"))


@case(13)
def net_silu(g):
    x = conv_layer(g, g.inp("x", ["N", 3, 4, 4]), 3, 4, 1)
    g.out(g.n("Mul", [x, g.n("Sigmoid", x)], "y"))


@case(13)
def net_input_normalization(g):
    """(x - mean) / std in front of a padded convolution."""
    x = g.inp("x", ["N", 3, 6, 6], scale=60.0, shift=120.0)
    t = g.n("Sub", [x, g.c("mean", np.array([123.7, 116.3, 103.5], F).reshape(1, 3, 1, 1))])
    t = g.n("Div", [t, g.c("std", np.array([58.4, 57.1, 57.4], F).reshape(1, 3, 1, 1))])
    t = conv_layer(g, t, 3, 4, 3, act="Relu")
    g.out(g.n("GlobalAveragePool", t, "y"))


@case(13)
def net_dscnn(g):
    """Keyword spotting in small: 10x4 stem, depthwise-separable block, average pool, dense."""
    x = g.inp("x", ["N", 1, 20, 10])
    t = g.n("Relu", g.n("Conv", [x, g.w("w", 6, 1, 10, 4), g.w("b", 6)], kernel_shape=[10, 4], strides=[2, 2], pads=[4, 1, 4, 1]))
    t = conv_layer(g, conv_layer(g, t, 6, 6, 3, group=6, act="Relu"), 6, 6, 1, act="Relu")
    t = g.n("AveragePool", t, kernel_shape=[10, 5], strides=[10, 5])
    t = g.n("Gemm", [g.n("Flatten", t), g.w("fw", 4, 6), g.w("fb", 4)], transB=1)
    g.out(g.n("Softmax", t, "y", axis=1))


@case(13)
def net_mlp_autoencoder_n2(g):
    t = g.inp("x", ["N", 16], 2)
    for i, (a, b) in enumerate(((16, 8), (8, 3), (3, 8))):
        t = g.n("Relu", g.bn(g.n("Gemm", [t, g.w(f"fw{i}", b, a), g.w(f"fb{i}", b)], transB=1), b))
    g.out(g.n("Gemm", [t, g.w("fw", 16, 8), g.w("fb", 16)], "y", transB=1))


@case(14)
def net_conv1d_sensor(g):
    t = g.n("Conv", [g.inp("x", ["N", 3, 32]), g.w("w1", 6, 3, 5), g.w("b1", 6)], kernel_shape=[5], strides=[2], pads=[2, 2])
    t = g.n("MaxPool", g.n("Relu", t), kernel_shape=[2], strides=[2])
    t = g.n("Relu", g.n("Conv", [t, g.w("w2", 4, 6, 3)], kernel_shape=[3], pads=[1, 1]))
    t = g.n("Gemm", [g.n("Flatten", t), g.w("fw", 3, 32), g.w("fb", 3)], transB=1)
    g.out(g.n("Softmax", t, "y"))


@case(13)
def net_two_inputs(g):
    t = g.n("GlobalAveragePool", conv_layer(g, g.inp("image", ["N", 1, 6, 6]), 1, 4, 3, act="Relu"))
    t = g.n("Concat", [g.n("Flatten", t), g.inp("extra", ["N", 3])], axis=1)
    g.out(g.n("Gemm", [t, g.w("fw", 2, 7), g.w("fb", 2)], "y", transB=1))


@case(13)
def net_dense_to_map(g):
    """Dense, reshaped into a C, H, W map, then a convolution: layout matters the other way round."""
    t = g.n("Relu", g.n("Gemm", [g.inp("x", ["N", 5]), g.w("fw", 36, 5), g.w("fb", 36)], transB=1))
    t = g.n("Reshape", [t, g.i64("s", -1, 4, 3, 3)])
    g.out(conv_layer(g, t, 4, 2, 3))
    g.outs[0].name = g.nodes[-1].output[0]


@case(13)
def net_concat_flattened_maps(g):
    x = g.inp("x", ["N", 2, 4, 4])
    a = g.n("Flatten", conv_layer(g, x, 2, 3, 3, act="Relu"))
    b = g.n("Flatten", g.n("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    t = g.n("Concat", [a, b], axis=1)
    g.out(g.n("Gemm", [t, g.w("fw", 4, 56), g.w("fb", 4)], "y", transB=1))


# --- Models to refuse ----------------------------------------------------------------------------
def bad(name, why, *mention):
    def deco(f):
        BAD[name] = (why, mention, f)
        return f
    return deco


def base(opset=13, wshape=(3, 2, 3, 3), xshape=("N", 2, 6, 6), **attrs):
    g = G("bad", opset)
    g.inp("x", list(xshape))
    g.w("w", *wshape)
    g.n("Conv", ["x", "w"], "y", **attrs)
    g.out("y")
    return g


def edit(f):
    """The base model's proto, changed by f."""
    m = base(kernel_shape=[3, 3]).model()
    f(m)
    return m


@bad("op_unsupported", "operator NonZero is not supported", "NonZero")
def _():
    g = G("bad", 13)
    t = g.n("NonZero", g.n("Relu", g.inp("x", ["N", 4])))
    g.out(g.n("Cast", t, "y", to=T.FLOAT))
    return g.model()


@bad("op_custom_domain", "operator com.example:Frobnicate is in a custom domain", "Frobnicate", "com.example")
def _():
    g = G("bad", 13)
    g.out(g.n("Frobnicate", g.inp("x", ["N", 4]), "y", domain="com.example"))
    m = g.model()
    m.opset_import.append(h.make_opsetid("com.example", 1))
    return m


@bad("op_control_flow", "operator Loop is not supported", "Loop")
def _():
    g = G("bad", 13)
    x = g.inp("x", ["N", 4])
    g.c("cond", np.array(True))
    g.i64("count", 3)
    scalar = [h.make_tensor_value_info(n, t, []) for n, t in (("i", T.INT64), ("c", T.BOOL))]
    state = [h.make_tensor_value_info(n, T.FLOAT, None) for n in ("a", "b")]
    nodes = [h.make_node("Relu", ["a"], ["b"]), h.make_node("Identity", ["c"], ["d"])]
    body = h.make_graph(nodes, "body", [*scalar, state[0]], [h.make_tensor_value_info("d", T.BOOL, []), state[1]])
    g.out(g.n("Loop", ["count", "cond", x], "y", body=body))
    return g.model()


@bad("conv_auto_pad_foo", "Conv has auto_pad = FOO", "auto_pad", "FOO")
def _():
    return base(kernel_shape=[3, 3], auto_pad="FOO").model()


@bad("conv_dynamic_weight", "the Conv weight is a graph input, not a constant", "weight", "constant")
def _():
    g = G("bad", 13)
    g.inp("x", ["N", 2, 6, 6])
    g.inp("w", [3, 2, 3, 3])
    g.out(g.n("Conv", ["x", "w"], "y", kernel_shape=[3, 3]))
    return g.model()


@bad("conv_kernel_shape_mismatch", "kernel_shape is [5, 5], the weight is 3x3", "kernel_shape", "weight")
def _():
    return base(kernel_shape=[5, 5]).model()


@bad("conv_channel_mismatch", "the input has 2 channels, the weight expects 4", "channel")
def _():
    return base(wshape=(3, 4, 3, 3), kernel_shape=[3, 3]).model()


@bad("conv_group_not_dividing", "group = 2 does not divide 3 output channels", "group")
def _():
    return base(wshape=(3, 1, 3, 3), kernel_shape=[3, 3], group=2).model()


@bad("conv_group_zero", "group = 0", "group")
def _():
    return base(kernel_shape=[3, 3], group=0).model()


@bad("conv_stride_zero", "strides hold a zero", "stride")
def _():
    return base(kernel_shape=[3, 3], strides=[0, 1]).model()


@bad("conv_pads_negative", "pads hold a negative number", "pad")
def _():
    return base(kernel_shape=[3, 3], pads=[-1, 0, 0, 0]).model()


@bad("conv_pads_count", "pads hold three numbers instead of four", "pad")
def _():
    return base(kernel_shape=[3, 3], pads=[1, 1, 1]).model()


@bad("conv_kernel_larger_than_input", "the 3x3 kernel does not fit the 2x2 input", "kernel", "input", "output", "empty")
def _():
    return base(xshape=("N", 2, 2, 2), kernel_shape=[3, 3]).model()


@bad("conv_bias_length", "the bias has 2 numbers for 3 output channels", "bias")
def _():
    g = base(kernel_shape=[3, 3])
    g.w("b", 2)
    g.nodes[0].input.append("b")
    return g.model()


@bad("conv_wrong_rank", "the Conv input has rank 2", "rank", "dimension", "Conv")
def _():
    return base(xshape=("N", 6), kernel_shape=[3, 3]).model()


@bad("conv_attribute_type", "strides is a string", "stride")
def _():
    return base(kernel_shape=[3, 3], strides="two").model()


@bad("dynamic_spatial", "height and width of the input are symbolic", "dynamic", "symbolic", "height", "shape")
def _():
    return base(xshape=("N", 2, "H", "W"), kernel_shape=[3, 3]).model()


@bad("dynamic_rank", "the input has no shape at all", "shape", "rank")
def _():
    return edit(lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"))


@bad("zero_dimension", "the input has a dimension of 0", "0", "zero", "empty")
def _():
    return base(xshape=("N", 2, 0, 6), kernel_shape=[3, 3]).model()


@bad("huge_dimension", "the input's size overflows", "large", "overflow", "big")
def _():
    return base(xshape=(1, 2, 2**40, 2**40), kernel_shape=[3, 3]).model()


@bad("missing_initializer", "tensor w is neither an initializer, an input, nor any node's output", "w")
def _():
    return edit(lambda m: m.graph.ClearField("initializer"))


@bad("missing_output", "graph output z is made by no node", "z")
def _():
    def f(m):
        m.graph.output[0].name = "z"
    return edit(f)


@bad("no_outputs", "the graph has no output", "output")
def _():
    return edit(lambda m: m.graph.ClearField("output"))


@bad("no_graph", "the model has no graph", "graph")
def _():
    return edit(lambda m: m.ClearField("graph"))


@bad("no_opset", "the model imports no operator set", "opset", "operator set")
def _():
    return edit(lambda m: m.ClearField("opset_import"))


@bad("opset_too_old", "opset 1 is older than what is read", "opset")
def _():
    def f(m):
        m.opset_import[0].version = 1
    return edit(f)


@bad("opset_future", "opset 9999 does not exist yet", "opset")
def _():
    def f(m):
        m.opset_import[0].version = 9999
    return edit(f)


@bad("cycle", "two nodes wait for each other", "cycl")
def _():
    g = G("bad", 13)
    g.inp("x", ["N", 4])
    g.n("Add", ["x", "b"], "a")
    g.n("Relu", ["a"], "b")
    g.n("Relu", ["b"], "y")
    g.out("y")
    return g.model()


@bad("cycle_self", "a node eats its own output", "cycl")
def _():
    g = G("bad", 13)
    g.inp("x", ["N", 4])
    g.n("Add", ["x", "y"], "y")
    g.out("y")
    return g.model()


@bad("duplicate_tensor", "two nodes write tensor y", "y", "twice", "duplicate")
def _():
    g = G("bad", 13)
    g.inp("x", ["N", 4])
    g.n("Relu", "x", "y")
    g.n("Sigmoid", "x", "y")
    g.out("y")
    return g.model()


@bad("float16_weights", "the weights are float16", "float16", "FLOAT16", "f16")
def _():
    def f(m):
        w = nph.to_array(m.graph.initializer[0]).astype(np.float16)
        m.graph.initializer[0].CopyFrom(nph.from_array(w, "w"))
    return edit(f)


@bad("float16_input", "the graph's input is float16", "float16", "FLOAT16", "f16")
def _():
    def f(m):
        m.graph.input[0].type.tensor_type.elem_type = T.FLOAT16
    return edit(f)


@bad("int64_input", "the graph's input is int64", "int64", "INT64", "i64")
def _():
    def f(m):
        m.graph.input[0].type.tensor_type.elem_type = T.INT64
    return edit(f)


@bad("nan_weights", "a weight is NaN", "NaN", "finite")
def _():
    def f(m):
        w = nph.to_array(m.graph.initializer[0]).copy()
        w[1, 1, 1, 1] = np.nan
        m.graph.initializer[0].CopyFrom(nph.from_array(w, "w"))
    return edit(f)


@bad("inf_weights", "a weight is infinite", "inf", "finite")
def _():
    def f(m):
        w = nph.to_array(m.graph.initializer[0]).copy()
        w[0, 0, 0, 0] = -np.inf
        m.graph.initializer[0].CopyFrom(nph.from_array(w, "w"))
    return edit(f)


@bad("bn_negative_variance", "a batch-norm variance is negative", "variance", "finite", "NaN")
def _():
    g = G("bad", 13)
    g.bn(g.inp("x", ["N", 3, 4, 4]), 3, "y")
    g.out("y")
    v = -nph.to_array(g.inits[3])
    g.inits[3] = nph.from_array(v, g.inits[3].name)
    return g.model()


@bad("weight_data_short", "raw_data holds fewer bytes than the shape asks for", "w", "bytes", "data")
def _():
    def f(m):
        m.graph.initializer[0].raw_data = m.graph.initializer[0].raw_data[:-5]
    return edit(f)


@bad("weight_dims_overflow", "the product of the weight's dims overflows 64 bits", "w", "large", "overflow", "data")
def _():
    def f(m):
        del m.graph.initializer[0].dims[:]
        m.graph.initializer[0].dims.extend([2**32, 2**32, 3, 3])
    return edit(f)


@bad("weight_dims_negative", "a weight dimension is negative", "w", "negative", "dim")
def _():
    def f(m):
        m.graph.initializer[0].dims[0] = -3
    return edit(f)


@bad("external_data_missing", "the weights are in another file, which is not there", "weights.bin", "external")
def _():
    def f(m):
        t = m.graph.initializer[0]
        t.ClearField("raw_data")
        t.data_location = T.EXTERNAL
        t.external_data.add(key="location", value="weights.bin")
    return edit(f)


@bad("external_data_outside", "the weights' file is outside of the model's folder", "external", "etc")
def _():
    def f(m):
        t = m.graph.initializer[0]
        t.ClearField("raw_data")
        t.data_location = T.EXTERNAL
        t.external_data.add(key="location", value="../../../../etc/hostname")
    return edit(f)


@bad("gemm_shape_mismatch", "the weight has 7 rows, the input 6 columns", "Gemm", "7", "6")
def _():
    g = G("bad", 13)
    g.out(g.n("Gemm", [g.inp("x", ["N", 6]), g.w("w", 7, 4)], "y"))
    return g.model()


@bad("reshape_wrong_size", "60 numbers cannot be reshaped into 7 columns", "Reshape", "60", "7")
def _():
    g = G("bad", 13)
    g.out(g.n("Reshape", [g.inp("x", [1, 3, 4, 5]), g.i64("s", 1, 7)], "y"))
    return g.model()


@bad("reshape_two_minus_ones", "the shape holds -1 twice", "-1", "Reshape")
def _():
    g = G("bad", 13)
    g.out(g.n("Reshape", [g.inp("x", [1, 3, 4, 5]), g.i64("s", -1, -1)], "y"))
    return g.model()


@bad("add_not_broadcastable", "shapes 1x3 and 1x4 do not broadcast", "Add", "broadcast", "shape")
def _():
    g = G("bad", 13)
    g.out(g.n("Add", [g.inp("a", [1, 3]), g.inp("b", [1, 4])], "y"))
    return g.model()


@bad("concat_shape_mismatch", "heights 4 and 5 cannot be concatenated by channel", "Concat", "shape")
def _():
    g = G("bad", 13)
    g.out(g.n("Concat", [g.inp("a", [1, 3, 4, 4]), g.inp("b", [1, 3, 5, 4])], "y", axis=1))
    return g.model()


@bad("axis_out_of_range", "axis 7 of a tensor of rank 4", "axis")
def _():
    g = G("bad", 13)
    g.out(g.n("Softmax", g.inp("x", [1, 3, 4, 4]), "y", axis=7))
    return g.model()


@bad("transpose_bad_perm", "perm is no permutation", "perm")
def _():
    g = G("bad", 13)
    g.out(g.n("Transpose", g.inp("x", [1, 3, 4, 4]), "y", perm=[0, 1, 1, 3]))
    return g.model()


@bad("node_without_inputs", "a Relu without inputs", "Relu", "input")
def _():
    g = G("bad", 13)
    g.inp("x", ["N", 4])
    g.out(g.n("Relu", [], "y"))
    return g.model()


def bad_lstm(lens=None, **attrs):
    g = G("bad", 14)
    ins = [g.inp("x", [5, 1, 3]), g.w("w", 1, 16, 3), g.w("r", 1, 16, 4), "", ""]
    if lens is not None:
        ins[4] = g.c("lens", np.array(lens, dtype=np.int32))
    g.out(g.n("LSTM", ins, "y", hidden_size=4, **attrs))
    return g.model()


@bad("lstm_lengths", "a sequence of the batch ends early", "sequence_lens")
def _():
    return bad_lstm([3])


@bad("lstm_function", "a gate has a function that is not known", "Affine")
def _():
    return bad_lstm(activations=["Affine", "Tanh", "Tanh"])


@bad("lstm_hidden_size", "hidden_size is not that of the weights", "hidden_size")
def _():
    m = bad_lstm()
    next(a for a in m.graph.node[0].attribute if a.name == "hidden_size").i = 5
    return m


@bad("lstm_dynamic_time", "the number of steps is symbolic", "dynamic", "symbolic")
def _():
    m = bad_lstm()
    m.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "steps"
    return m


@bad("lstm_long", "two thousand steps would be unrolled", "steps")
def _():
    m = bad_lstm()
    m.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2000
    return m


def bad_function(*nodes, opset=17):
    g = G("bad", 17)
    g.out(g.n("Own", g.inp("x", [1, 4]), "y", domain="own"))
    m = g.model()
    m.opset_import.append(h.make_opsetid("own", 1))
    opsets = [h.make_opsetid("", opset), h.make_opsetid("own", 1)]
    m.functions.append(h.make_function("own", "Own", ["a"], ["b"], list(nodes), opsets))
    return m


@bad("function_recursive", "a function calls itself", "function")
def _():
    return bad_function(h.make_node("Own", ["a"], ["c"], domain="own"), h.make_node("Relu", ["c"], ["b"]))


@bad("function_doubling", "functions that call each other twice, nested deep: 2^40 nodes", "nodes", "function")
def _():
    m = bad_function(h.make_node("F1", ["a"], ["c"], domain="own"), h.make_node("F1", ["c"], ["b"], domain="own"))
    for k in range(1, 31):
        nodes = [h.make_node(f"F{k + 1}" if k < 30 else "Relu", [i], [o], domain="own" if k < 30 else "") for i, o in ("ac", "cb")]
        m.functions.append(h.make_function("own", f"F{k}", ["a"], ["b"], nodes, list(m.opset_import)))
    return m


@bad("function_opset", "a function is written for another opset", "opset")
def _():
    return bad_function(h.make_node("Relu", ["a"], ["b"]), opset=11)


@bad("function_unknown", "a body reads what is not there", "nowhere")
def _():
    return bad_function(h.make_node("Add", ["a", "nowhere"], ["b"]))


@bad("if_computed", "the condition of an If is computed", "condition")
def _():
    g = G("bad", 13)
    g.inp("x", [1, 4])
    g.n("ReduceMax", "x", "most", keepdims=0)
    g.n("Greater", ["most", g.c("zero", np.array(0, dtype=F))], "positive")
    branches = {f"{b}_branch": h.make_graph([h.make_node(op, ["x"], [b])], b, [], [h.make_tensor_value_info(b, T.FLOAT, None)])
                for b, op in (("then", "Relu"), ("else", "Tanh"))}
    g.out(g.n("If", "positive", "y", **branches))
    return g.model()


@bad("empty_file", "the file is empty", "empty")
def _():
    return b""


@bad("truncated_file", "the file ends in the middle of a field", "truncated", "ends", "protobuf", "parse", "ONNX")
def _():
    return base(kernel_shape=[3, 3]).model().SerializeToString()[:-150]


@bad("garbage_file", "the file is no protobuf", "protobuf", "parse", "ONNX")
def _():
    return np.random.default_rng(7).integers(0, 256, 300, dtype=np.uint8).tobytes()


@bad("text_file", "the file is text", "protobuf", "parse", "ONNX")
def _():
    return b"this is not a model, whatever its name says\n" * 4


def run(model, feeds):
    import onnxruntime as ort
    o = ort.SessionOptions()
    o.intra_op_num_threads = 1
    o.log_severity_level = 4
    o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    s = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"])
    return s.run(None, feeds)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2], type=pathlib.Path)
    a = ap.parse_args()
    ops, refuse = a.root / "tests/golden/onnx_ops", a.root / "tests/golden/onnx_bad"
    shutil.rmtree(refuse, ignore_errors=True)
    for d in (ops, refuse):
        d.mkdir(parents=True, exist_ok=True)
    for old in ops.iterdir():
        if "__" not in old.name:  # those are of the families in onnx_cases/
            old.unlink()

    opsets = {}
    for name, g in CASES.items():
        m = g.model()
        try:
            outs = run(m, g.feeds)
        except Exception as e:
            raise SystemExit(f"{name}: {e}")
        for o, v in zip(m.graph.output, outs):   # outputs get their rank; the batch stays symbolic
            sym = any(i.type.tensor_type.shape.dim[0].dim_param for i in m.graph.input)
            shape = list(v.shape)
            if sym and shape:
                shape[0] = "N"
            o.CopyFrom(h.make_tensor_value_info(o.name, T.FLOAT, shape))
        onnx.checker.check_model(m, full_check=True)
        outs2 = run(m, g.feeds)
        assert all(np.array_equal(p, q) for p, q in zip(outs, outs2)), name
        if getattr(g, "shuffled", False):
            nodes = list(m.graph.node)[::-1]
            m.graph.ClearField("node")
            m.graph.node.extend(nodes)
        arrays = dict(g.feeds)
        for o, v in zip(m.graph.output, outs):
            assert v.dtype == np.float32 and np.isfinite(v).all(), name
            arrays[o.name] = v
        (ops / f"{name}.onnx").write_bytes(m.SerializeToString(deterministic=True))
        np.savez_compressed(ops / f"{name}.npz", **arrays)
        opsets[g.opset] = opsets.get(g.opset, 0) + 1

    expect = {}
    for name, (why, mention, f) in sorted(BAD.items()):
        m = f()
        (refuse / f"{name}.onnx").write_bytes(m if isinstance(m, bytes) else m.SerializeToString(deterministic=True))
        expect[name] = {"why": why, "mention": list(mention)}
    (refuse / "expect.json").write_text(json.dumps(expect, indent=1) + "\n")

    size = sum(f.stat().st_size for d in (ops, refuse) for f in d.iterdir())
    kinds = sorted({n.op_type for g in CASES.values() for n in g.nodes})
    print(f"{len(CASES)} cases, {len(BAD)} to refuse, {size} bytes; opsets {dict(sorted(opsets.items()))}")
    print(f"{len(kinds)} operators: {' '.join(kinds)}")


if __name__ == "__main__":
    main()
