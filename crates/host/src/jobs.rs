//! Work that must happen later or again: rows written in the same transaction as what causes them, claimed with a lease,
//! run at least once. Handlers are therefore idempotent. Deadlines of law are rows here, never timers in memory.

use crate::args;
use crate::store::{Migration, Row, Store, Tx};
use base::{Clock, Fault, Timestamp, clock};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "host_jobs",
    number: 1,
    sql: "CREATE TABLE host_job (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    state TEXT NOT NULL,
    last_error TEXT
);
CREATE INDEX host_job_due ON host_job (state, run_at);",
}];

/// Attempts after which a job waits for an operator instead of running again.
const ATTEMPTS_MAX: i64 = 25;
/// How long one attempt may take before another worker may believe it dead.
const LEASE: Duration = Duration::from_secs(120);
/// Jobs claimed in one go.
const CLAIM_MAX: i64 = 16;
/// How long a worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(200);
const BACKOFF_MAX_S: i64 = 600;

/// Work to be done.
#[derive(Debug, Clone)]
pub struct Job {
    pub kind: &'static str,
    /// The same key of the same kind is enqueued once, ever; without a key each call is a job of its own.
    pub key: Option<String>,
    pub payload: Json,
    pub run_at: Timestamp,
}

/// A job in a worker's hands.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub payload: Json,
    /// 1 at the first attempt.
    pub attempt: i64,
}

/// How an attempt ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Finished,
    /// Not yet: run again then, which is no failure and does not count as an attempt.
    Again(Timestamp),
}

impl Tx {
    /// True when the job is new, false when one with this key was enqueued before.
    pub async fn enqueue(&mut self, job: &Job) -> Result<bool, Fault> {
        let id = match &job.key {
            Some(key) => format!("{}/{key}", job.kind),
            None => format!("{}/{}", job.kind, base::Id::new(job.run_at, &base::SystemChance)),
        };
        let inserted = self
            .execute(
                "INSERT INTO host_job (id, kind, payload, run_at, attempts, lease_until, state)
                 VALUES ($1, $2, $3, $4, 0, 0, 'waiting') ON CONFLICT (id) DO NOTHING",
                &args![id, job.kind, job.payload.to_string(), job.run_at],
            )
            .await?;
        Ok(inserted == 1)
    }
}

type Handler = Arc<dyn Fn(Claimed) -> Pin<Box<dyn Future<Output = Result<Done, Fault>> + Send>> + Send + Sync>;

/// Runs the jobs of one store.
#[derive(Clone)]
pub struct Worker {
    store: Store,
    clock: Arc<dyn Clock>,
    handlers: HashMap<&'static str, Handler>,
    wake: Arc<Notify>,
}

impl Worker {
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Worker {
        Worker { store, clock, handlers: HashMap::new(), wake: Arc::new(Notify::new()) }
    }

    /// Who runs jobs of this kind. A kind has one handler.
    pub fn on<F, W>(mut self, kind: &'static str, handler: F) -> Worker
    where
        F: Fn(Claimed) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Done, Fault>> + Send + 'static,
    {
        let taken = self.handlers.insert(kind, Arc::new(move |job| Box::pin(handler(job))));
        assert!(taken.is_none(), "jobs of kind {kind} have one handler");
        self
    }

    /// Wakes the worker at once after a commit that enqueued something; without it the worker looks every second.
    pub fn waker(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Runs due jobs until the shutdown; what is under way is finished first.
    pub async fn run(self, shutdown: crate::http::Shutdown) {
        loop {
            match self.run_due().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(fault) => tracing::error!(%fault, "claiming jobs"),
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Claims and runs what is due now; how many ran. For tests, and the body of `run`.
    pub async fn run_due(&self) -> Result<usize, Fault> {
        let claimed = self.claim().await?;
        let ran = claimed.len();
        let mut running = tokio::task::JoinSet::new();
        for row in claimed {
            let worker = self.clone();
            running.spawn(async move { worker.run_one(row).await });
        }
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => tracing::error!(%fault, "recording a job's end"),
                // A panic is a bug; its lease runs out and the job is tried again, up to the limit.
                Err(bug) => tracing::error!(%bug, "a job's handler panicked"),
            }
        }
        Ok(ran)
    }

    /// Whether anything is due, seen without the writer: nothing being due is the usual case.
    async fn is_due(&self) -> Result<bool, Fault> {
        let sql = "SELECT id FROM host_job WHERE state = 'waiting' AND run_at <= $1 AND lease_until <= $1 LIMIT 1";
        Ok(self.store.query_opt(sql, &args![self.clock.now()]).await?.is_some())
    }

    /// Takes back the leases of a process that died. Only for a store that this process has for itself: elsewhere another
    /// process may still be at work, and the lease's end is waited for.
    pub async fn take_back_leases(&self) -> Result<u64, Fault> {
        let mut tx = self.store.begin().await?;
        let taken =
            tx.execute("UPDATE host_job SET lease_until = 0 WHERE state = 'waiting' AND lease_until > 0", &args![]);
        let taken = taken.await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn claim(&self) -> Result<Vec<Row>, Fault> {
        if !self.is_due().await? {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let due = tx
            .query(
                "SELECT id, kind, payload, attempts FROM host_job
                 WHERE state = 'waiting' AND run_at <= $1 AND lease_until <= $1 ORDER BY run_at, id LIMIT $2",
                &args![now, CLAIM_MAX],
            )
            .await?;
        let mut claimed = Vec::new();
        for row in due {
            if !self.handlers.contains_key(row.text("kind")) {
                continue;
            }
            // Comparing `attempts` makes the claim safe between processes on PostgreSQL; on SQLite there is one writer.
            let taken = tx
                .execute(
                    "UPDATE host_job SET lease_until = $1, attempts = attempts + 1
                     WHERE id = $2 AND attempts = $3 AND lease_until <= $4 AND state = 'waiting'",
                    &args![now + LEASE, row.text("id"), row.int("attempts"), now],
                )
                .await?;
            if taken == 1 {
                claimed.push(row);
            }
        }
        if claimed.is_empty() {
            tx.rollback().await;
        } else {
            tx.commit().await?;
        }
        Ok(claimed)
    }

    async fn run_one(&self, row: Row) -> Result<(), Fault> {
        let attempt = row.int("attempts") + 1;
        let handler = self.handlers[row.text("kind")].clone();
        let outcome = handler(Claimed { payload: row.json("payload"), attempt }).await;
        let now = self.clock.now();
        let (state, run_at, attempts, error) = match outcome {
            Ok(Done::Finished) => ("finished", now, attempt, None),
            Ok(Done::Again(at)) => ("waiting", at, attempt - 1, None),
            Err(fault) => {
                tracing::warn!(kind = row.text("kind"), attempt, %fault, "a job failed");
                let state = if attempt >= ATTEMPTS_MAX { "dead" } else { "waiting" };
                (state, later(now, attempt), attempt, Some(fault.to_string()))
            }
        };
        let mut tx = self.store.begin().await?;
        tx.execute(
            "UPDATE host_job SET state = $1, run_at = $2, attempts = $3, last_error = $4, lease_until = 0 WHERE id = $5",
            &args![state, run_at, attempts, error, row.text("id")],
        )
        .await?;
        tx.commit().await
    }
}

/// 1, 2, 4 … seconds, at most ten minutes.
fn later(now: Timestamp, attempt: i64) -> Timestamp {
    let exponent = u32::try_from(attempt.clamp(1, 20) - 1).expect("clamped");
    let wait_s = 2_i64.pow(exponent).min(BACKOFF_MAX_S);
    clock::from_micros(now.as_microsecond() + wait_s * 1_000_000)
}

/// How many jobs are in which state, for health and the operator's page.
pub async fn counts(store: &Store) -> Result<Vec<(String, i64)>, Fault> {
    let rows = store.query("SELECT state, COUNT(*) AS number FROM host_job GROUP BY state ORDER BY state", &args![]);
    Ok(rows.await?.iter().map(|row| (row.text("state").to_owned(), row.int("number"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;
    use base::ManualClock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn job(key: Option<&str>) -> Job {
        Job { kind: "count", key: key.map(str::to_owned), payload: serde_json::json!({"n": 1}), run_at: start() }
    }

    fn start() -> Timestamp {
        clock::from_micros(1_790_000_000_000_000)
    }

    async fn enqueue(store: &Store, job: &Job) -> bool {
        let mut tx = store.begin().await.expect("begun");
        let new = tx.enqueue(job).await.expect("enqueued");
        tx.commit().await.expect("committed");
        new
    }

    #[tokio::test]
    async fn a_keyed_job_runs_once_and_a_failing_one_again_later() {
        for store in stores(&[]).await {
            let clock = Arc::new(ManualClock::at(start()));
            let runs = Arc::new(AtomicUsize::new(0));
            let seen = runs.clone();
            let worker = Worker::new(store.clone(), clock.clone()).on("count", move |job| {
                let seen = seen.clone();
                async move {
                    seen.fetch_add(1, Ordering::SeqCst);
                    if job.attempt == 1 { Err(Fault::passing("count", "not today")) } else { Ok(Done::Finished) }
                }
            });
            assert!(enqueue(&store, &job(Some("a"))).await);
            assert!(!enqueue(&store, &job(Some("a"))).await);
            assert_eq!(worker.run_due().await.expect("ran"), 1);
            assert_eq!(worker.run_due().await.expect("ran"), 0, "the second attempt waits");
            clock.advance_s(1);
            assert_eq!(worker.run_due().await.expect("ran"), 1);
            clock.advance_s(10_000);
            assert_eq!(worker.run_due().await.expect("ran"), 0, "finished is finished");
            assert_eq!(runs.load(Ordering::SeqCst), 2);
            assert!(!enqueue(&store, &job(Some("a"))).await, "the key stays taken");
        }
    }

    #[tokio::test]
    async fn leases_of_a_dead_process_are_taken_back() {
        for store in stores(&[]).await {
            let clock = Arc::new(ManualClock::at(start()));
            let worker = Worker::new(store.clone(), clock.clone()).on("count", |_| async { Ok(Done::Finished) });
            enqueue(&store, &job(None)).await;
            assert_eq!(worker.claim().await.expect("claimed").len(), 1, "claimed by a process that now dies");
            assert_eq!(worker.run_due().await.expect("ran"), 0, "its lease holds");
            assert_eq!(worker.take_back_leases().await.expect("taken"), 1);
            assert_eq!(worker.run_due().await.expect("ran"), 1);
        }
    }

    #[tokio::test]
    async fn a_rolled_back_transaction_leaves_no_job() {
        for store in stores(&[]).await {
            let mut tx = store.begin().await.expect("begun");
            assert!(tx.enqueue(&job(None)).await.expect("enqueued"));
            drop(tx);
            assert_eq!(counts(&store).await.expect("counted"), vec![]);
        }
    }

    #[tokio::test]
    async fn a_job_that_always_fails_dies_and_waits_for_an_operator() {
        for store in stores(&[]).await {
            let clock = Arc::new(ManualClock::at(start()));
            let worker = Worker::new(store.clone(), clock.clone())
                .on("count", |_| async { Err(Fault::passing("count", "never")) });
            enqueue(&store, &job(None)).await;
            for _ in 0..ATTEMPTS_MAX {
                assert_eq!(worker.run_due().await.expect("ran"), 1);
                clock.advance_s(BACKOFF_MAX_S);
            }
            assert_eq!(worker.run_due().await.expect("ran"), 0);
            assert_eq!(counts(&store).await.expect("counted"), vec![("dead".to_owned(), 1)]);
        }
    }
}
