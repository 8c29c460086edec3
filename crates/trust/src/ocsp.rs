//! The responder's decision: which authority is asked about, where the certificate stands, the signed answer.

use crate::centre::{Authority, Centre};
use base::{Fault, clock::from_micros};
use formats::ocsp::{CertId, CertStatus, ErrorStatus, OcspRequest, ResponseDraft, SingleStatus, error_response};

/// How long an answer may be used by those who keep answers.
pub const ANSWER_VALID_S: i64 = 10 * 60;

impl Centre {
    /// Answers the bytes of an OCSP request with the bytes of an OCSP response. What is wrong with the request is said in
    /// the response's own status (RFC 6960 §2.3), never as an error of ours.
    pub async fn answer_ocsp(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let Ok(request) = OcspRequest::from_der(request) else {
            return Ok(error_response(ErrorStatus::MalformedRequest));
        };
        // One authority's responder signs the whole answer, so the whole question must be about that authority.
        let Some(authority) = self.authority_meant(&request.certificates) else {
            return Ok(error_response(ErrorStatus::Unauthorized));
        };
        let now = self.clock().now();
        let this_update = from_micros(now.as_second().saturating_mul(1_000_000));
        let next_update = from_micros(now.as_second().saturating_add(ANSWER_VALID_S).saturating_mul(1_000_000));
        let mut statuses = Vec::with_capacity(request.certificates.len());
        for certificate in request.certificates {
            let status = self.status_now(authority, &certificate).await?;
            statuses.push(SingleStatus { certificate, status, this_update, next_update: Some(next_update) });
        }
        let draft = ResponseDraft { produced_at: this_update, statuses, nonce: request.nonce };
        draft.sign(self.responder_key(), self.responder_certificate(authority))
    }

    fn authority_meant(&self, certificates: &[CertId]) -> Option<Authority> {
        let is_of = |authority: &Authority| certificates.iter().all(|id| id.is_of_issuer(self.authority(*authority)));
        Authority::ALL.into_iter().find(is_of)
    }

    async fn status_now(&self, authority: Authority, id: &CertId) -> Result<CertStatus, Fault> {
        let known = self.known(authority, &id.serial_hex()).await?;
        Ok(known.map_or(CertStatus::Unknown, |known| known.status()))
    }
}
