//! Running commands: said aloud first, and a failure is a sentence.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The root of the checkout that is asked for. Cargo says it at run time: checkouts that share a target folder share this
/// program as well, whichever of them built it.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().expect("xtask lies in the checkout").to_owned()
}

/// Runs to the end; whether it succeeded.
pub fn succeeds(command: &mut Command) -> Result<bool, String> {
    println!("→ {}", shown(command));
    let status = command.status().map_err(|cause| format!("{} did not start: {cause}", shown(command)))?;
    Ok(status.success())
}

/// Runs to the end; a failure is an error.
pub fn must(command: &mut Command) -> Result<(), String> {
    if succeeds(command)? { Ok(()) } else { Err(format!("failed: {}", shown(command))) }
}

/// Runs to the end, shows each line of standard output as it comes and hands it to `see`; whether it succeeded.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, String> {
    println!("→ {}", shown(command));
    let failed = |cause: std::io::Error| format!("a command did not run: {cause}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let output = child.stdout.take().expect("asked for a pipe");
    for line in BufReader::new(output).lines() {
        let line = line.map_err(failed)?;
        println!("{line}");
        see(&line);
    }
    Ok(child.wait().map_err(failed)?.success())
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(command.get_program().to_string_lossy()).chain(words).collect::<Vec<_>>().join(" ")
}
