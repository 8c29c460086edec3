//! SOAP messages of the exchange (message protocol 4.0, SOAP 1.1 document/literal wrapped). What was received stays as it
//! was received: a message is its bytes, and everything read from it is beside them.

mod charset;
mod fault;
mod fields;
mod read;
mod write;

pub use fault::Fault;
pub use fields::{read_fields, write_fields};
pub use read::{Parsed, read, read_as};
pub use write::{RequestHead, request, request_with, respond, respond_with, with_request_hash};

use crate::identifier::{ClientId, ServerId, ServiceId};
use bytes::Bytes;
use std::{fmt, ops::Range};

pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub const HEADERS: &str = "http://x-road.eu/xsd/xroad.xsd";
pub const REPRESENTATION: &str = "http://x-road.eu/xsd/representation.xsd";
/// Our own header element `purpose`: why the personal data are asked for.
pub const EXCHANGE: &str = "urn:pencere:exchange";
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What the header of a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    pub client: ClientId,
    pub service: ServiceId,
    pub id: String,
    pub protocol_version: String,
    pub user_id: Option<String>,
    pub issue: Option<String>,
    /// Class (if given) and code of the party in whose name the client asks.
    pub represented_party: Option<(Option<String>, String)>,
    pub security_server: Option<ServerId>,
    pub request_hash: Option<RequestHash>,
    pub purpose: Option<String>,
}

/// The digest of the request that an answer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHash {
    /// Algorithm as a URI.
    pub algorithm: String,
    /// Base64.
    pub value: String,
}

/// Where in the received bytes a message may be continued or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The end of what is inside `Header`.
    pub header_end: usize,
    /// A `requestHash` that is there already.
    pub request_hash: Option<Range<usize>>,
    /// What is inside `Body`.
    pub body_inner: Range<usize>,
    pub charset: charset::Charset,
}

/// A message that is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// As received or written; never written again from the parts.
    pub bytes: Bytes,
    pub headers: Headers,
    /// The one element in the body.
    pub body: crate::xml::Element,
    pub(crate) places: Places,
    /// The envelope's prefix declares rpc encoding (tolerated, never written).
    pub rpc: bool,
}

impl Message {
    /// A response's body element ends in `Response` behind the service code.
    pub fn is_response(&self) -> bool {
        self.body.name.ends_with("Response") && !self.headers.service.code.ends_with("Response")
    }

    /// The flat fields of the body element (see [`read_fields`]).
    pub fn fields(&self) -> serde_json::Value {
        read_fields(&self.body)
    }
}

/// Why bytes are no message. Each is one code of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoapError {
    InvalidSoap(String),
    InvalidXml(String),
    InvalidClientIdentifier(String),
    DuplicateHeaderField(String),
    InvalidProtocolVersion(String),
    MissingHeader,
    MissingHeaderField(&'static str),
    MissingBody,
    InvalidBody,
    InconsistentHeaders(String),
}

impl SoapError {
    /// The code of the message protocol, without a prefix.
    pub fn code(&self) -> &'static str {
        match self {
            SoapError::InvalidSoap(_) => "invalid_soap",
            SoapError::InvalidXml(_) => "invalid_xml",
            SoapError::InvalidClientIdentifier(_) => "invalid_client_identifier",
            SoapError::DuplicateHeaderField(_) => "duplicate_header_field",
            SoapError::InvalidProtocolVersion(_) => "invalid_protocol_version",
            SoapError::MissingHeader => "missing_header",
            SoapError::MissingHeaderField(_) => "missing_header_field",
            SoapError::MissingBody => "missing_body",
            SoapError::InvalidBody => "invalid_body",
            SoapError::InconsistentHeaders(_) => "inconsistent_headers",
        }
    }
}

impl fmt::Display for SoapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SoapError::InvalidSoap(why) => write!(out, "not a SOAP 1.1 message: {why}"),
            SoapError::InvalidXml(why) | SoapError::InvalidClientIdentifier(why) => out.write_str(why),
            SoapError::DuplicateHeaderField(name) => write!(out, "header field {name} stands there twice"),
            SoapError::InvalidProtocolVersion(found) => write!(out, "protocol version {found:?} is not 4.x"),
            SoapError::MissingHeader => out.write_str("the message has no header"),
            SoapError::MissingHeaderField(name) => write!(out, "header field {name} is missing"),
            SoapError::MissingBody => out.write_str("the message has no body"),
            SoapError::InvalidBody => out.write_str("the body must have exactly one element"),
            SoapError::InconsistentHeaders(why) => out.write_str(why),
        }
    }
}

impl std::error::Error for SoapError {}

/// Whether `response` repeats what the request said, field by field (message protocol §2.3).
pub fn check_consistent(request: &Headers, response: &Headers) -> Result<(), SoapError> {
    let differs = |name: &str| Err(SoapError::InconsistentHeaders(format!("{name} of request and response differ")));
    if request.client != response.client {
        return differs("client");
    }
    if request.service != response.service {
        return differs("service");
    }
    if request.id != response.id {
        return differs("id");
    }
    if request.user_id != response.user_id {
        return differs("userId");
    }
    if request.issue != response.issue {
        return differs("issue");
    }
    if request.represented_party != response.represented_party {
        return differs("representedParty");
    }
    Ok(())
}
