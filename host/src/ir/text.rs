//! The text form of a graph: stable, one line per node, for people and for tests. It is written
//! for broken graphs too, since that is when it is read.

use super::{
    Activation, Clamp, Fused, Graph, Node, Op, Pad, Port, Reduce, ResizeBilinear, Term,
    TransposedWindow2d, Value, ValueId, Window2d,
};
use std::fmt::{Display, Formatter, Result};

impl Display for Graph {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "graph {}", self.name)?;
        for port in &self.inputs {
            write_port(f, "input", self, port)?;
        }
        for (id, value) in self.values() {
            let is_read = || self.nodes.iter().any(|node| node.inputs.contains(&id));
            if let Some(data) = value.constant.as_deref().filter(|_| is_read()) {
                write_constant(f, value, data)?;
            }
        }
        for node in &self.nodes {
            write_node(f, self, node)?;
        }
        for port in &self.outputs {
            write_port(f, "output", self, port)?;
        }
        Ok(())
    }
}

fn write_port(f: &mut Formatter<'_>, kind: &str, graph: &Graph, port: &Port) -> Result {
    let Port {
        name,
        value,
        source_axes,
    } = port;
    write!(f, "{kind} {name}: ")?;
    match graph.get(*value) {
        Some(value) => write!(f, "{} {}", value.name, Type(&value.shape))?,
        None => write_missing(f, *value)?,
    }
    writeln!(f, " source axes {}", List(source_axes))
}

fn write_constant(f: &mut Formatter<'_>, value: &Value, data: &[f32]) -> Result {
    let min = data.iter().copied().fold(f32::INFINITY, f32::min);
    let max = data.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let Value { name, shape, .. } = value;
    writeln!(f, "constant {name}: {} in [{min}, {max}]", Type(shape))
}

fn write_node(f: &mut Formatter<'_>, graph: &Graph, node: &Node) -> Result {
    match graph.get(node.output) {
        Some(Value { name, shape, .. }) if *name == node.name => {
            write!(f, "{name}: {}", Type(shape))?;
        }
        Some(Value { name, shape, .. }) => write!(f, "{} -> {name}: {}", node.name, Type(shape))?,
        None => {
            write!(f, "{} -> ", node.name)?;
            write_missing(f, node.output)?;
        }
    }
    write!(f, " = {}(", node.op.name())?;
    for (index, &id) in node.inputs.iter().enumerate() {
        if index > 0 {
            write!(f, ", ")?;
        }
        match graph.get(id) {
            Some(value) if value.constant.is_some() => {
                write!(f, "{} {}", value.name, Type(&value.shape))?;
            }
            Some(value) => write!(f, "{}", value.name)?,
            None => write_missing(f, id)?,
        }
    }
    write!(f, ")")?;
    write_attributes(f, &node.op)?;
    writeln!(f)
}

fn write_missing(f: &mut Formatter<'_>, id: ValueId) -> Result {
    write!(f, "<no value {}>", id.index())
}

fn write_attributes(f: &mut Formatter<'_>, op: &Op) -> Result {
    match op {
        Op::Conv2d(conv) => {
            write_window(f, &conv.window)?;
            if conv.groups != 1 {
                write!(f, " groups {}", conv.groups)?;
            }
            write_clamp(f, conv.clamp)
        }
        Op::ConvTranspose2d(conv) => {
            write_transposed_window(f, &conv.window)?;
            if conv.groups != 1 {
                write!(f, " groups {}", conv.groups)?;
            }
            write_clamp(f, conv.clamp)
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            let marks = [
                (*transpose_a, " transpose_a"),
                (*transpose_b, " transpose_b"),
            ];
            let mut set = marks.into_iter().filter(|(is_set, _)| *is_set);
            set.try_for_each(|(_, mark)| write!(f, "{mark}"))
        }
        Op::MaxPool2d(pool) => {
            write_window(f, &pool.window)?;
            write_clamp(f, pool.clamp)
        }
        Op::AvgPool2d(pool) => {
            write_window(f, &pool.window)?;
            if pool.count_include_pad {
                write!(f, " count_include_pad")?;
            }
            write_clamp(f, pool.clamp)
        }
        Op::Dense { clamp } | Op::Add { clamp } | Op::Sub { clamp } | Op::Mul { clamp } => {
            write_clamp(f, *clamp)
        }
        Op::BatchNorm { epsilon } => write!(f, " epsilon {epsilon}"),
        Op::Activation(activation) => write_activation(f, activation),
        Op::Concat { axis } => write!(f, " axis {axis}"),
        Op::Reshape { shape } => write!(f, " shape {}", List(shape)),
        Op::Transpose { perm } => write!(f, " perm {}", List(perm)),
        Op::Take { maps } => {
            write!(f, " [")?;
            for (index, map) in maps.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(f, "{comma}{map}")?;
            }
            write!(f, "]")
        }
        Op::Pad(Pad {
            before,
            after,
            value,
        }) => write!(
            f,
            " before {} after {} value {value}",
            List(before),
            List(after)
        ),
        Op::Reduce(Reduce {
            reduction,
            axes,
            keep,
        }) => {
            write!(f, " {} axes {}", reduction.name(), List(axes))?;
            write_keep(f, *keep)
        }
        Op::ArgExtreme {
            axis,
            largest,
            last,
            keep,
        } => {
            let extreme = if *largest { "max" } else { "min" };
            let which = if *last { "last " } else { "" };
            write!(f, " {which}{extreme} axis {axis}")?;
            write_keep(f, *keep)
        }
        Op::ResizeBilinear(ResizeBilinear {
            size: [rows, columns],
            coordinates: [down, across],
        }) => {
            let (down, across) = (down.name(), across.name());
            write!(f, " size {rows}x{columns} {down},{across}")
        }
        Op::Fused(function) => write_fused(f, function),
        Op::Binary(_)
        | Op::Select
        | Op::Softmax
        | Op::Identity
        | Op::L2Normalize
        | Op::LogSoftmax => Ok(()),
    }
}

fn write_keep(f: &mut Formatter<'_>, keep: bool) -> Result {
    if keep { write!(f, " keep") } else { Ok(()) }
}

fn write_window(f: &mut Formatter<'_>, window: &Window2d) -> Result {
    let Window2d {
        kernel: [rows, columns],
        stride: [down, right],
        dilation,
        pad_before: [top, left],
        pad_after: [bottom, end],
    } = window;
    write!(f, " kernel {rows}x{columns} stride {down}x{right}")?;
    if *dilation != [1, 1] {
        write!(f, " dilation {}x{}", dilation[0], dilation[1])?;
    }
    // In ONNX's order: top, left, bottom, right.
    write!(f, " pad {top},{left},{bottom},{end}")
}

fn write_transposed_window(f: &mut Formatter<'_>, window: &TransposedWindow2d) -> Result {
    let TransposedWindow2d {
        kernel: [rows, columns],
        stride: [down, right],
        dilation,
        pad_before: [top, left],
        output: [height, width],
    } = window;
    write!(f, " kernel {rows}x{columns} stride {down}x{right}")?;
    if *dilation != [1, 1] {
        write!(f, " dilation {}x{}", dilation[0], dilation[1])?;
    }
    write!(f, " pad {top},{left} to {height}x{width}")
}

fn write_clamp(f: &mut Formatter<'_>, clamp: Option<Clamp>) -> Result {
    match clamp {
        Some(Clamp { min, max }) => write!(f, " clamp [{min}, {max}]"),
        None => Ok(()),
    }
}

fn write_activation(f: &mut Formatter<'_>, activation: &Activation) -> Result {
    match activation {
        Activation::Clamp(Clamp { min, max }) => write!(f, " [{min}, {max}]"),
        Activation::Sigmoid | Activation::Tanh | Activation::HardSwish | Activation::Unary(_) => {
            Ok(())
        }
        Activation::LeakyRelu { alpha } | Activation::Elu { alpha } => write!(f, " alpha {alpha}"),
        Activation::HardSigmoid { alpha, beta } => write!(f, " alpha {alpha} beta {beta}"),
        Activation::Parametric {
            function,
            parameters,
        } => {
            let mut named = function.parameters().iter().zip(parameters);
            named.try_for_each(|(name, value)| write!(f, " {name} {value}"))
        }
    }
}

/// `[Sigmoid, Mul]`: what it is put together from.
fn write_fused(f: &mut Formatter<'_>, function: &Fused) -> Result {
    let names: Vec<&str> = function.terms.iter().filter_map(Term::name).collect();
    write!(f, " [{}]", names.join(", "))
}

/// Element type and shape.
struct Type<'a>(&'a [usize]);

impl Display for Type<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "f32{}", List(self.0))
    }
}

/// `[1,2,3]`, without spaces.
struct List<'a>(&'a [usize]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "[")?;
        for (index, size) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{size}")?;
        }
        write!(f, "]")
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::{Activation, Clamp, Op, ValueId, Window2d};
    use crate::passes::oracle::{Builder, window};

    #[test]
    fn a_graph_reads_line_by_line() {
        let mut builder = Builder::new(1);
        let image = builder.input(&[1, 9, 8, 1]);
        let port = &mut builder.graph.inputs[0];
        (port.name, port.source_axes) = ("image".to_owned(), vec![0, 3, 1, 2]);
        builder.graph.value_mut(image).name = "image".to_owned();
        let tall = Window2d {
            kernel: [3, 2],
            stride: [2, 1],
            dilation: [1, 2],
            pad_before: [1, 0],
            pad_after: [0, 2],
        };
        let relu6 = Clamp { min: 0.0, max: 6.0 };
        let a = builder.conv(image, 2, tall, 1, Some(relu6));
        let weights = (0..12u8)
            .map(|i| 0.25 * f32::from(i) - 1.0)
            .collect::<Vec<_>>();
        let [w, b] = [1, 2].map(|input| builder.graph.nodes[0].inputs[input]);
        builder.graph.value_mut(w).constant = Some(weights.into());
        builder.graph.value_mut(w).name = "w".to_owned();
        builder.graph.value_mut(b).constant = Some(vec![-0.1, 1e-7].into());
        builder.graph.value_mut(a).name = "node0".to_owned();
        let b = builder.conv(a, 2, window(1, 1, 0), 2, None);
        builder.graph.nodes[1].inputs.pop();
        let weights = builder.graph.nodes[1].inputs[1];
        builder.graph.value_mut(weights).constant = Some(vec![2.0, 2.0].into());
        let c = builder.avg_pool(b, window(2, 2, 1), true);
        let d = builder.max_pool(c, window(2, 1, 0));
        let e = builder.relu(d);
        let f = builder.node(Op::Activation(Activation::LeakyRelu { alpha: 0.1 }), &[e]);
        let g = builder.node(Op::Concat { axis: 3 }, &[f, e]);
        let h = builder.node(
            Op::Transpose {
                perm: vec![0, 3, 1, 2],
            },
            &[g],
        );
        let i = builder.pad(h, 1, -1.0);
        let j = builder.node(Op::Reshape { shape: vec![1, 96] }, &[i]);
        let k = builder.node(Op::Softmax, &[j]);
        builder.output(k);
        assert_eq!(crate::ir::verify(&builder.graph), Ok(()));
        assert_eq!(builder.graph.to_string(), include_str!("text/golden.txt"));
    }

    #[test]
    fn a_broken_graph_is_still_written() {
        let mut builder = Builder::new(1);
        let x = builder.input(&[1, 2]);
        let y = builder.relu(x);
        builder.output(y);
        let graph = &mut builder.graph;
        graph.nodes[0].inputs[0] = ValueId::from_index(7);
        graph.nodes[0].output = ValueId::from_index(8);
        graph.outputs[0].value = ValueId::from_index(9);
        assert_eq!(
            graph.to_string(),
            "graph test\n\
             input input0: input0 f32[1,2] source axes [0,1]\n\
             node0 -> <no value 8> = Clamp(<no value 7>) [0, inf]\n\
             output output0: <no value 9> source axes [0,1]\n"
        );
    }
}
