//! Once an hour: what has expired leaves the store. Sessions and the history of log-ins stay.

use crate::{attempt::later, limits::oldest_window, provider::Provider};
use base::{Fault, Timestamp};
use host::{args, jobs::Job};

pub const JOB: &str = "identity.sweep";
const EVERY_S: i64 = 3600;
/// Used codes stay a while, so that a second use is recognised as one.
const USED_CODES_STAY_S: i64 = 24 * 3600;

impl Provider {
    /// To be called once at every start; more calls change nothing.
    pub async fn schedule(&self) -> Result<(), Fault> {
        let mut tx = self.parts.store.begin().await?;
        let job = Job {
            kind: JOB,
            key: Some("hourly".to_owned()),
            payload: serde_json::Value::Null,
            run_at: later(self.now(), EVERY_S),
        };
        tx.enqueue(&job).await?;
        tx.commit().await
    }

    /// Deletes what is over; when to come again.
    pub async fn sweep(&self) -> Result<Timestamp, Fault> {
        let now = self.now();
        let mut tx = self.parts.store.begin().await?;
        tx.execute("DELETE FROM identity_attempt WHERE expires_at <= $1", &args![now]).await?;
        tx.execute("DELETE FROM identity_assertion WHERE expires_at <= $1", &args![now]).await?;
        tx.execute("DELETE FROM identity_code WHERE expires_at <= $1", &args![later(now, -USED_CODES_STAY_S)]).await?;
        tx.execute("DELETE FROM identity_access WHERE expires_at <= $1", &args![now]).await?;
        let oldest = oldest_window(now, self.settings.limits.window_s);
        tx.execute("DELETE FROM identity_limit WHERE window_start < $1", &args![oldest]).await?;
        tx.commit().await?;
        Ok(later(now, EVERY_S))
    }
}
