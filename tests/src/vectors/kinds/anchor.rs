//! Configuration anchors.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{globalconf::read_anchor, verify::Digest};
use serde_json::{Value, json};

pub fn run(case: &Case<'_>) -> Facts {
    let anchor = read_anchor(&case.file()?).map_err(|error| Refused::code("malformed_anchor", error))?;
    let sha1 = |der: &Vec<u8>| base::hex(&Digest::Sha1.of(der));
    let sources: Vec<Value> = anchor
        .sources
        .iter()
        .map(|source| {
            let digests: Vec<String> = source.certificates.iter().map(sha1).collect();
            json!({ "url": source.url, "certificates_sha1": digests })
        })
        .collect();
    Ok(json!({
        "instance": anchor.instance,
        "generated_at": anchor.generated_at.map(|at| at.to_string()),
        "sources": sources,
    }))
}
