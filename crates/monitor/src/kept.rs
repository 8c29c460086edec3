//! A value that is costly to compute and may be shown a few seconds old: computed by one caller at a time, while the others
//! are given the one before. Nobody is given a value older than a minute.

use base::Timestamp;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// How old a value may be before somebody computes the next.
pub const FRESH_US: i64 = 10_000_000;
/// How old the value before may be that is given out while the next is computed; past this its readers wait.
pub const PREVIOUS_US: i64 = 60_000_000;

pub(crate) struct Kept<T> {
    latest: Mutex<Option<Latest<T>>>,
    turn: tokio::sync::Mutex<()>,
}

struct Latest<T> {
    at: Timestamp,
    /// Of which the value was computed; another version is another value, however young this one is.
    version: u64,
    value: Arc<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept { latest: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T> Kept<T> {
    /// The value as of `now` and `version`: the kept one if it is fresh, the one before if somebody computes the next, else
    /// computed here.
    pub async fn get<E>(
        &self,
        now: Timestamp,
        version: u64,
        compute: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        if let Some(fresh) = self.fresh(now, version) {
            return Ok(fresh);
        }
        let _turn = match (self.turn.try_lock(), self.previous(now)) {
            (Ok(turn), _) => turn,
            (Err(_), Some(previous)) => return Ok(previous),
            (Err(_), None) => self.turn.lock().await,
        };
        // Whoever had the turn before may have done it.
        if let Some(fresh) = self.fresh(now, version) {
            return Ok(fresh);
        }
        Ok(self.put(now, version, compute.await?))
    }

    /// Computes it now, whatever is kept; for values without versions.
    pub async fn renew<E>(&self, now: Timestamp, compute: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let _turn = self.turn.lock().await;
        Ok(self.put(now, 0, compute.await?))
    }

    fn put(&self, at: Timestamp, version: u64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let latest = Latest { at, version, value: Arc::clone(&value) };
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(latest);
        value
    }

    fn fresh(&self, now: Timestamp, version: u64) -> Option<Arc<T>> {
        self.younger(now, FRESH_US).filter(|(known, _)| *known >= version).map(|(_, value)| value)
    }

    fn previous(&self, now: Timestamp) -> Option<Arc<T>> {
        self.younger(now, PREVIOUS_US).map(|(_, value)| value)
    }

    /// A clock that was set back makes a value as old as one that was set on.
    fn younger(&self, now: Timestamp, limit_us: i64) -> Option<(u64, Arc<T>)> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = latest.as_ref()?;
        let age_us = now.as_microsecond().saturating_sub(latest.at.as_microsecond());
        (age_us.saturating_abs() < limit_us).then(|| (latest.version, Arc::clone(&latest.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::clock::from_micros;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::oneshot;

    async fn value(value: u32) -> Result<u32, Infallible> {
        Ok(value)
    }

    async fn at(kept: &Kept<u32>, us: i64, next: u32) -> u32 {
        *kept.get(from_micros(us), 0, value(next)).await.expect("infallible")
    }

    #[tokio::test]
    async fn a_value_is_fresh_for_ten_seconds() {
        let kept = Kept::default();
        assert_eq!(at(&kept, 0, 1).await, 1);
        assert_eq!(at(&kept, FRESH_US - 1, 2).await, 1);
        assert_eq!(at(&kept, FRESH_US, 3).await, 3);
        assert_eq!(*kept.renew(from_micros(FRESH_US), value(4)).await.expect("infallible"), 4);
        assert_eq!(at(&kept, FRESH_US + 1, 5).await, 4);
        // The clock was set back.
        assert_eq!(at(&kept, -FRESH_US, 6).await, 6);
    }

    #[tokio::test]
    async fn another_version_is_another_value_at_once() {
        let kept = Kept::default();
        for (version, next, expected) in [(7, 1, 1), (7, 2, 1), (8, 3, 3), (8, 4, 3), (7, 5, 3)] {
            let got = kept.get(from_micros(0), version, value(next)).await.expect("infallible");
            assert_eq!(*got, expected, "version {version}");
        }
    }

    #[tokio::test]
    async fn while_one_computes_the_others_have_the_value_before() {
        let kept = Arc::new(Kept::default());
        assert_eq!(at(&kept, 0, 1).await, 1);
        let (finish, finished) = oneshot::channel::<()>();
        let (begin, begun) = oneshot::channel::<()>();
        let slow = tokio::spawn({
            let kept = Arc::clone(&kept);
            async move {
                let compute = async {
                    begin.send(()).expect("the test waits");
                    finished.await.expect("the test goes on");
                    Ok::<_, Infallible>(2)
                };
                *kept.get(from_micros(FRESH_US), 0, compute).await.expect("infallible")
            }
        });
        begun.await.expect("it computes");
        assert_eq!(at(&kept, FRESH_US, 9).await, 1, "somebody else computes");
        finish.send(()).expect("it waits");
        assert_eq!(slow.await.expect("no panic"), 2);
        assert_eq!(at(&kept, FRESH_US + 1, 9).await, 2);
    }

    #[tokio::test]
    async fn fifty_who_find_nothing_or_only_an_old_value_compute_once() {
        for before in [None, Some(-PREVIOUS_US)] {
            let kept = Arc::new(Kept::default());
            if let Some(before) = before {
                assert_eq!(at(&kept, before, 1).await, 1);
            }
            let computed = Arc::new(AtomicU32::new(0));
            let readers = (0..50).map(|_| {
                let (kept, computed) = (Arc::clone(&kept), Arc::clone(&computed));
                tokio::spawn(async move {
                    let compute = async {
                        tokio::task::yield_now().await;
                        computed.fetch_add(1, Ordering::SeqCst);
                        Ok::<_, Infallible>(2)
                    };
                    *kept.get(from_micros(0), 0, compute).await.expect("infallible")
                })
            });
            for reader in readers.collect::<Vec<_>>() {
                assert_eq!(reader.await.expect("no panic"), 2, "an old value is nobody's");
            }
            assert_eq!(computed.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn a_failure_keeps_the_value_before_and_the_next_caller_tries_again() {
        let kept = Kept::default();
        assert_eq!(at(&kept, 0, 1).await, 1);
        let failed = kept.get(from_micros(FRESH_US), 0, async { Err::<u32, &str>("no disk") }).await;
        assert_eq!(failed.map(|value| *value), Err("no disk"));
        assert_eq!(at(&kept, FRESH_US, 2).await, 2);
    }
}
