//! The configuration that a server uses now, renewed in the background and on demand; one download at a time. What is
//! good is kept on disk, so that a start does not need the central server.

use super::{
    Configuration, ConfigurationSource, Partner,
    download::{Held, Scope, download},
    kept::Kept,
};
use crate::fault::{Cause, ExchangeFault, Place};
use base::{Clock, Fault};
use formats::globalconf::Anchor;
use host::http::Client;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub struct ConfigurationSlot {
    anchor: Anchor,
    kept: Option<Kept>,
    client: Client,
    clock: Arc<dyn Clock>,
    current: RwLock<Option<Arc<Configuration>>>,
    known: tokio::sync::Mutex<Known>,
    generation: AtomicU64,
}

/// What was published last, by those who take part.
#[derive(Default)]
struct Known {
    own: Option<Held>,
    partners: BTreeMap<String, Held>,
}

impl Known {
    fn configuration(&self) -> Option<Configuration> {
        let partner = |held: &Held| Partner { instance: held.instance.clone(), expires: held.expires };
        let own = self.own.clone()?.into_configuration().ok()?;
        Some(own.with_partners(self.partners.values().map(partner)))
    }

    /// Anchors of the instances that the own one is federated with.
    fn anchors(&self) -> Vec<Anchor> {
        let own = self.own.iter().filter_map(|own| own.private.as_ref());
        let anchors = own.flat_map(|private| private.anchors.iter().filter(|it| it.instance != private.instance));
        anchors.cloned().collect()
    }
}

impl ConfigurationSlot {
    /// Begins with what was kept, if it is there.
    pub fn new(source: ConfigurationSource, client: Client, clock: Arc<dyn Clock>) -> Self {
        let generation = AtomicU64::new(1);
        let number = || generation.fetch_add(1, Ordering::SeqCst);
        let kept = source.folder.map(Kept::new);
        let mut known = Known::default();
        if let Some(kept) = &kept {
            known.own = kept.load(&source.anchor.instance, true, &number);
            for anchor in known.anchors() {
                let partner = kept.load(&anchor.instance, false, &number);
                known.partners.extend(partner.map(|held| (anchor.instance, held)));
            }
        }
        ConfigurationSlot {
            anchor: source.anchor,
            kept,
            client,
            clock,
            current: RwLock::new(known.configuration().map(Arc::new)),
            known: tokio::sync::Mutex::new(known),
            generation,
        }
    }

    /// The configuration at hand, current or not.
    pub fn at_hand(&self) -> Option<Arc<Configuration>> {
        self.current.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// A current configuration; downloads one when there is none. Fails closed.
    pub async fn current(&self, place: Place) -> Result<Arc<Configuration>, ExchangeFault> {
        let usable = || self.at_hand().filter(|configuration| self.clock.now() < configuration.expires);
        if let Some(configuration) = usable() {
            return Ok(configuration);
        }
        let mut known = self.known.lock().await;
        if usable().is_none()
            && let Err(fault) = self.download(&mut known).await
        {
            return Err(ExchangeFault::failed(place, Cause::GlobalConfOutdated, &fault));
        }
        usable()
            .ok_or_else(|| ExchangeFault::new(place, Cause::GlobalConfOutdated, "the global configuration has expired"))
    }

    /// Downloads now; the one at hand stays when that fails.
    pub async fn renew(&self) -> Result<(), Fault> {
        self.download(&mut *self.known.lock().await).await
    }

    async fn download(&self, known: &mut Known) -> Result<(), Fault> {
        let number = || self.generation.fetch_add(1, Ordering::SeqCst);
        let now = self.clock.now();
        let own = download(&self.client, &self.anchor, Scope::Internal, known.own.as_ref(), now, &number).await?;
        known.own = Some(own);
        let anchors = known.anchors();
        let before = std::mem::take(&mut known.partners);
        let (partners, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            before.into_iter().partition(|(name, _)| anchors.iter().any(|anchor| anchor.instance == *name));
        known.partners = partners;
        // The own members need not wait for the partners.
        self.publish(known);
        let fresh = anchors.iter().map(|anchor| {
            let held = known.partners.get(&anchor.instance);
            download(&self.client, anchor, Scope::External, held, now, &number)
        });
        let fresh = futures_util::future::join_all(fresh).await;
        for (anchor, outcome) in anchors.into_iter().zip(fresh) {
            match outcome {
                Ok(held) => drop(known.partners.insert(anchor.instance, held)),
                // What was known of the partner counts until it expires.
                Err(fault) => tracing::warn!(%fault, instance = anchor.instance, "a federated configuration"),
            }
        }
        self.publish(known);
        self.keep(known, gone.into_keys().collect()).await;
        Ok(())
    }

    fn publish(&self, known: &Known) {
        let configuration = known.configuration().map(Arc::new);
        *self.current.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = configuration;
    }

    /// A disk that cannot be written stops nothing now; the next start will need a source.
    async fn keep(&self, known: &Known, gone: Vec<String>) {
        let Some(kept) = self.kept.clone() else { return };
        let (own, partners) = (known.own.clone(), known.partners.values().cloned().collect::<Vec<_>>());
        let work = move || {
            own.iter().try_for_each(|own| kept.save(own, true))?;
            partners.iter().try_for_each(|partner| kept.save(partner, false))?;
            gone.iter().try_for_each(|instance| kept.forget(instance))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "the configuration is used, but not kept"),
            Err(bug) => tracing::error!(%bug, "keeping the configuration"),
        }
    }
}
