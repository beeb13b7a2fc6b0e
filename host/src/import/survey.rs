//! What is in a model file, supported or not: every operator with its tensors, and a verdict that
//! trying to import it gave.

/// Whether an operator is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Supported,
    /// No, and why.
    Unsupported(String),
    /// Its kind is, but nothing can be said of this one, and why.
    Undecided(String),
}
