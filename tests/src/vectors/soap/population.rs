//! Who must exist for a set of cases: the clients and services that their requests name, and a server for either side.

use super::setup::Setup;
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
    pub providers: BTreeSet<ClientId>,
    services: BTreeSet<ServiceId>,
}

/// Everybody whom a request names, but for those of cases about strangers. All of one instance: that of most of them.
pub fn of(folder: &Path, cases: &[(&Value, Setup)]) -> Population {
    let mut found = Population::default();
    for (case, setup) in cases {
        let Some(file) = case["request"].as_str() else { continue };
        let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
        let Some(envelope) = envelope(&bytes) else { continue };
        let named = |name: &str| envelope.find(&|element: &Element| element.is(HEADERS, name));
        if let Some(client) = named("client").and_then(|element| read_client(element).ok()).filter(|_| !setup.stranger)
        {
            found.clients.insert(client);
        }
        let Some(service) = named("service").and_then(|element| read_service(element).ok()) else { continue };
        found.providers.insert(service.provider.clone());
        // What a server answers itself is nobody's to publish.
        if !RESERVED.contains(&service.code.as_str()) {
            found.services.insert(service);
        }
    }
    found.settled()
}

/// Who is behind a server when no request names anybody.
const SOMEBODY: [&str; 2] = ["TEST/ORG/client", "TEST/ORG/provider"];

/// The SOAP envelope in a file, which may be a part among others.
fn envelope(bytes: &[u8]) -> Option<Element> {
    let text = String::from_utf8_lossy(bytes);
    let end = text.find("Envelope>").map(|_| text.rfind("Envelope>"))?? + "Envelope>".len();
    let name = text[..end].find("Envelope")?;
    let start = text[..name].rfind('<')?;
    xml::read(text[start..end].as_bytes()).ok()
}

const CLASS_NAMES: &str = "{ az = \"sinif\", en = \"class\", ru = \"класс\" }";

fn owner(ids: &BTreeSet<ClientId>) -> String {
    ids.first().map(|id| id.member_id().to_string()).unwrap_or_default()
}

impl Population {
    /// Of one instance, with somebody on either side.
    fn settled(mut self) -> Self {
        let everybody = || self.clients.iter().chain(&self.providers).map(|id| &id.instance);
        let count = |instance: &String| everybody().filter(|known| *known == instance).count();
        if let Some(instance) = everybody().max_by_key(|instance| count(instance)).cloned() {
            self.clients.retain(|id| id.instance == instance);
            self.providers.retain(|id| id.instance == instance);
            self.services.retain(|service| service.provider.instance == instance);
        }
        let instance = self.clients.iter().chain(&self.providers).next().map(|id| id.instance.clone());
        for (side, somebody) in [&mut self.clients, &mut self.providers].into_iter().zip(SOMEBODY) {
            if side.is_empty() {
                let somebody = ClientId::parse(somebody).expect("an identifier");
                side.insert(ClientId { instance: instance.clone().unwrap_or(somebody.instance), ..somebody });
            }
        }
        self
    }

    /// The owner of the server of all clients.
    pub fn owner_of_clients(&self) -> String {
        owner(&self.clients)
    }

    /// The members' file of a country of these members.
    pub fn agencies(&self) -> String {
        let everybody: BTreeSet<&ClientId> = self.clients.iter().chain(&self.providers).collect();
        let classes: BTreeSet<&str> = everybody.iter().map(|id| id.class.as_str()).collect();
        let members: BTreeSet<ClientId> = everybody.iter().map(|id| id.member_id()).collect();
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
        let instance = self.clients.first().map(|id| id.instance.clone()).unwrap_or_default();
        let mut out = format!(
            "instance = {instance:?}\ninquiry_bytes_max = 1048576\nanswer_bytes_max = 1048576\n\
             configuration_validity_s = 600\nconfiguration_interval_s = 60\nocsp_freshness_s = 3600\n\
             time_stamping_interval_s = 60\ntime_stamping_failure_period_s = 14400\n"
        );
        for (code, clients) in [(consumer, &self.clients), (provider, &self.providers)] {
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
