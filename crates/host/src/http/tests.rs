//! The loop and the client against each other, on loopback.

use super::*;
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use std::time::Duration;
use tokio::net::TcpListener;

const WAIT: Duration = Duration::from_secs(5);

async fn start(router: Router) -> (String, Shutdown, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let shutdown = Shutdown::new();
    let serving = tokio::spawn(serve(listener, router, shutdown.clone()));
    (address, shutdown, serving)
}

fn request(uri: &str, body: &'static [u8]) -> http::Request<Bytes> {
    http::Request::post(uri).body(Bytes::from_static(body)).expect("a request")
}

#[tokio::test]
async fn an_answer_comes_back_and_the_loop_ends_when_told() {
    let (address, shutdown, serving) = start(Router::new().route("/echo", post(|body: Bytes| async { body }))).await;
    let client = Client::plain();
    let response = client.send(request(&format!("{address}/echo"), b"salam"), 100, WAIT).await.expect("answered");
    assert_eq!(response.body().as_ref(), b"salam");
    shutdown.trigger();
    tokio::time::timeout(WAIT, serving).await.expect("in time").expect("no panic");
    let fault = client.send(request(&format!("{address}/echo"), b""), 100, WAIT).await.expect_err("gone");
    assert!(fault.retry_helps);
}

#[tokio::test]
async fn an_answer_above_the_limit_is_a_fault() {
    let (address, shutdown, _serving) = start(Router::new().route("/big", post(|| async { vec![0_u8; 101] }))).await;
    let fault = Client::plain().send(request(&format!("{address}/big"), b""), 100, WAIT).await.expect_err("too big");
    assert_eq!(fault.attempt, "read an HTTP answer");
    shutdown.trigger();
}

#[tokio::test]
async fn a_silent_server_is_a_fault_in_time() {
    let router = Router::new().route("/never", get(|| async { std::future::pending::<()>().await }));
    let (address, _shutdown, serving) = start(router).await;
    let request = http::Request::get(format!("{address}/never")).body(Bytes::new()).expect("a request");
    let fault = Client::plain().send(request, 100, Duration::from_millis(50)).await.expect_err("silent");
    assert_eq!(fault.cause, "no answer in time");
    serving.abort();
}

#[tokio::test]
async fn a_stream_goes_out_while_the_answer_comes_in() {
    let echo = |body: axum::body::Body| async { body };
    let (address, shutdown, _serving) = start(Router::new().route("/echo", post(echo))).await;
    let (sender, body) = SendBody::stream(None);
    let request = http::Request::post(format!("{address}/echo")).body(body).expect("a request");
    sender.send(Bytes::from_static(b"one ")).await.expect("read");
    let client = Client::plain();
    // The head of the answer is there before the request ends.
    let answer = client.open(request).await.expect("answered");
    sender.send(Bytes::from_static(b"two")).await.expect("read");
    sender.finish().await.expect("read");
    let body = axum::body::to_bytes(answer.into_body(), 100).await.expect("whole");
    assert_eq!(body.as_ref(), b"one two");
    shutdown.trigger();
}

#[tokio::test]
async fn a_stream_that_is_given_up_is_no_shorter_message() {
    let read = |body: Bytes| async move { body.len().to_string() };
    let (address, shutdown, _serving) = start(Router::new().route("/read", post(read))).await;
    let (sender, body) = SendBody::stream(None);
    let request = http::Request::post(format!("{address}/read")).body(body).expect("a request");
    sender.send(Bytes::from_static(b"half")).await.expect("waiting");
    drop(sender);
    assert!(Client::plain().open(request).await.is_err());
    shutdown.trigger();
}
