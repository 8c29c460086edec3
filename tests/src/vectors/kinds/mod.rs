//! One file a kind of case: which operation of the product it tests, and which facts come out.

mod anchor;
mod asic;
mod asic_archive;
mod certchain;
mod globalconf_dir;
mod globalconf_signed;
mod hashchain;
mod identifier;
mod message;
mod timestamp;
mod transport;
mod xades;

use super::case::Case;
use formats::flaw::Flaw;
use serde_json::Value;
use std::fmt;

/// Why a case was not accepted.
#[derive(Debug)]
pub enum Refused {
    /// By the operation under test. An empty code: the operation has none.
    Code { code: String, why: String },
    /// The case itself cannot be run: never what it expects.
    Case(String),
}

impl Refused {
    pub fn code(code: impl Into<String>, why: impl fmt::Display) -> Self {
        Refused::Code { code: code.into(), why: why.to_string() }
    }

    pub fn case(why: impl Into<String>) -> Self {
        Refused::Case(why.into())
    }
}

impl From<Flaw> for Refused {
    fn from(flaw: Flaw) -> Self {
        Refused::code(flaw.code(), &flaw.why)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Code { code, why } => write!(out, "{code} ({why})"),
            Refused::Case(why) => write!(out, "cannot be run: {why}"),
        }
    }
}

pub type Facts = Result<Value, Refused>;
type Operation = fn(&Case<'_>) -> Facts;

/// Kinds whose cases are always data for others.
const DATA: [&str; 3] = ["management", "certificate", "soap"];

fn operation(kind: &str) -> Option<Operation> {
    Some(match kind {
        "anchor" => anchor::run,
        "asic" => asic::judge,
        "asic-structure" => asic::structure,
        "asic-archive" => asic_archive::run,
        "certchain" => certchain::run,
        "globalconf-dir" => globalconf_dir::run,
        "globalconf-signed" => globalconf_signed::run,
        "hashchain" => hashchain::run,
        "identifier" => identifier::run,
        "message" => message::run,
        "opmonitor" => message::operational_monitoring,
        "timestamp" => timestamp::run,
        "transport" => transport::run,
        "xades" => xades::run,
        _ => return None,
    })
}

pub(super) fn is_known(kind: &str) -> bool {
    operation(kind).is_some() || DATA.contains(&kind)
}

/// Runs the operation of the case's kind.
pub(super) fn run(case: &Case<'_>) -> Facts {
    let kind = case.needed("kind")?;
    let operation = operation(kind).ok_or_else(|| Refused::case(format!("kind {kind} is not known")))?;
    operation(case)
}
