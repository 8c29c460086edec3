//! The message log: every request and answer as it was signed, durable before anything else happens with it, on both
//! sides. Records lie in a journal (`host::journal`) and are never changed; an index in the store follows it and says what
//! is where. Time-stamps come in batches later (`stamp`); what leaves the server leaves as a container (`archive`).

mod entry;
mod frame;
mod index;
mod keeping;
mod keys;
mod object;
mod policy;
mod query;
mod schema;
mod sealed;
mod stamp;

pub use entry::{Attachment, Direction, LogEntry, LogFilter, LogRecord, Stamp};
pub(crate) use keys::{LogKey, LogKeys};
pub use object::Kept;
pub use policy::{ArchiveRecipient, Grouping, LogPolicy, MESSAGE_BODY_BYTES_MAX, Mode, OverLimit, Override, Stamping};
pub(crate) use query::place_of;
pub(crate) use schema::MIGRATIONS;
pub(crate) use sealed::is_sealed_archive;
pub use stamp::{Authority, STAMP_BATCH_MAX, stamp_at_once};

use base::{Chance, Clock, Fault, Timestamp};
use frame::Facts;
use host::{
    args,
    blobs::Blobs,
    journal::Journal,
    keys::KeyDir,
    store::{Row, Store, Tx, Value},
};
use index::{Entry, Followed, Fresh};
use object::Objects;
use stamp::StampTree;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

const LOG_KEY_BYTES: usize = 32;

/// What a log is made of.
pub struct LogParts {
    /// Journal, objects and archives are kept here.
    pub folder: PathBuf,
    /// The keys of the server.
    pub keys: PathBuf,
    pub store: Store,
    pub policy: LogPolicy,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
}

/// The log of one server; cloning shares it.
#[derive(Clone)]
pub struct MessageLog(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    journal: Journal,
    /// The log is another process's: its index is read and not written.
    looks: bool,
    store: Store,
    policy: LogPolicy,
    objects: Arc<Objects>,
    archives: Blobs,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    /// One at a time brings the index up to date.
    indexing: tokio::sync::Mutex<Option<Followed>>,
    /// What was appended and is not indexed yet.
    fresh: Mutex<Fresh>,
    /// One at a time gets time-stamps.
    stamping: tokio::sync::Mutex<()>,
    last_stamp: Mutex<Option<Arc<StampTree>>>,
    /// One at a time archives and clears away.
    keeping: tokio::sync::Mutex<()>,
    /// The time of the newest record: times never go back, whatever the clock does.
    latest_us: AtomicI64,
    /// When the oldest record without a time-stamp was written; `i64::MAX` when there is none.
    oldest_unstamped_us: AtomicI64,
    /// The last attempt to get time-stamps failed.
    stamping_fails: AtomicBool,
    /// The last attempt to archive failed.
    archiving_fails: AtomicBool,
}

impl MessageLog {
    /// Opens the log; what an earlier process left is found and indexed.
    pub async fn open(parts: LogParts) -> Result<MessageLog, Fault> {
        let keys = if parts.policy.encrypted {
            let folder = KeyDir::open(&parts.keys)?;
            Some(Arc::new(LogKeys::open(folder, &*parts.clock, parts.chance.clone())?))
        } else {
            None
        };
        let journal = Journal::open(&parts.folder.join("journal"))?;
        let log = MessageLog::over(journal, keys, parts, false)?;
        log.note_oldest().await?;
        Ok(log)
    }

    /// Looks into the log of a server that another process runs. Nothing is changed; what is logged afterwards is not seen.
    pub fn look(parts: LogParts) -> Result<MessageLog, Fault> {
        let keys = Arc::new(LogKeys::read(KeyDir::open(&parts.keys)?, parts.chance.clone())?);
        let journal = Journal::look(&parts.folder.join("journal"))?;
        MessageLog::over(journal, Some(keys), parts, true)
    }

    fn over(journal: Journal, keys: Option<Arc<LogKeys>>, parts: LogParts, looks: bool) -> Result<MessageLog, Fault> {
        let blobs = Blobs::open(&parts.folder.join("objects"))?;
        let archives = Blobs::open(&parts.folder.join("archive"))?;
        Ok(MessageLog(Arc::new(Inner {
            folder: parts.folder,
            journal,
            looks,
            objects: Arc::new(Objects { blobs, keys }),
            archives,
            store: parts.store,
            policy: parts.policy,
            clock: parts.clock,
            chance: parts.chance,
            indexing: tokio::sync::Mutex::default(),
            fresh: Mutex::default(),
            stamping: tokio::sync::Mutex::default(),
            last_stamp: Mutex::default(),
            keeping: tokio::sync::Mutex::default(),
            latest_us: AtomicI64::new(0),
            oldest_unstamped_us: AtomicI64::new(i64::MAX),
            stamping_fails: AtomicBool::new(false),
            archiving_fails: AtomicBool::new(false),
        })))
    }

    pub fn policy(&self) -> &LogPolicy {
        &self.0.policy
    }

    /// Whether messages can be written at present.
    pub fn health(&self) -> Result<(), Fault> {
        self.0.journal.health()
    }

    /// The next record begins a new segment of the journal.
    pub fn begin_segment(&self) {
        self.0.journal.rotate();
    }

    /// Begins to use a new key if the present one has served its days.
    pub fn renew_key(&self) -> Result<bool, Fault> {
        let log = &self.0;
        let keys = log.objects.keys.as_ref();
        keys.map_or(Ok(false), |keys| keys.renew(log.clock.now(), log.policy.key_days))
    }

    /// Logs a message, as much of it as the policy says. Durable when this returns.
    pub async fn append(&self, mut entry: LogEntry) -> Result<(), Fault> {
        let log = &self.0;
        log.journal.health()?;
        let mode = log.policy.mode_of(&entry.provider);
        match mode {
            Mode::None => return Ok(()),
            Mode::Metadata => policy::reduce(&mut entry),
            Mode::Full => {}
        }
        let (mut kept, mut truncated) = (Vec::with_capacity(entry.attachments.len()), false);
        for attachment in entry.attachments.drain(..) {
            let size_bytes = log.policy.limit(attachment.body.size_bytes())?;
            truncated |= size_bytes < attachment.body.size_bytes();
            kept.push(log.objects.keep(&attachment.body, size_bytes, &*log.chance).await?);
        }
        let stamped = log.policy.time_stamps == Stamping::Immediate;
        let (key, now) = (log.objects.keys.as_ref().map(|keys| keys.current()), log.clock.now());
        let (shared, indexed) = (self.0.clone(), Entry::prepared(&entry, &kept, stamped));
        let write = move |number: u64, out: &mut Vec<u8>| {
            let start = out.len();
            let at = shared.latest_us.fetch_max(now.as_microsecond(), Ordering::SeqCst).max(now.as_microsecond());
            let facts = Facts { at: base::clock::from_micros(at), mode, truncated, stamped };
            frame::write(out, number, facts, &entry, &kept, key.as_deref());
            shared.remember(indexed, number, at, out.len() - start);
        };
        log.journal.append(write).await?;
        if !stamped {
            // The first record after everything was stamped begins the wait.
            log.oldest_unstamped_us.fetch_min(now.as_microsecond(), Ordering::SeqCst);
        }
        Ok(())
    }

    /// When the oldest record without a time-stamp was written.
    pub fn oldest_unstamped(&self) -> Option<Timestamp> {
        let oldest = self.0.oldest_unstamped_us.load(Ordering::SeqCst);
        (oldest != i64::MAX).then(|| base::clock::from_micros(oldest))
    }

    /// Whether time-stamps could not be had the last time, and the oldest record waits for longer than `period_s`.
    pub fn waits_too_long(&self, period_s: i64) -> bool {
        let waits_s = self.oldest_unstamped().map_or(0, |at| self.0.clock.now().as_second() - at.as_second());
        period_s > 0 && self.0.stamping_fails.load(Ordering::SeqCst) && waits_s > period_s
    }
}

/// For the archive.
impl MessageLog {
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn archives(&self) -> &Blobs {
        &self.0.archives
    }

    /// The key under which something is sealed now; none when the log is not encrypted.
    pub(crate) fn current_key(&self) -> Option<Arc<LogKey>> {
        self.0.objects.keys.as_ref().map(|keys| keys.current())
    }

    /// Whether the last attempt to archive failed: nothing is lost, and nothing is cleared away until one succeeds.
    pub fn archiving_fails(&self) -> bool {
        self.0.archiving_fails.load(Ordering::SeqCst)
    }

    pub(crate) fn note_archiving(&self, fails: bool) {
        self.0.archiving_fails.store(fails, Ordering::SeqCst);
    }

    /// Where large things may be put together.
    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    pub(crate) fn keeping(&self) -> &tokio::sync::Mutex<()> {
        &self.0.keeping
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl MessageLog {
    pub(crate) async fn rows(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        self.0.store.query(sql, args).await
    }

    /// How far some work on the log came, as the number of a record; 0 at the beginning.
    pub(crate) async fn mark(&self, name: &str) -> Result<i64, Fault> {
        let rows = self.rows("SELECT number FROM exchange_log_mark WHERE name = $1", &args![name]).await?;
        Ok(rows.first().map_or(0, |row| row.int("number")))
    }

    pub(crate) async fn set_mark(&self, name: &str, number: i64) -> Result<(), Fault> {
        let mut tx = self.0.store.begin().await?;
        set_mark(&mut tx, name, number).await?;
        tx.commit().await
    }
}

async fn set_mark(tx: &mut Tx, name: &str, number: i64) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO exchange_log_mark (name, number, position) VALUES ($1, $2, 0)
         ON CONFLICT (name) DO UPDATE SET number = excluded.number",
        &args![name, number],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
