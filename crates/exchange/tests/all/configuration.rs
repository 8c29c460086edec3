//! Stories of the global configuration: what a central server publishes, whom a member believes, and what a member does
//! while nobody publishes. Every store of the central server is told of twice: once in each database.

use crate::world::{NOON, id};
use axum::{Router, extract::Request, extract::State, response::IntoResponse};
use base::{Clock, Failure, ManualClock};
use bytes::Bytes;
use exchange::{
    CENTRAL_MIGRATIONS,
    central::{Central, CentralParts, KeyRefusal, KeyState, KeyStore, Purpose, Seed},
    configuration::{ConfigurationSlot, ConfigurationSource, verify_documents},
    fault::Place,
};
use formats::{
    globalconf::{
        Anchor, Member, MemberClass, PrivateParameters, SecurityServer, SharedParameters, Source, Subsystem,
        read_signed,
    },
    identifier::ServerId,
    verify::Digest,
};
use host::{
    http::{Client, Shutdown},
    store::Store,
    testing::TempDir,
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

const VALIDITY_S: i64 = 600;
const CERTIFICATE: &[u8] = b"the server's certificate";

/// One member with a server and a client on it.
fn seed(instance: &str) -> Seed {
    let server = ServerId::parse(&format!("{instance}/GOV/1/s")).expect("a server");
    let shared = SharedParameters {
        instance: instance.into(),
        members: vec![Member {
            class: "GOV".into(),
            code: "1".into(),
            name: "One".into(),
            subsystems: vec![Subsystem { code: "desk".into(), name: Some("Desk".into()) }],
        }],
        servers: vec![SecurityServer {
            id: server.clone(),
            address: Some("127.0.0.1:1".into()),
            authentication_hashes: vec![Digest::Sha256.of(CERTIFICATE)],
            clients: vec![id(&format!("{instance}/GOV/1/desk"))],
            maintenance: None,
        }],
        member_classes: vec![MemberClass { code: "GOV".into(), description: "Government".into() }],
        ocsp_freshness_s: 3_600,
        ..SharedParameters::default()
    };
    Seed { shared, certificates: vec![(server, CERTIFICATE.to_vec())] }
}

/// A central server that listens.
pub struct Node {
    pub central: Arc<Central>,
    pub stop: Shutdown,
}

async fn node(store: &Store, keys: &Path, clock: &Arc<ManualClock>) -> Node {
    node_of(store, keys, clock, seed("AZ")).await
}

async fn node_of(store: &Store, keys: &Path, clock: &Arc<ManualClock>, seed: Seed) -> Node {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let central = Central::start(CentralParts {
        store: store.clone(),
        keys: KeyStore::open(&keys.join("keys"), "AZ").expect("a folder"),
        first_certificate: None,
        clock: clock.clone(),
        address: listener.local_addr().expect("bound").to_string(),
        validity_s: VALIDITY_S,
        interval: Duration::from_secs(60),
        seed,
        private: PrivateParameters {
            instance: "AZ".into(),
            time_stamping_interval_s: 60,
            ..PrivateParameters::default()
        },
        monitoring_client: Some(id("AZ/GOV/1/desk")),
    });
    let central = central.await.expect("published");
    let stop = Shutdown::new();
    tokio::spawn(host::http::serve(listener, central.router(), stop.clone()));
    Node { central, stop }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOON.parse().expect("an instant")))
}

fn member(anchor: Anchor, folder: Option<&Path>, clock: &Arc<ManualClock>) -> ConfigurationSlot {
    let source = ConfigurationSource { anchor, folder: folder.map(Path::to_owned) };
    ConfigurationSlot::new(source, Client::plain(), clock.clone())
}

async fn get(url: &str) -> (u16, Bytes) {
    let request = http::Request::get(url).body(Bytes::new()).expect("a request");
    let answer = Client::plain().send(request, 1_000_000, Duration::from_secs(10)).await.expect("answered");
    (answer.status().as_u16(), answer.into_body())
}

/// The base address of the first source of an anchor.
fn base(anchor: &Anchor) -> String {
    let url = &anchor.sources[0].url;
    url.rsplit_once('/').expect("a path").0.to_owned()
}

#[tokio::test]
async fn every_version_is_published_to_members_and_to_others() {
    for store in host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await {
        let (folder, clock) = (TempDir::new(), clock());
        let node = node(&store, folder.path(), &clock).await;
        let (anchor, external) = (node.central.anchor(), node.central.external_anchor());
        let base = base(&anchor);
        for version in 2..=6 {
            let (status, directory) = get(&format!("{base}/internalconf?version={version}")).await;
            assert_eq!(status, 200, "version {version}");
            assert_eq!(get(&format!("{base}/V{version}/internalconf")).await.1, directory);
            let parts = read_signed(&directory).expect("readable").directory.parts;
            let mut documents = BTreeMap::new();
            for part in &parts {
                assert!(part.location.starts_with(&format!("/V{version}/")), "{}", part.location);
                documents.insert(part.location.clone(), get(&format!("{base}{}", part.location)).await.1.to_vec());
            }
            let read = verify_documents(&directory, &documents, &anchor, clock.now()).expect("verified");
            assert_eq!((read.shared.sources.len(), parts.len()), (usize::from(version > 2), 3), "version {version}");
            assert_eq!(read.monitoring_client, Some(id("AZ/GOV/1/desk")));
            let server = read.server_of_certificate(CERTIFICATE).expect("found by the digest of the version");
            assert_eq!(server.authentication_hashes[0].len(), if version == 2 { 20 } else { 32 });
            assert!(verify_documents(&directory, &documents, &external, clock.now()).is_err(), "another key");

            let (_, outer) = get(&format!("{base}/externalconf?version={version}")).await;
            let outer = read_signed(&outer).expect("readable");
            assert!(outer.signed_by(&external.sources[0].certificates).is_ok());
            let identifiers: Vec<_> = outer.directory.parts.iter().map(|part| part.identifier.as_str()).collect();
            assert_eq!(identifiers, ["SHARED-PARAMETERS"]);
        }
        for absent in ["internalconf?version=7", "internalconf?version=1", "externalconf?version=x", "V1/internalconf"]
        {
            assert_eq!(get(&format!("{base}/{absent}")).await.0, 404, "{absent}");
        }
        let (_, unversioned) = get(&format!("{base}/internalconf")).await;
        assert_eq!(read_signed(&unversioned).expect("readable").directory.version, Some(2));
        let file = node.central.desk().anchor_file(Purpose::External).await.expect("an anchor");
        assert_eq!(file.name, "configuration_anchor_AZ_external.xml");
        assert_eq!(formats::globalconf::read_anchor(&file.bytes), Ok(external));
        node.stop.trigger();
    }
}

/// Passes on what a central server answers, as far as it knows the version, and remembers what it was asked for.
#[derive(Clone)]
struct Older {
    behind: String,
    newest: u32,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn pass(State(older): State<Older>, request: Request) -> impl IntoResponse {
    let target = request.uri().path_and_query().expect("a path").to_string();
    older.asked.lock().expect("a lock").push(target.clone());
    let named = target.split_once("version=").and_then(|(_, version)| version.parse::<u32>().ok());
    if named.is_some_and(|version| version > older.newest) {
        return (http::StatusCode::NOT_FOUND, Bytes::new());
    }
    (http::StatusCode::OK, get(&format!("{}{target}", older.behind)).await.1)
}

#[tokio::test]
async fn a_member_takes_the_newest_version_that_there_is() {
    let (folder, clock) = (TempDir::new(), clock());
    let store = host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0);
    let node = node(&store, folder.path(), &clock).await;
    let anchor = node.central.anchor();
    let older = Older { behind: base(&anchor), newest: 4, asked: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(host::http::serve(
        listener,
        Router::new().fallback(pass).with_state(older.clone()),
        node.stop.clone(),
    ));
    let certificates = anchor.sources[0].certificates.clone();
    let url = format!("http://{address}/internalconf");
    let anchor = Anchor { sources: vec![Source { url, certificates }], ..anchor };
    let member = member(anchor, None, &clock);
    member.renew().await.expect("taken over");
    let asked = older.asked.lock().expect("a lock").clone();
    let probes: Vec<_> = asked.iter().filter_map(|target| target.split_once("version=")).map(|it| it.1).collect();
    assert_eq!((probes, asked.len()), (vec!["6", "5", "4"], 6), "{asked:?}");
    let configuration = member.at_hand().expect("there");
    assert_eq!(configuration.subsystem(&id("AZ/GOV/1/desk")).and_then(|it| it.name.clone()), None, "not in version 4");
    node.stop.trigger();
}

#[tokio::test]
async fn another_source_serves_when_the_first_is_gone() {
    for store in host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await {
        let (one_folder, other_folder, clock) = (TempDir::new(), TempDir::new(), clock());
        let one = node(&store, one_folder.path(), &clock).await;
        // Of the other node the anchor knows nothing: a member learns of it from the shared parameters.
        let member = member(one.central.anchor(), None, &clock);
        let other = node(&store, other_folder.path(), &clock).await;
        one.central.publish().await.expect("published");
        member.renew().await.expect("from the first");
        assert_eq!(member.at_hand().expect("there").shared.sources.len(), 2);
        one.stop.trigger();
        let before = member.at_hand().expect("there");
        clock.advance_s(60);
        other.central.publish().await.expect("published");
        // The first takes its last connections' time to be gone.
        while member.renew().await.is_ok() && member.at_hand().expect("there").expires == before.expires {
            tokio::task::yield_now().await;
        }
        let after = member.at_hand().expect("there");
        assert!(after.expires > before.expires);
        assert_eq!(
            after.generation, before.generation,
            "the content is the same, and so is what was concluded from it"
        );
        other.stop.trigger();
    }
}

#[tokio::test]
async fn a_restart_needs_no_central_server_until_the_configuration_expires() {
    let (folder, kept, clock) = (TempDir::new(), TempDir::new(), clock());
    let store = host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0);
    let node = node(&store, folder.path(), &clock).await;
    let anchor = node.central.anchor();
    let first = member(anchor.clone(), Some(kept.path()), &clock);
    first.renew().await.expect("taken over");
    let gone = Anchor {
        sources: vec![Source { url: "http://127.0.0.1:1/internalconf".into(), certificates: Vec::new() }],
        ..anchor.clone()
    };
    node.stop.trigger();
    assert!(member(gone.clone(), None, &clock).current(Place::ClientProxy).await.is_err(), "nothing was kept");
    let again = member(gone.clone(), Some(kept.path()), &clock);
    let configuration = again.current(Place::ClientProxy).await.expect("kept");
    assert_eq!(configuration.shared, first.at_hand().expect("there").shared);
    clock.advance_s(VALIDITY_S);
    let late = member(gone, Some(kept.path()), &clock);
    for slot in [again, late] {
        let fault = slot.current(Place::ClientProxy).await.expect_err("expired");
        assert_eq!(fault.code, "server.clientproxy.global_conf_outdated");
    }
    let foreign = Anchor { instance: "EE".into(), ..anchor };
    assert!(member(foreign, Some(kept.path()), &clock).at_hand().is_none(), "kept of another instance");
}

#[tokio::test]
async fn a_clock_that_jumps_stops_messaging_only_while_it_is_ahead() {
    let (folder, clock) = (TempDir::new(), clock());
    let store = host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0);
    let node = node(&store, folder.path(), &clock).await;
    let member = member(node.central.anchor(), None, &clock);
    member.current(Place::ClientProxy).await.expect("current");
    clock.advance_s(24 * 3600);
    let ahead = member.current(Place::ServerProxy).await.expect_err("what is published has expired too");
    assert_eq!(ahead.code, "server.serverproxy.global_conf_outdated");
    clock.advance_s(-24 * 3600);
    member.current(Place::ClientProxy).await.expect("current again without a download");
    clock.advance_s(-3600);
    node.central.publish().await.expect("published");
    member.renew().await.expect("taken over by a clock that fell back");
    clock.advance_s(VALIDITY_S);
    assert!(member.current(Place::ClientProxy).await.is_err());
    node.stop.trigger();
}

/// The digest of the key that signs now.
fn active(central: &Central, purpose: Purpose) -> String {
    let mut keys = central.configuration_keys().into_iter();
    keys.find(|key| key.purpose == purpose && key.state == KeyState::Active).expect("one signs").digest
}

#[tokio::test]
async fn members_survive_the_rotation_of_the_configuration_s_keys() {
    for store in host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await {
        let (folder, clock) = (TempDir::new(), clock());
        let node = node(&store, folder.path(), &clock).await;
        let (central, desk) = (&node.central, node.central.desk());
        let first_anchor = central.anchor();
        let old = active(central, Purpose::Internal);
        let loyal = member(first_anchor.clone(), None, &clock);
        loyal.renew().await.expect("signed by the old key");

        let new = desk.announce_key(Purpose::Internal, "operator").await.expect("announced").digest;
        // However long ago that was: nobody was told yet.
        clock.advance_s(VALIDITY_S);
        let early = desk.activate_key(&new, "operator").await;
        assert!(matches!(early, Err(Failure::Refused(KeyRefusal::TooYoung))), "{early:?}");
        central.publish().await.expect("published");
        loyal.renew().await.expect("signed by the old key");
        assert_eq!(active(central, Purpose::Internal), old, "announced is not active");
        assert_eq!(central.anchor().sources[0].certificates.len(), 2);
        let refused = |outcome: Result<(), Failure<KeyRefusal>>| match outcome {
            Err(Failure::Refused(refusal)) => Some(refusal),
            _ => None,
        };
        assert_eq!(refused(desk.activate_key(&new, "operator").await), Some(KeyRefusal::TooYoung));
        assert_eq!(refused(desk.activate_key("00", "operator").await), Some(KeyRefusal::Unknown));
        assert_eq!(refused(desk.retire_key(&old, "operator").await), Some(KeyRefusal::Active));
        loyal.renew().await.expect("hears of the new key");
        clock.advance_s(VALIDITY_S - 1);
        central.publish().await.expect("published");
        loyal.renew().await.expect("signed by the old key still");
        clock.advance_s(1);
        desk.activate_key(&new, "operator").await.expect("old enough");
        central.publish().await.expect("published");
        assert_eq!(refused(desk.activate_key(&new, "operator").await), Some(KeyRefusal::Active));
        loyal.renew().await.expect("signed by the new key");
        assert!(member(first_anchor.clone(), None, &clock).renew().await.is_err(), "the first anchor is too old");
        let (_, by_new) = get(&first_anchor.sources[0].url).await;

        desk.retire_key(&old, "operator").await.expect("it signs no more");
        central.publish().await.expect("published");
        loyal.renew().await.expect("signed by the new key");
        let sources = &loyal.at_hand().expect("there").shared.sources;
        assert_eq!(sources[0].internal_certificates.len(), 1);
        let signed = read_signed(&by_new).expect("readable");
        assert!(signed.signed_by(&sources[0].internal_certificates).is_ok());
        assert!(signed.signed_by(&first_anchor.sources[0].certificates).is_err());
        member(central.anchor(), None, &clock).renew().await.expect("the new anchor is good");

        // A node that starts again goes on with the key that is active.
        node.stop.trigger();
        let again = self::node(&store, folder.path(), &clock).await;
        assert_eq!(active(&again.central, Purpose::Internal), new);
        assert_eq!(again.central.configuration_keys().len(), 2, "one for each purpose");
        again.stop.trigger();
    }
}

#[tokio::test]
async fn the_files_bring_each_line_once() {
    use exchange::central::Change;
    for store in host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await {
        let (folder, clock) = (TempDir::new(), clock());
        let first = node(&store, folder.path(), &clock).await;
        let server = ServerId::parse("AZ/GOV/1/s").expect("a server");
        let gone = Change::Unregistered { server: server.clone(), client: id("AZ/GOV/1/desk") };
        let named = Change::Client { id: id("AZ/GOV/1/desk"), name: Some("Bench".into()) };
        first.central.change(&[gone, named], "operator").await.expect("changed");
        first.stop.trigger();
        let second = node(&store, folder.path(), &clock).await;
        let shared = second.central.configuration().shared.clone();
        assert!(shared.servers[0].clients.is_empty(), "what was taken away stays away");
        assert_eq!(shared.members[0].subsystems[0].name.as_deref(), Some("Bench"));
        let owners = shared.global_groups.iter().find(|group| group.code == "security-server-owners");
        assert_eq!(owners.map(|group| group.members.clone()), Some(vec![id("AZ/GOV/1")]));
        second.stop.trigger();
    }
}

/// Enough that reading them again would show; ten thousand are read in `formats`.
const MANY: usize = 2_000;

#[tokio::test]
async fn many_members_are_published_and_taken_over_once() {
    let (folder, kept, clock) = (TempDir::new(), TempDir::new(), clock());
    let store = host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0);
    let mut seed = seed("AZ");
    for number in 2..=MANY {
        seed.shared.members.push(Member {
            class: "GOV".into(),
            code: number.to_string(),
            name: format!("Member {number}"),
            subsystems: vec![Subsystem { code: "desk".into(), name: Some("Desk".into()) }],
        });
        seed.shared.servers.push(SecurityServer {
            id: ServerId::parse(&format!("AZ/GOV/{number}/s")).expect("a server"),
            address: Some("127.0.0.1".into()),
            authentication_hashes: vec![Digest::Sha256.of(number.to_string().as_bytes())],
            clients: vec![id(&format!("AZ/GOV/{number}/desk"))],
            maintenance: None,
        });
    }
    let node = node_of(&store, folder.path(), &clock, seed).await;
    let slot = member(node.central.anchor(), Some(kept.path()), &clock);
    slot.renew().await.expect("taken over");
    let first = slot.at_hand().expect("there");
    assert_eq!(first.shared.members.len(), MANY);
    assert!(first.is_registered(&ServerId::parse("AZ/GOV/2000/s").expect("a server"), &id("AZ/GOV/2000/desk")));
    clock.advance_s(60);
    node.central.publish().await.expect("published");
    slot.renew().await.expect("taken over");
    let second = slot.at_hand().expect("there");
    assert!(second.expires > first.expires);
    assert!(Arc::ptr_eq(first.own(), second.own()), "what did not change is not read again");
    let again = member(node.central.anchor(), Some(kept.path()), &clock);
    assert_eq!(again.at_hand().expect("kept").shared.members.len(), MANY);
    node.stop.trigger();
}
