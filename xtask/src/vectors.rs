//! The field's test vectors, judged by the program beside the house's tests; what it prints is all that is printed, so that
//! other programs can read `--json`.

use crate::run::root;
use std::process::{Command, ExitCode};

pub fn run(options: &[&str]) -> Result<ExitCode, String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--locked", "--manifest-path"]).arg(root().join("Cargo.toml"));
    command.args(["--package", "tests", "--bin", "vectors", "--"]).args(options);
    let status = command.status().map_err(|cause| format!("cargo did not start: {cause}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
