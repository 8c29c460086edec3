//! SOAP messages with attachments (SwA and MTOM): what arrives is what was sent, and a signature covers all of it.

use crate::{
    wire::{Forgery, code_of, stolen},
    world::World,
};
use axum::http::StatusCode;
use bytes::Bytes;
use exchange::server::Settings;
use formats::{
    hashchain::{Digest, data_chain},
    identifier::{ClientId, ServiceId},
    message::{Attachment, CHAIN_NAME, Covered, MESSAGE_NAME, Payload, attachment_name, sign},
    mime::{ContentType, read_all},
    soap::{self, Parsed, RequestHead},
};
use serde_json::json;
use std::time::Duration;

const KIND: &str = "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"=_first part\"";
const BOUNDARY: &str = "=_first part";

fn envelope() -> String {
    let client = ClientId::parse("AZ/GOV/1/desk").expect("a client");
    let service = ServiceId::parse("AZ/GOV/2/book/page/v1").expect("a service");
    let head = RequestHead { client: &client, service: &service, id: "m-1", user_id: None, issue: None, purpose: None };
    String::from_utf8(soap::request(&head, &json!({ "pin": "AYTEN01" }))).expect("text")
}

fn answer_envelope() -> String {
    let Ok(Parsed::Message(request)) = soap::read(envelope().into_bytes()) else { panic!("a message") };
    String::from_utf8(soap::respond(&request, &json!({ "pages": 3 }))).expect("text")
}

/// A multipart body as a client writes it.
pub fn related(boundary: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (headers, body) in parts {
        out.extend_from_slice(format!("--{boundary}\r\n{headers}\r\n\r\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

async fn ask(world: &World, kind: &str, body: Vec<u8>) -> http::Response<Bytes> {
    let request = http::Request::post(format!("http://{}/", world.port("asker", 1)))
        .header("content-type", kind)
        .header("soapaction", "\"urn:of the client\"")
        .body(Bytes::from(body))
        .expect("a request");
    host::http::Client::plain().send(request, 10_000_000, Duration::from_secs(20)).await.expect("answered")
}

fn answers(world: &World, kind: &'static str, body: Vec<u8>) {
    *world.book.answer.lock().expect("a lock") = Some((StatusCode::OK, kind, body));
}

const XML: &str = "Content-Type: text/xml; charset=UTF-8\r\nContent-ID: <root>";
const PICTURE: &str =
    "Content-Type: image/png\r\nContent-ID: <one>\r\nContent-Transfer-Encoding: binary\r\nX-Own: kept";
const TEXT: &str = "Content-ID: <two>\r\nContent-Type: text/plain";

#[tokio::test]
async fn attachments_travel_both_ways_as_they_came() {
    let world = World::running_wide("", Settings::new).await;
    let picture: Vec<u8> = (0..200_000_u32).map(|place| u8::try_from(place % 256).expect("a byte")).collect();
    let tricky = b"--xtop is no boundary\r\n--=_first part of nothing\r\n\r\n";
    let soap = envelope();
    let request = related(BOUNDARY, &[(XML, soap.as_bytes()), (PICTURE, &picture), (TEXT, tricky), (TEXT, b"")]);
    let own = "Multipart/Related; boundary=jetty7; type=\"application/xop+xml\"";
    let xop = "Content-Type: application/xop+xml; charset=UTF-8; type=\"text/xml\"";
    answers(&world, own, related("jetty7", &[(xop, answer_envelope().as_bytes()), (PICTURE, &picture)]));
    let answer = ask(&world, KIND, request.clone()).await;
    assert_eq!(answer.headers()["content-type"], own, "{}", code_of(&answer));

    assert!(world.book.bodies.lock().expect("a lock")[0] == request, "the service has what the client sent");
    let headers = world.book.headers.lock().expect("a lock")[0].clone();
    assert_eq!(
        (&headers["content-type"], &headers["soapaction"]),
        (&KIND.parse().expect("a header"), &"\"urn:of the client\"".parse().expect("a header"))
    );

    let boundary = ContentType::parse(own).and_then(|kind| kind.boundary().map(str::to_owned)).expect("a boundary");
    let body = answer.body();
    let parts = read_all(body, 0..body.len(), &boundary).expect("multipart");
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].header("content-type"), Some("application/xop+xml; charset=UTF-8; type=\"text/xml\""));
    let Ok(Parsed::Message(message)) = soap::read(body[parts[0].body.clone()].to_vec()) else { panic!("a message") };
    assert!(message.headers.request_hash.is_some() && message.fields() == json!({ "pages": 3 }));
    assert!(body[parts[1].body.clone()] == picture);
    assert_eq!((parts[1].header("x-own"), parts[1].header("content-id")), (Some("kept"), Some("<one>")));
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_multipart_message_without_attachments_stays_one() {
    let world = World::running_wide("", Settings::new).await;
    let request = related("b", &[(XML, envelope().as_bytes())]);
    answers(&world, "multipart/related; boundary=c", related("c", &[(XML, answer_envelope().as_bytes())]));
    let answer = ask(&world, "multipart/related; boundary=b", request.clone()).await;
    assert!(world.book.bodies.lock().expect("a lock")[0] == request);
    assert_eq!(answer.headers()["content-type"], "multipart/related; boundary=c");
    assert!(answer.body().starts_with(b"--c\r\nContent-Type: text/xml"));
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_mark_at_the_beginning_and_another_charset_are_handed_on() {
    let world = World::running_wide("", Settings::new).await;
    let marked = [&b"\xef\xbb\xbf"[..], envelope().as_bytes()].concat();
    let answer = ask(&world, "text/xml; charset=UTF-8", marked.clone()).await;
    assert_eq!(code_of(&answer), "ok");
    assert!(world.book.bodies.lock().expect("a lock")[0] == marked);

    let latin: Vec<u8> =
        envelope().replace("AYTEN01", "\u{c9}").chars().map(|c| u8::try_from(u32::from(c)).expect("latin")).collect();
    let kind = "text/xml; charset=ISO-8859-1";
    answers(&world, "text/xml; charset=ISO-8859-1", answer_envelope().into_bytes());
    let answer = ask(&world, kind, latin.clone()).await;
    assert_eq!(
        (code_of(&answer).as_str(), &answer.headers()["content-type"]),
        ("ok", &kind.parse().expect("a header"))
    );
    assert!(world.book.bodies.lock().expect("a lock")[1] == latin);
    assert_eq!(world.book.headers.lock().expect("a lock")[1]["content-type"], kind);
    world.shutdown.trigger();
}

#[tokio::test]
async fn bad_multipart_messages_get_their_codes() {
    let world = World::running_wide("", Settings::new).await;
    let soap = envelope();
    let kind = "multipart/related; boundary=b";
    let bare = "Content-ID: <one>";
    for (kind, body, code) in [
        (kind, related("b", &[(XML, soap.as_bytes()), (bare, b"x")]), "client.invalid_content_type"),
        (kind, related("b", &[("Content-Type: image/png", b"x")]), "client.invalid_content_type"),
        (kind, related("b", &[]), "client.missing_soap"),
        (kind, b"no parts".to_vec(), "client.missing_soap"),
        (kind, Vec::new(), "client.missing_soap"),
        (kind, b"--b\r\nno header".to_vec(), "client.mime_parsing_failed"),
        (kind, related("b", &[(XML, b"<a/>")]), "client.invalid_soap"),
        ("multipart/related", related("b", &[(XML, soap.as_bytes())]), "client.invalid_content_type"),
        ("blah", soap.clone().into_bytes(), "client.invalid_content_type"),
        ("", soap.clone().into_bytes(), "client.invalid_request"),
    ] {
        assert_eq!(code_of(&ask(&world, kind, body).await), code);
    }
    assert!(world.book.bodies.lock().expect("a lock").is_empty());
    let failed = "server.serverproxy.service_failed.";
    for (kind, body, code) in [
        (kind, related("b", &[(XML, answer_envelope().as_bytes()), (bare, b"x")]), "invalid_content_type"),
        (kind, related("b", &[("Content-Type: image/png", b"x")]), "invalid_content_type"),
        (kind, related("b", &[]), "invalid_message"),
        (kind, related("other", &[(XML, answer_envelope().as_bytes())]), "invalid_message"),
        (kind, Vec::new(), "invalid_message"),
        ("multipart/related", Vec::new(), "invalid_content_type"),
        ("text/xml", Vec::new(), "invalid_soap"),
        ("text/html", b"<html/>".to_vec(), "invalid_content_type"),
    ] {
        answers(&world, kind, body);
        let found = code_of(&ask(&world, "text/xml", soap.clone().into_bytes()).await);
        assert_eq!(found.strip_prefix(failed), Some(code), "{found}");
    }
    *world.book.answer.lock().expect("a lock") = Some((StatusCode::BAD_GATEWAY, "text/xml", Vec::new()));
    let found = code_of(&ask(&world, "text/xml", soap.into_bytes()).await);
    assert_eq!(found.strip_prefix(failed), Some("http_error"));
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_quoted_soap_action_or_none() {
    let world = World::running_wide("", Settings::new).await;
    for (action, code) in [("\"\"", "ok"), ("", "ok"), ("\"urn:x\"", "ok"), ("urn:x", "client.invalid_soap_action")] {
        let request = http::Request::post(format!("http://{}/", world.port("asker", 1)))
            .header("content-type", "text/xml")
            .header("soapaction", action)
            .body(Bytes::from(envelope()))
            .expect("a request");
        let answer =
            host::http::Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
        assert_eq!(code_of(&answer), code, "{action}");
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_service_s_fault_and_its_request_hash_are_the_field_s() {
    let world = World::running_wide("", Settings::new).await;
    let fault = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault><faultcode>soap:Server\
        </faultcode><faultstring>own</faultstring></e:Fault></e:Body></e:Envelope>";
    *world.book.answer.lock().expect("a lock") =
        Some((StatusCode::INTERNAL_SERVER_ERROR, "text/xml; charset=utf-8", fault.into()));
    assert_eq!(code_of(&ask(&world, "text/xml", envelope().into_bytes()).await), "soap:Server");
    // What a fault says in detail is between the service and its asker; codes without a prefix are SOAP's own.
    for code in ["soap:Client", "Server", "Client"] {
        let detail =
            "<detail><o:Wrong xmlns:o=\"urn:own\" o:line=\"3\"><o:Why>&lt;\u{18f}&gt;</o:Why></o:Wrong></detail>";
        let own = fault
            .replace("<e:Envelope ", "<e:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" ")
            .replace("soap:Server", code)
            .replace("</e:Fault>", &format!("{detail}</e:Fault>"));
        answers(&world, "text/xml; charset=utf-8", own.clone().into_bytes());
        let answer = ask(&world, "text/xml", envelope().into_bytes()).await;
        assert_eq!(String::from_utf8_lossy(answer.body()), own);
    }
    let wrong = "<xroad:requestHash algorithmId=\"urn:x\">AAAA</xroad:requestHash></SOAP-ENV:Header>";
    answers(&world, "text/xml", answer_envelope().replace("</SOAP-ENV:Header>", wrong).into_bytes());
    let answer = ask(&world, "text/xml", envelope().into_bytes()).await;
    let Ok(Parsed::Message(message)) = soap::read(answer.into_body()) else { panic!("a message") };
    assert_ne!(message.headers.request_hash.expect("a hash").value, "AAAA");
    answers(&world, "text/xml", answer_envelope().replace(">m-1<", ">m-2<").into_bytes());
    let found = code_of(&ask(&world, "text/xml", envelope().into_bytes()).await);
    assert_eq!(found, "server.clientproxy.service_failed.inconsistent_response");
    world.shutdown.trigger();
}

/// A request with two attachments, signed with the asker's stolen key.
async fn signed_with_attachments(world: &World, envelope: Vec<u8>) -> Forgery {
    let signer = stolen(world, "asker", "sign-GOV-1");
    let attachment = |body: &[u8]| Attachment {
        headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
        body: body.to_vec(),
    };
    let attachments = vec![attachment(b"first"), attachment(b"second")];
    let mut parts = vec![(MESSAGE_NAME.to_owned(), Digest::sha512(&envelope))];
    parts.extend((1..).zip(&attachments).map(|(number, part)| (attachment_name(number), Digest::sha512(&part.body))));
    let chain = data_chain(CHAIN_NAME, &parts);
    let covered = Covered::ChainResult(&chain.result);
    let signature =
        sign(covered, &signer.for_signing(world), &*signer.key, "2026-11-23T12:00:00Z".parse().expect("an instant"));
    Forgery {
        ocsp: vec![stolen(world, "asker", "auth").ocsp(world)],
        payload: Payload::Soap { content_type: "text/xml".into(), bytes: envelope },
        attachments,
        body: None,
        chain: Some(chain),
        signature: signature.expect("signed"),
        version: "7.8.0",
    }
}

#[tokio::test]
async fn attachments_are_covered_one_by_one_and_in_their_order() {
    let world = World::running_wide("", Settings::new).await;
    // What the server does at its start: configuration and OCSP responses.
    assert_eq!(code_of(&ask(&world, "text/xml", envelope().into_bytes()).await), "ok");
    let good = signed_with_attachments(&world, envelope().into_bytes()).await;
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    let check = async |forgery: &Forgery, code: &str| {
        let found = forgery.send(&who, &address).await.expect("an answer");
        assert_eq!(found.strip_prefix("server.serverproxy.").unwrap_or(&found), code);
    };
    check(&good, "ok").await;
    let changed = |change: fn(&mut Vec<Attachment>)| {
        let mut forgery = good.clone();
        change(&mut forgery.attachments);
        forgery
    };
    check(&changed(|list| list[1].body[0] ^= 1), "malformed_signature.invalid_hash_chain").await;
    check(&changed(|list| list.swap(0, 1)), "malformed_signature.invalid_hash_chain").await;
    check(&changed(|list| drop(list.pop())), "malformed_signature.invalid_reference").await;
    check(&changed(|list| list.push(list[0].clone())), "malformed_signature.hashchain_unused_inputs").await;
    check(&Forgery { chain: None, ..good.clone() }, "malformed_signature").await;
    let other = good.clone().with_bytes(|text| text.replace("AYTEN01", "AYTEN02"));
    check(&other, "malformed_signature.invalid_hash_chain").await;
    let asked = world.book.asked.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(asked, 2, "only what was good reached the service");
    world.shutdown.trigger();
}
