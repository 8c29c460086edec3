//! Documents against the code, and what no file of the project may say.

use super::{files, none, read, root};

/// Marks of unfinished work, of other places and of tools that must not stand in a file.
const FORBIDDEN: &[&str] =
    &["todo!(", "unimplemented!(", "#[ignore", "FIX\u{4d}E", "XX\u{58}", "/wor\u{6b}/", "/roo\u{74}/"];

#[test]
fn no_file_holds_a_mark_of_unfinished_work_or_a_machine_path() {
    let mut problems = Vec::new();
    for ending in [".rs", ".toml", ".md", ".html", ".css"] {
        for folder in ["crates", "countries", "tests", "xtask", "docs"] {
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
