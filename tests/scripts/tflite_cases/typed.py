#!/usr/bin/env python3
"""The family `typed`: operators on int32, int16 and bool, between types, and on indices, as TFLM's
reference kernels compute them (LiteRT's where TFLM has none). See case.py for the layout of what is
written."""

import numpy as np

from case import DT, F, Family, Model, S, opts, rng_for

FAMILY = Family("typed")
LIMITS = {"int8": (-128, 127), "int16": (-32768, 32767), "int32": (-2**31, 2**31 - 1), "bool": (0, 1)}


def draw(rng, dtype, shape, span=None):
    """Numbers of a type, the extremes of the span among them."""
    low, high = span or LIMITS[dtype]
    values = rng.integers(low, high, shape, endpoint=True)
    if values.size > 3 and dtype != "bool":
        values.reshape(-1)[rng.permutation(values.size)[:2]] = low, high
    return values.astype(DT[dtype][1])


def tensor(m, name, dtype, shape, data=None, scale=0.5, zero=0):
    quantized = dtype in ("int8", "int16")
    return m.tensor(name, dtype, shape, scale if quantized else None, zero if quantized else 0, data=data)


def case(name, op, ins, outs, options=None, oracle="tflm", runs=2, refused=None):
    """`ins` are (type, shape, span) of inputs, or arrays of constants with their type; `outs` are
    (type, shape)."""
    rng = rng_for(name)
    m, operands, inputs, spans = Model(), [], [], []
    for k, (dtype, what, *span) in enumerate(ins):
        if isinstance(what, np.ndarray):
            operands.append(tensor(m, f"c{k}", dtype, what.shape, what))
        else:
            operands.append(tensor(m, f"x{k}", dtype, what))
            inputs.append(operands[-1])
            spans.append((dtype, what, span[0] if span else None))
    results = [tensor(m, f"y{k}", dtype, shape) for k, (dtype, shape) in enumerate(outs)]
    m.op(op, operands, results, options)
    feeds = [[draw(rng, *span) for span in spans] for _ in range(0 if refused else runs)]
    FAMILY.emit(name, op, m.finish(inputs, results), feeds, oracle, refused)


def arithmetic():
    plain = {"ADD": S.AddOptionsT, "SUB": S.SubOptionsT, "MUL": S.MulOptionsT}
    for op, options in plain.items():
        low = op.lower()
        wide = (-2**30, 2**30 - 1) if op != "MUL" else (-46340, 46340)
        i32 = ("int32", (1, 3, 4), wide)
        case(f"{low}_int32", op, [i32, i32], [("int32", (1, 3, 4))], opts(options))
        case(f"{low}_int32_row", op, [i32, ("int32", (1, 1, 4), wide)], [("int32", (1, 3, 4))], opts(options))
        case(f"{low}_int32_constant", op, [i32, ("int32", np.array([7, -3, 0, 1000], np.int32))],
             [("int32", (1, 3, 4))], opts(options))
        case(f"{low}_int32_number", op, [("int32", np.array([-5], np.int32)), i32],
             [("int32", (1, 3, 4))], opts(options))
        near = ("int32", (1, 24), (-5, 9))
        for activation in (1, 3):
            case(f"{low}_int32_activation_{activation}", op, [near, near], [("int32", (1, 24))],
                 opts(options, fusedActivationFunction=activation),
                 refused="TFLM leaves the activation out" if op == "ADD" else None)
    both = ("int32", (1, 20), (-40000, 40000))
    case("squared_difference_int32", "SQUARED_DIFFERENCE",
         [("int32", (1, 20), (-20000, 20000))] * 2, [("int32", (1, 20))], opts(S.SquaredDifferenceOptionsT))
    case("div_int32", "DIV", [both, ("int32", (1, 20), (1, 99))], [("int32", (1, 20))], opts(S.DivOptionsT))
    case("div_int32_negative", "DIV", [both, ("int32", np.array([-7], np.int32))], [("int32", (1, 20))],
         opts(S.DivOptionsT))
    for op, options in (("FLOOR_DIV", S.FloorDivOptionsT), ("FLOOR_MOD", S.FloorModOptionsT)):
        for name, divisor in (("by_7", 7), ("by_minus_5", -5), ("by_48", 48)):
            case(f"{op.lower()}_{name}", op, [both, ("int32", np.array([divisor], np.int32))],
                 [("int32", (1, 20))], opts(options), "litert")
        case(f"{op.lower()}_of_both", op, [both, ("int32", (1, 20), (-99, -1))], [("int32", (1, 20))],
             opts(options), "litert")
    for op in ("MAXIMUM", "MINIMUM"):
        for dtype in ("int16", "int32"):
            case(f"{op.lower()}_{dtype}", op, [(dtype, (1, 3, 5))] * 2, [(dtype, (1, 3, 5))],
                 opts(S.MaximumMinimumOptionsT))
            case(f"{op.lower()}_{dtype}_row", op, [(dtype, (1, 3, 5)), (dtype, (1, 1, 5))],
                 [(dtype, (1, 3, 5))], opts(S.MaximumMinimumOptionsT))
    case("neg_int32", "NEG", [("int32", (1, 12), (-2**31 + 1, 2**31 - 1))], [("int32", (1, 12))],
         opts(S.NegOptionsT), "litert")
    case("abs_int32", "ABS", [("int32", (1, 12), (-2**31 + 1, 2**31 - 1))], [("int32", (1, 12))],
         opts(S.AbsOptionsT), "litert")


COMPARISONS = {"EQUAL": S.EqualOptionsT, "NOT_EQUAL": S.NotEqualOptionsT, "GREATER": S.GreaterOptionsT,
               "GREATER_EQUAL": S.GreaterEqualOptionsT, "LESS": S.LessOptionsT,
               "LESS_EQUAL": S.LessEqualOptionsT}


def truths():
    for op, options in COMPARISONS.items():
        low = op.lower()
        near = ("int32", (1, 4, 6), (-2, 2))
        case(f"{low}_int32", op, [near, near], [("bool", (1, 4, 6))], opts(options))
        case(f"{low}_int32_far", op, [("int32", (1, 8))] * 2, [("bool", (1, 8))], opts(options))
        case(f"{low}_int32_number", op, [near, ("int32", np.array([1], np.int32))], [("bool", (1, 4, 6))],
             opts(options))
        case(f"{low}_int32_column", op, [near, ("int32", (1, 4, 1), (-2, 2))], [("bool", (1, 4, 6))],
             opts(options))
    for op in ("EQUAL", "NOT_EQUAL"):
        case(f"{op.lower()}_bool", op, [("bool", (1, 9))] * 2, [("bool", (1, 9))], opts(COMPARISONS[op]))
    keep = opts(S.ReducerOptionsT, keepDims=True)
    axis = ("int32", np.array([1], np.int32))
    mostly = ("bool", (1, 3, 17))
    case("reduce_all", "REDUCE_ALL", [mostly, axis], [("bool", (1, 1, 17))], keep)
    case("reduce_any", "REDUCE_ANY", [mostly, axis], [("bool", (1, 1, 17))], keep, "litert")
    case("reduce_all_squeezed", "REDUCE_ALL", [("bool", (1, 2, 9)), axis], [("bool", (1, 9))],
         opts(S.ReducerOptionsT, keepDims=False))


def choices():
    for dtype, oracle in (("int8", "tflm"), ("int16", "tflm"), ("int32", "litert"), ("bool", "litert")):
        whole, row = (dtype, (1, 3, 5)), (dtype, (1, 1, 5))
        condition = ("bool", (1, 3, 5))
        case(f"select_v2_{dtype}", "SELECT_V2", [condition, whole, whole], [whole], opts(S.SelectV2OptionsT),
             oracle)
        case(f"select_v2_{dtype}_row", "SELECT_V2", [condition, row, whole], [whole],
             opts(S.SelectV2OptionsT), oracle)
        case(f"select_v2_{dtype}_condition", "SELECT_V2", [("bool", (1, 3, 1)), whole, row], [whole],
             opts(S.SelectV2OptionsT), oracle)
        constant = draw(rng_for(dtype), dtype, (1, 3, 5))
        case(f"select_v2_{dtype}_constant", "SELECT_V2", [condition, (dtype, constant), whole], [whole],
             opts(S.SelectV2OptionsT), oracle)
        case(f"select_{dtype}", "SELECT", [condition, whole, whole], [whole], opts(S.SelectOptionsT), "litert")


def conversions():
    for source in LIMITS:
        for target in LIMITS:
            case(f"cast_{source}_{target}", "CAST", [(source, (1, 4, 9))], [(target, (1, 4, 9))],
                 opts(S.CastOptionsT))
    rescaled = [("int8", 0.5, 3, "int8", 0.3, -7), ("int8", 0.5, -128, "int16", 0.01, 0),
                ("int8", 0.013, 5, "int16", 0.0005, 0), ("int8", 0.1, 127, "int32", 0.001, 0),
                ("int16", 0.001, 0, "int8", 0.25, 9), ("int16", 0.02, 0, "int8", 0.03, -128),
                ("int16", 0.02, 0, "int16", 0.05, 0), ("int16", 0.02, 0, "int32", 0.0004, 0),
                ("int32", 0.0001, 0, "int8", 0.9, 17), ("int32", 0.0005, 0, "int16", 0.02, 0)]
    for k, (a, a_scale, a_zero, b, b_scale, b_zero) in enumerate(rescaled):
        name = f"quantize_{a}_{b}_{k}"
        rng = rng_for(name)
        m = Model()
        x = m.tensor("x", a, (1, 5, 7), a_scale, a_zero)
        y = m.tensor("y", b, (1, 5, 7), b_scale, b_zero)
        m.op("QUANTIZE", [x], [y], S.QuantizeOptionsT())
        span = {"int32": (-200000, 200000)}.get(a)
        FAMILY.emit(name, "QUANTIZE", m.finish([x], [y]), [[draw(rng, a, (1, 5, 7), span)] for _ in range(3)])


def gathers():
    def gather(name, dtype, shape, axis, count, oracle, batch=0, table=None, op="GATHER", components=1):
        where = shape[axis] if op == "GATHER" else min(shape[:components])
        if op == "GATHER":
            ishape = tuple(shape[:batch]) + (count if isinstance(count, tuple) else (count,))
            oshape = tuple(shape[:axis]) + ishape[batch:] + tuple(shape[axis + 1:])
            options = opts(S.GatherOptionsT, axis=axis, batchDims=batch)
        else:
            ishape = (count, components)
            oshape = (count,) + tuple(shape[components:])
            options = opts(S.GatherNdOptionsT)
        source = (dtype, draw(rng_for(name + " table"), dtype, shape)) if table else (dtype, shape)
        case(name, op, [source, ("int32", ishape, (0, where - 1))], [(dtype, oshape)], options, oracle)

    for dtype, oracle in (("int8", "tflm"), ("int16", "litert"), ("int32", "litert"), ("bool", "litert")):
        gather(f"gather_{dtype}_rows", dtype, (1, 6, 5), 1, 4, oracle)
        gather(f"gather_{dtype}_columns", dtype, (1, 3, 5), 2, 7, oracle)
        gather(f"gather_{dtype}_embedding", dtype, (9, 4), 0, (1, 6), oracle, table=True)
        gather(f"gather_nd_{dtype}", dtype, (4, 3, 5), 0, 6, oracle, op="GATHER_ND")
        gather(f"gather_nd_{dtype}_points", dtype, (4, 3, 5), 0, 6, oracle, op="GATHER_ND", components=2)
    gather("gather_int8_batches", "int8", (1, 3, 8), 2, 2, "tflm", batch=1)
    gather("gather_int8_batches_of_3", "int8", (1, 3, 8, 2), 2, 4, "tflm", batch=2)
    gather("gather_int8_matrix", "int8", (1, 7, 2), 1, (2, 3), "tflm")
    gather("gather_int8_samples", "int8", (2, 5), 0, (2, 3), "tflm")
    gather("gather_int8_batches_of_2", "int8", (2, 5, 3), 1, 4, "tflm", batch=1)
    gather("gather_nd_int8_cells", "int8", (4, 3, 5), 0, 9, "tflm", op="GATHER_ND", components=3)
    table = draw(rng_for("embedding"), "int8", (11, 6))
    case("embedding_lookup", "EMBEDDING_LOOKUP", [("int32", (5,), (0, 10)), ("int8", table)],
         [("int8", (5, 6))])
    for dtype, on, off in (("int8", 100, -3), ("int32", 70000, -1), ("bool", 1, 0)):
        case(f"one_hot_{dtype}", "ONE_HOT",
             [("int32", (1, 5), (-1, 7)), ("int32", np.array(7, np.int32)),
              (dtype, np.array(on, DT[dtype][1])), (dtype, np.array(off, DT[dtype][1]))],
             [(dtype, (1, 5, 7))], opts(S.OneHotOptionsT, axis=-1), "litert")
    case("one_hot_inner", "ONE_HOT",
         [("int32", (1, 5), (0, 3)), ("int32", np.array(4, np.int32)), ("int8", np.array(9, np.int8)),
          ("int8", np.array(0, np.int8))], [("int8", (1, 4, 5))], opts(S.OneHotOptionsT, axis=1), "litert")


def indices():
    """What exporters write behind an index: row and column of the largest number."""
    name = "row_and_column"
    rng = rng_for(name)
    m = Model()
    x = m.tensor("x", "int8", (1, 6, 8), 0.1, 3)
    shape = m.tensor("shape", "int32", (2,), data=np.array([1, 48], np.int32))
    flat = m.tensor("flat", "int8", (1, 48), 0.1, 3)
    axis = m.tensor("axis", "int32", (), data=np.array(1, np.int32))
    at = m.tensor("at", "int32", (1,))
    width = m.tensor("width", "int32", (), data=np.array(8, np.int32))
    row, column = m.tensor("row", "int32", (1,)), m.tensor("column", "int32", (1,))
    m.op("RESHAPE", [x, shape], [flat], opts(S.ReshapeOptionsT, newShape=[1, 48]))
    m.op("ARG_MAX", [flat, axis], [at], opts(S.ArgMaxOptionsT, outputType=S.TensorType.INT32))
    m.op("FLOOR_DIV", [at, width], [row], opts(S.FloorDivOptionsT))
    m.op("FLOOR_MOD", [at, width], [column], opts(S.FloorModOptionsT))
    FAMILY.emit(name, "FLOOR_DIV", m.finish([x], [row, column]),
                [[draw(rng, "int8", (1, 6, 8))] for _ in range(4)], "litert")

    name = "best_of_table"
    rng = rng_for(name)
    m = Model()
    x = m.tensor("x", "int8", (1, 3, 7), 0.1, 3)
    axis = m.tensor("axis", "int32", (), data=np.array(2, np.int32))
    at = m.tensor("at", "int32", (1, 3))
    table = m.tensor("table", "int8", (7, 4), 0.2, -1, data=draw(rng, "int8", (7, 4)))
    y = m.tensor("y", "int8", (1, 3, 4), 0.2, -1)
    m.op("ARG_MAX", [x, axis], [at], opts(S.ArgMaxOptionsT, outputType=S.TensorType.INT32))
    m.op("GATHER", [table, at], [y], opts(S.GatherOptionsT, axis=0))
    FAMILY.emit(name, "GATHER", m.finish([x], [y]), [[draw(rng, "int8", (1, 3, 7))] for _ in range(3)])


def sums():
    for k, (shape, axis, (a, a_zero), (b, b_zero)) in enumerate([
            ((1, 10, 3), 1, (0.05, 3), (0.2, -5)), ((1, 10, 3), 1, (0.05, -128), (0.2, -5)),
            ((1, 4, 9), 2, (0.05, 100), (0.05, 7)), ((1, 4, 9), -1, (0.05, 127), (0.9, -128)),
            ((1, 40, 2), 1, (0.05, -128), (0.5, -128)), ((2, 3, 4, 5), 0, (0.1, 0), (0.3, 0))]):
        for exclusive in (False, True):
            name = f"cumsum_{k}{'_exclusive' if exclusive else ''}"
            rng = rng_for(name)
            m = Model()
            x, y = m.tensor("x", "int8", shape, a, a_zero), m.tensor("y", "int8", shape, b, b_zero)
            at = m.tensor("axis", "int32", (), data=np.array(axis, np.int32))
            m.op("CUMSUM", [x, at], [y], opts(S.CumsumOptionsT, exclusive=exclusive, reverse=k % 2 == 1))
            FAMILY.emit(name, "CUMSUM", m.finish([x], [y]), [[draw(rng, "int8", shape)] for _ in range(2)])


def moves():
    n = lambda *values: ("int32", np.array(values, np.int32))
    for dtype in ("int16", "int32", "bool"):
        wide = dtype != "bool"
        x, row = (dtype, (1, 4, 3)), (dtype, (1, 3))
        case(f"slice_{dtype}", "SLICE", [x, n(0, 1, 1), n(1, 2, 2)], [(dtype, (1, 2, 2))], opts(S.SliceOptionsT))
        case(f"strided_slice_{dtype}", "STRIDED_SLICE", [x, n(0, 3, 0), n(1, 0, 3), n(1, -2, 2)],
             [(dtype, (1, 2, 2))], opts(S.StridedSliceOptionsT))
        case(f"reverse_{dtype}", "REVERSE_V2", [x, n(1)], [x], opts(S.ReverseV2OptionsT))
        case(f"concatenation_{dtype}", "CONCATENATION", [x, x], [(dtype, (1, 4, 6))],
             opts(S.ConcatenationOptionsT, axis=2))
        case(f"broadcast_to_{dtype}", "BROADCAST_TO", [row, n(1, 2, 3)], [(dtype, (1, 2, 3))],
             opts(S.BroadcastToOptionsT))
        case(f"tile_{dtype}", "TILE", [x, n(1, 1, 3)], [(dtype, (1, 4, 9))], opts(S.TileOptionsT), "litert")
        case(f"squeeze_{dtype}", "SQUEEZE", [(dtype, (1, 4, 1))], [(dtype, (1, 4))],
             opts(S.SqueezeOptionsT, squeezeDims=[2]))
        case(f"transpose_{dtype}", "TRANSPOSE", [x, n(0, 2, 1)], [(dtype, (1, 3, 4))], opts(S.TransposeOptionsT),
             "tflm" if dtype == "int16" else "litert")
        case(f"expand_dims_{dtype}", "EXPAND_DIMS", [x, n(1)], [(dtype, (1, 1, 4, 3))],
             opts(S.ExpandDimsOptionsT), "tflm" if dtype == "int16" else "litert")
        case(f"pad_{dtype}", "PAD", [x, ("int32", np.array([[0, 0], [1, 0], [2, 1]], np.int32))],
             [(dtype, (1, 5, 6))], opts(S.PadOptionsT), "tflm" if wide else "litert")
        case(f"mirror_pad_{dtype}", "MIRROR_PAD", [x, ("int32", np.array([[0, 0], [2, 1], [1, 1]], np.int32))],
             [(dtype, (1, 7, 5))], opts(S.MirrorPadOptionsT), "litert")
        if dtype == "int32":
            case("depth_to_space_int32", "DEPTH_TO_SPACE", [(dtype, (1, 2, 3, 8))], [(dtype, (1, 4, 6, 2))],
                 opts(S.DepthToSpaceOptionsT, blockSize=2), "litert")
            case("space_to_depth_int32", "SPACE_TO_DEPTH", [(dtype, (1, 4, 6, 2))], [(dtype, (1, 2, 3, 8))],
                 opts(S.SpaceToDepthOptionsT, blockSize=2), "litert")
        case(f"unpack_{dtype}", "UNPACK", [x], [(dtype, (1, 3))] * 4, opts(S.UnpackOptionsT, num=4, axis=1),
             "tflm" if wide else "litert")
        if wide:
            case(f"padv2_{dtype}", "PADV2",
                 [x, ("int32", np.array([[0, 0], [1, 0], [2, 1]], np.int32)), (dtype, np.array([-1], DT[dtype][1]))],
                 [(dtype, (1, 5, 6))], opts(S.PadV2OptionsT))
            case(f"split_{dtype}", "SPLIT", [n(1), x], [(dtype, (1, 2, 3))] * 2, opts(S.SplitOptionsT, numSplits=2))
            case(f"split_v_{dtype}", "SPLIT_V", [x, n(1, 3), n(1)], [(dtype, (1, 1, 3)), (dtype, (1, 3, 3))],
                 opts(S.SplitVOptionsT, numSplits=2))
            case(f"pack_{dtype}", "PACK", [row, row, row], [(dtype, (1, 3, 3))],
                 opts(S.PackOptionsT, valuesCount=3, axis=1))


def folded():
    """Constants that are computed from shapes."""
    name = "broadcast_args"
    rng = rng_for(name)
    m = Model()
    x, y = tensor(m, "x", "int8", (1, 3, 1)), tensor(m, "y", "int8", (1, 3, 4))
    a, b = (m.tensor(n, "int32", (len(v),), data=np.array(v, np.int32)) for n, v in (("a", [3, 1]), ("b", [1, 1, 4])))
    shape = m.tensor("shape", "int32", (3,))
    m.op("BROADCAST_ARGS", [a, b], [shape])
    m.op("BROADCAST_TO", [x, shape], [y], opts(S.BroadcastToOptionsT), version=2)
    FAMILY.emit(name, "BROADCAST_TO", m.finish([x], [y]), [[draw(rng, "int8", (1, 3, 1))] for _ in range(2)], "litert")

    name = "zeros_like"
    rng = rng_for(name)
    m = Model()
    x, zeros, y = tensor(m, "x", "int8", (1, 6)), tensor(m, "zeros", "int8", (1, 6)), tensor(m, "y", "int8", (1, 6))
    m.op("ZEROS_LIKE", [x], [zeros], opts(S.ZerosLikeOptionsT))
    m.op("MAXIMUM", [x, zeros], [y], opts(S.MaximumMinimumOptionsT))
    FAMILY.emit(name, "MAXIMUM", m.finish([x], [y]), [[draw(rng, "int8", (1, 6))] for _ in range(2)])


def borders():
    """float32 at the ends of the network."""
    def edges(name, inner, oracle="tflm", runs=3):
        rng = rng_for(name)
        m = Model()
        x = m.tensor("x", "float32", (1, 4, 4, 3))
        y, shape = inner(m, x)
        out = m.tensor("out", "float32", shape)
        m.op("DEQUANTIZE", [y], [out], S.DequantizeOptionsT())
        feeds = [[rng.normal(0, 3, (1, 4, 4, 3)).astype(F)] for _ in range(runs)]
        FAMILY.emit(name, "QUANTIZE", m.finish([x], [out]), feeds, oracle)

    def quantized(m, x, name, dtype, scale, zero, shape=(1, 4, 4, 3)):
        q = m.tensor(name, dtype, shape, scale, zero)
        m.op("QUANTIZE", [x], [q], S.QuantizeOptionsT())
        return q

    def relu(m, x):
        q = quantized(m, x, "q", "int8", 0.05, 3)
        y = m.tensor("y", "int8", (1, 4, 4, 3), 0.03, -128)
        m.op("RELU", [q], [y])
        return y, (1, 4, 4, 3)

    def reshaped(m, x):
        q = quantized(m, x, "q", "int16", 0.001, 0)
        y = m.tensor("y", "int16", (1, 48), 0.001, 0)
        shape = m.tensor("shape", "int32", (2,), data=np.array([1, 48], np.int32))
        m.op("RESHAPE", [q, shape], [y], opts(S.ReshapeOptionsT, newShape=[1, 48]))
        return y, (1, 48)

    def twice(m, x):
        a, b = (quantized(m, x, name, "int8", 0.05, 3) for name in ("a", "b"))
        y = m.tensor("y", "int8", (1, 4, 4, 3), 0.09, 5)
        m.op("ADD", [a, b], [y], opts(S.AddOptionsT))
        return y, (1, 4, 4, 3)

    def through_float(m, x):
        q = quantized(m, x, "q", "int8", 0.05, 3)
        f = m.tensor("f", "float32", (1, 4, 4, 3))
        m.op("DEQUANTIZE", [q], [f], S.DequantizeOptionsT())
        return quantized(m, f, "z", "int8", 0.07, -9), (1, 4, 4, 3)

    edges("float_edges", relu)
    edges("float_edges_int16", reshaped)
    edges("float_quantized_twice", twice)
    edges("float_between", through_float)
    for dtype in ("int8", "int16", "int32", "bool"):
        case(f"cast_{dtype}_float32", "CAST", [(dtype, (1, 4, 9), (-99, 99) if dtype == "int32" else None)],
             [("float32", (1, 4, 9))], opts(S.CastOptionsT),
             refused="a model without int8 or int16 is taken as float32" if dtype in ("int32", "bool") else None)


def refusals():
    both = ("int32", (1, 4))
    case("div_int32_by_zero", "DIV", [both, ("int32", np.array([3, 0, 1, 2], np.int32))], [both],
         opts(S.DivOptionsT), refused="a divisor is 0")
    case("floor_mod_by_zero", "FLOOR_MOD", [both, ("int32", np.array([0], np.int32))], [both],
         opts(S.FloorModOptionsT), refused="a divisor is 0")
    case("padv2_int32_of_5", "PADV2", [("int32", (1, 4)), ("int32", np.array([[0, 0], [1, 1]], np.int32)),
                                       ("int32", np.array([5], np.int32))], [("int32", (1, 6))],
         opts(S.PadV2OptionsT), refused="the bytes of the border differ")
    case("add_int64", "ADD", [("int64", (1, 4))] * 2, [("int64", (1, 4))], opts(S.AddOptionsT),
         refused="int64")
    case("gather_by_int16", "GATHER", [("int8", (1, 5)), ("int16", (3,))], [("int8", (1, 3))],
         opts(S.GatherOptionsT, axis=1), refused="indices of int16")
    case("gather_nd_of_5", "GATHER_ND", [("int8", (1, 2, 2, 2, 2)), ("int32", (3, 5))], [("int8", (3,))],
         opts(S.GatherNdOptionsT), refused="five components")
    case("floor_int8", "FLOOR", [("int8", (1, 5))], [("int8", (1, 5))], refused="no kernel of int8")


arithmetic()
refusals()
truths()
choices()
conversions()
gathers()
indices()
sums()
moves()
folded()
borders()
FAMILY.write()
