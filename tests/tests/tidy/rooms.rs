//! Rooms by subject: their names, and the arrows between them as ARCHITECTURE.md draws them.

use super::{files, none, read, root};
use std::collections::{BTreeMap, BTreeSet};

/// A room of such a name always wins in the end.
const BANNED: &[&str] = &["common", "core", "util", "utils", "helper", "helpers", "manager", "misc", "shared"];

#[test]
fn no_room_has_a_name_that_means_nothing() {
    let mut problems = Vec::new();
    for file in files("crates", ".rs").into_iter().chain(files("tests", ".rs")).chain(files("xtask", ".rs")) {
        for part in file.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned()) {
            if BANNED.contains(&part.as_str()) {
                problems.push(format!("{}: {part}", file.display()));
            }
        }
    }
    none(problems, "rooms with banned names");
}

/// crate -> the crates of ours that it uses, from its manifest.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let ours: BTreeSet<String> = std::fs::read_dir(root().join("crates"))
        .expect("crates")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    let uses = |name: &String| {
        let manifest: toml::Table =
            read(&root().join("crates").join(name).join("Cargo.toml")).parse().expect("a manifest is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        dependencies.keys().filter(|key| ours.contains(*key)).cloned().collect()
    };
    ours.iter().map(|name| (name.clone(), uses(name))).collect()
}

/// The table of ARCHITECTURE.md: lines of the form "| `crate` | what | `uses`, `uses` |".
fn drawn() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let words =
            |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        let name = words(cells[0]).pop_first().expect("a crate's name");
        (name, words(cells.last().expect("three cells")))
    })
    .collect()
}

#[test]
fn the_arrows_are_those_of_the_picture() {
    let (code, picture) = (arrows(), drawn());
    let mut problems = Vec::new();
    for name in code.keys().chain(picture.keys()).collect::<BTreeSet<_>>() {
        if code.get(name) != picture.get(name) {
            problems.push(format!(
                "{name}: the code uses {:?}, ARCHITECTURE.md draws {:?}",
                code.get(name),
                picture.get(name)
            ));
        }
    }
    none(problems, "ARCHITECTURE.md and the manifests disagree");
}

#[test]
fn the_arrows_form_no_circle() {
    let code = arrows();
    let mut done: BTreeSet<&String> = BTreeSet::new();
    while done.len() < code.len() {
        let before = done.len();
        for (name, uses) in &code {
            if uses.iter().all(|used| done.contains(used)) {
                done.insert(name);
            }
        }
        assert!(
            done.len() > before,
            "a circle among {:?}",
            code.keys().filter(|name| !done.contains(name)).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_dependency_stands_once_with_its_reason() {
    let manifest = read(&root().join("Cargo.toml"));
    let (_, list) = manifest.split_once("[workspace.dependencies]").expect("the list");
    let list = list.split("\n[").next().expect("the list");
    let mut problems = Vec::new();
    for line in list.lines().filter(|line| line.contains('=') && !line.contains("path = ")) {
        if !line.contains(" # ") {
            problems.push(format!("Cargo.toml: no reason: {line}"));
        }
    }
    for file in files("crates", "Cargo.toml") {
        for line in read(&root().join(&file)).lines() {
            let own = line.contains("path = \".\"")
                || line.contains(".workspace = true")
                || line.contains("workspace = true");
            if line.contains("version = \"") && !own && !line.starts_with("version") {
                problems.push(format!("{}: a version of its own: {line}", file.display()));
            }
        }
    }
    none(problems, "dependencies");
}
