//! OCSP responses for the server's own certificates, asked for at the authority's responder and kept while they are fresh.

use super::SecurityServer;
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    known::Known,
};
use base::{Fault, clock};
use bytes::Bytes;
use formats::{
    identifier::ClientId,
    ocsp::{CertId, OcspRequest},
    verify::Digest,
};
use std::{sync::Mutex, time::Duration};

const ANSWER_BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// A response that ends sooner than this is renewed.
const MARGIN_US: i64 = 120 * 1_000_000;

struct Kept {
    response: Bytes,
    /// In seconds since 1970.
    asked_at_s: i64,
}

#[derive(Default)]
pub(super) struct OwnStatuses {
    kept: Mutex<Known<Kept>>,
    gate: tokio::sync::Mutex<()>,
}

impl SecurityServer {
    /// A good and fresh OCSP response for one of our own certificates. After half of its time it is renewed; when that
    /// fails the old one serves until it is too old, and then nothing is sent.
    pub(super) async fn own_status(
        &self,
        configuration: &Configuration,
        place: Place,
        certificate: &[u8],
    ) -> Result<Bytes, ExchangeFault> {
        let now = self.clock.now();
        let trusted = self.judge.path(configuration, place, certificate, &[], now)?;
        let half_s = configuration.shared.ocsp_freshness_s / 2;
        let kept = |fresh_only: bool| {
            let kept = self.statuses.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            kept.get(certificate)
                .filter(|kept| !fresh_only || now.as_second() - kept.asked_at_s < half_s)
                .map(|kept| kept.response.clone())
        };
        let good_at = |response: &[u8], at| self.judge.check_good(configuration, place, &trusted, response, at).is_ok();
        let good = |response: &Bytes| good_at(response, now);
        // What is signed now is judged when it arrives, and again when its time-stamp comes: it must last until then.
        let soon = clock::from_micros(now.as_microsecond() + MARGIN_US);
        // And it must be good now: behind a clock that was set back it is of the future.
        let lasting = |response: &Bytes| good(response) && good_at(response, soon);
        if let Some(response) = kept(true).filter(lasting) {
            return Ok(response);
        }
        let _one = self.statuses.gate.lock().await;
        if let Some(response) = kept(true).filter(lasting) {
            return Ok(response);
        }
        match self.ask_responder(configuration, &trusted).await {
            Ok(response) => {
                self.judge.check_good(configuration, place, &trusted, &response, now)?;
                let fresh = Kept { response: response.clone(), asked_at_s: now.as_second() };
                self.statuses
                    .kept
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .insert(certificate.into(), fresh);
                Ok(response)
            }
            Err(fault) => kept(false)
                .filter(good)
                .ok_or_else(|| ExchangeFault::failed(place, Cause::CannotCreateSignature, &fault)),
        }
    }

    /// Whether an answer in the name of `member` could be signed now. Costs a look when the status is fresh.
    pub(super) async fn check_can_sign(
        &self,
        configuration: &Configuration,
        place: Place,
        member: &ClientId,
    ) -> Result<(), ExchangeFault> {
        let certificate = &self.signer_of(place, member)?.identity().certificate;
        let fresh_from_s = self.clock.now().as_second() - configuration.shared.ocsp_freshness_s / 2;
        let fresh = {
            let kept = self.statuses.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            kept.get(certificate.der()).is_some_and(|kept| kept.asked_at_s > fresh_from_s)
        };
        if fresh {
            return Ok(());
        }
        self.own_status(configuration, place, certificate.der()).await.map(|_| ())
    }

    async fn ask_responder(
        &self,
        configuration: &Configuration,
        trusted: &crate::certificates::Trusted,
    ) -> Result<Bytes, Fault> {
        let failed = |cause: &dyn std::fmt::Display| Fault::passing("ask the OCSP responder", cause);
        let id = CertId::of(&trusted.certificate, &trusted.issuer, Digest::Sha1);
        let request = OcspRequest { certificates: vec![id], nonce: None }.to_der();
        let mut last = failed(&"the configuration names no responder for this authority");
        for url in configuration.responder_urls(&trusted.certificate) {
            let http = http::Request::post(&url)
                .header("content-type", "application/ocsp-request")
                .body(Bytes::from(request.clone()))
                .map_err(|error| failed(&error))?;
            match self.http.send(http, ANSWER_BYTES_MAX, TIMEOUT).await {
                Ok(answer) if answer.status() == http::StatusCode::OK => return Ok(answer.into_body()),
                Ok(answer) => last = failed(&answer.status()),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// Whether `sha1` names one of our own certificates; its response for the OCSP port.
    pub(super) async fn status_by_sha1(&self, sha1: &str) -> Result<Bytes, ExchangeFault> {
        let configuration = self.configuration.current(Place::ServerProxy).await?;
        let named = |der: &[u8]| base::hex(&Digest::Sha1.of(der)) == sha1.to_ascii_lowercase();
        let certificates = self.certificates();
        let certificate = certificates.iter().find(|(_, certificate)| named(certificate.der()));
        let (_, certificate) = certificate.ok_or_else(|| {
            ExchangeFault::new(Place::ServerProxy, Cause::CertValidation, "this server has no such certificate")
        })?;
        self.own_status(&configuration, Place::ServerProxy, certificate.der()).await
    }
}
