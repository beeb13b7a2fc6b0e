#!/usr/bin/env python3
"""Transposed convolutions and products of two computed matrices, answered by ONNX Runtime."""

from case import Family, rng_for

family = Family("weighted")


def conv_transpose(name, shape, wshape, bias=True, opset=11, bn=False, **attrs):
    g = family.graph("conv_transpose_" + name, opset)
    ins = [g.inp("x", shape), g.w("w", *wshape, scale=0.3)]
    groups = attrs.get("group", 1)
    if bias:
        ins.append(g.w("b", wshape[1] * groups, scale=0.5))
    y = g.n("ConvTranspose", ins, None if bn else "y", **attrs)
    if bn:
        y = g.n("Relu", g.bn(y, wshape[1] * groups), "y")
    g.out(y)


def conv_transposes():
    t = conv_transpose
    t("plain", (1, 3, 4, 5), (3, 4, 3, 3))
    t("opset22", (1, 3, 4, 5), (3, 4, 3, 3), opset=22)
    t("no_bias", (1, 3, 4, 5), (3, 4, 3, 3), bias=False)
    t("stride", (1, 3, 4, 5), (3, 4, 3, 3), strides=[2, 2])
    t("stride_pads", (1, 3, 4, 5), (3, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    t("output_padding", (1, 3, 4, 5), (3, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    t("pads_uneven", (1, 3, 4, 5), (3, 4, 3, 3), strides=[3, 2], pads=[1, 0, 0, 2])
    t("kernel_is_stride", (1, 4, 3, 3), (4, 2, 2, 2), strides=[2, 2])
    t("kernel_below_stride", (1, 4, 3, 3), (4, 2, 1, 2), strides=[2, 3], output_padding=[1, 1])
    t("dilation", (1, 2, 3, 4), (2, 3, 2, 3), dilations=[2, 2])
    t("dilation_stride", (1, 2, 3, 4), (2, 3, 2, 3), dilations=[2, 3], strides=[3, 2])
    t("group", (1, 4, 3, 4), (4, 3, 3, 3), group=2, strides=[2, 2])
    t("depthwise", (1, 4, 3, 4), (4, 1, 3, 3), group=4, strides=[2, 2], pads=[1, 1, 1, 1])
    t("output_shape", (1, 2, 3, 4), (2, 3, 3, 3), strides=[2, 2], output_shape=[6, 8])
    t("output_shape_odd", (1, 2, 3, 4), (2, 3, 4, 4), strides=[2, 2], output_shape=[5, 7])
    t("same_upper", (1, 2, 3, 4), (2, 3, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER")
    t("same_lower", (1, 2, 3, 4), (2, 3, 3, 3), strides=[2, 2], auto_pad="SAME_LOWER")
    t("valid", (1, 2, 3, 4), (2, 3, 3, 3), strides=[2, 2], auto_pad="VALID")
    t("one_dimension", (1, 3, 6), (3, 4, 4), strides=[2], pads=[1, 1])
    t("symbolic_batch", ("N", 3, 4, 4), (3, 2, 2, 2), strides=[2, 2])
    t("bn_relu", (1, 3, 4, 5), (3, 4, 3, 3), strides=[2, 2], bn=True)


def mat_mul(name, a, b, opset=13, constant=None):
    g = family.graph("mat_mul_" + name, opset)
    ins = []
    for k, (key, shape) in enumerate((("a", a), ("b", b))):
        ins.append(g.c(key, rng_for(name).standard_normal(shape)) if constant == k else g.inp(key, shape))
    g.out(g.n("MatMul", ins, "y"))


def mat_muls():
    t = mat_mul
    t("plain", (1, 3, 4), (1, 4, 5))
    t("heads", (1, 2, 3, 4), (1, 2, 4, 5))
    t("broadcast", (1, 2, 3, 4), (1, 1, 4, 5))
    t("constant_left", (3, 4), (1, 4, 5), constant=0)
    t("constant_left_heads", (2, 3, 4), (1, 2, 4, 5), constant=0)
    t("constant_right_heads", (1, 2, 3, 4), (2, 4, 5), constant=1)
    t("constant_vector", (1, 3, 4), (4,), constant=1)
    t("opset_9", (1, 3, 4), (1, 4, 5), opset=9)


def attention():
    g = family.graph("attention", 17)
    x = g.inp("x", (1, 6, 8))
    def heads(name):
        y = g.n("MatMul", [x, g.w("w" + name, 8, 8)])
        y = g.n("Reshape", [y, g.i64("shape" + name, 1, 6, 2, 4)])
        return g.n("Transpose", y, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])
    s = g.n("MatMul", [heads("q"), heads("k")])
    s = g.n("Softmax", g.n("Mul", [s, g.c("half", 0.5)]), axis=-1)
    y = g.n("Transpose", g.n("MatMul", [s, heads("v")]), perm=[0, 2, 1, 3])
    y = g.n("Reshape", [y, g.i64("back", 1, 6, 8)])
    g.out(g.n("Add", [x, g.n("MatMul", [y, g.w("wo", 8, 8)])], "y"))


conv_transposes()
mat_muls()
attention()
family.write()
