//! Every code and every event of this part has its words in the portal's three languages.

use std::{collections::BTreeSet, path::Path};

/// Names of jobs and log entries that nobody is shown.
const UNSEEN: [&str; 8] =
    ["evidence", "receipt", "deliver", "record", "dispute", "deadlines", "case_seen", "opinions_shown"];

fn literals(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            literals(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("the source");
            let names = text.split("\"services.").skip(1).filter_map(|rest| rest.split_once('"').map(|(name, _)| name));
            found.extend(
                names
                    .filter(|name| !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'))
                    .map(str::to_owned),
            );
        }
    }
}

#[test]
fn every_word_of_the_engine_has_its_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    literals(&root.join("src"), &mut names);
    assert!(names.len() > 60, "{names:?}");
    for lang in base::Lang::ALL {
        let text = std::fs::read_to_string(root.join(format!("../portal/texts/{lang}.toml"))).expect("the texts");
        let texts: toml::Table = text.parse().expect("TOML");
        for name in names.iter().filter(|name| !UNSEEN.contains(&name.as_str())) {
            let known = ["refusal.services.", "services.event."]
                .iter()
                .any(|start| texts.contains_key(&format!("{start}{name}")));
            assert!(known, "{lang}: services.{name} has no text");
        }
        for state in crate::case::State::ALL {
            assert!(texts.contains_key(&format!("services.state.{}", state.name())), "{lang}: {state:?}");
        }
    }
}
