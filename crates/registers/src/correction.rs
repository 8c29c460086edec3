//! Corrections: a person says that a value is wrong, a clerk of the register decides. The request never changes a record;
//! an accepted one adds a version and the old value stays in history.

use crate::Refusal;
use crate::access::{Access, AccessKind};
use crate::answer::{Reply, write::refused};
use crate::question::Admitted;
use crate::record::{self, AsOf, Provenance};
use crate::schema::{Entity, Field, Schema};
use base::{Date, Fault, Id, Timestamp};
use host::args;
use host::store::{Row, Store, Tx};
use serde_json::{Value as Json, json};

/// A request for a correction and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    pub reference: String,
    pub person: String,
    pub entity: String,
    pub record_key: String,
    pub field: String,
    pub old_value: Json,
    pub claimed_value: Json,
    pub reason: String,
    /// `open`, `accepted` or `refused`.
    pub state: String,
    pub requested_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub decision_reason: Option<String>,
}

impl Correction {
    fn read(row: &Row) -> Correction {
        let text = |column| row.text(column).to_owned();
        Correction {
            reference: text("reference"),
            person: text("person"),
            entity: text("entity"),
            record_key: text("record_key"),
            field: text("field"),
            old_value: row.json("old_value"),
            claimed_value: row.json("claimed_value"),
            reason: text("reason"),
            state: text("state"),
            requested_at: row.time("requested_at"),
            decided_at: row.opt_time("decided_at"),
            decided_by: row.opt_text("decided_by").map(str::to_owned),
            decision_reason: row.opt_text("decision_reason").map(str::to_owned),
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut row = json!({
            "reference": self.reference,
            "pin": self.person,
            "field": format!("{}.{}", self.entity, self.field),
            "oldValue": self.old_value,
            "claimedValue": self.claimed_value,
            "reason": self.reason,
            "state": self.state,
            "requestedAt": self.requested_at.to_string(),
        });
        if let Some(at) = self.decided_at {
            row["decidedAt"] = at.to_string().into();
            row["decisionReason"] = self.decision_reason.clone().into();
        }
        row
    }
}

/// Requests of one answer.
pub const CORRECTIONS_MAX: i64 = 100;

/// A person's requests, newest first.
pub async fn of_person(store: &Store, pin: &str) -> Result<Vec<Correction>, Fault> {
    let rows = store
        .query(
            "SELECT * FROM registers_correction WHERE person = $1 ORDER BY requested_at DESC, reference DESC LIMIT $2",
            &args![pin, CORRECTIONS_MAX],
        )
        .await?;
    Ok(rows.iter().map(Correction::read).collect())
}

/// Requests that wait for a decision, oldest first.
pub async fn open(store: &Store) -> Result<Vec<Correction>, Fault> {
    let rows = store
        .query(
            "SELECT * FROM registers_correction WHERE state = 'open' ORDER BY requested_at, reference LIMIT $1",
            &args![CORRECTIONS_MAX],
        )
        .await?;
    Ok(rows.iter().map(Correction::read).collect())
}

/// `openCorrections`: for clerks; each person whose request is shown finds it in their access log.
pub(crate) async fn list(store: &Store) -> Result<Reply, Fault> {
    let open = open(store).await?;
    let mut accesses: Vec<Access> = Vec::new();
    for correction in &open {
        match accesses.iter_mut().find(|access| access.about == correction.person) {
            Some(access) if access.fields.contains(&correction.field) => {}
            Some(access) => access.fields.push(correction.field.clone()),
            None => accesses.push(Access {
                kind: AccessKind::View,
                about: correction.person.clone(),
                fields: vec![correction.field.clone()],
                found: true,
            }),
        }
    }
    let rows: Vec<Json> = open.iter().map(Correction::to_json).collect();
    Ok(Reply { body: Ok(json!({ "rows": rows })), accesses })
}

/// The field that a person means: `person.surname`, or `surname` where only one of the register's own records has it.
fn meant<'a>(schema: &'a Schema, path: &str) -> Result<(&'a Entity, &'a Field), Refusal> {
    let (entity, code) = path.split_once('.').map_or((None, path), |(entity, code)| (Some(entity), code));
    let mut found = schema
        .entities
        .iter()
        .filter(|known| entity.is_none_or(|entity| known.code == entity))
        .filter_map(|known| known.field(code).map(|field| (known, field)));
    let (entity, field) = found.next().ok_or_else(|| Refusal::UnknownField(path.to_owned()))?;
    let own = entity.person == entity.key;
    if field.correctable && own { Ok((entity, field)) } else { Err(Refusal::FieldNotCorrectable(path.to_owned())) }
}

/// `requestCorrection`: keeps the request; the record stays as it is. The same request again has the same reference.
pub(crate) async fn request(
    tx: &mut Tx,
    asked: &Admitted<'_>,
    at: AsOf,
    now: Timestamp,
    new: Id,
) -> Result<Reply, Fault> {
    let (pin, path) = (asked.text("pin"), asked.text("field"));
    let (entity, field) = match meant(asked.schema, path) {
        Ok(found) => found,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let Some(version) = record::as_of_in(tx, &entity.code, pin, at).await? else {
        return Ok(refused(Refusal::UnknownPerson));
    };
    let Some(claimed) = field.kind.read(&asked.input["claimedValue"]) else {
        return Ok(refused(Refusal::BadValue("claimedValue".to_owned())));
    };
    let old = &version.document[&field.code];
    let message_key = format!("{} {}", asked.reader.client, asked.reader.message_id);
    let written = tx
        .execute(
            "INSERT INTO registers_correction (reference, person, entity, record_key, field, old_value, claimed_value, reason,
             state, message_key, requested_at, requested_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11) ON CONFLICT DO NOTHING",
            &args![
                &new,
                pin,
                entity.code.as_str(),
                version.key.as_str(),
                field.code.as_str(),
                old,
                &claimed,
                asked.text("reason"),
                message_key.as_str(),
                now,
                asked.reader.user.as_deref().unwrap_or("")
            ],
        )
        .await?;
    if written == 0 {
        return repeated(tx, &message_key, (entity, field), pin, &claimed).await;
    }
    if old == &claimed {
        // Refusing after the insert is safe: a refused transaction is rolled back.
        return Ok(refused(Refusal::ValueUnchanged));
    }
    let (fields, about) = (vec![field.code.clone()], pin.to_owned());
    let accesses = vec![Access { kind: AccessKind::CorrectionRequest, about, fields, found: true }];
    Ok(Reply { body: Ok(json!({ "reference": new.as_str() })), accesses })
}

async fn repeated(
    tx: &mut Tx,
    message_key: &str,
    (entity, field): (&Entity, &Field),
    pin: &str,
    claimed: &Json,
) -> Result<Reply, Fault> {
    let rows = tx
        .query(
            "SELECT * FROM registers_correction
             WHERE message_key = $1 OR (entity = $2 AND record_key = $3 AND field = $4 AND state = 'open')",
            &args![message_key, entity.code.as_str(), pin, field.code.as_str()],
        )
        .await?;
    let same = rows.iter().map(Correction::read).find(|known| {
        known.entity == entity.code
            && known.field == field.code
            && known.person == pin
            && &known.claimed_value == claimed
    });
    Ok(match same {
        Some(known) => Reply { body: Ok(json!({ "reference": known.reference })), accesses: Vec::new() },
        None => refused(Refusal::CorrectionPending),
    })
}

/// A clerk's decision.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    pub reference: &'a str,
    /// `PIN:…` of the clerk.
    pub official: &'a str,
    pub accept: bool,
    pub reason: &'a str,
}

/// Decides an open request. The same decision again changes nothing and is answered the same; the other one is refused.
pub(crate) async fn decide(
    tx: &mut Tx,
    schema: &Schema,
    decision: &Decision<'_>,
    today: Date,
    now: Timestamp,
) -> Result<Reply, Fault> {
    let row =
        tx.query_opt("SELECT * FROM registers_correction WHERE reference = $1", &args![decision.reference]).await?;
    let Some(known) = row.as_ref().map(Correction::read) else { return Ok(refused(Refusal::UnknownCorrection)) };
    let state = if decision.accept { "accepted" } else { "refused" };
    // The clerk's system tells the person: it must learn from the register whom, also when it asks a second time.
    let body = json!({ "reference": known.reference, "state": state, "pin": known.person });
    let taken = tx
        .execute(
            "UPDATE registers_correction SET state = $1, decided_at = $2, decided_by = $3, decision_reason = $4
             WHERE reference = $5 AND state = 'open'",
            &args![state, now, decision.official, decision.reason, decision.reference],
        )
        .await?;
    if taken == 0 {
        // Read again: another transaction may have decided between the two statements.
        let row =
            tx.query_opt("SELECT * FROM registers_correction WHERE reference = $1", &args![decision.reference]).await?;
        let same = row.is_some_and(|row| row.text("state") == state);
        if !same {
            return Ok(refused(Refusal::CorrectionDecided));
        }
        let (about, fields) = (known.person.clone(), vec![known.field.clone()]);
        let accesses = vec![Access { kind: AccessKind::View, about, fields, found: true }];
        return Ok(Reply { body: Ok(body), accesses });
    }
    if decision.accept && !correct(tx, schema, &known, decision, today, now).await? {
        return Ok(refused(Refusal::UnknownRecord));
    }
    let kind = if decision.accept { AccessKind::Change } else { AccessKind::View };
    let accesses = vec![Access { kind, about: known.person.clone(), fields: vec![known.field.clone()], found: true }];
    Ok(Reply { body: Ok(body), accesses })
}

/// Adds the version with the corrected value: valid from the day the wrong one was, recorded now.
async fn correct(
    tx: &mut Tx,
    schema: &Schema,
    correction: &Correction,
    decision: &Decision<'_>,
    today: Date,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(entity) = schema.entity(&correction.entity) else { return Ok(false) };
    let at = AsOf { valid: today, known: Timestamp::MAX };
    let Some(version) = record::as_of_in(tx, &entity.code, &correction.record_key, at).await? else { return Ok(false) };
    let Json::Object(mut document) = version.document else { return Ok(false) };
    document.insert(correction.field.clone(), correction.claimed_value.clone());
    let reason = format!("correction {}", correction.reference);
    let by = Provenance {
        valid_from: version.valid_from,
        recorded_at: now,
        recorded_by: decision.official,
        reason: &reason,
    };
    if record::append(tx, entity, &version.key, version.number + 1, &document, &by).await? {
        Ok(true)
    } else {
        Err(Fault::passing("write a corrected version", "another version was written at the same time"))
    }
}
