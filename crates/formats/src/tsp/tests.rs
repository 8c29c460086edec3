//! Tokens as openssl judges them, and ours as we judge them.

use super::*;
use crate::{
    testkey::TestKey,
    testpki::{Folder, TestPki, instant, noon, peer},
    verify::Digest,
    x509::{Certificate, PathError, Profile},
};
use der::asn1::ObjectIdentifier;

const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.2023.1.1");

struct Scene {
    pki: TestPki,
    key: TestKey,
    authority: Certificate,
}

fn scene() -> Scene {
    let pki = TestPki::new();
    let key = TestKey::generate();
    let authority = pki.issue_by_root(Profile::TimeStamping, "TSA", &key);
    Scene { pki, key, authority }
}

impl Scene {
    fn token(&self, request: &TimeStampRequest) -> TimeStampToken {
        let stamp = TimeStamp {
            policy: POLICY,
            digest: request.digest.expect("a digest"),
            imprint: request.imprint.clone(),
            serial: vec![0x01, 0x02],
            at: noon(),
            nonce: request.nonce.clone(),
        };
        stamp.sign(&self.key, &self.authority, request.certificate_requested).expect("signed")
    }
}

#[test]
fn openssl_asks_and_accepts() {
    let scene = scene();
    let folder = Folder::new();
    let root = folder.put_pem("root.pem", std::slice::from_ref(&scene.pki.root));
    let data = folder.put("data.txt", "Tikintiyə icazə".as_bytes());
    let other = folder.put("other.txt", b"other");
    let seconds = noon().as_second().to_string();
    for digest in ["-sha256", "-sha384", "-sha512"] {
        let query = folder.path("request.tsq");
        let (ok, printed) = peer("openssl", &["ts", "-query", "-data", &data, digest, "-cert", "-out", &query]);
        assert!(ok, "{printed}");
        let request = TimeStampRequest::from_der(&std::fs::read(&query).expect("a request")).expect("a request");
        assert!(request.certificate_requested && request.nonce.is_some());
        let answer = folder.put("answer.tsr", &response(&scene.token(&request)));
        let verify = |rest: &[&str]| {
            peer("openssl", &[&["ts", "-verify", "-in", &answer, "-CAfile", &root, "-attime", &seconds], rest].concat())
        };
        for good in [&["-data", &data][..], &["-queryfile", &query]] {
            let (ok, printed) = verify(good);
            assert!(ok && printed.contains("Verification: OK"), "{printed}");
        }
        let (ok, printed) = verify(&["-data", &other]);
        assert!(!ok && printed.contains("message imprint mismatch"), "{printed}");
    }
}

#[test]
fn a_token_proves_the_time_of_its_data_only() {
    let scene = scene();
    let roots = [scene.pki.root.clone()];
    let request = TimeStampRequest::over(b"salam", [0xff; 16]);
    let token = scene.token(&request);
    assert_eq!(token.check_answers(&request), Ok(()));
    assert_eq!(token.verify(b"salam", &[], &roots), Ok(noon()));
    assert_eq!(token.verify(b"Salam", &[], &roots), Err(TspError::Imprint));
    assert_eq!(token.verify(b"salam", &[], &[TestPki::new().root]), Err(TspError::Path(PathError::Untrusted)));
    let other = TimeStampRequest::over(b"salam", [0; 16]);
    assert_eq!(token.check_answers(&other), Err(TspError::Nonce));
    assert_eq!(token.check_answers(&TimeStampRequest::over(b"sabah", [0xff; 16])), Err(TspError::Imprint));
    let read = read_response(&response(&token)).expect("granted");
    assert_eq!(read, token);
    assert_eq!(read.stamp().at, instant("2026-11-23T12:00:00Z"));
}

#[test]
fn only_an_authority_stamps() {
    let mut scene = scene();
    let roots = [scene.pki.root.clone()];
    scene.authority = scene.pki.issue_by_root(Profile::PersonSigning, "kimsə", &scene.key);
    let token = scene.token(&TimeStampRequest::over(b"salam", [1; 16]));
    assert_eq!(token.verify(b"salam", &[], &roots), Err(TspError::NotAuthority));
}

#[test]
fn a_token_without_its_certificate_needs_it_at_hand() {
    let scene = scene();
    let roots = [scene.pki.root.clone()];
    let request = TimeStampRequest { certificate_requested: false, ..TimeStampRequest::over(b"salam", [1; 16]) };
    let token = scene.token(&request);
    assert_eq!(token.verify(b"salam", &[], &roots), Err(TspError::NotAuthority));
    assert_eq!(token.verify(b"salam", std::slice::from_ref(&scene.authority), &roots), Ok(noon()));
}

#[test]
fn every_changed_byte_is_noticed() {
    let scene = scene();
    let roots = [scene.pki.root.clone()];
    let token = scene.token(&TimeStampRequest::over(b"salam", [1; 16]));
    for at in 0..token.der().len() {
        let mut changed = token.der().to_vec();
        changed[at] ^= 1;
        let verdict = TimeStampToken::from_der(&changed).and_then(|read| read.verify(b"salam", &[], &roots));
        // The versions and the list of digest algorithms in front are not signed and say nothing that is used.
        let unsigned =
            verdict == Ok(noon()) && TimeStampToken::from_der(&changed).expect("read").stamp() == token.stamp();
        assert!(
            verdict.is_err() || unsigned && at < 60 || unsigned && changed[at.saturating_sub(2)..at] == [2, 1],
            "byte {at}"
        );
    }
}

#[test]
fn requests_have_a_form_and_limits() {
    let request = TimeStampRequest::over(b"salam", [9; 16]);
    assert_eq!(TimeStampRequest::from_der(&request.to_der()), Ok(request.clone()));
    let wrong_length = TimeStampRequest { imprint: vec![0; 20], ..request.clone() };
    assert!(TimeStampRequest::from_der(&wrong_length.to_der()).is_err());
    let long_nonce = TimeStampRequest { nonce: Some(vec![1; NONCE_SIZE_BYTES_MAX + 1]), ..request.clone() };
    assert!(TimeStampRequest::from_der(&long_nonce.to_der()).is_err());
    let sha1 = TimeStampRequest { digest: Some(Digest::Sha1), imprint: vec![0; 20], ..request };
    assert_eq!(TimeStampRequest::from_der(&sha1.to_der()).expect("a request").digest, None);
    assert!(TimeStampRequest::from_der(&vec![0x30; REQUEST_SIZE_BYTES_MAX + 1]).is_err());
    assert!(TimeStampRequest::from_der(b"GET /").is_err());
}

#[test]
fn a_refusal_is_no_token() {
    for failure in [FailureInfo::BadAlg, FailureInfo::UnacceptedPolicy, FailureInfo::SystemFailure] {
        assert_eq!(read_response(&refusal(failure)), Err(TspError::Rejected));
    }
    assert_eq!(read_response(b"<html>"), Err(TspError::Malformed));
}
