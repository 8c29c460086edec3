//! TimeStampToken (RFC 3161 §2.4.2): signed data over TSTInfo.

use super::{
    TimeStampRequest,
    request::{imprint, read_imprint},
};
use crate::{
    asn1::{Cursor, Malformed, definite, oid, read_time, tag, write, write_generalized_time},
    cms::{self, CmsError, SignedData},
    verify::{AlgorithmPolicy, Digest},
    x509::{Certificate, PathError, check_path},
};
use base::{Fault, Signer, Timestamp};
use der::asn1::ObjectIdentifier;

/// Why a token does not prove the time of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TspError {
    Malformed,
    /// The authority gave no token.
    Rejected,
    /// The token is over other data.
    Imprint,
    /// Not the nonce that was asked with.
    Nonce,
    /// The signature or its attributes do not verify.
    Signature,
    /// The certificate inside is not for time-stamping only (RFC 3161 §2.3), or is missing.
    NotAuthority,
    /// The authority's certificate has no path to an anchor at the time of the token.
    Path(PathError),
}

impl From<Malformed> for TspError {
    fn from(_: Malformed) -> Self {
        TspError::Malformed
    }
}

impl From<CmsError> for TspError {
    fn from(error: CmsError) -> Self {
        if error == CmsError::Malformed { TspError::Malformed } else { TspError::Signature }
    }
}

impl std::fmt::Display for TspError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            TspError::Malformed => "malformed time-stamp",
            TspError::Rejected => "time-stamping authority refused",
            TspError::Imprint => "time-stamp is over other data",
            TspError::Nonce => "time-stamp has another nonce",
            TspError::Signature => "signature of the time-stamp does not verify",
            TspError::NotAuthority => "time-stamp is not signed by a time-stamping authority",
            TspError::Path(error) => return write!(out, "time-stamping {error}"),
        })
    }
}

impl std::error::Error for TspError {}

/// What a token says (TSTInfo), before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStamp {
    pub policy: ObjectIdentifier,
    pub digest: Digest,
    pub imprint: Vec<u8>,
    /// Content of the INTEGER, unique for the authority.
    pub serial: Vec<u8>,
    pub at: Timestamp,
    pub nonce: Option<Vec<u8>>,
}

impl TimeStamp {
    /// Signs the token; the clock is taken to be right within a second.
    pub fn sign(
        &self,
        signer: &dyn Signer,
        authority: &Certificate,
        with_certificate: bool,
    ) -> Result<TimeStampToken, Fault> {
        let nonce = self.nonce.as_deref().map(|nonce| write::element(tag::INTEGER, nonce)).unwrap_or_default();
        let info = write::sequence(&[
            &write::number(1),
            &write::oid(self.policy),
            &imprint(self.digest, &self.imprint),
            &write::element(tag::INTEGER, &self.serial),
            &write_generalized_time(self.at),
            &write::sequence(&[&write::number(1)]), // accuracy in seconds
            &nonce,
        ]);
        let der = cms::sign(oid::TST_INFO, &info, signer, authority, with_certificate)?;
        TimeStampToken::from_der(&der).map_err(|error| Fault::new("sign a time-stamp", error))
    }

    fn read(content: &[u8]) -> Result<Self, TspError> {
        let mut list = Cursor::sequence_of(content, "time-stamp")?;
        list.small_integer()?;
        let policy = list.oid()?;
        let (digest, imprint) = read_imprint(&mut list)?;
        let serial = list.integer()?.to_vec();
        let at = read_time(&mut list)?;
        list.optional(tag::SEQUENCE)?; // accuracy
        list.optional(tag::BOOLEAN)?; // ordering
        let nonce = if list.next_is(tag::INTEGER) { Some(list.integer()?.to_vec()) } else { None };
        list.optional(tag::context_constructed(0))?;
        list.optional(tag::context_constructed(1))?;
        list.end()?;
        Ok(TimeStamp { policy, digest: digest.ok_or(TspError::Malformed)?, imprint, serial, at, nonce })
    }
}

/// A token as it was received. Reading judges its form only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampToken {
    der: Vec<u8>,
    signed: SignedData,
    stamp: TimeStamp,
}

impl TimeStampToken {
    pub fn from_der(der: &[u8]) -> Result<Self, TspError> {
        let signed = SignedData::from_der(der)?;
        if signed.content_type != oid::TST_INFO {
            return Err(TspError::Malformed);
        }
        let stamp = TimeStamp::read(&signed.content)?;
        Ok(TimeStampToken { der: der.to_vec(), signed, stamp })
    }

    /// A token that another program streamed: lengths may be open.
    pub fn from_ber(ber: &[u8]) -> Result<Self, TspError> {
        TimeStampToken::from_der(&definite(ber)?)
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn stamp(&self) -> &TimeStamp {
        &self.stamp
    }

    /// The token answers the request: same digest, same nonce (RFC 3161 §2.4.2).
    pub fn check_answers(&self, request: &TimeStampRequest) -> Result<(), TspError> {
        if Some(self.stamp.digest) != request.digest || self.stamp.imprint != request.imprint {
            return Err(TspError::Imprint);
        }
        if request.nonce.is_some() && self.stamp.nonce != request.nonce {
            return Err(TspError::Nonce);
        }
        Ok(())
    }

    /// The token is over `message`, signed by an authority that leads to `anchors` at the token's own time. Certificates
    /// of the authority that are not inside are looked for in `at_hand`. Returns the proven time.
    pub fn verify(
        &self,
        message: &[u8],
        at_hand: &[Certificate],
        anchors: &[Certificate],
    ) -> Result<Timestamp, TspError> {
        if self.stamp.digest.of(message) != self.stamp.imprint {
            return Err(TspError::Imprint);
        }
        let known = [at_hand, anchors].concat();
        let authority = self.signed.signer(&known).ok_or(TspError::NotAuthority)?;
        self.signed.verify(authority)?;
        if !authority.extensions().is_for_time_stamping_only() {
            return Err(TspError::NotAuthority);
        }
        let between = [&self.signed.certificates[..], at_hand].concat();
        check_path(authority, &between, anchors, self.stamp.at).map_err(TspError::Path)?;
        Ok(self.stamp.at)
    }

    /// The token is over `message` and signed by that one of `authorities` which it names: how the exchange judges, where
    /// the global configuration vouches for each authority by its certificate. Neither path nor validity is asked.
    /// The order decides which error is told: imprint, authority, signature.
    pub fn verify_named(
        &self,
        message: &[u8],
        authorities: &[Certificate],
        algorithms: AlgorithmPolicy,
    ) -> Result<Timestamp, TspError> {
        if self.stamp.digest.of(message) != self.stamp.imprint {
            return Err(TspError::Imprint);
        }
        let named = authorities.iter().find(|authority| self.signed.names(authority));
        let authority = named.ok_or(TspError::NotAuthority)?;
        self.signed.verify_as_of(authority, algorithms.at(self.stamp.at)).map_err(|_| TspError::Signature)?;
        Ok(self.stamp.at)
    }

    /// The authority's certificate, if it is inside.
    pub fn authority(&self) -> Option<&Certificate> {
        self.signed.signer(&[])
    }
}
