"""Operators that remember by variable tensors: SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, run after run;
and GRU cells as exporters write them, of small operators over variables. See case.py."""

import numpy as np

from case import DT, Family, Model, S, opts, rng_for

family = Family("recurrent")
NONE, RELU, TANH = 0, 1, 4
LIMIT = {"int8": 127, "int16": 32767}


def runs(name, shape, dtype, count):
    """Extremes, then random numbers, large and small."""
    rng = rng_for("runs " + name)
    low, high = -LIMIT[dtype] - 1, LIMIT[dtype]
    found = [np.full(shape, high), np.full(shape, low)]
    while len(found) < count:
        spread = [1, 4, 20][len(found) % 3]
        found.append(rng.integers(low // spread, high // spread + 1, shape))
    return [[x.astype(DT[dtype][1])] for x in found]


# SVDF

def add_svdf(m, name, x, batch, features, units, rank, memory, state="int16", time=None, sx=0.05, zx=-5,
             sw=0.02, ss=None, zs=0, st=0.01, so=0.05, zo=-3, act=NONE, bias=True, variable=True,
             wmax=127, tmax=None, bmax=3000, b=None, weights="int8", tag=""):
    """Appends an SVDF to a model; its output."""
    rng = rng_for(name)
    ss = ss or {"int8": 0.3, "int16": 1 / 1024}[state]
    time = time or state
    tmax = tmax or LIMIT[time]
    filters = units * rank
    wf = m.tensor(f"{tag}wf", weights, [filters, features], [sw], 0,
                  data=rng.integers(-wmax, wmax + 1, [filters, features]))
    wt = m.tensor(f"{tag}wt", time, [filters, memory], [st], 0,
                  data=rng.integers(-tmax, tmax + 1, [filters, memory]))
    if b is None:
        b = rng.integers(-bmax, bmax + 1, units)
    b = m.tensor(f"{tag}b", "int32", [units], [ss * st], 0, data=b) if bias else -1
    s = m.tensor(f"{tag}s", state, [batch, filters * memory], [ss], zs, variable=variable)
    y = m.tensor(f"{tag}y", "int8", [batch, units], [so], zo)
    m.op("SVDF", [x, wf, wt, b, s], [y],
         opts(S.SVDFOptionsT, rank=rank, fusedActivationFunction=act, asymmetricQuantizeInputs=False),
         version=3)
    return y


def svdf(name, batch=1, features=4, units=3, rank=1, memory=5, count=10, refused=None, sx=0.05, zx=-5,
         **more):
    m = Model()
    x = m.tensor("x", "int8", [batch, features], [sx], zx)
    y = add_svdf(m, name, x, batch, features, units, rank, memory, sx=sx, zx=zx, **more)
    family.emit(name, "SVDF", m.finish([x], [y]), runs(name, [batch, features], "int8", count),
                refused=refused)


# Weights over time so small that outputs are not all at the ends.
SMALL = {"int8": dict(st=0.001), "int16": dict(st=1e-5)}
for state in ["int8", "int16"]:
    for rank in [1, 2, 3]:
        for memory in [1, 2, 7]:
            svdf(f"svdf_{state}_rank{rank}_memory{memory}", units=4, rank=rank, memory=memory, state=state,
                 so=0.02 * memory, **SMALL[state])
    for batch, features, units in [(2, 3, 5), (3, 1, 1), (1, 17, 2), (5, 2, 3)]:
        svdf(f"svdf_{state}_batch{batch}_{features}_{units}", batch, features, units, rank=2, memory=3,
             state=state, **SMALL[state])
    for at, (zx, zs, zo) in enumerate([(-128, -128, -128), (127, 127, 127), (-128, 127, 0), (127, -128, -1),
                                       (0, 0, 0), (3, 100, -7), (-1, -20, 100)]):
        if state == "int16":
            zs = 0 if at else 1000
        svdf(f"svdf_{state}_zero{at}", zx=zx, zs=zs, zo=zo, state=state, units=4, rank=2, **SMALL[state])
    for at, (sx, sw, ss, st, so) in enumerate([
            (0.5, 0.5, 1.0, 1e-3, 1.0), (1e-3, 1e-3, 1e-6, 1e-6, 1e-7), (0.0502, 0.0217, 0.0013, 3e-5, 0.0071),
            (1.0, 1.0, 4.0, 1e-4, 0.25), (0.01, 0.003, 7e-4, 9e-4, 0.3), (2.0, 1.0, 0.5, 2.0, 1e4)]):
        if state == "int8":
            ss *= 40
            st *= 100
        svdf(f"svdf_{state}_scale{at}", sx=sx, sw=sw, ss=ss, st=st, so=so, state=state, rank=2, memory=4,
             bmax=int(min(1e8, 30 * so / (ss * st) + 1)))
    # TFLM does not look at it.
    svdf(f"svdf_{state}_relu", act=RELU, state=state, **SMALL[state])
    # A state that saturates, and sums that are small beside the bias.
    svdf(f"svdf_{state}_saturated", sx=1.0, sw=1.0, state=state, rank=2, **SMALL[state])
    svdf(f"svdf_{state}_bias", wmax=1, tmax=2, bmax=10**6, state=state, so=0.5, rank=2, **SMALL[state])


def network(name, state, layers, features, count):
    """A stack of SVDF layers and a dense one, as keyword spotters have it."""
    rng = rng_for(name)
    m = Model()
    x = m.tensor("x", "int8", [1, features], [0.06], 3)
    shape, y, scale, zero = [1, features], x, 0.06, 3
    for at, (units, rank, memory) in enumerate(layers):
        so, zo = 0.05 + 0.01 * at, [-128, 5, -20][at % 3]
        y = add_svdf(m, f"{name} {at}", y, 1, features, units, rank, memory, state, sx=scale, zx=zero,
                     so=so, zo=zo, act=RELU, tag=f"{at}",
                     **SMALL[state])
        features, scale, zero = units, so, zo
    w = m.tensor("w", "int8", [4, features], [0.01], 0, data=rng.integers(-127, 128, [4, features]))
    b = m.tensor("b", "int32", [4], [0.01 * scale], 0, data=rng.integers(-900, 900, 4))
    z = m.tensor("z", "int8", [1, 4], [0.08], -9)
    m.op("FULLY_CONNECTED", [y, w, b], [z],
         opts(S.FullyConnectedOptionsT, fusedActivationFunction=NONE, weightsFormat=0, keepNumDims=False,
              asymmetricQuantizeInputs=False), version=4)
    family.emit(name, "streaming network", m.finish([x], [y, z]), runs(name, shape, "int8", count))


network("svdf_network_int8", "int8", [(8, 1, 6), (6, 2, 4)], 10, 16)
network("svdf_network_int16", "int16", [(8, 2, 6), (6, 1, 8), (5, 1, 3)], 10, 16)

svdf("svdf_no_bias", bias=False, refused="TFLM crashes without a bias")
svdf("svdf_time16_state8", state="int8", time="int16", refused="TFLM crashes: weights over time of another type than the state")
svdf("svdf_time8_state16", state="int16", time="int8", refused="TFLM reads beyond the weights: they are of another type than the state")
svdf("svdf_weights_bool", weights="bool", refused="TFLM reads int8 weights, whatever they are")
svdf("svdf_no_variable", variable=False, refused="the state is no variable tensor")


# LSTM

def add_lstm(m, name, x, shape, units, time_major=False, clip=0.0, act=TANH, dtype="int8", sx=0.02,
             sh=1 / 128, zh=0, cell=2.0 ** -11, sw=0.01, srec=0.01, bmax=500, wmax=127, variable=True,
             cell_type="int16", weights="int8", version=3, inputs=24, extra=None, without=(), out=None,
             btype=None, bscale=1, tag=""):
    """Appends an LSTM to a model; its output. `sw` may be one scale a gate. `extra` gives operands
    that TFLM does not take."""
    rng = rng_for(name)
    features = shape[2]
    batch = shape[1] if time_major else shape[0]
    sw, srec = np.broadcast_to(sw, 4), np.broadcast_to(srec, 4)
    btype = btype or {"int8": "int32", "int16": "int64"}[dtype]
    ins = [x]

    def matrices(prefix, depth, scales):
        for g in range(4):
            data = rng.integers(-wmax, wmax + 1, [units, depth])
            ins.append(m.tensor(f"{tag}{prefix}{g}", weights, [units, depth], [scales[g]], 0, data=data))

    matrices("wi", features, sw)
    matrices("wr", units, srec)
    ins += [-1, -1, -1]
    for g in range(4):
        ins.append(m.tensor(f"{tag}b{g}", btype, [units], [sw[g] * sx], 0,
                            data=rng.integers(-bmax, bmax + 1, [units]) * bscale))
    ins += [-1, -1]
    ins.append(m.tensor(f"{tag}h", dtype, [batch, units], [sh], zh, variable=variable))
    ins.append(m.tensor(f"{tag}c", cell_type, [batch, units], [cell], 0, variable=variable))
    ins += [-1] * 4
    for place, data in (extra or {}).items():
        ins[place] = m.tensor(f"{tag}extra{place}", "int8", list(data.shape), [0.01], 0, data=data)
    for place in without:
        ins[place] = -1
    y = m.tensor(f"{tag}y", dtype, [shape[0], shape[1], units], [out or sh], zh)
    # Exporters write these; TFLM does not look at them.
    between = None
    if tag:
        between = [m.tensor(f"{tag}i{k}", "int16", [0], [2.0 ** -12], 0) for k in range(4)]
        between.append(m.tensor(f"{tag}i4", "int8", [0], [sh], zh))
    m.op("UNIDIRECTIONAL_SEQUENCE_LSTM", ins[:inputs], [y],
         opts(S.UnidirectionalSequenceLSTMOptionsT, fusedActivationFunction=act, cellClip=clip,
              projClip=0.0, timeMajor=time_major, asymmetricQuantizeInputs=False,
              diagonalRecurrentTensors=False), version=version, intermediates=between)
    return y


def lstm(name, features=2, units=3, time=3, batch=1, time_major=False, count=4, refused=None, dtype="int8",
         sx=None, zx=-3, **more):
    m = Model()
    if dtype == "int16":
        zx = 0
        sx = sx or 1e-4
        more.setdefault("sh", 1 / 32768)
        more.setdefault("bscale", 200)
    sx = sx or 0.02
    shape = [time, batch, features] if time_major else [batch, time, features]
    x = m.tensor("x", dtype, shape, [sx], zx)
    y = add_lstm(m, name, x, shape, units, time_major, dtype=dtype, sx=sx, **more)
    family.emit(name, "UNIDIRECTIONAL_SEQUENCE_LSTM", m.finish([x], [y]), runs(name, shape, dtype, count),
                refused=refused)


for dtype in ["int8", "int16"]:
    for time in [1, 3, 10] if dtype == "int8" else [3, 7]:
        for batch in [1, 2]:
            for major in [False, True]:
                order = "time" if major else "batch"
                lstm(f"lstm_{dtype}_{order}_first_{time}x{batch}", time=time, batch=batch, time_major=major,
                     count=3 if time > 3 else 4, dtype=dtype)
    for features, units in [(1, 1), (1, 7), (13, 2), (24, 5)]:
        lstm(f"lstm_{dtype}_{features}_to_{units}", features, units, dtype=dtype, sw=0.05 / features ** 0.5,
             srec=0.02 / units ** 0.5)
    for at, clip in enumerate([1.0, 0.1, 1e-9, -1.0, 7.99] if dtype == "int8" else [0.5, 1e-9]):
        lstm(f"lstm_{dtype}_clip{at}", clip=clip, sw=0.05, dtype=dtype)
    for power in [-16, -15, -12, 2, -27] if dtype == "int8" else [-15, -9, -27]:
        lstm(f"lstm_{dtype}_cell{-power}".replace("--", "_plus"), cell=2.0 ** power, dtype=dtype)
    lstm(f"lstm_{dtype}_cell_between", cell=2.0 ** -11.3, dtype=dtype)
    for act in [NONE] if dtype == "int16" else [RELU]:
        lstm(f"lstm_{dtype}_act{act}", act=act, dtype=dtype, refused="TFLM leaves the cell gate as it is")
    # Every gate with scales of its own, sums at the ends of Q3.12 and near 0.
    lstm(f"lstm_{dtype}_scales", sw=[0.003, 0.02, 0.01, 0.05], srec=[0.04, 0.001, 0.015, 0.007], dtype=dtype)
    lstm(f"lstm_{dtype}_large", sw=0.5, srec=0.7, bmax=10**5, dtype=dtype)
    lstm(f"lstm_{dtype}_huge", sw=30.0, srec=40.0, sx=3.0, dtype=dtype,
         refused="shifted left farther than sums of 64 bits are" if dtype == "int16" else None)
    lstm(f"lstm_{dtype}_small", sw=1e-5, srec=1e-6, bmax=10**6, dtype=dtype)
    # The cell grows run after run.
    lstm(f"lstm_{dtype}_long", units=6, time=8, count=12, sw=0.03, dtype=dtype)
    for at, (sh, zh) in enumerate([(0.01, 5), (1 / 256, -128), (0.0061, 127), (0.5, -1), (1e-4, 9)]):
        if dtype == "int16":
            sh, zh = sh / 256, [0, 300, -32768, 32767, -5][at]
        lstm(f"lstm_{dtype}_hidden{at}", sh=sh, zh=zh, dtype=dtype)
for zx in [-128, 127]:
    lstm(f"lstm_zero{zx}".replace("-", "_minus"), zx=zx)
lstm("lstm_version1", version=1)


def stack(name, dtype, sizes, time, features, count):
    """LSTM after LSTM, and of the last step a dense layer."""
    rng = rng_for(name)
    m = Model()
    sx, sh = (0.02, 1 / 128) if dtype == "int8" else (1e-4, 1 / 32768)
    zx, zh = (-3, 4) if dtype == "int8" else (0, 0)
    x = m.tensor("x", dtype, [1, time, features], [sx], zx)
    y, scale, depth = x, sx, features
    for at, units in enumerate(sizes):
        y = add_lstm(m, f"{name} {at}", y, [1, time, depth], units, dtype=dtype, sx=scale, sh=sh, zh=zh,
                     sw=0.03, srec=0.02, bscale=1 if dtype == "int8" else 200, tag=f"{at}")
        scale, depth = sh, units
    outs = [y]
    if dtype == "int8":
        last = m.tensor("last", dtype, [1, depth], [sh], zh)
        starts = [m.tensor(f"k{at}", "int32", [3], data=np.array(data))
                  for at, data in enumerate([[0, time - 1, 0], [1, time, depth], [1, 1, 1]])]
        m.op("STRIDED_SLICE", [y, *starts], [last],
             opts(S.StridedSliceOptionsT, beginMask=0, endMask=0, ellipsisMask=0, newAxisMask=0,
                  shrinkAxisMask=2, offset=False))
        w = m.tensor("w", "int8", [4, depth], [0.02], 0, data=rng.integers(-127, 128, [4, depth]))
        b = m.tensor("b", "int32", [4], [0.02 * sh], 0, data=rng.integers(-900, 900, 4))
        z = m.tensor("z", "int8", [1, 4], [0.08], -9)
        m.op("FULLY_CONNECTED", [last, w, b], [z],
             opts(S.FullyConnectedOptionsT, fusedActivationFunction=NONE, weightsFormat=0,
                  keepNumDims=False, asymmetricQuantizeInputs=False), version=4)
        outs.append(z)
    family.emit(name, "LSTM network", m.finish([x], outs), runs(name, [1, time, features], dtype, count))


stack("lstm_network_int8", "int8", [8, 6], 6, 5, 8)
stack("lstm_network_deep", "int8", [3, 4, 3], 4, 2, 8)
stack("lstm_network_int16", "int16", [6, 5], 5, 4, 6)

lstm("lstm_no_variable", variable=False, refused="the states are no variable tensors")
lstm("lstm_cell_int8", cell_type="int8", refused="TFLM takes an int16 cell only")
lstm("lstm_weights_int16", weights="int16", refused="TFLM takes int8 weights only")
lstm("lstm_weights_bool", weights="bool", refused="TFLM takes int8 weights only")
lstm("lstm_peephole", extra={9: np.ones([3], np.int8)}, refused="TFLM has no peepholes")
lstm("lstm_projection", extra={16: np.ones([3, 3], np.int8)}, refused="TFLM has no projection")
lstm("lstm_coupled", without=(1, 5, 12), refused="TFLM has no coupled gates")
lstm("lstm_other_output", out=0.3, refused="the output has another scale than the hidden state")
lstm("lstm_cell_coarse", cell=2.0 ** 4, refused="a cell of scale 16 would be shifted out of 32 bits")

# GRU as exporters write it: small operators, step after step, over variables.

class Gru(Model):
    """A model of GRU cells."""

    def __init__(self, rng):
        super().__init__()
        self.rng, self.count = rng, 0

    def t(self, shape, scale, zero=0, dtype="int8", data=None):
        self.count += 1
        return self.tensor(f"t{self.count}", dtype, shape, [scale], zero, data=data)

    def dense(self, depth, units, sx, scale, zero):
        """A constant layer: a function from an input to its result."""
        w = self.t([units, depth], 0.02, data=self.rng.integers(-127, 128, [units, depth]))
        b = self.t([units], 0.02 * sx, dtype="int32", data=self.rng.integers(-500, 501, units))

        def layer(x):
            y = self.t([1, units], scale, zero)
            self.op("FULLY_CONNECTED", [x, w, b], [y],
                    opts(S.FullyConnectedOptionsT, fusedActivationFunction=NONE, weightsFormat=0,
                         keepNumDims=False, asymmetricQuantizeInputs=False), version=4)
            return y
        return layer

    def binary(self, name, a, b, shape, scale, zero):
        y = self.t(shape, scale, zero)
        options = {"ADD": S.AddOptionsT, "MUL": S.MulOptionsT, "SUB": S.SubOptionsT}[name]
        self.op(name, [a, b], [y], opts(options, fusedActivationFunction=NONE))
        return y

    def unary(self, name, x, shape, scale, zero):
        y = self.t(shape, scale, zero)
        self.op(name, [x], [y])
        return y

    def split(self, x, units, scale, zero):
        parts = [self.t([1, units], scale, zero) for _ in range(3)]
        axis = self.t([], 1.0, dtype="int32", data=np.array(1))
        self.op("SPLIT", [axis, x], parts, opts(S.SplitOptionsT, numSplits=3))
        return parts

    def cell(self, units, features, reset_after, sx):
        """A function from an input and the state to the new state (as Keras computes it)."""
        of_x = self.dense(features, 3 * units, sx, 0.05, 3)
        if reset_after:
            of_h = self.dense(units, 3 * units, 1 / 128, 0.03, -6)
        else:
            of_h = self.dense(units, 2 * units, 1 / 128, 0.03, -6)
            of_reset = self.dense(units, units, 1 / 128, 0.03, -6)
        one = self.t([1, 1], 1 / 256, -128, data=np.array([127]))
        shape = [1, units]

        def step(x, h):
            xz, xr, xh = self.split(of_x(x), units, 0.05, 3)
            if reset_after:
                hz, hr, hh = self.split(of_h(h), units, 0.03, -6)
            else:
                both = of_h(h)
                hz, hr = self.t(shape, 0.03, -6), self.t(shape, 0.03, -6)
                axis = self.t([], 1.0, dtype="int32", data=np.array(1))
                self.op("SPLIT", [axis, both], [hz, hr], opts(S.SplitOptionsT, numSplits=2))
            z = self.unary("LOGISTIC", self.binary("ADD", xz, hz, shape, 0.06, 1), shape, 1 / 256, -128)
            r = self.unary("LOGISTIC", self.binary("ADD", xr, hr, shape, 0.06, -1), shape, 1 / 256, -128)
            if reset_after:
                reset = self.binary("MUL", r, hh, shape, 0.03, -6)
            else:
                reset = of_reset(self.binary("MUL", r, h, shape, 1 / 128, 0))
            candidate = self.unary("TANH", self.binary("ADD", xh, reset, shape, 0.06, 0), shape, 1 / 128, 0)
            kept = self.binary("MUL", z, h, shape, 1 / 128, 0)
            rest = self.binary("SUB", one, z, shape, 1 / 256, -128)
            return self.binary("ADD", kept, self.binary("MUL", rest, candidate, shape, 1 / 128, 0),
                               shape, 1 / 128, 0)
        return step


def gru(name, features, units, time, reset_after=True, init=None, layers=1, count=12):
    """GRU layers over `time` vectors a run; what the last step gives is kept in variables."""
    m = Gru(rng_for(name))
    shape = [1, time, features] if time > 1 else [1, features]
    x = m.t(shape, 0.03, -5)
    if init is not None:
        m.op("CALL_ONCE", [], [], opts(S.CallOnceOptionsT, initSubgraphIndex=1))
    steps = [x]
    if time > 1:
        steps = [m.t([1, features], 0.03, -5) for _ in range(time)]
        m.op("UNPACK", [x], steps, opts(S.UnpackOptionsT, num=time, axis=1))
    scale = 0.03
    for layer in range(layers):
        handle = m.tensor(f"handle{layer}", "resource", [1])
        m.op("VAR_HANDLE", [], [handle],
             opts(S.VarHandleOptionsT, container="", sharedName=f"gru{layer}/state"))
        h = m.t([1, units], 1 / 128)
        m.op("READ_VARIABLE", [handle], [h], S.ReadVariableOptionsT())
        step = m.cell(units, features, reset_after, scale)
        results = []
        for x_t in steps:
            h = step(x_t, h)
            results.append(h)
        m.op("ASSIGN_VARIABLE", [handle, h], [], S.AssignVariableOptionsT())
        steps, features, scale = results, units, 1 / 128
    y = h
    if time > 1:
        y = m.t([1, time, units], 1 / 128)
        m.op("PACK", steps, [y], opts(S.PackOptionsT, valuesCount=time, axis=1))
    if init is not None:
        m.subgraph("init")
        for layer in range(layers):
            handle = m.tensor(f"handle{layer}", "resource", [1])
            m.op("VAR_HANDLE", [], [handle],
                 opts(S.VarHandleOptionsT, container="", sharedName=f"gru{layer}/state"))
            value = m.t([1, units], 1 / 128, data=np.full([1, units], init))
            m.op("ASSIGN_VARIABLE", [handle, value], [], S.AssignVariableOptionsT())
        m.sg.inputs, m.sg.outputs = [], []
    family.emit(name, "GRU network", m.finish([x], [y]), runs(name, shape, "int8", count))


gru("gru_step", 3, 4, 1)
gru("gru_step_reset_before", 3, 4, 1, reset_after=False)
gru("gru_step_initialized", 5, 3, 1, init=40)
gru("gru_unrolled", 3, 4, 3)
gru("gru_unrolled_reset_before", 2, 3, 2, reset_after=False, init=0)
gru("gru_two_layers", 4, 5, 1, layers=2, count=16)
gru("gru_two_layers_unrolled", 2, 3, 2, layers=2, init=-9)

# What decides while it runs is refused by name.
for loop in ["WHILE", "IF"]:
    m = Model()
    x = m.tensor("x", "int8", [1, 4], [0.1], 0)
    condition = m.tensor("c", "bool", [1], data=np.ones([1]))
    y = m.tensor("y", "int8", [1, 4], [0.1], 0)
    if loop == "WHILE":
        m.op("WHILE", [x], [y], opts(S.WhileOptionsT, condSubgraphIndex=1, bodySubgraphIndex=2))
    else:
        m.op("IF", [condition, x], [y], opts(S.IfOptionsT, thenSubgraphIndex=1, elseSubgraphIndex=2))
    for name in ["first", "second"]:
        m.subgraph(name)
        inner = m.tensor(f"{name} x", "int8", [1, 4], [0.1], 0)
        m.sg.inputs, m.sg.outputs = [inner], [inner]
    family.emit(f"loop_{loop.lower()}", loop, m.finish([x], [y]), [], refused="the steps depend on data")

family.write()
