//! Running an imported network on the arrays of a test.

use tiivis::data::Array;
use tiivis::emit::{self, EmitOptions};
use tiivis::ir::Graph;
use tiivis::measure::float;
use tiivis::measure::sim::{self, Blob};
use tiivis::quantize::graph::QGraph;

/// By the float evaluator; `array` gives the array of an input for a number of axes.
pub(crate) fn float(
    graph: &Graph,
    array: impl Fn(&str, usize) -> Result<Array, String>,
) -> Result<Vec<Array>, String> {
    let ports = graph.inputs.iter();
    let arrays: Vec<Array> = ports
        .map(|port| array(&port.name, port.source_axes.len()))
        .collect::<Result<_, String>>()?;
    let arrays: Vec<&Array> = arrays.iter().collect();
    float::run(graph, &arrays, &|_| {}).map_err(|error| error.to_string())
}

/// By the integer code of the device; results are int8, or `real`.
pub(crate) fn integer(
    graph: &QGraph,
    real: bool,
    array: impl Fn(&str, usize) -> Result<Array, String>,
) -> Result<Vec<Array>, String> {
    let compiled =
        emit::compile(graph, &EmitOptions::default()).map_err(|error| error.to_string())?;
    let blob = Blob::new(&compiled.blob).map_err(|error| error.to_string())?;
    let model = blob.model();
    let ports = graph.inputs.iter();
    let arrays: Vec<Array> = ports
        .map(|port| Ok(as_int8(array(&port.name, port.source_axes.len())?)))
        .collect::<Result<_, String>>()?;
    let arrays: Vec<&Array> = arrays.iter().collect();
    let inputs = sim::quantize(&model, &arrays).map_err(|error| error.to_string())?;
    let values = sim::run(&model, &inputs, &|_| {});
    let outputs = model.outputs().zip(values);
    Ok(outputs
        .map(|(port, values)| sim::output_array(&port, &values, real))
        .collect())
}

/// uint8 as int8, moved by 128, as the importer moves zero points.
fn as_int8(array: Array) -> Array {
    use tiivis::data::Elements;
    let Elements::U8(values) = array.elements else {
        return array;
    };
    let moved = values.into_iter().map(|u| (u ^ 0x80).cast_signed());
    Array::new(array.shape, Elements::I8(moved.collect()))
}
