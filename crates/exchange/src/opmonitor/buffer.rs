//! Between the messages and the rows: a record is put down in memory and written with others a moment later, so that no
//! message waits for it, and none fails with it. A server that dies loses the records of its last seconds, never a message.

use super::{Health, TrafficRecord, table};
use base::{Chance, Clock, Fault};
use host::{http::Shutdown, store::Store};
use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Records that wait at most; when the store does not take them the oldest go (the field's own buffer has this size).
pub const BUFFER_MAX: usize = 20_000;
/// How long a record waits at most while others are written, and so what a power cut may take. A record that comes alone is
/// written at once.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(200);
/// So many written at once are traffic: then records are gathered.
const TRAFFIC: usize = 8;
/// How long a store that failed is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// And so many at once, so that the log's writer is never held long.
const BATCH_MAX: usize = 1_024;

#[derive(Default)]
pub struct Recorder {
    waiting: Mutex<VecDeque<TrafficRecord>>,
    came: Notify,
    /// Two writers must not change the order of records.
    gate: tokio::sync::Mutex<()>,
    lost: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
    health: Mutex<Health>,
}

impl Recorder {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<TrafficRecord>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Puts a record down. Never waits and never fails.
    pub fn note(&self, record: TrafficRecord) {
        self.health().note(&record);
        let outcome = if record.succeeded { &self.answered } else { &self.refused };
        outcome.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.waiting();
        if waiting.len() >= BUFFER_MAX {
            waiting.pop_front();
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        waiting.push_back(record);
        drop(waiting);
        self.came.notify_one();
    }

    /// Exchanges since the start: those that were answered, and those that were refused.
    pub fn answered(&self) -> (u64, u64) {
        (self.answered.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// Records that had to go because the store did not take them.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub fn waiting_count(&self) -> usize {
        self.waiting().len()
    }

    /// Writes everything that waits. What could not be written waits on.
    pub async fn flush(&self, store: &Store, clock: &dyn Clock, chance: &dyn Chance) -> Result<(), Fault> {
        let _one = self.gate.lock().await;
        loop {
            let batch: Vec<TrafficRecord> = {
                let mut waiting = self.waiting();
                let count = waiting.len().min(BATCH_MAX);
                waiting.drain(..count).collect()
            };
            if batch.is_empty() {
                return Ok(());
            }
            if let Err(fault) = table::store_all(store, &batch, clock, chance).await {
                let mut waiting = self.waiting();
                let room = BUFFER_MAX.saturating_sub(waiting.len());
                let lost = batch.len().saturating_sub(room);
                self.lost.fetch_add(lost as u64, Ordering::Relaxed);
                batch.into_iter().skip(lost).rev().for_each(|record| waiting.push_front(record));
                return Err(fault);
            }
        }
    }

    /// Writes until the end, and once more at the end.
    pub(crate) async fn run(&self, store: &Store, clock: &dyn Clock, chance: &dyn Chance, shutdown: Shutdown) {
        loop {
            let mut ended = tokio::select! {
                () = self.came.notified() => false,
                () = shutdown.wait() => true,
            };
            let gathered = self.waiting_count();
            let pause = match self.flush(store, clock, chance).await {
                Ok(()) if gathered < TRAFFIC => Duration::ZERO,
                Ok(()) => FLUSH_INTERVAL,
                Err(fault) => {
                    let (waiting, lost) = (self.waiting_count(), self.lost());
                    tracing::warn!(%fault, waiting, lost, "operational data was not stored");
                    self.came.notify_one();
                    RETRY
                }
            };
            if !ended && !pause.is_zero() {
                ended = tokio::select! {
                    () = tokio::time::sleep(pause) => false,
                    () = shutdown.wait() => true,
                };
                if ended && let Err(fault) = self.flush(store, clock, chance).await {
                    tracing::warn!(%fault, "operational data was not stored at the end");
                }
            }
            if ended {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TrafficFilter, Wanted, forget, record::tests::record, records, stored};
    use super::*;
    use base::{ManualClock, SystemChance};
    use host::store::Location;

    async fn stores() -> (Vec<Store>, host::testing::TempDir) {
        let folder = host::testing::TempDir::new();
        let schema = format!("opmonitor_{}", base::Chance::hex(&SystemChance, 6));
        let places = [
            Location::Sqlite(folder.path().join("traffic.db")),
            Location::Postgres { url: host::testing::postgres_url(), schema },
        ];
        let mut open = Vec::new();
        for place in places {
            open.push(Store::open(&place, &[super::table::MIGRATIONS]).await.expect("a store"));
        }
        (open, folder)
    }

    #[tokio::test]
    async fn what_is_noted_is_stored_in_batches_and_forgotten_in_time() {
        let (stores, _folder) = stores().await;
        let clock = ManualClock::at("2026-11-23T12:00:00Z".parse().expect("an instant"));
        let now_s = base::Clock::now(&clock).as_second();
        for store in stores {
            let recorder = Recorder::default();
            for number in 0..75 {
                let mut noted = record("AZ/GOV/2/book/page/v1");
                noted.message_id = format!("m-{number}");
                noted.request_in_at = base::clock::from_micros(number);
                recorder.note(noted);
            }
            recorder.flush(&store, &clock, &SystemChance).await.expect("stored");
            assert_eq!((recorder.waiting_count(), recorder.lost()), (0, 0));
            assert_eq!(records(&store, &TrafficFilter::default()).await.expect("read").len(), 75);
            let wanted = Wanted { from_s: now_s, to_s: now_s, ..Wanted::default() };
            let read = stored(&store, &wanted, 1_000).await.expect("read");
            assert_eq!(read.len(), 75);
            assert_eq!((read[0].0, &read[0].1.message_id), (now_s, &"m-0".to_owned()));
            assert_eq!(read[0].1.details.service_type.as_deref(), Some("WSDL"));
            for (party, provider, expected) in [
                (Some("AZ/GOV/1/desk"), None, 75),
                (Some("AZ/GOV/2/book"), None, 75),
                (Some("AZ/GOV/1"), None, 0),
                (None, Some("AZ/GOV/2/book"), 75),
                (None, Some("AZ/GOV/1/desk"), 0),
            ] {
                let wanted =
                    Wanted { party: party.map(str::to_owned), provider: provider.map(str::to_owned), ..wanted.clone() };
                assert_eq!(stored(&store, &wanted, 1_000).await.expect("read").len(), expected);
            }
            assert_eq!(forget(&store, now_s).await.expect("kept"), 0);
            assert_eq!(forget(&store, now_s + 1).await.expect("forgotten"), 75);
        }
    }

    #[tokio::test]
    async fn a_store_that_fails_costs_the_oldest_records_only() {
        let (stores, _folder) = stores().await;
        let clock = ManualClock::at("2026-11-23T12:00:00Z".parse().expect("an instant"));
        let recorder = Recorder::default();
        stores[0].close().await;
        for number in 0..BUFFER_MAX + 10 {
            let mut noted = record("AZ/GOV/2/book/page/v1");
            noted.message_id = format!("m-{number}");
            noted.request_in_at = base::clock::from_micros(i64::try_from(number).expect("small"));
            recorder.note(noted);
        }
        recorder.flush(&stores[0], &clock, &SystemChance).await.expect_err("closed");
        assert_eq!((recorder.waiting_count(), recorder.lost()), (BUFFER_MAX, 10));
        recorder.flush(&stores[1], &clock, &SystemChance).await.expect("stored");
        let oldest = Wanted { to_s: i64::MAX, ..Wanted::default() };
        assert_eq!(stored(&stores[1], &oldest, 1).await.expect("read")[0].1.message_id, "m-10");
    }
}
