//! The measurements: built in release, run against a country in a folder of its own, printed as they are.

use crate::run;
use std::process::{Command, ExitCode};

pub fn run() -> Result<ExitCode, String> {
    let mut build = Command::new(env!("CARGO"));
    run::must(build.args(["build", "--release", "--locked", "--package", "pencere"]).current_dir(run::root()))?;
    let mut bench = Command::new(env!("CARGO"));
    bench.args(["run", "--release", "--locked", "--package", "bench"]).current_dir(run::root());
    Ok(if run::succeeds(&mut bench)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
