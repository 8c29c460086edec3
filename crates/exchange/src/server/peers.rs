//! Connections to other servers: one pool per server, kept alive, since a new connection costs more than signing. A peer's
//! certificate must be the one that the configuration names for it, with a good OCSP response from the peer's OCSP port.

use super::{SecurityServer, tls};
use crate::{
    certificates::{CertificateJudge, is_authentication},
    configuration::{CertificateDigests, Configuration, ConfigurationSlot},
    fault::{Cause, ExchangeFault, Place},
};
use axum::body::Body;
use base::{Chance, Clock, Fault};
use bytes::Bytes;
use formats::{
    globalconf::SecurityServer as ServerEntry,
    identifier::ServerId,
    mime::{ContentType, read_all},
    verify::Digest,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use host::http::{Client, Remedy, SendBody, never_arrived};
use http::HeaderMap;
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, time::timeout};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the fastest of several servers is believed to be it.
const FASTEST_KEPT: Duration = Duration::from_secs(3600);
const OCSP_TIMEOUT: Duration = Duration::from_secs(10);
const OCSP_BYTES_MAX: usize = 256 * 1024;
/// Ports of the protocol, for addresses that name none; an address with a port has its OCSP port two above (reference
/// §1.3 and docs/EXCHANGE.md).
const MESSAGE_PORT: u16 = 5500;
const OCSP_PORT: u16 = 5577;
const OCSP_PORT_ABOVE: u16 = 2;

pub(super) struct Peers {
    configuration: Arc<ConfigurationSlot>,
    judge: Arc<CertificateJudge>,
    clock: Arc<dyn Clock>,
    http: Client,
    known: Mutex<HashMap<ServerId, Arc<Peer>>>,
    /// The server that answered fastest, for each set of servers of one provider.
    fastest: Mutex<HashMap<Vec<ServerId>, Fastest>>,
}

struct Fastest {
    server: ServerId,
    found: Instant,
}

/// What is known about one other server.
struct Peer {
    client: Client,
    facts: Arc<PeerFacts>,
}

struct PeerFacts {
    id: ServerId,
    /// Host, message port, OCSP port.
    address: (String, u16, u16),
    http: Client,
    configuration: Arc<ConfigurationSlot>,
    judge: Arc<CertificateJudge>,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

#[derive(Default, Clone)]
struct Seen {
    /// The certificate that the peer showed last.
    certificate: Option<Arc<Shown>>,
    ocsp: Option<Bytes>,
    /// Why the last handshake was refused.
    refused: Option<ExchangeFault>,
}

/// A certificate that was shown.
struct Shown {
    der: Vec<u8>,
    digests: CertificateDigests,
}

impl PeerFacts {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Certificate of this very server, path, purpose and a good response at hand.
    fn check(
        &self,
        configuration: &Configuration,
        certificate: &Shown,
        ocsp: Option<&[u8]>,
    ) -> Result<(), ExchangeFault> {
        let refuse = |why: &str| ExchangeFault::new(Place::ClientProxy, Cause::SslAuthenticationFailed, why);
        let entry = configuration.server(&self.id).ok_or_else(|| refuse("the server is not registered"))?;
        if !certificate.digests.is_registered(entry) {
            return Err(refuse("the certificate is not the one registered for the server"));
        }
        let now = self.clock.now();
        let instance = configuration.current_instance(Place::ClientProxy, &self.id.instance, now)?;
        let named = |fault: ExchangeFault| fault.of_certificate(Place::ClientProxy);
        let trusted = self.judge.path(instance, Place::ClientProxy, &certificate.der, &[], now).map_err(named)?;
        if !is_authentication(&trusted.certificate) {
            return Err(refuse("the certificate is not for authentication"));
        }
        let ocsp = ocsp.ok_or_else(|| refuse("no OCSP response for the certificate"))?;
        self.judge.check_good(instance, Place::ClientProxy, &trusted, ocsp, now).map_err(named)
    }
}

impl PeerFacts {
    /// The OCSP response for the peer's certificate, from the peer.
    async fn ask(&self, certificate: &[u8]) -> Result<Bytes, Fault> {
        let (host, _, port) = &self.address;
        ask_peer(&self.http, host, *port, certificate).await
    }
}

/// A handshake shows the certificate and is refused for want of its OCSP response; with the response a second one succeeds.
impl Remedy for PeerFacts {
    fn remedy(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            let Some(certificate) = self.seen().certificate.clone() else { return false };
            match self.ask(&certificate.der).await {
                Ok(response) => {
                    // The refusal is mended: what happens to the next handshake is another matter.
                    let mut seen = self.seen();
                    (seen.ocsp, seen.refused) = (Some(response), None);
                    true
                }
                Err(fault) => {
                    tracing::warn!(%fault, peer = %self.id, "a peer has no OCSP response");
                    false
                }
            }
        })
    }
}

impl tls::JudgePeer for PeerFacts {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        let certificate = Arc::new(Shown { der: certificate.to_vec(), digests: CertificateDigests::of(certificate) });
        let outcome = match self.configuration.at_hand() {
            Some(configuration) => {
                let ocsp = self.seen().ocsp.clone();
                self.check(&configuration, &certificate, ocsp.as_deref())
            }
            None => {
                let text = "there is no global configuration";
                Err(ExchangeFault::new(Place::ClientProxy, Cause::GlobalConfOutdated, text))
            }
        };
        let mut seen = self.seen();
        seen.certificate = Some(certificate);
        seen.refused = outcome.clone().err();
        outcome.map_err(|fault| fault.to_string())
    }
}

impl Peers {
    pub(super) fn new(
        configuration: Arc<ConfigurationSlot>,
        judge: Arc<CertificateJudge>,
        clock: Arc<dyn Clock>,
        http: Client,
    ) -> Self {
        Peers { configuration, judge, clock, http, known: Mutex::default(), fastest: Mutex::default() }
    }

    /// The servers in the order in which they are tried: the one that was fastest, then the others by chance. Which is
    /// fastest is found by connecting to all of them at once, and remembered for an hour (reference §2.3).
    async fn order<'a>(&self, entries: &[&'a ServerEntry], chance: &dyn Chance) -> Vec<&'a ServerEntry> {
        let mut order = entries.to_vec();
        if order.len() < 2 {
            return order;
        }
        for place in (1..order.len()).rev() {
            order.swap(place, usize::try_from(chance.below(place as u64 + 1)).unwrap_or(0));
        }
        let key = set_of(entries);
        let known = self
            .fastest()
            .get(&key)
            .filter(|known| known.found.elapsed() < FASTEST_KEPT)
            .map(|known| known.server.clone());
        let first = match known {
            Some(server) => Some(server),
            None => race(&order).await.inspect(|server| {
                self.fastest().insert(key, Fastest { server: server.clone(), found: Instant::now() });
            }),
        };
        order.sort_by_key(|entry| Some(&entry.id) != first.as_ref());
        order
    }

    /// A server was not reached: next time all run again.
    fn forget(&self, entries: &[&ServerEntry]) {
        self.fastest().remove(&set_of(entries));
    }

    fn fastest(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<ServerId>, Fastest>> {
        self.fastest.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The pool for a server; a new one when the server moved or the certificate of the old is registered no more.
    fn peer(&self, server: &SecurityServer, entry: &ServerEntry) -> Result<Arc<Peer>, ExchangeFault> {
        let unknown = || ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, "the server has no address");
        let (id, address) = (&entry.id, address(entry).ok_or_else(unknown)?);
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(peer) = known.get(id).filter(|peer| peer.facts.address == address) {
            let seen = peer.facts.seen().certificate.clone();
            if seen.is_none_or(|certificate| certificate.digests.is_registered(entry)) {
                return Ok(peer.clone());
            }
        }
        let facts = Arc::new(PeerFacts {
            id: id.clone(),
            address,
            http: self.http.clone(),
            configuration: self.configuration.clone(),
            judge: self.judge.clone(),
            clock: self.clock.clone(),
            seen: Mutex::default(),
        });
        let config = tls::toward(&server.authentication, facts.clone()).map_err(|fault| network(&fault))?;
        let peer = Arc::new(Peer { client: Client::tls_with(config, facts.clone()), facts });
        known.insert(id.clone(), peer.clone());
        Ok(peer)
    }
}

fn set_of(entries: &[&ServerEntry]) -> Vec<ServerId> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

/// The first that takes a connection.
async fn race(entries: &[&ServerEntry]) -> Option<ServerId> {
    let mut running: FuturesUnordered<_> = entries
        .iter()
        .filter_map(|entry| Some((entry, address(entry)?)))
        .map(|(entry, (host, port, _))| async move {
            let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await;
            matches!(connected, Ok(Ok(_))).then(|| entry.id.clone())
        })
        .collect();
    while let Some(outcome) = running.next().await {
        if outcome.is_some() {
            return outcome;
        }
    }
    None
}

/// Host and the two ports of a server's address.
fn address(entry: &ServerEntry) -> Option<(String, u16, u16)> {
    let written = entry.address.as_deref()?;
    match written.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
        Some((host, port)) => Some((host.to_owned(), port, port.checked_add(OCSP_PORT_ABOVE)?)),
        None => Some((written.to_owned(), MESSAGE_PORT, OCSP_PORT)),
    }
}

/// Asks a peer for the OCSP response of its certificate (reference §2.5).
async fn ask_peer(http: &Client, host: &str, port: u16, certificate: &[u8]) -> Result<Bytes, Fault> {
    let failed = |cause: &dyn std::fmt::Display| Fault::passing("ask a server for its OCSP response", cause);
    let (sha1, sha256) = (base::hex(&Digest::Sha1.of(certificate)), base::hex(&Digest::Sha256.of(certificate)));
    let uri = format!("http://{host}:{port}/?cert={sha1}&cert_hash={sha256}");
    let request = http::Request::get(uri).body(Bytes::new()).map_err(|error| failed(&error))?;
    let answer = http.send(request, OCSP_BYTES_MAX, OCSP_TIMEOUT).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(failed(&answer.status()));
    }
    let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = ContentType::parse(kind).ok_or_else(|| failed(&"no content type"))?;
    let boundary = kind.boundary().ok_or_else(|| failed(&"no boundary"))?;
    let parts = read_all(answer.body(), 0..answer.body().len(), boundary).map_err(|error| failed(&error))?;
    let first = parts.first().ok_or_else(|| failed(&"no part"))?;
    Ok(answer.body().slice(first.body.clone()))
}

impl SecurityServer {
    /// Sends to the fastest of `entries`, and to the next when that one cannot be reached; returns when the head of the
    /// answer is there. What may have arrived is never sent twice.
    pub(super) async fn send(
        &self,
        configuration: &Configuration,
        entries: &[&ServerEntry],
        head: &HeaderMap,
        body: SendBody,
    ) -> Result<http::Response<Body>, ExchangeFault> {
        let mut last = ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, "the provider has no server");
        let order = self.peers.order(entries, &*self.chance).await;
        let mut body = Some(body);
        for entry in order {
            let copy = body.as_ref().and_then(SendBody::again);
            let Some(sent) = copy.or_else(|| body.take()) else { break };
            match self.send_to(configuration, entry, head, sent).await {
                Ok(response) => return Ok(response),
                Err(Unsent::Unreached(fault)) => {
                    self.peers.forget(entries);
                    last = fault;
                }
                Err(Unsent::Failed(fault)) => return Err(fault),
            }
        }
        Err(last)
    }

    async fn send_to(
        &self,
        configuration: &Configuration,
        entry: &ServerEntry,
        head: &HeaderMap,
        body: SendBody,
    ) -> Result<http::Response<Body>, Unsent> {
        let unreached = |fault: &Fault| Unsent::Unreached(network(fault));
        let peer = self.peers.peer(self, entry).map_err(Unsent::Unreached)?;
        let seen = peer.facts.seen().clone();
        if let Some(certificate) = &seen.certificate
            && peer.facts.check(configuration, certificate, seen.ocsp.as_deref()).is_err()
        {
            let response = peer.facts.ask(&certificate.der).await.map_err(|fault| unreached(&fault))?;
            peer.facts.check(configuration, certificate, Some(&response)).map_err(Unsent::Unreached)?;
            let mut seen = peer.facts.seen();
            (seen.ocsp, seen.refused) = (Some(response), None);
        }
        let (host, port, _) = &peer.facts.address;
        let mut request = http::Request::post(format!("https://{host}:{port}/"))
            .body(body)
            .map_err(|error| Unsent::Failed(ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, error)))?;
        *request.headers_mut() = head.clone();
        peer.client.open(request).await.map_err(|fault| {
            let refused = peer.facts.seen().refused.clone();
            match (never_arrived(&fault), refused) {
                (true, Some(refused)) => Unsent::Unreached(refused),
                (true, None) => unreached(&fault),
                (false, _) => Unsent::Failed(network(&fault)),
            }
        })
    }
}

fn network(fault: &Fault) -> ExchangeFault {
    ExchangeFault::failed(Place::ClientProxy, Cause::NetworkError, fault)
}

/// Why a request was not answered, and whether another server may be asked.
enum Unsent {
    /// It cannot have arrived.
    Unreached(ExchangeFault),
    Failed(ExchangeFault),
}
