//! Who must have signed a logged message, by the message itself: the client of a request, the provider of a response.

use crate::{
    flaw::{Flaw, FlawKind},
    identifier::{ClientId, decode_segment},
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub id: ClientId,
    pub message_id: String,
}

fn invalid(why: impl std::fmt::Display) -> Flaw {
    Flaw::new(FlawKind::InvalidMessage, why)
}

/// SOAP, or the header part of a REST message (reference §2.6): a response's begins with a digit.
pub fn sender(message: &[u8]) -> Result<Sender, Flaw> {
    match message.first() {
        Some(b'1'..=b'9') => rest_response(message),
        Some(b'A'..=b'Z') => {
            let head = RequestHead::decode(message).map_err(invalid)?;
            Ok(Sender { id: head.client, message_id: head.id })
        }
        _ => soap_message(message),
    }
}

fn rest_response(message: &[u8]) -> Result<Sender, Flaw> {
    let head = ResponseHead::decode(message).map_err(invalid)?;
    let service = head.header("x-road-service").ok_or_else(|| invalid("the response names no service"))?;
    let parts: Option<Vec<String>> = service.trim_matches('/').split('/').map(decode_segment).collect();
    // Instance, class, member, perhaps a subsystem, and the service: a version is no part of a REST service's identifier.
    let id = parts.and_then(|parts| match parts.as_slice() {
        [instance, class, member, rest @ .., _] if rest.len() <= 1 => Some(ClientId {
            instance: instance.clone(),
            class: class.clone(),
            member: member.clone(),
            subsystem: rest.first().cloned(),
        }),
        _ => None,
    });
    let message_id = head.header("x-road-id").unwrap_or_default().to_owned();
    Ok(Sender { id: id.ok_or_else(|| invalid("the response's service is no identifier"))?, message_id })
}

fn soap_message(message: &[u8]) -> Result<Sender, Flaw> {
    match soap::read(message.to_vec()) {
        Ok(Parsed::Message(message)) => {
            let headers = message.headers.clone();
            let id = if message.is_response() { headers.service.provider } else { headers.client };
            Ok(Sender { id, message_id: headers.id })
        }
        Ok(Parsed::Fault(_)) => Err(invalid("the message is a fault")),
        Err(error) => Err(invalid(error)),
    }
}
