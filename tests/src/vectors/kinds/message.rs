//! SOAP messages, alone or with attachments, and the requests of operational monitoring among them.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    mime::{ContentType, read_all},
    soap::{self, Message, Parsed, SoapError},
    xml::Element,
};
use serde_json::{Map, Value, json};

fn refuse(error: SoapError) -> Refused {
    Refused::code(error.code(), &error)
}

/// The message's bytes and how many attachments came with it.
fn take_apart(case: &Case<'_>) -> Result<(Vec<u8>, usize), Refused> {
    let unknown = |why: &str| Refused::code("invalid_content_type", why);
    let kind = ContentType::parse(case.needed("content_type")?).ok_or_else(|| unknown("no media type"))?;
    let bytes = case.file()?;
    match kind.essence.as_str() {
        "text/xml" => Ok((bytes, 0)),
        "multipart/related" => {
            let boundary = kind.boundary().ok_or_else(|| unknown("no boundary"))?;
            let parts = read_all(&bytes, 0..bytes.len(), boundary)
                .map_err(|error| Refused::code("mime_parsing_failed", error.0))?;
            let first = parts.first().ok_or_else(|| Refused::code("missing_soap", "no part"))?;
            let stated = first.header("content-type").and_then(ContentType::parse);
            let stated = stated.ok_or_else(|| unknown("the first part names no media type"))?;
            if !matches!(stated.essence.as_str(), "text/xml" | "application/xop+xml") {
                return Err(unknown("the first part is no SOAP message"));
            }
            Ok((bytes[first.body.clone()].to_vec(), parts.len() - 1))
        }
        other => Err(unknown(other)),
    }
}

fn read(case: &Case<'_>) -> Result<(Parsed, usize), Refused> {
    let (bytes, attachments) = take_apart(case)?;
    let parsed = soap::read(bytes.clone()).map_err(refuse)?;
    if let Parsed::Message(message) = &parsed
        && message.bytes != bytes
    {
        return Err(Refused::code("", "the bytes handed on are not the bytes received"));
    }
    Ok((parsed, attachments))
}

pub fn run(case: &Case<'_>) -> Facts {
    let (message, attachments) = match read(case)? {
        (Parsed::Message(message), attachments) => (message, attachments),
        (Parsed::Fault(_), _) => return Ok(json!({ "type": "fault" })),
    };
    if let Some(path) = case.case["inputs"]["request"]["path"].as_str() {
        let Ok(Parsed::Message(request)) = soap::read(case.read(path)?) else {
            return Err(Refused::case("the request is no message"));
        };
        soap::check_consistent(&request.headers, &message.headers).map_err(refuse)?;
    }
    Ok(facts(&message, attachments))
}

pub fn operational_monitoring(case: &Case<'_>) -> Facts {
    let mut facts = run(case)?;
    if let (Parsed::Message(message), _) = read(case)?
        && let Some(criteria) = message.body.find(&|element: &Element| element.name == "searchCriteria")
    {
        let text = |child: &Element| (child.name.clone(), json!(child.text.trim()));
        facts["search"] = Value::Object(criteria.children.iter().map(text).collect::<Map<_, _>>());
    }
    Ok(facts)
}

fn facts(message: &Message, attachments: usize) -> Value {
    let headers = &message.headers;
    let party = headers.represented_party.as_ref().map(|(class, code)| match class {
        Some(class) => format!("{class}/{code}"),
        None => code.clone(),
    });
    let mut facts = json!({
        "type": if message.is_response() { "response" } else { "request" },
        "client": headers.client.to_string(),
        "service": headers.service.to_string(),
        "id": headers.id,
        "user_id": headers.user_id,
        "issue": headers.issue,
        "protocol_version": headers.protocol_version,
        "represented_party": party,
        "security_server": headers.security_server.as_ref().map(ToString::to_string),
        "rpc": message.rpc,
        "body": message.body.name,
        "attachments": attachments,
    });
    if !message.is_response() {
        let response = soap::respond(message, &json!({}));
        if let Ok(Parsed::Message(response)) = soap::read(response) {
            facts["response_body"] = json!(response.body.name);
        }
    }
    facts
}
