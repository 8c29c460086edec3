//! The central server: keeps who takes part, and publishes it as the signed global configuration. What is published is
//! signed anew before it expires, whether or not anything changed.

mod desk;
mod edition;
mod keys;
mod register;
mod routes;
mod seed;
mod tables;

pub use desk::{AnchorFile, Desk, Partner};
pub use keys::{ConfigurationKey, KeyRefusal, KeyState, KeyStore, Purpose};
pub use register::{Change, Facts, GroupFacts, OWNERS_GROUP, ServerFacts, owned_by};
pub use seed::Seed;
pub(crate) use tables::MIGRATIONS;

use crate::configuration::Configuration;
use axum::Router;
use base::{Clock, Fault};
use edition::{Content, Edition, Seal};
use formats::{
    globalconf::{Anchor, ConfigurationSource, MonitoringParameters, PrivateParameters, SharedParameters, Source},
    identifier::ClientId,
    verify::Digest,
};
use host::{
    args,
    http::Shutdown,
    store::{Store, Tx},
};
use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

/// What a central server is made of.
pub struct CentralParts {
    pub store: Store,
    pub keys: KeyStore,
    /// The certificate that the first internal key has already, from the time before there was a table of keys.
    pub first_certificate: Option<Vec<u8>>,
    pub clock: Arc<dyn Clock>,
    /// Host and port at which members reach this node.
    pub address: String,
    pub validity_s: i64,
    pub interval: Duration,
    /// What the country's files bring; authorities and settings in it are published as they are.
    pub seed: Seed,
    pub private: PrivateParameters,
    /// Who may ask every server for monitoring data.
    pub monitoring_client: Option<ClientId>,
}

pub struct Central {
    desk: Desk,
    address: String,
    interval: Duration,
    /// Authorities and settings.
    base: SharedParameters,
    private: PrivateParameters,
    monitoring: Option<MonitoringParameters>,
    published: RwLock<Option<Published>>,
    /// One publication at a time, or an older one could follow a newer.
    gate: tokio::sync::Mutex<()>,
}

/// What is given out now, and the edition before, whose documents somebody may be fetching.
#[derive(Clone)]
struct Published {
    now: Arc<Edition>,
    before: Option<Arc<Edition>>,
    keys: Vec<ConfigurationKey>,
}

impl Central {
    /// Sows the register, sees to the keys, and publishes.
    pub async fn start(parts: CentralParts) -> Result<Arc<Central>, Fault> {
        let central = Arc::new(Central {
            desk: Desk {
                instance: parts.seed.shared.instance.clone(),
                store: parts.store,
                keys: parts.keys,
                clock: parts.clock,
                validity_s: parts.validity_s,
            },
            address: parts.address,
            interval: parts.interval,
            base: SharedParameters {
                members: Vec::new(),
                servers: Vec::new(),
                global_groups: Vec::new(),
                member_classes: Vec::new(),
                ..parts.seed.shared.clone()
            },
            private: parts.private,
            monitoring: parts.monitoring_client.map(|client| MonitoringParameters { client: Some(client) }),
            published: RwLock::new(None),
            gate: tokio::sync::Mutex::new(()),
        });
        let mut tx = central.desk.store.begin().await?;
        let sown = parts.seed.sow(&mut tx, central.desk.clock.now()).await?;
        if sown > 0 {
            central
                .note(&mut tx, "exchange.register_seeded", &central.base.instance, json(&[("changes", sown)]))
                .await?;
        }
        central.see_to_keys(&mut tx, parts.first_certificate).await?;
        tx.commit().await?;
        central.publish().await?;
        Ok(central)
    }

    pub fn instance(&self) -> &str {
        &self.base.instance
    }

    async fn note(
        &self,
        tx: &mut Tx,
        action: &'static str,
        subject: &str,
        detail: serde_json::Value,
    ) -> Result<(), Fault> {
        self.desk.note(tx, "central server", action, subject, detail).await
    }

    /// Every purpose has a key of this node that signs.
    async fn see_to_keys(&self, tx: &mut Tx, first: Option<Vec<u8>>) -> Result<(), Fault> {
        let mut known = keys::all(tx).await?;
        for key in known.iter_mut().filter(|key| key.address != self.address && self.desk.keys.holds(key)) {
            keys::moved(tx, key, &self.address).await?;
            key.address.clone_from(&self.address);
        }
        for purpose in Purpose::ALL {
            if known
                .iter()
                .any(|key| key.purpose == purpose && key.address == self.address && key.state == KeyState::Active)
            {
                continue;
            }
            let kept = first.clone().filter(|_| purpose == Purpose::Internal);
            let key = self.desk.keys.announce(tx, purpose, &self.address, &*self.desk.clock, kept).await?;
            keys::activate(tx, &key).await?;
            self.note(tx, "exchange.configuration_key_made", &key.digest, purpose.name().into()).await?;
        }
        Ok(())
    }

    /// Publishes what the register says now, signed for the validity of the configuration.
    pub async fn publish(&self) -> Result<(), Fault> {
        let _one = self.gate.lock().await;
        let mut tx = self.desk.store.begin().await?;
        // Whoever changes the register notes it there: nothing of theirs is committed between the reads.
        tx.hold_audit().await?;
        let facts = Facts::load(&mut tx).await?;
        let known = keys::all(&mut tx).await?;
        let (internal, external) = (self.seal(&known, Purpose::Internal)?, self.seal(&known, Purpose::External)?);
        let anchors = desk::partners(&mut tx).await?.into_iter().map(|partner| partner.anchor).collect();
        let fresh = self.content(&facts, &known, anchors);
        let before = self.published();
        let content = match &before {
            Some(before) if before.now.content.is_same(&fresh) => before.now.content.clone(),
            _ => {
                self.keep_history(&mut tx, &fresh).await?;
                Arc::new(fresh)
            }
        };
        tx.commit().await?;
        let expires = base::clock::from_micros((self.desk.clock.now().as_second() + self.desk.validity_s) * 1_000_000);
        let now = Arc::new(Edition::new(content, expires, internal, external));
        let published = Published { now, before: before.map(|before| before.now), keys: known };
        *self.published.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(published);
        Ok(())
    }

    fn content(&self, facts: &Facts, known: &[ConfigurationKey], anchors: Vec<Anchor>) -> Content {
        let shared = |digest| SharedParameters {
            sources: sources(known),
            approved_cas: self.base.approved_cas.clone(),
            approved_tsas: self.base.approved_tsas.clone(),
            ocsp_freshness_s: self.base.ocsp_freshness_s,
            ..facts.shared(&self.base.instance, digest)
        };
        let anchors = self.private.anchors.iter().cloned().chain(anchors).collect();
        let private = PrivateParameters { anchors, ..self.private.clone() };
        Content::new(shared(Digest::Sha256), shared(Digest::Sha1), private, self.monitoring.clone())
    }

    fn seal(&self, known: &[ConfigurationKey], purpose: Purpose) -> Result<Seal, Fault> {
        let own = |key: &&ConfigurationKey| {
            key.purpose == purpose && key.address == self.address && key.state == KeyState::Active
        };
        let key = known.iter().find(own).ok_or_else(|| Fault::new("sign the configuration", "no key is active"))?;
        Ok(Seal { signer: self.desk.keys.signer(key)?, certificate: key.certificate.clone() })
    }

    /// A row for every content that was ever published; the same content adds none.
    async fn keep_history(&self, tx: &mut Tx, content: &Content) -> Result<(), Fault> {
        let (shared, private) = (content.shared.to_xml(), content.private.to_xml());
        let sql = "SELECT number, shared, private FROM exchange_published ORDER BY number DESC LIMIT 1";
        let last = tx.query_opt(sql, &[]).await?;
        if last.as_ref().is_some_and(|row| row.blob("shared") == shared && row.blob("private") == private) {
            return Ok(());
        }
        let number = last.map_or(1, |row| row.int("number") + 1);
        let sql = "INSERT INTO exchange_published (number, at, shared, private) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, &args![number, self.desk.clock.now(), shared, private]).await?;
        let subject = self.base.instance.clone();
        self.note(tx, "exchange.configuration_published", &subject, json(&[("number", number)])).await
    }

    fn published(&self) -> Option<Published> {
        self.published.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The configuration as its members see it, for the operator.
    pub fn configuration(&self) -> Configuration {
        let (shared, private, expires) = match self.published() {
            Some(published) => {
                let content = &published.now.content;
                (content.shared.clone(), content.private.clone(), published.now.expires)
            }
            None => (self.base.clone(), self.private.clone(), base::clock::from_micros(0)),
        };
        let client = self.monitoring.as_ref().and_then(|monitoring| monitoring.client.clone());
        Configuration::new(shared, private, expires, 0).with_monitoring_client(client)
    }

    /// The facts that are committed now.
    pub async fn facts(&self) -> Result<Facts, Fault> {
        let mut tx = self.desk.store.begin().await?;
        Facts::load(&mut tx).await
    }

    /// Changes the register in the operator's name, and publishes.
    pub async fn change(&self, changes: &[Change], operator: &str) -> Result<(), Fault> {
        let mut tx = self.desk.store.begin().await?;
        for change in changes {
            change.write(&mut tx, self.desk.clock.now()).await?;
            let (subject, detail) = (self.instance(), format!("{change:?}").into());
            self.desk.note(&mut tx, operator, "exchange.register_changed", subject, detail).await?;
        }
        tx.commit().await?;
        self.publish().await
    }

    /// Every key that members trust now.
    pub fn configuration_keys(&self) -> Vec<ConfigurationKey> {
        self.published().map(|published| published.keys).unwrap_or_default()
    }

    /// Anchors and keys. What is changed there is published with the next edition, or at once by [`Central::publish`].
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// What members need to trust this instance.
    pub fn anchor(&self) -> Anchor {
        desk::anchor_of(self.instance(), &self.configuration_keys(), Purpose::Internal)
    }

    /// The same for instances that are to be federated with it.
    pub fn external_anchor(&self) -> Anchor {
        desk::anchor_of(self.instance(), &self.configuration_keys(), Purpose::External)
    }

    pub fn router(self: &Arc<Self>) -> Router {
        routes::router(self)
    }

    /// Publishes anew every interval until the end.
    pub async fn run(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = shutdown.wait() => return,
            }
            if let Err(fault) = self.publish().await {
                tracing::error!(%fault, "the global configuration was not published");
            }
        }
    }
}

fn json<T: Into<serde_json::Value> + Copy>(fields: &[(&str, T)]) -> serde_json::Value {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect::<serde_json::Map<_, _>>().into()
}

/// One source a node, with the certificates of all its keys.
fn sources(known: &[ConfigurationKey]) -> Vec<ConfigurationSource> {
    let mut sources: Vec<ConfigurationSource> = Vec::new();
    for key in known {
        let place = sources.iter().position(|source| source.address == key.address).unwrap_or_else(|| {
            let (internal_certificates, external_certificates) = (Vec::new(), Vec::new());
            let address = key.address.clone();
            sources.push(ConfigurationSource { address, internal_certificates, external_certificates });
            sources.len() - 1
        });
        match key.purpose {
            Purpose::Internal => sources[place].internal_certificates.push(key.certificate.clone()),
            Purpose::External => sources[place].external_certificates.push(key.certificate.clone()),
        }
    }
    sources.sort_by(|one, other| one.address.cmp(&other.address));
    sources
}

/// The sources of an anchor.
fn anchor_sources(known: &[ConfigurationKey], purpose: Purpose) -> Vec<Source> {
    let source = |source: ConfigurationSource| {
        let (path, certificates) = match purpose {
            Purpose::Internal => ("internalconf", source.internal_certificates),
            Purpose::External => ("externalconf", source.external_certificates),
        };
        Source { url: format!("http://{}/{path}", source.address), certificates }
    };
    sources(known).into_iter().map(source).filter(|source| !source.certificates.is_empty()).collect()
}
