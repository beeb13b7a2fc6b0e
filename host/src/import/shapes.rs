//! Extents that a model file leaves open, and that whoever imports it fixes.

use super::ImportError;
use std::fmt;
use std::str::FromStr;

/// Largest extent that is taken.
const MAX_EXTENT: usize = 1 << 24;

/// Extents that a model file leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    /// By the names that the file has for them (`dim_param` of ONNX).
    pub dims: Vec<Dim>,
    /// Whole shapes of inputs, batch included, in the source model's axis order.
    pub inputs: Vec<InputShape>,
}

/// `NAME=N`: an extent by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dim {
    /// Its name in the file.
    pub name: String,
    /// The extent, 1 at least.
    pub extent: usize,
}

/// `NAME=N,N,…`: the shape of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShape {
    /// The input.
    pub name: String,
    /// Its extents, each 1 at least.
    pub shape: Vec<usize>,
}

impl FromStr for Dim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, extent) = halves(text, "NAME=N, e.g. samples=16000")?;
        Ok(Self {
            name,
            extent: parse_extent(extent)?,
        })
    }
}

impl FromStr for InputShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, shape) = halves(text, "NAME=N,N,…, e.g. audio=1,16000")?;
        let shape: Result<_, _> = shape.split(',').map(parse_extent).collect();
        Ok(Self {
            name,
            shape: shape?,
        })
    }
}

/// Name and number: a name may hold `=`, a number does not.
fn halves<'t>(text: &'t str, form: &str) -> Result<(String, &'t str), String> {
    match text.rsplit_once('=') {
        Some((name, number)) if !name.is_empty() => Ok((name.to_owned(), number)),
        Some(_) | None => Err(format!("expected {form}")),
    }
}

fn parse_extent(text: &str) -> Result<usize, String> {
    let extent = text.trim().parse().ok();
    extent
        .filter(|extent| (1..=MAX_EXTENT).contains(extent))
        .ok_or_else(|| format!("`{text}` is no extent: expected a number from 1 to {MAX_EXTENT}"))
}

impl Shapes {
    /// Whether nothing is fixed.
    pub fn is_empty(&self) -> bool {
        self.dims.is_empty() && self.inputs.is_empty()
    }

    /// The shape that is given for an input.
    pub(super) fn of_input(&self, name: &str) -> Option<&[usize]> {
        let found = self.inputs.iter().find(|input| input.name == name);
        found.map(|input| &input.shape[..])
    }

    /// The extent that is given for a name.
    pub(super) fn of_dim(&self, name: &str) -> Option<usize> {
        let found = self.dims.iter().find(|dim| dim.name == name);
        found.map(|dim| dim.extent)
    }

    /// Demands that what is named is there, once.
    pub(super) fn check(
        &self,
        known_dims: &[String],
        known_inputs: &[String],
    ) -> Result<(), ImportError> {
        let dims = self.dims.iter().map(|dim| &dim.name);
        check_names("--dim", dims.collect(), known_dims, "open extents")?;
        let inputs = self.inputs.iter().map(|input| &input.name);
        check_names("--input-shape", inputs.collect(), known_inputs, "inputs")
    }
}

fn check_names(
    option: &'static str,
    given: Vec<&String>,
    known: &[String],
    what: &'static str,
) -> Result<(), ImportError> {
    for (at, name) in given.iter().enumerate() {
        let wrong = if given[..at].contains(name) {
            "is given twice".to_owned()
        } else if known.contains(name) {
            continue;
        } else if known.is_empty() {
            format!("names nothing: the model has no {what} with a name")
        } else {
            format!("names nothing: the model's {what} are {}", known.join(", "))
        };
        return Err(ImportError::Shape {
            option,
            name: (*name).clone(),
            wrong,
        });
    }
    Ok(())
}

/// The lines of a recipe, one for each extent or shape.
impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Dim { name, extent } in &self.dims {
            writeln!(f, "dim = {name}={extent}")?;
        }
        for InputShape { name, shape } in &self.inputs {
            let extents: Vec<_> = shape.iter().map(usize::to_string).collect();
            writeln!(f, "input-shape = {name}={}", extents.join(","))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_what_numbers_do_not() {
        let dim: Dim = "a=b=3".parse().expect("a name and a number");
        assert_eq!((dim.name.as_str(), dim.extent), ("a=b", 3));
        let input: InputShape = "x:0=1,16000".parse().expect("a name and a shape");
        assert_eq!(
            (input.name.as_str(), &input.shape[..]),
            ("x:0", &[1, 16_000][..])
        );
        for text in ["n", "=3", "n=", "n=0", "n=-1", "n=99999999999"] {
            assert!(text.parse::<Dim>().is_err(), "{text}");
            assert!(text.parse::<InputShape>().is_err(), "{text}");
        }
        assert!("x=1,,2".parse::<InputShape>().is_err());
    }

    #[test]
    fn what_is_unknown_or_twice_there_is_named() {
        let shapes = Shapes {
            dims: vec!["n=3".parse().expect("sound"), "n=4".parse().expect("sound")],
            inputs: vec!["x=1,2".parse().expect("sound")],
        };
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let error = |dims: &[&str], inputs: &[&str]| {
            let checked = shapes.check(&names(dims), &names(inputs));
            checked.expect_err("refused").to_string()
        };
        assert!(error(&["n"], &["x"]).contains("`n` is given twice"));
        assert!(error(&["m"], &["x"]).contains("open extents are m"));
        assert_eq!(
            shapes.to_string(),
            "dim = n=3\ndim = n=4\ninput-shape = x=1,2\n"
        );
    }
}
