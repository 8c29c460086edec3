//! Finding what was logged. Every question first brings the index up to date, so that what was confirmed is found.

use super::{LogFilter, LogRecord, MessageLog, frame, index::message_hash};
use base::{Fault, Id, Timestamp, clock};
use host::{args, journal::Place, store::Row};

/// How many records one question returns.
pub(super) const RECORDS_MAX: i64 = 500;
/// Rows of one message identifier that are looked at: a client may use one again and again.
const SAME_ID_MAX: i64 = 500;

impl MessageLog {
    /// The newest records first, without their time-stamps.
    pub async fn records(&self, filter: &LogFilter) -> Result<Vec<LogRecord>, Fault> {
        self.catch_up().await?;
        let from = filter.from.unwrap_or(clock::from_micros(0));
        let until = filter.until.unwrap_or(Timestamp::MAX);
        let rows = match &filter.message_id {
            Some(message_id) => self.rows_of_message(message_id).await?,
            None => self.rows_in_period(from, until, filter.client.as_deref().unwrap_or_default()).await?,
        };
        let wanted = |record: &LogRecord| {
            filter.message_id.as_ref().is_none_or(|id| *id == record.entry.message_id)
                && filter.client.as_ref().is_none_or(|client| *client == record.entry.client)
                && (from..until).contains(&record.at)
        };
        let mut records = self.read_rows(&rows).await?;
        if self.0.looks {
            records.extend(self.newest(filter.message_id.as_deref()).await?);
            records.sort_by_key(|record| std::cmp::Reverse(record.number));
            records.dedup_by_key(|record| record.number);
        }
        records.retain(wanted);
        Ok(records)
    }

    /// The records behind `number` in the order in which they were logged, some hundreds at a time and without their
    /// time-stamps; none when there are no more. 0 is before the first.
    pub async fn records_after(&self, number: u64) -> Result<Vec<LogRecord>, Fault> {
        self.catch_up().await?;
        let sql = "SELECT number, segment, position FROM exchange_log_entry WHERE number > $1 ORDER BY number LIMIT $2";
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.read_rows(&self.rows(sql, &args![number, RECORDS_MAX]).await?).await
    }

    /// Records that another process has not indexed yet.
    async fn newest(&self, message_id: Option<&str>) -> Result<Vec<LogRecord>, Fault> {
        let hash = message_id.map(message_hash);
        let behind = self.0.behind_index().await?;
        let wanted = behind.into_iter().filter(|(_, found)| hash.is_none_or(|hash| hash == *found));
        wanted.map(|(place, _)| self.0.read_record(place)).collect()
    }

    /// What was logged under `message_id` for a subsystem of this server, the oldest first, with time-stamps.
    pub async fn of_message(&self, message_id: &str, subject: &str) -> Result<Vec<LogRecord>, Fault> {
        self.catch_up().await?;
        let mut records = self.read_rows(&self.rows_of_message(message_id).await?).await?;
        records.retain(|record| record.entry.message_id == message_id && record.entry.subject() == subject);
        records.reverse();
        for record in &mut records {
            record.stamp = self.stamp_of(record.number).await?;
        }
        Ok(records)
    }

    /// One record with its time-stamp, if it has one.
    pub async fn record_of(&self, id: &Id) -> Result<Option<LogRecord>, Fault> {
        self.catch_up().await?;
        let Ok(number) = i64::try_from(id.number()) else { return Ok(None) };
        let sql = "SELECT number, segment, position FROM exchange_log_entry WHERE number = $1";
        let rows = self.rows(sql, &args![number]).await?;
        let Some(mut record) = self.read_rows(&rows).await?.pop() else { return Ok(None) };
        if record.id != *id {
            return Ok(None);
        }
        record.stamp = self.stamp_of(record.number).await?;
        Ok(Some(record))
    }

    /// Of every segment, the newest first.
    async fn rows_of_message(&self, message_id: &str) -> Result<Vec<Row>, Fault> {
        let sql = "SELECT e.number, e.segment, e.position FROM exchange_log_segment s
             JOIN exchange_log_entry e ON e.segment = s.segment AND e.message_hash = $1
             ORDER BY e.number DESC LIMIT $2";
        self.rows(sql, &args![message_hash(message_id), SAME_ID_MAX]).await
    }

    /// The segments of the period give the range of numbers, which is the order of time as well.
    async fn rows_in_period(&self, from: Timestamp, until: Timestamp, client: &str) -> Result<Vec<Row>, Fault> {
        let sql = "SELECT MIN(first_number) AS low, MAX(last_number) AS high FROM exchange_log_segment
             WHERE last_at >= $1 AND first_at < $2";
        let bounds = self.0.store.query_opt(sql, &args![from, until]).await?;
        let bound = |column| bounds.as_ref().and_then(|row| row.opt_int(column));
        let (Some(low), Some(high)) = (bound("low"), bound("high")) else { return Ok(Vec::new()) };
        let sql = "SELECT number, segment, position FROM exchange_log_entry
             WHERE number >= $1 AND number <= $2 AND at >= $3 AND at < $4 AND ($5 = '' OR client = $5)
             ORDER BY number DESC LIMIT $6";
        self.rows(sql, &args![low, high, from, until, client, RECORDS_MAX]).await
    }

    /// Reads and opens one record. Blocks on the disk.
    pub(crate) fn read_record(&self, place: Place) -> Result<LogRecord, Fault> {
        self.0.read_record(place)
    }

    /// Reads and opens the records that rows point to, in their order.
    async fn read_rows(&self, rows: &[Row]) -> Result<Vec<LogRecord>, Fault> {
        let places: Vec<Place> = rows.iter().map(place_of).collect();
        let log = self.0.clone();
        let read = move || places.into_iter().map(|place| log.read_record(place)).collect::<Result<Vec<_>, Fault>>();
        tokio::task::spawn_blocking(read).await.map_err(|cause| Fault::new("read the message log", cause))?
    }
}

/// Where the record of a row is.
pub(crate) fn place_of(row: &Row) -> Place {
    let unsigned = |column| u64::try_from(row.int(column)).unwrap_or(0);
    Place { segment: unsigned("segment"), offset: unsigned("position") }
}

impl super::Inner {
    fn read_record(&self, place: Place) -> Result<LogRecord, Fault> {
        let record = self.journal.read(place)?;
        let clear = frame::read(&record.bytes, &self.objects)?;
        let key = match (clear.key, &self.objects.keys) {
            (0, _) => None,
            (number, Some(keys)) => Some(keys.of(number)?),
            (_, None) => {
                return Err(Fault::new("open a message of the log", "the log is encrypted; its keys are needed"));
            }
        };
        let (facts, entry, attachments) = clear.open(key.as_deref())?;
        Ok(LogRecord {
            id: Id::numbered(facts.at, record.number),
            number: record.number,
            at: facts.at,
            mode: facts.mode,
            truncated: facts.truncated,
            entry,
            attachments,
            stamped_at_once: facts.stamped,
            stamp: None,
        })
    }
}
