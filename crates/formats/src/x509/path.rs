//! Path checking (RFC 5280 §6) for the small trees we live in: a leaf, at most a few authorities, anchors given by
//! configuration. Policies are not mapped and names are not constrained: a certificate that demands it is refused.

use super::{Certificate, KeyUsage};
use base::Timestamp;

/// How many certificates a path may have, leaf and anchor included.
pub const PATH_LENGTH_MAX: usize = 5;

/// Why there is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// No anchor is reached, or a signature on the way does not verify.
    Untrusted,
    /// A certificate of the path is not yet valid at the instant.
    NotYetValid,
    /// A certificate of the path is no longer valid at the instant.
    Expired,
    /// A certificate of the path is not an authority, or may not issue this far down.
    NotAuthority,
    /// A critical extension is not understood.
    CriticalExtension,
}

impl std::fmt::Display for PathError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            PathError::Untrusted => "certificate does not lead to a trust anchor",
            PathError::NotYetValid => "certificate is not yet valid",
            PathError::Expired => "certificate has expired",
            PathError::NotAuthority => "issuer may not issue certificates",
            PathError::CriticalExtension => "critical extension not understood",
        })
    }
}

impl std::error::Error for PathError {}

/// The path from `leaf` to one of `anchors` through `intermediates`, checked at the instant `at`: leaf first, anchor last.
/// A leaf that is itself an anchor is its own path.
pub fn check_path<'a>(
    leaf: &'a Certificate,
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    at: Timestamp,
) -> Result<Vec<&'a Certificate>, PathError> {
    let mut path = vec![leaf];
    loop {
        let last = path[path.len() - 1];
        check_itself(last, at)?;
        if anchors.contains(last) {
            return Ok(path);
        }
        if path.len() == PATH_LENGTH_MAX {
            return Err(PathError::Untrusted);
        }
        let unused = intermediates.iter().filter(|candidate| !path.contains(candidate));
        let issuer =
            anchors.iter().chain(unused).find(|issuer| last.is_issued_by(issuer)).ok_or(PathError::Untrusted)?;
        // Authorities between the issuer and the leaf, self-issued ones not counted (RFC 5280 §6.1.4 (l), (m)).
        let below = path[1..].iter().filter(|authority| !authority.is_self_issued()).count();
        check_authority(issuer, below)?;
        path.push(issuer);
    }
}

fn check_itself(certificate: &Certificate, at: Timestamp) -> Result<(), PathError> {
    if at < certificate.not_before() {
        return Err(PathError::NotYetValid);
    }
    if at > certificate.not_after() {
        return Err(PathError::Expired);
    }
    if certificate.extensions().has_unknown_critical() {
        return Err(PathError::CriticalExtension);
    }
    Ok(())
}

fn check_authority(issuer: &Certificate, below: usize) -> Result<(), PathError> {
    let extensions = issuer.extensions();
    let room = extensions.path_length().is_none_or(|most| u64::try_from(below).is_ok_and(|below| below <= most));
    if extensions.is_ca() && extensions.has_usage(KeyUsage::KeyCertSign) && room {
        Ok(())
    } else {
        Err(PathError::NotAuthority)
    }
}
