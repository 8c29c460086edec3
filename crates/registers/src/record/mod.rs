//! Records and their versions. A version is written once and never changed: `valid_from`/`valid_to` say when it was so in
//! the world, `recorded_at` when the register learned it; the highest version that fits both answers a question.

mod batch;
mod tables;

pub use batch::{Loaded, Loading, NewRecord};
pub(crate) use tables::TABLES;

use crate::schema::Entity;
use base::{Date, Fault, Timestamp};
use host::args;
use host::store::{Row, Store, Tx};
use serde_json::{Map, Value as Json};

/// What the register knew about one record from one moment on.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub key: String,
    /// 1, 2, 3 …
    pub number: i64,
    pub valid_from: Date,
    /// The first day on which it is no longer so.
    pub valid_to: Option<Date>,
    pub recorded_at: Timestamp,
    /// `PIN:…`, a subsystem, or `system`.
    pub recorded_by: String,
    /// Why it was written: `loaded`, `recorded`, `correction <reference>`.
    pub reason: String,
    /// Every field of the entity, absent ones null.
    pub document: Json,
}

impl Version {
    fn read(row: &Row) -> Version {
        let date = |text: &str| text.parse::<Date>().expect("only dates are written into validity columns");
        Version {
            key: row.text("record_key").to_owned(),
            number: row.int("version"),
            valid_from: date(row.text("valid_from")),
            valid_to: row.opt_text("valid_to").map(date),
            recorded_at: row.time("recorded_at"),
            recorded_by: row.text("recorded_by").to_owned(),
            reason: row.text("reason").to_owned(),
            document: row.json("document"),
        }
    }
}

/// Two instants that a question about a record has: valid on this day, as known at that time.
#[derive(Debug, Clone, Copy)]
pub struct AsOf {
    pub valid: Date,
    pub known: Timestamp,
}

const AS_OF: &str = "SELECT record_key, version, valid_from, valid_to, recorded_at, recorded_by, reason, document
    FROM registers_record
    WHERE entity = $1 AND record_key = $2 AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3) AND recorded_at <= $4
    ORDER BY version DESC LIMIT 1";

pub async fn as_of(store: &Store, entity: &str, key: &str, at: AsOf) -> Result<Option<Version>, Fault> {
    let row = store.query_opt(AS_OF, &args![entity, key, at.valid, at.known]).await?;
    Ok(row.as_ref().map(Version::read))
}

/// As `as_of`, for writers: sees what the transaction has written.
pub(crate) async fn as_of_in(tx: &mut Tx, entity: &str, key: &str, at: AsOf) -> Result<Option<Version>, Fault> {
    let row = tx.query_opt(AS_OF, &args![entity, key, at.valid, at.known]).await?;
    Ok(row.as_ref().map(Version::read))
}

/// Every version, oldest first: what was known when.
pub async fn history(store: &Store, entity: &str, key: &str) -> Result<Vec<Version>, Fault> {
    let rows = store
        .query(
            "SELECT record_key, version, valid_from, valid_to, recorded_at, recorded_by, reason, document
             FROM registers_record WHERE entity = $1 AND record_key = $2 ORDER BY version",
            &args![entity, key],
        )
        .await?;
    Ok(rows.iter().map(Version::read).collect())
}

/// At most so many records for one value of an indexed field; a person with more directorships than this is no person.
pub const ROWS_MAX: i64 = 200;

/// The records whose indexed field has the value now, in the order of their keys.
pub async fn by_value(
    store: &Store,
    entity: &Entity,
    field: &str,
    value: &str,
    at: AsOf,
) -> Result<Vec<Version>, Fault> {
    let rows = store
        .query(
            "SELECT r.record_key, r.version, r.valid_from, r.valid_to, r.recorded_at, r.recorded_by, r.reason, r.document
             FROM registers_index i
             JOIN registers_record r ON r.entity = i.entity AND r.record_key = i.record_key
             WHERE i.entity = $1 AND i.field = $2 AND i.value = $3 AND r.version = (
                 SELECT MAX(v.version) FROM registers_record v
                 WHERE v.entity = i.entity AND v.record_key = i.record_key AND v.valid_from <= $4
                   AND (v.valid_to IS NULL OR v.valid_to > $4) AND v.recorded_at <= $5)
             ORDER BY r.record_key LIMIT $6",
            &args![entity.code.as_str(), field, value, at.valid, at.known, ROWS_MAX],
        )
        .await?;
    // The index also keeps values that a later version no longer has.
    let still = |version: &Version| version.document[field].as_str() == Some(value);
    Ok(rows.iter().map(Version::read).filter(still).collect())
}

/// The records that concern a person.
pub async fn about(store: &Store, entity: &Entity, pin: &str, at: AsOf) -> Result<Vec<Version>, Fault> {
    if entity.person == entity.key {
        Ok(as_of(store, &entity.code, pin, at).await?.into_iter().collect())
    } else {
        by_value(store, entity, &entity.person, pin, at).await
    }
}

/// Who writes a version, when and why.
#[derive(Debug, Clone)]
pub(crate) struct Provenance<'a> {
    pub valid_from: Date,
    pub recorded_at: Timestamp,
    pub recorded_by: &'a str,
    pub reason: &'a str,
}

/// Adds version `number`; false when that number is taken already.
pub(crate) async fn append(
    tx: &mut Tx,
    entity: &Entity,
    key: &str,
    number: i64,
    document: &Map<String, Json>,
    by: &Provenance<'_>,
) -> Result<bool, Fault> {
    let text = serde_json::to_string(document).expect("a map of JSON values is JSON");
    let written = tx
        .execute(
            "INSERT INTO registers_record
             (entity, record_key, version, valid_from, valid_to, recorded_at, recorded_by, reason, document)
             VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, $8) ON CONFLICT (entity, record_key, version) DO NOTHING",
            &args![entity.code.as_str(), key, number, by.valid_from, by.recorded_at, by.recorded_by, by.reason, text],
        )
        .await?;
    if written == 0 {
        return Ok(false);
    }
    for field in entity.fields.iter().filter(|field| field.indexed) {
        if let Some(value) = document.get(&field.code).and_then(Json::as_str) {
            tx.execute(
                "INSERT INTO registers_index (entity, field, value, record_key) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (entity, field, value, record_key) DO NOTHING",
                &args![entity.code.as_str(), field.code.as_str(), value, key],
            )
            .await?;
        }
    }
    Ok(true)
}

/// Takes the values that only one record may have; the error is the field whose value belongs to another record.
pub(crate) async fn claim_unique(
    tx: &mut Tx,
    entity: &Entity,
    key: &str,
    document: &Map<String, Json>,
) -> Result<Result<(), String>, Fault> {
    for field in entity.fields.iter().filter(|field| field.unique) {
        let Some(value) = document.get(&field.code).and_then(Json::as_str) else { continue };
        let of = args![entity.code.as_str(), field.code.as_str(), value, key];
        tx.execute(
            "INSERT INTO registers_unique (entity, field, value, record_key) VALUES ($1, $2, $3, $4)
             ON CONFLICT (entity, field, value) DO NOTHING",
            &of,
        )
        .await?;
        let owner = tx
            .query_opt(
                "SELECT record_key FROM registers_unique WHERE entity = $1 AND field = $2 AND value = $3",
                &of[..3],
            )
            .await?;
        if owner.is_none_or(|owner| owner.text("record_key") != key) {
            return Ok(Err(field.code.clone()));
        }
    }
    Ok(Ok(()))
}
