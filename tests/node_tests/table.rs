//! The table of outcomes.

use crate::case::Case;
use crate::reason::{Outcome, Reason};
use std::collections::BTreeMap;
use std::fmt;

/// Outcomes by operator.
#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<String, Row>,
    failures: Vec<String>,
    out_of_scope: usize,
    beyond_scope: usize,
}

#[derive(Clone, Default)]
struct Row {
    passed: usize,
    folded: usize,
    /// Of the folded ones, those that compute with integers or flags given at import.
    integers: usize,
    failed: usize,
    refused: BTreeMap<Reason, usize>,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.folded += other.folded;
        self.integers += other.integers;
        self.failed += other.failed;
        for (&reason, &count) in &other.refused {
            *self.refused.entry(reason).or_default() += count;
        }
    }

    fn total(&self) -> usize {
        self.passed + self.folded + self.failed + self.refused.values().sum::<usize>()
    }

    /// Tests that no compiler for networks of static shapes could take.
    fn beyond(&self) -> usize {
        let counts = self.refused.iter();
        counts
            .filter(|(reason, _)| reason.is_beyond())
            .map(|(_, count)| count)
            .sum()
    }
}

impl Table {
    /// Takes an outcome in.
    pub(crate) fn add(&mut self, case: &Case, outcome: Outcome) {
        if !case.is_in_scope() {
            match outcome {
                Outcome::Passed | Outcome::Integer | Outcome::Folded | Outcome::FoldedIntegers => {
                    self.beyond_scope += 1;
                }
                Outcome::Failed(_) | Outcome::Refused(..) | Outcome::OutOfScope(_) => {
                    self.out_of_scope += 1;
                }
            }
            return;
        }
        if let Outcome::Failed(what) = &outcome {
            self.failures.push(format!("{}: {what}", case.name));
        }
        let row = self.rows.entry(case.operator()).or_default();
        match outcome {
            Outcome::Passed | Outcome::Integer => row.passed += 1,
            Outcome::Folded => row.folded += 1,
            Outcome::FoldedIntegers => {
                row.folded += 1;
                row.integers += 1;
            }
            Outcome::Failed(_) => row.failed += 1,
            Outcome::Refused(reason, _) => *row.refused.entry(reason).or_default() += 1,
            Outcome::OutOfScope(_) => self.out_of_scope += 1,
        }
    }

    fn sum(&self) -> Row {
        let mut sum = Row::default();
        for row in self.rows.values() {
            sum.add(row);
        }
        sum
    }

    /// Tests that passed, in scope and beyond it.
    pub(crate) fn passed(&self) -> usize {
        let sum = self.sum();
        sum.passed + sum.folded + self.beyond_scope
    }

    /// Of the tests in scope with static shapes of the supported element types, how many pass, in
    /// percent, rounded down.
    pub(crate) fn percent_in_scope(&self) -> usize {
        let sum = self.sum();
        let tests = sum.total() - sum.beyond();
        (100 * (sum.passed + sum.folded))
            .checked_div(tests)
            .unwrap_or(100)
    }

    /// What failed, in scope.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:20} {:>6} {:>6} {:>6} {:>8}  reasons",
            "operator", "passed", "folded", "failed", "refused"
        )?;
        let sum = self.sum();
        let rows = self.rows.iter().map(|(name, row)| (name.as_str(), row));
        for (name, row) in rows.chain([("in scope", &sum)]) {
            let refused: usize = row.refused.values().sum();
            let reasons: Vec<String> = row
                .refused
                .iter()
                .map(|(reason, count)| format!("{} {count}", reason.text()))
                .collect();
            writeln!(
                f,
                "{name:20} {:>6} {:>6} {:>6} {refused:>8}  {}",
                row.passed,
                row.folded,
                row.failed,
                reasons.join(", ")
            )?;
        }
        writeln!(
            f,
            "of {} in scope, {} are for inference, of static shapes, of tensors of types that \
             microcontrollers compute with: {} % of these pass, {} of which compute with integers \
             or flags, given and folded at import",
            sum.total(),
            sum.total() - sum.beyond(),
            self.percent_in_scope(),
            sum.integers
        )?;
        write!(
            f,
            "beyond the scope: {} pass, {} are out of scope",
            self.beyond_scope, self.out_of_scope
        )
    }
}
