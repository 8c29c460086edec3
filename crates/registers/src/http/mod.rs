//! A register as an information system behind a security server: SOAP and JSON over HTTP, loopback only. No personal data
//! in an address, none in a log line.

mod describe;
mod rest;
mod soap;

use crate::{Refusal, Register};
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use base::Fault;
use std::sync::Arc;

/// Larger than any question of a data service; the exchange has a limit of its own for inquiries.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn router(register: Arc<Register>) -> axum::Router {
    axum::Router::new()
        .route("/soap", post(soap::answer))
        .route("/rest/{service}", post(rest::answer))
        .route("/wsdl/{service}", get(describe::wsdl))
        .route("/openapi/{service}", get(describe::openapi))
        .with_state(register)
}

async fn body(body: Body) -> Result<Bytes, Refusal> {
    // Whatever stops the reading, a limit or a broken connection, there is no whole question.
    axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Refusal::BodyTooLarge)
}

/// Logs a fault under a number that its asker is told.
fn log_fault(register: &Register, fault: &Fault) -> String {
    let number = register.fault_number();
    tracing::error!(
        register = register.schema().identifier,
        number,
        attempt = fault.attempt,
        cause = fault.cause,
        "fault"
    );
    number
}
