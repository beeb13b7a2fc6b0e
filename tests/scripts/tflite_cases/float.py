#!/usr/bin/env python3
"""Operators and small networks of float32, also with weights that are stored as less. See case.py.

Writes golden/tflite_float in place of golden/tflite_ops: the answers are compared within a
tolerance. The networks `net_*` have the same weights, stored as float32, float16 (behind
DEQUANTIZE) and int8 (dynamic range quantization, where LiteRT quantizes activations as it goes: the
answers are those of the float network with the weights that int8 stands for).
"""

import numpy as np

from case import F, Family, Model, S, opts, rng_for

FAMILY = Family("float", "tflite_float")
SAME, VALID = 0, 1
# What LiteRT's reference resolver does not have.
TFLM = {"BROADCAST_TO", "ELU", "CEIL", "ROUND"}


def emit(name, op, ins, outs, options=None, order=None, runs=1, low=-3.0, high=3.0, version=1, refused=None):
    """ins: a shape (float32 input), ("bool", shape), or an array (constant); outs: shapes or
    (dtype, shape)."""
    rng = rng_for("float " + name)
    m = Model()
    ids, fed = [], []
    for k, what in enumerate(ins):
        if isinstance(what, np.ndarray):
            dtype = {"float64": "float32", "int64": "int32"}.get(str(what.dtype), str(what.dtype))
            ids.append(m.tensor(f"c{k}", dtype, what.shape, data=what))
            continue
        dtype, shape = what if what and isinstance(what[0], str) else ("float32", what)
        ids.append(m.tensor(f"x{k}", dtype, shape))
        fed.append((ids[-1], dtype, shape))
    ys = []
    for k, what in enumerate(outs):
        dtype, shape = what if what and isinstance(what[0], str) else ("float32", what)
        ys.append(m.tensor(f"y{k}", dtype, shape))
    m.op(op, ids, ys, options, version)
    feeds = [[rng.random(s) > 0.5 if d == "bool" else rng.uniform(low, high, s).astype(F) for _, d, s in fed]
             for _ in range(runs)]
    FAMILY.emit(name, op, m.finish([i for i, _, _ in fed], ys), feeds, refused=refused,
                oracle="tflm" if op in TFLM else "litert")


def normal(name, *shape):
    return rng_for("weights " + name).normal(0, 0.5, shape).astype(F)


def ints(*values):
    return np.array(values, np.int32)


def out_extent(size, k, stride, dilation, padding):
    reach = (k - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1


def conv(name, hw, ci, co, k, stride=(1, 1), dilation=(1, 1), padding=SAME, act=0):
    w = normal(name, co, *k, ci)
    oh, ow = (out_extent(hw[i], k[i], stride[i], dilation[i], padding) for i in (0, 1))
    ins = [(1, *hw, ci), w, normal(name + " b", co)]
    emit("conv_" + name, "CONV_2D", ins, [(1, oh, ow, co)],
         opts(S.Conv2DOptionsT, padding=padding, strideH=stride[0], strideW=stride[1],
              dilationHFactor=dilation[0], dilationWFactor=dilation[1], fusedActivationFunction=act))


def depthwise(name, hw, c, multiplier, k, stride=(1, 1), dilation=(1, 1), padding=SAME, act=0):
    w = normal(name, 1, *k, c * multiplier)
    oh, ow = (out_extent(hw[i], k[i], stride[i], dilation[i], padding) for i in (0, 1))
    emit("depthwise_" + name, "DEPTHWISE_CONV_2D", [(1, *hw, c), w, normal(name + " b", c * multiplier)],
         [(1, oh, ow, c * multiplier)],
         opts(S.DepthwiseConv2DOptionsT, padding=padding, strideH=stride[0], strideW=stride[1],
              depthMultiplier=multiplier, dilationHFactor=dilation[0], dilationWFactor=dilation[1],
              fusedActivationFunction=act))


def weighted():
    conv("same", (5, 6), 3, 4, (3, 3))
    conv("valid_stride", (7, 6), 2, 3, (3, 2), (2, 3), padding=VALID, act=1)
    conv("dilated", (8, 8), 2, 3, (3, 3), dilation=(2, 3), act=3)
    conv("one_by_one", (3, 3), 5, 2, (1, 1), (2, 2))
    conv("relu_n1", (4, 4), 2, 2, (2, 2), act=2)
    conv("asymmetric", (6, 5), 1, 2, (4, 4), (3, 2))
    depthwise("same", (5, 5), 3, 1, (3, 3), act=1)
    depthwise("multiplier", (5, 4), 2, 3, (3, 2), (2, 2), padding=VALID)
    depthwise("dilated", (7, 7), 2, 1, (3, 3), dilation=(2, 2), act=3)
    for name, x, y, keep, act, bias in [("plain", (1, 6), (1, 4), False, 0, True),
                                        ("rows", (3, 6), (3, 4), False, 1, True),
                                        ("keep", (1, 5, 6), (1, 5, 4), True, 0, False),
                                        ("keep_four", (1, 2, 2, 6), (1, 2, 2, 4), True, 3, True),
                                        ("flattened", (1, 2, 1, 3), (1, 4), False, 0, True),
                                        ("folded", (1, 4, 3), (2, 4), False, 0, True)]:
        ins = [x, normal(name, 4, 6)] + ([normal(name + "b", 4)] if bias else [])
        emit("dense_" + name, "FULLY_CONNECTED", ins, [y],
             opts(S.FullyConnectedOptionsT, keepNumDims=keep, fusedActivationFunction=act))
    for name, hw, out, k, stride, padding in [("same", (3, 4), (6, 8), (3, 3), (2, 2), SAME),
                                              ("valid", (3, 3), (7, 7), (3, 3), (2, 2), VALID),
                                              ("uneven", (2, 3), (4, 3), (2, 5), (2, 1), SAME)]:
        emit("transpose_conv_" + name, "TRANSPOSE_CONV",
             [ints(1, *out, 2), normal(name, 2, *k, 3), (1, *hw, 3), normal(name + "b", 2)], [(1, *out, 2)],
             opts(S.TransposeConvOptionsT, padding=padding, strideH=stride[0], strideW=stride[1]), version=3)
    emit("matmul", "BATCH_MATMUL", [(1, 3, 4), (1, 4, 2)], [(1, 3, 2)], opts(S.BatchMatMulOptionsT))
    emit("matmul_heads", "BATCH_MATMUL", [(2, 3, 4), (2, 5, 4)], [(2, 3, 5)], opts(S.BatchMatMulOptionsT, adjY=True))
    emit("matmul_adjx", "BATCH_MATMUL", [(1, 2, 4, 3), (1, 2, 4, 2)], [(1, 2, 3, 2)],
         opts(S.BatchMatMulOptionsT, adjX=True))
    emit("matmul_constant", "BATCH_MATMUL", [(1, 3, 4), normal("mm", 4, 2)], [(1, 3, 2)], opts(S.BatchMatMulOptionsT))


def custom():
    """mediapipe's Convolution2DTransposeBias, which neither oracle has: TRANSPOSE_CONV is asked, of
    the same filters, where no padding is taken off."""
    for name, hw, k, stride in [("even", (3, 4), (2, 2), (2, 2)), ("over", (3, 2), (3, 4), (1, 2))]:
        name = "transpose_bias_" + name
        out = tuple((n - 1) * s + size for n, s, size in zip(hw, stride, k))
        def model(op, order, options, **more):
            m = Model()
            x, y = m.tensor("x", "float32", (1, *hw, 3)), m.tensor("y", "float32", (1, *out, 2))
            w, b = normal(name, 2, *k, 3), normal(name + " b", 2)
            ids = {"x": x, "w": m.tensor("w", "float32", w.shape, data=w), "b": m.tensor("b", "float32", (2,), data=b),
                   "shape": m.tensor("shape", "int32", (4,), data=ints(1, *out, 2))}
            m.op(op, [ids[what] for what in order], [y], options, **more)
            return m.finish([x], [y])
        words = np.array([2, stride[1], stride[0]], np.int32)
        asked = model("TRANSPOSE_CONV", ["shape", "w", "x", "b"],
                      opts(S.TransposeConvOptionsT, padding=VALID, strideH=stride[0], strideW=stride[1]), version=3)
        FAMILY.emit(name, "CUSTOM Convolution2DTransposeBias",
                    model("CUSTOM", ["x", "w", "b"], None, custom="Convolution2DTransposeBias",
                          custom_options=words.tobytes()),
                    [[rng_for("x " + name).uniform(-3, 3, (1, *hw, 3)).astype(F)]], oracle="litert", asked=asked)


def pools():
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for name, hw, k, stride, padding, act in [("same", (5, 4), (3, 2), (2, 2), SAME, 0),
                                                  ("valid", (5, 5), (2, 3), (1, 2), VALID, 1),
                                                  ("whole", (3, 4), (3, 4), (1, 1), VALID, 3)]:
            oh, ow = (out_extent(hw[i], k[i], stride[i], 1, padding) for i in (0, 1))
            emit(f"{op.lower()}_{name}", op, [(1, *hw, 2)], [(1, oh, ow, 2)],
                 opts(S.Pool2DOptionsT, padding=padding, strideH=stride[0], strideW=stride[1],
                      filterHeight=k[0], filterWidth=k[1], fusedActivationFunction=act))


def elementwise():
    for op, options, low in [("ADD", opts(S.AddOptionsT, fusedActivationFunction=1), -3),
                             ("SUB", opts(S.SubOptionsT, fusedActivationFunction=3), -3),
                             ("MUL", opts(S.MulOptionsT, fusedActivationFunction=2), -3),
                             ("DIV", opts(S.DivOptionsT, fusedActivationFunction=3), 0.5),
                             ("SQUARED_DIFFERENCE", None, -3),
                             ("MAXIMUM", opts(S.MaximumMinimumOptionsT), -3),
                             ("MINIMUM", opts(S.MaximumMinimumOptionsT), -3)]:
        low_name = op.lower()
        emit(low_name + "_two", op, [(1, 3, 2, 2), (1, 3, 2, 2)], [(1, 3, 2, 2)], options, low=low)
        emit(low_name + "_stretched", op, [(2, 3), (1, 3)], [(2, 3)], options, low=low)
        emit(low_name + "_constant", op, [(1, 2, 2, 3), np.abs(normal(low_name, 3)) + 0.25], [(1, 2, 2, 3)],
             options, low=low)
    emit("sub_from_constant", "SUB", [np.array(1.5), (1, 4)], [(1, 4)], opts(S.SubOptionsT))
    emit("prelu", "PRELU", [(1, 3, 2, 4), normal("prelu", 1, 1, 4)], [(1, 3, 2, 4)])
    emit("prelu_one", "PRELU", [(1, 6), np.array([0.3])], [(1, 6)])
    for op, options in [("EQUAL", S.EqualOptionsT()), ("NOT_EQUAL", S.NotEqualOptionsT()),
                        ("GREATER", S.GreaterOptionsT()), ("GREATER_EQUAL", S.GreaterEqualOptionsT()),
                        ("LESS", S.LessOptionsT()), ("LESS_EQUAL", S.LessEqualOptionsT())]:
        emit(op.lower(), op, [(1, 12), (1, 12)], [("bool", (1, 12))], options)
    # Choices by a comparison, and truths put together.
    m = Model()
    a, b, c = (m.tensor(n, "float32", (1, 3, 4)) for n in "abc")
    t, u, v, w, x = (m.tensor(n, "bool", (1, 3, 4)) for n in "tuvwx")
    y, z = m.tensor("y", "float32", (1, 3, 4)), m.tensor("z", "float32", (1, 3, 4))
    m.op("GREATER", [a, b], [t], S.GreaterOptionsT())
    m.op("LESS_EQUAL", [b, c], [u], S.LessEqualOptionsT())
    m.op("LOGICAL_AND", [t, u], [v], S.LogicalAndOptionsT())
    m.op("LOGICAL_NOT", [v], [w], S.LogicalNotOptionsT())
    m.op("LOGICAL_OR", [w, t], [x], S.LogicalOrOptionsT())
    m.op("SELECT_V2", [v, a, c], [y], S.SelectV2OptionsT())
    m.op("CAST", [x], [z], opts(S.CastOptionsT, inDataType=6, outDataType=0))
    rng = rng_for("float truths")
    FAMILY.emit("truths", "SELECT_V2", m.finish([a, b, c], [y, z]),
                [[rng.uniform(-1, 1, (1, 3, 4)).astype(F) for _ in range(3)]], oracle="litert")
    emit("select_rows", "SELECT", [np.array([True, False, True]), (3, 2), (3, 2)], [(3, 2)], S.SelectOptionsT())


def unary():
    for op, low, high, options in [
            ("ABS", -3, 3, S.AbsOptionsT()), ("NEG", -3, 3, S.NegOptionsT()), ("EXP", -3, 3, S.ExpOptionsT()),
            ("LOG", 0.1, 9, None), ("SQRT", 0, 9, None), ("RSQRT", 0.1, 9, None), ("SQUARE", -3, 3, S.SquareOptionsT()),
            ("SIN", -4, 4, None), ("COS", -4, 4, S.CosOptionsT()), ("FLOOR", -4, 4, None), ("CEIL", -4, 4, None),
            ("ROUND", -4, 4, None), ("SIGN", -4, 4, S.SignOptionsT()), ("LOGISTIC", -8, 8, None), ("TANH", -4, 4, None),
            ("RELU", -3, 3, None), ("RELU6", -3, 9, None), ("RELU_0_TO_1", -2, 2, None), ("RELU_N1_TO_1", -2, 2, None),
            ("LEAKY_RELU", -3, 3, opts(S.LeakyReluOptionsT, alpha=0.125)), ("ELU", -4, 4, None),
            ("HARD_SWISH", -5, 5, None), ("GELU", -4, 4, opts(S.GeluOptionsT, approximate=False))]:
        emit(op.lower(), op, [(1, 4, 5)], [(1, 4, 5)], options, low=low, high=high)
    emit("gelu_approximate", "GELU", [(1, 20)], [(1, 20)], opts(S.GeluOptionsT, approximate=True), low=-4, high=4)
    emit("pow", "POW", [(1, 10), np.array(1.75)], [(1, 10)], S.PowOptionsT(), low=0.1)
    emit("pow_computed", "POW", [(1, 4), (1, 4)], [(1, 4)], S.PowOptionsT(), refused="its exponent is computed")
    emit("softmax", "SOFTMAX", [(1, 3, 5)], [(1, 3, 5)], opts(S.SoftmaxOptionsT, beta=1.0))
    emit("softmax_beta", "SOFTMAX", [(1, 7)], [(1, 7)], opts(S.SoftmaxOptionsT, beta=0.375))
    emit("softmax_rows", "SOFTMAX", [(4, 3)], [(4, 3)], opts(S.SoftmaxOptionsT, beta=1.0))
    emit("softmax_vector", "SOFTMAX", [(6,)], [(6,)], opts(S.SoftmaxOptionsT, beta=1.0))
    emit("log_softmax", "LOG_SOFTMAX", [(1, 6)], [(1, 6)], S.LogSoftmaxOptionsT())
    emit("l2_normalization", "L2_NORMALIZATION", [(1, 2, 2, 3)], [(1, 2, 2, 3)], opts(S.L2NormOptionsT))


def reductions():
    for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        for name, shape, axes, keep, out in [("map", (1, 3, 4, 2), [1, 2], False, (1, 2)),
                                             ("keep", (1, 3, 4, 2), [-1], True, (1, 3, 4, 1)),
                                             ("first", (3, 4), [0], False, (4,)),
                                             ("batch", (1, 3, 2), [0, 1], False, (2,))]:
            emit(f"{op.lower()}_{name}", op, [shape, ints(*axes)], [out], opts(S.ReducerOptionsT, keepDims=keep))
    emit("arg_max", "ARG_MAX", [(1, 3, 5), ints(2)], [("int32", (1, 3))], opts(S.ArgMaxOptionsT, outputType=2))
    emit("arg_min_first", "ARG_MIN", [(4, 3), ints(0)], [("int32", (3,))], opts(S.ArgMinOptionsT, outputType=2))
    for name, corners, centers in [("plain", False, False), ("corners", True, False), ("centers", False, True)]:
        emit("resize_bilinear_" + name, "RESIZE_BILINEAR", [(1, 3, 4, 2), ints(5, 7)], [(1, 5, 7, 2)],
             opts(S.ResizeBilinearOptionsT, alignCorners=corners, halfPixelCenters=centers))
    emit("resize_nearest", "RESIZE_NEAREST_NEIGHBOR", [(1, 3, 4, 2), ints(6, 7)], [(1, 6, 7, 2)],
         opts(S.ResizeNearestNeighborOptionsT, halfPixelCenters=True))


def moves():
    emit("reshape", "RESHAPE", [(1, 2, 3, 4), ints(6, 4)], [(6, 4)], opts(S.ReshapeOptionsT, newShape=ints(6, 4)))
    emit("squeeze", "SQUEEZE", [(1, 1, 3, 4)], [(3, 4)], opts(S.SqueezeOptionsT, squeezeDims=ints(0, 1)))
    emit("expand_dims", "EXPAND_DIMS", [(3, 4), ints(1)], [(3, 1, 4)], S.ExpandDimsOptionsT())
    emit("transpose_batch", "TRANSPOSE", [(1, 2, 3, 4), ints(0, 3, 1, 2)], [(1, 4, 2, 3)], S.TransposeOptionsT())
    emit("transpose_first", "TRANSPOSE", [(1, 2, 3), ints(2, 0, 1)], [(3, 1, 2)], S.TransposeOptionsT())
    emit("slice", "SLICE", [(1, 4, 5), ints(0, 1, 2), ints(1, -1, 2)], [(1, 3, 2)], S.SliceOptionsT())
    emit("strided_slice", "STRIDED_SLICE", [(1, 5, 6), ints(0, 4, 1), ints(1, -6, 6), ints(1, -2, 2)], [(3, 3)],
         opts(S.StridedSliceOptionsT, shrinkAxisMask=1))
    emit("strided_slice_new_axis", "STRIDED_SLICE", [(1, 4), ints(0, 0, 1), ints(0, 0, 3), ints(1, 1, 1)],
         [(1, 1, 2)], opts(S.StridedSliceOptionsT, newAxisMask=1, beginMask=2, endMask=2))
    emit("split", "SPLIT", [ints(2), (1, 2, 6)], [(1, 2, 2)] * 3, opts(S.SplitOptionsT, numSplits=3))
    emit("split_first", "SPLIT", [ints(0), (4, 3)], [(2, 3)] * 2, opts(S.SplitOptionsT, numSplits=2))
    emit("split_v", "SPLIT_V", [(1, 7), ints(2, -1, 1), ints(1)], [(1, 2), (1, 4), (1, 1)],
         opts(S.SplitVOptionsT, numSplits=3))
    emit("unpack", "UNPACK", [(1, 3, 4)], [(1, 4)] * 3, opts(S.UnpackOptionsT, num=3, axis=1))
    emit("unpack_first", "UNPACK", [(3, 4)], [(4,)] * 3, opts(S.UnpackOptionsT, num=3, axis=0))
    emit("pack", "PACK", [(1, 3), (1, 3)], [(1, 2, 3)], opts(S.PackOptionsT, valuesCount=2, axis=1))
    emit("pack_constant", "PACK", [(3,), normal("pack", 3)], [(2, 3)], opts(S.PackOptionsT, valuesCount=2, axis=0))
    emit("gather", "GATHER", [(1, 5, 2), ints(4, 0, 0)], [(1, 3, 2)], opts(S.GatherOptionsT, axis=1))
    emit("gather_matrix", "GATHER", [(5, 2), np.array([[4, 1], [0, 2]], np.int32)], [(2, 2, 2)], opts(S.GatherOptionsT))
    emit("tile", "TILE", [(1, 2, 3), ints(2, 1, 2)], [(2, 2, 6)], None)
    emit("broadcast_to", "BROADCAST_TO", [(1, 3), ints(2, 2, 3)], [(2, 2, 3)], None)
    emit("reverse", "REVERSE_V2", [(1, 3, 4), ints(1, 2)], [(1, 3, 4)], S.ReverseV2OptionsT())
    emit("pad", "PAD", [(1, 2, 3, 1), np.array([[0, 0], [1, 0], [2, 1], [0, 0]])], [(1, 3, 6, 1)], S.PadOptionsT())
    emit("pad_first", "PAD", [(2, 3), np.array([[1, 0], [0, 2]])], [(3, 5)], S.PadOptionsT())
    emit("padv2", "PADV2", [(1, 2, 3), np.array([[0, 0], [1, 1], [0, 1]]), np.array(-7.5)], [(1, 4, 4)],
         S.PadV2OptionsT())
    emit("mirror_pad", "MIRROR_PAD", [(1, 3, 4), np.array([[0, 0], [1, 2], [2, 1]])], [(1, 6, 7)],
         opts(S.MirrorPadOptionsT, mode=0))
    emit("concat", "CONCATENATION", [(1, 2, 3), (1, 2, 1), normal("concat", 1, 2, 2)], [(1, 2, 6)],
         opts(S.ConcatenationOptionsT, axis=-1))
    emit("concat_first", "CONCATENATION", [(1, 3), (2, 3)], [(3, 3)], opts(S.ConcatenationOptionsT, axis=0))
    emit("depth_to_space", "DEPTH_TO_SPACE", [(1, 2, 3, 8)], [(1, 4, 6, 2)], opts(S.DepthToSpaceOptionsT, blockSize=2))
    emit("space_to_depth", "SPACE_TO_DEPTH", [(1, 4, 6, 2)], [(1, 2, 3, 8)], opts(S.SpaceToDepthOptionsT, blockSize=2))
    emit("space_to_batch", "SPACE_TO_BATCH_ND", [(1, 3, 4, 2), ints(2, 2), np.array([[0, 1], [1, 1]])], [(4, 2, 3, 2)],
         S.SpaceToBatchNDOptionsT())
    emit("batch_to_space", "BATCH_TO_SPACE_ND", [(4, 2, 3, 2), ints(2, 2), np.array([[0, 1], [1, 1]])], [(1, 3, 4, 2)],
         S.BatchToSpaceNDOptionsT())
    # A dilated convolution as TensorFlow writes it.
    m = Model()
    x = m.tensor("x", "float32", (1, 6, 6, 2))
    s = m.tensor("s", "float32", (4, 5, 5, 2))
    c = m.tensor("c", "float32", (4, 3, 3, 3))
    y = m.tensor("y", "float32", (1, 6, 6, 3))
    block = m.tensor("block", "int32", [2], data=ints(2, 2))
    pads = m.tensor("pads", "int32", [2, 2], data=np.full((2, 2), 2, np.int32))
    crops = m.tensor("crops", "int32", [2, 2], data=np.zeros((2, 2), np.int32))
    w = m.tensor("w", "float32", (3, 3, 3, 2), data=normal("blocks", 3, 3, 3, 2))
    b = m.tensor("b", "float32", (3,), data=normal("blocks b", 3))
    m.op("SPACE_TO_BATCH_ND", [x, block, pads], [s], S.SpaceToBatchNDOptionsT())
    m.op("CONV_2D", [s, w, b], [c], opts(S.Conv2DOptionsT, padding=VALID, strideH=1, strideW=1,
                                         dilationHFactor=1, dilationWFactor=1))
    m.op("BATCH_TO_SPACE_ND", [c, block, crops], [y], S.BatchToSpaceNDOptionsT())
    rng = rng_for("float dilated")
    FAMILY.emit("dilated_by_blocks", "CONV_2D", m.finish([x], [y]), [[rng.uniform(-1, 1, (1, 6, 6, 2)).astype(F)]],
                oracle="litert")


class Network(Model):
    """A small network whose weights are stored as `stored`: float32, float16, int8, or
    weight_only (int8 behind DEQUANTIZE), or asked: float32 of what int8 stands for."""

    def __init__(self, stored):
        super().__init__()
        self.stored, self.rng, self.count = stored, rng_for("float network"), 0

    def weights(self, shape, axis, fan_in):
        self.count += 1
        name, data = f"w{self.count}", self.rng.normal(0, 1.2 / np.sqrt(fan_in), shape).astype(F)
        if self.stored == "float32":
            return self.tensor(name, "float32", shape, data=data)
        if self.stored == "float16":
            half = self.tensor(name + " half", "float16", shape, data=data)
            wide = self.tensor(name, "float32", shape)
            self.op("DEQUANTIZE", [half], [wide])
            return wide
        others = tuple(a for a in range(len(shape)) if a != axis)
        scales = (np.abs(data).max(axis=others if axis is not None else None) / 127).astype(F)
        spread = scales.reshape([-1 if a == axis else 1 for a in range(len(shape))]) if axis is not None else scales
        q = np.clip(np.round(data / spread), -127, 127).astype(np.int8)
        if self.stored == "asked":
            return self.tensor(name, "float32", shape, data=q.astype(F) * spread)
        stored = self.tensor(name + " stored", "int8", shape, scales, 0, axis or 0, q)
        if self.stored == "int8":
            return stored
        wide = self.tensor(name, "float32", shape)
        self.op("DEQUANTIZE", [stored], [wide])
        return wide

    def bias(self, n):
        return self.tensor(f"b{self.count}", "float32", (n,), data=self.rng.normal(0, 0.2, n))

    def layer(self, shape):
        self.count += 1
        return self.tensor(f"layer{self.count}", "float32", shape)

    def build(self):
        x = self.layer((1, 12, 12, 2))
        conv = dict(padding=SAME, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
        a = self.layer((1, 12, 12, 8))
        self.op("CONV_2D", [x, self.weights((8, 3, 3, 2), 0, 18), self.bias(8)], [a],
                opts(S.Conv2DOptionsT, fusedActivationFunction=1, **conv))
        d = self.layer((1, 6, 6, 8))
        self.op("DEPTHWISE_CONV_2D", [a, self.weights((1, 3, 3, 8), 3, 9), self.bias(8)], [d],
                opts(S.DepthwiseConv2DOptionsT, depthMultiplier=1, fusedActivationFunction=3, padding=SAME, strideH=2,
                     strideW=2, dilationHFactor=1, dilationWFactor=1))
        p = self.layer((1, 6, 6, 8))
        self.op("CONV_2D", [d, self.weights((8, 1, 1, 8), 0, 8), self.bias(8)], [p], opts(S.Conv2DOptionsT, **conv))
        s, h = self.layer((1, 6, 6, 8)), self.layer((1, 6, 6, 8))
        self.op("ADD", [p, d], [s], opts(S.AddOptionsT))
        self.op("HARD_SWISH", [s], [h])
        q, f = self.layer((1, 3, 3, 8)), self.layer((1, 72))
        self.op("MAX_POOL_2D", [h], [q], opts(S.Pool2DOptionsT, padding=VALID, strideH=2, strideW=2, filterHeight=2,
                                             filterWidth=2))
        shape = self.tensor("shape", "int32", [2], data=ints(1, 72))
        self.op("RESHAPE", [q, shape], [f], opts(S.ReshapeOptionsT, newShape=ints(1, 72)))
        y = self.layer((1, 10))
        self.op("FULLY_CONNECTED", [f, self.weights((10, 72), None, 72), self.bias(10)], [y],
                opts(S.FullyConnectedOptionsT))
        return self.finish([x], [y])


def networks():
    rng = rng_for("float network feeds")
    runs = [[rng.normal(0, 1, (1, 12, 12, 2)).astype(F)] for _ in range(3)]
    asked = Network("asked").build()
    for stored in ("float32", "float16", "int8", "weight_only"):
        data = Network(stored).build()
        FAMILY.emit(f"net_{stored}", "a network", data, runs, oracle="litert",
                    asked=asked if stored in ("int8", "weight_only") else None)


for part in (weighted, custom, pools, elementwise, unary, reductions, moves, networks):
    part()
FAMILY.write()
