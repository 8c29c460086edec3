//! The index follows the journal: a row a record, written many at a time, behind the exchange and not in its way. The mark
//! says how far it came and is moved in the same transaction, so that a crash repeats nothing and leaves nothing out. What
//! this process appends need not be read again: it is remembered (`Fresh`) until its row is written. The journal is what
//! counts: where memory and journal could differ in anything, the journal is read.

use super::{Inner, LogEntry, MessageLog, frame, object::Kept};
use base::Fault;
use formats::hashchain::DigestAlgorithm;
use formats::verify::sha256;
use host::{
    args,
    http::Shutdown,
    journal::{Place, Record, record_bytes},
    store::{Tx, Value},
};
use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock, MutexGuard},
    time::Duration,
};

/// How much of the journal is read at once.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rows of one statement, and columns of a row.
const ROWS_MAX: usize = 64;
const COLUMNS: usize = 9;
/// The index may be this far behind when nobody asks; more rows at once cost less.
const PAUSE: Duration = Duration::from_millis(500);

static INSERT_MANY: LazyLock<String> = LazyLock::new(|| insert(ROWS_MAX));
static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert(1));

/// A record that is indexed already stays as it is: two handles on one journal write the same rows.
fn insert(rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO exchange_log_entry (number, segment, position, at, message_hash, client, subject, leaf, objects)
         VALUES {} ON CONFLICT (number) DO NOTHING",
        rows.join(", ")
    )
}

/// What stands in a row.
pub(super) struct Entry {
    number: u64,
    place: Place,
    at_us: i64,
    message_hash: i64,
    client: String,
    subject: String,
    /// Digest of the signature document, which a time-stamp will cover; none if it carries one.
    leaf: Option<Vec<u8>>,
    objects: Option<String>,
}

/// Rows of one transaction.
const STEP_MAX: usize = 4 * 1024;
/// How many records are remembered at most; they are some hundred bytes each.
const FRESH_MAX: usize = 16 * 1024;

/// What was handed to the journal and is not indexed yet.
#[derive(Default)]
pub(super) struct Fresh {
    /// With the bytes of each in the journal, in the order of their numbers.
    entries: VecDeque<(Entry, u64)>,
    /// There were more than are remembered.
    overflowed: bool,
    /// Of the journal, when this was begun: after another lost group numbers may have been used again.
    lost_groups: u64,
}

/// Entries of one segment that are written together, and where to go on.
struct Step {
    entries: Vec<Entry>,
    next: Place,
    followed: Option<Followed>,
}

/// How far the index is, as far as this process knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    next: Place,
    next_number: u64,
}

impl Entry {
    /// What is known before the record has its number and its place.
    pub(super) fn prepared(entry: &LogEntry, kept: &[Kept], stamped: bool) -> Entry {
        let objects: Vec<&str> = kept.iter().filter_map(Kept::object_name).collect();
        Entry {
            number: 0,
            place: Place { segment: 0, offset: 0 },
            at_us: 0,
            message_hash: message_hash(&entry.message_id),
            leaf: (!stamped).then(|| DigestAlgorithm::Sha512.digest(&entry.signature)),
            objects: (!objects.is_empty()).then(|| objects.join(" ")),
            subject: entry.subject(),
            client: entry.client.clone(),
        }
    }
}

impl Fresh {
    fn push(&mut self, entry: Entry, bytes: u64) {
        if self.entries.len() >= FRESH_MAX {
            *self = Fresh { entries: VecDeque::new(), overflowed: true, ..*self };
        }
        if !self.overflowed {
            self.entries.push_back((entry, bytes));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.overflowed
    }

    /// Nothing more is remembered of what stands before this number.
    fn forget_before(&mut self, number: u64) {
        while self.entries.front().is_some_and(|(entry, _)| entry.number < number) {
            self.entries.pop_front();
        }
    }
}

/// By which a message is found; what is found is compared with the whole identifier.
pub(super) fn message_hash(message_id: &str) -> i64 {
    i64::from_be_bytes(sha256(message_id.as_bytes())[..8].try_into().expect("a digest has more"))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("numbers and places stay below 2^63")
}

impl MessageLog {
    /// Brings the index up to the end of the journal.
    pub(crate) async fn catch_up(&self) -> Result<(), Fault> {
        let log = &self.0;
        if log.looks {
            return Ok(());
        }
        let until = log.journal.end();
        let mut followed = log.indexing.lock().await;
        let mut from = log.indexed_until().await?;
        while from < until {
            // Taken out: whatever ends this before the rows are there leaves the journal to be read.
            let known = followed.take().filter(|known| known.next == from);
            let step = match known.and_then(|known| log.remembered(known, until)) {
                Some(step) => step,
                None => log.read_again(from).await?,
            };
            log.write_entries(&step.entries, step.next).await?;
            *followed = step.followed;
            if step.next == from {
                break;
            }
            from = step.next;
        }
        Ok(())
    }

    /// Indexes in the background until the end.
    pub async fn follow(&self, shutdown: &Shutdown) {
        loop {
            if let Err(fault) = self.catch_up().await {
                tracing::warn!(%fault, "indexing the message log");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = shutdown.wait() => return,
            }
            tokio::select! {
                () = self.0.journal.grown() => {}
                () = shutdown.wait() => return,
            }
        }
    }
}

impl Inner {
    async fn indexed_until(&self) -> Result<Place, Fault> {
        let row = self.store.query_opt("SELECT number, position FROM exchange_log_mark WHERE name = 'indexed'", &[]);
        let beginning = self.journal.beginning();
        let Some(row) = row.await? else { return Ok(beginning) };
        let unsigned = |column| u64::try_from(row.int(column)).unwrap_or(0);
        Ok(Place { segment: unsigned("number"), offset: unsigned("position") }.max(beginning))
    }

    /// Places of the records that the index does not know yet, and the hashes of their messages.
    pub(super) async fn behind_index(&self) -> Result<Vec<(Place, i64)>, Fault> {
        let (mut from, mut found) = (self.indexed_until().await?, Vec::new());
        loop {
            let (entries, next) = self.read_entries(from)?;
            found.extend(entries.into_iter().map(|entry| (entry.place, entry.message_hash)));
            if next == from {
                return Ok(found);
            }
            from = next;
        }
    }

    /// The next entries by what is remembered; none where the journal must be read.
    fn remembered(&self, known: Followed, until: Place) -> Option<Step> {
        let mut fresh = self.fresh();
        if fresh.overflowed || fresh.lost_groups != self.journal.lost_groups() {
            return None;
        }
        let (mut entries, mut next, mut next_number) = (Vec::<Entry>::new(), known.next, known.next_number);
        while entries.len() < STEP_MAX
            && let Some((entry, _)) = fresh.entries.front()
        {
            let place = self.journal.next_place(next);
            let segment = entries.first().map_or(place.segment, |first| first.place.segment);
            if entry.number != next_number || place >= until || place.segment != segment {
                break;
            }
            let (entry, bytes) = fresh.entries.pop_front()?;
            entries.push(Entry { place, ..entry });
            next = Place { offset: place.offset + bytes, ..place };
            next_number += 1;
        }
        let followed = Some(Followed { next, next_number });
        (!entries.is_empty()).then_some(Step { entries, next, followed })
    }

    /// The next entries as the journal has them. What is remembered begins anew where it is not to be trusted.
    async fn read_again(self: &Arc<Self>, from: Place) -> Result<Step, Fault> {
        {
            let (mut fresh, lost_groups) = (self.fresh(), self.journal.lost_groups());
            if fresh.overflowed || fresh.lost_groups != lost_groups {
                *fresh = Fresh { entries: VecDeque::new(), overflowed: false, lost_groups };
            }
        }
        let log = self.clone();
        let read = tokio::task::spawn_blocking(move || log.read_entries(from)).await;
        let (entries, next) = read.map_err(|cause| Fault::new("index the message log", cause))??;
        let followed = entries.last().map(|last| Followed { next, next_number: last.number + 1 });
        if let Some(followed) = followed {
            self.fresh().forget_before(followed.next_number);
        }
        Ok(Step { entries, next, followed })
    }

    fn fresh(&self) -> MutexGuard<'_, Fresh> {
        // Every change is complete before anything can panic.
        self.fresh.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Remembers a record that is being written, on the journal's thread.
    pub(super) fn remember(&self, entry: Entry, number: u64, at_us: i64, bytes: usize) {
        self.fresh().push(Entry { number, at_us, ..entry }, record_bytes(bytes));
    }

    fn read_entries(&self, from: Place) -> Result<(Vec<Entry>, Place), Fault> {
        let (records, next) = self.journal.read_from(from, READ_BYTES_MAX)?;
        Ok((records.iter().map(|record| self.entry(record)).collect::<Result<_, Fault>>()?, next))
    }

    fn entry(&self, record: &Record) -> Result<Entry, Fault> {
        let clear = frame::read(&record.bytes, &self.objects)?;
        Ok(Entry {
            number: record.number,
            place: record.place,
            at_us: clear.facts.at.as_microsecond(),
            ..Entry::prepared(&clear.entry, &clear.attachments, clear.facts.stamped)
        })
    }

    async fn write_entries(&self, entries: &[Entry], next: Place) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        let mut chunks = entries.chunks_exact(ROWS_MAX);
        for chunk in &mut chunks {
            tx.execute(&INSERT_MANY, &values(chunk)).await?;
        }
        for entry in chunks.remainder() {
            tx.execute(&INSERT_ONE, &values(std::slice::from_ref(entry))).await?;
        }
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            note_segment(&mut tx, first, last).await?;
        }
        tx.execute(
            "INSERT INTO exchange_log_mark (name, number, position) VALUES ('indexed', $1, $2)
             ON CONFLICT (name) DO UPDATE SET number = excluded.number, position = excluded.position",
            &args![signed(next.segment), signed(next.offset)],
        )
        .await?;
        tx.commit().await
    }
}

/// Entries that are read together are of one segment.
async fn note_segment(tx: &mut Tx, first: &Entry, last: &Entry) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO exchange_log_segment (segment, first_number, last_number, first_at, last_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (segment) DO UPDATE SET last_number = excluded.last_number, last_at = excluded.last_at",
        &args![signed(first.place.segment), signed(first.number), signed(last.number), first.at_us, last.at_us],
    )
    .await?;
    Ok(())
}

fn values(entries: &[Entry]) -> Vec<Value> {
    let mut values = Vec::with_capacity(entries.len() * COLUMNS);
    for entry in entries {
        values.extend(args![
            signed(entry.number),
            signed(entry.place.segment),
            signed(entry.place.offset),
            entry.at_us,
            entry.message_hash,
            &entry.client,
            &entry.subject,
            entry.leaf.clone(),
            entry.objects.clone(),
        ]);
    }
    values
}
