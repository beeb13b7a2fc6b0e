//! From model files to integers: what the importer accepts compiles to a blob that computes what
//! the float network does, or is refused with a reason.

mod architectures;
mod exported;
mod fashion;
mod golden;
mod way;
