//! What a measurement found, for people and for programs.

mod bench;
mod listen;
mod own;
mod table;

pub use bench::{BenchReport, Flash, Layer, Provenance, Total};
pub use listen::{Costs, ListenReport};
pub use own::{OwnReport, OwnRun};
pub use table::{Align, Table, bytes, count, shortened};
