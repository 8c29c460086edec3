//! The long form of what every test run does for seconds: the exchange in network namespaces under loss, frozen and killed
//! processes, and the simulated protocol over many seeds.

use crate::run;
use std::process::{Command, ExitCode};

const SEEDS: &str = "50";
const STEPS: &str = "300";

/// `words`: `--seconds N` (600) and `--seed N` (1) for the part with processes.
pub fn run(words: &[&str]) -> Result<ExitCode, String> {
    let cargo = || {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(run::root());
        command
    };
    let mut processes = cargo();
    processes.args(["run", "--release", "--locked", "--package", "bench", "--no-default-features"]);
    processes.args(["--bin", "bench-exchange", "--", "soak"]).args(words);
    let mut seeds = cargo();
    seeds.args(["test", "--release", "--locked", "--package", "exchange", "--test", "all", "simulation"]);
    seeds.env("PENCERE_SOAK_SEEDS", SEEDS).env("PENCERE_SOAK_STEPS", STEPS);
    let both = run::succeeds(&mut processes)? & run::succeeds(&mut seeds)?;
    Ok(if both { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
