#!/usr/bin/env python3
"""uint8 models, as TensorFlow 1 wrote them: activations and weights of uint8, one scale and zero point
for each tensor. LiteRT's reference kernels are the oracle, since TFLM has hardly any of uint8. See
case.py.

The importer makes int8 of them, 128 less. What the kernels of uint8 do otherwise than those of int8
is asked for on purpose: means halfway between two numbers, logistic and tanh of all numbers,
concatenations of different scales, weights of any zero point.

Dense layers are TFLM's: the same of int8, 128 less, is asked there. LiteRT rounds their sums once
in today's builds, of int8 as of uint8, where the reference code, and so TFLM, rounds twice: of a
thousand numbers two differ by 1.
"""

import numpy as np

from case import F, Family, Model, S, opts, rng_for, tflm

FAMILY = Family("uint8")
SAME, VALID = 0, 1
ALL = np.arange(256, dtype=np.uint8)


def values(rng, shape, kind=0):
    """Numbers: any, the extremes, or few that are near each other."""
    if kind == 1:
        return rng.choice([0, 255], shape).astype(np.uint8)
    if kind == 2:
        return (rng.integers(0, 250) + rng.integers(0, 5, shape)).astype(np.uint8)
    return rng.integers(0, 256, shape).astype(np.uint8)


def zero(rng):
    return int(rng.choice([0, 255, 128, rng.integers(0, 256)]))


def run(name, op, ins, outs, options=None, feeds=None, runs=2, kind=0, version=1, refused=None):
    """ins: (shape, scale, zero), (array, scale, zero) for a constant, or an int32 array; outs:
    (shape, scale, zero)."""
    rng = rng_for("uint8 " + name)
    m = Model()
    ids, fed = [], []
    for k, what in enumerate(ins):
        if isinstance(what, np.ndarray):
            ids.append(m.tensor(f"c{k}", "int32", what.shape, data=what))
            continue
        shape, scale, zp = what
        constant = isinstance(shape, np.ndarray)
        i = m.tensor(f"x{k}", "uint8", shape.shape if constant else shape, [scale], zp, data=shape if constant else None)
        ids.append(i)
        if not constant:
            fed.append((i, shape))
    ys = [m.tensor(f"y{k}", "uint8", shape, [scale], zp) for k, (shape, scale, zp) in enumerate(outs)]
    m.op(op, ids, ys, options, version)
    feeds = feeds or [[values(rng, s, kind) for _, s in fed] for _ in range(runs)]
    FAMILY.emit(name, op, m.finish([i for i, _ in fed], ys), feeds, oracle="litert", refused=refused)


def layer(name, kind, hw=(4, 5), ci=3, co=4, k=(3, 3), stride=(1, 1), dilation=(1, 1), padding=SAME, act=0, zw=None,
          zin=None, zout=None, extremes=0, multiplier=1, scale=1.0):
    """A convolution (kind c), depthwise (d) or dense layer (f)."""
    rng = rng_for("uint8 layer " + name)
    zw, zin, zout = (zero(rng) if z is None else z for z in (zw, zin, zout))
    sin, sw = F(rng.uniform(0.01, 0.1)), F(rng.uniform(0.002, 0.01))
    co = ci * multiplier if kind == "d" else co
    taps = k[0] * k[1] * (1 if kind == "d" else ci)
    so = F(sin * sw * np.sqrt(taps) * 70 * rng.uniform(0.5, 1.5) * scale)
    m = Model()
    if kind == "f":
        shape, wshape, yshape = (2, ci), (co, ci), (2, co)
    else:
        shape = (1, *hw, ci)
        reach = [(k[i] - 1) * dilation[i] + 1 for i in (0, 1)]
        out = [-(-hw[i] // stride[i]) if padding == SAME else (hw[i] - reach[i]) // stride[i] + 1 for i in (0, 1)]
        wshape = (co, *k, ci) if kind == "c" else (1, *k, co)
        yshape = (1, *out, co)
    x = m.tensor("x", "uint8", shape, [sin], zin)
    w = m.tensor("w", "uint8", wshape, [sw], zw, data=values(rng, wshape, extremes))
    b = m.tensor("b", "int32", (co,), [sin * sw], 0, data=rng.integers(-3000, 3000, co))
    y = m.tensor("y", "uint8", yshape, [so], zout)
    geometry = dict(padding=padding, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
                    dilationWFactor=dilation[1], fusedActivationFunction=act)
    op, options = {
        "c": ("CONV_2D", lambda: opts(S.Conv2DOptionsT, **geometry)),
        "d": ("DEPTHWISE_CONV_2D", lambda: opts(S.DepthwiseConv2DOptionsT, depthMultiplier=multiplier, **geometry)),
        "f": ("FULLY_CONNECTED", lambda: opts(S.FullyConnectedOptionsT, fusedActivationFunction=act)),
    }[kind]
    m.op(op, [x, w, b], [y], options())
    feeds = [[values(rng, shape, extremes)] for _ in range(2)]
    data, name = m.finish([x], [y]), f"{op.split('_')[0].lower()}_{name}"
    if kind != "f":
        FAMILY.emit(name, op, data, feeds, oracle="litert")
        return
    for t in m.m.subgraphs[0].tensors:
        if t.type == S.TensorType.UINT8:
            t.type, t.quantization.zeroPoint = S.TensorType.INT8, t.quantization.zeroPoint - 128
            if t.buffer:
                m.m.buffers[t.buffer].data = m.m.buffers[t.buffer].data ^ 128
    m.m.operatorCodes[0].version = 4
    less = [[(x ^ 128).view(np.int8) for x in feed] for feed in feeds]
    answers = [[y.view(np.uint8) ^ 128 for y in run] for run in tflm(m.finish([x], [y]), less)]
    FAMILY.emit(name, op, data, feeds, answers=answers)


def layers():
    for seed in range(4):
        layer(f"random_{seed}", "c", hw=(5, 4), ci=2 + seed, co=3, k=(3, 2), act=seed)
        layer(f"random_{seed}", "d", hw=(5, 4), ci=2 + seed, k=(2, 3), act=seed)
        layer(f"random_{seed}", "f", ci=9 + seed, co=60, act=seed)
    layer("stride", "c", hw=(7, 6), stride=(2, 3), padding=VALID)
    layer("dilated", "c", hw=(7, 7), dilation=(2, 2))
    layer("weights_low", "c", zw=0, zin=255, zout=0, extremes=1)
    layer("weights_high", "c", zw=255, zin=0, zout=255, extremes=1)
    layer("pointwise", "c", ci=17, co=20, k=(1, 1), hw=(3, 3))
    layer("coarse", "c", scale=200.0)
    layer("fine", "c", scale=0.01)
    layer("stride", "d", hw=(7, 6), stride=(2, 2), ci=5)
    layer("dilated", "d", hw=(8, 7), dilation=(2, 3), ci=3)
    layer("multiplier", "d", ci=3, multiplier=3, zw=7)
    layer("weights_low", "d", zw=0, zin=255, zout=0, extremes=1, ci=18)
    layer("weights_high", "d", zw=255, zin=0, zout=255, extremes=1, ci=18)
    layer("symmetric", "d", zw=128)
    layer("weights_low", "f", zw=0, zin=255, zout=0, extremes=1, ci=40)
    layer("weights_high", "f", zw=255, zin=0, zout=255, extremes=1, ci=40)


def pools():
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for name, hw, k, stride, padding, act, kind in [("two", (6, 6), (2, 2), (2, 2), VALID, 0, 2),
                                                        ("padded", (5, 5), (3, 3), (1, 1), SAME, 0, 2),
                                                        ("even_padded", (5, 6), (4, 2), (2, 1), SAME, 1, 2),
                                                        ("whole", (7, 7), (7, 7), (1, 1), VALID, 3, 0),
                                                        ("six", (4, 6), (2, 3), (2, 3), VALID, 0, 2),
                                                        ("extremes", (4, 4), (2, 2), (1, 1), SAME, 2, 1)]:
            rng = rng_for("uint8 pool" + name)
            zp, scale = zero(rng), F(0.04)
            out = [-(-hw[i] // stride[i]) if padding == SAME else (hw[i] - k[i]) // stride[i] + 1 for i in (0, 1)]
            run(f"{op.split('_')[0].lower()}_pool_{name}", op, [((1, *hw, 5), scale, zp)], [((1, *out, 5), scale, zp)],
                opts(S.Pool2DOptionsT, padding=padding, strideH=stride[0], strideW=stride[1], filterHeight=k[0],
                     filterWidth=k[1], fusedActivationFunction=act), kind=kind, runs=4)


def elementwise():
    rows, columns = ALL.reshape(1, 256, 1), np.sort(rng_for("columns").choice(256, 9, False)).astype(np.uint8)
    columns = columns.reshape(1, 1, 9)
    for op, options in [("ADD", S.AddOptionsT), ("SUB", S.SubOptionsT), ("MUL", S.MulOptionsT)]:
        for seed in range(3):
            rng = rng_for(f"uint8 {op} {seed}")
            a, b = ((F(10 ** rng.uniform(-2, -0.5)), zero(rng)) for _ in range(2))
            so = F(a[0] * b[0] * 128) if op == "MUL" else F((a[0] + b[0]) * rng.uniform(0.4, 1))
            run(f"{op.lower()}_{seed}", op, [((1, 256, 1), *a), ((1, 1, 9), *b)], [((1, 256, 9), so, zero(rng))],
                opts(options, fusedActivationFunction=seed), feeds=[[rows, columns]])
    for op in ("MAXIMUM", "MINIMUM"):
        run(op.lower(), op, [((1, 40), 0.1, 3), ((1, 40), 0.1, 3)], [((1, 40), 0.1, 3)], opts(S.MaximumMinimumOptionsT))


def unary():
    x, feeds = (1, 256), [[ALL.reshape(1, 256)]]
    for seed, (scale, zp) in enumerate([(0.05, 128), (0.013, 0), (0.2, 255), (0.0713, 97)]):
        for op, so, zo, options in [("LOGISTIC", 1 / 256, 0, None), ("TANH", 1 / 128, 128, None),
                                    ("RELU", scale * 0.7, 10, None), ("RELU6", scale, zp, None),
                                    ("LEAKY_RELU", scale * 1.3, 100, opts(S.LeakyReluOptionsT, alpha=0.3))]:
            run(f"{op.lower()}_{seed}", op, [(x, F(scale), zp)], [(x, F(so), zo)], options, feeds=feeds)
        run(f"softmax_{seed}", "SOFTMAX", [((8, 32), F(scale), zp)], [((8, 32), F(1 / 256), 0)],
            opts(S.SoftmaxOptionsT, beta=[1.0, 0.5, 1.0, 2.0][seed]),
            feeds=[[ALL.reshape(8, 32)], [rng_for(f"sm{seed}").permutation(ALL).reshape(8, 32)]])
        run(f"quantize_{seed}", "QUANTIZE", [(x, F(scale), zp)], [(x, F(scale * 1.7), 77)], feeds=feeds)


def moves():
    one = lambda shape: (shape, F(0.03), 17)
    ints = lambda *v: np.array(v, np.int32)
    c = opts(S.ConcatenationOptionsT, axis=-1)
    run("concat", "CONCATENATION", [one((1, 3, 4)), one((1, 3, 2))], [one((1, 3, 6))], c)
    for seed, (a, b, y) in enumerate([((0.03, 17), (0.05, 200), (0.05, 128)), ((0.011, 0), (0.2, 255), (0.2, 3)),
                                      ((0.1, 128), (0.0999, 127), (0.09, 130))]):
        run(f"concat_scales_{seed}", "CONCATENATION", [((1, 256, 1), F(a[0]), a[1]), ((1, 256, 1), F(b[0]), b[1])],
            [((1, 256, 2), F(y[0]), y[1])], c, feeds=[[ALL.reshape(1, 256, 1)] * 2])
    run("reshape", "RESHAPE", [one((1, 3, 4)), ints(1, 12)], [one((1, 12))], opts(S.ReshapeOptionsT, newShape=ints(1, 12)))
    run("squeeze", "SQUEEZE", [one((1, 1, 4))], [one((1, 4))], opts(S.SqueezeOptionsT, squeezeDims=ints(1)))
    run("expand_dims", "EXPAND_DIMS", [one((1, 4)), ints(1)], [one((1, 1, 4))], S.ExpandDimsOptionsT())
    run("pad", "PAD", [one((1, 2, 3, 1)), np.array([[0, 0], [1, 0], [2, 1], [0, 0]], np.int32)], [one((1, 3, 6, 1))],
        S.PadOptionsT())
    run("padv2", "PADV2", [one((1, 2, 3)), np.array([[0, 0], [1, 0], [2, 1]], np.int32),
                           (np.array([250], np.uint8), F(0.03), 17)], [one((1, 3, 6))], S.PadV2OptionsT())
    run("transpose", "TRANSPOSE", [one((1, 2, 3, 4)), ints(0, 3, 1, 2)], [one((1, 4, 2, 3))], S.TransposeOptionsT())
    run("slice", "SLICE", [one((1, 4, 5)), ints(0, 1, 2), ints(1, 2, 3)], [one((1, 2, 3))], S.SliceOptionsT())
    run("strided_slice", "STRIDED_SLICE", [one((1, 5, 6)), ints(0, 0, 5), ints(1, 5, 0), ints(1, 2, -2)],
        [one((1, 3, 3))], opts(S.StridedSliceOptionsT))
    run("split", "SPLIT", [ints(2), one((1, 2, 6))], [one((1, 2, 2))] * 3, opts(S.SplitOptionsT, numSplits=3))
    run("gather", "GATHER", [one((1, 5, 2)), ints(4, 0, 2)], [one((1, 3, 2))], opts(S.GatherOptionsT, axis=1))
    run("resize_nearest", "RESIZE_NEAREST_NEIGHBOR", [one((1, 3, 4, 2)), ints(6, 7)], [one((1, 6, 7, 2))],
        S.ResizeNearestNeighborOptionsT())
    run("depth_to_space", "DEPTH_TO_SPACE", [one((1, 2, 3, 8))], [one((1, 4, 6, 2))], opts(S.DepthToSpaceOptionsT, blockSize=2))
    run("space_to_depth", "SPACE_TO_DEPTH", [one((1, 4, 6, 2))], [one((1, 2, 3, 8))], opts(S.SpaceToDepthOptionsT, blockSize=2))
    for name, op, ins, outs, options in [
            ("mean", "MEAN", [one((1, 3, 4, 2)), ints(1, 2)], [one((1, 2))], opts(S.ReducerOptionsT)),
            ("l2_normalization", "L2_NORMALIZATION", [one((1, 4, 5))], [((1, 4, 5), F(1 / 128), 128)], opts(S.L2NormOptionsT)),
            ("resize_bilinear", "RESIZE_BILINEAR", [one((1, 3, 4, 2)), ints(6, 7)], [one((1, 6, 7, 2))],
             opts(S.ResizeBilinearOptionsT)),
            ("transpose_conv", "TRANSPOSE_CONV",
             [ints(1, 4, 4, 1), (np.zeros((1, 2, 2, 1), np.uint8), F(0.1), 3), one((1, 2, 2, 1))], [one((1, 4, 4, 1))],
             opts(S.TransposeConvOptionsT, padding=SAME, strideH=2, strideW=2))]:
        run(name, op, ins, outs, options, refused="of uint8 its arithmetic is another")


def networks():
    """uint8 at the edges of int8 and float32, and layers one after the other."""
    m = Model()
    x = m.tensor("x", "uint8", (1, 256), [F(0.02)], 140)
    a = m.tensor("a", "int8", (1, 256), [F(0.02)], 12)
    b = m.tensor("b", "int8", (1, 256), [F(1 / 256)], -128)
    y = m.tensor("y", "uint8", (1, 256), [F(1 / 256)], 0)
    m.op("QUANTIZE", [x], [a], S.QuantizeOptionsT())
    m.op("RELU", [a], [b])
    m.op("QUANTIZE", [b], [y], S.QuantizeOptionsT())
    FAMILY.emit("edges_of_int8", "QUANTIZE", m.finish([x], [y]), [[ALL.reshape(1, 256)]], oracle="litert")
    m = Model()
    x = m.tensor("x", "float32", (1, 256))
    a = m.tensor("a", "uint8", (1, 256), [F(0.02)], 140)
    b = m.tensor("b", "uint8", (1, 256), [F(1 / 256)], 0)
    y = m.tensor("y", "float32", (1, 256))
    m.op("QUANTIZE", [x], [a], S.QuantizeOptionsT())
    m.op("LOGISTIC", [a], [b])
    m.op("DEQUANTIZE", [b], [y], S.DequantizeOptionsT())
    feed = rng_for("uint8 edges").normal(0, 1.5, (1, 256)).astype(F)
    FAMILY.emit("edges_of_float", "DEQUANTIZE", m.finish([x], [y]), [[feed]], oracle="litert")
    rng = rng_for("uint8 network")
    m = Model()
    count = [0]

    def t(shape, scale, zp):
        count[0] += 1
        return m.tensor(f"t{count[0]}", "uint8", shape, [F(scale)], zp)

    def weights(shape, sin, scale, zp, co):
        count[0] += 1
        w = m.tensor(f"w{count[0]}", "uint8", shape, [F(scale)], zp,
                     data=np.clip(rng.normal(zp, 40, shape), 0, 255).astype(np.uint8))
        b = m.tensor(f"b{count[0]}", "int32", (co,), [F(sin) * F(scale)], 0, data=rng.integers(-900, 900, co))
        return [w, b]

    x = t((1, 16, 16, 3), 1 / 128, 128)
    c = t((1, 8, 8, 8), 6 / 255, 0)
    d = t((1, 8, 8, 8), 6 / 255, 0)
    p = t((1, 8, 8, 8), 0.08, 121)
    s = t((1, 8, 8, 8), 0.1, 130)
    a = t((1, 1, 1, 8), 0.1, 130)
    f = t((1, 8), 0.1, 130)
    z = t((1, 5), 0.12, 99)
    y = t((1, 5), 1 / 256, 0)
    conv = dict(padding=SAME, dilationHFactor=1, dilationWFactor=1)
    m.op("CONV_2D", [x, *weights((8, 3, 3, 3), 1 / 128, 0.01, 133, 8)], [c],
         opts(S.Conv2DOptionsT, strideH=2, strideW=2, fusedActivationFunction=3, **conv))
    m.op("DEPTHWISE_CONV_2D", [c, *weights((1, 3, 3, 8), 6 / 255, 0.012, 101, 8)], [d],
         opts(S.DepthwiseConv2DOptionsT, strideH=1, strideW=1, depthMultiplier=1, fusedActivationFunction=3, **conv))
    m.op("CONV_2D", [d, *weights((8, 1, 1, 8), 6 / 255, 0.009, 140, 8)], [p],
         opts(S.Conv2DOptionsT, strideH=1, strideW=1, **conv))
    m.op("ADD", [p, c], [s], opts(S.AddOptionsT))
    m.op("AVERAGE_POOL_2D", [s], [a], opts(S.Pool2DOptionsT, padding=VALID, strideH=8, strideW=8, filterHeight=8,
                                          filterWidth=8))
    shape = m.tensor("shape", "int32", [2], data=np.array([1, 8], np.int32))
    m.op("RESHAPE", [a, shape], [f], opts(S.ReshapeOptionsT, newShape=np.array([1, 8], np.int32)))
    m.op("FULLY_CONNECTED", [f, *weights((5, 8), 0.1, 0.011, 120, 5)], [z], opts(S.FullyConnectedOptionsT))
    m.op("SOFTMAX", [z], [y], opts(S.SoftmaxOptionsT, beta=1.0))
    FAMILY.emit("net", "a network", m.finish([x], [y]), [[values(rng, (1, 16, 16, 3))] for _ in range(2)], oracle="litert")


for part in (layers, pools, elementwise, unary, moves, networks):
    part()
FAMILY.write()
