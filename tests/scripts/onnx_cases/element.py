#!/usr/bin/env python3
"""Elementwise operators, answered by ONNX Runtime: functions of one number, functions of two that
broadcast over maps, vectors and scalars, truths and choices, and the blocks that PyTorch exports
activations as (SiLU, GELU, Mish, hard swish, hard sigmoid, PReLU) at opsets 13, 17 and 20.
"""

import io

import numpy as np
import onnx

from case import F, Family, T, rng_for

family = Family("element")
MAP, VECTOR = (1, 3, 4, 5), (1, 7)


def unary(op, opset=17, shape=VECTOR, scale=1.5, shift=0.0, name=None, positive=False, inside=False, **attrs):
    """A function on its domain: all numbers, those above 0, or those within -1 and 1."""
    g = family.graph(name or op.lower(), opset)
    x = g.inp("x", shape, scale=scale, shift=shift)
    if positive:
        x = g.n("Add", [g.n("Mul", [x, x]), g.c("above", F(0.25))])
    if inside:
        x = g.n("Mul", [g.n("Tanh", x), g.c("within", F(0.9))])
    g.out(g.n(op, x, "y", **attrs))


def unaries():
    for op in "Abs Neg Exp Erf Sign Floor Ceil Softplus Softsign Sin Cos Tan Atan Sinh Cosh Asinh".split():
        unary(op, scale=0.4 if op == "Tan" else 1.5)
    for op in "Sqrt Log Reciprocal".split():
        unary(op, positive=True)
    for op in "Asin Acos Atanh".split():
        unary(op, inside=True)
    g = family.graph("acosh", 17)
    x = g.n("Add", [g.n("Abs", g.inp("x", VECTOR)), g.c("one", F(1.1))])
    g.out(g.n("Acosh", x, "y"))
    # Halves go to the even neighbour.
    g = family.graph("round", 17)
    x = g.inp("x", (1, 9))
    g.feeds["x"] = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3, -7.7, 4.0]], F)
    g.out(g.n("Round", x, "y"))
    for opset in (7, 13):
        unary("Abs", opset, MAP, name=f"abs_map_opset{opset}")
    unary("Sqrt", 7, MAP, positive=True, name="sqrt_map_opset7")
    unary("Mish", 18)
    unary("HardSwish", 14, MAP, name="hard_swish_map")
    for form in ("none", "tanh"):
        unary("Gelu", 20, MAP, name=f"gelu_{form}", approximate=form)
    unary("Gelu", 20, name="gelu_default")
    unary("Selu", name="selu_default")
    unary("Selu", alpha=2.0, gamma=0.5)
    unary("Celu", alpha=0.7)
    unary("Celu", name="celu_default")
    unary("ThresholdedRelu", alpha=0.5)
    unary("ThresholdedRelu", name="thresholded_relu_default", shape=MAP)
    unary("Shrink", lambd=0.6, bias=0.2)
    unary("Shrink", name="shrink_default")


def binary(name, op, a, b, opset=17, constant=None, apart=False, truths=False, symbolic=False):
    """Two operands; `constant` is the index of one that is known. `apart` keeps b from 0."""
    g = family.graph(name, opset)
    ins = []
    for k, (key, shape) in enumerate((("a", a), ("b", b))):
        if constant == k:
            data = rng_for(name).standard_normal(shape)
            ins.append(g.c(key, np.sign(data) * (np.abs(data) + 0.4) if apart else data))
        else:
            x = g.inp(key, (("N",) + shape[1:]) if symbolic else shape)
            if apart and k == 1:
                x = g.n("Add", [g.n("Abs", x), g.c("above", F(0.4))])
            ins.append(x)
    y = g.n(op, ins, None if truths else "y")
    if truths:
        y = g.n("Cast", y, "y", to=T.FLOAT)
    g.out(y)


def binaries():
    b = binary
    b("div_map", "Div", MAP, MAP, apart=True)
    b("div_map_channel", "Div", MAP, (1, 3, 1, 1), apart=True)
    b("div_channel_map", "Div", (1, 3, 1, 1), MAP, apart=True)
    b("div_number_by_map", "Div", (), MAP, constant=0, apart=True)
    b("div_row_by_vector", "Div", (7,), VECTOR, constant=0, apart=True)
    b("div_opset7", "Div", VECTOR, VECTOR, opset=7, apart=True)
    b("div_symbolic", "Div", VECTOR, VECTOR, apart=True, symbolic=True)
    for op in ("Max", "Min"):
        b(f"{op.lower()}_map", op, MAP, MAP)
        b(f"{op.lower()}_number", op, MAP, (), constant=1)
        b(f"{op.lower()}_channel", op, MAP, (3, 1, 1), constant=1)
        b(f"{op.lower()}_opset8", op, VECTOR, VECTOR, opset=8)
    for op in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"):
        b(f"{op.lower()}_map", op, MAP, (1, 3, 1, 1), truths=True)
        b(f"{op.lower()}_number", op, VECTOR, (1,), constant=1, truths=True)
    b("greater_opset9", "Greater", VECTOR, VECTOR, opset=9, truths=True)
    b("greater_number_left", "Greater", (), MAP, constant=0, truths=True)
    g = family.graph("equal_of_floors", 17)
    x, y = g.inp("x", (1, 30)), g.inp("z", (1, 30))
    g.out(g.n("Cast", g.n("Equal", [g.n("Floor", x), g.n("Floor", y)]), "y", to=T.FLOAT))


def variadics():
    for op in ("Max", "Min", "Sum", "Mean"):
        for count in (1, 3):
            g = family.graph(f"{op.lower()}_of_{count}", 13)
            ins = [g.inp(f"x{k}", MAP if k != 1 else (1, 3, 1, 1)) for k in range(count)]
            g.out(g.n(op, ins, "y"))
    g = family.graph("sum_with_constant", 13)
    g.out(g.n("Sum", [g.inp("x", VECTOR), g.w("c", 7), g.w("d", 7)], "y"))


def powers():
    for name, exponent in (("square", 2.0), ("cube", 3.0), ("one", 1.0), ("inverse", -1.0), ("root", 0.5),
                           ("inverse_root", -0.5), ("fraction", 1.7)):
        g = family.graph(f"pow_{name}", 15)
        x = g.inp("x", VECTOR)
        if exponent not in (2.0, 3.0, 1.0):
            x = g.n("Add", [g.n("Abs", x), g.c("above", F(0.3))])
        g.out(g.n("Pow", [x, g.c("e", F(exponent))], "y"))
    g = family.graph("pow_integer_exponent", 15)
    g.out(g.n("Pow", [g.inp("x", MAP), g.i64("e", 2)], "y"))


def truths():
    for op in ("And", "Or", "Xor"):
        g = family.graph(op.lower(), 17)
        zero = g.c("zero", F(0))
        a, b = [g.n("Greater", [g.inp(k, MAP if k == "a" else (1, 3, 1, 1)), zero]) for k in "ab"]
        g.out(g.n("Cast", g.n(op, [a, b]), "y", to=T.FLOAT))
    g = family.graph("not", 17)
    g.out(g.n("Cast", g.n("Not", g.n("Less", [g.inp("x", MAP), g.c("zero", F(0))])), "y", to=T.FLOAT))
    g = family.graph("and_with_constant", 17)
    a = g.n("Greater", [g.inp("x", VECTOR), g.c("zero", F(0))])
    mask = g.c("mask", rng_for("mask").random(7) > 0.5)
    g.out(g.n("Cast", g.n("And", [a, mask]), "y", to=T.FLOAT))
    g = family.graph("cast_to_truth_and_back", 17)
    x = g.inp("x", (1, 9))
    g.feeds["x"] = np.array([[0, 1, -1, 0.25, -0.0, 3, 0, 2, -7]], F)
    g.out(g.n("Cast", g.n("Cast", x, to=T.BOOL), "y", to=T.FLOAT))


def where(name, condition, a, b, opset=16, constants=()):
    g = family.graph("where_" + name, opset)
    c = g.n("Greater", [g.inp("c", condition), g.c("zero", F(0))])
    ins = [c]
    for key, shape in (("a", a), ("b", b)):
        ins.append(g.c(key, rng_for(name + key).standard_normal(shape)) if key in constants else g.inp(key, shape))
    g.out(g.n("Where", ins, "y"))


def wheres():
    where("map", MAP, MAP, MAP)
    where("channel", (1, 3, 1, 1), MAP, MAP)
    where("numbers", MAP, (), (), constants="ab")
    where("mask_fill", MAP, (), MAP, constants="a")
    where("broadcast_all", (1, 3, 1, 1), (1, 1, 4, 1), (1, 1, 1, 5))
    where("vector", VECTOR, VECTOR, (7,), constants="b")
    where("opset9", VECTOR, VECTOR, VECTOR, opset=9)
    g = family.graph("where_own_sign", 16)
    x = g.inp("x", MAP)
    c = g.n("Greater", [x, g.c("zero", F(0))])
    g.out(g.n("Where", [c, x, g.n("Mul", [x, g.c("slope", F(0.1))])], "y"))
    g = family.graph("where_constant_condition", 16)
    c = g.c("c", rng_for("condition").random(7) > 0.5)
    g.out(g.n("Where", [c, g.inp("x", VECTOR), g.c("fill", F(-1))], "y"))


def prelus():
    for name, shape, slope in (("channel", MAP, (3, 1, 1)), ("full", MAP, MAP[1:]), ("vector", VECTOR, (7,)),
                               ("one", MAP, (1,)), ("row", MAP, (5,))):
        g = family.graph(f"prelu_{name}", 16)
        g.out(g.n("PRelu", [g.inp("x", shape), g.w("slope", *slope, scale=0.5)], "y"))


def exported():
    """PyTorch's own exporter on the modules people use, behind a layer each."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, activation, rank):
            super().__init__()
            layer, norm = (nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)) if rank == 4 else \
                (nn.Linear(8, 6), nn.BatchNorm1d(6))
            self.layers = nn.Sequential(layer, norm, activation)

        def forward(self, x):
            return self.layers(x)

    class Gate(nn.Module):
        """Squeeze and excitation with a hard gate."""

        def __init__(self):
            super().__init__()
            self.squeeze, self.excite = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 3, 1)

        def forward(self, x):
            s = x.mean((2, 3), keepdim=True)
            return x * nn.functional.hardsigmoid(self.excite(torch.relu(self.squeeze(s))))

    modules = {"silu": nn.SiLU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU("tanh"), "mish": nn.Mish,
               "hardswish": nn.Hardswish, "hardsigmoid": nn.Hardsigmoid, "prelu": lambda: nn.PReLU(6),
               "elu": nn.ELU, "selu": nn.SELU, "celu": lambda: nn.CELU(0.5), "softplus": nn.Softplus,
               "softsign": nn.Softsign, "softshrink": nn.Softshrink, "hardshrink": nn.Hardshrink,
               "tanhshrink": nn.Tanhshrink, "logsigmoid": nn.LogSigmoid, "relu6": nn.ReLU6, "glu": None}
    modules.pop("glu")
    for opset in (13, 17, 20):
        for name, make in modules.items():
            for rank in (4, 2) if name in ("silu", "gelu", "hardswish") else (4,):
                torch.manual_seed(len(name) + opset)
                module = Block(make(), rank).eval()
                with torch.no_grad():
                    for p in module.parameters():
                        p.normal_(0, 0.4)
                emit(f"torch_{name}_{rank}d_opset{opset}", module, (1, 3, 5, 5) if rank == 4 else (1, 8), opset)
        torch.manual_seed(opset)
        emit(f"torch_gate_opset{opset}", Gate().eval(), (1, 3, 4, 4), opset)


def emit(name, module, shape, opset):
    import torch
    x = torch.from_numpy(rng_for(name).standard_normal(shape).astype(F))
    out = io.BytesIO()
    torch.onnx.export(module, (x,), out, opset_version=opset, input_names=["x"], output_names=["y"], dynamo=False)
    model = onnx.load_from_string(out.getvalue())
    # What depends on the exporter's machine and version.
    model.producer_version = ""
    for node in model.graph.node:
        node.doc_string = ""
    family.add(name, model, {"x": x.numpy()})


for cases in (unaries, binaries, variadics, powers, truths, wheres, prelus, exported):
    cases()
family.write()
