//! A security server: takes messages from the information systems of its clients, carries them signed to the servers of
//! others, and answers theirs. Three ports: information systems, other servers (mutual TLS), OCSP responses.

mod consumer;
mod consumer_rest;
mod consumer_soap;
mod identity;
mod inflow;
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
    messagelog,
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
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;

/// What a server is made of.
pub struct ServerParts {
    pub id: ServerId,
    pub store: Store,
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
    /// When the oldest record without a time-stamp was written, in microseconds; `i64::MAX` when there is none.
    oldest_unstamped_us: AtomicI64,
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
            oldest_unstamped_us: AtomicI64::new(i64::MAX),
        })
    }

    pub fn id(&self) -> &ServerId {
        &self.id
    }

    pub fn store(&self) -> &Store {
        &self.store
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
        tokio::join!(message, system, ocsp, self.clone().renew_loop(shutdown.clone()), self.stamp_loop(shutdown));
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

    async fn stamp_loop(self: Arc<Self>, shutdown: Shutdown) {
        // What an earlier run left unstamped counts from the first message on.
        if let Err(fault) = self.note_oldest().await {
            tracing::warn!(%fault, server = %self.id, "reading the message log");
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.limits.time_stamping_interval_s)) => {}
                () = shutdown.wait() => return,
            }
            if let Err(fault) = self.stamp_now().await {
                tracing::warn!(%fault, server = %self.id, "time-stamping the message log");
            }
        }
    }

    /// Time-stamps what is logged and not yet stamped. Returns how many records were stamped.
    pub async fn stamp_now(&self) -> Result<usize, Fault> {
        let stamped = self.stamp_batches().await;
        self.note_oldest().await?;
        stamped
    }

    async fn note_oldest(&self) -> Result<(), Fault> {
        let oldest = messagelog::oldest_unstamped(&self.store).await?;
        self.oldest_unstamped_us.store(oldest.map_or(i64::MAX, |at| at.as_microsecond()), Ordering::SeqCst);
        Ok(())
    }

    async fn stamp_batches(&self) -> Result<usize, Fault> {
        let configuration = self.configuration.at_hand();
        let configuration =
            configuration.ok_or(Fault::passing("time-stamp the message log", "no configuration yet"))?;
        let authorities: Vec<(String, Certificate)> = configuration
            .shared
            .approved_tsas
            .iter()
            .filter_map(|tsa| Some((tsa.url.clone(), Certificate::from_der(&tsa.certificate).ok()?)))
            .collect();
        let mut total = 0;
        loop {
            let outcome =
                messagelog::stamp_once(&self.store, &self.http, &authorities, &*self.clock, &*self.chance).await?;
            match outcome {
                messagelog::StampOutcome::Nothing => return Ok(total),
                messagelog::StampOutcome::Stamped(count) => total += count,
            }
        }
    }

    /// Messaging stops when the log waits too long for its time-stamps (reference §2.10).
    fn check_stamping(&self, place: Place) -> Result<(), ExchangeFault> {
        let oldest = self.oldest_unstamped_us.load(Ordering::SeqCst);
        let period_us = self.limits.time_stamping_failure_period_s.saturating_mul(1_000_000);
        if period_us == 0 || oldest == i64::MAX || self.clock.now().as_microsecond() - oldest <= period_us {
            return Ok(());
        }
        Err(ExchangeFault::new(place, Cause::TimestampingFailed, "logged messages wait too long for their time-stamp"))
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
