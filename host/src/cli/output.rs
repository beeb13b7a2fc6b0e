//! Standard output and standard error.

use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Prints text to standard output.
pub(super) fn text(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Prints a value to standard output as indented JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    text(format_args!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Prints an error to standard error: what failed, then each cause that says something new.
pub(super) fn error(error: &anyhow::Error) {
    let mut shown = error.to_string();
    eprintln!("error: {shown}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string().trim_end().to_owned();
        // Many errors already quote their source.
        if !shown.contains(&cause) {
            eprintln!("  cause: {cause}");
        }
        shown = cause;
    }
}

/// Whether an error means that the reader of our output went away, which is no failure.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
