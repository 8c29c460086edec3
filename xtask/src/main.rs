//! The project's own chores: `cargo xtask test` runs every check there is, `cargo xtask bench` prints the measurements,
//! `cargo xtask vectors` judges the field's test vectors.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod bench;
mod fuzz;
mod packages;
mod postgres;
mod python;
mod run;
mod soak;
mod test;
mod vectors;

use std::process::ExitCode;

const USAGE: &str =
    "cargo xtask test    every check: format, lints, tests on both databases, journeys, browser, tidiness
cargo xtask packages   only installs what the tests need beside Rust: Debian's packages, others' programs in Python
cargo xtask bench   the measurements of bench/, printed
cargo xtask bench exchange [--json] [--seconds N] [PART OF A ROW'S NAME]...
                    the exchange beside its floor: CPU of the dearer server, latency, memory
cargo xtask soak [--seconds N] [--seed N]   the exchange under loss, frozen and killed processes; long simulations
cargo xtask fuzz [--seconds N] [TARGET]...   every fuzz target for N seconds (600): executions, coverage, findings
cargo xtask vectors [DIR] [--json] [--legacy]   test vectors made by others, judged; ../shared/vectors/xroad without DIR";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["test"] => test::run(),
        ["packages"] => packages::ensure().map(|()| ExitCode::SUCCESS),
        ["bench"] => bench::run(),
        ["bench", "exchange", words @ ..] => bench::exchange(words),
        ["soak", words @ ..] => soak::run(words),
        ["fuzz", words @ ..] => fuzz::run(words),
        ["vectors", options @ ..] => vectors::run(options),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(code) => code,
        Err(sentence) => {
            println!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
