//! Documents signed in two steps and sealed in one; what is refused on the way; peers on the result.

use super::{key, official, organisation, scene};
use crate::{
    Change, Order, Refusal,
    signing::SESSION_VALID_S,
    validation::{anchors_from_pem, verify_document},
};
use base::{Clock, Failure, Signer};
use formats::{
    asice::{CONTENT_SIZE_BYTES_MAX, Container, DataFile, Level},
    x509::{Profile, to_pem},
};
use host::args;

fn files() -> Vec<DataFile> {
    vec![
        DataFile { name: "qərar.pdf".into(), media_type: "application/pdf".into(), bytes: b"%PDF salam".to_vec() },
        DataFile { name: "data.json".into(), media_type: "application/json".into(), bytes: b"{}".to_vec() },
    ]
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Failure<Refusal>>) -> Refusal {
    match result {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

#[tokio::test]
async fn a_person_signs_in_two_steps() {
    let scene = scene().await;
    let (signing, key) = (scene.signing(), key());
    let certificate = scene
        .centre
        .issue(&Order::new(official(), Profile::PersonSigning, key.public_key_der()))
        .await
        .expect("issued");
    let session = signing.prepare(&files(), certificate.der(), Some("Əmək nazirliyi".into())).expect("begun");
    scene.clock.advance_s(20);
    let value = key.sign_digest(&session.digest).expect("signed by the card");
    let signed = signing.complete(&files(), &session.kept, &value).await.expect("finished");
    assert_eq!(
        (signed.signer_name.as_str(), signed.signer_identifier.as_deref()),
        ("Aytən Məmmədova", Some("AYTEN01"))
    );
    assert_eq!(signed.certificate_serial, certificate.serial_hex());
    assert_eq!(signed.signed_at.as_second(), scene.clock.now().as_second());

    // Offline, with the anchors from a file, also years later.
    let pem = to_pem(&[vec![scene.centre.root().clone()], scene.centre.issuing()].concat());
    let anchors = anchors_from_pem(&pem).expect("anchors");
    scene.clock.advance_s(10 * 365 * 24 * 3600);
    let verdict = verify_document(&signed.bytes, &anchors, scene.clock.now());
    assert!(verdict.valid, "{verdict:?}");
    assert_eq!(
        (verdict.signatures[0].level, verdict.signatures[0].roles.as_slice()),
        (Level::Lt, &["Əmək nazirliyi".to_owned()][..])
    );

    // xmlsec1 on the signature inside, with the files beside it.
    let container = Container::read(&signed.bytes).expect("a container");
    for file in &container.files {
        scene.put(&file.name, &file.bytes);
    }
    let signature = scene.put("signatures0.xml", &container.signatures[0].1);
    let leaf = scene.put_pem("leaf.pem", std::slice::from_ref(&certificate));
    let shell = format!(
        "cd '{}' && xmlsec1 --verify --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties \
         --pubkey-cert-pem '{leaf}' '{signature}'",
        scene.folder.path().display()
    );
    let (ok, printed) = super::peer("sh", &["-c", &shell]).await;
    assert!(ok, "{printed}");
    scene.put("data.json", b"{ }");
    assert!(!super::peer("sh", &["-c", &shell]).await.0, "a changed file");
}

#[tokio::test]
async fn an_organisation_seals_in_one_step() {
    let scene = scene().await;
    let key = key();
    let certificate =
        scene.centre.issue(&Order::new(organisation(), Profile::Seal, key.public_key_der())).await.expect("issued");
    let sealed = scene.signing().seal(&files(), &certificate, &key, None).await.expect("sealed");
    let verdict = verify_document(&sealed.bytes, &scene.centre.anchors(), scene.clock.now());
    let signer = verdict.signatures[0].signer.as_ref().expect("a signer");
    assert!(verdict.valid && signer.seal && signer.qualified);
    assert_eq!((signer.name.as_str(), sealed.signer_identifier.as_deref()), ("Əmək nazirliyi", Some("10002")));
}

#[tokio::test]
async fn what_may_not_begin_is_refused() {
    let (scene, other) = (scene().await, scene().await);
    let (signing, key) = (scene.signing(), key());
    let certificate = scene.person(Profile::PersonSigning, &key).await;
    let login = scene.person(Profile::PersonAuthentication, &key).await;
    let foreign = other.person(Profile::PersonSigning, &key).await;
    let begin = |files: &[DataFile], certificate: &[u8]| signing.prepare(files, certificate, None);
    let named = |name: &str| vec![DataFile { name: name.into(), media_type: String::new(), bytes: vec![1] }];
    let large = vec![DataFile { bytes: vec![0; CONTENT_SIZE_BYTES_MAX + 1], ..files().remove(0) }];
    for (files, certificate, expected) in [
        (vec![], certificate.der(), Refusal::NothingToSign),
        (named("../x"), certificate.der(), Refusal::FileName),
        ([named("x"), named("x")].concat(), certificate.der(), Refusal::FileName),
        (large, certificate.der(), Refusal::FilesTooLarge),
        (files(), b"no certificate", Refusal::CertificateMalformed),
        (files(), login.der(), Refusal::NotForSigning),
        (files(), foreign.der(), Refusal::CertificateUntrusted),
    ] {
        assert_eq!(begin(&files, certificate).expect_err("refused"), expected);
    }
    scene.clock.advance_s(4 * 365 * 24 * 3600);
    assert_eq!(begin(&files(), certificate.der()).expect_err("refused"), Refusal::CertificateExpired);
}

#[tokio::test]
async fn what_may_not_finish_is_refused() {
    let scene = scene().await;
    let (signing, key) = (scene.signing(), key());
    let certificate = scene.person(Profile::PersonSigning, &key).await;
    let session = signing.prepare(&files(), certificate.der(), None).expect("begun");
    let value = key.sign_digest(&session.digest).expect("signed");
    let mut others = files();
    others[0].bytes.push(b'!');
    for (files, kept, value, expected) in [
        (files(), &b"{}"[..], &value[..], Refusal::SessionMalformed),
        (files(), &vec![b' '; 256 * 1024 + 1], &value, Refusal::SessionMalformed),
        (others, &session.kept, &value, Refusal::FilesChanged),
        (files(), &session.kept, b"", Refusal::SignatureWrong),
        (files(), &session.kept, &value[..63], Refusal::SignatureWrong),
        (files(), &session.kept, &super::key().sign_digest(&session.digest).expect("signed"), Refusal::SignatureWrong),
    ] {
        assert_eq!(refusal(signing.complete(&files, kept, value).await), expected);
    }
    let finish = async || signing.complete(&files(), &session.kept, &value).await;
    let serial = certificate.serial_hex();
    scene.centre.change(&serial, Change::Suspend, "PIN:NARMN05").await.expect("suspended");
    assert_eq!(refusal(finish().await), Refusal::CertificateSuspended);
    scene.centre.change(&serial, Change::Resume, "PIN:NARMN05").await.expect("resumed");
    assert!(finish().await.is_ok(), "and then it may");
    scene.centre.change(&serial, Change::Revoke, "PIN:NARMN05").await.expect("revoked");
    assert_eq!(refusal(finish().await), Refusal::CertificateRevoked);
    let mut tx = scene.store.begin().await.expect("a transaction");
    tx.execute("DELETE FROM trust_certificate WHERE serial = $1", &args![serial]).await.expect("forgotten");
    tx.commit().await.expect("committed");
    assert_eq!(refusal(finish().await), Refusal::CertificateUnknown);
    scene.clock.advance_s(SESSION_VALID_S + 1);
    assert_eq!(refusal(finish().await), Refusal::SessionExpired);
}

#[tokio::test]
async fn silent_services_are_a_fault_that_a_retry_helps() {
    let scene = scene().await;
    let (signing, key) = (scene.signing(), key());
    let certificate = scene.person(Profile::PersonSigning, &key).await;
    let session = signing.prepare(&files(), certificate.der(), None).expect("begun");
    let value = key.sign_digest(&session.digest).expect("signed");
    let silent = crate::client::TsaClient::new(
        host::http::Client::plain(),
        "http://127.0.0.1:1/tsa".into(),
        vec![scene.centre.root().clone()],
        std::sync::Arc::new(base::SystemChance),
    );
    let broken = crate::signing::Signing::new(scene.ocsp(), silent, scene.centre.anchors(), scene.clock.clone());
    match broken.complete(&files(), &session.kept, &value).await {
        Err(Failure::Failed(fault)) => assert!(fault.retry_helps),
        other => panic!("no fault: {other:?}"),
    }
    assert!(signing.complete(&files(), &session.kept, &value).await.is_ok(), "the session is still good");
}

#[tokio::test]
async fn files_of_anchors_have_a_form() {
    let scene = scene().await;
    assert_eq!(anchors_from_pem("").map(|_| ()), Err(Refusal::AnchorsMalformed));
    assert_eq!(anchors_from_pem("-----BEGIN CERTIFICATE-----\n!").map(|_| ()), Err(Refusal::AnchorsMalformed));
    let no_root = to_pem(&scene.centre.issuing());
    assert_eq!(anchors_from_pem(&no_root).map(|_| ()), Err(Refusal::AnchorsMalformed));
    let many = to_pem(&vec![scene.centre.root().clone(); 101]);
    assert_eq!(anchors_from_pem(&many).map(|_| ()), Err(Refusal::AnchorsMalformed));
    let anchors = anchors_from_pem(&to_pem(std::slice::from_ref(scene.centre.root()))).expect("anchors");
    assert!(!verify_document(b"no container", &anchors, scene.clock.now()).valid);
}
