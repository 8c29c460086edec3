//! Services that a security server answers itself: metadata about services, and monitoring of the server. They are asked for
//! as any other, signed and logged; no access list speaks of them, and their codes are nobody else's (reference §2.12).

use super::{
    SecurityServer,
    consumer_rest::hash_of,
    consumer_soap::request_hash,
    provider::{HERE, Request},
    reply::Reply,
    rights::Asked,
    source::{Event, Source},
    trace::Trace,
};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault},
    messagelog::Attachment,
};
use formats::{
    hashchain::DigestAlgorithm,
    identifier::ServiceId,
    message::REST_RESPONSE,
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
};

const XML: &str = "text/xml; charset=UTF-8";

/// A service of the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnService {
    ListMethods,
    AllowedMethods,
    /// `getWsdl` by SOAP, `getOpenAPI` by REST.
    Description,
    OperationalData,
    HealthData,
    Metrics,
}

/// The answer to a SOAP question before it stands in an envelope.
pub(super) struct OwnAnswer {
    /// An element that declares its own namespaces.
    pub body: String,
    pub attachments: Vec<Attachment>,
}

impl OwnAnswer {
    pub(super) fn of(body: String) -> Self {
        OwnAnswer { body, attachments: Vec::new() }
    }
}

impl SecurityServer {
    /// Which of the server's own services is asked for, if it is one. Metadata can be had of every provider, monitoring of
    /// the owner alone.
    pub(super) fn own_service(&self, service: &ServiceId, asked: Asked<'_>) -> Option<OwnService> {
        let by_soap = matches!(asked, Asked::Soap);
        // The protocol knows them by GET only; anything else is a service that nobody offers.
        let by_get = matches!(asked, Asked::Rest { method: "GET", .. });
        let of_owner = service.provider == self.id.owner();
        match service.code.as_str() {
            "listMethods" if by_soap || by_get => Some(OwnService::ListMethods),
            "allowedMethods" if by_soap || by_get => Some(OwnService::AllowedMethods),
            "getWsdl" if by_soap => Some(OwnService::Description),
            "getOpenAPI" if by_get => Some(OwnService::Description),
            "getSecurityServerOperationalData" if by_soap && of_owner => Some(OwnService::OperationalData),
            "getSecurityServerHealthData" if by_soap && of_owner => Some(OwnService::HealthData),
            "getSecurityServerMetrics" if by_soap && of_owner => Some(OwnService::Metrics),
            _ => None,
        }
    }

    /// Everybody may ask about services and see its own traffic; only few how the machine is.
    pub(super) fn check_own(
        &self,
        configuration: &Configuration,
        own: OwnService,
        request: &Request,
    ) -> Result<(), ExchangeFault> {
        match own {
            OwnService::Metrics => self.check_environment_access(configuration, request.client()),
            OwnService::ListMethods
            | OwnService::AllowedMethods
            | OwnService::Description
            | OwnService::OperationalData
            | OwnService::HealthData => Ok(()),
        }
    }

    /// The reply in the place of an information system's: it is neither sent for nor waited for.
    pub(super) async fn answer_own(
        &self,
        configuration: &Configuration,
        trace: &mut Trace,
        own: OwnService,
        request: &Request,
        attachments: &[Attachment],
    ) -> Result<Reply, ExchangeFault> {
        trace.answered_here();
        match request {
            Request::Soap { message, .. } => {
                let answer = self.own_soap(configuration, own, message).await?;
                self.in_envelope(message, answer)
            }
            Request::Rest { head, bytes } => {
                let (kind, body) = self.own_rest(configuration, own, head).await?;
                trace.details.status_code = Some(200);
                let headers = [("Content-Type".to_owned(), kind)];
                let head = ResponseHead::from_http(200, "OK", headers, head, &hash_of(bytes, attachments));
                Ok(Reply {
                    provider: request.service().provider.clone(),
                    content_type: REST_RESPONSE.to_owned(),
                    headers: Vec::new(),
                    bytes: head.encode().into(),
                    original_content_type: None,
                    source: Source::of(body),
                })
            }
        }
    }

    async fn own_soap(
        &self,
        configuration: &Configuration,
        own: OwnService,
        request: &soap::Message,
    ) -> Result<OwnAnswer, ExchangeFault> {
        match own {
            OwnService::ListMethods => Ok(OwnAnswer::of(self.methods_xml(configuration, request, false))),
            OwnService::AllowedMethods => Ok(OwnAnswer::of(self.methods_xml(configuration, request, true))),
            OwnService::Description => self.wsdl(request).await,
            OwnService::OperationalData => self.operational_data(configuration, request).await,
            OwnService::HealthData => self.health_data(request),
            OwnService::Metrics => self.metrics(request),
        }
    }

    /// Content type and body. What is monitored is told by SOAP alone.
    async fn own_rest(
        &self,
        configuration: &Configuration,
        own: OwnService,
        request: &RequestHead,
    ) -> Result<(String, Vec<u8>), ExchangeFault> {
        match own {
            OwnService::ListMethods => Ok(self.methods_json(configuration, request, false)),
            OwnService::AllowedMethods => Ok(self.methods_json(configuration, request, true)),
            OwnService::Description => self.openapi(request).await,
            OwnService::OperationalData | OwnService::HealthData | OwnService::Metrics => {
                Err(ExchangeFault::new(HERE, Cause::ServiceType, "this service is asked for by SOAP"))
            }
        }
    }

    /// The answer under the request's own header, with its attachments behind it.
    fn in_envelope(&self, request: &soap::Message, answer: OwnAnswer) -> Result<Reply, ExchangeFault> {
        let Ok(Parsed::Message(response)) = soap::read(soap::respond_with(request, &answer.body)) else {
            let text = "the request cannot be answered in its own header";
            return Err(ExchangeFault::new(HERE, Cause::InvalidSoap, text));
        };
        let hash = request_hash(DigestAlgorithm::Sha512, &request.bytes);
        let mut events = Vec::new();
        for attachment in answer.attachments.into_iter().rev() {
            let Some(bytes) = attachment.body.in_memory() else { continue };
            events.extend([Event::End, Event::Data(bytes.clone()), Event::Begin(attachment.headers)]);
        }
        let boundary = self.random_letters(30);
        let related = format!("multipart/related; type=\"text/xml\"; charset=UTF-8; boundary=xroad{boundary}");
        let (original, source) =
            if events.is_empty() { (XML.to_owned(), Source::Nothing) } else { (related, Source::Attached(events)) };
        Ok(Reply {
            provider: request.headers.service.provider.clone(),
            content_type: XML.to_owned(),
            headers: Vec::new(),
            bytes: soap::with_request_hash(&response, &hash).into(),
            original_content_type: Some(original),
            source,
        })
    }
}
