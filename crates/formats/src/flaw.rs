//! Why a signed thing of the exchange does not hold: a closed list with the codes of the message protocol and one sentence
//! for the engineer who reads it. And how every code of the protocol was spelled before 7.8.

use crate::{hashchain::ChainError, ocsp::OcspError, tsp::TspError, x509::PathError};
use std::fmt;

macro_rules! flaws {
    ($($variant:ident = $code:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FlawKind { $($variant),* }

        impl FlawKind {
            pub const ALL: &[FlawKind] = &[$(FlawKind::$variant),*];

            /// The code since 7.8.
            pub fn code(self) -> &'static str {
                match self { $(FlawKind::$variant => $code),* }
            }
        }
    };
}

flaws! {
    MimeTypeNotFound = "asic_mime_type_not_found";
    InvalidMimeType = "asic_invalid_mime_type";
    MessageNotFound = "asic_message_not_found";
    SignatureNotFound = "asic_signature_not_found";
    HashChainResultNotFound = "asic_hash_chain_result_not_found";
    HashChainNotFound = "asic_hash_chain_not_found";
    TimeStampNotFound = "asic_timestamp_not_found";
    // The two below are ours: the field has no codes for an archive of containers and for a container that lies about itself.
    InvalidContainer = "asic_invalid_container";
    InvalidArchive = "invalid_archive";
    InvalidXml = "invalid_xml";
    InvalidMessage = "invalid_message";
    MalformedSignature = "malformed_signature";
    MalformedHashChain = "malformed_signature.malformed_hash_chain";
    UnusedInputs = "malformed_signature.hashchain_unused_inputs";
    InvalidHashChain = "malformed_signature.invalid_hash_chain";
    InvalidHashChainRef = "malformed_signature.invalid_hash_chain_ref";
    InvalidChainReference = "malformed_signature.invalid_reference";
    IncorrectCertificate = "incorrect_certificate";
    InvalidSignatureValue = "invalid_signature_value";
    InvalidReference = "invalid_reference";
    CannotCreateCertPath = "cannot_create_cert_path";
    IncorrectValidationInfo = "invalid_cert_path.incorrect_validation_info";
    CertValidation = "invalid_cert_path.cert_validation";
    TspCertificateNotFound = "mlog.tsp_certificate_not_found";
    TimeStampSignature = "mlog.timestamp_signer_verification_failed";
}

/// One flaw with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub kind: FlawKind,
    /// Technical English, without anything of a message's body.
    pub why: String,
}

impl Flaw {
    pub fn new(kind: FlawKind, why: impl fmt::Display) -> Self {
        Flaw { kind, why: why.to_string() }
    }

    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code(), self.why)
    }
}

impl std::error::Error for Flaw {}

/// A hash chain that a signature refers to.
impl From<ChainError> for Flaw {
    fn from(error: ChainError) -> Self {
        let kind = match &error {
            ChainError::Malformed(_) => FlawKind::MalformedHashChain,
            ChainError::UnusedInputs(_) => FlawKind::UnusedInputs,
            ChainError::InvalidDataReference(_) => FlawKind::InvalidHashChainRef,
            ChainError::InvalidReference(_) => FlawKind::InvalidChainReference,
            ChainError::InvalidChain => FlawKind::InvalidHashChain,
        };
        Flaw::new(kind, error)
    }
}

impl From<TspError> for Flaw {
    fn from(error: TspError) -> Self {
        let kind = match error {
            TspError::NotAuthority | TspError::Path(_) => FlawKind::TspCertificateNotFound,
            TspError::Signature => FlawKind::TimeStampSignature,
            TspError::Malformed | TspError::Rejected | TspError::Imprint | TspError::Nonce => {
                FlawKind::MalformedSignature
            }
        };
        Flaw::new(kind, error)
    }
}

impl From<PathError> for Flaw {
    fn from(error: PathError) -> Self {
        Flaw::new(FlawKind::CannotCreateCertPath, error)
    }
}

impl From<OcspError> for Flaw {
    fn from(error: OcspError) -> Self {
        Flaw::new(FlawKind::IncorrectValidationInfo, error)
    }
}

/// Codes that were not merely spelled otherwise.
const RENAMED: [(&str, &str); 11] = [
    ("clientproxy", "ClientProxy"),
    ("serverproxy", "ServerProxy"),
    ("io_error", "IOError"),
    ("hashchain_unused_inputs", "HashChainUnusedInputs"),
    ("unknown_host", "NetworkError"),
    ("global_conf_outdated", "OutdatedGlobalConf"),
    ("global_conf_missing_verification_cert", "CertNotFound"),
    ("global_conf_missing_signed_data", "MalformedGlobalConf"),
    ("global_conf_missing_signed_data_expiration_date", "MalformedGlobalConf"),
    ("global_conf_header_field_missing", "MalformedGlobalConf"),
    ("global_conf_signature_verification_failure", "InvalidSignatureValue"),
];

/// The code as servers until 7.7 spell it: `server.serverproxy.access_denied` was `Server.ServerProxy.AccessDenied`.
pub fn code_before(code: &str) -> String {
    // The message log's own codes came with 7.8; until then all were one.
    if code.starts_with("mlog.") {
        return "InternalError".to_owned();
    }
    let part = |part: &str| match RENAMED.iter().find(|(now, _)| *now == part) {
        Some((_, before)) => (*before).to_owned(),
        None => part.split('_').map(capitalised).collect(),
    };
    code.split('.').map(part).collect::<Vec<String>>().join(".")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{FlawKind, code_before};
    use std::collections::HashSet;

    #[test]
    fn every_code_stands_once() {
        let codes: HashSet<&str> = FlawKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), FlawKind::ALL.len());
    }

    #[test]
    fn codes_as_they_were_spelled_before() {
        for (now, before) in [
            ("server.serverproxy.access_denied", "Server.ServerProxy.AccessDenied"),
            ("client.invalid_soap", "Client.InvalidSoap"),
            ("server.clientproxy.service_failed.io_error", "Server.ClientProxy.ServiceFailed.IOError"),
            ("malformed_signature.hashchain_unused_inputs", "MalformedSignature.HashChainUnusedInputs"),
            ("asic_mime_type_not_found", "AsicMimeTypeNotFound"),
            ("mlog.tsp_certificate_not_found", "InternalError"),
            ("CODE", "CODE"),
        ] {
            assert_eq!(code_before(now), before);
        }
    }
}
