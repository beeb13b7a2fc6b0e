//! The command: parses arguments, calls the library, shows what it returns.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 any
//! error, 2 only from `compress`: the limits were not met.

mod bench;
mod boards;
mod build;
mod compress;
mod demo;
mod doctor;
mod eval;
mod features;
mod files;
mod inspect;
mod isa;
mod model;
mod ops;
mod output;
mod progress;
mod run;
mod samples;
mod shapes;
mod verify;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Compresses trained networks and makes them live on Cortex-M microcontrollers.
#[derive(Debug, Parser)]
#[command(name = "tiivis", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Inspect),
    Ops(ops::Ops),
    Compress(compress::Compress),
    Run(run::Run),
    Features(features::FeaturesCommand),
    Eval(eval::Eval),
    Bench(bench::Bench),
    Build(build::Build),
    Verify(verify::Verify),
    Boards(boards::Boards),
    Doctor(doctor::Doctor),
    Demo(demo::Demo),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for wrong usage is 2, which here means something else.
            let code = if error.use_stderr() { 1 } else { 0 };
            // Nowhere is left to report that the terminal is gone.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match &cli.command {
        Command::Inspect(command) => command.run(),
        Command::Ops(command) => command.run(),
        Command::Compress(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Features(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Build(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Boards(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Demo(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
