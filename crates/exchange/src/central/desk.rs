//! The operator's desk: the anchors that an instance gives out and those that it trusts, and the steps by which its keys
//! follow one another. It needs the store and the node's folder of keys and nothing else, so it serves the running central
//! server as well as a command beside it; what is changed at it is published with the next edition.

use super::{
    anchor_sources,
    keys::{self, ConfigurationKey, KeyRefusal, KeyStore, Purpose},
};
use base::{Clock, Failure, Fault, Timestamp};
use formats::globalconf::{Anchor, ParameterError, SharedParameters, anchor_hash, read_anchor, write_anchor};
use host::{
    args,
    audit::Entry,
    store::{Row, Store, Tx},
};
use serde_json::Value;
use std::sync::Arc;

/// What a desk is made of.
pub struct Desk {
    pub instance: String,
    /// The central server's.
    pub store: Store,
    pub keys: KeyStore,
    pub clock: Arc<dyn Clock>,
    /// For how long a published configuration counts. So long a new key waits after it was first published: until no
    /// configuration counts any more that does not name it.
    pub validity_s: i64,
}

/// An anchor as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorFile {
    pub name: String,
    pub bytes: Vec<u8>,
    /// By which two people compare it: SHA-224 in pairs of digits.
    pub hash: String,
}

/// An instance that this one is federated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    pub anchor: Anchor,
    pub hash: String,
    /// Since when its anchor is trusted.
    pub since: Timestamp,
}

impl Desk {
    /// The instance of the newest edition; none before the first.
    pub async fn published_instance(&self) -> Result<Option<String>, Fault> {
        let sql = "SELECT shared FROM exchange_published ORDER BY number DESC LIMIT 1";
        let Some(row) = self.store.query_opt(sql, &[]).await? else { return Ok(None) };
        let shared = SharedParameters::read(row.blob("shared"));
        shared.map(|shared| Some(shared.instance)).map_err(|error| Fault::new("read what was published", error))
    }

    /// The keys of every node, the oldest first.
    pub async fn keys(&self) -> Result<Vec<ConfigurationKey>, Fault> {
        keys::all(&mut self.store.begin().await?).await
    }

    /// What others need to trust this instance: every node with every key.
    pub async fn anchor_file(&self, purpose: Purpose) -> Result<AnchorFile, Fault> {
        let anchor = anchor_of(&self.instance, &self.keys().await?, purpose);
        if anchor.sources.is_empty() {
            return Err(Fault::new("write an anchor", "this instance has no keys yet: its central server never ran"));
        }
        let bytes = write_anchor(&anchor);
        let name = format!("configuration_anchor_{}_{}.xml", self.instance, purpose.name());
        Ok(AnchorFile { name, hash: anchor_hash(&bytes), bytes })
    }

    /// The instances that this one is federated with.
    pub async fn partners(&self) -> Result<Vec<Partner>, Fault> {
        partners(&mut self.store.begin().await?).await
    }

    /// Federates with the instance whose anchor this is; one of that instance that was trusted before is replaced.
    pub async fn trust_anchor(&self, document: &[u8], operator: &str) -> Result<Result<String, ParameterError>, Fault> {
        let anchor = match read_anchor(document) {
            Ok(anchor) if anchor.instance == self.instance => {
                return Ok(Err(ParameterError("an instance is not federated with itself".to_owned())));
            }
            Ok(anchor) => anchor,
            Err(error) => return Ok(Err(error)),
        };
        let mut tx = self.store.begin().await?;
        let sql = "INSERT INTO exchange_trusted_anchor (instance, document, at) VALUES ($1, $2, $3)
            ON CONFLICT (instance) DO UPDATE SET document = excluded.document, at = excluded.at";
        tx.execute(sql, &args![&anchor.instance, document, self.clock.now()]).await?;
        self.note(&mut tx, operator, "exchange.anchor_trusted", &anchor.instance, anchor_hash(document).into()).await?;
        tx.commit().await?;
        Ok(Ok(anchor.instance))
    }

    /// Ends the federation with an instance. False when there was none.
    pub async fn forget_anchor(&self, instance: &str, operator: &str) -> Result<bool, Fault> {
        let mut tx = self.store.begin().await?;
        let gone = tx.execute("DELETE FROM exchange_trusted_anchor WHERE instance = $1", &args![instance]).await?;
        if gone > 0 {
            self.note(&mut tx, operator, "exchange.anchor_forgotten", instance, Value::Null).await?;
        }
        tx.commit().await?;
        Ok(gone > 0)
    }

    /// The first step of a rotation: a new key, to be published as trusted beside the one that signs.
    pub async fn announce_key(&self, purpose: Purpose, operator: &str) -> Result<ConfigurationKey, Fault> {
        let mut tx = self.store.begin().await?;
        let known = keys::all(&mut tx).await?;
        let own = known.iter().find(|key| self.keys.holds(key));
        let own = own.ok_or_else(|| Fault::new("announce a key", "no key of this node is in its folder"))?;
        let key = self.keys.announce(&mut tx, purpose, &own.address, &*self.clock, None).await?;
        let detail = purpose.name().into();
        self.note(&mut tx, operator, "exchange.configuration_key_announced", &key.digest, detail).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// The second step: the announced key signs from the next edition on.
    pub async fn activate_key(&self, digest: &str, operator: &str) -> Result<(), Failure<KeyRefusal>> {
        let mut tx = self.store.begin().await?;
        let key = self.own_key(&mut tx, digest).await?;
        // The key must be at hand before anything depends on it.
        if !self.keys.holds(&key) {
            return Err(Failure::Refused(KeyRefusal::Unknown));
        }
        keys::may_sign(&mut tx, &key, self.validity_s, self.clock.now()).await?;
        keys::activate(&mut tx, &key).await?;
        let detail = key.purpose.name().into();
        self.note(&mut tx, operator, "exchange.configuration_key_activated", digest, detail).await?;
        Ok(tx.commit().await?)
    }

    /// The last step: nobody trusts the key any more.
    pub async fn retire_key(&self, digest: &str, operator: &str) -> Result<(), Failure<KeyRefusal>> {
        let mut tx = self.store.begin().await?;
        let key = self.own_key(&mut tx, digest).await?;
        if !keys::retire(&mut tx, &key).await? {
            return Err(Failure::Refused(KeyRefusal::Active));
        }
        let detail = key.purpose.name().into();
        self.note(&mut tx, operator, "exchange.configuration_key_retired", digest, detail).await?;
        Ok(tx.commit().await?)
    }

    /// A key of this node, also one that is lost: the node is where the keys are that are at hand.
    async fn own_key(&self, tx: &mut Tx, digest: &str) -> Result<ConfigurationKey, Failure<KeyRefusal>> {
        let known = keys::all(tx).await?;
        let held = known.iter().find(|key| self.keys.holds(key)).map(|key| key.address.clone());
        let own = known.into_iter().find(|key| key.digest == digest && held.as_ref() == Some(&key.address));
        own.ok_or(Failure::Refused(KeyRefusal::Unknown))
    }

    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        actor: &str,
        action: &'static str,
        subject: &str,
        detail: Value,
    ) -> Result<(), Fault> {
        let (at, actor, subject) = (self.clock.now(), actor.to_owned(), subject.to_owned());
        tx.audit(&Entry { at, actor, action, subject, detail }).await.map(|_| ())
    }
}

pub(super) fn anchor_of(instance: &str, keys: &[ConfigurationKey], purpose: Purpose) -> Anchor {
    let generated_at = keys.iter().map(|key| key.since).max();
    Anchor { generated_at, instance: instance.to_owned(), sources: anchor_sources(keys, purpose) }
}

pub(super) async fn partners(tx: &mut Tx) -> Result<Vec<Partner>, Fault> {
    let rows = tx.query("SELECT document, at FROM exchange_trusted_anchor ORDER BY instance", &[]).await?;
    let read = |row: &Row| {
        let document = row.blob("document");
        let anchor = read_anchor(document).map_err(|error| Fault::new("read a trusted anchor", error))?;
        Ok(Partner { anchor, hash: anchor_hash(document), since: row.time("at") })
    };
    rows.iter().map(read).collect()
}
