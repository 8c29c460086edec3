//! The one HTTP client: pooled connections, a limit on the answer's size and on the whole time. A client holds one TLS
//! identity, so pools never mix identities. Redirects are answers, not followed.

use base::Fault;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
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
    pool: Pool<Connector, Full<Bytes>>,
}

impl Client {
    /// For `http://` addresses.
    pub fn plain() -> Client {
        Client::with(None)
    }

    /// For `https://` addresses, with this identity and trust.
    pub fn tls(config: rustls::ClientConfig) -> Client {
        Client::with(Some(TlsConnector::from(Arc::new(config))))
    }

    fn with(tls: Option<TlsConnector>) -> Client {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(Connector { tcp, tls });
        Client { pool }
    }

    /// Sends the request and reads the whole answer, at most `size_bytes_max` of it, within `timeout` altogether.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        size_bytes_max: usize,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Fault> {
        let exchange = async {
            let response = self.pool.request(request.map(Full::new)).await.map_err(failed)?;
            let (parts, body) = response.into_parts();
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
    Fault::passing("send an HTTP request", deepest)
}

#[derive(Clone)]
struct Connector {
    tcp: HttpConnector,
    tls: Option<TlsConnector>,
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
        let tls = self.tls.clone();
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let connecting = self.tcp.call(uri);
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            if !secure {
                return Ok(TokioIo::new(Stream::Plain(stream)));
            }
            let tls = tls.ok_or("this client has no TLS identity")?;
            let stream = tls.connect(ServerName::try_from(host)?, stream).await?;
            Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
        })
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
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
