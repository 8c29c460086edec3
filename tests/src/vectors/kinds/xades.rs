//! Signature documents beside their data.

use super::Facts;
use crate::vectors::case::Case;
use formats::xades::exchange::{Conformance, Identity, Missing, Question, SignatureDocument};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let (file, inputs, trust) = (case.file()?, case.inputs()?, case.trust()?);
    let document = SignatureDocument::read(&file, Conformance::Schema)?;
    let signer = case.is_full().then(|| case.signer()).transpose()?;
    let identity = match &signer {
        Some(signer) => Some(Identity { signer, trust: &trust, at: case.at()? }),
        None => None,
    };
    let documents = |name: &str| case.document(name);
    document.judge(&Question { inputs: &inputs, documents: &documents, missing: Missing::Refused, identity })?;
    Ok(json!({}))
}
