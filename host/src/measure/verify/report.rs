//! What a comparison of two forms found.

use super::Difference;
use crate::report::{Align, Table, count};
use serde::Serialize;
use std::fmt;

/// What was found of all layers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Samples that were compared.
    pub samples: usize,
    /// The threshold.
    pub min_sqnr_db: f64,
    /// Layers that both forms have, in the first form's order of execution.
    pub layers: Vec<LayerReport>,
    /// Outputs, in the model's order.
    pub outputs: Vec<LayerReport>,
    /// The first layer, or output, that is not the same in both.
    pub first_different: Option<String>,
    /// The first layer, or output, below the threshold.
    pub first_below: Option<String>,
    /// Layers that the second form does not have.
    pub only_in_a: Vec<String>,
    /// Layers that the first form does not have.
    pub only_in_b: Vec<String>,
}

/// What was found of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// How far the forms are apart.
    #[serde(flatten)]
    pub difference: Difference,
    /// Whether that is below the threshold.
    pub is_below: bool,
}

impl LayerReport {
    pub(super) fn new(name: String, difference: Difference, min_sqnr_db: f64) -> Self {
        Self {
            name,
            difference,
            is_below: difference.sqnr_db.is_some_and(|sqnr| sqnr < min_sqnr_db),
        }
    }
}

impl VerifyReport {
    /// Whether no layer and no output is below the threshold.
    pub fn is_within(&self) -> bool {
        self.first_below.is_none()
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[
            ("layer", Align::Left),
            ("numbers", Align::Right),
            ("SQNR dB", Align::Right),
            ("largest difference", Align::Right),
            ("in LSB", Align::Right),
            ("", Align::Left),
        ]);
        for layer in &self.layers {
            table.row(row(&layer.name, layer));
        }
        for output in &self.outputs {
            table.row(row(&format!("output {}", output.name), output));
        }
        write!(f, "{table}")?;
        for (names, which) in [(&self.only_in_a, "first"), (&self.only_in_b, "second")] {
            if !names.is_empty() {
                let names: Vec<_> = names.iter().map(|name| short(name)).collect();
                writeln!(f, "only in the {which}: {}", names.join(", "))?;
            }
        }
        match &self.first_different {
            None => writeln!(
                f,
                "the same in all layers and outputs, {} samples",
                self.samples
            ),
            Some(name) => writeln!(f, "`{}` is the first that differs", short(name)),
        }?;
        match &self.first_below {
            None => writeln!(f, "nothing is below {} dB", self.min_sqnr_db),
            Some(name) => writeln!(
                f,
                "`{}` is the first below {} dB",
                short(name),
                self.min_sqnr_db
            ),
        }
    }
}

fn row(name: &str, layer: &LayerReport) -> [String; 6] {
    let found = &layer.difference;
    let mark = match (layer.is_below, found.is_equal, found.is_bitwise) {
        (true, _, _) => "below the threshold",
        (false, true, true) => "the same bits",
        (false, true, false) => "the same numbers",
        (false, false, _) => "",
    };
    [
        short(name),
        count(found.elements),
        found
            .sqnr_db
            .map_or_else(|| "-".to_owned(), |sqnr| format!("{sqnr:.1}")),
        format!("{:.3e}", found.max_difference),
        found
            .max_difference_lsb
            .map_or_else(|| "-".to_owned(), |steps| format!("{steps:.2}")),
        mark.to_owned(),
    ]
}

/// A name of at most 40 characters: the end tells more than the start.
fn short(name: &str) -> String {
    let len = name.chars().count();
    if len <= 40 {
        return name.to_owned();
    }
    let end: String = name.chars().skip(len - 39).collect();
    format!("\u{2026}{end}")
}
