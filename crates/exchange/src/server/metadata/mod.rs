//! Services about services (metadata protocols, reference §2.12): who is there, what a provider offers, and what of it the
//! asker may use. SOAP services are listed to SOAP, REST services and their endpoints to REST.

mod by_get;
mod description;

pub use description::{ENDPOINT, hide_addresses, hide_servers};

use super::{SecurityServer, rights::Offer};
use crate::{
    configuration::{Configuration, Instance},
    country::ServiceType,
    fault::{ExchangeFault, Place},
};
use formats::{
    identifier::{ClientId, IDENTIFIERS, write_client, write_service},
    rest::RequestHead,
    soap,
    xml::escape,
};
use serde_json::{Value, json};

const SOAP: [ServiceType; 1] = [ServiceType::Soap];
const REST: [ServiceType; 2] = [ServiceType::OpenApi, ServiceType::Rest];

impl SecurityServer {
    /// The body of the answer to `listMethods` or `allowedMethods`.
    pub(super) fn methods_xml(&self, configuration: &Configuration, request: &soap::Message, allowed: bool) -> String {
        let (provider, client) = (&request.headers.service.provider, &request.headers.client);
        let offers = if allowed {
            self.rights.allowed(configuration, provider, client, &SOAP)
        } else {
            self.rights.offers(provider, &SOAP)
        };
        let services: String = offers.iter().map(|offer| write_service("xroad:service", &offer.id)).collect();
        let name = format!("{}Response", request.headers.service.code);
        let (headers, ids) = (soap::HEADERS, IDENTIFIERS);
        format!("<xroad:{name} xmlns:xroad=\"{headers}\" xmlns:id=\"{ids}\">{services}</xroad:{name}>")
    }

    /// Content type and body of the answer to the same questions by REST.
    pub(super) fn methods_json(
        &self,
        configuration: &Configuration,
        request: &RequestHead,
        allowed: bool,
    ) -> (String, Vec<u8>) {
        let provider = &request.service.provider;
        let offers = if allowed {
            self.rights.allowed(configuration, provider, &request.client, &REST)
        } else {
            self.rights.offers(provider, &REST)
        };
        let list: Vec<Value> = offers.iter().map(service).collect();
        ("application/json".to_owned(), json!({ "service": list }).to_string().into_bytes())
    }

    /// Members and subsystems of an instance as `/listClients` tells them.
    pub(super) async fn list_clients(
        &self,
        instance: Option<&str>,
        as_json: bool,
    ) -> Result<(&'static str, Vec<u8>), ExchangeFault> {
        let configuration = self.configuration.current(Place::ClientProxy).await?;
        let instance = match instance.filter(|name| !name.trim().is_empty()) {
            Some(name) => configuration.current_instance(Place::ClientProxy, name, self.clock.now())?,
            None => configuration.own(),
        };
        let clients = clients_of(instance);
        if as_json {
            let list: Vec<Value> = clients.iter().map(Listed::to_json).collect();
            return Ok(("application/json;charset=utf-8", json!({ "member": list }).to_string().into_bytes()));
        }
        let list: String = clients.iter().map(Listed::to_xml).collect();
        let (headers, ids) = (soap::HEADERS, IDENTIFIERS);
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xroad:clientList xmlns:xroad=\"{headers}\" xmlns:id=\"{ids}\">\
             {list}</xroad:clientList>"
        );
        Ok(("text/xml;charset=utf-8", document.into_bytes()))
    }
}

/// Whether `Accept` names JSON anywhere; otherwise lists are XML (metadata protocol §2).
pub(super) fn wants_json(accept: &str) -> bool {
    accept.split(',').any(|kind| kind.split(';').next().unwrap_or_default().trim() == "application/json")
}

/// A line of `listClients`.
struct Listed<'a> {
    id: ClientId,
    name: &'a str,
    subsystem_name: Option<&'a str>,
}

fn clients_of(instance: &Instance) -> Vec<Listed<'_>> {
    let shared = &instance.shared;
    let mut list = Vec::new();
    for member in &shared.members {
        let id = ClientId {
            instance: shared.instance.clone(),
            class: member.class.clone(),
            member: member.code.clone(),
            subsystem: None,
        };
        for subsystem in &member.subsystems {
            let id = ClientId { subsystem: Some(subsystem.code.clone()), ..id.clone() };
            list.push(Listed { id, name: &member.name, subsystem_name: subsystem.name.as_deref() });
        }
        let place = list.len() - member.subsystems.len();
        list.insert(place, Listed { id, name: &member.name, subsystem_name: None });
    }
    list
}

impl Listed<'_> {
    fn to_json(&self) -> Value {
        let mut line = json!({ "id": client(&self.id), "name": self.name });
        if let Some(name) = self.subsystem_name {
            line["subsystem_name"] = json!(name);
        }
        line
    }

    fn to_xml(&self) -> String {
        let subsystem = self
            .subsystem_name
            .map_or(String::new(), |name| format!("<xroad:subsystemName>{}</xroad:subsystemName>", escape(name)));
        let (id, name) = (write_client("xroad:id", &self.id), escape(self.name));
        format!("<xroad:member>{id}<xroad:name>{name}</xroad:name>{subsystem}</xroad:member>")
    }
}

fn client(id: &ClientId) -> Value {
    let kind = if id.subsystem.is_some() { "SUBSYSTEM" } else { "MEMBER" };
    let mut value = json!({
        "object_type": kind,
        "xroad_instance": id.instance,
        "member_class": id.class,
        "member_code": id.member,
    });
    if let Some(subsystem) = &id.subsystem {
        value["subsystem_code"] = json!(subsystem);
    }
    value
}

fn service(offer: &Offer) -> Value {
    let mut value = client(&offer.id.provider);
    value["object_type"] = json!("SERVICE");
    value["service_code"] = json!(offer.id.code);
    value["service_type"] = json!(if offer.kind == ServiceType::OpenApi { "OPENAPI" } else { "REST" });
    let endpoints = offer.endpoints.iter().map(|(method, path)| json!({ "method": method, "path": path }));
    value["endpoint_list"] = endpoints.collect();
    value
}
