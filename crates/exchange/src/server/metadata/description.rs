//! Descriptions of services: the security server fetches them from the provider's information system and hides where that
//! is, because services are reached through the exchange alone (metadata protocols, `getWsdl` and `getOpenAPI`).

use crate::{
    body::Body,
    country::ServiceType,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Attachment,
    server::{SecurityServer, own::OwnAnswer, provider::HERE, systems::Reachable},
};
use bytes::Bytes;
use formats::{
    identifier::ServiceId,
    rest::RequestHead,
    soap::{self, HEADERS},
    xml::{self, Element, escape},
};
use host::http::SendBody;
use serde_json::Value;

/// What stands in the place of every address (metadata protocol §4).
pub const ENDPOINT: &str = "http://example.org/xroad-endpoint";
const SOAP_ADDRESSES: [&str; 2] = ["http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"];
/// How large a description may be.
const DESCRIPTION_BYTES_MAX: usize = 4 * 1024 * 1024;

fn invalid(text: &str) -> ExchangeFault {
    ExchangeFault::new(HERE, Cause::InvalidRequest, text)
}

fn unreadable(text: impl std::fmt::Display) -> ExchangeFault {
    ExchangeFault::new(Place::Service, Cause::InvalidBody, format_args!("the description: {text}"))
}

impl SecurityServer {
    /// `getWsdl`: the WSDL as an attachment.
    pub(in super::super) async fn wsdl(&self, request: &soap::Message) -> Result<OwnAnswer, ExchangeFault> {
        let part = |name: &str| request.body.text_of(HEADERS, name).map(str::trim).filter(|text| !text.is_empty());
        let code = part("serviceCode").ok_or_else(|| invalid("the body names no serviceCode"))?;
        let provider = request.headers.service.provider.clone();
        let service = ServiceId { provider, code: code.to_owned(), version: part("serviceVersion").map(str::to_owned) };
        self.check_described(&service, ServiceType::Soap)?;
        let system = self.systems.reach(&service.provider)?;
        let (_, document) = self.fetch(system, &system.wsdl(code)).await?;
        let document = hide_addresses(&document)?;
        let version = service.version.as_deref().map_or(String::new(), |version| {
            format!("<xroad:serviceVersion>{}</xroad:serviceVersion>", escape(version))
        });
        let body = format!(
            "<xroad:getWsdlResponse xmlns:xroad=\"{HEADERS}\"><xroad:serviceCode>{}</xroad:serviceCode>{version}\
             </xroad:getWsdlResponse>",
            escape(code)
        );
        let headers = [
            ("content-type", "text/xml".to_owned()),
            ("content-transfer-encoding", "binary".to_owned()),
            ("content-id", format!("<wsdl={}@{}>", self.uuid(), escape(&service.provider.instance))),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(OwnAnswer { body, attachments: vec![Attachment { headers, body: Body::of(document) }] })
    }

    /// `getOpenAPI?serviceCode=`: content type and document.
    pub(in super::super) async fn openapi(&self, request: &RequestHead) -> Result<(String, Vec<u8>), ExchangeFault> {
        let query = request.query.as_deref().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let code = pairs.rfind(|(name, _)| name.eq_ignore_ascii_case("serviceCode"));
        let code = code.and_then(|(_, value)| formats::identifier::decode_segment(value));
        let code = code.filter(|code| !code.is_empty()).ok_or_else(|| invalid("the query names no serviceCode"))?;
        let service = ServiceId { provider: request.service.provider.clone(), code, version: None };
        self.check_described(&service, ServiceType::OpenApi)?;
        let system = self.systems.reach(&service.provider)?;
        let (kind, document) = self.fetch(system, &system.openapi(&service.code)).await?;
        let document = hide_servers(&kind, &document)?;
        Ok((if kind.is_empty() { "text/plain".to_owned() } else { kind }, document))
    }

    fn check_described(&self, service: &ServiceId, kind: ServiceType) -> Result<(), ExchangeFault> {
        match self.rights.described(service) {
            Some(types) if types.contains(&kind) => Ok(()),
            Some(_) => {
                Err(ExchangeFault::new(HERE, Cause::ServiceType, format_args!("{service} has no such description")))
            }
            None => Err(ExchangeFault::new(HERE, Cause::UnknownService, format_args!("there is no service {service}"))),
        }
    }

    async fn fetch(&self, system: &Reachable, address: &str) -> Result<(String, Bytes), ExchangeFault> {
        let request = http::Request::get(address).body(SendBody::from(Bytes::new()));
        let request = request.map_err(|error| ExchangeFault::new(HERE, Cause::ServiceMalformedUrl, error))?;
        let (head, mut inflow) = self.call(system, request, 0).await?;
        if head.status != http::StatusCode::OK {
            let text = format!("the information system answered {} instead of a description", head.status);
            return Err(ExchangeFault::new(Place::Service, Cause::HttpError, text));
        }
        let mut document = Vec::new();
        while let Some(piece) = inflow.next().await? {
            if document.len() + piece.len() > DESCRIPTION_BYTES_MAX {
                return Err(unreadable("larger than a description may be"));
            }
            document.extend_from_slice(&piece);
        }
        let kind = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok((kind.to_owned(), document.into()))
    }
}

/// The WSDL with every address replaced and nothing else changed.
pub fn hide_addresses(document: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
    let root = xml::read(document).map_err(unreadable)?;
    let mut places = Vec::new();
    find_locations(&root, document, &mut places)?;
    let mut out = Vec::with_capacity(document.len());
    let mut done = 0;
    for place in places {
        out.extend_from_slice(&document[done..place.start]);
        out.extend_from_slice(ENDPOINT.as_bytes());
        done = place.end;
    }
    out.extend_from_slice(&document[done..]);
    Ok(out)
}

/// Where the values of `location` stand, in the order of the document.
fn find_locations(
    element: &Element,
    document: &[u8],
    places: &mut Vec<std::ops::Range<usize>>,
) -> Result<(), ExchangeFault> {
    if element.name == "address" && SOAP_ADDRESSES.contains(&element.namespace.as_str()) {
        let end = if element.inner.is_empty() { element.span.end } else { element.inner.start };
        let value = attribute_value(&document[element.span.start..end], b"location");
        // An address that could not be replaced must not be given out.
        let value = value.ok_or_else(|| unreadable("an address without a location"))?;
        places.push(element.span.start + value.start..element.span.start + value.end);
    }
    element.children.iter().try_for_each(|child| find_locations(child, document, places))
}

/// The value of an unprefixed attribute in a start tag that is well formed.
fn attribute_value(tag: &[u8], name: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut at = tag.iter().position(u8::is_ascii_whitespace)?;
    while at < tag.len() {
        at += tag[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
        let equals = at + tag[at..].iter().position(|byte| *byte == b'=')?;
        let found = tag[at..equals].trim_ascii();
        let open = equals + tag[equals..].iter().position(|byte| matches!(byte, b'"' | b'\''))?;
        let close = open + 1 + tag[open + 1..].iter().position(|byte| *byte == tag[open])?;
        if found == name {
            return Some(open + 1..close);
        }
        at = close + 1;
    }
    None
}

/// The path of an address; one with variables stays, because it names no machine.
fn path_of(address: &str) -> Option<String> {
    if address.contains('{') && address.contains('}') {
        return None;
    }
    let after = address.split_once("://").map(|(_, after)| after)?;
    Some(after.find('/').map_or(String::new(), |slash| after[slash..].to_owned()))
}

/// The OpenAPI document of this content type with its addresses relative.
pub fn hide_servers(kind: &str, document: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
    if kind.contains("json") { hide_servers_json(document) } else { hide_servers_yaml(document) }
}

fn hide_servers_json(document: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
    let mut document: Value = serde_json::from_slice(document).map_err(unreadable)?;
    if !document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")) {
        return Err(unreadable("not OpenAPI 3"));
    }
    for server in document.get_mut("servers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(path) = server["url"].as_str().and_then(path_of) {
            server["url"] = Value::String(path);
        }
    }
    serde_json::to_vec(&document).map_err(unreadable)
}

/// YAML as it is written by hand: the lines of `servers:` that hold a `url:` lose their machine.
fn hide_servers_yaml(document: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
    let text = std::str::from_utf8(document).map_err(unreadable)?;
    let version = text.lines().find_map(|line| line.strip_prefix("openapi:"));
    if !version.is_some_and(|version| version.trim().trim_matches(['"', '\'']).starts_with("3.")) {
        return Err(unreadable("not OpenAPI 3"));
    }
    let mut out = String::with_capacity(text.len());
    let mut servers = false;
    for line in text.lines() {
        let top = !line.is_empty() && !line.starts_with([' ', '\t', '-', '#']);
        if top {
            servers = line.starts_with("servers:");
            // What is written on one line cannot be changed line by line.
            if servers && !line["servers:".len()..].split('#').next().unwrap_or_default().trim().is_empty() {
                return Err(unreadable("servers must be a list of lines"));
            }
        }
        let address = servers.then(|| line.split_once("url:")).flatten();
        match address.and_then(|(before, address)| Some((before, path_of(address.trim().trim_matches(['"', '\'']))?))) {
            Some((before, path)) => out.push_str(&format!("{before}url: \"{path}\"")),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_and_nothing_else_changes() {
        let wsdl = "<?xml version=\"1.0\"?>\n<w:definitions xmlns:w=\"http://schemas.xmlsoap.org/wsdl/\" \
            xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/'><!-- kept --><w:port><s:address \n note = \"a>b\" \
            location = 'http://inner:8080/x?a=1&amp;b=2' /></w:port><w:port><s:address location=\"http://b\"></s:address>\
            </w:port><address location=\"http://other\"/></w:definitions>";
        let hidden = String::from_utf8(hide_addresses(wsdl.as_bytes()).expect("a WSDL")).expect("text");
        let expected = wsdl
            .replace("http://inner:8080/x?a=1&amp;b=2", ENDPOINT)
            .replace("location=\"http://b\"", &format!("location=\"{ENDPOINT}\""));
        assert_eq!(hidden, expected);
        assert!(hide_addresses(b"<a").is_err());
        let none = "<s:address xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\"/>";
        assert!(hide_addresses(none.as_bytes()).is_err());
    }

    #[test]
    fn servers_of_an_openapi_document_lose_their_machine() {
        let json = br#"{"openapi":"3.1.0","servers":[{"url":"https://inner:1/v1"},{"url":"https://{h}/x"}]}"#;
        let hidden: Value = serde_json::from_slice(&hide_servers_json(json).expect("a document")).expect("JSON");
        assert_eq!(hidden["servers"][0]["url"], "/v1");
        assert_eq!(hidden["servers"][1]["url"], "https://{h}/x");
        assert!(hide_servers_json(br#"{"swagger":"2.0"}"#).is_err());
        let yaml =
            b"openapi: \"3.0.0\"\nservers:\n  - url: https://inner/v1\n    description: x\npaths:\n  /url: https://a\n";
        let hidden = String::from_utf8(hide_servers_yaml(yaml).expect("a document")).expect("text");
        assert!(hidden.contains("  - url: \"/v1\"\n") && hidden.contains("/url: https://a"), "{hidden}");
        assert!(hide_servers_yaml(b"openapi: 3.0.0\nservers: [{url: https://inner}]\n").is_err());
    }
}
