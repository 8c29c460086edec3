//! The access log: who looked at or changed whose data, for which case, why and when. An entry and its leaf in the audit
//! tree are committed before a single value leaves the register.

use crate::question::Admitted;
use base::{Chance, Fault, Id, Timestamp};
use host::args;
use host::audit::{self, Finding};
use host::store::{Row, Store, Tx};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What was done with the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    View,
    Input,
    Change,
    CorrectionRequest,
}

impl AccessKind {
    pub fn code(self) -> &'static str {
        match self {
            AccessKind::View => "view",
            AccessKind::Input => "input",
            AccessKind::Change => "change",
            AccessKind::CorrectionRequest => "correction-request",
        }
    }

    fn action(self) -> &'static str {
        match self {
            AccessKind::View => "registers.read",
            AccessKind::Input => "registers.recorded",
            AccessKind::Change => "registers.changed",
            AccessKind::CorrectionRequest => "registers.correction_requested",
        }
    }
}

/// One use of one person's (or organisation's) data, to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub kind: AccessKind,
    /// The PIN of the person concerned, else the key of the record.
    pub about: String,
    pub fields: Vec<String>,
    /// Whether the register held anything: a question about nobody is recorded, too.
    pub found: bool,
}

/// Writes entries and leaves into the transaction; one leaf each, so that a proof for one person shows no other.
pub(crate) async fn record(
    tx: &mut Tx,
    question: &Admitted<'_>,
    accesses: &[Access],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), Fault> {
    for access in accesses {
        let id = Id::new(now, chance);
        let reader = question.reader;
        let (user, case) = (reader.user.as_deref().unwrap_or(""), reader.case_reference.as_deref().unwrap_or(""));
        let (service, outcome) = (question.service.code.as_str(), if access.found { "found" } else { "nothing" });
        let entry = audit::Entry {
            at: now,
            actor: reader.client.clone(),
            action: access.kind.action(),
            subject: id.to_string(),
            // `examine` compares these with the row below, name by name.
            detail: json!({
                "register": question.schema.identifier,
                "service": service,
                "user": user,
                "caseReference": case,
                "purpose": question.purpose,
                "about": access.about,
                "fields": access.fields,
                "outcome": outcome,
                "messageId": reader.message_id,
            }),
        };
        let leaf_index = tx.audit(&entry).await?;
        tx.execute(
            "INSERT INTO registers_access (id, at, about, kind, reader_member, reader_subsystem, reader_user, service,
             case_reference, purpose, fields, outcome, message_id, leaf_index)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &args![
                id,
                now,
                access.about.as_str(),
                access.kind.code(),
                reader.member(),
                reader.subsystem(),
                user,
                service,
                case,
                question.purpose,
                access.fields.join(","),
                outcome,
                reader.message_id.as_str(),
                leaf_index,
            ],
        )
        .await?;
    }
    Ok(())
}

/// An entry of the access log.
#[derive(Debug, Clone)]
pub struct Logged {
    pub id: Id,
    pub at: Timestamp,
    pub about: String,
    pub kind: String,
    pub reader_member: String,
    pub reader_subsystem: String,
    pub reader_user: String,
    pub service: String,
    pub case_reference: String,
    pub purpose: String,
    pub fields: Vec<String>,
    pub outcome: String,
    pub message_id: String,
    pub leaf_index: u64,
}

impl Logged {
    fn read(row: &Row) -> Logged {
        let text = |column| row.text(column).to_owned();
        Logged {
            id: row.id("id"),
            at: row.time("at"),
            about: text("about"),
            kind: text("kind"),
            reader_member: text("reader_member"),
            reader_subsystem: text("reader_subsystem"),
            reader_user: text("reader_user"),
            service: text("service"),
            case_reference: text("case_reference"),
            purpose: text("purpose"),
            fields: row.text("fields").split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect(),
            outcome: text("outcome"),
            message_id: text("message_id"),
            leaf_index: u64::try_from(row.int("leaf_index")).expect("leaves are numbered from 0"),
        }
    }
}

/// Entries of one answer.
pub const ENTRIES_MAX: i64 = 200;

/// The newest entries about a person, those whose leaf stands before leaf `before` if it is given.
pub async fn about(store: &Store, pin: &str, before: Option<i64>) -> Result<Vec<Logged>, Fault> {
    let rows = store
        .query(
            "SELECT id, at, about, kind, reader_member, reader_subsystem, reader_user, service, case_reference, purpose,
             fields, outcome, message_id, leaf_index
             FROM registers_access WHERE about = $1 AND leaf_index < $2 ORDER BY leaf_index DESC LIMIT $3",
            &args![pin, before.unwrap_or(i64::MAX), ENTRIES_MAX],
        )
        .await?;
    Ok(rows.iter().map(Logged::read).collect())
}

/// One entry, if it is about this person.
pub async fn entry(store: &Store, id: &str, pin: &str) -> Result<Option<Logged>, Fault> {
    let row = store
        .query_opt(
            "SELECT id, at, about, kind, reader_member, reader_subsystem, reader_user, service, case_reference, purpose,
             fields, outcome, message_id, leaf_index FROM registers_access WHERE id = $1 AND about = $2",
            &args![id, pin],
        )
        .await?;
    Ok(row.as_ref().map(Logged::read))
}

/// What is wrong with an access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tampering {
    /// The audit log under it was changed.
    Log(Finding),
    /// The entry's row is gone, though its leaf stands.
    EntryMissing { leaf_index: u64 },
    /// The row says something else than its leaf.
    EntryChanged { leaf_index: u64 },
    /// A row that no leaf speaks of.
    EntryInvented { leaf_index: u64 },
}

/// Reads the whole access log against its leaves and the signed heads.
pub async fn examine(store: &Store, log_key_der: &[u8]) -> Result<Vec<Tampering>, Fault> {
    // The register goes on working meanwhile: what is written between the two sizes is not judged this time.
    let size = audit::size(store).await?;
    let rows = store
        .query(
            "SELECT id, at, about, kind, reader_member, reader_subsystem, reader_user, service, case_reference, purpose,
             fields, outcome, message_id, leaf_index FROM registers_access",
            &args![],
        )
        .await?;
    let mut entries: BTreeMap<u64, Logged> =
        rows.iter().map(Logged::read).map(|entry| (entry.leaf_index, entry)).collect();
    let mut found = Vec::new();
    let findings = audit::examine(store, log_key_der, |leaf_index, leaf| {
        if leaf_index >= size {
            return;
        }
        let leaf: Json = serde_json::from_str(leaf).unwrap_or_default();
        let speaks_of_access = leaf["detail"]["service"].is_string();
        match entries.remove(&leaf_index) {
            None if speaks_of_access => found.push(Tampering::EntryMissing { leaf_index }),
            None => {}
            Some(_) if !speaks_of_access => found.push(Tampering::EntryInvented { leaf_index }),
            Some(entry) if !entry.says(&leaf) => found.push(Tampering::EntryChanged { leaf_index }),
            Some(_) => {}
        }
    })
    .await?;
    let grown = audit::size(store).await?;
    let invented = entries.into_keys().filter(|leaf_index| !(size..grown).contains(leaf_index));
    found.extend(invented.map(|leaf_index| Tampering::EntryInvented { leaf_index }));
    found.extend(findings.into_iter().map(Tampering::Log));
    Ok(found)
}

impl Logged {
    /// Whether the row and the leaf say the same.
    fn says(&self, leaf: &Json) -> bool {
        let detail = &leaf["detail"];
        let action = [AccessKind::View, AccessKind::Input, AccessKind::Change, AccessKind::CorrectionRequest]
            .into_iter()
            .find(|kind| kind.code() == self.kind)
            .map(AccessKind::action);
        leaf["subject"] == self.id.as_str()
            && self.says_when(leaf)
            && leaf["actor"] == format!("{}/{}", self.reader_member, self.reader_subsystem)
            && leaf["action"].as_str() == action
            && detail["user"] == self.reader_user
            && detail["service"] == self.service
            && detail["caseReference"] == self.case_reference
            && detail["purpose"] == self.purpose
            && detail["about"] == self.about
            && detail["fields"] == json!(self.fields)
            && detail["outcome"] == self.outcome
            && detail["messageId"] == self.message_id
    }

    /// A leaf keeps the instant as the clock gave it, a row its microseconds.
    fn says_when(&self, leaf: &Json) -> bool {
        let at = leaf["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        at.is_some_and(|at| at.as_microsecond() == self.at.as_microsecond())
    }
}
