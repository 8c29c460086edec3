//! Containers made here with an authority of our own, whole and changed; archives and their chain.

use super::{Archive, MessageContainer, Previous, Scope, sender};
use crate::{
    asn1::oid,
    globalconf::{ApprovedCa, ApprovedTsa, CertificateAuthority, SharedParameters, Trust},
    hashchain::{self, DigestAlgorithm, data_chain},
    message::{CHAIN_NAME, Covered, MESSAGE_NAME, SigningCertificate, sign},
    ocsp::{CertId, CertStatus, ResponseDraft, SingleStatus},
    testkey::TestKey,
    testpki::{TestPki, instant, noon, template},
    tsp::TimeStamp,
    verify::{AlgorithmPolicy, Digest},
    x509::{Certificate, NameBuilder, Profile},
};
use der::asn1::ObjectIdentifier;
use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
};
use zip::{ZipWriter, write::SimpleFileOptions};

const REQUEST: &[u8] = b"GET\r\n/r1/AZ/GOV/2/book/page\r\nX-Road-Client:AZ/GOV/1/desk\r\nX-Road-Id:m-1\r\n";
const PROFILE: &str = "ee.ria.xroad.common.certificateprofile.impl.FiVRKCertificateProfileInfoProvider";

struct World {
    pki: TestPki,
    key: TestKey,
    member: Certificate,
    stamping_key: TestKey,
    stamping: Certificate,
}

impl World {
    fn new() -> Self {
        let (pki, key, stamping_key) = (TestPki::new(), TestKey::generate(), TestKey::generate());
        let name = NameBuilder::new().with(oid::SERIAL_NUMBER, "AZ/server/GOV").with(oid::COMMON_NAME, "1").build();
        let member = pki.sign(&template(Profile::MemberSigning, name, &key));
        let stamping = pki.issue_by_root(Profile::TimeStamping, "stamps", &stamping_key);
        World { pki, key, member, stamping_key, stamping }
    }

    fn trust(&self) -> Trust {
        let authority = |certificate: &Certificate| CertificateAuthority {
            certificate: certificate.der().to_vec(),
            responders: Vec::new(),
        };
        let shared = SharedParameters {
            instance: "AZ".into(),
            approved_cas: vec![ApprovedCa {
                name: "authority".into(),
                authentication_only: false,
                top: authority(&self.pki.root),
                intermediates: vec![authority(&self.pki.issuing)],
                profile: PROFILE.into(),
            }],
            approved_tsas: vec![ApprovedTsa {
                name: "stamps".into(),
                url: String::new(),
                certificate: self.stamping.der().to_vec(),
                cost: None,
            }],
            ocsp_freshness_s: 600,
            ..SharedParameters::default()
        };
        Trust::from_parameters("AZ", [&shared])
    }

    fn status(&self, status: CertStatus, told: &str) -> Vec<u8> {
        let single = SingleStatus {
            certificate: CertId::of(&self.member, &self.pki.issuing, Digest::Sha1),
            status,
            this_update: instant(told),
            next_update: None,
        };
        let draft = ResponseDraft { produced_at: instant(told), statuses: vec![single], nonce: None };
        draft.sign(&self.pki.issuing_key, &self.pki.issuing).expect("signed")
    }

    fn for_signing(&self, status: CertStatus, told: &str) -> SigningCertificate {
        SigningCertificate {
            der: self.member.der().to_vec(),
            issuer: self.member.issuer().rfc4514(),
            serial: self.member.serial_decimal(),
            intermediates: Vec::new(),
            ocsp: vec![self.status(status, told)],
        }
    }

    fn token(&self, stamped: &[u8]) -> Vec<u8> {
        let stamp = TimeStamp {
            policy: ObjectIdentifier::new_unwrap("1.2.3"),
            digest: Digest::Sha512,
            imprint: Digest::Sha512.of(stamped),
            serial: vec![1],
            at: noon(),
            nonce: None,
        };
        stamp.sign(&self.stamping_key, &self.stamping, true).expect("stamped").der().to_vec()
    }

    /// The entries of a container: a REST request with a body, signed over a chain, stamped over another.
    fn entries(&self, status: CertStatus, told: &str) -> BTreeMap<String, Vec<u8>> {
        let parts = [(MESSAGE_NAME, REQUEST), ("/attachment1", b"body")]
            .map(|(name, data)| (name.to_owned(), hashchain::Digest::sha512(data)));
        let chain = data_chain(CHAIN_NAME, &parts);
        let certificate = self.for_signing(status, told);
        let signature = sign(Covered::ChainResult(&chain.result), &certificate, &self.key, noon()).expect("signed");
        let signed = [("/META-INF/signatures.xml".to_owned(), hashchain::Digest::sha512(&signature))];
        let stamped = data_chain("/ts-hashchain.xml", &signed);
        let token = self.token(&stamped.result);
        [
            ("mimetype", crate::asice::MIME.as_bytes().to_vec()),
            ("message.xml", REQUEST.to_vec()),
            ("attachment1", b"body".to_vec()),
            ("META-INF/signatures.xml", signature),
            ("sig-hashchainresult.xml", chain.result),
            ("sig-hashchain.xml", chain.chain),
            ("ts-hashchainresult.xml", stamped.result),
            ("ts-hashchain.xml", stamped.chain),
            ("META-INF/timestamp.tst", token),
        ]
        .map(|(name, content)| (name.to_owned(), content))
        .into()
    }
}

fn pack(entries: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        out.start_file(name, SimpleFileOptions::default()).expect("started");
        out.write_all(content).expect("written");
    }
    out.finish().expect("packed").into_inner()
}

fn judge(entries: &BTreeMap<String, Vec<u8>>, trust: &Trust) -> Result<super::Facts, &'static str> {
    let container = MessageContainer::open(&pack(entries)).map_err(|flaw| flaw.code())?;
    container.judge(Scope::Full(trust)).map_err(|flaw| flaw.code())
}

#[test]
fn a_container_proves_who_signed_what_and_when() {
    let world = World::new();
    let entries = world.entries(CertStatus::Good, "2026-11-23T11:59:00Z");
    let facts = judge(&entries, &world.trust()).expect("valid");
    assert_eq!((facts.signer.to_string().as_str(), facts.message_id.as_str()), ("AZ/GOV/1/desk", "m-1"));
    assert_eq!((facts.time_stamp, facts.attachments), (noon(), vec!["attachment1".to_owned()]));
    assert!(facts.batch_signature && facts.batch_time_stamp && facts.unverified.is_empty());
    let mut without = entries.clone();
    without.remove("attachment1");
    assert_eq!(judge(&without, &world.trust()).expect("valid").unverified, ["/attachment1"]);
    let container = MessageContainer::open(&pack(&entries)).expect("a container");
    assert!(container.judge(Scope::Crypto(AlgorithmPolicy::default())).is_ok());
    container.check_structure().expect("readable");
}

#[test]
fn what_is_missing_or_changed_is_told_by_its_code() {
    let world = World::new();
    let (entries, trust) = (world.entries(CertStatus::Good, "2026-11-23T11:59:00Z"), world.trust());
    let check = |name: &str, content: Option<&[u8]>, code: &str| {
        let mut changed = entries.clone();
        match content {
            Some(content) => changed.insert(name.to_owned(), content.to_vec()),
            None => changed.remove(name),
        };
        assert_eq!(judge(&changed, &trust).map(|_| ()), Err(code), "{name}");
    };
    check("mimetype", None, "asic_mime_type_not_found");
    check("mimetype", Some(b"text/plain"), "asic_invalid_mime_type");
    check("message.xml", None, "asic_message_not_found");
    check("message.xml", Some(b"GET\r\n"), "invalid_message");
    check("META-INF/signatures.xml", None, "asic_signature_not_found");
    check("META-INF/signatures.xml", Some(b"<a"), "invalid_xml");
    check("META-INF/signatures.xml", Some(b"<a/>"), "malformed_signature");
    check("sig-hashchainresult.xml", None, "asic_hash_chain_result_not_found");
    check("ts-hashchain.xml", None, "asic_hash_chain_not_found");
    check("META-INF/timestamp.tst", None, "asic_timestamp_not_found");
    check("META-INF/timestamp.tst", Some(&world.token(b"other")), "malformed_signature");
    // The signature itself holds; the time-stamp is over another spelling of it.
    let signature = String::from_utf8(entries["META-INF/signatures.xml"].clone()).expect("text");
    let respelt = signature.replace("ocsp-response-1", "ocsp-response-2");
    check("META-INF/signatures.xml", Some(respelt.as_bytes()), "malformed_signature");
    check("attachment1", Some(b"other"), "malformed_signature.invalid_hash_chain_ref");
    check("attachment2", Some(b"more"), "malformed_signature.hashchain_unused_inputs");
    let other = String::from_utf8(REQUEST.to_vec()).expect("text").replace("AZ/GOV/1/desk", "AZ/GOV/2/desk");
    check("message.xml", Some(other.as_bytes()), "malformed_signature.invalid_hash_chain_ref");
    assert_eq!(
        MessageContainer::open(b"nothing").map(|_| ()).map_err(|flaw| flaw.code()),
        Err("asic_mime_type_not_found")
    );
}

#[test]
fn an_attachment_beside_a_signed_message_is_not_taken_for_signed() {
    let world = World::new();
    let certificate = world.for_signing(CertStatus::Good, "2026-11-23T11:59:00Z");
    let signature = sign(Covered::Message(REQUEST), &certificate, &world.key, noon()).expect("signed");
    let signed = [("/META-INF/signatures.xml".to_owned(), hashchain::Digest::sha512(&signature))];
    let stamped = data_chain("/ts-hashchain.xml", &signed);
    let mut entries = world.entries(CertStatus::Good, "2026-11-23T11:59:00Z");
    entries.retain(|name, _| !name.contains("hashchain"));
    entries.extend([
        ("META-INF/signatures.xml".to_owned(), signature),
        ("META-INF/timestamp.tst".to_owned(), world.token(&stamped.result)),
        ("ts-hashchainresult.xml".to_owned(), stamped.result),
        ("ts-hashchain.xml".to_owned(), stamped.chain),
    ]);
    assert_eq!(judge(&entries, &world.trust()).map(|_| ()), Err("malformed_signature"));
    entries.remove("attachment1");
    let facts = judge(&entries, &world.trust()).expect("valid");
    assert!(!facts.batch_signature && facts.attachments.is_empty());
}

#[test]
fn authorities_and_statuses_decide() {
    let (world, stranger) = (World::new(), World::new());
    let good = world.entries(CertStatus::Good, "2026-11-23T11:59:00Z");
    let of = |status, told| judge(&world.entries(status, told), &world.trust()).map(|_| ());
    let revoked = CertStatus::Revoked { at: noon(), reason: None };
    assert_eq!(of(revoked, "2026-11-23T11:59:00Z"), Err("invalid_cert_path.cert_validation"));
    assert_eq!(of(CertStatus::Unknown, "2026-11-23T11:59:00Z"), Err("invalid_cert_path.cert_validation"));
    assert_eq!(of(CertStatus::Good, "2026-11-23T11:49:59Z"), Err("invalid_cert_path.incorrect_validation_info"));
    assert_eq!(of(CertStatus::Good, "2026-11-23T12:05:00Z"), Err("invalid_cert_path.incorrect_validation_info"));
    assert_eq!(judge(&good, &stranger.trust()).map(|_| ()), Err("mlog.tsp_certificate_not_found"));
    let mut no_authority = stranger.trust();
    no_authority.time_stamping = world.trust().time_stamping;
    assert_eq!(judge(&good, &no_authority).map(|_| ()), Err("incorrect_certificate"));
}

#[test]
fn the_sender_is_the_client_or_the_provider() {
    let response =
        b"200\r\nOK\r\nx-road-id:m-1\r\nx-road-client:AZ/GOV/1/desk\r\nx-road-service:AZ/GOV/2/book/page\r\n";
    let found = sender(response).expect("a response");
    assert_eq!((found.id.to_string().as_str(), found.message_id.as_str()), ("AZ/GOV/2/book", "m-1"));
    for message in [&b"200\r\nOK\r\n"[..], b"200\r\nOK\r\nx-road-service:a/b\r\n", b"<a/>", b""] {
        assert_eq!(sender(message).map(|_| ()).map_err(|flaw| flaw.code()), Err("invalid_message"));
    }
}

/// An archive of containers with the chain that belongs to them, and the digest of its last line.
fn archive(previous: Option<&str>, containers: &[(&str, &[u8])]) -> (BTreeMap<String, Vec<u8>>, String) {
    let hex = |data: &[u8]| base::hex(&DigestAlgorithm::Sha512.digest(data));
    let mut last = previous.unwrap_or_default().to_owned();
    let mut info = format!("{} {} SHA-512\n", previous.unwrap_or("-"), previous.map_or("-", |_| "before.zip"));
    let mut entries = BTreeMap::new();
    for (name, container) in containers {
        last = hex(format!("{last}{}", hex(container)).as_bytes());
        info.push_str(&format!("{last} {name}\n"));
        entries.insert((*name).to_owned(), container.to_vec());
    }
    entries.insert("linkinginfo".to_owned(), info.into_bytes());
    (entries, last)
}

#[test]
fn an_archive_is_chained_to_the_one_before() {
    let (first, last) = archive(None, &[("a.asice", b"a"), ("b.asice", b"b")]);
    let (second, _) = archive(Some(&last), &[("c.asice", b"c")]);
    let judge = |entries: &BTreeMap<String, Vec<u8>>, previous: &Previous| {
        assert!(Archive::is_archive(&pack(entries)));
        Archive::open(&pack(entries)).and_then(|archive| archive.judge(previous))
    };
    let facts = judge(&first, &Previous::First).expect("valid");
    assert_eq!((facts.containers, facts.last.as_str(), facts.previous), (2, last.as_str(), None));
    assert!(judge(&second, &Previous::Digest(last.clone())).is_ok());
    assert!(judge(&second, &Previous::Any).is_ok());
    assert!(judge(&second, &Previous::First).is_err());
    assert!(judge(&first, &Previous::Digest(last)).is_err());
    for (name, content) in [("a.asice", Some(&b"x"[..])), ("b.asice", None), ("z.asice", Some(b"z"))] {
        let mut changed = first.clone();
        match content {
            Some(content) => changed.insert(name.to_owned(), content.to_vec()),
            None => changed.remove(name),
        };
        assert!(judge(&changed, &Previous::First).is_err(), "{name}");
    }
    for info in ["", "- - SHA-512\n", "- -\nx a.asice\n", "- - MD5\nx a.asice\n", "- - SHA-512\na.asice\n"] {
        let mut changed = first.clone();
        changed.insert("linkinginfo".to_owned(), info.as_bytes().to_vec());
        assert!(judge(&changed, &Previous::First).is_err(), "{info:?}");
    }
    assert!(!Archive::is_archive(b"nothing") && Archive::open(b"nothing").is_err());
}
