//! Comparing what came out with what a case expects.

use super::{
    Codes,
    case::{Case, Folder},
    kinds::{self, Refused},
};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Right,
    Wrong,
    /// Nothing to run: data of other cases.
    Skipped,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub case: String,
    pub kind: String,
    pub expected: String,
    pub got: String,
    pub state: State,
}

pub(super) fn judge(folder: &Folder, case: &Value, codes: Codes) -> Row {
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let row = |expected: String, got: String, state| Row {
        case: text("id").to_owned(),
        kind: text("kind").to_owned(),
        expected,
        got,
        state,
    };
    let right = |holds: bool| if holds { State::Right } else { State::Wrong };
    let expect = text("expect");
    if expect == "input" {
        let there = folder.path(text("file")).exists();
        let got = if there { "there" } else { "missing" };
        let state = if there && kinds::is_known(text("kind")) { State::Skipped } else { State::Wrong };
        return row("input".to_owned(), got.to_owned(), state);
    }
    let outcome = kinds::run(&Case { folder, case, changed: None });
    match (expect, outcome) {
        ("accept" | "parse", Ok(found)) => {
            let differences = differences(&found, &case["facts"]);
            let state = right(differences.is_empty());
            let got = if differences.is_empty() { expect.to_owned() } else { differences.join("; ") };
            row(expect.to_owned(), got, state)
        }
        ("accept" | "parse", Err(refused)) => row(expect.to_owned(), refused.to_string(), State::Wrong),
        ("reject", Ok(_)) => row(expected_code(case, codes), "accepted".to_owned(), State::Wrong),
        ("reject", Err(Refused::Case(why))) => row(expected_code(case, codes), why, State::Wrong),
        ("reject", Err(Refused::Code { code, .. })) => {
            let code = match codes {
                Codes::Current => code,
                Codes::Before => formats::flaw::code_before(&code),
            };
            let expected = case[field(codes)].as_str();
            let state = right(expected.is_none_or(|expected| is_code(&code, expected)));
            row(expected_code(case, codes), code, state)
        }
        (other, _) => row(other.to_owned(), "not an expectation".to_owned(), State::Wrong),
    }
}

fn field(codes: Codes) -> &'static str {
    match codes {
        Codes::Current => "code",
        Codes::Before => "code_legacy",
    }
}

fn expected_code(case: &Value, codes: Codes) -> String {
    case[field(codes)].as_str().unwrap_or("any error").to_owned()
}

/// A code that ends in `.*` stands for itself without that, alone or with more behind it.
pub fn is_code(found: &str, expected: &str) -> bool {
    match expected.strip_suffix(".*") {
        Some(beginning) => found.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        None => found == expected,
    }
}

/// Every fact that is expected is the one that came out; `null` is one that did not.
pub fn differences(found: &Value, expected: &Value) -> Vec<String> {
    let expected = expected.as_object().into_iter().flatten();
    let different = expected.filter(|(name, wanted)| found.get(name.as_str()).unwrap_or(&Value::Null) != *wanted);
    different
        .map(|(name, wanted)| {
            let found = found.get(name.as_str()).unwrap_or(&Value::Null);
            format!("{}", json!({ name: found, "expected": wanted }))
        })
        .collect()
}
