//! Questions that are answered.

use crate::world::{World, id, page};
use base::dataservice::{DataServices, Question, Wording};
use exchange::{
    messagelog::{Direction, LogFilter},
    operator::OperatorView,
    opmonitor::{Side, TrafficFilter},
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

pub fn question(service: &str, wording: Wording, message_id: &str) -> Question {
    Question {
        client: "AZ/GOV/1/desk".to_owned(),
        service: format!("AZ/GOV/2/book/{service}/v1"),
        wording,
        body: json!({ "pin": "AYTEN01" }),
        user: Some("PIN:AYTEN01".to_owned()),
        case_reference: Some("1.1-2026-7".to_owned()),
        purpose: "unemployment-allowance".to_owned(),
        message_id: message_id.to_owned(),
    }
}

#[tokio::test]
async fn soap_and_rest_questions_are_answered_and_logged_on_both_sides() {
    for world in [World::running().await, World::running_on_postgres().await] {
        answered_and_logged(&world).await;
        world.shutdown.trigger();
    }
}

async fn answered_and_logged(world: &World) {
    for (wording, message) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2"), (Wording::Soap, "m-3")] {
        let answer = world.client.ask(question("page", wording, message)).await.expect("answered");
        assert_eq!((answer.body, answer.message_id.as_str()), (page(&json!("AYTEN01")), message));
    }
    for (code, side) in [("asker", Side::Client), ("keeper", Side::Producer)] {
        let log = world.exchange.server(code).expect("a server").log();
        for (message, wording) in [("m-1", "soap"), ("m-2", "rest")] {
            let filter = LogFilter { message_id: Some(message.to_owned()), ..LogFilter::default() };
            let records = log.records(&filter).await.expect("read");
            // The clock stands still here, so the order of the two is not told by their times.
            let seen = |direction| records.iter().filter(|record| record.entry.direction == direction).count();
            assert_eq!((seen(Direction::Request), seen(Direction::Response), records.len()), (1, 1, 2), "{code}");
            assert!(records.iter().all(|record| record.entry.wording == wording));
            assert!(records.iter().all(|record| record.entry.side == side && !record.entry.signature.is_empty()));
        }
    }
    let view = OperatorView::new(world.exchange.clone());
    let traffic = view.traffic(&TrafficFilter::default()).await.expect("read");
    assert_eq!(traffic.len(), 6);
    assert!(traffic.iter().all(|(_, record)| record.succeeded && record.client == "AZ/GOV/1/desk"));
    let used = view.service_use(&TrafficFilter::default()).await.expect("read");
    assert_eq!(used.iter().map(|used| (used.succeeded, used.failed)).collect::<Vec<_>>(), [(1, 0), (2, 0)]);
    let keeper = world.exchange.server("keeper").expect("a server");
    assert_eq!((keeper.stamp_now().await.expect("stamped"), keeper.stamp_now().await.expect("nothing left")), (6, 0));
}

#[tokio::test]
async fn user_case_and_purpose_travel_to_the_information_system() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Rest, "m-1")).await.expect("answered");
    let headers = world.book.headers.lock().expect("a lock")[0].clone();
    for (name, value) in [
        ("x-road-client", "AZ/GOV/1/desk"),
        ("x-road-id", "m-1"),
        ("x-road-userid", "PIN:AYTEN01"),
        ("x-road-issue", "1.1-2026-7"),
        ("pencere-purpose", "unemployment-allowance"),
    ] {
        assert_eq!(headers.get(name).and_then(|found| found.to_str().ok()), Some(value), "{name}");
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn metadata_needs_no_right() {
    let world = World::running().await;
    let http = host::http::Client::plain();
    let get = async |path: &str| -> Value {
        let request = http::Request::get(format!("http://{}{path}", world.port("asker", 1)))
            .header("X-Road-Client", "AZ/GOV/1/desk")
            .header("Accept", "application/json")
            .body(bytes::Bytes::new())
            .expect("a request");
        let answer = http.send(request, 100_000, std::time::Duration::from_secs(10)).await.expect("answered");
        serde_json::from_slice(answer.body()).expect("JSON")
    };
    let all = get("/r1/AZ/GOV/2/book/listMethods").await;
    let codes = |list: &Value| -> Vec<String> {
        let list = list["service"].as_array().expect("a list").iter();
        list.map(|service| service["service_code"].as_str().expect("a code").to_owned()).collect()
    };
    assert_eq!(codes(&all), ["page", "secret", "shut", "stuck"]);
    assert_eq!(codes(&get("/r1/AZ/GOV/2/book/allowedMethods").await), ["page", "shut", "stuck"]);
    let clients = get("/listClients").await;
    assert_eq!(clients["member"].as_array().map(Vec::len), Some(6));
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_second_start_finds_keys_certificates_and_log() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let again = world.again().await;
    for (code, server) in world.exchange.servers() {
        let resumed = again.server(code).expect("the same servers");
        let serials = |server: &exchange::server::SecurityServer| -> Vec<String> {
            server.certificates().iter().map(|(_, certificate)| certificate.serial_hex()).collect()
        };
        assert_eq!(serials(server), serials(resumed));
        let records = resumed.log().records(&LogFilter::default()).await.expect("read");
        assert_eq!(records.len(), 2, "{code}");
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn one_message_id_twice_is_logged_twice_and_answered_twice() {
    let world = World::running().await;
    for _ in 0..2 {
        world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    }
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 2);
    let log = world.exchange.server("keeper").expect("a server").log();
    assert_eq!(log.records(&LogFilter::default()).await.expect("read").len(), 4);
    world.shutdown.trigger();
}

#[tokio::test]
async fn the_operator_sees_members_servers_and_certificates() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let view = OperatorView::new(world.exchange.clone());
    let members = view.members(base::Lang::Az);
    assert_eq!((members[0].name.as_str(), members[0].subsystems[0].server.as_deref()), ("Soruşan", Some("asker")));
    assert_eq!(members[2].subsystems[0].server, None);
    let servers = view.servers().await.expect("read");
    assert_eq!(servers.iter().map(|server| server.certificates.len()).collect::<Vec<_>>(), [2, 2]);
    assert!(servers.iter().all(|server| server.configuration_until.is_some() && server.oldest_unstamped.is_some()));
    assert_eq!(servers[0].clients, [id("AZ/GOV/1/desk").to_string()]);
    world.shutdown.trigger();
}
