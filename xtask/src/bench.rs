//! The measurements: built in release, printed as they are. Of the whole country in a folder of its own, or of the exchange
//! beside its floor.

use crate::run;
use std::process::{Command, ExitCode};

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(run::root());
    command
}

pub fn run() -> Result<ExitCode, String> {
    run::must(cargo().args(["build", "--release", "--locked", "--package", "pencere"]))?;
    let succeeded = run::succeeds(cargo().args(["run", "--release", "--locked", "--package", "bench"]))?;
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `words` go to the measuring program. Standard output holds its rows alone, so that they can be read as JSON.
pub fn exchange(words: &[&str]) -> Result<ExitCode, String> {
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--release", "--locked", "--package", "bench", "--no-default-features"]);
    bench.args(["--bin", "bench-exchange", "--"]).args(words);
    let status = bench.status().map_err(|cause| format!("cargo did not start: {cause}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
