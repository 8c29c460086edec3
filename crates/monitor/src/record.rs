//! How snapshots and bulletins are tied to the audit log.

use base::Timestamp;
use host::audit::Entry;

pub(crate) fn digest(body: &str) -> String {
    base::hex(&formats::verify::sha256(body.as_bytes()))
}

pub(crate) fn leaf_number(leaf: u64) -> i64 {
    i64::try_from(leaf).expect("a log has fewer than 2^63 leaves")
}

pub(crate) fn entry(
    at: Timestamp,
    actor: &str,
    action: &'static str,
    subject: &str,
    detail: serde_json::Value,
) -> Entry {
    Entry { at, actor: actor.into(), action, subject: subject.into(), detail }
}
