//! The components: each a template of its own with a typed view. Pages put them together and write no markup twice.

use askama::{Template, filters::HtmlSafe};

/// Declares that a component's rendering is markup already escaped by its own template.
macro_rules! component {
    ($($part:ident),+) => { $(impl HtmlSafe for $part {})+ };
}
component!(Field, Errors, Evidence, Timeline, Note, Tag, Fee, DocCard, QrCard, Bars, Pager, Crumbs, Facts, Empty, Icon);

/// One choice of a list, radio group or selection.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: String,
    pub chosen: bool,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// `input` of this type: text, tel, email, number, date, search.
    Line(&'static str),
    Area,
    Select(Vec<Choice>),
    Radio(Vec<Choice>),
    Check,
    File {
        accept: String,
    },
}

/// A question with its label, hint, error and control.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/field.html")]
pub struct Field {
    pub name: String,
    pub label: String,
    pub hint: String,
    pub error: String,
    pub value: String,
    pub kind: Kind,
    pub autocomplete: &'static str,
    /// `short`, `mid` or nothing.
    pub width: &'static str,
}

impl Field {
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: Kind) -> Self {
        Field {
            name: name.into(),
            label: label.into(),
            hint: String::new(),
            error: String::new(),
            value: String::new(),
            kind,
            autocomplete: "",
            width: "",
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = error.into();
        self
    }

    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    pub fn width(mut self, width: &'static str) -> Self {
        self.width = width;
        self
    }

    /// The value of `aria-describedby`; empty when nothing describes the control.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = (!self.error.is_empty()).then(|| format!("{}-error", self.name));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The summary above a form that was refused: one line per field, each a link to it.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/errors.html")]
pub struct Errors {
    pub title: String,
    /// (id of the field or empty, what is wrong and how to put it right)
    pub items: Vec<(String, String)>,
}

impl Errors {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Gathers the errors that the fields carry.
    pub fn of(title: &str, fields: &[Field]) -> Self {
        let items = fields.iter().filter(|field| !field.error.is_empty());
        Errors {
            title: title.to_owned(),
            items: items.map(|field| (field.name.clone(), field.error.clone())).collect(),
        }
    }
}

/// One fact that the state already knew: shown as text with its source, never as an empty field.
#[derive(Debug, Clone, Default)]
pub struct EvidenceRow {
    pub name: String,
    pub value: String,
    /// "from the tax register, today 14:02"; empty while the register has not answered.
    pub from: String,
    /// What to show instead of a value when the register did not answer.
    pub waiting: String,
    /// Link to say that it is wrong, with its words.
    pub wrong: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/evidence.html")]
pub struct Evidence {
    pub rows: Vec<EvidenceRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    Past,
    Now,
    Next,
    Bad,
}

#[derive(Debug, Clone)]
pub struct Moment {
    pub tense: Tense,
    pub title: String,
    pub when: String,
    pub text: String,
    pub link: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/timeline.html")]
pub struct Timeline {
    pub moments: Vec<Moment>,
}

/// The mood of a notification or tag; the words carry the meaning, the colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Plain,
    Info,
    Good,
    Warn,
    Bad,
}

impl Mood {
    pub fn class(self) -> &'static str {
        match self {
            Mood::Plain => "",
            Mood::Info => " info",
            Mood::Good => " good",
            Mood::Warn => " warn",
            Mood::Bad => " bad",
        }
    }
}

#[derive(Debug, Clone, Template)]
#[template(path = "parts/note.html")]
pub struct Note {
    pub mood: Mood,
    pub title: String,
    pub text: String,
    pub link: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, Template)]
#[template(source = r#"<span class="tag{{ mood.class() }}">{{ text }}</span>"#, ext = "html")]
pub struct Tag {
    pub mood: Mood,
    pub text: String,
}

impl Tag {
    pub fn new(mood: Mood, text: impl Into<String>) -> Self {
        Tag { mood, text: text.into() }
    }
}

#[derive(Debug, Clone, Template)]
#[template(path = "parts/fee.html")]
pub struct Fee {
    pub label: String,
    pub amount: String,
    pub text: String,
}

#[derive(Debug, Clone, Template)]
#[template(path = "parts/doc.html")]
pub struct DocCard {
    pub title: String,
    pub href: String,
    pub lines: Vec<String>,
    pub tag: Option<Tag>,
}

#[derive(Debug, Clone, Template)]
#[template(path = "parts/qr.html")]
pub struct QrCard {
    /// Path data of the dark modules and the side of the square in modules.
    pub path: String,
    pub side: usize,
    pub label: String,
    pub address: String,
    pub caption: String,
}

impl QrCard {
    /// None when the address is too long for a QR code.
    pub fn new(address: &str, label: &str, caption: &str) -> Option<Self> {
        let code = fast_qr::QRBuilder::new(address).build().ok()?;
        // Four light modules around the code are part of it (ISO/IEC 18004 §5.3.8).
        let (quiet, size) = (4, code.size);
        let mut path = String::new();
        for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
            if code[y][x].value() {
                path.push_str(&format!("M{} {}h1v1h-1z", x + quiet, y + quiet));
            }
        }
        let (label, address, caption) = (label.to_owned(), address.to_owned(), caption.to_owned());
        Some(QrCard { path, side: size + 2 * quiet, label, address, caption })
    }
}

#[derive(Debug, Clone)]
pub struct Bar {
    pub label: String,
    pub value: i64,
    pub shown: String,
}

/// A bar chart drawn here, with the table of its numbers behind it.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/bars.html")]
pub struct Bars {
    pub title: String,
    pub label_head: String,
    pub value_head: String,
    pub table_label: String,
    pub rows: Vec<Bar>,
}

impl Bars {
    fn height(&self) -> usize {
        self.rows.len() * 30
    }

    /// The rows with their vertical place and width in the drawing, 640 units wide, bars in the right 360.
    fn drawn(&self) -> Vec<(usize, i64, &Bar)> {
        let most = self.rows.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
        self.rows.iter().enumerate().map(|(place, bar)| (place * 30, bar.value.max(0) * 330 / most, bar)).collect()
    }
}

#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/pager.html")]
pub struct Pager {
    pub label: String,
    pub previous: Option<(String, String)>,
    pub next: Option<(String, String)>,
    pub text: String,
}

/// Where I am: links from the first page to this one's parent.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/crumbs.html")]
pub struct Crumbs {
    pub label: String,
    pub links: Vec<(String, String)>,
}

/// One line of a summary: name, value, optional link (address, words, words for those who hear it).
#[derive(Debug, Clone, Default)]
pub struct Fact {
    pub name: String,
    pub value: String,
    pub note: String,
    pub change: Option<(String, String)>,
}

impl Fact {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Fact { name: name.into(), value: value.into(), ..Fact::default() }
    }
}

#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/facts.html")]
pub struct Facts {
    pub rows: Vec<Fact>,
}

#[derive(Debug, Clone, Template)]
#[template(path = "parts/empty.html")]
pub struct Empty {
    pub title: String,
    pub text: String,
    pub link: Option<(String, String)>,
}

/// A drawing beside words, hidden from those who hear the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "parts/icon.html")]
pub struct Icon {
    pub name: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_card_carries_its_address_and_quiet_zone() {
        let card = QrCard::new("http://localhost:8800/v/ABCD-EFGH", "QR", "Scan").expect("short enough");
        assert!(card.path.starts_with("M4 4h1v1h-1z"), "the finder begins after the quiet zone");
        assert!(card.side >= 21 + 8);
        assert!(QrCard::new(&"x".repeat(10_000), "", "").is_none());
    }

    #[test]
    fn bars_never_divide_by_nothing() {
        let bar = Bar { label: "a".into(), value: 0, shown: "0".into() };
        let text = String::new;
        let bars = Bars { title: text(), label_head: text(), value_head: text(), table_label: text(), rows: vec![bar] };
        assert_eq!(bars.drawn()[0].1, 0);
    }

    #[test]
    fn errors_link_to_the_fields_that_carry_them() {
        let fields = [Field::new("a", "A", Kind::Area), Field::new("b", "B", Kind::Check).error("Tick it")];
        let errors = Errors::of("Problem", &fields);
        assert_eq!(errors.items, [("b".to_owned(), "Tick it".to_owned())]);
        assert_eq!(fields[1].described(), "b-error");
    }
}
