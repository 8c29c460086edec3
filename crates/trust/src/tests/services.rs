//! The endpoints over HTTP: what openssl asks, and what nobody should send.

use super::{Scene, key, scene};
use crate::Authority;
use base::Signer;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use formats::{
    ocsp::{self, BasicResponse, CertId, CertStatus, OcspError, OcspRequest},
    tsp::{self, TimeStampRequest, TspError},
    verify::Digest,
    x509::{Certificate, Profile, from_pem},
};
use host::http::Client;
use std::time::Duration;

async fn send(request: http::Request<Bytes>) -> (u16, String, Bytes) {
    let response = Client::plain().send(request, 1 << 20, Duration::from_secs(10)).await.expect("answered");
    let media_type = response.headers()["content-type"].to_str().expect("letters").to_owned();
    (response.status().as_u16(), media_type, response.into_body())
}

impl Scene {
    async fn post(&self, path: &str, media_type: &str, body: &[u8]) -> (u16, String, Bytes) {
        let request = http::Request::post(format!("{}{path}", self.address)).header("content-type", media_type);
        send(request.body(Bytes::copy_from_slice(body)).expect("a request")).await
    }

    async fn get(&self, path: &str) -> (u16, String, Bytes) {
        send(http::Request::get(format!("{}{path}", self.address)).body(Bytes::new()).expect("a request")).await
    }
}

#[tokio::test]
async fn openssl_asks_the_responder() {
    let scene = scene().await;
    let leaf = scene.person(Profile::PersonSigning, &key()).await;
    let root = scene.put_pem("root.pem", std::slice::from_ref(scene.centre.root()));
    let issuer = scene.put_pem("issuer.pem", std::slice::from_ref(scene.centre.authority(Authority::Persons)));
    let file = scene.put_pem("leaf.pem", std::slice::from_ref(&leaf));
    let url = leaf.extensions().ocsp_url().expect("an address");
    assert_eq!(url, format!("{}/ocsp", scene.address));
    let arguments = ["ocsp", "-issuer", &issuer, "-cert", &file, "-url", url, "-CAfile", &root];
    let (ok, printed) = super::peer("openssl", &arguments).await;
    assert!(ok && printed.contains("Response verify OK") && printed.contains(": good"), "{printed}");
    scene.centre.change(&leaf.serial_hex(), crate::Change::Revoke, "operator").await.expect("revoked");
    let (ok, printed) = super::peer("openssl", &arguments).await;
    assert!(ok && printed.contains("Response verify OK") && printed.contains(": revoked"), "{printed}");

    // An issuing authority's own status is told by the root's responder.
    let arguments = ["ocsp", "-issuer", &root, "-cert", &issuer, "-url", url, "-CAfile", &root];
    let (ok, printed) = super::peer("openssl", &arguments).await;
    assert!(ok && printed.contains("Response verify OK") && printed.contains(": good"), "{printed}");
}

#[tokio::test]
async fn openssl_verifies_the_time_stamp() {
    let scene = scene().await;
    let root = scene.put_pem("root.pem", std::slice::from_ref(scene.centre.root()));
    let data = scene.put("data.txt", b"salam");
    let query = scene.folder.path().join("request.tsq").to_str().expect("letters").to_owned();
    let (ok, printed) =
        super::peer("openssl", &["ts", "-query", "-data", &data, "-sha512", "-cert", "-out", &query]).await;
    assert!(ok, "{printed}");
    let request = std::fs::read(&query).expect("a request");
    let (status, media_type, reply) = scene.post("/tsa", "application/timestamp-query", &request).await;
    assert_eq!((status, media_type.as_str()), (200, "application/timestamp-reply"));
    let reply = scene.put("reply.tsr", &reply);
    let arguments = ["ts", "-verify", "-queryfile", &query, "-in", &reply, "-CAfile", &root];
    let (ok, printed) = super::peer("openssl", &arguments).await;
    assert!(ok && printed.contains("Verification: OK"), "{printed}");
}

#[tokio::test]
async fn the_responder_takes_get_as_well() {
    let scene = scene().await;
    let leaf = scene.person(Profile::PersonSigning, &key()).await;
    let issuer = scene.centre.authority(Authority::Persons);
    let id = CertId::of(&leaf, issuer, Digest::Sha1);
    let request = OcspRequest { certificates: vec![id], nonce: None }.to_der();
    let encoded = STANDARD.encode(&request).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let (status, media_type, body) = scene.get(&format!("/ocsp/{encoded}")).await;
    assert_eq!((status, media_type.as_str()), (200, "application/ocsp-response"));
    let response = BasicResponse::from_der(&body).expect("a response");
    assert_eq!(response.status_of(&leaf, issuer, &[]).expect("told").status, CertStatus::Good);
    assert_eq!(scene.get("/ocsp/***").await.0, 400);
    assert_eq!(&scene.get("/ocsp/***").await.2[..], b"trust.request_malformed");
    assert_eq!(scene.get(&format!("/ocsp/{}", "A".repeat(1025))).await.0, 413);
}

#[tokio::test]
async fn malformed_oversized_and_foreign_questions_are_answered_and_change_nothing() {
    let scene = scene().await;
    let leaf = scene.person(Profile::PersonSigning, &key()).await;
    let issuer = scene.centre.authority(Authority::Persons);
    let ask = async |body: &[u8]| {
        let (status, _, body) = scene.post("/ocsp", "application/ocsp-request", body).await;
        assert_eq!(status, 200);
        BasicResponse::from_der(&body)
    };
    assert_eq!(ask(b"no request").await, Err(OcspError::NoAnswer));
    let of = |certificate: &Certificate, issuer: &Certificate| CertId::of(certificate, issuer, Digest::Sha256);
    let foreign = OcspRequest { certificates: vec![of(&leaf, &leaf)], nonce: None };
    assert_eq!(ask(&foreign.to_der()).await, Err(OcspError::NoAnswer));
    let mixed = OcspRequest { certificates: vec![of(&leaf, issuer), of(issuer, scene.centre.root())], nonce: None };
    assert_eq!(ask(&mixed.to_der()).await, Err(OcspError::NoAnswer));
    let unknown =
        OcspRequest { certificates: vec![CertId { serial: vec![5], ..of(&leaf, issuer) }], nonce: Some(vec![9; 8]) };
    let told = ask(&unknown.to_der()).await.expect("a response");
    assert_eq!((told.statuses()[0].status, told.check_nonce(&[9; 8])), (CertStatus::Unknown, Ok(())));

    for (path, media_type, size) in [
        ("/ocsp", "application/ocsp-request", ocsp::REQUEST_SIZE_BYTES_MAX),
        ("/tsa", "application/timestamp-query", tsp::REQUEST_SIZE_BYTES_MAX),
    ] {
        let (status, _, body) = scene.post(path, media_type, &vec![0; size + 1]).await;
        assert_eq!((status, &body[..]), (413, &b"trust.request_too_large"[..]));
        let (status, _, body) = scene.post(path, "text/plain", b"").await;
        assert_eq!((status, &body[..]), (415, &b"trust.media_type"[..]));
    }
}

#[tokio::test]
async fn time_stamps_that_cannot_be_given_are_refused() {
    let scene = scene().await;
    let ask = async |body: &[u8]| {
        let (status, _, body) = scene.post("/tsa", "application/timestamp-query", body).await;
        assert_eq!(status, 200);
        tsp::read_response(&body)
    };
    let good = TimeStampRequest::over(b"salam", [1; 16]);
    assert!(ask(&good.to_der()).await.is_ok());
    let own = TimeStampRequest { policy: Some(scene.centre.settings().time_stamping_policy), ..good.clone() };
    assert!(ask(&own.to_der()).await.is_ok());
    let other = TimeStampRequest { policy: Some(scene.centre.settings().card_policy), ..good.clone() };
    let sha1 = TimeStampRequest { digest: Some(Digest::Sha1), imprint: vec![0; 20], ..good };
    for refused in [&b"no request"[..], &other.to_der(), &sha1.to_der()] {
        assert_eq!(ask(refused).await, Err(TspError::Rejected));
    }
    // Serial numbers do not repeat.
    let token = || async { scene.tsa().stamp(b"salam").await.expect("stamped").stamp().serial.clone() };
    assert_ne!(token().await, token().await);
}

#[tokio::test]
async fn certificates_of_authorities_are_served_and_no_others() {
    let scene = scene().await;
    let (status, media_type, body) = scene.get("/certificates/persons.der").await;
    assert_eq!((status, media_type.as_str()), (200, "application/pkix-cert"));
    assert_eq!(&Certificate::from_der(&body).expect("a certificate"), scene.centre.authority(Authority::Persons));
    let (_, _, body) = scene.get("/certificates/time-stamping.der").await;
    assert_eq!(&Certificate::from_der(&body).expect("a certificate"), scene.centre.time_stamping_certificate());
    let (_, _, body) = scene.get("/certificates/anchors.pem").await;
    assert_eq!(from_pem(std::str::from_utf8(&body).expect("text")).expect("certificates").len(), 5);
    let leaf = scene.person(Profile::PersonSigning, &key()).await;
    for name in [format!("{}.der", leaf.serial_hex()), "nobody.der".into(), "root".into()] {
        let (status, _, body) = scene.get(&format!("/certificates/{name}")).await;
        assert_eq!((status, &body[..]), (404, &b"trust.certificate_unknown"[..]));
    }
}

#[tokio::test]
async fn clients_believe_only_what_verifies() {
    let (scene, other) = (scene().await, scene().await);
    let key = key();
    let leaf = scene.person(Profile::PersonSigning, &key).await;
    // The responder of another country, or none at all.
    let issuer = scene.centre.authority(Authority::Persons);
    assert!(other.ocsp().fresh(&leaf, issuer).await.is_err());
    let mut foreign = scene.tsa();
    assert!(foreign.stamp(key.public_key_der()).await.is_ok());
    foreign = crate::client::TsaClient::new(
        Client::plain(),
        format!("{}/tsa", other.address),
        vec![scene.centre.root().clone()],
        std::sync::Arc::new(base::SystemChance),
    );
    assert!(foreign.stamp(b"salam").await.is_err());
    // A clock that is an hour off.
    let late = crate::client::OcspClient::new(
        Client::plain(),
        format!("{}/ocsp", scene.address),
        std::sync::Arc::new(base::ManualClock::at(leaf.not_before())),
        std::sync::Arc::new(base::SystemChance),
    );
    scene.clock.advance_s(3600);
    assert!(late.fresh(&leaf, issuer).await.is_err());
}

#[test]
fn the_conformance_table_names_tests_that_exist() {
    let table = include_str!("../../../../docs/TRUST.md");
    let sources = [
        include_str!("centre.rs"),
        include_str!("services.rs"),
        include_str!("../../../formats/src/x509/tests.rs"),
        include_str!("../../../formats/src/ocsp/tests.rs"),
        include_str!("../../../formats/src/tsp/tests.rs"),
        include_str!("../../../formats/src/xades/tests.rs"),
        include_str!("../../../formats/src/asice/tests.rs"),
        include_str!("../../../formats/src/jose/jws.rs"),
    ]
    .concat();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut named = 0;
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().expect("a column");
        for test in last.split('`').skip(1).step_by(2) {
            assert!(sources.contains(&format!("fn {test}()")), "{test}");
            named += 1;
        }
    }
    assert!(named > 15, "the table was found");
}
