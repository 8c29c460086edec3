//! What the rules refuse, with its code, at the port of information systems and through the client.

use crate::{asking::question, world::World};
use axum::http::StatusCode;
use base::dataservice::{AskError, DataServices, Wording};
use bytes::Bytes;
use exchange::fault::Cause;
use formats::{
    identifier::{ClientId, ServiceId},
    soap::{self, RequestHead},
};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

async fn refused(world: &World, client: &str, service: &str, wording: Wording) -> String {
    let question = base::dataservice::Question {
        client: client.to_owned(),
        service: service.to_owned(),
        ..question("page", wording, "m-1")
    };
    match world.client.ask(question).await {
        Err(AskError::Refused { code, .. }) => code,
        Err(AskError::Unreachable(fault)) => fault.cause.split(": ").next().unwrap_or_default().to_owned(),
        Ok(answer) => panic!("{service} answered {answer:?}"),
    }
}

#[tokio::test]
async fn rights_and_services() {
    let world = World::running().await;
    let desk = "AZ/GOV/1/desk";
    for (service, code) in [
        ("AZ/GOV/2/book/secret/v1", "server.serverproxy.access_denied"),
        ("AZ/GOV/2/book/nothing/v1", "server.serverproxy.unknown_service"),
        ("AZ/GOV/2/book/shut/v1", "server.serverproxy.service_disabled"),
        ("AZ/GOV/1/desk/unplugged/v1", "server.serverproxy.service_missing_url"),
        ("AZ/GOV/3/none/page/v1", "server.clientproxy.unknown_member"),
        ("AZ/GOV/9/none/page/v1", "server.clientproxy.unknown_member"),
    ] {
        for wording in [Wording::Soap, Wording::Rest] {
            assert_eq!(refused(&world, desk, service, wording).await, code, "{service}");
        }
    }
    assert_eq!(
        refused(&world, "AZ/GOV/3/none", "AZ/GOV/2/book/page/v1", Wording::Soap).await,
        "exchange.unknown_client"
    );
    assert_eq!(refused(&world, "x", "AZ/GOV/2/book/page/v1", Wording::Soap).await, "exchange.bad_client");
    assert_eq!(refused(&world, desk, "x", Wording::Soap).await, "exchange.bad_service");
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 0);
    world.shutdown.trigger();
}

#[tokio::test]
async fn an_inquiry_over_ten_kilobytes_is_refused() {
    let world = World::running().await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
        for (size, refused) in [(5_000, false), (10_240, true), (3_000_000, true)] {
            let large = base::dataservice::Question {
                body: json!({ "pin": "A".repeat(size) }),
                ..question("page", wording, id)
            };
            let outcome = world.client.ask(large).await;
            match outcome {
                Err(AskError::Refused { code, .. }) => assert!(refused && code == "client.inquiry_too_large", "{code}"),
                other => assert!(other.is_ok() && !refused, "{other:?}"),
            }
        }
    }
    world.shutdown.trigger();
}

fn soap_request() -> String {
    let client = ClientId::parse("AZ/GOV/1/desk").expect("a client");
    let service = ServiceId::parse("AZ/GOV/2/book/page/v1").expect("a service");
    let head = RequestHead { client: &client, service: &service, id: "m-1", user_id: None, issue: None, purpose: None };
    String::from_utf8(soap::request(&head, &json!({ "pin": "A" }))).expect("text")
}

async fn post(world: &World, path: &str, headers: &[(&str, &str)], body: String) -> http::Response<Bytes> {
    send(world, http::Method::POST, path, headers, body).await
}

async fn send(
    world: &World,
    method: http::Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> http::Response<Bytes> {
    let mut builder = http::Request::builder().method(method).uri(format!("http://{}{path}", world.port("asker", 1)));
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(Bytes::from(body)).expect("a request");
    host::http::Client::plain().send(request, 1_000_000, Duration::from_secs(10)).await.expect("answered")
}

#[tokio::test]
async fn bad_soap_messages_get_their_codes_with_status_200() {
    let world = World::running().await;
    let good = soap_request();
    let fault =
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault/></e:Body></e:Envelope>";
    let empty = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"/>";
    let server = "<xroad:securityServer id:objectType=\"SERVER\"><id:xRoadInstance>AZ</id:xRoadInstance>\
        <id:memberClass>GOV</id:memberClass><id:memberCode>1</id:memberCode><id:serverCode>asker</id:serverCode>\
        </xroad:securityServer></SOAP-ENV:Header>";
    let cut = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        changed
    };
    let body_start = good.find("<SOAP-ENV:Body>").expect("a body");
    let no_body = format!("{}</SOAP-ENV:Envelope>", &good[..body_start]);
    for (kind, message, code) in [
        ("text/xml", "no XML".to_owned(), "client.invalid_soap"),
        ("text/plain", good.clone(), "client.invalid_content_type"),
        ("text/xml", fault.to_owned(), "client.missing_soap"),
        ("text/xml", empty.to_owned(), "client.missing_header"),
        ("text/xml", no_body, "client.missing_body"),
        (
            "text/xml",
            cut("</SOAP-ENV:Header>", "<xroad:id>2</xroad:id></SOAP-ENV:Header>"),
            "client.duplicate_header_field",
        ),
        ("text/xml", cut(">4.0<", ">3.1<"), "client.invalid_protocol_version"),
        ("text/xml", cut("<xroad:id>m-1</xroad:id>", ""), "client.missing_header_field"),
        ("text/xml", cut("\"SUBSYSTEM\"", "\"MEMBER\""), "client.invalid_client_identifier"),
        ("text/xml", cut("\"SUBSYSTEM\"", "\"HOUSE\""), "client.invalid_xml"),
        ("text/xml", cut("<SOAP-ENV:Body>", "<SOAP-ENV:Body><a/>"), "client.invalid_body"),
        ("text/xml", good.replace("ex:page", "ex:other"), "client.inconsistent_headers"),
        ("text/xml", cut(">desk<", ">chair<"), "server.clientproxy.unknown_member"),
        ("text/xml", cut("</SOAP-ENV:Header>", server), "server.clientproxy.invalid_security_server"),
    ] {
        let answer = post(&world, "/any/path", &[("content-type", kind)], message).await;
        assert_eq!((answer.status(), crate::wire::code_of(&answer).as_str()), (StatusCode::OK, code));
        assert_eq!(answer.headers()["content-type"], "text/xml; charset=UTF-8");
    }
    let answer = send(&world, http::Method::GET, "/", &[], String::new()).await;
    assert_eq!(crate::wire::code_of(&answer), "client.invalid_http_method");
    world.shutdown.trigger();
}

#[tokio::test]
async fn bad_rest_messages_get_their_codes_in_json() {
    let world = World::running().await;
    let client = ("X-Road-Client", "AZ/GOV/1/desk");
    for (path, headers, code) in [
        ("/r1/AZ/GOV/2/book/page", vec![], "client.missing_header_field"),
        ("/r1/AZ/GOV/2/book/page", vec![("X-Road-Client", "AZ/GOV")], "client.invalid_client_identifier"),
        ("/r1/AZ/GOV/2", vec![client], "client.invalid_message"),
        ("/r1/AZ/GOV/2/book/page/%2e%2e/x", vec![client], "client.invalid_message"),
        ("/r1/AZ/GOV/2/book/page", vec![client, ("X-Road-Security-Server", "x")], "client.invalid_message"),
        (
            "/r1/AZ/GOV/2/book/page",
            vec![client, ("X-Road-Security-Server", "AZ/GOV/1/asker")],
            "server.clientproxy.invalid_security_server",
        ),
    ] {
        let answer = post(&world, path, &headers, "{}".to_owned()).await;
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let status = if code.starts_with("server.") { 500 } else { 400 };
        assert_eq!((answer.status().as_u16(), body["type"].as_str()), (status, Some(code)));
        assert_eq!(answer.headers()["x-road-error"], code);
        assert!(body["detail"].as_str().is_some_and(|detail| detail.len() == 32));
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn strange_answers_of_an_information_system() {
    let world = World::running().await;
    let other = soap_request().replace("m-1", "m-2").replace("ex:page", "ex:pageResponse");
    let fault = soap::Fault {
        code: "register.unknown".into(),
        string: "nobody".into(),
        actor: None,
        detail: None,
        received: None,
    };
    for (kind, body, code) in [
        ("text/plain", b"x".to_vec(), "server.serverproxy.service_failed.invalid_content_type"),
        ("text/xml", b"x".to_vec(), "server.serverproxy.service_failed.invalid_soap"),
        ("text/xml", other.into_bytes(), "server.clientproxy.service_failed.inconsistent_response"),
        ("text/xml", vec![b' '; 70_000], "server.serverproxy.service_failed.network_error"),
        ("text/xml", fault.to_bytes(), "register.unknown"),
    ] {
        *world.book.answer.lock().expect("a lock") = Some((StatusCode::OK, kind, body));
        assert_eq!(refused(&world, "AZ/GOV/1/desk", "AZ/GOV/2/book/page/v1", Wording::Soap).await, code);
    }
    // What a REST service answers is its own business and travels signed.
    for (status, expected) in
        [(StatusCode::NOT_FOUND, "register.unknown"), (StatusCode::BAD_GATEWAY, "register.unknown")]
    {
        let body = json!({ "code": "register.unknown", "text": "nobody" }).to_string().into_bytes();
        *world.book.answer.lock().expect("a lock") = Some((status, "application/json", body));
        assert_eq!(refused(&world, "AZ/GOV/1/desk", "AZ/GOV/2/book/page/v1", Wording::Rest).await, expected);
    }
    world.shutdown.trigger();
}

#[test]
fn every_cause_is_produced_by_a_story() {
    let stories = [
        include_str!("attachments.rs"),
        include_str!("attacks.rs"),
        include_str!("failures.rs"),
        include_str!("refusals.rs"),
        include_str!("metadata.rs"),
        include_str!("monitoring.rs"),
        include_str!("rights.rs"),
    ];
    for cause in Cause::ALL {
        let produced = |story: &&str| {
            [".", "\""].iter().any(|before| {
                ["\"", "."].iter().any(|after| story.contains(&format!("{before}{}{after}", cause.wire())))
            })
        };
        assert!(stories.iter().any(produced), "{}", cause.wire());
    }
}
