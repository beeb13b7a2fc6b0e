#!/usr/bin/env python3
"""Makes the integer oracle: single-operator int8 models and what TFLM's reference kernels answer.

Usage (from the repository's root):

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r tests/scripts/requirements.txt
    /tmp/venv/bin/python tests/scripts/make_tflm_cases.py [--root DIR]

Needs PyPI `tflite-micro` (reference kernels, no CMSIS-NN), `flatbuffers`, `pyyaml`, `numpy`; no
TensorFlow: the .tflite files are written with the schema classes that `tflite-micro` ships.

Writes
    tests/golden/tflm_ops/OP.json            all cases of one operator; one case a line
    tests/golden/tflm_ops/models/NAME.tflite the model that each case ran

OP.json = {"op": "CONV_2D", "cases": [CASE, ...]}. CASE =
    name      unique, also the name of the .tflite
    inputs    activations: [{"dtype", "shape", "scale", "zero_point", "data"}, ...]
    output    {"dtype", "shape", "scale", "zero_point", "data"}; data is TFLM's answer
    filter    (convolutions, dense) {"shape", "scales", "data"}: int8, zero point 0; "scales" has
              one number (per tensor) or one for each output channel
    bias      (convolutions, dense) int32 numbers, or null
    params    integers, strings and floats of the operator, defaults written out:
        CONV_2D, DEPTHWISE_CONV_2D  stride_h/w, dilation_h/w, pad_top/left/bottom/right (resolved;
                  bottom and right are what the output's size implies, never negative),
                  depth_multiplier (depthwise), activation
        FULLY_CONNECTED             activation
        AVERAGE_POOL_2D, MAX_POOL_2D  filter_h/w, stride_h/w, pad_*, activation
        ADD, SUB, MUL               activation
        CONCATENATION axis; PAD, PADV2 paddings (a [before, after] for each axis), PADV2 also value;
        SOFTMAX beta; LEAKY_RELU alpha; MEAN axes, keep_dims; PRELU alpha {dtype, shape, scale,
        zero_point, data}
    expect_act_min / expect_act_max  (where there is an activation) its clamp as quantized numbers

Layouts are TFLite's: NHWC, filters OHWI, depthwise 1HWO (O = channel * multiplier + m), dense
[out, in]. Arrays are flat, C order. Scales, beta and alpha are float32 values written so that
reading them as f64 gives exactly that float32. float32 data likewise.

Activations: NONE, RELU, RELU6, RELU_N1_TO_1.

The convolutions, dense layers, ADD, SUB, MUL and their clamps are computed here a second time, in
numpy, from the very description that goes into the JSON; a difference from TFLM stops the script.
Cases named telling_roundings* are searched so that rival arithmetic (a single rounding, the other
product of scales, exact rounding of the real value) gives other bytes: passing them means
having the same arithmetic. What that shows about TFLM (all figures as in the C++):
    * effective scale: (f64(s_in) * f64(s_w[c])) / f64(s_out), for convolutions and for dense layers,
      per tensor and per channel alike (the float32 product s_in * s_w, which older sources of the
      dense kernel show, is NOT what this build does)
    * multiplier: frexp, round(q * 2^31) half away from zero, 2^31 becomes 2^30 and shift + 1;
      shift < -31 gives multiplier 0
    * ADD, SUB: inputs << 20, each times s / (2 * max(s_a, s_b)), sum, times
      2 * max / (2^20 * s_out); MUL: f64 s_a * s_b / s_out
    * double rounding: SRDHM (nudge 2^30 or 1 - 2^30, truncating division by 2^31), then rounding
      shift half away from zero

Everything is seeded by the case's name: running it again gives the same bytes.
"""

import argparse
import json
import math
import pathlib
import shutil
import zlib

import flatbuffers
import numpy as np
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as S

F = np.float32
B = S.BuiltinOperator
ACT = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
DT = {"int8": (S.TensorType.INT8, np.int8), "int16": (S.TensorType.INT16, np.int16),
      "int32": (S.TensorType.INT32, np.int32), "float32": (S.TensorType.FLOAT32, np.float32)}
CASES = {}
MODELS = {}


def rng_for(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


class Model:
    """A .tflite with one operator."""

    def __init__(self):
        self.m = S.ModelT()
        self.m.version = 3
        self.m.description = "tiivis-tests"
        empty = S.BufferT()
        empty.data = None
        self.m.buffers = [empty]
        self.sg = S.SubGraphT()
        self.sg.name = "main"
        self.sg.tensors, self.sg.inputs, self.sg.outputs = [], [], []
        self.m.subgraphs = [self.sg]

    def tensor(self, name, dtype, shape, scales=None, zero=0, qdim=0, data=None):
        t = S.TensorT()
        t.name, t.type, t.shape = name, DT[dtype][0], [int(d) for d in shape]
        if data is None:
            t.buffer = 0
        else:
            b = S.BufferT()
            b.data = np.frombuffer(np.ascontiguousarray(data, dtype=DT[dtype][1]).tobytes(), np.uint8)
            self.m.buffers.append(b)
            t.buffer = len(self.m.buffers) - 1
        if scales is not None:
            scales = np.atleast_1d(np.asarray(scales, F))
            q = S.QuantizationParametersT()
            q.scale = scales
            q.zeroPoint = np.full(len(scales), zero, np.int64)
            q.quantizedDimension = qdim
            t.quantization = q
        self.sg.tensors.append(t)
        return len(self.sg.tensors) - 1

    def finish(self, op, version, ins, outs, opt_type=0, opt=None):
        code = S.OperatorCodeT()
        code.builtinCode, code.version = op, version
        code.deprecatedBuiltinCode = min(op, 127)
        self.m.operatorCodes = [code]
        o = S.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = 0, ins, outs
        o.builtinOptionsType, o.builtinOptions = opt_type, opt
        self.sg.operators = [o]
        b = flatbuffers.Builder(1024)
        b.Finish(self.m.Pack(b), file_identifier=b"TFL3")
        return bytes(b.Output())


def run(data, feeds):
    i = runtime.Interpreter.from_bytes(data, arena_size=1 << 20,
                                       intrepreter_config=runtime.InterpreterConfig.kAllocationRecording)
    for k, x in enumerate(feeds):
        i.set_input(x, k)
    i.invoke()
    return np.array(i.get_output(0))


def opts(cls, **kw):
    o = cls()
    for k, v in kw.items():
        setattr(o, k, v)
    return o


def num(x):
    """float32 as a decimal that f64 parsing returns exactly."""
    return float(F(x))


def flat(a):
    return [num(v) for v in np.ravel(a)] if np.asarray(a).dtype == F else [int(v) for v in np.ravel(a)]


def tj(dtype, a, scale, zero):
    return {"dtype": dtype, "shape": list(a.shape), "scale": None if scale is None else num(scale),
            "zero_point": zero, "data": flat(a)}


def emit(op, name, model, inputs, out, params, act=None, **more):
    """Runs the model and files the case. inputs: (dtype, array, scale, zero); out: (dtype, shape, scale, zero)."""
    name = f"{op.lower()}_{name}"
    y = run(model, [a for _, a, _, _ in inputs])
    odt, oshape, oscale, ozero = out
    assert y.dtype == DT[odt][1] and list(y.shape) == list(oshape), (name, y.dtype, y.shape, oshape)
    c = {"name": name, "params": params, "inputs": [tj(*i) for i in inputs], **more,
         "output": tj(odt, y, oscale, ozero)}
    if act:
        params["activation"] = act
        lo, hi = act_range(act, oscale, ozero)
        c["expect_act_min"], c["expect_act_max"] = lo, hi
        assert y.min() >= lo and y.max() <= hi, name
    assert name not in MODELS, name
    CASES.setdefault(op, []).append(c)
    MODELS[name] = model
    if y.dtype == np.int8 and y.size > 8 and len(np.unique(y)) < 4:
        print("note: few distinct outputs in", name, np.unique(y))
    return y


# --- Arithmetic, for the self-check ----------------------------------------------------------
def act_range(act, scale, zero):
    def q(v):
        r = F(v) / F(scale)
        return zero + int(math.floor(abs(float(r)) + 0.5) * (1 if r >= 0 else -1))
    lo, hi = -128, 127
    if act in ("RELU", "RELU6"):
        lo = max(lo, q(0.0))
    if act == "RELU6":
        hi = min(hi, q(6.0))
    if act == "RELU_N1_TO_1":
        lo, hi = max(lo, q(-1.0)), min(hi, q(1.0))
    return lo, hi


def quantize_multiplier(d):
    if d == 0.0:
        return 0, 0
    q, shift = math.frexp(d)
    m = int(math.floor(q * (1 << 31) + 0.5))
    if m == 1 << 31:
        m //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return m, shift


def requantize(acc, mult, shift):
    left, right = max(shift, 0), max(-shift, 0)
    a = acc.astype(np.int64) << left
    assert (np.abs(a) < 1 << 31).all(), "accumulator overflows"
    p = a * mult
    n = p + np.where(p >= 0, 1 << 30, 1 - (1 << 30))
    h = np.where(n >= 0, n >> 31, -((-n) >> 31))
    if right == 0:
        return h
    mask = (1 << right) - 1
    rem = h & mask
    return (h >> right) + (rem > (mask >> 1) + (h < 0))


def requantize_single(acc, mult, shift):
    """What a single rounding (TFLITE_SINGLE_ROUNDING) would give: a rival that the cases must expose."""
    t = 31 - shift
    return (np.asarray(acc, np.int64) * mult + (1 << (t - 1))) >> t


def telling_biases(rng, n, eff, rival):
    """n accumulators whose requantized value shows which arithmetic was used: the first half differs
    under single rounding, the second half as far as it can be found, when the effective scale is `rival`
    (f32 against f64 product)."""
    m, r = quantize_multiplier(eff), quantize_multiplier(rival)
    acc = rng.integers(-int(90 / eff), int(90 / eff), 6_000_000)
    y = requantize(acc, *m)
    a = acc[y != requantize_single(acc, *m)]
    b = acc[y != requantize(acc, *r)]
    b = b[:n - n // 2]          # may be few or none, when the two products happen to be near
    return np.concatenate([a[:n - len(b)], b])


def add_ref(a, za, sa, b, zb, sb, zo, so, sign=1, rounding=requantize):
    """ADD (sign 1) and SUB (sign -1) as in TFLM, with the 20-bit left shift."""
    twice = 2 * max(float(F(sa)), float(F(sb)))
    ma, mb = quantize_multiplier(float(F(sa)) / twice), quantize_multiplier(float(F(sb)) / twice)
    mo = quantize_multiplier(twice / ((1 << 20) * float(F(so))))
    va = rounding((a.astype(np.int64) - za) << 20, *ma)
    vb = rounding((b.astype(np.int64) - zb) << 20, *mb)
    return rounding(va + sign * vb, *mo) + zo


def mul_ref(a, za, sa, b, zb, sb, zo, so, rounding=requantize):
    m = quantize_multiplier(float(F(sa)) * float(F(sb)) / float(F(so)))
    return rounding((a.astype(np.int64) - za) * (b.astype(np.int64) - zb), *m) + zo


def conv_ref(x, zin, w, depthwise, bias, p, oshape, effective, zout, lo, hi):
    n, hi_, wi, ci = x.shape
    _, ho, wo, co = oshape
    kh, kw = w.shape[1:3]
    acc = np.zeros(oshape, np.int64) + (0 if bias is None else np.asarray(bias, np.int64))
    v = x.astype(np.int64) - zin
    for oy in range(ho):
        for ox in range(wo):
            for ky in range(kh):
                for kx in range(kw):
                    iy = oy * p["stride_h"] - p["pad_top"] + ky * p["dilation_h"]
                    ix = ox * p["stride_w"] - p["pad_left"] + kx * p["dilation_w"]
                    if not (0 <= iy < hi_ and 0 <= ix < wi):
                        continue
                    if depthwise:
                        acc[:, oy, ox] += np.repeat(v[:, iy, ix], co // ci, axis=1) * w[0, ky, kx]
                    else:
                        cg = w.shape[3]
                        for g in range(ci // cg):
                            o = slice(g * co // (ci // cg), (g + 1) * co // (ci // cg))
                            acc[:, oy, ox, o] += v[:, iy, ix, g * cg:(g + 1) * cg] @ w[o, ky, kx].astype(np.int64).T
    y = np.empty(oshape, np.int64)
    for c in range(co):
        y[..., c] = requantize(acc[..., c], *quantize_multiplier(effective[c])) + zout
    return np.clip(y, lo, hi)


# --- Convolutions and dense ------------------------------------------------------------------
def out_and_pads(size, k, stride, dil, same):
    eff = (k - 1) * dil + 1
    out = -(-size // stride) if same else -(-(size - eff + 1) // stride)
    total = max(0, (out - 1) * stride + eff - size)
    return out, total // 2, total - total // 2


def weights(rng, shape, wmin):
    """Uniform int8; every fifth number is wmin when that is -128 (outside TFLite's rule, yet met in the wild)."""
    w = rng.integers(-127, 128, shape)
    if wmin < -127:
        w.reshape(-1)[::5] = wmin
    return w


def per_channel(rng, n, base, spread):
    return (base * np.exp(rng.uniform(-spread, spread, n))).astype(F)


def conv(name, hw, ci, co, k, stride=(1, 1), dil=(1, 1), same=True, act="NONE", bias=True, batch=1, zin=None, zout=None,
         sin=0.05, gain=1.0, spread=0.5, mult=None, groups=1, x=None, wfill=None, big_bias=False,
         wmin=-127, telling=False):
    """CONV_2D, or DEPTHWISE_CONV_2D when mult is given (then co is ignored)."""
    op = "CONV_2D" if mult is None else "DEPTHWISE_CONV_2D"
    rng = rng_for(op + name)
    depthwise = mult is not None
    if depthwise:
        co = ci * mult
    zin = int(rng.integers(-128, 128)) if zin is None else zin
    zout = int(rng.integers(-60, 60)) if zout is None else zout
    wshape = (1, *k, co) if depthwise else (co, *k, ci // groups)
    w = weights(rng, wshape, wmin) if wfill is None else np.full(wshape, wfill)
    taps = k[0] * k[1] * (1 if depthwise else ci // groups)
    xs = rng.integers(-128, 128, (batch, *hw, ci)) if x is None else np.full((batch, *hw, ci), x)
    base = 0.004
    ws = per_channel(rng, co, base, spread)
    std = math.sqrt(taps) * 73 * (math.hypot(74, zin))
    sout = float(F(sin * base * std / 50 / gain))
    b = rng.integers(-int(std), int(std) + 1, co) if bias else None
    if telling:   # x is the zero point everywhere: the bias is the accumulator
        xs = np.full_like(xs, zin)
        sout = float(F(sin * base / 1.7e-5))
        b = np.array([telling_biases(rng, 2, float(F(sin)) * float(s) / float(F(sout)), float(F(F(sin) * s)) / float(F(sout)))[c % 2]
                      for c, s in enumerate(ws)])
        bias = True
    if big_bias:
        b = rng.choice([-1, 1], co) * rng.integers(1 << 24, 1 << 26, co)
    h, t, bo = out_and_pads(hw[0], k[0], stride[0], dil[0], same)
    wd, l, r = out_and_pads(hw[1], k[1], stride[1], dil[1], same)
    oshape = (batch, h, wd, co)
    p = dict(stride_h=stride[0], stride_w=stride[1], dilation_h=dil[0], dilation_w=dil[1],
             pad_top=t, pad_left=l, pad_bottom=bo, pad_right=r)
    if depthwise:
        p["depth_multiplier"] = mult
    m = Model()
    i = m.tensor("x", "int8", xs.shape, sin, zin)
    f = m.tensor("w", "int8", wshape, ws, 0, 3 if depthwise else 0, w)
    ins = [i, f]
    if bias:
        ins.append(m.tensor("b", "int32", (co,), F(sin) * ws, 0, 0, b))
    o = m.tensor("y", "int8", oshape, sout, zout)
    m.sg.inputs, m.sg.outputs = [i], [o]
    pad = S.Padding.SAME if same else S.Padding.VALID
    kw = dict(padding=pad, strideH=stride[0], strideW=stride[1], dilationHFactor=dil[0], dilationWFactor=dil[1],
              fusedActivationFunction=ACT[act])
    if depthwise:
        data = m.finish(B.DEPTHWISE_CONV_2D, 3, ins, [o], S.BuiltinOptions.DepthwiseConv2DOptions,
                        opts(S.DepthwiseConv2DOptionsT, depthMultiplier=mult, **kw))
    else:
        data = m.finish(B.CONV_2D, 3, ins, [o], S.BuiltinOptions.Conv2DOptions, opts(S.Conv2DOptionsT, **kw))
    y = emit(op, name, data, [("int8", xs.astype(np.int8), sin, zin)], ("int8", oshape, sout, zout), p, act,
             filter={"shape": list(wshape), "scales": [num(s) for s in ws], "data": flat(w)},
             bias=None if b is None else flat(b))
    eff = [float(F(sin)) * float(s) / float(F(sout)) for s in ws]
    ref = conv_ref(xs, zin, w, depthwise, b, p, oshape, eff, zout, *act_range(act, sout, zout))
    assert np.array_equal(ref, y), (name, np.abs(ref - y).max(), (ref != y).sum())


def dense(name, rows, k, n, act="NONE", bias=True, zin=None, zout=None, sin=0.05, gain=1.0, channelwise=False,
          xshape=None, scale_w=0.004, wfill=None, x=None, wmin=-127, telling=False):
    op = "FULLY_CONNECTED"
    rng = rng_for(op + name)
    zin = int(rng.integers(-128, 128)) if zin is None else zin
    zout = int(rng.integers(-60, 60)) if zout is None else zout
    w = weights(rng, (n, k), wmin) if wfill is None else np.full((n, k), wfill)
    xshape = xshape or (rows, k)
    xs = rng.integers(-128, 128, xshape) if x is None else np.full(xshape, x)
    ws = per_channel(rng, n, scale_w, 0.7) if channelwise else np.array([scale_w * rng.uniform(0.7, 1.4)], F)
    std = math.sqrt(k) * 73 * math.hypot(74, zin)
    sout = float(F(sin * scale_w * std / 50 / gain))
    b = rng.integers(-int(std), int(std) + 1, n) if bias else None
    if telling:
        xs = np.full(xshape, zin)
        sout = float(F(sin * scale_w / 1.7e-5))
        f32 = float(F(F(sin) * ws[0])) / float(F(sout))
        f64 = float(F(sin)) * float(ws[0]) / float(F(sout))
        if channelwise:
            b = np.array([telling_biases(rng, 2, float(F(sin)) * float(s) / float(F(sout)),
                                         float(F(F(sin) * s)) / float(F(sout)))[c % 2] for c, s in enumerate(ws)])
        else:
            b = telling_biases(rng, n, f64, f32)
    oshape = (rows, n)
    m = Model()
    i = m.tensor("x", "int8", xshape, sin, zin)
    f = m.tensor("w", "int8", (n, k), ws, 0, 0, w)
    ins = [i, f, m.tensor("b", "int32", (n,), F(sin) * ws, 0, 0, b) if bias else -1]
    o = m.tensor("y", "int8", oshape, sout, zout)
    m.sg.inputs, m.sg.outputs = [i], [o]
    data = m.finish(B.FULLY_CONNECTED, 12 if channelwise else 4, ins, [o], S.BuiltinOptions.FullyConnectedOptions,
                    opts(S.FullyConnectedOptionsT, fusedActivationFunction=ACT[act]))
    y = emit(op, name, data, [("int8", xs.astype(np.int8), sin, zin)], ("int8", oshape, sout, zout), {}, act,
             filter={"shape": [n, k], "scales": [num(s) for s in ws], "data": flat(w)},
             bias=None if b is None else flat(b))
    acc = (xs.reshape(rows, k).astype(np.int64) - zin) @ w.T.astype(np.int64) + (0 if b is None else b)
    lo, hi = act_range(act, sout, zout)
    ref = np.empty(oshape, np.int64)
    for c in range(n):
        if channelwise:
            e = float(F(sin)) * float(ws[c]) / float(F(sout))
        else:
            e = float(F(sin)) * float(ws[0]) / float(F(sout))
        ref[:, c] = requantize(acc[:, c], *quantize_multiplier(e)) + zout
    ref = np.clip(ref, lo, hi)
    assert np.array_equal(ref, y), (name, np.abs(ref - y).max(), (ref != y).sum())


def convolutions():
    conv("plain", (6, 6), 3, 4, (3, 3))
    conv("valid", (6, 7), 3, 5, (3, 3), same=False)
    conv("no_bias", (5, 5), 2, 3, (3, 3), bias=False)
    conv("stride2_odd", (7, 9), 3, 4, (3, 3), (2, 2), act="RELU", zout=-128)
    conv("stride2_even", (8, 6), 3, 4, (3, 3), (2, 2), act="RELU6", zout=-128, gain=4.0)
    conv("stride_unequal", (7, 8), 2, 3, (3, 3), (2, 1), act="RELU_N1_TO_1", zout=0, sin=0.02)
    conv("stride3_valid", (10, 11), 2, 3, (3, 2), (3, 3), same=False)
    conv("dilation2", (9, 8), 2, 3, (3, 3), dil=(2, 2))
    conv("dilation_unequal_valid", (9, 9), 1, 3, (3, 2), dil=(1, 3), same=False)
    conv("pointwise", (4, 5), 16, 9, (1, 1), act="RELU", zout=-128)
    conv("pointwise_stride2", (5, 6), 8, 8, (1, 1), (2, 2))
    conv("pointwise_one_channel", (3, 3), 1, 1, (1, 1))
    conv("pointwise_wide", (2, 2), 40, 17, (1, 1))
    conv("k10x4", (13, 10), 1, 8, (10, 4), (2, 2), act="RELU", zout=-128, zin=83)
    conv("whole_input", (4, 3), 5, 7, (4, 3), same=False)
    conv("kernel_larger_than_input", (2, 2), 3, 4, (5, 5))
    conv("single_pixel", (1, 1), 7, 3, (3, 3))
    conv("pointwise_64", (3, 3), 64, 64, (1, 1), act="RELU", zout=-128)
    conv("k3_16_to_16", (5, 7), 16, 16, (3, 3), act="RELU", zout=-128)
    conv("k3_8_to_12", (8, 8), 8, 12, (3, 3))
    conv("weights_minus_128", (4, 4), 4, 4, (3, 3), wmin=-128)
    conv("telling_roundings", (1, 1), 2, 24, (1, 1), telling=True, zout=0, zin=-5, sin=0.0371)
    conv("batch2", (4, 4), 3, 4, (3, 3), batch=2)
    conv("row", (1, 16), 4, 6, (1, 5), (1, 2))
    conv("groups2", (5, 5), 6, 4, (3, 3), groups=2)
    conv("even_kernel", (6, 6), 2, 3, (2, 4), (1, 2))
    conv("saturating", (4, 4), 3, 4, (3, 3), gain=20.0)
    conv("multiplier_above_one", (3, 3), 1, 4, (1, 1), gain=400.0, zin=0, zout=5)
    conv("tiny_multiplier", (4, 4), 4, 4, (3, 3), gain=0.002, zout=3, big_bias=True)
    conv("spread_scales", (4, 4), 3, 8, (3, 3), spread=4.0)
    conv("zero_points_low", (5, 5), 3, 4, (3, 3), zin=-128, zout=-128)
    conv("zero_points_high", (5, 5), 3, 4, (3, 3), zin=127, zout=127)
    conv("largest_sums", (5, 5), 16, 2, (3, 3), zin=127, zout=0, x=-128, wfill=-127, gain=0.05)
    conv("largest_sums_positive", (5, 5), 16, 2, (3, 3), zin=-128, zout=-3, x=127, wfill=-127, gain=0.05)

    def dw(name, hw, ci, k, *a, mult=1, **kw):
        conv(name, hw, ci, None, k, *a, mult=mult, **kw)

    dw("plain", (6, 6), 4, (3, 3))
    dw("valid", (6, 7), 5, (3, 3), same=False)
    dw("no_bias", (5, 5), 3, (3, 3), bias=False)
    dw("stride2_odd", (7, 9), 4, (3, 3), (2, 2), act="RELU", zout=-128)
    dw("stride2_even", (8, 6), 4, (3, 3), (2, 2), act="RELU6", zout=-128, gain=4.0)
    dw("stride3_valid", (10, 10), 2, (3, 3), (3, 3), same=False)
    dw("dilation2", (9, 8), 3, (3, 3), dil=(2, 2))
    dw("mult2", (5, 6), 3, (3, 3), mult=2)
    dw("mult2_stride2", (7, 6), 3, (3, 3), (2, 2), mult=2, act="RELU", zout=-128)
    dw("mult8_from_one", (8, 7), 1, (5, 4), (2, 2), mult=8)
    dw("wide", (4, 4), 33, (3, 3))
    dw("one_channel", (6, 5), 1, (3, 3))
    dw("k5", (7, 7), 4, (5, 5))
    dw("k1x7", (1, 14), 6, (1, 7), (1, 1))
    dw("whole_input", (5, 4), 6, (5, 4), same=False)
    dw("kernel_larger_than_input", (2, 2), 3, (5, 5))
    dw("pointwise", (3, 3), 5, (1, 1))
    dw("weights_minus_128", (4, 4), 4, (3, 3), wmin=-128)
    dw("telling_roundings", (1, 1), 24, (1, 1), telling=True, zout=0, zin=-5, sin=0.0371)
    dw("batch2", (4, 4), 3, (3, 3), batch=2)
    dw("saturating", (4, 4), 4, (3, 3), gain=20.0)
    dw("spread_scales", (4, 4), 8, (3, 3), spread=4.0)
    dw("zero_points_low", (5, 5), 4, (3, 3), zin=-128, zout=-128)
    dw("zero_points_high", (5, 5), 4, (3, 3), zin=127, zout=127)
    dw("big_bias", (4, 4), 4, (3, 3), gain=0.002, big_bias=True)

    dense("plain", 1, 16, 5)
    dense("no_bias", 1, 16, 5, bias=False)
    dense("relu", 1, 30, 8, act="RELU", zout=-128)
    dense("relu6", 1, 24, 8, act="RELU6", zout=-128, gain=3.0)
    dense("relu_n1_to_1", 1, 24, 8, act="RELU_N1_TO_1", zout=10, sin=0.01)
    dense("batch3", 3, 12, 4)
    dense("one_in", 1, 1, 6)
    dense("one_out", 1, 37, 1)
    dense("one_by_one", 1, 1, 1)
    dense("long", 1, 301, 3)
    dense("wide", 1, 7, 65)
    dense("from_4d", 1, 24, 5, xshape=(1, 2, 3, 4))
    dense("saturating", 1, 16, 8, gain=20.0)
    dense("multiplier_above_one", 1, 3, 6, gain=300.0, zin=0)
    dense("zero_points_low", 1, 16, 6, zin=-128, zout=-128)
    dense("zero_points_high", 1, 16, 6, zin=127, zout=127)
    dense("largest_sums", 1, 300, 2, zin=127, x=-128, wfill=127, gain=0.1)
    for i in range(4):  # the float32 product of the scales shows in some of these
        dense(f"odd_scales_{i}", 4, 20, 8, sin=0.0123 * (1 + 0.37 * i), scale_w=0.00317 * (1 + 0.21 * i))
    dense("telling_roundings", 1, 2, 40, telling=True, zout=0, zin=9, sin=0.0371)
    dense("telling_roundings_per_channel", 1, 2, 24, telling=True, zout=0, zin=9, sin=0.0371, channelwise=True)
    dense("weights_minus_128", 2, 16, 6, wmin=-128)
    dense("per_channel", 1, 20, 8, channelwise=True)
    dense("per_channel_relu_batch2", 2, 33, 5, channelwise=True, act="RELU", zout=-128)
    dense("per_channel_no_bias", 1, 18, 7, channelwise=True, bias=False)


# --- Pooling ---------------------------------------------------------------------------------
def pool(op, name, hw, c, k, stride, same=False, act="NONE", scale=0.05, zero=None, batch=1, low=-128, high=127):
    rng = rng_for(op + name)
    zero = int(rng.integers(-128, 128)) if zero is None else zero
    x = rng.integers(low, high + 1, (batch, *hw, c)).astype(np.int8)
    h, t, b = out_and_pads(hw[0], k[0], stride[0], 1, same)
    w, l, r = out_and_pads(hw[1], k[1], stride[1], 1, same)
    oshape = (batch, h, w, c)
    m = Model()
    i, o = m.tensor("x", "int8", x.shape, scale, zero), m.tensor("y", "int8", oshape, scale, zero)
    m.sg.inputs, m.sg.outputs = [i], [o]
    data = m.finish(getattr(B, op), 2, [i], [o], S.BuiltinOptions.Pool2DOptions, opts(
        S.Pool2DOptionsT, padding=S.Padding.SAME if same else S.Padding.VALID, strideH=stride[0], strideW=stride[1],
        filterHeight=k[0], filterWidth=k[1], fusedActivationFunction=ACT[act]))
    emit(op, name, data, [("int8", x, scale, zero)], ("int8", oshape, scale, zero),
         dict(filter_h=k[0], filter_w=k[1], stride_h=stride[0], stride_w=stride[1],
              pad_top=t, pad_left=l, pad_bottom=b, pad_right=r), act)


def pools():
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        pool(op, "k2s2", (6, 8), 3, (2, 2), (2, 2))
        pool(op, "k2s2_odd_valid", (7, 5), 3, (2, 2), (2, 2))
        pool(op, "k2s2_odd_same", (7, 5), 3, (2, 2), (2, 2), same=True)
        pool(op, "k3s2_same", (8, 7), 4, (3, 3), (2, 2), same=True)
        pool(op, "k3s1_same", (5, 5), 2, (3, 3), (1, 1), same=True)
        pool(op, "k3s2_valid", (7, 8), 2, (3, 3), (2, 2))
        pool(op, "non_square", (6, 9), 3, (3, 2), (1, 3))
        pool(op, "whole", (5, 6), 9, (5, 6), (5, 6))
        pool(op, "whole_25x5", (25, 5), 4, (25, 5), (25, 5))
        pool(op, "larger_than_input_same", (2, 3), 3, (5, 5), (1, 1), same=True)
        pool(op, "k1", (3, 3), 2, (1, 1), (1, 1))
        pool(op, "k1_stride2", (5, 5), 2, (1, 1), (2, 2))
        pool(op, "one_channel", (4, 4), 1, (2, 2), (2, 2))
        pool(op, "batch2", (4, 4), 3, (2, 2), (2, 2), batch=2)
        pool(op, "relu", (6, 6), 3, (2, 2), (2, 2), act="RELU", zero=-20)
        pool(op, "relu6", (6, 6), 3, (2, 2), (1, 1), act="RELU6", zero=-30, scale=0.08)
        pool(op, "negative", (6, 6), 3, (2, 2), (2, 2), low=-128, high=-90)
        pool(op, "row", (1, 17), 4, (1, 4), (1, 4))


# --- Elementwise -----------------------------------------------------------------------------
def binary(op, name, sa, sb, act="NONE", scales=(0.05, 0.03, 0.07), zeros=(None, None, None), a=None, b=None):
    rng = rng_for(op + name)
    zeros = [int(rng.integers(-50, 51)) if z is None else z for z in zeros]
    a = rng.integers(-128, 128, sa).astype(np.int8) if a is None else a
    b = rng.integers(-128, 128, sb).astype(np.int8) if b is None else b
    oshape = np.broadcast_shapes(sa, sb)
    m = Model()
    i = m.tensor("a", "int8", sa, scales[0], zeros[0])
    j = m.tensor("b", "int8", sb, scales[1], zeros[1])
    o = m.tensor("y", "int8", oshape, scales[2], zeros[2])
    m.sg.inputs, m.sg.outputs = [i, j], [o]
    cls = {"ADD": S.AddOptionsT, "SUB": S.SubOptionsT, "MUL": S.MulOptionsT}[op]
    typ = getattr(S.BuiltinOptions, op.title() + "Options")
    kw = {} if op == "MUL" else {"potScaleInt16": False}
    data = m.finish(getattr(B, op), 2, [i, j], [o], typ, opts(cls, fusedActivationFunction=ACT[act], **kw))
    y = emit(op, name, data, [("int8", a, scales[0], zeros[0]), ("int8", b, scales[1], zeros[1])],
             ("int8", oshape, scales[2], zeros[2]), {}, act)
    ref = np.clip(binary_ref(op, a, b, scales, zeros), *act_range(act, scales[2], zeros[2]))
    assert np.array_equal(ref, y), (op, name, np.abs(ref - y).max(), (ref != y).sum())


def binary_ref(op, a, b, scales, zeros, rounding=requantize):
    args = (a, zeros[0], scales[0], b, zeros[1], scales[1], zeros[2], scales[2])
    if op == "MUL":
        return mul_ref(*args, rounding=rounding)
    return add_ref(*args, sign=1 if op == "ADD" else -1, rounding=rounding)


def telling_pairs(op, name, scales, zeros):
    """Pairs, of all 65,536, where other roundings give another byte."""
    a, b = [v.ravel().astype(np.int8) for v in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))]
    right = binary_ref(op, a, b, scales, zeros)
    single = binary_ref(op, a, b, scales, zeros, requantize_single)
    ra, rb = [(v.astype(np.float64) - z) * float(F(s)) for v, z, s in ((a, zeros[0], scales[0]), (b, zeros[1], scales[1]))]
    real = (ra * rb if op == "MUL" else ra + rb if op == "ADD" else ra - rb) / float(F(scales[2]))
    real = np.sign(real) * np.floor(np.abs(real) + 0.5) + zeros[2]
    inside = (right >= -128) & (right <= 127)
    rng = rng_for(op + name)
    pick = []
    for rival in (single, real):
        i = np.flatnonzero(inside & (rival != right))
        pick.append(rng.permutation(i)[:80])
    i = np.concatenate(pick)
    print(f"{op} {name}: {len(pick[0])} pairs tell single rounding, {len(pick[1])} exact rounding")
    if len(i):
        binary(op, name, (1, len(i)), (1, len(i)), scales=scales, zeros=zeros, a=a[i][None], b=b[i][None])


def elementwise():
    pairs = np.stack(np.meshgrid(np.arange(-128, 128, 15), np.arange(-128, 128, 15)), -1).reshape(-1, 2).astype(np.int8)
    s = (1, 4, 5, 3)
    for op, so in (("ADD", 0.07), ("SUB", 0.07), ("MUL", 0.12)):
        sc = (0.05, 0.03, so)
        binary(op, "same_shape", s, s, scales=sc)
        binary(op, "same_scales", s, s, scales=(0.05, 0.05, 0.05), zeros=(3, 3, 3))
        binary(op, "relu", s, s, act="RELU", scales=sc, zeros=(None, None, -128))
        binary(op, "relu6", s, s, act="RELU6", scales=sc, zeros=(None, None, -128))
        binary(op, "relu_n1_to_1", s, s, act="RELU_N1_TO_1", scales=(0.02, 0.015, 0.02), zeros=(4, -7, 0))
        binary(op, "vector", (1, 33), (1, 33), scales=sc)
        binary(op, "single", (1, 1), (1, 1), scales=sc)
        binary(op, "batch2", (2, 3, 3, 2), (2, 3, 3, 2), scales=sc)
        binary(op, "a_much_larger", s, s, scales=(0.5, 0.002, 0.5))
        binary(op, "b_much_larger", s, s, scales=(0.0007, 0.3, 0.3 if op != "MUL" else 0.02))
        binary(op, "saturating", s, s, scales=(0.1, 0.1, 0.02 if op != "MUL" else 0.4))
        binary(op, "coarse_output", s, s, scales=(0.02, 0.03, 0.4))
        binary(op, "zero_points_low", s, s, scales=sc, zeros=(-128, -128, -128))
        binary(op, "zero_points_high", s, s, scales=sc, zeros=(127, 127 if op != "MUL" else -128, 127))
        binary(op, "zero_points_mixed", s, s, scales=sc, zeros=(-128, 127, 0))
        binary(op, "grid", (1, len(pairs)), (1, len(pairs)), scales=(0.0471, 0.0313, so), zeros=(-5, 17, 2),
               a=pairs[None, :, 0], b=pairs[None, :, 1])
        telling_pairs(op, "telling_roundings", (0.05, 0.03, so), (-5, 17, 2))
        telling_pairs(op, "telling_roundings_even", (0.05, 0.05, 0.1 if op != "MUL" else 0.25), (0, 3, -1))
        telling_pairs(op, "telling_roundings_pow2", (0.0625, 0.03125, 0.125), (0, 0, 0))
        binary(op, "broadcast_channel", s, (1, 1, 1, 3), scales=sc)
        binary(op, "broadcast_channel_first", (1, 1, 1, 3), s, scales=sc)
        binary(op, "broadcast_scalar", s, (1,), scales=sc)
        binary(op, "broadcast_scalar_first", (1,), s, scales=sc)
        binary(op, "broadcast_spatial", s, (1, 4, 5, 1), scales=sc, act="RELU")
        binary(op, "broadcast_both", (1, 4, 1, 3), (1, 1, 5, 3), scales=sc)


# --- Moving data -----------------------------------------------------------------------------
def moving():
    def concat(name, shapes, axis):
        rng = rng_for("CONCATENATION" + name)
        scale, zero = 0.05, int(rng.integers(-128, 128))
        xs = [rng.integers(-128, 128, s).astype(np.int8) for s in shapes]
        oshape = np.concatenate(xs, axis=axis).shape
        m = Model()
        ids = [m.tensor(f"x{i}", "int8", s, scale, zero) for i, s in enumerate(shapes)]
        o = m.tensor("y", "int8", oshape, scale, zero)
        m.sg.inputs, m.sg.outputs = ids, [o]
        data = m.finish(B.CONCATENATION, 2, ids, [o], S.BuiltinOptions.ConcatenationOptions,
                        opts(S.ConcatenationOptionsT, axis=axis, fusedActivationFunction=0))
        emit("CONCATENATION", name, data, [("int8", x, scale, zero) for x in xs], ("int8", oshape, scale, zero), {"axis": axis})

    concat("channel", [(1, 3, 4, 2), (1, 3, 4, 3)], 3)
    concat("channel_negative", [(1, 3, 4, 1), (1, 3, 4, 5)], -1)
    concat("channel_three", [(1, 2, 2, 1), (1, 2, 2, 4), (1, 2, 2, 2)], 3)
    concat("channel_four", [(1, 3, 3, 2)] * 4, 3)
    concat("width", [(1, 3, 2, 3), (1, 3, 4, 3)], 2)
    concat("height", [(1, 3, 4, 2), (1, 1, 4, 2)], 1)
    concat("height_negative", [(1, 3, 4, 2), (1, 2, 4, 2)], -3)
    concat("batch", [(1, 2, 3, 2), (2, 2, 3, 2)], 0)
    concat("vector", [(1, 5), (1, 9)], 1)
    concat("vector_three", [(2, 3), (2, 1), (2, 4)], -1)
    concat("one", [(1, 3, 3, 2)], 3)

    def pad(name, shape, pads, value=None, zero=None):
        op = "PAD" if value is None else "PADV2"
        rng = rng_for(op + name)
        scale, zero = 0.05, int(rng.integers(-128, 128)) if zero is None else zero
        x = rng.integers(-128, 128, shape).astype(np.int8)
        oshape = [d + p[0] + p[1] for d, p in zip(shape, pads)]
        m = Model()
        i = m.tensor("x", "int8", shape, scale, zero)
        ins = [i, m.tensor("pads", "int32", (len(shape), 2), data=np.array(pads, np.int32))]
        if value is not None:
            ins.append(m.tensor("value", "int8", (1,), scale, zero, data=np.array([value], np.int8)))
        o = m.tensor("y", "int8", oshape, scale, zero)
        m.sg.inputs, m.sg.outputs = [i], [o]
        if value is None:
            data = m.finish(B.PAD, 2, ins, [o], S.BuiltinOptions.PadOptions, S.PadOptionsT())
        else:
            data = m.finish(B.PADV2, 2, ins, [o], S.BuiltinOptions.PadV2Options, S.PadV2OptionsT())
        p = {"paddings": [list(q) for q in pads]}
        if value is not None:
            p["value"] = value
        emit(op, name, data, [("int8", x, scale, zero)], ("int8", oshape, scale, zero), p)

    pad("spatial", (1, 3, 4, 2), [(0, 0), (1, 1), (1, 1), (0, 0)])
    pad("tf_same", (1, 4, 4, 3), [(0, 0), (0, 1), (0, 1), (0, 0)])
    pad("asymmetric", (1, 3, 3, 2), [(0, 0), (2, 0), (1, 3), (0, 0)])
    pad("channel", (1, 3, 3, 2), [(0, 0), (0, 0), (0, 0), (1, 2)])
    pad("channel_after", (1, 2, 3, 3), [(0, 0), (0, 0), (0, 0), (0, 3)])
    pad("all_axes", (1, 2, 2, 2), [(1, 0), (1, 1), (0, 2), (1, 1)])
    pad("none", (1, 2, 3, 2), [(0, 0)] * 4)
    pad("zero_low", (1, 3, 3, 1), [(0, 0), (1, 1), (1, 1), (0, 0)], zero=-128)
    pad("zero_high", (1, 3, 3, 1), [(0, 0), (1, 1), (1, 1), (0, 0)], zero=127)
    pad("matrix", (3, 4), [(1, 0), (2, 1)])
    pad("value", (1, 3, 3, 2), [(0, 0), (1, 1), (1, 1), (0, 0)], value=-77)
    pad("value_channel", (1, 3, 3, 2), [(0, 0), (0, 1), (1, 0), (1, 0)], value=127)


# --- Tables and activations --------------------------------------------------------------------
ALL = np.arange(-128, 128).astype(np.int8)


def unary(op, name, x, scale, zero, oscale, ozero, version, opt_type=0, opt=None, params=None, oshape=None,
          idt="int8", odt="int8", consts=(), **more):
    m = Model()
    i = m.tensor("x", idt, x.shape, None if idt == "float32" else scale, zero or 0)
    ins = [i] + [m.tensor(f"c{n}", *a, **k) for n, (a, k) in enumerate(consts)]
    oshape = x.shape if oshape is None else oshape
    o = m.tensor("y", odt, oshape, None if odt == "float32" else oscale, ozero or 0)
    m.sg.inputs, m.sg.outputs = [i], [o]
    data = m.finish(getattr(B, op), version, ins, [o], opt_type, opt)
    return emit(op, name, data, [(idt, x, scale, zero)], (odt, oshape, oscale, ozero), params or {}, **more)


def tables():
    def softmax(name, shape, scale, beta=1.0, zero=None, x=None):
        rng = rng_for("SOFTMAX" + name)
        x = rng.integers(-128, 128, shape).astype(np.int8) if x is None else np.asarray(x, np.int8).reshape(shape)
        zero = int(rng.integers(-128, 128)) if zero is None else zero
        unary("SOFTMAX", name, x, scale, zero, 1 / 256, -128, 2, S.BuiltinOptions.SoftmaxOptions,
              opts(S.SoftmaxOptionsT, beta=beta), {"beta": num(beta)})

    softmax("two", (1, 2), 0.1)
    softmax("ten", (1, 10), 0.05)
    softmax("ten_batch4", (4, 10), 0.03)
    softmax("twelve_coarse", (1, 12), 0.7)
    softmax("ten_fine", (1, 10), 0.002)
    softmax("very_coarse", (1, 16), 8.0)
    softmax("very_fine", (1, 16), 1e-5)
    softmax("hundred", (1, 100), 0.08)
    softmax("three_hundred", (1, 300), 0.02)
    softmax("three_hundred_equal", (1, 300), 0.02, x=np.full(300, 5))
    softmax("one", (1, 1), 0.1)
    softmax("equal", (1, 7), 0.1, x=[-128] * 7)
    softmax("extremes", (1, 6), 0.1, x=[127, -128, 127, -128, 0, 126])
    softmax("beta_half", (2, 10), 0.05, beta=0.5)
    softmax("beta_two", (2, 10), 0.05, beta=2.0)
    softmax("beta_small", (2, 10), 0.05, beta=0.01)
    softmax("map", (1, 3, 2, 5), 0.06)
    softmax("ramp", (1, 256), 0.04, x=ALL)
    softmax("ramp_steps", (16, 16), 0.11, x=ALL)
    softmax("pairs", (128, 2), 0.0234, x=np.stack([ALL[::2], ALL[::-2]], 1))

    x = ALL[None]
    for n, (scale, zero) in enumerate([(0.05, 0), (0.1, 12), (0.02, -128), (0.0003, 3), (0.25, 127), (0.0625, -50), (1.0, 0), (3.0, -4)]):
        unary("LOGISTIC", f"all_{n}", x, scale, zero, 1 / 256, -128, 2)
        unary("TANH", f"all_{n}", x, scale, zero, 1 / 128, 0, 2)
    rng = rng_for("logistic")
    y = rng.integers(-128, 128, (1, 3, 4, 2)).astype(np.int8)
    unary("LOGISTIC", "map", y, 0.047, 7, 1 / 256, -128, 2)
    unary("TANH", "map", y, 0.031, 7, 1 / 128, 0, 2)

    pairs = [(0.05, 0, 0.05, 0), (0.05, -128, 0.05, -128), (0.05, 10, 0.03, -128), (0.02, -30, 0.11, 5),
             (0.1, 127, 0.1, 127), (0.3, 3, 0.01, -128), (0.0477, -11, 0.0231, -128), (0.0471, 20, 0.0472, 19)]
    for n, (s, z, so, zo) in enumerate(pairs):
        unary("RELU", f"all_{n}", x, s, z, so, zo, 2)
        for k, alpha in enumerate([0.1, 0.01, 0.3, 1.5, -0.5][n % 5:n % 5 + 1]):
            unary("LEAKY_RELU", f"all_{n}", x, s, z, so, zo, 2, S.BuiltinOptions.LeakyReluOptions,
                  opts(S.LeakyReluOptionsT, alpha=alpha), {"alpha": num(alpha)})
        unary("HARD_SWISH", f"all_{n}", x, s, z, so, zo, 1, S.BuiltinOptions.HardSwishOptions, S.HardSwishOptionsT())
        unary("ELU", f"all_{n}", x, s, z, so, zo, 1)
        unary("QUANTIZE", f"int8_{n}", x, s, z, so, zo, 2, S.BuiltinOptions.QuantizeOptions, S.QuantizeOptionsT())
        unary("DEQUANTIZE", f"all_{n}", x, s, z, None, None, 2, S.BuiltinOptions.DequantizeOptions, S.DequantizeOptionsT(), odt="float32")
    for n, (s, z) in enumerate([(0.05, 0), (0.05, -128), (0.1, 10), (0.02, -30), (0.3, 127)]):
        unary("RELU6", f"all_{n}", x, s, z, s, z, 2)
    for n, (s, z, so, zo) in enumerate([(0.05, 0, 0.1, 0), (0.1, 5, 0.05, 5), (0.2, -3, 0.05, 100), (1e-4, 0, 1e-3, -128), (2.0, 1, 0.37, -1)]):
        unary("QUANTIZE", f"int8_more_{n}", x, s, z, so, zo, 2, S.BuiltinOptions.QuantizeOptions, S.QuantizeOptionsT())
    for n, (so, zo) in enumerate([(0.05, 0), (0.25, -128), (0.5, 3), (1 / 255, -128), (0.0173, 127), (3.0, 10), (0.1, -1)]):
        rng = rng_for(f"quantize{n}")
        t = np.arange(-140, 141, 10) - 0.5       # ties
        v = np.concatenate([t * so, (rng.integers(-140, 140, 40) + rng.uniform(0, 1, 40)) * so,
                            [0.0, -0.0, 1e-30, -1e-30, 1000.0 * so, -1000.0 * so, 1e6 * so, -1e6 * so]]).astype(F)
        unary("QUANTIZE", f"float_{n}", v[None], None, None, so, zo, 1, S.BuiltinOptions.QuantizeOptions, S.QuantizeOptionsT(), idt="float32")

    for n, (shape, ashape) in enumerate([((1, 4, 4, 3), (1, 1, 3)), ((1, 3, 2, 5), (1, 1, 5)), ((1, 4, 4, 2), (4, 4, 2))]):
        rng = rng_for(f"prelu{n}")
        xx, al = rng.integers(-128, 128, shape).astype(np.int8), rng.integers(-128, 128, ashape).astype(np.int8)
        sa, za = 0.004 * (n + 1), 3 * n - 2
        unary("PRELU", f"{n}", xx, 0.05, 5 - 9 * n, 0.04, 11 * n - 4, 1,
              params={"alpha": tj("int8", al, sa, za)}, consts=[(("int8", ashape, sa, za), dict(data=al))])


def means():
    def mean(name, shape, axes, keep, scales=(0.05, 0.05), zeros=(None, None), low=-128, high=127):
        rng = rng_for("MEAN" + name)
        z = [int(rng.integers(-128, 128)) if v is None else v for v in zeros]
        x = rng.integers(low, high + 1, shape).astype(np.int8)
        oshape = x.mean(axis=tuple(axes), keepdims=keep).shape
        unary("MEAN", name, x, scales[0], z[0], scales[1], z[1], 2, S.BuiltinOptions.ReducerOptions,
              opts(S.ReducerOptionsT, keepDims=keep), {"axes": axes, "keep_dims": keep}, oshape,
              consts=[(("int32", (len(axes),)), dict(data=np.array(axes, np.int32)))])

    mean("hw_keep", (1, 4, 5, 6), [1, 2], True)
    mean("hw", (1, 4, 5, 6), [1, 2], False)
    mean("hw_same_zero", (1, 7, 7, 4), [1, 2], True, zeros=(-128, -128))
    mean("hw_same_zero_squeezed", (1, 6, 6, 8), [1, 2], False, zeros=(7, 7))
    mean("hw_other_scale", (1, 4, 4, 5), [1, 2], True, scales=(0.05, 0.02))
    mean("hw_other_scale_squeezed", (1, 4, 4, 5), [1, 2], False, scales=(0.03, 0.017), zeros=(9, -128))
    mean("hw_coarser", (1, 3, 4, 7), [1, 2], True, scales=(0.02, 0.09))
    mean("hw_negative_axes", (1, 4, 3, 5), [-3, -2], True)
    mean("wh_order", (1, 4, 3, 5), [2, 1], True)
    mean("hw_one_pixel", (1, 1, 1, 9), [1, 2], True)
    mean("hw_row", (1, 1, 20, 4), [1, 2], True)
    mean("hw_large", (1, 16, 16, 1), [1, 2], True, zeros=(-128, -128))
    mean("hw_large_high", (1, 25, 5, 2), [1, 2], False, zeros=(-128, -128), low=100)
    mean("hw_large_low", (1, 12, 9, 2), [1, 2], False, zeros=(127, 127), high=-100)
    mean("hw_batch2", (2, 3, 3, 4), [1, 2], True)
    mean("h_only", (1, 4, 3, 5), [1], True)
    mean("w_only", (1, 4, 3, 5), [2], False)
    mean("channel", (1, 3, 3, 8), [3], True)
    mean("vector", (1, 17), [1], True)
    for i in range(4):  # ties and near-ties
        mean(f"hw_small_{i}", (1, 2, 2, 24), [1, 2], i % 2 == 0, zeros=(i - 2, i - 2) if i < 2 else (3, -5))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2], type=pathlib.Path)
    a = ap.parse_args()
    for f in (convolutions, pools, elementwise, moving, tables, means):
        f()
    out = a.root / "tests/golden/tflm_ops"
    shutil.rmtree(out, ignore_errors=True)
    (out / "models").mkdir(parents=True)
    for op, cases in CASES.items():
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        (out / f"{op.lower()}.json").write_text(f'{{"op":"{op}","cases":[\n{lines}\n]}}\n')
    for name, m in MODELS.items():
        (out / "models" / f"{name}.tflite").write_bytes(m)
    js = sum(f.stat().st_size for f in out.glob("*.json"))
    ms = sum(f.stat().st_size for f in out.glob("models/*"))
    print(f"{len(MODELS)} cases; json {js} bytes, models {ms} bytes")
    print(", ".join(f"{op} {len(c)}" for op, c in CASES.items()))


if __name__ == "__main__":
    main()
