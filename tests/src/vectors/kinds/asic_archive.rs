//! Archives of containers and the chain through them.

use super::Facts;
use crate::vectors::case::Case;
use formats::asice::exchange::{Archive, Previous};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let previous = match case.text("previous") {
        None => Previous::Any,
        Some("first") => Previous::First,
        Some(digest) => Previous::Digest(digest.to_owned()),
    };
    let facts = Archive::open(&case.file()?)?.judge(&previous)?;
    Ok(json!({ "containers": facts.containers, "algorithm": facts.algorithm, "last": facts.last }))
}
