//! The tamper-evident log of a store: every entry is a leaf of an append-only Merkle tree (RFC 6962), written in the same
//! transaction as the rows it speaks of; the tree's head is signed, and anybody can check a leaf against it offline.

mod examine;

pub use examine::{Finding, examine};

use crate::args;
use crate::store::{Migration, Row, Store, Tx};
use base::{Fault, Signer, Timestamp};
use base64::Engine;
use formats::merkle::{self, Hash, Hashes, Node};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "host_audit",
    number: 1,
    sql: "CREATE TABLE host_audit_entry (
    leaf_index BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    leaf TEXT NOT NULL
);
CREATE INDEX host_audit_by_subject ON host_audit_entry (subject, leaf_index);
CREATE TABLE host_audit_node (
    level BIGINT NOT NULL,
    node_index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, node_index)
);
CREATE TABLE host_audit_size (
    only_row BIGINT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL
);
INSERT INTO host_audit_size (only_row, size) VALUES (1, 0);
CREATE TABLE host_audit_head (
    size BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    root BYTEA NOT NULL,
    signature BYTEA NOT NULL
);",
}];

/// What happened, for those who check later.
#[derive(Debug, Clone)]
pub struct Entry {
    pub at: Timestamp,
    /// Who acted: `PIN:…`, `AZ/GOV/10002/employment`, `system`.
    pub actor: String,
    /// Stable, dotted: `registers.read`, `services.decided`.
    pub action: &'static str,
    /// What it was done to: a reference or an id; indexed.
    pub subject: String,
    pub detail: Json,
}

/// A leaf with the path to a signed head; `verify` needs nothing else than the log's public key.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inclusion {
    /// The exact text whose hash is in the tree.
    pub leaf: String,
    pub leaf_index: u64,
    /// Base64, sibling of the leaf first.
    pub path: Vec<String>,
    pub head: TreeHead,
}

/// A signed tree head: "at this time the log had this many entries and this root".
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TreeHead {
    pub size: u64,
    /// Microseconds since 1970.
    pub at: i64,
    /// Base64.
    pub root: String,
    /// Base64; over `signed_bytes`.
    pub signature: String,
}

impl TreeHead {
    /// What is signed: a fixed line of text, so that any tool can rebuild it.
    fn signed_bytes(size: u64, at: i64, root: &str) -> Vec<u8> {
        format!("pencere-log-head-v1\n{size}\n{at}\n{root}\n").into_bytes()
    }
}

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

impl Tx {
    /// Appends a leaf; the number it got, from 0. On PostgreSQL the size row serialises appenders until they commit.
    pub async fn audit(&mut self, entry: &Entry) -> Result<u64, Fault> {
        let row = self
            .query_opt("UPDATE host_audit_size SET size = size + 1 WHERE only_row = 1 RETURNING size", &args![])
            .await?
            .expect("the migration wrote the row");
        let index = row.int("size") - 1;
        let leaf = json!({
            "index": index,
            "at": entry.at.to_string(),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
        })
        .to_string();
        self.execute(
            "INSERT INTO host_audit_entry (leaf_index, at, action, subject, leaf) VALUES ($1, $2, $3, $4, $5)",
            &args![index, entry.at, entry.action, entry.subject.as_str(), leaf.as_str()],
        )
        .await?;
        let index = u64::try_from(index).expect("sizes only grow from 0");
        self.append_hashes(index, merkle::leaf_hash(leaf.as_bytes())).await?;
        Ok(index)
    }

    /// Until this transaction ends no other one that writes to the log is committed.
    pub async fn hold_audit(&mut self) -> Result<(), Fault> {
        self.execute("UPDATE host_audit_size SET size = size WHERE only_row = 1", &args![]).await.map(|_| ())
    }

    async fn append_hashes(&mut self, index: u64, leaf: Hash) -> Result<(), Fault> {
        self.put_node(Node { level: 0, index }, leaf).await?;
        let mut right = leaf;
        for node in merkle::completed_by(index) {
            let left = self
                .query_opt(
                    "SELECT hash FROM host_audit_node WHERE level = $1 AND node_index = $2",
                    &args![node.level - 1, node.index * 2],
                )
                .await?
                .map(|row| hash_of(&row))
                .expect("a left neighbour was written before");
            right = merkle::node_hash(&left, &right);
            self.put_node(node, right).await?;
        }
        Ok(())
    }

    async fn put_node(&mut self, node: Node, hash: Hash) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO host_audit_node (level, node_index, hash) VALUES ($1, $2, $3)",
            &args![node.level, node.index, hash],
        )
        .await?;
        Ok(())
    }
}

fn hash_of(row: &Row) -> Hash {
    row.blob("hash").try_into().expect("only 32-byte hashes are written")
}

struct Loaded(HashMap<(u32, u64), Hash>);

impl Hashes for Loaded {
    fn node(&self, node: Node) -> Hash {
        self.0[&(node.level, node.index)]
    }
}

async fn load(store: &Store, ranges: &[(u64, u64)]) -> Result<Loaded, Fault> {
    let mut loaded = HashMap::new();
    for (start, end) in ranges {
        for node in merkle::nodes_of_range(*start, *end) {
            let row = store
                .query_opt(
                    "SELECT hash FROM host_audit_node WHERE level = $1 AND node_index = $2",
                    &args![node.level, node.index],
                )
                .await?
                .ok_or_else(|| Fault::new("read the audit log", "a node of the tree is missing"))?;
            loaded.insert((node.level, node.index), hash_of(&row));
        }
    }
    Ok(Loaded(loaded))
}

/// How many entries are committed.
pub async fn size(store: &Store) -> Result<u64, Fault> {
    let row = store.query_opt("SELECT size FROM host_audit_size WHERE only_row = 1", &args![]).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.int("size")).expect("sizes only grow from 0")))
}

/// Signs the head of what is committed now. The same size gives the head already signed, and the stored root is compared
/// with the recomputed one: a log whose past was changed gets no new signature.
pub async fn sign_tree_head(store: &Store, signer: &dyn Signer, now: Timestamp) -> Result<TreeHead, Fault> {
    let size = size(store).await?;
    let root = merkle::root(size, &load(store, &[(0, size)]).await?);
    if let Some(head) = head_at(store, size).await? {
        if head.root != BASE64.encode(root) {
            return Err(Fault::new("sign the head of the audit log", "the log's past was changed"));
        }
        return Ok(head);
    }
    let at = now.as_microsecond();
    let signature = signer.sign(&TreeHead::signed_bytes(size, at, &BASE64.encode(root)))?;
    let mut tx = store.begin().await?;
    tx.execute(
        "INSERT INTO host_audit_head (size, at, root, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING",
        &args![size, at, root, signature],
    )
    .await?;
    tx.commit().await?;
    head_at(store, size).await?.ok_or_else(|| Fault::new("sign the head of the audit log", "the head was not kept"))
}

async fn head_at(store: &Store, size: u64) -> Result<Option<TreeHead>, Fault> {
    let row =
        store.query_opt("SELECT size, at, root, signature FROM host_audit_head WHERE size = $1", &args![size]).await?;
    Ok(row.map(|row| TreeHead {
        size,
        at: row.int("at"),
        root: BASE64.encode(row.blob("root")),
        signature: BASE64.encode(row.blob("signature")),
    }))
}

/// The proof that entry `leaf_index` is in the log of the head `head`; `None` when the head does not reach it.
pub async fn inclusion(store: &Store, leaf_index: u64, head: &TreeHead) -> Result<Option<Inclusion>, Fault> {
    let row = store.query_opt("SELECT leaf FROM host_audit_entry WHERE leaf_index = $1", &args![leaf_index]).await?;
    let Some(row) = row.filter(|_| leaf_index < head.size) else { return Ok(None) };
    let ranges = merkle::inclusion_ranges(leaf_index, head.size);
    let hashes = load(store, &ranges).await?;
    let path = merkle::inclusion_proof(leaf_index, head.size, &hashes);
    Ok(Some(Inclusion {
        leaf: row.text("leaf").to_owned(),
        leaf_index,
        path: path.iter().map(|hash| BASE64.encode(hash)).collect(),
        head: head.clone(),
    }))
}

/// The proof that the log of `old` entries is the beginning of the log of `new` entries; base64 hashes.
pub async fn consistency(store: &Store, old: u64, new: u64) -> Result<Vec<String>, Fault> {
    assert!(0 < old && old <= new, "a log is consistent with its own past only");
    let hashes = load(store, &merkle::consistency_ranges(old, new)).await?;
    Ok(merkle::consistency_proof(old, new, &hashes).iter().map(|hash| BASE64.encode(hash)).collect())
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    Malformed,
    HeadSignature,
    NotInTheTree,
}

/// Judges a proof offline with the log's public key (SubjectPublicKeyInfo, ECDSA P-256).
pub fn verify(inclusion: &Inclusion, public_key_der: &[u8]) -> Result<(), Doubt> {
    let decode = |text: &str| BASE64.decode(text).map_err(|_| Doubt::Malformed);
    let hash = |text: &str| -> Result<Hash, Doubt> { decode(text)?.try_into().map_err(|_| Doubt::Malformed) };
    let head = &inclusion.head;
    let root = hash(&head.root)?;
    let signed = TreeHead::signed_bytes(head.size, head.at, &head.root);
    if !crate::keys::verify_p256(public_key_der, &signed, &decode(&head.signature)?) {
        return Err(Doubt::HeadSignature);
    }
    let path = inclusion.path.iter().map(|text| hash(text)).collect::<Result<Vec<_>, _>>()?;
    let leaf = merkle::leaf_hash(inclusion.leaf.as_bytes());
    if merkle::inclusion_holds(&leaf, inclusion.leaf_index, head.size, &path, &root) {
        Ok(())
    } else {
        Err(Doubt::NotInTheTree)
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
