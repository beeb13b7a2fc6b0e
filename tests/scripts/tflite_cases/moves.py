"""Operators that move numbers and compute none: slices, splits, gathers, tiles, mirrors, resizes to the
nearest, blocks, transpositions of up to six axes, and the shape arithmetic that Keras writes around
them. Where numpy has the definition, it is compared with the oracle, too."""

import numpy as np

from case import S, Family, Model, litert, opts, rng_for, tflm

family = Family("moves")


def ask(name, op, data, feeds, expect=None, oracle="tflm"):
    """Emits a case by TFLM where it has the kernel, else by LiteRT."""
    try:
        if oracle == "tflm":
            tflm(data, [feeds])
    except Exception:
        litert(data, [feeds])
        oracle = "litert"
    family.emit(name, op, data, [feeds], oracle=oracle, expect=None if expect is None else [expect])


def quantization(name):
    rng = rng_for(name + " scale")
    return [float(np.float32(10 ** rng.uniform(-3, 0)))], int(rng.integers(-128, 128))


def values(name, shape, dtype="int8"):
    info = np.iinfo(dtype)
    return rng_for(name).integers(info.min, info.max + 1, shape).astype(dtype)


def case(name, op, shape, operands, expect, options=None, position=0, version=1, oracle="tflm"):
    """One operator on one activation. `operands` are (numpy array) constants beside it, `expect` the
    outputs."""
    scales, zero = quantization(name)
    m = Model()
    x = m.tensor("x", "int8", shape, scales, zero)
    ins = [m.tensor(f"c{k}", str(c.dtype), c.shape, data=c) for k, c in enumerate(operands)]
    ins.insert(position, x)
    outs = [m.tensor(f"y{k}", "int8", y.shape, scales, zero) for k, y in enumerate(expect(values(name, shape)))]
    m.op(op, ins, outs, options, version)
    feed = values(name, shape)
    ask(name, op, m.finish([x], outs), [feed], expect(feed), oracle)


def i32(*numbers):
    return np.array(numbers, np.int32)


# SLICE
for k, (shape, begin, size, dtype) in enumerate([
        ([1, 6], [0, 2], [1, 3], np.int32), ([7], [2], [-1], np.int32),
        ([1, 5, 4, 3], [0, 1, 1, 0], [1, 3, 2, 3], np.int32), ([1, 5, 4, 3], [0, 2, 0, 1], [-1, -1, -1, 1], np.int32),
        ([1, 8, 4], [0, 4, 0], [1, 4, 4], np.int32), ([1, 3, 4, 2, 3], [0, 1, 0, 1, 1], [1, 2, 3, 1, 2], np.int32),
        ([3, 4], [1, 1], [2, 2], np.int32), ([1, 9, 3], [0, 3, 0], [1, 5, 3], np.int64)]):
    def expect(x, begin=begin, size=size):
        return [x[tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size))]]
    case(f"slice_{k}", "SLICE", shape, [np.array(begin, dtype), np.array(size, dtype)], expect, S.SliceOptionsT())


# STRIDED_SLICE
def strided(k, shape, index, begin, end, strides, **masks):
    fields = dict(beginMask=0, endMask=0, ellipsisMask=0, newAxisMask=0, shrinkAxisMask=0)
    fields.update(masks)
    case(f"strided_slice_{k}", "STRIDED_SLICE", shape, [i32(*begin), i32(*end), i32(*strides)],
         lambda x: [np.asarray(x[index])], opts(S.StridedSliceOptionsT, **fields))


A = np.s_
strided("plain", [1, 6, 5], A[0:1, 1:5, 0:4], [0, 1, 0], [1, 5, 4], [1, 1, 1])
strided("steps", [1, 9, 8], A[:, 1:9:3, 0:8:2], [0, 1, 0], [1, 9, 8], [1, 3, 2])
strided("back", [1, 6, 5], A[:, ::-1, 4:0:-2], [0, 0, 4], [0, 0, 0], [1, -1, -2], beginMask=3, endMask=3)
strided("back_rows", [1, 5, 4, 3], A[:, 3:0:-1, :, ::-1], [0, 3, 0, 0], [0, 0, 0, 0], [1, -1, 1, -1], beginMask=13, endMask=13)
strided("negative", [1, 7, 4], A[:, -5:-1, -3:], [0, -5, -3], [1, -1, 0], [1, 1, 1], endMask=4)
strided("clamped", [1, 5, 4], A[:, 0:5, 2:4], [0, -99, 2], [99, 99, 99], [1, 1, 1])
strided("clamped_back", [1, 5, 4], A[:, 4::-1, 3:1:-1], [0, 99, 99], [1, -99, 1], [1, -1, -1])
strided("shrink", [1, 5, 4], A[:, 2, :], [0, 2, 0], [1, 3, 4], [1, 1, 1], shrinkAxisMask=2, beginMask=5, endMask=5)
strided("shrink_last", [1, 5, 4, 3], A[:, :, 1:3, -1], [0, 0, 1, -1], [1, 5, 3, 0], [1, 1, 1, 1], shrinkAxisMask=8)
strided("shrink_two", [1, 3, 4, 2], A[0, :, 1], [0, 0, 1], [1, 3, 2], [1, 1, 1], shrinkAxisMask=5)
strided("fewer", [1, 6, 3, 2], A[:, 2:5], [0, 2], [1, 5], [1, 1])
strided("ellipsis", [1, 3, 4, 5], A[..., 1:4], [0, 1], [0, 4], [1, 1], ellipsisMask=1)
strided("ellipsis_middle", [1, 3, 4, 5], A[:, ..., 4:1:-1], [0, 0, 4], [1, 0, 1], [1, 1, -1], ellipsisMask=2)
strided("new_axis", [1, 4, 3], A[:, np.newaxis, 1:3], [0, 0, 1], [1, 0, 3], [1, 1, 1], newAxisMask=2)
strided("new_axis_last", [1, 4], A[..., np.newaxis], [0, 0], [0, 0], [1, 1], ellipsisMask=1, newAxisMask=2)
strided("mixed", [1, 4, 3, 5], A[:, np.newaxis, 2, ..., ::2], [0, 0, 2, 0, 0], [0, 0, 3, 0, 0], [1, 1, 1, 1, 2],
        beginMask=17, endMask=17, newAxisMask=2, shrinkAxisMask=4, ellipsisMask=8)
strided("batch", [5, 3], A[1:4:2], [1, 0], [4, 3], [2, 1])
strided("batch_back", [3, 4], A[::-1], [0, 0], [0, 0], [-1, 1], beginMask=3, endMask=3)
strided("offset", [1, 8, 3], A[:, 2:6], [0, 2, 0], [1, 4, 3], [1, 1, 1], offset=True)
strided("five", [1, 3, 2, 4, 3], A[:, 1:, :, ::2, ::-1], [0, 1, 0, 0, 0], [1, 3, 2, 4, 0], [1, 1, 1, 2, -1], beginMask=16, endMask=16)

# SPLIT
for k, (shape, axis, parts) in enumerate([([1, 6, 4], 1, 2), ([1, 6, 4], 2, 2), ([1, 4, 4, 6], 3, 3), ([1, 4, 4, 6], -1, 2),
                                          ([1, 9], -1, 3), ([1, 4, 3, 2], 1, 4), ([4, 3], 0, 2), ([1, 2, 3, 4, 6], 3, 2)]):
    case(f"split_{k}", "SPLIT", shape, [np.array(axis, np.int32)], lambda x, p=parts, a=axis: np.split(x, p, a),
         opts(S.SplitOptionsT, numSplits=parts), position=1)

# SPLIT_V
for k, (shape, axis, sizes) in enumerate([([1, 7, 3], 1, [2, 5]), ([1, 7, 3], 1, [4, -1, 1]), ([1, 5, 4, 6], 3, [1, 2, 3]),
                                          ([1, 5, 4, 6], 2, [3, 1]), ([1, 10], -1, [-1, 4]), ([1, 8, 4], 1, [4, 4])]):
    def expect(x, axis=axis, sizes=sizes):
        sizes = [s if s >= 0 else x.shape[axis] - sum(t for t in sizes if t > 0) for s in sizes]
        return np.split(x, np.cumsum(sizes)[:-1], axis)
    case(f"split_v_{k}", "SPLIT_V", shape, [i32(*sizes), np.array(axis, np.int32)], expect,
         opts(S.SplitVOptionsT, numSplits=len(sizes)))

# UNPACK
for k, (shape, axis) in enumerate([([1, 3, 4], 1), ([1, 3, 4], 2), ([1, 2, 3, 4], -1), ([1, 2, 3, 4], 1), ([3, 4], 0), ([1, 4, 2, 2], 2)]):
    case(f"unpack_{k}", "UNPACK", shape, [],
         lambda x, a=axis: [np.squeeze(y, a) for y in np.split(x, x.shape[a], a)],
         opts(S.UnpackOptionsT, num=shape[axis], axis=axis))


# PACK and CONCATENATION of activations and constants
def joined(name, op, shapes, constant, f, options):
    scales, zero = quantization(name)
    m = Model()
    ids, feeds, xs = [], [], []
    for k, shape in enumerate(shapes):
        x = values(f"{name} {k}", shape)
        xs.append(x)
        if k in constant:
            ids.append(m.tensor(f"c{k}", "int8", shape, scales, zero, data=x))
        else:
            ids.append(m.tensor(f"x{k}", "int8", shape, scales, zero))
            feeds.append(x)
    y = m.tensor("y", "int8", f(xs).shape, scales, zero)
    m.op(op, ids, [y], options)
    ins = [i for k, i in enumerate(ids) if k not in constant]
    ask(name, op, m.finish(ins, [y]), feeds, [f(xs)])


for k, (shape, count, axis, constant) in enumerate([([1, 3], 2, 1, []), ([1, 3], 3, -1, []), ([1, 3, 4], 2, 2, []), ([1, 3, 4], 2, -2, [1]),
                                                    ([4], 3, 0, []), ([1, 2, 3], 2, 0, [])]):
    joined(f"pack_{k}", "PACK", [shape] * count, constant, lambda xs, a=axis: np.stack(xs, a),
           opts(S.PackOptionsT, valuesCount=count, axis=axis))
for k, (shapes, axis, constant) in enumerate([
        ([[2, 3], [1, 3]], 0, []), ([[1, 4, 2], [1, 4, 5]], -1, []), ([[1, 2, 3, 4], [1, 5, 3, 4]], -3, [1]),
        ([[1, 2, 2, 3, 2], [1, 2, 2, 1, 2]], 3, []), ([[1, 3], [1, 3], [1, 2]], 1, []), ([[4], [3]], 0, [])]):
    joined(f"concatenation_{k}", "CONCATENATION", shapes, constant, lambda xs, a=axis: np.concatenate(xs, a),
           opts(S.ConcatenationOptionsT, axis=axis))

# GATHER
for k, (shape, axis, indices) in enumerate([
        ([1, 6, 3], 1, i32(4, 0, 2)), ([1, 6, 3], 1, i32(5, 4, 3, 2)), ([1, 6, 3], 2, i32(2, 2, 0, 1)), ([1, 4, 5, 2], -2, i32(1, 3)),
        ([1, 7], 1, np.array(3, np.int32)), ([1, 5, 2], 1, np.array([[0, 4], [1, 1]], np.int32)), ([5, 3], 0, i32(3, 1)),
        ([1, 4, 4, 8], 3, i32(7, 5, 3, 1)), ([6], 0, i32(5, 5, 0))]):
    case(f"gather_{k}", "GATHER", shape, [indices], lambda x, i=indices, a=axis: [np.take(x, i, a)],
         opts(S.GatherOptionsT, axis=axis))

# TILE
for k, (shape, repeats) in enumerate([([1, 3, 2], [1, 2, 3]), ([1, 4], [1, 5]), ([1, 2, 3, 2], [1, 1, 3, 1]), ([1, 1, 1, 4], [1, 3, 2, 1]),
                                      ([2, 3], [2, 1]), ([1, 2, 3, 2], [1, 2, 2, 2])]):
    case(f"tile_{k}", "TILE", shape, [i32(*repeats)], lambda x, r=repeats: [np.tile(x, r)])

# BROADCAST_TO
for k, (shape, to) in enumerate([([1, 1, 4], [1, 3, 4]), ([1, 3, 1], [1, 3, 5]), ([1, 1, 1, 2], [1, 3, 2, 2]), ([1, 3], [2, 3]),
                                 ([4], [1, 3, 4]), ([3, 1], [2, 3, 4])]):
    case(f"broadcast_to_{k}", "BROADCAST_TO", shape, [i32(*to)], lambda x, t=to: [np.broadcast_to(x, t)], version=2)

# MIRROR_PAD
for k, (shape, pads, mode) in enumerate([
        ([1, 5], [[0, 0], [2, 3]], "reflect"), ([1, 5], [[0, 0], [5, 1]], "symmetric"), ([1, 4, 3], [[0, 0], [3, 2], [1, 2]], "reflect"),
        ([1, 4, 3], [[0, 0], [4, 0], [1, 3]], "symmetric"), ([1, 4, 5, 2], [[0, 0], [1, 1], [1, 1], [0, 0]], "reflect"),
        ([1, 4, 5, 2], [[0, 0], [2, 1], [0, 3], [0, 0]], "symmetric"), ([1, 3, 3, 2], [[0, 0], [2, 2], [2, 2], [1, 1]], "reflect"),
        ([2, 3], [[1, 0], [0, 2]], "reflect")]):
    case(f"mirror_pad_{k}", "MIRROR_PAD", shape, [np.array(pads, np.int32)], lambda x, p=pads, m=mode: [np.pad(x, p, m)],
         opts(S.MirrorPadOptionsT, mode=0 if mode == "reflect" else 1))

# RESIZE_NEAREST_NEIGHBOR: ratios that float32 does not hold, and halves.
for k, (size, to, align, half) in enumerate(
        [((3, 4), (6, 8), a, h) for a in (0, 1) for h in (0, 1) if a + h < 2]
        + [((7, 5), (3, 4), a, h) for a in (0, 1) for h in (0, 1) if a + h < 2]
        + [((3, 7), (10, 23), a, h) for a in (0, 1) for h in (0, 1) if a + h < 2]
        + [((5, 6), (5, 6), 0, 0), ((1, 1), (3, 4), 0, 1), ((4, 4), (1, 1), 1, 0), ((4, 4), (1, 1), 0, 1), ((9, 3), (41, 28), 1, 0),
           ((9, 3), (41, 28), 0, 1), ((13, 11), (7, 49), 0, 0), ((2, 2), (8, 3), 0, 1)]):
    def oracle_only(x, to=to):
        return [np.zeros((1, *to, x.shape[3]), np.int8)]
    name = f"resize_nearest_{k}"
    scales, zero = quantization(name)
    m = Model()
    x = m.tensor("x", "int8", [1, *size, 2], scales, zero)
    c = m.tensor("size", "int32", [2], data=i32(*to))
    y = m.tensor("y", "int8", [1, *to, 2], scales, zero)
    m.op("RESIZE_NEAREST_NEIGHBOR", [x, c], [y],
         opts(S.ResizeNearestNeighborOptionsT, alignCorners=bool(align), halfPixelCenters=bool(half)), 3)
    ask(name, "RESIZE_NEAREST_NEIGHBOR", m.finish([x], [y]), [values(name, [1, *size, 2])])

# REVERSE_V2
for k, (shape, axes) in enumerate([([1, 5], [1]), ([1, 4, 3], [1]), ([1, 4, 3, 2], [-1]), ([3, 2], [0]), ([1, 4, 3, 2], [1, 2])]):
    try:
        case(f"reverse_{k}", "REVERSE_V2", shape, [i32(*axes)], lambda x, a=axes: [np.flip(x, a)])
    except Exception as error:
        print(f"reverse_{k}: no oracle: {str(error)[:90]}")


# Blocks
def to_depth(x, b):
    n, h, w, c = x.shape
    return x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, h // b, w // b, b * b * c)


def to_space(x, b):
    n, h, w, c = x.shape
    d = c // (b * b)
    return x.reshape(n, h, w, b, b, d).transpose(0, 1, 3, 2, 4, 5).reshape(n, h * b, w * b, d)


def to_batch(x, block, pads, zero):
    spatial = len(block)
    x = np.pad(x, [(0, 0), *pads] + [(0, 0)] * (x.ndim - 1 - spatial), constant_values=zero)
    split = [x.shape[0]]
    for extent, b in zip(x.shape[1:], block):
        split += [extent // b, b]
    rest = list(x.shape[1 + spatial:])
    perm = [2 + 2 * a for a in range(spatial)] + [0] + [1 + 2 * a for a in range(spatial)]
    perm += list(range(1 + 2 * spatial, 1 + 2 * spatial + len(rest)))
    shape = [x.shape[0] * int(np.prod(block))] + [e // b for e, b in zip(x.shape[1:], block)] + rest
    return x.reshape(split + rest).transpose(perm).reshape(shape)


def from_batch(x, block, crops):
    spatial = len(block)
    n = x.shape[0] // int(np.prod(block))
    rest = list(x.shape[1 + spatial:])
    perm = [spatial]
    for a in range(spatial):
        perm += [spatial + 1 + a, a]
    perm += list(range(2 * spatial + 1, 2 * spatial + 1 + len(rest)))
    y = x.reshape(list(block) + [n] + list(x.shape[1:])).transpose(perm)
    y = y.reshape([n] + [e * b for e, b in zip(x.shape[1:], block)] + rest)
    index = [slice(None)] + [slice(c[0], e - c[1]) for c, e in zip(crops, y.shape[1:])]
    return y[tuple(index)]


for k, (shape, b) in enumerate([([1, 2, 3, 4], 2), ([1, 2, 2, 12], 2), ([1, 3, 1, 18], 3), ([1, 1, 1, 16], 4), ([1, 2, 3, 5], 1)]):
    case(f"depth_to_space_{k}", "DEPTH_TO_SPACE", shape, [], lambda x, b=b: [to_space(x, b)],
         opts(S.DepthToSpaceOptionsT, blockSize=b))
for k, (shape, b) in enumerate([([1, 4, 6, 1], 2), ([1, 4, 4, 3], 2), ([1, 3, 6, 2], 3), ([1, 4, 8, 2], 4), ([1, 2, 3, 5], 1)]):
    case(f"space_to_depth_{k}", "SPACE_TO_DEPTH", shape, [], lambda x, b=b: [to_depth(x, b)],
         opts(S.SpaceToDepthOptionsT, blockSize=b))
for k, (shape, block, pads) in enumerate([
        ([1, 4, 6, 2], [2, 2], [[0, 0], [0, 0]]), ([1, 3, 5, 2], [2, 3], [[0, 1], [2, 2]]), ([1, 4, 4, 1], [1, 2], [[0, 0], [1, 1]]),
        ([1, 5, 3], [2], [[1, 0]]), ([1, 6, 2], [3], [[0, 0]]), ([2, 4, 2, 3], [2, 1], [[0, 0], [0, 0]])]):
    name = f"space_to_batch_{k}"
    case(name, "SPACE_TO_BATCH_ND", shape, [i32(*block), np.array(pads, np.int32)],
         lambda x, b=block, p=pads, z=quantization(name)[1]: [to_batch(x, b, p, z)], S.SpaceToBatchNDOptionsT(),
         # TFLM does not set the value of the border: it is whatever the stack holds.
         oracle="litert")
for k, (shape, block, crops) in enumerate([
        ([4, 2, 3, 2], [2, 2], [[0, 0], [0, 0]]), ([6, 2, 2, 1], [2, 3], [[0, 1], [2, 1]]), ([2, 3, 2, 2], [1, 2], [[1, 0], [0, 1]]),
        ([2, 3, 3], [2], [[1, 0]]), ([3, 2, 2], [3], [[0, 2]]), ([4, 2, 2, 3], [2, 1], [[0, 0], [0, 0]])]):
    case(f"batch_to_space_{k}", "BATCH_TO_SPACE_ND", shape, [i32(*block), np.array(crops, np.int32)],
         lambda x, b=block, c=crops: [from_batch(x, b, c)], S.BatchToSpaceNDOptionsT())


# Dilated convolutions as TensorFlow writes them.
def dilated(name, depthwise, size, channels, kernel, block, pads, crops, one_axis=None):
    rng = rng_for(name)
    (sx,), zx = quantization(name)
    sy, zy = 0.07, int(rng.integers(-128, 128))
    out = channels * 2 if depthwise else 3
    m = Model()
    spatial = [size] if one_axis else list(size)
    x = m.tensor("x", "int8", [1, *spatial, channels], [sx], zx)
    blocked = to_batch(np.zeros([1, *spatial, channels], np.int8), block, pads, zx).shape
    z = m.tensor("blocks", "int8", blocked, [sx], zx)
    b = m.tensor("block", "int32", [len(block)], data=i32(*block))
    p = m.tensor("pads", "int32", [len(block), 2], data=np.array(pads, np.int32))
    c = m.tensor("crops", "int32", [len(block), 2], data=np.array(crops, np.int32))
    m.op("SPACE_TO_BATCH_ND", [x, b, p], [z], S.SpaceToBatchNDOptionsT())
    if one_axis:
        at = {"rows": 2, "columns": 1}[one_axis]
        unfolded = list(blocked)
        unfolded.insert(at, 1)
        u = m.tensor("unfolded", "int8", unfolded, [sx], zx)
        a = m.tensor("axis", "int32", [], data=np.array(at, np.int32))
        m.op("EXPAND_DIMS", [z, a], [u], S.ExpandDimsOptionsT())
        kernel = (kernel, 1) if at == 2 else (1, kernel)
    else:
        u, unfolded = z, list(blocked)
    weights = rng.integers(-127, 128, [1, *kernel, out] if depthwise else [out, *kernel, channels])
    w = m.tensor("w", "int8", weights.shape, rng.uniform(0.002, 0.01, out), [0] * out, 3 if depthwise else 0, data=weights)
    bias = m.tensor("bias", "int32", [out], rng.uniform(0.002, 0.01, out), [0] * out, data=rng.integers(-500, 500, out))
    mid = [unfolded[0]] + [e - k + 1 for e, k in zip(unfolded[1:3], kernel)] + [out]
    r = m.tensor("results", "int8", mid, [sy], zy)
    if depthwise:
        m.op("DEPTHWISE_CONV_2D", [u, w, bias], [r],
             opts(S.DepthwiseConv2DOptionsT, padding=1, strideH=1, strideW=1, depthMultiplier=2,
                  dilationHFactor=1, dilationWFactor=1))
    else:
        m.op("CONV_2D", [u, w, bias], [r],
             opts(S.Conv2DOptionsT, padding=1, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1))
    if one_axis:
        folded = list(mid)
        folded.pop(at)
        f = m.tensor("folded", "int8", folded, [sy], zy)
        m.op("SQUEEZE", [r], [f], opts(S.SqueezeOptionsT, squeezeDims=[at]))
        r, mid = f, folded
    y = m.tensor("y", "int8", from_batch(np.zeros(mid, np.int8), block, crops).shape, [sy], zy)
    m.op("BATCH_TO_SPACE_ND", [r, b, c], [y], S.BatchToSpaceNDOptionsT())
    ask(name, "dilated convolution", m.finish([x], [y]), [values(name, [1, *spatial, channels])],
        oracle="litert")


dilated("dilated_valid", False, (8, 8), 2, (3, 3), [2, 2], [[0, 0], [0, 0]], [[0, 0], [0, 0]])
dilated("dilated_same", False, (6, 7), 2, (3, 3), [2, 2], [[2, 2], [2, 3]], [[0, 0], [0, 1]])
dilated("dilated_depthwise", True, (7, 5), 3, (3, 3), [3, 2], [[3, 5], [2, 3]], [[0, 2], [0, 1]])
dilated("dilated_crop", False, (5, 6), 1, (2, 3), [2, 2], [[1, 2], [2, 2]], [[1, 0], [0, 0]])
dilated("dilated_one_axis", False, 11, 2, 3, [2], [[4, 1]], [[0, 1]], one_axis="columns")
dilated("dilated_one_axis_rows", False, 10, 3, 2, [3], [[3, 2]], [[0, 2]], one_axis="rows")
dilated("dilated_one_axis_rows_one_result", False, 6, 2, 2, [3], [[0, 0]], [[0, 0]], one_axis="rows")
dilated("dilated_depthwise_one_axis", True, 9, 2, 3, [2], [[2, 1]], [[0, 0]], one_axis="columns")

# PAD, PADV2 and TRANSPOSE of more axes
for k, (shape, pads) in enumerate([([1, 2, 3, 2, 2], [[0, 0], [1, 0], [0, 2], [1, 1], [0, 0]]), ([1, 2, 2, 3, 2], [[0, 0], [1, 1], [0, 0], [0, 0], [2, 1]]),
                                   ([2, 3], [[1, 0], [0, 2]]), ([3], [[2, 1]])]):
    name = f"pad_{k}"
    case(name, "PAD", shape, [np.array(pads, np.int32)],
         lambda x, p=pads, z=quantization(name)[1]: [np.pad(x, p, constant_values=z)], S.PadOptionsT())
for k, (shape, perm) in enumerate([([1, 2, 3, 4, 2], [0, 3, 1, 4, 2]), ([1, 2, 3, 2, 3], [0, 2, 4, 1, 3]), ([2, 3, 4], [2, 0, 1]), ([3, 5], [1, 0]),
                                   ([1, 2, 2, 3, 2], [4, 3, 2, 1, 0]), ([1, 2, 3, 2, 2, 3], [0, 3, 5, 1, 4, 2])]):
    try:
        case(f"transpose_{k}", "TRANSPOSE", shape, [i32(*perm)], lambda x, p=perm: [x.transpose(p)], S.TransposeOptionsT())
    except Exception as error:
        print(f"transpose_{k}: no oracle: {str(error)[:90]}")


# What Keras writes around them.
def flatten_by_shape(name, shape, rest, oracle_first="tflm"):
    """reshape(x, [shape(x)[0], rest...])"""
    scales, zero = quantization(name)
    m = Model()
    x = m.tensor("x", "int8", shape, scales, zero, signature=[-1, *shape[1:]])
    s = m.tensor("shape", "int32", [len(shape)])
    m.op("SHAPE", [x], [s], opts(S.ShapeOptionsT, outType=2))
    b, e, t = (m.tensor(n, "int32", [1], data=i32(v)) for n, v in (("b", 0), ("e", 1), ("t", 1)))
    n = m.tensor("n", "int32", [])
    m.op("STRIDED_SLICE", [s, b, e, t], [n], opts(S.StridedSliceOptionsT, shrinkAxisMask=1, beginMask=0, endMask=0, ellipsisMask=0, newAxisMask=0))
    parts = [n] + [m.tensor(f"r{k}", "int32", [], data=np.array(r, np.int32)) for k, r in enumerate(rest)]
    p = m.tensor("packed", "int32", [len(parts)])
    m.op("PACK", parts, [p], opts(S.PackOptionsT, valuesCount=len(parts), axis=0))
    y = m.tensor("y", "int8", [shape[0], *rest], scales, zero)
    m.op("RESHAPE", [x, p], [y], S.ReshapeOptionsT())
    ask(name, "shape arithmetic", m.finish([x], [y]), [values(name, shape)])


flatten_by_shape("shape_flatten", [1, 3, 4, 2], [24])
flatten_by_shape("shape_heads", [1, 4, 6], [4, 2, 3])


def shape_halves():
    """x[:, :shape(x)[1] // 2], with MUL, CONCATENATION, CAST and GATHER of numbers."""
    name, shape = "shape_halves", [1, 6, 4]
    scales, zero = quantization(name)
    m = Model()
    x = m.tensor("x", "int8", shape, scales, zero)
    s = m.tensor("shape", "int64", [3])
    m.op("SHAPE", [x], [s], opts(S.ShapeOptionsT, outType=4))
    s32 = m.tensor("shape32", "int32", [3])
    m.op("CAST", [s], [s32], opts(S.CastOptionsT, inDataType=4, outDataType=2))
    one = m.tensor("one", "int32", [1], data=i32(1))
    rows = m.tensor("rows", "int32", [1])
    m.op("GATHER", [s32, one], [rows], opts(S.GatherOptionsT, axis=0))
    two = m.tensor("two", "int32", [], data=np.array(2, np.int32))
    half = m.tensor("half", "int32", [1])
    m.op("FLOOR_DIV", [rows, two], [half], S.FloorDivOptionsT(), 2)
    ends = [m.tensor(f"end{k}", "int32", [1], data=i32(v)) for k, v in enumerate((1, 4))]
    size = m.tensor("size", "int32", [3])
    m.op("CONCATENATION", [ends[0], half, ends[1]], [size], opts(S.ConcatenationOptionsT, axis=0))
    three = m.tensor("three", "int32", [1], data=i32(3))
    zeros = m.tensor("zeros", "int32", [3])
    nought = m.tensor("nought", "int32", [], data=np.array(0, np.int32))
    m.op("FILL", [three, nought], [zeros], S.FillOptionsT())
    y = m.tensor("y", "int8", [1, 3, 4], scales, zero)
    m.op("SLICE", [x, zeros, size], [y], S.SliceOptionsT())
    feed = values(name, shape)
    family.emit(name, "shape arithmetic", m.finish([x], [y]), [[feed]], oracle="litert", expect=[[feed[:, :3]]])


shape_halves()


def gather_range():
    """x[:, range(5, 0, -2)]"""
    name, shape = "gather_range", [1, 6, 2]
    scales, zero = quantization(name)
    m = Model()
    x = m.tensor("x", "int8", shape, scales, zero)
    ends = [m.tensor(f"end{k}", "int32", [], data=np.array(v, np.int32)) for k, v in enumerate((5, 0, -2))]
    r = m.tensor("range", "int32", [3])
    m.op("RANGE", ends, [r], S.RangeOptionsT())
    y = m.tensor("y", "int8", [1, 3, 2], scales, zero)
    m.op("GATHER", [x, r], [y], opts(S.GatherOptionsT, axis=1))
    feed = values(name, shape)
    family.emit(name, "shape arithmetic", m.finish([x], [y]), [[feed]], oracle="litert", expect=[[feed[:, 5:0:-2]]])


gather_range()


def shuffle(name, groups):
    """Channel shuffle, and a split into halves that are joined again."""
    scales, zero = quantization(name)
    h, w, c = 3, 2, 8
    m = Model()
    x = m.tensor("x", "int8", [1, h, w, c], scales, zero)
    sizes = [[1, h, w, groups, c // groups], [1, h, w, c // groups, groups], [1, h, w, c]]
    five = m.tensor("five", "int8", sizes[0], scales, zero)
    m.op("RESHAPE", [x, m.tensor("s0", "int32", [5], data=i32(*sizes[0]))], [five], S.ReshapeOptionsT())
    turned = m.tensor("turned", "int8", sizes[1], scales, zero)
    m.op("TRANSPOSE", [five, m.tensor("p", "int32", [5], data=i32(0, 1, 2, 4, 3))], [turned], S.TransposeOptionsT())
    y = m.tensor("shuffled", "int8", sizes[2], scales, zero)
    m.op("RESHAPE", [turned, m.tensor("s1", "int32", [4], data=i32(*sizes[2]))], [y], S.ReshapeOptionsT())
    halves = [m.tensor(f"half{k}", "int8", [1, h, w, c // 2], scales, zero) for k in range(2)]
    m.op("SPLIT", [m.tensor("axis", "int32", [], data=np.array(3, np.int32)), y], halves, opts(S.SplitOptionsT, numSplits=2))
    z = m.tensor("z", "int8", [1, h, w, c], scales, zero)
    m.op("CONCATENATION", halves[::-1], [z], opts(S.ConcatenationOptionsT, axis=3))
    feed = values(name, [1, h, w, c])
    s = feed.reshape(sizes[0]).transpose(0, 1, 2, 4, 3).reshape(sizes[2])
    ask(name, "channel shuffle", m.finish([x], [z]), [feed], [np.concatenate([s[..., 4:], s[..., :4]], 3)])


shuffle("shuffle_2", 2)
shuffle("shuffle_4", 4)


def refused(name, op, m, ins, outs, why):
    family.emit(name, op, m.finish(ins, outs), [], refused=why)


def refusals():
    scales = [0.1]
    m = Model()
    x = m.tensor("x", "int8", [1, 4], scales, 0)
    y = m.tensor("y", "int8", [1, 2], scales, 0)
    m.op("GATHER", [x, m.tensor("i", "int32", [2], data=i32(1, 4))], [y], opts(S.GatherOptionsT, axis=1))
    refused("gather_out_of_range", "GATHER", m, [x], [y], "an index is not one of the axis")
    m = Model()
    x = m.tensor("x", "int8", [1, 4], scales, 0)
    y = m.tensor("y", "int8", [1, 2], [0.2], 0)
    m.op("SLICE", [x] + [m.tensor(f"c{k}", "int32", [2], data=i32(*v)) for k, v in enumerate(([0, 1], [1, 2]))], [y], S.SliceOptionsT())
    refused("slice_rescales", "SLICE", m, [x], [y], "input and output have different scales")
    m = Model()
    x = m.tensor("x", "int8", [1, 4], scales, 0)
    b = m.tensor("b", "int32", [2])
    y = m.tensor("y", "int8", [1, 2], scales, 0)
    m.op("SLICE", [x, b, m.tensor("s", "int32", [2], data=i32(1, 2))], [y], S.SliceOptionsT())
    refused("slice_computed", "SLICE", m, [x, b], [y], "where a slice begins is not known")
    m = Model()
    x = m.tensor("x", "int8", [1, 4], scales, 0)
    y = m.tensor("y", "int8", [1, 6], scales, 0)
    m.op("MIRROR_PAD", [x, m.tensor("p", "int32", [2, 2], data=i32(0, 0, 0, 4))], [y], opts(S.MirrorPadOptionsT, mode=0))
    refused("mirror_pad_too_far", "MIRROR_PAD", m, [x], [y], "more is mirrored than there is")


refusals()
family.write()
