//! Data sets for calibration and evaluation.

use super::npy::read_members;
use super::{Array, DataError, Elements};
use std::path::Path;

/// What a model's input takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// Its name.
    pub name: String,
    /// Its shape in the source model's axis order; the batch, 1, first.
    pub shape: Vec<usize>,
    /// The element types that it takes, for messages.
    pub accepted: &'static str,
}

/// Samples, in the source model's axis order, with their class labels if known.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Where it came from, for messages.
    pub name: String,
    /// Per input of the model, in its order, `(N, …)`.
    pub x: Vec<Array>,
    /// N class labels.
    pub y: Option<Vec<usize>>,
}

impl Dataset {
    /// Reads an `.npz` with the arrays of a model's `inputs` and, optionally, `y`. They have the
    /// inputs' names; that of a single input may be called `x`. What else is there is not looked at.
    pub fn read(path: &Path, inputs: &[InputSpec]) -> Result<Self, DataError> {
        let (x, y) = read_arrays(path, inputs, true)?;
        Self::new(path.display().to_string(), x, y)
    }

    /// A data set of these arrays, each with its name.
    pub fn new(name: String, x: Vec<(String, Array)>, y: Option<Array>) -> Result<Self, DataError> {
        let first = x.first().and_then(|(_, x)| x.shape.first().copied());
        let samples = first.unwrap_or(0);
        for (array, x) in &x {
            if x.elements.is_empty() {
                return Err(DataError::Empty(name));
            }
            if let Elements::F32(values) = &x.elements
                && let Some(at) = values.iter().position(|value| !value.is_finite())
            {
                let samples = x.shape.first().copied().unwrap_or(1);
                return Err(DataError::NotFinite {
                    name,
                    array: array.clone(),
                    sample: at / (values.len() / samples),
                    value: values[at],
                });
            }
        }
        if samples == 0 {
            return Err(DataError::Empty(name));
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
        let x = x.into_iter().map(|(_, x)| x).collect();
        Ok(Self { name, x, y })
    }

    /// The arrays, one per input.
    pub fn arrays(&self) -> Vec<&Array> {
        self.x.iter().collect()
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
        self.x[0].shape[0]
    }

    /// Never: an empty data set is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Arrays and what they are called.
type Named = Vec<(String, Array)>;

/// The arrays of a model's inputs in an `.npz`, in the model's order, as [`Dataset::read`] finds them.
pub fn read_inputs(path: &Path, inputs: &[InputSpec]) -> Result<Vec<Array>, DataError> {
    let (arrays, _) = read_arrays(path, inputs, false)?;
    Ok(arrays.into_iter().map(|(_, array)| array).collect())
}

/// The inputs' arrays and, if they are wanted and no input is called so, the labels `y`.
fn read_arrays(
    path: &Path,
    inputs: &[InputSpec],
    with_labels: bool,
) -> Result<(Named, Option<Array>), DataError> {
    let is_input = |name: &str| inputs.iter().any(|input| input.name == name);
    let wanted = |name: &str| {
        (name == "x" && inputs.len() == 1) || (name == "y" && with_labels) || is_input(name)
    };
    let (mut arrays, found) = read_members(path, &wanted)?;
    let mut take = |wanted: &str| {
        let at = arrays.iter().position(|(name, _)| name == wanted)?;
        Some(arrays.swap_remove(at))
    };
    let x = match inputs {
        [input] => vec![take("x").or_else(|| take(&input.name)).ok_or_else(|| {
            DataError::MissingArray {
                path: path.to_owned(),
                name: "x".to_owned(),
                found: found.join(", "),
            }
        })?],
        _ => {
            let taken = inputs
                .iter()
                .map(|input| take(&input.name).ok_or_else(|| missing(path, input, inputs, &found)));
            taken.collect::<Result<_, _>>()?
        }
    };
    let y = if with_labels { take("y") } else { None };
    Ok((x, y.map(|(_, y)| y)))
}

fn missing(path: &Path, input: &InputSpec, inputs: &[InputSpec], found: &[String]) -> DataError {
    let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
    let others = found
        .iter()
        .filter(|found| !names.contains(&found.as_str()));
    let others: Vec<_> = others.map(String::as_str).collect();
    let sample = input.shape.get(1..).unwrap_or(&[]);
    DataError::MissingInput {
        path: path.to_owned(),
        name: input.name.clone(),
        takes: format!("of shape {sample:?}, {}", input.accepted),
        hint: format!(
            "it has of no input: {}: give an .npz with the arrays `{}`",
            if others.is_empty() {
                "nothing".to_owned()
            } else {
                others.join(", ")
            },
            names.join("`, `")
        ),
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

/// Number of samples in the arrays that are given to a model's inputs.
pub fn common_samples(arrays: &[&Array], inputs: &[InputSpec]) -> Result<usize, DataError> {
    if arrays.len() != inputs.len() {
        let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
        return Err(DataError::InputCount {
            expected: inputs.len(),
            names: names.join(", "),
            found: arrays.len(),
        });
    }
    let mut expected = None;
    for (array, input) in arrays.iter().zip(inputs) {
        let found = samples(array, &input.name, &input.shape)?;
        let expected = *expected.get_or_insert(found);
        if found != expected {
            return Err(DataError::SampleCount {
                name: input.name.clone(),
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
        let set = |x: Array, y: Option<Array>| {
            Dataset::new("d".to_owned(), vec![("x".to_owned(), x)], y).map(|_| ())
        };
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
        let x = vec![("x".to_owned(), x())];
        let set = Dataset::new("d".to_owned(), x, y(vec![1, 2])).expect("sound");
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

    #[test]
    fn arrays_of_several_inputs_have_their_names_and_a_single_one_is_x() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("d.npz");
        let array = |value: f32| Array::f32(vec![2, 1], vec![value; 2]);
        let labels = Array::new(vec![2], Elements::I64(vec![0, 1]));
        let arrays = [("h", array(1.0)), ("x", array(2.0)), ("y", labels)];
        let arrays = arrays.map(|(name, array)| (name.to_owned(), array));
        super::super::write_npz(&path, &arrays).expect("written");
        let inputs = |names: &[&str]| -> Vec<InputSpec> {
            let spec = |name: &&str| InputSpec {
                name: (*name).to_owned(),
                shape: vec![1, 1],
                accepted: "float32",
            };
            names.iter().map(spec).collect()
        };
        let set = Dataset::read(&path, &inputs(&["x", "h"])).expect("both are there");
        assert_eq!(set.x, [array(2.0), array(1.0)]);
        assert_eq!(set.y, Some(vec![0, 1]));
        let set = Dataset::read(&path, &inputs(&["audio"])).expect("the only one is `x`");
        assert_eq!(set.x, [array(2.0)]);
        // A port's name decides over the labels.
        let found = read_inputs(&path, &inputs(&["y", "x"])).expect("both are there");
        assert_eq!(found[1], array(2.0));
        let error = Dataset::read(&path, &inputs(&["x", "c"])).expect_err("no `c`");
        let error = error.to_string();
        for part in ["no array `c`", "[1]", "float32", "h, y"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}
