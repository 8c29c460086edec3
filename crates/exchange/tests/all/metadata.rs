//! Services about services: who is there, what is offered, what of it is allowed, and how it is described.

use crate::world::World;
use axum::{Router, extract::Path, response::IntoResponse};
use bytes::Bytes;
use exchange::messagelog::LogFilter;
use formats::{
    identifier::{ClientId, ServiceId},
    mime::{ContentType, read_all},
    soap::{self, HEADERS, Parsed, RequestHead},
};
use host::http::{Client, Shutdown};
use serde_json::{Value, json};
use std::time::Duration;

const OFFERS: &str = r#"
[[service]]
provider = "AZ/GOV/2/book"
code = "shelf"
types = ["rest"]
[[service.endpoint]]
method = "GET"
path = "/rows/*"
clients = ["AZ/GOV/1/desk"]
[[service.endpoint]]
method = "PUT"
path = "/rows/*"
[[service]]
provider = "AZ/GOV/2/book"
code = "letter"
types = ["soap"]
"#;

/// A SOAP question at the asker's port; content type and body of the answer.
pub async fn soap_at_desk(world: &World, message: Vec<u8>) -> (String, Bytes) {
    let request = http::Request::post(format!("http://{}", world.port("asker", 1)))
        .header("content-type", "text/xml; charset=UTF-8")
        .header("soapaction", "\"\"")
        .body(Bytes::from(message))
        .expect("a request");
    let answer = Client::plain().send(request, 10_000_000, Duration::from_secs(20)).await.expect("answered");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (kind, answer.into_body())
}

pub fn question_of(client: &str, service: &str, body: &str) -> Vec<u8> {
    let client = ClientId::parse(client).expect("a client");
    let service = ServiceId::parse(service).expect("a service");
    let head = RequestHead { client: &client, service: &service, id: "q-1", user_id: None, issue: None, purpose: None };
    soap::request_with(&head, body)
}

fn about(service: &str, inside: &str) -> Vec<u8> {
    let name = service.rsplit('/').next().expect("a code");
    let body = format!("<xroad:{name} xmlns:xroad=\"{HEADERS}\">{inside}</xroad:{name}>");
    question_of("AZ/GOV/1/desk", service, &body)
}

pub fn message(bytes: &[u8]) -> soap::Message {
    match soap::read(bytes.to_vec()) {
        Ok(Parsed::Message(message)) => *message,
        other => panic!("no message: {other:?}"),
    }
}

pub fn fault_code(bytes: &[u8]) -> String {
    match soap::read(bytes.to_vec()) {
        Ok(Parsed::Fault(fault)) => fault.code,
        other => panic!("no fault: {other:?}"),
    }
}

async fn codes_of(world: &World, service: &str) -> Vec<String> {
    let (kind, body) = soap_at_desk(world, about(service, "")).await;
    assert!(kind.starts_with("text/xml"), "{kind}");
    let message = message(&body);
    assert!(message.headers.request_hash.is_some());
    let services = message.body.children.iter();
    services.map(|known| formats::identifier::read_service(known).expect("a service").to_string()).collect()
}

async fn get(world: &World, path: &str, accept: Option<&str>) -> (u16, String, Bytes) {
    let mut request = http::Request::get(format!("http://{}{path}", world.port("asker", 1)));
    request = request.header("X-Road-Client", "AZ/GOV/1/desk");
    if let Some(accept) = accept {
        request = request.header("Accept", accept);
    }
    let request = request.body(Bytes::new()).expect("a request");
    let answer = Client::plain().send(request, 1_000_000, Duration::from_secs(20)).await.expect("answered");
    let told = answer.headers().get("x-road-error").or(answer.headers().get("content-type"));
    let told = told.map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default();
    (answer.status().as_u16(), told, answer.into_body())
}

#[tokio::test]
async fn soap_services_are_listed_to_soap_and_rest_services_to_rest() {
    let world = World::running_with(OFFERS, false).await;
    let all = codes_of(&world, "AZ/GOV/2/book/listMethods").await;
    let named = |codes: &[&str]| codes.iter().map(|code| format!("AZ/GOV/2/book/{code}")).collect::<Vec<_>>();
    assert_eq!(all, named(&["letter", "page/v1", "secret/v1", "shut/v1", "stuck/v1"]));
    let allowed = codes_of(&world, "AZ/GOV/2/book/allowedMethods").await;
    assert_eq!(allowed, named(&["page/v1", "shut/v1", "stuck/v1"]));
    let (status, kind, body) = get(&world, "/r1/AZ/GOV/2/book/allowedMethods", None).await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    let shelf = list["service"].as_array().expect("a list").iter().find(|known| known["service_code"] == "shelf");
    let shelf = shelf.expect("allowed");
    assert_eq!((&shelf["service_type"], &shelf["object_type"]), (&json!("REST"), &json!("SERVICE")));
    assert_eq!(shelf["endpoint_list"], json!([{ "method": "GET", "path": "/rows/*" }]));
    let (_, _, body) = get(&world, "/r1/AZ/GOV/2/book/listMethods", None).await;
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    let shelf = list["service"].as_array().expect("a list").iter().find(|known| known["service_code"] == "shelf");
    assert_eq!(shelf.expect("offered")["endpoint_list"].as_array().map(Vec::len), Some(2));
    assert!(!body.windows(6).any(|word| word == b"letter"), "a SOAP service is none of REST's");
    // By another method it is a service that nobody offers.
    let request = http::Request::post(format!("http://{}/r1/AZ/GOV/2/book/listMethods", world.port("asker", 1)))
        .header("X-Road-Client", "AZ/GOV/1/desk")
        .body(Bytes::new())
        .expect("a request");
    let answer = Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
    assert_eq!(answer.headers()["x-road-error"], "server.serverproxy.unknown_service");
    world.shutdown.trigger();
}

#[tokio::test]
async fn clients_are_listed_in_xml_or_json() {
    let world = World::running().await;
    let (_, kind, body) = get(&world, "/listClients", Some("text/html, application/json;q=0.5")).await;
    assert!(kind.starts_with("application/json"), "{kind}");
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    let lines = list["member"].as_array().expect("a list");
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[1]["id"]["subsystem_code"], "desk");
    assert_eq!((&lines[1]["name"], &lines[1]["subsystem_name"]), (&json!("Soruşan"), &json!("Masa")));
    let (_, kind, body) = get(&world, "/listClients?xRoadInstance=AZ", None).await;
    assert!(kind.starts_with("text/xml"), "{kind}");
    let root = formats::xml::read(&body).expect("well formed");
    assert!(root.is(HEADERS, "clientList"));
    let ids = root.children.iter().map(|member| {
        let id = member.child(HEADERS, "id").expect("an identifier");
        formats::identifier::read_client(id).expect("a client").to_string()
    });
    assert_eq!(
        ids.collect::<Vec<_>>(),
        ["AZ/GOV/1", "AZ/GOV/1/desk", "AZ/GOV/2", "AZ/GOV/2/book", "AZ/GOV/3", "AZ/GOV/3/none"]
    );
    assert_eq!(root.children[1].text_of(HEADERS, "subsystemName"), Some("Masa"));
    let (status, code, _) = get(&world, "/listClients?xRoadInstance=EE", Some("application/json")).await;
    assert_eq!((status, code.as_str()), (500, "server.clientproxy.unknown_member"));
    world.shutdown.trigger();
}

const WSDL: &str = "<w:definitions xmlns:w=\"http://schemas.xmlsoap.org/wsdl/\" \
    xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\"><w:service name=\"page\"><w:port><s:address \
    location=\"http://inner.gov.az:8080/soap\"/></w:port></w:service></w:definitions>";
const OPENAPI: &str = r#"{"openapi":"3.0.3","servers":[{"url":"http://inner.gov.az/rest/page"}],"paths":{}}"#;

/// An information system that describes `page` and nothing else.
async fn described(shutdown: &Shutdown) -> String {
    let of_page = |kind: &'static str, document: &'static str| {
        move |Path(service): Path<String>| async move {
            match service.as_str() {
                "page" => ([("content-type", kind)], document).into_response(),
                _ => axum::http::StatusCode::NOT_FOUND.into_response(),
            }
        }
    };
    let router = Router::new()
        .route("/wsdl/{service}", get_of(of_page("text/xml", WSDL)))
        .route("/openapi/{service}", get_of(of_page("application/json", OPENAPI)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(host::http::serve(listener, router, shutdown.clone()));
    address
}

fn get_of<H, T>(handler: H) -> axum::routing::MethodRouter
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    axum::routing::get(handler)
}

#[tokio::test]
async fn descriptions_hide_where_the_information_system_is() {
    let shutdown = Shutdown::new();
    let system = format!("\n[[system]]\nclient = \"AZ/GOV/2/book\"\naddress = \"{}\"\n", described(&shutdown).await);
    let world = World::running_with(&format!("{OFFERS}{system}"), false).await;
    let code = |code: &str| format!("<xroad:serviceCode>{code}</xroad:serviceCode>");
    let version = "<xroad:serviceVersion>v1</xroad:serviceVersion>";
    let wsdl = "AZ/GOV/2/book/getWsdl";
    let (kind, body) = soap_at_desk(&world, about(wsdl, &format!("{}{version}", code("page")))).await;
    let kind = ContentType::parse(&kind).expect("a content type");
    assert_eq!(kind.essence, "multipart/related");
    let parts = read_all(&body, 0..body.len(), kind.boundary().expect("a boundary")).expect("parts");
    assert_eq!(parts.len(), 2);
    let answer = message(&body[parts[0].body.clone()]);
    assert_eq!(answer.body.text_of(HEADERS, "serviceCode"), Some("page"));
    let document = String::from_utf8(body[parts[1].body.clone()].to_vec()).expect("text");
    assert_eq!(document, WSDL.replace("http://inner.gov.az:8080/soap", "http://example.org/xroad-endpoint"));
    for (inside, expected) in [
        (String::new(), "server.serverproxy.invalid_request"),
        (code("nothing"), "server.serverproxy.unknown_service"),
        (
            format!("{}<xroad:serviceVersion>v7</xroad:serviceVersion>", code("page")),
            "server.serverproxy.unknown_service",
        ),
        (code("shelf"), "server.serverproxy.service_type"),
        (code("letter"), "server.serverproxy.service_failed.http_error"),
    ] {
        let (_, body) = soap_at_desk(&world, about(wsdl, &inside)).await;
        assert_eq!(fault_code(&body), expected, "{inside}");
    }
    let (status, kind, body) = get(&world, "/r1/AZ/GOV/2/book/getOpenAPI?serviceCode=page", None).await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    let document: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(document["servers"][0]["url"], "/rest/page");
    for (query, expected) in [
        ("", "server.serverproxy.invalid_request"),
        ("?serviceCode=nothing", "server.serverproxy.unknown_service"),
        ("?serviceCode=shelf", "server.serverproxy.service_type"),
        ("?serviceCode=stuck", "server.serverproxy.service_failed.http_error"),
    ] {
        let (_, told, _) = get(&world, &format!("/r1/AZ/GOV/2/book/getOpenAPI{query}"), None).await;
        assert_eq!(told, expected, "{query}");
    }
    world.shutdown.trigger();
    shutdown.trigger();
}

/// The country in which the asker's server offers `GET /wsdl`, with more lines.
pub async fn offering_by_get(more: &str) -> World {
    let offer = "code = \"asker\"\nwsdl_by_get = true\n";
    World::running_as(&|file| format!("{}{more}", file.replace("code = \"asker\"\n", offer))).await
}

const BY_GET: &str =
    "/wsdl?xRoadInstance=AZ&memberClass=GOV&memberCode=2&subsystemCode=book&serviceCode=page&version=v1";

#[tokio::test]
async fn a_description_comes_by_get_where_a_server_offers_it() {
    let shutdown = Shutdown::new();
    let system = format!("\n[[system]]\nclient = \"AZ/GOV/2/book\"\naddress = \"{}\"\n", described(&shutdown).await);
    let world = offering_by_get(&system).await;
    let (status, kind, body) = get(&world, BY_GET, None).await;
    assert_eq!((status, kind.as_str()), (200, "text/xml"));
    let hidden = WSDL.replace("http://inner.gov.az:8080/soap", "http://example.org/xroad-endpoint");
    assert_eq!(body.as_ref(), hidden.as_bytes());
    // It is a message of the owner's like any other.
    for code in ["asker", "keeper"] {
        let log = world.exchange.server(code).expect("a server").log();
        let records = log.records(&LogFilter::default()).await.expect("read");
        let seen: Vec<(String, String)> =
            records.iter().map(|record| (record.entry.client.clone(), record.entry.service.clone())).collect();
        let expected = ("AZ/GOV/1".to_owned(), "AZ/GOV/2/book/getWsdl".to_owned());
        assert_eq!(seen, [expected.clone(), expected], "{code}");
    }
    for (from, to, expected) in [
        ("memberCode=2&", "", "server.clientproxy.invalid_request"),
        ("memberClass=GOV&memberCode=2&", "", "server.clientproxy.invalid_request"),
        ("serviceCode=page", "serviceCode=%20", "server.clientproxy.invalid_request"),
        ("memberCode=2", "memberCode=77", "server.clientproxy.unknown_member"),
        ("serviceCode=page", "serviceCode=nothing", "server.serverproxy.unknown_service"),
        ("version=v1", "version=v7", "server.serverproxy.unknown_service"),
        ("serviceCode=page", "serviceCode=stuck", "server.serverproxy.service_failed.http_error"),
    ] {
        let path = BY_GET.replace(from, to);
        assert_ne!(path, BY_GET);
        let (status, kind, body) = get(&world, &path, None).await;
        assert_eq!((status, fault_code(&body).as_str()), (200, expected), "{path}");
        assert!(kind.starts_with("text/xml"), "{kind}");
    }
    // A message may be posted to any path, to this one too.
    let request = http::Request::post(format!("http://{}/wsdl", world.port("asker", 1)))
        .header("content-type", "text/xml")
        .body(Bytes::from(about("AZ/GOV/2/book/listMethods", "")))
        .expect("a request");
    let answer = Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
    assert!(message(answer.body()).headers.request_hash.is_some());
    world.shutdown.trigger();
    shutdown.trigger();
}

#[tokio::test]
async fn a_description_by_get_is_the_owners_to_ask_for_and_off_unless_wanted() {
    let demand = "[[system]]\nclient = \"AZ/GOV/1\"\nauthentication = \"tls\"\n";
    let world = offering_by_get(demand).await;
    let (_, _, body) = get(&world, BY_GET, None).await;
    assert_eq!(fault_code(&body), "server.clientproxy.ssl_authentication_failed");
    world.shutdown.trigger();
    let world = World::running().await;
    let (_, _, body) = get(&world, BY_GET, None).await;
    assert_eq!(fault_code(&body), "client.invalid_http_method");
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_description_that_cannot_be_fetched_has_its_code() {
    let system = "\n[[system]]\nclient = \"AZ/GOV/2/book\"\naddress = \"http://not a name\"\n";
    let world = World::running_with(system, false).await;
    let (_, told, _) = get(&world, "/r1/AZ/GOV/2/book/getOpenAPI?serviceCode=page", None).await;
    assert_eq!(told, "server.serverproxy.service_malformed_url");
    world.shutdown.trigger();
}
