//! Who may ask for what, and by which door: groups, endpoints of REST services, and how a subsystem's information system
//! is known to its security server. The part of `exchange.toml` that an agency's own administrator decides.

use super::{CountryError, Service, wrong};
use crate::server::PathPattern;
use base::Localized;
use formats::{
    identifier::{ClientId, is_part},
    x509::from_pem,
};
use std::collections::BTreeSet;

/// How a service is spoken to. A service may be offered in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceType {
    /// SOAP, described by a WSDL.
    Soap,
    /// REST without a description.
    Rest,
    /// REST, described by an OpenAPI document.
    OpenApi,
}

/// A part of a REST service that rights can be granted for.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `GET`, or `*` for any.
    pub method: String,
    /// `/pages/*`: `*` is one segment, `**` any rest.
    pub path: String,
    #[serde(default)]
    pub clients: Vec<ClientId>,
    #[serde(default)]
    pub global_groups: Vec<String>,
    #[serde(default)]
    pub local_groups: Vec<String>,
}

impl Endpoint {
    pub fn subjects(&self) -> Subjects<'_> {
        Subjects { clients: &self.clients, global_groups: &self.global_groups, local_groups: &self.local_groups }
    }
}

/// Who has a right.
#[derive(Debug, Clone, Copy)]
pub struct Subjects<'a> {
    pub clients: &'a [ClientId],
    /// Codes of this instance's groups, or `EE/code` for another's.
    pub global_groups: &'a [String],
    /// Codes of the provider's own groups.
    pub local_groups: &'a [String],
}

/// Clients that the central server puts together for all members.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalGroup {
    pub code: String,
    pub name: Localized,
    pub members: Vec<ClientId>,
}

/// Clients that a provider puts together for its own services.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalGroup {
    pub owner: ClientId,
    pub code: String,
    pub members: Vec<ClientId>,
}

/// The information system behind a subsystem.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    pub client: ClientId,
    /// What its server demands of it when it asks.
    #[serde(default)]
    pub authentication: SystemAuthentication,
    /// Its certificates in PEM: one of them it shows when it asks, and one of them it must have when it is asked by https.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Base address when it does not run beside the server: `https://registry.example:8443`.
    pub address: Option<String>,
    /// Whether the certificate of an https address must be one of `certificates`.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Paths behind the address; `{service}` stands for the service code.
    #[serde(default = "soap_path")]
    pub soap: String,
    #[serde(default = "rest_path")]
    pub rest: String,
    #[serde(default = "wsdl_path")]
    pub wsdl: String,
    #[serde(default = "openapi_path")]
    pub openapi: String,
}

fn yes() -> bool {
    true
}

fn soap_path() -> String {
    "/soap".to_owned()
}

fn rest_path() -> String {
    "/rest/{service}".to_owned()
}

fn wsdl_path() -> String {
    "/wsdl/{service}".to_owned()
}

fn openapi_path() -> String {
    "/openapi/{service}".to_owned()
}

impl System {
    /// Of a subsystem about which the country says nothing: beside its server, unauthenticated, the usual paths.
    pub fn usual(client: ClientId) -> System {
        System {
            client,
            authentication: SystemAuthentication::None,
            certificates: Vec::new(),
            address: None,
            verify: true,
            soap: soap_path(),
            rest: rest_path(),
            wsdl: wsdl_path(),
            openapi: openapi_path(),
        }
    }

    /// The registered certificates, DER.
    pub fn registered(&self) -> Vec<Vec<u8>> {
        let read = self.certificates.iter().filter_map(|pem| from_pem(pem).ok());
        read.flatten().map(|certificate| certificate.der().to_vec()).collect()
    }
}

/// What a security server demands of an information system of its client (reference §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemAuthentication {
    /// HTTP will do. The field's own meaning of a client without a setting.
    #[default]
    None,
    /// HTTPS, whoever it is.
    Tls,
    /// HTTPS with one of the registered certificates.
    Certificate,
}

/// Service codes that a server answers itself; no member may use them for its own (reserved since 7.7, reference §2.12).
pub const RESERVED: [&str; 7] = [
    "listMethods",
    "allowedMethods",
    "getWsdl",
    "getOpenAPI",
    "getSecurityServerOperationalData",
    "getSecurityServerHealthData",
    "getSecurityServerMetrics",
];

/// What is needed to check the parts of this file.
pub(super) struct Declared<'a> {
    pub instance: &'a str,
    pub clients: &'a BTreeSet<ClientId>,
    pub global: &'a [GlobalGroup],
    pub local: &'a [LocalGroup],
}

impl Declared<'_> {
    fn client(&self, id: &ClientId, place: &str) -> Result<(), CountryError> {
        if self.clients.contains(id) {
            Ok(())
        } else {
            wrong(format_args!("exchange.toml: {place}: {id} is no member"))
        }
    }

    /// Who may be given a right: one of this instance, or one that a federated instance declares.
    fn subject(&self, id: &ClientId, place: &str) -> Result<(), CountryError> {
        if id.instance == self.instance { self.client(id, place) } else { Ok(()) }
    }

    pub(super) fn check_groups(&self) -> Result<(), CountryError> {
        let mut codes = BTreeSet::new();
        for group in self.global {
            if !is_part(&group.code) || !group.name.is_complete() || !codes.insert((None, &group.code)) {
                return wrong(format_args!(
                    "exchange.toml: global group {} needs a code of its own and names",
                    group.code
                ));
            }
            group.members.iter().try_for_each(|member| self.client(member, &group.code))?;
        }
        for group in self.local {
            self.client(&group.owner, &group.code)?;
            if !is_part(&group.code) || !codes.insert((Some(&group.owner), &group.code)) {
                return wrong(format_args!("exchange.toml: local group {} of {} is no group", group.code, group.owner));
            }
            group.members.iter().try_for_each(|member| self.subject(member, &group.code))?;
        }
        Ok(())
    }

    pub(super) fn check_service(&self, service: &Service) -> Result<(), CountryError> {
        let id = service.id();
        if RESERVED.contains(&service.code.as_str()) {
            return wrong(format_args!("exchange.toml: {id}: the code is reserved for services of the server"));
        }
        if service.types.is_empty() {
            return wrong(format_args!("exchange.toml: {id} is of no type"));
        }
        self.check_subjects(service, service.subjects())?;
        for endpoint in &service.endpoints {
            let known = endpoint.method == "*" || formats::rest::METHODS.contains(&endpoint.method.as_str());
            if !known || PathPattern::parse(&endpoint.path).is_none() {
                return wrong(format_args!(
                    "exchange.toml: {id}: {} {} is no endpoint",
                    endpoint.method, endpoint.path
                ));
            }
            self.check_subjects(service, endpoint.subjects())?;
        }
        Ok(())
    }

    fn check_subjects(&self, service: &Service, subjects: Subjects<'_>) -> Result<(), CountryError> {
        subjects.clients.iter().try_for_each(|client| self.subject(client, &service.code))?;
        for code in subjects.global_groups {
            // Another instance's groups stand in its own configuration.
            if !code.contains('/') && !self.global.iter().any(|group| group.code == *code) {
                return wrong(format_args!("exchange.toml: {}: global group {code} is not declared", service.id()));
            }
        }
        for code in subjects.local_groups {
            if !self.local.iter().any(|group| group.owner == service.provider && group.code == *code) {
                return wrong(format_args!("exchange.toml: {}: local group {code} is not declared", service.id()));
            }
        }
        Ok(())
    }

    pub(super) fn check_systems(&self, systems: &[System]) -> Result<(), CountryError> {
        let mut known = BTreeSet::new();
        for system in systems {
            let id = &system.client;
            self.client(id, "system")?;
            let pem = |text: &String| from_pem(text).is_ok_and(|certificates| !certificates.is_empty());
            if !known.insert(id) || !system.certificates.iter().all(pem) {
                return wrong(format_args!("exchange.toml: system of {id}: twice, or a certificate cannot be read"));
            }
            if system.authentication == SystemAuthentication::Certificate && system.certificates.is_empty() {
                return wrong(format_args!("exchange.toml: system of {id}: no certificate is registered for it"));
            }
            let address = system.address.iter().all(|at| at.starts_with("https://") || at.starts_with("http://"));
            let paths = [&system.soap, &system.rest, &system.wsdl, &system.openapi];
            if !address || !paths.iter().all(|path| path.starts_with('/')) {
                return wrong(format_args!(
                    "exchange.toml: system of {id}: an address begins with http, a path with /"
                ));
            }
        }
        Ok(())
    }
}
