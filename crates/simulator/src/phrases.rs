//! The words of the bank's and the mailbox's pages: files of the form `key = { az, en, ru }`, embedded at build.

use base::{Lang, Localized};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The words of one set of pages.
pub(crate) struct Phrases {
    source: &'static str,
    parsed: OnceLock<BTreeMap<String, Localized>>,
}

impl Phrases {
    pub(crate) const fn new(source: &'static str) -> Phrases {
        Phrases { source, parsed: OnceLock::new() }
    }

    /// The text of a key that a page spells out; a test renders every page.
    pub(crate) fn text(&'static self, key: &str, lang: Lang) -> &'static str {
        self.all().get(key).unwrap_or_else(|| panic!("the pages have no text {key}")).in_lang(lang)
    }

    /// Part of this binary, and a test parses it: a broken file never leaves the build.
    fn all(&self) -> &BTreeMap<String, Localized> {
        self.parsed.get_or_init(|| toml::from_str(self.source).expect("the embedded texts are right"))
    }

    #[cfg(test)]
    pub(crate) fn incomplete(&'static self) -> Vec<&'static str> {
        self.all().iter().filter(|(_, text)| !text.is_complete()).map(|(key, _)| key.as_str()).collect()
    }
}
