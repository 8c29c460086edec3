//! A signature of level B-LT in the making. `ToBeSigned` is everything that the signer signs, and can be kept between two
//! requests while the person is at the card; `with_value` takes the signature value that comes back; `complete` puts the
//! time-stamp and the OCSP response in.
//!
//! Canonical by construction: no white space between elements, every start tag has its end tag, attributes in canonical
//! order, namespaces declared on the root only. The canonical form of a part is the part with the namespaces of the root
//! put into its first tag (C14N 1.1 §2.2).

use super::{C14N11, SHA256, SIGNED_PROPERTIES_TYPE, XadesError};
use crate::{
    cms::issuer_serial,
    verify::{PublicKey, Scheme, sha256},
    x509::Certificate,
    xml::{escape, escape_attribute},
};
use base::{Algorithm, Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A file that is signed, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedFile {
    /// The name in the container, as people read it.
    pub name: String,
    /// Media type.
    pub media_type: String,
    pub sha256: [u8; 32],
}

/// What the signer is about to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToBeSigned {
    /// `Id` of the signature, unique in its container: letters and digits.
    id: String,
    files: Vec<SignedFile>,
    /// DER.
    certificate: Vec<u8>,
    algorithm: Algorithm,
    /// Whole seconds since 1970.
    signing_time_s: i64,
    /// Claimed role: on whose behalf (EN 319 132-1 §5.2.6).
    role: Option<String>,
}

impl ToBeSigned {
    /// `number` is the signature's place in its container. The certificate's key decides the algorithm: P-256 or RSA.
    pub fn new(
        number: usize,
        files: Vec<SignedFile>,
        certificate: &Certificate,
        signing_time: Timestamp,
        role: Option<String>,
    ) -> Self {
        let algorithm = match certificate.key().p256_point() {
            Some(_) => Algorithm::EcdsaP256Sha256,
            None => Algorithm::RsaPkcs1Sha256,
        };
        let certificate = certificate.der().to_vec();
        ToBeSigned {
            id: format!("S{number}"),
            files,
            certificate,
            algorithm,
            signing_time_s: signing_time.as_second(),
            role,
        }
    }

    pub fn files(&self) -> &[SignedFile] {
        &self.files
    }

    /// When the signer began to sign, in whole seconds.
    pub fn signing_time(&self) -> Timestamp {
        base::clock::from_micros(self.signing_time_s.saturating_mul(1_000_000))
    }

    /// DER of the signer's certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The canonical bytes of SignedInfo: what a key that takes whole messages signs.
    pub fn message(&self) -> Vec<u8> {
        self.signed_info(NAMESPACES).into_bytes()
    }

    /// SHA-256 of `message`: what a card or a phone signs.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.message())
    }

    /// Takes the signature value (r‖s or RSA) after checking it with the certificate's key.
    pub fn with_value(self, value: &[u8]) -> Result<SignedValue, XadesError> {
        let certificate = Certificate::from_der(&self.certificate).map_err(|_| XadesError::Structure)?;
        let key: &PublicKey = certificate.key();
        if !key.verifies(Scheme::of_signer(self.algorithm), &self.message(), value) {
            return Err(XadesError::Value);
        }
        Ok(SignedValue { signed: self, value: value.to_vec() })
    }

    fn signed_info(&self, namespaces: &str) -> String {
        let method = match self.algorithm {
            Algorithm::EcdsaP256Sha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Algorithm::RsaPkcs1Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Algorithm::RsaPkcs1Sha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        };
        let id = &self.id;
        let mut out = format!(
            "<ds:SignedInfo{namespaces}><ds:CanonicalizationMethod Algorithm=\"{C14N11}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod>"
        );
        for (at, file) in self.files.iter().enumerate() {
            let uri = percent_encoded(&file.name);
            out.push_str(&format!(
                "<ds:Reference Id=\"{id}-R{at}\" URI=\"{uri}\">{}</ds:Reference>",
                digest(&file.sha256)
            ));
        }
        let properties = sha256(self.signed_properties(NAMESPACES).as_bytes());
        out.push_str(&format!(
            "<ds:Reference Type=\"{SIGNED_PROPERTIES_TYPE}\" URI=\"#{id}-P\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{C14N11}\"></ds:Transform></ds:Transforms>{}</ds:Reference></ds:SignedInfo>",
            digest(&properties)
        ));
        out
    }

    fn signed_properties(&self, namespaces: &str) -> String {
        let id = &self.id;
        let at = self.signing_time().strftime("%Y-%m-%dT%H:%M:%SZ");
        let serial = Certificate::from_der(&self.certificate).map(|read| issuer_serial(&read)).unwrap_or_default();
        let mut out = format!(
            "<xades:SignedProperties{namespaces} Id=\"{id}-P\"><xades:SignedSignatureProperties>\
             <xades:SigningTime>{at}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{}\
             </xades:CertDigest><xades:IssuerSerialV2>{}</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2>",
            digest(&sha256(&self.certificate)),
            STANDARD.encode(serial),
        );
        if let Some(role) = &self.role {
            out.push_str(&format!(
                "<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>{}</xades:ClaimedRole></xades:ClaimedRoles>\
                 </xades:SignerRoleV2>",
                escape(role)
            ));
        }
        out.push_str("</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>");
        for (at, file) in self.files.iter().enumerate() {
            out.push_str(&format!(
                "<xades:DataObjectFormat ObjectReference=\"#{id}-R{at}\"><xades:MimeType>{}</xades:MimeType>\
                 </xades:DataObjectFormat>",
                escape(&file.media_type)
            ));
        }
        out.push_str("</xades:SignedDataObjectProperties></xades:SignedProperties>");
        out
    }
}

/// A signature with its value, waiting for the evidence of its time and of the certificate's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedValue {
    signed: ToBeSigned,
    value: Vec<u8>,
}

impl SignedValue {
    /// The canonical bytes of SignatureValue, over which the time-stamp is made (EN 319 132-1 §5.3).
    pub fn time_stamp_input(&self) -> Vec<u8> {
        self.signature_value(NAMESPACES).into_bytes()
    }

    /// The whole signature document. `time_stamp` is a TimeStampToken, `ocsp` an OCSPResponse about the signer's
    /// certificate, `issuers` the certificates of the signer's path above it.
    pub fn complete(&self, time_stamp: &[u8], ocsp: &[u8], issuers: &[&Certificate]) -> String {
        let id = &self.signed.id;
        let mut out = format!(
            "<asic:XAdESSignatures{NAMESPACES}><ds:Signature Id=\"{id}\">{}{}<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties Target=\"#{id}\">{}\
             <xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp Id=\"{id}-T\">\
             <ds:CanonicalizationMethod Algorithm=\"{C14N11}\"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>{}\
             </xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>",
            self.signed.signed_info(""),
            self.signature_value(""),
            STANDARD.encode(&self.signed.certificate),
            self.signed.signed_properties(""),
            STANDARD.encode(time_stamp),
        );
        if !issuers.is_empty() {
            out.push_str("<xades:CertificateValues>");
            for issuer in issuers {
                let encoded = STANDARD.encode(issuer.der());
                out.push_str(&format!(
                    "<xades:EncapsulatedX509Certificate>{encoded}</xades:EncapsulatedX509Certificate>"
                ));
            }
            out.push_str("</xades:CertificateValues>");
        }
        out.push_str(&format!(
            "<xades:RevocationValues><xades:OCSPValues><xades:EncapsulatedOCSPValue>{}</xades:EncapsulatedOCSPValue>\
             </xades:OCSPValues></xades:RevocationValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>\
             </xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>",
            STANDARD.encode(ocsp)
        ));
        out
    }

    fn signature_value(&self, namespaces: &str) -> String {
        let (id, value) = (&self.signed.id, STANDARD.encode(&self.value));
        format!("<ds:SignatureValue{namespaces} Id=\"{id}-V\">{value}</ds:SignatureValue>")
    }
}

/// In canonical order: by prefix. A test compares it with the constants.
const NAMESPACES: &str = " xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
                          xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"";

fn digest(value: &[u8; 32]) -> String {
    let value = STANDARD.encode(value);
    format!("<ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod><ds:DigestValue>{value}</ds:DigestValue>")
}

/// A file name as a relative reference (RFC 3986 §2.1): only unreserved letters stand for themselves.
pub(super) fn percent_encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    escape_attribute(&out)
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    #[test]
    fn the_namespaces_are_the_constants_in_order() {
        let expected = format!(" xmlns:asic=\"{ASIC_NS}\" xmlns:ds=\"{DS_NS}\" xmlns:xades=\"{XADES_NS}\"");
        assert_eq!(NAMESPACES, expected);
        assert_eq!(percent_encoded("ərizə 1.pdf"), "%C9%99riz%C9%99%201.pdf");
    }
}
