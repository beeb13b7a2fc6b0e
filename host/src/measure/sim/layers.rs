//! What each layer of a blob computes.

use super::{Arena, Inputs, feed};
use std::ops::Range;
use tiivis_runtime::blob::{Port, Span, Step, Trace};
use tiivis_runtime::{Hook, Model};

/// What a layer computed for a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name, as in the graph that the blob was made from.
    pub name: String,
    /// A name that no other layer has: `opNN_tTENSOR` (the numbers of the operator and the tensor in
    /// the source file) where the source numbers them, else the layer's index and name.
    pub key: String,
    /// Shape, NHWC.
    pub shape: Vec<usize>,
    /// Real value of one step.
    pub scale: f32,
    /// Quantized value of real 0.
    pub zero_point: i32,
    /// The values.
    pub values: Vec<i8>,
}

/// Where a layer's values are found.
struct Place {
    /// Steps after which they are whole.
    steps: u32,
    bytes: Range<usize>,
    layer: Layer,
}

/// Runs the first sample and returns what every layer computed; nothing if the blob's traces were
/// stripped.
pub fn dump_layers(model: &Model<'_>, inputs: &Inputs) -> Vec<Layer> {
    let mut layers = Vec::new();
    visit_layers(model, &inputs.first(1), &mut |_, layer| {
        layers.push(layer.clone());
    });
    layers
}

/// Runs every sample, one after the other on one session, and shows what every layer computed, as
/// soon as it has: the sample's index and the layer. Layers come in the same order for every sample.
///
/// A layer that is an input of the model seen in another shape comes first. Traces that say what
/// cannot be are left out.
pub fn visit_layers(model: &Model<'_>, inputs: &Inputs, visit: &mut dyn FnMut(usize, &Layer)) {
    let mut places = places(model);
    let ports: Vec<_> = model.inputs().collect();
    let mut arena = Arena::new(model);
    let mut session = arena.session(model);
    for sample in 0..inputs.samples {
        feed(&mut session, inputs, sample);
        for place in places.iter_mut().take_while(|place| place.steps == 0) {
            if let Some(values) = of_input(&ports, inputs, sample, &place.bytes) {
                place.layer.values = values;
                visit(sample, &place.layer);
            }
        }
        session.run_with(&mut Visitor {
            sample,
            places: &mut places,
            visit,
        });
    }
}

/// The places of all traces that can be, in the order of the steps after which they are whole.
fn places(model: &Model<'_>) -> Vec<Place> {
    let names: Vec<&str> = model.layer_names().collect();
    let mut places: Vec<Place> = model
        .traces()
        .filter_map(|trace| place(model, &names, &trace))
        .collect();
    places.sort_by_key(|place| place.steps);
    places
}

fn place(model: &Model<'_>, names: &[&str], trace: &Trace) -> Option<Place> {
    let layer = usize::try_from(trace.layer).ok()?;
    let name = names.get(layer).copied().unwrap_or("stripped");
    let extents = trace
        .shape
        .iter()
        .map(|&extent| usize::try_from(extent).ok());
    let shape: Vec<usize> = extents.collect::<Option<_>>()?;
    let bytes = range(trace.span)?;
    let elements = shape
        .iter()
        .try_fold(1usize, |product, &extent| product.checked_mul(extent));
    if elements != Some(bytes.len()) || bytes.end > model.arena_bytes() {
        return None;
    }
    let key = match trace.origin {
        Some(origin) => format!("op{:02}_t{}", origin.operator, origin.tensor),
        None => format!("{layer:02}_{name}"),
    };
    Some(Place {
        steps: trace.steps,
        bytes,
        layer: Layer {
            name: name.to_owned(),
            key,
            shape,
            scale: trace.scale,
            zero_point: trace.zero_point,
            values: Vec::new(),
        },
    })
}

fn range(span: Span) -> Option<Range<usize>> {
    let start = usize::try_from(span.offset).ok()?;
    let end = start.checked_add(usize::try_from(span.len).ok()?)?;
    Some(start..end)
}

/// A part of the arena as the inputs fill it.
fn of_input(
    ports: &[Port<'_>],
    inputs: &Inputs,
    sample: usize,
    bytes: &Range<usize>,
) -> Option<Vec<i8>> {
    ports.iter().zip(&inputs.values).find_map(|(port, values)| {
        let port = range(port.span)?;
        let start = bytes.start.checked_sub(port.start)?;
        let sample = values.get(sample * port.len()..)?.get(..port.len())?;
        Some(sample.get(start..)?.get(..bytes.len())?.to_vec())
    })
}

struct Visitor<'v> {
    sample: usize,
    places: &'v mut [Place],
    visit: &'v mut dyn FnMut(usize, &Layer),
}

impl Hook for Visitor<'_> {
    fn after_step(&mut self, index: u32, _: &Step, arena: &[i8]) {
        let done = index.saturating_add(1);
        let start = self.places.partition_point(|place| place.steps < done);
        let whole = self.places[start..].iter_mut();
        for place in whole.take_while(|place| place.steps == done) {
            place.layer.values.clear();
            place
                .layer
                .values
                .extend_from_slice(&arena[place.bytes.clone()]);
            (self.visit)(self.sample, &place.layer);
        }
    }
}
