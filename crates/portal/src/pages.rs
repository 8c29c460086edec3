//! The typed views of the pages, one per template. They hold what is shown, already in the page's language; handlers fill
//! them, templates only place them. No rule lives here.

use crate::{parts::*, shell::Shell};
use askama::Template;

/// A service in a list.
#[derive(Debug, Clone)]
pub struct ServiceLine {
    pub href: String,
    pub number: String,
    pub name: String,
    pub agency: String,
    pub status: Tag,
    pub fee: String,
}

#[derive(Debug, Clone)]
pub struct GroupLine {
    pub href: String,
    pub name: String,
    pub count: String,
    pub icon: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "citizen/home.html")]
pub struct Home {
    pub s: Shell,
    pub total: String,
    pub online_total: String,
    pub notes: Vec<Note>,
    pub online: Vec<ServiceLine>,
    pub groups: Vec<GroupLine>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/services.html")]
pub struct Services {
    pub s: Shell,
    pub heading: String,
    pub query: String,
    /// (address, words, whether it is this one)
    pub tabs: Vec<(String, String, bool)>,
    pub found: String,
    pub results: Vec<ServiceLine>,
    pub rest: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/service.html")]
pub struct Service {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub number: String,
    pub name: String,
    pub agency: String,
    pub summary: String,
    pub status: Tag,
    /// Where the application begins; none while the service is not online.
    pub start: Option<String>,
    pub resume: bool,
    pub fetched: Vec<String>,
    pub recommendations: Vec<String>,
    pub steps: Vec<String>,
    pub facts: Vec<Fact>,
    pub scores: Option<String>,
}

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
    pub receipt: Option<String>,
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
    pub rows: Vec<AccessLine>,
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
    /// (since when, with what, until when)
    pub logins: Vec<(String, String, String)>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/verify.html")]
pub struct Verify {
    pub s: Shell,
    pub errors: Errors,
    pub code: Field,
    pub file: Field,
}

#[derive(Debug, Template)]
#[template(path = "citizen/verified.html")]
pub struct Verified {
    pub s: Shell,
    pub genuine: bool,
    pub heading: String,
    pub text: String,
    pub facts: Facts,
    pub reasons: Vec<String>,
    pub signatures: Vec<Facts>,
    pub download: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/feedback.html")]
pub struct Feedback {
    pub s: Shell,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub action: String,
    pub about: String,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone)]
pub struct ComponentLine {
    pub name: String,
    pub score: String,
    pub note: String,
}

#[derive(Debug, Clone)]
pub struct ScoreLine {
    pub href: Option<String>,
    pub name: String,
    pub maturity: String,
    pub participation: String,
    pub transparency: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/scores.html")]
pub struct Scores {
    pub s: Shell,
    pub live: bool,
    pub intro: String,
    pub index: String,
    pub index_note: String,
    pub components: Vec<ComponentLine>,
    /// The country's criteria with their evidence.
    pub country: Option<String>,
    pub services: Vec<ScoreLine>,
}

#[derive(Debug, Clone)]
pub struct CriterionLine {
    pub name: String,
    pub tag: Tag,
    pub evidence: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/score.html")]
pub struct Score {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub name: String,
    pub facts: Facts,
    pub groups: Vec<(String, Vec<CriterionLine>)>,
}

#[derive(Debug, Clone)]
pub struct BulletinLine {
    pub service: String,
    pub agency: String,
    pub online: String,
    pub offline: String,
    pub growth: String,
    pub satisfaction: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/bulletin.html")]
pub struct Bulletin {
    pub s: Shell,
    pub month: String,
    pub lead: String,
    pub months: Pager,
    pub figures: Vec<(String, String)>,
    pub chart: Bars,
    pub rows: Vec<BulletinLine>,
    pub rest: String,
    pub csv: String,
    pub json: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/help.html")]
pub struct Help {
    pub s: Shell,
    pub heading: String,
    pub sections: Vec<(String, String)>,
}

/// A page that could not be shown: not found, refused, or failed with a reference number.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct Problem {
    pub s: Shell,
    pub heading: String,
    pub text: String,
    pub advice: Vec<String>,
    pub number: String,
    pub link: Option<(String, String)>,
}

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
