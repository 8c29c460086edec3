//! Time-stamp tokens and responses.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    flaw::Flaw,
    tsp::{Granted, TimeStampToken, read_answer},
    verify::Digest,
};
use serde_json::{Value, json};

pub fn run(case: &Case<'_>) -> Facts {
    if case.text("scope") == Some("structure") {
        let (granted, token) = read_answer(&case.file()?).map_err(|error| Refused::code("", error))?;
        let mut facts = facts(&token);
        facts["status"] = json!(match granted {
            Granted::AsAsked => "granted",
            Granted::WithModifications => "granted_with_mods",
        });
        return Ok(facts);
    }
    let token = TimeStampToken::from_ber(&case.file()?).map_err(Flaw::from)?;
    let trust = case.trust()?;
    token.verify_named(&case.data("data")?, &trust.time_stamping, trust.algorithms).map_err(Flaw::from)?;
    Ok(facts(&token))
}

fn facts(token: &TimeStampToken) -> Value {
    let stamp = token.stamp();
    let algorithm = match stamp.digest {
        Digest::Sha1 => "sha-1",
        Digest::Sha256 => "sha-256",
        Digest::Sha384 => "sha-384",
        Digest::Sha512 => "sha-512",
    };
    json!({ "time": stamp.at.to_string(), "imprint_algorithm": algorithm })
}
