//! What identity needs of others, joined in the binary's wiring: the world over HTTP, the registers' answer to who may act
//! for whom, the country's list of offices, and the judgement on a certificate.

use base::{Failure, Fault, Pin, Refusal, Timestamp};
use bytes::Bytes;
use std::{future::Future, pin::Pin as Pinned, time::Duration};

/// The shape of every asynchronous answer of a port.
pub type Answer<'a, T> = Pinned<Box<dyn Future<Output = T> + Send + 'a>>;

/// One HTTP exchange with another process. Redirects are never followed.
pub trait Transport: Send + Sync {
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        size_bytes_max: usize,
        timeout: Duration,
    ) -> Answer<'a, Result<http::Response<Bytes>, Fault>>;
}

impl Transport for host::http::Client {
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        size_bytes_max: usize,
        timeout: Duration,
    ) -> Answer<'a, Result<http::Response<Bytes>, Fault>> {
        Box::pin(host::http::Client::send(self, request, size_bytes_max, timeout))
    }
}

/// Whom a person acts for: a company in which a register says the person may.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Representee {
    pub tin: String,
    pub name: String,
    /// Why, in the register's word: `director`, `mandate`.
    pub basis: String,
}

/// The live question to the register of companies. A fault means "silent": the person then acts only for themselves.
pub trait Mandates: Send + Sync {
    fn of<'a>(&'a self, person: &'a Pin) -> Answer<'a, Result<Vec<Representee>, Fault>>;
}

/// A post that a person holds in an agency.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Office {
    /// Code of the agency in the country folder, such as `10002`.
    pub agency: String,
    /// `official` or `operator`, or a finer role that the back office knows.
    pub role: String,
}

/// The country's list of who holds which post.
pub trait Offices: Send + Sync {
    fn of(&self, person: &Pin) -> Vec<Office>;
}

/// Whose certificate it is, as its subject says; nothing else that came with a log-in is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedPerson {
    pub pin: Pin,
    pub given_name: String,
    pub surname: String,
    /// SubjectPublicKeyInfo, DER.
    pub public_key_der: Vec<u8>,
}

/// What a certificate must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    Card,
    Phone,
}

/// Why a certificate is not accepted. The person sees one sentence for all; the audit entry keeps the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateRefusal {
    Unreadable,
    OutOfDate,
    /// keyUsage or extended key usage do not allow authentication.
    WrongPurpose,
    /// A phone's certificate in a card log-in, or the other way round.
    WrongPolicy,
    Untrusted,
    Revoked,
    NoPersonInSubject,
}

impl Refusal for CertificateRefusal {
    fn code(&self) -> &'static str {
        match self {
            CertificateRefusal::Unreadable => "identity.certificate_unreadable",
            CertificateRefusal::OutOfDate => "identity.certificate_out_of_date",
            CertificateRefusal::WrongPurpose => "identity.certificate_wrong_purpose",
            CertificateRefusal::WrongPolicy => "identity.certificate_wrong_policy",
            CertificateRefusal::Untrusted => "identity.certificate_untrusted",
            CertificateRefusal::Revoked => "identity.certificate_revoked",
            CertificateRefusal::NoPersonInSubject => "identity.certificate_no_person",
        }
    }

    fn status(&self) -> u16 {
        403
    }
}

/// The judgement on a log-in certificate: dates, purpose, policy, chain, revocation, in this order
/// (`identity::certificate` has the real one, over the trust services).
pub trait Certificates: Send + Sync {
    fn judge<'a>(
        &'a self,
        certificate_der: &'a [u8],
        carrier: Carrier,
        at: Timestamp,
    ) -> Answer<'a, Result<CertifiedPerson, Failure<CertificateRefusal>>>;
}
