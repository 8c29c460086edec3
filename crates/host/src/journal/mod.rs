//! An append-only journal in files: records are numbered, written in groups that share one fsync, and never changed. What
//! `append` confirmed is found again after a power cut; a torn end is recognised by its checksum and left behind. The
//! folder belongs to one process. What a record means is the caller's matter.

mod disk;
mod segment;
mod writer;

pub use disk::{Disk, DiskFile, FolderDisk};
pub use segment::{RECORD_BYTES_MAX, record_bytes};

use base::Fault;
use segment::HEADER_BYTES;
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
};
use tokio::sync::{Notify, oneshot};
use writer::{Pending, Writer};

/// Appends that wait for their turn at most; more are refused, so that memory stays bounded when the disk is slow.
const QUEUE_MAX: usize = 8_192;
/// A segment that reached this size is closed.
pub const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub segment: u64,
    pub offset: u64,
}

/// A record as it was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub number: u64,
    pub place: Place,
    pub bytes: Vec<u8>,
}

/// A handle; the journal's thread ends with the last one.
pub struct Journal {
    folder: PathBuf,
    sender: SyncSender<Pending>,
    shared: Arc<Shared>,
    /// Held by the owning process as long as a handle lives.
    _lock: Option<Arc<File>>,
}

/// What writer and readers both know.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Read without the lock by every append.
    failed: AtomicBool,
    rotate: AtomicBool,
    grown: Notify,
}

struct State {
    /// End of every closed segment, by number; the open one is not here.
    closed: BTreeMap<u64, u64>,
    /// Everything before this place is durable.
    end: Place,
    next_number: u64,
    /// Why nothing is accepted at present.
    failure: Option<String>,
    /// How often a group of records could not be written: their numbers were used again.
    lost_groups: u64,
}

impl Shared {
    fn of(state: State) -> Shared {
        Shared {
            state: Mutex::new(state),
            failed: AtomicBool::new(false),
            rotate: AtomicBool::new(false),
            grown: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything can panic.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    /// The beginning of the segment that follows.
    fn after(&self, segment: u64) -> Place {
        let next = self.closed.range(segment + 1..).next().map_or(self.end.segment, |(next, _)| *next);
        Place { segment: next, offset: HEADER_BYTES }
    }
}

impl Journal {
    /// Opens the journal in `folder`, which is made at first use, and finds the end of what is durable.
    pub fn open(folder: &Path) -> Result<Journal, Fault> {
        Journal::open_on(folder, FolderDisk, SEGMENT_BYTES_MAX)
    }

    /// As `open`, writing through `disk`; for tests of a disk that fails.
    pub fn open_on(folder: &Path, disk: impl Disk, segment_bytes_max: u64) -> Result<Journal, Fault> {
        segment::make_folder(folder)?;
        let lock = segment::lock(folder)?;
        let shared = Arc::new(Shared::of(recover(folder, true)?));
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let writer = Writer::new(folder.to_owned(), Box::new(disk), shared.clone(), segment_bytes_max);
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|cause| Fault::new("start the journal", cause))?;
        Ok(Journal { folder: folder.to_owned(), sender, shared, _lock: Some(lock) })
    }

    /// Looks at a journal that another process may be writing: what is there now can be read, nothing is changed, and
    /// nothing can be appended. Records at the end may not be durable yet. A folder that is not there yet has no records.
    pub fn look(folder: &Path) -> Result<Journal, Fault> {
        let shared = Arc::new(Shared::of(recover(folder, false)?));
        // Nobody receives: every append is told so.
        let (sender, _) = sync_channel(0);
        Ok(Journal { folder: folder.to_owned(), sender, shared, _lock: None })
    }

    /// Writes one record: `write` is given its number and appends its bytes. Durable when this returns without a fault.
    pub async fn append(&self, write: impl FnOnce(u64, &mut Vec<u8>) + Send + 'static) -> Result<u64, Fault> {
        self.health()?;
        let (reply, outcome) = oneshot::channel();
        self.sender.try_send(Pending { write: Box::new(write), reply }).map_err(|error| match error {
            TrySendError::Full(_) => failed("too many records wait to be written"),
            TrySendError::Disconnected(_) => failed("the journal's thread has ended"),
        })?;
        outcome.await.map_err(|_| failed("the journal's thread has ended"))?.map_err(failed)
    }

    /// A fault while nothing can be written. The journal tries by itself whether the disk takes records again.
    pub fn health(&self) -> Result<(), Fault> {
        if !self.shared.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let cause = self.shared.state().failure.clone();
        cause.map_or(Ok(()), |cause| Err(failed(cause)))
    }

    /// The next record begins a new segment, so that the segments before can be removed when their time is over.
    pub fn rotate(&self) {
        self.shared.rotate.store(true, Ordering::Release);
    }

    /// Everything before this place is durable.
    pub fn end(&self) -> Place {
        self.shared.state().end
    }

    /// Where the oldest record is, or would be.
    pub fn beginning(&self) -> Place {
        let state = self.shared.state();
        let first = state.closed.keys().next().copied().unwrap_or(state.end.segment);
        Place { segment: first, offset: HEADER_BYTES }
    }

    /// How often a group of records could not be written since the journal was opened. Whoever follows the journal by what
    /// was handed to it, and not by reading, must then read.
    pub fn lost_groups(&self) -> u64 {
        self.shared.state().lost_groups
    }

    /// Where the record behind this place begins: behind the end of a closed segment it is the next one's.
    pub fn next_place(&self, place: Place) -> Place {
        let state = self.shared.state();
        match state.closed.get(&place.segment) {
            Some(end) if place.offset >= *end => state.after(place.segment),
            _ => place,
        }
    }

    /// Returns when something was appended since the last call, or at once if it was before.
    pub async fn grown(&self) {
        self.shared.grown.notified().await;
    }

    /// The records from `from` on, about `bytes_max` of them, and where to go on. Blocks on the disk.
    pub fn read_from(&self, from: Place, bytes_max: usize) -> Result<(Vec<Record>, Place), Fault> {
        let (end_of_segment, next) = {
            let state = self.shared.state();
            if from.segment == state.end.segment {
                (state.end.offset, state.end)
            } else {
                (state.closed.get(&from.segment).copied().unwrap_or(0), state.after(from.segment))
            }
        };
        if from.offset >= end_of_segment {
            return Ok((Vec::new(), next));
        }
        let scan = segment::scan(&self.path(from.segment), from, end_of_segment, bytes_max)?;
        if scan.torn {
            return Err(damaged(&self.path(from.segment), scan.end));
        }
        let next = if scan.end >= end_of_segment { next } else { Place { offset: scan.end, ..from } };
        Ok((scan.records, next))
    }

    /// The record at a place. Blocks on the disk.
    pub fn read(&self, place: Place) -> Result<Record, Fault> {
        let scan = segment::scan(&self.path(place.segment), place, u64::MAX, 1)?;
        scan.records.into_iter().next().ok_or_else(|| damaged(&self.path(place.segment), place.offset))
    }

    /// The segments that may be removed: all but the open one and the last of the closed ones, which hold the numbering.
    pub fn removable(&self) -> Vec<u64> {
        let state = self.shared.state();
        let mut closed: Vec<u64> = state.closed.keys().copied().collect();
        closed.pop();
        closed
    }

    /// Removes a closed segment. That it is gone already is no fault. The last one stays: it holds the numbering.
    pub fn remove(&self, segment: u64) -> Result<(), Fault> {
        let path = self.path(segment);
        {
            let mut state = self.shared.state();
            let last = state.closed.keys().next_back().copied();
            assert!(segment != state.end.segment && Some(segment) != last, "the newest segments stay");
            state.closed.remove(&segment);
        }
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(at(&path, &cause)),
            _ => segment::sync_folder(&self.folder),
        }
    }

    fn path(&self, segment: u64) -> PathBuf {
        segment::path(&self.folder, segment)
    }
}

/// Finds the ends of all segments: of a closed one it stands in its successor's header, of the last one it is looked for.
fn recover(folder: &Path, owned: bool) -> Result<State, Fault> {
    let mut numbers = segment::list(folder)?;
    let mut headers = BTreeMap::new();
    for (place, number) in numbers.iter().enumerate() {
        let path = segment::path(folder, *number);
        match segment::read_header(&path)? {
            Some(header) if header.segment == *number => {
                headers.insert(*number, header);
            }
            // A segment whose beginning is not complete was never written to: the process ended while making it.
            _ if place + 1 == numbers.len() && owned => {
                std::fs::remove_file(&path).map_err(|cause| at(&path, &cause))?;
            }
            _ if place + 1 == numbers.len() => {}
            _ => return Err(damaged(&path, 0)),
        }
    }
    numbers.retain(|number| headers.contains_key(number));
    let mut closed = BTreeMap::new();
    for pair in numbers.windows(2) {
        closed.insert(pair[0], headers[&pair[1]].previous_end);
    }
    let Some(last) = numbers.last() else {
        return Ok(State {
            closed,
            end: Place { segment: 0, offset: HEADER_BYTES },
            next_number: 1,
            failure: None,
            lost_groups: 0,
        });
    };
    let path = segment::path(folder, *last);
    let (end, records) = segment::find_end(&path, *last)?;
    if owned {
        // What was found is believed from now on, so it must outlive the machine: a process that was killed may have
        // written it and not synced. What stands behind it is torn, or room.
        segment::cut(&path, end)?;
    }
    // Nothing is ever written behind a torn end: the next record begins a segment of its own.
    closed.insert(*last, end);
    Ok(State {
        closed,
        end: Place { segment: last + 1, offset: HEADER_BYTES },
        next_number: headers[last].first_number + records,
        failure: None,
        lost_groups: 0,
    })
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("write to the journal", cause)
}

fn at(path: &Path, cause: &std::io::Error) -> Fault {
    Fault::new("use the journal", format!("{}: {cause}", path.display()))
}

fn damaged(path: &Path, offset: u64) -> Fault {
    Fault::new("read the journal", format!("{} is damaged at byte {offset}", path.display()))
}

#[cfg(test)]
mod tests;
