//! Documents against the code, and what no file of the project may say.

use super::{files, none, read, root};

/// Marks of unfinished work, of other places and of tools that must not stand in a file.
const FORBIDDEN: &[&str] =
    &["todo!(", "unimplemented!(", "#[ignore", "FIX\u{4d}E", "XX\u{58}", "/wor\u{6b}/", "/roo\u{74}/"];

#[test]
fn no_file_holds_a_mark_of_unfinished_work_or_a_machine_path() {
    let mut problems = Vec::new();
    for ending in [".rs", ".toml", ".md", ".html", ".css", ".service"] {
        for folder in ["bench", "countries", "crates", "deploy", "docs", "fuzz", "tests", "xtask"] {
            for file in files(folder, ending) {
                if file.ends_with("tidy/documents.rs") {
                    continue;
                }
                let text = read(&root().join(&file));
                for mark in FORBIDDEN.iter().filter(|mark| text.contains(**mark)) {
                    problems.push(format!("{}: {mark}", file.display()));
                }
            }
        }
    }
    none(problems, "forbidden marks");
}

#[test]
fn the_documents_that_the_readme_names_are_there() {
    let readme = read(&root().join("README.md"));
    let mut problems = Vec::new();
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.starts_with("http") && !root().join(link.split('#').next().unwrap_or_default()).exists() {
            problems.push(link.to_owned());
        }
    }
    none(problems, "README.md links to nothing");
}

/// The commands of `pencere --help`, each with its one line.
fn commands() -> Vec<String> {
    let help = std::process::Command::new(tests::country::binary()).arg("--help").output().expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("help is text");
    let (_, list) = help.split_once("\nCommands:\n").expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.trim().is_empty());
    let said = lines.map(|line| line.trim().split_once(' ').expect("a name and a line"));
    said.map(|(name, line)| format!("| `{name}` | {} |", line.trim())).collect()
}

#[test]
fn the_readme_lists_the_commands_as_the_program_does() {
    let readme = read(&root().join("README.md"));
    let (_, listed) = readme.split_once("\n| command | what it does |\n|---|---|\n").expect("the README's list");
    let listed: Vec<&str> = listed.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(listed, commands(), "README.md and `pencere --help` disagree");
}

#[test]
fn the_service_unit_starts_what_the_program_knows() {
    let unit = read(&root().join("deploy/pencere.service"));
    let lines: Vec<&str> =
        unit.lines().filter_map(|line| line.split_once("/usr/local/bin/pencere ")).map(|it| it.1).collect();
    assert!(!lines.is_empty(), "the unit starts nothing");
    for line in lines {
        let command = line.split(' ').next().expect("a command");
        let help = std::process::Command::new(tests::country::binary()).args([command, "--help"]).output();
        let help = String::from_utf8(help.expect("the program runs").stdout).expect("help is text");
        for option in line.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "`pencere {command}` has no {option}");
        }
    }
}

#[test]
fn every_room_stands_in_the_readme_s_picture() {
    let readme = read(&root().join("README.md"));
    let folders = std::fs::read_dir(root().join("crates")).expect("crates");
    let names = folders.map(|entry| format!("crates/{}", entry.expect("readable").file_name().to_string_lossy()));
    let missing = names.filter(|name| !readme.contains(&format!("{name} ")) && !readme.contains(&format!("{name}\n")));
    none(missing.collect(), "rooms that the README does not show");
}

#[test]
fn the_tests_that_the_tables_on_the_exchange_name_are_there() {
    // The cases of others are judged by the tests that look at the house from outside.
    let code = [files("crates/exchange", ".rs"), files("crates/formats", ".rs"), files("tests", ".rs")].concat();
    let code: String = code.iter().map(|file| read(&root().join(file))).collect();
    let mut problems = Vec::new();
    for document in ["docs/EXCHANGE.md", "docs/ATTACKS.md"] {
        // Names of tests are the words with at least three underscores; codes and parameters have fewer.
        let table = read(&root().join(document));
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 10, "{document} has a table");
        let named = table.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() >= 3);
        let missing = named.filter(|name| !name.contains('.'));
        let missing = missing.filter(|name| !code.contains(&format!("fn {name}(")));
        problems.extend(missing.map(|name| format!("{document}: {name}")));
    }
    none(problems, "no such test");
}

#[test]
fn every_table_stands_in_the_document_on_personal_data() {
    let document = read(&root().join("docs/PRIVACY.md"));
    let mut problems = Vec::new();
    for file in files("crates", ".rs") {
        let text = read(&root().join(&file));
        for table in text.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split(" (").next()) {
            let is_name = table.contains('_') && table.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            // Tables of the store's own tests begin so.
            if is_name && !table.starts_with("test_") && !document.contains(&format!("| `{table}` |")) {
                problems.push(format!("{}: {table}", file.display()));
            }
        }
    }
    none(problems, "tables that docs/PRIVACY.md does not name");
}
