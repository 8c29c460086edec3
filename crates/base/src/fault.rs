//! The three kinds of error, never mixed (STYLE.md): a `Refusal` is a rule that says no and is safe to show; a `Fault` is
//! the world failing and is logged once, where it is handled; a bug is an assertion and has no type.

use std::fmt;

/// A rule said no. Implemented by the closed enums of each part.
pub trait Refusal: fmt::Debug + Send + Sync {
    /// Stable, lower case, dotted, never reused: `payments.debt_already_paid`. It is also the key of the text that people
    /// read, in every language of the country.
    fn code(&self) -> &'static str;

    /// The HTTP status that says the same thing (400, 401, 403, 404, 409, 413, 415, 422, 429).
    fn status(&self) -> u16;
}

/// The world failed: disk, network, database, token. Never shown to users; they see a reference number.
#[derive(Debug)]
pub struct Fault {
    /// What was being attempted, for the operator: "write to the store", "ask the OCSP responder". No personal data.
    pub attempt: &'static str,
    /// Why it failed, in the words of the failing layer. No personal data.
    pub cause: String,
    /// Whether the same attempt may succeed later without a change.
    pub retry_helps: bool,
}

impl Fault {
    pub fn new(attempt: &'static str, cause: impl fmt::Display) -> Self {
        Fault { attempt, cause: cause.to_string(), retry_helps: false }
    }

    pub fn passing(attempt: &'static str, cause: impl fmt::Display) -> Self {
        Fault { attempt, cause: cause.to_string(), retry_helps: true }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.attempt, self.cause)
    }
}

impl std::error::Error for Fault {}

/// What a use case can end in when it does not succeed.
#[derive(Debug)]
pub enum Failure<R> {
    Refused(R),
    Failed(Fault),
}

impl<R> From<Fault> for Failure<R> {
    fn from(fault: Fault) -> Self {
        Failure::Failed(fault)
    }
}

impl<R> Failure<R> {
    /// Carries the refusal over into another part's enum; a fault stays what it is.
    pub fn map<S>(self, to: impl FnOnce(R) -> S) -> Failure<S> {
        match self {
            Failure::Refused(refusal) => Failure::Refused(to(refusal)),
            Failure::Failed(fault) => Failure::Failed(fault),
        }
    }
}
