//! What the public sees of a service before asking for it: `service.toml`, and the lists of agencies and groups.

use base::{Localized, Money};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Member code in the exchange where the agency is a member (`10002`), otherwise a code of the catalogue's own.
    pub code: String,
    pub name: Localized,
}

/// A chapter of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: String,
    pub title: Localized,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    Citizen,
    Business,
    Both,
}

/// Points reached of points possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    pub score: i64,
    pub max: i64,
}

/// What the 2014 report found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Level reached of the tiers that the service's model has.
    pub maturity: Grade,
    pub participation: Grade,
    pub transparency: Grade,
    /// Whether it stood in the single portal: `yes`, `no`, `partial`, `unknown`.
    pub in_portal: String,
    /// Texts of the recommendations, in the order of the report.
    pub recommendations: Vec<Localized>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeCard {
    /// Its id in `fees.toml`, and in the tariff of payments.
    pub id: String,
    pub amount: Money,
    pub title: Localized,
}

/// The legal period for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    pub working_days: i64,
    pub note: Localized,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: String,
    /// Version of the folder; running cases keep the one they began with by name.
    pub version: String,
    pub title: Localized,
    pub summary: Localized,
    pub keywords: Localized,
    /// Code of the agency.
    pub agency: String,
    pub group: String,
    pub audience: Audience,
    /// Whether it can be asked for here, from search to signed decision.
    pub online: bool,
    pub report: Report,
    pub fee: Option<FeeCard>,
    pub period: Option<Period>,
    pub who: Option<Localized>,
    pub result: Option<Localized>,
    /// What the applicant brings, and what the state fetches by itself.
    pub you_bring: Vec<Localized>,
    pub we_fetch: Vec<Localized>,
    pub legal_basis: Vec<Localized>,
    pub if_late: Option<Localized>,
    /// Only who acts for a company may ask.
    pub company_only: bool,
    /// A person has at most one case of it under way.
    pub one_at_a_time: bool,
}
