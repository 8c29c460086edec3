//! Large bodies: on their way while they come, kept in files that have no name, and never handed on before their signature
//! is verified. And senders that are too slow.

use crate::{
    rest::{ECHO, send},
    world::World,
};
use axum::body::Body;
use bytes::Bytes;
use exchange::server::{Patience, Settings};
use host::http::{Client, SendBody};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const MEGABYTE: usize = 1024 * 1024;

fn pattern(size: usize) -> Bytes {
    (0..size).map(|place| u8::try_from(place * 31 % 253).expect("a byte")).collect::<Vec<u8>>().into()
}

/// Files of bodies that have a name.
fn left_over(folder: &Path) -> usize {
    let bodies = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("body-");
    ["ss-asker", "ss-keeper"]
        .iter()
        .map(|server| std::fs::read_dir(folder.join(server)).expect("a folder").flatten().filter(bodies).count())
        .sum()
}

#[tokio::test]
async fn a_large_body_comes_through_both_ways() {
    let world = World::running_wide(ECHO, Settings::new).await;
    for size in [64 * 1024 - 1, 64 * 1024, 700_000, 5 * MEGABYTE + 3] {
        let body = pattern(size);
        let answer = send(&world, "POST", "", &[], body.clone()).await;
        assert_eq!(answer.status(), 200, "{size}");
        assert!(*answer.body() == body, "{size}");
        assert_eq!(left_over(world.directory.path()), 0);
    }
    world.shutdown.trigger();
}

#[tokio::test]
async fn four_at_once_come_through() {
    let world =
        World::running_wide(ECHO, |folder| Settings { body_memory_bytes: 300_000, ..Settings::new(folder) }).await;
    let body = pattern(3 * MEGABYTE);
    let answers = futures_util::future::join_all((0..4).map(|_| send(&world, "POST", "", &[], body.clone()))).await;
    assert!(answers.iter().all(|answer| *answer.body() == body));
    world.shutdown.trigger();
}

/// Sends the head of a request for the echo and then `pieces`, with nothing behind them, and reads what comes back.
async fn by_hand(world: &World, length: usize, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(world.port("asker", 1)).await.expect("connected");
    let head = format!(
        "POST /r1/AZ/GOV/2/book/echo HTTP/1.1\r\nhost: x\r\nx-road-client: AZ/GOV/1/desk\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    for piece in pieces {
        stream.write_all(piece).await.expect("written");
    }
    let mut answer = vec![0; 4096];
    let wait = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut answer)).await;
    let count = wait.expect("an answer in time").expect("read");
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

fn hasty(folder: PathBuf) -> Settings {
    let patience = Patience { grace: Duration::from_millis(300), bytes_per_second: 1024 * 1024 };
    Settings { patience, ..Settings::new(folder) }
}

#[tokio::test]
async fn a_slow_client_is_not_waited_for() {
    let world = World::running_wide(ECHO, hasty).await;
    for pieces in [&[&b"a"[..]][..], &[&[7; 200_000][..]]] {
        let answer = by_hand(&world, 500_000, pieces).await;
        assert!(answer.contains("x-road-error: client.io_error"), "{answer}");
    }
    assert_eq!(world.book.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let world = World::running_wide(ECHO, Settings::new).await;
    let (sender, body) = SendBody::stream(None);
    let request = http::Request::post(format!("http://{}/r1/AZ/GOV/2/book/echo", world.port("asker", 1)))
        .header("x-road-client", "AZ/GOV/1/desk")
        .body(body)
        .expect("a request");
    let asking = tokio::spawn(async move { Client::plain().open(request).await });
    for _ in 0..20 {
        sender.send(pattern(100_000)).await.expect("read");
    }
    drop(sender);
    assert!(asking.await.expect("no panic").is_err());
    // The next one is served, and the one that broke off never reached the service.
    assert_eq!(send(&world, "POST", "", &[], "x").await.status(), 200);
    assert_eq!(world.book.asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(left_over(world.directory.path()), 0);
    world.shutdown.trigger();
}

/// An information system that sends a megabyte and breaks off.
async fn breaking(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let broken = || async {
        let (sender, body) = SendBody::stream(Some(10 * MEGABYTE as u64));
        tokio::spawn(async move {
            for _ in 0..10 {
                if sender.send(pattern(100_000)).await.is_err() {
                    return;
                }
            }
        });
        http::Response::new(Body::new(body))
    };
    let router = axum::Router::new().fallback(broken);
    tokio::spawn(host::http::serve(listener, router, world.shutdown.clone()));
    address
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_fault_and_no_shorter_answer() {
    let mut world = World::prepared_wide(ECHO, Settings::new).await;
    let address = breaking(&world).await;
    world.with_system(&address).await;
    world.start();
    let answer = send(&world, "POST", "", &[], "x").await;
    assert_eq!(answer.headers()["x-road-error"], "server.serverproxy.service_failed.io_error");
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_on_its_way() {
    let world = World::running().await;
    let address = format!("http://{}/r1/AZ/GOV/2/book/page", world.port("asker", 1));
    for size in [20_000, 8 * MEGABYTE] {
        let request = http::Request::post(&address)
            .header("x-road-client", "AZ/GOV/1/desk")
            .body(pattern(size))
            .expect("a request");
        let answer = Client::plain().send(request, 100_000, Duration::from_secs(30)).await.expect("an answer");
        assert_eq!(answer.headers()["x-road-error"], "client.inquiry_too_large");
    }
    world.shutdown.trigger();
}

const STREAMS: usize = 4;
const STREAM_BYTES: usize = 12 * MEGABYTE;
/// Two servers, their clients and an information system are in the process that is measured.
const GROWTH_BYTES_MAX: usize = 96 * MEGABYTE;

/// Other tests would be measured with it, so this one runs again in a process of its own.
#[test]
fn memory_stays_flat_while_large_bodies_pass() {
    const ALONE: &str = "PENCERE_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        return runtime.expect("a runtime").block_on(flat());
    }
    let own = std::env::current_exe().expect("a test runs from a file");
    let mut command = std::process::Command::new(own);
    command.args(["streaming::memory_stays_flat_while_large_bodies_pass", "--exact", "--nocapture"]).env(ALONE, "1");
    let done = command.output().expect("run");
    let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
}

async fn flat() {
    let world = World::running_wide(ECHO, Settings::new).await;
    assert_eq!(send(&world, "POST", "", &[], "x").await.status(), 200);
    let idle = resident_bytes();
    let peak = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let watched = peak.clone();
    let watching = tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_millis(5));
        loop {
            often.tick().await;
            watched.fetch_max(resident_bytes(), std::sync::atomic::Ordering::SeqCst);
        }
    });
    futures_util::future::join_all((0..STREAMS).map(|_| echoed(&world))).await;
    watching.abort();
    let growth = peak.load(std::sync::atomic::Ordering::SeqCst).saturating_sub(idle);
    assert!(growth < GROWTH_BYTES_MAX, "{growth} bytes more than {idle} for {STREAMS} streams");
    world.shutdown.trigger();
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number of pages") * 4096
}

/// One body out and back again, neither of which is ever whole here.
async fn echoed(world: &World) {
    let piece = pattern(64 * 1024);
    let (sender, body) = SendBody::stream(Some(STREAM_BYTES as u64));
    let request = http::Request::post(format!("http://{}/r1/AZ/GOV/2/book/echo", world.port("asker", 1)))
        .header("x-road-client", "AZ/GOV/1/desk")
        .body(body)
        .expect("a request");
    let sent = piece.clone();
    tokio::spawn(async move {
        for _ in 0..STREAM_BYTES / sent.len() {
            sender.send(sent.clone()).await.expect("read");
        }
        let _gone = sender.finish().await;
    });
    let answer = Client::plain().open(request).await.expect("answered");
    assert_eq!(answer.status(), 200);
    let (mut stream, mut seen) = (answer.into_body().into_data_stream(), 0);
    while let Some(part) = futures_util::StreamExt::next(&mut stream).await {
        for byte in part.expect("whole") {
            assert_eq!(byte, piece[seen % piece.len()]);
            seen += 1;
        }
    }
    assert_eq!(seen, STREAM_BYTES);
}
