//! Walls: how long a file and a function may be. What is above stands in the list below and may only shrink.

use super::{files, none, read, root};
use std::collections::BTreeMap;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// `file` or `file: function` -> the lines it has today. A smaller number is entered when it shrinks, never a larger one.
const EXCEPTIONS: &[(&str, usize)] = &[];

#[test]
fn files_and_functions_stay_below_their_walls() {
    let allowed: BTreeMap<&str, usize> = EXCEPTIONS.iter().copied().collect();
    let mut problems = Vec::new();
    let mut judge = |what: String, lines: usize, most: usize| {
        let most_here = allowed.get(what.as_str()).copied().unwrap_or(most);
        if lines > most_here {
            problems.push(format!("{what} has {lines} lines, at most {most_here}"));
        }
    };
    for file in files("crates", ".rs").into_iter().chain(files("tests", ".rs")).chain(files("xtask", ".rs")) {
        let text = read(&root().join(&file));
        judge(file.display().to_string(), text.lines().count(), FILE_LINES_MAX);
        for (name, lines) in functions(&text) {
            judge(format!("{}: {name}", file.display()), lines, FUNCTION_LINES_MAX);
        }
    }
    none(problems, "too long");
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = files("crates", ".rs").into_iter().chain(files("xtask", ".rs")).chain(files("tests", ".rs"));
    let silent = silent.filter(|file| !read(&root().join(file)).starts_with("//!"));
    none(silent.map(|file| file.display().to_string()).collect(), "files without a `//!` header");
}

/// Functions and their lengths, in text that rustfmt has laid out: a function ends at the brace of its own indentation.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indentation = line.len() - line.trim_start().len();
        let head = line.trim_start();
        let Some(rest) = head.split("fn ").nth(1).filter(|_| is_function(head)) else { continue };
        let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
        let end = lines[start..]
            .iter()
            .position(|line| line.len() - line.trim_start().len() == indentation && (*line).trim_start() == "}");
        if let Some(end) = end.filter(|_| !head.ends_with(';') && !head.ends_with('}')) {
            found.push((name, end + 1));
        }
    }
    found
}

fn is_function(head: &str) -> bool {
    const BEFORE: &[&str] = &["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe", "extern"];
    let words = head.split_whitespace().take_while(|word| *word != "fn");
    let mut words = words.peekable();
    head.contains("fn ") && words.all(|word| BEFORE.contains(&word))
}

#[test]
fn the_measure_measures() {
    let text = "fn short() {}\npub async fn long(a: u8) -> u8 {\n    a\n}\nlet x = \"fn no() {\";\n";
    assert_eq!(functions(text), [("long".to_owned(), 3)]);
}
