//! The words of the pages in every language: flat keys, `{placeholders}`, embedded at build. Country words (names of
//! e-services, agencies, registers) are not here; they come with the country folder as `base::Localized`.

use base::Lang;
use std::{collections::BTreeMap, sync::OnceLock};

/// All words of one language.
#[derive(Debug)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// The words of a language; parsed once.
    pub fn of(lang: Lang) -> &'static Words {
        static ALL: OnceLock<[Words; 3]> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            [include_str!("../texts/az.toml"), include_str!("../texts/en.toml"), include_str!("../texts/ru.toml")]
                .map(parse)
        });
        match lang {
            Lang::Az => &all[0],
            Lang::En => &all[1],
            Lang::Ru => &all[2],
        }
    }

    pub fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The text of a key that a template or handler spells out; a test checks that every such key exists.
    pub fn text(&self, key: &str) -> &str {
        self.find(key).unwrap_or_else(|| panic!("the texts have no key {key}"))
    }

    /// The text with its `{placeholders}` filled in. Values are plain text; the template escapes the result.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        base::fill(self.text(key), values)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn parse(source: &str) -> Words {
    // The files are part of this binary and a test parses them: a broken file never leaves the build.
    Words(toml::from_str(source).expect("the embedded texts are flat TOML"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn all_languages_say_the_same_things() {
        let az = Words::of(Lang::Az);
        for lang in [Lang::En, Lang::Ru] {
            let other = Words::of(lang);
            let (left, right): (BTreeSet<_>, BTreeSet<_>) = (az.keys().collect(), other.keys().collect());
            assert_eq!(
                left.symmetric_difference(&right).collect::<Vec<_>>(),
                Vec::<&&str>::new(),
                "{lang}: keys differ"
            );
            for key in az.keys() {
                assert_eq!(placeholders(az.text(key)), placeholders(other.text(key)), "{lang}: placeholders of {key}");
            }
        }
        for lang in Lang::ALL {
            for key in az.keys() {
                assert!(!Words::of(lang).text(key).trim().is_empty(), "{lang}: {key} is empty");
            }
        }
    }

    #[test]
    fn every_key_that_is_used_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = BTreeSet::new();
        for folder in ["src", "templates"] {
            collect(&root.join(folder), &mut used);
        }
        assert!(used.len() > 100, "the search for keys is broken: {}", used.len());
        let words = Words::of(Lang::Az);
        let missing: Vec<_> = used.iter().filter(|key| words.find(key).is_none()).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }

    /// Every string literal that is handed to `t(…)` or `f(…)`.
    fn collect(folder: &Path, used: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                collect(&path, used);
                continue;
            }
            if path.ends_with("texts.rs") {
                continue;
            }
            let source = fs::read_to_string(&path).expect("a source file is text");
            for opening in ["t(\"", "f(\"", "text(\"", "fill(\"", "empty(\"", "empty_to(\""] {
                for (place, _) in source.match_indices(opening) {
                    let before = source[..place].chars().last().unwrap_or(' ');
                    let key: String =
                        source[place + opening.len()..].chars().take_while(|letter| *letter != '"').collect();
                    if before == '.' && key.contains('.') && !key.contains(' ') {
                        used.insert(key);
                    }
                }
            }
        }
    }
}
