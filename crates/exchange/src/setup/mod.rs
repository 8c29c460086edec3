//! From the files of a country to a running exchange: keys, certificates, stores, the central server and every security
//! server. A second start finds everything where the first left it.

mod identities;
mod management;
mod parameters;
mod tokens;

pub use tokens::ServerToken;

use crate::{
    CENTRAL_MIGRATIONS, SERVER_MIGRATIONS,
    central::{Central, CentralParts, KeyStore, Seed},
    client::ExchangeClient,
    configuration::ConfigurationSource,
    country::{Country, Server, System},
    management::ManagementService,
    messagelog::{LogParts, MessageLog},
    server::{Rights, SecurityServer, ServerListeners, ServerParts, Settings},
};
use base::{Chance, Clock, Fault};
use formats::{
    globalconf::PrivateParameters,
    identifier::ClientId,
    x509::{Name, Profile},
};
use host::{
    http::Shutdown,
    store::{Location, Migration, Store},
};
use identities::Identities;
use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokens::Tokens;
use tokio::net::TcpListener;

/// A certificate that the exchange needs from the certificate centre.
#[derive(Debug, Clone)]
pub struct CertificateOrder {
    /// `MemberSigning` or `MemberAuthentication`.
    pub profile: Profile,
    pub subject: Name,
    /// SubjectPublicKeyInfo.
    pub public_key_der: Vec<u8>,
    /// Names for TLS; empty for signing certificates.
    pub host_names: Vec<String>,
}

pub type Issuing<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send + 'a>>;

/// The certificate centre as the exchange sees it. Asked once per key; the answer (DER) is kept beside the key.
pub trait IssueCertificates: Send + Sync {
    fn issue(&self, order: CertificateOrder) -> Issuing<'_>;
}

/// The trust services that the global configuration approves.
#[derive(Debug, Clone)]
pub struct TrustServices {
    /// The authority that issues members' certificates, DER.
    pub authority: Vec<u8>,
    pub authority_name: String,
    /// How its certificates name members, by the class name of the field: [`crate::certificates::PROFILE`] or another.
    pub profile: String,
    pub ocsp_url: String,
    /// The OCSP responder's certificate when it is not one that the authority issued for that.
    pub ocsp_responder: Option<Vec<u8>>,
    pub tsa_name: String,
    pub tsa_url: String,
    /// The time-stamping authority's certificate, DER.
    pub tsa_certificate: Vec<u8>,
}

/// The ports of one server. Other servers reach the OCSP port two above the message port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPorts {
    pub host: String,
    pub message: u16,
    pub system: u16,
    /// For information systems by TLS.
    pub system_tls: u16,
}

impl ServerPorts {
    pub fn ocsp(&self) -> u16 {
        self.message + 2
    }
}

/// Everything that is not in the country's files.
pub struct Plan {
    pub country: Country,
    /// Keys, certificates and the published parameters are kept here, in `central/` and `ss-<code>/`.
    pub directory: PathBuf,
    /// Where the store of a security domain is: asked with `central` and `ss-<code>`.
    pub location: Box<dyn Fn(&str) -> Location + Send + Sync>,
    /// Host and port of the central server: `127.0.0.1:8806`.
    pub central: String,
    /// Host and port of the management services, by TLS; without it nobody can ask for anything.
    pub management: Option<String>,
    /// By server code.
    pub servers: BTreeMap<String, ServerPorts>,
    /// Base address of each provider's information system.
    pub systems: HashMap<ClientId, String>,
    pub trust: TrustServices,
    /// This process runs the servers: the logs are its own. Otherwise another's, which it only looks into.
    pub runs_servers: bool,
    /// Where servers have keys that are not in their folders.
    pub tokens: Vec<ServerToken>,
    /// How the servers run as programs, given the folder of each: [`Settings::new`], or otherwise in tests.
    pub settings: fn(PathBuf) -> Settings,
}

/// The ports of the demo: message, information system and OCSP at `base + 10 + 3 i`, information system by TLS at
/// `base + 40 + i`, by the order of the servers.
pub fn ports_from(country: &Country, host: &str, base: u16) -> BTreeMap<String, ServerPorts> {
    let ports = |(place, server): (u16, &Server)| {
        let message = base + 10 + 3 * place;
        (
            server.code.clone(),
            ServerPorts { host: host.to_owned(), message, system: message + 1, system_tls: base + 40 + place },
        )
    };
    (0..).zip(&country.servers).map(ports).collect()
}

/// A prepared exchange; nothing listens yet.
pub struct Exchange {
    country: Country,
    central_address: String,
    ports: BTreeMap<String, ServerPorts>,
    central: Arc<Central>,
    management: Option<management::Office>,
    servers: BTreeMap<String, Arc<SecurityServer>>,
    clock: Arc<dyn Clock>,
}

/// Every socket of the exchange.
pub struct Listeners {
    central: TcpListener,
    management: Option<TcpListener>,
    servers: BTreeMap<String, ServerListeners>,
}

impl Listeners {
    /// Takes the sockets of one server out, for a process that does not run it.
    pub fn take(&mut self, code: &str) -> Option<ServerListeners> {
        self.servers.remove(code)
    }
}

/// Opens or makes everything: at the first start keys, certificates and stores, later only reads them.
pub async fn prepare(
    plan: Plan,
    issuer: &dyn IssueCertificates,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
) -> Result<Exchange, Fault> {
    let tokens = Tokens::open(&plan.tokens, &plan.country)?;
    let mut identities = BTreeMap::new();
    for server in &plan.country.servers {
        let ports = ports_of(&plan, &server.code)?;
        let made = Identities::load_or_make(&plan, &tokens, server, &ports.host, issuer, &*clock).await?;
        identities.insert(server.code.clone(), made);
    }
    let door = management::Door::open(&plan, &*clock)?;
    let mut offered = plan.country.clone();
    door.iter().for_each(|door| door.publish(&mut offered));
    let store = open(&plan, "central", CENTRAL_MIGRATIONS).await?;
    let central = start_central(&plan, &identities, store.clone(), door.as_ref(), clock.clone()).await?;
    let office = |door: management::Door| {
        let own = door.own_servers(&plan.country, &identities);
        door.office(&central, store, clock.clone(), chance.clone(), own)
    };
    let management = door.map(office).transpose()?;
    std::fs::write(plan.directory.join(OFFLINE_PARAMETERS), central.configuration().shared.to_xml())
        .map_err(|cause| Fault::new("keep the shared parameters", cause))?;
    let mut servers = BTreeMap::new();
    for server in &plan.country.servers {
        let own = identities.remove(&server.code).expect("made above for every server");
        let store = open(&plan, &format!("ss-{}", server.code), SERVER_MIGRATIONS).await?;
        let folder = plan.directory.join(format!("ss-{}", server.code));
        let log = LogParts {
            folder: folder.join("messagelog"),
            keys: folder.join("keys"),
            store: store.clone(),
            policy: plan.country.message_log.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
        };
        let log = if plan.runs_servers { MessageLog::open(log).await? } else { MessageLog::look(log)? };
        // An owner is a client of its server.
        let hosted = [&server.clients[..], std::slice::from_ref(&server.owner)].concat();
        let parts = ServerParts {
            id: plan.country.server_id(server),
            store,
            log,
            clock: clock.clone(),
            chance: chance.clone(),
            limits: plan.country.limits,
            clients: server.clients.clone(),
            wsdl_by_get: server.wsdl_by_get,
            rights: Rights::of(&offered, &hosted),
            systems: plan.systems.clone(),
            system_settings: settings_of(&offered, &hosted),
            system_identity: own.system,
            signing: own.signing,
            authentication: own.authentication,
            source: ConfigurationSource {
                anchor: central.anchor(),
                folder: Some(plan.directory.join(format!("ss-{}", server.code)).join("globalconf")),
            },
            settings: (plan.settings)(plan.directory.join(format!("ss-{}", server.code))),
        };
        servers.insert(server.code.clone(), SecurityServer::new(parts));
    }
    let (central_address, ports) = (plan.central, plan.servers);
    Ok(Exchange { country: plan.country, central_address, ports, central, management, servers, clock })
}

/// The central server over its store, which the country's files have sown.
async fn start_central(
    plan: &Plan,
    identities: &BTreeMap<String, Identities>,
    store: Store,
    door: Option<&management::Door>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Central>, Fault> {
    let folder = plan.directory.join("central");
    let certificates = plan.country.servers.iter().map(|server| {
        let certificate = &identities[&server.code].authentication.certificate;
        (plan.country.server_id(server), certificate.der().to_vec())
    });
    Central::start(CentralParts {
        store,
        keys: KeyStore::open(&folder.join("keys"), &plan.country.instance)?,
        first_certificate: std::fs::read(folder.join("configuration.der")).ok(),
        clock,
        address: plan.central.clone(),
        validity_s: plan.country.limits.configuration_validity_s,
        interval: Duration::from_secs(plan.country.limits.configuration_interval_s),
        seed: Seed { shared: parameters::shared(plan, identities)?, certificates: certificates.collect() },
        private: PrivateParameters {
            management: door.map(management::Door::parameters),
            ..parameters::private(&plan.country)
        },
        monitoring_client: plan.country.monitoring_client.clone(),
    })
    .await
}

fn settings_of(country: &Country, clients: &[ClientId]) -> Vec<System> {
    country.systems.iter().filter(|system| clients.contains(&system.client)).cloned().collect()
}

/// The file in the exchange's folder by which `pencere verify` judges containers without a network.
pub const OFFLINE_PARAMETERS: &str = "shared-params.xml";

fn ports_of<'a>(plan: &'a Plan, code: &str) -> Result<&'a ServerPorts, Fault> {
    plan.servers.get(code).ok_or_else(|| Fault::new("set up the exchange", format_args!("server {code} has no ports")))
}

async fn open(plan: &Plan, domain: &str, migrations: &[&[Migration]]) -> Result<Store, Fault> {
    let location = (plan.location)(domain);
    Store::open(&location, migrations).await.map_err(|error| Fault::new("open a store of the exchange", error))
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, Fault> {
    let failed = |cause| Fault::new("listen", format!("{host}:{port}: {cause}"));
    TcpListener::bind((host, port)).await.map_err(failed)
}

/// Host and port in one.
async fn listen_at(address: &str) -> Result<TcpListener, Fault> {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let port = port.parse().map_err(|_| Fault::new("listen", format!("{address} has no port")))?;
    listen(host, port).await
}

impl Exchange {
    pub fn country(&self) -> &Country {
        &self.country
    }

    pub fn central(&self) -> &Arc<Central> {
        &self.central
    }

    /// The management services, if the country has them.
    pub fn management(&self) -> Option<&Arc<ManagementService>> {
        self.management.as_ref().map(|office| &office.service)
    }

    pub fn server(&self, code: &str) -> Option<&Arc<SecurityServer>> {
        self.servers.get(code)
    }

    pub fn servers(&self) -> impl Iterator<Item = (&str, &Arc<SecurityServer>)> {
        self.servers.iter().map(|(code, server)| (code.as_str(), server))
    }

    pub fn ports(&self) -> &BTreeMap<String, ServerPorts> {
        &self.ports
    }

    /// For every part that asks data services.
    pub fn client(&self) -> ExchangeClient {
        let mut ports = HashMap::new();
        for server in &self.country.servers {
            let Some(own) = self.ports.get(&server.code) else { continue };
            for client in &server.clients {
                ports.insert(client.clone(), format!("http://{}:{}", own.host, own.system));
            }
        }
        ExchangeClient::new(ports, self.clock.clone(), self.country.limits.answer_bytes_max)
    }

    /// Takes every port, so that one that is taken is known before anything starts.
    pub async fn bind(&self) -> Result<Listeners, Fault> {
        let central = listen_at(&self.central_address).await?;
        let management = match &self.management {
            Some(office) => Some(listen_at(&office.address).await?),
            None => None,
        };
        let mut servers = BTreeMap::new();
        for (code, ports) in &self.ports {
            let listeners = ServerListeners {
                message: listen(&ports.host, ports.message).await?,
                system: listen(&ports.host, ports.system).await?,
                system_tls: listen(&ports.host, ports.system_tls).await?,
                ocsp: listen(&ports.host, ports.ocsp()).await?,
            };
            servers.insert(code.clone(), listeners);
        }
        Ok(Listeners { central, management, servers })
    }

    /// Serves everything until the end. A server that cannot be set up ends this with its fault.
    pub async fn run(&self, listeners: Listeners, shutdown: Shutdown) -> Result<(), Fault> {
        let central = host::http::serve(listeners.central, self.central.router(), shutdown.clone());
        let publishing = self.central.clone().run(shutdown.clone());
        let asking = async {
            if let (Some(office), Some(listener)) = (&self.management, listeners.management) {
                office.serve(listener, shutdown.clone()).await;
            }
        };
        let mut running = Vec::new();
        for (code, listeners) in listeners.servers {
            if let Some(server) = self.servers.get(&code) {
                running.push(server.clone().run(listeners, shutdown.clone()));
            }
        }
        let (_, _, _, outcomes) = tokio::join!(central, publishing, asking, futures_util::future::join_all(running));
        outcomes.into_iter().collect()
    }
}
