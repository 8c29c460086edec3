//! Calling the provider's information system. Redirects are not followed; what it answers is opaque for REST and must be a
//! message for SOAP.

use super::{
    SecurityServer,
    consumer::{ENVELOPE_BYTES_MAX, header},
    consumer_soap::render,
    inflow::Inflow,
    outflow::Outflow,
    reply::Reply,
    source::{Source, open_soap},
    systems::Reachable,
};
use crate::{
    body::Body,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Attachment,
};
use formats::{
    mime::ContentType,
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
};
use host::http::SendBody;
use http::{Response, StatusCode};

const SERVICE: Place = Place::Service;

/// A verified SOAP request for an information system.
pub(super) struct SoapService<'a> {
    pub request: &'a soap::Message,
    pub headers: &'a [(String, String)],
    pub content_type: &'a str,
    pub original_content_type: Option<&'a str>,
    pub soap_action: Option<&'a str>,
    pub attachments: &'a [Attachment],
}

impl SecurityServer {
    /// Sends and returns the head of the answer with its body still to come.
    pub(super) async fn call(
        &self,
        system: &Reachable,
        request: http::Request<SendBody>,
        size_bytes: u64,
    ) -> Result<(http::response::Parts, Inflow), ExchangeFault> {
        let wait = self.settings.service_wait + self.settings.patience.allowance(size_bytes);
        let late =
            |_| ExchangeFault::new(SERVICE, Cause::NetworkError, "the information system did not answer in time");
        let answer = tokio::time::timeout(wait, system.client.open(request)).await.map_err(late)?;
        let (head, body) = Response::into_parts(answer.map_err(|fault| system.failed(&fault))?);
        let limit = self.answer_limit();
        let most = limit.left_bytes.saturating_add(ENVELOPE_BYTES_MAX);
        Ok((head, Inflow::new(body, SERVICE, most, limit.too_long, self.settings.patience)))
    }

    /// `POST` with the request as the client's information system sent it. A fault of the service is passed on as it
    /// is.
    pub(super) async fn call_soap(
        &self,
        asked: &SoapService<'_>,
    ) -> Result<(Reply, Box<soap::Message>), ExchangeFault> {
        let provider = &asked.request.headers.service.provider;
        let system = self.systems.reach(provider)?;
        let bytes = asked.request.bytes.clone();
        let message = render(asked.original_content_type, asked.content_type, asked.headers, bytes, asked.attachments);
        let size = asked.attachments.iter().map(|attachment| attachment.body.size_bytes()).sum();
        let http = http::Request::post(system.soap(&asked.request.headers.service.code))
            .header("content-type", message.content_type)
            .header("soapaction", asked.soap_action.unwrap_or("\"\""))
            .body(message.body.send())
            .map_err(|error| ExchangeFault::new(SERVICE, Cause::InvalidMessage, error))?;
        let (head, inflow) = self.call(system, http, size).await?;
        let written = header(&head.headers, "content-type").unwrap_or_default().to_owned();
        // SOAP 1.1 §6.2 sends faults with 500; anything else that is not 200 is no SOAP answer.
        let is_xml = ContentType::parse(&written).is_some_and(|kind| kind.essence == "text/xml");
        if head.status != StatusCode::OK && !(head.status == StatusCode::INTERNAL_SERVER_ERROR && is_xml) {
            let text = format!("the information system answered {}", head.status);
            return Err(ExchangeFault::new(SERVICE, Cause::HttpError, text));
        }
        let mut opened = open_soap(&written, inflow, self.settings.envelope_bytes_max).await?;
        self.answer_limit().take(opened.bytes.len(), SERVICE)?;
        let charset = ContentType::parse(&opened.content_type);
        let charset = charset.as_ref().and_then(|kind| kind.parameter("charset"));
        match soap::read_as(opened.bytes, charset)
            .map_err(|error| ExchangeFault::coded(SERVICE, error.code(), error))?
        {
            Parsed::Fault(fault) => Err(ExchangeFault::from_soap(fault)),
            Parsed::Message(response) => {
                opened.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
                let reply = Reply {
                    provider: provider.clone(),
                    content_type: opened.content_type,
                    headers: opened.headers,
                    bytes: response.bytes.clone(),
                    original_content_type: Some(written),
                    source: opened.rest,
                };
                Ok((reply, response))
            }
        }
    }

    /// `{service}{path}?{query}` with the request's method, headers and body.
    pub(super) async fn call_rest(
        &self,
        request: &RequestHead,
        body: Option<&Body>,
        hash: &str,
    ) -> Result<(ResponseHead, Source), ExchangeFault> {
        let system = self.systems.reach(&request.service.provider)?;
        let query = request.query.as_deref().map_or(String::new(), |query| format!("?{query}"));
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(format!(
            "{}{}{query}",
            system.rest(&request.service.code),
            request.path
        ));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let flow = body.into_iter().cloned().fold(Outflow::default(), Outflow::body);
        let http =
            builder.body(flow.send()).map_err(|error| ExchangeFault::new(SERVICE, Cause::InvalidMessage, error))?;
        let (head, inflow) = self.call(system, http, body.map_or(0, Body::size_bytes)).await?;
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let reason = head.status.canonical_reason().unwrap_or_default();
        let head = ResponseHead::from_http(head.status.as_u16(), reason, headers, request, hash);
        Ok((head, Source::rest(inflow)))
    }
}
