//! Signing documents: with a key in the person's card or phone in two steps, or with a seal's key at once. What leaves here
//! is a container of level B-LT that our own validation found valid.

use crate::{
    Failure, Refusal,
    client::{OcspClient, TsaClient},
};
use base::{Clock, Fault, Signer, Timestamp};
use formats::{
    asice::{CONTENT_SIZE_BYTES_MAX, Container, ContainerError, DataFile, TrustAnchors, validate},
    ocsp::CertStatus,
    verify::sha256,
    x509::{Certificate, KeyUsage, PathError, check_path},
    xades::{SignedFile, ToBeSigned},
};
use std::sync::Arc;

/// How long a person may take between beginning and finishing a signature.
pub const SESSION_VALID_S: i64 = 3600;
/// Longest kept state that is looked at.
const KEPT_SIZE_BYTES_MAX: usize = 256 * 1024;

/// A signature that waits for its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What the card or the phone signs: SHA-256.
    pub digest: [u8; 32],
    /// Comes back to `complete` unchanged. Not secret; everything in it is checked again.
    pub kept: Vec<u8>,
}

/// A finished container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocument {
    /// ASiC-E.
    pub bytes: Vec<u8>,
    pub signer_name: String,
    /// PIN, or the organisation's number of a seal.
    pub signer_identifier: Option<String>,
    /// Hexadecimal serial number of the certificate.
    pub certificate_serial: String,
    /// The time of the time-stamp.
    pub signed_at: Timestamp,
}

/// Signs and seals with the help of one responder and one time-stamping authority.
pub struct Signing {
    ocsp: OcspClient,
    tsa: TsaClient,
    anchors: TrustAnchors,
    clock: Arc<dyn Clock>,
}

impl Signing {
    pub fn new(ocsp: OcspClient, tsa: TsaClient, anchors: TrustAnchors, clock: Arc<dyn Clock>) -> Self {
        Signing { ocsp, tsa, anchors, clock }
    }

    /// Begins: which bytes the holder of `certificate` (DER) has to sign so that all of `files` are signed. `role` is on
    /// whose behalf, as it will stand in the signature.
    pub fn prepare(&self, files: &[DataFile], certificate: &[u8], role: Option<String>) -> Result<Session, Refusal> {
        check_files(files)?;
        let certificate = Certificate::from_der(certificate).map_err(|_| Refusal::CertificateMalformed)?;
        let now = self.clock.now();
        self.check_certificate(&certificate, now)?;
        let wanted = ToBeSigned::new(0, digests(files), &certificate, now, role);
        let kept = serde_json::to_vec(&wanted).expect("names, numbers and bytes always have a JSON form");
        Ok(Session { digest: wanted.digest(), kept })
    }

    /// Finishes: checks the value, gets the time-stamp and the certificate's status, and closes the container.
    pub async fn complete(&self, files: &[DataFile], kept: &[u8], signature: &[u8]) -> Result<SignedDocument, Failure> {
        let wanted = self.resume(files, kept).map_err(base::Failure::Refused)?;
        let certificate =
            Certificate::from_der(wanted.certificate()).map_err(|_| refused(Refusal::SessionMalformed))?;
        let (issuer, path) = self.check_certificate(&certificate, self.clock.now()).map_err(base::Failure::Refused)?;
        let value = wanted.with_value(signature).map_err(|_| refused(Refusal::SignatureWrong))?;
        // The time first, the status after it: the status must be known to have been good when the signature existed.
        let token = self.tsa.stamp(&value.time_stamp_input()).await?;
        let (status, response) = self.ocsp.fresh(&certificate, &issuer).await?;
        match status {
            CertStatus::Good => {}
            CertStatus::Revoked { reason: Some(6), .. } => return Err(refused(Refusal::CertificateSuspended)),
            CertStatus::Revoked { .. } => return Err(refused(Refusal::CertificateRevoked)),
            CertStatus::Unknown => return Err(refused(Refusal::CertificateUnknown)),
        }
        let document = value.complete(token.der(), response.der(), &path.iter().collect::<Vec<_>>());
        let bytes = Container::write(files, &[document.into_bytes()]).map_err(|error| refused(of_container(error)))?;
        self.inspect(bytes)
    }

    /// Signs with a key at hand, in one step: seals of organisations.
    pub async fn seal(
        &self,
        files: &[DataFile],
        certificate: &Certificate,
        signer: &dyn Signer,
        role: Option<String>,
    ) -> Result<SignedDocument, Failure> {
        let session = self.prepare(files, certificate.der(), role).map_err(base::Failure::Refused)?;
        let signature = signer.sign_digest(&session.digest)?;
        self.complete(files, &session.kept, &signature).await
    }

    fn resume(&self, files: &[DataFile], kept: &[u8]) -> Result<ToBeSigned, Refusal> {
        check_files(files)?;
        if kept.len() > KEPT_SIZE_BYTES_MAX {
            return Err(Refusal::SessionMalformed);
        }
        let wanted: ToBeSigned = serde_json::from_slice(kept).map_err(|_| Refusal::SessionMalformed)?;
        let age_s = self.clock.now().as_second() - wanted.signing_time().as_second();
        if !(0..=SESSION_VALID_S).contains(&age_s) {
            return Err(Refusal::SessionExpired);
        }
        if wanted.files() != digests(files) {
            return Err(Refusal::FilesChanged);
        }
        Ok(wanted)
    }

    /// The certificate may sign and leads to an anchor at the instant. Returns its issuer and the path above it without the
    /// anchor.
    fn check_certificate(
        &self,
        certificate: &Certificate,
        at: Timestamp,
    ) -> Result<(Certificate, Vec<Certificate>), Refusal> {
        if !certificate.extensions().has_usage(KeyUsage::NonRepudiation) {
            return Err(Refusal::NotForSigning);
        }
        let path =
            check_path(certificate, &self.anchors.intermediates, &self.anchors.roots, at).map_err(
                |error| match error {
                    PathError::NotYetValid | PathError::Expired => Refusal::CertificateExpired,
                    _ => Refusal::CertificateUntrusted,
                },
            )?;
        let issuer = path.get(1).copied().ok_or(Refusal::CertificateUntrusted)?.clone();
        let between = path[1..path.len() - 1].iter().map(|authority| (*authority).clone()).collect();
        Ok((issuer, between))
    }

    /// Nothing leaves that our own validation would not accept: that would be a fault of ours, not of the signer.
    fn inspect(&self, bytes: Vec<u8>) -> Result<SignedDocument, Failure> {
        let verdict = validate(&bytes, &self.anchors, self.clock.now());
        let signature = verdict.signatures.first();
        let found = signature.and_then(|signature| signature.signer.clone().zip(signature.stamped_at));
        let Some((signer, signed_at)) = found.filter(|_| verdict.valid) else {
            let why: Vec<&str> = signature
                .map_or(&verdict.findings[..], |signature| &signature.findings)
                .iter()
                .map(|finding| finding.reason.code())
                .collect();
            return Err(Fault::passing("finish a signature", why.join(", ")).into());
        };
        Ok(SignedDocument {
            bytes,
            signer_name: signer.name,
            signer_identifier: signer.identifier,
            certificate_serial: signer.serial,
            signed_at,
        })
    }
}

fn refused(refusal: Refusal) -> Failure {
    base::Failure::Refused(refusal)
}

fn check_files(files: &[DataFile]) -> Result<(), Refusal> {
    if files.is_empty() {
        return Err(Refusal::NothingToSign);
    }
    if files.iter().map(|file| file.bytes.len()).sum::<usize>() > CONTENT_SIZE_BYTES_MAX {
        return Err(Refusal::FilesTooLarge);
    }
    Container::check_names(files, 1).map_err(of_container)
}

fn of_container(error: ContainerError) -> Refusal {
    match error {
        ContainerError::TooLarge | ContainerError::TooManyEntries => Refusal::FilesTooLarge,
        _ => Refusal::FileName,
    }
}

fn digests(files: &[DataFile]) -> Vec<SignedFile> {
    let digest = |file: &DataFile| SignedFile {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        sha256: sha256(&file.bytes),
    };
    files.iter().map(digest).collect()
}
