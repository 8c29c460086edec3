//! A whole signed document, and what happens to the verdict when any part of it is another.

use super::*;
use crate::{
    ocsp::{BasicResponse, CertId, CertStatus, ResponseDraft, SingleStatus},
    testkey::TestKey,
    testpki::{TestPki, instant, noon},
    tsp::{TimeStamp, TimeStampRequest},
    verify::{Digest, sha256},
    x509::{Certificate, Profile},
    xades::{SignedFile, ToBeSigned},
};
use base::{Signer, Timestamp};
use der::asn1::ObjectIdentifier;

struct Scene {
    pki: TestPki,
    key: TestKey,
    leaf: Certificate,
    stamp_key: TestKey,
    stamper: Certificate,
    responder_key: TestKey,
    responder: Certificate,
    stamped_at: Timestamp,
    told_at: Timestamp,
    status: CertStatus,
}

fn scene() -> Scene {
    let pki = TestPki::new();
    let (key, stamp_key, responder_key) = (TestKey::generate(), TestKey::generate(), TestKey::generate());
    Scene {
        leaf: pki.issue(Profile::PersonSigning, "Aytən Məmmədova", &key),
        stamper: pki.issue_by_root(Profile::TimeStamping, "TSA", &stamp_key),
        responder: pki.issue(Profile::OcspResponder, "OCSP", &responder_key),
        pki,
        key,
        stamp_key,
        responder_key,
        stamped_at: noon(),
        told_at: noon(),
        status: CertStatus::Good,
    }
}

fn files() -> Vec<DataFile> {
    vec![
        DataFile { name: "ərizə.pdf".into(), media_type: "application/pdf".into(), bytes: b"salam".to_vec() },
        DataFile { name: "plan.dwg".into(), media_type: "image/vnd.dwg".into(), bytes: vec![7; 4096] },
    ]
}

impl Scene {
    fn token(&self, message: &[u8]) -> Vec<u8> {
        let request = TimeStampRequest::over(message, [5; 16]);
        let stamp = TimeStamp {
            policy: ObjectIdentifier::new_unwrap("0.4.0.2023.1.1"),
            digest: Digest::Sha256,
            imprint: request.imprint,
            serial: vec![1],
            at: self.stamped_at,
            nonce: request.nonce,
        };
        stamp.sign(&self.stamp_key, &self.stamper, true).expect("stamped").der().to_vec()
    }

    fn response(&self) -> Vec<u8> {
        let certificate = CertId::of(&self.leaf, &self.pki.issuing, Digest::Sha256);
        let single = SingleStatus { certificate, status: self.status, this_update: self.told_at, next_update: None };
        let draft = ResponseDraft { produced_at: self.told_at, statuses: vec![single], nonce: None };
        draft.sign(&self.responder_key, &self.responder).expect("signed")
    }

    fn signature(&self) -> String {
        let list = files()
            .iter()
            .map(|file| SignedFile {
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                sha256: sha256(&file.bytes),
            })
            .collect();
        let wanted = ToBeSigned::new(0, list, &self.leaf, noon(), None);
        let value = self.key.sign(&wanted.message()).expect("signed");
        let value = wanted.with_value(&value).expect("verified");
        value.complete(&self.token(&value.time_stamp_input()), &self.response(), &[&self.pki.issuing])
    }

    fn container(&self) -> Vec<u8> {
        Container::write(&files(), &[self.signature().into_bytes()]).expect("written")
    }

    fn anchors(&self) -> TrustAnchors {
        TrustAnchors { roots: vec![self.pki.root.clone()], ..TrustAnchors::default() }
    }

    fn verdict(&self, container: &[u8]) -> Verdict {
        validate(container, &self.anchors(), instant("2026-11-24T00:00:00Z"))
    }
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.all_findings().map(|finding| finding.reason.code()).collect()
}

#[test]
fn a_whole_signature_is_valid_and_says_who_and_when() {
    let scene = scene();
    let verdict = scene.verdict(&scene.container());
    assert!(verdict.valid, "{verdict:?}");
    let signature = &verdict.signatures[0];
    assert_eq!((signature.level, signature.stamped_at, signature.status_at), (Level::Lt, Some(noon()), Some(noon())));
    let signer = signature.signer.as_ref().expect("a signer");
    assert!(signer.name == "Aytən Məmmədova" && signer.qualified && !signer.seal);
    assert_eq!(verdict.files, ["ərizə.pdf", "plan.dwg"]);
    // Years later, when every certificate has expired, it is still valid: that is what the evidence is for.
    assert!(validate(&scene.container(), &scene.anchors(), instant("2040-01-01T00:00:00Z")).valid);
}

#[test]
fn every_wrong_piece_of_evidence_has_its_reason() {
    type Change = fn(&mut Scene);
    let checks: [(&str, Change); 10] = [
        ("revoked", |scene| scene.status = CertStatus::Revoked { at: noon(), reason: None }),
        ("status_unknown", |scene| scene.status = CertStatus::Unknown),
        ("status_not_at_time", |scene| scene.told_at = instant("2026-11-23T11:59:59Z")),
        ("status_not_at_time", |scene| scene.told_at = instant("2026-11-23T12:15:01Z")),
        ("status_untrusted", |scene| {
            scene.responder = scene.pki.issue(Profile::PersonSigning, "x", &scene.responder_key)
        }),
        ("time_stamp_untrusted", |scene| {
            scene.stamper = scene.pki.issue_by_root(Profile::PersonSigning, "x", &scene.stamp_key)
        }),
        ("time_stamp_in_future", |scene| {
            scene.stamped_at = instant("2026-12-24T00:00:00Z");
            scene.told_at = scene.stamped_at;
        }),
        ("certificate_expired", |scene| {
            let mut short =
                crate::testpki::template(Profile::PersonSigning, crate::testpki::common_name("x"), &scene.key);
            short.not_after = instant("2026-11-22T00:00:00Z");
            scene.leaf = scene.pki.sign(&short);
        }),
        ("not_for_signing", |scene| scene.leaf = scene.pki.issue(Profile::PersonAuthentication, "x", &scene.key)),
        ("certificate_untrusted", |scene| scene.leaf = TestPki::new().issue(Profile::PersonSigning, "x", &scene.key)),
    ];
    for (code, change) in checks {
        let mut scene = scene();
        change(&mut scene);
        let verdict = scene.verdict(&scene.container());
        assert!(!verdict.valid && codes(&verdict).contains(&code), "{code}: {:?}", codes(&verdict));
    }
}

#[test]
fn changed_files_and_evidence_are_noticed() {
    let scene = scene();
    let signature = scene.signature();
    let write = |files: &[DataFile], signature: &str| {
        Container::write(files, &[signature.as_bytes().to_vec()]).expect("written")
    };
    let mut changed = files();
    changed[0].bytes[0] ^= 1;
    let verdict = scene.verdict(&write(&changed, &signature));
    assert_eq!((codes(&verdict), verdict.reasons()), (vec!["file_changed"], vec!["file_changed".to_owned()]));
    assert_eq!(verdict.all_findings().next().expect("a finding").to_string(), "file changed: ərizə.pdf");
    assert_eq!(codes(&scene.verdict(&write(&files()[..1], &signature))), ["file_missing"]);
    let mut more = files();
    more.push(DataFile { name: "əlavə.txt".into(), media_type: "text/plain".into(), bytes: Vec::new() });
    assert_eq!(codes(&scene.verdict(&write(&more, &signature))), ["file_unsigned"]);
    assert_eq!(codes(&scene.verdict(&Container::write(&files(), &[]).expect("written"))), ["no_signature"]);

    let without = |begin: &str, end: &str| {
        let (from, to) = (signature.find(begin).expect("begin"), signature.find(end).expect("end") + end.len());
        [&signature[..from], &signature[to..]].concat()
    };
    let no_stamp = without("<xades:SignatureTimeStamp", "</xades:SignatureTimeStamp>");
    let verdict = scene.verdict(&write(&files(), &no_stamp));
    assert_eq!((codes(&verdict), verdict.signatures[0].level), (vec!["no_time_stamp"], Level::B));
    let no_status = without("<xades:RevocationValues", "</xades:RevocationValues>");
    let verdict = scene.verdict(&write(&files(), &no_status));
    assert_eq!((codes(&verdict), verdict.signatures[0].level), (vec!["no_status"], Level::T));
    // A token of another signature, a response about another certificate.
    let other = self::scene();
    let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let read = crate::xades::read_signatures(signature.as_bytes()).expect("read").remove(0).expect("a signature");
    let foreign = signature.replace(&encode(&read.time_stamps[0].token), &encode(&scene.token(b"other")));
    assert_eq!(codes(&scene.verdict(&write(&files(), &foreign))), ["time_stamp_other_data"]);
    let foreign = signature.replace(&encode(&read.ocsp_responses[0]), &encode(&other.response()));
    assert_eq!(codes(&scene.verdict(&write(&files(), &foreign))), ["status_untrusted"]);
    assert!(BasicResponse::from_der(&read.ocsp_responses[0]).is_ok());
}

#[test]
fn one_wrong_signature_among_two_makes_the_whole_wrong() {
    let scene = scene();
    let signature = scene.signature();
    let both = [signature.clone().into_bytes(), signature.clone().into_bytes()];
    assert!(scene.verdict(&Container::write(&files(), &both).expect("written")).valid);
    let wrong = signature.replace("12:00:00Z", "12:00:01Z").into_bytes();
    let verdict = scene.verdict(&Container::write(&files(), &[signature.into_bytes(), wrong]).expect("written"));
    assert_eq!((verdict.valid, codes(&verdict)), (false, vec!["properties_changed"]));
    assert!(verdict.signatures[0].valid && !verdict.signatures[1].valid);
}

#[test]
fn any_flipped_bit_of_the_archive_changes_the_verdict_or_nothing_that_is_read() {
    let scene = scene();
    let container = scene.container();
    // A signature's own entry may have any name with `signatures` in it (EN 319 162-1 §4.4.3): the name is not content.
    let content = |container: &[u8]| {
        let mut read = Container::read(container).expect("read");
        read.signatures.iter_mut().for_each(|(name, _)| name.clear());
        read
    };
    let good = content(&container);
    for at in 0..container.len() {
        let mut changed = container.clone();
        changed[at] ^= 0x10;
        // Times, attributes and checksums of entries carry no content: what is read is the same, or the verdict is not.
        if scene.verdict(&changed).valid {
            assert!(content(&changed) == good, "byte {at}");
        }
    }
}

#[test]
fn archives_that_lie_are_refused() {
    use std::io::{Cursor, Write};
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};
    let archive = |entries: &[(&str, usize, CompressionMethod)]| {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, size, method) in entries {
            out.start_file(*name, SimpleFileOptions::default().compression_method(*method)).expect("an entry");
            out.write_all(&vec![0; *size]).expect("content");
        }
        out.finish().expect("an archive").into_inner()
    };
    let packed = CompressionMethod::Deflated;
    let names: Vec<String> = (0..=ENTRIES_MAX).map(|number| format!("{number}.txt")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), 0, packed)).collect();
    let mut twice = archive(&[("a.txt", 1, packed), ("b.txt", 1, packed)]);
    for at in 0..twice.len() - 5 {
        if &twice[at..at + 5] == b"b.txt" {
            twice[at] = b'a';
        }
    }
    for (bytes, error) in [
        (b"PK".to_vec(), ContainerError::Malformed),
        (vec![0; CONTAINER_SIZE_BYTES_MAX + 1], ContainerError::TooLarge),
        (archive(&[("bomb.bin", CONTENT_SIZE_BYTES_MAX + 1, packed)]), ContainerError::TooLarge),
        (archive(&many), ContainerError::TooManyEntries),
        (twice, ContainerError::DuplicateName),
        (archive(&[("../etc/passwd", 1, packed)]), ContainerError::Name),
        (archive(&[("/etc/passwd", 1, packed)]), ContainerError::Name),
        (archive(&[("a\\b", 1, packed)]), ContainerError::Name),
        (archive(&[("meta-inf/x", 1, packed)]), ContainerError::Name),
    ] {
        assert_eq!(Container::read(&bytes).map(|_| ()), Err(error));
    }
    let late = archive(&[("a.txt", 1, packed), ("mimetype", 1, CompressionMethod::Stored)]);
    assert!(!Container::read(&late).expect("read").has_mimetype);
    let unknown = archive(&[("META-INF/x.bin", 1, packed)]);
    let found = scene().verdict(&unknown);
    assert_eq!(codes(&found), ["mimetype", "manifest", "unknown_entry", "no_signature"]);
    assert_eq!(codes(&scene().verdict(b"PK")), ["container_malformed"]);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let file = |name: &str| DataFile { name: name.into(), media_type: String::new(), bytes: Vec::new() };
    assert_eq!(Container::write(&[file("a"), file("a")], &[]), Err(ContainerError::DuplicateName));
    for name in ["", "mimetype", "META-INF/a", "a/../b", "C:x", "a\nb", &"x".repeat(256)] {
        assert_eq!(Container::write(&[file(name)], &[]), Err(ContainerError::Name), "{name}");
    }
    let many: Vec<DataFile> = (0..ENTRIES_MAX).map(|number| file(&number.to_string())).collect();
    assert_eq!(Container::write(&many, &[]), Err(ContainerError::TooManyEntries));
}

#[test]
fn the_container_begins_as_the_standard_says() {
    let container = scene().container();
    assert_eq!(&container[..2], b"PK");
    assert_eq!(&container[30..38], b"mimetype");
    assert_eq!(&container[38..38 + MIME.len()], MIME.as_bytes());
}

#[test]
fn codes_are_a_closed_list() {
    let mut codes = Reason::CODES.to_vec();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Reason::CODES.len());
    let finding = serde_json::to_value(Reason::FileChanged.about("a.pdf")).expect("JSON");
    assert_eq!(finding, serde_json::json!({ "reason": "file_changed", "about": "a.pdf" }));
}
