//! The holder of a register tries to falsify the record of who looked at a person's data: on copies of the register's own store,
//! with its own key file's public half as the only judge. Nothing of the walked country is changed.

use super::Country;
use base::Chance;
use host::args;
use host::store::{Location, Store};
use registers::access;
use std::path::{Path, PathBuf};

const REGISTER: &str = "iamas";

/// A falsification: its words, and the statements that a holder with the database in hand would write.
struct Attempt {
    what: &'static str,
    /// `$1` is the entry's id, `$2` the number of its leaf.
    statements: &'static [&'static str],
}

const ATTEMPTS: [Attempt; 6] = [
    Attempt {
        what: "an entry with another purpose",
        statements: &["UPDATE registers_access SET purpose = 'other' WHERE id = $1 AND leaf_index = $2"],
    },
    Attempt {
        what: "an entry with another reader",
        statements: &["UPDATE registers_access SET reader_member = 'other' WHERE id = $1 AND leaf_index = $2"],
    },
    Attempt {
        what: "an entry moved to another person",
        statements: &["UPDATE registers_access SET about = 'NOBODY1' WHERE id = $1 AND leaf_index = $2"],
    },
    Attempt {
        what: "an entry deleted",
        statements: &["DELETE FROM registers_access WHERE id = $1 AND leaf_index = $2"],
    },
    Attempt {
        what: "an entry changed together with its leaf",
        statements: &[
            "UPDATE host_audit_entry SET leaf = REPLACE(leaf, '\"messageId\":\"', '\"messageId\":\"0') WHERE subject = $1 AND leaf_index = $2",
            "UPDATE registers_access SET message_id = '0' || message_id WHERE id = $1 AND leaf_index = $2",
        ],
    },
    Attempt {
        what: "an entry deleted together with its leaf",
        statements: &[
            "DELETE FROM host_audit_entry WHERE subject = $1 AND leaf_index = $2",
            "DELETE FROM registers_access WHERE id = $1 AND leaf_index = $2",
        ],
    },
];

/// The falsifications that nobody would notice; also whether the true log is found to be false.
pub async fn unnoticed(country: &Country) -> Result<Vec<String>, String> {
    let folder = std::env::temp_dir().join(format!("pencere-holder-{}", base::SystemChance.hex(8)));
    std::fs::create_dir_all(&folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    let found = judge(country, &folder).await;
    // A rest in the temporary folder harms nobody.
    let _left = std::fs::remove_dir_all(&folder);
    found
}

async fn judge(country: &Country, folder: &Path) -> Result<Vec<String>, String> {
    let key = country.data.join("trusted").join(format!("log-{REGISTER}.der"));
    let key = std::fs::read(&key).map_err(|cause| format!("{}: {cause}", key.display()))?;
    let mut found = Vec::new();
    let copy = copied(country, folder, "true").await?;
    let findings = access::examine(&copy, &key).await.map_err(|fault| fault.to_string())?;
    found.extend(findings.iter().map(|finding| format!("the true log is said to be falsified: {finding:?}")));
    copy.close().await;
    for (number, attempt) in ATTEMPTS.iter().enumerate() {
        let copy = copied(country, folder, &number.to_string()).await?;
        falsify(&copy, attempt).await?;
        let findings = access::examine(&copy, &key).await.map_err(|fault| fault.to_string())?;
        if findings.is_empty() {
            found.push(format!("{} is not noticed", attempt.what));
        }
        copy.close().await;
    }
    Ok(found)
}

/// A copy of the register's store as it is between two writers.
async fn copied(country: &Country, folder: &Path, name: &str) -> Result<Store, String> {
    let source = country.data.join("stores").join(format!("register-{REGISTER}.db"));
    let target = folder.join(format!("{name}.db"));
    let open = async |file: &Path| {
        let store = Store::open(&Location::Sqlite(file.to_owned()), &[registers::MIGRATIONS]).await;
        store.map_err(|error| error.to_string())
    };
    let store = open(&source).await?;
    // While this transaction holds the only writer, file and write-ahead log stand still.
    let held = store.begin().await.map_err(|fault| fault.to_string())?;
    let taken = copy(&source, &target);
    held.rollback().await;
    store.close().await;
    taken.map_err(|cause| format!("{}: {cause}", target.display()))?;
    open(&target).await
}

fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    let beside = |file: &Path| PathBuf::from(format!("{}-wal", file.display()));
    std::fs::copy(source, target)?;
    if beside(source).exists() {
        std::fs::copy(beside(source), beside(target))?;
    }
    Ok(())
}

/// Writes over the oldest entry of the log, which every signed head covers.
async fn falsify(store: &Store, attempt: &Attempt) -> Result<(), String> {
    let row = store.query_opt("SELECT id, leaf_index FROM registers_access ORDER BY leaf_index LIMIT 1", &[]).await;
    let row = row.map_err(|fault| fault.to_string())?.ok_or("the access log is empty")?;
    let mut tx = store.begin().await.map_err(|fault| fault.to_string())?;
    for statement in attempt.statements {
        let changed = tx.execute(statement, &args![row.id("id"), row.int("leaf_index")]).await;
        if changed.map_err(|fault| fault.to_string())? != 1 {
            return Err(format!("{} could not be written", attempt.what));
        }
    }
    tx.commit().await.map_err(|fault| fault.to_string())
}
