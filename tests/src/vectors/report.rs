//! The table of results, for people and for programs.

use super::{Row, State};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many of a kind are right, of how many that were run, and how many were data only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub right: usize,
    pub total: usize,
    pub skipped: usize,
}

pub fn counts(rows: &[Row]) -> BTreeMap<String, Count> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for row in rows {
        let count = counts.entry(row.kind.clone()).or_default();
        match row.state {
            State::Skipped => count.skipped += 1,
            State::Right => (count.right, count.total) = (count.right + 1, count.total + 1),
            State::Wrong => count.total += 1,
        }
    }
    counts
}

pub fn all_right(rows: &[Row]) -> bool {
    rows.iter().all(|row| row.state != State::Wrong)
}

fn word(state: State) -> &'static str {
    match state {
        State::Right => "ok",
        State::Wrong => "NOT OK",
        State::Skipped => "skipped",
    }
}

/// Lines of case, expected, got, ok; and the sum of every kind.
pub fn table(rows: &[Row]) -> String {
    let width = |text: fn(&Row) -> &str| rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0).min(60);
    let (case, expected) = (width(|row| &row.case), width(|row| &row.expected));
    let mut out = String::new();
    for row in rows {
        let Row { case: id, expected: wanted, got, .. } = row;
        out.push_str(&format!("{id:case$}  {wanted:expected$}  {:7}  {got}\n", word(row.state)));
    }
    out.push('\n');
    for (kind, count) in counts(rows) {
        let Count { right, total, skipped } = count;
        out.push_str(&format!("{kind:20} {right:3} of {total:3} ok, {skipped:2} skipped\n"));
    }
    out
}

pub fn json(rows: &[Row]) -> Value {
    let line = |row: &Row| {
        json!({
            "case": row.case,
            "kind": row.kind,
            "expected": row.expected,
            "got": row.got,
            "ok": row.state != State::Wrong,
            "skipped": row.state == State::Skipped,
        })
    };
    rows.iter().map(line).collect()
}
