#!/usr/bin/env python3
"""Elementwise operators: quotients, squared differences, extremes, comparisons, truths, choices,
rectifiers with slopes, and functions of one number. See case.py.

Where every pair of int8 numbers can tell rival arithmetic apart, one operand runs along the rows and
the other along the columns of a rectangle, so that one model holds a thousand pairs and more. Functions of
one number are asked for all 256.

What the references forbid is left out: a divisor of 0, roots of what is below 0, comparisons of
scales of 1 and above, and quotients whose last shift exceeds 31 bits, where C leaves TFLM's result
undefined.
"""

import math

import numpy as np

from case import F, S, Family, Model, opts, rng_for

FAMILY = Family("element")
ALL = np.arange(-128, 128, dtype=np.int8)


def scale(rng, low, high):
    return float(F(10 ** rng.uniform(low, high)))


def zero(rng):
    return int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128)), int(rng.integers(-128, 128))]))


def values(rng, shape):
    return rng.integers(-128, 128, shape).astype(np.int8)


def binary(name, op, options, a, b, out, oracle="tflm", runs=2, refused=None, kind="int8"):
    """a, b: (array or shape, scale, zero); an array is a constant."""
    rng = rng_for("feed " + name)
    m = Model()
    ids, fed = [], []
    for key, (what, s, z) in zip("ab", (a, b)):
        constant = isinstance(what, np.ndarray)
        shape = what.shape if constant else what
        i = m.tensor(key, kind, shape, None if kind == "bool" else s, z, data=what if constant else None)
        ids.append(i)
        if not constant:
            fed.append((i, shape))
    dtype, s, z = out
    shape = np.broadcast_shapes(*[w.shape if isinstance(w, np.ndarray) else w for w, _, _ in (a, b)])
    y = m.tensor("y", dtype, shape, None if dtype == "bool" else s, z)
    m.op(op, ids, [y], options)
    feeds = [[values(rng, s) if kind == "int8" else rng.random(s) > 0.5 for _, s in fed] for _ in range(runs)]
    return FAMILY.emit(name, op, m.finish([i for i, _ in fed], [y]), feeds, oracle=oracle, refused=refused)


def unary(name, op, si, zi, so, zo, options=None, oracle="tflm", x=ALL, out="int8", kind="int8"):
    m = Model()
    a = m.tensor("x", kind, (1, len(x)), si, zi)
    y = m.tensor("y", out, (1, len(x)), so, zo)
    m.op(op, [a], [y], options)
    FAMILY.emit(name, op, m.finish([a], [y]), [[x.reshape(1, -1)]], oracle=oracle)


# Shapes of two operands.
SHAPES = [((1, 7), (1, 7)), ((1, 3, 4, 5), (5,)), ((1, 1, 4, 1), (1, 3, 1, 5)), ((1, 2, 3, 4), (1, 1)),
          ((2, 3), (1, 2, 3)), ((1, 40), (1, 1))]


def square(name, op, options, sa, za, b, sb, zb, out):
    """32 numbers of the first operand, a few at both ends of zero among them, with each of the
    second's, which are constant."""
    m = Model()
    rng = rng_for("square " + name)
    x = np.unique(np.clip(np.concatenate([za + np.arange(-4, 5), [-128, 127], rng.permutation(ALL)[:60]]), -128, 127))
    x = rng.permutation(x)[:32].astype(np.int8).reshape(1, 32, 1)
    a = m.tensor("a", "int8", x.shape, sa, za)
    bb = m.tensor("b", "int8", b.shape, sb, zb, data=b)
    dtype, so, zo = out
    y = m.tensor("y", dtype, (1, 32, b.shape[2]), so, zo)
    m.op(op, [a, bb], [y], options)
    FAMILY.emit(name, op, m.finish([a], [y]), [[x]])


def div_is_defined(x, za, sa, y, zb, sb, so):
    """No divisor of 0, and no shift beyond 31."""
    _, exponent = math.frexp(sa / (sb * so))
    a = x.astype(int) - za
    d = y.astype(int) - zb
    a = np.where(d < 0, -a, a)
    d = np.abs(d)
    bits = lambda v: np.where(v > 0, np.floor(np.log2(np.maximum(v, 1))).astype(int) + 1, 0)
    headroom = np.where(a >= 0, 31 - bits(a), 32 - bits(2 * -a - 1))
    return (d != 0) & (bits(d) - 1 + headroom - exponent <= 31)


def div_cases():
    for k in range(16):
        name = f"div_{k}"
        rng = rng_for(name)
        sa, sb, za, zb, zo = scale(rng, -3, 0), scale(rng, -3, 0), zero(rng), zero(rng), zero(rng)
        shape_a, shape_b = SHAPES[k % len(SHAPES)]
        act = [0, 0, 1, 3, 2][k % 5]
        # A result's range that some quotients leave; as wide as is always defined.
        so = float(F(sa / sb / 2 ** rng.uniform(7.1, 9)))
        m = Model()
        const_b = k % 3 == 1
        feeds = []
        b_data = values(rng, shape_b)
        b_data = np.where(b_data.astype(int) == zb, zb - 1 if zb > 0 else zb + 1, b_data).astype(np.int8)
        for _ in range(3):
            a = values(rng, shape_a)
            b = b_data if const_b else np.roll(b_data, 1)
            assert div_is_defined(a, za, sa, b, zb, sb, so).all(), name
            feeds.append([a] if const_b else [a, b])
        a = m.tensor("a", "int8", shape_a, sa, za)
        b = m.tensor("b", "int8", shape_b, sb, zb, data=b_data if const_b else None)
        shape = np.broadcast_shapes(shape_a, shape_b)
        y = m.tensor("y", "int8", shape, so, zo)
        m.op("DIV", [a, b], [y], opts(S.DivOptionsT, fusedActivationFunction=act))
        FAMILY.emit(name, "DIV", m.finish([a] if const_b else [a, b], [y]), feeds)
    for k in range(4):
        name = f"div_square_{k}"
        rng = rng_for(name)
        sa, sb, za, zb, zo = scale(rng, -3, 0), scale(rng, -3, 0), zero(rng), zero(rng), zero(rng)
        so = float(F(sa / sb / 2 ** rng.uniform(7.1, 8)))
        b = ALL[ALL.astype(int) != zb][::7].reshape(1, 1, -1)
        square(name, "DIV", opts(S.DivOptionsT), sa, za, b, sb, zb, ("int8", so, zo))


def squared_cases():
    for k in range(10):
        name = f"squared_difference_{k}"
        rng = rng_for(name)
        sa, sb, za, zb, zo = scale(rng, -4, 1), scale(rng, -4, 1), zero(rng), zero(rng), zero(rng)
        sb = sa if k % 4 == 0 else sb
        so = float(F((255 * max(sa, sb)) ** 2 / 255 / 10 ** rng.uniform(0, 2)))
        shape_a, shape_b = SHAPES[k % len(SHAPES)]
        b = values(rng, shape_b) if k % 3 == 1 else shape_b
        binary(name, "SQUARED_DIFFERENCE", opts(S.SquaredDifferenceOptionsT), (shape_a, sa, za), (b, sb, zb),
               ("int8", so, zo))
    for k in range(3):
        name = f"squared_difference_square_{k}"
        rng = rng_for(name)
        sa, sb, za, zb, zo = scale(rng, -3, 0), scale(rng, -3, 0), zero(rng), zero(rng), zero(rng)
        so = float(F((255 * max(sa, sb)) ** 2 / 255 / 10 ** rng.uniform(0, 1)))
        square(name, "SQUARED_DIFFERENCE", opts(S.SquaredDifferenceOptionsT), sa, za,
               ALL[::7].reshape(1, 1, -1), sb, zb, ("int8", so, zo))


def extreme_cases():
    for op in ("MAXIMUM", "MINIMUM"):
        for k, (shape_a, shape_b) in enumerate(SHAPES):
            name = f"{op.lower()}_{k}"
            rng = rng_for(name)
            s, z = scale(rng, -4, 1), zero(rng)
            b = values(rng, shape_b) if k % 3 == 1 else shape_b
            # The kernels do not look at scales: one case has three of them.
            sb, so = (s, s) if k != 3 else (s * 2, s * 3)
            binary(name, op, opts(S.MaximumMinimumOptionsT), (shape_a, s, z), (b, sb, z), ("int8", so, z))


COMPARISONS = {"EQUAL": S.EqualOptionsT, "NOT_EQUAL": S.NotEqualOptionsT, "GREATER": S.GreaterOptionsT,
               "GREATER_EQUAL": S.GreaterEqualOptionsT, "LESS": S.LessOptionsT, "LESS_EQUAL": S.LessEqualOptionsT}


def comparison_cases():
    for op, cls in COMPARISONS.items():
        for k in range(4):
            name = f"{op.lower()}_{k}"
            rng = rng_for(name)
            shape_a, shape_b = SHAPES[(k + len(op)) % len(SHAPES)]
            # From scales that leave nothing of small numbers to nearly 1.
            sa = [scale(rng, -2, -1), scale(rng, -5, -3), 0.999, scale(rng, -1, -0.1)][k]
            sb = sa if k == 1 else float(F(sa * rng.uniform(0.3, 1)))
            b = values(rng, shape_b) if k % 3 == 1 else shape_b
            binary(name, op, cls(), (shape_a, sa, zero(rng)), (b, sb, zero(rng)), ("bool", None, 0))
        name = f"{op.lower()}_square"
        rng = rng_for(name)
        sa = scale(rng, -3, -0.5)
        sb = float(F(sa * rng.uniform(0.8, 1)))
        square(name, op, cls(), sa, zero(rng), ALL[::7].reshape(1, 1, -1), sb, zero(rng), ("bool", None, 0))
    for op in ("EQUAL", "NOT_EQUAL"):
        binary(f"{op.lower()}_of_truths", op, COMPARISONS[op](), ((1, 3, 4), None, 0), ((1, 3, 4), None, 0),
               ("bool", None, 0), kind="bool")


def truth_cases():
    for op, cls in (("LOGICAL_AND", S.LogicalAndOptionsT), ("LOGICAL_OR", S.LogicalOrOptionsT)):
        for k, (shape_a, shape_b) in enumerate(SHAPES[:4]):
            rng = rng_for(f"{op} {k}")
            b = rng.random(shape_b) > 0.5 if k == 1 else shape_b
            binary(f"{op.lower()}_{k}", op, cls(), (shape_a, None, 0), (b, None, 0), ("bool", None, 0), kind="bool")
    unary("logical_not", "LOGICAL_NOT", None, 0, None, 0, S.LogicalNotOptionsT(), x=np.array([True, False, True]),
          out="bool", kind="bool")


def select_cases():
    def emit(name, op, condition, a, b, oracle):
        rng = rng_for(name)
        s, z = scale(rng, -3, 0), zero(rng)
        m = Model()
        ids, fed = [], []
        for key, what, kind in (("c", condition, "bool"), ("a", a, "int8"), ("b", b, "int8")):
            constant = isinstance(what, np.ndarray)
            shape = what.shape if constant else what
            i = m.tensor(key, kind, shape, None if kind == "bool" else s, z if kind == "int8" else 0,
                         data=what if constant else None)
            ids.append(i)
            if not constant:
                fed.append((i, shape, kind))
        shapes = [np.shape(w) if isinstance(w, np.ndarray) else w for w in (condition, a, b)]
        shape = shapes[1] if op == "SELECT" else np.broadcast_shapes(*shapes)
        y = m.tensor("y", "int8", shape, s, z)
        m.op(op, ids, [y], S.SelectOptionsT() if op == "SELECT" else S.SelectV2OptionsT())
        feeds = [[rng.random(s) > 0.5 if kind == "bool" else values(rng, s) for _, s, kind in fed] for _ in range(3)]
        FAMILY.emit(name, op, m.finish([i for i, _, _ in fed], [y]), feeds, oracle=oracle)

    rng = rng_for("select")
    full = (1, 2, 3, 4)
    for k, (c, a, b) in enumerate([(full, full, full), ((1, 2, 1, 4), full, (4,)), ((1,), full, full),
                                   (full, (1, 1, 1, 1), full), (full, full, values(rng, (1, 1, 1, 4))),
                                   (rng.random((1, 1, 3, 1)) > 0.5, full, full), ((3, 4), full, values(rng, (1,))),
                                   ((1, 50), (1, 50), (1, 50))]):
        emit(f"select_v2_{k}", "SELECT_V2", c, a, b, "tflm")
    for k, (c, a) in enumerate([((1, 3, 4), (1, 3, 4)), ((1,), (1, 3, 4)), ((), (1, 3, 4)),
                                (np.array([True, False, True]), (3, 4))]):
        emit(f"select_{k}", "SELECT", c, a, a, "litert")


def prelu_cases():
    for k in range(10):
        name = f"prelu_{k}"
        rng = rng_for(name)
        x, slope = [((1, 4, 4, 3), (1, 1, 3)), ((1, 4, 4, 3), (4, 4, 3)), ((1, 12), (12,)), ((1, 5, 6), (6,)),
                    ((1, 4, 4, 3), (1, 1, 1))][k % 5]
        sx, ss, zx, zs, zo = scale(rng, -3, 0), scale(rng, -3, -1), zero(rng), zero(rng), zero(rng)
        so = float(F(max(sx, sx * ss * 255) / 10 ** rng.uniform(0, 1.5)))
        binary(name, "PRELU", None, (x, sx, zx), (values(rng, slope) if k < 8 else slope, ss, zs), ("int8", so, zo))
    for k in range(2):
        name = f"prelu_square_{k}"
        rng = rng_for(name)
        sx, ss = scale(rng, -3, 0), scale(rng, -3, -1)
        so = float(F(max(sx, sx * ss * 255) / 10 ** rng.uniform(0, 1)))
        square(name, "PRELU", None, sx, int(rng.integers(0, 100)), ALL[::7].reshape(1, 1, -1), ss, zero(rng),
               ("int8", so, zero(rng)))


def unary_cases():
    for k in range(6):
        rng = rng_for(f"unary {k}")

        def p():
            return scale(rng, -2.5, -0.7), zero(rng), scale(rng, -2.5, -0.7), zero(rng)

        si, zi, so, zo = p()
        unary(f"abs_{k}", "ABS", si, zi, si if k == 0 else so, zo, S.AbsOptionsT())
        unary(f"neg_{k}", "NEG", si, 0, si, 0, S.NegOptionsT(), oracle="litert")
        si, zi, so, zo = p()
        unary(f"exp_{k}", "EXP", si, zi, so, zo, S.ExpOptionsT(), oracle="litert")
        si, zi, so, zo = p()
        unary(f"log_{k}", "LOG", si, [-128, -5, 127][k % 3], so, zo, oracle="litert")
        for op, oracle in (("SQRT", "litert"), ("RSQRT", "tflm")):
            si, _, so, zo = p()
            zi = [-128, -100, 0][k % 3]
            so = so if op == "SQRT" else float(F(1 / math.sqrt(si) / rng.uniform(20, 120)))
            unary(f"{op.lower()}_{k}", op, si, zi, so, zo, oracle=oracle, x=np.arange(zi, 128, dtype=np.int8))
        for form in (False, True):
            si, zi, so, zo = p()
            unary(f"gelu_{'tanh' if form else 'erf'}_{k}", "GELU", si, zi, so, zo,
                  opts(S.GeluOptionsT, approximate=form), oracle="litert")
        for op in ("RELU_0_TO_1", "RELU_N1_TO_1"):
            si, zi, so, zo = p()
            unary(f"{op.lower()}_{k}", op, si, zi, so, zo, oracle="litert")
    to = lambda a, b: opts(S.CastOptionsT, inDataType=a, outDataType=b)
    unary("cast_to_truth", "CAST", 0.1, 3, None, 0, to(S.TensorType.INT8, S.TensorType.BOOL), out="bool")
    unary("cast_from_truth", "CAST", None, 0, 0.1, 3, to(S.TensorType.BOOL, S.TensorType.INT8),
          x=np.array([True, False, True]), kind="bool")


def block_cases():
    """Graphs: what a comparison says chooses; swish as Keras writes it; a clip by two constants."""
    rng = rng_for("blocks")
    m = Model()
    x = m.tensor("x", "int8", (1, 3, 4), 0.05, -3)
    limit = m.tensor("limit", "int8", (4,), 0.02, 5, data=values(rng, (4,)))
    other = m.tensor("other", "int8", (1, 3, 4), 0.05, -3)
    more = m.tensor("more", "bool", (1, 3, 4))
    kept = m.tensor("kept", "int8", (1, 3, 4), 0.05, -3)
    m.op("GREATER", [x, limit], [more], S.GreaterOptionsT())
    m.op("SELECT_V2", [more, x, other], [kept], S.SelectV2OptionsT())
    FAMILY.emit("block_greater_select", "SELECT_V2", m.finish([x, other], [kept]),
                [[values(rng, (1, 3, 4)), values(rng, (1, 3, 4))] for _ in range(3)])
    for k in range(3):
        m = Model()
        x = m.tensor("x", "int8", (1, 256), scale(rng, -2, -1), zero(rng))
        gate = m.tensor("gate", "int8", (1, 256), 1 / 256, -128)
        y = m.tensor("y", "int8", (1, 256), scale(rng, -2, -1), zero(rng))
        m.op("LOGISTIC", [x], [gate])
        m.op("MUL", [x, gate], [y], S.MulOptionsT())
        FAMILY.emit(f"block_swish_{k}", "MUL", m.finish([x], [y]), [[ALL.reshape(1, 256)]])
    m = Model()
    x = m.tensor("x", "int8", (1, 256), 0.1, 7)
    low, high = [m.tensor(n, "int8", (1,), 0.1, 7, data=np.array([v], np.int8)) for n, v in (("low", -60), ("high", 90))]
    above, y = m.tensor("above", "int8", (1, 256), 0.1, 7), m.tensor("y", "int8", (1, 256), 0.1, 7)
    m.op("MAXIMUM", [x, low], [above], S.MaximumMinimumOptionsT())
    m.op("MINIMUM", [above, high], [y], S.MaximumMinimumOptionsT())
    FAMILY.emit("block_clip", "MINIMUM", m.finish([x], [y]), [[ALL.reshape(1, 256)]])


def island_cases():
    """Functions of float32 between DEQUANTIZE and QUANTIZE, of all 256 numbers."""
    functions = [("LEAKY_RELU", opts(S.LeakyReluOptionsT, alpha=a)) for a in (0.1, -0.3, 1.7)]
    functions += [(op, None) for op in ("RELU", "RELU6", "ABS", "NEG", "SQRT", "RSQRT")]
    for k, (op, options) in enumerate(functions):
        rng = rng_for(f"island {op} {k}")
        m = Model()
        # Roots of numbers below 0 are none, and the reciprocal of 0 is none.
        z = -128 if op in ("SQRT", "RSQRT") else zero(rng)
        first = -127 if op == "RSQRT" else -128
        n = 128 - first
        x = m.tensor("x", "int8", (1, n), scale(rng, -2, -1), z)
        real, result = m.tensor("real", "float32", (1, n)), m.tensor("result", "float32", (1, n))
        y = m.tensor("y", "int8", (1, n), scale(rng, -2, -1), zero(rng))
        m.op("DEQUANTIZE", [x], [real])
        m.op(op, [real], [result], options)
        m.op("QUANTIZE", [result], [y])
        FAMILY.emit(f"island_{op.lower()}_{k}", op, m.finish([x], [y]),
                    [[np.arange(first, 128, dtype=np.int8).reshape(1, n)]])


def refused_cases():
    shape = (1, 3)
    binary("equal_of_scale_1", "EQUAL", S.EqualOptionsT(), (shape, 1.0, 0), (shape, 0.5, 0), ("bool", None, 0),
           refused="TFLM wants scales below 1")
    binary("floor_div", "FLOOR_DIV", S.FloorDivOptionsT(), (shape, 0.1, 0), (shape, 0.1, 0), ("int8", 0.1, 0),
           refused="only LiteRT has a kernel, which stops at a divisor of 0")
    binary("floor_mod", "FLOOR_MOD", S.FloorModOptionsT(), (shape, 0.1, 0), (shape, 0.1, 0), ("int8", 0.1, 0),
           refused="only LiteRT has a kernel, which stops at a divisor of 0")
    binary("pow", "POW", S.PowOptionsT(), (shape, 0.1, 0), (shape, 0.1, 0), ("int8", 0.1, 0),
           refused="no reference has an int8 kernel")


for cases in (div_cases, squared_cases, extreme_cases, comparison_cases, truth_cases, select_cases, prelu_cases,
              unary_cases, block_cases, island_cases, refused_cases):
    cases()
FAMILY.write()
