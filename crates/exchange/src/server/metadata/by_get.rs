//! `GET /wsdl?xRoadInstance=&memberClass=&memberCode=&subsystemCode=&serviceCode=&version=`: a description for information
//! systems that send no SOAP for it, as the field's servers offered it until version 6.23 (metadata protocol 2.10 §5). It is
//! `getWsdl` in the name of the server's owner, so it is signed, logged and counted as any message, and the owner's settings
//! say how the information system must be known. Central services, which need no member, are no more and are refused.

use crate::{
    fault::{Cause, ExchangeFault, Place},
    server::{
        Asker, SecurityServer,
        consumer_soap::{SoapAnswer, SoapCall},
        outflow::Outflow,
    },
};
use axum::body::Body;
use formats::{
    identifier::{ClientId, ServiceId},
    soap::{self, HEADERS},
    xml::escape,
};

const HERE: Place = Place::ClientProxy;
const XML: &str = "text/xml; charset=UTF-8";

/// The service whose description is asked for.
fn service_of(query: &[(String, String)]) -> Result<ServiceId, ExchangeFault> {
    let given = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.trim().is_empty()).map(str::to_owned)
    };
    let needed = |name: &str| {
        let missing = || ExchangeFault::new(HERE, Cause::InvalidRequest, format_args!("the query names no {name}"));
        given(name).ok_or_else(missing)
    };
    let provider = ClientId {
        instance: needed("xRoadInstance")?,
        class: needed("memberClass")?,
        member: needed("memberCode")?,
        subsystem: given("subsystemCode"),
    };
    Ok(ServiceId { provider, code: needed("serviceCode")?, version: given("version") })
}

/// The body of `getWsdl` about a service.
fn question(service: &ServiceId) -> String {
    let version = service
        .version
        .as_deref()
        .map_or(String::new(), |version| format!("<xroad:serviceVersion>{}</xroad:serviceVersion>", escape(version)));
    format!(
        "<xroad:getWsdl xmlns:xroad=\"{HEADERS}\"><xroad:serviceCode>{}</xroad:serviceCode>{version}</xroad:getWsdl>",
        escape(&service.code)
    )
}

impl SecurityServer {
    /// The document as the provider's server attached it.
    pub(in super::super) async fn wsdl_by_get(
        &self,
        asker: Asker,
        query: &[(String, String)],
    ) -> Result<SoapAnswer, ExchangeFault> {
        let described = service_of(query).map_err(|fault| self.told(fault))?;
        let (client, id) = (self.id.owner(), self.uuid());
        let service = ServiceId { provider: described.provider.clone(), code: "getWsdl".to_owned(), version: None };
        let head = soap::RequestHead {
            client: &client,
            service: &service,
            id: &id,
            user_id: None,
            issue: None,
            purpose: None,
        };
        let message = soap::request_with(&head, &question(&described));
        let call = SoapCall {
            asker,
            content_type: XML.to_owned(),
            soap_action: None,
            inflow: self.inquiry(Body::from(message)),
        };
        let Some(document) = self.ask_soap(call).await?.attachments.into_iter().next() else {
            let fault = ExchangeFault::new(HERE, Cause::InvalidBody, "the answer has no description with it");
            return Err(self.told(fault));
        };
        let kind = document.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let content_type = kind.map_or(XML, |(_, value)| value).to_owned();
        Ok(SoapAnswer { content_type, body: Outflow::default().body(document.body) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 6] = [
        ("xRoadInstance", "AZ"),
        ("memberClass", "GOV"),
        ("memberCode", "2"),
        ("subsystemCode", "book"),
        ("serviceCode", "page"),
        ("version", "v1"),
    ];

    fn read(query: &[(&str, &str)]) -> Result<String, String> {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        service_of(&query).map(|service| service.to_string()).map_err(|fault| fault.code)
    }

    #[test]
    fn a_service_is_named_by_its_parts() {
        assert_eq!(read(&WHOLE).as_deref(), Ok("AZ/GOV/2/book/page/v1"));
        for (missing, (name, _)) in WHOLE.iter().enumerate() {
            let refused = || Err("server.clientproxy.invalid_request".to_owned());
            let expected = match *name {
                "subsystemCode" => Ok("AZ/GOV/2/page/v1".to_owned()),
                "version" => Ok("AZ/GOV/2/book/page".to_owned()),
                _ => refused(),
            };
            let (mut without, mut blank) = (WHOLE.to_vec(), WHOLE);
            without.remove(missing);
            blank[missing].1 = " ";
            assert_eq!(read(&without), expected, "{name}");
            assert_eq!(read(&blank), expected, "{name}");
        }
    }
}
