//! The accept loop: HTTP/1.1 over TCP or TLS, with limits on connections, handshakes and silence.

use super::{BUFFER_BYTES_MAX, Shutdown};
use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections served at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 4096;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// What is under way at shutdown gets this long to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept (out of descriptors), others need time to finish.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Request extension: the client's certificate chain in DER, leaf first; empty without a client certificate.
#[derive(Clone, Debug)]
pub struct PeerCertificates(pub Arc<Vec<Vec<u8>>>);

/// Request extension: where the connection came from.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// Serves plain HTTP until the shutdown.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    accept(listener, None, router, shutdown).await;
}

/// Serves HTTPS until the shutdown.
pub async fn serve_tls(listener: TcpListener, config: Arc<rustls::ServerConfig>, router: Router, shutdown: Shutdown) {
    accept(listener, Some(TlsAcceptor::from(config)), router, shutdown).await;
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    loop {
        let place = places.clone().acquire_owned().await.expect("never closed");
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                tracing::warn!(%cause, "accepting a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are written whole; waiting to fill a segment would only add delay.
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "setting no delay");
        }
        let (tls, router, watcher) = (tls.clone(), router.clone(), connections.watcher());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, peer, Vec::new(), router, watcher).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                        let chain = chain.iter().map(|certificate| certificate.to_vec()).collect();
                        connection(stream, peer, chain, router, watcher).await;
                    }
                    Ok(Err(cause)) => tracing::debug!(%cause, "TLS handshake"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                },
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

async fn connection<S>(stream: S, peer: SocketAddr, chain: Vec<Vec<u8>>, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let chain = PeerCertificates(Arc::new(chain));
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(chain.clone());
        request.extensions_mut().insert(PeerAddress(peer));
        router.clone().oneshot(request)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(cause) = watcher.watch(served).await {
        tracing::debug!(%cause, "a connection ended early");
    }
}
