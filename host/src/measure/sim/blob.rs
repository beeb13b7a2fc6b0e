//! A blob in memory and the arena that it runs in.

use crate::data::AlignedBytes;
use std::path::Path;
use tiivis_runtime::{ALIGNMENT, Aligned, Block, Model, ParseError, Session, flatten_mut};

/// Why a blob could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The blob is refused.
    #[error("`{path}` is not a sound model: {source}")]
    Parse {
        /// The file.
        path: String,
        /// What is wrong.
        source: ParseError,
    },
}

/// A blob held where the runtime accepts it, proven sound.
#[derive(Debug)]
pub struct Blob {
    bytes: AlignedBytes,
}

impl Blob {
    /// Reads and proves a `.tiv` file.
    pub fn read(path: &Path) -> Result<Self, BlobError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| BlobError::File {
            path: shown.clone(),
            source,
        })?;
        Self::new(&bytes).map_err(|source| BlobError::Parse {
            path: shown,
            source,
        })
    }

    /// Proves a blob.
    pub fn new(bytes: &[u8]) -> Result<Self, ParseError> {
        let bytes = AlignedBytes::new(bytes);
        Model::parse(bytes.as_ref())?;
        Ok(Self { bytes })
    }

    /// The model in it.
    pub fn model(&self) -> Model<'_> {
        Model::parse(self.bytes.as_ref()).expect("proven when it was made")
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// Storage for one session's arena.
pub struct Arena(Vec<Block<i8>>);

impl Arena {
    /// Enough for this model.
    pub fn new(model: &Model<'_>) -> Self {
        Self(vec![
            Aligned([0; ALIGNMENT]);
            model.arena_bytes().div_ceil(ALIGNMENT)
        ])
    }

    /// A session in it.
    pub fn session<'s, 'a>(&'s mut self, model: &'s Model<'a>) -> Session<'s, 'a> {
        let session = model.session(flatten_mut(&mut self.0));
        session.expect("the arena was made for the model and is aligned")
    }
}
