//! Asking the trust services over HTTP, from other processes or the same one. What comes back is verified before it is
//! believed: signature, nonce, time.

use base::{Chance, Clock, Fault, Timestamp};
use bytes::Bytes;
use formats::{
    ocsp::{self, BasicResponse, CertId, CertStatus, OcspRequest},
    tsp::{self, TimeStampRequest, TimeStampToken},
    verify::{Digest, sha256},
    x509::Certificate,
};
use host::http::Client;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Clocks of two machines may differ by this much.
const CLOCK_TOLERANCE_S: i64 = 60;
/// How long a status that was told may be used again (`OcspClient::status`).
pub const CACHE_S: i64 = 30;
/// How many statuses are kept; when there are more, all are forgotten.
const CACHE_ENTRIES_MAX: usize = 10_000;

/// Asks one responder.
pub struct OcspClient {
    http: Client,
    url: String,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    told: Mutex<HashMap<[u8; 32], (Timestamp, CertStatus)>>,
}

impl OcspClient {
    /// `url` is the responder's address; the one inside certificates may be another machine's by now.
    pub fn new(http: Client, url: String, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Self {
        OcspClient { http, url, clock, chance, told: Mutex::new(HashMap::new()) }
    }

    /// A fresh answer about `certificate`, with the response as it goes into signatures. A responder that is silent, lies or
    /// is late is a fault; "revoked" and "unknown" are answers.
    pub async fn fresh(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<(CertStatus, BasicResponse), Fault> {
        const ATTEMPT: &str = "ask the OCSP responder";
        let mut nonce = [0; 32];
        self.chance.fill(&mut nonce);
        let request = OcspRequest {
            certificates: vec![CertId::of(certificate, issuer, Digest::Sha1)],
            nonce: Some(nonce.to_vec()),
        };
        let answer =
            post(&self.http, &self.url, "application/ocsp-request", request.to_der(), ocsp::RESPONSE_SIZE_BYTES_MAX)
                .await?;
        let wrong = |error| Fault::passing(ATTEMPT, error);
        let response = BasicResponse::from_der(&answer).map_err(wrong)?;
        response.check_nonce(&nonce).map_err(wrong)?;
        let single = response.status_of(certificate, issuer, &[]).map_err(wrong)?;
        BasicResponse::check_current(single, self.clock.now(), CLOCK_TOLERANCE_S).map_err(wrong)?;
        let status = single.status;
        self.keep(certificate, status);
        Ok((status, response))
    }

    /// The status, at most `CACHE_S` old: for log-ins and connections, never for signatures that must prove it.
    pub async fn status(&self, certificate: &Certificate, issuer: &Certificate) -> Result<CertStatus, Fault> {
        let now = self.clock.now().as_second();
        let told = self.told().get(&sha256(certificate.der())).copied();
        if let Some((at, status)) = told
            && (0..=CACHE_S).contains(&(now - at.as_second()))
        {
            return Ok(status);
        }
        Ok(self.fresh(certificate, issuer).await?.0)
    }

    fn keep(&self, certificate: &Certificate, status: CertStatus) {
        let mut told = self.told();
        if told.len() >= CACHE_ENTRIES_MAX {
            told.clear();
        }
        told.insert(sha256(certificate.der()), (self.clock.now(), status));
    }

    fn told(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Timestamp, CertStatus)>> {
        self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Asks one time-stamping authority.
pub struct TsaClient {
    http: Client,
    url: String,
    roots: Vec<Certificate>,
    chance: Arc<dyn Chance>,
}

impl TsaClient {
    /// `roots` are where the authority's certificate must lead.
    pub fn new(http: Client, url: String, roots: Vec<Certificate>, chance: Arc<dyn Chance>) -> Self {
        TsaClient { http, url, roots, chance }
    }

    /// A verified token over `message`.
    pub async fn stamp(&self, message: &[u8]) -> Result<TimeStampToken, Fault> {
        let mut nonce = [0; 16];
        self.chance.fill(&mut nonce);
        let request = TimeStampRequest::over(message, nonce);
        let answer =
            post(&self.http, &self.url, "application/timestamp-query", request.to_der(), tsp::RESPONSE_SIZE_BYTES_MAX)
                .await?;
        let wrong = |error| Fault::passing("ask for a time-stamp", error);
        let token = tsp::read_response(&answer).map_err(wrong)?;
        token.check_answers(&request).map_err(wrong)?;
        token.verify(message, &[], &self.roots).map_err(wrong)?;
        Ok(token)
    }
}

async fn post(
    http: &Client,
    url: &str,
    media_type: &str,
    body: Vec<u8>,
    size_bytes_max: usize,
) -> Result<Bytes, Fault> {
    const ATTEMPT: &str = "ask the trust services";
    let request = http::Request::post(url)
        .header(http::header::CONTENT_TYPE, media_type)
        .body(Bytes::from(body))
        .map_err(|error| Fault::new(ATTEMPT, error))?;
    let response = http.send(request, size_bytes_max, TIMEOUT).await?;
    if response.status() != http::StatusCode::OK {
        return Err(Fault::passing(ATTEMPT, response.status()));
    }
    Ok(response.into_body())
}
