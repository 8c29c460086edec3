//! What a register holds and serves: entities with typed fields, data services with their purposes and legal basis. Read
//! from the country's files once, checked whole; nothing here can be wrong after `load`.

mod check;
mod check_view;
mod load;
mod mask;
mod rule;
mod value;

pub use load::load;
pub use rule::{Facts, Rule};
pub use value::FieldType;

use base::Localized;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What is wrong with a register's files, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// From 1; 0 when the whole file is meant.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// One register.
#[derive(Debug)]
pub struct Schema {
    /// The subsystem that publishes it: `AZ/GOV/10003/iamas`.
    pub identifier: String,
    pub name: Localized,
    pub owner: Localized,
    pub entities: Vec<Entity>,
    pub services: Vec<DataService>,
    pub purposes: BTreeMap<String, Purpose>,
}

/// A kind of record.
#[derive(Debug)]
pub struct Entity {
    pub code: String,
    pub name: Localized,
    /// The field whose value finds a record.
    pub key: String,
    /// The field that holds the PIN of the person whom a record concerns: the key or an indexed field.
    pub person: String,
    pub fields: Vec<Field>,
}

#[derive(Debug)]
pub struct Field {
    pub code: String,
    pub label: Localized,
    pub kind: FieldType,
    pub optional: bool,
    /// Records can be found by it.
    pub indexed: bool,
    /// No two records have the same value. Indexed as well.
    pub unique: bool,
    /// A person may ask for a correction of it.
    pub correctable: bool,
}

/// Why data may be read.
#[derive(Debug, Clone)]
pub struct Purpose {
    pub code: String,
    pub name: Localized,
    pub needs_case: bool,
    pub needs_user: bool,
}

/// What a register publishes on the exchange: a view, what it takes, and which purposes it serves on which legal basis.
#[derive(Debug)]
pub struct DataService {
    pub code: String,
    pub version: String,
    pub name: Localized,
    pub legal_basis: Localized,
    pub purposes: Vec<String>,
    pub kind: ServiceKind,
    pub input: Vec<Input>,
}

#[derive(Debug)]
pub struct Input {
    pub code: String,
    pub kind: FieldType,
    pub optional: bool,
}

/// What a data service does.
#[derive(Debug)]
pub enum ServiceKind {
    /// One record, found by its key.
    Record {
        view: View,
        absent: Absent,
    },
    /// All records with a value in an indexed field.
    Rows {
        view: View,
    },
    /// Enters a record; the input is the record.
    Write {
        entity: usize,
    },
    AccessLog,
    AccessProof,
    OwnRecord,
    CorrectionRequest,
    CorrectionList,
    CorrectionDecision,
}

/// What a register answers when it holds no such record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// "There is no such person", a refusal.
    Refuse,
    /// "The person has none of it", an answer.
    Answer,
}

#[derive(Debug)]
pub struct View {
    pub entity: usize,
    /// The field, and at the same time the input, by which records are found.
    pub by: String,
    pub output: Vec<Output>,
}

#[derive(Debug)]
pub struct Output {
    pub code: String,
    pub label: Localized,
    pub source: Source,
}

/// Where an output's value comes from.
#[derive(Debug)]
pub enum Source {
    /// A field of the question, given back.
    Input(String),
    /// A field of the record, if the rule holds.
    Field { field: String, when: Option<Rule> },
    /// Rows of the record, those for which the rule holds.
    RowsField { field: String, filter: Option<Rule> },
    /// A field of the record that a reference field points to.
    Joined { reference: String, entity: usize, field: String },
    /// Computed from the record, so that the asker gets the conclusion and not the data.
    Derived(Rule),
}

impl Schema {
    pub fn service(&self, code: &str) -> Option<&DataService> {
        self.services.iter().find(|service| service.code == code)
    }

    pub fn entity(&self, code: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.code == code)
    }

    /// `AZ/GOV/10003/iamas/personByPin/v1` for each data service.
    pub fn service_identifiers(&self) -> impl Iterator<Item = String> {
        self.services.iter().map(|service| format!("{}/{}/{}", self.identifier, service.code, service.version))
    }
}

impl Entity {
    pub fn field(&self, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.code == code)
    }
}

impl DataService {
    /// What a view gives; other kinds of services have outputs that the engine fixes.
    pub fn outputs(&self) -> &[Output] {
        match &self.kind {
            ServiceKind::Record { view, .. } | ServiceKind::Rows { view } => &view.output,
            _ => &[],
        }
    }

    /// A person asks it about themself only.
    pub fn is_own_data(&self) -> bool {
        matches!(
            self.kind,
            ServiceKind::AccessLog | ServiceKind::AccessProof | ServiceKind::OwnRecord | ServiceKind::CorrectionRequest
        )
    }
}

#[cfg(test)]
mod tests;
