//! The signed directory: which parameter documents there are, their digests, and until when they may be used. The signed
//! bytes are the exact body of the first part, without the line break before the next boundary (reference §2.7).

use crate::{
    asn1::ecdsa,
    hashchain::DigestAlgorithm,
    mime::{ContentType, read_all},
    verify::{Digest, Family, PublicKey, Scheme},
};
use base::{Algorithm, Fault, Signer, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    pub expires: Timestamp,
    pub version: Option<u32>,
    pub parts: Vec<DirectoryPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPart {
    /// `SHARED-PARAMETERS`.
    pub identifier: String,
    pub instance: Option<String>,
    /// Path of the document on the same server.
    pub location: String,
    /// Under which name an optional part is kept; the others have names of their own.
    pub file_name: Option<String>,
    pub algorithm: DigestAlgorithm,
    pub digest: Vec<u8>,
}

impl DirectoryPart {
    pub fn matches(&self, document: &[u8]) -> bool {
        self.algorithm.digest(document) == self.digest
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryError {
    Malformed(String),
    MissingSignedData,
    MissingSignature,
    /// The certificate that the signature names is none of the anchor's.
    UnknownCertificate,
    InvalidSignature,
    MissingExpiry,
}

impl DirectoryError {
    pub fn code(&self) -> &'static str {
        match self {
            DirectoryError::Malformed(_) => "malformed_global_conf",
            DirectoryError::MissingSignedData => "global_conf_missing_signed_data",
            DirectoryError::MissingSignature => "global_conf_missing_signed_data_expiration_date",
            DirectoryError::UnknownCertificate => "global_conf_missing_verification_cert",
            DirectoryError::InvalidSignature => "global_conf_signature_verification_failure",
            DirectoryError::MissingExpiry => "global_conf_header_field_missing",
        }
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectoryError::Malformed(why) => write!(out, "the configuration directory is malformed: {why}"),
            other => write!(out, "configuration directory: {}", other.code()),
        }
    }
}

impl std::error::Error for DirectoryError {}

/// A directory as received, taken apart and not yet trusted.
#[derive(Debug, Clone)]
pub struct SignedDirectory {
    pub directory: Directory,
    signed: Vec<u8>,
    scheme: Scheme,
    certificate_algorithm: DigestAlgorithm,
    certificate_digest: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedDirectory {
    /// The one of `certificates` (DER) that the signature names.
    pub fn signed_by<'a>(&self, certificates: &'a [Vec<u8>]) -> Result<&'a [u8], DirectoryError> {
        let named = |der: &&Vec<u8>| self.certificate_algorithm.digest(der) == self.certificate_digest;
        certificates.iter().find(named).map(Vec::as_slice).ok_or(DirectoryError::UnknownCertificate)
    }

    /// Checks the signature with the key of that certificate.
    pub fn check(&self, key: &PublicKey) -> Result<&Directory, DirectoryError> {
        if key.verifies(self.scheme, &self.signed, &self.signature) {
            Ok(&self.directory)
        } else {
            Err(DirectoryError::InvalidSignature)
        }
    }
}

const OUTER: &str = "envelopeboundary";
const INNER: &str = "innerboundary";

fn signature_uri(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        Algorithm::RsaPkcs1Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        Algorithm::RsaPkcs1Sha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    }
}

/// The document that is published; it begins with its own `Content-Type` line, as the field's do.
pub fn write_signed(directory: &Directory, signer: &dyn Signer, certificate: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut inner = format!("--{INNER}\r\nExpire-date: {}\r\n", directory.expires.strftime("%Y-%m-%dT%H:%M:%SZ"));
    directory.version.iter().for_each(|version| inner.push_str(&format!("Version: {version}\r\n")));
    inner.push_str("\r\n");
    for part in &directory.parts {
        let instance = part.instance.as_deref().map_or(String::new(), |instance| format!("; instance=\"{instance}\""));
        let file_name = part.file_name.as_ref().map_or(String::new(), |name| format!("Content-file-name: {name}\r\n"));
        inner.push_str(&format!(
            "\r\n--{INNER}\r\nContent-type: application/octet-stream\r\nContent-transfer-encoding: base64\r\n\
             Content-identifier: {}{instance}\r\nContent-location: {}\r\n{file_name}Hash-algorithm-id: {}\r\n\r\n{}",
            part.identifier,
            part.location,
            part.algorithm.uri(),
            STANDARD.encode(&part.digest)
        ));
    }
    inner.push_str(&format!("\r\n--{INNER}--"));
    let mut signature = signer.sign(inner.as_bytes())?;
    if signer.algorithm() == Algorithm::EcdsaP256Sha256 {
        signature = ecdsa::to_der(&signature).map_err(|_| Fault::new("sign the configuration", "not r‖s"))?;
    }
    let sha512 = DigestAlgorithm::Sha512;
    Ok(format!(
        "Content-Type: multipart/related; charset=UTF-8; boundary={OUTER}\r\n\r\n--{OUTER}\r\n\
         Content-Type: multipart/mixed; charset=UTF-8; boundary={INNER}\r\n\r\n{inner}\r\n--{OUTER}\r\n\
         Content-type: application/octet-stream\r\nContent-transfer-encoding: base64\r\n\
         Signature-algorithm-id: {}\r\nVerification-certificate-hash: {}; hash-algorithm-id=\"{}\"\r\n\r\n{}\r\n--{OUTER}--\r\n",
        signature_uri(signer.algorithm()),
        STANDARD.encode(sha512.digest(certificate)),
        sha512.uri(),
        STANDARD.encode(signature),
    )
    .into_bytes())
}

fn malformed(why: impl fmt::Display) -> DirectoryError {
    DirectoryError::Malformed(why.to_string())
}

/// Takes a published document apart.
pub fn read_signed(document: &[u8]) -> Result<SignedDirectory, DirectoryError> {
    let (kind, start) = leading_content_type(document)?;
    let boundary = kind.boundary().ok_or_else(|| malformed("no boundary"))?;
    let parts = read_all(document, start..document.len(), boundary).map_err(malformed)?;
    let signed = parts.first().ok_or(DirectoryError::MissingSignedData)?;
    let kind = signed.header("content-type").and_then(ContentType::parse);
    let kind = kind.filter(|kind| kind.essence == "multipart/mixed").ok_or(DirectoryError::MissingSignedData)?;
    let signature = parts.get(1).ok_or(DirectoryError::MissingSignature)?;
    let named = signature.header("verification-certificate-hash").ok_or(DirectoryError::MissingSignature)?;
    let (certificate_digest, certificate_algorithm) = certificate_hash(named)?;
    let method = signature.header("signature-algorithm-id").ok_or(DirectoryError::MissingSignature)?;
    let inner = kind.boundary().ok_or_else(|| malformed("no inner boundary"))?;
    Ok(SignedDirectory {
        directory: read_directory(document, signed.body.clone(), inner)?,
        signed: document[signed.body.clone()].to_vec(),
        scheme: scheme(method)?,
        certificate_algorithm,
        certificate_digest,
        signature: decode(&document[signature.body.clone()])?,
    })
}

/// The `Content-Type` line at the top, and where the body begins.
fn leading_content_type(document: &[u8]) -> Result<(ContentType, usize), DirectoryError> {
    let end = document
        .windows(2)
        .position(|pair| pair == b"\n\n" || pair == b"\n\r")
        .ok_or_else(|| malformed("no header"))?;
    let head = std::str::from_utf8(&document[..end]).map_err(malformed)?;
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-type").then_some(value)
    });
    let kind = value.and_then(ContentType::parse).ok_or_else(|| malformed("no content type"))?;
    Ok((kind, end + 1))
}

fn certificate_hash(named: &str) -> Result<(Vec<u8>, DigestAlgorithm), DirectoryError> {
    let (digest, rest) = named.split_once(';').ok_or_else(|| malformed("certificate hash without algorithm"))?;
    let uri = rest.split_once('=').map_or("", |(_, value)| value.trim().trim_matches('"'));
    let algorithm = DigestAlgorithm::from_uri(uri).ok_or_else(|| malformed("unknown digest"))?;
    Ok((decode(digest.as_bytes())?, algorithm))
}

fn decode(text: &[u8]) -> Result<Vec<u8>, DirectoryError> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| malformed("a value is not base64"))
}

fn scheme(uri: &str) -> Result<Scheme, DirectoryError> {
    let name = uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#").unwrap_or_default();
    let (family, digest) = name.split_once('-').ok_or_else(|| malformed("unknown signature method"))?;
    let family = match family {
        "rsa" => Family::RsaPkcs1,
        "ecdsa" => Family::EcdsaDer,
        _ => return Err(malformed("unknown signature method")),
    };
    let digest = match digest {
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        _ => return Err(malformed("unknown signature method")),
    };
    Ok(Scheme { family, digest })
}

fn read_directory(document: &[u8], range: std::ops::Range<usize>, boundary: &str) -> Result<Directory, DirectoryError> {
    let entries = read_all(document, range, boundary).map_err(malformed)?;
    let head = entries.first().ok_or(DirectoryError::MissingExpiry)?;
    let expires = head.header("expire-date").ok_or(DirectoryError::MissingExpiry)?;
    let expires = expires.parse().map_err(|_| malformed("expiry is no instant"))?;
    let version = head.header("version").and_then(|version| version.parse().ok());
    let mut parts = Vec::new();
    for entry in &entries[1..] {
        let header = |name: &'static str| entry.header(name).ok_or_else(|| malformed(format_args!("no {name}")));
        let identifier = header("content-identifier")?;
        let (identifier, instance) = match identifier.split_once(';') {
            Some((identifier, rest)) => {
                let value = rest.split_once('=').map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned());
                (identifier.trim(), value)
            }
            None => (identifier, None),
        };
        parts.push(DirectoryPart {
            identifier: identifier.to_owned(),
            instance,
            location: header("content-location")?.to_owned(),
            file_name: entry.header("content-file-name").map(str::to_owned),
            algorithm: DigestAlgorithm::from_uri(header("hash-algorithm-id")?)
                .ok_or_else(|| malformed("unknown digest"))?,
            digest: decode(&document[entry.body.clone()])?,
        });
    }
    Ok(Directory { expires, version, parts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkey::TestKey;
    use base::clock::from_micros;

    fn directory() -> Directory {
        Directory {
            expires: from_micros(600_000_000),
            version: Some(6),
            parts: vec![DirectoryPart {
                identifier: "SHARED-PARAMETERS".into(),
                instance: Some("AZ".into()),
                location: "/V6/AZ/shared-params.xml".into(),
                file_name: Some("shared.xml".into()),
                algorithm: DigestAlgorithm::Sha512,
                digest: DigestAlgorithm::Sha512.digest(b"shared"),
            }],
        }
    }

    #[test]
    fn a_signed_directory_is_read_back() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let document = write_signed(&directory(), &signer, b"certificate").expect("signed");
        let signed = read_signed(&document).expect("readable");
        assert_eq!(signed.signed_by(&[b"x".to_vec(), b"certificate".to_vec()]), Ok(&b"certificate"[..]));
        assert_eq!(signed.signed_by(&[b"x".to_vec()]), Err(DirectoryError::UnknownCertificate));
        assert_eq!(signed.check(&key), Ok(&directory()));
        assert!(signed.directory.parts[0].matches(b"shared") && !signed.directory.parts[0].matches(b"Shared"));
    }

    #[test]
    fn a_changed_directory_is_not_believed() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let document = String::from_utf8(write_signed(&directory(), &signer, b"c").expect("signed")).expect("text");
        let later = document.replace("1970-01-01", "1971-01-01");
        let signed = read_signed(later.as_bytes()).expect("readable");
        assert_eq!(signed.check(&key), Err(DirectoryError::InvalidSignature));
        let cut = document.split("Content-type: application/octet-stream\r\nContent-transfer-encoding: base64\r\nSig");
        let cut = cut.collect::<Vec<_>>()[0].to_owned() + "X: 1\r\n\r\nx\r\n--envelopeboundary--";
        assert_eq!(read_signed(cut.as_bytes()).map(|_| ()), Err(DirectoryError::MissingSignature));
        let undated = document.replace("Expire-date", "Expired-date");
        assert_eq!(read_signed(undated.as_bytes()).map(|_| ()), Err(DirectoryError::MissingExpiry));
        assert!(read_signed(b"x").is_err());
    }
}
