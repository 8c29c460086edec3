//! What clients' servers speak with: discovery, keys, tokens, claims, logout notices; and the judgement on what browsers bring
//! from clients.

pub mod authorize;
pub mod backchannel;
pub mod claims;
pub mod client_assertion;
pub mod discovery;
pub mod token;
pub mod userinfo;

use axum::response::{IntoResponse, Response};
use base::Fault;
use http::{StatusCode, header};
use serde_json::{Value, json};

/// An answer that nobody may keep.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

/// An error in the protocol's words (RFC 6749 §5.2).
pub(crate) fn error(status: StatusCode, error: &str) -> Response {
    answer(status, &json!({ "error": error }))
}

/// The world failed: logged here once, and the client may try again.
pub(crate) fn failed(fault: &Fault) -> Response {
    tracing::error!(%fault, "identity could not answer a client");
    error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
}
