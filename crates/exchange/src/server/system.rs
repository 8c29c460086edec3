//! Calling the provider's information system. Redirects are not followed; what it answers is opaque for REST and must be a
//! consistent message for SOAP.

use super::SecurityServer;
use crate::fault::{Cause, ExchangeFault, Place};
use base::Fault;
use bytes::Bytes;
use formats::{
    identifier::ClientId,
    mime::ContentType,
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);
const SERVICE: Place = Place::Service;

fn failed(fault: &Fault) -> ExchangeFault {
    ExchangeFault::failed(SERVICE, Cause::NetworkError, fault)
}

impl SecurityServer {
    fn system_of(&self, provider: &ClientId) -> Result<&str, ExchangeFault> {
        let url = self.systems.get(provider);
        url.map(String::as_str).ok_or_else(|| {
            ExchangeFault::new(Place::ServerProxy, Cause::ServiceMissingUrl, "the provider has no information system")
        })
    }

    /// `POST /soap` with the request as it was received. A fault of the service is passed on as it is.
    pub(super) async fn call_soap(
        &self,
        request: &soap::Message,
        soap_action: Option<&str>,
    ) -> Result<(String, Box<soap::Message>), ExchangeFault> {
        let url = format!("{}/soap", self.system_of(&request.headers.service.provider)?);
        let http = http::Request::post(url)
            .header("content-type", "text/xml; charset=UTF-8")
            .header("soapaction", soap_action.unwrap_or("\"\""))
            .body(Bytes::from(request.bytes.clone()))
            .map_err(|error| ExchangeFault::new(SERVICE, Cause::InvalidMessage, error))?;
        let answer =
            self.http.send(http, self.limits.answer_bytes_max, TIMEOUT).await.map_err(|fault| failed(&fault))?;
        // SOAP 1.1 §6.2 sends faults with 500; anything else that is not 200 is no SOAP answer.
        if !matches!(answer.status().as_u16(), 200 | 500) {
            let text = format!("the information system answered {}", answer.status());
            return Err(ExchangeFault::new(SERVICE, Cause::NetworkError, text));
        }
        let written = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = ContentType::parse(written).filter(|kind| kind.essence == "text/xml");
        kind.ok_or_else(|| ExchangeFault::new(SERVICE, Cause::InvalidContentType, "the answer is not text/xml"))?;
        let content_type = written.to_owned();
        let parsed = soap::read(answer.into_body().to_vec());
        match parsed.map_err(|error| ExchangeFault::coded(SERVICE, error.code(), error))? {
            Parsed::Fault(fault) => Err(ExchangeFault::from_soap(fault)),
            Parsed::Message(response) => {
                soap::check_consistent(&request.headers, &response.headers)
                    .map_err(|error| ExchangeFault::coded(SERVICE, error.code(), error))?;
                Ok((content_type, response))
            }
        }
    }

    /// `/rest/{service}{path}?{query}` with the request's method, headers and body.
    pub(super) async fn call_rest(
        &self,
        request: &RequestHead,
        body: Option<&[u8]>,
        hash: &str,
    ) -> Result<(ResponseHead, Option<Vec<u8>>), ExchangeFault> {
        let base = self.system_of(&request.service.provider)?;
        let code = formats::identifier::encode_segment(&request.service.code);
        let query = request.query.as_deref().map_or(String::new(), |query| format!("?{query}"));
        let mut builder = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{base}/rest/{code}{}{query}", request.path));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let http = builder
            .body(Bytes::copy_from_slice(body.unwrap_or_default()))
            .map_err(|error| ExchangeFault::new(SERVICE, Cause::InvalidMessage, error))?;
        let answer =
            self.http.send(http, self.limits.answer_bytes_max, TIMEOUT).await.map_err(|fault| failed(&fault))?;
        let status = answer.status();
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let reason = status.canonical_reason().unwrap_or_default();
        let head = ResponseHead::from_http(status.as_u16(), reason, headers, request, hash);
        let body = answer.into_body();
        Ok((head, (!body.is_empty()).then(|| body.to_vec())))
    }
}
