//! The shape of results, as `pencere score --json` prints it and the public scoreboard shows it.

use crate::{
    evidence::Window,
    fraction::Fraction,
    methodology::{Matter, Rule},
    probe::{Counted, State},
};
use base::Localized;
use serde::{Deserialize, Serialize};

/// The report's answers and the running country, by the same method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub report: Sheet,
    pub live: Sheet,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// The index: exact sum of the components.
    pub infrastructure: Fraction,
    pub maximum: u32,
    pub components: Vec<ComponentScore>,
    pub services: Vec<ServiceScore>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComponentScore {
    pub id: u32,
    pub name: Localized,
    pub score: Fraction,
    /// The score cut to hundredths, as the report prints such numbers.
    pub printed: String,
    pub questions: Vec<QuestionScore>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionScore {
    pub id: String,
    pub text: Localized,
    pub rule: Rule,
    /// Whether it earns its point.
    pub answer: bool,
    /// Only on a running country: the criterion behind the answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judged: Option<Judged>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceScore {
    pub id: String,
    /// Whether the e-service runs in this country; the report's sheet says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub online: Option<bool>,
    pub maturity: Mark,
    pub participation: Mark,
    pub transparency: Mark,
    /// What the report states twice and differently; shown, never resolved in silence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub conflicts: Vec<Conflict>,
}

/// One of a service's three scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// As the report prints scores: the maximum first ("4/1" is level 1 of 4).
    pub printed: String,
    pub score: u32,
    pub maximum: u32,
    /// Code and name of the band or level by the method.
    pub band: String,
    pub name: Localized,
    pub basis: Basis,
    /// The label that the report prints, where it prints one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub printed_label: Option<Localized>,
    /// Share of the applicable questions answered well; only where the answers are known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<Fraction>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub criteria: Vec<Judged>,
}

/// Where a score comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The report gives the total only; its answers per question were not published.
    Stated,
    /// Computed from answers with their evidence.
    Computed,
    /// The service does not run here: nothing could be computed.
    NotOnline,
}

/// A question, the criterion that stands for it, its verdict and the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Number of the question in its questionnaire.
    pub question: String,
    pub question_text: Localized,
    pub criterion: String,
    pub text: Localized,
    pub state: State,
    /// Whether the point is earned: the verdict, turned round where a "no" is the good answer.
    pub earned: bool,
    pub threshold: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<Fraction>,
    pub window: Window,
    pub evidence: Vec<Counted>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    pub matter: Matter,
    pub values: Vec<ConflictValue>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// Where the report says so.
    pub place: Localized,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub printed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<Localized>,
}
