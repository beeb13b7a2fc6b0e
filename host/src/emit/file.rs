//! Files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file so that whoever looks finds the old content or the new, never a part: the bytes
/// go to a temporary file in the same directory, to the disk, and then take the name.
///
/// # Errors
/// Whatever the file system refuses. The old file is then as it was and the temporary one gone.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".tiivis-");
    // A temporary file is the owner's alone; a model is as readable as any other new file.
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory).map_err(plain)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    // The rename itself is on the disk once the directory is; only Unix lets us ask for it.
    #[cfg(unix)]
    std::fs::File::open(directory)?.sync_all()?;
    Ok(())
}

/// What went wrong, without the name of the temporary file that `tempfile` adds.
fn plain(error: io::Error) -> io::Error {
    error.kind().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_old_file_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.tiv");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new and longer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new and longer");
        assert_eq!(names(directory.path()), ["model.tiv"]);
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        // A directory in the file's place: the rename fails, after the bytes were written.
        let path = directory.path().join("model.tiv");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"kept").unwrap();
        assert!(write_atomically(&path, b"bytes").is_err());
        assert_eq!(names(directory.path()), ["model.tiv"]);
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
        let error = write_atomically(&directory.path().join("no/such/model.tiv"), b"").unwrap_err();
        assert!(!error.to_string().contains(".tiivis-"), "{error}");
    }
}
