//! Making a certificate in two steps, so that an authority can record what it is about to sign before it signs
//! (`Template::tbs`, then `sign_tbs`).

use super::{Certificate, Name, Profile};
use crate::{
    asn1::{Malformed, algorithm, ecdsa, write, write_validity_time},
    verify::{Digest, PublicKey},
};
use base::{Algorithm, Fault, Signer, Timestamp};
use der::asn1::ObjectIdentifier;

/// Who signs, as far as the certificate's content depends on it.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub name: Name,
    /// SubjectPublicKeyInfo of the issuer.
    pub public_key_der: Vec<u8>,
    pub algorithm: Algorithm,
    /// Where the issuer's OCSP responder answers; written into every certificate it issues.
    pub ocsp_url: String,
    /// Where the issuer's own certificate can be had (caIssuers).
    pub certificate_url: String,
}

/// What a certificate shall say.
#[derive(Debug, Clone)]
pub struct Template {
    /// Positive, at most 20 bytes (RFC 5280 §4.1.2.2), unique for the issuer.
    pub serial: Vec<u8>,
    pub subject: Name,
    /// SubjectPublicKeyInfo.
    pub public_key_der: Vec<u8>,
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    pub profile: Profile,
    /// DNS names and IP addresses of servers (subjectAltName).
    pub host_names: Vec<String>,
    /// Policies beside those that the profile brings.
    pub policies: Vec<ObjectIdentifier>,
}

impl Template {
    /// TBSCertificate: everything that will be signed.
    pub fn tbs(&self, issuer: &Issuer) -> Result<Vec<u8>, Malformed> {
        let validity = write::sequence(&[&write_validity_time(self.not_before), &write_validity_time(self.not_after)]);
        let extensions = self.profile.extensions(self, issuer)?;
        let parts: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
        Ok(write::sequence(&[
            &write::explicit(0, &write::number(2)),
            &write::unsigned(&self.serial),
            &algorithm::write_signature(issuer.algorithm),
            issuer.name.der(),
            &validity,
            self.subject.der(),
            &self.public_key_der,
            &write::explicit(3, &write::sequence(&parts)),
        ]))
    }
}

/// Signs the TBSCertificate and reads the result back: what leaves here is a certificate by our own reader's judgement,
/// with the signature checked against the signer's key and the content equal to what was to be signed.
pub fn sign_tbs(tbs: &[u8], signer: &dyn Signer) -> Result<Certificate, Fault> {
    const ATTEMPT: &str = "sign a certificate";
    let signature = in_der(signer.algorithm(), signer.sign(tbs)?)?;
    let identifier = algorithm::write_signature(signer.algorithm());
    let der = write::sequence(&[tbs, &identifier, &write::bit_string(&signature)]);
    let certificate = Certificate::from_der(&der).map_err(|error| Fault::new(ATTEMPT, error))?;
    if certificate.tbs() != tbs {
        return Err(Fault::new(ATTEMPT, "the signed certificate is not the one that was recorded"));
    }
    let key = PublicKey::from_spki(signer.public_key_der()).map_err(|error| Fault::new(ATTEMPT, error))?;
    let mut scheme = crate::verify::Scheme::of_signer(signer.algorithm());
    if signer.algorithm() == Algorithm::EcdsaP256Sha256 {
        scheme.family = crate::verify::Family::EcdsaDer;
    }
    if !key.verifies(scheme, tbs, &signature) {
        return Err(Fault::new(ATTEMPT, "the key's signature does not verify"));
    }
    Ok(certificate)
}

/// A signer's value in the shape of X.509, CMS and OCSP.
pub(crate) fn in_der(algorithm: Algorithm, value: Vec<u8>) -> Result<Vec<u8>, Fault> {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => ecdsa::to_der(&value).map_err(|error| Fault::new("encode a signature", error)),
        Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => Ok(value),
    }
}

/// RFC 5280 §4.2.1.2 method 1, SHA-1 over the key's bits: a name for the key, not a protection.
pub fn key_identifier(spki: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(Digest::Sha1.of(PublicKey::from_spki(spki)?.raw()))
}
