//! Judging signed documents offline: `pencere verify FILE` and the public page use this with anchors from a file.

use crate::Refusal;
use base::Timestamp;
use formats::{
    asice::{TrustAnchors, Verdict, validate},
    x509::from_pem,
};

/// Most certificates in a file of anchors.
const ANCHORS_MAX: usize = 100;

/// Reads trust anchors from PEM, as `GET /certificates/anchors.pem` gives them: self-issued ones are roots, the others are
/// authorities at hand.
pub fn anchors_from_pem(text: &str) -> Result<TrustAnchors, Refusal> {
    let certificates = from_pem(text).map_err(|_| Refusal::AnchorsMalformed)?;
    let (roots, intermediates): (Vec<_>, Vec<_>) = certificates
        .into_iter()
        .partition(|certificate| certificate.is_self_issued() && certificate.is_issued_by(certificate));
    if roots.is_empty() || roots.len() + intermediates.len() > ANCHORS_MAX {
        return Err(Refusal::AnchorsMalformed);
    }
    Ok(TrustAnchors { roots, intermediates, responders: Vec::new() })
}

/// The verdict on a signed document as of the instant `at`.
pub fn verify_document(container: &[u8], anchors: &TrustAnchors, at: Timestamp) -> Verdict {
    validate(container, anchors, at)
}
