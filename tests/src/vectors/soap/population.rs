//! Who must exist for a set of cases: the clients and services that their requests name, and a server for either side.

use exchange::country::RESERVED;
use formats::{
    identifier::{ClientId, ServiceId, read_client, read_service},
    soap::HEADERS,
    xml::{self, Element},
};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

#[derive(Debug, Default)]
pub struct Population {
    pub clients: BTreeSet<ClientId>,
    pub services: BTreeSet<ServiceId>,
}

/// Everybody whom a request names, but for those of cases about strangers.
pub fn of(folder: &Path, cases: &[Value], setups: &Value) -> Population {
    let mut found = Population::default();
    for case in cases {
        let Some(file) = case["request"].as_str() else { continue };
        let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
        let Some(envelope) = envelope(&bytes) else { continue };
        let named = |name: &str| envelope.find(&|element: &Element| element.is(HEADERS, name));
        let stranger = setups[case["case"].as_str().unwrap_or_default()]["stranger"] == true;
        if let Some(client) = named("client").and_then(|element| read_client(element).ok()).filter(|_| !stranger) {
            found.clients.insert(client);
        }
        // What a server answers itself is nobody's to publish.
        let service = named("service").and_then(|element| read_service(element).ok());
        found.services.extend(service.filter(|service| !RESERVED.contains(&service.code.as_str())));
    }
    found
}

/// The SOAP envelope in a file, which may be a part among others.
fn envelope(bytes: &[u8]) -> Option<Element> {
    let text = String::from_utf8_lossy(bytes);
    let end = text.find("Envelope>").map(|_| text.rfind("Envelope>"))?? + "Envelope>".len();
    let name = text[..end].find("Envelope")?;
    let start = text[..name].rfind('<')?;
    xml::read(text[start..end].as_bytes()).ok()
}

const CLASS_NAMES: &str = "{ az = \"sinif\", en = \"class\", ru = \"класс\" }";

impl Population {
    /// The members' file of a country of these members.
    pub fn agencies(&self) -> String {
        let everybody: BTreeSet<ClientId> =
            self.clients.iter().cloned().chain(self.services.iter().map(|service| service.provider.clone())).collect();
        let classes: BTreeSet<&str> = everybody.iter().map(|id| id.class.as_str()).collect();
        let members: BTreeSet<ClientId> = everybody.iter().map(ClientId::member_id).collect();
        let mut out = String::new();
        classes.iter().for_each(|class| out.push_str(&format!("[[class]]\ncode = {class:?}\nname = {CLASS_NAMES}\n")));
        for member in members {
            let ClientId { class, member: code, .. } = &member;
            out.push_str(&format!("[[member]]\nclass = {class:?}\ncode = {code:?}\nname = {CLASS_NAMES}\n"));
            for id in everybody.iter().filter(|id| id.member_id() == member) {
                if let Some(code) = &id.subsystem {
                    out.push_str(&format!("[[member.subsystem]]\ncode = {code:?}\nname = {CLASS_NAMES}\n"));
                }
            }
        }
        out
    }

    /// The exchange's file: all clients behind one server, all providers behind the other, every right granted.
    pub fn exchange(&self, consumer: &str, provider: &str) -> String {
        let list = |ids: &BTreeSet<ClientId>| {
            let written: Vec<String> = ids.iter().map(|id| format!("{:?}", id.to_string())).collect();
            written.join(", ")
        };
        let providers: BTreeSet<ClientId> = self.services.iter().map(|service| service.provider.clone()).collect();
        let owner = |ids: &BTreeSet<ClientId>| ids.first().map(|id| id.member_id().to_string()).unwrap_or_default();
        let instance = self.clients.first().map(|id| id.instance.clone()).unwrap_or_default();
        let mut out = format!(
            "instance = {instance:?}\ninquiry_bytes_max = 1048576\nanswer_bytes_max = 1048576\n\
             configuration_validity_s = 600\nconfiguration_interval_s = 60\nocsp_freshness_s = 3600\n\
             time_stamping_interval_s = 60\ntime_stamping_failure_period_s = 14400\n"
        );
        for (code, clients) in [(consumer, &self.clients), (provider, &providers)] {
            let (owner, clients) = (owner(clients), list(clients));
            out.push_str(&format!("[[server]]\ncode = {code:?}\nowner = {owner:?}\nclients = [{clients}]\n"));
        }
        for service in &self.services {
            let (provider, code) = (service.provider.to_string(), &service.code);
            let version = service.version.as_ref().map_or(String::new(), |version| format!("version = {version:?}\n"));
            let clients = list(&self.clients);
            out.push_str(&format!(
                "[[service]]\nprovider = {provider:?}\ncode = {code:?}\n{version}clients = [{clients}]\n"
            ));
        }
        out
    }
}
