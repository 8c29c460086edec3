//! What leaves the log: linked archives that an auditor accepts, also when the work is cut anywhere, and the downloads of
//! information systems.

use crate::{asking::question, world::World};
use base::dataservice::{AskError, DataServices, Wording};
use bytes::Bytes;
use exchange::{
    archive,
    messagelog::{Authority, Direction, LogEntry, LogFilter, LogRecord, Mode},
    opmonitor::Side,
    server::SecurityServer,
};
use formats::{
    asice::exchange::Previous,
    hashchain::{self, Input},
};
use std::{
    collections::BTreeMap,
    future::Future,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

async fn ask(world: &World, ids: &[&str]) {
    for (place, id) in ids.iter().enumerate() {
        let wording = if place % 2 == 0 { Wording::Soap } else { Wording::Rest };
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
}

pub fn asker(world: &World) -> Arc<SecurityServer> {
    world.exchange.server("asker").expect("a server").clone()
}

/// Every file in a folder and in those below it.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The archives in the object store by name, each as the plain zip.
pub fn archives(world: &World) -> BTreeMap<String, Vec<u8>> {
    let keys = [world.directory.path().join("ss-asker/keys")];
    let plain = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).expect("a file");
        if archive::is_sealed(&bytes) {
            bytes.clear();
            archive::unseal(&path, &keys, &mut bytes).expect("opened");
        }
        (name, bytes)
    };
    files_below(&world.directory.path().join("ss-asker/messagelog/archive")).into_iter().map(plain).collect()
}

fn judge(world: &World, names: &[String], previous: Previous) -> (Vec<String>, Previous) {
    judge_files(world, &archives(world), names, previous)
}

/// Judges archives in their order and gives the names of the containers in them.
pub fn judge_files(
    world: &World,
    files: &BTreeMap<String, Vec<u8>>,
    names: &[String],
    mut previous: Previous,
) -> (Vec<String>, Previous) {
    let trust = archive::trust_of(&world.exchange.central().configuration());
    let mut containers = Vec::new();
    for name in names {
        let verdict = archive::judge_archive(&files[name], &trust, &previous);
        let reasons: Vec<_> = verdict.containers.iter().flat_map(|(_, verdict)| verdict.reasons.clone()).collect();
        assert!(verdict.is_valid(), "{name}: {:?} {reasons:?}", verdict.reasons);
        let chain = verdict.chain.expect("whole");
        assert!(name.contains(&format!("-{}.zip", &chain.last[..16])), "{name}");
        previous = Previous::Digest(chain.last);
        containers.extend(verdict.containers.into_iter().map(|(name, _)| name));
    }
    (containers, previous)
}

const SMALL: &str = "[message_log]\narchive_bytes_max = 20000\n";

#[tokio::test]
async fn archives_hold_every_message_once_and_are_linked() {
    for postgres in [false, true] {
        let world = World::running_with(SMALL, postgres).await;
        let server = asker(&world);
        ask(&world, &["m-1", "m/../2", "m-3"]).await;
        assert!(server.log().archive().await.expect("nothing is stamped yet").is_empty());
        server.stamp_now().await.expect("stamped");
        let first = server.log().archive().await.expect("archived");
        assert!(first.len() > 1, "the size is limited: {first:?}");
        assert!(first.iter().all(|name| name.starts_with("mlog-20261123120000-20261123120000-")), "{first:?}");
        let (mut containers, last) = judge(&world, &first, Previous::First);
        assert!(server.log().archive().await.expect("looked").is_empty());
        ask(&world, &["m-4"]).await;
        server.stamp_now().await.expect("stamped");
        let second = server.log().archive().await.expect("archived");
        containers.extend(judge(&world, &second, last).0);
        containers.sort();
        let pair = |id: &str, number: u8| {
            [format!("{id}-request-{number}.asice"), format!("{id}-response-{}.asice", number + 1)]
        };
        let expected = [pair("m%2F..%2F2", 3), pair("m-1", 1), pair("m-3", 5), pair("m-4", 7)].concat();
        assert_eq!(containers, expected);
        for (name, bytes) in archives(&world) {
            let path = world.directory.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            let peer = std::process::Command::new("unzip").arg("-tqq").arg(&path).output().expect("unzip runs");
            assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
        }
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn archives_can_be_grouped() {
    for (grouping, expected) in [("member", "mlog-AZ_GOV_1-"), ("subsystem", "mlog-AZ_GOV_1_desk-")] {
        let world = World::running_with(&format!("[message_log]\narchive_grouping = \"{grouping}\"\n"), false).await;
        ask(&world, &["m-1"]).await;
        asker(&world).stamp_now().await.expect("stamped");
        let names = asker(&world).log().archive().await.expect("archived");
        assert!(names.len() == 1 && names[0].starts_with(expected), "{names:?}");
        judge(&world, &names, Previous::First);
        world.shutdown.trigger();
    }
}

/// Ends its future after so many polls, as the end of a process does.
struct Cut<F> {
    inner: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

#[tokio::test]
async fn work_that_is_cut_anywhere_repeats_nothing_and_loses_nothing() {
    let world = World::running_with(SMALL, false).await;
    let server = asker(&world);
    ask(&world, &["m-1", "m-2", "m-3", "m-4"]).await;
    let mut names = Vec::new();
    // Stamping first, then archiving: each try gets a little further and is cut.
    for left in 0..400 {
        if (Cut { inner: Box::pin(server.stamp_now()), left }).await.is_some() {
            break;
        }
    }
    server.stamp_now().await.expect("stamped");
    let mut ended = false;
    for left in 0..2_000 {
        match (Cut { inner: Box::pin(server.log().archive()), left }).await {
            None => {}
            Some(done) => {
                done.expect("archived");
                ended = true;
                break;
            }
        }
    }
    assert!(ended, "it ends some time");
    server.log().archive().await.expect("nothing is left");
    // A cut may come while a file is being written by another thread: who writes it next waits for that one.
    names.extend(archives(&world).into_keys());
    let trust = archive::trust_of(&world.exchange.central().configuration());
    let mut previous = Previous::First;
    let (mut containers, files) = (Vec::new(), archives(&world));
    while !names.is_empty() {
        let next = names.iter().position(|name| archive::judge_archive(&files[name], &trust, &previous).is_valid());
        let name = names.remove(next.unwrap_or_else(|| panic!("{names:?} follow nothing")));
        let (some, last) = judge(&world, &[name], previous);
        containers.extend(some);
        previous = last;
    }
    assert_eq!(containers.len(), 8, "{containers:?}");
    containers.sort();
    containers.dedup();
    assert_eq!(containers.len(), 8);
    world.shutdown.trigger();
}

/// A log of so many records, which nobody exchanged: their signatures are their numbers.
async fn fill(world: &World, records: usize) {
    let server = asker(world);
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..records {
        let log = server.log().clone();
        writing.spawn(async move {
            let entry = LogEntry {
                message_id: format!("f-{number}"),
                request_id: "r".to_owned(),
                direction: Direction::Request,
                side: Side::Client,
                wording: "soap",
                client: "AZ/GOV/1/desk".to_owned(),
                service: "AZ/GOV/2/book/page".to_owned(),
                provider: crate::world::id("AZ/GOV/2/book"),
                signer: "AZ/GOV/1".to_owned(),
                content_type: "text/xml".to_owned(),
                message: Bytes::from_static(b"<m/>"),
                attachments: Vec::new(),
                signature: number.to_string().into_bytes(),
                chain_result: None,
                chain: None,
            };
            log.append(entry).await.expect("logged");
        });
        while writing.len() >= 500 {
            writing.join_next().await.expect("some are under way").expect("no panic");
        }
    }
    while writing.join_next().await.is_some() {}
}

#[tokio::test]
async fn after_an_outage_everything_is_stamped_by_an_authority_that_answers() {
    let world = World::prepared().await;
    fill(&world, 10_001).await;
    let server = asker(&world);
    let url = |path: &str| format!("{}/{path}", world.trust_address());
    let authority = |url: String| Authority { url, certificate: world.authority.tsa.clone() };
    let wrong = Authority { certificate: world.authority.certificate.clone(), ..authority(url("tsa")) };
    let http = host::http::Client::plain();
    // A dead one, one that answers nonsense, one whose certificate is not the approved one.
    let bad = [authority("http://127.0.0.1:9/".to_owned()), authority(url("nonsense")), wrong];
    server.log().stamp(&http, &[]).await.expect_err("no authority at all");
    server.log().stamp(&http, &bad).await.expect_err("none is good");
    let good = [&bad[..], &[authority(url("tsa"))]].concat();
    assert_eq!(server.log().stamp(&http, &good).await.expect("stamped"), 10_001);
    let mut results = std::collections::BTreeSet::new();
    for number in ["f-0", "f-5000", "f-10000"] {
        let record = server.log().of_message(number, "AZ/GOV/1/desk").await.expect("read").pop().expect("there");
        let stamp = record.stamp.expect("stamped");
        let inputs = [("/META-INF/signatures.xml".to_owned(), Input::Data(record.entry.signature.clone()))];
        let chain = |name: &str| (name == "/ts-hashchain.xml").then(|| stamp.chain.clone());
        hashchain::verify(&stamp.result, &chain, &inputs, &|_, _| None).expect("the chain leads to the result");
        let token = formats::tsp::TimeStampToken::from_der(&stamp.token).expect("a token");
        let approved = std::slice::from_ref(&world.authority.tsa);
        token.verify(&stamp.result, approved, approved).expect("over the result");
        results.insert(stamp.result);
    }
    let newest = server.log().records(&LogFilter::default()).await.expect("read");
    let last = server.log().record_of(&newest[0].id).await.expect("read").expect("there");
    results.insert(last.stamp.expect("stamped").result);
    assert_eq!(results.len(), 2, "ten thousand records with one token, and the one that is left");
    world.shutdown.trigger();
}

async fn get(world: &World, path: &str) -> http::Response<Bytes> {
    let uri = format!("http://{}{path}", world.port("asker", 1));
    let request = http::Request::get(uri).body(Bytes::new()).expect("a request");
    host::http::Client::plain().send(request, 10_000_000, Duration::from_secs(20)).await.expect("answered")
}

pub fn entries(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut entries = BTreeMap::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        entries.insert(entry.name().expect("a name").into_owned(), bytes);
    }
    entries
}

#[tokio::test]
async fn an_information_system_downloads_its_containers_and_what_judges_them() {
    let world = World::running().await;
    ask(&world, &["m-1", "m-2"]).await;
    let desk = "xRoadInstance=AZ&memberClass=GOV&memberCode=1&subsystemCode=desk";
    let m1 = format!("/asic?queryId=m-1&{desk}");
    for (path, status, text) in [
        (format!("/asic?queryId=m-9&{desk}"), 404, "No signed documents found"),
        (m1.clone(), 500, "Message signature has not been timestamped yet!"),
        (format!("{m1}&requestOnly&responseOnly"), 400, "requestOnly"),
        (format!("{m1}&unique"), 400, "unique"),
        (format!("/asic?{desk}"), 400, "queryId"),
        (
            "/asic?queryId=m-1&xRoadInstance=AZ&memberClass=GOV&memberCode=2&subsystemCode=book".to_owned(),
            401,
            "AZ/GOV/2/book",
        ),
    ] {
        let answer = get(&world, &path).await;
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(answer.status().as_u16() == status && body.contains(text), "{path}: {} {body}", answer.status());
        assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/plain"));
    }
    world.authority.tsa_down.store(true, Ordering::SeqCst);
    let failed = get(&world, &format!("{m1}&force")).await;
    assert_eq!((failed.status().as_u16(), &failed.body()[..]), (500, &b"Could not create missing timestamp!"[..]));
    world.authority.tsa_down.store(false, Ordering::SeqCst);
    let both = get(&world, &format!("{m1}&force")).await;
    assert_eq!(both.headers()["content-disposition"], "attachment; filename=\"m-1.zip\"");
    let both = entries(both.body());
    assert_eq!(both.keys().collect::<Vec<_>>(), ["m-1-request-1.asice", "m-1-response-2.asice"]);
    let one = get(&world, &format!("{m1}&unique&responseOnly")).await;
    assert_eq!(one.headers()["content-disposition"], "attachment; filename=\"m-1-response-2.asice\"");
    assert_eq!(one.headers()["content-type"], "application/vnd.etsi.asic-e+zip");
    assert_eq!(one.body(), &both["m-1-response-2.asice"]);
    let only = get(&world, &format!("/asic?queryId=m-2&{desk}&requestOnly")).await;
    assert_eq!(only.headers()["content-disposition"], "attachment; filename=\"m-2-request.zip\"");
    assert_eq!(entries(only.body()).len(), 1);

    let folder = get(&world, "/verificationconf").await;
    let files: BTreeMap<String, Vec<u8>> = entries(folder.body())
        .into_iter()
        .map(|(name, bytes)| (name.strip_prefix("verificationconf/").expect("a folder").to_owned(), bytes))
        .collect();
    let trust = archive::trust_of_folder(&files).expect("a configuration");
    for container in both.values() {
        let verdict = archive::judge(container, &trust);
        assert!(verdict.is_valid(), "{:?}", verdict.reasons);
    }
    world.shutdown.trigger();
}

/// `xmlsec1` on the signature, `openssl ts` on the token inside it.
fn peers_agree(world: &World, record: &LogRecord) {
    let folder = host::testing::TempDir::new();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("letters").to_owned()
    };
    let signature = put("signatures.xml", &record.entry.signature);
    let message = put("message.xml", &record.entry.message);
    let result = put("result.xml", record.entry.chain_result.as_deref().unwrap_or_default());
    #[rustfmt::skip]
    let (good, printed) = crate::logs::peer("xmlsec1", &[
        "--verify", "--insecure", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        "--url-map:/message.xml", &message, "--url-map:/sig-hashchainresult.xml", &result, &signature,
    ]);
    assert!(good, "{printed}");
    let read = formats::message::read(&record.entry.signature).expect("a signature");
    let token = put("token.tst", &read.time_stamp.expect("embedded"));
    let anchor = formats::x509::to_pem(std::slice::from_ref(&world.authority.certificate));
    let anchor = put("ca.pem", anchor.as_bytes());
    let at = base::Clock::now(&*world.clock).as_second().to_string();
    for (value, expected) in [(read.value.clone(), true), ([&read.value[..], b" "].concat(), false)] {
        let data = put("value", &value);
        #[rustfmt::skip]
        let (good, printed) = crate::logs::peer("openssl", &[
            "ts", "-verify", "-in", &token, "-token_in", "-data", &data, "-CAfile", &anchor, "-attime", &at,
        ]);
        assert_eq!(good, expected, "{printed}");
    }
}

#[tokio::test]
async fn time_stamps_at_once_stand_in_the_signature() {
    let world = World::running_with("[message_log]\ntime_stamps = \"immediate\"\n", false).await;
    ask(&world, &["m-1", "m-2"]).await;
    let server = asker(&world);
    assert_eq!(server.stamp_now().await.expect("nothing waits"), 0);
    let configuration = world.exchange.central().configuration();
    for found in server.log().records(&LogFilter::default()).await.expect("read") {
        let record = server.log().record_of(&found.id).await.expect("read").expect("there");
        assert!(record.stamped_at_once && record.stamp.is_none() && record.is_stamped());
        let container = archive::export(&record).expect("a container");
        let names: Vec<String> = entries(&container).into_keys().collect();
        assert!(!names.iter().any(|name| name.contains("timestamp") || name.starts_with("ts-")), "{names:?}");
        let verdict = archive::verify(&container, &configuration);
        assert!(verdict.is_valid(), "{:?}", verdict.reasons);
        peers_agree(&world, &record);
    }
    let names = server.log().archive().await.expect("archived");
    assert_eq!(judge(&world, &names, Previous::First).0.len(), 4);
    world.authority.tsa_down.store(true, Ordering::SeqCst);
    match world.client.ask(question("page", Wording::Soap, "m-3")).await {
        Err(AskError::Unreachable(fault)) => {
            assert!(
                fault.cause.starts_with("server.clientproxy.logging_failed.timestamping_failed"),
                "{}",
                fault.cause
            );
        }
        other => panic!("{other:?}"),
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_provider_s_messages_may_be_kept_without_their_content_or_not_at_all() {
    for (mode, kept) in [("metadata", 4), ("none", 0)] {
        let more = format!("[[message_log.override]]\nsubsystem = \"AZ/GOV/2/book\"\nmode = \"{mode}\"\n");
        let world = World::running_with(&more, false).await;
        ask(&world, &["m-1", "m-2"]).await;
        for (_, server) in world.exchange.servers() {
            let records = server.log().records(&LogFilter::default()).await.expect("read");
            assert_eq!(records.len(), kept);
            for record in records {
                assert_eq!(record.mode, Mode::Metadata);
                assert!(!String::from_utf8_lossy(&record.entry.message).contains("pin"));
                assert!(record.attachments.is_empty() && !record.entry.message.is_empty());
            }
        }
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_exchanged() {
    let world = World::running_with("[message_log]\nmessage_body_bytes_max = 10\n", false).await;
    match world.client.ask(question("page", Wording::Rest, "m-1")).await {
        Err(AskError::Unreachable(fault)) => {
            assert!(fault.cause.starts_with("server.clientproxy.logging_failed"), "{}", fault.cause);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.book.asked.load(Ordering::SeqCst), 0);
    world.shutdown.trigger();
}
