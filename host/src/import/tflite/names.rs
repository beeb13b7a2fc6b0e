//! Names of tensors and ports.

use super::flatbuffer::Table;
use super::model::{Port, Reader, Tensor, bounded};
use super::schema::field;
use crate::import::ImportError;
use std::collections::{HashMap, HashSet};

impl<'a> Reader<'a> {
    /// The graph's inputs or outputs, by the names that the first signature gives them,
    /// else by those of their tensors.
    pub(super) fn ports(
        &mut self,
        graph: Table<'a>,
        graph_field: usize,
        signature_field: usize,
        tensors: &[Tensor<'a>],
    ) -> Result<Vec<Port>, ImportError> {
        let indices = self.indices(graph, graph_field, tensors.len(), "the model")?;
        let indices: Vec<usize> = indices.into_iter().flatten().collect();
        let mut names = HashMap::new();
        let signatures = self.root.tables(field::model::SIGNATURES)?;
        if let Some(signature) = signatures.table(0)?
            && signature.u32(field::signature::SUBGRAPH)? == 0
        {
            let maps = signature.tables(signature_field)?;
            bounded("ports", maps.len())?;
            for map in maps.iter_tables() {
                let map = map?;
                let tensor = map.u32(field::tensor_map::TENSOR)?;
                names.insert(tensor, self.text(map, field::tensor_map::NAME)?);
            }
        }
        let mut ports = Vec::with_capacity(indices.len());
        for index in indices {
            let given = u32::try_from(index).ok().and_then(|key| names.get(&key));
            let name = given.filter(|name| !name.is_empty());
            let name = name.unwrap_or(&tensors[index].name).clone();
            self.budget.take(name.len())?;
            ports.push((name, index));
        }
        Ok(ports)
    }
}

/// The name that the file gives, or one like it that nothing else has.
pub(super) fn unique(taken: &HashSet<String>, given: String, index: usize) -> String {
    if given.is_empty() {
        return unique(taken, format!("tensor {index}"), index);
    }
    if !taken.contains(&given) {
        return given;
    }
    // The index is unique, what names look like is not.
    let mut name = format!("{given}#{index}");
    while taken.contains(&name) {
        name.push('#');
    }
    name
}
