//! The floor: a bare pair of proxies over mutual TLS that does the signatures, verifications and durable writes of an
//! exchange and nothing else. No XML is read, no right is looked up, no certificate is judged.

mod log;
mod signature;
mod tls;

use crate::load::{ask, connect};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use log::Log;
use serde::{Deserialize, Serialize};
use signature::{Signatures, Verifier};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub use tls::make_keys;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Mutual TLS alone: no signature, no log.
    Tls,
    Ecdsa,
    /// RSA-2048; what is queued is signed with one signature over a Merkle tree.
    RsaBatched,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Tls => "tls only",
            Mode::Ecdsa => "ecdsa",
            Mode::RsaBatched => "rsa batched",
        }
    }
}

/// What both roles are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Floor {
    pub mode: Mode,
    /// Keys, certificates and logs.
    pub directory: PathBuf,
    /// Where `a` takes plain requests, and `b` those of `a`.
    pub a: String,
    pub b: String,
    pub system: String,
}

/// One of the two proxies, as far as both do the same.
struct Proxy {
    signing: Option<(Signatures, Verifier)>,
    log: Log,
    next: Pool,
}

/// Kept connections to the next hop.
struct Pool {
    address: String,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Pool {
    async fn take(&self) -> SendRequest<Full<Bytes>> {
        let kept = self.idle.lock().expect("never poisoned").pop();
        if let Some(kept) = kept.filter(|kept| !kept.is_closed()) {
            return kept;
        }
        let Some(tls) = &self.tls else { return connect(&self.address).await.expect("the next hop listens") };
        let stream = TcpStream::connect(&self.address).await.expect("the next hop listens");
        stream.set_nodelay(true).expect("a TCP socket");
        let name = rustls::pki_types::ServerName::try_from("floor").expect("a name");
        let stream = tls.connect(name, stream).await.expect("both know each other's certificate");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        sender
    }

    async fn ask(&self, body: Bytes) -> Bytes {
        let mut sender = self.take().await;
        let request = http::Request::post("/rest/page").header("host", "floor").body(Full::new(body));
        let (status, answer) = ask(&mut sender, request.expect("a request")).await.expect("an answer");
        assert_eq!(status, http::StatusCode::OK, "the next hop answers");
        if sender.ready().await.is_ok() {
            self.idle.lock().expect("never poisoned").push(sender);
        }
        answer
    }
}

impl Proxy {
    /// Signed, and durable in the log.
    async fn sealed(&self, message: Bytes) -> Bytes {
        let Some((signatures, _)) = &self.signing else { return message };
        let signature = signatures.sign(&message).await;
        let size = u32::try_from(message.len()).expect("messages are small");
        let mut out = BytesMut::with_capacity(4 + message.len() + signature.len());
        out.put_u32(size);
        out.extend_from_slice(&message);
        out.extend_from_slice(&signature);
        let out = out.freeze();
        self.log.write(out.clone()).await;
        out
    }

    /// Verified, and durable in the log; the message alone.
    async fn opened(&self, sealed: Bytes) -> Bytes {
        let Some((_, verifier)) = &self.signing else { return sealed };
        let size = u32::from_be_bytes(sealed[..4].try_into().expect("four bytes")) as usize;
        let message = sealed.slice(4..4 + size);
        assert!(verifier.verifies(&message, &sealed[4 + size..]), "the floor's own signatures verify");
        self.log.write(sealed).await;
        message
    }

    /// From the client's side: sealed to the next, its answer opened.
    async fn first(&self, body: Bytes) -> Bytes {
        let answer = self.next.ask(self.sealed(body).await).await;
        self.opened(answer).await
    }

    /// At the provider's side: opened, asked of the information system, its answer sealed.
    async fn second(&self, body: Bytes) -> Bytes {
        let message = self.opened(body).await;
        let answer = self.next.ask(message).await;
        self.sealed(answer).await
    }
}

/// Serves one role until it is killed.
pub async fn serve(floor: Floor, role: &str) {
    let first = role == "a";
    let keys = tls::Keys::load(&floor.directory);
    let (own, other) = if first { (&keys.a, &keys.b) } else { (&keys.b, &keys.a) };
    let log = Log::open(&floor.directory.join(format!("{role}.log")));
    let signing = (floor.mode != Mode::Tls).then(|| {
        (Signatures::new(floor.mode, &floor.directory, role), Verifier::new(floor.mode, &floor.directory, other.role))
    });
    let (address, next, tls) = if first {
        (floor.a, floor.b, Some(TlsConnector::from(tls::client(own, other))))
    } else {
        (floor.b, floor.system, None)
    };
    let proxy = Arc::new(Proxy { signing, log, next: Pool { address: next, tls, idle: Mutex::default() } });
    let acceptor = (!first).then(|| TlsAcceptor::from(tls::server(own, other)));
    let listener = TcpListener::bind(&address).await.expect("a free port");
    crate::process::say_ready();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP socket");
        let (proxy, acceptor) = (proxy.clone(), acceptor.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: http::Request<Incoming>| answer(proxy.clone(), first, request));
            let server = hyper::server::conn::http1::Builder::new();
            // A connection that its client ended early is no failure here.
            let _ended = match acceptor {
                None => server.serve_connection(TokioIo::new(stream), service).await,
                Some(acceptor) => {
                    let stream = acceptor.accept(stream).await.expect("both know each other's certificate");
                    server.serve_connection(TokioIo::new(stream), service).await
                }
            };
        });
    }
}

async fn answer(
    proxy: Arc<Proxy>,
    first: bool,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a whole body").to_bytes();
    let answer = if first { proxy.first(body).await } else { proxy.second(body).await };
    Ok(http::Response::new(Full::new(answer)))
}
