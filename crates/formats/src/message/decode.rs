//! Reading the transport message: a strict order of parts in which the optional ones may be left out, read one after the
//! other so that the first bad part decides the code.

use super::{Attachment, Order, PartKind, Payload, TEXT_XML};
use crate::{
    asn1::Cursor,
    hashchain::Chain,
    mime::{ContentType, MimeError, Part, PartReader, read_all},
    rest::RestError,
    soap::{self, Fault, Parsed, SoapError},
};
use bytes::Bytes;
use std::fmt;

/// What arrived. Nothing here is verified.
#[derive(Debug, Default)]
pub struct Decoded {
    pub ocsp: Vec<Vec<u8>>,
    pub payload: Option<Payload>,
    /// The payload read, when it is a SOAP message.
    pub soap: Option<Box<soap::Message>>,
    pub attachments: Vec<Attachment>,
    pub rest_body: Option<Vec<u8>>,
    pub chain_result: Option<Vec<u8>>,
    pub chain: Option<Vec<u8>>,
    pub signature: Option<Vec<u8>>,
    pub fault: Option<Fault>,
}

impl Decoded {
    pub fn hash_chain(&self) -> Option<Chain> {
        Some(Chain { result: self.chain_result.clone()?, chain: self.chain.clone()? })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    InvalidContentType(String),
    InvalidMessage(&'static str),
    /// An OCSP part that cannot be read.
    Io(&'static str),
    Mime(MimeError),
    Soap(SoapError),
    Rest(RestError),
}

impl TransportError {
    pub fn code(&self) -> &'static str {
        match self {
            TransportError::InvalidContentType(_) => "invalid_content_type",
            TransportError::InvalidMessage(_) | TransportError::Rest(_) => "invalid_message",
            TransportError::Io(_) => "io_error",
            TransportError::Mime(_) => "mime_parsing_failed",
            TransportError::Soap(error) => error.code(),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::InvalidContentType(found) => write!(out, "content type {found:?} is not expected here"),
            TransportError::InvalidMessage(why) | TransportError::Io(why) => out.write_str(why),
            TransportError::Mime(error) => error.fmt(out),
            TransportError::Soap(error) => error.fmt(out),
            TransportError::Rest(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for TransportError {}

impl From<MimeError> for TransportError {
    fn from(error: MimeError) -> Self {
        TransportError::Mime(error)
    }
}

/// Decodes a body that arrived under `content_type`.
pub fn decode(content_type: &str, bytes: &[u8]) -> Result<Decoded, TransportError> {
    let kind =
        ContentType::parse(content_type).ok_or_else(|| TransportError::InvalidContentType(content_type.to_owned()))?;
    match kind.essence.as_str() {
        TEXT_XML => Ok(Decoded { fault: Some(bare_fault(bytes.to_vec())?), ..Decoded::default() }),
        "multipart/mixed" => {
            let boundary =
                kind.boundary().ok_or_else(|| TransportError::InvalidContentType(content_type.to_owned()))?;
            let mut reader = PartReader::new(bytes, 0..bytes.len(), boundary);
            let mut decoded = Decoded::default();
            let mut order = Order::default();
            while let Some(part) = reader.next_part()? {
                let kind = order.next_part(&part.headers)?;
                accept(&mut decoded, kind, &part, bytes)?;
            }
            Ok(decoded)
        }
        _ => Err(TransportError::InvalidContentType(content_type.to_owned())),
    }
}

fn accept(decoded: &mut Decoded, kind: PartKind, part: &Part, bytes: &[u8]) -> Result<(), TransportError> {
    let body = bytes[part.body.clone()].to_vec();
    match kind {
        PartKind::Ocsp => decoded.ocsp.push(check_ocsp(&body).map(|()| body)?),
        PartKind::Soap(content_type) => {
            match soap::read(body.clone()).map_err(TransportError::Soap)? {
                Parsed::Message(message) => decoded.soap = Some(message),
                Parsed::Fault(fault) => decoded.fault = Some(fault),
            }
            decoded.payload = Some(Payload::Soap { content_type, bytes: body });
        }
        PartKind::RestRequest => decoded.payload = Some(Payload::RestRequest(body)),
        PartKind::RestResponse => decoded.payload = Some(Payload::RestResponse(body)),
        PartKind::Attachments(boundary) => {
            for inner in read_all(bytes, part.body.clone(), &boundary)? {
                let body = bytes[inner.body.clone()].to_vec();
                decoded.attachments.push(Attachment { headers: inner.headers, body });
            }
        }
        PartKind::RestBody => decoded.rest_body = Some(body),
        PartKind::ChainResult => decoded.chain_result = Some(body),
        PartKind::Chain => decoded.chain = Some(body),
        PartKind::Signature => decoded.signature = Some(body),
        PartKind::Fault => decoded.fault = Some(last_fault(body)?),
    }
    Ok(())
}

/// An OCSP part must at least be a sequence; what it says is judged with the certificate.
pub fn check_ocsp(part: &[u8]) -> Result<(), TransportError> {
    Cursor::sequence_of(part, "OCSP response")
        .map(|_| ())
        .map_err(|_| TransportError::Io("an OCSP part cannot be read"))
}

/// The fault in the place of the signature.
pub fn last_fault(part: impl Into<Bytes>) -> Result<Fault, TransportError> {
    match soap::read(part).map_err(TransportError::Soap)? {
        Parsed::Fault(fault) => Ok(fault),
        Parsed::Message(_) => Err(TransportError::InvalidContentType(TEXT_XML.to_owned())),
    }
}

/// A bare answer: a fault that the other server found before it had a message to answer. What is no SOAP at all is told as
/// that, as anywhere else.
pub fn bare_fault(body: impl Into<Bytes>) -> Result<Fault, TransportError> {
    match soap::read(body).map_err(TransportError::Soap)? {
        Parsed::Fault(fault) => Ok(fault),
        Parsed::Message(_) => Err(TransportError::InvalidMessage("a bare answer must be a fault")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HASH_CHAIN, OCSP_RESPONSE, Outgoing, REST_REQUEST, SIGNATURE, encode};
    use super::*;

    const RANDOM: &str = "abcdefghijklmnopqrstuvwxyzabcd";

    fn outgoing(payload: &Payload) -> Outgoing<'_> {
        Outgoing { ocsp: &[], payload, attachments: &[], rest_body: None, chain: None, signature: b"sig" }
    }

    #[test]
    fn a_rest_message_is_read_back() {
        let payload = Payload::RestRequest(b"GET\r\n/r1/A/B/C/D/E\r\nX:1\r\n".to_vec());
        let chain = Chain { result: b"r".to_vec(), chain: b"c".to_vec() };
        let ocsp = [vec![0x30, 0x00]];
        let message = Outgoing { ocsp: &ocsp, rest_body: Some(b"body\r\n"), chain: Some(&chain), ..outgoing(&payload) };
        let encoded = encode(&message, RANDOM);
        let decoded = decode(&encoded.content_type, &encoded.body).expect("a message");
        assert_eq!(decoded.payload, Some(payload));
        assert_eq!(decoded.rest_body.as_deref(), Some(&b"body\r\n"[..]));
        assert_eq!(
            (decoded.hash_chain(), decoded.signature, decoded.ocsp.len()),
            (Some(chain), Some(b"sig".to_vec()), 1)
        );
    }

    #[test]
    fn attachments_keep_their_headers() {
        let fault = Fault { code: "c".into(), string: "s".into(), actor: None, detail: None, received: None };
        let payload = Payload::Soap { content_type: "text/xml".into(), bytes: fault.to_bytes() };
        let attachment =
            Attachment { headers: vec![("Content-ID".into(), "<a>".into())], body: b"--xtop is no boundary".to_vec() };
        let attachments = [attachment.clone()];
        let encoded = encode(&Outgoing { attachments: &attachments, ..outgoing(&payload) }, RANDOM);
        let decoded = decode(&encoded.content_type, &encoded.body).expect("a message");
        let fault = Fault { received: Some(fault.to_bytes().into()), ..fault };
        assert_eq!((decoded.attachments.as_slice(), decoded.fault), (&attachments[..], Some(fault)));
    }

    #[test]
    fn the_order_of_parts_is_strict() {
        let part = |kind: &str, body: &str| format!("--b\r\ncontent-type: {kind}\r\n\r\n{body}\r\n");
        let check = |parts: &[String], code: &str| {
            let body = parts.concat() + "--b--\r\n";
            let error = decode("multipart/mixed; boundary=b", body.as_bytes()).expect_err(code);
            assert_eq!(error.code(), code, "{body}");
        };
        let (rest, sig, chain) = (part(REST_REQUEST, "x"), part(SIGNATURE, "s"), part(HASH_CHAIN, "h"));
        check(&[part(OCSP_RESPONSE, "x")], "io_error");
        check(&[part("image/png", "x")], "invalid_content_type");
        check(&[rest.clone(), sig.clone(), sig.clone()], "invalid_message");
        check(&[rest.clone(), chain, sig.clone()], "invalid_content_type");
        check(&[rest.clone(), rest.clone(), sig.clone()], "invalid_content_type");
        check(&[rest.clone(), part(OCSP_RESPONSE, "0\u{0}"), sig], "invalid_content_type");
        check(&[part(TEXT_XML, "<a/>")], "invalid_soap");
        check(&[rest, part(TEXT_XML, "<a/>")], "invalid_soap");
        for (kind, body, code) in [
            ("text/plain", "x", "invalid_content_type"),
            ("multipart/mixed", "x", "invalid_content_type"),
            ("text/xml", "<a/>", "invalid_soap"),
            ("text/xml", "", "invalid_soap"),
            ("multipart/mixed; boundary=b", "--b\r\nx", "mime_parsing_failed"),
        ] {
            assert_eq!(decode(kind, body.as_bytes()).expect_err(code).code(), code);
        }
    }
}
