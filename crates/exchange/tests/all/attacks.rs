//! Peers that lie: changed messages, stolen or foreign certificates, forged answers.

use crate::{
    asking::question,
    wire::{Forgery, Identity, code_of, issued, named, post, post_with, stolen},
    world::{Authority, World},
};
use axum::{Router, body::Bytes as Body, http::HeaderMap, response::IntoResponse};
use base::dataservice::{AskError, DataServices, Wording};
use exchange::server::ServerListeners;
use formats::{
    message::{
        Covered, HASH_CHAIN, HASH_CHAIN_RESULT, OCSP_RESPONSE, Payload, REST_BODY, REST_REQUEST, SIGNATURE, sign,
    },
    mime::{write_end, write_part},
    x509::Profile,
};
use std::sync::{Arc, Mutex};

const PROVIDER: &str = "server.serverproxy.";

async fn asked() -> (World, Forgery, Identity, String) {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let forgery = Forgery::of_logged(&world, "asker", "m-1").await;
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    (world, forgery, who, address)
}

async fn check(forgery: &Forgery, who: &Identity, address: &str, code: &str) {
    let found = forgery.send(who, address).await.expect("an answer");
    assert_eq!(found.strip_prefix(PROVIDER).unwrap_or(&found), code);
}

#[tokio::test]
async fn a_changed_message_or_signature_is_refused() {
    let (world, good, who, address) = asked().await;
    check(&good, &who, &address, "ok").await;
    let changed = good.clone().with_bytes(|text| text.replace("AYTEN01", "AYTEN02"));
    check(&changed, &who, &address, "invalid_signature_value").await;
    let text = String::from_utf8(good.signature.clone()).expect("text");
    for (from, to, code) in [
        ("2026-11-23T12:00", "2026-11-23T13:00", "invalid_signature_value"),
        ("URI=\"/message.xml\"", "URI=\"/foobar.xml\"", "malformed_signature"),
        ("<ds:SignedInfo>", "<ds:SignedInfo", "invalid_xml"),
    ] {
        let signature = text.replacen(from, to, 1).into_bytes();
        assert_ne!(signature, good.signature);
        check(&Forgery { signature, ..good.clone() }, &who, &address, code).await;
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_changed_rest_body_is_refused() {
    let (world, _, who, address) = asked().await;
    world.client.ask(question("page", Wording::Rest, "m-2")).await.expect("answered");
    let good = Forgery::of_logged(&world, "asker", "m-2").await;
    check(&good, &who, &address, "ok").await;
    let body = Some(b"{\"pin\":\"AYTEN02\"}".to_vec());
    check(&Forgery { body, ..good.clone() }, &who, &address, "malformed_signature.invalid_hash_chain").await;
    let without = Forgery { body: None, ..good.clone() };
    check(&without, &who, &address, "malformed_signature.invalid_reference").await;
    let host = good.with_bytes(|text| format!("{text}Host:x\r\n"));
    check(&host, &who, &address, "service_failed.invalid_message").await;
    world.shutdown.trigger();
}

/// The message signed again, by somebody else perhaps, with the OCSP response of its certificate or another.
fn signed_by(world: &World, good: &Forgery, identity: &Identity, ocsp: Option<Vec<u8>>) -> Forgery {
    let mut certificate = identity.for_signing(world);
    certificate.ocsp.splice(.., [ocsp.unwrap_or_else(|| identity.ocsp(world))]);
    let covered = Covered::Message(good.payload.bytes());
    let signature = sign(covered, &certificate, &*identity.key, crate::world::NOON.parse().expect("an instant"));
    Forgery { signature: signature.expect("signed"), ..good.clone() }
}

#[tokio::test]
async fn only_the_member_itself_signs_for_it() {
    let (world, good, who, address) = asked().await;
    let own = stolen(&world, "asker", "sign-GOV-1");
    check(&signed_by(&world, &good, &own, None), &who, &address, "ok").await;
    let other = stolen(&world, "keeper", "sign-GOV-2");
    check(&signed_by(&world, &good, &other, None), &who, &address, "incorrect_certificate").await;
    check(&signed_by(&world, &good, &who, None), &who, &address, "incorrect_certificate").await;
    let stranger = Authority::new(world.clock.clone());
    let foreign = issued(&stranger, Profile::MemberSigning, named("1", "AZ/asker/GOV"));
    check(&signed_by(&world, &good, &foreign, None), &who, &address, "invalid_cert_path").await;
    check(&signed_by(&world, &good, &own, Some(vec![0x30, 0x00])), &who, &address, "incorrect_validation_info").await;
    world.authority.revoke(&own.certificate);
    check(&signed_by(&world, &good, &own, None), &who, &address, "cert_validation").await;
    world.shutdown.trigger();
}

/// The provider's server cannot prove its own certificate: the information system is not asked for what could not be
/// answered.
#[tokio::test]
async fn what_could_not_be_signed_is_not_asked_for() {
    let (world, good, who, address) = asked().await;
    let asked = || world.book.asked.load(std::sync::atomic::Ordering::SeqCst);
    let own = stolen(&world, "asker", "sign-GOV-1");
    let before = asked();
    world.authority.ocsp_down.store(true, std::sync::atomic::Ordering::SeqCst);
    world.clock.advance_s(3_700);
    world.exchange.central().publish().await.expect("signed");
    let fresh = || Forgery { ocsp: vec![who.ocsp(&world)], ..signed_by(&world, &good, &own, None) };
    check(&fresh(), &who, &address, "cannot_create_signature").await;
    assert_eq!(asked(), before);
    world.authority.ocsp_down.store(false, std::sync::atomic::Ordering::SeqCst);
    check(&fresh(), &who, &address, "ok").await;
    assert_eq!(asked(), before + 1);
    world.shutdown.trigger();
}

/// Whatever the profile of its authority, a certificate signs for the member that it names and for no other.
#[tokio::test]
async fn the_profile_of_its_authority_says_whose_a_certificate_is() {
    for short in ["FiVRK", "Is", "Fo", "Basic", "BasicACME", "Ejbca"] {
        let profile = format!("ee.ria.xroad.common.certificateprofile.impl.{short}CertificateProfileInfoProvider");
        let world = World::running_by_profile(&profile).await;
        for (wording, message) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
            let asked = world.client.ask(question("page", wording, message)).await;
            assert!(asked.is_ok(), "{short} {wording:?} {asked:?}");
        }
        let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
        let good = Forgery::of_logged(&world, "asker", "m-1").await;
        let (own, other) = (stolen(&world, "asker", "sign-GOV-1"), stolen(&world, "keeper", "sign-GOV-2"));
        check(&signed_by(&world, &good, &own, None), &who, &address, "ok").await;
        check(&signed_by(&world, &good, &other, None), &who, &address, "incorrect_certificate").await;
        // One that names the member as another profile would.
        let elsewhere = if short == "FiVRK" { named("1", "AZ/GOV") } else { named("1", "AZ/asker/GOV") };
        let misread = issued(&world.authority, Profile::MemberSigning, elsewhere);
        check(&signed_by(&world, &good, &misread, None), &who, &address, "incorrect_certificate").await;
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn the_connection_must_be_the_clients_server() {
    let (world, good, who, address) = asked().await;
    check(&Forgery { ocsp: vec![], ..good.clone() }, &who, &address, "service_failed.ssl_authentication_failed").await;
    let keeper = stolen(&world, "keeper", "auth");
    let as_keeper = Forgery { ocsp: vec![keeper.ocsp(&world)], ..good.clone() };
    check(&as_keeper, &keeper, &address, "service_failed.ssl_authentication_failed").await;
    let unregistered = issued(&world.authority, Profile::MemberAuthentication, named("x", "AZ/x/GOV"));
    let as_unregistered = Forgery { ocsp: vec![unregistered.ocsp(&world)], ..good.clone() };
    check(&as_unregistered, &unregistered, &address, "service_failed.ssl_authentication_failed").await;
    // These two do not even get a connection.
    let stranger = Authority::new(world.clock.clone());
    let foreign = issued(&stranger, Profile::MemberAuthentication, named("127.0.0.1", "AZ/asker/GOV"));
    good.send(&foreign, &address).await.expect_err("a foreign certificate");
    good.send(&stolen(&world, "asker", "sign-GOV-1"), &address).await.expect_err("a signing certificate");
    world.authority.revoke(&who.certificate);
    let revoked = Forgery { ocsp: vec![who.ocsp(&world)], ..good };
    check(&revoked, &who, &address, "service_failed.ssl_authentication_failed").await;
    world.shutdown.trigger();
}

#[tokio::test]
async fn the_provider_checks_what_the_message_says() {
    let (world, good, who, address) = asked().await;
    let large = good.clone().with_bytes(|text| text.replace("AYTEN01", &"A".repeat(11_000)));
    check(&large, &who, &address, "service_failed.inquiry_too_large").await;
    let elsewhere = good.clone().with_bytes(|text| text.replace("book", "shelf"));
    check(&elsewhere, &who, &address, "service_failed.unknown_member").await;
    let id = "<xroad:securityServer id:objectType=\"SERVER\"><id:xRoadInstance>AZ</id:xRoadInstance>\
        <id:memberClass>GOV</id:memberClass><id:memberCode>1</id:memberCode><id:serverCode>asker</id:serverCode>\
        </xroad:securityServer></SOAP-ENV:Header>";
    let other_server = good.clone().with_bytes(|text| text.replace("</SOAP-ENV:Header>", id));
    check(&other_server, &who, &address, "service_failed.invalid_security_server").await;
    let old = Forgery { version: "6.25.0", ..good.clone() };
    check(&old, &who, &address, "client_proxy_version_not_supported").await;
    let answer = Forgery { payload: Payload::RestResponse(b"200\r\nOK\r\n".to_vec()), ..good.clone() };
    check(&answer, &who, &address, "missing_rest").await;
    let fault = exchange::fault::ExchangeFault::from_soap(formats::soap::Fault {
        code: "x".into(),
        string: "y".into(),
        actor: None,
        detail: None,
        received: None,
    });
    let as_fault = Payload::Soap { content_type: "text/xml".into(), bytes: fault.to_soap().to_vec() };
    check(&Forgery { payload: as_fault, ..good }, &who, &address, "service_failed.invalid_message").await;
    world.shutdown.trigger();
}

#[tokio::test]
async fn the_provider_reads_parts_strictly() {
    let (world, good, who, address) = asked().await;
    let body = |parts: &[(&str, &[u8])]| {
        let mut out = Vec::new();
        parts.iter().for_each(|(kind, body)| write_part(&mut out, "b", &[("content-type", kind)], body));
        write_end(&mut out, "b");
        out
    };
    let head = &b"GET\r\n/r1/AZ/GOV/2/book/page\r\nX-Road-Client:AZ/GOV/1/desk\r\nX-Road-Id:7\r\n"[..];
    for (kind, body, code) in [
        (
            "multipart/mixed; boundary=b",
            body(&[(OCSP_RESPONSE, &good.ocsp[0]), (REST_REQUEST, head)]),
            "missing_signature",
        ),
        ("multipart/mixed; boundary=b", body(&[(SIGNATURE, b"s")]), "service_failed.invalid_content_type"),
        ("multipart/mixed; boundary=b", body(&[(OCSP_RESPONSE, b"x")]), "service_failed.io_error"),
        ("multipart/mixed; boundary=b", body(&[(OCSP_RESPONSE, &good.ocsp[0])]), "missing_soap"),
        ("multipart/mixed; boundary=b", b"no parts".to_vec(), "missing_soap"),
        ("multipart/mixed; boundary=b", b"--b\r\nno header".to_vec(), "service_failed.mime_parsing_failed"),
        ("text/plain", b"x".to_vec(), "service_failed.invalid_content_type"),
    ] {
        let answer = post(&who, &address, kind, "7.8.0", body).await.expect("an answer");
        assert_eq!(code_of(&answer), format!("{PROVIDER}{code}"));
    }
    for algorithm in ["SHA-1", "sha512", "http://www.w3.org/2001/04/xmlenc#sha512"] {
        let kind = ("content-type", "multipart/mixed; boundary=b");
        let headers = [kind, ("x-proxy-version", "7.8.0"), ("x-hash-algorithm", algorithm)];
        let answer = post_with(&who, &address, &headers, body(&[(SIGNATURE, b"s")])).await.expect("an answer");
        assert_eq!(code_of(&answer), format!("{PROVIDER}service_failed.invalid_message"), "{algorithm}");
    }
    let get = http::Request::get(format!("https://{address}/")).body(bytes::Bytes::new()).expect("a request");
    let answer = who.client().send(get, 100_000, std::time::Duration::from_secs(10)).await.expect("an answer");
    assert_eq!(code_of(&answer), format!("{PROVIDER}invalid_http_method"));
    world.shutdown.trigger();
}

#[tokio::test]
async fn parts_in_another_order_or_too_many_are_refused() {
    let (world, good, who, address) = asked().await;
    world.client.ask(question("page", Wording::Rest, "m-2")).await.expect("answered");
    let rest = Forgery::of_logged(&world, "asker", "m-2").await;
    let (chain, body) = (rest.chain.clone().expect("a chain"), rest.body.clone().expect("a body"));
    let ocsp = (OCSP_RESPONSE, &good.ocsp[0][..]);
    let soap = ("text/xml", good.payload.bytes());
    let signature = (SIGNATURE, &good.signature[..]);
    let head = (REST_REQUEST, rest.payload.bytes());
    let body = (REST_BODY, &body[..]);
    let (result, steps) = ((HASH_CHAIN_RESULT, &chain.result[..]), (HASH_CHAIN, &chain.chain[..]));
    let sealed = (SIGNATURE, &rest.signature[..]);
    let reading = "service_failed.";
    for (parts, code) in [
        (vec![ocsp, soap, signature], "ok"),
        (vec![ocsp, head, body, result, steps, sealed], "ok"),
        (vec![ocsp, soap, signature, ("text/plain", b"x")], "invalid_message"),
        (vec![ocsp, soap, signature, signature], "invalid_message"),
        (vec![ocsp, signature, soap], "invalid_content_type"),
        (vec![soap, ocsp, signature], "ssl_authentication_failed"),
        (vec![ocsp, soap, soap, signature], "invalid_content_type"),
        (vec![ocsp, soap, body, signature], "invalid_content_type"),
        (vec![ocsp, body, head, result, steps, sealed], "invalid_content_type"),
        (vec![ocsp, head, result, steps, body, sealed], "invalid_content_type"),
        (vec![ocsp, head, body, steps, result, sealed], "invalid_content_type"),
        (vec![ocsp, head, body, body, result, steps, sealed], "invalid_content_type"),
        (vec![ocsp, head, body, result, sealed], "malformed_signature"),
    ] {
        let mut message = Vec::new();
        parts.iter().for_each(|(kind, part)| write_part(&mut message, "b", &[("content-type", kind)], part));
        write_end(&mut message, "b");
        let answer = post(&who, &address, "multipart/mixed; boundary=b", "7.8.0", message).await.expect("an answer");
        let found = code_of(&answer);
        let found = found.strip_prefix(PROVIDER).unwrap_or(&found);
        assert_eq!(
            found.strip_prefix(reading).unwrap_or(found),
            code,
            "{:?}",
            parts.iter().map(|(kind, _)| kind).collect::<Vec<_>>()
        );
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn oversized_parts_and_headers_are_refused() {
    let (world, good, who, address) = asked().await;
    let ocsp = good.ocsp[0].clone();
    let part = |headers: &[(&str, &str)], body: &[u8]| {
        let mut message = Vec::new();
        write_part(&mut message, "b", &[("content-type", OCSP_RESPONSE)], &ocsp);
        write_part(&mut message, "b", headers, body);
        write_end(&mut message, "b");
        message
    };
    let long = "a".repeat(20_000);
    let head = format!("GET\r\n/r1/AZ/GOV/2/book/page\r\nx:{}\r\n", "a".repeat(70_000));
    for (message, code) in [
        (part(&[("content-type", "text/xml"), ("x-long", &long)], b"x"), "mime_parsing_failed"),
        (part(&[("content-type", REST_REQUEST)], head.as_bytes()), "inquiry_too_large"),
        (part(&[("content-type", "text/xml")], &vec![b' '; 2_000_000]), "inquiry_too_large"),
    ] {
        let answer = post(&who, &address, "multipart/mixed; boundary=b", "7.8.0", message).await.expect("an answer");
        assert_eq!(code_of(&answer), format!("{PROVIDER}service_failed.{code}"));
    }
    // More headers than HTTP may have here: no message at all.
    let request = http::Request::post(format!("https://{address}/"))
        .header("content-type", "multipart/mixed; boundary=b")
        .header("x-long", "a".repeat(1_000_000))
        .body(bytes::Bytes::new())
        .expect("a request");
    let answer = who.client().send(request, 100_000, std::time::Duration::from_secs(10)).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
    world.shutdown.trigger();
}

type Change = Arc<dyn Fn(String, Vec<u8>) -> (String, Vec<u8>) + Send + Sync>;

/// The keeper behind somebody who changes its answers on the way, with its stolen TLS key.
async fn with_liar(change: Change) -> World {
    let mut world = World::prepared().await;
    let mut listeners = world.listeners.take().expect("prepared");
    let own = listeners.take("keeper").expect("the keeper's");
    world.listeners = Some(listeners);
    world.start();
    let hidden = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = hidden.local_addr().expect("bound").to_string();
    let keeper = world.exchange.server("keeper").expect("a server").clone();
    keeper.renew_configuration().await.expect("a configuration");
    let tls = exchange::server::server_config(&keeper).expect("an identity");
    let asker = stolen(&world, "asker", "auth");
    let forward = move |headers: HeaderMap, body: Body| {
        let (asker, address, change) = (asker.clone(), address.clone(), change.clone());
        async move {
            let kind = headers["content-type"].to_str().expect("text").to_owned();
            let answer = post(&asker, &address, &kind, "7.8.0", body.to_vec()).await.expect("answered");
            let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
            let (kind, body) = change(kind, answer.into_body().to_vec());
            ([("content-type", kind.as_str()), ("x-hash-algorithm", "SHA-512")], body).into_response()
        }
    };
    let router = Router::new().fallback(forward);
    tokio::spawn(host::http::serve_tls(own.message, tls, router, world.shutdown.clone()));
    let inner = ServerListeners { message: hidden, system: own.system, system_tls: own.system_tls, ocsp: own.ocsp };
    tokio::spawn(keeper.run(inner, world.shutdown.clone()));
    world
}

async fn check_answer(change: impl Fn(String, Vec<u8>) -> (String, Vec<u8>) + Send + Sync + 'static, code: &str) {
    let world = with_liar(Arc::new(change)).await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Soap, "m-2")] {
        match world.client.ask(question("page", wording, id)).await {
            Err(AskError::Refused { code: found, .. }) => assert_eq!(found, format!("server.clientproxy.{code}")),
            Err(AskError::Unreachable(fault)) => assert!(fault.cause.contains(code), "{fault}"),
            // The first answer is remembered to be given to the second question.
            Ok(_) => assert_eq!((code, id), ("inconsistent_response", "m-1")),
        }
    }
    world.shutdown.trigger();
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[tokio::test]
async fn a_changed_answer_is_refused() {
    check_answer(|kind, body| (kind, replaced(&body, "AYTEN01", "AYTEN02")), "invalid_signature_value").await;
}

#[tokio::test]
async fn an_unsigned_answer_is_refused() {
    let cut = |kind: String, body: Vec<u8>| {
        let text = String::from_utf8(body).expect("text");
        let (before, _) = text.split_once("content-type: signature").expect("a signature");
        let end = before.rfind("--").expect("a boundary");
        let boundary = before[end..].trim().to_owned();
        (kind, format!("{}{boundary}--\r\n", &before[..end]).into_bytes())
    };
    check_answer(cut, "missing_signature").await;
}

#[tokio::test]
async fn a_strange_answer_is_refused() {
    check_answer(|_, _| ("text/html".to_owned(), b"<html/>".to_vec()), "service_failed.invalid_content_type").await;
}

#[tokio::test]
async fn an_older_answer_is_not_taken_for_a_new_one() {
    let first: Mutex<Option<(String, Vec<u8>)>> = Mutex::default();
    let replay = move |kind, body| {
        let mut first = first.lock().expect("a lock");
        first.get_or_insert((kind, body)).clone()
    };
    check_answer(replay, "inconsistent_response").await;
}
