//! The head of a REST response and what it says.

use super::{
    RequestHead, RestError, is_dropped, last, lines,
    request::{client_id, service_id},
    write_headers,
};
use crate::identifier::encode_segment;

/// Headers that only the provider's security server may set.
const OURS: [&str; 5] = ["x-road-id", "x-road-client", "x-road-service", "x-road-request-id", "x-road-request-hash"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
}

impl ResponseHead {
    /// From the HTTP answer of an information system to `request`, whose hash is `hash` (see [`super::request_hash`]).
    pub fn from_http(
        status: u16,
        reason: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        request: &RequestHead,
        hash: &str,
    ) -> Self {
        let ours = |name: &str| OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
        let mut kept: Vec<(String, String)> =
            headers.into_iter().filter(|(name, _)| !is_dropped(name) && !ours(name)).collect();
        let service = request.service.to_string();
        let service: Vec<String> = service.split('/').map(encode_segment).collect();
        for (name, value) in [
            ("x-road-id", request.id.as_str()),
            ("x-road-client", request.header("x-road-client").unwrap_or_default()),
            ("x-road-service", &service.join("/")),
            ("x-road-request-id", request.request_id().unwrap_or_default()),
            ("x-road-request-hash", hash),
        ] {
            kept.push((name.to_owned(), value.to_owned()));
        }
        ResponseHead { status, reason: reason.to_owned(), headers: kept }
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, RestError> {
        let (status, reason, headers) = lines(bytes)?;
        let status = status.parse().ok().filter(|status| (100..=999).contains(status));
        Ok(ResponseHead { status: status.ok_or(RestError::Malformed("status"))?, reason, headers })
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n{}\r\n", self.status, self.reason).into_bytes();
        write_headers(&self.headers, &mut out);
        out
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        last(&self.headers, name)
    }

    /// The first field in which this answer does not belong to `request` (REST protocol §4.4), if there is one. Identifiers
    /// are compared as such: which letters are written as they are, and which escaped, is up to each server.
    pub fn inconsistency(&self, request: &RequestHead, hash: &str) -> Option<&'static str> {
        let named = |name| self.header(name);
        [
            ("X-Road-Client", named("x-road-client").and_then(client_id).as_ref() == Some(&request.client)),
            ("X-Road-Id", named("x-road-id") == Some(&request.id)),
            ("X-Road-Service", named("x-road-service").and_then(service_id).as_ref() == Some(&request.service)),
            ("X-Road-Request-Id", named("x-road-request-id") == request.request_id()),
            ("X-Road-Request-Hash", named("x-road-request-hash") == Some(hash)),
        ]
        .into_iter()
        .find_map(|(name, holds)| (!holds).then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::request_hash;
    use super::*;

    #[test]
    fn the_answer_belongs_to_its_request() {
        let head = b"GET\r\n/r1/AZ/GOV/1/s/c\r\nX-Road-Client:AZ/GOV/2/t\r\nX-Road-Id:7\r\nX-Road-Request-Id:8\r\n";
        let request = RequestHead::decode(head).expect("a request");
        let hash = request_hash(head, None);
        let given = [("Content-Type".to_owned(), "a/b".to_owned()), ("X-Road-Id".to_owned(), "forged".to_owned())];
        let answer = ResponseHead::from_http(200, "OK", given, &request, &hash);
        let bytes = answer.encode();
        let expected = format!(
            "200\r\nOK\r\nContent-Type:a/b\r\nx-road-id:7\r\nx-road-client:AZ/GOV/2/t\r\nx-road-service:AZ/GOV/1/s/c\r\n\
             x-road-request-id:8\r\nx-road-request-hash:{hash}\r\n"
        );
        assert_eq!(String::from_utf8(bytes.clone()).expect("text"), expected);
        assert_eq!(ResponseHead::decode(&bytes), Ok(answer.clone()));
        assert_eq!(answer.inconsistency(&request, &hash), None);
        assert_eq!(answer.inconsistency(&request, "other"), Some("X-Road-Request-Hash"));
        assert_ne!(hash, request_hash(head, Some(b"")));
    }

    #[test]
    fn identifiers_are_what_they_say_however_they_are_escaped() {
        let head =
            b"GET\r\n/r1/AZ/GOV/1(a)/s/c\r\nX-Road-Client:AZ/GOV/2%28b%29/t\r\nX-Road-Id:7\r\nX-Road-Request-Id:8\r\n";
        let request = RequestHead::decode(head).expect("a request");
        let hash = request_hash(head, None);
        let answer = |client: &str, service: &str| {
            let text = format!(
                "200\r\nOK\r\nx-road-id:7\r\nx-road-client:{client}\r\nx-road-service:{service}\r\n\
                 x-road-request-id:8\r\nx-road-request-hash:{hash}\r\n"
            );
            ResponseHead::decode(text.as_bytes()).expect("an answer").inconsistency(&request, &hash)
        };
        assert_eq!(answer("AZ/GOV/2(b)/t", "AZ/GOV/1(a)/s/c"), None);
        assert_eq!(answer("AZ/GOV/2%28b%29/t", "AZ/GOV/1%28a%29/s/c"), None);
        assert_eq!(answer("AZ/GOV/2(b)", "AZ/GOV/1(a)/s/c"), Some("X-Road-Client"));
        assert_eq!(answer("AZ/GOV/2(b)/t", "AZ/GOV/1(a)/s/d"), Some("X-Road-Service"));
        assert_eq!(answer("AZ/GOV/2(b)/t", "AZ/GOV/1(a)/s/c/e"), Some("X-Road-Service"));
    }

    #[test]
    fn bad_heads_are_refused() {
        assert_eq!(ResponseHead::decode(b"20\r\nOK\r\n"), Err(RestError::Malformed("status")));
        assert_eq!(ResponseHead::decode(b"OK\r\n200\r\n"), Err(RestError::Malformed("status")));
    }
}
