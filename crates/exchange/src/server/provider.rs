//! The provider's side of an exchange. The order of the checks is the protocol's (reference §2.3), because the first that
//! fails gives the code.

use super::{
    SecurityServer,
    consumer::{ENVELOPE_BYTES_MAX, PROXY_VERSION, algorithm_of, header},
    consumer_rest::bad_head,
    inflow::Inflow,
    receive::{Content, Received, Taking},
    reply::PeerAnswer,
    rights::Asked,
    signing::{Arrived, Signed},
    trace::Trace,
};
use crate::{
    certificates::is_authentication,
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction},
    opmonitor::Side,
};
use axum::body::Body;
use bytes::Bytes;
use formats::{
    hashchain::DigestAlgorithm,
    identifier::{ClientId, ServerId, ServiceId},
    message::REST_REQUEST,
    rest::RequestHead,
    soap,
};
use http::HeaderMap;
use std::sync::Arc;

pub(super) const HERE: Place = Place::ServerProxy;
/// While a message is read it is not yet the server's own affair (reference §2.14).
const READING: Place = Place::Service;

/// A message from another server as HTTP brought it.
pub(super) struct Incoming {
    pub headers: HeaderMap,
    /// The TLS client's chain, leaf first.
    pub peer: Vec<Vec<u8>>,
    pub inflow: Inflow,
}

/// A request that was taken in: either wording.
pub(super) enum Request {
    Soap { message: Box<soap::Message>, headers: Vec<(String, String)>, content_type: String },
    Rest { head: Box<RequestHead>, bytes: Bytes },
}

impl Request {
    pub(super) fn client(&self) -> &ClientId {
        match self {
            Request::Soap { message, .. } => &message.headers.client,
            Request::Rest { head, .. } => &head.client,
        }
    }

    pub(super) fn service(&self) -> &ServiceId {
        match self {
            Request::Soap { message, .. } => &message.headers.service,
            Request::Rest { head, .. } => &head.service,
        }
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        match self {
            Request::Soap { .. } => Asked::Soap,
            Request::Rest { head, .. } => Asked::Rest { method: &head.method, path: &head.path },
        }
    }

    pub(super) fn bytes(&self) -> &Bytes {
        match self {
            Request::Soap { message, .. } => &message.bytes,
            Request::Rest { bytes, .. } => bytes,
        }
    }

    fn content_type(&self) -> &str {
        match self {
            Request::Soap { content_type, .. } => content_type,
            Request::Rest { .. } => REST_REQUEST,
        }
    }
}

/// What the checks before the bodies look at.
struct Named<'a> {
    client: &'a ClientId,
    service: &'a ServiceId,
    security_server: Option<ServerId>,
}

impl SecurityServer {
    pub(super) fn incoming(&self, headers: HeaderMap, peer: Vec<Vec<u8>>, body: Body) -> Incoming {
        let limit = self.inquiry_limit();
        let most = limit.left_bytes.saturating_add(ENVELOPE_BYTES_MAX);
        Incoming { headers, peer, inflow: Inflow::new(body, READING, most, limit.too_long, self.settings.patience) }
    }

    /// Works on a message of another server; the answer is a transport message, perhaps still being made.
    pub(super) async fn serve_peer(self: &Arc<Self>, mut incoming: Incoming) -> Result<PeerAnswer, ExchangeFault> {
        let mut trace = Trace::new(Side::Producer, "soap", self.clock.now());
        trace.request_id = header(&incoming.headers, "x-road-request-id").unwrap_or_default().to_owned();
        let outcome = Box::pin(self.serve_checked(&mut trace, &mut incoming)).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault);
        }
        outcome.map_err(|fault| self.told(fault))
    }

    async fn serve_checked(
        self: &Arc<Self>,
        trace: &mut Trace,
        incoming: &mut Incoming,
    ) -> Result<PeerAnswer, ExchangeFault> {
        let configuration = self.configuration.current(HERE).await?;
        if !header(&incoming.headers, "x-proxy-version").is_none_or(is_supported) {
            let text = format!("this server speaks with {PROXY_VERSION} and older ones from 6.26");
            return Err(ExchangeFault::new(HERE, Cause::ClientProxyVersionNotSupported, text));
        }
        let algorithm = algorithm_of(&incoming.headers, READING)?;
        let content_type = header(&incoming.headers, "content-type").unwrap_or_default();
        let taking = Taking { content_type, algorithm, limit: self.inquiry_limit(), answer: false };
        let judge = |received: &Received| self.check_named(&configuration, received, &incoming.peer);
        let received = self.receive(&mut incoming.inflow, taking, &judge).await?;
        let rest =
            header(&incoming.headers, "x-road-message-type").is_some_and(|kind| kind.eq_ignore_ascii_case("REST"));
        let (request, attachments, signed) = take_apart(received, rest, trace)?;
        if let Some(peer) = self.peer_of(&configuration, request.client(), &incoming.peer) {
            trace.details.addresses(&configuration, &peer, &self.id);
        }
        self.check_request(&configuration, trace, &request, &attachments, algorithm, &signed).await?;
        self.answer(configuration, trace, &incoming.headers, request, &attachments).await
    }

    /// What the signed part and the connection decide, before any body is taken in.
    fn check_named(
        &self,
        configuration: &Configuration,
        received: &Received,
        peer: &[Vec<u8>],
    ) -> Result<(), ExchangeFault> {
        let head;
        let named = match &received.content {
            Some(Content::Soap { message, .. }) => Named {
                client: &message.headers.client,
                service: &message.headers.service,
                security_server: message.headers.security_server.clone(),
            },
            Some(Content::RestRequest(bytes)) => {
                head = RequestHead::decode(bytes).map_err(|error| bad_head(READING, &error))?;
                let security_server = head.security_server().map_err(|error| bad_head(READING, &error))?;
                Named { client: &head.client, service: &head.service, security_server }
            }
            // What is missing is said when everything was read.
            Some(Content::RestResponse(_)) | None => return Ok(()),
        };
        self.check_target(configuration, &named)?;
        self.check_peer(configuration, named.client, peer, &received.ocsp)
    }

    /// The message is for this server, and the provider is one of ours.
    fn check_target(&self, configuration: &Configuration, named: &Named<'_>) -> Result<(), ExchangeFault> {
        if named.security_server.as_ref().is_some_and(|wanted| *wanted != self.id) {
            return Err(ExchangeFault::new(READING, Cause::InvalidSecurityServer, "the message is for another server"));
        }
        let provider = &named.service.provider;
        if !self.is_client(provider) || !configuration.is_registered(&self.id, provider) {
            let text = format!("{provider} is not a client of this server");
            return Err(ExchangeFault::new(READING, Cause::UnknownMember, text));
        }
        Ok(())
    }

    /// The other end of the connection is a server that has the client registered, with a certificate that is good.
    fn check_peer(
        &self,
        configuration: &Configuration,
        client: &ClientId,
        peer: &[Vec<u8>],
        ocsp: &[Vec<u8>],
    ) -> Result<(), ExchangeFault> {
        // Whatever is wrong with a certificate: the field's servers say this one code.
        let refuse = |why: String| ExchangeFault::new(READING, Cause::SslAuthenticationFailed, why);
        let bad = |fault: ExchangeFault| refuse(fault.text);
        let leaf = peer.first().ok_or_else(|| refuse("the other server showed no certificate".to_owned()))?;
        let now = self.clock.now();
        let instance = configuration.current_instance(HERE, &client.instance, now)?;
        let trusted = self.judge.path(instance, READING, leaf, &peer[1..], now).map_err(bad)?;
        if !is_authentication(&trusted.certificate) {
            return Err(refuse("the certificate is not for authentication".to_owned()));
        }
        self.judge.check_any_good(instance, READING, &trusted, ocsp, now).map_err(bad)?;
        let server = instance.server_of(&trusted.digests);
        let server = server.ok_or_else(|| refuse("the certificate belongs to no registered server".to_owned()))?;
        if instance.is_registered(&server.id, client) {
            Ok(())
        } else {
            Err(refuse(format!("{} does not serve {client}", server.id)))
        }
    }

    /// The server at the other end of the connection.
    fn peer_of(&self, configuration: &Configuration, client: &ClientId, peer: &[Vec<u8>]) -> Option<ServerId> {
        let instance = configuration.instance(&client.instance)?;
        Some(instance.server_of_certificate(peer.first()?)?.id.clone())
    }

    /// Right, signature and log, in this order; nothing is asked before the request is durable.
    async fn check_request(
        &self,
        configuration: &Configuration,
        trace: &mut Trace,
        request: &Request,
        attachments: &[Attachment],
        algorithm: DigestAlgorithm,
        signed: &Signed,
    ) -> Result<(), ExchangeFault> {
        match self.own_service(request.service(), request.asked()) {
            Some(own) => self.check_own(configuration, own, request)?,
            None => self.rights.check(configuration, request.client(), request.service(), request.asked())?,
        }
        let (client, bytes) = (request.client(), request.bytes());
        let arrived = Arrived { message: bytes, attachments, algorithm, signed };
        self.check_signature(configuration, HERE, client, &arrived)?;
        self.check_stamping(configuration, HERE)?;
        // What could not be answered is not asked for.
        self.check_can_sign(configuration, HERE, &request.service().provider).await?;
        let entry = trace.entry(Direction::Request, client, request.content_type(), bytes, attachments, signed);
        trace.request_bytes = usize::try_from(entry.size_bytes()).unwrap_or(usize::MAX);
        self.log_request(HERE, entry).await
    }
}

/// Request, bodies and signature, or what is missing.
fn take_apart(
    received: Received,
    rest: bool,
    trace: &mut Trace,
) -> Result<(Request, Vec<Attachment>, Signed), ExchangeFault> {
    let refuse = |place, cause, why: &str| Err(ExchangeFault::new(place, cause, why));
    if let Some(fault) = received.fault {
        let text = format!("a request must not be a fault: {}", fault.code);
        return Err(ExchangeFault::new(READING, Cause::InvalidMessage, text));
    }
    let request = match received.content {
        Some(Content::Soap { headers, content_type, message }) => Request::Soap { message, headers, content_type },
        Some(Content::RestRequest(bytes)) => {
            trace.wording = "rest";
            let head = RequestHead::decode(&bytes).map_err(|error| bad_head(READING, &error))?;
            Request::Rest { head: Box::new(head), bytes }
        }
        Some(Content::RestResponse(_)) => return refuse(HERE, Cause::MissingRest, "an answer is not a request"),
        None if rest => return refuse(HERE, Cause::MissingRest, "there is no message"),
        None => return refuse(HERE, Cause::MissingSoap, "there is no message"),
    };
    match &request {
        Request::Soap { message, .. } => trace.about_soap(&message.headers),
        Request::Rest { head, .. } => trace.about_rest(head),
    }
    match received.signed {
        Some(signed) => Ok((request, received.attachments, signed)),
        None => refuse(HERE, Cause::MissingSignature, "the message is not signed"),
    }
}

/// Peers from 6.26 on speak this transport (reference §6.1).
fn is_supported(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    major > 6 || (major == 6 && minor >= 26)
}

#[cfg(test)]
mod tests {
    use super::is_supported;

    #[test]
    fn versions_of_peers() {
        for (version, expected) in
            [("7.8.0", true), ("6.26.1", true), ("6.25.0", false), ("5", false), ("8.0.0-beta2", true)]
        {
            assert_eq!(is_supported(version), expected, "{version}");
        }
    }
}
