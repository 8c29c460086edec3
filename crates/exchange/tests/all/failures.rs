//! The world failing: every failure stops the exchange with its own code, and nothing that was logged is lost.

use crate::{asking::question, wire::stolen, world::World};
use base::dataservice::{AskError, DataServices, Wording};
use bytes::Bytes;
use exchange::{
    central::{Central, CentralParts, KeyStore, Seed},
    configuration::ConfigurationSource,
    messagelog::{LogFilter, LogParts, LogPolicy, MessageLog},
    opmonitor::TrafficFilter,
    server::{AuthenticationIdentity, Rights, SecurityServer, ServerListeners, ServerParts, SigningIdentity},
};
use formats::globalconf::SharedParameters;
use host::store::{Location, Store};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::net::TcpListener;

/// Asks and returns the code; a failure must be one after which asking again may help.
async fn unreachable(world: &World, service: &str, wording: Wording) -> String {
    match world.client.ask(question(service, wording, "m-9")).await {
        Err(AskError::Unreachable(fault)) => fault.cause,
        other => panic!("not unreachable: {other:?}"),
    }
}

async fn check(world: &World, code: &str) {
    for wording in [Wording::Soap, Wording::Rest] {
        let cause = unreachable(world, "page", wording).await;
        assert!(cause.starts_with(code), "{cause} is not {code}");
    }
}

#[tokio::test]
async fn an_expired_configuration_stops_messaging_until_it_is_renewed() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    world.clock.advance_s(601);
    check(&world, "server.clientproxy.global_conf_outdated").await;
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 1);
    world.exchange.central().publish().await.expect("signed");
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("answered again");
    world.shutdown.trigger();
}

#[tokio::test]
async fn without_fresh_ocsp_responses_nothing_is_signed() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    world.authority.ocsp_down.store(true, Ordering::SeqCst);
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("what is fresh serves on");
    world.clock.advance_s(3_700);
    world.exchange.central().publish().await.expect("signed");
    check(&world, "server.clientproxy.cannot_create_signature").await;
    world.authority.ocsp_down.store(false, Ordering::SeqCst);
    world.client.ask(question("page", Wording::Soap, "m-3")).await.expect("answered again");
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_revoked_signing_certificate_signs_no_more() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    world.authority.revoke(&stolen(&world, "asker", "sign-GOV-1").certificate);
    world.clock.advance_s(3_700);
    world.exchange.central().publish().await.expect("signed");
    match world.client.ask(question("page", Wording::Soap, "m-2")).await {
        Err(AskError::Refused { code, .. }) => assert_eq!(code, "server.clientproxy.cert_validation"),
        other => panic!("{other:?}"),
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn messaging_stops_when_the_log_waits_too_long_for_its_time_stamps() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    world.authority.tsa_down.store(true, Ordering::SeqCst);
    let asker = world.exchange.server("asker").expect("a server");
    asker.stamp_now().await.expect_err("no authority answers");
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("it may wait a while");
    world.clock.advance_s(14_401);
    world.exchange.central().publish().await.expect("signed");
    check(&world, "server.clientproxy.logging_failed.timestamping_failed").await;
    world.authority.tsa_down.store(false, Ordering::SeqCst);
    assert_eq!(asker.stamp_now().await.expect("stamped"), 4);
    world.client.ask(question("page", Wording::Soap, "m-3")).await.expect("answered again");
    world.shutdown.trigger();
}

#[tokio::test]
async fn what_cannot_be_logged_is_not_sent() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    // A disk that takes no new file: the log cannot begin its next segment.
    let folder = world.directory.path().join("ss-asker/messagelog/journal");
    let away = folder.with_extension("away");
    std::fs::rename(&folder, &away).expect("moved");
    let log = world.exchange.server("asker").expect("a server").log();
    log.begin_segment();
    check(&world, "server.clientproxy.logging_failed").await;
    assert!(log.health().is_err());
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 1);
    // It recovers by itself, and what was confirmed is still there.
    std::fs::rename(&away, &folder).expect("moved back");
    let answered = async { while world.client.ask(question("page", Wording::Soap, "m-2")).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), answered).await.expect("answered again");
    let numbers: Vec<u64> =
        log.records(&LogFilter::default()).await.expect("read").iter().map(|record| record.number).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_dead_server_and_a_dead_information_system() {
    let mut world = World::prepared().await;
    let mut listeners = world.listeners.take().expect("prepared");
    drop(listeners.take("keeper"));
    world.listeners = Some(listeners);
    world.start();
    check(&world, "server.clientproxy.network_error").await;
    // The refused exchange is in the traffic, and its request in the log.
    let asker = world.exchange.server("asker").expect("a server");
    asker.store_traffic().await.expect("stored");
    let traffic = exchange::opmonitor::records(asker.store(), &TrafficFilter::default()).await.expect("read");
    assert!(traffic.iter().all(|record| record.fault_code.as_deref() == Some("server.clientproxy.network_error")));
    assert_eq!(asker.log().records(&LogFilter::default()).await.expect("read").len(), 2);
    world.shutdown.trigger();

    let world = World::running().await;
    *world.book.answer.lock().expect("a lock") = Some((axum::http::StatusCode::NOT_FOUND, "text/plain", Vec::new()));
    let cause = unreachable(&world, "page", Wording::Soap).await;
    assert!(cause.starts_with("server.serverproxy.service_failed.http_error"), "{cause}");
    world.shutdown.trigger();

    for (address, code) in [("http://127.0.0.1:1", "network_error"), ("http://no-such-host.invalid", "unknown_host")] {
        let mut world = World::prepared().await;
        world.with_system(address).await;
        world.start();
        let cause = unreachable(&world, "page", Wording::Soap).await;
        assert!(cause.starts_with(&format!("server.serverproxy.service_failed.{code}")), "{cause}");
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_kill_between_log_and_answer_leaves_the_request_on_both_sides() {
    let world = World::running().await;
    let client = world.client.clone();
    let asking = tokio::spawn(async move { client.ask(question("stuck", Wording::Soap, "m-1")).await });
    let reached = async {
        while world.book.asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the information system was asked");
    asking.abort();
    // A process that starts now finds what was durable, whatever became of the first.
    let again = world.again().await;
    for (code, server) in again.servers() {
        let records = server.log().records(&LogFilter::default()).await.expect("read");
        let seen: Vec<_> =
            records.iter().map(|record| (record.entry.message_id.as_str(), record.entry.direction.name())).collect();
        assert_eq!(seen, [("m-1", "request")], "{code}");
    }
    world.shutdown.trigger();
}

async fn log_in(world: &World, folder: &std::path::Path, store: &Store) -> MessageLog {
    let log = MessageLog::open(LogParts {
        keys: folder.join("log-keys"),
        folder: folder.join("log"),
        store: store.clone(),
        policy: LogPolicy::default(),
        clock: world.clock.clone(),
        chance: Arc::new(base::SystemChance),
    });
    log.await.expect("a log")
}

/// A second asker server that lives by another configuration than the published one.
async fn living_by(world: &World, change: impl FnOnce(&mut SharedParameters)) -> (Arc<SecurityServer>, String) {
    let mut shared = world.exchange.central().configuration().shared.clone();
    change(&mut shared);
    let open = |name: &str| {
        let location = Location::Sqlite(world.directory.path().join(format!("{name}.db")));
        async move { Store::open(&location, exchange::SERVER_MIGRATIONS).await.expect("a store") }
    };
    let other = base::Chance::hex(&base::SystemChance, 4);
    let folder = world.directory.path().join(format!("other-{other}"));
    let central_location = Location::Sqlite(world.directory.path().join(format!("other-central-{other}.db")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (signing, auth) = (stolen(world, "asker", "sign-GOV-1"), stolen(world, "asker", "auth"));
    let country = world.exchange.country();
    let central = Central::start(CentralParts {
        store: Store::open(&central_location, exchange::CENTRAL_MIGRATIONS).await.expect("a store"),
        keys: KeyStore::open(&folder, "AZ").expect("a folder"),
        first_certificate: None,
        clock: world.clock.clone(),
        address: listener.local_addr().expect("bound").to_string(),
        validity_s: 600,
        interval: Duration::from_secs(60),
        private: formats::globalconf::PrivateParameters {
            instance: "AZ".into(),
            time_stamping_interval_s: 60,
            ..Default::default()
        },
        seed: Seed { shared, certificates: Vec::new() },
        monitoring_client: None,
    });
    let central = central.await.expect("published");
    tokio::spawn(host::http::serve(listener, central.router(), world.shutdown.clone()));
    let own = &country.servers[0];
    let store = open(&format!("other-asker-{other}")).await;
    let identity = AuthenticationIdentity { certificate: auth.certificate, signer: auth.key };
    let server = SecurityServer::new(ServerParts {
        id: country.server_id(own),
        log: log_in(world, &folder, &store).await,
        store,
        clock: world.clock.clone(),
        chance: Arc::new(base::SystemChance),
        limits: country.limits,
        clients: own.clients.clone(),
        wsdl_by_get: false,
        rights: Rights::of(country, &own.clients),
        systems: HashMap::new(),
        signing: vec![SigningIdentity {
            member: crate::world::id("AZ/GOV/1"),
            certificate: signing.certificate,
            signer: signing.key,
        }],
        system_settings: Vec::new(),
        system_identity: identity.clone(),
        authentication: identity,
        source: ConfigurationSource { anchor: central.anchor(), folder: None },
        settings: exchange::server::Settings::new(world.directory.path().to_owned()),
    });
    let address = running(world, server.clone()).await;
    (server, address)
}

/// Runs a server on any ports; the address for information systems.
async fn running(world: &World, server: Arc<SecurityServer>) -> String {
    let bind = || async { TcpListener::bind("127.0.0.1:0").await.expect("a port") };
    let system = bind().await;
    let address = format!("http://{}", system.local_addr().expect("bound"));
    let listeners = ServerListeners { message: bind().await, system, system_tls: bind().await, ocsp: bind().await };
    tokio::spawn(server.run(listeners, world.shutdown.clone()));
    address
}

async fn asked_of(world: &World, address: &str) -> String {
    let ports = HashMap::from([(crate::world::id("AZ/GOV/1/desk"), address.to_owned())]);
    let client = exchange::client::ExchangeClient::new(ports, world.clock.clone(), 65_536);
    match client.ask(question("page", Wording::Soap, "m-1")).await {
        Ok(_) => "ok".to_owned(),
        Err(AskError::Refused { code, .. }) => code,
        Err(AskError::Unreachable(fault)) => fault.cause.split(": ").next().unwrap_or_default().to_owned(),
    }
}

#[tokio::test]
async fn a_provider_in_maintenance_is_not_asked() {
    let world = World::running().await;
    let (_server, address) = living_by(&world, |shared| shared.servers[1].maintenance = Some("tomorrow".into())).await;
    assert_eq!(asked_of(&world, &address).await, "server.clientproxy.maintenance_mode");
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_server_with_another_certificate_than_registered_is_not_believed() {
    let world = World::running().await;
    let (_server, address) =
        living_by(&world, |shared| shared.servers[1].authentication_hashes = vec![vec![7; 32]]).await;
    assert_eq!(asked_of(&world, &address).await, "server.clientproxy.ssl_authentication_failed");
    let (server, address) = living_by(&world, |shared| shared.servers[0].clients.clear()).await;
    assert_eq!(asked_of(&world, &address).await, "server.clientproxy.unknown_member");
    assert_eq!(server.configuration().map(|configuration| configuration.shared.servers.len()), Some(2));
    world.shutdown.trigger();
}

#[tokio::test]
async fn the_ocsp_port_knows_its_own_certificates_only() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let http = host::http::Client::plain();
    let ask = async |method: http::Method, query: &str| {
        let uri = format!("http://{}/{query}", world.port("keeper", 2));
        let request = http::Request::builder().method(method).uri(uri).body(Bytes::new()).expect("a request");
        http.send(request, 100_000, Duration::from_secs(10)).await.expect("answered").status().as_u16()
    };
    let sha1 = exchange::certificates::sha1_hex(stolen(&world, "keeper", "auth").certificate.der());
    assert_eq!(ask(http::Method::GET, &format!("?cert={sha1}")).await, 200);
    assert_eq!(ask(http::Method::HEAD, "").await, 200);
    for query in ["", "?cert=00", "?cert_hash=00"] {
        assert_eq!(ask(http::Method::GET, query).await, 500, "{query}");
    }
    world.shutdown.trigger();
}
