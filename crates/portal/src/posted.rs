//! A form that was sent: its fields and files within limits, its token checked before anything else is believed.

use crate::{
    session,
    trouble::{Refusal, Trouble},
    visit::Visit,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Multipart, Request},
};
use http::header;
use std::collections::BTreeMap;

/// Largest form without files.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Largest form with a file; the parts that take the file have lower limits of their own.
pub const UPLOAD_BYTES_MAX: usize = 24 * 1024 * 1024;
const FIELDS_MAX: usize = 200;

#[derive(Debug)]
pub struct Upload {
    pub field: String,
    pub name: String,
    pub content: Vec<u8>,
}

/// A form of our own page, sent from our own page.
#[derive(Debug, Default)]
pub struct Posted {
    fields: BTreeMap<String, String>,
    pub uploads: Vec<Upload>,
}

impl Posted {
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.trim())
    }

    pub fn fields(&self) -> &BTreeMap<String, String> {
        &self.fields
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Trouble> {
        if self.fields.len() >= FIELDS_MAX {
            return Err(Refusal::FormUnreadable.into());
        }
        self.fields.insert(name, value);
        Ok(())
    }

    fn checked(self, visit: &Visit) -> Result<Posted, Trouble> {
        let expected = session::token_of(&visit.cookie);
        // Both are digests of secrets that change per visit: comparing them in order tells an attacker nothing of use.
        if self.text("token") == expected { Ok(self) } else { Err(Refusal::Token.into()) }
    }
}

/// Reads pairs of `application/x-www-form-urlencoded`.
pub fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let many = kind.starts_with("multipart/form-data");
        let request = Request::from_parts(parts, body);
        let posted = if many { multipart(request, state).await? } else { urlencoded(request, state).await? };
        posted.checked(&visit)
    }
}

async fn urlencoded<S: Send + Sync>(request: Request, state: &S) -> Result<Posted, Trouble> {
    let body = Bytes::from_request(request, state).await.map_err(|_| Refusal::TooLarge)?;
    if body.len() > FORM_BYTES_MAX {
        return Err(Refusal::TooLarge.into());
    }
    let text = std::str::from_utf8(&body).ok().and_then(pairs).ok_or(Refusal::FormUnreadable)?;
    let mut posted = Posted::default();
    for (name, value) in text {
        posted.add(name, value)?;
    }
    Ok(posted)
}

async fn multipart<S: Send + Sync>(request: Request, state: &S) -> Result<Posted, Trouble> {
    let mut form = Multipart::from_request(request, state).await.map_err(|_| Refusal::FormUnreadable)?;
    let mut posted = Posted::default();
    // A body over the route's limit fails while it is read.
    let too_large = |error: axum::extract::multipart::MultipartError| match error.status().as_u16() {
        413 => Refusal::TooLarge,
        _ => Refusal::FormUnreadable,
    };
    while let Some(part) = form.next_field().await.map_err(too_large)? {
        let field = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(name) => {
                let content = part.bytes().await.map_err(too_large)?.to_vec();
                // A file control that was left empty is sent with an empty name.
                if !name.is_empty() && posted.uploads.len() < FIELDS_MAX {
                    posted.uploads.push(Upload { field, name, content });
                }
            }
            None => {
                let value = part.text().await.map_err(too_large)?;
                posted.add(field, value)?;
            }
        }
    }
    Ok(posted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let read = pairs("a=1&b=%C9%99+x&c=&d").expect("a form");
        let expected =
            [("a", "1"), ("b", "ə x"), ("c", ""), ("d", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected);
        for broken in ["a=%", "a=%zz", "a=%ff"] {
            assert_eq!(pairs(broken), None, "{broken}");
        }
    }
}
