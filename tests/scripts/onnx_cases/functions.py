#!/usr/bin/env python3
"""Models with functions of their own and branches whose condition is known, answered by ONNX Runtime."""

import numpy as np
import onnx
from case import Family, T, h

family = Family("functions")
OWN = "tests.own"
OPSETS = [h.make_opsetid("", 17), h.make_opsetid(OWN, 1)]


def scaled(name="Scaled", opset=17):
    """clip(x · a + b): an attribute that is referred to, and one with a default."""
    low = onnx.AttributeProto(name="value_float", type=onnx.AttributeProto.FLOAT, ref_attr_name="low")
    slope = onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
    nodes = [
        h.make_node("Mul", ["x", "a"], ["t"]),
        h.make_node("Add", ["t", "b"], ["u"]),
        h.make_node("LeakyRelu", ["u"], ["v"]),
        h.make_node("Constant", [], ["least"]),
        h.make_node("Max", ["v", "least"], ["y"]),
    ]
    nodes[2].attribute.append(slope)
    nodes[3].attribute.append(low)
    return h.make_function(OWN, name, ["x", "a", "b"], ["y"], nodes, [h.make_opsetid("", opset)], ["low"],
                           [h.make_attribute("slope", 0.25)])


def twice():
    """A function that calls another, and hands its input on."""
    nodes = [
        h.make_node("Scaled", ["x", "a", "b"], ["t"], domain=OWN, low=-0.5),
        h.make_node("Scaled", ["t", "b", "a"], ["y"], domain=OWN, low=-0.25, slope=0.5),
        h.make_node("Identity", ["x"], ["same"]),
    ]
    return h.make_function(OWN, "Twice", ["x", "a", "b"], ["y", "same"], nodes, OPSETS)


def add(name, build, functions):
    g = family.graph(name, 17)
    build(g)
    inner = g.model

    def model():
        proto = inner()
        proto.functions.extend(functions)
        if functions:
            proto.opset_import.append(OPSETS[1])
        return proto

    g.model = model


def calls(g):
    x, a, b = g.inp("x", ("N", 4, 3), 2), g.w("a", 3), g.w("b", 4, 3)
    y = g.n("Scaled", [x, a, b], domain=OWN, low=-1.0)
    y = g.n("Scaled", [y, b, a], domain=OWN, low=-2.0, slope=0.75)
    g.out(g.n("Add", [y, x], "y"))


def nested(g):
    x, a, b = g.inp("x", ("N", 4, 3), 2), g.w("a", 3), g.w("b", 4, 3)
    g.n("Twice", [x, a, b], ["t", "s"], domain=OWN)
    g.out(g.n("Mul", ["t", "s"], "y"))


def branch(g, condition, then, other):
    def graph(name, nodes):
        return h.make_graph(nodes, name, [], [h.make_tensor_value_info(name, T.FLOAT, None)])
    return g.n("If", condition, "y", then_branch=graph("p", then), else_branch=graph("q", other))


def known_branch(g):
    g.inp("x", ("N", 4, 3), 2)
    g.w("a", 3)
    condition = g.c("condition", np.array(False))
    g.out(branch(g, condition, [h.make_node("Relu", ["x"], ["p"])],
                 [h.make_node("Mul", ["x", "a"], ["t"]), h.make_node("Tanh", ["t"], ["q"])]))


def squeezed(g):
    """As PyTorch writes a squeeze of an axis that it does not know."""
    x = g.n("Relu", g.inp("x", (1, 1, 3, 4)), "r")
    axes = g.i64("axes", 1)
    extent = g.n("Gather", [g.n("Shape", x), axes], axis=0)
    condition = g.n("Equal", [extent, g.i64("one", 1)])
    g.out(branch(g, condition, [h.make_node("Squeeze", ["r", "axes"], ["p"])], [h.make_node("Identity", ["r"], ["q"])]))


def rest(g):
    """Shape arithmetic with a remainder, of either sign."""
    x = g.inp("x", (1, 7, 4))
    extent = g.n("Slice", [g.n("Shape", x), g.i64("first", 1), g.i64("last", 2)])
    rest = g.n("Mod", [g.n("Sub", [extent, g.i64("twelve", 12)]), g.i64("four", 4)])
    other = g.n("Mod", [g.i64("minus_five", -5), g.i64("three", 3)])
    shape = g.n("Concat", [g.i64("one", 1), g.n("Add", [rest, other]), extent], axis=0)
    g.out(g.n("Reshape", [x, shape], "y"))


add("calls", calls, [scaled()])
add("nested", nested, [twice(), scaled()])
add("known_branch", known_branch, [])
add("squeezed", squeezed, [])
add("rest", rest, [])
family.write()
