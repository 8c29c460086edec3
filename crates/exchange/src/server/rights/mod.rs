//! Which data services are published here and who may ask for them (access rights, reference §2.13). A right is granted to a
//! subsystem, a group of the instance or a group of the provider, for a service code or one of its endpoints; the version
//! is not part of it. The country's lists are compiled once, so that a question costs the same with ten rights or 100 000.

mod path;

pub use path::{PathPattern, ServicePath};

use crate::{
    configuration::Configuration,
    country::{Country, Service, ServiceType, Subjects},
    fault::{Cause, ExchangeFault, Place},
};
use formats::identifier::{ClientId, ServiceId};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

#[derive(Debug, Clone, Default)]
pub struct Rights {
    providers: HashMap<ClientId, Provider>,
}

#[derive(Debug, Clone, Default)]
struct Provider {
    services: BTreeMap<String, Published>,
    /// Codes of the provider's own groups by member.
    groups: HashMap<Arc<ClientId>, Vec<Arc<str>>>,
}

/// All versions of one service code.
#[derive(Debug, Clone, Default)]
struct Published {
    versions: Vec<Version>,
    /// Declared endpoints in their order, for lists.
    endpoints: Vec<(String, String)>,
    clients: HashMap<Arc<ClientId>, Grant>,
    /// By instance and code; the empty instance is our own. A service names few of them.
    global_groups: BTreeMap<(String, String), Grant>,
    local_groups: HashMap<Arc<str>, Grant>,
}

#[derive(Debug, Clone)]
struct Version {
    id: ServiceId,
    types: Vec<ServiceType>,
    disabled: Option<String>,
}

/// What a subject may ask for; an empty list is the whole service.
#[derive(Debug, Clone)]
struct Grant {
    endpoints: Vec<(Option<String>, PathPattern)>,
}

/// How a service is asked.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    Soap,
    Rest { method: &'a str, path: &'a str },
}

/// A published service as lists name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: ServiceId,
    pub kind: ServiceType,
    /// Method and path pattern.
    pub endpoints: Vec<(String, String)>,
}

impl Rights {
    /// The services of the given clients.
    pub fn of(country: &Country, clients: &[ClientId]) -> Rights {
        let hosted: HashSet<&ClientId> = clients.iter().collect();
        let mut known: HashMap<ClientId, Arc<ClientId>> = HashMap::new();
        let mut rights = Rights::default();
        for group in country.local_groups.iter().filter(|group| hosted.contains(&group.owner)) {
            let provider = rights.providers.entry(group.owner.clone()).or_default();
            let code: Arc<str> = group.code.as_str().into();
            for member in &group.members {
                provider.groups.entry(shared(&mut known, member)).or_default().push(code.clone());
            }
        }
        for service in country.services.iter().filter(|service| hosted.contains(&service.provider)) {
            let provider = rights.providers.entry(service.provider.clone()).or_default();
            provider.services.entry(service.code.clone()).or_default().add(service, &mut known);
        }
        rights
    }

    /// Whether `client` may ask for `service`, in the order of the codes: unknown, type, access, disabled.
    pub fn check(
        &self,
        configuration: &Configuration,
        client: &ClientId,
        service: &ServiceId,
        asked: Asked<'_>,
    ) -> Result<(), ExchangeFault> {
        let refuse =
            |cause, why: &str| Err(ExchangeFault::new(Place::ServerProxy, cause, format_args!("{service}: {why}")));
        let provider = self.providers.get(&service.provider);
        let published = provider.and_then(|provider| Some((provider, provider.services.get(&service.code)?)));
        let Some((provider, published)) = published else {
            return refuse(Cause::UnknownService, "there is no such service");
        };
        // A REST message names no version; a SOAP message may leave it out only when the service has none.
        let any_version = matches!(asked, Asked::Rest { .. }) && service.version.is_none();
        let mut named = published.versions.iter().filter(|known| any_version || known.id.version == service.version);
        let Some(first) = named.next() else { return refuse(Cause::UnknownService, "there is no such version") };
        let Some(version) = std::iter::once(first).chain(named).find(|version| version.answers(asked)) else {
            return refuse(Cause::ServiceType, "the service is not spoken to in this protocol");
        };
        if !published.allows(provider, configuration, client, asked) {
            return refuse(Cause::AccessDenied, "the client has no right to it");
        }
        match &version.disabled {
            Some(notice) => refuse(Cause::ServiceDisabled, notice),
            None => Ok(()),
        }
    }

    /// Services of a provider that are of one of the types.
    pub fn offers(&self, provider: &ClientId, types: &[ServiceType]) -> Vec<Offer> {
        let published = self.providers.get(provider).into_iter().flat_map(|provider| provider.services.values());
        published.flat_map(|published| published.offers(types)).collect()
    }

    /// As `offers`, without what `client` may not ask for.
    pub fn allowed(
        &self,
        configuration: &Configuration,
        provider: &ClientId,
        client: &ClientId,
        types: &[ServiceType],
    ) -> Vec<Offer> {
        let Some(known) = self.providers.get(provider) else { return Vec::new() };
        let mut allowed = Vec::new();
        for published in known.services.values() {
            let grants: Vec<&Grant> = published.grants(known, configuration, client).collect();
            if grants.is_empty() {
                continue;
            }
            for mut offer in published.offers(types) {
                offer.endpoints.retain(|(method, path)| grants.iter().any(|grant| grant.covers_endpoint(method, path)));
                allowed.push(offer);
            }
        }
        allowed
    }

    /// The type under which a service is described, if it is published.
    pub fn described(&self, service: &ServiceId) -> Option<&[ServiceType]> {
        let published = self.providers.get(&service.provider)?.services.get(&service.code)?;
        let named = published.versions.iter();
        let mut named = named.filter(|known| service.version.is_none() || known.id.version == service.version);
        named.next().map(|version| version.types.as_slice())
    }
}

fn shared(known: &mut HashMap<ClientId, Arc<ClientId>>, id: &ClientId) -> Arc<ClientId> {
    match known.get(id) {
        Some(id) => id.clone(),
        None => known.entry(id.clone()).or_insert_with(|| Arc::new(id.clone())).clone(),
    }
}

impl Version {
    fn answers(&self, asked: Asked<'_>) -> bool {
        self.types.iter().any(|kind| (*kind == ServiceType::Soap) == matches!(asked, Asked::Soap))
    }
}

impl Grant {
    /// A right to the whole service makes every other one of the subject idle.
    fn add(&mut self, endpoint: Option<(Option<String>, PathPattern)>) {
        match endpoint {
            Some(endpoint) if !self.endpoints.is_empty() => self.endpoints.push(endpoint),
            Some(_) => {}
            None => self.endpoints.clear(),
        }
    }

    fn covers(&self, asked: Asked<'_>, path: Option<&ServicePath>) -> bool {
        match asked {
            Asked::Soap => self.endpoints.is_empty(),
            Asked::Rest { method, .. } => path.is_some_and(|path| {
                self.endpoints.is_empty()
                    || self.endpoints.iter().any(|(known, pattern)| {
                        known.as_deref().is_none_or(|known| known.eq_ignore_ascii_case(method)) && pattern.covers(path)
                    })
            }),
        }
    }

    fn covers_endpoint(&self, method: &str, path: &str) -> bool {
        self.endpoints.is_empty()
            || self.endpoints.iter().any(|(known, pattern)| {
                known.as_deref().is_none_or(|known| known.eq_ignore_ascii_case(method)) && pattern.covers_endpoint(path)
            })
    }
}

impl Published {
    fn add(&mut self, service: &Service, known: &mut HashMap<ClientId, Arc<ClientId>>) {
        let notice = service.disabled_notice.clone().unwrap_or_else(|| "the provider has switched it off".to_owned());
        self.versions.push(Version {
            id: service.id(),
            types: service.types.clone(),
            disabled: service.disabled.then_some(notice),
        });
        self.grant(service.subjects(), None, known);
        for endpoint in &service.endpoints {
            let method = (endpoint.method != "*").then(|| endpoint.method.clone());
            // Checked when the country was read; a pattern that is none grants nothing.
            let Some(pattern) = PathPattern::parse(&endpoint.path) else { continue };
            self.grant(endpoint.subjects(), Some((method, pattern)), known);
            let named = (endpoint.method.clone(), endpoint.path.clone());
            if !self.endpoints.contains(&named) {
                self.endpoints.push(named);
            }
        }
    }

    fn grant(
        &mut self,
        subjects: Subjects<'_>,
        endpoint: Option<(Option<String>, PathPattern)>,
        known: &mut HashMap<ClientId, Arc<ClientId>>,
    ) {
        let fresh = || Grant { endpoints: endpoint.clone().into_iter().collect() };
        for client in subjects.clients {
            let entry = self.clients.entry(shared(known, client));
            entry.and_modify(|grant| grant.add(endpoint.clone())).or_insert_with(fresh);
        }
        for group in subjects.global_groups {
            let (instance, code) = group.split_once('/').unwrap_or(("", group));
            let entry = self.global_groups.entry((instance.to_owned(), code.to_owned()));
            entry.and_modify(|grant| grant.add(endpoint.clone())).or_insert_with(fresh);
        }
        for group in subjects.local_groups {
            let entry = self.local_groups.entry(group.as_str().into());
            entry.and_modify(|grant| grant.add(endpoint.clone())).or_insert_with(fresh);
        }
    }

    /// Every grant that concerns `client`: its own, and those of the groups that it is in.
    fn grants<'a>(
        &'a self,
        provider: &'a Provider,
        configuration: &'a Configuration,
        client: &'a ClientId,
    ) -> impl Iterator<Item = &'a Grant> {
        let own = self.clients.get(client);
        let local = provider.groups.get(client).into_iter().flatten();
        let local = local.filter_map(|code| self.local_groups.get(code));
        let global = self.global_groups.iter().filter(|((instance, code), _)| {
            let instance =
                if instance.is_empty() { Some(&**configuration.own()) } else { configuration.instance(instance) };
            instance.is_some_and(|instance| instance.is_in_group(code, client))
        });
        let global = global.map(|(_, grant)| grant);
        own.into_iter().chain(local).chain(global)
    }

    fn allows(&self, provider: &Provider, configuration: &Configuration, client: &ClientId, asked: Asked<'_>) -> bool {
        let path = match asked {
            Asked::Soap => None,
            Asked::Rest { path, .. } => ServicePath::parse(path),
        };
        self.grants(provider, configuration, client).any(|grant| grant.covers(asked, path.as_ref()))
    }

    fn offers(&self, types: &[ServiceType]) -> Vec<Offer> {
        let offer = |version: &Version| {
            let kind = *version.types.iter().find(|kind| types.contains(kind))?;
            // REST knows no versions: there the code is the service.
            let id = if kind == ServiceType::Soap { version.id.clone() } else { unversioned(&version.id) };
            let endpoints = if kind == ServiceType::Soap { Vec::new() } else { self.endpoints.clone() };
            Some(Offer { id, kind, endpoints })
        };
        let mut offers: Vec<Offer> = self.versions.iter().filter_map(offer).collect();
        offers.dedup_by(|later, former| later.id == former.id);
        offers
    }
}

fn unversioned(id: &ServiceId) -> ServiceId {
    ServiceId { version: None, ..id.clone() }
}

#[cfg(test)]
mod tests;
