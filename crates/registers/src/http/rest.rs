//! `POST /rest/{service}`: JSON in, JSON out; the headers of the exchange's REST protocol say who asks.

use super::{body, log_fault};
use crate::{Question, Reader, Refusal, Register};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base::{Failure, Refusal as _};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub(super) async fn answer(
    State(register): State<Arc<Register>>,
    Path(service): Path<String>,
    headers: HeaderMap,
    given: Body,
) -> Response {
    match ask(&register, service, &headers, given).await {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(Failure::Refused(refusal)) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let text = json!({ "type": refusal.code(), "message": refusal.english(), "detail": refusal.field() });
            json_response(status, &text)
        }
        Err(Failure::Failed(fault)) => {
            let number = log_fault(&register, &fault);
            let text =
                json!({ "type": "registers.failed", "message": "the register cannot answer now", "detail": number });
            json_response(StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}

fn json_response(status: StatusCode, body: &Json) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn ask(register: &Register, service: String, headers: &HeaderMap, given: Body) -> Result<Json, Failure<Refusal>> {
    let given = body(given).await.map_err(Failure::Refused)?;
    let input = serde_json::from_slice(&given).map_err(|_| Failure::Refused(Refusal::MalformedBody))?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let reader = Reader {
        client: header("x-road-client").unwrap_or_default(),
        user: header("x-road-userid"),
        case_reference: header("x-road-issue"),
        purpose: header("pencere-purpose"),
        message_id: header("x-road-id").unwrap_or_default(),
    };
    register.ask(&Question { service, input, reader }).await
}
