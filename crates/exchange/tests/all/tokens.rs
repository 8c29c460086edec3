//! Servers whose keys are in a token (SoftHSM): how they sign, and what happens while the token is away.

use crate::{asking::question, batches::ask_many, world::World};
use base::{
    Algorithm, Signer,
    dataservice::{AskError, DataServices, Wording},
};
use bytes::Bytes;
use exchange::{archive, messagelog::LogFilter, setup::ServerToken};
use formats::x509::Certificate;
use host::{
    testing::SoftToken,
    token::{Token, TokenKey},
};
use std::{
    collections::HashMap,
    future::Future,
    time::{Duration, Instant},
};

/// Tells the story with a token, on a runtime of two threads.
fn tell<F: Future<Output = ()>>(test: &str, story: impl FnOnce(SoftToken) -> F) {
    SoftToken::tell(&format!("tokens::{test}"), |soft| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(story(soft));
    });
}

async fn health(world: &World, code: &str) -> (u16, String) {
    let uri = format!("http://{}/health", world.port(code, 1));
    let request = http::Request::get(uri).body(Bytes::new()).expect("a request");
    let answer = host::http::Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

/// The code of the fault, or `ok`.
async fn outcome(world: &World, id: &str) -> String {
    match world.client.ask(question("page", Wording::Soap, id)).await {
        Ok(_) => "ok".to_owned(),
        Err(AskError::Refused { code, .. }) => code,
        Err(AskError::Unreachable(fault)) => fault.cause.split(": ").next().unwrap_or_default().to_owned(),
    }
}

/// Asks until there is an answer, which must come by itself.
async fn answered_again(world: &World) {
    let since = Instant::now();
    for number in 0.. {
        let outcome = outcome(world, &format!("again-{number}")).await;
        if outcome == "ok" {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{outcome}");
    }
}

/// Every message in the log of `code` as a container that anybody can judge; how many share a signature.
async fn judged(world: &World, code: &str) -> usize {
    let server = world.exchange.server(code).expect("a server");
    server.stamp_now().await.expect("stamped");
    let configuration = world.exchange.central().configuration();
    let mut signatures: HashMap<Vec<u8>, usize> = HashMap::new();
    for found in server.log().records(&LogFilter::default()).await.expect("read") {
        let record = server.log().record_of(&found.id).await.expect("read").expect("there");
        let verdict = archive::verify(&archive::export(&record).expect("a container"), &configuration);
        assert!(verdict.is_valid(), "{:?}", verdict.reasons);
        *signatures.entry(record.entry.signature).or_default() += 1;
    }
    signatures.into_values().max().unwrap_or(0)
}

async fn signs_with(soft: &SoftToken, signing: Algorithm) {
    // The other server's keys stay in its folder, and so does this one's for TLS.
    let servers = Some(vec!["asker".to_owned()]);
    let token = ServerToken { place: soft.place(), servers, signing: Some(signing), authentication: false };
    let world = World::running_with_tokens(vec![token]).await;
    ask_many(&world, 0..1).await;
    ask_many(&world, 1..41).await;
    assert!(judged(&world, "asker").await > 1, "no batch has more than one message");
    let folder = world.directory.path();
    let is_file = |path: &str| folder.join(path).exists();
    assert!(!is_file("ss-asker/keys/sign-GOV-1") && is_file("ss-asker/keys/auth"));
    assert!(is_file("ss-keeper/keys/sign-GOV-2"));
    let opened = Token::open(soft.place()).expect("open");
    let key = TokenKey::load_or_create(&opened, "AZ/asker/sign/GOV/1", signing).expect("the key");
    let certificate = std::fs::read(folder.join("ss-asker/sign-GOV-1.der")).expect("a certificate");
    let certified = Certificate::from_der(&certificate).expect("a certificate");
    assert_eq!((certified.key().spki(), key.algorithm()), (key.public_key_der(), signing));
    // Another start finds the same key and orders nothing.
    let _again = world.again().await;
    assert_eq!(std::fs::read(folder.join("ss-asker/sign-GOV-1.der")).expect("a certificate"), certificate);
    world.shutdown.trigger();
}

#[test]
fn a_p256_key_in_a_token_signs_what_waits_at_once() {
    tell("a_p256_key_in_a_token_signs_what_waits_at_once", |soft| async move {
        signs_with(&soft, Algorithm::EcdsaP256Sha256).await;
    });
}

#[test]
fn an_rsa_key_in_a_token_signs_what_waits_at_once() {
    tell("an_rsa_key_in_a_token_signs_what_waits_at_once", |soft| async move {
        signs_with(&soft, Algorithm::RsaPkcs1Sha512).await;
    });
}

fn all_of(servers: &[&str], soft: &SoftToken) -> ServerToken {
    ServerToken {
        place: soft.place(),
        servers: Some(servers.iter().map(|code| (*code).to_owned()).collect()),
        signing: Some(Algorithm::EcdsaP256Sha256),
        authentication: true,
    }
}

#[test]
fn a_token_that_is_pulled_stops_messages_until_it_is_back() {
    tell("a_token_that_is_pulled_stops_messages_until_it_is_back", |soft| async move {
        for (code, refusal) in [
            ("asker", "server.clientproxy.cannot_create_signature"),
            ("keeper", "server.serverproxy.cannot_create_signature"),
        ] {
            let world = World::running_with_tokens(vec![all_of(&[code], &soft)]).await;
            let other = if code == "asker" { "keeper" } else { "asker" };
            assert!(!world.directory.path().join(format!("ss-{code}/keys/auth")).exists());
            assert_eq!(outcome(&world, "m-1").await, "ok");
            assert_eq!(health(&world, code).await, (200, "ok\n".to_owned()));
            soft.pull();
            for id in ["m-2", "m-3"] {
                assert_eq!(outcome(&world, id).await, refusal, "{code}");
            }
            assert_eq!(health(&world, code).await, (500, "token: hsm_non_operational\n".to_owned()));
            assert_eq!(health(&world, other).await.0, 200, "its keys are not in the token");
            soft.put_back();
            answered_again(&world).await;
            assert_eq!(health(&world, code).await, (200, "ok\n".to_owned()));
            judged(&world, code).await;
            world.shutdown.trigger();
        }
    });
}

#[test]
fn tls_between_servers_works_with_keys_in_a_token() {
    tell("tls_between_servers_works_with_keys_in_a_token", |soft| async move {
        let both = ServerToken { signing: None, ..all_of(&["asker", "keeper"], &soft) };
        let world = World::running_with_tokens(vec![both]).await;
        assert_eq!(outcome(&world, "m-1").await, "ok");
        let has = |path: &str| world.directory.path().join(path).exists();
        assert!(!has("ss-asker/keys/auth") && !has("ss-keeper/keys/auth") && has("ss-asker/keys/sign-GOV-1"));
        world.shutdown.trigger();
    });
}

#[test]
fn tokens_that_do_not_fit_the_country_are_refused() {
    tell("tokens_that_do_not_fit_the_country_are_refused", |soft| async move {
        let country = World::prepared().await.exchange.country().clone();
        let mistakes = |tokens: &[ServerToken]| ServerToken::mistakes(tokens, &country);
        assert!(mistakes(&[all_of(&["asker"], &soft), all_of(&["keeper"], &soft)]).is_empty());
        let none = ServerToken { signing: None, authentication: false, ..all_of(&["asker"], &soft) };
        let everywhere = ServerToken { servers: None, ..all_of(&[], &soft) };
        let mut open = all_of(&["asker"], &soft);
        open.place.pin_file = soft.place().module;
        for (tokens, said) in [
            (vec![all_of(&["nobody"], &soft)], "no security server \"nobody\""),
            (vec![none], "it is for no key"),
            (vec![all_of(&["asker"], &soft), everywhere], "\"asker\": its keys cannot be in two tokens"),
            (vec![open], "is open to others"),
        ] {
            let found = mistakes(&tokens);
            assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        }
    });
}
