//! What a document says, before it has a shape.

use base::{Lang, Localized, Timestamp};

/// A labelled value.
#[derive(Debug, Clone)]
pub struct Line {
    pub label: Localized,
    pub value: Localized,
}

#[derive(Debug, Clone)]
pub enum Body {
    Text(Localized),
    Lines(Vec<Line>),
    /// Labels left, amounts right, the last one in bold: a computation.
    Sum(Vec<Line>),
    Table {
        columns: Vec<Localized>,
        rows: Vec<Vec<String>>,
    },
}

#[derive(Debug, Clone)]
pub struct Block {
    pub title: Localized,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub struct Signer {
    pub label: Localized,
    pub name: String,
    pub position: Option<String>,
    pub on: String,
}

/// Where anyone may check the document.
#[derive(Debug, Clone)]
pub struct Check {
    pub caption: Localized,
    pub address: String,
}

/// A document of one to a few pages. What carries it stands in all three languages, the rest in `lang`.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Azerbaijani for what an agency decides or takes; the reader's own for a receipt.
    pub lang: Lang,
    /// Framed and centred, for the wall; otherwise plain, for the file.
    pub ceremonial: bool,
    pub state: Localized,
    pub issuer: Localized,
    pub title: Localized,
    pub lead: Localized,
    /// Number, date and the like, side by side under the title.
    pub marks: Vec<(Localized, String)>,
    pub blocks: Vec<Block>,
    pub signer: Option<Signer>,
    pub check: Option<Check>,
    pub page: Localized,
    /// Moment of making, as the file states it.
    pub at: Timestamp,
}
