//! The end-to-end cases; and that nothing about any case is known by its name: the same cases under other names of files
//! and cases come out as before, and what a case is beside its fields a folder may say itself.

use super::folder;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};
use tests::vectors::{Codes, Row, State, cases, judge_all, judge_folder, report, soap};

/// The end-to-end cases of the folder, with how many there must be at least.
const END_TO_END_MIN: usize = 70;

#[test]
fn the_end_to_end_cases_come_out_as_they_say() {
    let Some(folder) = folder() else { return };
    let rows = soap::judge_folder(&folder, Codes::Current).expect("a folder of vectors");
    assert!(report::all_right(&rows), "{}", report::table(&rows));
    assert!(rows.len() >= END_TO_END_MIN, "only {} cases", rows.len());
}

/// Under other names of files and cases, and in the older spelling.
#[test]
fn the_end_to_end_cases_are_known_by_no_name() {
    let Some(folder) = folder() else { return };
    let place = host::testing::TempDir::new();
    let listed = std::fs::read(folder.join("soap/cases.json")).expect("cases");
    let mut listed: Vec<Value> = serde_json::from_slice(&listed).expect("a list");
    let mut renamed = Renamed::new(folder.join("soap"), place.path().join("soap"));
    for (number, case) in listed.iter_mut().enumerate() {
        case["case"] = json!(format!("case-{number}"));
        ["request", "response"].into_iter().for_each(|field| renamed.path(&mut case[field]));
    }
    renamed.write(&listed);
    let rows = judge_all(place.path(), Codes::Before).expect("a folder of vectors");
    assert!(report::all_right(&rows), "{}", report::table(&rows));
    assert!(rows.len() >= END_TO_END_MIN, "only {} cases", rows.len());
}

#[test]
fn a_folder_says_itself_what_its_cases_are() {
    let Some(folder) = folder() else { return };
    let listed = std::fs::read(folder.join("soap/cases.json")).expect("cases");
    let listed: Vec<Value> = serde_json::from_slice(&listed).expect("a list");
    let plain = |case: &&Value| case["requestContentType"].is_null() && case["response"].is_string();
    let usual = listed.iter().find(|case| case["expect"] == "success" && plain(case));
    let mut case = usual.expect("a message that a service answers").clone();
    case["note"] = json!("It rains where the service is.");
    case["expect"] = json!("fault");
    case["faultCode_7.8"] = json!("server.serverproxy.service_failed.unknown_host");
    let place = host::testing::TempDir::new();
    let mut renamed = Renamed::new(folder.join("soap"), place.path().join("soap"));
    ["request", "response"].into_iter().for_each(|field| renamed.path(&mut case[field]));
    renamed.write(&[case]);
    let judged = || soap::judge_folder(place.path(), Codes::Current);
    let got = |rows: Vec<Row>| rows.into_iter().map(|row| (row.got, row.state)).collect::<Vec<_>>();
    assert_eq!(got(judged().expect("a folder")), [("success".to_owned(), State::Wrong)]);
    let rules = place.path().join("soap/setups.json");
    std::fs::write(&rules, r#"[{"when": {"note": "rains"}, "set": {"service": "nowhere"}}]"#).expect("written");
    let unknown = "server.serverproxy.service_failed.unknown_host".to_owned();
    assert_eq!(got(judged().expect("a folder")), [(unknown, State::Right)]);
    for wrong in [
        r#"[{"when": {"note": "rains"}, "set": {"weather": "bad"}}]"#,
        r#"[{"when": {"note": "rains"}, "set": {"service": "wet"}}]"#,
        r#"[{"when": {}, "set": {"service": "nowhere"}}]"#,
        "{}",
    ] {
        std::fs::write(&rules, wrong).expect("written");
        assert!(judged().is_err(), "{wrong}");
    }
}

/// A folder of vectors with other names for its files.
struct Renamed {
    from: PathBuf,
    to: PathBuf,
    names: BTreeMap<String, String>,
}

impl Renamed {
    fn new(from: PathBuf, to: PathBuf) -> Self {
        std::fs::create_dir_all(&to).expect("a folder");
        Renamed { from, to, names: BTreeMap::new() }
    }

    /// A path of a case becomes another one that leads to the same file.
    fn path(&mut self, value: &mut Value) {
        let Some(path) = value.as_str().map(str::to_owned) else { return };
        let number = self.names.len();
        let name = self.names.entry(path.clone()).or_insert_with(|| {
            let name = format!("x{number}");
            std::os::unix::fs::symlink(self.from.join(&path), self.to.join(&name)).expect("linked");
            name
        });
        *value = json!(name);
    }

    fn write(&self, cases: &[Value]) {
        std::fs::write(self.to.join("cases.json"), json!(cases).to_string()).expect("written");
    }
}

#[test]
fn the_cases_are_known_by_no_name() {
    let Some(folder) = folder() else { return };
    let place = host::testing::TempDir::new();
    let mut renamed = Renamed::new(folder.clone(), place.path().join("other"));
    let mut listed = cases(&folder).expect("cases");
    for (number, case) in listed.iter_mut().enumerate() {
        case["id"] = json!(format!("case-{number}"));
        renamed.path(&mut case["file"]);
        renamed.path(&mut case["globalconf"]);
        let values = |case: &mut Value, field: &str| case[field].as_object_mut().map(std::mem::take);
        case.pointer_mut("/facts/ocsp_order/certificate").into_iter().for_each(|path| renamed.path(path));
        for field in ["inputs", "documents", "trust"] {
            let mut named = values(case, field).unwrap_or_default();
            for value in named.values_mut() {
                match value {
                    Value::Array(paths) => paths.iter_mut().for_each(|path| renamed.path(path)),
                    Value::Object(input) => input.get_mut("path").into_iter().for_each(|path| renamed.path(path)),
                    path => renamed.path(path),
                }
            }
            case[field] = Value::Object(named);
        }
    }
    renamed.write(&listed);
    let rows = judge_folder(&place.path().join("other"), Codes::Before).expect("a folder of vectors");
    assert!(report::all_right(&rows), "{}", report::table(&rows));
    assert_eq!(rows.len(), listed.len());
}
