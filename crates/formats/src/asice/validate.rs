//! The verdict on a container: digests, signature value, signer's path, time-stamp, status. Offline: everything that is
//! needed is inside, or is an anchor that the caller trusts.

use super::{Container, Finding, Level, Reason, SignatureVerdict, Signer, Verdict};
use crate::{
    asn1::oid,
    ocsp::{BasicResponse, CertStatus},
    tsp::TimeStampToken,
    x509::{Certificate, KeyUsage, check_path},
    xades::{ReadSignature, read_signatures},
};
use base::Timestamp;

/// How long after the time-stamp the status may have been told: what validators of the field accept.
pub const OCSP_DELAY_S_MAX: i64 = 15 * 60;

/// Whom the validation trusts.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    /// Authorities at the end of every path: signers, time-stamps.
    pub roots: Vec<Certificate>,
    /// Issuing authorities at hand, for containers that do not carry them.
    pub intermediates: Vec<Certificate>,
    /// OCSP responders trusted by name, beside those that an issuer certified.
    pub responders: Vec<Certificate>,
}

/// Judges a container as of the instant `at`: nothing in it may be later.
pub fn validate(container: &[u8], anchors: &TrustAnchors, at: Timestamp) -> Verdict {
    let container = match Container::read(container) {
        Ok(container) => container,
        Err(error) => {
            let findings = vec![Reason::Container(error).alone()];
            return Verdict { valid: false, signatures: Vec::new(), files: Vec::new(), findings };
        }
    };
    let findings = container_findings(&container);
    let mut signatures = Vec::new();
    for (name, document) in &container.signatures {
        match read_signatures(document) {
            Ok(read) => signatures.extend(read.into_iter().map(|signature| match signature {
                Ok(signature) => Judge { container: &container, anchors, at, signature: &signature }.judge(name),
                Err(error) => unreadable(name, Reason::Signature(error)),
            })),
            Err(error) => signatures.push(unreadable(name, Reason::Signature(error))),
        }
    }
    Verdict {
        valid: findings.is_empty() && !signatures.is_empty() && signatures.iter().all(|signature| signature.valid),
        signatures,
        files: container.files.iter().map(|file| file.name.clone()).collect(),
        findings,
    }
}

fn container_findings(container: &Container) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !container.has_mimetype {
        findings.push(Reason::Mimetype.alone());
    }
    if !container.has_manifest {
        findings.push(Reason::Manifest.alone());
    }
    findings.extend(container.unknown.iter().map(|name| Reason::UnknownEntry.about(name)));
    if container.signatures.is_empty() {
        findings.push(Reason::NoSignature.alone());
    }
    findings
}

fn unreadable(document: &str, reason: Reason) -> SignatureVerdict {
    SignatureVerdict {
        valid: false,
        document: document.to_owned(),
        signer: None,
        level: Level::B,
        claimed_at: None,
        stamped_at: None,
        status_at: None,
        roles: Vec::new(),
        findings: vec![reason.alone()],
    }
}

struct Judge<'a> {
    container: &'a Container,
    anchors: &'a TrustAnchors,
    at: Timestamp,
    signature: &'a ReadSignature,
}

impl Judge<'_> {
    fn judge(&self, document: &str) -> SignatureVerdict {
        let signature = self.signature;
        let mut findings = self.files();
        if !signature.certificate.extensions().has_usage(KeyUsage::NonRepudiation) {
            findings.push(Reason::NotForSigning.alone());
        }
        let at_hand = [&signature.certificates[..], &self.anchors.intermediates].concat();
        let stamped_at = self.time(&at_hand).map_err(|reason| findings.push(reason.alone())).ok();
        // Without a proven time the certificate is judged as of now.
        let path = check_path(&signature.certificate, &at_hand, &self.anchors.roots, stamped_at.unwrap_or(self.at));
        let mut status_at = None;
        match path {
            Ok(path) => {
                let issuer = path.get(1).copied().unwrap_or(&signature.certificate);
                match self.status(issuer, stamped_at) {
                    Ok(told_at) => status_at = Some(told_at),
                    Err(reason) => findings.push(reason.alone()),
                }
            }
            Err(error) => findings.push(Reason::Path(error).alone()),
        }
        let level = match (stamped_at, status_at) {
            (Some(_), Some(_)) => Level::Lt,
            (Some(_), None) => Level::T,
            _ => Level::B,
        };
        SignatureVerdict {
            valid: findings.is_empty(),
            document: document.to_owned(),
            signer: Some(signer(&signature.certificate)),
            level,
            claimed_at: signature.signing_time,
            stamped_at,
            status_at,
            roles: signature.roles.clone(),
            findings,
        }
    }

    /// Every signed document is there and unchanged, and every document is signed.
    fn files(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for reference in &self.signature.references {
            match self.container.file(&reference.name) {
                None => findings.push(Reason::FileMissing.about(&reference.name)),
                Some(file) if reference.digest.of(&file.bytes) != reference.value => {
                    findings.push(Reason::FileChanged.about(&reference.name));
                }
                Some(_) => {}
            }
        }
        for file in &self.container.files {
            if !self.signature.references.iter().any(|reference| reference.name == file.name) {
                findings.push(Reason::FileUnsigned.about(&file.name));
            }
        }
        findings
    }

    /// The earliest proven time. One wrong time-stamp makes the signature wrong: nobody puts one in by accident.
    fn time(&self, at_hand: &[Certificate]) -> Result<Timestamp, Reason> {
        let mut earliest: Option<Timestamp> = None;
        for stamped in &self.signature.time_stamps {
            let token = TimeStampToken::from_der(&stamped.token).map_err(Reason::TimeStamp)?;
            let at = token.verify(&stamped.message, at_hand, &self.anchors.roots).map_err(Reason::TimeStamp)?;
            if at > self.at {
                return Err(Reason::TimeStampInFuture);
            }
            earliest = Some(earliest.map_or(at, |before| before.min(at)));
        }
        earliest.ok_or(Reason::NoTimeStamp)
    }

    /// When a responder told that the certificate was good, close enough to the time-stamp. The first response that is
    /// about the certificate decides; responses about others (issuers, responders) are passed over.
    fn status(&self, issuer: &Certificate, stamped_at: Option<Timestamp>) -> Result<Timestamp, Reason> {
        let mut other = Reason::NoStatus;
        for response in &self.signature.ocsp_responses {
            let response = BasicResponse::from_der(response).map_err(Reason::Status)?;
            let single = match response.status_of(&self.signature.certificate, issuer, &self.anchors.responders) {
                Ok(single) => single,
                Err(error) => {
                    other = Reason::Status(error);
                    continue;
                }
            };
            match single.status {
                CertStatus::Good => {}
                CertStatus::Revoked { .. } => return Err(Reason::Revoked),
                CertStatus::Unknown => return Err(Reason::StatusUnknown),
            }
            let told_at = response.produced_at();
            if let Some(stamped_at) = stamped_at {
                let delay_s = told_at.as_second() - stamped_at.as_second();
                if !(0..=OCSP_DELAY_S_MAX).contains(&delay_s) {
                    return Err(Reason::StatusNotAtTime);
                }
            }
            return Ok(told_at);
        }
        Err(other)
    }
}

fn signer(certificate: &Certificate) -> Signer {
    let subject = certificate.subject();
    let identifier = subject.person_identifier().or_else(|| subject.organization_identifier());
    Signer {
        name: subject.common_name().unwrap_or_default().to_owned(),
        identifier: identifier.map(str::to_owned),
        organisation: subject.attribute(oid::ORGANIZATION).map(str::to_owned),
        serial: certificate.serial_hex(),
        issuer: certificate.issuer().common_name().unwrap_or_default().to_owned(),
        qualified: certificate.extensions().is_qualified_with_device(),
        seal: certificate.extensions().is_for_seals(),
    }
}
