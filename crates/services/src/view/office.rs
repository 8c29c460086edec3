//! What officials and the public's counters see.

use super::{CaseView, DueView, FeedbackView, ResultLine};
use crate::case::State;
use base::{Localized, Timestamp};

/// A line of an official's queue.
#[derive(Debug, Clone)]
pub struct QueueLine {
    pub reference: String,
    pub service: String,
    pub service_title: Localized,
    pub applicant_name: String,
    pub state: State,
    pub submitted_at: Timestamp,
    pub due: Option<DueView>,
    pub officer: Option<String>,
    pub mine: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFilter {
    pub service: Option<String>,
    pub state: Option<State>,
    pub mine: bool,
    pub late: bool,
}

/// A check of the law against the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    pub id: String,
    pub label: Localized,
    pub legal_basis: Option<Localized>,
    /// None: the facts do not say yet.
    pub met: Option<bool>,
    /// An approval needs it.
    pub required: bool,
}

/// What an official can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfficialAction {
    Take,
    Release,
    AskCorrection,
    ReadOriginal,
    Decide,
    SignDecision,
    DropDecision,
}

/// A case as the official sees it: facts with evidence, checks, computation, history.
#[derive(Debug, Clone)]
pub struct OfficialCase {
    pub case: CaseView,
    pub applicant_pin: String,
    pub company_tin: Option<String>,
    pub mine: bool,
    pub checks: Vec<CheckView>,
    pub computed: Vec<ResultLine>,
    pub reasons_offered: Vec<Reason>,
    pub actions: Vec<OfficialAction>,
}

/// A ready-made reason with its legal basis, to be chosen and edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub id: String,
    pub approves: bool,
    pub text: Localized,
}

/// Published opinion of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opinion {
    /// How many gave 1, 2, 3, 4, 5.
    pub counts: [i64; 5],
    pub comments: Vec<FeedbackView>,
}

/// Use of one service in one month. Counters only: no person can be read off them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub service: String,
    /// `2026-11`.
    pub month: String,
    pub started: i64,
    pub submitted: i64,
    pub approved: i64,
    pub refused: i64,
    pub withdrawn: i64,
    pub late: i64,
    /// Median seconds from start to submission, and from submission to decision.
    pub fill_seconds_median: Option<i64>,
    pub decide_seconds_median: Option<i64>,
}
