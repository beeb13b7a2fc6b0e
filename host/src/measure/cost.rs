//! Modelled cycles of counted instructions: [`thumb`] says what an instruction is, one file per core what it costs.

pub mod m4;
pub mod thumb;

use serde::Serialize;

/// Cycles of a phase as a range over what a taken branch costs to refill the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Cycles {
    /// With the cheapest refill.
    pub low: u64,
    /// With the usual refill; goals are stated in this one.
    pub mid: u64,
    /// With the dearest refill.
    pub high: u64,
}

/// What a phase costs on a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Cost {
    /// Instructions started: counted, exact.
    pub instructions: u64,
    /// Cycles: modelled, see the model's `PROVENANCE`.
    pub cycles: Cycles,
    /// Instructions after which control did not fall through: counted, exact.
    pub taken: u64,
}
