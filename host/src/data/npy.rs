//! NumPy's `.npy` and `.npz` files.

use super::layout::permute;
use super::{Array, DataError, Elements};
use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::result::ZipError;

/// Most bytes of all wanted arrays of an `.npz` together, decompressed: 4 GiB. Deflated zeros are a
/// thousandth of their length, so that the file's says nothing.
const MAX_NPZ_BYTES: u64 = 4 << 30;

/// Reads a `.npy` file.
pub fn read_npy(path: &Path) -> Result<Array, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::File {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    decode(&bytes, &path.display().to_string(), path)
}

/// An array of an archive and its name.
type Named = (String, Array);

/// Reads every array of an `.npz` archive, in the archive's order.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    read_members(path, &|_| true).map(|(arrays, _)| arrays)
}

/// The wanted arrays of an archive with their names, and the names of all.
pub(super) fn read_members(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(Vec<Named>, Vec<String>), DataError> {
    read_bounded(path, wanted, MAX_NPZ_BYTES)
}

/// [`read_members`] of so many bytes at most, decompressed.
fn read_bounded(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
    max_bytes: u64,
) -> Result<(Vec<Named>, Vec<String>), DataError> {
    let file = File::open(path).map_err(|source| DataError::File {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let damaged = |error: ZipError| malformed(path, "npz", error);
    let mut archive = zip::ZipArchive::new(file).map_err(damaged)?;
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    let mut left_bytes = max_bytes;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let file_name = entry.name().map_err(damaged)?.into_owned();
        let Some(name) = file_name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        names.push(name.clone());
        if !wanted(&name) {
            continue;
        }
        let mut bytes = Vec::new();
        // One byte more than may be, so that an array that is too long shows.
        let read = (&mut entry).take(left_bytes + 1).read_to_end(&mut bytes);
        let read = read.map_err(|error| malformed(path, "npz", error))?;
        left_bytes = u64::try_from(read)
            .ok()
            .and_then(|read| left_bytes.checked_sub(read))
            .ok_or_else(|| {
                let reason = format!(
                    "array `{name}` is too long: arrays of up to {} MiB in all are read",
                    max_bytes >> 20
                );
                malformed(path, "npz", reason)
            })?;
        arrays.push((name.clone(), decode(&bytes, &name, path)?));
    }
    Ok((arrays, names))
}

/// Writes a `.npy` file, whole or not at all.
pub fn write_npy(path: &Path, array: &Array) -> Result<(), DataError> {
    save(path, &encode(array))
}

/// Writes an `.npz` archive, whole or not at all.
pub fn write_npz(path: &Path, arrays: &[(String, Array)]) -> Result<(), DataError> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // A fixed time stamp: the same arrays give the same bytes.
    let options =
        zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
    for (name, array) in arrays {
        let written = archive
            .start_file(format!("{name}.npy"), options)
            .and_then(|()| Ok(archive.write_all(&encode(array))?));
        written.map_err(|error| malformed(path, "npz", error))?;
    }
    let bytes = archive
        .finish()
        .map_err(|error| malformed(path, "npz", error))?;
    save(path, bytes.get_ref())
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    crate::emit::write_atomically(path, bytes).map_err(|source| DataError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

fn malformed(path: &Path, format: &'static str, reason: impl ToString) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        format,
        reason: reason.to_string(),
    }
}

fn decode(bytes: &[u8], name: &str, path: &Path) -> Result<Array, DataError> {
    let wrong = |reason: String| malformed(path, "npy", format!("array `{name}`: {reason}"));
    let file = NpyFile::new(bytes).map_err(|error| wrong(error.to_string()))?;
    let is_fortran = file.order() == Order::Fortran;
    let shape: Option<Vec<usize>> = file
        .shape()
        .iter()
        .map(|&extent| usize::try_from(extent).ok())
        .collect();
    let count = shape
        .as_deref()
        .and_then(|shape| {
            shape
                .iter()
                .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
        })
        .filter(|&count| count <= bytes.len());
    let (Some(shape), Some(_)) = (shape, count) else {
        return Err(wrong(format!(
            "shape {:?} needs more bytes than the file has",
            file.shape()
        )));
    };
    let unsupported = |dtype: &DType| DataError::ElementType {
        name: name.to_owned(),
        found: dtype.descr(),
    };
    let dtype = file.dtype();
    let DType::Plain(plain) = &dtype else {
        return Err(unsupported(&dtype));
    };
    let failed = |error: std::io::Error| wrong(error.to_string());
    let too_large = || wrong("it holds integers above 9223372036854775807".to_owned());
    let elements = match (plain.type_char(), plain.size_field()) {
        (TypeChar::Float, 4) => Elements::F32(file.into_vec().map_err(failed)?),
        (TypeChar::Float, 8) => {
            let values: Vec<f64> = file.into_vec().map_err(failed)?;
            Elements::F32(values.into_iter().map(narrow).collect())
        }
        (TypeChar::Int, 1) => Elements::I8(file.into_vec().map_err(failed)?),
        (TypeChar::Uint, 1) => Elements::U8(file.into_vec().map_err(failed)?),
        (TypeChar::Bool, 1) => Elements::Bool(file.into_vec().map_err(failed)?),
        (TypeChar::Int, 2) => Elements::I16(file.into_vec().map_err(failed)?),
        (TypeChar::Int, 4) => Elements::I32(file.into_vec().map_err(failed)?),
        (TypeChar::Int, 8) => widen::<i64>(file).map_err(failed)?,
        (TypeChar::Uint, 2) => widen::<u16>(file).map_err(failed)?,
        (TypeChar::Uint, 4) => widen::<u32>(file).map_err(failed)?,
        (TypeChar::Uint, 8) => {
            let values: Vec<u64> = file.into_vec().map_err(failed)?;
            let values: Option<_> = values.into_iter().map(|v| i64::try_from(v).ok()).collect();
            Elements::I64(values.ok_or_else(too_large)?)
        }
        _ => return Err(unsupported(&dtype)),
    };
    Ok(if is_fortran {
        from_fortran(shape, &elements)
    } else {
        Array::new(shape, elements)
    })
}

/// An array whose elements lie column-major: the row-major elements of its transpose.
fn from_fortran(shape: Vec<usize>, elements: &Elements) -> Array {
    let transposed: Vec<_> = shape.iter().rev().copied().collect();
    let perm: Vec<_> = (0..shape.len()).rev().collect();
    let elements = match elements {
        Elements::F32(values) => Elements::F32(permute(values, &transposed, &perm)),
        Elements::I8(values) => Elements::I8(permute(values, &transposed, &perm)),
        Elements::U8(values) => Elements::U8(permute(values, &transposed, &perm)),
        Elements::I16(values) => Elements::I16(permute(values, &transposed, &perm)),
        Elements::I32(values) => Elements::I32(permute(values, &transposed, &perm)),
        Elements::I64(values) => Elements::I64(permute(values, &transposed, &perm)),
        Elements::Bool(values) => Elements::Bool(permute(values, &transposed, &perm)),
    };
    Array::new(shape, elements)
}

#[expect(
    clippy::as_conversions,
    reason = "rounding to the nearest float32 is what is wanted"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn widen<T: npyz::Deserialize + Into<i64>>(file: NpyFile<&[u8]>) -> std::io::Result<Elements> {
    let values: Vec<T> = file.into_vec()?;
    Ok(Elements::I64(values.into_iter().map(Into::into).collect()))
}

fn encode(array: &Array) -> Vec<u8> {
    let shape: Vec<u64> = array
        .shape
        .iter()
        .map(|&extent| u64::try_from(extent).expect("usize is at most 64 bits"))
        .collect();
    match &array.elements {
        Elements::F32(values) => encode_elements(&shape, values),
        Elements::I8(values) => encode_elements(&shape, values),
        Elements::U8(values) => encode_elements(&shape, values),
        Elements::I16(values) => encode_elements(&shape, values),
        Elements::I32(values) => encode_elements(&shape, values),
        Elements::I64(values) => encode_elements(&shape, values),
        Elements::Bool(values) => encode_elements(&shape, values),
    }
}

fn encode_elements<T: npyz::AutoSerialize + Copy>(shape: &[u64], values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .writer(&mut bytes)
        .begin_nd()
        .and_then(|mut writer| {
            writer.extend(values.iter().copied())?;
            writer.finish()
        });
    written.expect("writing to memory cannot fail");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_survive_a_round_trip() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let arrays = vec![
            (
                "a".to_owned(),
                Array::f32(vec![2, 3], vec![0.0, -1.5, 2.0, 1e-9, 5.0, 6.0]),
            ),
            ("b".to_owned(), Array::i8(vec![4], vec![-128, 127, 0, 1])),
            (
                "c".to_owned(),
                Array::new(vec![0, 7], Elements::I64(vec![])),
            ),
            (
                "d".to_owned(),
                Array::new(vec![2], Elements::I16(vec![-32_768, 258])),
            ),
            (
                "e".to_owned(),
                Array::new(vec![1, 2], Elements::I32(vec![i32::MIN, 7])),
            ),
            (
                "f".to_owned(),
                Array::new(vec![3], Elements::Bool(vec![true, false, true])),
            ),
        ];
        let path = folder.path().join("x.npz");
        write_npz(&path, &arrays).expect("written");
        assert_eq!(read_npz(&path).expect("read"), arrays);
        let path = folder.path().join("x.npy");
        write_npy(&path, &arrays[0].1).expect("written");
        assert_eq!(read_npy(&path).expect("read"), arrays[0].1);
    }

    #[test]
    fn a_shape_that_the_file_cannot_fill_is_refused() {
        let mut bytes = encode(&Array::f32(vec![12], vec![0.0; 12]));
        let at = bytes.windows(4).position(|w| w == b"(12,").expect("shape");
        // The header is padded with spaces: there is room for a longer number.
        let end = bytes
            .iter()
            .position(|&b| b == b'\n')
            .expect("end of header");
        let tail = bytes[at + 3..end - 14].to_vec();
        bytes[at + 1..at + 15].copy_from_slice(b"99999999999999");
        bytes[at + 15..at + 15 + tail.len()].copy_from_slice(&tail);
        let error = decode(&bytes[..], "x", Path::new("x.npy")).expect_err("refused");
        assert!(matches!(error, DataError::Malformed { .. }), "{error}");
    }

    #[test]
    fn arrays_in_fortran_order_are_turned() {
        // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]): the columns one after another.
        let mut bytes = encode(&Array::i8(vec![2, 3], vec![1, 4, 2, 5, 3, 6]));
        let at = bytes.windows(5).position(|w| w == b"False").expect("order");
        bytes[at..at + 5].copy_from_slice(b"True ");
        let array = decode(&bytes, "x", Path::new("x.npy")).expect("read");
        assert_eq!(array, Array::i8(vec![2, 3], vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn archives_that_grow_beyond_the_bound_are_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.npz");
        // Zeros deflate to a thousandth.
        let arrays =
            ["a", "b"].map(|name| (name.to_owned(), Array::i8(vec![1 << 16], vec![0; 1 << 16])));
        write_npz(&path, &arrays).expect("written");
        assert!(std::fs::metadata(&path).expect("there").len() < 4096);
        let (found, _) = read_bounded(&path, &|_| true, 1 << 18).expect("below the bound");
        assert_eq!(found, arrays);
        let error = read_bounded(&path, &|_| true, 100_000).expect_err("beyond it");
        assert!(
            error.to_string().contains("array `b` is too long"),
            "{error}"
        );
        // What is not wanted does not count.
        assert!(read_bounded(&path, &|name| name == "b", 100_000).is_ok());
    }

    #[test]
    fn truncated_files_are_refused() {
        let bytes = encode(&Array::f32(vec![3, 2], vec![1.0; 6]));
        for len in 0..bytes.len() {
            assert!(
                decode(&bytes[..len], "x", Path::new("x.npy")).is_err(),
                "{len} bytes"
            );
        }
    }
}
