//! Erasure by destroying the key: the owner's documents become unreadable at once, in every copy and backup of the object
//! store, because the only key to their keys is gone from the row. (Backups of the *store* hold the wrapped key until they
//! run out; their retention is the operator's. Public records stay: they hold nothing of the owner.)

use crate::Safe;
use crate::refusal::Failure;
use host::args;
use host::audit::Entry;
use host::store::Tx;
use serde_json::json;

impl Safe {
    /// Destroys the owner's key and blanks what the rows say about the documents, in the caller's transaction. How many
    /// documents became unreadable; 0 when there was nothing. A document put later gets a new key.
    pub async fn erase_owner(&self, tx: &mut Tx, owner: &str, actor: &str) -> Result<u64, Failure> {
        let now = self.now();
        let sql = "SELECT id FROM safe_owner_key WHERE owner = $1 AND destroyed_at IS NULL";
        let Some(key) = tx.query_opt(sql, &args![owner]).await? else { return Ok(0) };
        let key = key.id("id");
        tx.execute(
            "UPDATE safe_owner_key SET wrapped = $1, destroyed_at = $2 WHERE id = $3",
            &args![None::<Vec<u8>>, now, &key],
        )
        .await?;
        let blank = json!({ "az": "—", "en": "—", "ru": "—" }).to_string();
        let erased = tx
            .execute(
                "UPDATE safe_document SET title = $1, number = $2, file_name = '—', case_reference = $2
                 WHERE owner_key = $3",
                &args![blank, None::<String>, &key],
            )
            .await?;
        tx.audit(&Entry {
            at: now,
            actor: actor.to_owned(),
            action: "safe.erased",
            subject: key.to_string(),
            detail: json!({ "documents": erased }),
        })
        .await?;
        Ok(erased)
    }
}
