//! Pages of the back office beside the cases: corrections of registers, opinions on services, people served at counters.

use super::office::Table;
use crate::{parts::*, shell::Shell};
use askama::Template;

/// One request for a correction with the form of its decision.
#[derive(Debug, Clone)]
pub struct CorrectionLine {
    /// `person.phone`, as the register calls it.
    pub field: String,
    pub facts: Facts,
    pub action: String,
    pub reason: Field,
}

#[derive(Debug, Clone)]
pub struct CorrectionRegister {
    pub id: String,
    pub name: String,
    pub note: Option<Note>,
    pub rows: Vec<CorrectionLine>,
}

#[derive(Debug, Template)]
#[template(path = "office/corrections.html")]
pub struct Corrections {
    pub s: Shell,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub registers: Vec<CorrectionRegister>,
}

#[derive(Debug, Template)]
#[template(path = "office/opinions.html")]
pub struct Opinions {
    pub s: Shell,
    pub tables: Vec<Table>,
}

#[derive(Debug, Template)]
#[template(path = "office/counters.html")]
pub struct Counters {
    pub s: Shell,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub tabs: Vec<(String, String, bool)>,
    pub month: String,
    /// `None`: nothing may be entered.
    pub action: Option<String>,
    pub fields: Vec<Field>,
    pub facts: Facts,
}
