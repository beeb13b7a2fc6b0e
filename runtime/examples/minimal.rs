//! Runs a model from a file on inputs that are all real 0 and prints its outputs and, as of a
//! classifier, the best three classes:
//! `cargo run -p tiivis-runtime --example minimal -- model.tiv`

use std::error::Error;
use tiivis_runtime::scores::{Scores, top};
use tiivis_runtime::{Aligned, Model, flatten, flatten_mut};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the path of a model is expected")?;
    let file = std::fs::read(path)?;

    // A firmware has both in statics: `Aligned(*include_bytes!("model.tiv"))` and
    // `Aligned([0; ARENA_BYTES])`.
    let mut blob = vec![Aligned([0u8; 16]); file.len().div_ceil(16)];
    flatten_mut(&mut blob)[..file.len()].copy_from_slice(&file);

    let model = Model::parse(&flatten(&blob)[..file.len()])?;
    let mut arena = vec![Aligned([0i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena))?;

    for (index, port) in model.inputs().enumerate() {
        println!("input {index}: {} {:?}", port.name, port.shape);
        let zeros = vec![0.0; session.input_mut(index).len()];
        session.quantize_input(index, &zeros)?;
    }
    session.run();
    for (index, port) in model.outputs().enumerate() {
        let mut values = vec![0.0; session.output(index).len()];
        session.dequantize_output(index, &mut values)?;
        println!("output {index}: {} {values:?}", port.name);
        for class in top::<3>(session.output(index), &port, Scores::Probabilities) {
            let label = model.labels().nth(class.index).unwrap_or("");
            println!("  class {} {label}: {:.3}", class.index, class.probability);
        }
    }
    Ok(())
}
