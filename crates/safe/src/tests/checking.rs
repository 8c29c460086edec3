//! The public check: by code, by file, after withdrawal.

use super::{AYTEN, decision, refused, worlds};
use crate::{DOCUMENT_BYTES_MAX, Refusal, VerificationCode};
use base::SystemChance;

#[tokio::test]
async fn anybody_with_the_code_sees_the_record_and_nothing_of_the_owner() {
    for world in worlds().await {
        let put = world.put(decision("1", AYTEN), b"signed").await.expect("put");
        let code = put.code.clone().expect("it has one");
        let record = world.safe.verify_code(&code.grouped().to_lowercase()).await.expect("found");
        assert_eq!((record.sha256, record.number.as_deref()), (put.sha256, Some("1.1-000001")));
        assert!(!format!("{record:?}").contains("AYTEN01"));
        assert_eq!(refused(world.safe.verify_code("7K2M").await), Refusal::CodeMistyped);
        let other = VerificationCode::draw(&SystemChance);
        assert_eq!(refused(world.safe.verify_code(other.as_str()).await), Refusal::CodeUnknown);
    }
}

#[tokio::test]
async fn a_file_is_genuine_only_if_it_was_issued_and_its_signature_holds() {
    for world in worlds().await {
        world.put(decision("1", AYTEN), b"signed").await.expect("put");
        let verdict = world.safe.verify_upload(b"signed").await.expect("judged");
        assert!(verdict.is_genuine() && !verdict.content_only);
        let paper = world.safe.verify_upload(b"paper").await.expect("judged");
        assert!(paper.is_genuine() && paper.content_only);
        for altered in [&b"signed by somebody else"[..], b"papes"] {
            let verdict = world.safe.verify_upload(altered).await.expect("judged");
            assert!(!verdict.is_genuine() && verdict.registered.is_none());
        }
        // Registered, but the signature does not hold (any more).
        world.put(decision("2", AYTEN), b"unsigned").await.expect("put");
        let verdict = world.safe.verify_upload(b"unsigned").await.expect("judged");
        assert!(!verdict.is_genuine() && verdict.registered.is_some());
        assert_eq!(refused(world.safe.verify_upload(b"").await), Refusal::DocumentEmpty);
        let large = vec![0; DOCUMENT_BYTES_MAX + 1];
        assert_eq!(refused(world.safe.verify_upload(&large).await), Refusal::DocumentTooLarge);
    }
}

#[tokio::test]
async fn a_withdrawn_document_says_so_from_then_on() {
    for world in worlds().await {
        let put = world.put(decision("1", AYTEN), b"signed").await.expect("put");
        let code = put.code.expect("it has one");
        for _ in 0..2 {
            let mut tx = world.store.begin().await.expect("begun");
            world.safe.withdraw(&mut tx, &code, "mistake", None, "PIN:LEYLA03").await.expect("withdrawn");
            tx.commit().await.expect("committed");
        }
        let record = world.safe.verify_code(code.as_str()).await.expect("found");
        assert_eq!(record.withdrawn.expect("withdrawn").because, "mistake");
        assert!(!world.safe.verify_upload(b"signed").await.expect("judged").is_genuine());
        let mut tx = world.store.begin().await.expect("begun");
        let other = world.safe.withdraw(&mut tx, &code, "fraud", None, "PIN:LEYLA03").await;
        assert_eq!(refused(other), Refusal::AlreadyWithdrawn);
        let unknown = VerificationCode::draw(&SystemChance);
        let nothing = world.safe.withdraw(&mut tx, &unknown, "mistake", None, "PIN:LEYLA03").await;
        assert_eq!(refused(nothing), Refusal::CodeUnknown);
    }
}
