//! Progress of long work, on standard error and only where a person watches.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar over so many samples, with the time left.
pub(super) fn bar(what: &'static str, samples: usize) -> ProgressBar {
    let len = u64::try_from(samples).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len}, {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(len)
        .with_style(style.progress_chars("=> "))
        .with_message(what)
}

/// A spinner for work of unknown length.
pub(super) fn spinner(what: impl Into<String>) -> ProgressBar {
    let style =
        ProgressStyle::with_template("  {msg} ({elapsed})").expect("the template is well formed");
    let bar = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(what.into());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Says something beside a bar, watched or not.
pub(super) fn say(bar: &ProgressBar, line: &str) {
    bar.suspend(|| eprintln!("  {line}"));
}

/// [`usize`] as indicatif counts.
pub(super) fn steps(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
