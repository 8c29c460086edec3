//! The binary: reads the command line and runs the command.

use clap::Parser;
use pencere::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    pencere::run(Cli::parse())
}
