//! Acts of consent: what a person allowed or took back, and when. Appended, never changed, each a leaf of the audit log; what
//! holds now is the contact's choice, written in the same transaction.

use crate::Notify;
use base::{Fault, Id, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Row, Tx};

/// Notices by mail, besides the inbox that everybody has.
pub const MAIL_NOTICES: &str = "mail-notices";
/// Acts of one answer.
pub const CONSENTS_MAX: i64 = 100;

/// One act of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// What for: `mail-notices`.
    pub purpose: String,
    /// Given, else withdrawn.
    pub given: bool,
    pub at: Timestamp,
}

impl Notify {
    /// What a person gave and withdrew, newest first.
    pub async fn consents(&self, person: &str) -> Result<Vec<Consent>, Fault> {
        let sql = "SELECT purpose, given, at FROM notify_consent WHERE person = $1 ORDER BY at DESC, id DESC LIMIT $2";
        let rows = self.store().query(sql, &args![person, CONSENTS_MAX]).await?;
        Ok(rows.iter().map(read).collect())
    }

    pub(crate) async fn record_consent(&self, tx: &mut Tx, person: &str, given: bool) -> Result<(), Fault> {
        let (now, id) = (self.now(), Id::new(self.now(), self.chance()));
        let entry = Entry {
            at: now,
            actor: format!("PIN:{person}"),
            action: if given { "notify.consent_given" } else { "notify.consent_withdrawn" },
            subject: id.as_str().to_owned(),
            detail: serde_json::json!({ "purpose": MAIL_NOTICES }),
        };
        let leaf = tx.audit(&entry).await?;
        tx.execute(
            "INSERT INTO notify_consent (id, person, purpose, given, at, leaf_index) VALUES ($1, $2, $3, $4, $5, $6)",
            &args![
                &id,
                person,
                MAIL_NOTICES,
                given,
                now,
                i64::try_from(leaf).expect("a log has fewer leaves than 2^63")
            ],
        )
        .await?;
        Ok(())
    }
}

fn read(row: &Row) -> Consent {
    Consent { purpose: row.text("purpose").to_owned(), given: row.bool("given"), at: row.time("at") }
}
