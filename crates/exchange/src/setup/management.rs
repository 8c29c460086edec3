//! The management services of a country: the TLS key of their address, the services as its provider publishes them on the
//! exchange, and their place in the configuration.

use super::{
    Plan,
    identities::{Identities, write_durably},
};
use crate::{
    central::{Central, OWNERS_GROUP},
    country::{Country, Management, Service, ServiceType, System},
    management::{EXCHANGE_PATH, ManagementParts, ManagementService, Policy, SERVICE_CODES},
    server::{AuthenticationIdentity, self_signed, system_config},
};
use base::{Algorithm, Chance, Clock, Fault, Signer};
use formats::{
    asn1::oid,
    globalconf,
    x509::{Certificate, NameBuilder, to_pem},
};
use host::{http::Shutdown, keys::KeyDir, store::Store};
use std::{collections::BTreeMap, sync::Arc};
use tokio::net::TcpListener;

/// The certificate is known from the configuration; its years do not matter.
const VALIDITY_S: i64 = 20 * 365 * 24 * 3600;

/// Where the services will be, before there is a central server.
pub(super) struct Door {
    address: String,
    management: Management,
    identity: AuthenticationIdentity,
}

/// The services with what they listen with.
pub(super) struct Office {
    pub address: String,
    pub service: Arc<ManagementService>,
    tls: Arc<rustls::ServerConfig>,
}

impl Door {
    /// `None` when the country or the plan has no management services.
    pub(super) fn open(plan: &Plan, clock: &dyn Clock) -> Result<Option<Door>, Fault> {
        let (Some(management), Some(address)) = (&plan.country.management, &plan.management) else { return Ok(None) };
        let folder = plan.directory.join("central");
        let key = KeyDir::open(&folder.join("keys"))?.load_or_create("management", Algorithm::EcdsaP256Sha256)?;
        let file = folder.join("management.der");
        let kept = std::fs::read(&file).ok().and_then(|der| Certificate::from_der(&der).ok());
        let certificate = match kept.filter(|kept| kept.key().spki() == key.public_key_der()) {
            Some(kept) => kept,
            None => {
                let name = NameBuilder::new()
                    .with(oid::COUNTRY, &plan.country.instance)
                    .with(oid::COMMON_NAME, "Exchange management services")
                    .build();
                let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).to_owned();
                let made = self_signed(&key, name, vec![host], clock.now(), VALIDITY_S)?;
                write_durably(&file, made.der())?;
                made
            }
        };
        let identity = AuthenticationIdentity { certificate, signer: key };
        Ok(Some(Door { address: address.clone(), management: management.clone(), identity }))
    }

    /// The services on the exchange: whoever owns a server may ask for them.
    pub(super) fn publish(&self, country: &mut Country) {
        let provider = &self.management.provider;
        country.services.extend(SERVICE_CODES.iter().map(|code| Service {
            provider: provider.clone(),
            code: (*code).to_owned(),
            version: None,
            types: vec![ServiceType::Soap],
            clients: Vec::new(),
            global_groups: vec![OWNERS_GROUP.to_owned()],
            local_groups: Vec::new(),
            endpoints: Vec::new(),
            disabled: false,
            disabled_notice: None,
        }));
        country.systems.push(System {
            address: Some(format!("https://{}", self.address)),
            certificates: vec![to_pem(std::slice::from_ref(&self.identity.certificate))],
            soap: EXCHANGE_PATH.to_owned(),
            ..System::usual(provider.clone())
        });
    }

    /// The servers of the provider, by what they show to information systems.
    pub(super) fn own_servers(&self, country: &Country, identities: &BTreeMap<String, Identities>) -> Vec<Vec<u8>> {
        let provider = &self.management.provider;
        let own = country.servers.iter().filter(|it| it.owner == *provider || it.clients.contains(provider));
        own.filter_map(|server| Some(identities.get(&server.code)?.system.certificate.der().to_vec())).collect()
    }

    /// For the private parameters.
    pub(super) fn parameters(&self) -> globalconf::ManagementService {
        globalconf::ManagementService {
            registration_address: Some(format!("https://{}/managementservice/", self.address)),
            registration_certificate: Some(self.identity.certificate.der().to_vec()),
            provider: self.management.provider.clone(),
        }
    }

    pub(super) fn office(
        self,
        central: &Arc<Central>,
        store: Store,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        handed_over_by: Vec<Vec<u8>>,
    ) -> Result<Office, Fault> {
        let policy = Policy {
            approve_client_registrations: self.management.approve_client_registrations,
            approve_certificate_registrations: self.management.approve_certificate_registrations,
            approve_owner_changes: self.management.approve_owner_changes,
            provider: self.management.provider,
        };
        let parts = ManagementParts { central: central.clone(), store, clock, chance, policy, handed_over_by };
        Ok(Office {
            address: self.address,
            service: ManagementService::new(parts),
            tls: system_config(&self.identity)?,
        })
    }
}

impl Office {
    pub(super) async fn serve(&self, listener: TcpListener, shutdown: Shutdown) {
        host::http::serve_tls(listener, self.tls.clone(), self.service.router(), shutdown).await;
    }
}
