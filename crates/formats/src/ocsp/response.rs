//! OCSPResponse (RFC 6960 §4.2): one responder certificate inside, responder named by key.

use super::request::{CertId, nonce_extension, read_nonce};
use crate::{
    asn1::{Cursor, Malformed, algorithm, oid, read_time, tag, write, write_generalized_time},
    verify::{Digest, Scheme, Strength},
    x509::{Certificate, key_identifier},
};
use base::{Fault, Signer, Timestamp};

/// Longest response that is looked at.
pub const RESPONSE_SIZE_BYTES_MAX: usize = 64 * 1024;
const SINGLE_RESPONSES_MAX: usize = 64;
const CERTIFICATES_MAX: usize = 8;

/// What is known about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    Good,
    /// `reason` is the number of CRLReason (RFC 5280 §5.3.1); 6 is certificateHold, a suspension.
    Revoked {
        at: Timestamp,
        reason: Option<u8>,
    },
    Unknown,
}

/// One certificate's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleStatus {
    pub certificate: CertId,
    pub status: CertStatus,
    pub this_update: Timestamp,
    pub next_update: Option<Timestamp>,
}

/// Why no status is told (RFC 6960 §4.2.1); these answers are not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorStatus {
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

/// Why a response does not tell that a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcspError {
    Malformed,
    /// The responder answered with one of `ErrorStatus`.
    NoAnswer,
    /// Signed by nobody who may speak for the issuer (RFC 6960 §4.2.2.2).
    Responder,
    Signature,
    /// The response is about other certificates.
    OtherCertificate,
    /// Not the nonce that was asked with.
    Nonce,
    /// thisUpdate lies in the future or nextUpdate in the past.
    Stale,
}

impl From<Malformed> for OcspError {
    fn from(_: Malformed) -> Self {
        OcspError::Malformed
    }
}

impl std::fmt::Display for OcspError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            OcspError::Malformed => "malformed OCSP response",
            OcspError::NoAnswer => "OCSP responder gave no answer",
            OcspError::Responder => "OCSP response is signed by nobody who may",
            OcspError::Signature => "signature of the OCSP response does not verify",
            OcspError::OtherCertificate => "OCSP response is about another certificate",
            OcspError::Nonce => "OCSP response has another nonce",
            OcspError::Stale => "OCSP response is not current",
        })
    }
}

impl std::error::Error for OcspError {}

/// The answer without a status.
pub fn error_response(status: ErrorStatus) -> Vec<u8> {
    write::sequence(&[&write::element(tag::ENUMERATED, &[status as u8])])
}

/// A response before it is signed.
#[derive(Debug, Clone)]
pub struct ResponseDraft {
    pub produced_at: Timestamp,
    pub statuses: Vec<SingleStatus>,
    pub nonce: Option<Vec<u8>>,
}

impl ResponseDraft {
    /// Signs with the responder's key; `responder` is its certificate and goes into the response.
    pub fn sign(&self, signer: &dyn Signer, responder: &Certificate) -> Result<Vec<u8>, Fault> {
        let key =
            key_identifier(signer.public_key_der()).map_err(|error| Fault::new("sign an OCSP response", error))?;
        let statuses: Vec<Vec<u8>> = self.statuses.iter().map(single).collect();
        let list = write::sequence(&statuses.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let nonce = self.nonce.as_deref().map(|nonce| write::explicit(1, &write::sequence(&[&nonce_extension(nonce)])));
        let data = write::sequence(&[
            &write::explicit(2, &write::octets(&key)), // byKey
            &write_generalized_time(self.produced_at),
            &list,
            nonce.as_deref().unwrap_or_default(),
        ]);
        let signature = crate::x509::in_der(signer.algorithm(), signer.sign(&data)?)?;
        let basic = write::sequence(&[
            &data,
            &algorithm::write_signature(signer.algorithm()),
            &write::bit_string(&signature),
            &write::explicit(0, &write::sequence(&[responder.der()])),
        ]);
        let bytes = write::sequence(&[&write::oid(oid::OCSP_BASIC), &write::octets(&basic)]);
        Ok(write::sequence(&[&write::element(tag::ENUMERATED, &[0]), &write::explicit(0, &bytes)]))
    }
}

fn single(status: &SingleStatus) -> Vec<u8> {
    let state = match status.status {
        CertStatus::Good => write::element(tag::context(0), &[]),
        CertStatus::Revoked { at, reason } => {
            let reason = reason.map(|reason| write::explicit(0, &write::element(tag::ENUMERATED, &[reason])));
            let content = [write_generalized_time(at), reason.unwrap_or_default()].concat();
            write::element(tag::context_constructed(1), &content)
        }
        CertStatus::Unknown => write::element(tag::context(2), &[]),
    };
    let next = status.next_update.map(|at| write::explicit(0, &write_generalized_time(at)));
    write::sequence(&[
        &status.certificate.write(),
        &state,
        &write_generalized_time(status.this_update),
        next.as_deref().unwrap_or_default(),
    ])
}

/// A response as it was received. Reading judges its form only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicResponse {
    der: Vec<u8>,
    data: Vec<u8>,
    responder_key: Option<Vec<u8>>,
    responder_name: Option<Vec<u8>>,
    produced_at: Timestamp,
    statuses: Vec<SingleStatus>,
    nonce: Option<Vec<u8>>,
    scheme: Option<Scheme>,
    signature: Vec<u8>,
    certificates: Vec<Certificate>,
}

impl BasicResponse {
    /// Reads OCSPResponse; an answer without a status is `NoAnswer`.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        const WHAT: &str = "OCSP response";
        if der.len() > RESPONSE_SIZE_BYTES_MAX {
            return Err(OcspError::Malformed);
        }
        let mut outer = Cursor::sequence_of(der, WHAT)?;
        if outer.expect(tag::ENUMERATED)?.content != [0] {
            return Err(OcspError::NoAnswer);
        }
        let mut typed = Cursor::sequence_of(outer.expect(tag::context_constructed(0))?.content, WHAT)?;
        outer.end()?;
        if typed.oid()? != oid::OCSP_BASIC {
            return Err(OcspError::Malformed);
        }
        let mut basic = Cursor::sequence_of(typed.octets()?, WHAT)?;
        typed.end()?;
        let data = basic.expect(tag::SEQUENCE)?;
        let scheme = algorithm::read_signature(&mut basic, None)?;
        let signature = basic.bit_string()?.to_vec();
        let certificates = match basic.optional(tag::context_constructed(0))? {
            Some(list) => read_certificates(Cursor::sequence_of(list.content, WHAT)?)?,
            None => Vec::new(),
        };
        basic.end()?;

        let mut fields = Cursor::new(data.content, WHAT);
        fields.optional(tag::context_constructed(0))?; // version
        let responder = fields.any()?;
        let (mut responder_key, mut responder_name) = (None, None);
        match responder.tag {
            0xa1 => responder_name = Some(responder.content.to_vec()),
            0xa2 => responder_key = Some(Cursor::new(responder.content, WHAT).octets()?.to_vec()),
            _ => return Err(OcspError::Malformed),
        }
        let produced_at = read_time(&mut fields)?;
        let statuses = read_statuses(fields.sequence()?)?;
        let nonce = read_nonce(fields.optional(tag::context_constructed(1))?.map(|element| element.content), WHAT)?;
        fields.end()?;
        let (der, data) = (der.to_vec(), data.whole.to_vec());
        Ok(BasicResponse {
            der,
            data,
            responder_key,
            responder_name,
            produced_at,
            statuses,
            nonce,
            scheme,
            signature,
            certificates,
        })
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn produced_at(&self) -> Timestamp {
        self.produced_at
    }

    pub fn statuses(&self) -> &[SingleStatus] {
        &self.statuses
    }

    /// Certificates that came with the response.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The answer has this nonce. A request's nonce that a responder ignores is the caller's policy (RFC 9654 §2.1).
    pub fn check_nonce(&self, asked: &[u8]) -> Result<(), OcspError> {
        if self.nonce.as_deref() == Some(asked) { Ok(()) } else { Err(OcspError::Nonce) }
    }

    /// The status of `certificate`, issued by `issuer`, told by one who may: the issuer itself, a responder that the
    /// issuer certified for it, or one of `trusted` (responders named by configuration). The responder's certificate must
    /// be valid when the response was produced.
    pub fn status_of(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        trusted: &[Certificate],
    ) -> Result<&SingleStatus, OcspError> {
        let responder = self.responder(issuer, trusted).ok_or(OcspError::Responder)?;
        let scheme = self.scheme.ok_or(OcspError::Signature)?;
        if !responder.key().verifies(scheme, &self.data, &self.signature) {
            return Err(OcspError::Signature);
        }
        let meant = |single: &&SingleStatus| {
            single.certificate.serial == certificate.serial() && single.certificate.is_of_issuer(issuer)
        };
        self.statuses.iter().find(meant).ok_or(OcspError::OtherCertificate)
    }

    /// The same as the exchange judges it: told by the issuer itself, a responder that the issuer certified for it, or one
    /// of `configured` for this issuer. The responder's name is not asked, because names are written in many ways: what
    /// counts is that the key of one who may speak made the signature.
    pub fn status_by_key(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        configured: &[Certificate],
        strength: Strength,
    ) -> Result<&SingleStatus, OcspError> {
        let meant = |single: &&SingleStatus| single.certificate.is_about(certificate, issuer);
        let single = self.statuses.iter().find(meant).ok_or(OcspError::OtherCertificate)?;
        let delegated = self.certificates.iter().filter(|responder| {
            responder.extensions().has_purpose(oid::OCSP_SIGNING)
                && responder.is_valid_at(self.produced_at)
                && responder.is_issued_by_as_of(issuer, strength)
        });
        let scheme = self.scheme.ok_or(OcspError::Signature)?;
        let signed =
            |responder: &Certificate| responder.key().verifies_as_of(strength, scheme, &self.data, &self.signature);
        let mut entitled = std::iter::once(issuer).chain(configured).chain(delegated);
        if entitled.any(signed) { Ok(single) } else { Err(OcspError::Responder) }
    }

    /// thisUpdate and nextUpdate allow the response at the instant; `tolerance_s` for clocks that differ.
    pub fn check_current(status: &SingleStatus, at: Timestamp, tolerance_s: i64) -> Result<(), OcspError> {
        let at = at.as_second();
        let begun = status.this_update.as_second() <= at + tolerance_s;
        let over = status.next_update.is_some_and(|next| next.as_second() + tolerance_s < at);
        if begun && !over { Ok(()) } else { Err(OcspError::Stale) }
    }

    fn responder<'a>(&'a self, issuer: &'a Certificate, trusted: &'a [Certificate]) -> Option<&'a Certificate> {
        let named = |certificate: &Certificate| match (&self.responder_key, &self.responder_name) {
            (Some(key), _) => Digest::Sha1.of(certificate.key().raw()) == *key,
            (None, Some(name)) => certificate.subject().der() == name,
            (None, None) => false,
        };
        if named(issuer) {
            return Some(issuer);
        }
        let valid = |certificate: &&Certificate| named(certificate) && certificate.is_valid_at(self.produced_at);
        let delegated = |certificate: &&Certificate| {
            certificate.extensions().has_purpose(oid::OCSP_SIGNING) && certificate.is_issued_by(issuer)
        };
        self.certificates.iter().filter(valid).find(delegated).or_else(|| trusted.iter().find(valid))
    }
}

fn read_certificates(mut list: Cursor<'_>) -> Result<Vec<Certificate>, Malformed> {
    let mut certificates = Vec::new();
    while !list.is_empty() {
        if certificates.len() == CERTIFICATES_MAX {
            return Err(list.malformed());
        }
        certificates.push(Certificate::from_der(list.expect(tag::SEQUENCE)?.whole)?);
    }
    Ok(certificates)
}

fn read_statuses(mut list: Cursor<'_>) -> Result<Vec<SingleStatus>, Malformed> {
    let mut statuses = Vec::new();
    while !list.is_empty() {
        if statuses.len() == SINGLE_RESPONSES_MAX {
            return Err(list.malformed());
        }
        let mut single = list.sequence()?;
        let certificate = CertId::read(&mut single)?;
        let status = read_state(&mut single)?;
        let this_update = read_time(&mut single)?;
        let next_update = match single.optional(tag::context_constructed(0))? {
            Some(element) => Some(read_time(&mut Cursor::new(element.content, "OCSP response"))?),
            None => None,
        };
        single.optional(tag::context_constructed(1))?;
        single.end()?;
        statuses.push(SingleStatus { certificate, status, this_update, next_update });
    }
    Ok(statuses)
}

fn read_state(single: &mut Cursor<'_>) -> Result<CertStatus, Malformed> {
    let state = single.any()?;
    match state.tag {
        0x80 => Ok(CertStatus::Good),
        0x82 => Ok(CertStatus::Unknown),
        0xa1 => {
            let mut inside = Cursor::new(state.content, "OCSP response");
            let at = read_time(&mut inside)?;
            let reason = match inside.optional(tag::context_constructed(0))? {
                Some(element) => {
                    let mut reason = Cursor::new(element.content, "OCSP response");
                    reason.expect(tag::ENUMERATED)?.content.first().copied()
                }
                None => None,
            };
            Ok(CertStatus::Revoked { at, reason })
        }
        _ => Err(single.malformed()),
    }
}
