//! Signatures that were wrapped and messages that were caught and come again, sent to a real server with the stolen key of
//! the client's own TLS certificate: the most that an attacker on the way can have.

use crate::{
    asking::question,
    wire::{Forgery, Identity, stolen},
    world::World,
};
use base::dataservice::{DataServices, Wording};
use std::sync::atomic::Ordering;

const PROVIDER: &str = "server.serverproxy.";

async fn asked() -> (World, Forgery, Identity, String) {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let forgery = Forgery::of_logged(&world, "asker", "m-1").await;
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    (world, forgery, who, address)
}

async fn code(forgery: &Forgery, who: &Identity, address: &str) -> String {
    let found = forgery.send(who, address).await.expect("an answer");
    found.strip_prefix(PROVIDER).unwrap_or(&found).to_owned()
}

/// The first element of this name (a blank behind it if it has attributes), from its start tag to its end tag.
fn element<'a>(document: &'a str, name: &str) -> &'a str {
    let start = document.find(&format!("<{name}")).expect("a start tag");
    let close = format!("</{}>", name.trim_end());
    let end = start + document[start..].find(&close).expect("an end tag") + close.len();
    &document[start..end]
}

/// The signature of the message that was signed, wrapped in each published form so that a careless reader would find the
/// digest of the evil one.
fn wrapped(signature: &str, own: &[u8], evil: &[u8]) -> Vec<(&'static str, String)> {
    let digest = |data: &[u8]| {
        let value = formats::hashchain::DigestAlgorithm::Sha512.digest(data);
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, value)
    };
    let info = element(signature, "ds:SignedInfo");
    let forged = info.replacen(&digest(own), &digest(evil), 1);
    assert_ne!(forged, info, "the digest of the message stands in its signature");
    let whole = element(signature, "ds:Signature ").to_owned();
    let with = |to: &str| signature.replacen(info, to, 1);
    let object = |inside: &str| format!("<ds:Object>{inside}</ds:Object></ds:Signature>");
    let twice = |first: &str, second: &str| signature.replacen(&whole, &format!("{first}{second}"), 1);
    let evil_whole = whole.replacen(info, &forged, 1);
    vec![
        ("in its place", with(&forged)),
        ("forged first", with(&format!("{forged}{info}"))),
        ("forged second", with(&format!("{info}{forged}"))),
        ("moved into an Object", with(&forged).replacen("</ds:Signature>", &object(info), 1)),
        (
            "moved into the properties",
            with(&forged).replacen("<xades:RevocationValues>", &format!("{info}<xades:RevocationValues>"), 1),
        ),
        ("inside the forged one", with(&forged.replacen("</ds:SignedInfo>", &format!("{info}</ds:SignedInfo>"), 1))),
        ("two signatures, forged first", twice(&evil_whole, &whole)),
        ("two signatures, forged second", twice(&whole, &evil_whole)),
        ("a signature in a signature", twice(&evil_whole.replacen("</ds:Signature>", &object(&whole), 1), "")),
    ]
}

#[tokio::test]
async fn a_wrapped_signature_is_refused_by_the_server() {
    let (world, good, who, address) = asked().await;
    let text = String::from_utf8(good.signature.clone()).expect("text");
    let evil = good.clone().with_bytes(|text| text.replace("AYTEN01", "AYTEN02"));
    for (name, document) in wrapped(&text, good.payload.bytes(), evil.payload.bytes()) {
        let signature = document.into_bytes();
        let found = code(&Forgery { signature, ..evil.clone() }, &who, &address).await;
        let expected = if name == "in its place" { "invalid_signature_value" } else { "malformed_signature" };
        assert_eq!(found, expected, "{name}");
    }
    // Key information of somebody else, beside the signer's.
    let certificate = element(&text, "ds:X509Certificate");
    let keeper = stolen(&world, "keeper", "sign-GOV-2").certificate;
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, keeper.der());
    let other = format!("<ds:X509Certificate>{encoded}</ds:X509Certificate>");
    for changed in [other.clone(), format!("{other}{certificate}")] {
        let signature = text.replacen(certificate, &changed, 1).into_bytes();
        assert_eq!(code(&Forgery { signature, ..good.clone() }, &who, &address).await, "malformed_signature");
    }
    assert_eq!(code(&good, &who, &address).await, "ok");
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 2, "nothing forged reached the service");
    world.shutdown.trigger();
}

/// A message may come twice by the protocol, from its sender and as long as its certificate's status is fresh. From anybody
/// else, or later, it is refused.
#[tokio::test]
async fn a_request_that_was_caught_is_of_no_use_to_others_or_later() {
    let (world, good, who, address) = asked().await;
    assert_eq!(code(&good, &who, &address).await, "ok");
    let keeper = stolen(&world, "keeper", "auth");
    let by_another = Forgery { ocsp: vec![keeper.ocsp(&world)], ..good.clone() };
    assert_eq!(code(&by_another, &keeper, &address).await, "service_failed.ssl_authentication_failed");
    world.clock.advance_s(3_601);
    world.exchange.central().publish().await.expect("signed");
    let stale = code(&good, &who, &address).await;
    assert_eq!(stale, "service_failed.ssl_authentication_failed", "the server's own status");
    let later = Forgery { ocsp: vec![who.ocsp(&world)], ..good };
    assert_eq!(code(&later, &who, &address).await, "incorrect_validation_info", "the signature's");
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 2);
    world.shutdown.trigger();
}

/// Each part is right, and the message is not: what belongs to one message is put into another.
#[tokio::test]
async fn parts_of_two_messages_make_no_third() {
    let (world, one, who, address) = asked().await;
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("answered");
    let two = Forgery::of_logged(&world, "asker", "m-2").await;
    assert_ne!(one.payload, two.payload);
    let mixed = Forgery { signature: two.signature.clone(), ..one.clone() };
    assert_eq!(code(&mixed, &who, &address).await, "invalid_signature_value");
    for id in ["m-3", "m-4"] {
        world.client.ask(question("page", Wording::Rest, id)).await.expect("answered");
    }
    let three = Forgery::of_logged(&world, "asker", "m-3").await;
    let four = Forgery::of_logged(&world, "asker", "m-4").await;
    let check = async |forgery: Forgery, expected: &str| {
        assert_eq!(code(&forgery, &who, &address).await, expected);
    };
    let sealed = |from: &Forgery, into: &Forgery| Forgery { signature: from.signature.clone(), ..into.clone() };
    check(sealed(&three, &four), "invalid_signature_value").await;
    let chained = Forgery { chain: three.chain.clone(), ..sealed(&three, &four) };
    check(chained, "malformed_signature.invalid_hash_chain").await;
    check(Forgery { chain: three.chain.clone(), ..four.clone() }, "malformed_signature.invalid_hash_chain").await;
    check(Forgery { payload: one.payload.clone(), ..four.clone() }, "service_failed.invalid_content_type").await;
    check(four, "ok").await;
    world.shutdown.trigger();
}
