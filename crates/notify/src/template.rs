//! The texts of notices: the country's folder `notices/`, one file each, read once and checked. A text has placeholders
//! `{name}`, `{name:money}` (whole qəpik) and `{name:date}` (ISO 8601), written as people of the language write them. A value
//! that differs by language is given as `name.az`, `name.en`, `name.ru`.

use base::{Date, Lang, Localized, Money};
use std::collections::{BTreeMap, BTreeSet};

/// The text used when a notice names none that exists: it says that there is news and where.
const GENERAL: &str = "general";
/// File of the words around every mail.
const MAIL: &str = "mail";

/// Every text of the country.
#[derive(Debug, Clone)]
pub struct Templates {
    notices: BTreeMap<String, Template>,
    pub(crate) mail: MailWords,
}

#[derive(Debug, Clone)]
struct Template {
    title: Localized,
    body: [Vec<Part>; 3],
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Localized,
    body: Localized,
}

/// The words around every mail. They and the notice's title are all that a mail says.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailWords {
    /// `Name <address>`
    pub sender: String,
    /// With `{name}`.
    pub greeting: Localized,
    pub greeting_without_name: Localized,
    /// With `{title}` and `{portal}`.
    pub text: Localized,
    pub closing: Localized,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Words(String),
    Value { name: String, kind: Kind },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Money,
    Date,
}

/// A notice in every language, as it is kept in the inbox: later changes of the texts do not change what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub title: Localized,
    pub body: Localized,
    /// The notice named a text that does not exist.
    pub fell_back: bool,
}

impl Templates {
    /// Reads the files of the folder, given as (name without `.toml`, text). The error is for the person who edits them.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Templates, String> {
        let (mut notices, mut mail) = (BTreeMap::new(), None);
        for (name, text) in files {
            let at = |error: String| format!("notices/{name}.toml: {error}");
            if name == MAIL {
                mail = Some(mail_words(text).map_err(at)?);
            } else {
                notices.insert(name.to_owned(), template(text).map_err(at)?);
            }
        }
        if !notices.contains_key(GENERAL) {
            return Err(format!("notices/{GENERAL}.toml is missing"));
        }
        Ok(Templates { notices, mail: mail.ok_or(format!("notices/{MAIL}.toml is missing"))? })
    }

    /// Reads a country's folder `notices`.
    pub fn load(folder: &std::path::Path) -> Result<Templates, String> {
        let at = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(at)? {
            let path = entry.map_err(at)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".toml"));
            if let Some(name) = name {
                files.push((name.to_owned(), std::fs::read_to_string(&path).map_err(at)?));
            }
        }
        Templates::parse(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.notices.keys().map(String::as_str)
    }

    /// The names of the values that a text speaks of.
    pub fn placeholders(&self, name: &str) -> Option<BTreeSet<String>> {
        self.notices.get(name).map(|template| used(&template.body[0]).into_iter().map(|(name, _)| name).collect())
    }

    pub(crate) fn render(&self, name: &str, values: &BTreeMap<String, String>) -> Rendered {
        let found = self.notices.get(name);
        let template = found.or_else(|| self.notices.get(GENERAL)).expect("parse checks that the general text exists");
        let body = |lang: Lang| render(&template.body[place(lang)], values, lang);
        Rendered {
            title: template.title.clone(),
            body: Localized { az: body(Lang::Az), en: body(Lang::En), ru: body(Lang::Ru) },
            fell_back: found.is_none(),
        }
    }
}

fn place(lang: Lang) -> usize {
    match lang {
        Lang::Az => 0,
        Lang::En => 1,
        Lang::Ru => 2,
    }
}

fn template(text: &str) -> Result<Template, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if !file.title.is_complete() || !file.body.is_complete() {
        return Err("a language is missing".into());
    }
    // The title is the subject of a mail, and mails carry no personal data.
    if Lang::ALL.iter().any(|lang| file.title.in_lang(*lang).contains('{')) {
        return Err("the title has a placeholder; it is the subject of a mail".into());
    }
    let parts = |lang: Lang| parse(file.body.in_lang(lang));
    let body = [parts(Lang::Az)?, parts(Lang::En)?, parts(Lang::Ru)?];
    if used(&body[0]) != used(&body[1]) || used(&body[0]) != used(&body[2]) {
        return Err("the languages do not use the same placeholders".into());
    }
    Ok(Template { title: file.title, body })
}

fn mail_words(text: &str) -> Result<MailWords, String> {
    let words: MailWords = toml::from_str(text).map_err(|error| error.to_string())?;
    let checks = [
        (&words.greeting, vec!["name"]),
        (&words.greeting_without_name, vec![]),
        (&words.text, vec!["portal", "title"]),
        (&words.closing, vec![]),
    ];
    for (text, names) in checks {
        for lang in Lang::ALL {
            let used: Vec<String> = used(&parse(text.in_lang(lang))?).into_iter().map(|(name, _)| name).collect();
            if used != names || text.in_lang(lang).trim().is_empty() {
                return Err(format!("{lang}: a text is missing or does not have exactly the placeholders {names:?}"));
            }
        }
    }
    Ok(words)
}

/// The words of a mail with its values put in.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    render(&parse(text).expect("checked when the texts were read"), &values, Lang::Az)
}

fn used(parts: &[Part]) -> BTreeSet<(String, Kind)> {
    let value = |part: &Part| match part {
        Part::Value { name, kind } => Some((name.clone(), *kind)),
        Part::Words(_) => None,
    };
    parts.iter().filter_map(value).collect()
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once('{') {
        let (placeholder, after) = after.split_once('}').ok_or("a { without its }")?;
        let (name, kind) = match placeholder.split_once(':') {
            None => (placeholder, Kind::Text),
            Some((name, "money")) => (name, Kind::Money),
            Some((name, "date")) => (name, Kind::Date),
            Some((_, other)) => return Err(format!("{other} is no kind of value")),
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(format!("{{{placeholder}}} is no placeholder"));
        }
        parts.push(Part::Words(words.to_owned()));
        parts.push(Part::Value { name: name.to_owned(), kind });
        rest = after;
    }
    parts.push(Part::Words(rest.to_owned()));
    Ok(parts)
}

fn render(parts: &[Part], values: &BTreeMap<String, String>, lang: Lang) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Words(words) => words.clone(),
            Part::Value { name, kind } => {
                let value = values.get(&format!("{name}.{lang}")).or_else(|| values.get(name));
                // A value that was forgotten is a gap that everybody sees, not a reason to lose the notice.
                value.map_or_else(|| "—".to_owned(), |value| written(value, *kind, lang))
            }
        })
        .collect()
}

/// As people of the language write it; what is not of its kind stays as it came.
fn written(value: &str, kind: Kind, lang: Lang) -> String {
    let other = || value.to_owned();
    match kind {
        Kind::Text => other(),
        Kind::Money => {
            value.parse().map_or_else(|_| other(), |qepik| Money::from_qepik(qepik).display(lang).to_string())
        }
        Kind::Date => value.parse().map_or_else(|_| other(), |date: Date| written_date(date, lang)),
    }
}

fn written_date(date: Date, lang: Lang) -> String {
    let months = match lang {
        Lang::Az => [
            "yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avqust", "sentyabr", "oktyabr", "noyabr",
            "dekabr",
        ],
        Lang::En => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Lang::Ru => [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ],
    };
    let month = months[usize::from(date.month().unsigned_abs()) - 1];
    format!("{}\u{a0}{month}\u{a0}{}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERAL_TEXT: &str = r#"title = { az = "Yenilik", en = "News", ru = "Новость" }
body = { az = "{service}: {amount:money}, {due:date}", en = "{service}: {amount:money}, {due:date}", ru = "{service}: {amount:money}, {due:date}" }"#;
    const MAIL_TEXT: &str = r#"sender = "Portal <no-reply@portal.example>"
greeting = { az = "Hörmətli {name},", en = "Dear {name},", ru = "{name}!" }
greeting_without_name = { az = "Salam,", en = "Hello,", ru = "Здравствуйте!" }
text = { az = "{title} {portal}", en = "{title} {portal}", ru = "{title} {portal}" }
closing = { az = "Portal", en = "Portal", ru = "Портал" }"#;

    #[test]
    fn values_are_written_in_the_readers_way() {
        let templates = Templates::parse([("general", GENERAL_TEXT), ("mail", MAIL_TEXT)]).expect("right");
        let values: BTreeMap<String, String> = [
            ("service.az", "Tikintiyə icazə"),
            ("service.en", "Construction permit"),
            ("service.ru", "Разрешение на строительство"),
            ("amount", "110000"),
            ("due", "2026-12-05"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let rendered = templates.render("general", &values);
        assert_eq!(rendered.body.az, "Tikintiyə icazə: 1\u{a0}100,00\u{a0}AZN, 5\u{a0}dekabr\u{a0}2026");
        assert_eq!(rendered.body.en, "Construction permit: 1,100.00\u{a0}AZN, 5\u{a0}December\u{a0}2026");
        assert_eq!(rendered.body.ru, "Разрешение на строительство: 1\u{a0}100,00\u{a0}AZN, 5\u{a0}декабря\u{a0}2026");
        assert!(!rendered.fell_back);
    }

    #[test]
    fn an_unknown_text_and_a_forgotten_value_lose_no_notice() {
        let templates = Templates::parse([("general", GENERAL_TEXT), ("mail", MAIL_TEXT)]).expect("right");
        let rendered = templates.render("nothing-of-the-kind", &BTreeMap::from([("due".into(), "soon".into())]));
        assert!(rendered.fell_back);
        assert_eq!(rendered.body.en, "—: —, soon");
    }

    #[test]
    fn a_value_cannot_bring_placeholders_of_its_own() {
        let templates = Templates::parse([("general", GENERAL_TEXT), ("mail", MAIL_TEXT)]).expect("right");
        let values = BTreeMap::from([("service".into(), "{amount:money}".into()), ("amount".into(), "1".into())]);
        assert!(templates.render("general", &values).body.en.starts_with("{amount:money}: 0.01"));
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, reason) in [
            ("{due:date}\", en", "{due:date\", en", "without its }"),
            ("en = \"{service}", "en = \"{servis}", "same placeholders"),
            ("{amount:money}", "{amount:colour}", "no kind of value"),
            ("en = \"News\"", "en = \"News {service}\"", "subject of a mail"),
            ("ru = \"Новость\"", "ru = \"\"", "language is missing"),
            ("{due:date}", "{due date}", "no placeholder"),
        ] {
            let changed = GENERAL_TEXT.replace(from, to);
            assert_ne!(changed, GENERAL_TEXT, "{from}");
            let error = Templates::parse([("general", changed.as_str()), ("mail", MAIL_TEXT)]).expect_err(reason);
            assert!(error.contains(reason), "{reason}: {error}");
        }
        let error = Templates::parse([("general", GENERAL_TEXT)]).expect_err("no mail");
        assert!(error.contains("mail.toml is missing"));
        let error = Templates::parse([("mail", MAIL_TEXT)]).expect_err("no general");
        assert!(error.contains("general.toml is missing"));
        let talkative = MAIL_TEXT.replace("Dear {name}", "Dear {name} {pin}");
        let error = Templates::parse([("general", GENERAL_TEXT), ("mail", &talkative)]).expect_err("too much");
        assert!(error.contains("exactly the placeholders"), "{error}");
    }

    #[test]
    fn the_countrys_texts_are_right() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az/notices");
        let templates = Templates::load(&folder).expect("the country's texts are valid");
        assert!(templates.names().count() > 10);
        let asked = templates.placeholders("payment-received").expect("payments tell by it");
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["amount", "purpose", "receipt"]);
    }
}
