//! Reading a signature document and checking everything that its data alone decide: references, digests, hash chain, the
//! signature value. Whose certificate it is, and whether it may be trusted, is the exchange's business.

use super::{CHAIN_NAME, CHAIN_RESULT_NAME, MESSAGE_NAME, literal};
use crate::{
    flaw::FlawKind,
    hashchain::{self, Chain, ChainError, DigestAlgorithm, Input},
    verify::{Digest, Family, PublicKey, Scheme},
    xades::exchange::{Parts, SignedReference},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

const PROPERTIES: &str = "#signed-properties";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    InvalidXml(String),
    Malformed(String),
    Chain(ChainError),
    /// A digest or the signature value is not right.
    InvalidValue(String),
}

impl SignatureError {
    /// The code of the exchange; a chain's own code stands behind it.
    pub fn code(&self) -> String {
        match self {
            SignatureError::InvalidXml(_) => "invalid_xml".to_owned(),
            SignatureError::Malformed(_) => "malformed_signature".to_owned(),
            SignatureError::Chain(error) => format!("malformed_signature.{}", error.code()),
            SignatureError::InvalidValue(_) => "invalid_signature_value".to_owned(),
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureError::InvalidXml(why) => write!(out, "the signature is no XML: {why}"),
            SignatureError::Malformed(why) => write!(out, "malformed signature: {why}"),
            SignatureError::Chain(error) => error.fmt(out),
            SignatureError::InvalidValue(why) => write!(out, "the signature does not fit: {why}"),
        }
    }
}

impl std::error::Error for SignatureError {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub uri: String,
    pub algorithm: DigestAlgorithm,
    pub digest: Vec<u8>,
}

/// A signature document taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSignature {
    /// The signing certificate, DER.
    pub certificate: Vec<u8>,
    pub intermediates: Vec<Vec<u8>>,
    pub ocsp: Vec<Vec<u8>>,
    /// `SignatureTimeStamp`, if one is embedded.
    pub time_stamp: Option<Vec<u8>>,
    /// The decoded signature value, which an embedded time-stamp covers.
    pub value: Vec<u8>,
    pub(super) references: Vec<Reference>,
    pub(super) scheme: Scheme,
    pub(super) signed_info: Vec<u8>,
    pub(super) signed_properties: Vec<u8>,
}

/// A part of a message by its name in the signature.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub name: &'a str,
    /// `None` when it is not at hand (left out of the log): its digest is then believed.
    pub data: Option<&'a [u8]>,
}

fn malformed<T>(why: &str) -> Result<T, SignatureError> {
    Err(SignatureError::Malformed(why.to_owned()))
}

/// Takes the document apart: at once when it is in our own layout, else through a tree.
pub fn read(document: &[u8]) -> Result<ReadSignature, SignatureError> {
    literal::read(document).map_or_else(|| read_any(document), Ok)
}

/// From the tree whose canonical bytes are verified, so that nothing else is read than what is signed.
fn read_any(document: &[u8]) -> Result<ReadSignature, SignatureError> {
    let parts = Parts::read(document).map_err(|flaw| match flaw.kind {
        FlawKind::InvalidXml => SignatureError::InvalidXml(flaw.why),
        _ => SignatureError::Malformed(flaw.why),
    })?;
    let (method, stated) = &parts.certificate_digest;
    if digest_method(method)?.digest(&parts.certificate) != *stated {
        return malformed("another certificate was signed for");
    }
    if parts.ocsp.is_empty() {
        return malformed("no OCSP response");
    }
    Ok(ReadSignature {
        certificate: parts.certificate,
        intermediates: parts.intermediates,
        ocsp: parts.ocsp,
        time_stamp: parts.time_stamp,
        value: parts.value,
        references: parts.references.into_iter().map(reference).collect::<Result<_, _>>()?,
        scheme: scheme(&parts.signature_method)?,
        signed_info: parts.signed_info,
        signed_properties: parts.signed_properties,
    })
}

fn missing(what: &str) -> SignatureError {
    SignatureError::Malformed(format!("no {what}"))
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, SignatureError> {
    let text = text.trim_ascii();
    let broken = text.bytes().any(|byte| byte.is_ascii_whitespace());
    let decoded =
        if broken { STANDARD.decode(text.split_whitespace().collect::<String>()) } else { STANDARD.decode(text) };
    decoded.map_err(|_| SignatureError::Malformed("a value is not base64".to_owned()))
}

fn digest_method(uri: &str) -> Result<DigestAlgorithm, SignatureError> {
    DigestAlgorithm::from_uri(uri).ok_or(missing("known digest method"))
}

fn reference(found: SignedReference) -> Result<Reference, SignatureError> {
    let algorithm = digest_method(&found.method)?;
    if matches!(algorithm, DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224) {
        return malformed("a digest that is too weak");
    }
    Ok(Reference { uri: found.uri, algorithm, digest: found.digest })
}

pub(super) fn scheme(uri: &str) -> Result<Scheme, SignatureError> {
    // RFC 9231 §2.3.9: RSASSA-PSS with the digest's own length of salt.
    let name = uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#");
    let name = name.or_else(|| uri.strip_prefix("http://www.w3.org/2007/05/xmldsig-more#")).unwrap_or_default();
    let (family, digest) = match name {
        "sha256-rsa-MGF1" => (Family::RsaPss, Digest::Sha256),
        "sha384-rsa-MGF1" => (Family::RsaPss, Digest::Sha384),
        "sha512-rsa-MGF1" => (Family::RsaPss, Digest::Sha512),
        "rsa-sha256" => (Family::RsaPkcs1, Digest::Sha256),
        "rsa-sha384" => (Family::RsaPkcs1, Digest::Sha384),
        "rsa-sha512" => (Family::RsaPkcs1, Digest::Sha512),
        "ecdsa-sha256" => (Family::EcdsaFixed, Digest::Sha256),
        "ecdsa-sha384" => (Family::EcdsaFixed, Digest::Sha384),
        "ecdsa-sha512" => (Family::EcdsaFixed, Digest::Sha512),
        _ => return malformed("a signature method that is not accepted"),
    };
    Ok(Scheme { family, digest })
}

impl ReadSignature {
    /// Checks references, chain, digests and value with the certificate's `key`. Returns the names of parts whose data
    /// were not at hand.
    pub fn check(
        &self,
        key: &PublicKey,
        parts: &[Part<'_>],
        chain: Option<&Chain>,
    ) -> Result<Vec<String>, SignatureError> {
        let mut absent = Vec::new();
        if self.is_by_chain() {
            let digest = |part: &Part<'_>| Some((part.name.to_owned(), hashchain::Digest::sha512(part.data?)));
            let digests: Option<Vec<_>> = parts.iter().map(digest).collect();
            let input = |part: &Part<'_>| {
                let input = part.data.map_or(Input::Absent, |data| Input::Data(data.to_vec()));
                (part.name.to_owned(), input)
            };
            let inputs = || parts.iter().map(input).collect();
            absent = check_chain(chain.ok_or(missing("hash chain"))?, digests.as_deref(), inputs)?;
        } else if parts.len() > 1 || !self.references.iter().any(|reference| reference.uri == MESSAGE_NAME) {
            return malformed("the signature does not cover the message");
        }
        let resolve = |name: &str| parts.iter().find(|part| part.name == name).and_then(|part| part.data);
        self.check_signed_by(key)?;
        self.check_references(chain, &resolve).map(|()| absent)
    }

    /// Whether the document covers these parts, whose digests were taken while they came, the message's first: large bodies
    /// are never in memory. Who signed the document is another question ([`ReadSignature::check_signed_by`]).
    pub fn check_covers(
        &self,
        message: &[u8],
        parts: &[(String, hashchain::Digest)],
        chain: Option<&Chain>,
    ) -> Result<(), SignatureError> {
        if self.is_by_chain() {
            let input =
                |(name, digest): &(String, hashchain::Digest)| (name.clone(), Input::Digest(digest.value.clone()));
            check_chain(chain.ok_or(missing("hash chain"))?, Some(parts), || parts.iter().map(input).collect())?;
        } else if parts.len() > 1 || !self.references.iter().any(|reference| reference.uri == MESSAGE_NAME) {
            return malformed("the signature does not cover the message");
        }
        self.check_references(chain, &|name| (name == MESSAGE_NAME).then_some(message))
    }

    /// Whether the key signed this document with its properties: one answer for all messages of a batch.
    pub fn check_signed_by(&self, key: &PublicKey) -> Result<(), SignatureError> {
        if !key.verifies(self.scheme, &self.signed_info, &self.value) {
            return Err(SignatureError::InvalidValue("the value is not the key's".to_owned()));
        }
        if self.references.iter().any(|reference| reference.uri == PROPERTIES) {
            Ok(())
        } else {
            malformed("the signed properties are not signed")
        }
    }

    /// Whether the document covers more than one message: only then is it worth remembering.
    pub fn is_by_chain(&self) -> bool {
        self.references.iter().any(|reference| reference.uri == CHAIN_RESULT_NAME)
    }

    /// The digest of every reference.
    fn check_references<'a>(
        &'a self,
        chain: Option<&'a Chain>,
        resolve: &dyn Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<(), SignatureError> {
        for reference in &self.references {
            let data = match reference.uri.as_str() {
                PROPERTIES => self.signed_properties.as_slice(),
                CHAIN_RESULT_NAME => chain.map(|chain| chain.result.as_slice()).ok_or(missing("hash chain"))?,
                name => resolve(name).ok_or(missing("data of a reference"))?,
            };
            if reference.algorithm.digest(data) != reference.digest {
                return Err(SignatureError::InvalidValue(format!("{} was changed", reference.uri)));
            }
        }
        Ok(())
    }
}

/// `digests` are those of the parts, if all are at hand.
fn check_chain(
    chain: &Chain,
    digests: Option<&[(String, hashchain::Digest)]>,
    inputs: impl FnOnce() -> Vec<(String, Input)>,
) -> Result<Vec<String>, SignatureError> {
    if digests.is_some_and(|digests| hashchain::is_ours_over(chain, CHAIN_NAME, digests)) {
        return Ok(Vec::new());
    }
    let inputs = inputs();
    let documents = |name: &str| (name == CHAIN_NAME).then(|| chain.chain.clone());
    hashchain::verify(&chain.result, &documents, &inputs, &|_, _| None).map_err(SignatureError::Chain)
}

#[cfg(test)]
mod tests {
    use super::super::{Covered, SigningCertificate, attachment_name, sign};
    use super::*;
    use crate::testkey::TestKey;
    use base::{Signer, clock::from_micros};

    fn certificate() -> SigningCertificate {
        SigningCertificate {
            der: b"certificate".to_vec(),
            issuer: "CN=Test & Co,O=\"A\"".to_owned(),
            serial: "18".to_owned(),
            intermediates: vec![b"between".to_vec()],
            ocsp: vec![b"good".to_vec()],
        }
    }

    #[test]
    fn our_own_layout_is_read_alike_at_once_and_through_the_tree() {
        let signer = TestKey::generate();
        for count in [0, 1, 3] {
            let many = |what: &str| (0..count).map(|place| format!("{what} {place}").into_bytes()).collect::<Vec<_>>();
            let mut certificate =
                SigningCertificate { intermediates: many("between"), issuer: "CN=A".to_owned(), ..certificate() };
            certificate.ocsp.extend(many("response"));
            let document = sign(Covered::Message(b"<m/>"), &certificate, &signer, from_micros(0)).expect("signed");
            assert_eq!(literal::read(&document), Some(read_any(&document).expect("readable")));
        }
    }

    #[test]
    fn one_byte_more_or_another_is_never_read_otherwise_at_once() {
        let signer = TestKey::generate();
        let certificate = SigningCertificate { issuer: "CN=A".to_owned(), ..certificate() };
        let document = sign(Covered::Message(b"<m/>"), &certificate, &signer, from_micros(0)).expect("signed");
        assert!(literal::read(&document).is_some());
        let bytes = *b"<>&\"' \r\n\tA/\0";
        for place in 0..=document.len() {
            let mut longer = document.clone();
            longer.insert(place, bytes[place % bytes.len()]);
            let mut other = document.clone();
            other[place.min(document.len() - 1)] = bytes[(place * 7 + 3) % bytes.len()];
            for changed in [longer, other] {
                if let Some(read) = literal::read(&changed) {
                    assert_eq!(Ok(read), read_any(&changed), "{}", String::from_utf8_lossy(&changed));
                }
            }
        }
    }

    fn parts<'a>(message: &'a [u8], body: Option<&'a [u8]>) -> Vec<Part<'a>> {
        let mut parts = vec![Part { name: MESSAGE_NAME, data: Some(message) }];
        parts.extend(body.map(|body| Part { name: "/attachment1", data: Some(body) }));
        parts
    }

    #[test]
    fn a_message_alone() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let document = sign(Covered::Message(b"<m/>"), &certificate(), &signer, from_micros(0)).expect("signed");
        let read = read(&document).expect("readable");
        assert_eq!(
            (read.certificate.as_slice(), read.ocsp.len(), read.intermediates.len()),
            (&b"certificate"[..], 1, 1)
        );
        assert_eq!(read.check(&key, &parts(b"<m/>", None), None), Ok(vec![]));
        let changed = read.check(&key, &parts(b"<n/>", None), None).expect_err("changed");
        assert_eq!(changed.code(), "invalid_signature_value");
        let more = read.check(&key, &parts(b"<m/>", Some(b"x")), None).expect_err("not covered");
        assert_eq!(more.code(), "malformed_signature");
        let other = PublicKey::from_spki(TestKey::generate().public_key_der()).expect("a key");
        assert!(read.check(&other, &parts(b"<m/>", None), None).is_err());
    }

    #[test]
    fn a_message_with_a_body() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let digests = [(MESSAGE_NAME.to_owned(), &b"head"[..]), (attachment_name(1), &b"body"[..])]
            .map(|(name, data)| (name, hashchain::Digest::sha512(data)));
        let chain = hashchain::data_chain(CHAIN_NAME, &digests);
        let covered = Covered::ChainResult(&chain.result);
        let document = sign(covered, &certificate(), &signer, from_micros(0)).expect("signed");
        let read = read(&document).expect("readable");
        assert_eq!(read.check(&key, &parts(b"head", Some(b"body")), Some(&chain)), Ok(vec![]));
        let left_out = [Part { name: MESSAGE_NAME, data: Some(b"head") }, Part { name: "/attachment1", data: None }];
        assert_eq!(read.check(&key, &left_out, Some(&chain)), Ok(vec!["/attachment1".to_owned()]));
        let changed = read.check(&key, &parts(b"head", Some(b"Body")), Some(&chain)).expect_err("changed");
        assert_eq!(changed.code(), "malformed_signature.invalid_hash_chain_ref");
        let other = hashchain::data_chain(CHAIN_NAME, &[(MESSAGE_NAME.to_owned(), hashchain::Digest::sha512(b"n"))]);
        let swapped = read.check(&key, &parts(b"n", None), Some(&other)).expect_err("another chain");
        assert_eq!(swapped.code(), "invalid_signature_value");
    }

    #[test]
    fn another_spelling_of_the_same_document_verifies() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let document = sign(Covered::Message(b"<m/>"), &certificate(), &signer, from_micros(0)).expect("signed");
        let text = String::from_utf8(document).expect("text");
        for (from, to) in [
            ("></ds:SignatureMethod>", "/>"),
            ("<ds:SignedInfo>\n", "<ds:SignedInfo>\n<!-- -->"),
            ("<ds:Reference Id=\"signature-reference-0\" URI", "<ds:Reference  Id='signature-reference-0' URI"),
        ] {
            let spelt = text.replacen(from, to, 1);
            assert_ne!(spelt, text, "{from}");
            let read = read(spelt.as_bytes()).expect("readable");
            assert_eq!(read.check(&key, &parts(b"<m/>", None), None), Ok(vec![]), "{from}");
        }
        let doubled = text.replacen("<ds:KeyInfo>", "<ds:SignedInfo></ds:SignedInfo>\n<ds:KeyInfo>", 1);
        let doubled = doubled.replacen("></ds:SignatureMethod>", "/>", 1);
        assert_eq!(read(doubled.as_bytes()).expect_err("two").code(), "malformed_signature");
    }

    #[test]
    fn a_changed_document_does_not_verify() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let document = sign(Covered::Message(b"<m/>"), &certificate(), &signer, from_micros(0)).expect("signed");
        let text = String::from_utf8(document).expect("text");
        for (from, to) in [
            ("1970-01-01T00:00:00.000Z", "1970-01-02T00:00:00.000Z"),
            ("URI=\"/message.xml\"", "URI=\"/massage.xml\""),
            ("<ds:SignedInfo>\n", "<ds:SignedInfo>"),
            ("Id=\"signed-properties\"", "Id=\"other\""),
            ("xmldsig-more#ecdsa-sha256", "xmldsig-more#rsa-sha256"),
            ("Y2VydGlmaWNhdGU=", "Y2VydGlmaWNhdGX="),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let outcome = read(changed.as_bytes()).and_then(|read| read.check(&key, &parts(b"<m/>", None), None));
            assert!(outcome.is_err(), "{from} -> {to}");
        }
    }
}
