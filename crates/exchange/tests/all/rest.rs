//! REST messages as HTTP brings them: methods, headers, paths, bodies of any kind.

use crate::world::World;
use bytes::Bytes;
use exchange::{messagelog::Direction, server::Settings};
use formats::rest::{RequestHead, request_hash};
use std::time::Duration;

pub const ECHO: &str = r#"
[[service]]
provider = "AZ/GOV/2/book"
code = "echo"
clients = ["AZ/GOV/1/desk"]
"#;

pub async fn send(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<Bytes> {
    let mut builder = http::Request::builder()
        .method(method)
        .uri(format!("http://{}/r1/AZ/GOV/2/book/echo{path}", world.port("asker", 1)))
        .header("X-Road-Client", "AZ/GOV/1/desk");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(body.into()).expect("a request");
    host::http::Client::plain().send(request, 100_000_000, Duration::from_secs(60)).await.expect("answered")
}

#[tokio::test]
async fn every_method_path_and_body_comes_through() {
    let world = World::running_wide(ECHO, Settings::new).await;
    for method in ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"] {
        let body = if matches!(method, "HEAD" | "TRACE") { "" } else { "\u{0} opaque \u{fffd}" };
        let answer = send(&world, method, "/a%20b/c?x=1&y=%2F", &[("content-type", "application/x-own")], body).await;
        assert_eq!(answer.status(), 200, "{method}");
        assert_eq!(answer.headers()["x-seen"], format!("{method} /rest/echo/a%20b/c?x=1&y=%2F"));
        assert_eq!(answer.body().as_ref(), body.as_bytes(), "{method}");
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn headers_of_the_connection_are_dropped_and_others_kept_in_order() {
    let world = World::running_wide(ECHO, Settings::new).await;
    let headers = [
        ("x-one", "1"),
        ("te", "trailers"),
        ("user-agent", "own"),
        ("x-two", "a"),
        ("x-two", "b"),
        ("x-road-request-id", "forged"),
        ("x-road-request-hash", "forged"),
        ("x-road-id", "id-7"),
    ];
    let answer = send(&world, "POST", "", &headers, "body").await;
    let seen = world.book.headers.lock().expect("a lock")[0].clone();
    for dropped in ["te", "user-agent", "x-road-request-hash"] {
        assert!(!seen.contains_key(dropped), "{dropped}");
    }
    let all = |name: &str| -> Vec<String> {
        seen.get_all(name).iter().map(|value| value.to_str().expect("text").to_owned()).collect()
    };
    assert_eq!((all("x-one"), all("x-two")), (vec!["1".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(all("x-road-id"), ["id-7"]);
    assert!(all("x-road-request-id").len() == 1 && all("x-road-request-id") != ["forged"]);

    let many: Vec<_> = answer.headers().get_all("x-many").iter().collect();
    assert_eq!(many, ["one", "two"]);
    assert_eq!(
        (&answer.headers()["x-road-id"], &answer.headers()["x-road-client"]),
        (&"id-7".parse().expect("a header"), &"AZ/GOV/1/desk".parse().expect("a header"))
    );
    assert_eq!(answer.headers()["x-road-service"], "AZ/GOV/2/book/echo");

    let entry = crate::wire::logged(&world, "keeper", "id-7", Direction::Request).await;
    let head = RequestHead::decode(&entry.message).expect("a head");
    let names: Vec<&str> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Road-Client", "x-one", "x-two", "x-two", "X-Road-Id", "X-Road-Request-Id"]);
    assert_eq!(answer.headers()["x-road-request-hash"], request_hash(&entry.message, Some(b"body")));
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_message_without_an_id_gets_one_and_without_a_body_another_hash() {
    let world = World::running_wide(ECHO, Settings::new).await;
    let answer = send(&world, "GET", "", &[], "").await;
    let id = answer.headers()["x-road-id"].to_str().expect("text").to_owned();
    assert!(id.starts_with("AZ-") && id.len() > 30, "{id}");
    let entry = crate::wire::logged(&world, "keeper", &id, Direction::Request).await;
    assert!(entry.attachments.is_empty() && entry.chain.is_none());
    assert_eq!(answer.headers()["x-road-request-hash"], request_hash(&entry.message, None));
    world.shutdown.trigger();
}

#[tokio::test]
async fn paths_that_climb_and_unknown_services_are_refused() {
    let world = World::running_wide(ECHO, Settings::new).await;
    for (path, code) in [
        ("/a/../b", "client.invalid_message"),
        ("/%2e%2e/b", "client.invalid_message"),
        ("/a/%2E/b", "client.invalid_message"),
        ("x", "server.serverproxy.unknown_service"),
    ] {
        let answer = send(&world, "GET", path, &[], "").await;
        assert_eq!(answer.headers()["x-road-error"], code, "{path}");
        let error: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert_eq!(error["type"], code);
        assert_eq!(answer.status(), if code.starts_with("server.") { 500 } else { 400 });
    }
    let answer = send(&world, "GET", "x", &[("accept", "application/xml")], "").await;
    assert!(answer.body().starts_with(b"<error><type>server.serverproxy.unknown_service</type>"));
    assert_eq!(world.book.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    world.shutdown.trigger();
}

#[tokio::test]
async fn older_peers_get_codes_in_their_spelling() {
    let legacy = |folder| Settings { spelling: exchange::fault::Spelling::Legacy, ..Settings::new(folder) };
    let world = World::running_wide(ECHO, legacy).await;
    for (path, code, status) in
        [("x", "Server.ServerProxy.UnknownService", 500), ("/../b", "Client.InvalidMessage", 400)]
    {
        let answer = send(&world, "GET", path, &[], "").await;
        assert_eq!(
            (&answer.headers()["x-road-error"], answer.status().as_u16()),
            (&code.parse().expect("a header"), status)
        );
    }
    let request = http::Request::post(format!("http://{}/", world.port("asker", 1))).header("content-type", "text/xml");
    let request = request.body(Bytes::from_static(b"no XML")).expect("a request");
    let answer = host::http::Client::plain().send(request, 100_000, Duration::from_secs(10)).await.expect("answered");
    assert_eq!(crate::wire::code_of(&answer), "Client.InvalidSoap");
    world.shutdown.trigger();
}
