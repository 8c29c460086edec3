//! Taking apart a signature document in exactly the layout that `sign` writes, without a tree: everything between the
//! values is compared to the byte, so there is one way to read it. Any other spelling is left to the general reader.

use super::canonical::{ROOT, with_namespaces};
use super::signature::{ReadSignature, Reference, decode, scheme};
use crate::hashchain::DigestAlgorithm;

const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

/// Where the reading stands.
struct Place<'a> {
    document: &'a str,
    at: usize,
}

impl<'a> Place<'a> {
    /// Goes over `text`, which must stand here.
    fn over(&mut self, text: &str) -> Option<()> {
        self.document[self.at..].starts_with(text).then(|| self.at += text.len())
    }

    /// Whether `text` stands here; goes over it if so.
    fn optional(&mut self, text: &str) -> bool {
        self.over(text).is_some()
    }

    /// The character data up to the next tag; data with references or returns are for the general reader.
    fn text(&mut self) -> Option<&'a str> {
        let rest = &self.document[self.at..];
        let text = &rest[..rest.find('<')?];
        self.at += text.len();
        is_plain(text).then_some(text)
    }

    /// The value up to the closing quote.
    fn value(&mut self) -> Option<&'a str> {
        let rest = &self.document[self.at..];
        let value = &rest[..rest.find('"')?];
        self.at += value.len();
        (is_plain(value) && !value.contains(['<', '\n', '\t'])).then_some(value)
    }

    /// Method and value of a SHA-512 digest.
    fn digest(&mut self) -> Option<&'a str> {
        self.over("<ds:DigestMethod Algorithm=\"")?;
        self.over(SHA512)?;
        self.over("\"></ds:DigestMethod><ds:DigestValue>")?;
        let value = self.text()?;
        self.over("</ds:DigestValue>")?;
        Some(value)
    }
}

/// Data that mean themselves: no reference, no end of a section, no return, no control character.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'&' && byte != b'>' || byte == b'\n')
        && !text.contains(['\u{fffe}', '\u{ffff}'])
}

/// The document taken apart, if it is in our layout and its certificate is the one that it names.
pub(super) fn read(document: &[u8]) -> Option<ReadSignature> {
    let mut place = Place { document: std::str::from_utf8(document).ok()?, at: 0 };
    place.over("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    place.over(ROOT)?;
    place.over("<ds:Signature Id=\"signature\">")?;
    let start = place.at;
    let (method, references) = signed_info(&mut place)?;
    let signed_info = with_namespaces(&place.document[start..place.at])?;
    place.over("<ds:SignatureValue Id=\"signature-value\">")?;
    let value = place.text()?;
    place.over("</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>")?;
    let certificate = decode(place.text()?).ok()?;
    place.over("</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")?;
    place.over("<ds:Object><xades:QualifyingProperties Target=\"#signature\">")?;
    let start = place.at;
    let named = signed_properties(&mut place)?;
    let signed_properties = with_namespaces(&place.document[start..place.at])?;
    if decode(named).ok()? != DigestAlgorithm::Sha512.digest(&certificate) {
        return None;
    }
    let (intermediates, ocsp) = unsigned_properties(&mut place)?;
    place.over("</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>")?;
    if place.at != place.document.len() || ocsp.is_empty() {
        return None;
    }
    Some(ReadSignature {
        certificate,
        intermediates,
        ocsp,
        time_stamp: None,
        value: decode(value).ok()?,
        references,
        scheme: scheme(method).ok()?,
        signed_info,
        signed_properties,
    })
}

/// The signature method and the two references.
fn signed_info<'a>(place: &mut Place<'a>) -> Option<(&'a str, Vec<Reference>)> {
    place.over(
        "<ds:SignedInfo>\n<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\">\
         </ds:CanonicalizationMethod>\n<ds:SignatureMethod Algorithm=\"",
    )?;
    let method = place.value()?;
    place.over("\"></ds:SignatureMethod>\n<ds:Reference Id=\"signature-reference-0\" URI=\"")?;
    let uri = place.value()?;
    place.over("\">\n")?;
    let data = place.digest()?;
    place.over(
        "\n</ds:Reference>\n<ds:Reference Id=\"signature-reference-1\" \
         Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#signed-properties\">\n",
    )?;
    let properties = place.digest()?;
    place.over("\n</ds:Reference>\n</ds:SignedInfo>")?;
    let reference = |uri: &str, digest: &str| {
        let digest = decode(digest).ok()?;
        Some(Reference { uri: uri.to_owned(), algorithm: DigestAlgorithm::Sha512, digest })
    };
    Some((method, vec![reference(uri, data)?, reference("#signed-properties", properties)?]))
}

/// The digest of the certificate that is signed for.
fn signed_properties<'a>(place: &mut Place<'a>) -> Option<&'a str> {
    place.over(
        "<xades:SignedProperties Id=\"signed-properties\"><xades:SignedSignatureProperties><xades:SigningTime>",
    )?;
    place.text()?;
    place.over("</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest>")?;
    let named = place.digest()?;
    place.over("</xades:CertDigest><xades:IssuerSerial><ds:X509IssuerName>")?;
    place.text()?;
    place.over("</ds:X509IssuerName><ds:X509SerialNumber>")?;
    place.text()?;
    place.over(
        "</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert></xades:SigningCertificate>\
         <xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>\
         <xades:Identifier Qualifier=\"OIDAsURN\">",
    )?;
    place.text()?;
    place.over("</xades:Identifier><xades:Description>")?;
    place.text()?;
    place.over("</xades:Description></xades:SigPolicyId><xades:SigPolicyHash>")?;
    place.digest()?;
    place.over("</xades:SigPolicyHash><xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>")?;
    place.text()?;
    place.over(
        "</xades:SPURI></xades:SigPolicyQualifier></xades:SigPolicyQualifiers></xades:SignaturePolicyId>\
         </xades:SignaturePolicyIdentifier></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>\
         <xades:DataObjectFormat ObjectReference=\"#signature-reference-0\"><xades:MimeType>",
    )?;
    place.text()?;
    place.over(
        "</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>",
    )?;
    Some(named)
}

type Evidence = (Vec<Vec<u8>>, Vec<Vec<u8>>);

/// Certificates on the way and OCSP responses.
fn unsigned_properties(place: &mut Place<'_>) -> Option<Evidence> {
    let mut intermediates = Vec::new();
    place.over("<xades:UnsignedProperties><xades:UnsignedSignatureProperties>")?;
    if place.optional("<xades:CertificateValues>") {
        while place.optional("<xades:EncapsulatedX509Certificate Id=\"") {
            place.value()?;
            place.over("\">")?;
            intermediates.push(decode(place.text()?).ok()?);
            place.over("</xades:EncapsulatedX509Certificate>")?;
        }
        place.over("</xades:CertificateValues>")?;
    }
    let mut ocsp = Vec::new();
    place.over("<xades:RevocationValues><xades:OCSPValues>")?;
    while place.optional("<xades:EncapsulatedOCSPValue Id=\"") {
        place.value()?;
        place.over("\">")?;
        ocsp.push(decode(place.text()?).ok()?);
        place.over("</xades:EncapsulatedOCSPValue>")?;
    }
    place.over(
        "</xades:OCSPValues></xades:RevocationValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>",
    )?;
    Some((intermediates, ocsp))
}
