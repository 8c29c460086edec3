//! What is cleared away: segments whose records are archived and have been kept long enough, with their attachments. And
//! what is renewed: the key, and the segment, so that a quiet log can be cleared by the day as well.

use super::MessageLog;
use base::{Fault, Timestamp, clock};
use host::args;

const DAY_US: i64 = 24 * 3600 * 1_000_000;

impl MessageLog {
    /// Removes what is archived and older than the policy keeps, and renews key and segment when they are due. Returns how
    /// many segments were removed. What a crash interrupts is finished the next time.
    pub async fn keep_house(&self) -> Result<usize, Fault> {
        self.renew_key()?;
        let _turn = self.0.keeping.lock().await;
        self.catch_up().await?;
        let now_us = self.0.clock.now().as_microsecond();
        self.renew_segment(now_us - DAY_US).await?;
        let before = clock::from_micros(now_us - i64::from(self.0.policy.keep_records_days) * DAY_US);
        let archived = self.mark("archived").await?;
        let mut removed = 0;
        for segment in self.removable(before, archived).await? {
            self.remove_segment(segment).await?;
            removed += 1;
        }
        self.remove_leftovers().await?;
        Ok(removed)
    }

    /// The open segment is closed when it is older than a day.
    async fn renew_segment(&self, day_ago_us: i64) -> Result<(), Fault> {
        let open = i64::try_from(self.0.journal.end().segment).unwrap_or(i64::MAX);
        let sql = "SELECT first_at FROM exchange_log_segment WHERE segment = $1";
        if self.rows(sql, &args![open]).await?.first().is_some_and(|row| row.int("first_at") <= day_ago_us) {
            self.begin_segment();
        }
        Ok(())
    }

    async fn removable(&self, before: Timestamp, archived: i64) -> Result<Vec<u64>, Fault> {
        let sql = "SELECT segment FROM exchange_log_segment WHERE last_at < $1 AND last_number <= $2 ORDER BY segment";
        let closed = self.0.journal.removable();
        let rows = self.rows(sql, &args![before, archived]).await?;
        let segments = rows.iter().filter_map(|row| u64::try_from(row.int("segment")).ok());
        Ok(segments.filter(|segment| closed.contains(segment)).collect())
    }

    /// Attachments first, while the rows still know them; the file last, because a file without rows is found again.
    async fn remove_segment(&self, segment: u64) -> Result<(), Fault> {
        let sql = "SELECT objects FROM exchange_log_entry WHERE segment = $1 AND objects IS NOT NULL";
        for row in self.rows(sql, &args![segment]).await? {
            for name in row.text("objects").split(' ') {
                self.0.objects.blobs.remove(name).await?;
            }
        }
        let mut tx = self.0.store.begin().await?;
        tx.execute("DELETE FROM exchange_log_entry WHERE segment = $1", &args![segment]).await?;
        tx.execute("DELETE FROM exchange_log_segment WHERE segment = $1", &args![segment]).await?;
        // A time-stamp goes with the last record that it covers.
        tx.execute(
            "DELETE FROM exchange_log_stamp WHERE last_number <
                 (SELECT COALESCE(MIN(first_number), 0) FROM exchange_log_segment)",
            &[],
        )
        .await?;
        tx.commit().await?;
        self.0.journal.remove(segment)
    }

    /// Files in front of everything that the index knows: their rows went, and then the process.
    async fn remove_leftovers(&self) -> Result<(), Fault> {
        let rows = self.rows("SELECT MIN(segment) AS first FROM exchange_log_segment", &[]).await?;
        let Some(first) = rows.first().and_then(|row| row.opt_int("first")) else { return Ok(()) };
        for segment in self.0.journal.removable() {
            if i64::try_from(segment).is_ok_and(|segment| segment < first) {
                self.0.journal.remove(segment)?;
            }
        }
        Ok(())
    }
}
