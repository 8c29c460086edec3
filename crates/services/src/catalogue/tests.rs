//! The country's own folder is right, search finds in it, and wrong folders are refused with reasons.

use super::*;
use host::testing::TempDir;
use std::path::{Path, PathBuf};

fn country() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az")
}

fn azerbaijan() -> Catalogue {
    load(&country()).unwrap_or_else(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", problems.join("\n"))
    })
}

#[test]
fn the_thirty_services_stand_as_the_report_found_them() {
    let catalogue = azerbaijan();
    assert_eq!((catalogue.cards().len(), catalogue.announced()), (30, 449));
    let online: Vec<_> = catalogue.cards().iter().filter(|card| card.online).map(|card| card.id.as_str()).collect();
    assert_eq!(online, ["1.1", "15.1"]);
    let sum = |grade: fn(&Card) -> Grade| catalogue.cards().iter().map(|card| grade(card).score).sum::<i64>();
    // Sums of the report's closing table, added up apart from this code.
    assert_eq!(
        (sum(|card| card.report.maturity), sum(|card| card.report.participation), sum(|card| card.report.transparency)),
        (82, 156, 169)
    );
    assert_eq!(catalogue.cards().iter().filter(|card| card.report.maturity.max == 4).count(), 18);
    assert!(catalogue.cards().iter().all(|card| !card.report.recommendations.is_empty()));
}

#[test]
fn the_fee_is_the_one_that_payments_charge() {
    let catalogue = azerbaijan();
    let fee = catalogue.card("15.1").expect("the service").fee.clone().expect("a fee");
    assert_eq!(fee.amount.qepik(), 110_000);
    let tariff = std::fs::read_to_string(country().join("payments.toml")).expect("the tariff");
    let tariff: toml::Table = tariff.parse().expect("TOML");
    let charged = tariff["fee"].as_array().expect("fees").iter().find(|fee| fee["id"].as_str() == Some(&fee_id()));
    assert_eq!(charged.expect("the same id")["qepik"].as_integer(), Some(110_000));
}

fn fee_id() -> String {
    "construction-permit".to_owned()
}

#[test]
fn search_finds_by_any_keyboard_in_any_language() {
    let catalogue = azerbaijan();
    for (typed, first) in [
        ("işsizlik", "1.1"),
        ("issizlik muavineti", "1.1"),
        ("unemployment", "1.1"),
        ("unemploiment", "1.1"),
        ("пособие", "1.1"),
        ("tikinti", "15.1"),
        ("TIKINTIYE ICAZE", "15.1"),
        ("tikniti", "15.1"),
        ("construction perm", "15.1"),
        ("разрешение на строительство", "15.1"),
        ("cerime", "3.5"),
        ("паспорт", "3.1"),
        ("15.1", "15.1"),
        ("gömrük", "12.1"),
    ] {
        let hits = catalogue.search(typed, Lang::Az);
        assert_eq!(hits.first().map(|hit| hit.card.id.as_str()), Some(first), "{typed}");
    }
    for typed in ["", "   ", "qwertyuiop", "!!!"] {
        assert!(catalogue.search(typed, Lang::En).is_empty(), "{typed}");
    }
    assert!(catalogue.search(&"nazirliyi ".repeat(5_000), Lang::Az).len() > 5, "a long query is cut, not refused");
}

/// A copy of the country with one file changed, and what `load` says of it.
fn spoiled(file: &str, from: &str, to: &str) -> Vec<String> {
    let folder = TempDir::new();
    copy(&country(), folder.path(), &["calendar.toml", "fees.toml"]);
    copy(&country().join("services"), &folder.path().join("services"), &["catalogue.toml", "documents.toml"]);
    for service in ["1.1", "15.1"] {
        let files = ["service.toml", "form.toml", "evidence.toml", "decision.toml"];
        copy(&country().join("services").join(service), &folder.path().join("services").join(service), &files);
    }
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(text.contains(from), "{file} contains {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    load(folder.path()).expect_err("refused").iter().map(|problem| problem.what.clone()).collect()
}

fn copy(from: &Path, to: &Path, files: &[&str]) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in files {
        std::fs::copy(from.join(file), to.join(file)).expect("copied");
    }
}

#[test]
fn wrong_folders_are_refused_with_reasons() {
    for (file, from, to, reason) in [
        ("services/1.1/service.toml", "schema = 1", "schema = 2", "schema 2 is unknown"),
        ("services/1.1/service.toml", "id = \"1.1\"", "id = \"1.7\"", "is not the folder's name"),
        ("services/1.1/service.toml", "agency = \"10002\"", "agency = \"moon\"", "agency \"moon\""),
        ("services/1.1/service.toml", "working_days = 10", "working_days = 0", "0 working days"),
        ("services/1.1/service.toml", "  \"guidelines\",", "  \"gidelines\",", "recommendation \"gidelines\""),
        ("services/15.1/service.toml", "fee = \"construction-permit\"", "fee = \"x\"", "fee \"x\""),
        ("services/1.1/form.toml", "check = \"answers.ready\"", "check = \"answers.ready &&\"", "field ready"),
        (
            "services/1.1/form.toml",
            "check = \"answers.ready\"",
            "check = \"anwers.ready\"",
            "nothing is called \"anwers\"",
        ),
        ("services/1.1/form.toml", "id = \"region\"", "id = \"occupation\"", "\"occupation\" stands twice"),
        ("services/1.1/form.toml", "[\"identity\", \"contact\"]", "[\"identify\"]", "no question is called"),
        ("services/1.1/form.toml", "en = \"Your data\"", "en = \" \"", "empty in a language"),
        ("services/1.1/form.toml", "type = \"yesno\"", "type = \"maybe\"", "maybe"),
        ("services/1.1/evidence.toml", "/iamas/personByPin/v1", "/personByPin", "is not a data service"),
        ("services/1.1/decision.toml", "{computed.allowance|money}", "{computed.alowance|money}", "names no fact"),
        ("services/1.1/decision.toml", "amount = \"allowance\"", "amount = \"gift\"", "no computation is called"),
        ("fees.toml", "qepik = 110000", "qepik = \"1100\"", "string"),
        ("calendar.toml", "+04:00", "Baku", "is not an offset"),
    ] {
        let problems = spoiled(file, from, to);
        assert!(problems.iter().any(|problem| problem.contains(reason)), "{reason}: {problems:?}");
    }
}
