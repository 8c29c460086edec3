//! Messages between security servers.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    message,
    soap::{Headers, Message},
};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let decoded = message::decode(case.needed("content_type")?, &case.file()?)
        .map_err(|error| Refused::code(error.code(), format!("{error:?}")))?;
    let fault = decoded.fault.as_ref().map(
        |fault| json!({ "code": fault.code, "string": fault.string, "actor": fault.actor, "detail": fault.detail }),
    );
    let kind = |message: &Message| if message.is_response() { "response" } else { "request" };
    let message = decoded.soap.as_ref().map(|message| {
        let Headers { client, service, id, .. } = &message.headers;
        json!({ "type": kind(message), "client": client.to_string(), "service": service.to_string(), "id": id })
    });
    Ok(json!({
        "message": message,
        "fault": fault,
        "ocsp_responses": decoded.ocsp.len(),
        "attachments": decoded.attachments.len(),
        "hash_chain": decoded.chain.is_some(),
        "signature": decoded.signature.is_some(),
    }))
}
