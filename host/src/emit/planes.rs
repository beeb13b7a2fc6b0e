//! Depthwise convolution by planes.

use super::EmitError;
use super::data::Data;
use super::steps::{Ends, foreign};
use crate::lower::{plane_records, rows_and_depth, window};
use crate::quantize::graph::QOp;
use tiivis_runtime::blob::{DepthwisePlanes, Op, Span};

pub(super) fn depthwise(
    data: &mut Data,
    ends: &Ends<'_>,
    is_turned: bool,
    scratch: Option<Span>,
) -> Result<Op, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    let (
        QOp::DepthwiseConv2d {
            window: geometry,
            weights,
            ..
        },
        Some(scratch),
    ) = (&node.op, scratch)
    else {
        return Err(foreign(format!("planes for `{}`", node.name)));
    };
    let (rounding, records) = plane_records(weights, [from, to], is_turned);
    Ok(Op::DepthwisePlanes(DepthwisePlanes {
        input: ends.input,
        output: ends.output,
        scratch,
        records: data.int32(records)?,
        window: window(node, geometry, &from.shape, &to.shape)?,
        channels: rows_and_depth(node, &to.shape)?.1,
        is_turned,
        input_zero_point: from.params.zero_point,
        rounding,
    }))
}

#[cfg(test)]
mod tests {
    use crate::emit::testing::{
        Builder, clamp, int8, options, params, run_blob, weights, with_model,
    };
    use crate::emit::{EmitOptions, compile};
    use crate::ir::{ValueId, Window2d};
    use crate::plan::testing::Random;
    use crate::quantize::graph::{QGraph, QOp};
    use tiivis_runtime::blob::{Isa, Op, PlaneRounding};

    /// A depthwise convolution of 3 × 3 taps over `input`.
    fn depthwise(random: &mut Random, builder: &mut Builder, input: ValueId) -> Option<ValueId> {
        let shape = builder.shape(input);
        let stride = 1 + random.below(2);
        let mut window = Window2d {
            kernel: [3; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            pad_before: [0; 2],
            pad_after: [0; 2],
        };
        let mut output = [0; 2];
        for axis in 0..2 {
            window.pad_before[axis] = random.below(3).min(1);
            window.pad_after[axis] = random.below(3).min(1);
            let padded = shape[1 + axis] + window.pad_before[axis] + window.pad_after[axis];
            output[axis] = padded.checked_sub(3)? / stride + 1;
        }
        let mut weights = weights(random, shape[3], 9);
        // Smaller results allow for a larger shift of twins.
        let smaller = i8::try_from(random.below(4)).unwrap();
        for scale in &mut weights.scales {
            scale.shift -= smaller;
        }
        let op = QOp::DepthwiseConv2d {
            window,
            weights,
            clamp: clamp(),
        };
        let zero_point = match random.chance(60) {
            // As where a rectifier is fused.
            true => -128,
            false => i32::try_from(random.below(256)).unwrap() - 128,
        };
        let shape = [1, output[0], output[1], shape[3]];
        Some(builder.node(op, &[input], &shape, params(0.1, zero_point)))
    }

    /// A chain of a few.
    fn chain(random: &mut Random) -> Option<(QGraph, Vec<i8>)> {
        let mut builder = Builder::new();
        let shape = [
            1,
            1 + random.below(20),
            1 + random.below(20),
            1 + random.below(6),
        ];
        let zero_point = i32::try_from(random.below(256)).unwrap() - 128;
        let mut value = builder.input(&shape, params(0.1, zero_point));
        for _ in 0..1 + random.below(3) {
            value = depthwise(random, &mut builder, value)?;
        }
        builder.output(value);
        let mut values = int8(random, shape.iter().product());
        if random.chance(30) {
            values
                .iter_mut()
                .for_each(|x| *x = if *x < 0 { -128 } else { 127 });
        }
        Some((builder.graph, values))
    }

    #[test]
    fn planes_compute_what_the_portable_kernel_does() {
        let mut random = Random::new(11);
        let dsp = EmitOptions {
            isa: Isa::Dsp,
            ..options()
        };
        let (mut planes, mut turned, mut in_place, mut shorter) = (0, 0, 0, 0);
        let mut roundings = [0; 3];
        for round in 0..1500 {
            let Some((graph, values)) = chain(&mut random) else {
                continue;
            };
            let portable = compile(&graph, &options()).unwrap();
            let packed =
                compile(&graph, &dsp).unwrap_or_else(|error| panic!("{error}\n{graph:#?}"));
            let inputs = [values];
            let expected = run_blob(&portable.blob, &inputs);
            assert_eq!(
                run_blob(&packed.blob, &inputs),
                expected,
                "{round}\n{graph:#?}"
            );
            with_model(&packed.blob, |model| {
                for step in model.steps() {
                    let Op::DepthwisePlanes(op) = step.op else {
                        continue;
                    };
                    planes += 1;
                    turned += usize::from(op.is_turned);
                    let is_in_place = op.input.offset == op.output.offset;
                    in_place += usize::from(is_in_place);
                    shorter += usize::from(is_in_place && op.output.len < op.input.len);
                    roundings[match op.rounding {
                        PlaneRounding::Upper4 => 0,
                        PlaneRounding::Upper8 => 1,
                        PlaneRounding::Twice => 2,
                    }] += 1;
                }
            });
        }
        println!(
            "{planes} planes, {turned} turned, {in_place} in place, {shorter} of them shorter, {roundings:?}"
        );
        assert!(planes > 1500 && turned > 300 && in_place > 500 && shorter > 200);
        assert!(roundings.iter().all(|&count| count > 30), "{roundings:?}");
    }
}
