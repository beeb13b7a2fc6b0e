//! Data sets for calibration and evaluation.

use super::npy::read_members;
use super::{Array, DataError, Elements};
use std::path::Path;

/// Samples, in the source model's axis order, with their class labels if known.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Where it came from, for messages.
    pub name: String,
    /// `(N, …)`.
    pub x: Array,
    /// N class labels.
    pub y: Option<Vec<usize>>,
}

impl Dataset {
    /// Reads an `.npz` with `x` and, optionally, `y`.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let (mut arrays, found) = read_members(path, &|name| name == "x" || name == "y")?;
        let mut take = |wanted: &str| {
            let at = arrays.iter().position(|(name, _)| name == wanted)?;
            Some(arrays.swap_remove(at).1)
        };
        let x = take("x").ok_or_else(|| DataError::MissingArray {
            path: path.to_owned(),
            name: "x".to_owned(),
            found: found.join(", "),
        })?;
        let y = take("y");
        Self::new(name, x, y)
    }

    /// A data set of these arrays.
    pub fn new(name: String, x: Array, y: Option<Array>) -> Result<Self, DataError> {
        let samples = x.shape.first().copied().unwrap_or(0);
        if samples == 0 || x.elements.is_empty() {
            return Err(DataError::Empty(name));
        }
        if let Elements::F32(values) = &x.elements
            && let Some(at) = values.iter().position(|value| !value.is_finite())
        {
            return Err(DataError::NotFinite {
                name,
                sample: at / (values.len() / samples),
                value: values[at],
            });
        }
        if let Some(y) = &y
            && y.shape[..] != [samples]
            && y.shape[..] != [samples, 1]
        {
            return Err(DataError::LabelShape {
                name,
                samples,
                found: y.shape.clone(),
            });
        }
        let y = y.map(|y| labels(&name, &y)).transpose()?;
        Ok(Self { name, x, y })
    }

    /// Demands that every label is the number of one of so many classes.
    pub fn check_labels(&self, classes: usize) -> Result<(), DataError> {
        let labels = self.y.iter().flatten().enumerate();
        match labels.into_iter().find(|&(_, &label)| label >= classes) {
            None => Ok(()),
            Some((sample, &label)) => Err(DataError::LabelRange {
                name: self.name.clone(),
                sample,
                label,
                classes,
            }),
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.x.shape[0]
    }

    /// Never: an empty data set is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn labels(name: &str, y: &Array) -> Result<Vec<usize>, DataError> {
    let wrong = |found: String| DataError::LabelType {
        name: name.to_owned(),
        found,
    };
    let integers = y.elements.integers();
    let integers = integers.ok_or_else(|| wrong(y.elements.type_name().to_owned()))?;
    let class = |value: i64| usize::try_from(value).map_err(|_| wrong(format!("{value}")));
    integers.into_iter().map(class).collect()
}

/// Number of samples in the arrays that are given to a model's inputs, each with its name and its
/// shape in the source model's axis order.
pub fn common_samples(
    arrays: &[&Array],
    inputs: &[(&str, Vec<usize>)],
) -> Result<usize, DataError> {
    if arrays.len() != inputs.len() {
        let names: Vec<_> = inputs.iter().map(|&(name, _)| name).collect();
        return Err(DataError::InputCount {
            expected: inputs.len(),
            names: names.join(", "),
            found: arrays.len(),
        });
    }
    let mut expected = None;
    for (array, (name, source_shape)) in arrays.iter().zip(inputs) {
        let found = samples(array, name, source_shape)?;
        let expected = *expected.get_or_insert(found);
        if found != expected {
            return Err(DataError::SampleCount {
                name: (*name).to_owned(),
                expected,
                found,
            });
        }
    }
    Ok(expected.unwrap_or(0))
}

/// Number of samples in an array given to an input whose shape is `source_shape` (batch, 1,
/// first): `(N, …)` and `(N, 1, …)` are accepted.
fn samples(array: &Array, name: &str, source_shape: &[usize]) -> Result<usize, DataError> {
    let sample = source_shape.get(1..).unwrap_or(&[]);
    match array.shape.split_first() {
        Some((&samples, rest)) if rest == sample => Ok(samples),
        Some((&samples, [1, rest @ ..])) if rest == sample => Ok(samples),
        _ => Err(DataError::Shape {
            name: name.to_owned(),
            expected: format!("{sample:?}"),
            found: format!("{:?}", array.shape),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_axis_of_one_may_stand_behind_the_samples() {
        let shape = [1, 2, 3];
        for (given, expected) in [
            (vec![4, 2, 3], Some(4)),
            (vec![4, 1, 2, 3], Some(4)),
            (vec![2, 3], None),
            (vec![4, 3, 2], None),
        ] {
            let array = Array::f32(given.clone(), vec![0.0; given.iter().product()]);
            assert_eq!(samples(&array, "x", &shape).ok(), expected, "{given:?}");
        }
    }

    #[test]
    fn bad_data_sets_are_refused_by_name() {
        let set = |x: Array, y: Option<Array>| Dataset::new("d".to_owned(), x, y).map(|_| ());
        let x = || Array::f32(vec![2, 2], vec![0.0; 4]);
        let y = |values: Vec<i64>| Some(Array::new(vec![values.len()], Elements::I64(values)));
        assert!(matches!(
            set(Array::f32(vec![0, 2], vec![]), None),
            Err(DataError::Empty(_))
        ));
        assert!(matches!(
            set(x(), y(vec![1])),
            Err(DataError::LabelShape { samples: 2, .. })
        ));
        let table = |shape: Vec<usize>| {
            let values = vec![0; shape.iter().product()];
            Some(Array::new(shape, Elements::I64(values)))
        };
        assert!(matches!(
            set(x(), table(vec![1, 2])),
            Err(DataError::LabelShape { .. })
        ));
        assert!(set(x(), table(vec![2, 1])).is_ok());
        assert!(matches!(
            set(x(), y(vec![1, -1])),
            Err(DataError::LabelType { .. })
        ));
        assert!(matches!(
            set(x(), Some(Array::f32(vec![2], vec![0.0, 1.0]))),
            Err(DataError::LabelType { .. })
        ));
        let nan = Array::f32(vec![2, 2], vec![0.0, 0.0, 0.0, f32::NAN]);
        assert!(matches!(
            set(nan, None),
            Err(DataError::NotFinite { sample: 1, .. })
        ));
        let set = Dataset::new("d".to_owned(), x(), y(vec![1, 2])).expect("sound");
        assert!(set.check_labels(3).is_ok());
        assert!(matches!(
            set.check_labels(2),
            Err(DataError::LabelRange {
                sample: 1,
                label: 2,
                ..
            })
        ));
    }
}
