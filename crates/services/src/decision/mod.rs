//! `decision.toml`: checks of the law, computations, ready reasons and the words of the document; and what they say of the
//! facts of one case.

mod judge;

pub use judge::{blocking, checks, compute, fact_view, fill, fill_each, fill_one, placeholders};

use crate::evidence::FactKind;
use base::{Localized, dataservice::Wording};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A condition of the law.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub label: Localized,
    pub legal_basis: Option<Localized>,
    /// CEL, true when met.
    pub rule: String,
    /// An approval needs it to be met.
    pub required: bool,
}

/// A line of the computation, in order: later lines may use `computed.<id>` of earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Computation {
    pub id: String,
    pub label: Localized,
    pub rule: String,
    pub kind: FactKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonText {
    pub id: String,
    pub approves: bool,
    pub text: Localized,
}

/// A labelled line of the document; `value` has placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRow {
    pub label: Localized,
    pub value: Localized,
}

/// The words of a document. Placeholders are paths of facts: `{applicant.name}`, `{answers.address}`,
/// `{computed.allowance}`, `{decision.number}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub title: Localized,
    pub lead: Localized,
    #[serde(default, rename = "row")]
    pub rows: Vec<TemplateRow>,
    #[serde(default)]
    pub paragraphs: Vec<Localized>,
    pub legal_basis: Localized,
    /// How to appeal, or what the holder must do.
    pub note: Localized,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub title: Localized,
    pub path: String,
}

/// What starts with an approval: a payment to the person, month by month.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub kind: String,
    /// Id of the computation that is the monthly amount.
    pub amount: String,
    pub months: i64,
}

/// A register that is told of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub client: String,
    pub service: String,
    pub wording: Wording,
    pub purpose: String,
    /// Element of the message → text with placeholders.
    pub body: BTreeMap<String, String>,
}

/// `decision.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Document numbers are `<prefix>-<year>-<six digits>`.
    pub number_prefix: String,
    /// Days for which an approval holds good; absent: without end.
    pub valid_days: Option<i64>,
    #[serde(default, rename = "check")]
    pub checks: Vec<Check>,
    #[serde(default, rename = "compute")]
    pub computations: Vec<Computation>,
    #[serde(rename = "reason")]
    pub reasons: Vec<ReasonText>,
    pub approval: Template,
    pub refusal: Template,
    pub follow_up: Option<Localized>,
    #[serde(default, rename = "link")]
    pub links: Vec<Link>,
    pub grant: Option<Grant>,
    pub record: Option<Record>,
}
