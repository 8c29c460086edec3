//! Signed data (RFC 5652 §5) as far as time-stamp tokens need it: one signer, signed attributes, content inside.

use crate::{
    asn1::{Cursor, Malformed, algorithm, oid, tag, write},
    verify::{Digest, PublicKey, Scheme, Strength, sha256},
    x509::{Certificate, Name, in_der},
};
use base::{Fault, Signer};
use der::asn1::ObjectIdentifier;

const WHAT: &str = "signed data";
const CERTIFICATES_MAX: usize = 16;
const ATTRIBUTES_MAX: usize = 32;

/// Why signed data is not the signer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmsError {
    Malformed,
    /// The message digest among the signed attributes is not the content's.
    Digest,
    /// The signature value does not verify with the certificate's key.
    Signature,
    /// The certificate is not the one that the signer named.
    OtherCertificate,
}

impl From<Malformed> for CmsError {
    fn from(_: Malformed) -> Self {
        CmsError::Malformed
    }
}

/// Signs `content` of `content_type`, naming the certificate by SigningCertificateV2 (RFC 5035 §3).
/// `with_certificate` puts the certificate inside (RFC 3161 §2.4.1 certReq).
pub fn sign(
    content_type: ObjectIdentifier,
    content: &[u8],
    signer: &dyn Signer,
    certificate: &Certificate,
    with_certificate: bool,
) -> Result<Vec<u8>, Fault> {
    let digest = algorithm::write_digest(Digest::Sha256);
    let attributes = [
        attribute(oid::CONTENT_TYPE, &write::oid(content_type)),
        attribute(oid::MESSAGE_DIGEST, &write::octets(&sha256(content))),
        attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate(certificate)),
    ];
    let signed = write::set_of(&attributes.each_ref().map(Vec::as_slice));
    let signature = in_der(signer.algorithm(), signer.sign(&signed)?)?;
    let name = write::sequence(&[certificate.issuer().der(), &write::element(tag::INTEGER, certificate.serial())]);
    // The same bytes under the implicit tag: what is signed carries the tag of a set (RFC 5652 §5.4).
    let implicit = [&[tag::context_constructed(0)], &signed[1..]].concat();
    let signer_info = write::sequence(&[
        &write::number(1),
        &name,
        &digest,
        &implicit,
        &algorithm::write_signature(signer.algorithm()),
        &write::octets(&signature),
    ]);
    let inside = write::sequence(&[&write::oid(content_type), &write::explicit(0, &write::octets(content))]);
    let certificates = if with_certificate { write::explicit(0, certificate.der()) } else { Vec::new() };
    let signed_data = write::sequence(&[
        &write::number(3),
        &write::set_of(&[&digest]),
        &inside,
        &certificates,
        &write::set_of(&[&signer_info]),
    ]);
    Ok(write::sequence(&[&write::oid(oid::SIGNED_DATA), &write::explicit(0, &signed_data)]))
}

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(kind), &write::set_of(&[value])])
}

/// ESSCertIDv2 with the default digest, SHA-256, and the issuer's name and serial number.
fn signing_certificate(certificate: &Certificate) -> Vec<u8> {
    let one = write::sequence(&[&write::octets(&sha256(certificate.der())), &issuer_serial(certificate)]);
    write::sequence(&[&write::sequence(&[&one])])
}

/// IssuerSerial (RFC 5035 §5), also the content of XAdES's IssuerSerialV2.
pub fn issuer_serial(certificate: &Certificate) -> Vec<u8> {
    let names = write::sequence(&[&write::explicit(4, certificate.issuer().der())]);
    write::sequence(&[&names, &write::element(tag::INTEGER, certificate.serial())])
}

/// Signed data as it was received. Reading judges its form only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    pub content_type: ObjectIdentifier,
    pub content: Vec<u8>,
    /// Certificates that came inside.
    pub certificates: Vec<Certificate>,
    issuer: Option<Name>,
    serial: Vec<u8>,
    digest: Digest,
    scheme: Option<Scheme>,
    signature: Vec<u8>,
    /// Content of the set of signed attributes.
    signed: Vec<u8>,
    stated_type: ObjectIdentifier,
    stated_digest: Vec<u8>,
    /// Digests of the certificate by SigningCertificate or SigningCertificateV2.
    stated_certificate: Option<(Digest, Vec<u8>)>,
}

impl SignedData {
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Cursor::sequence_of(der, WHAT)?;
        if outer.oid()? != oid::SIGNED_DATA {
            return Err(Malformed(WHAT));
        }
        let mut data = Cursor::sequence_of(outer.expect(tag::context_constructed(0))?.content, WHAT)?;
        outer.end()?;
        data.small_integer()?;
        data.expect(tag::SET)?;
        let mut inside = data.sequence()?;
        let content_type = inside.oid()?;
        let content = inside.enter(tag::context_constructed(0))?.octets()?.to_vec();
        inside.end()?;
        let certificates = match data.optional(tag::context_constructed(0))? {
            Some(list) => read_certificates(Cursor::new(list.content, WHAT))?,
            None => Vec::new(),
        };
        data.optional(tag::context_constructed(1))?; // revocation lists
        let mut signers = data.enter(tag::SET)?;
        data.end()?;
        let signer = signers.sequence()?;
        signers.end()?;
        SignedData::with_signer(content_type, content, certificates, signer)
    }

    fn with_signer(
        content_type: ObjectIdentifier,
        content: Vec<u8>,
        certificates: Vec<Certificate>,
        mut signer: Cursor<'_>,
    ) -> Result<Self, Malformed> {
        signer.small_integer()?;
        let (issuer, serial) = if signer.next_is(tag::SEQUENCE) {
            let mut name = signer.sequence()?;
            (Some(Name::from_der(name.expect(tag::SEQUENCE)?.whole)?), name.integer()?.to_vec())
        } else {
            (None, signer.expect(tag::context(0))?.content.to_vec())
        };
        let digest = algorithm::read_digest(&mut signer)?.ok_or(Malformed(WHAT))?;
        let signed = signer.expect(tag::context_constructed(0))?.content.to_vec();
        let scheme = algorithm::read_signature(&mut signer, Some(digest))?;
        let signature = signer.octets()?.to_vec();
        signer.optional(tag::context_constructed(1))?;
        signer.end()?;
        let attributes = Attributes::read(&signed)?;
        Ok(SignedData {
            content_type,
            content,
            certificates,
            issuer,
            serial,
            digest,
            scheme,
            signature,
            stated_type: attributes.content_type.ok_or(Malformed(WHAT))?,
            stated_digest: attributes.message_digest.ok_or(Malformed(WHAT))?,
            stated_certificate: attributes.certificate,
            signed,
        })
    }

    /// Whether the signer named this certificate.
    pub fn names(&self, certificate: &Certificate) -> bool {
        match &self.issuer {
            Some(issuer) => certificate.issuer().matches(issuer) && self.serial == certificate.serial(),
            None => certificate.extensions().subject_key_identifier() == Some(&self.serial[..]),
        }
    }

    /// The signer's certificate among those inside and those at hand.
    pub fn signer<'a>(&'a self, at_hand: &'a [Certificate]) -> Option<&'a Certificate> {
        self.certificates.iter().chain(at_hand).find(|certificate| self.names(certificate))
    }

    /// Content, attributes, certificate and signature value belong together. Trust in the certificate is the caller's.
    pub fn verify(&self, certificate: &Certificate) -> Result<(), CmsError> {
        self.verify_as_of(certificate, Strength::Current)
    }

    /// The same by the algorithms of another time.
    pub fn verify_as_of(&self, certificate: &Certificate, strength: Strength) -> Result<(), CmsError> {
        if !self.names(certificate) {
            return Err(CmsError::OtherCertificate);
        }
        if let Some((digest, value)) = &self.stated_certificate
            && certificate.digest(*digest) != *value
        {
            return Err(CmsError::OtherCertificate);
        }
        // RFC 5652 §5.4: SHA-1 is not accepted as the digest of anything that is signed.
        if self.digest == Digest::Sha1
            || self.stated_type != self.content_type
            || self.digest.of(&self.content) != self.stated_digest
        {
            return Err(CmsError::Digest);
        }
        let key: &PublicKey = certificate.key();
        let set = write::element(tag::SET, &self.signed);
        let scheme = self.scheme.ok_or(CmsError::Signature)?;
        if key.verifies_as_of(strength, scheme, &set, &self.signature) { Ok(()) } else { Err(CmsError::Signature) }
    }

    /// RFC 3161 §2.4.2 demands it of time-stamps.
    pub fn states_certificate(&self) -> bool {
        self.stated_certificate.is_some()
    }
}

#[derive(Default)]
struct Attributes {
    content_type: Option<ObjectIdentifier>,
    message_digest: Option<Vec<u8>>,
    certificate: Option<(Digest, Vec<u8>)>,
}

impl Attributes {
    fn read(signed: &[u8]) -> Result<Self, Malformed> {
        let mut list = Cursor::new(signed, WHAT);
        let mut read = Attributes::default();
        let mut seen: Vec<ObjectIdentifier> = Vec::new();
        while !list.is_empty() {
            let mut attribute = list.sequence()?;
            let kind = attribute.oid()?;
            if seen.contains(&kind) || seen.len() == ATTRIBUTES_MAX {
                return Err(Malformed(WHAT));
            }
            seen.push(kind);
            let mut values = attribute.enter(tag::SET)?;
            match kind {
                oid::CONTENT_TYPE => read.content_type = Some(values.oid()?),
                oid::MESSAGE_DIGEST => read.message_digest = Some(values.octets()?.to_vec()),
                oid::SIGNING_CERTIFICATE if read.certificate.is_none() => {
                    let hash = values.sequence()?.sequence()?.sequence()?.octets()?.to_vec();
                    read.certificate = Some((Digest::Sha1, hash));
                }
                oid::SIGNING_CERTIFICATE_V2 => read.certificate = Some(certificate_digest(values)?),
                _ => {}
            }
        }
        Ok(read)
    }
}

fn certificate_digest(mut values: Cursor<'_>) -> Result<(Digest, Vec<u8>), Malformed> {
    let mut first = values.sequence()?.sequence()?.sequence()?;
    let digest = if first.next_is(tag::SEQUENCE) {
        algorithm::read_digest(&mut first)?.ok_or(Malformed(WHAT))?
    } else {
        Digest::Sha256
    };
    Ok((digest, first.octets()?.to_vec()))
}

/// Other kinds of certificates than X.509 are passed over (RFC 5652 §10.2.2).
fn read_certificates(mut list: Cursor<'_>) -> Result<Vec<Certificate>, Malformed> {
    let mut certificates = Vec::new();
    while !list.is_empty() {
        let element = list.any()?;
        if element.tag != tag::SEQUENCE {
            continue;
        }
        if certificates.len() == CERTIFICATES_MAX {
            return Err(Malformed(WHAT));
        }
        certificates.push(Certificate::from_der(element.whole)?);
    }
    Ok(certificates)
}
