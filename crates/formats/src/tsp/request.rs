//! TimeStampReq (RFC 3161 §2.4.1).

use crate::{
    asn1::{Cursor, Malformed, algorithm, tag, write},
    verify::Digest,
};
use der::asn1::ObjectIdentifier;

/// Longest request that is looked at.
pub const REQUEST_SIZE_BYTES_MAX: usize = 4 * 1024;
/// Longest nonce, in bytes of its INTEGER.
pub const NONCE_SIZE_BYTES_MAX: usize = 64;

/// A request for a token over a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampRequest {
    /// `None` is an algorithm that is not known or not accepted here: `badAlg`.
    pub digest: Option<Digest>,
    pub imprint: Vec<u8>,
    pub policy: Option<ObjectIdentifier>,
    /// Content of the INTEGER.
    pub nonce: Option<Vec<u8>>,
    /// Whether the signer's certificate shall be inside the token.
    pub certificate_requested: bool,
    /// Extensions were asked for; none is known here (`unacceptedExtension`).
    pub has_extensions: bool,
}

impl TimeStampRequest {
    /// Over the SHA-256 of `message`; the nonce is random bytes, shortened to a positive INTEGER.
    pub fn over(message: &[u8], nonce: [u8; 16]) -> Self {
        let mut nonce = nonce;
        nonce[0] = nonce[0] & 0x7f | 0x40;
        TimeStampRequest {
            digest: Some(Digest::Sha256),
            imprint: Digest::Sha256.of(message),
            policy: None,
            nonce: Some(nonce.to_vec()),
            certificate_requested: true,
            has_extensions: false,
        }
    }

    /// Without `digest` there is nothing to encode: an empty sequence stands for it.
    pub fn to_der(&self) -> Vec<u8> {
        let policy = self.policy.map(write::oid).unwrap_or_default();
        let nonce = self.nonce.as_deref().map(|nonce| write::element(tag::INTEGER, nonce)).unwrap_or_default();
        let certificate = if self.certificate_requested { write::boolean(true) } else { Vec::new() };
        let imprint = self.digest.map(|digest| imprint(digest, &self.imprint)).unwrap_or_default();
        write::sequence(&[&write::number(1), &imprint, &policy, &nonce, &certificate])
    }

    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "time-stamp request";
        if der.len() > REQUEST_SIZE_BYTES_MAX {
            return Err(Malformed(WHAT));
        }
        let mut list = Cursor::sequence_of(der, WHAT)?;
        if list.small_integer()? != 1 {
            return Err(Malformed(WHAT));
        }
        let (digest, imprint) = read_imprint(&mut list)?;
        let policy = if list.next_is(tag::OBJECT_IDENTIFIER) { Some(list.oid()?) } else { None };
        let nonce = if list.next_is(tag::INTEGER) { Some(list.integer()?.to_vec()) } else { None };
        let certificate_requested = if list.next_is(tag::BOOLEAN) { list.boolean()? } else { false };
        let has_extensions = list.optional(tag::context_constructed(0))?.is_some();
        list.end()?;
        let fits = digest.is_none_or(|digest| digest.size_bytes() == imprint.len());
        if !fits || nonce.as_ref().is_some_and(|nonce| nonce.len() > NONCE_SIZE_BYTES_MAX) {
            return Err(Malformed(WHAT));
        }
        Ok(TimeStampRequest { digest, imprint, policy, nonce, certificate_requested, has_extensions })
    }
}

pub(super) fn imprint(digest: Digest, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&algorithm::write_digest(digest), &write::octets(value)])
}

/// MessageImprint; SHA-1 counts as not accepted.
pub(super) fn read_imprint(list: &mut Cursor<'_>) -> Result<(Option<Digest>, Vec<u8>), Malformed> {
    let mut inside = list.sequence()?;
    let digest = algorithm::read_digest(&mut inside)?.filter(|digest| *digest != Digest::Sha1);
    let value = inside.octets()?.to_vec();
    inside.end()?;
    Ok((digest, value))
}
