//! Many records at once: the first filling of a register, in one transaction, a few rows a second time at most.

use crate::schema::Entity;
use base::{Date, Fault, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Store, Tx, Value};
use serde_json::json;
use std::sync::LazyLock;

/// A record to be loaded. The caller vouches that `document` is what `Entity::read` would give.
#[derive(Debug, Clone)]
pub struct NewRecord {
    pub key: String,
    pub valid_from: Date,
    /// JSON text of every field.
    pub document: String,
    /// Indexed fields with their values.
    pub indexed: Vec<(String, String)>,
    /// Unique fields with their values.
    pub unique: Vec<(String, String)>,
}

/// Rows of one statement: large enough to be quick, small enough for the databases' limits on parameters.
const ROWS: usize = 64;

fn statement(into: &str, columns: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    format!("INSERT INTO {into} VALUES {}", (0..ROWS).map(row).collect::<Vec<_>>().join(", "))
}

const RECORD_ONE: &str = "INSERT INTO registers_record
    (entity, record_key, version, valid_from, recorded_at, recorded_by, reason, document)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
static RECORDS: LazyLock<String> = LazyLock::new(|| {
    statement(
        "registers_record (entity, record_key, version, valid_from, recorded_at, recorded_by, reason, document)",
        8,
    )
});
const INDEX_ONE: &str = "INSERT INTO registers_index (entity, field, value, record_key) VALUES ($1, $2, $3, $4)";
static INDEXES: LazyLock<String> = LazyLock::new(|| statement("registers_index (entity, field, value, record_key)", 4));
const UNIQUE_ONE: &str = "INSERT INTO registers_unique (entity, field, value, record_key) VALUES ($1, $2, $3, $4)";
static UNIQUES: LazyLock<String> =
    LazyLock::new(|| statement("registers_unique (entity, field, value, record_key)", 4));

async fn insert(
    tx: &mut Tx,
    many: &'static str,
    one: &'static str,
    columns: usize,
    values: &[Value],
) -> Result<(), Fault> {
    let chunks = values.chunks_exact(columns * ROWS);
    let rest = chunks.remainder();
    for chunk in chunks {
        tx.execute(many, chunk).await?;
    }
    for row in rest.chunks(columns) {
        tx.execute(one, row).await?;
    }
    Ok(())
}

/// A named filling of a register: done whole or not at all, and only once.
pub struct Loading {
    tx: Tx,
    at: Timestamp,
    records: usize,
}

/// What an earlier filling left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The day for which the content was made.
    pub as_of: Date,
    pub records: i64,
    pub digest: String,
}

impl Loading {
    /// What was loaded under this name; `None` before the first time.
    pub async fn done(store: &Store, name: &str) -> Result<Option<Loaded>, Fault> {
        let row =
            store.query_opt("SELECT as_of, records, digest FROM registers_load WHERE name = $1", &args![name]).await?;
        Ok(row.map(|row| Loaded {
            as_of: row.text("as_of").parse().expect("only dates are written"),
            records: row.int("records"),
            digest: row.text("digest").to_owned(),
        }))
    }

    pub async fn begin(store: &Store, at: Timestamp) -> Result<Loading, Fault> {
        Ok(Loading { tx: store.begin().await?, at, records: 0 })
    }

    pub async fn put(&mut self, entity: &Entity, records: &[NewRecord]) -> Result<(), Fault> {
        let code = entity.code.as_str();
        let mut rows = Vec::with_capacity(records.len() * 8);
        let (mut indexed, mut unique) = (Vec::new(), Vec::new());
        for record in records {
            let key = record.key.as_str();
            let document = record.document.as_str();
            rows.extend(args![code, key, 1_i64, record.valid_from, self.at, "system", "loaded", document]);
            for (field, value) in &record.indexed {
                indexed.extend(args![code, field, value, key]);
            }
            for (field, value) in &record.unique {
                unique.extend(args![code, field, value, key]);
            }
        }
        insert(&mut self.tx, &RECORDS, RECORD_ONE, 8, &rows).await?;
        insert(&mut self.tx, &INDEXES, INDEX_ONE, 4, &indexed).await?;
        insert(&mut self.tx, &UNIQUES, UNIQUE_ONE, 4, &unique).await?;
        self.records += records.len();
        Ok(())
    }

    /// Marks the filling as done, enters it into the audit log and commits.
    pub async fn finish(mut self, name: &str, as_of: Date, digest: &str) -> Result<(), Fault> {
        self.tx
            .execute(
                "INSERT INTO registers_load (name, at, as_of, records, digest) VALUES ($1, $2, $3, $4, $5)",
                &args![name, self.at, as_of, self.records, digest],
            )
            .await?;
        let detail = json!({ "records": self.records, "asOf": as_of.to_string(), "digest": digest });
        let (actor, subject) = ("system".to_owned(), name.to_owned());
        self.tx.audit(&Entry { at: self.at, actor, action: "registers.loaded", subject, detail }).await?;
        self.tx.commit().await
    }
}
