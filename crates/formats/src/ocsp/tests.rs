//! The responder's answers as openssl judges them, and ours as we judge them.

use super::*;
use crate::{
    testkey::TestKey,
    testpki::{Folder, TestPki, instant, noon, peer},
    verify::Digest,
    x509::{Certificate, Profile},
};

struct Scene {
    pki: TestPki,
    responder_key: TestKey,
    responder: Certificate,
    leaf: Certificate,
}

fn scene() -> Scene {
    let pki = TestPki::new();
    let responder_key = TestKey::generate();
    let responder = pki.issue(Profile::OcspResponder, "OCSP", &responder_key);
    let leaf = pki.issue(Profile::PersonSigning, "Aytən", &TestKey::generate());
    Scene { pki, responder_key, responder, leaf }
}

impl Scene {
    fn answer(&self, status: CertStatus, nonce: Option<Vec<u8>>) -> Vec<u8> {
        self.answer_for(CertId::of(&self.leaf, &self.pki.issuing, Digest::Sha1), status, nonce)
    }

    fn answer_for(&self, certificate: CertId, status: CertStatus, nonce: Option<Vec<u8>>) -> Vec<u8> {
        let next_update = Some(instant("2026-11-23T13:00:00Z"));
        let single = SingleStatus { certificate, status, this_update: noon(), next_update };
        let draft = ResponseDraft { produced_at: noon(), statuses: vec![single], nonce };
        draft.sign(&self.responder_key, &self.responder).expect("signed")
    }
}

#[test]
fn openssl_accepts_good_and_revoked() {
    let scene = scene();
    let folder = Folder::new();
    let root = folder.put_pem("root.pem", std::slice::from_ref(&scene.pki.root));
    let issuing = folder.put_pem("issuing.pem", std::slice::from_ref(&scene.pki.issuing));
    let leaf = folder.put_pem("leaf.pem", std::slice::from_ref(&scene.leaf));
    let request = folder.path("request.der");
    let (ok, printed) = peer("openssl", &["ocsp", "-issuer", &issuing, "-cert", &leaf, "-reqout", &request]);
    assert!(ok, "{printed}");
    let asked = OcspRequest::from_der(&std::fs::read(&request).expect("a request")).expect("a request");
    assert!(asked.nonce.is_some() && asked.certificates[0].is_of_issuer(&scene.pki.issuing));
    let at = noon();
    for (status, word) in [
        (CertStatus::Good, ": good"),
        (CertStatus::Revoked { at, reason: Some(1) }, ": revoked"),
        (CertStatus::Unknown, ": unknown"),
    ] {
        let answer =
            folder.put("answer.der", &scene.answer_for(asked.certificates[0].clone(), status, asked.nonce.clone()));
        let seconds = at.as_second().to_string();
        #[rustfmt::skip]
        let (ok, printed) = peer("openssl", &[
            "ocsp", "-issuer", &issuing, "-cert", &leaf, "-no_nonce", "-respin", &answer, "-CAfile", &root,
            "-attime", &seconds, "-validity_period", "100000000",
        ]);
        assert!(ok && printed.contains("Response verify OK") && printed.contains(word), "{printed}");
    }
}

#[test]
fn requests_round_trip_and_have_limits() {
    let scene = scene();
    let id = CertId::of(&scene.leaf, &scene.pki.issuing, Digest::Sha256);
    let request = OcspRequest { certificates: vec![id.clone(); 2], nonce: Some(vec![7; 32]) };
    assert_eq!(OcspRequest::from_der(&request.to_der()), Ok(request.clone()));
    for broken in [
        OcspRequest { certificates: vec![], nonce: None },
        OcspRequest { certificates: vec![id; CERTIFICATES_MAX + 1], nonce: None },
        OcspRequest { nonce: Some(vec![7; NONCE_SIZE_BYTES_MAX + 1]), ..request },
    ] {
        assert!(OcspRequest::from_der(&broken.to_der()).is_err());
    }
    assert!(OcspRequest::from_der(&vec![0x30; REQUEST_SIZE_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_status_is_believed_from_who_may_tell_it() {
    let scene = scene();
    let response = BasicResponse::from_der(&scene.answer(CertStatus::Good, Some(vec![1; 16]))).expect("a response");
    let status = response.status_of(&scene.leaf, &scene.pki.issuing, &[]).expect("a status");
    assert_eq!(status.status, CertStatus::Good);
    assert_eq!(response.check_nonce(&[1; 16]), Ok(()));
    assert_eq!(response.check_nonce(&[2; 16]), Err(OcspError::Nonce));
    assert_eq!(BasicResponse::check_current(status, noon(), 0), Ok(()));
    for at in ["2026-11-23T11:59:00Z", "2026-11-23T13:01:00Z"] {
        assert_eq!(BasicResponse::check_current(status, instant(at), 10), Err(OcspError::Stale));
    }
    let other = scene.pki.issue(Profile::PersonSigning, "Rəşad", &TestKey::generate());
    assert_eq!(response.status_of(&other, &scene.pki.issuing, &[]), Err(OcspError::OtherCertificate));
    assert_eq!(response.status_of(&scene.leaf, &TestPki::new().issuing, &[]), Err(OcspError::Responder));
}

#[test]
fn a_responder_needs_the_purpose_or_a_configuration_that_names_it() {
    let mut scene = scene();
    scene.responder = scene.pki.issue(Profile::PersonSigning, "kimsə", &scene.responder_key);
    let response = BasicResponse::from_der(&scene.answer(CertStatus::Good, None)).expect("a response");
    assert_eq!(response.status_of(&scene.leaf, &scene.pki.issuing, &[]), Err(OcspError::Responder));
    let trusted = [scene.responder.clone()];
    assert!(response.status_of(&scene.leaf, &scene.pki.issuing, &trusted).is_ok());
}

#[test]
fn every_changed_byte_is_noticed() {
    let scene = scene();
    let der = scene.answer(CertStatus::Revoked { at: noon(), reason: Some(6) }, None);
    let good = BasicResponse::from_der(&der).expect("a response");
    let certificate_begins = der.len() - scene.responder.der().len();
    for at in 0..certificate_begins {
        let mut changed = der.clone();
        changed[at] ^= 1;
        let told =
            BasicResponse::from_der(&changed).map(|read| read.status_of(&scene.leaf, &scene.pki.issuing, &[]).cloned());
        assert!(!matches!(told, Ok(Ok(_))), "byte {at}");
    }
    assert!(good.status_of(&scene.leaf, &scene.pki.issuing, &[]).is_ok());
}

#[test]
fn answers_without_a_status_are_no_answer() {
    for status in [ErrorStatus::MalformedRequest, ErrorStatus::TryLater, ErrorStatus::Unauthorized] {
        assert_eq!(BasicResponse::from_der(&error_response(status)), Err(OcspError::NoAnswer));
    }
    assert_eq!(BasicResponse::from_der(b"<html>"), Err(OcspError::Malformed));
    assert_eq!(BasicResponse::from_der(&vec![0x30; RESPONSE_SIZE_BYTES_MAX + 1]), Err(OcspError::Malformed));
}
