//! The head of a REST request and what it says.

use super::{RestError, is_dropped, last, lines, write_headers};
use crate::identifier::{ClientId, ServerId, ServiceId, decode_segment};

/// Methods of the protocol (REST protocol §4.2).
pub const METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    pub method: String,
    /// Path and query as received: `/r1/AZ/GOV/10005/insurance/pensionStatus/v1?x=1`.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub client: ClientId,
    /// REST services have no version in their identifier; what follows the service code is a path of the service.
    pub service: ServiceId,
    /// What follows the service code, beginning with `/`, or empty.
    pub path: String,
    /// What follows `?`, without it.
    pub query: Option<String>,
    pub id: String,
}

impl RequestHead {
    /// From an HTTP request of an information system. `fresh_id` names the message if the asker did not;
    /// `request_id` is the consumer server's number of this transmission.
    pub fn from_http(
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        fresh_id: &str,
        request_id: &str,
    ) -> Result<Self, RestError> {
        let mut kept: Vec<(String, String)> = headers
            .into_iter()
            .filter(|(name, _)| {
                !is_dropped(name)
                    && !name.eq_ignore_ascii_case("x-road-request-id")
                    && !name.eq_ignore_ascii_case("x-road-request-hash")
            })
            .collect();
        if last(&kept, "x-road-id").is_none() {
            let instance = target.split('/').nth(2).unwrap_or_default();
            kept.push(("X-Road-Id".to_owned(), format!("{instance}-{fresh_id}")));
        }
        kept.push(("X-Road-Request-Id".to_owned(), request_id.to_owned()));
        Self::interpret(method.to_owned(), target.to_owned(), kept)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, RestError> {
        let (method, target, headers) = lines(bytes)?;
        Self::interpret(method, target, headers)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n{}\r\n", self.method, self.target).into_bytes();
        write_headers(&self.headers, &mut out);
        out
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        last(&self.headers, name)
    }

    pub fn request_id(&self) -> Option<&str> {
        self.header("x-road-request-id")
    }

    /// The server that the asker wants to answer, if it named one.
    pub fn security_server(&self) -> Result<Option<ServerId>, RestError> {
        let Some(written) = self.header("x-road-security-server") else { return Ok(None) };
        let decoded = decode_all(written).ok_or(RestError::InvalidIdentifier("X-Road-Security-Server"))?;
        match decoded.as_slice() {
            [instance, class, member, code] => Ok(Some(ServerId {
                instance: instance.clone(),
                class: class.clone(),
                member: member.clone(),
                code: code.clone(),
            })),
            _ => Err(RestError::InvalidIdentifier("X-Road-Security-Server")),
        }
    }

    /// The party on whose behalf the asker asks, if it named one: class, if given, and code.
    pub fn represented_party(&self) -> Result<Option<(Option<String>, String)>, RestError> {
        let Some(written) = self.header("x-road-represented-party") else { return Ok(None) };
        let parts: Option<Vec<String>> = written.split('/').map(decode_segment).collect();
        match parts.as_deref() {
            Some([code]) => Ok(Some((None, code.clone()))),
            Some([class, code]) => Ok(Some((Some(class.clone()), code.clone()))),
            _ => Err(RestError::InvalidIdentifier("X-Road-Represented-Party")),
        }
    }

    fn interpret(method: String, target: String, headers: Vec<(String, String)>) -> Result<Self, RestError> {
        if !METHODS.contains(&method.as_str()) {
            return Err(RestError::Malformed("method"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target.as_str(), None),
        };
        let (service, rest) = service(path)?;
        let client = last(&headers, "x-road-client").ok_or(RestError::MissingHeader("X-Road-Client"))?;
        let client = client_id(client).ok_or(RestError::InvalidIdentifier("X-Road-Client"))?;
        let id = last(&headers, "x-road-id").ok_or(RestError::MissingHeader("X-Road-Id"))?.to_owned();
        let plain = |text: &str| !text.contains(['\r', '\n']);
        if !headers.iter().all(|(name, value)| plain(name) && plain(value)) || !plain(&target) {
            return Err(RestError::Malformed("header line"));
        }
        let head = RequestHead { method, target, headers, client, service, path: rest, query, id };
        head.represented_party().map(|_| head)
    }
}

fn decode_all(written: &str) -> Option<Vec<String>> {
    written.split('/').map(|part| decode_segment(part).filter(|part| !part.is_empty())).collect()
}

pub(super) fn client_id(written: &str) -> Option<ClientId> {
    let parts = decode_all(written)?;
    match parts.as_slice() {
        [instance, class, member, rest @ ..] if rest.len() <= 1 => Some(ClientId {
            instance: instance.clone(),
            class: class.clone(),
            member: member.clone(),
            subsystem: rest.first().cloned(),
        }),
        _ => None,
    }
}

/// As answers name it: without a protocol before it or a path behind.
pub(super) fn service_id(written: &str) -> Option<ServiceId> {
    match <[String; 5]>::try_from(decode_all(written)?).ok()? {
        [instance, class, member, subsystem, code] => {
            let provider = ClientId { instance, class, member, subsystem: Some(subsystem) };
            Some(ServiceId { provider, code, version: None })
        }
    }
}

/// `/r1/{instance}/{class}/{member}/{subsystem}/{serviceCode}[/path]`.
fn service(path: &str) -> Result<(ServiceId, String), RestError> {
    let wrong = RestError::InvalidIdentifier("service in the address");
    let parts: Vec<&str> = path.splitn(8, '/').collect();
    let [_, protocol, instance, class, member, subsystem, code, rest @ ..] = parts.as_slice() else {
        return Err(wrong);
    };
    if !parts[0].is_empty() || *protocol != "r1" {
        return Err(wrong);
    }
    let decode = |part: &str| decode_segment(part).filter(|part| !part.is_empty()).ok_or(wrong.clone());
    let rest = rest.first().map_or(String::new(), |rest| format!("/{rest}"));
    let climbs = |segment: &str| matches!(decode_segment(segment).as_deref(), None | Some("." | ".."));
    if rest.split('/').any(climbs) {
        return Err(RestError::InvalidPath);
    }
    let provider = ClientId {
        instance: decode(instance)?,
        class: decode(class)?,
        member: decode(member)?,
        subsystem: Some(decode(subsystem)?),
    };
    Ok((ServiceId { provider, code: decode(code)?, version: None }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Vec<(String, String)> {
        [
            ("Host", "x"),
            ("X-Road-Client", "AZ/GOV/10002/employment"),
            ("Content-Length", "3"),
            ("X-Road-Request-Id", "forged"),
            ("Content-Type", "application/json"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn the_head_has_these_bytes() {
        let target = "/r1/AZ/GOV/10005/insurance/salaries/v1?x=1";
        let head = RequestHead::from_http("POST", target, headers(), "11", "22").expect("a request");
        let bytes = b"POST\r\n/r1/AZ/GOV/10005/insurance/salaries/v1?x=1\r\nX-Road-Client:AZ/GOV/10002/employment\r\n\
            Content-Type:application/json\r\nX-Road-Id:AZ-11\r\nX-Road-Request-Id:22\r\n";
        assert_eq!(head.encode(), bytes);
        assert_eq!(RequestHead::decode(bytes), Ok(head.clone()));
        assert_eq!((head.path.as_str(), head.query.as_deref(), head.id.as_str()), ("/v1", Some("x=1"), "AZ-11"));
        assert_eq!(head.service.to_string(), "AZ/GOV/10005/insurance/salaries");
        assert_eq!(head.request_id(), Some("22"));
    }

    #[test]
    fn bad_heads_are_refused() {
        let target = "/r1/AZ/GOV/10005/insurance/salaries";
        let from = |method: &str, target: &str, headers: Vec<(String, String)>| {
            RequestHead::from_http(method, target, headers, "1", "2")
        };
        assert_eq!(from("BREW", target, headers()), Err(RestError::Malformed("method")));
        assert_eq!(from("GET", target, vec![]), Err(RestError::MissingHeader("X-Road-Client")));
        for client in ["/AZ/GOV/10002/employment", "AZ/GOV/10002/employment/", "AZ/GOV", "AZ//10002", "AZ/GOV/1/s/more"]
        {
            let named = vec![("X-Road-Client".to_owned(), client.to_owned())];
            assert_eq!(from("GET", target, named), Err(RestError::InvalidIdentifier("X-Road-Client")), "{client}");
        }
        assert!(matches!(from("GET", "/r1/AZ/GOV/1/s", headers()), Err(RestError::InvalidIdentifier(_))));
        assert!(matches!(from("GET", "/r2/AZ/GOV/1/s/c", headers()), Err(RestError::InvalidIdentifier(_))));
        for path in ["/a/../b", "/%2e%2e/b", "/%"] {
            assert_eq!(from("GET", &format!("{target}{path}"), headers()), Err(RestError::InvalidPath), "{path}");
        }
        let representing = |party: &str| {
            let named = ("X-Road-Represented-Party".to_owned(), party.to_owned());
            from("GET", target, headers().into_iter().chain([named]).collect())
        };
        let represented = |party: &str| representing(party).expect("a request").represented_party().expect("read");
        assert_eq!(represented("COM/1%2F2"), Some((Some("COM".to_owned()), "1/2".to_owned())));
        assert_eq!(represented("12"), Some((None, "12".to_owned())));
        assert_eq!(representing("AZ/COM/12"), Err(RestError::InvalidIdentifier("X-Road-Represented-Party")));
        let with_host = b"GET\r\n/r1/A/B/C/D/E\r\nhost:x\r\n";
        assert_eq!(RequestHead::decode(with_host), Err(RestError::DroppedHeader("host".into())));
        assert!(RequestHead::decode(b"GET\r\n/r1/A/B/C/D/E\r\nx").is_err());
    }
}
