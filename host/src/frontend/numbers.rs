//! A setting that is one number for all features, or one for each.

use super::FrontendError;
use super::fields::Fields;
use serde::Deserialize;

/// One number or several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Numbers {
    One(f64),
    Each(Vec<f64>),
}

impl Numbers {
    pub(super) fn take(
        fields: &mut Fields,
        key: &'static str,
        default: f64,
    ) -> Result<Self, FrontendError> {
        fields.or(key, Self::One(default))
    }

    /// One for each of `count`, all finite.
    pub(super) fn repeat(self, key: &'static str, count: u32) -> Result<Vec<f64>, FrontendError> {
        let count = usize::try_from(count).map_err(|_| FrontendError::TooLarge)?;
        let numbers = match self {
            Self::One(number) => vec![number; count],
            Self::Each(numbers) => numbers,
        };
        let wrong = |expected: String, found: String| FrontendError::Range {
            key,
            expected,
            found,
        };
        if numbers.len() != count {
            let expected = format!("one number, or a list of {count}");
            return Err(wrong(expected, format!("a list of {}", numbers.len())));
        }
        match numbers.iter().find(|x| x.is_nan() || x.abs() >= 1e9) {
            None => Ok(numbers),
            Some(x) => Err(wrong("between -1e9 and 1e9".to_owned(), x.to_string())),
        }
    }

    /// [`Numbers::repeat`], of which each must be above 0.
    pub(super) fn positive(self, key: &'static str, count: u32) -> Result<Vec<f64>, FrontendError> {
        let numbers = self.repeat(key, count)?;
        match numbers.iter().find(|&&x| x < 1e-6) {
            None => Ok(numbers),
            Some(x) => Err(FrontendError::Range {
                key,
                expected: "at least 1e-6".to_owned(),
                found: x.to_string(),
            }),
        }
    }
}
