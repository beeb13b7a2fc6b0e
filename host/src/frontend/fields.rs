//! The settings of a description, taken one by one, so that what is left over is reported.

use super::FrontendError;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The settings that have not been asked for, and the names of those that have.
pub(super) struct Fields {
    table: toml::Table,
    asked: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(table: toml::Table) -> Self {
        Self {
            table,
            asked: Vec::new(),
        }
    }

    /// A setting that may be absent.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
    ) -> Result<Option<T>, FrontendError> {
        self.asked.push(key);
        let value = self.table.remove(key);
        value
            .map(|value| value.try_into())
            .transpose()
            .map_err(|error: toml::de::Error| FrontendError::Type {
                key,
                reason: error.message().to_owned(),
            })
    }

    /// A setting that has a default.
    pub(super) fn or<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        default: T,
    ) -> Result<T, FrontendError> {
        Ok(self.optional(key)?.unwrap_or(default))
    }

    /// A setting that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        meaning: &'static str,
    ) -> Result<T, FrontendError> {
        self.optional(key)?
            .ok_or(FrontendError::Missing { key, meaning })
    }

    /// Nothing is left over.
    pub(super) fn finish(self, kind: &'static str) -> Result<(), FrontendError> {
        match self.table.into_iter().next() {
            None => Ok(()),
            Some((key, _)) => Err(FrontendError::Unknown {
                kind,
                key,
                known: self.asked.join(", "),
            }),
        }
    }
}

/// Refuses a value outside its range; NaN is outside of every range.
pub(super) fn within<T: PartialOrd + Display>(
    key: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, FrontendError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(FrontendError::Range {
        key,
        expected: format!("{} to {}", range.start(), range.end()),
        found: value.to_string(),
    })
}
