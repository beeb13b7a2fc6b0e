#!/usr/bin/env python3
"""The family `reduce`: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX, ARG_MIN, RESIZE_BILINEAR,
L2_NORMALIZATION, LOG_SOFTMAX and SOFTMAX with other betas, int8, as TFLM's reference kernels compute
them (ARG_MAX and ARG_MIN to int64: LiteRT's). See case.py for the layout of what is written."""

import itertools

import numpy as np

from case import F, Family, Model, S, opts, rng_for

FAMILY = Family("reduce")


def numbers(rng, shape, low=-128, high=127):
    return rng.integers(low, high + 1, shape).astype(np.int8)


def single(op, shape, oshape, options, scales, zeros, constants=(), out="int8"):
    """A model of one operator on one int8 tensor."""
    m = Model()
    x = m.tensor("x", "int8", shape, scales[0], zeros[0])
    ins = [x] + [m.tensor(f"c{i}", "int32", np.shape(c), data=c) for i, c in enumerate(constants)]
    y = m.tensor("y", out, oshape, scales[1] if out == "int8" else None, zeros[1])
    m.op(op, ins, [y], options)
    return m.finish([x], [y])


def reduction(op, name, shape, axes, keep=True, scales=(0.05, 0.05), zeros=None, low=-128, high=127,
              runs=2, refused=None, oracle="tflm"):
    name = f"{op.lower()}_{name}"
    rng = rng_for(name)
    if zeros is None:
        zeros = [int(z) for z in rng.integers(-128, 128, 2)]
    if op.startswith("REDUCE") and refused is None:
        zeros = (zeros[0], zeros[0])
    wanted = {a % len(shape) for a in axes}
    oshape = [1 if a in wanted else n for a, n in enumerate(shape) if keep or a not in wanted]
    data = single(op, shape, oshape, opts(S.ReducerOptionsT, keepDims=keep), scales, zeros,
                  [np.array(axes, np.int32)])
    feeds = [[numbers(rng, shape, low, high)] for _ in range(runs)]
    FAMILY.emit(name, op, data, feeds, oracle, refused)


def rank_5(op, scales):
    """Ports have four axes at most: reshaped from and to them."""
    name = f"{op.lower()}_rank_5"
    rng = rng_for(name)
    m = Model()
    x = m.tensor("x", "int8", (1, 2, 3, 8), scales[0], 5)
    y = m.tensor("five", "int8", (1, 2, 3, 2, 4), scales[0], 5)
    z = m.tensor("z", "int8", (1, 3, 4), scales[1], -9)
    five = m.tensor("shape", "int32", (5,), data=np.array([1, 2, 3, 2, 4], np.int32))
    axes = m.tensor("axes", "int32", (2,), data=np.array([1, 3], np.int32))
    m.op("RESHAPE", [x, five], [y], opts(S.ReshapeOptionsT, newShape=[1, 2, 3, 2, 4]))
    m.op(op, [y, axes], [z], opts(S.ReducerOptionsT, keepDims=False))
    FAMILY.emit(name, op, m.finish([x], [z]), [[numbers(rng, (1, 2, 3, 8))] for _ in range(2)])


def extreme(op, name, shape, axis, out="int32", values=None, oracle="tflm", refused=None):
    name = f"{op.lower()}_{name}"
    rng = rng_for(name)
    options = {"ARG_MAX": S.ArgMaxOptionsT, "ARG_MIN": S.ArgMinOptionsT}[op]
    kind = {"int32": S.TensorType.INT32, "int64": S.TensorType.INT64}[out]
    oshape = [n for a, n in enumerate(shape) if a != axis % len(shape)]
    data = single(op, shape, oshape, opts(options, outputType=kind), (0.1, 1), (3, 0),
                  [np.array(axis, np.int32)], out)
    draw = lambda: rng.choice(values, shape).astype(np.int8) if values else numbers(rng, shape)
    FAMILY.emit(name, op, data, [] if refused else [[draw()] for _ in range(2)], oracle, refused)


def resize(name, shape, size, align=False, half=False, scale=0.05, zero=None, refused=None,
           params=None):
    name = f"resize_bilinear_{name}"
    rng = rng_for(name)
    zero = int(rng.integers(-128, 128)) if zero is None else zero
    options = opts(S.ResizeBilinearOptionsT, alignCorners=align, halfPixelCenters=half)
    scales, zeros = params or ((scale, scale), (zero, zero))
    data = single("RESIZE_BILINEAR", shape, [shape[0], *size, shape[3]], options, scales, zeros,
                  [np.array(size, np.int32)])
    feeds = [] if refused else [[numbers(rng, shape)], [numbers(rng, shape)]]
    FAMILY.emit(name, "RESIZE_BILINEAR", data, feeds, "tflm", refused)


def vectors(op, name, shape, scale, out, options, zero=None, low=-128, high=127, refused=None,
            feeds=None):
    name = f"{op.lower()}_{name}"
    rng = rng_for(name)
    zero = int(rng.integers(-128, 128)) if zero is None else zero
    data = single(op, shape, shape, options, (scale, out[0]), (zero, out[1]))
    if feeds is None:
        feeds = [[numbers(rng, shape, low, high)] for _ in range(2)]
    FAMILY.emit(name, op, data, [] if refused else feeds, "tflm", refused)


def means_and_sums():
    for op in ("MEAN", "SUM"):
        coarse = (0.05, 0.05 if op == "MEAN" else 1.0)
        reduction(op, "hw", (1, 5, 4, 6), [1, 2], scales=coarse)
        reduction(op, "hw_squeezed", (1, 7, 7, 5), [1, 2], False, scales=coarse)
        reduction(op, "hw_same", (1, 3, 3, 9), [1, 2], scales=(0.05, 0.05), zeros=(-7, -7))
        reduction(op, "hw_finer", (1, 6, 6, 8), [1, 2], scales=(0.05, 0.013))
        reduction(op, "hw_much_coarser", (1, 4, 4, 8), [1, 2], scales=(0.01, 7.3))
        rank_5(op, coarse)
        reduction(op, "repeated_axes", (1, 4, 3, 5), [1, -3], scales=coarse)
        for axes in ([1], [2], [3], [1, 3], [2, 3], [0], [0, 3]):
            name = "axes_" + "_".join(map(str, axes))
            reduction(op, name, (1, 4, 3, 5), axes, len(axes) == 1, scales=coarse)
        reduction(op, "negative_axis", (1, 6, 7), [-1], False, scales=coarse)
        reduction(op, "vector", (1, 33), [1], scales=coarse)
        for zeros in ((-128, -128), (127, 127), (-128, 127), (127, -128)):
            name = f"zeros_{zeros[0]}_{zeros[1]}".replace("-", "m")
            reduction(op, name, (1, 3, 5, 4), [1, 2], scales=coarse, zeros=zeros)
        for side in ("low", "high"):
            bounds = {"low": -128, "high": -100} if side == "low" else {"low": 100}
            reduction(op, side, (1, 4, 4, 3), [1, 2], scales=coarse, **bounds)
        # Few summands of many kinds: ties between roundings.
        for count in (2, 3, 4, 5, 6, 7, 8, 9, 16):
            reduction(op, f"of_{count}", (1, count, 24), [1], scales=coarse, runs=3)
    reduction("MEAN", "large", (1, 20, 25, 2), [1, 2], zeros=(-128, -100))
    reduction("MEAN", "ratio_extreme", (1, 2, 2, 4), [1, 2], scales=(1e-6, 1e3))
    reduction("MEAN", "ratio_small", (1, 2, 2, 4), [1, 2], scales=(1e-4, 10.0))
    reduction("MEAN", "ratio_high", (1, 2, 2, 4), [1, 2], scales=(30.0, 0.02))
    reduction("SUM", "fine_output", (1, 3, 7), [1], scales=(0.1, 0.003))
    reduction("MEAN", "no_axis", (1, 3, 7), [], refused="no axis is given", runs=0)
    reduction("SUM", "ratio_too_high", (1, 3, 7), [1], scales=(1e9, 1e-3), runs=0,
              refused="the sum does not fit int32 at the output's scale")


def extremes():
    for op in ("REDUCE_MAX", "REDUCE_MIN"):
        for axes in ([1], [2], [3], [1, 2], [1, 3], [2, 3]):
            name = "axes_" + "_".join(map(str, axes))
            reduction(op, name, (1, 4, 3, 5), axes, len(axes) == 1)
        reduction(op, "wide", (1, 5, 13), [1], False)
        reduction(op, "vector", (1, 33), [-1])
        reduction(op, "ends", (1, 4, 4, 3), [1, 2], low=120, zeros=(-128, -128))
        reduction(op, "other_scale", (1, 4, 3), [1], scales=(0.05, 0.1), runs=0,
                  refused="the output has another scale")
    for op in ("ARG_MAX", "ARG_MIN"):
        extreme(op, "last", (1, 10), 1)
        extreme(op, "last_of_map", (1, 3, 4, 6), 3)
        extreme(op, "rows", (1, 5, 4, 3), 1)
        extreme(op, "columns", (1, 5, 4, 3), -2)
        extreme(op, "ties", (1, 12, 5), 1, values=(-128, 127))
        extreme(op, "one", (1, 1, 5), 1)
        extreme(op, "int64", (1, 3, 9), 2, "int64", oracle="litert")
        extreme(op, "five_axes", (1, 2, 3, 4, 5), 2)
        extreme(op, "long", (1, 300, 2), 1, values=(-128, -127, -126))
        extreme(op, "vector", (9,), 0)


def interpolations():
    sizes = [((3, 4), (5, 7)), ((4, 4), (8, 8)), ((7, 5), (3, 2)), ((2, 3), (9, 4)), ((1, 5), (3, 5)),
             ((6, 6), (6, 6)), ((5, 3), (1, 1))]
    for (small, large), (align, half) in itertools.product(
            sizes, ((False, False), (True, False), (False, True))):
        kind = "align" if align else "half" if half else "plain"
        name = f"{kind}_{small[0]}x{small[1]}_{large[0]}x{large[1]}"
        resize(name, (1, *small, 3), large, align, half)
    resize("channels", (1, 3, 3, 17), (6, 6), half=True)
    resize("far", (1, 2, 2, 1), (31, 17), align=True)
    resize("other_scale", (1, 2, 2, 1), (4, 4), params=((0.1, 0.2), (0, 0)),
           refused="the output has another scale")


def normalizations():
    unit = (1 / 128, 0)
    none = opts(S.L2NormOptionsT)
    for shape in ((1, 8), (1, 3, 5), (1, 2, 3, 7), (1, 1), (1, 128)):
        name = "x".join(map(str, shape))
        vectors("L2_NORMALIZATION", name, shape, 0.05, unit, none)
    vectors("L2_NORMALIZATION", "zero", (1, 6), 0.05, unit, none, zero=5, low=5, high=5)
    vectors("L2_NORMALIZATION", "small", (1, 12, 4), 0.05, unit, none, zero=-3, low=-5, high=-1)
    vectors("L2_NORMALIZATION", "ends", (1, 9, 4), 0.05, unit, none, zero=-128, low=125)
    vectors("L2_NORMALIZATION", "long", (1, 2000), 0.05, unit, none, zero=127)
    one = np.zeros((1, 16, 4), np.int8)
    one[0, np.arange(16), np.arange(16) % 4] = np.arange(-8, 8)
    vectors("L2_NORMALIZATION", "one_each", (1, 16, 4), 0.05, unit, none, zero=0, feeds=[[one]])
    vectors("L2_NORMALIZATION", "other_scale", (1, 6), 0.05, (1 / 100, 0), none,
            refused="the output's scale is not 1/128")
    vectors("L2_NORMALIZATION", "activation", (1, 6), 0.05, unit,
            opts(S.L2NormOptionsT, fusedActivationFunction=1), refused="a fused activation")

    log = (1 / 16, 127)
    none = opts(S.LogSoftmaxOptionsT)
    for scale in (1e-5, 0.002, 0.03, 0.05, 0.1, 0.3, 1.0, 3.7, 8.0):
        name = f"scale_{scale}".replace(".", "p").replace("-", "m")
        vectors("LOG_SOFTMAX", name, (1, 12, 5), scale, log, none)
    vectors("LOG_SOFTMAX", "ten", (1, 10), 0.07, log, none)
    vectors("LOG_SOFTMAX", "map", (1, 2, 3, 4), 0.06, log, none)
    vectors("LOG_SOFTMAX", "one", (1, 4, 1), 0.06, log, none)
    vectors("LOG_SOFTMAX", "long", (1, 700), 0.02, log, none)
    vectors("LOG_SOFTMAX", "equal", (1, 2, 300), 0.02, log, none, low=3, high=3)
    for n in (2, 3, 4, 6, 8, 11, 16, 23):
        vectors("LOG_SOFTMAX", f"near_{n}", (1, 16, n), 0.013, log, none, low=0, high=20)
    vectors("LOG_SOFTMAX", "other_scale", (1, 6), 0.05, (1 / 17, 127), none,
            refused="the output's scale is not 1/16")
    vectors("LOG_SOFTMAX", "coarse", (1, 6), 20.0, log, none,
            refused="the input's scale is 16 or more")

    unit = (1 / 256, -128)
    for beta in (0.01, 0.3, 0.999, 1.7, 3.3, 12.0):
        name = f"beta_{beta}".replace(".", "p")
        vectors("SOFTMAX", name, (1, 4, 10), 0.05, unit, opts(S.SoftmaxOptionsT, beta=beta))
    vectors("SOFTMAX", "beta_zero", (1, 10), 0.05, unit, opts(S.SoftmaxOptionsT, beta=0.0),
            refused="a beta of 0")


means_and_sums()
extremes()
interpolations()
normalizations()
FAMILY.write()
