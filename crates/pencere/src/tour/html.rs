//! Reads our own pages the way a person's browser would need them: forms, links, headings, visible text. It knows only the
//! HTML that the product writes (attributes in double quotes), and says so by finding nothing.

/// A form with the values that it would send if nothing were changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    pub action: String,
    pub post: bool,
    pub multipart: bool,
    /// Hidden fields, pre-filled fields and chosen options, in the page's order.
    pub fields: Vec<(String, String)>,
    /// Names and values of the form's submit buttons that have a name.
    pub buttons: Vec<(String, String)>,
    /// All text inside, for choosing among several forms.
    pub text: String,
}

impl Form {
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }
}

/// An opening tag: its name and attributes.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
}

impl Tag<'_> {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> String {
        self.attribute(name).unwrap_or_default().to_owned()
    }
}

enum Piece<'a> {
    Open(Tag<'a>),
    Close(&'a str),
    Text(String),
}

/// The forms of a page, in order.
pub fn forms(page: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut reader = FormReader::default();
    for piece in pieces(page) {
        if let Some(form) = reader.take(piece) {
            forms.push(form);
        }
    }
    forms
}

#[derive(Default)]
struct FormReader {
    form: Option<Form>,
    /// The select being read and whether one of its options was chosen.
    select: Option<(String, bool)>,
    textarea: Option<String>,
}

impl FormReader {
    /// Returns a form when the piece ends it.
    fn take(&mut self, piece: Piece<'_>) -> Option<Form> {
        match piece {
            Piece::Open(tag) => self.open(&tag),
            Piece::Text(text) => {
                if let Some(form) = &mut self.form {
                    form.text.push_str(&text);
                    form.text.push(' ');
                    if let Some(name) = self.textarea.take() {
                        form.fields.push((name, text));
                    }
                }
            }
            Piece::Close("textarea") => {
                if let (Some(form), Some(name)) = (&mut self.form, self.textarea.take()) {
                    form.fields.push((name, String::new()));
                }
            }
            Piece::Close("select") => self.select = None,
            Piece::Close("form") => return self.form.take(),
            Piece::Close(_) => {}
        }
        None
    }

    fn open(&mut self, tag: &Tag<'_>) {
        if tag.name == "form" {
            self.form = Some(Form {
                action: tag.owned("action"),
                post: tag.owned("method").eq_ignore_ascii_case("post"),
                multipart: tag.owned("enctype") == "multipart/form-data",
                ..Form::default()
            });
            return;
        }
        let Some(form) = &mut self.form else { return };
        let field = (tag.owned("name"), tag.owned("value"));
        match tag.name {
            "input" => match tag.attribute("type").unwrap_or("text") {
                "submit" => form.buttons.push(field),
                "file" => {}
                "checkbox" | "radio" if tag.attribute("checked").is_none() => {}
                _ if !field.0.is_empty() => form.fields.push(field),
                _ => {}
            },
            "button" if !field.0.is_empty() => form.buttons.push(field),
            "textarea" => self.textarea = Some(field.0),
            "select" => self.select = Some((field.0, false)),
            "option" => {
                if let Some((name, chosen)) = &mut self.select
                    && (tag.attribute("selected").is_some() || !*chosen)
                {
                    form.fields.retain(|(field, _)| field != name);
                    form.fields.push((name.clone(), field.1));
                    *chosen = true;
                }
            }
            _ => {}
        }
    }
}

/// The links of a page: address and text.
pub fn links(page: &str) -> Vec<(String, String)> {
    let mut links = Vec::new();
    let mut open: Option<(String, String)> = None;
    for piece in pieces(page) {
        match piece {
            Piece::Open(tag) if tag.name == "a" => open = Some((tag.owned("href"), String::new())),
            Piece::Text(text) => {
                if let Some((_, words)) = &mut open {
                    words.push_str(&text);
                    words.push(' ');
                }
            }
            Piece::Close("a") => links.extend(open.take().map(|(href, words)| (href, squeezed(&words)))),
            _ => {}
        }
    }
    links
}

/// The first `<h1>`.
pub fn heading(page: &str) -> String {
    let after = page.split("<h1").nth(1).and_then(|rest| rest.split_once('>'));
    let inside = after.and_then(|(_, rest)| rest.split("</h1>").next()).unwrap_or_default();
    text(inside)
}

/// Everything a reader would read, tags removed, spaces single.
pub fn text(page: &str) -> String {
    let mut words = String::new();
    let mut silent = false;
    for piece in pieces(page) {
        match piece {
            Piece::Open(tag) if matches!(tag.name, "style" | "script" | "head") => silent = true,
            Piece::Close("style" | "script" | "head") => silent = false,
            Piece::Text(text) if !silent => {
                words.push_str(&text);
                words.push(' ');
            }
            _ => {}
        }
    }
    squeezed(&words)
}

/// The text of the page's own part, without what surrounds every page.
pub fn main_text(page: &str) -> String {
    let inside = page.split("<main").nth(1).and_then(|rest| rest.split_once('>'));
    text(inside.map_or("", |(_, inside)| inside.split("</main>").next().unwrap_or_default()))
}

fn squeezed(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pieces(page: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = page;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").map_or("", |(_, after)| after);
            return Some(Piece::Text(String::new()));
        }
        let Some(after) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let text = unescape(&rest[..end]);
            rest = &rest[end..];
            return Some(Piece::Text(text));
        };
        let (inside, after) = after.split_once('>').unwrap_or((after, ""));
        rest = after;
        Some(match inside.strip_prefix('/') {
            Some(name) => Piece::Close(name.trim()),
            None => Piece::Open(tag(inside)),
        })
    })
}

fn tag(inside: &str) -> Tag<'_> {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside.trim_end_matches('/'), ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|letter: char| letter.is_whitespace() || letter == '=').unwrap_or(rest.len());
        let key = rest[..end].trim_end_matches('/');
        rest = &rest[end..];
        if key.is_empty() {
            break;
        }
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix("=\"") {
            let (quoted, after) = after.split_once('"').unwrap_or((after, ""));
            value = unescape(quoted);
            rest = after;
        }
        attributes.push((key, value));
    }
    Tag { name, attributes }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let entity = rest.find(';').filter(|end| *end <= 10).map(|end| &rest[1..end]);
        match entity.and_then(character) {
            Some(letter) => {
                out.push(letter);
                rest = &rest[entity.map_or(0, str::len) + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><head><title>no</title></head><body><h1 id="a">İş <em>bir</em></h1>
      <a href="/x?a=1&amp;b=2">Go &#39;on&#x27;</a>
      <form action="/send" method="post"><input type="hidden" name="csrf" value="t&quot;k"/>
      <input type="radio" name="who" value="me" checked><input type="radio" name="who" value="you">
      <select name="lang"><option value="az">A</option><option value="en" selected>E</option></select>
      <textarea name="why">because</textarea><textarea name="empty"></textarea>
      <button name="do" value="go">Send</button></form></body></html>"#;

    #[test]
    fn a_form_sends_what_a_browser_would_send() {
        let form = forms(PAGE).pop().expect("one form");
        assert_eq!((form.action.as_str(), form.post), ("/send", true));
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("csrf", "t\"k"), ("who", "me"), ("lang", "en"), ("why", "because"), ("empty", "")]);
        assert_eq!(form.buttons, [("do".to_owned(), "go".to_owned())]);
    }

    #[test]
    fn links_headings_and_text_are_what_a_reader_sees() {
        assert_eq!(links(PAGE), [("/x?a=1&b=2".to_owned(), "Go 'on'".to_owned())]);
        assert_eq!(heading(PAGE), "İş bir");
        assert!(text(PAGE).starts_with("İş bir Go 'on'"), "{}", text(PAGE));
    }
}
