//! The client's side of a REST exchange.

use super::{
    SecurityServer,
    consumer::{Transmission, signed_of},
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Direction,
    opmonitor::Side,
};
use bytes::Bytes;
use formats::{
    message::{Decoded, Payload, REST_REQUEST, REST_RESPONSE},
    rest::{RequestHead, ResponseHead, RestError, request_hash},
};

const CLIENT: Place = Place::Client;
const HERE: Place = Place::ClientProxy;

/// An answer for an information system.
#[derive(Debug)]
pub(super) struct RestAnswer {
    pub head: ResponseHead,
    pub body: Option<Vec<u8>>,
}

/// A request of an information system as HTTP brought it.
pub(super) struct RestCall {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl SecurityServer {
    pub(super) async fn ask_rest(&self, call: RestCall) -> Result<RestAnswer, ExchangeFault> {
        let mut trace = Trace::new(Side::Client, "rest", self.clock.now());
        trace.request_id = self.uuid();
        let outcome = self.exchange_rest(&mut trace, call).await;
        if let Err(fault) = &outcome {
            self.note_failure(&trace, fault).await;
        }
        outcome.map_err(|fault| fault.numbered(&*self.chance))
    }

    async fn exchange_rest(&self, trace: &mut Trace, call: RestCall) -> Result<RestAnswer, ExchangeFault> {
        let fresh = self.uuid();
        let head = RequestHead::from_http(&call.method, &call.target, call.headers, &fresh, &trace.request_id)
            .map_err(|error| bad_head(CLIENT, &error))?;
        trace.about(&head.id, &head.client, &head.service);
        let message = head.encode();
        trace.request_bytes = message.len() + call.body.len();
        self.check_inquiry_size(CLIENT, trace.request_bytes)?;
        let configuration = self.configuration.current(HERE).await?;
        let wanted = head.security_server().map_err(|error| bad_head(CLIENT, &error))?;
        let entries = self.check_parties(&configuration, &head.client, &head.service.provider, wanted.as_ref())?;
        let body = (!call.body.is_empty()).then_some(&call.body[..]);
        let signed = self.sign(&configuration, HERE, &head.client, &message, body).await?;
        let entry = trace.entry(Direction::Request, &head.client, REST_REQUEST, &message, body, &signed);
        self.log_request(HERE, &entry).await?;
        let payload = Payload::RestRequest(message);
        let request_id = trace.request_id.clone();
        let transmission =
            Transmission { payload: &payload, body, signed: &signed, request_id: &request_id, soap_action: None };
        let answer = self.transmit(&configuration, &entries, &transmission).await?;
        self.take_rest_answer(&configuration, trace, &head, &request_hash(payload.bytes(), body), answer).await
    }

    async fn take_rest_answer(
        &self,
        configuration: &Configuration,
        trace: &Trace,
        request: &RequestHead,
        hash: &str,
        answer: Decoded,
    ) -> Result<RestAnswer, ExchangeFault> {
        let Some(Payload::RestResponse(message)) = &answer.payload else {
            return Err(ExchangeFault::new(HERE, Cause::MissingRest, "the answer has no REST message"));
        };
        let provider = &request.service.provider;
        let signed = signed_of(&answer)?;
        let body = answer.rest_body.as_deref();
        self.check_signature(configuration, HERE, provider, message, body, &signed)?;
        let head = ResponseHead::decode(message).map_err(|error| bad_head(HERE, &error))?;
        if let Some(field) = head.inconsistency(request, hash) {
            let text = format!("{field} of the answer is not the request's");
            return Err(ExchangeFault::new(HERE, Cause::InconsistentResponse, text));
        }
        let entry = trace.entry(Direction::Response, provider, REST_RESPONSE, message, body, &signed);
        self.log_response(HERE, trace, &entry).await?;
        Ok(RestAnswer { head, body: answer.rest_body })
    }
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
