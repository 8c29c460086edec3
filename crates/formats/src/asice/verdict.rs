//! What the validation found, in a form that pages, commands and other programs share.

use super::ContainerError;
use crate::{ocsp::OcspError, tsp::TspError, x509::PathError, xades::XadesError};
use base::Timestamp;
use serde::Serialize;

/// The verdict on a whole container: valid when it has signatures and every one of them is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub valid: bool,
    pub signatures: Vec<SignatureVerdict>,
    /// Names of the documents.
    pub files: Vec<String>,
    /// What is wrong with the container itself.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Everything that is wrong, in the container and in every signature.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.signatures.iter().flat_map(|signature| &signature.findings))
    }

    /// The codes of everything that is wrong, each once.
    pub fn reasons(&self) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        for finding in self.all_findings() {
            if !codes.iter().any(|code| code == finding.reason.code()) {
                codes.push(finding.reason.code().to_owned());
            }
        }
        codes
    }
}

/// The verdict on one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureVerdict {
    pub valid: bool,
    /// Where it stands in the container.
    pub document: String,
    /// Absent when the signature could not be read.
    pub signer: Option<Signer>,
    pub level: Level,
    /// When the signer says that it signed.
    pub claimed_at: Option<Timestamp>,
    /// When the signature certainly existed: the time-stamp.
    pub stamped_at: Option<Timestamp>,
    /// When the responder told that the certificate was good.
    pub status_at: Option<Timestamp>,
    pub roles: Vec<String>,
    /// Empty when valid.
    pub findings: Vec<Finding>,
}

impl SignatureVerdict {
    /// The signer's name, empty when the signature could not be read.
    pub fn signer_name(&self) -> &str {
        self.signer.as_ref().map_or("", |signer| &signer.name)
    }
}

/// Who signed, by the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    pub name: String,
    /// A person's PIN or an organisation's number, if the certificate has one.
    pub identifier: Option<String>,
    pub organisation: Option<String>,
    /// The certificate's serial number, hexadecimal.
    pub serial: String,
    pub issuer: String,
    /// Whether the certificate claims to be qualified with its key in a secure device.
    pub qualified: bool,
    /// A seal of an organisation and not a person's signature.
    pub seal: bool,
}

/// How much evidence is inside (EN 319 132-1 §6): basic, with time, with status too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Level {
    B,
    T,
    #[serde(rename = "LT")]
    Lt,
}

/// One thing that is wrong, and with what: a file's name, or empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub reason: Reason,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.reason.code().replace('_', " "))?;
        if self.about.is_empty() { Ok(()) } else { write!(out, ": {}", self.about) }
    }
}

/// Everything that makes a container or a signature invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Container(ContainerError),
    /// `mimetype` is not the first entry, is packed, or says something else.
    Mimetype,
    /// The manifest is missing or does not list exactly the documents.
    Manifest,
    /// An entry of `META-INF` is not known.
    UnknownEntry,
    NoSignature,
    /// The signature cannot be read or its value is wrong.
    Signature(XadesError),
    /// A document's digest is not the signed one.
    FileChanged,
    /// A signed document is not in the container.
    FileMissing,
    /// A document in the container is not signed by this signature.
    FileUnsigned,
    /// The signer's certificate may not sign documents (no nonRepudiation).
    NotForSigning,
    Path(PathError),
    NoTimeStamp,
    TimeStamp(TspError),
    /// The time-stamp lies after the instant of the validation.
    TimeStampInFuture,
    NoStatus,
    Status(OcspError),
    /// The certificate was revoked or suspended.
    Revoked,
    /// The responder does not know the certificate.
    StatusUnknown,
    /// The status was told before the time-stamp, or too long after it.
    StatusNotAtTime,
}

impl Reason {
    /// Stable, lower case; `verdict.<code>` is the key of its text.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Container(ContainerError::Malformed) => "container_malformed",
            Reason::Container(ContainerError::TooLarge) => "container_too_large",
            Reason::Container(ContainerError::TooManyEntries) => "container_too_many_entries",
            Reason::Container(ContainerError::DuplicateName) => "container_duplicate_name",
            Reason::Container(ContainerError::Name) => "container_name",
            Reason::Mimetype => "mimetype",
            Reason::Manifest => "manifest",
            Reason::UnknownEntry => "unknown_entry",
            Reason::NoSignature => "no_signature",
            Reason::Signature(XadesError::Malformed) => "signature_malformed",
            Reason::Signature(XadesError::Structure) => "signature_structure",
            Reason::Signature(XadesError::Algorithm) => "signature_algorithm",
            Reason::Signature(XadesError::PropertiesDigest) => "properties_changed",
            Reason::Signature(XadesError::OtherCertificate) => "other_certificate",
            Reason::Signature(XadesError::Value) => "signature_value",
            Reason::FileChanged => "file_changed",
            Reason::FileMissing => "file_missing",
            Reason::FileUnsigned => "file_unsigned",
            Reason::NotForSigning => "not_for_signing",
            Reason::Path(PathError::Untrusted) => "certificate_untrusted",
            Reason::Path(PathError::NotYetValid) => "certificate_not_yet_valid",
            Reason::Path(PathError::Expired) => "certificate_expired",
            Reason::Path(PathError::NotAuthority) => "issuer_not_authority",
            Reason::Path(PathError::CriticalExtension) => "critical_extension",
            Reason::NoTimeStamp => "no_time_stamp",
            Reason::TimeStamp(TspError::Imprint) => "time_stamp_other_data",
            Reason::TimeStamp(TspError::Path(_) | TspError::NotAuthority) => "time_stamp_untrusted",
            Reason::TimeStamp(_) => "time_stamp_wrong",
            Reason::TimeStampInFuture => "time_stamp_in_future",
            Reason::NoStatus => "no_status",
            Reason::Status(OcspError::Responder) => "status_untrusted",
            Reason::Status(OcspError::OtherCertificate) => "status_other_certificate",
            Reason::Status(_) => "status_wrong",
            Reason::Revoked => "revoked",
            Reason::StatusUnknown => "status_unknown",
            Reason::StatusNotAtTime => "status_not_at_time",
        }
    }

    /// Every code, for the test that each has its text.
    pub const CODES: [&'static str; 36] = [
        "container_malformed",
        "container_too_large",
        "container_too_many_entries",
        "container_duplicate_name",
        "container_name",
        "mimetype",
        "manifest",
        "unknown_entry",
        "no_signature",
        "signature_malformed",
        "signature_structure",
        "signature_algorithm",
        "properties_changed",
        "other_certificate",
        "signature_value",
        "file_changed",
        "file_missing",
        "file_unsigned",
        "not_for_signing",
        "certificate_untrusted",
        "certificate_not_yet_valid",
        "certificate_expired",
        "issuer_not_authority",
        "critical_extension",
        "no_time_stamp",
        "time_stamp_other_data",
        "time_stamp_untrusted",
        "time_stamp_wrong",
        "time_stamp_in_future",
        "no_status",
        "status_untrusted",
        "status_other_certificate",
        "status_wrong",
        "revoked",
        "status_unknown",
        "status_not_at_time",
    ];

    pub(super) fn alone(self) -> Finding {
        Finding { reason: self, about: String::new() }
    }

    pub(super) fn about(self, what: &str) -> Finding {
        Finding { reason: self, about: what.to_owned() }
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
