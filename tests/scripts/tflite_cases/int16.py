#!/usr/bin/env python3
"""int16 activations: layers with int8 weights, and every operator that TFLM has for int16. See
case.py.

Sums of int64 are rounded once and those of int32 twice, so that layers have enough results for both
to differ somewhere. Functions of one number are asked for thousands of numbers, the ends among them."""

import numpy as np

from case import F, S, Family, Model, opts, rng_for

FAMILY = Family("int16")
LOW, HIGH = -32768, 32767


def scale(rng, low, high):
    return float(F(10 ** rng.uniform(low, high)))


def values(rng, shape, dtype="int16"):
    """Some at the ends, some near 0, most anywhere."""
    info = np.iinfo(dtype)
    low, high = info.min, info.max
    x = rng.integers(low, high + 1, shape)
    kind = rng.integers(0, 12, shape)
    x = np.where(kind == 0, low, np.where(kind == 1, high, np.where(kind < 4, rng.integers(-9, 10, shape), x)))
    return x.astype(dtype)


def layer(op, name, options, x_shape, w_shape, y_shape, axis, bias, per_channel=True, spread=1.0, runs=1, act=0):
    """`bias` is a type or None; the output's scale lets most results through."""
    rng = rng_for(name)
    channels = y_shape[-1]
    sx = scale(rng, -4, -2)
    sw = [scale(rng, -2.2, -1.8) for _ in range(channels if per_channel else 1)]
    w = rng.integers(-128, 128, w_shape).astype(np.int8)
    taps = int(np.prod(w_shape)) // channels
    reach = sx * sw[0] * 74 * 17000 * np.sqrt(taps)
    so = float(F(spread * reach / 20000))
    m = Model()
    x = m.tensor("x", "int16", x_shape, sx)
    f = m.tensor("w", "int8", w_shape, sw, 0, axis, data=w)
    ins = [x, f]
    if op == "TRANSPOSE_CONV":
        ins = [m.tensor("shape", "int32", (4,), data=np.array(y_shape)), f, x]
    if bias:
        most = {"int16": 32767, "int32": 20_000_000, "int64": 90_000_000}[bias]
        b = rng.integers(-most, most + 1, channels)
        scales = [float(F(sx) * F(s)) for s in sw]
        ins.append(m.tensor("b", bias, (channels,), scales, 0, 0, data=b))
    elif op != "TRANSPOSE_CONV":
        ins.append(-1)
    y = m.tensor("y", "int16", y_shape, so)
    m.op(op, ins, [y], options)
    FAMILY.emit(name, op, m.finish([x], [y]), [[values(rng, x_shape)] for _ in range(runs)])


def conv(name, x, k, out, bias, stride=(1, 1), dilation=(1, 1), same=True, groups=1, act=0, **more):
    n, h, w, c = x
    size = lambda i, k, s, d: -(-i // s) if same else (i - (k - 1) * d - 1) // s + 1
    y = (1, size(h, k[0], stride[0], dilation[0]), size(w, k[1], stride[1], dilation[1]), out)
    options = opts(S.Conv2DOptionsT, padding=0 if same else 1, strideH=stride[0], strideW=stride[1],
                   dilationHFactor=dilation[0], dilationWFactor=dilation[1], fusedActivationFunction=act)
    layer("CONV_2D", name, options, x, (out, *k, c // groups), y, 0, bias, **more)


def depthwise(name, x, k, multiplier, stride=(1, 1), dilation=(1, 1), same=True, act=0, **more):
    n, h, w, c = x
    size = lambda i, k, s, d: -(-i // s) if same else (i - (k - 1) * d - 1) // s + 1
    out = c * multiplier
    y = (1, size(h, k[0], stride[0], dilation[0]), size(w, k[1], stride[1], dilation[1]), out)
    options = opts(S.DepthwiseConv2DOptionsT, padding=0 if same else 1, strideH=stride[0], strideW=stride[1],
                   dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
                   fusedActivationFunction=act)
    layer("DEPTHWISE_CONV_2D", name, options, x, (1, *k, out), y, 3, "int64", **more)


def transpose(name, x, k, out, size, bias, stride=(1, 1), same=True, act=0, **more):
    options = opts(S.TransposeConvOptionsT, padding=0 if same else 1, strideH=stride[0], strideW=stride[1],
                   fusedActivationFunction=act)
    layer("TRANSPOSE_CONV", name, options, x, (out, *k, x[3]), (1, *size, out), 0, bias, **more)


def dense(name, rows, width, out, bias, act=0, **more):
    options = opts(S.FullyConnectedOptionsT, fusedActivationFunction=act)
    layer("FULLY_CONNECTED", name, options, (rows, width) if rows else (1, 3, 4, width // 12), (out, width),
          (rows or 1, out), 0, bias, **more)


def layers():
    conv("conv", (1, 5, 6, 4), (3, 3), 8, "int64")
    conv("conv_without_bias", (1, 4, 5, 3), (2, 3), 5, None, same=False)
    conv("conv_int32", (1, 5, 6, 4), (3, 3), 9, "int32", stride=(2, 1))
    conv("conv_per_tensor", (1, 4, 4, 5), (1, 1), 20, "int64", per_channel=False)
    conv("conv_int32_per_tensor", (1, 4, 4, 5), (1, 1), 20, "int32", per_channel=False)
    conv("conv_strides", (1, 9, 8, 2), (3, 2), 7, "int64", stride=(3, 2))
    conv("conv_dilated", (1, 9, 7, 3), (3, 2), 4, "int64", dilation=(2, 3), same=False)
    conv("conv_groups", (1, 4, 5, 6), (3, 3), 9, "int64", groups=3)
    conv("conv_relu", (1, 4, 5, 2), (3, 3), 6, "int64", act=1)
    conv("conv_relu6", (1, 4, 5, 2), (3, 3), 6, "int64", act=3, spread=0.7)
    conv("conv_saturated", (1, 4, 5, 2), (3, 3), 6, "int64", spread=0.1)
    conv("conv_deep", (1, 2, 2, 280), (2, 2), 5, "int64")
    depthwise("depthwise", (1, 5, 6, 7), (3, 3), 1)
    depthwise("depthwise_strides", (1, 7, 6, 4), (3, 2), 1, stride=(2, 3), same=False)
    depthwise("depthwise_multiplied", (1, 4, 5, 3), (2, 3), 3)
    depthwise("depthwise_dilated", (1, 8, 7, 2), (3, 3), 2, dilation=(2, 3))
    depthwise("depthwise_relu", (1, 4, 5, 17), (3, 3), 1, act=1)
    depthwise("depthwise_per_tensor", (1, 4, 5, 17), (3, 3), 1, per_channel=False)
    transpose("transpose_conv", (1, 3, 4, 3), (3, 3), 5, (6, 8), "int64", stride=(2, 2))
    transpose("transpose_conv_int16", (1, 3, 4, 2), (2, 3), 6, (4, 6), "int16", same=False)
    transpose("transpose_conv_without_bias", (1, 3, 2, 4), (3, 4), 3, (9, 4), None, stride=(3, 2))
    transpose("transpose_conv_valid", (1, 3, 4, 3), (3, 2), 5, (7, 8), "int64", stride=(2, 2), same=False)
    dense("dense", 1, 70, 33, "int64")
    dense("dense_rows", 6, 24, 20, "int64")
    dense("dense_without_bias", 5, 37, 20, None)
    dense("dense_int32", 5, 37, 30, "int32")
    dense("dense_per_tensor", 4, 40, 30, "int64", per_channel=False)
    dense("dense_flattened", 0, 24, 20, "int64", act=1)
    dense("dense_wide", 1, 700, 9, "int64")


def refused(name, op, why, build):
    m = Model()
    ins, outs = build(m)
    FAMILY.emit(name, op, m.finish(ins, outs), [], refused=why)


SHAPES = [((1, 40), (1, 40)), ((1, 3, 4, 5), (5,)), ((1, 1, 4, 1), (1, 3, 1, 5)), ((1, 2, 3, 4), (1, 1)),
          ((1, 50), (1, 1)), ((2, 3), (1, 2, 3))]
BINARY = {"ADD": S.AddOptionsT, "SUB": S.SubOptionsT, "MUL": S.MulOptionsT,
          "SQUARED_DIFFERENCE": S.SquaredDifferenceOptionsT, "MAXIMUM": S.MaximumMinimumOptionsT,
          "MINIMUM": S.MaximumMinimumOptionsT}


def binaries():
    for op, cls in BINARY.items():
        for k, (a_shape, b_shape) in enumerate(SHAPES):
            name = f"{op.lower()}_{k}"
            rng = rng_for(name)
            sa, sb = scale(rng, -4.5, -3), scale(rng, -4.5, -3)
            so = {"ADD": max(sa, sb) * 1.5, "SUB": max(sa, sb) * 1.5, "MUL": sa * sb * 30000,
                  "SQUARED_DIFFERENCE": max(sa, sb) ** 2 * 60000}.get(op, sa) * rng.uniform(0.4, 1.2)
            if op in ("MAXIMUM", "MINIMUM"):
                sb = so = sa
            act = [0, 1, 3, 2][k % 4] if op in ("ADD", "SUB", "MUL") else 0
            options = opts(cls, fusedActivationFunction=act) if act else cls()
            m = Model()
            a = m.tensor("a", "int16", a_shape, sa)
            constant = k % 3 == 1
            b = m.tensor("b", "int16", b_shape, sb, data=values(rng, b_shape) if constant else None)
            y = m.tensor("y", "int16", np.broadcast_shapes(a_shape, b_shape), so)
            m.op(op, [a, b], [y], options)
            feed = lambda: [values(rng, a_shape)] + ([] if constant else [values(rng, b_shape)])
            FAMILY.emit(name, op, m.finish([a] if constant else [a, b], [y]), [feed() for _ in range(2)])


def unary(name, op, si, so, options=None, x=None, din="int16", dout="int16", zi=0, zo=0, count=200):
    rng = rng_for(name)
    m = Model()
    x = values(rng, (1, count), din) if x is None else x
    a = m.tensor("x", din, x.shape, si, zi)
    y = m.tensor("y", dout, x.shape, so, zo)
    m.op(op, [a], [y], options)
    FAMILY.emit(name, op, m.finish([a], [y]), [[x]])


def functions():
    for k, (si, so) in enumerate([(0.001, 0.001), (0.0012, 0.0005), (0.0003, 0.002), (0.37, 0.0101)]):
        unary(f"relu_{k}", "RELU", si, so)
        unary(f"abs_{k}", "ABS", si, so, S.AbsOptionsT())
    for k, s in enumerate([0.001, 0.0001, 3.0]):
        unary(f"relu6_{k}", "RELU6", s, s)
    for k, (si, so, alpha) in enumerate([(0.001, 0.001, 0.3), (0.0012, 0.0005, 0.01), (0.0003, 0.002, -0.7),
                                         (0.001, 0.001, 1.7)]):
        unary(f"leaky_relu_{k}", "LEAKY_RELU", si, so, opts(S.LeakyReluOptionsT, alpha=alpha))
    spread = lambda: np.unique(np.concatenate([np.arange(LOW, HIGH, 431), np.arange(-60, 60), [HIGH]])).astype(
        np.int16).reshape(1, -1)
    for op in ("LOGISTIC", "TANH"):
        for k, s in enumerate([1 / 4096, 1 / 2048, 0.00031, 0.0013, 1e-6, 0.4, 1 / 32768]):
            unary(f"{op.lower()}_{k}", op, s, 1 / 32768, x=spread())
    for k, (shape, s, beta) in enumerate([((4, 10), 0.0003, 1.0), ((2, 35), 0.002, 1.0), ((3, 7), 1e-5, 1.0),
                                          ((1, 300), 0.0001, 2.0), ((2, 1), 0.1, 1.0), ((1, 5, 4, 6), 0.0007, 0.5)]):
        rng = rng_for(f"softmax {k}")
        x = values(rng, shape)
        if k == 3:
            x = (x // 8).astype(np.int16)
        unary(f"softmax_{k}", "SOFTMAX", s, 1 / 32768, opts(S.SoftmaxOptionsT, beta=beta), x=x)


def conversions():
    for k, (a, b, si, zi, so, zo) in enumerate([
            ("int16", "int16", 0.001, 0, 0.0007, 0), ("int16", "int8", 0.001, 0, 0.2, 5),
            ("int16", "int8", 0.0013, 0, 0.07, -128), ("int8", "int16", 0.1, -3, 0.0009, 0),
            ("int8", "int16", 0.1, 127, 0.0004, 0), ("int16", "int32", 0.01, 0, 0.00001, 0),
            ("int8", "int32", 0.01, 17, 0.00001, 0), ("int32", "int16", 1e-5, 0, 1.1, 0),
            ("int32", "int8", 1e-5, 0, 190.0, 12), ("int16", "int16", 0.001, 0, 0.2, 0)]):
        unary(f"quantize_{k}_{a}_{b}", "QUANTIZE", si, so, S.QuantizeOptionsT(), din=a, dout=b, zi=zi, zo=zo,
              count=120)
    rng = rng_for("edges")
    m = Model()
    x = m.tensor("x", "float32", (1, 40))
    q = m.tensor("q", "int16", (1, 40), 0.0011)
    r = m.tensor("r", "int16", (1, 40), 0.0011)
    y = m.tensor("y", "float32", (1, 40))
    m.op("QUANTIZE", [x], [q], S.QuantizeOptionsT())
    m.op("RELU", [q], [r])
    m.op("DEQUANTIZE", [r], [y], S.DequantizeOptionsT())
    FAMILY.emit("float_edges", "QUANTIZE", m.finish([x], [y]), [[rng.normal(0, 15, (1, 40)).astype(F)]])


def reductions():
    for op in ("MEAN", "SUM"):
        for k, (shape, axes, keep, ratio) in enumerate([
                ((1, 4, 5, 6), [1, 2], True, 1.0), ((1, 7, 5, 3), [1, 2], False, 0.3), ((1, 9, 8), [-1], True, 1.7),
                ((1, 3, 4, 5), [1], False, 0.9), ((1, 3, 4, 5), [1, 2, 3], True, 0.21), ((1, 3, 2, 4, 3), [1, 3], False, 1.0)]):
            name = f"{op.lower()}_{k}"
            rng = rng_for(name)
            si = scale(rng, -4, -2)
            count = int(np.prod([shape[a] for a in axes]))
            so = si * ratio * (np.sqrt(count) if op == "SUM" else 1)
            m = Model()
            x = m.tensor("x", "int16", shape, si)
            a = m.tensor("axes", "int32", (len(axes),), data=np.array(axes))
            out = np.zeros(shape).sum(tuple(axes), keepdims=keep).shape
            y = m.tensor("y", "int16", out, so)
            m.op(op, [x, a], [y], opts(S.ReducerOptionsT, keepDims=keep))
            FAMILY.emit(name, op, m.finish([x], [y]), [[values(rng, shape)] for _ in range(2)])


def pools():
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for k, (shape, kernel, stride, same, act) in enumerate([
                ((1, 5, 6, 5), (2, 2), (1, 1), False, 0), ((1, 6, 7, 3), (3, 2), (2, 3), True, 1),
                ((1, 4, 4, 6), (4, 4), (1, 1), False, 0), ((1, 5, 5, 2), (3, 3), (1, 1), True, 3)]):
            name = f"{op.lower()}_{k}"
            rng = rng_for(name)
            size = lambda i, k, s: -(-i // s) if same else (i - k) // s + 1
            out = (1, size(shape[1], kernel[0], stride[0]), size(shape[2], kernel[1], stride[1]), shape[3])
            m = Model()
            s = scale(rng, -3.7, -3)
            x = m.tensor("x", "int16", shape, s)
            y = m.tensor("y", "int16", out, s)
            m.op(op, [x], [y], opts(S.Pool2DOptionsT, padding=0 if same else 1, strideH=stride[0], strideW=stride[1],
                                    filterHeight=kernel[0], filterWidth=kernel[1], fusedActivationFunction=act))
            FAMILY.emit(name, op, m.finish([x], [y]), [[values(rng, shape)] for _ in range(2)])


def matrices():
    for k, (a, b, adj_a, adj_b, constant) in enumerate([
            ((1, 4, 6), (1, 6, 5), False, False, False), ((2, 3, 8), (2, 5, 8), False, True, False),
            ((1, 2, 7, 3), (1, 2, 7, 4), True, False, False), ((1, 5, 70), (1, 70, 6), False, False, True),
            ((1, 3, 4, 5), (1, 1, 5, 6), False, False, True)]):
        name = f"batch_matmul_{k}"
        rng = rng_for(name)
        sa, sb = scale(rng, -4, -3), scale(rng, -4, -3)
        depth = a[-2] if adj_a else a[-1]
        so = sa * sb * 17000 ** 2 * np.sqrt(depth) / 20000
        rows, columns = (a[-1] if adj_a else a[-2]), (b[-2] if adj_b else b[-1])
        m = Model()
        x = m.tensor("a", "int16", a, sa)
        z = m.tensor("b", "int16", b, sb, data=values(rng, b) if constant else None)
        y = m.tensor("y", "int16", (*np.broadcast_shapes(a[:-2], b[:-2]), rows, columns), so)
        m.op("BATCH_MATMUL", [x, z], [y], opts(S.BatchMatMulOptionsT, adjX=adj_a, adjY=adj_b))
        feed = lambda: [values(rng, a)] + ([] if constant else [values(rng, b)])
        FAMILY.emit(name, "BATCH_MATMUL", m.finish([x] if constant else [x, z], [y]), [feed() for _ in range(2)])


def moves():
    def move(name, op, ins, out, options, constants=(), s=0.001):
        rng = rng_for(name)
        m = Model()
        ids = [m.tensor(f"x{i}", "int16", shape, s) for i, shape in enumerate(ins)]
        more = [m.tensor(f"c{i}", str(np.asarray(c).dtype), np.shape(c), s if np.asarray(c).dtype == np.int16 else None,
                         data=c) for i, c in enumerate(constants)]
        y = m.tensor("y", "int16", out, s)
        m.op(op, ids + more, [y], options)
        FAMILY.emit(name, op, m.finish(ids, [y]), [[values(rng, shape) for shape in ins]])
    i32 = lambda *x: np.array(x, np.int32)
    move("pad", "PAD", [(1, 3, 4, 2)], (1, 6, 5, 2), S.PadOptionsT(), [i32([0, 0], [1, 2], [0, 1], [0, 0])])
    move("padv2", "PADV2", [(1, 3, 4, 2)], (1, 4, 5, 3), S.PadV2OptionsT(),
         [i32([0, 0], [1, 0], [0, 1], [1, 0]), np.array([-31234], np.int16)])
    move("concatenation", "CONCATENATION", [(1, 3, 4), (1, 3, 1)], (1, 3, 5), opts(S.ConcatenationOptionsT, axis=2))
    move("transpose", "TRANSPOSE", [(1, 3, 4, 5)], (1, 5, 3, 4), S.TransposeOptionsT(), [i32(0, 3, 1, 2)])
    move("slice", "SLICE", [(1, 5, 6)], (1, 2, 5), S.SliceOptionsT(), [i32(0, 2, 1), i32(1, 2, 5)])
    move("reshape", "RESHAPE", [(1, 5, 6)], (1, 30), opts(S.ReshapeOptionsT, newShape=[1, 30]), [i32(1, 30)])
    move("resize_nearest", "RESIZE_NEAREST_NEIGHBOR", [(1, 3, 4, 2)], (1, 6, 6, 2), S.ResizeNearestNeighborOptionsT(),
         [i32(6, 6)])


def networks():
    """Layers one after the other, so that memory is shared between types."""
    name = "network"
    rng = rng_for(name)
    m = Model()
    x = m.tensor("x", "int8", (1, 6, 6, 3), 0.02, -5)
    q = m.tensor("q", "int16", (1, 6, 6, 3), 0.0001)
    m.op("QUANTIZE", [x], [q], S.QuantizeOptionsT())
    w = m.tensor("w", "int8", (8, 3, 3, 3), [0.01] * 8, 0, 0, data=rng.integers(-128, 128, (8, 3, 3, 3)))
    b = m.tensor("b", "int64", (8,), [1e-6] * 8, 0, 0, data=rng.integers(-10**6, 10**6, 8))
    c = m.tensor("c", "int16", (1, 6, 6, 8), 0.0008)
    m.op("CONV_2D", [q, w, b], [c], opts(S.Conv2DOptionsT, padding=0, strideH=1, strideW=1, dilationHFactor=1,
                                         dilationWFactor=1, fusedActivationFunction=1))
    t = m.tensor("t", "int16", (1, 6, 6, 8), 1 / 32768)
    m.op("TANH", [c], [t])
    s = m.tensor("s", "int16", (1, 6, 6, 8), 0.0009)
    m.op("ADD", [c, t], [s], S.AddOptionsT())
    a = m.tensor("a", "int32", (2,), data=np.array([1, 2]))
    g = m.tensor("g", "int16", (1, 8), 0.0005)
    m.op("MEAN", [s, a], [g], opts(S.ReducerOptionsT, keepDims=False))
    v = m.tensor("v", "int8", (5, 8), 0.02, data=rng.integers(-128, 128, (5, 8)))
    d = m.tensor("d", "int16", (1, 5), 0.001)
    m.op("FULLY_CONNECTED", [g, v, -1], [d], S.FullyConnectedOptionsT())
    p = m.tensor("p", "int16", (1, 5), 1 / 32768)
    m.op("SOFTMAX", [d], [p], opts(S.SoftmaxOptionsT, beta=1.0))
    y = m.tensor("y", "int8", (1, 5), 1 / 256, -128)
    m.op("QUANTIZE", [p], [y], S.QuantizeOptionsT())
    FAMILY.emit(name, "network", m.finish([x], [y, s]), [[values(rng, (1, 6, 6, 3), "int8")] for _ in range(3)])


def refusals():
    def pair(op, options, zero=0, **more):
        def build(m):
            a = m.tensor("a", "int16", (1, 4), 0.01, zero)
            b = m.tensor("b", "int16", (1, 4), 0.01)
            y = m.tensor("y", more.get("out", "int16"), (1, 4), 0.01)
            m.op(op, [a, b], [y], options)
            return [a, b], [y]
        return build

    def one(op, options=None):
        def build(m):
            x = m.tensor("x", "int16", (1, 4), 0.01)
            y = m.tensor("y", "int16", (1, 4), 0.01)
            m.op(op, [x], [y], options)
            return [x], [y]
        return build
    refused("refused_div", "DIV", "TFLM divides int8 only", pair("DIV", S.DivOptionsT()))
    refused("refused_prelu", "PRELU", "TFLM has slopes of int8 only", pair("PRELU", None))
    refused("refused_zero_point", "ADD", "int16 has the zero point 0", pair("ADD", S.AddOptionsT(), zero=3))
    for op in ("HARD_SWISH", "ELU", "EXP", "LOG", "SQRT", "NEG"):
        refused(f"refused_{op.lower()}", op, "TFLM has none of int16", one(op))
    refused("refused_logistic_scale", "LOGISTIC", "the output's scale is 2^-15", one("LOGISTIC"))

    def depthwise_bias(m):
        x = m.tensor("x", "int16", (1, 3, 3, 2), 0.01)
        w = m.tensor("w", "int8", (1, 2, 2, 2), 0.01, 0, 3, data=np.ones((1, 2, 2, 2)))
        b = m.tensor("b", "int32", (2,), 1e-4, data=np.ones(2))
        y = m.tensor("y", "int16", (1, 2, 2, 2), 0.01)
        m.op("DEPTHWISE_CONV_2D", [x, w, b], [y], opts(S.DepthwiseConv2DOptionsT, padding=1, strideH=1, strideW=1,
                                                       depthMultiplier=1, dilationHFactor=1, dilationWFactor=1))
        return [x], [y]
    refused("refused_depthwise_int32_bias", "DEPTHWISE_CONV_2D", "TFLM reads it as int64", depthwise_bias)


if __name__ == "__main__":
    layers()
    binaries()
    functions()
    conversions()
    reductions()
    pools()
    matrices()
    moves()
    networks()
    refusals()
    FAMILY.write()
