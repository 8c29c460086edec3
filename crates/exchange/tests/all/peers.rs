//! Peers of every age and number: older TLS, one-shot connections, several servers of one provider.

use crate::{
    asking::question,
    wire::{Forgery, stolen},
    world::World,
};
use base::dataservice::{DataServices, Wording};
use exchange::server::{ServerListeners, Settings};
use std::sync::atomic::Ordering;

const SECOND: &str = r#"
[[server]]
code = "spare"
owner = "AZ/GOV/2"
clients = ["AZ/GOV/2/book"]
"#;

#[tokio::test]
async fn of_several_servers_one_that_can_be_reached_is_asked() {
    for gone in ["keeper", "spare"] {
        let mut world = World::prepared_wide(SECOND, Settings::new).await;
        let mut listeners = world.listeners.take().expect("prepared");
        drop(listeners.take(gone));
        world.listeners = Some(listeners);
        world.start();
        for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2"), (Wording::Soap, "m-3")] {
            world.client.ask(question("page", wording, id)).await.expect("the other one answers");
        }
        assert_eq!(world.book.asked.load(Ordering::SeqCst), 3);
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_replaced_by_the_other() {
    let mut world = World::prepared_wide(SECOND, Settings::new).await;
    let mut listeners = world.listeners.take().expect("prepared");
    // The spare one alone can be reached at first, and is remembered as the fastest.
    drop(listeners.take("keeper").expect("the keeper's"));
    let spare = listeners.take("spare").expect("the spare one's");
    world.listeners = Some(listeners);
    world.start();
    let gone = host::http::Shutdown::new();
    let running = tokio::spawn(world.exchange.server("spare").expect("a server").clone().run(spare, gone.clone()));
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("the spare one answers");
    gone.trigger();
    running.await.expect("no panic").expect("ended");
    let bind = |which| tokio::net::TcpListener::bind(world.port("keeper", which));
    let keeper = ServerListeners {
        message: bind(0).await.expect("the port"),
        system: bind(1).await.expect("the port"),
        system_tls: bind(3).await.expect("the port"),
        ocsp: bind(2).await.expect("the port"),
    };
    tokio::spawn(world.exchange.server("keeper").expect("a server").clone().run(keeper, world.shutdown.clone()));
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("the keeper answers");
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 2);
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_peer_with_tls_1_2_and_one_connection_a_message_is_served() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let forgery = Forgery::of_logged(&world, "asker", "m-1").await;
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let encoded = forgery.encode();
        let request = http::Request::post(format!("https://{address}/"))
            .header("content-type", &encoded.content_type)
            .header("connection", "close")
            .header("x-proxy-version", "6.26.0")
            .header("x-hash-algorithm", "SHA-512")
            .body(bytes::Bytes::from(encoded.body))
            .expect("a request");
        let client = who.client_speaking(versions);
        let answer = client.send(request, 1_000_000, std::time::Duration::from_secs(10)).await.expect("answered");
        assert_eq!(
            (crate::wire::code_of(&answer).as_str(), &answer.headers()["connection"]),
            ("ok", &"close".parse().expect("a header"))
        );
    }
    world.shutdown.trigger();
}
