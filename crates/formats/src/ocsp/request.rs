//! OCSPRequest (RFC 6960 §4.1). Signed requests are read and their signature ignored, as §4.1.2 leaves it to policy.

use crate::{
    asn1::{Cursor, Malformed, algorithm, oid, tag, write},
    verify::Digest,
    x509::Certificate,
};

/// Longest request that is looked at.
pub const REQUEST_SIZE_BYTES_MAX: usize = 16 * 1024;
/// Most certificates that one request may ask about.
pub const CERTIFICATES_MAX: usize = 32;
/// RFC 9654 §2.1: a responder must take up to 128 bytes.
pub const NONCE_SIZE_BYTES_MAX: usize = 128;

/// Which certificate is meant: its issuer's name and key by digest, its serial number (RFC 6960 §4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertId {
    pub digest: Digest,
    pub issuer_name_hash: Vec<u8>,
    pub issuer_key_hash: Vec<u8>,
    /// Content of the INTEGER.
    pub serial: Vec<u8>,
}

impl CertId {
    pub fn of(certificate: &Certificate, issuer: &Certificate, digest: Digest) -> Self {
        CertId {
            digest,
            issuer_name_hash: digest.of(issuer.subject().der()),
            issuer_key_hash: digest.of(issuer.key().raw()),
            serial: certificate.serial().to_vec(),
        }
    }

    /// Whether `issuer` is the one that the digests name.
    pub fn is_of_issuer(&self, issuer: &Certificate) -> bool {
        self.issuer_name_hash == self.digest.of(issuer.subject().der())
            && self.issuer_key_hash == self.digest.of(issuer.key().raw())
    }

    /// Whether `certificate` of `issuer` is meant. The issuer's name may be digested as either certificate writes it.
    pub fn is_about(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let names = [issuer.subject(), certificate.issuer()];
        self.serial == certificate.serial()
            && self.issuer_key_hash == self.digest.of(issuer.key().raw())
            && names.iter().any(|name| self.issuer_name_hash == self.digest.of(name.der()))
    }

    /// Lower-case hexadecimal without leading zeros, as `Certificate::serial_hex`.
    pub fn serial_hex(&self) -> String {
        base::hex(&self.serial).trim_start_matches('0').to_owned()
    }

    pub(super) fn write(&self) -> Vec<u8> {
        write::sequence(&[
            &algorithm::write_digest(self.digest),
            &write::octets(&self.issuer_name_hash),
            &write::octets(&self.issuer_key_hash),
            &write::element(tag::INTEGER, &self.serial),
        ])
    }

    /// A digest that is not known here makes the whole message malformed: no certificate of ours could be meant.
    pub(super) fn read(list: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let mut inside = list.sequence()?;
        let digest = algorithm::read_digest(&mut inside)?.ok_or(inside.malformed())?;
        let issuer_name_hash = inside.octets()?.to_vec();
        let issuer_key_hash = inside.octets()?.to_vec();
        let serial = inside.integer()?.to_vec();
        inside.end()?;
        Ok(CertId { digest, issuer_name_hash, issuer_key_hash, serial })
    }
}

/// A question about one or more certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    pub certificates: Vec<CertId>,
    pub nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    pub fn to_der(&self) -> Vec<u8> {
        let asked: Vec<Vec<u8>> = self.certificates.iter().map(|id| write::sequence(&[&id.write()])).collect();
        let list = write::sequence(&asked.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let nonce = self.nonce.as_deref().map(|nonce| write::explicit(2, &write::sequence(&[&nonce_extension(nonce)])));
        write::sequence(&[&write::sequence(&[&list, nonce.as_deref().unwrap_or_default()])])
    }

    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "OCSP request";
        if der.len() > REQUEST_SIZE_BYTES_MAX {
            return Err(Malformed(WHAT));
        }
        let mut outer = Cursor::sequence_of(der, WHAT)?;
        let mut tbs = outer.sequence()?;
        outer.optional(tag::context_constructed(0))?; // optionalSignature
        outer.end()?;
        if let Some(version) = tbs.optional(tag::context_constructed(0))?
            && Cursor::new(version.content, WHAT).small_integer()? != 0
        {
            return Err(Malformed(WHAT));
        }
        tbs.optional(tag::context_constructed(1))?; // requestorName
        let mut list = tbs.sequence()?;
        let mut certificates = Vec::new();
        while !list.is_empty() {
            if certificates.len() == CERTIFICATES_MAX {
                return Err(Malformed(WHAT));
            }
            let mut single = list.sequence()?;
            certificates.push(CertId::read(&mut single)?);
            single.optional(tag::context_constructed(0))?;
            single.end()?;
        }
        let nonce = read_nonce(tbs.optional(tag::context_constructed(2))?.map(|element| element.content), WHAT)?;
        tbs.end()?;
        if certificates.is_empty() {
            return Err(Malformed(WHAT));
        }
        Ok(OcspRequest { certificates, nonce })
    }
}

pub(super) fn nonce_extension(nonce: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(oid::OCSP_NONCE), &write::octets(&write::octets(nonce))])
}

/// The nonce among extensions (RFC 9654 §2.1); a critical extension that is not known is malformed here.
pub(super) fn read_nonce(extensions: Option<&[u8]>, what: &'static str) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(extensions) = extensions else { return Ok(None) };
    let mut list = Cursor::sequence_of(extensions, what)?;
    let mut nonce = None;
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let kind = extension.oid()?;
        let critical = if extension.next_is(tag::BOOLEAN) { extension.boolean()? } else { false };
        let value = extension.octets()?;
        extension.end()?;
        match kind {
            oid::OCSP_NONCE => {
                // Old clients put the bytes without the inner OCTET STRING (RFC 8954 §2): taken as they stand.
                let bytes = Cursor::new(value, what).octets().unwrap_or(value);
                if bytes.is_empty() || bytes.len() > NONCE_SIZE_BYTES_MAX {
                    return Err(Malformed(what));
                }
                nonce = Some(bytes.to_vec());
            }
            _ if critical => return Err(Malformed(what)),
            _ => {}
        }
    }
    Ok(nonce)
}
