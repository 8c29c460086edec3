//! `evidence.toml`: which facts an e-service takes from which register, so that it never asks the person for them.

use crate::form::FileKind;
use base::{Localized, dataservice::Wording};
use serde::Deserialize;
use std::collections::BTreeMap;

/// When a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// When the form is opened: the values stand in it.
    Start,
    /// After the signature: the applicant's own request is the ground for asking.
    Submission,
}

/// How a value of an answer is to be read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    Text,
    Yesno,
    Date,
    /// `2026-10`.
    Month,
    /// Whole qəpik.
    Money,
    /// A list of flat rows.
    Rows,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub from: String,
    pub label: Localized,
    pub kind: FactKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub id: String,
    /// Name of the value in the register's answer.
    pub from: String,
    pub label: Localized,
    pub kind: FactKind,
    /// Words for the codes of a text that is one of a list.
    #[serde(default)]
    pub words: BTreeMap<String, Localized>,
    /// Columns of `rows`.
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
}

/// One question to one data service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub id: String,
    pub title: Localized,
    pub register: Localized,
    pub reason: Localized,
    /// `AZ/GOV/10005/insurance/pensionStatus/v1`.
    pub service: String,
    pub wording: Wording,
    pub ask: Ask,
    /// CEL; absent: always asked.
    pub when: Option<String>,
    /// Whether a decision needs the answer.
    pub required: bool,
    /// Element of the question → CEL.
    pub input: BTreeMap<String, String>,
    #[serde(rename = "fact")]
    pub facts: Vec<Fact>,
}

/// How long a silent register is waited for before the original may be given instead (decree instruction 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    pub first_retry_seconds: i64,
    pub longest_retry_seconds: i64,
    pub tries_before_original: i64,
    pub seconds_before_original: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginalRules {
    pub accept: Vec<FileKind>,
    pub size_bytes_max: u64,
}

/// `evidence.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The asking subsystem.
    pub client: String,
    /// Purpose code that travels with every question.
    pub purpose: String,
    pub patience: Patience,
    pub original: OriginalRules,
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

impl Plan {
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }
}

impl Patience {
    /// Seconds to the next attempt after `attempts` failed ones: doubling, up to the longest.
    pub fn pause_seconds(&self, attempts: i64) -> i64 {
        let doublings = u32::try_from(attempts.clamp(1, 31) - 1).expect("clamped");
        self.first_retry_seconds.saturating_mul(2_i64.pow(doublings)).min(self.longest_retry_seconds)
    }

    pub fn is_spent(&self, attempts: i64, waited_seconds: i64) -> bool {
        attempts >= self.tries_before_original && waited_seconds >= self.seconds_before_original
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience {
            first_retry_seconds: 5,
            longest_retry_seconds: 60,
            tries_before_original: 3,
            seconds_before_original: 20,
        };
        let pauses: Vec<_> = (1..=6).map(|attempts| patience.pause_seconds(attempts)).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(patience.pause_seconds(i64::MAX), 60);
        assert!(!patience.is_spent(2, 100) && !patience.is_spent(9, 19) && patience.is_spent(3, 20));
    }
}
