//! Frames and features in an input's shape.

use super::FrontendError;
use super::description::Description;
use tiivis_runtime::blob::{FrameOrder, Port};

/// How many frames an input holds, and in what order.
pub(super) fn of_input(
    port: &Port<'_>,
    description: &Description,
) -> Result<(u32, FrameOrder), FrontendError> {
    let features = description.features();
    let len: u32 = port.shape.iter().product();
    let frames = len / features;
    let wanted = description.frames.unwrap_or(frames);
    if frames * features != len || wanted != frames || frames == 0 {
        return Err(FrontendError::Shape {
            name: port.name.to_owned(),
            shape: port.shape.to_vec(),
            features,
            frames: description.frames,
        });
    }
    let order = match description.layout {
        Some(order) => order,
        None => from_extents(port, frames, features)?,
    };
    Ok((frames, order))
}

/// From the extents that are not 1; an input of one axis is taken to be flattened frames.
fn from_extents(port: &Port<'_>, frames: u32, features: u32) -> Result<FrameOrder, FrontendError> {
    let extents: Vec<_> = port.shape.iter().copied().filter(|&n| n != 1).collect();
    match extents[..] {
        [first, second] if first == second => Err(FrontendError::Ambiguous {
            name: port.name.to_owned(),
            frames,
        }),
        [first, second] if (first, second) == (features, frames) => Ok(FrameOrder::FeaturesFirst),
        _ => Ok(FrameOrder::FramesFirst),
    }
}
