//! Resize and Upsample: nearest inputs are taken; straight lines between pixels have an operator
//! where both axes of a map are resized so; all else is a product with constant weights along each
//! axis.

use super::compose::weighted;
use super::conv::map_view;
use super::resample::{Axis, Coordinates, Curve, Nearest, Smoothing};
use super::take::{AxisMap, listed, take};
use super::window::{self, Spatial};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_indices, operand_fault};
use crate::import::onnx::tensor::elements;
use crate::ir::Op;
use crate::ir::reduce::{Coordinates as Between, ResizeBilinear};

/// Largest extent of an output: what is larger is damage.
const MAX_EXTENT: f32 = 1_048_576.0;

/// Most weights along an axis.
const MAX_WEIGHTS: usize = 1 << 24;

/// Resize since opset 11.
pub(super) fn resize(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    if node.opset < 11 {
        return upsample(context, node);
    }
    let x = node.required(0, "input X")?;
    let coordinates = Coordinates::read(node)?;
    let axes = resized_axes(node, &x.shape(), coordinates)?;
    match node.attributes.text("mode")?.unwrap_or("nearest") {
        "nearest" => nearest(context, node, x, &axes, coordinates, Nearest::read(node)?),
        "linear" => interpolated(context, node, &axes, coordinates, Curve::Linear),
        "cubic" => {
            let a = node.attributes.float("cubic_coeff_a")?.unwrap_or(-0.75);
            interpolated(context, node, &axes, coordinates, Curve::Cubic(a))
        }
        other => Err(fault("mode", other.into(), "nearest, linear, cubic")),
    }
}

/// Upsample, and Resize of opset 10: positions are index / scale.
pub(super) fn upsample(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input X")?;
    let own = x.shape();
    let scales = match node.attributes.floats("scales")? {
        Some(scales) => scales,
        None => node.floats(1, "input scales")?.1,
    };
    if scales.len() != own.len() {
        let expected = format!("{} of them", own.len());
        return Err(operand_fault(
            "scales",
            &expected,
            &scales.len().to_string(),
        ));
    }
    let lens = own.iter().zip(scales);
    let axes: Result<Vec<Axis>, NodeFault> =
        lens.map(|(&input, &scale)| scaled(input, scale)).collect();
    let axes = axes?;
    let coordinates = Coordinates::Asymmetric;
    match node.attributes.text("mode")?.unwrap_or("nearest") {
        "nearest" => nearest(context, node, x, &axes, coordinates, Nearest::Simple),
        "linear" | "bilinear" => interpolated(context, node, &axes, coordinates, Curve::Linear),
        other => Err(fault("mode", other.into(), "nearest, linear")),
    }
}

/// An axis whose extent becomes this many times as large, rounded down.
fn scaled(input: usize, scale: f32) -> Result<Axis, NodeFault> {
    axis(input, (f32_of(input) * scale).floor(), scale)
}

fn axis(input: usize, output: f32, scale: f32) -> Result<Axis, NodeFault> {
    let sound = scale > 0.0 && scale.is_finite() && (1.0..=MAX_EXTENT).contains(&output);
    if !sound || input == 0 {
        let found = format!("{output} from {input}");
        return Err(operand_fault("output extent", "1 to 1048576", &found));
    }
    Ok(Axis {
        input,
        output: extent(output),
        scale,
        region: [0.0, 1.0],
    })
}

#[expect(clippy::as_conversions, reason = "extents below 2^24 are exact")]
fn f32_of(extent: usize) -> f32 {
    extent as f32
}

#[expect(clippy::as_conversions, reason = "a whole number within bounds")]
fn extent(len: f32) -> usize {
    len as usize
}

/// Every axis with what becomes of it: scales or sizes are given for all, or for some.
fn resized_axes(
    node: &Node<'_>,
    own: &[usize],
    coordinates: Coordinates,
) -> Result<Vec<Axis>, NodeFault> {
    let named = match node.attributes.ints("axes")? {
        Some(axes) => axis_indices(axes, own.len())?,
        None => (0..own.len()).collect(),
    };
    let count = |operand: &str, found: usize, expected: usize| {
        if found == expected {
            return Ok(());
        }
        let expected = format!("{expected} numbers");
        Err(operand_fault(operand, &expected, &found.to_string()))
    };
    let has = |index| {
        node.input(index)
            .is_some_and(|input| elements(&input.shape()) != Some(0))
    };
    let mut axes: Vec<Axis> = own
        .iter()
        .map(|&len| axis(len, f32_of(len), 1.0))
        .collect::<Result<_, NodeFault>>()?;
    if has(3) {
        let sizes = node.ints(3, "input sizes")?;
        count("input sizes", sizes.len(), named.len())?;
        sized(node, &mut axes, &named, sizes)?;
    } else {
        let (_, scales) = node.floats(2, "input scales")?;
        count("input scales", scales.len(), named.len())?;
        for (&at, &scale) in named.iter().zip(scales) {
            axes[at] = scaled(own[at], scale)?;
        }
    }
    if coordinates == Coordinates::CropAndResize {
        let (_, region) = node.floats(1, "input roi")?;
        count("input roi", region.len(), 2 * named.len())?;
        for (index, &at) in named.iter().enumerate() {
            axes[at].region = [region[index], region[named.len() + index]];
        }
    }
    let whole = |axis: &Axis| axis.scale * f32_of(axis.input) == f32_of(axis.output);
    if coordinates == Coordinates::AlignCorners && !axes.iter().all(whole) {
        return Err(operand_fault(
            "input scales",
            "such that extents are whole with align_corners (else ONNX's definition and ONNX \
             Runtime differ): give sizes",
            "an extent that is rounded",
        ));
    }
    Ok(axes)
}

/// Axes of given extents, which may be bounds for extents of equal scales.
fn sized(
    node: &Node<'_>,
    axes: &mut [Axis],
    named: &[usize],
    sizes: &[i64],
) -> Result<(), NodeFault> {
    let name = "keep_aspect_ratio_policy";
    let policy = node.attributes.text(name)?.unwrap_or("stretch");
    let mut scales = Vec::with_capacity(sizes.len());
    for (&at, &size) in named.iter().zip(sizes) {
        let size = usize::try_from(size).map_or(f32::INFINITY, f32_of);
        axes[at] = axis(axes[at].input, size, size / f32_of(axes[at].input))?;
        scales.push(axes[at].scale);
    }
    let common = match policy {
        "stretch" => return Ok(()),
        "not_larger" => scales.iter().copied().fold(f32::INFINITY, f32::min),
        "not_smaller" => scales.iter().copied().fold(0.0, f32::max),
        other => {
            return Err(fault(
                name,
                other.into(),
                "stretch, not_larger, not_smaller",
            ));
        }
    };
    for &at in named {
        let input = axes[at].input;
        axes[at] = axis(input, (f32_of(input) * common + 0.5).floor(), common)?;
    }
    Ok(())
}

/// Every output is the nearest input.
fn nearest(
    context: &mut Context,
    node: &Node<'_>,
    x: &Tensor,
    axes: &[Axis],
    coordinates: Coordinates,
    nearest: Nearest,
) -> Result<Tensor, NodeFault> {
    let mut maps: Vec<AxisMap> = Vec::with_capacity(axes.len());
    for axis in axes {
        if axis.is_kept() {
            maps.push(None);
            continue;
        }
        if (0..axis.output).any(|index| axis.is_outside(coordinates, index)) {
            let supported = "a region within the input with mode nearest";
            return Err(fault(
                "mode",
                "nearest with a region beyond it".into(),
                supported,
            ));
        }
        let at = |index| axis.nearest(coordinates, nearest, index);
        maps.push(Some(listed("output extent", axis.output, at)?));
    }
    take(context, node, 0, x, &maps)
}

/// Every output lies on a curve through the inputs.
fn interpolated(
    context: &mut Context,
    node: &Node<'_>,
    axes: &[Axis],
    coordinates: Coordinates,
    curve: Curve,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let smoothing = Smoothing {
        antialias: node.attributes.flag("antialias")?.unwrap_or(false),
        exclude_outside: node.attributes.flag("exclude_outside")?.unwrap_or(false),
    };
    let resized = axes.iter().enumerate().filter(|(_, axis)| !axis.is_kept());
    context.check_batch(x, resized.clone().map(|(at, _)| at))?;
    let plain = !smoothing.antialias && !smoothing.exclude_outside && curve == Curve::Linear;
    if plain && let Some(tensor) = between_pixels(context, node, x, axes, coordinates)? {
        return Ok(tensor);
    }
    let beyond = node.attributes.float("extrapolation_value")?.unwrap_or(0.0);
    let mut result = x.clone();
    for (at, axis) in resized {
        if axis.input.saturating_mul(axis.output) > MAX_WEIGHTS {
            let expected = format!("of {MAX_WEIGHTS} weights along an axis at most");
            let found = format!("{} from {}", axis.output, axis.input);
            return Err(operand_fault("input X", &expected, &found));
        }
        let rows =
            (0..axis.output).flat_map(|index| axis.weights(coordinates, curve, smoothing, index));
        let weights = rows.collect();
        let outside = |index| axis.is_outside(coordinates, index);
        let bias = (0..axis.output).any(outside).then(|| {
            let each = (0..axis.output).map(|index| if outside(index) { beyond } else { 0.0 });
            each.collect()
        });
        result = weighted(context, node, &result, at, weights, bias)?;
    }
    Ok(result.into())
}

/// Straight lines between the pixels of a map, if only rows and columns are resized, and positions
/// follow from extents alone.
fn between_pixels(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[Axis],
    coordinates: Coordinates,
) -> Result<Option<Tensor>, NodeFault> {
    let Ok(spatial) = window::spatial_axes(&x.view) else {
        return Ok(None);
    };
    let whole = |axis: &Axis| axis.scale * f32_of(axis.input) == f32_of(axis.output);
    if !axes[..2].iter().all(Axis::is_kept) || !axes.iter().all(whole) {
        return Ok(None);
    }
    let between = match coordinates {
        Coordinates::HalfPixel | Coordinates::HalfPixelSymmetric => Between::HalfPixel,
        // One output of many lies at the first input.
        Coordinates::PytorchHalfPixel if axes.iter().all(|axis| axis.output > 1) => {
            Between::HalfPixel
        }
        Coordinates::Asymmetric => Between::Asymmetric,
        Coordinates::AlignCorners => Between::AlignCorners,
        Coordinates::PytorchHalfPixel
        | Coordinates::TfHalfPixelForNn
        | Coordinates::CropAndResize => return Ok(None),
    };
    let size = match spatial {
        Spatial::One => [1, axes[2].output],
        Spatial::Two => [axes[2].output, axes[3].output],
    };
    let input = window::arrange(context, &node.name, x, spatial)?;
    let op = Op::ResizeBilinear(ResizeBilinear {
        size,
        coordinates: [between; 2],
    });
    let value = context.emit(node, op, vec![input])?;
    let view = map_view(context.graph.shape(value), x.view.rank());
    Ok(Some(Tensor::computed(value, view)))
}
