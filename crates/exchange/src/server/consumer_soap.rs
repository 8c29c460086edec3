//! The client's side of a SOAP exchange: envelopes with and without attachments.

use super::{
    Asker, SecurityServer,
    consumer::{Answered, Asking, CLIENT, HERE, signed_of},
    inflow::Inflow,
    outflow::Outflow,
    receive::Content,
    signing::Arrived,
    source::open_soap,
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction},
    opmonitor::Side,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use formats::{
    hashchain::DigestAlgorithm,
    mime::ContentType,
    soap::{self, Parsed},
};

/// A request of an information system as HTTP brought it.
pub(super) struct SoapCall {
    pub asker: Asker,
    pub content_type: String,
    pub soap_action: Option<String>,
    pub inflow: Inflow,
}

/// A verified answer, not yet written for anybody.
pub(super) struct SoapReply {
    /// What the provider's information system wrote over its whole answer.
    pub original_content_type: Option<String>,
    /// Of the envelope, with its other MIME headers.
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub message: Bytes,
    pub attachments: Vec<Attachment>,
}

/// An answer for an information system.
pub(super) struct SoapAnswer {
    pub content_type: String,
    pub body: Outflow,
}

/// `SOAPAction` is a quoted text or nothing (SOAP 1.1 §6.1.1).
pub(super) fn check_action(place: Place, action: Option<&str>) -> Result<(), ExchangeFault> {
    let quoted = |action: &str| {
        let inside = action.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inside.is_some_and(|inside| !inside.contains('"'))
    };
    if action.is_none_or(|action| action.is_empty() || quoted(action)) {
        return Ok(());
    }
    Err(ExchangeFault::new(place, Cause::InvalidSoapAction, "SOAPAction must stand in quotes"))
}

impl SecurityServer {
    pub(super) async fn ask_soap(&self, call: SoapCall) -> Result<SoapReply, ExchangeFault> {
        let mut trace = Trace::new(Side::Client, "soap", self.clock.now());
        trace.request_id = self.uuid();
        let outcome = self.exchange_soap(&mut trace, call).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault);
        }
        outcome.map_err(|fault| self.told(fault))
    }

    async fn exchange_soap(&self, trace: &mut Trace, call: SoapCall) -> Result<SoapReply, ExchangeFault> {
        check_action(CLIENT, call.soap_action.as_deref())?;
        let configuration = self.configuration.current(HERE).await?;
        if call.content_type.is_empty() {
            return Err(ExchangeFault::new(CLIENT, Cause::InvalidRequest, "the request has no content type"));
        }
        let opened = open_soap(&call.content_type, call.inflow, self.settings.envelope_bytes_max).await?;
        self.inquiry_limit().take(opened.bytes.len(), CLIENT)?;
        let charset = ContentType::parse(&opened.content_type);
        let charset = charset.as_ref().and_then(|kind| kind.parameter("charset"));
        let parsed = soap::read_as(opened.bytes, charset);
        let Parsed::Message(request) = parsed.map_err(|error| ExchangeFault::coded(CLIENT, error.code(), error))?
        else {
            return Err(ExchangeFault::new(CLIENT, Cause::MissingSoap, "a request must not be a fault"));
        };
        let headers = &request.headers;
        trace.about_soap(headers);
        let provider = &headers.service.provider;
        let entries = self.check_parties(
            &configuration,
            &call.asker,
            &headers.client,
            provider,
            headers.security_server.as_ref(),
        )?;
        let mime: Vec<(String, String)> =
            opened.headers.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")).collect();
        let asking = Asking {
            client: &headers.client,
            content_type: &opened.content_type,
            headers: &mime,
            bytes: &request.bytes,
            rest: false,
            original_content_type: Some(&call.content_type),
            soap_action: call.soap_action.as_deref(),
            source: opened.rest,
        };
        let answer = self.exchange(trace, &configuration, &entries, asking).await?;
        self.take_soap_answer(&configuration, trace, &request, answer).await
    }

    async fn take_soap_answer(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        request: &soap::Message,
        answer: Answered,
    ) -> Result<SoapReply, ExchangeFault> {
        let mut received = answer.received;
        let Some(Content::Soap { headers, content_type, message }) = received.content.take() else {
            return Err(ExchangeFault::new(HERE, Cause::MissingSoap, "the answer has no SOAP message"));
        };
        let provider = &request.headers.service.provider;
        let (signed, attachments) = (signed_of(&received)?, &received.attachments);
        let arrived = Arrived { message: &message.bytes, attachments, algorithm: answer.algorithm, signed };
        self.check_signature(configuration, HERE, provider, &arrived)?;
        soap::check_consistent(&request.headers, &message.headers)
            .map_err(|error| ExchangeFault::new(Place::PeerAnswer, Cause::InconsistentResponse, error))?;
        check_hash(request, &message)?;
        let entry = trace.entry(Direction::Response, provider, &content_type, &message.bytes, attachments, signed);
        self.log_response(HERE, trace, entry).await?;
        Ok(SoapReply {
            original_content_type: answer.original_content_type,
            content_type,
            headers,
            message: message.bytes,
            attachments: received.attachments,
        })
    }
}

impl SoapReply {
    pub(super) fn render(&self) -> SoapAnswer {
        let original = self.original_content_type.as_deref();
        render(original, &self.content_type, &self.headers, self.message.clone(), &self.attachments)
    }
}

/// The answer names the digest of this request and of no other.
fn check_hash(request: &soap::Message, response: &soap::Message) -> Result<(), ExchangeFault> {
    let inconsistent = |why: &str| ExchangeFault::new(HERE, Cause::InconsistentResponse, why);
    let stated = response.headers.request_hash.as_ref().ok_or_else(|| inconsistent("the answer names no request"))?;
    let algorithm = DigestAlgorithm::from_uri(&stated.algorithm)
        .filter(|algorithm| !matches!(algorithm, DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224))
        .ok_or_else(|| inconsistent("the digest of the request is of an algorithm that is not accepted"))?;
    if *stated == request_hash(algorithm, &request.bytes) {
        return Ok(());
    }
    Err(inconsistent("the answer is not to this request"))
}

/// `requestHash` of a SOAP request (message protocol §2.3).
pub(super) fn request_hash(algorithm: DigestAlgorithm, request: &[u8]) -> soap::RequestHash {
    soap::RequestHash { algorithm: algorithm.uri().to_owned(), value: STANDARD.encode(algorithm.digest(request)) }
}

/// A verified message as its sender's information system wrote it: multipart under its own boundary, or alone.
pub(super) fn render(
    original: Option<&str>,
    content_type: &str,
    headers: &[(String, String)],
    message: Bytes,
    attachments: &[Attachment],
) -> SoapAnswer {
    let related = original.and_then(ContentType::parse).filter(|kind| kind.essence == "multipart/related");
    let boundary = related.as_ref().and_then(ContentType::boundary);
    match (boundary, original) {
        (Some(boundary), Some(original)) => {
            let mut all = vec![("Content-Type".to_owned(), content_type.to_owned())];
            all.extend_from_slice(headers);
            let body = Outflow::related(boundary, &all, message, attachments);
            SoapAnswer { content_type: original.to_owned(), body }
        }
        _ => SoapAnswer { content_type: content_type.to_owned(), body: Outflow::default().bytes(message) },
    }
}
