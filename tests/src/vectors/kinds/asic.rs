//! Containers: only their structure, or everything that they prove.

use super::Facts;
use crate::vectors::case::{Case, algorithms};
use formats::asice::exchange::{MessageContainer, Scope};
use serde_json::json;

pub fn structure(case: &Case<'_>) -> Facts {
    let container = MessageContainer::open(&case.file()?)?;
    container.check_structure()?;
    Ok(json!({ "attachments": container.attachments(), "batch_time_stamp": container.has_batch_time_stamp() }))
}

pub fn judge(case: &Case<'_>) -> Facts {
    let trust = case.trust()?;
    let scope = if case.is_full() { Scope::Full(&trust) } else { Scope::Crypto(algorithms()) };
    let facts = MessageContainer::open(&case.file()?)?.judge(scope)?;
    Ok(json!({
        "attachments": facts.attachments,
        "batch_time_stamp": facts.batch_time_stamp,
        "batch_signature": facts.batch_signature,
        "time_stamp": facts.time_stamp.to_string(),
        "signer": facts.signer.to_string(),
        "unverified": facts.unverified,
    }))
}
