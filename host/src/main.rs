//! The `tiivis` command.

fn main() {}
