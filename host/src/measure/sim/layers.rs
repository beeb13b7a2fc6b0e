//! What each layer of a blob computes.

use super::{Arena, Inputs, elements, feed};
use crate::data::Array;
use std::ops::Range;
use tiivis_runtime::blob::{DType, Port, Span, Step, Trace};
use tiivis_runtime::{Hook, Model};

/// What a layer computed for a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name, as in the graph that the blob was made from.
    pub name: String,
    /// A name that no other layer has: `opNN_tTENSOR` (the numbers of the operator and the tensor in
    /// the source file) where the source numbers them, else the layer's index and name.
    pub key: String,
    /// The values, NHWC.
    pub array: Array,
    /// Real value of one step.
    pub scale: f32,
    /// Quantized value of real 0.
    pub zero_point: i32,
}

/// Where a layer's values are found.
struct Place {
    /// Steps after which they are whole.
    steps: u32,
    bytes: Range<usize>,
    shape: Vec<usize>,
    name: String,
    key: String,
    dtype: DType,
    scale: f32,
    zero_point: i32,
}

impl Place {
    fn holding(&self, bytes: &[i8]) -> Layer {
        let values = elements::values_of(self.dtype, bytes);
        let elements = elements::array_elements(self.dtype, &values);
        Layer {
            name: self.name.clone(),
            key: self.key.clone(),
            array: Array::new(self.shape.clone(), elements),
            scale: self.scale,
            zero_point: self.zero_point,
        }
    }
}

/// What a run computed: in its layers and in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The layers in the order of execution, nothing if the blob's traces were stripped. A layer that
    /// is an input of the model seen in another shape comes first. Traces that say what cannot be are
    /// left out.
    pub layers: Vec<Layer>,
    /// The outputs, in the model's order and in the source model's axis order, as layers of their
    /// ports' names.
    pub outputs: Vec<Layer>,
}

/// Runs the first sample and returns what every layer computed.
pub fn dump_layers(model: &Model<'_>, inputs: &Inputs) -> Vec<Layer> {
    let mut found = Vec::new();
    observe(model, &inputs.first(1), &mut |observed| {
        found = observed.layers;
    });
    found
}

/// Runs every sample, one after the other on one session, and shows what each run computed.
pub fn observe(model: &Model<'_>, inputs: &Inputs, visit: &mut dyn FnMut(Observed)) {
    let places = places(model);
    let ports: Vec<_> = model.inputs().collect();
    let mut arena = Arena::new(model);
    let mut session = arena.session(model);
    for sample in 0..inputs.samples {
        feed(&mut session, inputs, sample);
        let mut layers = Vec::with_capacity(places.len());
        for place in places.iter().take_while(|place| place.steps == 0) {
            if let Some(values) = of_input(&ports, inputs, sample, &place.bytes) {
                layers.push(place.holding(values));
            }
        }
        let mut observer = Observer {
            places: &places,
            layers,
        };
        session.run_with(&mut observer);
        let layers = observer.layers;
        let outputs = model.outputs().enumerate();
        let outputs = outputs.map(|(index, port)| output(&port, session.output(index)));
        visit(Observed {
            layers,
            outputs: outputs.collect(),
        });
    }
}

/// What a run left in an output.
pub fn output(port: &Port<'_>, values: &[i8]) -> Layer {
    Layer {
        name: port.name.to_owned(),
        key: port.name.to_owned(),
        array: super::output_array(port, values, false),
        scale: port.scale,
        zero_point: port.zero_point,
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
        .try_fold(trace.dtype.bytes(), |product, &extent| {
            product.checked_mul(u32::try_from(extent).ok()?)
        });
    if elements != Some(trace.span.len) || bytes.end > model.arena_bytes() {
        return None;
    }
    let key = match trace.origin {
        Some(origin) => format!("op{:02}_t{}", origin.operator, origin.tensor),
        None => format!("{layer:02}_{name}"),
    };
    Some(Place {
        steps: trace.steps,
        bytes,
        shape,
        name: name.to_owned(),
        key,
        dtype: trace.dtype,
        scale: trace.scale,
        zero_point: trace.zero_point,
    })
}

fn range(span: Span) -> Option<Range<usize>> {
    let start = usize::try_from(span.offset).ok()?;
    let end = start.checked_add(usize::try_from(span.len).ok()?)?;
    Some(start..end)
}

/// A part of the arena as the inputs fill it.
fn of_input<'i>(
    ports: &[Port<'_>],
    inputs: &'i Inputs,
    sample: usize,
    bytes: &Range<usize>,
) -> Option<&'i [i8]> {
    ports.iter().zip(&inputs.values).find_map(|(port, values)| {
        let port = range(port.span)?;
        let start = bytes.start.checked_sub(port.start)?;
        let sample = values.get(sample * port.len()..)?.get(..port.len())?;
        sample.get(start..)?.get(..bytes.len())
    })
}

struct Observer<'p> {
    places: &'p [Place],
    layers: Vec<Layer>,
}

impl Hook for Observer<'_> {
    fn after_step(&mut self, index: u32, _: &Step, arena: &[i8]) {
        let done = index.saturating_add(1);
        let start = self.places.partition_point(|place| place.steps < done);
        let whole = self.places[start..].iter();
        for place in whole.take_while(|place| place.steps == done) {
            self.layers.push(place.holding(&arena[place.bytes.clone()]));
        }
    }
}
