//! Judging certificates by the global configuration of one instance: the path to an approved authority, the OCSP response,
//! the member that a certificate names. Verified paths and responses are remembered, because the same few sign everything.

use crate::{
    configuration::{CertificateDigests, Instance},
    fault::{Cause, ExchangeFault, Place},
    known::Known,
};
use base::Timestamp;
use formats::{
    asn1::oid,
    identifier::ClientId,
    ocsp::{BasicResponse, CertStatus, SingleStatus},
    verify::Digest,
    x509::{Certificate, KeyUsage, check_path},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The profile of certificates that our authority issues: serialNumber = instance/server/class, CN = member code.
pub const PROFILE: &str = "ee.ria.xroad.common.certificateprofile.impl.FiVRKCertificateProfileInfoProvider";
/// Clocks of servers may differ by this much.
const CLOCK_TOLERANCE_S: i64 = 30;
/// How many verdicts are remembered before all are forgotten.
const REMEMBERED_MAX: usize = 4_096;
/// Of how many contents verdicts are remembered: a few instances, each before and after its last change.
const GENERATIONS_MAX: usize = 16;

/// A certificate with the authority that issued it, whose path was verified once.
#[derive(Debug)]
pub struct Trusted {
    pub certificate: Certificate,
    pub digests: CertificateDigests,
    pub issuer: Certificate,
    /// The member for whom it signs, by the profile of its authority; one that is approved for authentication alone names
    /// nobody.
    pub member: Option<ClientId>,
}

#[derive(Default)]
struct Remembered {
    paths: Known<Arc<Trusted>>,
    /// By the response, what it says of each certificate that was asked about.
    responses: Known<Vec<Told>>,
}

/// What a response says of a certificate (DER).
struct Told {
    certificate: Box<[u8]>,
    status: Arc<SingleStatus>,
}

impl Remembered {
    fn status(&self, response: &[u8], certificate: &[u8]) -> Option<Arc<SingleStatus>> {
        let statuses = self.responses.get(response)?;
        statuses.iter().find(|told| *told.certificate == *certificate).map(|told| told.status.clone())
    }
}

/// Judges certificates; one per server.
#[derive(Default)]
pub struct CertificateJudge {
    /// By the generation of the instance's content: what is trusted in one instance is nothing in another.
    remembered: Mutex<HashMap<u64, Remembered>>,
}

impl CertificateJudge {
    fn with<T>(&self, generation: u64, work: impl FnOnce(&mut Remembered) -> T) -> T {
        let mut remembered = self.remembered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Contents of long ago are forgotten with all others; the next messages fill the place again.
        if !remembered.contains_key(&generation) && remembered.len() >= GENERATIONS_MAX {
            remembered.clear();
        }
        let known = remembered.entry(generation).or_default();
        if known.paths.len() + known.responses.len() > REMEMBERED_MAX {
            *known = Remembered::default();
        }
        work(known)
    }

    /// The path of `der` to an authority of the configuration, at `at`.
    pub fn path(
        &self,
        instance: &Instance,
        place: Place,
        der: &[u8],
        between: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<Arc<Trusted>, ExchangeFault> {
        let known = self.with(instance.generation, |remembered| remembered.paths.get(der).cloned());
        if let Some(known) = known.filter(|known| known.certificate.is_valid_at(at) && known.issuer.is_valid_at(at)) {
            return Ok(known);
        }
        let refuse = |why: &dyn std::fmt::Display| ExchangeFault::new(place, Cause::InvalidCertPath, why);
        let leaf = Certificate::from_der(der).map_err(|error| refuse(&error))?;
        let mut intermediates = instance.intermediates.clone();
        intermediates.extend(between.iter().filter_map(|der| Certificate::from_der(der).ok()));
        let path = check_path(&leaf, &intermediates, &instance.anchors, at).map_err(|error| refuse(&error))?;
        let Some(issuer) = path.get(1) else {
            return Err(refuse(&"an authority's own certificate signs nothing here"));
        };
        let member = instance.member_named(&leaf, &path[1..]);
        let digests = CertificateDigests::of(der);
        let trusted = Arc::new(Trusted { certificate: leaf.clone(), digests, issuer: (*issuer).clone(), member });
        self.with(instance.generation, |remembered| remembered.paths.insert(der.into(), trusted.clone()));
        Ok(trusted)
    }

    /// Whether `response` proves at `at` that the certificate is good.
    pub fn check_good(
        &self,
        instance: &Instance,
        place: Place,
        trusted: &Trusted,
        response: &[u8],
        at: Timestamp,
    ) -> Result<(), ExchangeFault> {
        let status = self.status(instance, place, trusted, response)?;
        BasicResponse::check_current(&status, at, CLOCK_TOLERANCE_S)
            .map_err(|error| ExchangeFault::new(place, Cause::IncorrectValidationInfo, error))?;
        check_status(instance, place, &status, at)
    }

    /// Whether one of `responses` proves that the certificate was good when a time-stamp was made at `at`. The stamp comes
    /// after the signature, so the configuration's freshness bounds the age, and not the responder's next update.
    pub fn check_was_good(
        &self,
        instance: &Instance,
        place: Place,
        trusted: &Trusted,
        responses: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<(), ExchangeFault> {
        any_of(place, responses, |response| {
            check_status(instance, place, &*self.status(instance, place, trusted, response)?, at)
        })
    }

    fn status(
        &self,
        instance: &Instance,
        place: Place,
        trusted: &Trusted,
        response: &[u8],
    ) -> Result<Arc<SingleStatus>, ExchangeFault> {
        let certificate = trusted.certificate.der();
        let known = self.with(instance.generation, |remembered| remembered.status(response, certificate));
        if let Some(known) = known {
            return Ok(known);
        }
        let incorrect = |error| ExchangeFault::new(place, Cause::IncorrectValidationInfo, error);
        let basic = BasicResponse::from_der(response).map_err(incorrect)?;
        let status = basic.status_of(&trusted.certificate, &trusted.issuer, &instance.responders);
        let status = Arc::new(status.map_err(incorrect)?.clone());
        self.with(instance.generation, |remembered| {
            let statuses = remembered.responses.entry(response.into()).or_default();
            statuses.push(Told { certificate: certificate.into(), status: status.clone() });
        });
        Ok(status)
    }

    /// The one of `responses` that is about the certificate and good.
    pub fn check_any_good(
        &self,
        instance: &Instance,
        place: Place,
        trusted: &Trusted,
        responses: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<(), ExchangeFault> {
        any_of(place, responses, |response| self.check_good(instance, place, trusted, response, at))
    }
}

/// Good, and told neither after `at` nor too long before it.
fn check_status(instance: &Instance, place: Place, status: &SingleStatus, at: Timestamp) -> Result<(), ExchangeFault> {
    let refuse = |cause, why: &str| Err(ExchangeFault::new(place, cause, why));
    let age_s = at.as_second() - status.this_update.as_second();
    if age_s > instance.shared.ocsp_freshness_s {
        return refuse(Cause::IncorrectValidationInfo, "the OCSP response is too old");
    }
    if age_s < -CLOCK_TOLERANCE_S {
        return refuse(Cause::IncorrectValidationInfo, "the OCSP response is of a later time");
    }
    match status.status {
        CertStatus::Good => Ok(()),
        CertStatus::Revoked { .. } => refuse(Cause::CertValidation, "the certificate is revoked"),
        CertStatus::Unknown => refuse(Cause::CertValidation, "the certificate is not known to its authority"),
    }
}

fn any_of(
    place: Place,
    responses: &[Vec<u8>],
    check: impl Fn(&[u8]) -> Result<(), ExchangeFault>,
) -> Result<(), ExchangeFault> {
    let none = ExchangeFault::new(place, Cause::IncorrectValidationInfo, "no OCSP response for the certificate");
    responses.iter().map(|response| check(response)).reduce(Result::or).unwrap_or(Err(none))
}

/// May sign messages: nonRepudiation (reference §2.13).
pub fn is_signing(certificate: &Certificate) -> bool {
    certificate.extensions().has_usage(KeyUsage::NonRepudiation)
}

/// May authenticate a server: purpose clientAuth, or one of the usages of the old profile (reference §2.3).
pub fn is_authentication(certificate: &Certificate) -> bool {
    let extensions = certificate.extensions();
    extensions.has_purpose(oid::CLIENT_AUTH)
        || (!is_signing(certificate)
            && (extensions.has_usage(KeyUsage::DigitalSignature) || extensions.has_usage(KeyUsage::KeyEncipherment)))
}

/// The name under which the OCSP port knows a certificate (reference §2.5).
pub fn sha1_hex(der: &[u8]) -> String {
    base::hex(&Digest::Sha1.of(der))
}
