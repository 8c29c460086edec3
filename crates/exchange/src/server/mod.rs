//! A security server: takes messages from the information systems of its clients, carries them signed to the servers of
//! others, and answers theirs. Ports: information systems (HTTP and HTTPS), other servers (mutual TLS), OCSP responses.

mod asker;
mod batch;
mod clients;
mod consumer;
mod consumer_rest;
mod consumer_soap;
mod downloads;
mod identity;
mod inflow;
mod logging;
mod management;
mod metadata;
mod monitoring;
mod outflow;
mod own;
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
mod systems;
mod tls;
mod trace;
mod wellbeing;

pub use asker::{Asker, SystemIdentity};
pub use clients::ClientState;
pub(crate) use clients::MIGRATIONS as CLIENT_MIGRATIONS;
pub use identity::{AuthenticationIdentity, SigningIdentity, self_signed};
pub use metadata::{ENDPOINT, hide_addresses, hide_servers};
pub use rights::{Asked, Offer, PathPattern, Rights, ServicePath};
pub use settings::{Patience, Settings};
pub use tls::{server_config, system_config};

use crate::{
    body::Spool,
    certificates::CertificateJudge,
    configuration::{Configuration, ConfigurationSlot, ConfigurationSource},
    country::{Limits, System},
    fault::{Cause, ExchangeFault, Place},
    messagelog::MessageLog,
    opmonitor::{self, Recorder},
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
use systems::Systems;
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
    /// Whether `GET /wsdl` is offered to information systems.
    pub wsdl_by_get: bool,
    pub rights: Rights,
    /// Base address of each provider's information system: `http://127.0.0.1:8830`.
    pub systems: HashMap<ClientId, String>,
    /// How the information systems of the clients are known and reached.
    pub system_settings: Vec<System>,
    /// What this server shows to information systems.
    pub system_identity: SystemIdentity,
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
    wsdl_by_get: bool,
    rights: Rights,
    systems: Systems,
    askers: asker::Askers,
    system_identity: SystemIdentity,
    signing: HashMap<ClientId, batch::MemberSigner>,
    verified: signing::Verified,
    authentication: AuthenticationIdentity,
    configuration: Arc<ConfigurationSlot>,
    judge: Arc<CertificateJudge>,
    statuses: status::OwnStatuses,
    peers: peers::Peers,
    http: Client,
    recorder: Recorder,
    started: base::Timestamp,
    /// Where information systems find this server; known when it runs.
    inner_address: std::sync::OnceLock<String>,
    settings: Settings,
    spool: Arc<Spool>,
    /// Held while the keys are looked at.
    looking_at_keys: Arc<tokio::sync::Mutex<()>>,
}

/// The sockets of a server, bound before anything starts so that a taken port is known at once.
pub struct ServerListeners {
    pub message: TcpListener,
    pub system: TcpListener,
    /// For information systems by TLS.
    pub system_tls: TcpListener,
    pub ocsp: TcpListener,
}

/// How often old traffic records are looked for (the field's own interval).
const FORGET_INTERVAL: Duration = Duration::from_secs(12 * 3600);
/// How often a failed background task tries again.
const RETRY: Duration = Duration::from_secs(2);

impl SecurityServer {
    pub fn new(parts: ServerParts) -> Arc<SecurityServer> {
        let http = Client::plain();
        let configuration = Arc::new(ConfigurationSlot::new(parts.source, http.clone(), parts.clock.clone()));
        let judge = Arc::new(CertificateJudge::default());
        let signing_wait = parts.settings.signing_wait;
        Arc::new(SecurityServer {
            peers: peers::Peers::new(configuration.clone(), judge.clone(), parts.clock.clone(), http.clone()),
            spool: Spool::new(parts.settings.body_memory_bytes, parts.settings.spool_folder.clone()),
            settings: parts.settings,
            started: parts.clock.now(),
            inner_address: std::sync::OnceLock::new(),
            id: parts.id,
            store: parts.store,
            log: parts.log,
            clock: parts.clock,
            chance: parts.chance,
            limits: parts.limits,
            clients: parts.clients,
            wsdl_by_get: parts.wsdl_by_get,
            rights: parts.rights,
            systems: Systems::of(&parts.systems, &parts.system_settings, &parts.system_identity, &http),
            askers: asker::Askers::of(&parts.system_settings),
            system_identity: parts.system_identity,
            signing: parts
                .signing
                .into_iter()
                .map(|identity| (identity.member.clone(), batch::MemberSigner::new(identity, signing_wait)))
                .collect(),
            verified: signing::Verified::default(),
            authentication: parts.authentication,
            configuration,
            judge,
            statuses: status::OwnStatuses::default(),
            http,
            recorder: Recorder::default(),
            looking_at_keys: Arc::default(),
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

    /// A client of this server, or its owner, who always is one.
    fn is_client(&self, id: &ClientId) -> bool {
        self.clients.contains(id) || self.id.owner() == *id
    }

    /// What this server records of the traffic.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Writes the traffic records that wait, for those who read the store.
    pub async fn store_traffic(&self) -> Result<(), Fault> {
        self.recorder.flush(&self.store, &*self.clock, &*self.chance).await
    }

    /// Every certificate that this server uses, with what it is for.
    pub fn certificates(&self) -> Vec<(&'static str, Certificate)> {
        let signing = self.signing.values().map(|signer| ("signing", signer.identity().certificate.clone()));
        std::iter::once(("authentication", self.authentication.certificate.clone())).chain(signing).collect()
    }

    pub fn configuration(&self) -> Option<Arc<Configuration>> {
        self.configuration.at_hand()
    }

    /// Downloads the configuration now.
    pub async fn renew_configuration(&self) -> Result<(), Fault> {
        self.configuration.renew().await
    }

    /// Serves all ports and does the background work until the end.
    pub async fn run(self: Arc<Self>, listeners: ServerListeners, shutdown: Shutdown) -> Result<(), Fault> {
        let tls = tls::server_config(&self)?;
        let message = host::http::serve_tls(listeners.message, tls, ports::message_router(&self), shutdown.clone());
        if let Ok(address) = listeners.system.local_addr() {
            self.inner_address.get_or_init(|| address.ip().to_string());
        }
        let system = host::http::serve(listeners.system, ports::system_router(&self, false), shutdown.clone());
        let secure = self.system_tls()?;
        let system_tls =
            host::http::serve_tls(listeners.system_tls, secure, ports::system_router(&self, true), shutdown.clone());
        let ocsp = host::http::serve(listeners.ocsp, ports::ocsp_router(&self), shutdown.clone());
        let loops = self.clone().renew_loop(shutdown.clone());
        let recording = self.clone().record_loop(shutdown.clone());
        // One place on the heap for all of them, once in the life of a server.
        Box::pin(async { tokio::join!(message, system, system_tls, ocsp, loops, recording, self.log_loop(shutdown)) })
            .await;
        Ok(())
    }

    /// Keeps configuration and OCSP responses fresh, so that requests find them at hand.
    async fn renew_loop(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            // The end does not wait for a central server or a responder that does not answer.
            let renewed = tokio::select! {
                renewed = self.renew_all() => renewed,
                () = shutdown.wait() => return,
            };
            let pause = match renewed {
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

    /// Stores the traffic records, and forgets those whose time is over.
    async fn record_loop(self: Arc<Self>, shutdown: Shutdown) {
        let recording = self.recorder.run(&self.store, &*self.clock, &*self.chance, shutdown.clone());
        let forgetting = async {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(FORGET_INTERVAL) => {}
                    () = shutdown.wait() => return,
                }
                if let Err(fault) = self.forget_traffic().await {
                    tracing::warn!(%fault, server = %self.id, "forgetting traffic records");
                }
            }
        };
        tokio::join!(recording, forgetting);
    }

    /// Deletes the traffic records that are older than the country keeps them. Returns how many.
    pub async fn forget_traffic(&self) -> Result<u64, Fault> {
        let kept_s = i64::from(self.limits.traffic_keep_days) * 24 * 3600;
        opmonitor::forget(&self.store, self.clock.now().as_second() - kept_s).await
    }

    /// A fault as it leaves this server: with its number, in the spelling that peers and clients expect.
    fn told(&self, fault: ExchangeFault) -> ExchangeFault {
        fault.numbered(&*self.chance).spelt(self.settings.spelling)
    }

    fn random_letters(&self, count: usize) -> String {
        self.chance.letters(count)
    }

    fn uuid(&self) -> String {
        base::Id::new(self.clock.now(), &*self.chance).to_string()
    }
}
