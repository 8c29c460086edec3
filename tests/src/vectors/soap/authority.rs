//! The certificate centre of the pair: it certifies members and servers, tells their status and stamps time, over HTTP.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use base::{Algorithm, Clock, Fault, ManualClock, Signer, Timestamp};
use exchange::setup::{CertificateOrder, IssueCertificates, Issuing};
use formats::{
    asn1::oid,
    ocsp::{CertStatus, OcspRequest, ResponseDraft, SingleStatus},
    tsp::{self, TimeStamp, TimeStampRequest},
    x509::{Certificate, Issuer, NameBuilder, Profile, Template, sign_tbs},
};
use host::keys::SoftKey;
use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

const DAY_S: i64 = 24 * 3600;

pub struct Authority {
    key: SoftKey,
    stamping_key: SoftKey,
    pub certificate: Certificate,
    pub stamping: Certificate,
    clock: Arc<ManualClock>,
    serial: AtomicU16,
    /// Whether statuses are told.
    tells: bool,
}

fn template(profile: Profile, name: &str, key: &SoftKey, serial: u16, now: Timestamp) -> Template {
    let at = |days: i64| base::clock::from_micros((now.as_second() + days * DAY_S) * 1_000_000);
    Template {
        serial: [&[1][..], &serial.to_be_bytes()].concat(),
        subject: NameBuilder::new().with(oid::COMMON_NAME, name).build(),
        public_key_der: key.public_key_der().to_vec(),
        not_before: at(-1),
        not_after: at(365),
        profile,
        host_names: Vec::new(),
        policies: Vec::new(),
    }
}

impl Authority {
    pub fn new(clock: Arc<ManualClock>, tells: bool) -> Result<Arc<Self>, Fault> {
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256)?;
        let stamping_key = SoftKey::generate(Algorithm::EcdsaP256Sha256)?;
        let now = clock.now();
        let own = template(Profile::RootAuthority, "Members", &key, 1, now);
        let issuer = issuer(&key, own.subject.clone());
        let malformed = |error| Fault::new("certify", error);
        let certificate = sign_tbs(&own.tbs(&issuer).map_err(malformed)?, &key)?;
        let stamps = template(Profile::TimeStamping, "Time", &stamping_key, 2, now);
        let stamping = sign_tbs(&stamps.tbs(&issuer).map_err(malformed)?, &key)?;
        let serial = AtomicU16::new(10);
        Ok(Arc::new(Authority { key, stamping_key, certificate, stamping, clock, serial, tells }))
    }

    fn sign(&self, order: &CertificateOrder) -> Result<Certificate, Fault> {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let ordered = Template {
            subject: order.subject.clone(),
            public_key_der: order.public_key_der.clone(),
            host_names: order.host_names.clone(),
            ..template(order.profile, "", &self.key, serial, self.clock.now())
        };
        let tbs = ordered.tbs(&issuer(&self.key, self.certificate.subject().clone()));
        sign_tbs(&tbs.map_err(|error| Fault::new("certify", error))?, &self.key)
    }

    pub fn status(&self, request: &[u8]) -> Option<Vec<u8>> {
        let request = OcspRequest::from_der(request).ok()?;
        let now = self.clock.now();
        let statuses = request.certificates.into_iter().map(|certificate| SingleStatus {
            certificate,
            status: CertStatus::Good,
            this_update: now,
            next_update: None,
        });
        let draft = ResponseDraft { produced_at: now, statuses: statuses.collect(), nonce: None };
        draft.sign(&self.key, &self.certificate).ok()
    }

    fn stamp(&self, request: &[u8]) -> Option<Vec<u8>> {
        let request = TimeStampRequest::from_der(request).ok()?;
        let stamp = TimeStamp {
            policy: oid::TST_INFO,
            digest: request.digest?,
            imprint: request.imprint,
            serial: vec![7],
            at: self.clock.now(),
            nonce: request.nonce,
        };
        let token = stamp.sign(&self.stamping_key, &self.stamping, true).ok()?;
        Some(tsp::response(&token))
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let told = |answer: Option<Vec<u8>>| -> Response {
            answer.map_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response(), IntoResponse::into_response)
        };
        let ocsp = move |State(authority): State<Arc<Authority>>, body: Bytes| async move {
            told(authority.status(&body).filter(|_| authority.tells))
        };
        let tsa =
            move |State(authority): State<Arc<Authority>>, body: Bytes| async move { told(authority.stamp(&body)) };
        Router::new().route("/ocsp", post(ocsp)).route("/tsa", post(tsa)).with_state(self.clone())
    }
}

fn issuer(key: &SoftKey, name: formats::x509::Name) -> Issuer {
    Issuer {
        name,
        public_key_der: key.public_key_der().to_vec(),
        algorithm: key.algorithm(),
        ocsp_url: String::new(),
        certificate_url: String::new(),
    }
}

impl IssueCertificates for Authority {
    fn issue(&self, order: CertificateOrder) -> Issuing<'_> {
        Box::pin(async move { Ok(self.sign(&order)?.der().to_vec()) })
    }
}
