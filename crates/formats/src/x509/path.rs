//! Path checking (RFC 5280 §6) for the small trees we live in: a leaf, at most a few authorities, anchors given by
//! configuration. Policies are not mapped and names are not constrained: a certificate that demands it is refused.

use super::Certificate;
use crate::verify::Strength;
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

/// By what a path is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRules {
    pub at: Timestamp,
    pub strength: Strength,
}

/// The path from `leaf` to one of `anchors` through `intermediates`, checked at the instant `at`: leaf first, anchor last.
/// A leaf that is itself an anchor is its own path.
pub fn check_path<'a>(
    leaf: &'a Certificate,
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    at: Timestamp,
) -> Result<Vec<&'a Certificate>, PathError> {
    find_path(leaf, intermediates, anchors, PathRules { at, strength: Strength::Current })
}

/// The same by rules of the caller. Where several issuers fit, each is tried: an expired one hides no other.
pub fn find_path<'a>(
    leaf: &'a Certificate,
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    rules: PathRules,
) -> Result<Vec<&'a Certificate>, PathError> {
    let mut search = Search { intermediates, anchors, rules, path: vec![leaf], steps: 0 };
    check_itself(leaf, rules.at)?;
    search.extend()?;
    Ok(search.path)
}

/// Most issuers that one search tries.
const STEPS_MAX: usize = 64;

struct Search<'a> {
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    rules: PathRules,
    path: Vec<&'a Certificate>,
    steps: usize,
}

impl<'a> Search<'a> {
    /// Goes on from the last certificate of the path until an anchor; on failure the path is as it was.
    fn extend(&mut self) -> Result<(), PathError> {
        let last = self.path[self.path.len() - 1];
        if self.anchors.contains(last) {
            return Ok(());
        }
        if self.path.len() == PATH_LENGTH_MAX {
            return Err(PathError::Untrusted);
        }
        let mut refusal = PathError::Untrusted;
        for issuer in self.anchors.iter().chain(self.intermediates) {
            if self.path.contains(&issuer) || !last.is_issued_by_as_of(issuer, self.rules.strength) {
                continue;
            }
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(PathError::Untrusted);
            }
            match self.through(issuer) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn through(&mut self, issuer: &'a Certificate) -> Result<(), PathError> {
        // Authorities between the issuer and the leaf, self-issued ones not counted (RFC 5280 §6.1.4 (l), (m)).
        let below = self.path[1..].iter().filter(|authority| !authority.is_self_issued()).count();
        check_authority(issuer, below)?;
        check_itself(issuer, self.rules.at)?;
        self.path.push(issuer);
        self.extend().inspect_err(|_| {
            self.path.pop();
        })
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
    if extensions.may_issue() && room { Ok(()) } else { Err(PathError::NotAuthority) }
}
