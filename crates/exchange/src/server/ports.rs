//! The three ports as HTTP: what is read from a request, what an answer or a fault looks like.

use super::{
    Asker, SecurityServer,
    consumer_rest::RestCall,
    consumer_soap::{SoapAnswer, SoapCall},
};
use crate::fault::{Cause, ExchangeFault, Place};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use formats::mime::{write_end, write_part};
use host::http::PeerCertificates;
use std::sync::Arc;

type Server = State<Arc<SecurityServer>>;

/// The port at which an information system came in.
#[derive(Debug, Clone, Copy)]
struct Door {
    tls: bool,
}

/// Who is at the other end of the connection.
pub(super) fn asker(parts: &Parts) -> Asker {
    let chain = parts.extensions.get::<PeerCertificates>();
    Asker {
        tls: parts.extensions.get::<Door>().is_some_and(|door| door.tls),
        certificate: chain.and_then(|chain| chain.0.first().cloned()),
    }
}

/// For other servers: everything is a message.
pub(super) fn message_router(server: &Arc<SecurityServer>) -> Router {
    Router::new().fallback(message).with_state(server.clone())
}

/// For information systems: REST under `/r1/`, metadata, and SOAP everywhere else. `tls` says which of the two doors it is.
pub(super) fn system_router(server: &Arc<SecurityServer>, tls: bool) -> Router {
    let by_get =
        if server.wsdl_by_get { Router::new().route("/wsdl", get(wsdl).fallback(soap)) } else { Router::new() };
    Router::new()
        .merge(by_get)
        .route("/listClients", get(list_clients))
        .route("/r1/{*rest}", any(rest))
        .merge(super::downloads::router())
        .route("/health", get(health).fallback(soap))
        .route("/metrics", get(numbers).fallback(soap))
        .fallback(soap)
        .layer(Extension(Door { tls }))
        .with_state(server.clone())
}

pub(super) fn ocsp_router(server: &Arc<SecurityServer>) -> Router {
    Router::new().fallback(ocsp).with_state(server.clone())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What every `Accept` header says; there may be several, which count as one (RFC 9110 §5.3).
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok())
}

/// SOAP faults go out with 200 (reference §2.1).
fn soap_fault(fault: &ExchangeFault) -> Response {
    let headers = [("content-type", "text/xml; charset=UTF-8"), ("soapaction", "")];
    (StatusCode::OK, headers, fault.to_soap()).into_response()
}

async fn soap(State(server): Server, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let fault = ExchangeFault::new(Place::Client, Cause::InvalidHttpMethod, "a SOAP message comes by POST");
        return soap_fault(&server.told(fault));
    }
    let call = SoapCall {
        asker: asker(&parts),
        content_type: text(&parts.headers, "content-type").unwrap_or_default(),
        soap_action: text(&parts.headers, "soapaction"),
        inflow: server.inquiry(body),
    };
    match server.ask_soap(call).await {
        Ok(reply) => soap_answer(reply.render()),
        Err(fault) => soap_fault(&fault),
    }
}

fn soap_answer(answer: SoapAnswer) -> Response {
    ([(header::CONTENT_TYPE, answer.content_type)], Body::new(answer.body.send())).into_response()
}

/// A description without an envelope around it; what went wrong is a SOAP fault, as in the field.
async fn wsdl(State(server): Server, Query(query): Query<Vec<(String, String)>>, parts: Parts) -> Response {
    match server.wsdl_by_get(asker(&parts), &query).await {
        Ok(document) => soap_answer(document),
        Err(fault) => soap_fault(&fault),
    }
}

async fn rest(State(server): Server, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let xml = accepted(&parts.headers).find_map(xml_type);
    let target = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let headers = parts.headers.iter();
    let headers: Option<Vec<(String, String)>> =
        headers.map(|(name, value)| Some((spelt(name), value.to_str().ok()?.to_owned()))).collect();
    let Some(headers) = headers else {
        let fault = ExchangeFault::new(Place::Client, Cause::InvalidMessage, "a header is not text");
        return rest_fault(&server.told(fault), xml);
    };
    let (asker, method, inflow) = (asker(&parts), parts.method.to_string(), server.inquiry(body));
    let answer = match server.ask_rest(RestCall { asker, method, target, headers, inflow }).await {
        Ok(answer) => answer,
        Err(fault) => return rest_fault(&fault, xml),
    };
    let mut response = Response::new(Body::new(answer.body.send()));
    *response.status_mut() = StatusCode::from_u16(answer.head.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answer.head.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// HTTP/1 header names arrive in lower case; the protocol's own are signed as its documents spell them.
fn spelt(name: &HeaderName) -> String {
    match name.as_str() {
        "x-road-client" => "X-Road-Client",
        "x-road-id" => "X-Road-Id",
        "x-road-userid" => "X-Road-UserId",
        "x-road-issue" => "X-Road-Issue",
        "x-road-security-server" => "X-Road-Security-Server",
        "x-road-represented-party" => "X-Road-Represented-Party",
        "content-type" => "Content-Type",
        other => other,
    }
    .to_owned()
}

/// Whoever takes XML at all gets it, as the type that it takes.
fn xml_type(accept: &str) -> Option<&'static str> {
    accept.split(',').find_map(|range| {
        match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/xml" | "text/*" => Some("text/xml"),
            "application/xml" => Some("application/xml"),
            _ => None,
        }
    })
}

/// Errors of the REST protocol (§4.5): JSON, or XML for those who ask for it.
fn rest_fault(fault: &ExchangeFault, xml: Option<&str>) -> Response {
    use formats::xml::escape;
    let detail = fault.detail.clone().unwrap_or_default();
    let status = StatusCode::from_u16(fault.rest_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (kind, body) = if let Some(kind) = xml {
        let (code, text) = (escape(&fault.code), escape(&fault.text));
        let body =
            format!("<error><type>{code}</type><message>{text}</message><detail>{}</detail></error>", escape(&detail));
        (format!("{kind};charset=utf-8"), body)
    } else {
        let body = serde_json::json!({ "type": fault.code, "message": fault.text, "detail": detail });
        ("application/json;charset=utf-8".to_owned(), body.to_string())
    };
    (status, [("content-type", kind.as_str()), ("x-road-error", fault.code.as_str())], body).into_response()
}

async fn list_clients(
    State(server): Server,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let instance = query.iter().find(|(name, _)| name == "xRoadInstance").map(|(_, value)| value.as_str());
    let as_json = accepted(&headers).any(super::metadata::wants_json);
    match server.list_clients(instance, as_json).await {
        Ok((kind, body)) => ([(header::CONTENT_TYPE, kind)], body).into_response(),
        Err(fault) => rest_fault(&server.told(fault), (!as_json).then_some("text/xml")),
    }
}

/// 200, or 500 with what is wrong, a line each: for load balancers and watchers. What wants an operator and stops no message
/// takes no server out of a balancer's list: it stands behind the rest.
async fn health(State(server): Server) -> Response {
    let complaints = server.complaints().await;
    let status = if complaints.is_empty() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    let mut lines = if complaints.is_empty() { vec!["ok".to_owned()] } else { complaints };
    lines.extend(server.worries().into_iter().map(|worry| format!("warning: {worry}")));
    (status, format!("{}\n", lines.join("\n"))).into_response()
}

async fn numbers(State(server): Server) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], server.exposition()).into_response()
}

async fn message(State(server): Server, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let fault = ExchangeFault::new(Place::ServerProxy, Cause::InvalidHttpMethod, "a message comes by POST");
        return soap_fault(&server.told(fault));
    }
    let peer = parts.extensions.get::<PeerCertificates>().map(|chain| chain.0.to_vec()).unwrap_or_default();
    let incoming = server.incoming(parts.headers, peer, body);
    let answer = match server.serve_peer(incoming).await {
        Ok(answer) => answer,
        Err(fault) => return soap_fault(&fault),
    };
    let mut response = Response::new(Body::new(answer.body));
    let mut add = |name: &'static str, value: &str| match HeaderValue::try_from(value) {
        Ok(value) => {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Err(_) => tracing::debug!(name, "a header of an answer is not text"),
    };
    add("content-type", &answer.content_type);
    add("x-hash-algorithm", "SHA-512");
    if let Some(original) = &answer.original_content_type {
        add("x-original-content-type", original);
    }
    response
}

/// `GET /?cert=<sha1>&…` gives the OCSP responses of our certificates; HEAD is a heartbeat (reference §2.5).
async fn ocsp(State(server): Server, Query(query): Query<Vec<(String, String)>>, request: Request) -> Response {
    if request.method() == Method::HEAD {
        return StatusCode::OK.into_response();
    }
    let wanted: Vec<&str> = query
        .iter()
        .filter(|(name, _)| name == "cert")
        .map(|(_, value)| value.as_str())
        .take(CERTIFICATES_MAX)
        .collect();
    let boundary = format!("xocsp{}", server.random_letters(30));
    let mut body = Vec::new();
    for sha1 in &wanted {
        match server.status_by_sha1(sha1).await {
            Ok(response) => {
                write_part(&mut body, &boundary, &[("content-type", "application/ocsp-response")], &response);
            }
            Err(fault) => return (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
        }
    }
    if wanted.is_empty() || request.method() != Method::GET {
        return (StatusCode::INTERNAL_SERVER_ERROR, "ask by GET with cert=<SHA-1 of a certificate>").into_response();
    }
    write_end(&mut body, &boundary);
    let kind = format!("multipart/related; type=\"application/ocsp-response\"; charset=UTF-8; boundary={boundary}");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// How many certificates one question may name.
const CERTIFICATES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_json_or_xml() {
        let fault = ExchangeFault::new(Place::ServerProxy, Cause::AccessDenied, "no <right>");
        assert_eq!(rest_fault(&fault, None).status(), StatusCode::INTERNAL_SERVER_ERROR);
        let own = ExchangeFault::new(Place::Client, Cause::InvalidMessage, "x");
        let response = rest_fault(&own, Some("application/xml"));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()["content-type"], "application/xml;charset=utf-8");
        assert_eq!(response.headers()["x-road-error"], "client.invalid_message");
        for (accept, expected) in [
            ("text/xml", Some("text/xml")),
            ("application/json, text/*;q=0.5", Some("text/xml")),
            ("application/XML;q=1", Some("application/xml")),
            ("", None),
            ("*/*", None),
            ("application/json", None),
            ("text/html, text/plain", None),
        ] {
            assert_eq!(xml_type(accept), expected, "{accept}");
        }
        let several = ["text/html", "application/xml"].map(|kind| (header::ACCEPT, HeaderValue::from_static(kind)));
        let mut headers = HeaderMap::new();
        for (name, value) in several {
            headers.append(name, value);
        }
        assert_eq!(accepted(&headers).find_map(xml_type), Some("application/xml"), "as if they were one");
    }
}
