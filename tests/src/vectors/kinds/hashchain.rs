//! Hash chains.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{hashchain, xades::transform};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let unverified = hashchain::verify(&case.file()?, &|name| case.document(name), &case.inputs()?, &transform)
        .map_err(|error| Refused::code(error.code(), &error))?;
    Ok(json!({ "unverified": unverified }))
}
