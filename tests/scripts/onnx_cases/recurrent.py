#!/usr/bin/env python3
"""RNN, GRU and LSTM, answered by ONNX Runtime.

`layout` 1, which ONNX Runtime has not, is answered by the same model with `layout` 0 and transposed
operands.
"""

import numpy as np
import onnx
from case import Family, G, h, rng_for, run

family = Family("recurrent")
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
F, H = 3, 4


def layer(g, op, x, out, directions=1, bias=True, initial=(), lens=None, peep=False, **attrs):
    """The layer on `x`; `initial` are names of states."""
    rows = GATES[op] * H
    ins = [x, g.w("W", directions, rows, F, scale=0.7), g.w("R", directions, rows, H, scale=0.6)]
    ins.append(g.w("B", directions, 2 * rows, scale=0.4) if bias else "")
    ins.append(lens or "")
    ins.extend(initial)
    if peep:
        ins.extend([""] * (7 - len(ins)))
        ins.append(g.w("P", directions, 3 * H, scale=0.5))
    while ins[-1] == "":
        ins.pop()
    if directions == 2:
        attrs["direction"] = "bidirectional"
    return g.n(op, ins, out, hidden_size=H, **attrs)


def outs(op):
    return ["y", "h", "c"] if op == "LSTM" else ["y", "h"]


def plain(name, op, opset=14, steps=5, batch=1, states=None, **more):
    """[steps, batch, features] as it is; `states` are "constant" or "input"."""
    g = family.graph(f"{op.lower()}_{name}", opset)
    x = g.inp("x", (steps, batch, F))
    directions = more.get("directions", 1)
    shape = (directions, batch, H)
    initial = []
    for state in ("h0", "c0")[: 2 if op == "LSTM" else 1]:
        if states == "constant":
            initial.append(g.w(state, *shape, scale=0.8))
        elif states == "input":
            initial.append(g.inp(state, shape, scale=0.6))
    lens = more.pop("lens", None)
    if lens:
        lens = g.c("lens", np.full(batch, lens, dtype=np.int32))
    layer(g, op, x, outs(op), initial=initial, lens=lens, **more)
    g.out(*outs(op))


def exported(name, op, batch=1, symbolic=True, directions=1, last=False, opset=17):
    """Batch first, as PyTorch writes it: [N, steps, features] transposed forth and back."""
    g = family.graph(f"{op.lower()}_{name}", opset)
    x = g.inp("x", ("N" if symbolic else 1, 5, F), batch)
    y = outs(op)
    layer(g, op, g.n("Transpose", x, perm=[1, 0, 2]), y, directions)
    y = y[0]
    if directions == 1:
        y = g.n("Squeeze", [y, g.i64("one", 1)])
    else:
        y = g.n("Reshape", [g.n("Transpose", y, perm=[0, 2, 1, 3]), g.i64("joined", 0, 0, -1)])
    g.out(g.n("Transpose", y, "z", perm=[1, 0, 2]))


def streaming(op):
    """One step whose states are inputs and outputs, and a dense layer."""
    g = family.graph(f"{op.lower()}_streaming", 17)
    x = g.inp("x", (1, 1, F))
    states = [g.inp(state, (1, 1, H), scale=0.6) for state in ("h0", "c0")[: 2 if op == "LSTM" else 1]]
    y = layer(g, op, x, outs(op), initial=states)
    y = g.n("Squeeze", [y, g.i64("one", 1)])
    g.out(g.n("MatMul", [y, g.w("dense", H, 2)], "z"), *outs(op)[1:])


def batchwise(name, op, batch, directions=1):
    """`layout` 1."""
    def build(layout):
        g = G(f"recurrent__{op.lower()}_{name}", 14)
        rng = rng_for(name)
        x = (rng.standard_normal((batch, 5, F)) * 1.5).astype(np.float32)
        h0 = (rng.standard_normal((batch, directions, H)) * 0.6).astype(np.float32)
        feeds = {"x": x, "h0": h0}
        if layout == 0:
            feeds = {key: value.transpose(1, 0, 2) for key, value in feeds.items()}
        for key, value in feeds.items():
            g.ins.append(h.make_tensor_value_info(key, onnx.TensorProto.FLOAT, value.shape))
        attrs = {"layout": 1} if layout else {}
        layer(g, op, "x", ["y", "h"], directions, initial=["h0"], **attrs)
        g.out("y", "h")
        return g.model(), feeds

    def answer(_model, _feeds):
        y, end = run(*build(0))
        return y.transpose(2, 0, 1, 3), end.transpose(1, 0, 2)

    family.add(f"{op.lower()}_{name}", *build(1), answer)


for op in GATES:
    plain("forward", op, opset=7)
    plain("opset_22", op, opset=22)
    plain("batch", op, batch=3)
    plain("reverse", op, direction="reverse")
    plain("bidirectional", op, directions=2, batch=2)
    plain("no_bias", op, bias=False)
    plain("one_step", op, steps=1, batch=2)
    plain("initial_constant", op, batch=2, directions=2, states="constant")
    plain("initial_input", op, directions=2, states="input")
    plain("full_length", op, batch=2, lens=5)
    plain("clip", op, clip=0.7)
    exported("exported", op)
    exported("exported_n2", op, batch=2)
    exported("exported_bidirectional", op, symbolic=False, directions=2)
    streaming(op)
    batchwise("batchwise", op, batch=3)
    batchwise("batchwise_bidirectional", op, batch=1, directions=2)

for before in (0, 1):
    plain(f"linear_before_reset_{before}", "GRU", linear_before_reset=before, directions=2)
    plain(f"linear_before_reset_{before}_constant", "GRU", linear_before_reset=before, states="constant")
plain("linear_before_reset_input", "GRU", linear_before_reset=1, states="input", batch=2)
plain("linear_before_reset_no_bias", "GRU", linear_before_reset=1, bias=False)
plain("activations", "GRU", activations=["HardSigmoid", "Softsign"])
plain("activations_bidirectional", "GRU", directions=2, activations=["Sigmoid", "Relu", "HardSigmoid", "Elu"],
      activation_alpha=[0.3, 0.7], activation_beta=[0.4])
plain("peephole", "LSTM", peep=True)
plain("peephole_states", "LSTM", peep=True, batch=2, directions=2, states="constant")
plain("peephole_clip", "LSTM", peep=True, clip=0.5, states="input")
plain("input_forget", "LSTM", input_forget=1, states="constant")
plain("activations", "LSTM", activations=["HardSigmoid", "Softsign", "LeakyRelu"],
      activation_alpha=[0.3, 0.5], activation_beta=[0.4])
plain("activations_more", "LSTM", activations=["Sigmoid", "LeakyRelu", "Elu"], activation_alpha=[0.1, 0.8])
plain("activations", "RNN", activations=["ThresholdedRelu"], activation_alpha=[0.3])
plain("activations_softplus", "RNN", activations=["Softplus"])
plain("activations_relu", "RNN", activations=["Relu"], bias=False)
plain("symbolic_batch_second", "LSTM", batch="N")

family.write()
