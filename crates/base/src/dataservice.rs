//! The port through which any part asks another agency's data service. The binary joins it to the exchange.

use crate::{clock::Timestamp, fault::Fault};
use std::{future::Future, pin::Pin as Pinned};

/// How the question is worded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wording {
    Soap,
    Rest,
}

/// A question to one data service, asked in the name of one subsystem.
#[derive(Debug, Clone)]
pub struct Question {
    /// The asking subsystem: `AZ/GOV/10002/employment`.
    pub client: String,
    /// The data service asked: `AZ/GOV/10005/insurance/pensionStatus/v1`.
    pub service: String,
    pub wording: Wording,
    /// Flat fields; a list of rows is an array of flat objects.
    pub body: serde_json::Value,
    /// The person in whose session the question is asked (`PIN:…`), if a person is behind it.
    pub user: Option<String>,
    /// Reference of the case that needs the answer.
    pub case_reference: Option<String>,
    /// Code of the purpose; the register refuses a purpose that its view does not serve.
    pub purpose: String,
    /// Message identifier, chosen by the asker so that a repeated question is recognisable.
    pub message_id: String,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub body: serde_json::Value,
    /// Identifier under which both security servers logged the exchange.
    pub message_id: String,
    pub at: Timestamp,
}

#[derive(Debug)]
pub enum AskError {
    /// The other side or a security server said no; asking again changes nothing.
    Refused { code: String, text: String },
    /// No answer: the asker waits, tries again, or asks the person for the original.
    Unreachable(Fault),
}

pub trait DataServices: Send + Sync {
    fn ask<'a>(&'a self, question: Question) -> Pinned<Box<dyn Future<Output = Result<Answer, AskError>> + Send + 'a>>;
}
