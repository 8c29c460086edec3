//! The address to which the bank posts its reports. Public and without a session: the signature is the authority, so the
//! portal's protection of forms does not apply here. Answers are JSON: what the report did, or why it was refused.

use crate::Payments;
use crate::gateway::sealed::SEALED_BYTES_MAX;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base::{Failure, Refusal as _};
use http::{StatusCode, header};
use serde_json::{Value, json};

/// Path on the portal's public address.
pub const PATH: &str = "/callbacks/payments";

/// The route of the callback, to be merged beside the portal's pages.
pub fn router(payments: Payments) -> Router {
    Router::new().route(PATH, post(receive)).layer(DefaultBodyLimit::max(SEALED_BYTES_MAX)).with_state(payments)
}

async fn receive(State(payments): State<Payments>, body: Bytes) -> Response {
    // What is not text is no signed message.
    let sealed = std::str::from_utf8(&body).unwrap_or_default();
    match payments.take_report(sealed).await {
        Ok(effect) => answer(200, &json!({ "effect": effect.name() })),
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(code = refusal.code(), "a report about a payment was refused");
            answer(refusal.status(), &json!({ "refused": refusal.code() }))
        }
        Err(Failure::Failed(fault)) => {
            tracing::error!(%fault, "taking a report about a payment");
            answer(503, &json!({ "failed": "try again" }))
        }
    }
}

fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("refusals have statuses of HTTP");
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
