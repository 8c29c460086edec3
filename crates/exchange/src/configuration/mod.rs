//! The global configuration as a security server uses it: who is a member, where its servers are, which authorities count.
//! Without one that is current nothing is exchanged.

mod download;
mod instance;
mod kept;
mod slot;

pub use download::{CONFIGURATION_BYTES_MAX, ConfigurationSource, verify_documents};
pub use instance::{CertificateDigests, Instance};
pub use slot::ConfigurationSlot;

use crate::fault::{Cause, ExchangeFault, Place};
use base::Timestamp;
use formats::{
    globalconf::{PrivateParameters, SecurityServer, SharedParameters},
    identifier::{ClientId, ServerId},
};
use std::{collections::BTreeMap, ops::Deref, sync::Arc};

/// The verified configuration of the own instance, which it reads as, and those of the instances that it is federated with.
#[derive(Debug)]
pub struct Configuration {
    own: Arc<Instance>,
    pub private: PrivateParameters,
    pub expires: Timestamp,
    /// Who may ask every server for monitoring data.
    pub monitoring_client: Option<ClientId>,
    partners: BTreeMap<String, Partner>,
}

/// A federated instance, and until when what is known of it may be used.
#[derive(Debug, Clone)]
pub struct Partner {
    pub instance: Arc<Instance>,
    pub expires: Timestamp,
}

impl Deref for Configuration {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.own
    }
}

impl Configuration {
    pub fn new(shared: SharedParameters, private: PrivateParameters, expires: Timestamp, generation: u64) -> Self {
        Configuration::of(Arc::new(Instance::new(shared, generation)), private, expires)
    }

    /// Of an instance that was read before: only the proof that it is current is new.
    pub fn of(own: Arc<Instance>, private: PrivateParameters, expires: Timestamp) -> Self {
        Configuration { own, private, expires, monitoring_client: None, partners: BTreeMap::new() }
    }

    pub fn with_monitoring_client(mut self, client: Option<ClientId>) -> Self {
        self.monitoring_client = client;
        self
    }

    /// Together with what the federated instances publish.
    pub fn with_partners(mut self, partners: impl IntoIterator<Item = Partner>) -> Self {
        self.partners = partners.into_iter().map(|partner| (partner.instance.name().to_owned(), partner)).collect();
        // The own instance is described by its own central server alone.
        self.partners.remove(self.own.name());
        self
    }

    pub fn own(&self) -> &Arc<Instance> {
        &self.own
    }

    pub fn partners(&self) -> impl Iterator<Item = &Partner> {
        self.partners.values()
    }

    /// What is known of an instance, current or not.
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        if name == self.own.name() { Some(&self.own) } else { Some(&self.partners.get(name)?.instance) }
    }

    /// An instance by whose authorities and members something may be judged now.
    pub fn current_instance(&self, place: Place, name: &str, now: Timestamp) -> Result<&Instance, ExchangeFault> {
        let (instance, expires) = match self.partners.get(name) {
            Some(partner) => (&partner.instance, partner.expires),
            None if name == self.own.name() => (&self.own, self.expires),
            None => {
                let text = format!("there is no configuration of instance {name}");
                return Err(ExchangeFault::new(place, Cause::UnknownMember, text));
            }
        };
        if now < expires {
            return Ok(instance);
        }
        let text = format!("the global configuration of {name} has expired");
        Err(ExchangeFault::new(place, Cause::GlobalConfOutdated, text))
    }

    /// Expired configurations stop messaging (reference §2.7).
    pub fn check_current(&self, place: Place, now: Timestamp) -> Result<(), ExchangeFault> {
        self.current_instance(place, self.own.name(), now).map(|_| ())
    }

    pub fn server(&self, id: &ServerId) -> Option<&SecurityServer> {
        self.instance(&id.instance)?.server(id)
    }

    /// The servers that have `client` registered, in whichever instance. An owner is a client of its server.
    pub fn servers_of<'a>(&'a self, client: &ClientId) -> impl Iterator<Item = &'a SecurityServer> + use<'a> {
        self.instance(&client.instance).map(|instance| instance.servers_of(client)).into_iter().flatten()
    }

    pub fn is_registered(&self, server: &ServerId, client: &ClientId) -> bool {
        self.instance(&client.instance).is_some_and(|instance| instance.is_registered(server, client))
    }
}
