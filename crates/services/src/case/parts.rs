//! What hangs on a case: answers, files, evidence, events, documents.

use super::{Case, row::Source};
use crate::{
    form::{Answers, FileKind},
    refusal::Outcome,
    view::FileView,
};
use base::{Fault, Localized, Timestamp};
use host::{
    args,
    audit::Entry,
    store::{Row, Tx},
};
use serde_json::{Map, Value as Json};

pub(crate) async fn answers(source: &mut Source<'_>, reference: &str) -> Result<Answers, Fault> {
    let rows =
        source.query("SELECT field, answer FROM services_answer WHERE reference = $1", &args![reference]).await?;
    Ok(rows.iter().map(|row| (row.text("field").to_owned(), row.text("answer").to_owned())).collect())
}

/// Saves an answer; an empty one is taken away.
pub(crate) async fn save_answer(
    tx: &mut Tx,
    reference: &str,
    field: &str,
    answer: Option<&str>,
    at: Timestamp,
) -> Result<(), Fault> {
    match answer {
        Some(answer) => {
            tx.execute(
                "INSERT INTO services_answer (reference, field, answer, at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (reference, field) DO UPDATE SET answer = excluded.answer, at = excluded.at",
                &args![reference, field, answer, at],
            )
            .await?
        }
        None => {
            tx.execute("DELETE FROM services_answer WHERE reference = $1 AND field = $2", &args![reference, field])
                .await?
        }
    };
    Ok(())
}

pub(crate) async fn files(source: &mut Source<'_>, reference: &str) -> Result<Vec<FileView>, Fault> {
    let rows = source
        .query(
            "SELECT id, field, name, kind, size_bytes, sha256, at FROM services_file WHERE reference = $1 ORDER BY at, id",
            &args![reference],
        )
        .await?;
    Ok(rows.iter().map(file).collect())
}

fn file(row: &Row) -> FileView {
    let kind = match row.text("kind") {
        "pdf" => FileKind::Pdf,
        "dwg" => FileKind::Dwg,
        "jpg" => FileKind::Jpeg,
        _ => FileKind::Png,
    };
    FileView {
        id: row.text("id").to_owned(),
        field: row.text("field").to_owned(),
        name: row.text("name").to_owned(),
        kind,
        size_bytes: u64::try_from(row.int("size_bytes")).expect("sizes are not negative"),
        sha256: row.text("sha256").to_owned(),
        at: row.time("at"),
    }
}

pub(crate) async fn insert_file(tx: &mut Tx, reference: &str, file: &FileView) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO services_file (id, reference, field, name, kind, size_bytes, sha256, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &args![
            &file.id,
            reference,
            &file.field,
            &file.name,
            file.kind.extension(),
            file.size_bytes,
            &file.sha256,
            file.at
        ],
    )
    .await?;
    Ok(())
}

/// Who did something, for the timeline (name) and for the audit log (identifier).
#[derive(Debug, Clone)]
pub(crate) enum Actor {
    Applicant { pin: String },
    Official { pin: String, name: String },
    System,
}

/// Writes one event into the timeline of the case and into the audit log. `action` is `services.<event>`; `shown` is for
/// the people of the case only, the audit entry carries the state and no personal data.
pub(crate) async fn record(
    tx: &mut Tx,
    case: &Case,
    action: &'static str,
    actor: &Actor,
    shown: Map<String, Json>,
    at: Timestamp,
) -> Outcome<()> {
    let (kind, name, who) = match actor {
        Actor::Applicant { pin } => ("applicant", "", format!("PIN:{pin}")),
        Actor::Official { pin, name } => ("official", name.as_str(), format!("PIN:{pin}")),
        Actor::System => ("system", "", "system".to_owned()),
    };
    let event = action.strip_prefix("services.").expect("actions of this part carry its name");
    tx.execute(
        "INSERT INTO services_event (reference, number, at, event, actor_kind, actor_name, event_values)
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM services_event WHERE reference = $1",
        &args![&case.reference, at, event, kind, name, Json::Object(shown).to_string()],
    )
    .await?;
    let detail = serde_json::json!({ "service": case.service, "state": case.state.name() });
    tx.audit(&Entry { at, actor: who, action, subject: case.reference.clone(), detail }).await?;
    Ok(())
}

/// A text that is the same in every language, for the values of events.
pub(crate) fn same(text: &str) -> Localized {
    Localized { az: text.to_owned(), en: text.to_owned(), ru: text.to_owned() }
}

/// The next number of a sequence, without gaps among committed transactions.
pub(crate) async fn next_number(tx: &mut Tx, name: &str) -> Result<i64, Fault> {
    tx.execute("INSERT INTO services_sequence (name, last) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING", &args![name])
        .await?;
    let row = tx
        .query_opt("UPDATE services_sequence SET last = last + 1 WHERE name = $1 RETURNING last", &args![name])
        .await?
        .expect("the sequence was inserted above");
    Ok(row.int("last"))
}

/// Counts one use of a service; nothing in it leads to a person.
pub(crate) async fn count_use(
    tx: &mut Tx,
    id: &base::Id,
    case: &Case,
    kind: &'static str,
    month: &str,
    seconds: Option<i64>,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO services_usage (id, service, kind, month, at, seconds, late) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &args![id, &case.service, kind, month, at, seconds, case.late],
    )
    .await?;
    Ok(())
}
