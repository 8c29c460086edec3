//! Which data services are published here and who may ask for them (access rights, reference §2.13). A right is granted per
//! service code; the version is not part of it.

use crate::{
    country::Service,
    fault::{Cause, ExchangeFault, Place},
};
use formats::identifier::{ClientId, ServiceId};
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Clone, Default)]
pub struct Rights {
    providers: HashMap<ClientId, BTreeMap<String, Vec<Service>>>,
}

impl Rights {
    /// The services of the given clients.
    pub fn of(services: &[Service], clients: &[ClientId]) -> Rights {
        let mut rights = Rights::default();
        for service in services.iter().filter(|service| clients.contains(&service.provider)) {
            let published = rights.providers.entry(service.provider.clone()).or_default();
            published.entry(service.code.clone()).or_default().push(service.clone());
        }
        rights
    }

    /// Whether `client` may ask for `service`, in the order of the codes: unknown, access, disabled.
    pub fn check(&self, client: &ClientId, service: &ServiceId) -> Result<(), ExchangeFault> {
        let refuse = |cause, why: &str| Err(ExchangeFault::new(Place::ServerProxy, cause, format!("{service}: {why}")));
        let versions = self.providers.get(&service.provider).and_then(|published| published.get(&service.code));
        let Some(versions) = versions else {
            return refuse(Cause::UnknownService, "there is no such service");
        };
        // A REST message names no version; a SOAP message may leave it out only when the service has none.
        let named = versions.iter().find(|known| service.version.is_none() || known.version == service.version);
        let Some(named) = named else { return refuse(Cause::UnknownService, "there is no such version") };
        if !versions.iter().any(|known| known.clients.contains(client)) {
            return refuse(Cause::AccessDenied, "the client has no right to it");
        }
        if named.disabled {
            return refuse(Cause::ServiceDisabled, "the provider has switched it off");
        }
        Ok(())
    }

    /// Published services of a provider; with a client, only those it may ask for.
    pub fn services_of(&self, provider: &ClientId, client: Option<&ClientId>) -> Vec<ServiceId> {
        let published = self.providers.get(provider).into_iter().flat_map(|published| published.values().flatten());
        let allowed = |service: &&Service| client.is_none_or(|client| service.clients.contains(client));
        published.filter(allowed).map(Service::id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client: &str, service: &str, expected: Result<(), &str>) {
        let id = |text: &str| ClientId::parse(text).expect("a client");
        let service_of = |code: &str, clients: &[&str], disabled| Service {
            provider: id("AZ/GOV/1/a"),
            code: code.to_owned(),
            version: Some("v1".to_owned()),
            clients: clients.iter().map(|client| id(client)).collect(),
            disabled,
        };
        let services = [service_of("open", &["AZ/GOV/2/b"], false), service_of("off", &["AZ/GOV/2/b"], true)];
        let rights = Rights::of(&services, &[id("AZ/GOV/1/a")]);
        let outcome = rights.check(&id(client), &ServiceId::parse(service).expect("a service"));
        assert_eq!(
            outcome.as_ref().map_err(|fault| fault.code.as_str()),
            expected.as_ref().map(|()| &()).map_err(|code| *code)
        );
    }

    #[test]
    fn rights_are_service_by_service() {
        check("AZ/GOV/2/b", "AZ/GOV/1/a/open/v1", Ok(()));
        check("AZ/GOV/2/b", "AZ/GOV/1/a/open", Ok(()));
        check("AZ/GOV/2", "AZ/GOV/1/a/open/v1", Err("server.serverproxy.access_denied"));
        check("AZ/GOV/2/b", "AZ/GOV/1/a/open/v2", Err("server.serverproxy.unknown_service"));
        check("AZ/GOV/2/b", "AZ/GOV/1/a/shut/v1", Err("server.serverproxy.unknown_service"));
        check("AZ/GOV/2/b", "AZ/GOV/3/c/open/v1", Err("server.serverproxy.unknown_service"));
        check("AZ/GOV/2/b", "AZ/GOV/1/a/off/v1", Err("server.serverproxy.service_disabled"));
    }
}
