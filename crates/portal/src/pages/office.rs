//! Pages of the back office: queue, case, decision, the operator's tables.

use crate::{parts::*, shell::Shell};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "office/welcome.html")]
pub struct Welcome {
    pub s: Shell,
    pub notes: Vec<Note>,
}

/// The official's own page.
#[derive(Debug, Template)]
#[template(path = "office/post.html")]
pub struct Post {
    pub s: Shell,
    pub facts: Facts,
}

#[derive(Debug, Clone)]
pub struct QueueLine {
    pub href: String,
    pub reference: String,
    pub service: String,
    pub applicant: String,
    pub tag: Tag,
    pub due: String,
    pub left: String,
    pub received: String,
    /// `late`, `soon` or nothing.
    pub urgency: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "office/queue.html")]
pub struct Queue {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub counts: String,
    pub tabs: Vec<(String, String, bool)>,
    pub rows: Vec<QueueLine>,
}

#[derive(Debug, Template)]
#[template(path = "office/case.html")]
pub struct OfficeCase {
    pub s: Shell,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub service: String,
    pub reference: String,
    pub applicant: String,
    pub tag: Tag,
    pub due: String,
    pub left: String,
    pub urgency: &'static str,
    pub facts: Facts,
    pub evidence: Vec<(String, Evidence)>,
    pub documents: Vec<DocCard>,
    pub checks: Vec<(String, String, Tag)>,
    pub computed: Facts,
    pub claim: Option<String>,
    pub release: Option<String>,
    pub decide: Option<String>,
    pub fields: Vec<Field>,
    pub ask: Option<String>,
    pub question: Field,
    /// Originals to be read: title, address of the form, its fields.
    pub originals: Vec<(String, String, Vec<Field>)>,
    pub timeline: Timeline,
}

#[derive(Debug, Template)]
#[template(path = "office/confirm.html")]
pub struct Confirm {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub notes: Vec<Note>,
    pub reference: String,
    pub facts: Facts,
    pub preview: String,
    pub action: String,
    pub drop: String,
    pub back: String,
}

#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub text: String,
    pub tag: Option<Tag>,
    pub mono: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    pub id: &'static str,
    pub title: String,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Template)]
#[template(path = "office/operator.html")]
pub struct Operator {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub tabs: Vec<(String, String, bool)>,
    pub figures: Vec<(String, String, Option<Tag>)>,
    pub chart: Option<Bars>,
    pub tables: Vec<Table>,
    pub at: String,
}
