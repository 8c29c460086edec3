//! A service that can be asked for from search to signed decision: its form, evidence and decision with their rules.

use super::card::Card;
use crate::{decision, evidence, form::Form, rule::Rule};
use base::{Localized, Money};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Definition {
    pub card: Card,
    pub form: Form,
    pub evidence: evidence::Plan,
    pub decision: decision::Plan,
    /// Every rule of the service, by its source.
    pub rules: BTreeMap<String, Rule>,
    /// Amounts that the law fixes, by id: whole qəpik in rules as `fees.<id>`.
    pub amounts: BTreeMap<String, Money>,
}

/// `fees.toml`: amounts that the law fixes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    pub id: String,
    pub qepik: Money,
    pub title: Localized,
    pub basis: Localized,
}

/// Words that every document of the country carries: `services/documents.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentWords {
    pub state: Localized,
    pub number: Localized,
    pub date: Localized,
    pub applicant: Localized,
    pub name: Localized,
    pub company: Localized,
    pub reasons: Localized,
    pub legal_basis: Localized,
    pub remark: Localized,
    pub computation: Localized,
    pub signed_by: Localized,
    pub valid_to: Localized,
    pub check: Localized,
    pub page: Localized,
    pub application_title: Localized,
    pub application_lead: Localized,
    pub declaration: Localized,
    pub from_register: Localized,
    pub receipt_title: Localized,
    pub receipt_lead: Localized,
    pub receipt_note: Localized,
    pub receipt_number: Localized,
    pub received_at: Localized,
    pub case_reference: Localized,
    pub service: Localized,
    pub agency: Localized,
    pub fee_paid: Localized,
    pub fee_receipt: Localized,
    pub due: Localized,
    pub sent: Localized,
    pub files: Localized,
    pub yes: Localized,
    pub no: Localized,
}
