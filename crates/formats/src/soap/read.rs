//! From received bytes to a message or a fault, in the order of checks that decides which code a bad message gets.

use super::{
    ENVELOPE, EXCHANGE, Fault, HEADERS, Headers, Message, Places, REPRESENTATION, RequestHash, SoapError,
    charset::Charset,
};
use crate::{
    identifier::{self, IdentifierError},
    xml::{self, Element},
};
use bytes::Bytes;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    Message(Box<Message>),
    Fault(Fault),
}

/// Reads an envelope in UTF-8.
pub fn read(bytes: impl Into<Bytes>) -> Result<Parsed, SoapError> {
    read_in(bytes.into(), Charset::Utf8)
}

/// Reads an envelope in the charset that its content type names.
pub fn read_as(bytes: Bytes, charset: Option<&str>) -> Result<Parsed, SoapError> {
    let charset = Charset::named(charset, &bytes);
    let charset = charset.ok_or_else(|| SoapError::InvalidSoap("the charset is not known".to_owned()))?;
    read_in(bytes, charset)
}

fn read_in(bytes: Bytes, charset: Charset) -> Result<Parsed, SoapError> {
    let text = charset.decode(&bytes);
    let text = text.ok_or_else(|| SoapError::InvalidSoap("the bytes are not in the charset".to_owned()))?;
    let root = xml::read(&text).map_err(|error| SoapError::InvalidSoap(error.to_string()))?;
    if !root.is(ENVELOPE, "Envelope") {
        return Err(SoapError::InvalidSoap("the root element is not Envelope".to_owned()));
    }
    // Who reads the second of two would read another message than was judged.
    for name in ["Header", "Body"] {
        if root.children_named(ENVELOPE, name).count() > 1 {
            return Err(SoapError::InvalidSoap(format!("there are two elements {name}")));
        }
    }
    let header = root.child(ENVELOPE, "Header");
    let body = root.child(ENVELOPE, "Body");
    let fields = header.map(collect).transpose()?;
    if let Some(body) = body {
        if body.children.len() > 1 {
            return Err(SoapError::InvalidBody);
        }
        if let Some(fault) = body.child(ENVELOPE, "Fault") {
            let received = if charset == Charset::Utf8 { bytes.clone() } else { Bytes::from(text.into_owned()) };
            return Ok(Parsed::Fault(Fault::from_element(fault, received)));
        }
    }
    let header = header.ok_or(SoapError::MissingHeader)?;
    let headers = fields.ok_or(SoapError::MissingHeader)?.complete()?;
    let body = body.ok_or(SoapError::MissingBody)?;
    let [child] = body.children.as_slice() else { return Err(SoapError::InvalidBody) };
    if !child.name.starts_with(&headers.service.code) {
        return Err(SoapError::InconsistentHeaders(format!(
            "body element {} does not begin with service code {}",
            child.name, headers.service.code
        )));
    }
    let rpc =
        root.attribute(ENVELOPE, "encodingStyle").is_some() || body.attribute(ENVELOPE, "encodingStyle").is_some();
    let place = |place| charset.place(&text, place);
    let stated = header.child(HEADERS, "requestHash").map(|hash| place(hash.span.start)..place(hash.span.end));
    let (header_end, body) = (place(header.inner.end), place(body.inner.start)..place(body.inner.end));
    let places = Places { header_end, request_hash: stated, body_inner: body, charset };
    drop(text);
    Ok(Parsed::Message(Box::new(Message { bytes, headers, body: child.clone(), places, rpc })))
}

#[derive(Default)]
struct Fields {
    client: Option<crate::identifier::ClientId>,
    service: Option<crate::identifier::ServiceId>,
    id: Option<String>,
    protocol_version: Option<String>,
    user_id: Option<String>,
    issue: Option<String>,
    represented_party: Option<(Option<String>, String)>,
    security_server: Option<crate::identifier::ServerId>,
    request_hash: Option<RequestHash>,
    purpose: Option<String>,
}

impl Fields {
    fn complete(self) -> Result<Headers, SoapError> {
        Ok(Headers {
            protocol_version: self.protocol_version.ok_or(SoapError::MissingHeaderField("protocolVersion"))?,
            client: self.client.ok_or(SoapError::MissingHeaderField("client"))?,
            id: self.id.filter(|id| !id.is_empty()).ok_or(SoapError::MissingHeaderField("id"))?,
            service: self.service.ok_or(SoapError::MissingHeaderField("service"))?,
            user_id: self.user_id,
            issue: self.issue,
            represented_party: self.represented_party,
            security_server: self.security_server,
            request_hash: self.request_hash,
            purpose: self.purpose,
        })
    }
}

fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), SoapError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SoapError::DuplicateHeaderField(name.to_owned())),
    }
}

fn identifier<T>(read: Result<T, IdentifierError>) -> Result<T, SoapError> {
    read.map_err(|error| match error {
        IdentifierError::ObjectType(_) => SoapError::InvalidXml(error.to_string()),
        IdentifierError::Subsystem => SoapError::InvalidClientIdentifier(error.to_string()),
        IdentifierError::Missing(part) => SoapError::MissingHeaderField(part),
    })
}

fn collect(header: &Element) -> Result<Fields, SoapError> {
    let mut fields = Fields::default();
    for element in &header.children {
        let name = element.name.as_str();
        let text = || element.text.trim().to_owned();
        match (element.namespace.as_str(), name) {
            (HEADERS, "client") => once(&mut fields.client, name, identifier(identifier::read_client(element))?)?,
            (HEADERS, "service") => once(&mut fields.service, name, identifier(identifier::read_service(element))?)?,
            (HEADERS, "securityServer") => {
                once(&mut fields.security_server, name, identifier(identifier::read_server(element))?)?;
            }
            (HEADERS, "id") => once(&mut fields.id, name, text())?,
            (HEADERS, "userId") => once(&mut fields.user_id, name, text())?,
            (HEADERS, "issue") => once(&mut fields.issue, name, text())?,
            (HEADERS, "protocolVersion") => {
                let version = text();
                if version != "4" && !version.starts_with("4.") {
                    return Err(SoapError::InvalidProtocolVersion(version));
                }
                once(&mut fields.protocol_version, name, version)?;
            }
            (HEADERS, "requestHash") => {
                let algorithm = element.attribute("", "algorithmId").unwrap_or_default().to_owned();
                once(&mut fields.request_hash, name, RequestHash { algorithm, value: text() })?;
            }
            (REPRESENTATION, "representedParty") => once(&mut fields.represented_party, name, represented(element)?)?,
            (EXCHANGE, "purpose") => once(&mut fields.purpose, name, text())?,
            _ => {}
        }
    }
    Ok(fields)
}

fn represented(element: &Element) -> Result<(Option<String>, String), SoapError> {
    let code = element.text_of(REPRESENTATION, "partyCode").ok_or(SoapError::MissingHeaderField("partyCode"))?;
    Ok((element.text_of(REPRESENTATION, "partyClass").map(str::to_owned), code.to_owned()))
}
