//! What a server does with its message log beside writing to it: the index, the time-stamps, and the question whether
//! messages may be exchanged at all.

use super::SecurityServer;
use crate::{
    configuration::Configuration,
    fault::{ExchangeFault, Place},
    messagelog::{Authority, stamp_at_once},
};
use base::Fault;
use formats::x509::Certificate;
use host::http::Shutdown;
use std::{sync::Arc, time::Duration};

/// The codes of the field, behind the one of a log that fails.
const TIMESTAMPING_FAILED: &str = "logging_failed.timestamping_failed";
const NO_AUTHORITY: &str = "logging_failed.mlog.no_timestamping_provider_found";

/// After an archive that could not be made.
const ARCHIVE_RETRY: Duration = Duration::from_secs(60);

impl SecurityServer {
    /// Follows the log with its index and gets time-stamps until the end.
    pub(super) async fn log_loop(self: Arc<Self>, shutdown: Shutdown) {
        tokio::join!(self.log.follow(&shutdown), self.stamp_loop(&shutdown), Box::pin(self.archive_loop(&shutdown)));
    }

    /// Begins at once with what an earlier process left; what this one logs has its interval before it.
    async fn stamp_loop(&self, shutdown: &Shutdown) {
        let mut due = self.log.oldest_unstamped().is_some();
        loop {
            if due && let Err(fault) = self.stamp_now().await {
                tracing::warn!(%fault, server = %self.id, "time-stamping the message log");
            }
            due = true;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.limits.time_stamping_interval_s)) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Archives and clears away, at the start and then every few hours; what failed is tried again sooner.
    async fn archive_loop(&self, shutdown: &Shutdown) {
        loop {
            let kept = async {
                self.log.archive().await?;
                self.log.keep_house().await
            };
            let mut pause = Duration::from_secs(self.log.policy().archive_interval_s);
            if let Err(fault) = kept.await {
                tracing::warn!(%fault, server = %self.id, "archiving the message log");
                pause = pause.min(ARCHIVE_RETRY);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Time-stamps what is logged and not yet stamped. Returns how many records were stamped.
    pub async fn stamp_now(&self) -> Result<usize, Fault> {
        let configuration = match self.configuration.at_hand() {
            Some(configuration) => configuration,
            // The first thing that a server does, before it has one.
            None => {
                let current = self.configuration.current(Place::ClientProxy).await;
                current.map_err(|fault| Fault::passing("time-stamp the message log", fault))?
            }
        };
        self.log.stamp(&self.http, &authorities(&configuration)).await
    }

    /// A signature as it is stored when each message gets its own time-stamp.
    pub(super) async fn stamped_signature(&self, place: Place, signature: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
        let configuration = self.configuration.at_hand();
        let authorities = configuration.as_deref().map(authorities).unwrap_or_default();
        let stamped = stamp_at_once(signature, &self.http, &authorities, &*self.chance).await;
        stamped.map_err(|fault| {
            tracing::warn!(%fault, "exchange");
            ExchangeFault::coded(place, TIMESTAMPING_FAILED, fault.attempt)
        })
    }

    /// Messaging stops when the log waits too long for its time-stamps, and without an authority (reference §2.10).
    pub(super) fn check_stamping(&self, configuration: &Configuration, place: Place) -> Result<(), ExchangeFault> {
        if configuration.shared.approved_tsas.is_empty() {
            let text = "the configuration approves no time-stamping authority";
            return Err(ExchangeFault::coded(place, NO_AUTHORITY, text));
        }
        if self.log.waits_too_long(self.limits.time_stamping_failure_period_s) {
            let text = "logged messages wait too long for their time-stamp";
            return Err(ExchangeFault::coded(place, TIMESTAMPING_FAILED, text));
        }
        Ok(())
    }
}

/// In the configuration's order; an authority whose certificate cannot be read cannot be trusted.
fn authorities(configuration: &Configuration) -> Vec<Authority> {
    let approved = configuration.shared.approved_tsas.iter();
    let authority = approved.filter_map(|tsa| {
        Some(Authority { url: tsa.url.clone(), certificate: Certificate::from_der(&tsa.certificate).ok()? })
    });
    authority.collect()
}
