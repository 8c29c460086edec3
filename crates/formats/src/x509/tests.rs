//! Certificates of every profile, judged by openssl and by our own path checking.

use super::*;
use crate::{
    asn1::oid,
    testkey::TestKey,
    testpki::{Folder, TestPki, common_name, instant, issuer_of, noon, peer, template},
};
use base::Signer;

#[test]
fn every_profile_is_accepted_by_openssl() {
    let pki = TestPki::new();
    let folder = Folder::new();
    let root = folder.put_pem("root.pem", std::slice::from_ref(&pki.root));
    let issuing = folder.put_pem("issuing.pem", std::slice::from_ref(&pki.issuing));
    for profile in Profile::ALL.into_iter().filter(|profile| profile.subject_kind() != SubjectKind::Authority) {
        let mut wanted = template(profile, common_name("Aytən Məmmədova"), &TestKey::generate());
        wanted.host_names = vec!["localhost".into(), "127.0.0.1".into()];
        let leaf = folder.put_pem("leaf.pem", &[pki.sign(&wanted)]);
        let purpose = match profile {
            Profile::TimeStamping => "timestampsign",
            Profile::TlsServer => "sslserver",
            Profile::PersonAuthentication | Profile::MemberAuthentication => "sslclient",
            Profile::OcspResponder => "ocsphelper",
            _ => "any",
        };
        let arguments =
            ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", &root, "-untrusted", &issuing, &leaf];
        let (ok, printed) = peer("openssl", &arguments);
        assert!(ok && printed.contains("leaf.pem: OK"), "{profile:?}: {printed}");
    }
}

#[test]
fn openssl_reads_what_a_qualified_certificate_says() {
    let pki = TestPki::new();
    let folder = Folder::new();
    let leaf =
        folder.put_pem("leaf.pem", &[pki.issue(Profile::PersonSigning, "Aytən Məmmədova", &TestKey::generate())]);
    let (ok, printed) = peer("openssl", &["x509", "-in", &leaf, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"]);
    assert!(ok, "{printed}");
    for wanted in [
        "CN=Aytən Məmmədova",
        "Digital Signature, Non Repudiation",
        "0.4.0.194112.1.2",
        "OCSP - URI:http://127.0.0.1:8805/ocsp",
    ] {
        assert!(printed.contains(wanted), "{wanted} in {printed}");
    }
}

#[test]
fn what_was_written_is_read() {
    let pki = TestPki::new();
    let key = TestKey::generate();
    let mut wanted = template(Profile::TlsServer, common_name("localhost"), &key);
    wanted.host_names = vec!["localhost".into(), "127.0.0.1".into()];
    let server = pki.sign(&wanted);
    assert_eq!(server.serial(), wanted.serial);
    assert_eq!(server.serial_hex().len(), 6);
    assert_eq!(server.subject().common_name(), Some("localhost"));
    assert_eq!(server.key().spki(), key.public_key_der());
    assert_eq!(server.extensions().dns_names(), ["localhost"]);
    assert!(server.extensions().has_purpose(oid::SERVER_AUTH) && !server.extensions().has_purpose(oid::CLIENT_AUTH));
    assert_eq!(server.extensions().ocsp_url(), Some("http://127.0.0.1:8805/ocsp"));
    let seal = pki.issue(Profile::Seal, "Nazirlik", &key);
    assert!(seal.extensions().is_qualified_with_device() && seal.extensions().is_for_seals());
    assert!(seal.extensions().has_policy(oid::QCP_LEGAL_QSCD) && seal.extensions().has_usage(KeyUsage::NonRepudiation));
    assert!(pki.issue(Profile::TimeStamping, "TSA", &key).extensions().is_for_time_stamping_only());
    assert!(pki.issue(Profile::OcspResponder, "OCSP", &key).extensions().has_ocsp_nocheck());
    assert_eq!(from_pem(&to_pem(&[seal.clone(), server.clone()])), Ok(vec![seal, server]));
}

#[test]
fn a_path_leads_to_the_anchor_at_its_time_only() {
    let pki = TestPki::new();
    let leaf = pki.issue(Profile::PersonSigning, "Aytən", &TestKey::generate());
    let (issuing, roots) = ([pki.issuing.clone()], [pki.root.clone()]);
    let path = check_path(&leaf, &issuing, &roots, noon()).expect("a path");
    assert_eq!(path, [&leaf, &pki.issuing, &pki.root]);
    assert_eq!(check_path(&leaf, &[], &issuing, noon()).expect("a path").len(), 2, "any anchor ends a path");
    for (intermediates, anchors, at, error) in [
        (&issuing[..], &roots[..], instant("2025-12-31T23:59:59Z"), PathError::NotYetValid),
        (&issuing, &roots, instant("2028-01-01T00:00:00Z"), PathError::Expired),
        (&[], &roots, noon(), PathError::Untrusted),
        (&issuing, &[], noon(), PathError::Untrusted),
        (&issuing, &[TestPki::new().root], noon(), PathError::Untrusted),
    ] {
        assert_eq!(check_path(&leaf, intermediates, anchors, at), Err(error));
    }
}

#[test]
fn who_is_no_authority_issues_nothing() {
    let pki = TestPki::new();
    let (person_key, below_key) = (TestKey::generate(), TestKey::generate());
    let person = pki.issue(Profile::PersonSigning, "Aytən", &person_key);
    let forged =
        template(Profile::PersonSigning, common_name("Rəşad"), &below_key).tbs(&issuer_of(&person)).expect("content");
    let forged = sign_tbs(&forged, &person_key).expect("signed");
    let anchors = [pki.root.clone()];
    let between = [person, pki.issuing.clone()];
    assert_eq!(check_path(&forged, &between, &anchors, noon()), Err(PathError::NotAuthority));

    // An authority below an issuing authority: its path length is 0.
    let lower_key = TestKey::generate();
    let lower = pki.issue(Profile::IssuingAuthority, "Aşağı mərkəz", &lower_key);
    let leaf =
        template(Profile::PersonSigning, common_name("Rəşad"), &below_key).tbs(&issuer_of(&lower)).expect("content");
    let leaf = sign_tbs(&leaf, &lower_key).expect("signed");
    let between = [lower, pki.issuing.clone()];
    assert_eq!(check_path(&leaf, &between, &anchors, noon()), Err(PathError::NotAuthority));
}

#[test]
fn every_changed_byte_is_noticed() {
    let pki = TestPki::new();
    let leaf = pki.issue(Profile::PersonSigning, "Aytən", &TestKey::generate());
    let (issuing, roots) = ([pki.issuing.clone()], [pki.root.clone()]);
    for at in 0..leaf.der().len() {
        let mut changed = leaf.der().to_vec();
        changed[at] ^= 1;
        if let Ok(read) = Certificate::from_der(&changed) {
            assert!(check_path(&read, &issuing, &roots, noon()).is_err(), "byte {at}");
        }
    }
    assert!(Certificate::from_der(&[leaf.der(), &[0]].concat()).is_err());
    assert!(Certificate::from_der(&vec![0x30; CERTIFICATE_SIZE_BYTES_MAX + 1]).is_err());
    assert!(from_pem("-----BEGIN CERTIFICATE-----\nAAAA").is_err());
}

#[test]
fn profiles_keep_their_names() {
    for profile in Profile::ALL {
        assert_eq!(Profile::parse(profile.name()), Some(profile));
        assert_eq!(serde_json::to_value(profile).expect("JSON"), profile.name());
    }
}
