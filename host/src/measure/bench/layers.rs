//! What each layer costs.

use super::{BenchError, unexpected};
use crate::board::Board;
use crate::elf::Image;
use crate::measure::cost::m4;
use crate::measure::emulate::{Phase, Run};
use crate::measure::sim::Blob;
use crate::report::Layer;
use tiivis_runtime::blob::Step;

/// The layers' costs, and the instructions of the whole pass.
///
/// Phases of the `layers` firmware: 0 before the run, 1 from the call to the first step, then one a
/// step, then one behind the run.
pub(super) fn layers(
    board: &Board,
    blob: &Blob,
    image: &Image,
    run: &Run,
) -> Result<(Vec<Layer>, u64), BenchError> {
    let blob_model = blob.model();
    let steps: Vec<Step> = blob_model.steps().collect();
    let names: Vec<_> = blob_model.layer_names().collect();
    let Some(phases) = run.phases.get(1..steps.len() + 2) else {
        let found = format!("{} phases", run.phases.len());
        return Err(unexpected(
            board,
            &format!("{} phases", steps.len() + 3),
            &found,
        ));
    };
    let model = m4::Model::new(image);
    let mut layers: Vec<(u32, Layer)> = Vec::new();
    for (step, phase) in steps.iter().zip(&phases[1..]) {
        let cost = model.cost(phase);
        let name = usize::try_from(step.layer)
            .ok()
            .and_then(|layer| names.get(layer));
        let layer = Layer {
            name: name.map_or_else(|| format!("layer {}", step.layer), |&name| name.to_owned()),
            op: step.op.name().to_owned(),
            macs: step.op.macs(),
            instructions: cost.instructions,
            cycles: cost.cycles,
        };
        match layers.last_mut() {
            // A layer may take several steps.
            Some((number, last)) if *number == step.layer => add(last, &layer),
            _ => layers.push((step.layer, layer)),
        }
    }
    let instructions = phases.iter().map(Phase::instructions).sum();
    Ok((
        layers.into_iter().map(|(_, layer)| layer).collect(),
        instructions,
    ))
}

fn add(sum: &mut Layer, more: &Layer) {
    if sum.op != more.op {
        sum.op = format!("{} + {}", sum.op, more.op);
    }
    sum.macs += more.macs;
    sum.instructions += more.instructions;
    sum.cycles.low += more.cycles.low;
    sum.cycles.mid += more.cycles.mid;
    sum.cycles.high += more.cycles.high;
}
