//! Judges every rendered page: well formed, one `h1`, a title, unique ids, a label for every control, a token in every form
//! that changes something, targets of descriptions there, nothing from another host, no inline style or script.

use super::*;
use quick_xml::{Reader, events::Event};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
struct Found {
    ids: Vec<String>,
    labels: BTreeSet<String>,
    controls: Vec<String>,
    pointed_at: Vec<String>,
    headings: usize,
    problems: Vec<String>,
    tags: BTreeMap<String, usize>,
    forms: Vec<(bool, bool)>,
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>) -> BTreeMap<String, String> {
    tag.attributes()
        .map(|attribute| {
            let attribute = attribute.expect("well-formed attributes");
            (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
        })
        .collect()
}

impl Found {
    fn open(&mut self, name: &str, attributes: &BTreeMap<String, String>) {
        *self.tags.entry(name.to_owned()).or_default() += 1;
        let has = |key: &str| attributes.get(key).cloned();
        self.ids.extend(has("id"));
        for pointer in ["aria-describedby", "aria-labelledby"] {
            self.pointed_at
                .extend(has(pointer).unwrap_or_default().split(' ').filter(|id| !id.is_empty()).map(str::to_owned));
        }
        for (key, value) in attributes {
            if key == "style" || key.starts_with("on") {
                self.problems.push(format!("inline {key}"));
            }
            if ["src", "href", "action", "xmlns"].contains(&key.as_str()) && value.contains("//") {
                self.problems.push(format!("another host in {key}: {value}"));
            }
        }
        match name {
            "h1" => self.headings += 1,
            "script" | "style" | "iframe" => self.problems.push(format!("a {name} element")),
            "label" => self.labels.extend(has("for")),
            "form" => self.forms.push((has("method").as_deref() == Some("post"), false)),
            "input" if has("type").as_deref() == Some("hidden") => {
                if has("name").as_deref() == Some("token")
                    && let Some(form) = self.forms.last_mut()
                {
                    form.1 = true;
                }
            }
            "input" | "select" | "textarea" => self.controls.push(has("id").unwrap_or_default()),
            "img" if has("alt").is_none() => self.problems.push("an image without words".into()),
            _ => {}
        }
    }
}

fn judge(page: &str) -> Vec<String> {
    let mut reader = Reader::from_str(page.strip_prefix("<!DOCTYPE html>").expect("a page begins with its type"));
    reader.config_mut().check_end_names = true;
    let (mut found, mut depth) = (Found::default(), 0_i32);
    loop {
        match reader.read_event() {
            Err(error) => return vec![format!("not well formed at {}: {error}", reader.buffer_position())],
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) => {
                depth += 1;
                found.open(tag.name().as_ref(), &attributes(&tag));
            }
            Ok(Event::Empty(tag)) => found.open(tag.name().as_ref(), &attributes(&tag)),
            Ok(Event::End(_)) => depth -= 1,
            Ok(_) => {}
        }
    }
    let Found { ids, labels, controls, pointed_at, headings, mut problems, tags, forms } = found;
    let unique: BTreeSet<&String> = ids.iter().collect();
    let mut wish = |fine: bool, words: String| {
        if !fine {
            problems.push(words);
        }
    };
    wish(depth == 0, format!("{depth} elements stay open"));
    wish(headings == 1, format!("{headings} main headings"));
    wish(tags.get("title") == Some(&1), "no title".into());
    wish(unique.len() == ids.len(), format!("ids twice: {ids:?}"));
    wish(forms.iter().all(|(post, token)| !post || *token), "a form that changes something has no token".into());
    for control in controls {
        wish(labels.contains(&control), format!("the control {control:?} has no label"));
    }
    for id in pointed_at {
        wish(unique.contains(&id), format!("nothing has the id {id}"));
    }
    wish(!page.contains("{}"), "a placeholder was left".into());
    problems
}

#[test]
fn every_page_in_every_state_and_language_is_sound() {
    for lang in Lang::ALL {
        for (name, page) in all(lang) {
            assert_eq!(judge(&page), Vec::<String>::new(), "{name} in {lang}");
            assert!(page.len() < 43 * 1024, "{name} in {lang} is {} bytes", page.len());
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{name} in {lang}");
            show(lang, name, &page);
        }
    }
}

/// Writes the page where somebody can look at it, if `PENCERE_PAGES` names a folder.
#[expect(clippy::disallowed_methods, reason = "a developer says where the pages should go")]
fn show(lang: Lang, name: &str, page: &str) {
    let Ok(folder) = std::env::var("PENCERE_PAGES") else { return };
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let page = page.replace("/assets/pencere.css", "pencere.css");
    std::fs::write(folder.join(format!("{name}-{lang}.html")), page).expect("the page can be written");
    std::fs::write(folder.join("pencere.css"), include_str!("../../assets/pencere.css"))
        .expect("the style can be written");
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let page = |body: &str| {
        format!("<!DOCTYPE html><html lang=\"az\"><head><title>x</title></head><body><h1>x</h1>{body}</body></html>")
    };
    assert_eq!(judge(&page("<p>fine</p>")), Vec::<String>::new());
    for broken in [
        "<p>open",
        "<h1>second</h1>",
        "<p id=\"a\"/><p id=\"a\"/>",
        "<input type=\"text\" id=\"q\"/>",
        "<form method=\"post\"/>",
        "<a href=\"https://elsewhere.example/\"/>",
        "<p style=\"color:red\"/>",
        "<script/>",
        "<p aria-describedby=\"nothing\"/>",
    ] {
        assert_ne!(judge(&page(broken)), Vec::<String>::new(), "{broken}");
    }
}
