//! Tables are brought up to date at every opening. Migrations are append-only: what was applied is remembered with its
//! digest, a changed or missing one stops the start, and a store of a newer version is left alone.

use super::{Store, Tx};
use crate::args;
use base::Fault;
use std::fmt;

/// One step of one part. Types are `BIGINT`, `TEXT` and `BYTEA`; a table's closing `);` stands on a line of its own.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub part: &'static str,
    /// 1, 2, 3 … within the part.
    pub number: u32,
    pub sql: &'static str,
}

/// Why a store could not be opened; each is one sentence for the operator.
#[derive(Debug)]
pub enum OpenError {
    Unusable { place: String, cause: String },
    Newer { part: String, number: i64 },
    Changed { part: &'static str, number: u32 },
    Failed(Fault),
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Unusable { place, cause } => write!(out, "the store at {place} cannot be used: {cause}"),
            OpenError::Newer { part, number } => write!(
                out,
                "the store was written by a newer version (step {number} of {part} is unknown here): use that version or another data directory"
            ),
            OpenError::Changed { part, number } => {
                write!(out, "step {number} of {part} differs from the one this store was made with")
            }
            OpenError::Failed(fault) => write!(out, "the store could not be opened: {fault}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        OpenError::Failed(fault)
    }
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS host_migration (
    part TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (part, number)
);";

/// All steps in order; the store's own rooms first. A gap or a double number is a bug of the caller.
pub(super) fn plan(parts: &[&[Migration]]) -> Vec<Migration> {
    let own: [&[Migration]; 3] = [crate::audit::MIGRATIONS, crate::jobs::MIGRATIONS, crate::outbox::MIGRATIONS];
    let mut plan = Vec::new();
    for steps in own.iter().chain(parts) {
        for (place, step) in steps.iter().enumerate() {
            assert_eq!(step.number as usize, place + 1, "the steps of {} are numbered 1, 2, 3 …", step.part);
            plan.push(*step);
        }
    }
    plan
}

pub(super) async fn apply(store: &Store, plan: &[Migration]) -> Result<(), OpenError> {
    let mut tx = store.begin().await?;
    tx.batch(store.translate(LEDGER)).await?;
    for row in tx.query("SELECT part, number FROM host_migration", &args![]).await? {
        let known = |step: &Migration| step.part == row.text("part") && i64::from(step.number) == row.int("number");
        if !plan.iter().any(known) {
            return Err(OpenError::Newer { part: row.text("part").to_owned(), number: row.int("number") });
        }
    }
    for step in plan {
        apply_one(store, &mut tx, step).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn apply_one(store: &Store, tx: &mut Tx, step: &Migration) -> Result<(), OpenError> {
    let digest = digest(step.sql);
    let inserted = tx
        .execute(
            "INSERT INTO host_migration (part, number, digest) VALUES ($1, $2, $3) ON CONFLICT (part, number) DO NOTHING",
            &args![step.part, step.number, digest.as_str()],
        )
        .await?;
    if inserted == 1 {
        return Ok(tx.batch(store.translate(step.sql)).await?);
    }
    let applied = tx
        .query_opt("SELECT digest FROM host_migration WHERE part = $1 AND number = $2", &args![step.part, step.number])
        .await?;
    match applied {
        Some(row) if row.text("digest") == digest => Ok(()),
        _ => Err(OpenError::Changed { part: step.part, number: step.number }),
    }
}

fn digest(sql: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes());
    base::hex(digest.as_ref())
}
