//! Signed configuration directories.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    globalconf::{DirectoryError, read_signed},
    x509::Certificate,
};
use serde_json::{Value, json};

pub fn run(case: &Case<'_>) -> Facts {
    let refuse = |error: DirectoryError| Refused::code(error.code(), &error);
    let signed = read_signed(&case.file()?).map_err(refuse)?;
    let trusted: Vec<Vec<u8>> =
        case.certificates("configuration")?.iter().map(|certificate| certificate.der().to_vec()).collect();
    let named = signed.signed_by(&trusted).map_err(refuse)?;
    let certificate = Certificate::from_der(named).map_err(|error| Refused::case(error.to_string()))?;
    let directory = signed.check(certificate.key()).map_err(refuse)?;
    if directory.expires < case.at()? {
        return Err(Refused::code("global_conf_outdated", "the configuration has expired"));
    }
    for part in &directory.parts {
        if case.document(&part.location).is_some_and(|document| !part.matches(&document)) {
            return Err(Refused::code("global_conf_part_downloaded_file_integrity_failure", &part.location));
        }
    }
    let parts: Vec<Value> = directory
        .parts
        .iter()
        .map(|part| json!({ "identifier": part.identifier, "instance": part.instance, "location": part.location }))
        .collect();
    Ok(json!({
        "expires": directory.expires.to_string(),
        "version": directory.version.map(|version| version.to_string()),
        "parts": parts,
    }))
}
