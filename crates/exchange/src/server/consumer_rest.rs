//! The client's side of a REST exchange.

use super::{
    Asker, SecurityServer,
    consumer::{Answered, Asking, CLIENT, HERE, signed_of},
    inflow::Inflow,
    outflow::Outflow,
    receive::Content,
    signing::Arrived,
    source::Source,
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction},
    opmonitor::Side,
};
use bytes::Bytes;
use formats::{
    message::{REST_REQUEST, REST_RESPONSE},
    rest::{RequestHead, ResponseHead, RestError, request_hash_of},
};

/// An answer for an information system.
pub(super) struct RestAnswer {
    pub head: ResponseHead,
    pub body: Outflow,
}

/// A request of an information system as HTTP brought it.
pub(super) struct RestCall {
    pub asker: Asker,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub inflow: Inflow,
}

impl SecurityServer {
    pub(super) async fn ask_rest(&self, call: RestCall) -> Result<RestAnswer, ExchangeFault> {
        let mut trace = Trace::new(Side::Client, "rest", self.clock.now());
        trace.request_id = self.uuid();
        let outcome = self.exchange_rest(&mut trace, call).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault);
        }
        outcome.map_err(|fault| self.told(fault))
    }

    async fn exchange_rest(&self, trace: &mut Trace, call: RestCall) -> Result<RestAnswer, ExchangeFault> {
        let fresh = self.uuid();
        let head = RequestHead::from_http(&call.method, &call.target, call.headers, &fresh, &trace.request_id)
            .map_err(|error| bad_head(CLIENT, &error))?;
        trace.about_rest(&head);
        let message = Bytes::from(head.encode());
        let configuration = self.configuration.current(HERE).await?;
        let wanted = head.security_server().map_err(|error| bad_head(CLIENT, &error))?;
        let entries =
            self.check_parties(&configuration, &call.asker, &head.client, &head.service.provider, wanted.as_ref())?;
        let asking = Asking {
            client: &head.client,
            content_type: REST_REQUEST,
            headers: &[],
            bytes: &message,
            rest: true,
            original_content_type: None,
            soap_action: None,
            source: Source::rest(call.inflow),
        };
        let answer = self.exchange(trace, &configuration, &entries, asking).await?;
        let hash = hash_of(&message, &answer.sent);
        self.take_rest_answer(&configuration, trace, &head, &hash, answer).await
    }

    async fn take_rest_answer(
        &self,
        configuration: &Configuration,
        trace: &mut Trace,
        request: &RequestHead,
        hash: &str,
        answer: Answered,
    ) -> Result<RestAnswer, ExchangeFault> {
        let received = &answer.received;
        let Some(Content::RestResponse(message)) = &received.content else {
            return Err(ExchangeFault::new(HERE, Cause::MissingRest, "the answer has no REST message"));
        };
        let provider = &request.service.provider;
        let (signed, attachments) = (signed_of(received)?, &received.attachments);
        let arrived = Arrived { message, attachments, algorithm: answer.algorithm, signed };
        self.check_signature(configuration, HERE, provider, &arrived)?;
        let head = ResponseHead::decode(message).map_err(|error| bad_head(Place::PeerAnswer, &error))?;
        if let Some(field) = head.inconsistency(request, hash) {
            let text = format!("{field} of the answer is not the request's");
            return Err(ExchangeFault::new(HERE, Cause::InconsistentResponse, text));
        }
        trace.details.status_code = Some(head.status);
        let entry = trace.entry(Direction::Response, provider, REST_RESPONSE, message, attachments, signed);
        self.log_response(HERE, trace, entry).await?;
        let bodies = attachments.iter().map(|attachment| attachment.body.clone());
        Ok(RestAnswer { head, body: bodies.fold(Outflow::default(), Outflow::body) })
    }
}

/// `X-Road-Request-Hash` of a request with its body, if it has one.
pub(super) fn hash_of(message: &[u8], attachments: &[Attachment]) -> String {
    request_hash_of(message, attachments.first().map(|attachment| attachment.body.sha512().value.as_slice()))
}

/// The protocol has few codes for heads: what is missing, and what is malformed.
pub(super) fn bad_head(place: Place, error: &RestError) -> ExchangeFault {
    let cause = match error {
        RestError::MissingHeader(_) => Cause::MissingHeaderField,
        RestError::InvalidIdentifier("X-Road-Client") => Cause::InvalidClientIdentifier,
        RestError::InvalidIdentifier(_) | RestError::Malformed(_) => Cause::InvalidMessage,
        RestError::DroppedHeader(_) | RestError::InvalidPath => Cause::InvalidMessage,
    };
    ExchangeFault::new(place, cause, error)
}
