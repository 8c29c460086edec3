//! Anchors: those that this instance gives out, by which members and federated instances trust it, and those of other
//! instances that it trusts itself.

use super::{Central, Purpose, anchor_sources};
use base::Fault;
use formats::globalconf::{Anchor, ParameterError, read_anchor, write_anchor};
use host::{args, audit::Entry, store::Tx};

/// An anchor as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorFile {
    pub name: String,
    pub bytes: Vec<u8>,
    /// By which two people compare it: SHA-224 in pairs of digits.
    pub hash: String,
}

impl Central {
    /// What members need to trust this instance: every node with every key.
    pub fn anchor(&self) -> Anchor {
        self.anchor_of(Purpose::Internal)
    }

    /// The same for instances that are to be federated with it.
    pub fn external_anchor(&self) -> Anchor {
        self.anchor_of(Purpose::External)
    }

    fn anchor_of(&self, purpose: Purpose) -> Anchor {
        let keys = self.configuration_keys();
        let generated_at = keys.iter().map(|key| key.since).max();
        Anchor { generated_at, instance: self.instance().to_owned(), sources: anchor_sources(&keys, purpose) }
    }

    pub fn anchor_file(&self, purpose: Purpose) -> AnchorFile {
        let bytes = write_anchor(&self.anchor_of(purpose));
        let name = format!("configuration_anchor_{}_{}.xml", self.instance(), purpose.name());
        AnchorFile { name, hash: formats::globalconf::anchor_hash(&bytes), bytes }
    }

    /// Federates with the instance whose anchor this is; one of that instance that was trusted before is replaced.
    pub async fn trust_anchor(&self, document: &[u8], operator: &str) -> Result<Result<String, ParameterError>, Fault> {
        let anchor = match read_anchor(document) {
            Ok(anchor) if anchor.instance == self.instance() => {
                return Ok(Err(ParameterError("an instance is not federated with itself".to_owned())));
            }
            Ok(anchor) => anchor,
            Err(error) => return Ok(Err(error)),
        };
        let mut tx = self.store.begin().await?;
        let sql = "INSERT INTO exchange_trusted_anchor (instance, document, at) VALUES ($1, $2, $3)
            ON CONFLICT (instance) DO UPDATE SET document = excluded.document, at = excluded.at";
        tx.execute(sql, &args![&anchor.instance, document, self.clock.now()]).await?;
        self.audit_anchor(&mut tx, "exchange.anchor_trusted", &anchor.instance, operator).await?;
        tx.commit().await?;
        self.publish().await?;
        Ok(Ok(anchor.instance))
    }

    /// Ends the federation with an instance.
    pub async fn forget_anchor(&self, instance: &str, operator: &str) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        tx.execute("DELETE FROM exchange_trusted_anchor WHERE instance = $1", &args![instance]).await?;
        self.audit_anchor(&mut tx, "exchange.anchor_forgotten", instance, operator).await?;
        tx.commit().await?;
        self.publish().await
    }

    async fn audit_anchor(
        &self,
        tx: &mut Tx,
        action: &'static str,
        instance: &str,
        operator: &str,
    ) -> Result<(), Fault> {
        let entry = Entry {
            at: self.clock.now(),
            actor: operator.to_owned(),
            action,
            subject: instance.to_owned(),
            detail: serde_json::Value::Null,
        };
        tx.audit(&entry).await.map(|_| ())
    }
}

/// Anchors of the instances that this one is federated with.
pub(super) async fn trusted(tx: &mut Tx) -> Result<Vec<Anchor>, Fault> {
    let rows = tx.query("SELECT document FROM exchange_trusted_anchor ORDER BY instance", &[]).await?;
    let read = |row: &host::store::Row| {
        read_anchor(row.blob("document")).map_err(|error| Fault::new("read a trusted anchor", error))
    };
    rows.iter().map(read).collect()
}
