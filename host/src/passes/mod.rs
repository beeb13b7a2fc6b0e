//! Graph to graph, the same function.

#[cfg(test)]
pub(crate) mod oracle;
