//! Services about services (metadata protocols): they need a signed request and no right.

use super::{SecurityServer, source::Source};
use formats::{
    identifier::{ClientId, ServiceId},
    rest::{RequestHead, ResponseHead},
};
use serde_json::{Value, json};

/// Service codes that no member may use for its own (reserved since 7.7).
const LIST_METHODS: &str = "listMethods";
const ALLOWED_METHODS: &str = "allowedMethods";

pub(super) fn is_metadata(service: &ServiceId) -> bool {
    matches!(service.code.as_str(), LIST_METHODS | ALLOWED_METHODS)
}

/// A JSON answer that the server gives itself.
pub(super) struct MetadataAnswer(Value);

impl MetadataAnswer {
    pub(super) fn finish(self, request: &RequestHead, hash: &str) -> (ResponseHead, Source) {
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let head = ResponseHead::from_http(200, "OK", headers, request, hash);
        (head, Source::of(self.0.to_string()))
    }
}

impl SecurityServer {
    pub(super) fn metadata(&self, request: &RequestHead) -> Option<MetadataAnswer> {
        let provider = &request.service.provider;
        let services = match request.service.code.as_str() {
            LIST_METHODS => self.rights.services_of(provider, None),
            ALLOWED_METHODS => self.rights.services_of(provider, Some(&request.client)),
            _ => return None,
        };
        let list: Vec<Value> = services.iter().map(service).collect();
        Some(MetadataAnswer(json!({ "service": list })))
    }

    /// Members and subsystems of the instance, as `/listClients` tells them.
    pub(super) fn list_clients(&self) -> Value {
        let Some(configuration) = self.configuration.at_hand() else { return json!({ "member": [] }) };
        let shared = &configuration.shared;
        let mut list = Vec::new();
        for member in &shared.members {
            let mut id = ClientId {
                instance: shared.instance.clone(),
                class: member.class.clone(),
                member: member.code.clone(),
                subsystem: None,
            };
            list.push(json!({ "id": client(&id), "name": member.name }));
            for subsystem in &member.subsystems {
                id.subsystem = Some(subsystem.code.clone());
                let name = subsystem.name.as_ref().unwrap_or(&member.name);
                list.push(json!({ "id": client(&id), "name": name }));
            }
        }
        json!({ "member": list })
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

fn service(id: &ServiceId) -> Value {
    let mut value = client(&id.provider);
    value["object_type"] = json!("SERVICE");
    value["service_code"] = json!(id.code);
    if let Some(version) = &id.version {
        value["service_version"] = json!(version);
    }
    value["service_type"] = json!("REST");
    value
}
