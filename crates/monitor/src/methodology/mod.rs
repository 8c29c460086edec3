//! The monitoring method as data: the questions, bands and models of `countries/<country>/methodology/`, the report's own
//! answers, our readings where the method is silent, and the criteria that stand for each question on a running country.
//! The engine knows no ministry and no service; everything named comes from the folder.

mod load;
mod scale;

pub use load::{LoadError, Texts};
pub use scale::{Band, Level, Model, Scale};

use crate::probe::Criterion;
use base::Localized;
use serde::{Deserialize, Serialize};

/// The whole folder, read and checked.
#[derive(Debug, Clone)]
pub struct Methodology {
    pub infrastructure: Infrastructure,
    pub maturity: Maturity,
    pub transparency: Questionnaire,
    pub participation: Questionnaire,
    pub report: Report,
    pub readings: Vec<Reading>,
    pub criteria: Vec<Criterion>,
    pub statistics: Statistics,
    pub origins: Origins,
    /// SHA-256 of the folder's texts, hexadecimal: which method a snapshot was computed with.
    pub digest: String,
}

/// The infrastructure index: the sum of its components, each the mean of its questions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infrastructure {
    pub component: Vec<Component>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    pub id: u32,
    pub name: Localized,
    /// The score as the report prints it, cut to hundredths.
    pub printed: String,
    pub question: Vec<CountryQuestion>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountryQuestion {
    pub id: String,
    pub text: Localized,
    pub rule: Rule,
    /// The report's answer.
    pub answer: bool,
    /// The criterion that answers it on a running country.
    pub criterion: String,
}

/// How an answer becomes 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    YesNo,
    /// A percentage: more than half is 1.
    MoreThanHalf,
}

/// Maturity: models by number of tiers, and the questions that a running service is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maturity {
    pub model: Vec<Model>,
    pub question: Vec<ServiceQuestion>,
}

/// Transparency or participation: questions worth a point each, and the bands of each scale.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questionnaire {
    pub scale: Vec<Scale>,
    pub question: Vec<ServiceQuestion>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceQuestion {
    pub n: u32,
    pub text: Localized,
    /// Asked only of services for which a fee is paid.
    #[serde(default)]
    pub paid_only: bool,
    /// The answer that earns the point.
    #[serde(default = "good_is_yes")]
    pub good: Good,
    /// Lowest level that the question belongs to (maturity only; our reading, the report's marks are lost).
    #[serde(default)]
    pub level: Option<u32>,
    pub criterion: String,
}

fn good_is_yes() -> Good {
    Good::Yes
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    Yes,
    No,
}

/// What the report says of each service: totals, because its per-question answers were not published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The places of the report that state a score, by code.
    pub place: Vec<Coded>,
    /// The labels that the report prints, by code.
    pub label: Vec<Coded>,
    pub service: Vec<Reported>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coded {
    pub code: String,
    pub text: Localized,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    pub id: String,
    pub maturity: ReportedScore,
    pub participation: ReportedScore,
    pub transparency: ReportedScore,
    #[serde(default)]
    pub conflict: Vec<ReportedConflict>,
}

/// `of` is the tier count or the scale's maximum; `label` is the printed label's code, absent where none is printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedScore {
    pub score: u32,
    pub of: u32,
    #[serde(default)]
    pub label: Option<String>,
}

/// A matter that the report states twice and differently.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedConflict {
    pub matter: Matter,
    pub value: Vec<ReportedValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    Maturity,
    Participation,
    Transparency,
    Survey,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedValue {
    pub place: String,
    /// Score as the report prints it, maximum first ("4/3"), or absent where only words differ.
    #[serde(default)]
    pub printed: Option<String>,
    #[serde(default)]
    pub label: Option<String>,
}

/// A place where the method is silent or contradicts itself, and what we do there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    pub id: String,
    pub finding: Localized,
    pub reading: Localized,
}

/// Where a country keeps what the engine cannot know by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origins {
    pub register: Vec<RegisterOrigin>,
    #[serde(default)]
    pub act: Vec<Act>,
}

/// A register behind `registers.<fact>` and `exchange.<fact>_readers`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterOrigin {
    pub fact: String,
    /// Identifier on the exchange.
    pub subsystem: String,
    pub entities: Vec<String>,
}

/// A legal act in force, counted by `law.<fact>`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub fact: String,
    pub title: Localized,
    pub since: base::Date,
}

/// Settings of the statistics and the bulletin.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Months begin at midnight of this offset from UTC.
    pub utc_offset_hours: i8,
    /// Day of the month from which the bulletin of the month before is published; until then agencies enter their counters.
    pub publish_on_day: i8,
    /// Breakdowns with fewer persons are not published.
    pub smallest_group: i64,
    /// Services in the state register of services, of which the catalogue itemises some.
    pub services_in_register: u32,
    pub figure: Vec<FigureText>,
}

/// A figure of the bulletin: which fact it is and what it is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureText {
    pub id: String,
    /// The fact counted over the month.
    pub fact: String,
    pub name: Localized,
    pub definition: Localized,
}

impl Methodology {
    pub fn criterion(&self, id: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.id == id)
    }

    pub fn reported(&self, service: &str) -> Option<&Reported> {
        self.report.service.iter().find(|reported| reported.id == service)
    }

    pub(crate) fn printed_label(&self, code: &str) -> Option<&Localized> {
        self.report.label.iter().find(|label| label.code == code).map(|label| &label.text)
    }

    pub(crate) fn place(&self, code: &str) -> Option<&Localized> {
        self.report.place.iter().find(|place| place.code == code).map(|place| &place.text)
    }
}
