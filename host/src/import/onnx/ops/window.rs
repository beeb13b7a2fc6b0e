//! Geometry of sliding windows: the attributes that Conv and the pools share.

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::view::View;
use crate::ir::{ValueId, Window2d};

/// Largest stride, dilation, padding or kernel extent: what is larger is damage, and sums of what
/// is not cannot overflow.
const MAX_EXTENT: usize = 1 << 24;

/// Axes of a map in the source model.
#[derive(Clone, Copy)]
pub(super) enum Spatial {
    /// `[N, C, L]`.
    One,
    /// `[N, C, H, W]`.
    Two,
}

/// The kind of map that a tensor is; its batch must be 1.
pub(super) fn spatial_axes(view: &View) -> Result<Spatial, NodeFault> {
    match *view.shape() {
        [1, _, _] => Ok(Spatial::One),
        [1, _, _, _] => Ok(Spatial::Two),
        ref shape => Err(operand_fault(
            "input X",
            "of rank 3 [N, C, L] or rank 4 [N, C, H, W] with batch 1",
            &format!("shape {shape:?}"),
        )),
    }
}

/// The map as a value of shape `[1, H, W, C]`.
pub(super) fn arrange(
    context: &mut Context,
    node: &str,
    x: &Activation,
    spatial: Spatial,
) -> Result<ValueId, NodeFault> {
    match spatial {
        Spatial::One => context.arrange(node, x, &[&[], &[2], &[1]]),
        Spatial::Two => context.arrange(node, x, &[&[2], &[3], &[1]]),
    }
}

/// Rows and columns; in one dimension, `rows` rows.
pub(super) fn two<T: Copy>(values: &[T], rows: T) -> [T; 2] {
    match *values {
        [only] => [rows, only],
        _ => [values[0], values[1]],
    }
}

/// Geometry in the source model's one or two dimensions.
pub(super) struct Geometry {
    kernel: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    /// Padding before, which windows may read.
    pub before: Vec<usize>,
    /// Padding behind, which windows may read.
    pub after: Vec<usize>,
    /// What the last window reads beyond that, because the output's size was rounded up.
    pub overhang: Vec<usize>,
}

impl Geometry {
    /// Reads strides, dilations, pads, `auto_pad` and `ceil_mode` for a kernel on an input of these
    /// extents. Attributes that an operator does not have are refused before.
    pub(super) fn read(
        node: &Node<'_>,
        kernel: &[usize],
        input: &[usize],
    ) -> Result<Self, NodeFault> {
        let rank = kernel.len();
        if kernel.iter().any(|&len| len == 0 || len > MAX_EXTENT) {
            return Err(fault(
                "kernel_shape",
                format!("{kernel:?}"),
                "positive extents",
            ));
        }
        let mut geometry = Self {
            kernel: kernel.to_vec(),
            strides: extents(node, "strides", rank, 1)?,
            dilations: extents(node, "dilations", rank, 1)?,
            before: vec![0; rank],
            after: vec![0; rank],
            overhang: vec![0; rank],
        };
        let ceil_mode = node.attributes.flag("ceil_mode")?.unwrap_or(false);
        let auto_pad = node.attributes.text("auto_pad")?.unwrap_or("NOTSET");
        match auto_pad {
            "NOTSET" | "" => geometry.read_pads(node)?,
            _ if ceil_mode => {
                return Err(fault(
                    "ceil_mode",
                    "1".into(),
                    "0 with an auto_pad that is not NOTSET",
                ));
            }
            "VALID" => {}
            "SAME_UPPER" | "SAME_LOWER" => geometry.pad_same(input, auto_pad == "SAME_LOWER"),
            other => {
                return Err(fault(
                    "auto_pad",
                    other.into(),
                    "NOTSET, SAME_UPPER, SAME_LOWER, VALID",
                ));
            }
        }
        for (axis, &len) in input.iter().enumerate() {
            let padded = len + geometry.before[axis] + geometry.after[axis];
            let extent = geometry.extent(axis);
            if padded < extent {
                let expected =
                    format!("at least as large as the kernel, {extent} with its dilation");
                let found = format!("{padded} along spatial axis {axis}, padding included");
                return Err(operand_fault("input X", &expected, &found));
            }
            if ceil_mode {
                geometry.overhang[axis] = geometry.rounded_up(axis, len);
            }
        }
        Ok(geometry)
    }

    /// Length from the first tap to the last.
    fn extent(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilations[axis] + 1
    }

    fn read_pads(&mut self, node: &Node<'_>) -> Result<(), NodeFault> {
        let rank = self.kernel.len();
        let pads = extents(node, "pads", 2 * rank, 0)?;
        let (before, after) = pads.split_at(rank);
        (self.before, self.after) = (before.to_vec(), after.to_vec());
        Ok(())
    }

    /// Output extents are `ceil(input / stride)`; an odd row or column of padding goes behind, or in
    /// front if `lower` (ONNX, Conv, `auto_pad`).
    fn pad_same(&mut self, input: &[usize], lower: bool) {
        for (axis, &len) in input.iter().enumerate() {
            let windows = len.div_ceil(self.strides[axis]).max(1);
            let total =
                ((windows - 1) * self.strides[axis] + self.extent(axis)).saturating_sub(len);
            let (small, large) = (total / 2, total.div_ceil(2));
            (self.before[axis], self.after[axis]) = if lower {
                (large, small)
            } else {
                (small, large)
            };
        }
    }

    /// How far the last window reaches beyond the padding if the output's extent is rounded up. A
    /// window that would start in the padding behind is left out (ONNX, `MaxPool`, `ceil_mode`).
    fn rounded_up(&self, axis: usize, input: usize) -> usize {
        let stride = self.strides[axis];
        let padded = input + self.before[axis] + self.after[axis];
        let mut windows = (padded - self.extent(axis)).div_ceil(stride) + 1;
        if (windows - 1) * stride >= input + self.before[axis] {
            windows -= 1;
        }
        ((windows - 1) * stride + self.extent(axis)).saturating_sub(padded)
    }

    /// Whether every window reads at least one element of the input.
    pub(super) fn windows_meet_input(&self, input: &[usize]) -> bool {
        (0..input.len()).all(|axis| {
            let padded = input[axis] + self.before[axis] + self.after[axis] + self.overhang[axis];
            let last = padded - self.extent(axis);
            (0..=last).step_by(self.strides[axis]).all(|start| {
                // First tap that is not in the padding in front.
                let tap = self.before[axis]
                    .saturating_sub(start)
                    .div_ceil(self.dilations[axis]);
                tap < self.kernel[axis]
                    && start + tap * self.dilations[axis] < self.before[axis] + input[axis]
            })
        })
    }

    /// The geometry of some of the axes.
    pub(super) fn part(&self, axes: &[usize]) -> Self {
        let of = |lens: &[usize]| axes.iter().map(|&axis| lens[axis]).collect();
        Self {
            kernel: of(&self.kernel),
            strides: of(&self.strides),
            dilations: of(&self.dilations),
            before: of(&self.before),
            after: of(&self.after),
            overhang: of(&self.overhang),
        }
    }

    /// The geometry in two dimensions, the overhang a part of the padding behind.
    pub(super) fn window(&self) -> Window2d {
        let after: Vec<usize> = self
            .after
            .iter()
            .zip(&self.overhang)
            .map(|(after, over)| after + over)
            .collect();
        Window2d {
            kernel: two(&self.kernel, 1),
            stride: two(&self.strides, 1),
            dilation: two(&self.dilations, 1),
            pad_before: two(&self.before, 0),
            pad_after: two(&after, 0),
        }
    }
}

/// `count` extents of at least `least`, which is also what each is without the attribute.
pub(super) fn extents(
    node: &Node<'_>,
    name: &str,
    count: usize,
    least: usize,
) -> Result<Vec<usize>, NodeFault> {
    let Some(given) = node.attributes.ints(name)? else {
        return Ok(vec![least; count]);
    };
    let valid = |value: i64| {
        usize::try_from(value)
            .ok()
            .filter(|value| (least..=MAX_EXTENT).contains(value))
    };
    let values: Option<Vec<usize>> = given.iter().map(|&value| valid(value)).collect();
    values
        .filter(|values| values.len() == count)
        .ok_or_else(|| {
            fault(
                name,
                format!("{given:?}"),
                &format!("{count} integers from {least} to {MAX_EXTENT}"),
            )
        })
}
