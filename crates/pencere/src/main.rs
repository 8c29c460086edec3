//! The binary: reads the command line and runs the command.

use clap::Parser;
use pencere::cli::Cli;
use std::process::ExitCode;

#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pencere::run(Cli::parse())
}
