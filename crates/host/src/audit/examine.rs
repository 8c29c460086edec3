//! The whole log read again: every leaf hashed, every signed head compared. Finds what was changed, cut off or put in since a
//! head was signed, whoever did it and however well they kept the tables in step.

use super::{BASE64, TreeHead, size};
use crate::args;
use crate::store::Store;
use base::Fault;
use base64::Engine;
use formats::merkle::{self, Hash};

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// There is no leaf of this number, though the log says that it is longer.
    LeafMissing { index: u64 },
    /// The entries are not those over which the head of this size was signed.
    PastChanged { head_size: u64 },
    /// The head of this size is not signed by the log's key.
    HeadForged { head_size: u64 },
}

/// Leaves read at a time.
const PAGE: i64 = 1000;

/// Reads the log from its beginning and shows each leaf to `each`; what does not fit, in the order of finding. An entry
/// behind the last signed head is covered by the next one.
pub async fn examine(
    store: &Store,
    public_key_der: &[u8],
    mut each: impl FnMut(u64, &str),
) -> Result<Vec<Finding>, Fault> {
    // Heads first: a head signed while we read is longer than the log that we then count, and is not judged.
    let heads = signed_heads(store).await?;
    let size = size(store).await?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut waiting = heads.iter().peekable();
    let mut tree = Growing::default();
    judge_heads(&mut waiting, &tree, public_key_der, &mut findings);
    'pages: while tree.size < size {
        let rows = store
            .query(
                "SELECT leaf_index, leaf FROM host_audit_entry WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2",
                &args![tree.size, PAGE],
            )
            .await?;
        if rows.is_empty() {
            findings.push(Finding::LeafMissing { index: tree.size });
            break;
        }
        for row in rows {
            if u64::try_from(row.int("leaf_index")) != Ok(tree.size) {
                findings.push(Finding::LeafMissing { index: tree.size });
                break 'pages;
            }
            each(tree.size, row.text("leaf"));
            tree.append(merkle::leaf_hash(row.text("leaf").as_bytes()));
            judge_heads(&mut waiting, &tree, public_key_der, &mut findings);
            if tree.size == size {
                break 'pages;
            }
        }
    }
    // Heads that speak of more entries than there are.
    findings.extend(waiting.map(|head| Finding::PastChanged { head_size: head.size }));
    Ok(findings)
}

fn judge_heads<'a>(
    waiting: &mut std::iter::Peekable<impl Iterator<Item = &'a TreeHead>>,
    tree: &Growing,
    public_key_der: &[u8],
    findings: &mut Vec<Finding>,
) {
    while let Some(head) = waiting.next_if(|head| head.size <= tree.size) {
        let signed = TreeHead::signed_bytes(head.size, head.at, &head.root);
        let signature = BASE64.decode(&head.signature).unwrap_or_default();
        if !crate::keys::verify_p256(public_key_der, &signed, &signature) {
            findings.push(Finding::HeadForged { head_size: head.size });
        } else if head.root != BASE64.encode(tree.root()) {
            findings.push(Finding::PastChanged { head_size: head.size });
        }
    }
}

async fn signed_heads(store: &Store) -> Result<Vec<TreeHead>, Fault> {
    let rows = store.query("SELECT size, at, root, signature FROM host_audit_head ORDER BY size", &args![]).await?;
    let head = |row: &crate::store::Row| TreeHead {
        size: u64::try_from(row.int("size")).unwrap_or(0),
        at: row.int("at"),
        root: BASE64.encode(row.blob("root")),
        signature: BASE64.encode(row.blob("signature")),
    };
    Ok(rows.iter().map(head).collect())
}

/// The complete subtrees of the leaves so far, largest first (RFC 6962 §2.1).
#[derive(Default)]
struct Growing {
    size: u64,
    peaks: Vec<(u32, Hash)>,
}

impl Growing {
    fn append(&mut self, leaf: Hash) {
        let (mut level, mut hash) = (0, leaf);
        while let Some((_, left)) = self.peaks.pop_if(|(height, _)| *height == level) {
            hash = merkle::node_hash(&left, &hash);
            level += 1;
        }
        self.peaks.push((level, hash));
        self.size += 1;
    }

    fn root(&self) -> Hash {
        let hashes = self.peaks.iter().rev().map(|(_, hash)| *hash);
        hashes.reduce(|right, left| merkle::node_hash(&left, &right)).unwrap_or_else(merkle::empty_root)
    }
}
