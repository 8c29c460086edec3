//! Connections to other servers: one pool per server, kept alive, since a new connection costs more than signing. A peer's
//! certificate must be the one that the configuration names for it, with a good OCSP response from the peer's OCSP port.

use super::{SecurityServer, tls};
use crate::{
    certificates::{CertificateJudge, is_authentication},
    configuration::{Configuration, ConfigurationSlot, is_registered_certificate},
    fault::{Cause, ExchangeFault, Place},
};
use base::{Clock, Fault};
use bytes::Bytes;
use formats::{
    globalconf::SecurityServer as ServerEntry,
    identifier::ServerId,
    mime::{ContentType, read_all},
    verify::Digest,
};
use host::http::Client;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(60);
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
    known: Mutex<HashMap<ServerId, Arc<Peer>>>,
}

/// What is known about one other server.
struct Peer {
    client: Client,
    facts: Arc<PeerFacts>,
}

struct PeerFacts {
    id: ServerId,
    configuration: Arc<ConfigurationSlot>,
    judge: Arc<CertificateJudge>,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

#[derive(Default, Clone)]
struct Seen {
    /// The certificate that the peer showed last.
    certificate: Option<Vec<u8>>,
    ocsp: Option<Vec<u8>>,
    /// Why the last handshake was refused.
    refused: Option<String>,
}

impl PeerFacts {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Certificate of this very server, path, purpose and a good response at hand.
    fn check(
        &self,
        configuration: &Configuration,
        certificate: &[u8],
        ocsp: Option<&[u8]>,
    ) -> Result<(), ExchangeFault> {
        let refuse = |why: &str| ExchangeFault::new(Place::ClientProxy, Cause::SslAuthenticationFailed, why);
        let entry = configuration.server(&self.id).ok_or_else(|| refuse("the server is not registered"))?;
        if !is_registered_certificate(entry, certificate) {
            return Err(refuse("the certificate is not the one registered for the server"));
        }
        let now = self.clock.now();
        let instance = configuration.current_instance(Place::ClientProxy, &self.id.instance, now)?;
        let trusted = self.judge.path(instance, Place::ClientProxy, certificate, &[], now)?;
        if !is_authentication(&trusted.certificate) {
            return Err(refuse("the certificate is not for authentication"));
        }
        let ocsp = ocsp.ok_or_else(|| refuse("no OCSP response for the certificate"))?;
        self.judge.check_good(instance, Place::ClientProxy, &trusted, ocsp, now)
    }
}

impl tls::JudgePeer for PeerFacts {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        let outcome = match self.configuration.at_hand() {
            Some(configuration) => {
                let ocsp = self.seen().ocsp.clone();
                self.check(&configuration, certificate, ocsp.as_deref()).map_err(|fault| fault.to_string())
            }
            None => Err("no global configuration".to_owned()),
        };
        let mut seen = self.seen();
        seen.certificate = Some(certificate.to_vec());
        seen.refused = outcome.clone().err();
        outcome
    }
}

impl Peers {
    pub(super) fn new(
        configuration: Arc<ConfigurationSlot>,
        judge: Arc<CertificateJudge>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Peers { configuration, judge, clock, known: Mutex::default() }
    }

    /// The pool for a server; a new one when the certificate of the old is registered no more.
    fn peer(&self, server: &SecurityServer, entry: &ServerEntry) -> Result<Arc<Peer>, Fault> {
        let id = &entry.id;
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(peer) = known.get(id) {
            let seen = peer.facts.seen().certificate.clone();
            if seen.is_none_or(|der| is_registered_certificate(entry, &der)) {
                return Ok(peer.clone());
            }
        }
        let facts = Arc::new(PeerFacts {
            id: id.clone(),
            configuration: self.configuration.clone(),
            judge: self.judge.clone(),
            clock: self.clock.clone(),
            seen: Mutex::default(),
        });
        let peer = Arc::new(Peer { client: Client::tls(tls::client_config(server, facts.clone())?), facts });
        known.insert(id.clone(), peer.clone());
        Ok(peer)
    }
}

/// Host and the two ports of a server's address.
fn address(entry: &ServerEntry) -> Option<(String, u16, u16)> {
    let written = entry.address.as_deref()?;
    match written.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
        Some((host, port)) => Some((host.to_owned(), port, port.checked_add(OCSP_PORT_ABOVE)?)),
        None => Some((written.to_owned(), MESSAGE_PORT, OCSP_PORT)),
    }
}

impl SecurityServer {
    /// Sends to the first of `entries` that can be reached, and returns its answer.
    pub(super) async fn send(
        &self,
        configuration: &Configuration,
        entries: &[&ServerEntry],
        request: &http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ExchangeFault> {
        let mut last = ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, "the provider has no server");
        for entry in entries {
            match self.send_to(configuration, entry, request).await {
                Ok(response) => return Ok(response),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn send_to(
        &self,
        configuration: &Configuration,
        entry: &ServerEntry,
        request: &http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ExchangeFault> {
        let unknown = || ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, "the server has no address");
        let (host, port, ocsp_port) = address(entry).ok_or_else(unknown)?;
        let failed = |fault: &Fault| ExchangeFault::failed(Place::ClientProxy, Cause::NetworkError, fault);
        let peer = self.peers.peer(self, entry).map_err(|fault| failed(&fault))?;
        let uri = format!("https://{host}:{port}/");
        // The first handshake shows the certificate and is refused for want of its OCSP response; the second succeeds.
        for attempt in 0..2 {
            let seen = peer.facts.seen().clone();
            if let Some(certificate) = &seen.certificate
                && peer.facts.check(configuration, certificate, seen.ocsp.as_deref()).is_err()
            {
                let response = self.ask_peer(&host, ocsp_port, certificate).await.map_err(|fault| failed(&fault))?;
                peer.facts.check(configuration, certificate, Some(&response))?;
                peer.facts.seen().ocsp = Some(response);
            }
            let mut copy = http::Request::post(&uri)
                .body(request.body().clone())
                .map_err(|error| ExchangeFault::new(Place::ClientProxy, Cause::UnknownMember, error))?;
            *copy.headers_mut() = request.headers().clone();
            let most = self.limits.answer_bytes_max + ENVELOPE_BYTES_MAX;
            match peer.client.send(copy, most, TIMEOUT).await {
                Ok(response) => return Ok(response),
                Err(_) if attempt == 0 && peer.facts.seen().certificate != seen.certificate => {}
                Err(fault) => {
                    return Err(match peer.facts.seen().refused.clone() {
                        Some(why) => ExchangeFault::new(Place::ClientProxy, Cause::SslAuthenticationFailed, why),
                        None => failed(&fault),
                    });
                }
            }
        }
        Err(ExchangeFault::new(Place::ClientProxy, Cause::NetworkError, "no connection"))
    }

    /// The OCSP response for a peer's certificate, from the peer (reference §2.5).
    async fn ask_peer(&self, host: &str, port: u16, certificate: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |cause: &dyn std::fmt::Display| Fault::passing("ask a server for its OCSP response", cause);
        let (sha1, sha256) = (base::hex(&Digest::Sha1.of(certificate)), base::hex(&Digest::Sha256.of(certificate)));
        let uri = format!("http://{host}:{port}/?cert={sha1}&cert_hash={sha256}");
        let request = http::Request::get(uri).body(Bytes::new()).map_err(|error| failed(&error))?;
        let answer = self.http.send(request, OCSP_BYTES_MAX, OCSP_TIMEOUT).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(failed(&answer.status()));
        }
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = ContentType::parse(kind).ok_or_else(|| failed(&"no content type"))?;
        let boundary = kind.boundary().ok_or_else(|| failed(&"no boundary"))?;
        let parts = read_all(answer.body(), 0..answer.body().len(), boundary).map_err(|error| failed(&error))?;
        let first = parts.first().ok_or_else(|| failed(&"no part"))?;
        Ok(answer.body()[first.body.clone()].to_vec())
    }
}

/// Room for signature, chain and OCSP responses around a message.
pub(super) const ENVELOPE_BYTES_MAX: usize = 256 * 1024;
