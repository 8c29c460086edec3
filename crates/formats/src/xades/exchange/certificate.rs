//! Whose certificate it is, and whether it counted when the signature was made.

use super::{Identity, document::Material};
use crate::{
    flaw::{Flaw, FlawKind},
    globalconf::ApprovedAuthority,
    ocsp::{BasicResponse, CertStatus, OcspError, SingleStatus},
    verify::Strength,
    x509::{Certificate, PathRules, find_path},
};

/// A response may be of a later second than the verification: clocks differ.
const CLOCK_TOLERANCE_S: i64 = 60;

/// Step 6: the member in the certificate, read by the profile of its authority, is the one that claims to have signed.
pub(super) fn check_member(certificate: &Certificate, material: &Material, identity: Identity<'_>) -> Result<(), Flaw> {
    let instance = &identity.signer.instance;
    let strength = identity.trust.algorithms.at(identity.at);
    let found = |issued: &dyn Fn(&Certificate) -> bool| {
        identity.trust.authorities_of(instance).find(|approved| issued(&approved.certificate))
    };
    // The authority nearest to the certificate decides how it is read.
    let authority = found(&|authority| certificate.is_issued_by_as_of(authority, strength))
        .or_else(|| found(&|authority| leads_to(certificate, authority, material, strength)));
    let member = authority.and_then(|approved| identity.trust.member(&approved.certificate, certificate, instance));
    if member.as_ref() == Some(&identity.signer.member_id()) {
        return Ok(());
    }
    let named = member.map_or("nobody of this instance".to_owned(), |member| member.to_string());
    let why = format!("the certificate names {named}, the message {}", identity.signer.member_id());
    Err(Flaw::new(FlawKind::IncorrectCertificate, why))
}

/// Whether an authority issued the certificate through one that came with the signature.
fn leads_to(certificate: &Certificate, authority: &Certificate, material: &Material, strength: Strength) -> bool {
    material.certificates.iter().any(|between| {
        certificate.is_issued_by_as_of(between, strength) && between.is_issued_by_as_of(authority, strength)
    })
}

/// Step 9: a path to an approved authority of the signer's instance, and for each certificate of it that is not the
/// authority's own a response that it was good.
pub(super) fn check_path(certificate: &Certificate, material: &Material, identity: Identity<'_>) -> Result<(), Flaw> {
    let trust = identity.trust;
    let approved: Vec<&ApprovedAuthority> = trust.authorities_of(&identity.signer.instance).collect();
    // A certificate for signing is never its own authority, whatever a configuration lists.
    let anchors = approved.iter().map(|authority| authority.certificate.clone()).filter(|own| own != certificate);
    let anchors: Vec<Certificate> = anchors.collect();
    let between = [&material.certificates[..], &trust.intermediates].concat();
    let rules = PathRules { at: identity.at, strength: trust.algorithms.at(identity.at) };
    let path = find_path(certificate, &between, &anchors, rules)?;
    for (subject, issuer) in path.iter().zip(&path[1..]) {
        let of_issuer = approved.iter().filter(|authority| authority.certificate == **issuer);
        let configured: Vec<Certificate> = of_issuer.flat_map(|authority| authority.responders.clone()).collect();
        check_status(subject, issuer, &configured, material, identity)?;
    }
    Ok(())
}

fn check_status(
    subject: &Certificate,
    issuer: &Certificate,
    configured: &[Certificate],
    material: &Material,
    identity: Identity<'_>,
) -> Result<(), Flaw> {
    let strength = identity.trust.algorithms.at(identity.at);
    let mut refusal = Flaw::new(FlawKind::CertValidation, "no OCSP response is about the certificate");
    for der in &material.ocsp_responses {
        let response = BasicResponse::from_der(der)?;
        match response.status_by_key(subject, issuer, configured, strength) {
            Ok(status) => return check_good(status, identity),
            Err(OcspError::OtherCertificate) => {}
            Err(error) => refusal = error.into(),
        }
    }
    Err(refusal)
}

fn check_good(status: &SingleStatus, identity: Identity<'_>) -> Result<(), Flaw> {
    let age_s = identity.at.as_second() - status.this_update.as_second();
    if age_s > identity.trust.ocsp_freshness_s {
        return Err(Flaw::new(FlawKind::IncorrectValidationInfo, "the OCSP response is too old"));
    }
    if age_s < -CLOCK_TOLERANCE_S {
        return Err(Flaw::new(FlawKind::IncorrectValidationInfo, "the OCSP response is of a later time"));
    }
    match status.status {
        CertStatus::Good => Ok(()),
        CertStatus::Revoked { .. } => Err(Flaw::new(FlawKind::CertValidation, "the certificate is revoked")),
        CertStatus::Unknown => Err(Flaw::new(FlawKind::CertValidation, "the authority does not know the certificate")),
    }
}
