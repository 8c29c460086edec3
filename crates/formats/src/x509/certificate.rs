//! One certificate as it was received: the encoding is kept, every field of use is read once.

use super::{Extensions, Name};
use crate::{
    asn1::{Cursor, Malformed, algorithm, read_time, tag},
    verify::{Digest, PublicKey, Scheme, Strength},
};
use base::Timestamp;
use std::ops::Range;

/// Longest encoding that is looked at.
pub const CERTIFICATE_SIZE_BYTES_MAX: usize = 16 * 1024;

/// A certificate (RFC 5280 §4.1). Reading it judges its form only; trust is `check_path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Range<usize>,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    extensions: Extensions,
    scheme: Option<Scheme>,
    signature: Vec<u8>,
}

impl Certificate {
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "certificate";
        if der.len() > CERTIFICATE_SIZE_BYTES_MAX {
            return Err(Malformed(WHAT));
        }
        let mut outer = Cursor::sequence_of(der, WHAT)?;
        let signed = outer.expect(tag::SEQUENCE)?;
        let scheme = algorithm::read_signature(&mut outer, None)?;
        let signature = outer.bit_string()?.to_vec();
        outer.end()?;

        let mut tbs = Cursor::new(signed.content, WHAT);
        // Version 3 only: without extensions nothing could be said about a certificate's use.
        if tbs.enter(tag::context_constructed(0))?.small_integer()? != 2 {
            return Err(Malformed(WHAT));
        }
        let serial = tbs.integer()?.to_vec();
        // RFC 5280 §4.1.1.2: the two algorithm fields are the same.
        if algorithm::read_signature(&mut tbs, None)? != scheme {
            return Err(Malformed(WHAT));
        }
        let issuer = Name::from_der(tbs.expect(tag::SEQUENCE)?.whole)?;
        let mut validity = tbs.sequence()?;
        let (not_before, not_after) = (read_time(&mut validity)?, read_time(&mut validity)?);
        validity.end()?;
        let subject = Name::from_der(tbs.expect(tag::SEQUENCE)?.whole)?;
        let key = PublicKey::from_spki(tbs.expect(tag::SEQUENCE)?.whole)?;
        tbs.optional(tag::context(1))?;
        tbs.optional(tag::context(2))?;
        let extensions = match tbs.optional(tag::context_constructed(3))? {
            Some(element) => Extensions::read(Cursor::sequence_of(element.content, WHAT)?)?,
            None => Extensions::default(),
        };
        tbs.end()?;
        let start = signed.whole.as_ptr() as usize - der.as_ptr() as usize;
        let tbs = start..start + signed.whole.len();
        let der = der.to_vec();
        Ok(Certificate { der, tbs, serial, issuer, subject, not_before, not_after, key, extensions, scheme, signature })
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The signed part (TBSCertificate).
    pub fn tbs(&self) -> &[u8] {
        &self.der[self.tbs.clone()]
    }

    /// Content of the serial number's INTEGER, big-endian.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Lower-case hexadecimal without leading zeros: how the trust services name a certificate.
    pub fn serial_hex(&self) -> String {
        base::hex(&self.serial).trim_start_matches('0').to_owned()
    }

    /// Decimal, as XML-DSig's X509SerialNumber wants it (§4.5.4.1).
    pub fn serial_decimal(&self) -> String {
        decimal(&self.serial)
    }

    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    pub fn subject(&self) -> &Name {
        &self.subject
    }

    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last instant of validity (inclusive, RFC 5280 §4.1.2.5).
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Whether the other certificate's key made this one's signature and its subject is this one's issuer.
    pub fn is_issued_by(&self, issuer: &Certificate) -> bool {
        self.is_issued_by_as_of(issuer, Strength::Current)
    }

    /// The same by the algorithms of another time.
    pub fn is_issued_by_as_of(&self, issuer: &Certificate, strength: Strength) -> bool {
        let verifies = |scheme| issuer.key.verifies_as_of(strength, scheme, self.tbs(), &self.signature);
        self.issuer.matches(&issuer.subject) && self.scheme.is_some_and(verifies)
    }

    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    pub fn digest(&self, digest: Digest) -> Vec<u8> {
        digest.of(&self.der)
    }
}

/// Base conversion by repeated division: serial numbers have at most 20 bytes.
fn decimal(big_endian: &[u8]) -> String {
    let mut number = big_endian.to_vec();
    let mut digits = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 10).expect("a remainder below 10 with one byte is below 2560");
            remainder = value % 10;
        }
        digits.push(char::from(b'0' + u8::try_from(remainder).expect("a remainder of ten")));
    }
    if digits.is_empty() { "0".to_owned() } else { digits.iter().rev().collect() }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn serial_numbers_in_decimal() {
        for (bytes, text) in [(&[0][..], "0"), (&[9], "9"), (&[1, 0], "256"), (&[0, 255, 255, 255, 255], "4294967295")]
        {
            assert_eq!(decimal(bytes), text);
        }
        assert_eq!(decimal(&[0x7f; 16]), "169473963133173273960190490760135540607");
    }
}
