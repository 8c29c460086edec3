//! A token of SoftHSM that is pulled, loses its sessions, refuses its PIN or holds another key than before.

use super::*;
use crate::{
    keys::verify_p256,
    testing::{SoftToken, TempDir},
};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey};
use base::{Algorithm, Signer};
use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use std::os::unix::fs::PermissionsExt;

fn open(soft: &SoftToken) -> Arc<Token> {
    Token::open(soft.place()).expect("open")
}

fn p256(token: &Arc<Token>) -> TokenKey {
    TokenKey::load_or_create(token, "some key", Algorithm::EcdsaP256Sha256).expect("a key")
}

#[test]
fn keys_in_a_token_sign_and_stay() {
    SoftToken::tell("token::tests::keys_in_a_token_sign_and_stay", |soft| {
        let another = TokenPlace { label: "another".to_owned(), ..soft.place() };
        let fault = Token::open(another).err().expect("no such token");
        assert!(fault.cause.contains("holds a token \"another\""), "{fault}");
        let elsewhere = TokenPlace { module: "/nonexistent.so".into(), ..soft.place() };
        assert!(Token::open(elsewhere).err().expect("no module").cause.contains("/nonexistent.so"));
        let token = open(&soft);
        let check = |algorithm, verifies: fn(&[u8], &[u8], &[u8]) -> bool| {
            let label = format!("{algorithm:?}");
            let key = TokenKey::load_or_create(&token, &label, algorithm).expect("a key");
            assert_eq!((key.algorithm(), key.signs_in_batches()), (algorithm, true));
            key.check().expect("it is there");
            let signature = key.sign(b"message").expect("signed");
            assert!(verifies(key.public_key_der(), b"message", &signature), "{label}");
            assert!(!verifies(key.public_key_der(), b"massage", &signature), "{label}");
            let again = TokenKey::load_or_create(&open(&soft), &label, algorithm).expect("the same key");
            assert_eq!(again.public_key_der(), key.public_key_der());
        };
        check(Algorithm::EcdsaP256Sha256, verify_p256);
        check(Algorithm::RsaPkcs1Sha512, |key, message, signature| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, key).verify(message, signature).is_ok()
        });
    });
}

#[test]
fn lost_sessions_are_opened_again_within_the_same_use() {
    SoftToken::tell("token::tests::lost_sessions_are_opened_again_within_the_same_use", |soft| {
        let token = open(&soft);
        let key = p256(&token);
        let signs = || verify_p256(key.public_key_der(), b"message", &key.sign(b"message").expect("signed"));
        assert!(signs());
        let end = || token.module.context().clone().finalize().expect("ended");
        end();
        let flags = CInitializeFlags::OS_LOCKING_OK;
        token.module.context().initialize(CInitializeArgs::new(flags)).expect("started");
        assert!(signs(), "the module knows no session any more");
        end();
        assert!(signs(), "the module was ended");
        assert!(signs());
    });
}

#[test]
fn many_may_use_it_at_once() {
    SoftToken::tell("token::tests::many_may_use_it_at_once", |soft| {
        let token = open(&soft);
        let key = p256(&token);
        let sign = || {
            for number in 0..50_u8 {
                let signature = key.sign(&[number]).expect("signed");
                assert!(verify_p256(key.public_key_der(), &[number], &signature));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..SESSIONS_KEPT + 2 {
                scope.spawn(sign);
            }
        });
        assert!(token.kept().len() <= SESSIONS_KEPT);
    });
}

#[test]
fn a_token_that_was_pulled_is_used_again_when_it_is_back() {
    SoftToken::tell("token::tests::a_token_that_was_pulled_is_used_again_when_it_is_back", |soft| {
        let token = open(&soft);
        let key = p256(&token);
        key.sign(b"message").expect("signed");
        soft.pull();
        for _ in 0..2 {
            assert!(key.check().expect_err("it is away").retry_helps);
            assert!(key.sign(b"message").expect_err("it is away").retry_helps);
        }
        soft.put_back();
        let tried = Instant::now();
        let signature = loop {
            match key.sign(b"message") {
                Ok(signature) => break signature,
                Err(fault) => assert!(tried.elapsed() < Duration::from_secs(30), "{fault}"),
            }
        };
        assert!(verify_p256(key.public_key_der(), b"message", &signature));
        key.check().expect("it is back");
    });
}

#[test]
fn another_key_of_the_same_label_signs_nothing() {
    SoftToken::tell("token::tests::another_key_of_the_same_label_signs_nothing", |soft| {
        let token = open(&soft);
        let key = p256(&token);
        let remove = |open: &mut Open| {
            for object in open.session.find_objects(&[]).map_err(failed)? {
                open.session.destroy_object(object).map_err(failed)?;
            }
            Ok(())
        };
        token.with(remove).expect("removed");
        assert!(key.check().expect_err("no key").cause.contains("no key \"some key\""));
        let other = p256(&open(&soft));
        let tried = Instant::now();
        while !key.sign(b"message").expect_err("the first key is gone").cause.contains("another key") {
            assert!(tried.elapsed() < Duration::from_secs(30));
        }
        assert!(verify_p256(other.public_key_der(), b"message", &other.sign(b"message").expect("signed")));
    });
}

#[test]
fn a_refused_pin_is_tried_once() {
    SoftToken::tell("token::tests::a_refused_pin_is_tried_once", |soft| {
        let refusal = || Token::open(soft.place()).err().expect("no token").to_string();
        soft.write_pin("0000");
        let said = refusal();
        assert!(said.contains(&soft.pin_file().display().to_string()) && !said.contains("0000"), "{said}");
        assert!(!said.contains("is new"), "{said}");
        for _ in 0..2 {
            let said = refusal();
            assert!(said.ends_with("it is tried again when the file is new"), "{said}");
        }
        soft.write_pin(SoftToken::PIN);
        open(&soft);
    });
}

#[test]
fn a_pin_is_one_line_of_a_file_that_nobody_else_reads() {
    let folder = TempDir::new();
    let file = folder.path().join("pin");
    assert!(check_pin_file(&file).is_err(), "there is none");
    let long = "1".repeat(300);
    for (text, mode, good) in [
        ("4321\n", 0o600, true),
        ("4321", 0o400, true),
        ("4321\n", 0o640, false),
        ("4321\n", 0o604, false),
        ("", 0o600, false),
        ("\n", 0o600, false),
        ("4321\n1234\n", 0o600, false),
        (&long, 0o600, false),
    ] {
        let _none_yet = std::fs::remove_file(&file);
        std::fs::write(&file, text).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        let outcome = check_pin_file(&file);
        assert_eq!(outcome.is_ok(), good, "{text:?} {mode:o}");
        if let Err(fault) = outcome {
            assert!(!fault.to_string().contains("4321"), "{fault}");
        }
    }
}
