//! Looking at where results go before any work is done.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// Demands that every target can be a new file: its folder is there, it is no folder itself, no
/// other target and none of the files that are read.
pub(super) fn check_targets<'a>(
    read: impl IntoIterator<Item = &'a Path>,
    targets: impl IntoIterator<Item = &'a Path>,
) -> anyhow::Result<()> {
    let read: Vec<_> = read
        .into_iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    let mut taken = Vec::new();
    for target in targets {
        let place =
            place(target).with_context(|| format!("cannot write `{}`", target.display()))?;
        if read.contains(&place) {
            bail!(
                "`{}` is read and would be overwritten: give another name for the output",
                target.display()
            );
        }
        if taken.contains(&place) {
            bail!(
                "`{}` would be written twice: give each output its own name",
                target.display()
            );
        }
        taken.push(place);
    }
    Ok(())
}

/// The one way to a file, which need not be there.
fn place(target: &Path) -> anyhow::Result<PathBuf> {
    let name = target.file_name().context("the output must name a file")?;
    if target.is_dir() {
        bail!("it is a folder: name a file in it");
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if !folder.is_dir() {
        bail!("there is no folder `{}`: create it", folder.display());
    }
    let path = folder.canonicalize()?.join(name);
    // A link is the file that it leads to.
    Ok(path.canonicalize().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_new_files_in_folders_that_are_there() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("read"), b"").expect("written");
        std::fs::create_dir(path("folder")).expect("created");
        let refused = |targets: &[&str]| {
            let targets: Vec<_> = targets.iter().map(|name| path(name)).collect();
            let read = path("read");
            check_targets([&*read], targets.iter().map(PathBuf::as_path))
                .err()
                .map(|error| format!("{error:#}"))
        };
        assert_eq!(refused(&["new", "folder/new"]), None);
        for (targets, word) in [
            (&["folder"][..], "is a folder"),
            (&["no/new"], "no folder"),
            (&["read/new"], "no folder"),
            (&["read"], "is read"),
            (&["folder/../read"], "is read"),
            (&["new", "folder/../new"], "twice"),
        ] {
            let message = refused(targets).expect("refused");
            assert!(message.contains(word), "{targets:?}: {message}");
        }
    }
}
