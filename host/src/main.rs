//! The `tiivis` command.

fn main() -> std::process::ExitCode {
    tiivis::cli::main()
}
