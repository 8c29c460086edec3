//! Writing requests, and answers that repeat the request's header byte by byte.

use super::{
    ENVELOPE, EXCHANGE, HEADERS, Message, RequestHash, XSI,
    fields::{empty_rows, write_fields},
};
use crate::{
    identifier::{ClientId, IDENTIFIERS, ServiceId, write_client, write_service},
    xml::{escape, escape_attribute},
};
use serde_json::Value;
use std::ops::Range;

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// What an asker says in the header.
#[derive(Debug, Clone)]
pub struct RequestHead<'a> {
    pub client: &'a ClientId,
    pub service: &'a ServiceId,
    pub id: &'a str,
    pub user_id: Option<&'a str>,
    pub issue: Option<&'a str>,
    pub purpose: Option<&'a str>,
}

/// A request whose body element is the service code with `fields` as its children.
pub fn request(head: &RequestHead<'_>, fields: &Value) -> Vec<u8> {
    request_with(head, &service_element(&head.service.code, fields))
}

/// A request with a body element of a schema of its own; the prefixes `xroad` and `id` are declared around it.
pub fn request_with(head: &RequestHead<'_>, element: &str) -> Vec<u8> {
    let mut header = write_client("xroad:client", head.client);
    header.push_str(&write_service("xroad:service", head.service));
    let mut text = |tag: &str, value: Option<&str>| {
        if let Some(value) = value {
            header.push_str(&format!("<{tag}>{}</{tag}>", escape(value)));
        }
    };
    text("xroad:userId", head.user_id);
    text("xroad:id", Some(head.id));
    text("xroad:issue", head.issue);
    text("xroad:protocolVersion", Some("4.0"));
    text("ex:purpose", head.purpose);
    format!(
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{ENVELOPE}\" xmlns:xroad=\"{HEADERS}\" xmlns:id=\"{IDENTIFIERS}\" \
         xmlns:ex=\"{EXCHANGE}\"><SOAP-ENV:Header>{header}</SOAP-ENV:Header><SOAP-ENV:Body>{element}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    .into_bytes()
}

fn service_element(name: &str, fields: &Value) -> String {
    format!(
        "<ex:{name} xmlns:ex=\"{EXCHANGE}\" xmlns:xsi=\"{XSI}\" xmlns:xsd=\"{XSD}\"{}>{}</ex:{name}>",
        empty_rows(fields),
        write_fields(fields)
    )
}

/// The answer of an information system: the request with another body, so that the header is the same to the byte.
pub fn respond(request: &Message, fields: &Value) -> Vec<u8> {
    respond_with(request, &service_element(&format!("{}Response", request.headers.service.code), fields))
}

/// The same with a body element that declares its own prefixes.
pub fn respond_with(request: &Message, element: &str) -> Vec<u8> {
    replaced(request, request.places.body_inner.clone(), element)
}

/// The message with `text` in the place of the bytes at `range`.
fn replaced(message: &Message, range: Range<usize>, text: &str) -> Vec<u8> {
    [&message.bytes[..range.start], &message.places.charset.encode(text), &message.bytes[range.end..]].concat()
}

/// The answer with the request's hash as a header field; it replaces one that the information system wrote.
pub fn with_request_hash(response: &Message, hash: &RequestHash) -> Vec<u8> {
    let element = format!(
        "<xroad:requestHash xmlns:xroad=\"{HEADERS}\" algorithmId=\"{}\">{}</xroad:requestHash>",
        escape_attribute(&hash.algorithm),
        escape(&hash.value)
    );
    let end = response.places.header_end;
    replaced(response, response.places.request_hash.clone().unwrap_or(end..end), &element)
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, SoapError, check_consistent, read, read_as};
    use super::*;
    use serde_json::json;

    fn question() -> Message {
        let client = ClientId::parse("AZ/GOV/10002/employment").expect("a client");
        let service = ServiceId::parse("AZ/GOV/10005/insurance/salaries/v1").expect("a service");
        let head = RequestHead {
            client: &client,
            service: &service,
            id: "q-1",
            user_id: Some("PIN:AYTEN01"),
            issue: Some("1.1-2026-7"),
            purpose: Some("unemployment-allowance"),
        };
        message(request(&head, &json!({"pin": "AYTEN01", "months": 12})))
    }

    fn message(bytes: Vec<u8>) -> Message {
        match read(bytes) {
            Ok(Parsed::Message(message)) => *message,
            other => panic!("no message: {other:?}"),
        }
    }

    #[test]
    fn question_and_answer_are_consistent() {
        let question = question();
        assert_eq!(question.fields(), json!({"pin": "AYTEN01", "months": 12}));
        assert_eq!(question.headers.purpose.as_deref(), Some("unemployment-allowance"));
        let answer = message(respond(&question, &json!({"pin": "AYTEN01", "rows": []})));
        assert!(answer.is_response() && !question.is_response());
        assert_eq!(check_consistent(&question.headers, &answer.headers), Ok(()));
        let hash = RequestHash { algorithm: "urn:x".into(), value: "aGFzaA==".into() };
        let hashed = message(with_request_hash(&answer, &hash));
        assert_eq!(hashed.headers.request_hash, Some(hash));
        assert_eq!(hashed.fields(), json!({"pin": "AYTEN01", "rows": []}));
        let other = RequestHash { algorithm: "urn:y".into(), value: "b3RoZXI=".into() };
        let again = message(with_request_hash(&hashed, &other));
        assert_eq!(again.headers.request_hash, Some(other), "one that is there is replaced");
    }

    #[test]
    fn an_envelope_in_another_encoding_is_continued_in_it() {
        let text = String::from_utf8(question().bytes.to_vec()).expect("text").replace("AYTEN01", "\u{c9}\u{e9}");
        let hash = RequestHash { algorithm: "urn:x".into(), value: "aGFzaA==".into() };
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let latin1 = |text: &str| text.chars().map(|letter| u8::try_from(letter).expect("latin")).collect::<Vec<u8>>();
        for (charset, bytes) in [
            ("utf-16", [vec![0xff, 0xfe], utf16(&text)].concat()),
            ("utf-16le", utf16(&text)),
            ("iso-8859-1", latin1(&text)),
        ] {
            let Ok(Parsed::Message(read)) = read_as(bytes.clone().into(), Some(charset)) else { panic!("{charset}") };
            assert_eq!(read.fields()["pin"], json!("\u{c9}\u{e9}"), "{charset}");
            assert_eq!(read.bytes, bytes);
            let hashed = with_request_hash(&read, &hash);
            let Ok(Parsed::Message(hashed)) = read_as(hashed.into(), Some(charset)) else { panic!("{charset}") };
            assert_eq!(hashed.headers.request_hash, Some(hash.clone()), "{charset}");
        }
        assert!(read_as(utf16(&text).into(), Some("utf-8")).is_err());
        assert!(read_as(latin1(&text).into(), None).is_err());
        assert!(read_as(vec![0xd8; 3].into(), Some("utf-16be")).is_err());
        assert!(read_as(latin1(&text).into(), Some("ebcdic")).is_err());
    }

    #[test]
    fn an_answer_to_another_question_is_not_consistent() {
        let question = question();
        let other =
            message(String::from_utf8(question.bytes.to_vec()).expect("text").replace("q-1", "q-2").into_bytes());
        assert!(matches!(check_consistent(&question.headers, &other.headers), Err(SoapError::InconsistentHeaders(_))));
    }

    #[test]
    fn each_fault_of_a_message_has_its_code() {
        let good = String::from_utf8(question().bytes.to_vec()).expect("text");
        for (from, to, code) in [
            ("<SOAP-ENV:Envelope", "<SOAP-ENV:Letter", "invalid_soap"),
            ("</SOAP-ENV:Header>", "<xroad:id>2</xroad:id></SOAP-ENV:Header>", "duplicate_header_field"),
            (">4.0<", ">5.0<", "invalid_protocol_version"),
            ("\"SUBSYSTEM\"", "\"MEMBER\"", "invalid_client_identifier"),
            ("\"SUBSYSTEM\"", "\"HOUSE\"", "invalid_xml"),
            ("<xroad:protocolVersion>4.0</xroad:protocolVersion>", "", "missing_header_field"),
            ("<SOAP-ENV:Body>", "<SOAP-ENV:Body><a/>", "invalid_body"),
            ("ex:salaries", "ex:pensions", "inconsistent_headers"),
        ] {
            let bad = good.replace(from, to);
            match read(bad.into_bytes()) {
                Err(error) => assert_eq!(error.code(), code),
                Ok(parsed) => panic!("{from} -> {to} was accepted: {parsed:?}"),
            }
        }
        let empty = format!("<e:Envelope xmlns:e=\"{ENVELOPE}\"/>");
        assert_eq!(read(empty.into_bytes()), Err(SoapError::MissingHeader));
    }
}
