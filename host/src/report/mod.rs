//! What a measurement found, for people and for programs.

mod bench;
mod table;

pub use bench::{BenchReport, Flash, Layer, Provenance, Total};
pub use table::{Align, Table, bytes, count, shortened};
