//! Writing the signature document in the literal layout of the profile, every element in canonical form.

use super::canonical::{ROOT, with_namespaces};
use super::{CHAIN_RESULT_NAME, MESSAGE_NAME};
use crate::{hashchain::DigestAlgorithm, xml::escape};
use base::{Algorithm, Fault, Signer, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a signature needs to know of its certificate.
#[derive(Debug, Clone)]
pub struct SigningCertificate {
    pub der: Vec<u8>,
    /// Issuer in RFC 2253 form.
    pub issuer: String,
    /// Serial number in decimal.
    pub serial: String,
    /// Certificates between this one and the approved authority, DER.
    pub intermediates: Vec<Vec<u8>>,
    /// OCSP responses for the certificate and the intermediates, DER, in that order.
    pub ocsp: Vec<Vec<u8>>,
}

/// The document that the first reference covers.
#[derive(Debug, Clone, Copy)]
pub enum Covered<'a> {
    /// A SOAP message without attachments.
    Message(&'a [u8]),
    /// The result of a hash chain over several parts.
    ChainResult(&'a [u8]),
}

const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

pub fn signature_method(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        Algorithm::RsaPkcs1Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        Algorithm::RsaPkcs1Sha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    }
}

/// What all signatures by one certificate with one set of OCSP responses have in common, written once.
#[derive(Debug, Clone)]
pub struct SigningEvidence {
    key_info: String,
    /// From the end of the signing time to the media type of what is covered.
    signed: String,
    unsigned: String,
}

fn digest(data: &[u8]) -> String {
    STANDARD.encode(DigestAlgorithm::Sha512.digest(data))
}

fn method_and_value(value: &str) -> String {
    format!("<ds:DigestMethod Algorithm=\"{SHA512}\"></ds:DigestMethod><ds:DigestValue>{value}</ds:DigestValue>")
}

/// The whole document `META-INF/signatures.xml`. Errors are the signer's.
pub fn sign(
    covered: Covered<'_>,
    certificate: &SigningCertificate,
    signer: &dyn Signer,
    at: Timestamp,
) -> Result<Vec<u8>, Fault> {
    sign_with(covered, &SigningEvidence::of(certificate), signer, at)
}

/// As [`sign`], by a certificate that signs often.
pub fn sign_with(
    covered: Covered<'_>,
    evidence: &SigningEvidence,
    signer: &dyn Signer,
    at: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let (uri, mime, data) = match covered {
        Covered::Message(data) => (MESSAGE_NAME, super::TEXT_XML, data),
        Covered::ChainResult(data) => (CHAIN_RESULT_NAME, super::HASH_CHAIN_RESULT, data),
    };
    let properties = evidence.signed_properties(mime, at);
    let info = signed_info(uri, &digest(data), &digest(&canonical(&properties)), signer.algorithm());
    let value = framed(&STANDARD.encode(signer.sign(&canonical(&info))?));
    let out = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        ROOT,
        "<ds:Signature Id=\"signature\">",
        &info,
        "<ds:SignatureValue Id=\"signature-value\">",
        &value,
        "</ds:SignatureValue>",
        &evidence.key_info,
        "<ds:Object><xades:QualifyingProperties Target=\"#signature\">",
        &properties,
        &evidence.unsigned,
        "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>",
    ];
    Ok(out.concat().into_bytes())
}

fn canonical(element: &str) -> Vec<u8> {
    with_namespaces(element).expect("our own elements begin with a tag")
}

/// Long base64 stands on lines of its own, as in the documents of the field.
fn framed(value: &str) -> String {
    if value.len() > 76 { format!("\n{value}\n") } else { value.to_owned() }
}

fn signed_info(uri: &str, data: &str, properties: &str, algorithm: Algorithm) -> String {
    let method = signature_method(algorithm);
    [
        "<ds:SignedInfo>\n<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\">\
         </ds:CanonicalizationMethod>\n<ds:SignatureMethod Algorithm=\"",
        method,
        "\"></ds:SignatureMethod>\n<ds:Reference Id=\"signature-reference-0\" URI=\"",
        uri,
        "\">\n",
        &method_and_value(data),
        "\n</ds:Reference>\n<ds:Reference Id=\"signature-reference-1\" \
         Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#signed-properties\">\n",
        &method_and_value(properties),
        "\n</ds:Reference>\n</ds:SignedInfo>",
    ]
    .concat()
}

impl SigningEvidence {
    pub fn of(certificate: &SigningCertificate) -> SigningEvidence {
        let der = framed(&STANDARD.encode(&certificate.der));
        SigningEvidence {
            key_info: format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            ),
            signed: signed_for(certificate),
            unsigned: unsigned_properties(certificate),
        }
    }

    fn signed_properties(&self, mime: &str, at: Timestamp) -> String {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        [
            "<xades:SignedProperties Id=\"signed-properties\"><xades:SignedSignatureProperties><xades:SigningTime>",
            &at,
            &self.signed,
            mime,
            "</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>",
        ]
        .concat()
    }
}

/// The certificate that is signed for, and the policy.
fn signed_for(certificate: &SigningCertificate) -> String {
    format!(
        "</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest>{}\
         </xades:CertDigest><xades:IssuerSerial><ds:X509IssuerName>{}</ds:X509IssuerName>\
         <ds:X509SerialNumber>{}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert></xades:SigningCertificate>\
         <xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>\
         <xades:Identifier Qualifier=\"OIDAsURN\">urn:oid:1.3.6.1.4.1.3516.16.2</xades:Identifier>\
         <xades:Description>Profile for High Performance Digital Signatures (version 1.2)</xades:Description>\
         </xades:SigPolicyId><xades:SigPolicyHash>{}</xades:SigPolicyHash><xades:SigPolicyQualifiers>\
         <xades:SigPolicyQualifier><xades:SPURI>https://repo.cyber.ee/dsig-profile-1.2.pdf</xades:SPURI>\
         </xades:SigPolicyQualifier></xades:SigPolicyQualifiers></xades:SignaturePolicyId>\
         </xades:SignaturePolicyIdentifier></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>\
         <xades:DataObjectFormat ObjectReference=\"#signature-reference-0\"><xades:MimeType>",
        method_and_value(&digest(&certificate.der)),
        escape(&certificate.issuer),
        escape(&certificate.serial),
        method_and_value("BuO0EDNfkxSVlUbxCzmQPzX1AUF1/xx9ytWHk3/6SAOePxQiniEfDYk+90QeYb3lWpV3Izhuz9fKaYyE+lTcXw=="),
    )
}

/// Certificates on the way and OCSP responses, so that the signature can be judged years later.
fn unsigned_properties(certificate: &SigningCertificate) -> String {
    let mut out = String::from("<xades:UnsignedProperties><xades:UnsignedSignatureProperties>");
    if !certificate.intermediates.is_empty() {
        out.push_str("<xades:CertificateValues>");
        for (place, der) in certificate.intermediates.iter().enumerate() {
            let number = place + 1;
            let value = STANDARD.encode(der);
            out.push_str(&format!(
                "<xades:EncapsulatedX509Certificate Id=\"encapsulated-cert-{number}\">{value}\
                 </xades:EncapsulatedX509Certificate>"
            ));
        }
        out.push_str("</xades:CertificateValues>");
    }
    out.push_str("<xades:RevocationValues><xades:OCSPValues>");
    for (place, der) in certificate.ocsp.iter().enumerate() {
        let number = place + 1;
        out.push_str(&format!(
            "<xades:EncapsulatedOCSPValue Id=\"ocsp-response-{number}\">{}</xades:EncapsulatedOCSPValue>",
            STANDARD.encode(der)
        ));
    }
    out.push_str(
        "</xades:OCSPValues></xades:RevocationValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>",
    );
    out
}
