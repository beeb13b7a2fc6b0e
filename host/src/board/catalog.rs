//! The boards that came with the program, and files of the user's own.

use super::definition::{Board, BoardError};
use std::path::Path;

/// Id and text of every file in `boards/`, by id. Made by the build script.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/boards.rs"));

/// How many boards an error proposes.
const PROPOSALS: usize = 3;

/// Every board that came with the program, by id.
///
/// # Errors
///
/// [`BoardError::Format`] and [`BoardError::Field`]: a file in `boards/` is wrong.
pub fn all() -> Result<Vec<Board>, BoardError> {
    FILES.iter().map(|(id, text)| Board::parse(id, text)).collect()
}

/// The board with this id, or of the board file at this path if it ends in `.toml`.
///
/// # Errors
///
/// See [`BoardError`].
pub fn find(board: &str) -> Result<Board, BoardError> {
    let path = Path::new(board);
    if path.extension().is_some_and(|extension| extension == "toml") {
        let text = std::fs::read_to_string(path).map_err(|source| BoardError::File {
            path: path.into(),
            source,
        })?;
        let id = path.file_stem().unwrap_or_default();
        return Board::parse(&id.display().to_string(), &text);
    }
    match FILES.iter().find(|(id, _)| *id == board) {
        Some((id, text)) => Board::parse(id, text),
        None => Err(BoardError::Unknown {
            id: board.into(),
            nearest: nearest(board),
        }),
    }
}

fn nearest(id: &str) -> Vec<String> {
    let mut ids: Vec<_> = FILES.iter().map(|(id, _)| *id).collect();
    ids.sort_by_key(|known| edits(id, known));
    ids.into_iter().take(PROPOSALS).map(String::from).collect()
}

/// Levenshtein's distance: insertions, deletions and replacements of a character from `a` to `b`.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_embedded_and_sound() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../boards");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("readable").path())
            .map(|path| path.file_stem().expect("named").display().to_string())
            .collect();
        files.sort();
        let boards = all().expect("every file is sound");
        assert_eq!(files, boards.iter().map(|board| board.id.clone()).collect::<Vec<_>>());
        assert!(boards.len() >= 2);
        for board in &boards {
            assert_eq!(&find(&board.id).expect("found by its id"), board);
        }
    }

    #[test]
    fn an_unknown_id_proposes_the_nearest() {
        let error = find("mps2-an385").expect_err("unknown");
        let BoardError::Unknown { nearest, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(nearest.first().map(String::as_str), Some("mps2-an386"));
    }

    #[test]
    fn a_path_is_read_and_named_after_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("my-board.toml");
        let text = include_str!("../../../boards/mps2-an386.toml");
        std::fs::write(&path, text).expect("written");
        let board = find(path.to_str().expect("UTF-8")).expect("sound");
        assert_eq!(board.id, "my-board");
        let missing = folder.path().join("other.toml");
        let error = find(missing.to_str().expect("UTF-8")).expect_err("missing");
        assert!(matches!(error, BoardError::File { .. }));
    }

    #[test]
    fn edits_are_counted() {
        for (a, b, distance) in [("", "ab", 2), ("kitten", "sitting", 3), ("m4", "m4", 0)] {
            assert_eq!(edits(a, b), distance, "{a} {b}");
        }
    }
}
