//! A security server: takes messages from the information systems of its clients, carries them signed to the servers of
//! others, and answers theirs. Three ports: information systems, other servers (mutual TLS), OCSP responses.

mod consumer;
mod consumer_rest;
mod consumer_soap;
mod downloads;
mod identity;
mod inflow;
mod logging;
mod metadata;
mod outflow;
mod peers;
mod ports;
mod provider;
mod receive;
mod relay;
mod reply;
mod rights;
mod settings;
mod signing;
mod source;
mod status;
mod system;
mod tls;
mod trace;

pub use identity::{AuthenticationIdentity, SigningIdentity};
pub use rights::Rights;
pub use settings::{Patience, Settings};
pub use tls::server_config;

use crate::{
    body::Spool,
    certificates::CertificateJudge,
    configuration::{Configuration, ConfigurationSlot, ConfigurationSource},
    country::Limits,
    fault::{Cause, ExchangeFault, Place},
    messagelog::MessageLog,
};
use base::{Chance, Clock, Fault};
use formats::{
    identifier::{ClientId, ServerId},
    x509::Certificate,
};
use host::{
    http::{Client, Shutdown},
    store::Store,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// What a server is made of.
pub struct ServerParts {
    pub id: ServerId,
    pub store: Store,
    pub log: MessageLog,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub limits: Limits,
    /// Clients registered on this server.
    pub clients: Vec<ClientId>,
    pub rights: Rights,
    /// Base address of each provider's information system: `http://127.0.0.1:8830`.
    pub systems: HashMap<ClientId, String>,
    /// One per member whose subsystems are clients here.
    pub signing: Vec<SigningIdentity>,
    pub authentication: AuthenticationIdentity,
    pub source: ConfigurationSource,
    pub settings: Settings,
}

pub struct SecurityServer {
    id: ServerId,
    store: Store,
    log: MessageLog,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    limits: Limits,
    clients: Vec<ClientId>,
    rights: Rights,
    systems: HashMap<ClientId, String>,
    signing: HashMap<ClientId, SigningIdentity>,
    authentication: AuthenticationIdentity,
    configuration: Arc<ConfigurationSlot>,
    judge: Arc<CertificateJudge>,
    statuses: status::OwnStatuses,
    peers: peers::Peers,
    http: Client,
    settings: Settings,
    spool: Arc<Spool>,
}

/// The three sockets of a server, bound before anything starts so that a taken port is known at once.
pub struct ServerListeners {
    pub message: TcpListener,
    pub system: TcpListener,
    pub ocsp: TcpListener,
}

/// How often a failed background task tries again.
const RETRY: Duration = Duration::from_secs(2);

impl SecurityServer {
    pub fn new(parts: ServerParts) -> Arc<SecurityServer> {
        let http = Client::plain();
        let configuration = Arc::new(ConfigurationSlot::new(parts.source, http.clone(), parts.clock.clone()));
        let judge = Arc::new(CertificateJudge::default());
        Arc::new(SecurityServer {
            peers: peers::Peers::new(configuration.clone(), judge.clone(), parts.clock.clone(), http.clone()),
            spool: Spool::new(parts.settings.body_memory_bytes, parts.settings.spool_folder.clone()),
            settings: parts.settings,
            id: parts.id,
            store: parts.store,
            log: parts.log,
            clock: parts.clock,
            chance: parts.chance,
            limits: parts.limits,
            clients: parts.clients,
            rights: parts.rights,
            systems: parts.systems,
            signing: parts.signing.into_iter().map(|identity| (identity.member.clone(), identity)).collect(),
            authentication: parts.authentication,
            configuration,
            judge,
            statuses: status::OwnStatuses::default(),
            http,
        })
    }

    pub fn id(&self) -> &ServerId {
        &self.id
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn log(&self) -> &MessageLog {
        &self.log
    }

    pub fn clients(&self) -> &[ClientId] {
        &self.clients
    }

    /// Every certificate that this server uses, with what it is for.
    pub fn certificates(&self) -> Vec<(&'static str, Certificate)> {
        let signing = self.signing.values().map(|identity| ("signing", identity.certificate.clone()));
        std::iter::once(("authentication", self.authentication.certificate.clone())).chain(signing).collect()
    }

    pub fn configuration(&self) -> Option<Arc<Configuration>> {
        self.configuration.at_hand()
    }

    /// Downloads the configuration now.
    pub async fn renew_configuration(&self) -> Result<(), Fault> {
        self.configuration.renew().await
    }

    /// Serves all three ports and does the background work until the end.
    pub async fn run(self: Arc<Self>, listeners: ServerListeners, shutdown: Shutdown) -> Result<(), Fault> {
        let tls = tls::server_config(&self)?;
        let message = host::http::serve_tls(listeners.message, tls, ports::message_router(&self), shutdown.clone());
        let system = host::http::serve(listeners.system, ports::system_router(&self), shutdown.clone());
        let ocsp = host::http::serve(listeners.ocsp, ports::ocsp_router(&self), shutdown.clone());
        tokio::join!(
            message,
            system,
            ocsp,
            self.clone().renew_loop(shutdown.clone()),
            Box::pin(self.log_loop(shutdown))
        );
        Ok(())
    }

    /// Keeps configuration and OCSP responses fresh, so that requests find them at hand.
    async fn renew_loop(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            let pause = match self.renew_all().await {
                Ok(()) => Duration::from_secs(self.limits.configuration_interval_s),
                Err(cause) => {
                    tracing::warn!(%cause, server = %self.id, "renewing configuration and OCSP responses");
                    RETRY
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    async fn renew_all(&self) -> Result<(), ExchangeFault> {
        let failed = |fault: &Fault| ExchangeFault::failed(Place::ClientProxy, Cause::GlobalConfOutdated, fault);
        self.configuration.renew().await.map_err(|fault| failed(&fault))?;
        let configuration = self.configuration.current(Place::ClientProxy).await?;
        for (_, certificate) in self.certificates() {
            self.own_status(&configuration, Place::ClientProxy, certificate.der()).await?;
        }
        Ok(())
    }

    /// A fault as it leaves this server: with its number, in the spelling that peers and clients expect.
    fn told(&self, fault: ExchangeFault) -> ExchangeFault {
        fault.numbered(&*self.chance).spelt(self.settings.spelling)
    }

    fn random_letters(&self, count: usize) -> String {
        (0..count).map(|_| char::from(b'a' + u8::try_from(self.chance.below(26)).expect("below 26"))).collect()
    }

    fn uuid(&self) -> String {
        base::Id::new(self.clock.now(), &*self.chance).to_string()
    }
}
