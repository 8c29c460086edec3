//! The daily snapshot: taken once a day, written once, its digest a leaf of the audit log.

use crate::{
    Monitor,
    record::{digest, entry, leaf_number},
    refusal::{Failure, Refusal},
    snapshot::{Recorded, Snapshot},
};
use base::{Fault, Signer, Timestamp};
use host::args;
use serde_json::json;

impl Monitor {
    /// What is due today: the snapshot, and the bulletin of the month before once its day has come; then the log's head is
    /// signed, so that both are under a signature. Idempotent; gives the instant to be called again, soon after midnight.
    pub async fn keep_up(&self, signer: &dyn Signer) -> Result<Timestamp, Failure> {
        let recorded = self.take_snapshot().await?;
        let now = self.clock.now();
        let today = self.offset().to_datetime(now).date();
        if today.day() >= self.methodology.statistics.publish_on_day {
            self.publish(&self.current_month().previous().to_string()).await?;
        }
        host::audit::sign_tree_head(&self.store, signer, now).await?;
        tracing::info!(day = recorded.snapshot.day, leaf = recorded.leaf, "monitoring snapshot is under a signed head");
        let midnight = today.tomorrow().map_err(|cause| Fault::new("find tomorrow", cause))?.at(0, 5, 0, 0);
        Ok(self.offset().to_timestamp(midnight).map_err(|cause| Fault::new("find tomorrow", cause))?)
    }

    fn offset(&self) -> jiff::tz::Offset {
        jiff::tz::offset(self.methodology.statistics.utc_offset_hours)
    }

    /// Takes today's snapshot, once a day: a second call gives the first one back.
    pub async fn take_snapshot(&self) -> Result<Recorded, Fault> {
        let now = self.clock.now();
        let day = self.offset().to_datetime(now).date().to_string();
        if let Some(recorded) = self.find_snapshot(&day).await? {
            return Ok(recorded);
        }
        let observations = self.observe(now).await?;
        let snapshot = Snapshot::compute(&self.methodology, observations, day.clone(), now);
        let body = serde_json::to_string(&snapshot).expect("texts and numbers only");
        let digest = digest(&body);
        let mut tx = self.store.begin().await?;
        let taken = tx.query_opt("SELECT day FROM monitor_snapshot WHERE day = $1", &args![day.as_str()]).await?;
        if taken.is_none() {
            let detail = json!({ "digest": digest, "methodology": snapshot.methodology });
            let leaf = tx.audit(&entry(now, "system", "monitor.snapshot", &day, detail)).await?;
            let inserted = tx
                .execute(
                    "INSERT INTO monitor_snapshot (day, taken_at, digest, leaf_index, body) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (day) DO NOTHING",
                    &args![day.as_str(), now, digest.as_str(), leaf_number(leaf), body.as_str()],
                )
                .await?;
            match inserted {
                0 => tx.rollback().await,
                _ => tx.commit().await?,
            }
        } else {
            tx.rollback().await;
        }
        Ok(self.find_snapshot(&day).await?.expect("this call or another wrote it"))
    }

    /// The snapshot of a day written "2026-11-23".
    pub async fn snapshot(&self, day: &str) -> Result<Recorded, Failure> {
        let date: base::Date = day.parse().map_err(|_| Failure::Refused(Refusal::BadDate))?;
        self.find_snapshot(&date.to_string()).await?.ok_or(Failure::Refused(Refusal::NoSnapshot))
    }

    /// Days with a snapshot, the latest first.
    pub async fn snapshot_days(&self) -> Result<Vec<String>, Fault> {
        let rows = self.store.query("SELECT day FROM monitor_snapshot ORDER BY day DESC", &args![]).await?;
        Ok(rows.iter().map(|row| row.text("day").to_owned()).collect())
    }

    async fn find_snapshot(&self, day: &str) -> Result<Option<Recorded>, Fault> {
        let sql = "SELECT digest, leaf_index, body FROM monitor_snapshot WHERE day = $1";
        let row = self.store.query_opt(sql, &args![day]).await?;
        row.map(|row| {
            let snapshot =
                serde_json::from_str(row.text("body")).map_err(|cause| Fault::new("read a stored snapshot", cause))?;
            let leaf = u64::try_from(row.int("leaf_index")).expect("leaves are counted from 0");
            let (body, digest) = (row.text("body").to_owned(), row.text("digest").to_owned());
            Ok(Recorded { snapshot, body, digest, leaf })
        })
        .transpose()
    }
}
