//! Every check the project has, in the order in which they fail cheapest. Ends with one line: `N passed, N failed`.

use crate::postgres::Postgres;
use crate::{packages, run};
use std::process::{Command, ExitCode};

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
}

pub fn run() -> Result<ExitCode, String> {
    let mut tally = Tally::default();
    packages::ensure()?;
    tally.check("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    tally.check(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]),
    )?;
    // The journeys drive the built programs, so they must be there, and be these, before the tests start.
    let programs = ["--package", "pencere", "--package", "bench", "--bin", "pencere", "--bin", "bench-exchange"];
    tally.check("build", cargo(&["build", "--locked", "--quiet"]).args(programs))?;
    let postgres = Postgres::start()?;
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    tests.env("PENCERE_TEST_POSTGRES", &postgres.url);
    let before = tally.failed;
    let ended_well = run::watch(&mut tests, |line| tally.read(line))?;
    drop(postgres);
    if !ended_well && tally.failed == before {
        println!("the tests did not run to their end");
        tally.failed += 1;
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Tally {
    fn check(&mut self, what: &str, command: &mut Command) -> Result<(), String> {
        if run::succeeds(command)? {
            self.passed += 1;
        } else {
            println!("FAILED: {what}");
            self.failed += 1;
        }
        Ok(())
    }

    /// Adds up the closing lines of the test binaries: `test result: ok. 17 passed; 0 failed; 0 ignored; …`.
    fn read(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let number = |word: &str| -> u64 {
            let before = counts.split(word).next().unwrap_or_default();
            before.trim_end().rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
        };
        self.passed += number(" passed");
        self.failed += number(" failed");
        // Nothing is ever skipped here: an ignored test counts as a failed one.
        self.failed += number(" ignored");
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(run::root());
    command
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn closing_lines_are_added_and_ignored_tests_fail() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 17 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        tally.read("test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1s");
        tally.read("running 4 tests");
        assert_eq!((tally.passed, tally.failed), (20, 3));
    }
}
