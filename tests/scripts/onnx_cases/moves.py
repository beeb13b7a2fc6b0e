#!/usr/bin/env python3
"""Operators that move or pick elements, answered by ONNX Runtime: Slice, Split, Gather and its
relatives, Tile, Expand, Pad, Resize to the nearest, Upsample, blocks of space and depth, Concat, and
what folds at import around them (Range, Shape, Where, Trilu, OneHot). What the device takes apart or
mirrors goes through a convolution or a sum in some cases, as it does in networks.
"""

import numpy as np

from case import F, Family, T, rng_for

family = Family("moves")
MAP, VECTOR = (1, 4, 6, 5), (1, 12)


def one(name, op, extra=(), shape=MAP, opset=18, **attrs):
    """One operator; `extra` are constants, `None` is left out."""
    g = family.graph(name, opset)
    ins = [g.inp("x", shape)]
    for index, value in enumerate(extra):
        ins.append("" if value is None else g.c(f"c{index}", value))
    g.out(g.n(op, ins, "y", **attrs))


def ints(*values):
    return np.array(values, np.int64)


def slices():
    one("slice_channels", "Slice", (ints(1), ints(3), ints(1)))
    one("slice_rows_columns", "Slice", (ints(1, -3), ints(9999, -1), ints(2, 3)))
    one("slice_step", "Slice", (ints(0, 4), ints(6, -9999), ints(2, 3), ints(2, -2)))
    one("slice_reversed", "Slice", (ints(-1), ints(-9999), ints(-1), ints(-1)))
    one("slice_attributes_opset9", "Slice", opset=9, starts=[1, 0], ends=[4, 2], axes=[1, 2])
    one("slice_default_axes", "Slice", (ints(0, 1), ints(1, 3)), shape=(1, 5, 3, 4), opset=13)
    one("slice_vector", "Slice", (ints(3), ints(11), ints(1), ints(3)), shape=VECTOR)
    # Every second column of a map between two convolutions: what folds into nothing else.
    g = family.graph("slice_between_convolutions", 17)
    x = g.n("Conv", [g.inp("x", ("N", 2, 8, 8), batch=2), g.w("w1", 4, 2, 3, 3)], pads=[1] * 4)
    x = g.n("Slice", [x, g.i64("starts", 1), g.i64("ends", 8), g.i64("axes", 3), g.i64("steps", 2)])
    g.out(g.n("Conv", [x, g.w("w2", 3, 4, 3, 3)], "y"))
    # Focus, as YOLOv5 opens.
    g = family.graph("focus", 13)
    x = g.inp("x", (1, 2, 6, 6))
    parts = []
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        k = f"{row}{column}"
        part = g.n("Slice", [x, g.i64(f"s{k}", row, column), g.i64(f"e{k}", 999, 999), g.i64(f"a{k}", 2, 3), g.i64(f"t{k}", 2, 2)])
        parts.append(part)
    g.out(g.n("Conv", [g.n("Concat", parts, axis=1), g.w("w", 4, 8, 3, 3)], "y"))


def splits():
    def split(name, opset, lens=None, shape=MAP, attrs=None, count=2):
        g = family.graph(name, opset)
        ins = [g.inp("x", shape)]
        if lens is not None and opset >= 13:
            ins.append(g.i64("lens", *lens))
        names = [f"y{k}" for k in range(count)]
        g.n("Split", ins, names, **(attrs or {}))
        g.out(*names)

    split("split_equal_opset7", 7, attrs={"axis": 1})
    split("split_attribute_opset11", 11, attrs={"axis": 3, "split": [1, 3, 1]}, count=3)
    split("split_input_opset13", 13, (1, 2, 3), attrs={"axis": 2}, count=3)
    split("split_uneven_opset18", 18, attrs={"axis": -1, "num_outputs": 3}, count=3)
    split("split_vector", 17, (5, 7), VECTOR, {"axis": 1})
    # Halves of channels that meet again the other way round: ShuffleNet's step.
    g = family.graph("split_and_swap", 17)
    x = g.n("Conv", [g.inp("x", ("N", 2, 6, 6)), g.w("w", 8, 2, 3, 3)])
    g.n("Split", [x, g.i64("lens", 4, 4)], ["left", "right"], axis=1)
    left = g.n("Relu", "left")
    g.out(g.n("Concat", ["right", left], "y", axis=1))
    # A gated linear unit.
    g = family.graph("gated_linear_unit", 13)
    x = g.n("Gemm", [g.inp("x", ("N", 5)), g.w("w", 5, 8)])
    g.n("Split", x, ["value", "gate"], axis=1)
    g.out(g.n("Mul", ["value", g.n("Sigmoid", "gate")], "y"))


def gathers():
    one("gather_channels", "Gather", (ints(3, 0, 0, -1),), axis=1)
    one("gather_scalar", "Gather", (np.array(2, np.int64),), axis=2)
    one("gather_last_step", "Gather", (np.array(-1, np.int64),), shape=(1, 5, 7), axis=1)
    one("gather_table", "Gather", (ints(0, 2, 1, 1).reshape(2, 2),), shape=(1, 3, 5), axis=1)
    one("gather_vector_opset7", "Gather", (ints(11, 0, 5),), shape=VECTOR, opset=7, axis=1)
    indices = rng_for("gather_elements").integers(-4, 4, (1, 3, 6, 5))
    one("gather_elements", "GatherElements", (indices,), axis=1)
    one("gather_nd", "GatherND", (np.array([[[0, 1, 2], [0, 3, -1]]], np.int64),))
    one("gather_nd_batched", "GatherND", (np.array([[[1, 2], [3, 0]]], np.int64),), batch_dims=1)
    # Channels shuffled by a table, as pruned networks have them.
    g = family.graph("gather_between_convolutions", 17)
    x = g.n("Conv", [g.inp("x", ("N", 2, 5, 5), batch=2), g.w("w1", 6, 2, 3, 3)])
    x = g.n("Gather", [x, g.i64("order", 4, 0, 3, 1)], axis=1)
    g.out(g.n("Conv", [x, g.w("w2", 2, 4, 1, 1)], "y"))


def repeats():
    one("tile_map", "Tile", (ints(1, 2, 1, 3),))
    one("tile_vector", "Tile", (ints(1, 4),), shape=(1, 3))
    one("tile_one_channel", "Tile", (ints(1, 3, 1, 1),), shape=(1, 1, 4, 4), opset=6)
    one("expand_map", "Expand", (ints(1, 4, 6, 5),), shape=(1, 4, 1, 1))
    one("expand_channels", "Expand", (ints(1, 3, 1, 1),), shape=(1, 1, 4, 5))
    one("expand_rank", "Expand", (ints(1, 2, 3, 4),), shape=(1, 3, 1), opset=13)
    one("expand_ones", "Expand", (ints(1, 1, 4),), shape=(1, 3, 1))


def pads():
    def pad(name, mode, pads, value=None, axes=None, opset=18, shape=MAP):
        if opset < 11:
            attrs = {} if value is None else {"value": value}
            one(name, "Pad", shape=shape, opset=opset, mode=mode, pads=list(pads), **attrs)
            return
        value = None if value is None else np.array(value, F)
        extra = [ints(*pads), value, None if axes is None else ints(*axes)]
        while extra[-1] is None:
            extra.pop()
        one(name, "Pad", tuple(extra), shape=shape, opset=opset, mode=mode)

    pad("pad_constant", "constant", (0, 1, 2, 0, 0, 0, 1, 3), -0.7)
    pad("pad_constant_axes", "constant", (1, 2, 0, 1), 0.0, (-1, 1))
    pad("pad_constant_negative", "constant", (0, 0, -1, 2, 0, 0, -2, -1), 0.5)
    pad("pad_constant_opset7", "constant", (0, 0, 1, 1, 0, 0, 1, 1), 1.25, opset=7)
    pad("pad_reflect", "reflect", (0, 0, 2, 3, 0, 0, 1, 2))
    pad("pad_reflect_opset10", "reflect", (0, 0, 1, 1, 0, 0, 1, 1), opset=10)
    pad("pad_edge", "edge", (0, 1, 2, 0, 0, 0, 3, 4))
    pad("pad_edge_axes", "edge", (2, 1), axes=(2,))
    pad("pad_wrap", "wrap", (0, 0, 2, 3, 0, 0, 4, 1), opset=19)
    pad("pad_reflect_vector", "reflect", (0, 3, 0, 4), shape=VECTOR)
    # Reflected borders before a convolution, as in networks for images.
    g = family.graph("pad_reflect_convolution", 17)
    x = g.n("Pad", [g.inp("x", ("N", 2, 6, 6), batch=2), g.i64("pads", 0, 0, 1, 1, 0, 0, 1, 1)], mode="reflect")
    g.out(g.n("Conv", [x, g.w("w", 3, 2, 3, 3)], "y"))


def resizes():
    def nearest(name, scales=None, sizes=None, shape=(1, 3, 4, 5), opset=18, **attrs):
        # Before opset 13 a region and scales have to be there, if without elements.
        empty = np.zeros(0, F) if opset < 13 else None
        extra = [empty, empty if scales is None else np.array(scales, F)]
        if sizes is not None:
            extra.append(ints(*sizes))
        one(name, "Resize", tuple(extra), shape=shape, opset=opset, mode="nearest", **attrs)

    nearest("resize_double", (1, 1, 2, 2), coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    nearest("resize_default", (1, 1, 2, 3))
    nearest("resize_sizes", sizes=(1, 3, 7, 9))
    nearest("resize_smaller", (1, 1, 0.6, 0.5))
    nearest("resize_opset11", (1, 1, 2.5, 1.5), opset=11)
    for coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"):
        for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
            if coordinates == "half_pixel_symmetric" and rounding != "floor":
                continue
            name = f"resize_{coordinates}_{rounding}"
            opset = 19 if coordinates == "half_pixel_symmetric" else 13
            columns = 4 if coordinates == "half_pixel_symmetric" else 3
            nearest(name, sizes=(1, 2, 7, columns), shape=(1, 2, 4, 5), opset=opset,
                    coordinate_transformation_mode=coordinates, nearest_mode=rounding)
    nearest("resize_1d", (1, 1, 3), shape=(1, 4, 5))
    nearest("resize_axes", sizes=(8, 8), axes=[2, 3], keep_aspect_ratio_policy="not_larger")
    one("resize_opset10", "Resize", (np.array([1, 1, 2, 2], F),), opset=10, mode="nearest")
    one("resize_smaller_opset10", "Resize", (np.array([1, 1, 0.5, 0.6], F),), opset=10, mode="nearest")
    one("upsample_opset9", "Upsample", (np.array([1, 1, 2, 3], F),), opset=9, mode="nearest")
    one("upsample_opset7", "Upsample", opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 2.0])
    # The skip of a feature pyramid.
    g = family.graph("resize_pyramid", 13)
    x = g.inp("x", ("N", 2, 8, 8), batch=2)
    fine = g.n("Conv", [x, g.w("w1", 4, 2, 3, 3)], pads=[1] * 4)
    coarse = g.n("Conv", [fine, g.w("w2", 4, 4, 3, 3)], pads=[1] * 4, strides=[2, 2])
    up = g.n("Resize", [coarse, "", g.c("scales", np.array([1, 1, 2, 2], F))], mode="nearest",
             coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    g.out(g.n("Add", [fine, up], "y"))


def blocks():
    for mode in ("DCR", "CRD"):
        one(f"depth_to_space_{mode.lower()}", "DepthToSpace", shape=(1, 8, 3, 2), opset=13, blocksize=2, mode=mode)
    one("depth_to_space_opset7", "DepthToSpace", shape=(1, 9, 2, 2), opset=7, blocksize=3)
    one("space_to_depth", "SpaceToDepth", shape=(1, 3, 4, 6), opset=13, blocksize=2)
    # PixelShuffle behind a convolution, and as PyTorch writes it at small opsets.
    g = family.graph("pixel_shuffle", 13)
    x = g.n("Conv", [g.inp("x", ("N", 2, 4, 4), batch=2), g.w("w", 8, 2, 3, 3)], pads=[1] * 4)
    g.out(g.n("DepthToSpace", x, "y", blocksize=2, mode="CRD"))
    g = family.graph("channel_shuffle", 13)
    x = g.n("Conv", [g.inp("x", ("N", 2, 4, 4), batch=2), g.w("w1", 6, 2, 3, 3)], pads=[1] * 4)
    x = g.n("Reshape", [x, g.i64("cut", -1, 2, 3, 4, 4)])
    x = g.n("Transpose", x, perm=[0, 2, 1, 3, 4])
    x = g.n("Reshape", [x, g.i64("joined", -1, 6, 4, 4)])
    g.out(g.n("Conv", [x, g.w("w2", 2, 6, 1, 1)], "y"))


def joined():
    g = family.graph("squeeze_all", 13)
    g.out(g.n("Unsqueeze", [g.n("Squeeze", g.inp("x", (1, 1, 5, 1))), g.i64("axes", 0)], "y"))
    g = family.graph("concat_batch", 13)
    both = g.n("Concat", [g.inp("x", (1, 3, 4)), g.inp("z", (1, 3, 4))], axis=0)
    g.out(g.n("Unsqueeze", [both, g.i64("axes", 0)], "y"))
    g = family.graph("concat_with_constant", 13)
    g.out(g.n("Concat", [g.inp("x", MAP), g.w("c", 1, 2, 6, 5)], "y", axis=1))
    # A class token in front of patches.
    g = family.graph("class_token", 17)
    x = g.n("Conv", [g.inp("x", (1, 2, 8, 8)), g.w("w", 6, 2, 4, 4)], strides=[4, 4])
    x = g.n("Transpose", g.n("Reshape", [x, g.i64("flat", 1, 6, 4)]), perm=[0, 2, 1])
    g.out(g.n("Add", [g.n("Concat", [g.w("token", 1, 1, 6), x], axis=1), g.w("position", 1, 5, 6)], "y"))


def folded():
    # Positions computed from a shape: cosines of angles, added to a sequence.
    g = family.graph("folded_positions", 17)
    x = g.inp("x", (1, 6, 4))
    length = g.n("Gather", [g.n("Shape", x), g.c("one", np.array(1, np.int64))], axis=0)
    steps = g.n("Range", [g.c("zero", np.array(0, np.int64)), length, g.c("step", np.array(1, np.int64))])
    steps = g.n("Unsqueeze", [g.n("Cast", steps, to=T.FLOAT), g.i64("last", 1)])
    angles = g.n("Mul", [steps, g.c("rates", np.array([1, 0.5, 0.1, 0.05], F))])
    g.out(g.n("Add", [x, g.n("Cos", angles)], "y"))
    # A causal mask made of Trilu and ConstantOfShape.
    g = family.graph("folded_mask", 17)
    x = g.inp("x", (1, 5, 5))
    ones = g.n("ConstantOfShape", g.i64("shape", 5, 5), value=onnx_tensor([1.0]))
    mask = g.n("Cast", g.n("Trilu", [ones, g.c("k", np.array(1, np.int64))], upper=1), to=T.BOOL)
    g.out(g.n("Softmax", g.n("Where", [mask, g.c("low", F(-9)), x]), "y", axis=-1))
    one("trilu", "Trilu", shape=(1, 4, 5), opset=14, upper=0)
    # The size of a crop from other tensors' shapes.
    g = family.graph("folded_crop", 17)
    x, z = g.inp("x", (1, 2, 6, 6)), g.inp("z", (1, 2, 4, 3))
    ends = g.n("Slice", [g.n("Shape", z), g.i64("from", 2), g.i64("to", 4), g.i64("first", 0)])
    x = g.n("Slice", [x, g.i64("starts", 0, 0), ends, g.i64("axes", 2, 3)])
    g.out(g.n("Add", [x, z], "y"))
    # What is expanded to the shape of another.
    g = family.graph("folded_expand", 17)
    x = g.inp("x", (1, 3, 1, 1))
    z = g.inp("z", (1, 3, 4, 5))
    g.out(g.n("Mul", [g.n("Expand", [x, g.n("Shape", z)]), z], "y"))
    hot = family.graph("folded_one_hot", 17)
    x = hot.inp("x", (1, 4, 3))
    codes = hot.n("OneHot", [hot.i64("indices", 2, 0, 1, 2), hot.i64("depth", 3), hot.c("values", np.array([0, 1.5], F))])
    hot.out(hot.n("Mul", [x, codes], "y"))


def onnx_tensor(values):
    import onnx

    return onnx.numpy_helper.from_array(np.array(values, F))


for write in (slices, splits, gathers, repeats, pads, resizes, blocks, joined, folded):
    write()
family.write()
