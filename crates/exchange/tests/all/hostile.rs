//! Senders that mean harm without a stolen key: XML made to explode, and connections that are held open.

use crate::{
    asking::question,
    wire::{Forgery, code_of, post as post_to_peer, stolen},
    world::World,
};
use base::dataservice::{DataServices, Wording};
use bytes::Bytes;
use exchange::server::{Patience, Settings};
use formats::message::Payload;
use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

const ENVELOPE: &str = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header/><e:Body>";

/// Documents that cost more to read than to write, or that fetch what is elsewhere.
fn explosive() -> Vec<(&'static str, String)> {
    let laughs: String =
        (1..10).map(|level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10))).collect();
    let declared = |inside: &str| format!("<!DOCTYPE x [{inside}]>{ENVELOPE}<a>&x;</a></e:Body></e:Envelope>");
    let many = |of: &str| (0..300).map(|number| format!(" {of}{number}=\"urn:{number}\"")).collect::<String>();
    vec![
        ("laughs", declared(&format!("<!ENTITY l0 \"ha\">{laughs}<!ENTITY x \"&l9;\">"))),
        ("quadratic", declared(&format!("<!ENTITY x \"{}\">", "x".repeat(5_000)))),
        ("a file", declared("<!ENTITY x SYSTEM \"file:///etc/passwd\">")),
        ("another server", declared("<!ENTITY x SYSTEM \"http://127.0.0.1:9/x\">")),
        ("a parameter", declared("<!ENTITY % p SYSTEM \"http://127.0.0.1:9/p\">%p;<!ENTITY x \"%p;\">")),
        (
            "a document type elsewhere",
            format!("<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/d\">{ENVELOPE}</e:Body></e:Envelope>"),
        ),
        ("an entity without a type", format!("{ENVELOPE}<a>&x;</a></e:Body></e:Envelope>")),
        ("depth", format!("{ENVELOPE}{}{}</e:Body></e:Envelope>", "<a>".repeat(70), "</a>".repeat(70))),
        ("attributes", format!("{ENVELOPE}<a{}/></e:Body></e:Envelope>", many("b"))),
        ("namespaces", format!("{ENVELOPE}<a{}/></e:Body></e:Envelope>", many("xmlns:b"))),
        ("an attribute twice", format!("{ENVELOPE}<a b=\"1\" b=\"2\"/></e:Body></e:Envelope>")),
        ("two bodies", format!("{ENVELOPE}<a/></e:Body><e:Body><b/></e:Body></e:Envelope>")),
        (
            "a part elsewhere",
            format!(
                "{ENVELOPE}<x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/></e:Body>"
            ),
        ),
    ]
}

async fn soap(world: &World, body: String) -> String {
    let request = http::Request::post(format!("http://{}/", world.port("asker", 1)))
        .header("content-type", "text/xml")
        .body(Bytes::from(body))
        .expect("a request");
    code_of(&host::http::Client::plain().send(request, 100_000, Duration::from_secs(10)).await.expect("answered"))
}

#[tokio::test]
async fn xml_that_explodes_or_fetches_is_refused_at_both_doors() {
    let world = World::running().await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let good = Forgery::of_logged(&world, "asker", "m-1").await;
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    for (name, document) in explosive() {
        assert_eq!(soap(&world, document.clone()).await, "client.invalid_soap", "{name}");
        let payload = Payload::Soap { content_type: "text/xml".into(), bytes: document.clone().into_bytes() };
        let found = Forgery { payload, ..good.clone() }.send(&who, &address).await.expect("an answer");
        assert_eq!(found, "server.serverproxy.service_failed.invalid_soap", "{name}");
        // In the place of the signature.
        let signature = format!("<!DOCTYPE x [<!ENTITY x \"y\">]>{}", String::from_utf8_lossy(&good.signature));
        let found = Forgery { signature: signature.into_bytes(), ..good.clone() }.send(&who, &address).await;
        assert_eq!(found.expect("an answer"), "server.serverproxy.invalid_xml");
    }
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("answered");
    world.shutdown.trigger();
}

/// What an information system answers is read by the same reader.
#[tokio::test]
async fn an_answer_that_explodes_is_refused() {
    let world = World::running().await;
    for (name, document) in explosive() {
        *world.book.answer.lock().expect("a lock") = Some((http::StatusCode::OK, "text/xml", document.into_bytes()));
        let asked = world.client.ask(question("page", Wording::Soap, name)).await;
        let told = format!("{:?}", asked.expect_err("no answer"));
        assert!(told.contains("service_failed.invalid_soap"), "{name}: {told}");
    }
    world.shutdown.trigger();
}

/// A header without an end, and the beginning of a TLS handshake without an end.
const HEADER: &[u8] = b"GET / HTTP/1.1\r\nx-a: b\r\n";
const HANDSHAKE: &[u8] = &[0x16, 0x03, 0x01, 0x3f, 0xff, 0x01, 0x00, 0x3f, 0xf0];
/// The ports of a server with what its clients begin with: messages, information systems, OCSP, information systems by TLS.
const PORTS: [(u16, &[u8]); 4] = [(0, HANDSHAKE), (1, HEADER), (2, HEADER), (3, HANDSHAKE)];

/// How long a connection may be held without a whole request: a handshake, then a header.
const HELD_MAX: Duration = Duration::from_secs(26);

/// A connection that gets a byte of `text` every second, and when it ended.
async fn dripped(mut stream: TcpStream, text: &'static [u8]) -> Duration {
    let began = Instant::now();
    let mut answer = [0; 4096];
    for byte in text.iter().cycle() {
        tokio::select! {
            read = stream.read(&mut answer) => match read {
                Ok(0) | Err(_) => break,
                Ok(_) => continue,
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
        }
    }
    began.elapsed()
}

#[tokio::test]
async fn headers_that_drip_hold_no_connection_and_others_are_served() {
    let world = World::running().await;
    let mut held = Vec::new();
    for (port, begun) in PORTS {
        for text in [begun, b""] {
            let mut stream = TcpStream::connect(world.port("asker", port)).await.expect("connected");
            stream.write_all(text).await.expect("written");
            held.push((port, stream));
        }
    }
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("others are served meanwhile");
    let open = held.iter().map(|(_, stream)| stream.try_read(&mut [0; 16]));
    assert!(open.into_iter().all(|read| read.is_err()), "nobody was cut off who may still be honest");
    // From here on time is the test's own, and passes when nothing else happens.
    tokio::time::pause();
    for (port, stream) in held {
        let drip = tokio::time::timeout(4 * HELD_MAX, dripped(stream, b"x"));
        let lasted = drip.await.unwrap_or_else(|_| panic!("port {port} is held"));
        assert!(lasted <= HELD_MAX, "port {port}: {lasted:?}");
    }
    tokio::time::resume();
    world.client.ask(question("page", Wording::Soap, "m-2")).await.expect("answered");
    world.shutdown.trigger();
}

fn hasty(folder: PathBuf) -> Settings {
    let patience = Patience { grace: Duration::from_millis(300), bytes_per_second: 1024 * 1024 };
    Settings { patience, ..Settings::new(folder) }
}

#[tokio::test]
async fn bodies_that_drip_end_with_a_code_and_others_are_served() {
    let world = World::running_wide("", hasty).await;
    world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
    let whole = Forgery::of_logged(&world, "asker", "m-1").await.encode();
    let who = stolen(&world, "asker", "auth");
    // To a server: half a message, and then nothing.
    let (sender, body) = host::http::SendBody::stream(Some(whole.body.len() as u64));
    let request = http::Request::post(format!("https://{}/", world.port("keeper", 0)))
        .header("content-type", whole.content_type.as_str())
        .header("x-proxy-version", "7.8.0")
        .header("x-hash-algorithm", "SHA-512")
        .body(body)
        .expect("a request");
    sender.send(whole.body[..whole.body.len() / 2].to_vec().into()).await.expect("sent");
    let client = who.client();
    let asked = client.open(request);
    let other = world.client.ask(question("page", Wording::Soap, "m-2"));
    let (answer, other) = tokio::join!(asked, other);
    other.expect("others are served meanwhile");
    let (head, body) = answer.expect("an answer").into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), 100_000).await.expect("a fault");
    let code = code_of(&http::Response::from_parts(head, body));
    assert_eq!(code, "server.serverproxy.service_failed.io_error");
    drop(sender);
    // To the OCSP port, which wants no body at all.
    let mut stream = TcpStream::connect(world.port("asker", 2)).await.expect("connected");
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nx").await.expect("written");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    read.expect("the connection ends").expect("read");
    assert!(answer.starts_with(b"HTTP/1.1 500"), "{}", String::from_utf8_lossy(&answer));
    let again = post_to_peer(&who, &world.port("keeper", 0), &whole.content_type, "7.8.0", whole.body).await;
    assert_eq!(code_of(&again.expect("an answer")), "ok");
    world.shutdown.trigger();
}
