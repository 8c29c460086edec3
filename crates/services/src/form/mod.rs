//! The form of an e-service: typed fields, grouped into steps of one question group a page, with conditions in CEL.
//! What the registers know is not a field: it comes as evidence and cannot be edited.

mod answer;

pub use answer::{Answers, canonical, is_visible_field, is_visible_step, visible_fields, visible_steps};

use base::{Localized, Money};
use serde::{Deserialize, Serialize};

/// What kind of answer a field takes, with its limits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    Text {
        #[serde(default = "text_letters_max")]
        letters_max: usize,
    },
    Longtext {
        #[serde(default = "longtext_letters_max")]
        letters_max: usize,
    },
    Choice {
        options: Vec<ChoiceOption>,
    },
    /// A whole number within its bounds (floors, square metres).
    Number {
        min: i64,
        max: i64,
    },
    Date {
        /// Earliest and latest day, in days from today; absent is without limit.
        days_min: Option<i64>,
        days_max: Option<i64>,
    },
    Yesno,
    Money {
        max: Money,
    },
    Phone,
    Email,
    File {
        accept: Vec<FileKind>,
        size_bytes_max: u64,
        files_max: usize,
    },
}

fn text_letters_max() -> usize {
    200
}

fn longtext_letters_max() -> usize {
    2_000
}

/// File formats that are known by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    Pdf,
    Dwg,
    Jpeg,
    Png,
}

impl FileKind {
    pub fn media_type(self) -> &'static str {
        match self {
            FileKind::Pdf => "application/pdf",
            // The registered type of RFC-less DWG files (IANA: image/vnd.dwg).
            FileKind::Dwg => "image/vnd.dwg",
            FileKind::Jpeg => "image/jpeg",
            FileKind::Png => "image/png",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            FileKind::Pdf => "pdf",
            FileKind::Dwg => "dwg",
            FileKind::Jpeg => "jpg",
            FileKind::Png => "png",
        }
    }

    /// What the content says it is; the name and the browser's word count for nothing.
    pub fn sniff(content: &[u8]) -> Option<FileKind> {
        // AutoCAD writes its version as AC10xx (AC1015 = 2000 … AC1032 = 2018) into the first six bytes.
        let dwg = content.len() > 6 && content.starts_with(b"AC10") && content[4..6].iter().all(u8::is_ascii_digit);
        match content {
            _ if content.starts_with(b"%PDF-") => Some(FileKind::Pdf),
            _ if dwg => Some(FileKind::Dwg),
            _ if content.starts_with(&[0xff, 0xd8, 0xff]) => Some(FileKind::Jpeg),
            _ if content.starts_with(&[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a]) => Some(FileKind::Png),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    pub value: String,
    pub label: Localized,
    pub hint: Option<Localized>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub id: String,
    pub label: Localized,
    pub hint: Option<Localized>,
    pub kind: Kind,
    #[serde(default = "yes")]
    pub required: bool,
    /// CEL: the field is asked only when this holds; a field that is not asked has no value, always.
    pub when: Option<String>,
    /// CEL over all answers, with the words shown when it does not hold.
    pub check: Option<String>,
    pub check_message: Option<Localized>,
}

fn yes() -> bool {
    true
}

/// One page of the form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: String,
    pub title: Localized,
    pub hint: Option<Localized>,
    pub when: Option<String>,
    /// Ids of evidence questions whose values are shown on this page, as text with source and date.
    #[serde(default)]
    pub evidence: Vec<String>,
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
}

/// `form.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// What the applicant declares with the signature.
    pub declaration: Localized,
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

impl Form {
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.steps.iter().flat_map(|step| &step.fields)
    }

    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields().find(|field| field.id == id)
    }
}
