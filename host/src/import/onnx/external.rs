//! Initializers in files beside the model (ONNX, `ExternalData.md`).
//!
//! The location is a relative path that stays below the model's folder, symbolic links followed; the
//! range must lie in the file. All such data together are bounded as a model file is.

use super::options::fault;
use super::tensor::{self, Constant};
use crate::import::{MAX_FILE_BYTES, TensorFault};
use rten_onnx::onnx::{DataLocation, TensorProto};
use std::cell::RefCell;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// What to do about data that are not there.
const INCOMPLETE: &str = "keep the files of the model together as they were exported";

/// The files beside a model.
pub(super) struct External {
    folder: Option<PathBuf>,
    read_bytes: u64,
}

/// Whether the data are elsewhere.
pub(super) fn is_external(proto: &TensorProto) -> bool {
    proto.data_location == Some(DataLocation::EXTERNAL) || !proto.external_data.is_empty()
}

impl External {
    /// Files of a folder; none refuses every one.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            read_bytes: 0,
        }
    }

    /// Reads a tensor, wherever its data are.
    ///
    /// # Errors
    /// As [`tensor::decode`], and if the file is not there, lies elsewhere or is too short.
    pub(super) fn decode(
        &mut self,
        proto: &TensorProto,
        name: &str,
    ) -> Result<Constant, TensorFault> {
        if !is_external(proto) {
            return tensor::decode(proto, name);
        }
        let Some(folder) = self.folder.clone() else {
            return tensor::decode(proto, name);
        };
        let bytes = self.read(proto, &folder).map_err(|found| {
            let location = entry(proto, "location").unwrap_or("?");
            fault(
                name,
                format!("is stored as external data in `{location}`, which {found}"),
                INCOMPLETE,
            )
        })?;
        let inline = TensorProto {
            dims: proto.dims.clone(),
            data_type: proto.data_type,
            raw_data: Some(RefCell::new(bytes)),
            ..TensorProto::default()
        };
        tensor::decode(&inline, name)
    }

    fn read(&mut self, proto: &TensorProto, folder: &Path) -> Result<Vec<u8>, String> {
        let path = inside(folder, entry(proto, "location").unwrap_or_default())?;
        let failed = |error: std::io::Error| format!("cannot be read: {error}");
        let mut file = std::fs::File::open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err("is no file".into());
        }
        let file_bytes = metadata.len();
        let offset = number(proto, "offset")?.unwrap_or(0);
        let left = file_bytes.checked_sub(offset);
        let length = match (number(proto, "length")?, left) {
            (Some(length), Some(left)) if length <= left => length,
            (None, Some(left)) => left,
            (length, _) => {
                let length = length.unwrap_or(0);
                return Err(format!(
                    "has {file_bytes} bytes: {length} at {offset} are not there"
                ));
            }
        };
        self.read_bytes = self.read_bytes.saturating_add(length);
        if self.read_bytes > MAX_FILE_BYTES {
            return Err(format!(
                "is too large: {} MiB of external data are read",
                MAX_FILE_BYTES >> 20
            ));
        }
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

/// The file of this relative path, which must lie below the folder.
fn inside(folder: &Path, location: &str) -> Result<PathBuf, String> {
    let relative = Path::new(location);
    let plain = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    if location.is_empty() || !relative.components().all(plain) {
        return Err("is no path below the model's folder".into());
    }
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let resolved = |path: &Path| {
        path.canonicalize()
            .map_err(|error| format!("cannot be read: {error}"))
    };
    let file = resolved(&folder.join(relative))?;
    if !file.starts_with(resolved(folder)?) {
        return Err("is a link that leads out of the model's folder".into());
    }
    Ok(file)
}

fn entry<'p>(proto: &'p TensorProto, key: &str) -> Option<&'p str> {
    let mut entries = proto.external_data.iter();
    entries
        .find(|entry| entry.key.as_deref() == Some(key))?
        .value
        .as_deref()
}

fn number(proto: &TensorProto, key: &str) -> Result<Option<u64>, String> {
    let Some(text) = entry(proto, key) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(format!("is given the {key} `{text}`, which is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::{DataType, StringStringEntryProto};

    fn proto(entries: &[(&str, &str)]) -> TensorProto {
        TensorProto {
            dims: vec![2],
            data_type: Some(DataType::FLOAT),
            data_location: Some(DataLocation::EXTERNAL),
            external_data: entries
                .iter()
                .map(|(key, value)| StringStringEntryProto {
                    key: Some((*key).into()),
                    value: Some((*value).into()),
                })
                .collect(),
            ..TensorProto::default()
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("model")).unwrap();
        let mut bytes = vec![0; 4];
        bytes.extend(1.5f32.to_le_bytes());
        bytes.extend((-2.0f32).to_le_bytes());
        std::fs::write(folder.path().join("model/weights.bin"), &bytes).unwrap();
        std::fs::write(folder.path().join("secret.bin"), &bytes).unwrap();
        folder
    }

    fn read(folder: &tempfile::TempDir, entries: &[(&str, &str)]) -> Result<Vec<f32>, String> {
        let mut external = External::new(Some(folder.path().join("model")));
        let constant = external.decode(&proto(entries), "w");
        constant
            .map(|constant| constant.data.as_f32().unwrap().to_vec())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_range_of_a_file_is_read() {
        let folder = folder();
        for location in ["weights.bin", "./weights.bin"] {
            let entries = [("location", location), ("offset", "4"), ("length", "8")];
            assert_eq!(read(&folder, &entries), Ok(vec![1.5, -2.0]));
            assert_eq!(read(&folder, &entries[..2]), Ok(vec![1.5, -2.0]));
        }
    }

    #[test]
    fn ranges_that_are_not_there_and_paths_outside_are_refused() {
        let folder = folder();
        let absolute = folder.path().join("model/weights.bin");
        for (entries, mention) in [
            (
                vec![
                    ("location", "weights.bin"),
                    ("offset", "5"),
                    ("length", "8"),
                ],
                "not there",
            ),
            (
                vec![("location", "weights.bin"), ("offset", "13")],
                "not there",
            ),
            (
                vec![
                    ("location", "weights.bin"),
                    ("length", "99999999999999999999"),
                ],
                "no number",
            ),
            (
                vec![("location", "weights.bin"), ("offset", "-4")],
                "no number",
            ),
            (vec![("location", "weights.bin")], "elements"),
            (
                vec![("location", "../secret.bin"), ("offset", "4")],
                "below",
            ),
            (vec![("location", absolute.to_str().unwrap())], "below"),
            (vec![("location", "absent.bin")], "cannot be read"),
            (vec![("location", ".")], "no file"),
            (vec![("length", "8")], "below"),
        ] {
            let refused = read(&folder, &entries).unwrap_err();
            assert!(refused.contains(mention), "{entries:?}: {refused}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_refused() {
        let folder = folder();
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join("model").join(name)).unwrap();
        };
        link("../secret.bin", "out.bin");
        link("weights.bin", "in.bin");
        let range = [("offset", "4"), ("length", "8")];
        let refused = read(&folder, &[("location", "out.bin"), range[0], range[1]]);
        assert!(refused.unwrap_err().contains("leads out"));
        let followed = read(&folder, &[("location", "in.bin"), range[0], range[1]]);
        assert_eq!(followed, Ok(vec![1.5, -2.0]));
    }
}
