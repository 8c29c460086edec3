//! The exchange's part of a country folder: `agencies.toml` (who) and `exchange.toml` (servers, data services, rights,
//! limits). Read once at start and checked whole: every identifier that is used must be declared.

mod access;

pub use access::{Endpoint, GlobalGroup, LocalGroup, RESERVED, ServiceType, Subjects, System, SystemAuthentication};

use crate::messagelog::LogPolicy;
use access::Declared;
use base::{Lang, Localized};
use formats::identifier::{ClientId, ServerId, ServiceId, is_part};
use std::{collections::BTreeSet, fmt, path::Path};

#[derive(Debug, Clone)]
pub struct Country {
    pub instance: String,
    pub classes: Vec<MemberClass>,
    pub members: Vec<Member>,
    pub servers: Vec<Server>,
    pub services: Vec<Service>,
    pub global_groups: Vec<GlobalGroup>,
    pub local_groups: Vec<LocalGroup>,
    pub systems: Vec<System>,
    /// The one client that may see the monitoring data of every server.
    pub monitoring_client: Option<ClientId>,
    pub limits: Limits,
    pub message_log: LogPolicy,
    pub management: Option<Management>,
}

/// The management services of the instance.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// The member or subsystem that provides them.
    pub provider: ClientId,
    /// What the operator need not be asked about. The field asks about everything.
    #[serde(default)]
    pub approve_client_registrations: bool,
    #[serde(default)]
    pub approve_certificate_registrations: bool,
    #[serde(default)]
    pub approve_owner_changes: bool,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberClass {
    pub code: String,
    pub name: Localized,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub class: String,
    pub code: String,
    pub name: Localized,
    #[serde(default, rename = "subsystem")]
    pub subsystems: Vec<Subsystem>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subsystem {
    pub code: String,
    pub name: Localized,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub code: String,
    pub owner: ClientId,
    pub clients: Vec<ClientId>,
    /// Whether information systems may fetch descriptions by `GET /wsdl`, as the field's servers offered it until version 6.23
    /// and, like here, switched off unless somebody wanted it.
    #[serde(default)]
    pub wsdl_by_get: bool,
}

/// A data service and who may ask for it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub provider: ClientId,
    pub code: String,
    pub version: Option<String>,
    /// Ours answer both ways; most of others' one.
    #[serde(default = "both_types")]
    pub types: Vec<ServiceType>,
    /// Who may ask for all of it: clients, this instance's groups (`EE/code` for another's), the provider's own groups.
    #[serde(default)]
    pub clients: Vec<ClientId>,
    #[serde(default)]
    pub global_groups: Vec<String>,
    #[serde(default)]
    pub local_groups: Vec<String>,
    /// Parts that others may ask for.
    #[serde(default, rename = "endpoint")]
    pub endpoints: Vec<Endpoint>,
    /// A service that is published but not answering at present.
    #[serde(default)]
    pub disabled: bool,
    /// What the askers of a disabled service are told.
    pub disabled_notice: Option<String>,
}

fn both_types() -> Vec<ServiceType> {
    vec![ServiceType::Soap, ServiceType::OpenApi]
}

/// The numbers of `exchange.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub inquiry_bytes_max: usize,
    pub answer_bytes_max: usize,
    pub configuration_validity_s: i64,
    pub configuration_interval_s: u64,
    pub ocsp_freshness_s: i64,
    pub time_stamping_interval_s: u64,
    pub time_stamping_failure_period_s: i64,
    /// How long operational data is kept.
    pub traffic_keep_days: u32,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AgenciesFile {
    #[serde(rename = "class")]
    classes: Vec<MemberClass>,
    #[serde(rename = "member")]
    members: Vec<Member>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeFile {
    instance: String,
    inquiry_bytes_max: usize,
    answer_bytes_max: usize,
    configuration_validity_s: i64,
    configuration_interval_s: u64,
    ocsp_freshness_s: i64,
    time_stamping_interval_s: u64,
    time_stamping_failure_period_s: i64,
    #[serde(default)]
    message_log: LogPolicy,
    monitoring_client: Option<ClientId>,
    #[serde(default = "traffic_keep_days")]
    traffic_keep_days: u32,
    management: Option<Management>,
    #[serde(rename = "server")]
    servers: Vec<Server>,
    #[serde(default, rename = "service")]
    services: Vec<Service>,
    #[serde(default, rename = "global_group")]
    global_groups: Vec<GlobalGroup>,
    #[serde(default, rename = "local_group")]
    local_groups: Vec<LocalGroup>,
    #[serde(default, rename = "system")]
    systems: Vec<System>,
}

/// The field's own default (`keep-records-for-days`).
fn traffic_keep_days() -> u32 {
    7
}

/// What is wrong with the files, in a sentence that names the place.
#[derive(Debug)]
pub struct CountryError(pub String);

impl fmt::Display for CountryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for CountryError {}

fn wrong<T>(why: impl fmt::Display) -> Result<T, CountryError> {
    Err(CountryError(why.to_string()))
}

impl Country {
    /// Reads `agencies.toml` and `exchange.toml` in the folder of a country.
    pub fn load(folder: &Path) -> Result<Country, CountryError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).or_else(|cause| wrong(format_args!("{}: {cause}", path.display())))
        };
        Country::parse(&read("agencies.toml")?, &read("exchange.toml")?)
    }

    pub fn parse(agencies: &str, exchange: &str) -> Result<Country, CountryError> {
        let agencies: AgenciesFile =
            toml::from_str(agencies).or_else(|error| wrong(format_args!("agencies.toml: {error}")))?;
        let exchange: ExchangeFile =
            toml::from_str(exchange).or_else(|error| wrong(format_args!("exchange.toml: {error}")))?;
        let country = Country {
            instance: exchange.instance,
            classes: agencies.classes,
            members: agencies.members,
            servers: exchange.servers,
            services: exchange.services,
            global_groups: exchange.global_groups,
            local_groups: exchange.local_groups,
            systems: exchange.systems,
            management: exchange.management,
            monitoring_client: exchange.monitoring_client,
            limits: Limits {
                inquiry_bytes_max: exchange.inquiry_bytes_max,
                answer_bytes_max: exchange.answer_bytes_max,
                configuration_validity_s: exchange.configuration_validity_s,
                configuration_interval_s: exchange.configuration_interval_s,
                ocsp_freshness_s: exchange.ocsp_freshness_s,
                time_stamping_interval_s: exchange.time_stamping_interval_s,
                time_stamping_failure_period_s: exchange.time_stamping_failure_period_s,
                traffic_keep_days: exchange.traffic_keep_days,
            },
            message_log: exchange.message_log,
        };
        country.check()?;
        Ok(country)
    }

    fn check(&self) -> Result<(), CountryError> {
        let mut known = BTreeSet::new();
        for member in &self.members {
            let id = self.member_id(member);
            if !self.classes.iter().any(|class| class.code == member.class) {
                return wrong(format_args!("agencies.toml: member {id} is of a class that is not declared"));
            }
            if !member.name.is_complete() || !is_part(&member.code) {
                return wrong(format_args!("agencies.toml: member {id} needs a code and a name in every language"));
            }
            for subsystem in &member.subsystems {
                known.insert(ClientId { subsystem: Some(subsystem.code.clone()), ..id.clone() });
            }
            if !known.insert(id.clone()) {
                return wrong(format_args!("agencies.toml: member {id} stands there twice"));
            }
        }
        let declared = |id: &ClientId, place: &str| {
            if known.contains(id) { Ok(()) } else { wrong(format_args!("exchange.toml: {place}: {id} is no member")) }
        };
        let mut codes = BTreeSet::new();
        for server in &self.servers {
            declared(&server.owner, &server.code)?;
            server.clients.iter().try_for_each(|client| declared(client, &server.code))?;
            if !is_part(&server.code) || !codes.insert(&server.code) {
                return wrong(format_args!("exchange.toml: server {} has no code of its own", server.code));
            }
        }
        if let Some(mistake) = self.message_log.mistake() {
            return wrong(format_args!("exchange.toml: message_log: {mistake}"));
        }
        self.message_log.overrides.iter().try_for_each(|over| declared(&over.subsystem, "message_log"))?;
        let mut recipients =
            self.message_log.archive_recipients.iter().filter_map(|recipient| recipient.member.as_ref());
        recipients.try_for_each(|member| declared(member, "message_log: archive_recipient"))?;
        if let Some(Management { provider, .. }) = &self.management {
            declared(provider, "management")?;
            if !self.servers.iter().any(|server| server.owner == *provider || server.clients.contains(provider)) {
                return wrong(format_args!("exchange.toml: management: {provider} has no server"));
            }
        }
        self.monitoring_client.iter().try_for_each(|client| declared(client, "monitoring_client"))?;
        let parts = Declared {
            instance: &self.instance,
            clients: &known,
            global: &self.global_groups,
            local: &self.local_groups,
        };
        parts.check_groups()?;
        parts.check_systems(&self.systems)?;
        let mut services = BTreeSet::new();
        for service in &self.services {
            declared(&service.provider, &service.code)?;
            parts.check_service(service)?;
            if !is_part(&service.code) || !services.insert(service.id()) {
                return wrong(format_args!("exchange.toml: service {} stands there twice", service.id()));
            }
        }
        Ok(())
    }

    fn member_id(&self, member: &Member) -> ClientId {
        ClientId {
            instance: self.instance.clone(),
            class: member.class.clone(),
            member: member.code.clone(),
            subsystem: None,
        }
    }

    pub fn server_id(&self, server: &Server) -> ServerId {
        ServerId {
            instance: server.owner.instance.clone(),
            class: server.owner.class.clone(),
            member: server.owner.member.clone(),
            code: server.code.clone(),
        }
    }

    /// The name of a member or subsystem, for people.
    pub fn name(&self, id: &ClientId, lang: Lang) -> Option<&str> {
        let member = self.members.iter().find(|member| member.class == id.class && member.code == id.member)?;
        match &id.subsystem {
            None => Some(member.name.in_lang(lang)),
            Some(code) => {
                member.subsystems.iter().find(|known| known.code == *code).map(|known| known.name.in_lang(lang))
            }
        }
    }

    /// The server that hosts a client.
    pub fn host_of(&self, client: &ClientId) -> Option<&Server> {
        self.servers.iter().find(|server| server.clients.contains(client))
    }
}

impl Service {
    /// Who may ask for all of it.
    pub fn subjects(&self) -> Subjects<'_> {
        Subjects { clients: &self.clients, global_groups: &self.global_groups, local_groups: &self.local_groups }
    }

    pub fn id(&self) -> ServiceId {
        ServiceId { provider: self.provider.clone(), code: self.code.clone(), version: self.version.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az")
    }

    #[test]
    fn the_country_is_complete() {
        let country = Country::load(&folder()).expect("a country");
        assert_eq!((country.servers.len(), country.limits.inquiry_bytes_max), (5, 10 * 1024));
        let labour = ClientId::parse("AZ/GOV/10002/employment").expect("a client");
        assert_eq!(country.host_of(&labour).map(|server| server.code.as_str()), Some("portal"));
        assert_eq!(country.name(&labour, Lang::En), Some("Employment"));
    }

    #[test]
    fn what_is_used_must_be_declared() {
        let read = |name: &str| std::fs::read_to_string(folder().join(name)).expect("a file");
        let (agencies, exchange) = (read("agencies.toml"), read("exchange.toml"));
        for (from, to) in [
            ("owner = \"AZ/GOV/10003\"", "owner = \"AZ/GOV/19999\""),
            ("code = \"interior\"", "code = \"portal\""),
            ("inquiry_bytes_max = 10240", ""),
            ("code = \"personByPin\"", "code = \"contactByPin\""),
        ] {
            let changed = exchange.replacen(from, to, 1);
            assert_ne!(changed, exchange, "{from}");
            assert!(Country::parse(&agencies, &changed).is_err(), "{from} -> {to}");
        }
        assert!(Country::parse(&agencies.replacen("class = \"GOV\"", "class = \"COM\"", 1), &exchange).is_err());
    }
}
