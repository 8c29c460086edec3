//! What the engine shows: typed views without HTML and without words of its own. Texts of the country come as `Localized`;
//! words of the engine are named by keys (`services.state.in_review`) that the portal's texts hold.

mod office;

pub use office::*;

use crate::{
    case::State,
    form::{Field, FileKind},
};
use base::{Date, Localized, Money, Pin, Timestamp};
use std::collections::BTreeMap;

/// The person behind a request, and the company in whose name the person acts (as identity has established it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    pub pin: Pin,
    pub name: String,
    pub company: Option<ActingFor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActingFor {
    pub tin: String,
    pub name: String,
}

/// An official, as identity has established them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Official {
    pub pin: Pin,
    pub name: String,
    /// Member code of the agency (`10002`).
    pub agency: String,
    pub position: Option<String>,
}

/// One page of an application.
#[derive(Debug, Clone)]
pub struct Page {
    pub reference: String,
    pub service: String,
    pub service_title: Localized,
    pub step: String,
    pub title: Localized,
    pub hint: Option<Localized>,
    /// Which page of how many, counted from 1 over the pages that these answers lead through.
    pub number: usize,
    pub count: usize,
    pub previous: Option<String>,
    pub fields: Vec<FieldView>,
    pub evidence: Vec<EvidenceView>,
}

#[derive(Debug, Clone)]
pub struct FieldView {
    pub field: Field,
    /// The saved answer in canonical form: date `2026-11-23`, yes/no `yes`|`no`, money `1100.00`. Empty if there is none.
    pub value: String,
    pub files: Vec<FileView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    pub id: String,
    /// Field id, or `original:<evidence id>`.
    pub field: String,
    pub name: String,
    pub kind: FileKind,
    pub size_bytes: u64,
    pub sha256: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceState {
    /// Not asked yet (asked after submission).
    Planned,
    /// Asked; no answer so far.
    Waiting,
    Answered,
    /// The register said no to the question itself.
    RefusedByRegister,
    /// Silent for too long; the original is asked from the applicant.
    OriginalAsked,
    /// The original is there and an official has yet to read it.
    OriginalGiven,
    /// An official took the facts from the original.
    FromOriginal,
}

/// One question to one register, and what came of it.
#[derive(Debug, Clone)]
pub struct EvidenceView {
    pub id: String,
    pub title: Localized,
    /// The register's name and whose it is.
    pub register: Localized,
    /// Why it is asked.
    pub purpose: Localized,
    pub state: EvidenceState,
    pub values: Vec<EvidenceValue>,
    pub asked_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    /// The identifier under which the exchange logged the question.
    pub message_id: Option<String>,
    pub attempts: i64,
    pub next_attempt_at: Option<Timestamp>,
    /// The applicant said that a value is wrong.
    pub disputed: bool,
    /// Name of the official who took the facts from the original.
    pub confirmed_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceValue {
    pub fact: String,
    pub label: Localized,
    pub value: FactView,
}

/// A fact as it should be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactView {
    Text(String),
    /// A code of a list, in words.
    Words(Localized),
    Yesno(bool),
    Date(Date),
    /// A whole month, by its first day.
    Month(Date),
    Money(Money),
    /// Rows of a list: months and salaries. Cells are plain facts.
    Rows {
        columns: Vec<Localized>,
        rows: Vec<Vec<FactView>>,
    },
    /// The register holds nothing here.
    Absent,
}

/// What follows a saved step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Step(String),
    Summary,
}

/// Everything before the signature.
#[derive(Debug, Clone)]
pub struct Summary {
    pub reference: String,
    pub service: String,
    pub service_title: Localized,
    pub state: State,
    pub sections: Vec<Section>,
    pub evidence: Vec<EvidenceView>,
    pub declaration: Localized,
    pub fee: Option<FeeView>,
    /// Steps that still lack answers; signing is possible when it is empty.
    pub missing: Vec<String>,
    pub version: i64,
}

#[derive(Debug, Clone)]
pub struct Section {
    pub step: String,
    pub title: Localized,
    pub answers: Vec<AnswerView>,
}

#[derive(Debug, Clone)]
pub struct AnswerView {
    pub field: String,
    pub label: Localized,
    /// Words for choices and yes/no; for the rest the same text in every language.
    pub value: Localized,
    pub files: Vec<FileView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeView {
    pub amount: Money,
    pub title: Localized,
    /// Known once the application is signed.
    pub debt_code: Option<String>,
    pub paid_at: Option<Timestamp>,
    pub receipt_number: Option<String>,
}

/// What the card or the phone has to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// Comes back with the signature value.
    pub request: String,
    pub digest: [u8; 32],
    /// The files that the signature will cover, for the person to read first.
    pub files: Vec<(String, u64)>,
}

/// A line of "my cases".
#[derive(Debug, Clone)]
pub struct CaseLine {
    pub reference: String,
    pub service: String,
    pub service_title: Localized,
    pub state: State,
    pub acting_for: Option<String>,
    pub started_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub changed_at: Timestamp,
    pub due: Option<DueView>,
    /// Whether the next step is the applicant's.
    pub yours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueView {
    /// Last day of the legal period.
    pub on: Date,
    pub working_days: i64,
    pub used_percent: i64,
    pub paused: bool,
    pub late: bool,
    /// False when the calendar has no holidays for a year the period reaches into.
    pub certain: bool,
}

/// Who has the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    You,
    Agency(Localized),
    Register(Localized),
    Nobody,
}

/// What an applicant can do now; the portal shows a button for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Continue,
    Sign,
    Pay,
    GiveOriginal,
    Correct,
    Withdraw,
    Rate,
}

/// A case as its applicant sees it.
#[derive(Debug, Clone)]
pub struct CaseView {
    pub reference: String,
    pub service: String,
    pub service_title: Localized,
    pub agency: Localized,
    pub state: State,
    pub version: i64,
    pub applicant_name: String,
    pub acting_for: Option<String>,
    pub holder: Holder,
    /// Official who has it, if any has.
    pub officer: Option<String>,
    pub due: Option<DueView>,
    /// What the applicant can do when the day has passed, in the service's words.
    pub if_late: Localized,
    pub actions: Vec<Action>,
    pub receipt: Option<ReceiptView>,
    pub fee: Option<FeeView>,
    pub correction: Option<CorrectionView>,
    pub sections: Vec<Section>,
    pub evidence: Vec<EvidenceView>,
    pub decision: Option<DecisionView>,
    pub documents: Vec<DocumentView>,
    pub timeline: Vec<TimelineEntry>,
    pub feedback: Option<FeedbackView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptView {
    pub number: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionView {
    pub text: String,
    /// Steps that the official wants corrected; empty: a written answer is enough.
    pub steps: Vec<String>,
    pub asked_at: Timestamp,
    pub asked_by: String,
}

#[derive(Debug, Clone)]
pub struct DecisionView {
    pub approved: bool,
    pub number: String,
    pub at: Option<Timestamp>,
    pub officer: String,
    pub reasons: String,
    pub results: Vec<ResultLine>,
    /// What follows, in the service's words (vacancies to look at, when the money comes).
    pub follow_up: Option<Localized>,
    pub links: Vec<LinkView>,
}

/// A line of a computation, as the rule in the service's folder states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    pub id: String,
    pub label: Localized,
    pub value: FactView,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    pub title: Localized,
    /// A path of the portal (`/services/1.2`), never another host.
    pub path: String,
}

#[derive(Debug, Clone)]
pub struct DocumentView {
    pub id: String,
    /// `receipt`, `application` or `decision`.
    pub kind: &'static str,
    pub title: Localized,
    pub number: String,
    pub at: Timestamp,
    pub verification_address: String,
    /// Whether a signed container exists beside the PDF.
    pub signed: bool,
}

/// The bytes of a document or an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// `services.event.<name>` is the key of its sentence.
    pub event: String,
    /// Placeholders of the sentence: `register`, `officer`, `number`, `text` …, in words of every language.
    pub values: BTreeMap<String, Localized>,
    pub by: ActorView,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorView {
    Applicant,
    Official(String),
    System,
}

/// What somebody said of a service, as the agency reads it: no case, no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyOpinion {
    pub service: String,
    pub rating: i64,
    pub comment: String,
    pub at: Timestamp,
    /// Nobody of the agency has seen it before.
    pub fresh: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackView {
    pub rating: i64,
    pub comment: String,
    pub at: Timestamp,
}
