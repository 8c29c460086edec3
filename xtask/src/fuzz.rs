//! A campaign: every fuzz target for so long, one after the other, from the kept inputs. What a run finds new stays in the
//! build folder and makes the next run's beginning; what is kept in the repository is chosen by hand (fuzz/README.md).

use crate::run;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

const SECONDS: &str = "600";
/// A parser that takes longer for one input, or more memory, has a fault as one that panics.
const LIMITS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=512", "-print_final_stats=1"];
const MISSING: &str = "the fuzzer is not here: rustup toolchain install nightly, then cargo install cargo-fuzz";

/// What the engine printed at the end of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    executions: u64,
    /// Edges reached, and inputs that reached them.
    coverage: u64,
    inputs: u64,
}

/// `words`: `--seconds N` (600 for each target), and targets (all).
pub fn run(words: &[&str]) -> Result<ExitCode, String> {
    let (mut seconds, mut wanted, mut words) = (SECONDS, Vec::new(), words.iter());
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => seconds = words.next().ok_or("--seconds needs a number")?,
            name => wanted.push(name.to_owned()),
        }
    }
    seconds.parse::<u32>().map_err(|_| format!("{seconds} is no number of seconds"))?;
    let known = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no target {unknown}; there are: {}", known.join(", ")));
    }
    let there = cargo_fuzz("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        return Err(MISSING.to_owned());
    }
    run::must(&mut cargo_fuzz("build"))?;
    let mut findings = 0;
    for target in if wanted.is_empty() { known } else { wanted } {
        let (told, found) = campaign(&target, seconds)?;
        findings += found.len();
        let Told { executions, coverage, inputs } = told;
        println!("{target}: {executions} executions, {coverage} edges, {inputs} inputs, {} findings", found.len());
        found.iter().for_each(|file| println!("  {}", file.display()));
    }
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn folder() -> PathBuf {
    run::root().join("fuzz")
}

fn cargo_fuzz(word: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", word]).current_dir(folder());
    // Freed memory that the sanitizer holds back is not the parser's.
    command.env("ASAN_OPTIONS", "quarantine_size_mb=16");
    command
}

fn targets() -> Result<Vec<String>, String> {
    let mut names: Vec<String> = files(&folder().join("fuzz_targets"))?
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The files of a folder; of one that is not there, none.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |cause: std::io::Error| format!("{}: {cause}", folder.display());
    fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

/// Runs one target; what it printed, and the inputs that broke it.
fn campaign(target: &str, seconds: &str) -> Result<(Told, Vec<PathBuf>), String> {
    let (grown, kept) = (folder().join("target/corpus").join(target), folder().join("corpus").join(target));
    let artifacts = folder().join("artifacts").join(target);
    for folder in [&grown, &artifacts] {
        fs::create_dir_all(folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    }
    let before = files(&artifacts)?;
    let mut command = cargo_fuzz("run");
    command.arg(target).args([&grown, &kept]).arg("--").arg(format!("-max_total_time={seconds}")).args(LIMITS);
    println!("→ {target} for {seconds} s");
    let failed = |cause: std::io::Error| format!("{target} did not run: {cause}");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (mut told, mut last) = (Told::default(), Vec::new());
    for line in BufReader::new(child.stderr.take().expect("asked for a pipe")).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).into_owned();
        told.read(&line);
        last.push(line);
        // What the engine says of a finding are its last lines.
        if last.len() > 60 {
            last.remove(0);
        }
    }
    let ended_well = child.wait().map_err(failed)?.success();
    let mut found = files(&artifacts)?;
    found.retain(|file| !before.contains(file));
    if !ended_well {
        last.iter().for_each(|line| println!("  {line}"));
    }
    match (ended_well, found.is_empty()) {
        (false, true) => Err(format!("{target} ended badly and left no input")),
        _ => Ok((told, found)),
    }
}

impl Told {
    /// `#1024 NEW cov: 7 ft: 8 corp: 5/60b …` while it runs, `stat::number_of_executed_units: 7` at the end.
    fn read(&mut self, line: &str) {
        let number = |label: &str| -> Option<u64> {
            let (_, after) = line.split_once(label)?;
            after.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        };
        self.executions = number("stat::number_of_executed_units: ").unwrap_or(self.executions);
        if line.starts_with('#') {
            self.coverage = number(" cov: ").unwrap_or(self.coverage);
            self.inputs = number(" corp: ").unwrap_or(self.inputs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_s_lines_are_understood() {
        let mut told = Told::default();
        for line in [
            "INFO: seed corpus: files: 5 min: 1b max: 4096b total: 8000b rss: 40Mb",
            "#5\tINITED cov: 300 ft: 400 corp: 5/8000b exec/s: 0 rss: 41Mb",
            "#2048\tNEW    cov: 312 ft: 431 corp: 7/9Kb lim: 4096 exec/s: 1024 rss: 42Mb L: 6/9 MS: 1 CopyPart-",
            "#4096\tDONE   cov: 312 ft: 431 corp: 7/9Kb lim: 4096 exec/s: 2048 rss: 42Mb",
            "stat::number_of_executed_units: 4096",
            "stat::average_exec_per_sec:     2048",
        ] {
            told.read(line);
        }
        assert_eq!(told, Told { executions: 4096, coverage: 312, inputs: 7 });
    }

    #[test]
    fn every_program_is_a_target() {
        assert!(targets().expect("a folder").contains(&"soap".to_owned()));
    }
}
