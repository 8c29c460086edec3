//! `cargo xtask vectors [DIR] [--json] [--legacy]`: judges a folder of test vectors and prints the table. Exit 0 when every
//! case is as expected.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

use std::{path::PathBuf, process::ExitCode};
use tests::vectors::{Codes, default_folder, judge_all, report};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            println!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let (mut folder, mut json, mut codes) = (None, false, Codes::Current);
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--json" => json = true,
            "--legacy" => codes = Codes::Before,
            unknown if unknown.starts_with('-') => return Err(format!("{unknown} is not an option of vectors")),
            path if folder.is_none() => folder = Some(PathBuf::from(path)),
            more => return Err(format!("one folder at a time: {more}")),
        }
    }
    let rows = judge_all(&folder.unwrap_or_else(default_folder), codes)?;
    if json {
        println!("{:#}", report::json(&rows));
    } else {
        println!("{}", report::table(&rows));
    }
    Ok(report::all_right(&rows))
}
