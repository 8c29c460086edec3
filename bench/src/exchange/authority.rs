//! The certificate centre of the measured country: issues members' certificates, answers OCSP and gives time-stamps.

use axum::{Router, body::Bytes, extract::State, routing::post};
use base::{Algorithm, Chance, Clock, Fault, Signer, SystemChance, SystemClock, Timestamp};
use exchange::{
    certificates::PROFILE,
    setup::{CertificateOrder, IssueCertificates, Issuing, TrustServices},
};
use formats::{
    asn1::oid,
    ocsp::{CertStatus, OcspRequest, ResponseDraft, SingleStatus},
    tsp::{self, TimeStamp, TimeStampRequest},
    x509::{Certificate, Issuer, NameBuilder, Profile, Template, sign_tbs},
};
use host::keys::KeyDir;
use std::path::Path;
use std::sync::Arc;

const YEAR_S: i64 = 365 * 24 * 3600;

/// Lives in a folder, so that every process of a measurement knows the same authority.
pub struct Authority {
    key: Arc<host::keys::SoftKey>,
    certificate: Certificate,
    tsa_key: Arc<host::keys::SoftKey>,
    tsa: Certificate,
}

fn at(second: i64) -> Timestamp {
    base::clock::from_micros(second * 1_000_000)
}

fn issuer(name: &formats::x509::Name, key: &dyn Signer) -> Issuer {
    Issuer {
        name: name.clone(),
        public_key_der: key.public_key_der().to_vec(),
        algorithm: key.algorithm(),
        ocsp_url: String::new(),
        certificate_url: String::new(),
    }
}

impl Authority {
    pub fn open(directory: &Path) -> Arc<Authority> {
        let keys = KeyDir::open(&directory.join("authority")).expect("a folder");
        let load = |name: &str| keys.load_or_create(name, Algorithm::EcdsaP256Sha256).expect("a key");
        let (key, tsa_key) = (load("root"), load("tsa"));
        let name = |text: &str| NameBuilder::new().with(oid::COUNTRY, "AZ").with(oid::COMMON_NAME, text).build();
        let made = |subject: &str, of: &dyn Signer, profile, serial: u8| {
            let der = keys.secret_or_create(&format!("{subject}.der"), || {
                let now = SystemClock.now().as_second();
                let template = Template {
                    serial: vec![serial],
                    subject: name(subject),
                    public_key_der: of.public_key_der().to_vec(),
                    not_before: at(now - 3600),
                    not_after: at(now + YEAR_S),
                    profile,
                    host_names: Vec::new(),
                    policies: Vec::new(),
                };
                let tbs = template.tbs(&issuer(&name("Members"), &*key)).map_err(|error| Fault::new("issue", error))?;
                Ok(sign_tbs(&tbs, &*key)?.der().to_vec())
            });
            Certificate::from_der(&der.expect("a certificate")).expect("a certificate")
        };
        let certificate = made("Members", &*key, Profile::RootAuthority, 1);
        let tsa = made("Time", &*tsa_key, Profile::TimeStamping, 2);
        Arc::new(Authority { key, certificate, tsa_key, tsa })
    }

    pub fn services(&self, address: &str) -> TrustServices {
        TrustServices {
            authority: self.certificate.der().to_vec(),
            authority_name: "Members".to_owned(),
            profile: PROFILE.to_owned(),
            ocsp_url: format!("http://{address}/ocsp"),
            ocsp_responder: None,
            tsa_name: "Time".to_owned(),
            tsa_url: format!("http://{address}/tsa"),
            tsa_certificate: self.tsa.der().to_vec(),
        }
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let ocsp = |State(authority): State<Arc<Authority>>, body: Bytes| async move { authority.status(&body) };
        let tsa = |State(authority): State<Arc<Authority>>, body: Bytes| async move { authority.stamp(&body) };
        Router::new().route("/ocsp", post(ocsp)).route("/tsa", post(tsa)).with_state(self.clone())
    }

    fn status(&self, request: &[u8]) -> Vec<u8> {
        let now = SystemClock.now();
        let request = OcspRequest::from_der(request).expect("a request");
        let good = request.certificates.iter().map(|id| SingleStatus {
            certificate: id.clone(),
            status: CertStatus::Good,
            this_update: now,
            next_update: None,
        });
        let draft = ResponseDraft { produced_at: now, statuses: good.collect(), nonce: None };
        draft.sign(&*self.key, &self.certificate).expect("signed")
    }

    fn stamp(&self, request: &[u8]) -> Vec<u8> {
        let request = TimeStampRequest::from_der(request).expect("a request");
        let stamp = TimeStamp {
            policy: oid::TST_INFO,
            digest: request.digest.expect("a digest"),
            imprint: request.imprint.clone(),
            serial: vec![7],
            at: SystemClock.now(),
            nonce: request.nonce.clone(),
        };
        tsp::response(&stamp.sign(&*self.tsa_key, &self.tsa, true).expect("signed"))
    }
}

impl IssueCertificates for Authority {
    fn issue(&self, order: CertificateOrder) -> Issuing<'_> {
        Box::pin(async move {
            let now = SystemClock.now().as_second();
            let mut serial = vec![1; 9];
            SystemChance.fill(&mut serial[1..]);
            let template = Template {
                serial,
                subject: order.subject.clone(),
                public_key_der: order.public_key_der.clone(),
                not_before: at(now - 60),
                not_after: at(now + YEAR_S - 3600),
                profile: order.profile,
                host_names: order.host_names.clone(),
                policies: Vec::new(),
            };
            let tbs = template.tbs(&issuer(self.certificate.subject(), &*self.key));
            let tbs = tbs.map_err(|error| Fault::new("issue a certificate", error))?;
            Ok(sign_tbs(&tbs, &*self.key)?.der().to_vec())
        })
    }
}
