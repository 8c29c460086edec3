//! The register as an information system behind its security server: JSON and SOAP, statuses and codes.

use super::*;
use ::http::Request;
use axum::body::Body;
use formats::identifier::{ClientId, ServiceId};
use formats::soap::{Parsed, RequestHead};
use tower::ServiceExt;

async fn send(world: &World, request: Request<Body>) -> (u16, String) {
    let response = world.register.router().oneshot(request).await.expect("routers do not fail");
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

fn rest(service: &str, purpose: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/rest/{service}"))
        .header("x-road-client", "AZ/GOV/10002/employment")
        .header("x-road-id", "AZ-1")
        .header("x-road-userid", "PIN:AYTEN01")
        .header("x-road-issue", "1.1-2026-000001")
        .header("pencere-purpose", purpose)
        .body(body.into())
        .expect("a request")
}

#[tokio::test]
async fn json_in_and_json_out() {
    for world in worlds("insurance").await {
        let body = r#"{"pin":"AYTEN01"}"#;
        let (status, text) = send(&world, rest("pensionStatus", "unemployment-allowance", body)).await;
        assert_eq!((status, text.as_str()), (200, r#"{"pin":"AYTEN01","receivesPension":false}"#));
        let log = world.log("AYTEN01").await;
        assert_eq!(log[0]["messageId"], "AZ-1");
        assert_eq!(log[0]["caseReference"], "1.1-2026-000001");
    }
}

#[tokio::test]
async fn refusals_have_their_status_and_a_stable_code() {
    let world = worlds("insurance").await.remove(0);
    let large = format!("{{\"pin\":\"{}\"}}", "A".repeat(crate::http::BODY_BYTES_MAX));
    for (service, purpose, body, status, code) in [
        ("pensionStatus", "unemployment-allowance", "{".to_owned(), 400, "registers.malformed_body"),
        ("pensionStatus", "unemployment-allowance", "[1]".to_owned(), 400, "registers.malformed_body"),
        ("pensionStatus", "unemployment-allowance", r#"{"pin":"AYTENO1"}"#.to_owned(), 422, "registers.bad_pin"),
        ("pensionStatus", "own-data", r#"{"pin":"AYTEN01"}"#.to_owned(), 403, "registers.purpose_not_allowed"),
        ("pensions", "unemployment-allowance", "{}".to_owned(), 404, "registers.unknown_service"),
        ("pensionStatus", "unemployment-allowance", large, 413, "registers.body_too_large"),
    ] {
        let (found, text) = send(&world, rest(service, purpose, body)).await;
        let error: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!((found, &error["type"]), (status, &json!(code)));
        assert!(error["message"].is_string());
    }
    let get = Request::get("/rest/pensionStatus").body(Body::empty()).expect("a request");
    assert_eq!(send(&world, get).await.0, 405);
}

fn soap(service: &str, purpose: Option<&str>, fields: &Json) -> Request<Body> {
    let service = ServiceId::parse(&format!("AZ/GOV/10005/insurance/{service}/v1")).expect("a service");
    let head = RequestHead {
        client: &ClientId::parse("AZ/GOV/10002/employment").expect("a client"),
        service: &service,
        id: "AZ-2",
        user_id: Some("PIN:AYTEN01"),
        issue: Some("1.1-2026-000001"),
        purpose,
    };
    Request::post("/soap").body(formats::soap::request(&head, fields).into()).expect("a request")
}

fn parsed(text: String) -> Parsed {
    formats::soap::read(text.into_bytes()).expect("an envelope")
}

#[tokio::test]
async fn soap_in_and_soap_out() {
    for world in worlds("insurance").await {
        let asked = soap("salaries", Some("unemployment-allowance"), &json!({ "pin": "AYTEN01", "months": 2 }));
        let (status, text) = send(&world, asked).await;
        assert_eq!(status, 200);
        let Parsed::Message(answer) = parsed(text) else { panic!("a fault") };
        assert_eq!(answer.body.name, "salariesResponse");
        assert_eq!(answer.headers.id, "AZ-2");
        let fields = answer.fields();
        assert_eq!(fields["rows"].as_array().map(Vec::len), Some(2));
        assert_eq!(fields["rows"][1]["month"], "2026-10");
        assert_eq!(fields["rows"][1]["qepik"], 112_000);
        assert_eq!(world.log("AYTEN01").await[0]["purpose"], "unemployment-allowance");
    }
}

#[tokio::test]
async fn soap_faults_carry_the_same_codes() {
    let world = worlds("insurance").await.remove(0);
    let pin = json!({ "pin": "AYTEN01" });
    for (asked, code) in [
        (soap("pensionStatus", None, &pin), "Client.registers.missing_purpose"),
        (soap("pensionStatus", Some("own-data"), &pin), "Client.registers.purpose_not_allowed"),
        (soap("pensions", Some("unemployment-allowance"), &pin), "Client.registers.unknown_service"),
        (soap("pensionStatus", Some("unemployment-allowance"), &json!({ "pin": "1" })), "Client.registers.bad_pin"),
        (Request::post("/soap").body("<a/>".into()).expect("a request"), "Client.registers.malformed_body"),
    ] {
        let (status, text) = send(&world, asked).await;
        let Parsed::Fault(fault) = parsed(text) else { panic!("no fault for {code}") };
        assert_eq!((status, fault.code.as_str()), (200, code));
    }
}

#[tokio::test]
async fn a_fault_is_a_number_and_no_data() {
    for world in worlds("insurance").await {
        world.store.close().await;
        let body = r#"{"pin":"AYTEN01"}"#;
        let (status, text) = send(&world, rest("pensionStatus", "unemployment-allowance", body)).await;
        assert_eq!(status, 500);
        let error: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!(error["type"], "registers.failed");
        assert_eq!(error["detail"].as_str().map(str::len), Some(16));
        assert!(!text.contains("AYTEN01"));
    }
}

/// What a description says, an answer has: the same names, and nothing of the register beside.
#[tokio::test]
async fn every_service_is_described_for_both_protocols() {
    const XS: &str = "http://www.w3.org/2001/XMLSchema";
    for code in ["iamas", "avis", "insurance", "permits"] {
        let world = empty(code).await.remove(0);
        for service in &world.register.schema().services {
            let get = |path: &str| Request::get(format!("/{path}/{}", service.code)).body(Body::empty());
            let (status, text) = send(&world, get("wsdl").expect("a request")).await;
            assert_eq!(status, 200);
            let wsdl = formats::xml::read(text.as_bytes()).expect("well formed");
            let types = wsdl.children.iter().find(|child| child.name == "types").expect("types");
            let own = types
                .children
                .iter()
                .find(|schema| schema.attribute("", "targetNamespace") == Some(formats::soap::EXCHANGE));
            let elements: Vec<&str> = own
                .expect("a schema")
                .children_named(XS, "element")
                .filter_map(|known| known.attribute("", "name"))
                .collect();
            assert_eq!(elements, [service.code.clone(), format!("{}Response", service.code), "purpose".to_owned()]);
            // Whoever reads it needs no other file.
            assert!(!text.contains("schemaLocation") && text.contains("XRoadServiceIdentifierType"), "{text}");
            for input in &service.input {
                assert!(text.contains(&format!("name=\"{}\"", input.code)), "{} {}", service.code, input.code);
            }
            let (status, text) = send(&world, get("openapi").expect("a request")).await;
            let document: Json = serde_json::from_str(&text).expect("JSON");
            assert_eq!((status, &document["openapi"]), (200, &json!("3.0.3")));
            let post = &document["paths"]["/"]["post"];
            let asked = &post["requestBody"]["content"]["application/json"]["schema"]["properties"];
            assert!(service.input.iter().all(|input| asked.get(&input.code).is_some()), "{}", service.code);
            let answer = &post["responses"]["200"]["content"]["application/json"]["schema"];
            let properties = &answer["properties"];
            let rows = matches!(service.kind, crate::schema::ServiceKind::Rows { .. });
            let fields = if rows { &properties["rows"]["items"]["properties"] } else { properties };
            for output in service.outputs() {
                assert!(fields.get(&output.code).is_some(), "{} {}", service.code, output.code);
            }
        }
        let unknown = Request::get("/wsdl/nothing").body(Body::empty()).expect("a request");
        assert_eq!(send(&world, unknown).await.0, 404);
    }
}
