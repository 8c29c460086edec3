//! The languages of the pages and texts that exist in all of them.

use std::fmt;

/// A language of the portal, in its order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Az,
    En,
    Ru,
}

impl Lang {
    pub const ALL: [Lang; 3] = [Lang::Az, Lang::En, Lang::Ru];

    /// The tag of BCP 47, as in `<html lang>` and `ui_locales`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Az => "az",
            Lang::En => "en",
            Lang::Ru => "ru",
        }
    }

    pub fn parse(tag: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.tag())
    }
}

/// One text in every language; none may be missing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    pub az: String,
    pub en: String,
    pub ru: String,
}

impl Localized {
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Az => &self.az,
            Lang::En => &self.en,
            Lang::Ru => &self.ru,
        }
    }

    /// Whether every language really has words.
    pub fn is_complete(&self) -> bool {
        Lang::ALL.iter().all(|lang| !self.in_lang(*lang).trim().is_empty())
    }
}

/// Puts values into the `{name}` places of a text. A value is never looked through for places of its own.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, place) = rest.split_at(at);
        out.push_str(before);
        let named = |(name, _): &&(&str, &str)| place[1..].strip_prefix(name).is_some_and(|end| end.starts_with('}'));
        rest = match values.iter().find(named) {
            Some((name, value)) => {
                out.push_str(value);
                &place[name.len() + 2..]
            }
            None => {
                out.push('{');
                &place[1..]
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_their_places_once() {
        assert_eq!(fill("{who} soruşur: {what}", &[("who", "Pəncərə"), ("what", "{who}")]), "Pəncərə soruşur: {who}");
        assert_eq!(fill("{who}{who} {other} {", &[("who", "a")]), "aa {other} {");
    }

    #[test]
    fn tags_round_trip_and_strangers_are_none() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.tag()), Some(lang));
        }
        assert_eq!(Lang::parse("AZ"), None);
    }

    #[test]
    fn an_empty_translation_is_not_complete() {
        let text = Localized { az: "Bəli".into(), en: " ".into(), ru: "Да".into() };
        assert!(!text.is_complete());
        assert_eq!(text.in_lang(Lang::Az), "Bəli");
    }
}
