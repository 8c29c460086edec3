//! The index follows the journal: a row a record, written many at a time, behind the exchange and not in its way. The mark
//! says how far it came and is moved in the same transaction, so that a crash repeats nothing and leaves nothing out.

use super::{Inner, MessageLog, frame};
use base::Fault;
use formats::hashchain::DigestAlgorithm;
use formats::verify::sha256;
use host::{
    args,
    http::Shutdown,
    journal::{Place, Record},
    store::{Tx, Value},
};
use std::{sync::LazyLock, time::Duration};

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
struct Entry {
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
        let _turn = log.indexing.lock().await;
        let mut from = log.indexed_until().await?;
        while from < until {
            let reading = self.0.clone();
            let read = tokio::task::spawn_blocking(move || reading.read_entries(from)).await;
            let (entries, next) = read.map_err(|cause| Fault::new("index the message log", cause))??;
            log.write_entries(&entries, next).await?;
            if next == from {
                break;
            }
            from = next;
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

    fn read_entries(&self, from: Place) -> Result<(Vec<Entry>, Place), Fault> {
        let (records, next) = self.journal.read_from(from, READ_BYTES_MAX)?;
        Ok((records.iter().map(|record| self.entry(record)).collect::<Result<_, Fault>>()?, next))
    }

    fn entry(&self, record: &Record) -> Result<Entry, Fault> {
        let clear = frame::read(&record.bytes, &self.objects)?;
        let objects: Vec<&str> = clear.object_names().collect();
        Ok(Entry {
            number: record.number,
            place: record.place,
            at_us: clear.facts.at.as_microsecond(),
            message_hash: message_hash(&clear.entry.message_id),
            leaf: (!clear.facts.stamped).then(|| DigestAlgorithm::Sha512.digest(&clear.entry.signature)),
            objects: (!objects.is_empty()).then(|| objects.join(" ")),
            subject: clear.entry.subject(),
            client: clear.entry.client,
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
