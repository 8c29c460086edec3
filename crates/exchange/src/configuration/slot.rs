//! The configuration that a server uses now, renewed in the background and on demand; one download at a time.

use super::{Configuration, ConfigurationSource};
use crate::fault::{Cause, ExchangeFault, Place};
use base::{Clock, Fault};
use host::http::Client;
use std::sync::{
    Arc, RwLock,
    atomic::{AtomicU64, Ordering},
};

pub struct ConfigurationSlot {
    source: ConfigurationSource,
    client: Client,
    clock: Arc<dyn Clock>,
    current: RwLock<Option<Arc<Configuration>>>,
    gate: tokio::sync::Mutex<()>,
    generation: AtomicU64,
}

impl ConfigurationSlot {
    pub fn new(source: ConfigurationSource, client: Client, clock: Arc<dyn Clock>) -> Self {
        let (current, gate, generation) = (RwLock::new(None), tokio::sync::Mutex::new(()), AtomicU64::new(0));
        ConfigurationSlot { source, client, clock, current, gate, generation }
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
        let _one = self.gate.lock().await;
        if usable().is_none()
            && let Err(fault) = self.download().await
        {
            return Err(ExchangeFault::failed(place, Cause::GlobalConfOutdated, &fault));
        }
        usable()
            .ok_or_else(|| ExchangeFault::new(place, Cause::GlobalConfOutdated, "the global configuration has expired"))
    }

    /// Downloads now; the one at hand stays when that fails.
    pub async fn renew(&self) -> Result<(), Fault> {
        let _one = self.gate.lock().await;
        self.download().await
    }

    async fn download(&self) -> Result<(), Fault> {
        let next = self.generation.load(Ordering::SeqCst) + 1;
        let mut fresh = self.source.download(&self.client, self.clock.now(), next).await?;
        // Caches live on when only the signature is new.
        if let Some(known) = self.at_hand().filter(|known| known.shared == fresh.shared) {
            fresh = Configuration::of(known.own().clone(), fresh.private, fresh.expires);
        } else {
            self.generation.store(next, Ordering::SeqCst);
        }
        *self.current.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(Arc::new(fresh));
        Ok(())
    }
}
