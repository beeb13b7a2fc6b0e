"""Variables: networks that remember, run after run. See case.py."""

import numpy as np

from case import Family, Model, S, opts, rng_for

family = Family("state")
NONE, RELU = 0, 1


class Net(Model):
    """A model whose variables are known by name."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def t(self, shape, scale=0.1, zero=0, dtype="int8", data=None):
        self.count += 1
        return self.tensor(f"t{self.count}", dtype, shape, [scale], zero, data=data)

    def handle(self, name, container=""):
        self.count += 1
        handle = self.tensor(f"h{self.count}", "resource", [1])
        self.op("VAR_HANDLE", [], [handle],
                opts(S.VarHandleOptionsT, container=container, sharedName=name))
        return handle

    def read(self, handle, shape, scale=0.1, zero=0, dtype="int8"):
        value = self.t(shape, scale, zero, dtype)
        self.op("READ_VARIABLE", [handle], [value], S.ReadVariableOptionsT())
        return value

    def assign(self, handle, value):
        self.op("ASSIGN_VARIABLE", [handle, value], [], S.AssignVariableOptionsT())

    def add(self, a, b, shape, scale=0.1, zero=0, act=NONE, dtype="int8"):
        y = self.t(shape, scale, zero, dtype)
        self.op("ADD", [a, b], [y], opts(S.AddOptionsT, fusedActivationFunction=act))
        return y

    def call_once(self, subgraph=1):
        self.op("CALL_ONCE", [], [], opts(S.CallOnceOptionsT, initSubgraphIndex=subgraph))

    def init(self, values, shape, scale=0.1, zero=0, dtype="int8"):
        """The subgraph that sets variables; nothing may be added to the main graph after it."""
        self.subgraph("init")
        for name, data in values.items():
            handle = self.handle(name)
            self.assign(handle, self.t(shape, scale, zero, dtype, np.array(data).reshape(shape)))
        self.sg.inputs, self.sg.outputs = [], []


def runs(name, shape, count=6, dtype=np.int8):
    rng = rng_for("runs " + name)
    return [[rng.integers(-128, 128, shape).astype(dtype)] for _ in range(count)]


def emit(name, op, net, x, outs, shape, count=6, **more):
    family.emit(name, op, net.finish([x], outs), runs(name, shape, count), **more)


# y = x + v, v = y: every pair of scales and zero points; the bytes are read with the read's scale.
for at, (sv, zv, sy, zy) in enumerate([(0.1, 0, 0.1, 0), (0.1, -7, 0.1, 5), (0.05, -128, 0.2, 127),
                                       (0.2, 127, 0.05, -128), (0.013, 3, 0.4, -20), (0.9, 0, 0.3, 1),
                                       (0.1, 100, 0.1, 100), (0.07, -1, 0.0701, 1)]):
    shape = [1, 5]
    n = Net()
    x = n.t(shape, 0.08, -3)
    h = n.handle("v")
    y = n.add(x, n.read(h, shape, sv, zv), shape, sy, zy)
    n.assign(h, y)
    emit(f"sum_{at}", "ASSIGN_VARIABLE", n, x, [y], shape)

# Shapes.
for at, shape in enumerate([[1, 1], [1, 3, 2], [1, 2, 3, 4], [2, 4], [1, 17], [5], [3, 2, 2]]):
    n = Net()
    x = n.t(shape)
    h = n.handle("v")
    y = n.add(x, n.read(h, shape), shape, 0.15, 2)
    n.assign(h, y)
    emit(f"shape_{at}", "ASSIGN_VARIABLE", n, x, [y], shape)

# Set once before the first run.
for at, data in enumerate([[1, 2, 3, 4], [-128, 127, -128, 127], [0, 0, 0, 0], [-1, -1, -1, -1]]):
    for zero in [0, -11]:
        shape = [1, 4]
        n = Net()
        x = n.t(shape)
        n.call_once()
        h = n.handle("v")
        y = n.add(x, n.read(h, shape, 0.1, zero), shape, 0.2, 1)
        n.assign(h, y)
        n.init({"v": data}, shape, 0.1, zero)
        emit(f"init_{at}_{'zero' if zero == 0 else 'moved'}", "CALL_ONCE", n, x, [y], shape)

# What came `delay` runs before.
for delay in range(1, 6):
    shape = [1, 3]
    n = Net()
    x = n.t(shape)
    handles = [n.handle(f"v{k}") for k in range(delay)]
    past = [n.read(h, shape) for h in handles]
    y = n.add(past[-1], x, shape, 0.2)
    for k in range(delay - 1, 0, -1):
        n.assign(handles[k], past[k - 1])
    n.assign(handles[0], x)
    emit(f"delay_{delay}", "READ_VARIABLE", n, x, [y, past[-1]], shape, count=10)

# The old value itself is an output.
n = Net()
x = n.t([1, 4])
h = n.handle("v")
old = n.read(h, [1, 4])
n.assign(h, x)
emit("old_is_output", "READ_VARIABLE", n, x, [old], [1, 4])

# Two that change places, both set before, one of them added to.
for with_sum in [False, True]:
    shape = [1, 4]
    n = Net()
    x = n.t(shape)
    n.call_once()
    a, b = n.handle("a"), n.handle("b")
    va, vb = n.read(a, shape), n.read(b, shape)
    y = n.add(va, x, shape)
    n.assign(a, vb)
    n.assign(b, y if with_sum else va)
    n.init({"a": [1, 2, 3, 4], "b": [-50, 60, -70, 80]}, shape)
    emit(f"swap_{with_sum}".lower(), "ASSIGN_VARIABLE", n, x, [y, vb], shape)

# Read after an assignment: what was assigned; and assigned twice: the last counts.
n = Net()
x = n.t([1, 4])
h = n.handle("v")
y = n.add(x, n.read(h, [1, 4]), [1, 4], 0.1, 0)
n.assign(h, y)
again = n.read(h, [1, 4])
z = n.add(again, x, [1, 4], 0.2, 0)
n.assign(h, x)
n.assign(h, again)
emit("read_after_assign", "READ_VARIABLE", n, x, [z], [1, 4])

# Assigned before it is read: no memory at all.
n = Net()
x = n.t([1, 4])
h = n.handle("v")
n.assign(h, x)
y = n.add(n.read(h, [1, 4]), x, [1, 4], 0.2)
emit("assigned_first", "READ_VARIABLE", n, x, [y], [1, 4])

# Read twice by two handles of one name; read only; assigned only; in containers.
n = Net()
x = n.t([1, 4])
one, two = n.handle("v"), n.handle("v")
y = n.add(n.read(one, [1, 4]), n.read(two, [1, 4]), [1, 4], 0.2)
z = n.add(x, y, [1, 4], 0.1)
n.assign(two, z)
emit("two_handles", "VAR_HANDLE", n, x, [z], [1, 4])

n = Net()
x = n.t([1, 4])
n.call_once()
y = n.add(x, n.read(n.handle("v"), [1, 4]), [1, 4], 0.2)
n.init({"v": [9, -8, 7, -6]}, [1, 4])
emit("read_only", "READ_VARIABLE", n, x, [y], [1, 4])

n = Net()
x = n.t([1, 4])
h = n.handle("unread")
y = n.add(x, x, [1, 4], 0.2)
n.assign(h, y)
emit("assigned_only", "ASSIGN_VARIABLE", n, x, [y], [1, 4])

n = Net()
x = n.t([1, 4])
one, two = n.handle("v", "a"), n.handle("w", "b")
y = n.add(x, n.read(one, [1, 4]), [1, 4])
z = n.add(x, n.read(two, [1, 4]), [1, 4], 0.2)
n.assign(one, y)
n.assign(two, y)
emit("two_containers", "VAR_HANDLE", n, x, [z], [1, 4])

# A constant is assigned: the first run is another than all that follow.
n = Net()
x = n.t([1, 4])
h = n.handle("v")
y = n.add(x, n.read(h, [1, 4]), [1, 4], 0.2)
n.assign(h, n.t([1, 4], data=np.array([[10, -20, 30, -40]])))
emit("constant_assigned", "ASSIGN_VARIABLE", n, x, [y], [1, 4])


def stream(name, frames, depth, out, activation, count):
    """A causal convolution over the last frames: those before are variables, one for each; then a
    dense layer over its results and a leaky sum of those."""
    rng = rng_for(name)
    n = Net()
    frame = [1, 1, 1, depth]
    x = n.t(frame, 0.05, -10)
    handles = [n.handle(f"frame{k}") for k in range(frames - 1)]
    past = [n.read(h, frame, 0.05, -10) for h in handles]
    window = n.t([1, frames, 1, depth], 0.05, -10)
    n.op("CONCATENATION", [*past, x], [window],
         opts(S.ConcatenationOptionsT, axis=1, fusedActivationFunction=NONE))
    for k, h in enumerate(handles):
        n.assign(h, past[k + 1] if k + 2 < frames else x)
    scales = rng.uniform(0.002, 0.01, out)
    w = n.tensor("w", "int8", [out, frames, 1, depth], scales, 0, 0,
                 data=rng.integers(-127, 128, [out, frames, 1, depth]))
    b = n.tensor("b", "int32", [out], scales * 0.05, 0, data=rng.integers(-900, 900, out))
    conv = n.t([1, 1, 1, out], 0.06, -20)
    n.op("CONV_2D", [window, w, b], [conv],
         opts(S.Conv2DOptionsT, padding=1, strideH=1, strideW=1, dilationHFactor=1,
              dilationWFactor=1, fusedActivationFunction=activation), version=3)
    sum_handle = n.handle("sum")
    total = n.add(conv, n.read(sum_handle, [1, 1, 1, out], 0.12, 4), [1, 1, 1, out], 0.12, 4)
    # Half of it survives: the same bytes with half the scale, brought back to the scale.
    half = n.t([1, 1, 1, out], 0.24, 4)
    n.op("QUANTIZE", [total], [half], S.QuantizeOptionsT())
    n.assign(sum_handle, half)
    wd = n.tensor("wd", "int8", [3, out], [0.01], 0, data=rng.integers(-127, 128, [3, out]))
    bd = n.tensor("bd", "int32", [3], [0.0012], 0, data=rng.integers(-500, 500, 3))
    y = n.t([1, 3], 0.1, 7)
    n.op("FULLY_CONNECTED", [total, wd, bd], [y],
         opts(S.FullyConnectedOptionsT, fusedActivationFunction=NONE, weightsFormat=0,
              keepNumDims=False, asymmetricQuantizeInputs=False), version=4)
    emit(name, "streaming network", n, x, [y, total], frame, count)


stream("stream_2", 2, 4, 3, NONE, 24)
stream("stream_3", 3, 5, 4, RELU, 24)
stream("stream_5", 5, 8, 6, RELU, 30)
stream("stream_8", 8, 3, 7, NONE, 30)

# Refused.
n = Net()
x = n.t([1, 4])
h = n.handle("v")
y = n.add(x, n.read(h, [1, 4]), [1, 4])
n.assign(h, y)
n.call_once()
n.init({"v": [1, 2, 3, 4]}, [1, 4])
emit("call_once_late", "CALL_ONCE", n, x, [y], [1, 4], refused="the variable was used before it is set")

n = Net()
x = n.t([1, 4])
n.call_once()
y = n.add(x, n.read(n.handle("v"), [1, 4]), [1, 4])
n.subgraph("init")
c = n.t([1, 4], data=np.ones([1, 4]))
n.assign(n.handle("v"), n.add(c, c, [1, 4]))
n.sg.inputs, n.sg.outputs = [], []
emit("init_computes", "CALL_ONCE", n, x, [y], [1, 4], refused="the subgraph computes")

n = Net()
x = n.t([1, 4])
n.call_once(7)
y = n.add(x, n.read(n.handle("v"), [1, 4]), [1, 4])
emit("no_subgraph", "CALL_ONCE", n, x, [y], [1, 4], refused="there is no such subgraph")

n = Net()
x = n.t([1, 4])
h = n.handle("v")
one, two = n.read(h, [1, 4], 0.1), n.read(h, [1, 4], 0.2)
y = n.add(one, two, [1, 4])
emit("two_scales", "READ_VARIABLE", n, x, [y], [1, 4], refused="read with two scales")

n = Net()
x = n.t([1, 4])
y = n.add(x, n.read(n.tensor("no handle", "resource", [1]), [1, 4]), [1, 4])
emit("no_handle", "READ_VARIABLE", n, x, [y], [1, 4], refused="the handle is no variable's")

family.write()
