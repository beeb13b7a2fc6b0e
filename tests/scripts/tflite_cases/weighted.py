"""Transposed convolutions, products of matrices, int4 weights, weights with a zero point."""

from case import F, Family, Model, S, np, opts, rng_for

family = Family("weighted")


def values(rng, shape, kind=0):
    """int8 numbers: anything, or the extremes."""
    if kind == 1:
        return rng.choice([-128, 127], shape).astype(np.int8)
    return rng.integers(-128, 128, shape).astype(np.int8)


def zero(rng):
    return int(rng.choice([-128, 127, 0, rng.integers(-128, 128)]))


def scales(rng, n, base=0.004):
    return (base * rng.uniform(0.3, 3.0, n)).astype(F)


def out_scale(rng, sin, sw, taps):
    """About what uses the output's range."""
    return F(sin * float(np.max(sw)) * np.sqrt(taps) * 70 * rng.uniform(0.4, 1.5))


def transpose_conv(name, hw, ci, co, k, stride, same=True, out=None, bias=True, per_channel=True,
                   kind=0, act=0, zin=None, zout=None):
    rng = rng_for("transpose_conv" + name)
    h, w = hw
    if out is None:
        out = ((h * stride[0], w * stride[1]) if same else
               ((h - 1) * stride[0] + k[0], (w - 1) * stride[1] + k[1]))
    sin, sw = F(0.05), scales(rng, co if per_channel else 1)
    zin = zero(rng) if zin is None else zin
    zout = zero(rng) if zout is None else zout
    so = out_scale(rng, sin, sw, ci * k[0] * k[1] / (stride[0] * stride[1]))
    m = Model()
    shape = m.tensor("shape", "int32", [4], data=np.array([1, *out, co]))
    f = m.tensor("f", "int8", [co, *k, ci], sw, 0, 0, data=values(rng, (co, *k, ci), kind))
    x = m.tensor("x", "int8", [1, h, w, ci], sin, zin)
    ins = [shape, f, x]
    if bias:
        ins.append(m.tensor("b", "int32", [co], sin * sw, 0, 0, data=rng.integers(-3000, 3000, co)))
    y = m.tensor("y", "int8", [1, *out, co], so, zout)
    m.op("TRANSPOSE_CONV", ins, [y],
         opts(S.TransposeConvOptionsT, padding=0 if same else 1, strideH=stride[0], strideW=stride[1],
              fusedActivationFunction=act), 3 if bias else 2)
    feeds = [[values(rng, (1, h, w, ci), k)] for k in ([0] if kind == 0 else [1])]
    family.emit("transpose_conv_" + name, "TRANSPOSE_CONV", m.finish([x], [y]), feeds)


def transpose_convs():
    t = transpose_conv
    t("plain", (3, 4), 3, 5, (3, 3), (2, 2))
    t("no_bias", (3, 4), 3, 5, (3, 3), (2, 2), bias=False)
    t("per_tensor", (3, 4), 3, 5, (3, 3), (2, 2), per_channel=False)
    t("valid", (3, 4), 3, 5, (3, 3), (2, 2), same=False)
    t("valid_larger", (3, 3), 2, 3, (2, 2), (3, 3), same=False, out=(9, 9))
    t("stride_one", (4, 4), 2, 4, (3, 3), (1, 1))
    t("stride_one_valid", (4, 4), 2, 4, (3, 3), (1, 1), same=False)
    t("kernel_is_stride", (3, 3), 4, 2, (2, 2), (2, 2))
    t("kernel_below_stride", (3, 3), 4, 2, (1, 2), (2, 3))
    t("kernel_large", (3, 2), 2, 3, (5, 5), (2, 2))
    t("kernel_even", (3, 2), 2, 3, (4, 4), (2, 2))
    t("uneven", (2, 5), 3, 3, (3, 2), (1, 3))
    t("odd_output", (3, 3), 2, 3, (3, 3), (2, 2), out=(5, 5))
    t("one_pixel", (1, 1), 8, 4, (4, 4), (4, 4), same=False)
    t("one_channel", (4, 4), 1, 1, (3, 3), (2, 2))
    t("many_in", (2, 2), 70, 3, (2, 2), (2, 2))
    t("many_out", (2, 2), 3, 37, (2, 2), (2, 2))
    t("extremes", (3, 4), 5, 5, (3, 3), (2, 2), kind=1)
    t("zero_low", (3, 4), 3, 5, (3, 3), (2, 2), zin=-128, zout=127)
    t("zero_high", (3, 4), 3, 5, (3, 3), (2, 2), zin=127, zout=-128)
    t("relu", (3, 4), 3, 5, (3, 3), (2, 2), act=1, zout=-20)
    t("relu6", (3, 4), 3, 5, (3, 3), (2, 2), act=3, zout=-100)
    for seed in range(12):
        rng = rng_for(f"transpose_conv_random_{seed}")
        t(f"random_{seed}", tuple(rng.integers(1, 6, 2)), int(rng.integers(1, 9)), int(rng.integers(1, 9)),
          tuple(int(v) for v in rng.integers(1, 5, 2)), tuple(int(v) for v in rng.integers(1, 4, 2)),
          same=bool(rng.integers(0, 2)), bias=bool(rng.integers(0, 2)))


def batch_mat_mul(name, a, b, adj=(False, False), constant=None, kind=0, zeros=None):
    rng = rng_for("batch_mat_mul" + name)
    sa, sb = F(0.05), F(0.03)
    za, zb, zo = [zero(rng) for _ in range(3)] if zeros is None else zeros
    depth = a[-2] if adj[0] else a[-1]
    so = F(sa * sb * np.sqrt(depth) * 6000 * rng.uniform(0.3, 1.5) / 100)
    m = Model()
    av, bv = values(rng, a, kind), values(rng, b, kind)
    x = m.tensor("a", "int8", a, sa, za, data=av if constant == 0 else None)
    y = m.tensor("b", "int8", b, sb, zb, data=bv if constant == 1 else None)
    real = np.matmul(np.swapaxes(av, -1, -2) if adj[0] else av, np.swapaxes(bv, -1, -2) if adj[1] else bv)
    o = m.tensor("y", "int8", real.shape, so, zo)
    m.op("BATCH_MATMUL", [x, y], [o], opts(S.BatchMatMulOptionsT, adjX=adj[0], adjY=adj[1]), 4)
    ins = [t for t, k in ((x, 0), (y, 1)) if constant != k]
    feed = [v for v, k in ((av, 0), (bv, 1)) if constant != k]
    family.emit("batch_mat_mul_" + name, "BATCH_MATMUL", m.finish(ins, [o]), [feed])


def batch_mat_muls():
    t = batch_mat_mul
    t("plain", (1, 3, 4), (1, 4, 5))
    t("swapped_b", (1, 3, 4), (1, 5, 4), (False, True))
    t("swapped_a", (1, 4, 3), (1, 4, 5), (True, False))
    t("swapped_both", (1, 4, 3), (1, 5, 4), (True, True))
    t("heads", (1, 2, 3, 4), (1, 2, 4, 5))
    t("heads_swapped", (1, 3, 6, 4), (1, 3, 5, 4), (False, True))
    t("broadcast_b", (1, 2, 3, 4), (1, 1, 4, 5))
    t("broadcast_a", (1, 1, 3, 4), (1, 3, 4, 5))
    t("constant_b", (1, 3, 4), (4, 5), constant=1)
    t("constant_b_swapped", (1, 3, 4), (1, 5, 4), (False, True), constant=1)
    t("constant_a", (2, 4), (1, 4, 5), constant=0)
    t("constant_a_heads", (1, 2, 3, 4), (1, 2, 4, 5), constant=0)
    t("deep", (1, 2, 130), (1, 130, 3))
    t("wide", (1, 1, 5), (1, 5, 40))
    t("extremes", (1, 4, 20), (1, 20, 4), kind=1, zeros=(127, -128, 0))
    t("zero_points", (1, 3, 7), (1, 7, 3), zeros=(-128, 127, -128))
    t("one", (1, 1, 1), (1, 1, 1))


def int4(name, op, shape, fshape, axis, options, oshape, version, per_channel=True, bias=True,
         oracle="tflm"):
    rng = rng_for("int4" + name)
    channels = fshape[axis]
    sin, sw = F(0.05), scales(rng, channels if per_channel else 1, 0.05)
    zin, zout = zero(rng), zero(rng)
    taps = int(np.prod(fshape)) // channels
    m = Model()
    x = m.tensor("x", "int8", shape, sin, zin)
    f = m.tensor("f", "int4", fshape, sw, 0, axis, data=rng.integers(-8, 8, fshape))
    ins = [x, f]
    if bias:
        ins.append(m.tensor("b", "int32", [channels], sin * sw, 0, 0, data=rng.integers(-300, 300, channels)))
    y = m.tensor("y", "int8", oshape, F(sin * float(np.max(sw)) * np.sqrt(taps) * 5), zout)
    m.op(op, ins, [y], options, version)
    family.emit("int4_" + name, op, m.finish([x], [y]), [[values(rng, shape)]], oracle)


def int4s():
    conv = lambda **k: opts(S.Conv2DOptionsT, padding=0, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, **k)
    depthwise = lambda n: opts(S.DepthwiseConv2DOptionsT, padding=0, strideH=1, strideW=1, depthMultiplier=n,
                               dilationHFactor=1, dilationWFactor=1)
    dense = opts(S.FullyConnectedOptionsT)
    int4("conv", "CONV_2D", (1, 4, 4, 3), (5, 3, 3, 3), 0, conv(), (1, 4, 4, 5), 3)
    int4("conv_even", "CONV_2D", (1, 4, 4, 2), (4, 1, 1, 2), 0, conv(), (1, 4, 4, 4), 3)
    int4("conv_per_tensor", "CONV_2D", (1, 4, 4, 3), (5, 3, 3, 3), 0, conv(), (1, 4, 4, 5), 3, per_channel=False)
    int4("conv_no_bias", "CONV_2D", (1, 4, 4, 3), (3, 3, 3, 3), 0, conv(), (1, 4, 4, 3), 3, bias=False)
    int4("depthwise", "DEPTHWISE_CONV_2D", (1, 4, 4, 5), (1, 3, 3, 5), 3, depthwise(1), (1, 4, 4, 5), 6)
    int4("depthwise_multiplier", "DEPTHWISE_CONV_2D", (1, 4, 4, 2), (1, 3, 3, 6), 3, depthwise(3), (1, 4, 4, 6), 6)
    int4("dense", "FULLY_CONNECTED", (1, 16), (5, 16), 0, dense, (1, 5), 9, per_channel=False)
    int4("dense_odd", "FULLY_CONNECTED", (1, 7), (3, 7), 0, dense, (1, 3), 9, per_channel=False)
    int4("dense_per_channel", "FULLY_CONNECTED", (1, 16), (5, 16), 0, dense, (1, 5), 12, oracle="litert")


def dense(name, rows, n, k, zw=0, per_channel=False, keep=False, shape=None, kind=0):
    rng = rng_for("dense" + name)
    sin, sw = F(0.05), scales(rng, n if per_channel else 1)
    zin, zout = zero(rng), zero(rng)
    shape = shape or (rows, k)
    m = Model()
    x = m.tensor("x", "int8", shape, sin, zin)
    f = m.tensor("f", "int8", (n, k), sw, zw, 0, data=values(rng, (n, k), kind))
    b = m.tensor("b", "int32", [n], sin * sw, 0, 0, data=rng.integers(-3000, 3000, n))
    oshape = (*shape[:-1], n) if keep else (rows, n)
    y = m.tensor("y", "int8", oshape, out_scale(rng, sin, sw, k), zout)
    m.op("FULLY_CONNECTED", [x, f, b], [y], opts(S.FullyConnectedOptionsT, keepNumDims=keep), 12 if per_channel else 5)
    family.emit("dense_" + name, "FULLY_CONNECTED", m.finish([x], [y]), [[values(rng, shape, kind)]])


def denses():
    for zw in (3, -128, 127):
        dense(f"zero_point_{zw}", 1, 5, 20, zw)
    dense("zero_point_deep", 1, 3, 150, -17)
    dense("zero_point_wide", 1, 40, 9, 55)
    dense("zero_point_rows", 3, 5, 9, 55, keep=True, shape=(1, 3, 9))
    dense("zero_point_extremes", 1, 5, 20, 127, kind=1)
    dense("per_channel", 1, 5, 20, per_channel=True)
    dense("keep_dims", 6, 4, 5, keep=True, shape=(1, 2, 3, 5))


transpose_convs()
batch_mat_muls()
int4s()
denses()
family.write()
