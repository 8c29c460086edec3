//! Pages of a person who has logged in: application, cases, money, inbox, e-Safe, own data, profile.

use crate::{parts::*, shell::Shell};
use askama::Template;

/// How far an application is, counted over the pages that its answers lead through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "parts/progress.html")]
pub struct Progress {
    pub number: usize,
    pub count: usize,
}

impl askama::filters::HtmlSafe for Progress {}

impl Progress {
    fn words(&self, s: &Shell) -> String {
        s.f("step.progress", &[("number", &self.number.to_string()), ("count", &self.count.to_string())])
    }

    fn places(&self) -> impl Iterator<Item = &'static str> {
        let number = self.number;
        (1..=self.count).map(move |place| match place.cmp(&number) {
            std::cmp::Ordering::Less => "past",
            std::cmp::Ordering::Equal => "here",
            std::cmp::Ordering::Greater => "ahead",
        })
    }
}

#[derive(Debug, Clone)]
pub struct FileLine {
    pub id: String,
    pub name: String,
    pub size: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/step.html")]
pub struct Step {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub service: String,
    pub heading: String,
    pub intro: String,
    pub progress: Progress,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub evidence: Evidence,
    pub action: String,
    pub hidden: Vec<(String, String)>,
    pub fields: Vec<Field>,
    /// The form carries a file.
    pub upload: bool,
    pub files: Vec<FileLine>,
    pub go: String,
    pub back: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/summary.html")]
pub struct Summary {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub service: String,
    pub progress: Progress,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub sections: Vec<(String, Facts)>,
    pub evidence: Evidence,
    pub fee: Option<Fee>,
    pub declaration: Field,
    pub can_sign: bool,
    pub action: String,
    pub back: Option<String>,
}

/// A page that waits for a phone or a payment: a sentence, a button, and it asks again by itself.
#[derive(Debug, Template)]
#[template(path = "citizen/waiting.html")]
pub struct Waiting {
    pub s: Shell,
    pub heading: String,
    pub text: String,
    pub code: String,
    pub check: String,
    pub cancel: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/receipt.html")]
pub struct Receipt {
    pub s: Shell,
    pub heading: String,
    pub reference: String,
    pub when: String,
    pub fee: Option<Fee>,
    pub pay: String,
    pub timeline: Timeline,
    pub case: String,
}

#[derive(Debug, Clone)]
pub struct CaseLine {
    pub href: String,
    pub service: String,
    pub reference: String,
    pub tag: Tag,
    pub line: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/cases.html")]
pub struct Cases {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub drafts: Vec<CaseLine>,
    pub cases: Vec<CaseLine>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/case.html")]
pub struct Case {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub service: String,
    pub reference: String,
    pub tag: Tag,
    pub notes: Vec<Note>,
    pub fee: Option<Fee>,
    pub pay: String,
    /// Who has it now, what comes next, by which date, what if it is late.
    pub now_facts: Facts,
    pub actions: Vec<CaseAction>,
    pub timeline: Timeline,
    pub evidence: Evidence,
    pub answers: Facts,
    pub documents: Vec<DocCard>,
    pub ask: Option<String>,
}

/// Something the applicant can do now.
#[derive(Debug, Clone)]
pub struct CaseAction {
    pub href: String,
    pub words: String,
    /// The action changes something: it is a form and not a link.
    pub post: bool,
    pub main: bool,
}

#[derive(Debug, Clone)]
pub struct DebtLine {
    pub fee: Fee,
    pub code: String,
    pub href: String,
}

#[derive(Debug, Clone)]
pub struct PaidLine {
    pub what: String,
    pub when: String,
    pub amount: String,
    pub number: String,
    pub href: String,
    /// The sealed receipt in the e-Safe, once it lies there.
    pub paper: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/payments.html")]
pub struct Payments {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub debts: Vec<DebtLine>,
    pub paid: Vec<PaidLine>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/payment.html")]
pub struct Payment {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub heading: String,
    pub notes: Vec<Note>,
    pub fee: Fee,
    pub facts: Facts,
    pub pay: Option<String>,
    pub case: Option<String>,
}

#[derive(Debug, Clone)]
pub struct MessageLine {
    pub href: String,
    pub title: String,
    pub when: String,
    pub unread: bool,
}

#[derive(Debug, Template)]
#[template(path = "citizen/inbox.html")]
pub struct Inbox {
    pub s: Shell,
    pub messages: Vec<MessageLine>,
    pub pager: Pager,
}

#[derive(Debug, Template)]
#[template(path = "citizen/message.html")]
pub struct Message {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub title: String,
    pub when: String,
    pub lines: Vec<String>,
    pub link: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/safe.html")]
pub struct SafePage {
    pub s: Shell,
    pub documents: Vec<DocCard>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/document.html")]
pub struct Document {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub title: String,
    pub tag: Tag,
    pub facts: Facts,
    pub pdf: Option<String>,
    pub container: Option<String>,
    pub signatures: Facts,
    pub qr: Option<QrCard>,
}

#[derive(Debug)]
pub struct RegisterPart {
    pub id: String,
    pub name: String,
    pub holder: String,
    /// Why there are no facts: the register is silent, or holds nothing.
    pub note: Option<Note>,
    pub evidence: Evidence,
    pub who: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/data.html")]
pub struct Data {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub registers: Vec<RegisterPart>,
}

#[derive(Debug, Clone)]
pub struct AccessLine {
    pub id: String,
    pub register_id: String,
    pub when: String,
    pub reader: String,
    pub register: String,
    pub fields: String,
    pub why: String,
    pub case: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/who.html")]
pub struct WhoLooked {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub filter: Field,
    pub found: String,
    /// What others looked at.
    pub rows: Vec<AccessLine>,
    /// What the person looked at through the portal.
    pub own_title: String,
    pub own: Vec<AccessLine>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/correction.html")]
pub struct Correction {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub errors: Errors,
    pub holder: String,
    pub action: String,
    pub evidence: Evidence,
    pub fields: Vec<Field>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/profile.html")]
pub struct Profile {
    pub s: Shell,
    pub notes: Vec<Note>,
    pub facts: Facts,
    pub contact: Evidence,
    pub choices: Vec<Field>,
    /// (when, what for, given or withdrawn)
    pub consents: Vec<(String, String, Tag)>,
    /// (since when, with what, until when)
    pub logins: Vec<(String, String, String)>,
}
