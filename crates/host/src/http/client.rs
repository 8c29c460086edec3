//! The one HTTP client: pooled connections, a limit on the answer's size and on the whole time. A client holds one TLS
//! identity, so pools never mix identities. Redirects are answers, not followed.

use super::{BUFFER_BYTES_MAX, SendBody};
use axum::body::Body;
use base::Fault;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Client {
    pool: Pool<Connector, SendBody>,
}

impl Client {
    /// For `http://` addresses.
    pub fn plain() -> Client {
        Client::with(None, None)
    }

    /// The same, with something that can be done when a handshake fails.
    pub fn tls_with(config: rustls::ClientConfig, remedy: Arc<dyn Remedy>) -> Client {
        Client::with(Some(TlsConnector::from(Arc::new(config))), Some(remedy))
    }

    /// For `https://` addresses, with this identity and trust.
    pub fn tls(config: rustls::ClientConfig) -> Client {
        Client::with(Some(TlsConnector::from(Arc::new(config))), None)
    }

    fn with(tls: Option<TlsConnector>, remedy: Option<Arc<dyn Remedy>>) -> Client {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(BUFFER_BYTES_MAX)
            .build(Connector { tcp, tls, remedy });
        Client { pool }
    }

    /// Sends the request and returns when the head of the answer is there, also while the request is still being sent.
    /// The caller bounds the wait, and what it reads.
    pub async fn open(&self, request: http::Request<SendBody>) -> Result<http::Response<Body>, Fault> {
        Ok(self.pool.request(request).await.map_err(failed)?.map(Body::new))
    }

    /// Sends the request and reads the whole answer, at most `size_bytes_max` of it, within `timeout` altogether.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        size_bytes_max: usize,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Fault> {
        let exchange = async {
            let (parts, body) = self.open(request.map(SendBody::from)).await?.into_parts();
            let body = Limited::new(body, size_bytes_max).collect().await;
            let body = body.map_err(|cause| Fault::passing("read an HTTP answer", cause))?;
            Ok(http::Response::from_parts(parts, body.to_bytes()))
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .map_err(|_| Fault::passing("send an HTTP request", "no answer in time"))?
    }
}

/// The cause of the cause says what happened ("connection refused"); the outer error only that something did.
fn failed(error: hyper_util::client::legacy::Error) -> Fault {
    let mut deepest: &dyn std::error::Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let attempt = if error.is_connect() { CONNECT } else { "send an HTTP request" };
    Fault::passing(attempt, deepest)
}

const CONNECT: &str = "connect to an HTTP server";

/// Whether the request cannot have reached the server, so that it may be sent to another one.
pub fn never_arrived(fault: &Fault) -> bool {
    fault.attempt == CONNECT
}

/// Asked once when a handshake failed: does what it can and says whether another one is worth it.
pub trait Remedy: Send + Sync {
    fn remedy(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

#[derive(Clone)]
struct Connector {
    tcp: HttpConnector,
    tls: Option<TlsConnector>,
    remedy: Option<Arc<dyn Remedy>>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl tower::Service<http::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let (tls, remedy) = (self.tls.clone(), self.remedy.clone());
        let (mut tcp, again) = (self.tcp.clone(), uri.clone());
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let connecting = self.tcp.call(uri);
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            if !secure {
                return Ok(TokioIo::new(Stream::Plain(stream)));
            }
            let tls = tls.ok_or("this client has no TLS identity")?;
            let name = ServerName::try_from(host)?;
            let stream = match (handshake(&tls, name.clone(), stream).await, remedy) {
                (Ok(stream), _) => stream,
                (Err(refused), Some(remedy)) => {
                    if !remedy.remedy().await {
                        return Err(refused);
                    }
                    std::future::poll_fn(|context| tcp.poll_ready(context)).await?;
                    handshake(&tls, name, tcp.call(again).await?.into_inner()).await?
                }
                (Err(refused), None) => return Err(refused),
            };
            Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
        })
    }
}

/// A server that takes connections and says nothing is as good as none.
async fn handshake(tls: &TlsConnector, name: ServerName<'static>, stream: TcpStream) -> Result<TlsStream, BoxError> {
    let late = |_| "no TLS handshake in time";
    Ok(tokio::time::timeout(CONNECT_TIMEOUT, tls.connect(name, stream)).await.map_err(late)??)
}

type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
