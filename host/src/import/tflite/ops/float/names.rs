//! Names of what the importer adds to what the file has.

use std::collections::HashSet;

/// The names that are taken.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    next: usize,
}

impl Names {
    /// These names are taken.
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self {
            taken: names.map(str::to_owned).collect(),
            next: 0,
        }
    }

    /// A name for a step on the way to the tensor of this name.
    pub(super) fn between(&mut self, tensor: &str) -> String {
        loop {
            let name = format!("{tensor}/{}", self.next);
            self.next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}
