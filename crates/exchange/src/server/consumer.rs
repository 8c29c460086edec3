//! The client's side of an exchange: from a request to the verified answer. What SOAP and REST share is here; what they
//! read and check of their own is in `consumer_soap` and `consumer_rest`.

use super::{
    Asker, SecurityServer,
    inflow::Inflow,
    receive::{Received, Taking},
    relay::{Limit, Relay},
    signing::Signed,
    source::Source,
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction},
};
use axum::body::Body;
use bytes::Bytes;
use formats::{
    globalconf::SecurityServer as ServerEntry,
    hashchain::DigestAlgorithm,
    identifier::{ClientId, ServerId},
    message::Frame,
};
use host::http::SendBody;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::pin::pin;

pub(super) const CLIENT: Place = Place::Client;
pub(super) const HERE: Place = Place::ClientProxy;
/// The version of the transport that we speak.
pub(super) const PROXY_VERSION: &str = "7.8.0";
/// Room for MIME headers, signature, chain and OCSP responses around the contents of a message.
pub(super) const ENVELOPE_BYTES_MAX: u64 = 1024 * 1024;

/// A request on its way to the provider's server.
pub(super) struct Asking<'a> {
    pub client: &'a ClientId,
    /// Of the signed part, with its other MIME headers.
    pub content_type: &'a str,
    pub headers: &'a [(String, String)],
    pub bytes: &'a Bytes,
    pub rest: bool,
    /// What the information system wrote over its whole message.
    pub original_content_type: Option<&'a str>,
    pub soap_action: Option<&'a str>,
    pub source: Source,
}

/// What came back, not yet verified.
pub(super) struct Answered {
    pub received: Received,
    pub algorithm: DigestAlgorithm,
    pub original_content_type: Option<String>,
    /// The bodies of the request, as they were sent.
    pub sent: Vec<Attachment>,
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The digest that a message says its parts are hashed with. Those that are broken are not accepted.
pub(super) fn algorithm_of(headers: &HeaderMap, place: Place) -> Result<DigestAlgorithm, ExchangeFault> {
    let Some(name) = header(headers, "x-hash-algorithm") else { return Ok(DigestAlgorithm::Sha512) };
    DigestAlgorithm::from_name(name)
        .filter(|algorithm| !matches!(algorithm, DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224))
        .ok_or_else(|| ExchangeFault::new(place, Cause::InvalidMessage, "x-hash-algorithm is not accepted"))
}

impl SecurityServer {
    /// The client must be ours and registered; the provider's servers that may be asked.
    pub(super) fn check_parties<'a>(
        &self,
        configuration: &'a Configuration,
        asker: &Asker,
        client: &ClientId,
        provider: &'a ClientId,
        wanted: Option<&ServerId>,
    ) -> Result<Vec<&'a ServerEntry>, ExchangeFault> {
        self.check_stamping(configuration, HERE)?;
        let refuse = |cause, why: String| Err(ExchangeFault::new(HERE, cause, why));
        if !self.is_client(client) || !configuration.is_registered(&self.id, client) {
            return refuse(Cause::UnknownMember, format!("{client} is not a client of this server"));
        }
        self.check_asker(asker, client)?;
        let mut entries: Vec<&ServerEntry> = configuration.servers_of(provider).collect();
        if entries.is_empty() {
            return refuse(Cause::UnknownMember, format!("{provider} has no server"));
        }
        if let Some(wanted) = wanted {
            entries.retain(|entry| entry.id == *wanted);
            if entries.is_empty() {
                return refuse(Cause::InvalidSecurityServer, format!("{wanted} does not serve {provider}"));
            }
        }
        if let Some(message) = entries.iter().find_map(|entry| entry.maintenance.as_deref())
            && entries.iter().all(|entry| entry.maintenance.is_some())
        {
            return refuse(Cause::MaintenanceMode, message.to_owned());
        }
        entries.retain(|entry| entry.maintenance.is_none());
        Ok(entries)
    }

    /// Sends the request and takes in the answer. A small request is signed, logged and sent as one; a large one is on its
    /// way while it comes, and its signature follows when it is logged: before that it is no message.
    pub(super) async fn exchange(
        &self,
        trace: &mut Trace,
        configuration: &Configuration,
        entries: &[&ServerEntry],
        mut asking: Asking<'_>,
    ) -> Result<Answered, ExchangeFault> {
        trace.details.addresses(configuration, &self.id, &entries[0].id);
        let own = self.own_status(configuration, HERE, self.authentication.certificate.der()).await?;
        let mut limit = self.inquiry_limit();
        limit.take(asking.bytes.len(), CLIENT)?;
        let source = std::mem::replace(&mut asking.source, Source::Nothing);
        let frame = Frame::new(&self.random_letters(30));
        let mut relay = Relay::new(source, self.spool.clone(), frame, CLIENT, limit);
        relay.frame.ocsp(&mut relay.out, &own);
        relay.frame.message(&mut relay.out, asking.content_type, asking.headers, asking.bytes);
        let head = transport_head(&asking, &relay.frame, &trace.request_id)?;
        let answer = if relay.gather().await? {
            self.seal_request(trace, configuration, &asking, &mut relay).await?;
            trace.request_out(self.clock.now());
            self.wait(self.send(configuration, entries, &head, SendBody::from(relay.take()))).await?
        } else {
            trace.request_out(self.clock.now());
            Box::pin(self.stream(trace, configuration, entries, &asking, &head, &mut relay)).await?
        };
        trace.response_in(self.clock.now());
        self.take_in(answer, relay.attachments).await
    }

    /// Sends while the bodies come. An answer before the end is a refusal, which then counts.
    async fn stream(
        &self,
        trace: &mut Trace,
        configuration: &Configuration,
        entries: &[&ServerEntry],
        asking: &Asking<'_>,
        head: &HeaderMap,
        relay: &mut Relay,
    ) -> Result<http::Response<Body>, ExchangeFault> {
        let (sender, body) = SendBody::stream(None);
        let mut send = pin!(self.send(configuration, entries, head, body));
        let produce = async {
            if relay.run(&sender).await?.is_err() {
                return Ok(());
            }
            self.seal_request(trace, configuration, asking, relay).await?;
            if sender.send(relay.take()).await.is_err() || sender.finish().await.is_err() {
                tracing::debug!("the other server answered before the message ended");
            }
            Ok(())
        };
        tokio::select! {
            biased;
            produced = produce => produced?,
            answer = &mut send => return answer,
        }
        self.wait(send).await
    }

    async fn wait(
        &self,
        send: impl Future<Output = Result<http::Response<Body>, ExchangeFault>>,
    ) -> Result<http::Response<Body>, ExchangeFault> {
        let late = |_| ExchangeFault::new(HERE, Cause::NetworkError, "the other server did not answer in time");
        tokio::time::timeout(self.settings.peer_wait, send).await.map_err(late)?
    }

    /// Signs and logs; only then is the message complete.
    async fn seal_request(
        &self,
        trace: &mut Trace,
        configuration: &Configuration,
        asking: &Asking<'_>,
        relay: &mut Relay,
    ) -> Result<(), ExchangeFault> {
        let signed = self.sign(configuration, HERE, asking.client, asking.bytes, &relay.attachments).await?;
        let entry = trace.entry(
            Direction::Request,
            asking.client,
            asking.content_type,
            asking.bytes,
            &relay.attachments,
            &signed,
        );
        trace.request_bytes = usize::try_from(entry.size_bytes()).unwrap_or(usize::MAX);
        self.log_request(HERE, entry).await?;
        relay.seal(signed.chain.as_ref(), &signed.signature);
        Ok(())
    }

    /// Takes in the answer; a fault of the other side is returned as that side worded it.
    async fn take_in(&self, answer: http::Response<Body>, sent: Vec<Attachment>) -> Result<Answered, ExchangeFault> {
        let (head, body) = answer.into_parts();
        if head.status != http::StatusCode::OK {
            let text = format!("the other server answered {}", head.status);
            return Err(ExchangeFault::new(HERE, Cause::HttpError, text));
        }
        let algorithm = algorithm_of(&head.headers, Place::PeerAnswer)?;
        let limit = self.answer_limit();
        let most = limit.left_bytes.saturating_add(ENVELOPE_BYTES_MAX);
        let mut inflow = Inflow::new(body, Place::PeerAnswer, most, limit.too_long, self.settings.patience);
        let content_type = header(&head.headers, "content-type").unwrap_or_default();
        let taking = Taking { content_type, algorithm, limit, answer: true };
        let received = self.receive(&mut inflow, taking, &|_| Ok(())).await?;
        if let Some(fault) = received.fault {
            return Err(ExchangeFault::from_soap(fault));
        }
        let original_content_type = header(&head.headers, "x-original-content-type").map(str::to_owned);
        Ok(Answered { received, algorithm, original_content_type, sent })
    }

    /// What an information system sends.
    pub(super) fn inquiry(&self, body: Body) -> Inflow {
        let limit = self.inquiry_limit();
        let most = limit.left_bytes.saturating_add(ENVELOPE_BYTES_MAX);
        Inflow::new(body, CLIENT, most, limit.too_long, self.settings.patience)
    }

    pub(super) fn inquiry_limit(&self) -> Limit {
        Limit { left_bytes: self.limits.inquiry_bytes_max as u64, too_long: Cause::InquiryTooLarge }
    }

    pub(super) fn answer_limit(&self) -> Limit {
        Limit { left_bytes: self.limits.answer_bytes_max as u64, too_long: Cause::NetworkError }
    }
}

/// The HTTP headers of a transport message.
fn transport_head(asking: &Asking<'_>, frame: &Frame, request_id: &str) -> Result<HeaderMap, ExchangeFault> {
    let mut head = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| {
        let value = HeaderValue::try_from(value);
        let value =
            value.map_err(|_| ExchangeFault::new(CLIENT, Cause::InvalidMessage, format!("{name} is no header")))?;
        head.insert(HeaderName::from_static(name), value);
        Ok(())
    };
    add("content-type", &frame.content_type())?;
    add("x-road-request-id", request_id)?;
    add("x-hash-algorithm", "SHA-512")?;
    add("x-proxy-version", PROXY_VERSION)?;
    if let Some(original) = asking.original_content_type {
        add("x-original-content-type", original)?;
    }
    if asking.rest {
        add("x-road-message-type", "REST")?;
    }
    if let Some(action) = asking.soap_action {
        add("x-original-soapaction", action)?;
    }
    Ok(head)
}

/// The signature of an answer with its chain.
pub(super) fn signed_of(answer: &Received) -> Result<&Signed, ExchangeFault> {
    let missing = || ExchangeFault::new(HERE, Cause::MissingSignature, "the answer is not signed");
    answer.signed.as_ref().ok_or_else(missing)
}
