//! Certification paths.

use super::{Facts, Refused};
use crate::vectors::case::{Case, algorithms, certificate};
use formats::{
    flaw::Flaw,
    x509::{PathRules, find_path},
};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let written = match case.changed {
        Some(changed) => changed.to_vec(),
        None => case.data("certificate")?,
    };
    let leaf = certificate(&written).map_err(|refused| Refused::code("", refused))?;
    let (anchors, between) = (case.certificates("ca")?, case.certificates("intermediate")?);
    let at = case.at()?;
    let rules = PathRules { at, strength: algorithms().at(at) };
    find_path(&leaf, &between, &anchors, rules).map_err(Flaw::from)?;
    Ok(json!({}))
}
