#!/usr/bin/env python3
"""Operators that are put together from others, answered by ONNX Runtime: reductions and norms,
indices of extremes, normalizations by a tensor's own statistics, interpolation, running sums; at old
and new opsets, and as PyTorch writes the blocks around them.
"""

import numpy as np

from case import F, Family, T, rng_for

family = Family("composed")
MAP, ROWS = (1, 4, 6, 5), (1, 7, 12)


def reductions():
    def reduce(op, name, axes, opset=18, keep=1, shape=MAP, scale=1.0, shift=0.0):
        g = family.graph(name, opset)
        ins, attrs = [g.inp("x", shape, scale=scale, shift=shift)], {"keepdims": keep}
        if axes is not None and (opset >= 18 or op == "ReduceSum" and opset >= 13):
            ins.append(g.i64("axes", *axes))
        elif axes is not None:
            attrs["axes"] = axes
        g.out(g.n(op, ins, "y", **attrs))

    for op in "Sum Mean Max Min L1 L2 SumSquare LogSumExp".split():
        lower = op.lower()
        reduce(f"Reduce{op}", f"reduce_{lower}_map", [2, 3])
        reduce(f"Reduce{op}", f"reduce_{lower}_channels_opset11", [1], 11, keep=0)
        reduce(f"Reduce{op}", f"reduce_{lower}_rows", [-1], 13, shape=ROWS)
    reduce("ReduceSum", "reduce_sum_opset7", [3], 7)
    reduce("ReduceSum", "reduce_sum_middle", [2], keep=0)
    reduce("ReduceMin", "reduce_min_inner_outer", [1, 3])
    reduce("ReduceLogSum", "reduce_log_sum", [1], shift=4.0)
    reduce("ReduceProd", "reduce_prod", [2], shape=(1, 3, 4), shift=1.0)
    # Attention over time, as pooling layers of speech models have it.
    g = family.graph("attentive_pool", 17)
    x = g.inp("x", (1, 9, 6))
    weights = g.n("Softmax", g.n("MatMul", [x, g.w("w", 6, 1)]), axis=1)
    g.out(g.n("ReduceSum", [g.n("Mul", [x, weights]), g.i64("axes", 1)], "y", keepdims=0))
    # Cosine similarity to fixed vectors.
    g = family.graph("cosine", 17)
    x = g.inp("x", (1, 8))
    x = g.n("Div", [x, g.n("Clip", [g.n("ReduceL2", x, axes=[1], keepdims=1), g.c("least", F(1e-6))])])
    g.out(g.n("MatMul", [x, g.w("w", 8, 3)], "y"))


def normalizations():
    def layer(name, axis, opset=17, shape=ROWS, bias=True, **attrs):
        g = family.graph(name, opset)
        ins = [g.inp("x", shape), g.c("scale", rng_for(name).uniform(0.5, 1.5, shape[axis:]).astype(F))]
        if bias:
            ins.append(g.w("bias", *shape[axis:], scale=0.5))
        g.out(g.n("LayerNormalization", ins, "y", axis=axis, **attrs))

    layer("layer_norm", -1)
    layer("layer_norm_two_axes", -2, epsilon=1e-3)
    layer("layer_norm_no_bias", -1, bias=False)
    layer("layer_norm_map", 1, shape=MAP)
    # As PyTorch writes it before opset 17.
    g = family.graph("layer_norm_apart", 13)
    x = g.inp("x", ROWS)
    centred = g.n("Sub", [x, g.n("ReduceMean", x, axes=[-1])])
    variance = g.n("ReduceMean", g.n("Pow", [centred, g.c("two", F(2))]), axes=[-1])
    deviation = g.n("Sqrt", g.n("Add", [variance, g.c("epsilon", F(1e-5))]))
    x = g.n("Mul", [g.n("Div", [centred, deviation]), g.w("scale", 12)])
    g.out(g.n("Add", [x, g.w("bias", 12)], "y"))
    for opset in (7, 17):
        g = family.graph(f"instance_norm_opset{opset}", opset)
        ins = [g.inp("x", MAP), g.c("scale", rng_for("i").uniform(0.5, 1.5, 4).astype(F)), g.w("bias", 4)]
        g.out(g.n("InstanceNormalization", ins, "y"))
    g = family.graph("instance_norm_1d", 17)
    g.out(g.n("InstanceNormalization", [g.inp("x", (1, 3, 20)), g.w("scale", 3, scale=1), g.w("bias", 3)], "y", epsilon=1e-2))
    g = family.graph("group_norm", 21)
    g.out(g.n("GroupNormalization", [g.inp("x", MAP), g.w("scale", 4, scale=1), g.w("bias", 4)], "y", num_groups=2))
    # As PyTorch writes it: an instance normalization of groups.
    g = family.graph("group_norm_torch", 17)
    x = g.n("Conv", [g.inp("x", (1, 2, 6, 6)), g.w("w", 6, 2, 3, 3)])
    cut = g.n("Reshape", [x, g.i64("groups", 0, 3, -1)])
    ones, zeros = g.c("ones", np.ones(3, F)), g.c("zeros", np.zeros(3, F))
    x = g.n("Reshape", [g.n("InstanceNormalization", [cut, ones, zeros]), g.n("Shape", x)])
    x = g.n("Mul", [x, g.w("scale", 6, 1, 1, scale=1)])
    g.out(g.n("Add", [x, g.w("bias", 6, 1, 1)], "y"))
    g = family.graph("mean_variance_norm", 13)
    g.out(g.n("MeanVarianceNormalization", g.inp("x", MAP), "y", axes=[1, 2, 3]))
    for p in (1, 2):
        g = family.graph(f"lp_norm_{p}", 17)
        g.out(g.n("LpNormalization", g.inp("x", ROWS), "y", axis=-1, p=p))
    g = family.graph("lp_norm_channels", 17)
    g.out(g.n("LpNormalization", g.inp("x", MAP), "y", axis=1))
    g = family.graph("local_response", 13)
    g.out(g.n("LRN", g.inp("x", (1, 6, 4, 4)), "y", size=3, alpha=0.5, beta=0.75, bias=1.0))
    for p in (1, 2, 3):
        g = family.graph(f"lp_pool_{p}", 18)
        g.out(g.n("LpPool", g.inp("x", MAP), "y", p=p, kernel_shape=[2, 2], strides=[2, 1]))
    g = family.graph("global_lp_pool", 13)
    g.out(g.n("GlobalLpPool", g.inp("x", MAP), "y", p=2))


def extremes():
    def index(op, name, opset=13, shape=MAP, **attrs):
        g = family.graph(name, opset)
        g.out(g.n("Cast", g.n(op, g.inp("x", shape), **attrs), "y", to=T.FLOAT))

    index("ArgMax", "arg_max_channels", axis=1)
    index("ArgMax", "arg_max_last_opset12", 12, axis=-1, keepdims=0, select_last_index=1)
    index("ArgMin", "arg_min_rows", shape=ROWS, axis=-1, keepdims=0)
    index("ArgMax", "arg_max_opset7", 7, axis=2)
    g = family.graph("hardmax", 13)
    g.out(g.n("Hardmax", g.inp("x", ROWS), "y"))
    g = family.graph("hardmax_opset11", 11)
    g.out(g.n("Hardmax", g.inp("x", ROWS), "y", axis=1))
    for opset, axis in ((7, 1), (11, 2), (13, 1), (13, -1)):
        g = family.graph(f"log_softmax_opset{opset}_axis{axis}".replace("-", "m"), opset)
        g.out(g.n("LogSoftmax", g.inp("x", ROWS), "y", axis=axis))


def interpolations():
    def resize(name, scales=None, sizes=None, mode="linear", shape=(1, 3, 4, 5), opset=18, region=None, **attrs):
        g = family.graph(name, opset)
        ins = [g.inp("x", shape), "" if region is None else g.c("region", np.array(region, F))]
        ins.append("" if scales is None else g.c("scales", np.array(scales, F)))
        if sizes is not None:
            ins.append(g.i64("sizes", *sizes))
        g.out(g.n("Resize", ins, "y", mode=mode, **attrs))

    for coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
        for name, sizes in (("larger", (1, 3, 8, 7)), ("smaller", (1, 3, 2, 1))):
            for mode in ("linear", "cubic"):
                # ONNX Runtime takes every output from the first row or column there.
                if coordinates == "pytorch_half_pixel" and (name, mode) == ("smaller", "cubic"):
                    continue
                resize(f"resize_{mode}_{name}_{coordinates}", sizes=sizes, mode=mode,
                       coordinate_transformation_mode=coordinates)
    resize("resize_linear_scales", (1, 1, 2, 1.5))
    resize("resize_linear_uneven_scales", (1, 1, 1.3, 0.7))
    resize("resize_linear_1d", (1, 1, 2), shape=(1, 3, 6))
    resize("resize_linear_channels_too", sizes=(1, 5, 8, 5), shape=(1, 3, 4, 5))
    resize("resize_linear_antialias", sizes=(1, 3, 2, 3), shape=(1, 3, 6, 7), antialias=1)
    resize("resize_cubic_antialias", sizes=(1, 3, 3, 4), mode="cubic", shape=(1, 3, 6, 7), antialias=1)
    resize("resize_cubic_exclude_outside", (1, 1, 2, 2), mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1)
    resize("resize_crop", sizes=(1, 3, 3, 3), region=(0, 0, 0.2, 0.1, 1, 1, 0.8, 1.3),
           coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=0.5)
    g = family.graph("upsample_linear_opset9", 9)
    g.out(g.n("Upsample", [g.inp("x", (1, 2, 3, 4)), g.c("scales", np.array([1, 1, 2, 2], F))], "y", mode="linear"))
    g = family.graph("resize_linear_opset10", 10)
    g.out(g.n("Resize", [g.inp("x", (1, 2, 3, 4)), g.c("scales", np.array([1, 1, 3, 2], F))], "y", mode="linear"))
    # A decoder: up, joined with what was before, and a convolution.
    g = family.graph("resize_decoder", 13)
    x = g.n("Relu", g.n("Conv", [g.inp("x", (1, 2, 8, 8)), g.w("w1", 4, 2, 3, 3)], pads=[1] * 4))
    low = g.n("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    up = g.n("Resize", [low, "", "", g.i64("sizes", 1, 4, 8, 8)], mode="linear", coordinate_transformation_mode="half_pixel")
    g.out(g.n("Conv", [g.n("Concat", [x, up], axis=1), g.w("w2", 2, 8, 3, 3)], "y"))


def sums():
    for name, attrs in (("", {}), ("_exclusive", {"exclusive": 1}), ("_reverse", {"reverse": 1})):
        g = family.graph(f"running_sum{name}", 14)
        g.out(g.n("CumSum", [g.inp("x", ROWS), g.c("axis", np.array(1, np.int32))], "y", **attrs))


for write in (reductions, normalizations, extremes, interpolations, sums):
    write()
family.write()
