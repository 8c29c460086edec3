//! Whether a server can do its work, for load balancers, and its numbers for Prometheus. Neither names a person or a message.

use super::SecurityServer;
use crate::fault::Place;
use base::{Fault, Signer};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// How long a token may take to say that a key is there.
const LOOK_AT_KEYS_WAIT: Duration = Duration::from_secs(5);
/// The field's code for a token that cannot be used.
const HSM_NON_OPERATIONAL: &str = "hsm_non_operational";

impl SecurityServer {
    /// What stops the exchange of messages now (reference §2.13, health check); empty when nothing does.
    pub async fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        match self.configuration.current(Place::ServerProxy).await {
            Ok(configuration) => {
                let certificate = self.authentication.certificate.der();
                if let Err(fault) = self.own_status(&configuration, Place::ServerProxy, certificate).await {
                    complaints.push(format!("authentication certificate: {}", fault.code));
                }
                if let Err(fault) = self.check_stamping(&configuration, Place::ServerProxy) {
                    complaints.push(format!("message log: {}", fault.code));
                }
            }
            Err(fault) => complaints.push(format!("global configuration: {}", fault.code)),
        }
        if let Err(fault) = self.look_at_keys().await {
            tracing::warn!(%fault, server = %self.id, "a key cannot be used");
            complaints.push(format!("token: {HSM_NON_OPERATIONAL}"));
        }
        if let Err(fault) = self.store.query("SELECT 1 AS one", &[]).await {
            tracing::warn!(%fault, server = %self.id, "the store does not answer");
            complaints.push("store: it does not answer".to_owned());
        }
        complaints
    }

    /// What an operator must see to, although messages are exchanged.
    pub fn worries(&self) -> Vec<String> {
        let archiving = self.log.archiving_fails().then(|| "message log: archiving fails".to_owned());
        archiving.into_iter().collect()
    }

    /// Whether every key can be used, in a token as well. One look at a time, so that a token that never answers holds one
    /// thread and no more.
    async fn look_at_keys(&self) -> Result<(), Fault> {
        let signing = self.signing.values().map(|signer| signer.identity().signer.clone());
        let keys: Vec<Arc<dyn Signer>> = signing.chain([self.authentication.signer.clone()]).collect();
        let turn = self.looking_at_keys.clone();
        let look = async move {
            let turn = turn.lock_owned().await;
            let looked = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                keys.iter().try_for_each(|key| key.check())
            });
            looked.await.map_err(|cause| Fault::new("look at the keys", cause))?
        };
        let silent = |_| Err(Fault::passing("look at the keys", "a token does not answer"));
        tokio::time::timeout(LOOK_AT_KEYS_WAIT, look).await.unwrap_or_else(silent)
    }

    /// The text exposition format of Prometheus.
    pub(super) fn exposition(&self) -> String {
        let now = self.clock.now();
        let mut out = String::new();
        let mut line = |name: &str, kind: &str, help: &str, value: i64| {
            // Writing to a text cannot fail.
            let _written = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        };
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (answered, refused) = self.recorder.answered();
        line("exchange_requests_answered_total", "counter", "Exchanges that ended with an answer.", count(answered));
        line("exchange_requests_refused_total", "counter", "Exchanges that ended with a fault.", count(refused));
        let waiting = count(self.recorder.waiting_count() as u64);
        line("exchange_traffic_waiting", "gauge", "Traffic records that are not stored yet.", waiting);
        line(
            "exchange_traffic_lost_total",
            "counter",
            "Traffic records that could not be kept.",
            count(self.recorder.lost()),
        );
        let oldest = self.log.oldest_unstamped();
        let waits_s = oldest.map_or(0, |oldest| (now.as_second() - oldest.as_second()).max(0));
        line("exchange_unstamped_seconds", "gauge", "Age of the oldest message without a time-stamp.", waits_s);
        let left_s = self.configuration.at_hand().map_or(0, |known| known.expires.as_second() - now.as_second());
        line("exchange_configuration_seconds", "gauge", "Time for which the configuration may be used.", left_s.max(0));
        out
    }
}
