//! Model files of other frameworks, read into the float graph, or the integer graph where they are
//! quantized already.
//!
//! What a file is, is decided by its content, not by its name. Files are bounded in size, and
//! nothing that a file says is believed before it was compared with the bytes that are there:
//! truncated, damaged or hostile files are errors, never a panic or an exhausted memory.

mod error;
mod network;
pub mod onnx;
pub mod operators;
mod precision;
mod shapes;
pub mod survey;
pub mod tflite;

pub use error::{ImportError, NodeFault, TensorFault};
pub use network::Network;
pub use precision::Precision;
pub use shapes::{Dim, InputShape, Shapes};

use sha2::{Digest, Sha256};
use std::path::Path;

/// Largest file that is read, in bytes. Models for microcontrollers are a few megabytes at most,
/// their float originals a few tens.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// A model as it was read.
#[derive(Debug)]
pub struct Imported {
    /// The network.
    pub network: Network,
    /// Format and exporter, e.g. `ONNX opset 20, pytorch 2.15.0`, `TFLite schema 3, float32`.
    pub format: String,
    /// SHA-256 of the file.
    pub source_sha256: [u8; 32],
    /// Length of the file in bytes.
    pub source_bytes: u64,
    /// What the file leaves open and was fixed.
    pub shapes: Shapes,
}

/// Reads a model file. The network is named after the file.
///
/// # Errors
/// If the file cannot be read, is no model of a supported format, is damaged, or holds what is not
/// supported; the error says what and where.
pub fn load(path: &Path) -> Result<Imported, ImportError> {
    load_with(path, &Shapes::default())
}

/// [`load`], with extents that the file leaves open.
///
/// # Errors
/// Those of [`load`], and if the file has no extents or inputs of such names.
pub fn load_with(path: &Path, shapes: &Shapes) -> Result<Imported, ImportError> {
    let bytes = read(path)?;
    if bytes.is_empty() {
        return Err(ImportError::Empty { path: path.into() });
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (network, format) = if is_tflite(&bytes) {
        tflite::import_with(&bytes, &name, shapes)?
    } else {
        onnx::import_with(&bytes, &name, &onnx::Options::beside(path, shapes))?
    };
    Ok(Imported {
        network,
        format,
        source_sha256: Sha256::digest(&bytes).into(),
        source_bytes: bytes
            .len()
            .try_into()
            .expect("usize fits 64 bits on every host"),
        shapes: shapes.clone(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    use std::io::Read;
    let failed = |source| ImportError::File {
        path: path.into(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file (or a pipe without an end) that is too long shows.
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_FILE_BYTES) {
        return Err(ImportError::TooLarge { path: path.into() });
    }
    Ok(bytes)
}

/// A `FlatBuffers` file with the identifier of the TensorFlow Lite schema (bytes 4 to 7).
fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(content: &[u8]) -> Result<Imported, ImportError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.bin");
        std::fs::write(&path, content).unwrap();
        load(&path)
    }

    #[test]
    fn a_missing_file_and_a_directory_are_named() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("absent.onnx"), dir.path().to_path_buf()] {
            let error = load(&path).unwrap_err();
            assert!(matches!(error, ImportError::File { .. }), "{error}");
            assert!(
                error.to_string().contains(&*path.to_string_lossy()),
                "{error}"
            );
        }
    }

    #[test]
    fn the_content_decides_the_format() {
        assert!(matches!(loaded(b""), Err(ImportError::Empty { .. })));
        assert!(matches!(
            loaded(b"\x1c\0\0\0TFL3\0\0\0\0"),
            Err(ImportError::Flatbuffer { .. })
        ));
        assert!(matches!(
            loaded(b"just text, no model"),
            Err(ImportError::Protobuf { .. })
        ));
    }

    #[test]
    fn the_exported_network_is_described() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fashion/cnn.onnx");
        let imported = load(Path::new(path)).unwrap();
        assert_eq!(imported.network.name(), "cnn");
        assert!(matches!(imported.network, Network::Float(_)));
        assert!(
            imported.format.starts_with("ONNX opset 20, pytorch 2.15.0"),
            "{}",
            imported.format
        );
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(imported.source_bytes, u64::try_from(bytes.len()).unwrap());
        assert_eq!(
            imported.source_sha256,
            <[u8; 32]>::from(Sha256::digest(&bytes))
        );
    }
}
