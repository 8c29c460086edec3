//! The folder loads, and a folder with a mistake does not.

use monitor::{Methodology, methodology::Texts};
use std::path::{Path, PathBuf};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az/methodology")
}

pub fn methodology() -> Methodology {
    Methodology::load(&folder()).expect("the folder of this repository loads")
}

fn texts() -> Texts {
    Texts::read(&folder()).expect("the folder is there")
}

/// Changes one thing and expects the loader to name it.
fn check(change: impl FnOnce(&mut Texts), named: &str) {
    let mut texts = texts();
    change(&mut texts);
    let problems = Methodology::parse(&texts).map(|_| ()).expect_err(named).to_string();
    assert!(problems.contains(named), "expected `{named}` in: {problems}");
}

fn swap(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
}

#[test]
fn a_missing_folder_and_broken_text_are_problems() {
    assert!(Methodology::load(Path::new("/nowhere")).is_err());
    check(|texts| texts.report.push_str("]["), "report.toml");
    check(|texts| texts.statistics.push_str("\nnew_key = 1\n"), "statistics.toml");
}

#[test]
fn references_must_lead_somewhere() {
    check(|texts| swap(&mut texts.infrastructure, "\"exchange_runs\"", "\"x\""), "no criterion `x`");
    check(|texts| swap(&mut texts.participation, "\"surveyed\"", "\"exchange_runs\""), "another scope");
    check(|texts| swap(&mut texts.criteria, "id = \"section\"", "id = \"online\""), "`online` stands twice");
    check(|texts| swap(&mut texts.report, "label = \"informative\"", "label = \"x\""), "no label `x`");
    check(|texts| swap(&mut texts.report, "place = \"finding\"", "place = \"x\""), "no place `x`");
}

#[test]
fn scales_must_cover_their_numbers() {
    check(|texts| swap(&mut texts.transparency, "from = 1, to = 4", "from = 1, to = 3"), "transparency.toml: band");
    check(|texts| swap(&mut texts.maturity, "percent_to = 32", "percent_to = 33"), "maturity.toml: band");
    check(|texts| swap(&mut texts.maturity, "level = 2", "level = 3"), "levels of the model");
    check(|texts| swap(&mut texts.transparency, "paid_only = true", ""), "no set of questions");
    check(|texts| swap(&mut texts.report, "score = 1, of = 4", "score = 5, of = 4"), "maturity outside");
    check(|texts| swap(&mut texts.report, "score = 2, of = 10", "score = 11, of = 10"), "participation outside");
    check(|texts| swap(&mut texts.report, "score = 2, of = 8", "score = 2, of = 9"), "transparency outside");
}

#[test]
fn settings_and_texts_must_be_whole() {
    check(|texts| swap(&mut texts.statistics, "smallest_group = 10", "smallest_group = 1"), "hides nobody");
    check(|texts| swap(&mut texts.statistics, "utc_offset_hours = 4", "utc_offset_hours = 99"), "no offset");
    check(|texts| swap(&mut texts.statistics, "publish_on_day = 5", "publish_on_day = 29"), "not in every month");
    check(|texts| swap(&mut texts.criteria, "window_days = 90", "window_days = 0"), "no window");
    check(|texts| swap(&mut texts.criteria, "threshold = 3", "threshold = 0"), "always met");
    check(|texts| swap(&mut texts.statistics, "en = \"Users\"", "en = \" \""), "lacks a language");
}

#[test]
fn the_digest_changes_with_any_file() {
    let digest = |change: fn(&mut Texts)| {
        let mut texts = texts();
        change(&mut texts);
        Methodology::parse(&texts).expect("comments change nothing").digest
    };
    let original = digest(|_| ());
    assert_eq!(original.len(), 64);
    assert_ne!(original, digest(|texts| texts.readings.push_str("# a comment\n")));
    assert_ne!(original, digest(|texts| texts.criteria.push_str("# a comment\n")));
}

#[test]
fn every_fact_stands_in_the_document() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MONITORING.md");
    let document = std::fs::read_to_string(document).expect("the document is there");
    let methodology = methodology();
    let probed = methodology.criteria.iter().flat_map(|criterion| criterion.probe.facts());
    let counted = methodology.statistics.figure.iter().map(|figure| figure.fact.as_str());
    for fact in probed.chain(counted) {
        assert!(document.contains(&format!("| `{fact}` |")), "{fact}");
    }
}
