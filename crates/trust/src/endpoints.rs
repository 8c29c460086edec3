//! The trust services over HTTP: `POST /ocsp`, `GET /ocsp/{request}` (RFC 6960 Appendix A), `POST /tsa` (RFC 3161 §3.4),
//! `GET /certificates/{name}`. Certificates of persons are not served: who has one is nobody's business.

use crate::{
    Refusal,
    centre::{Authority, Centre},
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base::{Fault, Refusal as _};
use base64::{Engine, engine::general_purpose::STANDARD};
use formats::{ocsp, tsp, x509};
use std::sync::Arc;

/// RFC 6960 Appendix A.1 means GET for requests below 255 bytes; what is larger goes by POST.
const GET_REQUEST_LETTERS_MAX: usize = 1024;

/// The routes of the trust services.
pub fn endpoints(centre: Arc<Centre>) -> Router {
    Router::new()
        .route("/ocsp", post(ocsp_post))
        .route("/ocsp/{*request}", get(ocsp_get))
        .route("/tsa", post(tsa))
        .route("/certificates/{name}", get(certificate))
        .with_state(centre)
}

async fn ocsp_post(State(centre): State<Arc<Centre>>, headers: HeaderMap, body: Body) -> Response {
    match whole(&headers, body, "application/ocsp-request", ocsp::REQUEST_SIZE_BYTES_MAX).await {
        Ok(request) => ocsp_answer(centre.answer_ocsp(&request).await),
        Err(refusal) => refused(refusal),
    }
}

async fn ocsp_get(State(centre): State<Arc<Centre>>, Path(encoded): Path<String>) -> Response {
    if encoded.len() > GET_REQUEST_LETTERS_MAX {
        return refused(Refusal::RequestTooLarge);
    }
    match STANDARD.decode(encoded) {
        Ok(request) => ocsp_answer(centre.answer_ocsp(&request).await),
        Err(_) => refused(Refusal::RequestMalformed),
    }
}

fn ocsp_answer(answer: Result<Vec<u8>, Fault>) -> Response {
    match answer {
        Ok(bytes) => bytes_of("application/ocsp-response", bytes),
        Err(fault) => {
            log(&fault);
            bytes_of("application/ocsp-response", ocsp::error_response(ocsp::ErrorStatus::InternalError))
        }
    }
}

async fn tsa(State(centre): State<Arc<Centre>>, headers: HeaderMap, body: Body) -> Response {
    match whole(&headers, body, "application/timestamp-query", tsp::REQUEST_SIZE_BYTES_MAX).await {
        Ok(request) => {
            let answer = centre.answer_time_stamp(&request).unwrap_or_else(|fault| {
                log(&fault);
                tsp::refusal(tsp::FailureInfo::SystemFailure)
            });
            bytes_of("application/timestamp-reply", answer)
        }
        Err(refusal) => refused(refusal),
    }
}

/// `<authority>.der`, `time-stamping.der`, or `anchors.pem`: the root and every issuing authority.
async fn certificate(State(centre): State<Arc<Centre>>, Path(name): Path<String>) -> Response {
    if name == "anchors.pem" {
        let anchors = [vec![centre.root().clone()], centre.issuing()].concat();
        return bytes_of("application/x-pem-file", x509::to_pem(&anchors).into_bytes());
    }
    let found = name.strip_suffix(".der").and_then(|code| match code {
        "time-stamping" => Some(centre.time_stamping_certificate()),
        _ => Authority::parse(code).map(|authority| centre.authority(authority)),
    });
    match found {
        Some(certificate) => bytes_of("application/pkix-cert", certificate.der().to_vec()),
        None => refused(Refusal::CertificateUnknown),
    }
}

/// The whole body, of the right type and size.
async fn whole(headers: &HeaderMap, body: Body, media_type: &str, size_bytes_max: usize) -> Result<Bytes, Refusal> {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !stated.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type) {
        return Err(Refusal::MediaType);
    }
    // The limit is the only way in which reading a body fails that is not the connection's end.
    to_bytes(body, size_bytes_max).await.map_err(|_| Refusal::RequestTooLarge)
}

fn bytes_of(media_type: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
}

/// Programs speak here, not people: the code is the whole text.
fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).expect("refusals have statuses of HTTP");
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], refusal.code()).into_response()
}

fn log(fault: &Fault) {
    tracing::error!(attempt = fault.attempt, cause = %fault.cause, "trust services");
}
