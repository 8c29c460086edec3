//! The monitoring services: operational data and who may see what of it, health data, environment data, and the plain
//! health check.

use crate::{
    asking::question,
    metadata::{fault_code, message, question_of, soap_at_desk},
    world::World,
};
use base::dataservice::{DataServices, Wording};
use bytes::Bytes;
use exchange::opmonitor::OUTPUT_FIELDS;
use formats::mime::{ContentType, read_all};
use host::http::Client;
use serde_json::Value;
use std::{io::Read as _, sync::atomic::Ordering, time::Duration};

const OM: &str = "http://x-road.eu/xsd/op-monitoring.xsd";
const KEEPERS: &str = "AZ/GOV/2/getSecurityServerOperationalData";

fn criteria(from: i64, to: i64, rest: &str) -> String {
    format!(
        "<om:searchCriteria><om:recordsFrom>{from}</om:recordsFrom><om:recordsTo>{to}</om:recordsTo>{rest}\
         </om:searchCriteria>"
    )
}

fn asked(name: &str, inside: &str) -> String {
    format!("<om:{name} xmlns:om=\"{OM}\" xmlns:id=\"http://x-road.eu/xsd/identifiers\">{inside}</om:{name}>")
}

/// A question with the header field `securityServer`.
fn at_server(message: Vec<u8>, member: &str, server: &str) -> Vec<u8> {
    let field = format!(
        "<xroad:securityServer id:objectType=\"SERVER\"><id:xRoadInstance>AZ</id:xRoadInstance><id:memberClass>GOV\
         </id:memberClass><id:memberCode>{member}</id:memberCode><id:serverCode>{server}</id:serverCode>\
         </xroad:securityServer></SOAP-ENV:Header>"
    );
    String::from_utf8(message).expect("text").replace("</SOAP-ENV:Header>", &field).into_bytes()
}

/// The records of an answer, their stated count, and from when to ask on.
fn records(kind: &str, body: &Bytes) -> (Vec<Value>, usize, Option<i64>) {
    let kind = ContentType::parse(kind).expect("a content type");
    assert_eq!(kind.essence, "multipart/related", "{}", String::from_utf8_lossy(body));
    let parts = read_all(body, 0..body.len(), kind.boundary().expect("a boundary")).expect("parts");
    assert_eq!(parts.len(), 2);
    let answer = message(&body[parts[0].body.clone()]);
    assert_eq!(answer.body.text_of(OM, "records"), Some("cid:operational-monitoring-data.json.gz"));
    let header = |name: &str| {
        let found = parts[1].headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(header("content-type"), "application/gzip");
    assert_eq!(header("content-id"), "<operational-monitoring-data.json.gz>");
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&body[parts[1].body.clone()]);
    decoder.read_to_string(&mut text).expect("gzip");
    let payload: Value = serde_json::from_str(&text).expect("JSON");
    let number = |name: &str| answer.body.text_of(OM, name).map(|text| text.parse::<i64>().expect("a number"));
    let count = usize::try_from(number("recordsCount").expect("a count")).expect("small");
    (payload["records"].as_array().expect("a list").clone(), count, number("nextRecordsFrom"))
}

/// A minute later everything that was exchanged is available.
async fn settled(world: &World) -> i64 {
    for (_, server) in world.exchange.servers() {
        server.store_traffic().await.expect("stored");
    }
    let stored = base::Clock::now(&*world.clock).as_second();
    world.clock.advance_s(61);
    stored
}

#[tokio::test]
async fn operational_data_has_the_fields_of_the_protocol() {
    for postgres in [false, true] {
        let world = World::running_with("", postgres).await;
        world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
        world.client.ask(question("page", Wording::Rest, "m-2")).await.expect("answered");
        assert!(world.client.ask(question("secret", Wording::Soap, "m-3")).await.is_err());
        let at = settled(&world).await;
        let body = asked("getSecurityServerOperationalData", &criteria(at, at, ""));
        let (kind, answer) = soap_at_desk(&world, question_of("AZ/GOV/1/desk", KEEPERS, &body)).await;
        let (records, count, next) = records(&kind, &answer);
        assert_eq!((records.len(), count, next), (3, 3, None));
        let of = |id: &str| records.iter().find(|record| record["messageId"] == id).expect("recorded");
        for record in &records {
            let fields = record.as_object().expect("an object");
            assert!(fields.keys().all(|name| OUTPUT_FIELDS.contains(&name.as_str())), "{fields:?}");
            assert!(!fields.contains_key("securityServerInternalIp"));
            assert_eq!(
                (&record["securityServerType"], &record["clientSubsystemCode"]),
                (&"Producer".into(), &"desk".into())
            );
            assert_eq!(record["monitoringDataTs"], at);
        }
        let soap = of("m-1");
        assert_eq!(
            (&soap["serviceCode"], &soap["serviceVersion"], &soap["succeeded"]),
            (&"page".into(), &"v1".into(), &true.into())
        );
        assert_eq!((&soap["serviceType"], &soap["requestAttachmentCount"]), (&"WSDL".into(), &0.into()));
        for time in ["requestInTs", "requestOutTs", "responseInTs", "responseOutTs", "requestSize", "responseSize"] {
            assert!(soap[time].as_i64().is_some_and(|value| value > 0), "{time}");
        }
        assert_ne!(soap["clientSecurityServerAddress"], soap["serviceSecurityServerAddress"]);
        let rest = of("m-2");
        assert_eq!(
            (&rest["restMethod"], &rest["statusCode"], &rest["serviceType"]),
            (&"POST".into(), &200.into(), &"REST".into())
        );
        let refused = of("m-3");
        assert_eq!(
            (&refused["succeeded"], &refused["faultCode"]),
            (&false.into(), &"server.serverproxy.access_denied".into())
        );
        assert!(refused["faultString"].as_str().is_some_and(|text| text.contains("no right")));
        assert!(refused.get("requestOutTs").is_none());
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn everybody_sees_its_own_traffic_and_the_owner_all_of_it() {
    let world = World::running_with("", false).await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let at = settled(&world).await;
    let spec = "<om:outputSpec><om:outputField>messageId</om:outputField>\
        <om:outputField>securityServerInternalIp</om:outputField></om:outputSpec>";
    let body = asked("getSecurityServerOperationalData", &format!("{}{spec}", criteria(at, at, "")));
    let own = "AZ/GOV/1/getSecurityServerOperationalData";
    let ask = async |client: &str, named: bool| {
        let message = question_of(client, own, &body);
        let message = if named { at_server(message, "1", "asker") } else { message };
        let (kind, answer) = soap_at_desk(&world, message).await;
        records(&kind, &answer)
    };
    let (seen, _, _) = ask("AZ/GOV/1/desk", true).await;
    assert_eq!(seen, [serde_json::json!({ "messageId": "m-1" })]);
    // The member is another client than its subsystem; as owner it must name its server.
    assert_eq!(ask("AZ/GOV/1", false).await.1, 0);
    let (seen, count, _) = ask("AZ/GOV/1", true).await;
    assert_eq!((count, &seen[0]["messageId"]), (1, &"m-1".into()));
    assert!(seen[0]["securityServerInternalIp"].is_string());
    world.shutdown.trigger();
    // The central monitoring client sees all of every server.
    let limits = "time_stamping_interval_s = 60";
    let world =
        World::running_as(&|text| text.replacen(limits, &format!("{limits}\nmonitoring_client = \"AZ/GOV/1\""), 1))
            .await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let at = settled(&world).await;
    let body = asked("getSecurityServerOperationalData", &criteria(at, at, ""));
    let (kind, answer) = soap_at_desk(&world, question_of("AZ/GOV/1", KEEPERS, &body)).await;
    assert_eq!(records(&kind, &answer).1, 1);
    world.shutdown.trigger();
}

#[tokio::test]
async fn bad_monitoring_requests_are_refused() {
    let world = World::running_with("", false).await;
    let now = base::Clock::now(&*world.clock).as_second();
    let subsystem = "<om:client id:objectType=\"SUBSYSTEM\"><id:xRoadInstance>AZ</id:xRoadInstance><id:memberClass>GOV\
        </id:memberClass><id:memberCode>2</id:memberCode></om:client>";
    for inside in [
        String::new(),
        "<om:searchCriteria/>".to_owned(),
        "<om:searchCriteria><om:recordsFrom>1</om:recordsFrom></om:searchCriteria>".to_owned(),
        criteria(2, 1, ""),
        criteria(now, now, ""),
        criteria(1, 2, subsystem),
        format!("{}<om:outputSpec><om:outputField>x</om:outputField></om:outputSpec>", criteria(1, 2, "")),
    ] {
        let body = asked("getSecurityServerOperationalData", &inside);
        let (_, answer) = soap_at_desk(&world, question_of("AZ/GOV/1/desk", KEEPERS, &body)).await;
        assert_eq!(fault_code(&answer), "client.invalid_request", "{inside}");
    }
    let body = asked("getSecurityServerHealthData", &format!("<om:filterCriteria>{subsystem}</om:filterCriteria>"));
    let (_, answer) =
        soap_at_desk(&world, question_of("AZ/GOV/1/desk", "AZ/GOV/2/getSecurityServerHealthData", &body)).await;
    assert_eq!(fault_code(&answer), "client.invalid_request");
    // The future is shifted to what is there, and the answer says from when to ask on.
    let body = asked("getSecurityServerOperationalData", &criteria(1, now + 1000, ""));
    let (kind, answer) = soap_at_desk(&world, question_of("AZ/GOV/1/desk", KEEPERS, &body)).await;
    assert_eq!(records(&kind, &answer).2, Some(now - 60));
    world.shutdown.trigger();
}

#[tokio::test]
async fn health_data_counts_what_was_answered() {
    let world = World::running_with("", false).await;
    for id in ["m-1", "m-2"] {
        world.client.ask(question("page", Wording::Soap, id)).await.expect("answered");
    }
    assert!(world.client.ask(question("secret", Wording::Soap, "m-3")).await.is_err());
    let service = "AZ/GOV/2/getSecurityServerHealthData";
    let filter = |member: &str| {
        format!(
            "<om:filterCriteria><om:client id:objectType=\"SUBSYSTEM\"><id:xRoadInstance>AZ</id:xRoadInstance>\
             <id:memberClass>GOV</id:memberClass><id:memberCode>{member}</id:memberCode><id:subsystemCode>book\
             </id:subsystemCode></om:client></om:filterCriteria>"
        )
    };
    let ask = async |inside: &str| {
        let body = asked("getSecurityServerHealthData", inside);
        let (kind, answer) = soap_at_desk(&world, question_of("AZ/GOV/1/desk", service, &body)).await;
        assert!(kind.starts_with("text/xml"), "{kind}");
        message(&answer)
    };
    let answer = ask(&filter("2")).await;
    assert_eq!(answer.body.text_of(OM, "statisticsPeriodSeconds"), Some("600"));
    let events = answer.body.child(OM, "servicesEvents").expect("events");
    let of = |code: &str| {
        let known = events.children.iter().find(|known| {
            let id = formats::identifier::read_service(known.child(OM, "service").expect("named")).expect("a service");
            id.code == code
        });
        let statistics = known.expect("known").child(OM, "lastPeriodStatistics").expect("statistics").clone();
        ["successfulRequestCount", "unsuccessfulRequestCount"]
            .map(|name| statistics.text_of(OM, name).expect("a number").to_owned())
    };
    assert_eq!((of("page"), of("secret")), (["2", "0"].map(str::to_owned), ["0", "1"].map(str::to_owned)));
    let none = ask(&filter("9")).await;
    assert!(none.body.child(OM, "servicesEvents").expect("events").children.is_empty());
    assert!(ask("<om:filterCriteria/>").await.body.child(OM, "servicesEvents").expect("events").children.len() >= 2);
    world.shutdown.trigger();
}

#[tokio::test]
async fn environment_data_is_the_owners() {
    let world = World::running_with("", false).await;
    let body = |inside: &str| {
        format!(
            "<m:getSecurityServerMetrics xmlns:m=\"http://x-road.eu/xsd/monitoring\">{inside}</m:getSecurityServerMetrics>"
        )
    };
    let service = "AZ/GOV/1/getSecurityServerMetrics";
    let owner = |inside: &str| question_of("AZ/GOV/1", service, &body(inside));
    let (_, answer) = soap_at_desk(&world, at_server(owner(""), "1", "asker")).await;
    let text = String::from_utf8(answer.to_vec()).expect("text");
    for word in ["SERVER:AZ/GOV/1/asker", "proxyVersion", "TotalPhysicalMemory", "Certificates", "notAfter"] {
        assert!(text.contains(word), "{word}");
    }
    let wanted = "<m:outputSpec><m:outputField>OperatingSystem</m:outputField></m:outputSpec>";
    let (_, answer) = soap_at_desk(&world, at_server(owner(wanted), "1", "asker")).await;
    let text = String::from_utf8(answer.to_vec()).expect("text");
    assert!(text.contains("OperatingSystem") && !text.contains("TotalPhysicalMemory"));
    let (_, answer) = soap_at_desk(&world, owner("")).await;
    assert_eq!(fault_code(&answer), "server.serverproxy.missing_header_field");
    let (_, answer) = soap_at_desk(&world, at_server(owner("<m:other/>"), "1", "asker")).await;
    assert_eq!(fault_code(&answer), "client.invalid_request");
    let desk = question_of("AZ/GOV/1/desk", service, &body(""));
    let (_, answer) = soap_at_desk(&world, at_server(desk, "1", "asker")).await;
    assert_eq!(fault_code(&answer), "server.serverproxy.access_denied");
    world.shutdown.trigger();
}

async fn plain(world: &World, path: &str) -> (u16, String) {
    let request = http::Request::get(format!("http://{}{path}", world.port("asker", 1))).body(Bytes::new());
    let answer = Client::plain().send(request.expect("a request"), 100_000, Duration::from_secs(20)).await;
    let answer = answer.expect("answered");
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).expect("text"))
}

#[tokio::test]
async fn the_health_check_says_what_is_wrong() {
    let world = World::running_with("", false).await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    assert_eq!(plain(&world, "/health").await, (200, "ok\n".to_owned()));
    let (status, numbers) = plain(&world, "/metrics").await;
    assert_eq!(status, 200);
    assert!(numbers.contains("\nexchange_requests_answered_total 1\n"), "{numbers}");
    world.authority.ocsp_down.store(true, Ordering::SeqCst);
    world.clock.advance_s(2 * 3600);
    let (status, text) = plain(&world, "/health").await;
    assert_eq!((status, text.as_str()), (500, "global configuration: server.serverproxy.global_conf_outdated\n"));
    world.exchange.central().publish().await.expect("signed");
    let (status, text) = plain(&world, "/health").await;
    assert_eq!(status, 500);
    assert!(text.contains("authentication certificate: server.serverproxy.cannot_create_signature"), "{text}");
    let asker = world.exchange.server("asker").expect("a server");
    asker.store().close().await;
    let (status, text) = plain(&world, "/health").await;
    assert_eq!(status, 500);
    assert!(text.contains("store: it does not answer"), "{text}");
    world.shutdown.trigger();
}
