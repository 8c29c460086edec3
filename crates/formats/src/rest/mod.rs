//! The REST protocol's header part: the bytes that are signed and hashed in the place of an HTTP message (REST protocol
//! §4; transport §2.6). Not HTTP: no space behind the colon, no empty line at the end, and connection headers are dropped.

mod request;
mod response;

pub use request::{METHODS, RequestHead};
pub use response::ResponseHead;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

/// Headers that belong to a connection and not to the message; dropped in both directions, refused in a received head.
const DROPPED: [&str; 13] = [
    "transfer-encoding",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "connection",
    "user-agent",
    "host",
    "content-length",
    "server",
    "expect",
];

/// How large a head may be.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestError {
    Malformed(&'static str),
    /// A header that belongs to the connection stands in a head.
    DroppedHeader(String),
    MissingHeader(&'static str),
    InvalidIdentifier(&'static str),
    /// `.` or `..` in the path of the service: rights are granted per path, and a path must be what it says.
    InvalidPath,
}

impl fmt::Display for RestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestError::Malformed(what) => write!(out, "{what} is malformed"),
            RestError::DroppedHeader(name) => write!(out, "header {name} must not be in a message"),
            RestError::MissingHeader(name) => write!(out, "header {name} is missing"),
            RestError::InvalidIdentifier(name) => write!(out, "{name} is not an identifier"),
            RestError::InvalidPath => out.write_str("the path may not have . or .. segments"),
        }
    }
}

impl std::error::Error for RestError {}

fn is_dropped(name: &str) -> bool {
    DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
}

/// A header's last value, whatever case its name is written in.
fn last<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn write_headers(headers: &[(String, String)], out: &mut Vec<u8>) {
    for (name, value) in headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Names and values in the order in which they stand.
pub type Headers = Vec<(String, String)>;

/// The lines of a head: its first two and its headers.
fn lines(bytes: &[u8]) -> Result<(String, String, Headers), RestError> {
    if bytes.len() > HEAD_BYTES_MAX {
        return Err(RestError::Malformed("length of the header part"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RestError::Malformed("encoding of the header part"))?;
    let text = text.strip_suffix("\r\n").ok_or(RestError::Malformed("end of the header part"))?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let second = lines.next().ok_or(RestError::Malformed("header part"))?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(RestError::Malformed("header line"))?;
        if is_dropped(name) {
            return Err(RestError::DroppedHeader(name.to_owned()));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok((first, second, headers))
}

/// `X-Road-Request-Hash`: SHA-512 over the digests of head and body, or over the head alone when there is no body.
pub fn request_hash(head: &[u8], body: Option<&[u8]>) -> String {
    request_hash_of(head, body.map(sha512).as_ref().map(AsRef::as_ref))
}

/// The same with the digest of a body that was taken while it came.
pub fn request_hash_of(head: &[u8], body_sha512: Option<&[u8]>) -> String {
    let digest = match body_sha512 {
        None => sha512(head),
        Some(body) => sha512(&[sha512(head).as_ref(), body].concat()),
    };
    STANDARD.encode(digest.as_ref())
}

fn sha512(data: &[u8]) -> aws_lc_rs::digest::Digest {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, data)
}
