//! The journal's thread: takes what waits, writes it at once, syncs once, answers everybody. After a failed write or sync
//! the file is never used again, because nobody knows what reached the disk; a new segment is tried until one can be made.

use super::{
    Place, Shared,
    disk::{Disk, DiskFile},
    segment::{self, HEADER_BYTES, Header},
};
use std::{
    io::Result,
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// Records that share one sync at most, and their bytes: above, the first ones would wait too long.
const GROUP_MAX: usize = 1_024;
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The buffer keeps this much between groups.
const BUFFER_BYTES: usize = 1024 * 1024;
/// How often a failed disk is tried again.
const RETRY: Duration = Duration::from_secs(1);
type Write = Box<dyn FnOnce(u64, &mut Vec<u8>) + Send>;

/// A record that waits for its turn.
pub(super) struct Pending {
    pub write: Write,
    pub reply: oneshot::Sender<std::result::Result<u64, String>>,
}

pub(super) struct Writer {
    folder: PathBuf,
    disk: Box<dyn Disk>,
    shared: Arc<Shared>,
    segment_bytes_max: u64,
    /// The open segment, and where its next record goes.
    open: Option<(Box<dyn DiskFile>, Place)>,
    next_number: u64,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, disk: Box<dyn Disk>, shared: Arc<Shared>, segment_bytes_max: u64) -> Writer {
        let next_number = shared.state().next_number;
        Writer { folder, disk, shared, segment_bytes_max, open: None, next_number, buffer: Vec::new() }
    }

    pub(super) fn run(mut self, receiver: &Receiver<Pending>) {
        let mut group = Vec::new();
        loop {
            match receiver.recv_timeout(RETRY) {
                Ok(first) => {
                    group.push(first);
                    // On a busy machine whoever is about to append gets its turn first, and shares the sync; on an idle one
                    // this returns at once.
                    std::thread::yield_now();
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.try_again();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let _last = self.close();
                    return;
                }
            }
            self.serve(receiver, &mut group);
        }
    }

    fn serve(&mut self, receiver: &Receiver<Pending>, group: &mut Vec<Pending>) {
        if self.shared.failed.load(Ordering::Acquire) {
            let cause = self.shared.state().failure.clone().unwrap_or_default();
            return answer(group.drain(..).map(|pending| pending.reply).collect(), &Err(cause));
        }
        let first = self.next_number;
        let mut replies = Vec::new();
        let mut next = group.pop();
        while let Some(pending) = next {
            segment::write_record(&mut self.buffer, self.next_number, pending.write);
            self.next_number += 1;
            replies.push(pending.reply);
            let full = replies.len() >= GROUP_MAX || self.buffer.len() >= GROUP_BYTES_MAX;
            next = if full { None } else { receiver.try_recv().ok() };
        }
        let outcome = self.store(first).map_err(|cause| cause.to_string());
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES);
        if let Err(cause) = &outcome {
            self.fail(first, cause);
        }
        answer(replies, &outcome.map(|()| first));
    }

    /// Makes the buffer durable.
    fn store(&mut self, first: u64) -> Result<()> {
        let full = self.open.as_ref().is_none_or(|(_, end)| end.offset >= self.segment_bytes_max);
        if self.shared.rotate.swap(false, Ordering::AcqRel) || full {
            self.begin_segment(first)?;
        }
        let (file, end) = self.open.as_mut().expect("opened above");
        file.append(&self.buffer)?;
        file.sync()?;
        end.offset += self.buffer.len() as u64;
        let mut state = self.shared.state();
        state.end = *end;
        state.next_number = self.next_number;
        drop(state);
        self.shared.grown.notify_one();
        Ok(())
    }

    /// Header, file and folder are durable before the first record.
    fn begin_segment(&mut self, first_number: u64) -> Result<()> {
        let (segment, previous_end) = {
            let state = self.shared.state();
            let previous = state.closed.iter().next_back().map_or(HEADER_BYTES, |(_, end)| *end);
            match &self.open {
                Some((_, end)) => (end.segment + 1, end.offset),
                None => (state.end.segment, previous),
            }
        };
        let path = segment::path(&self.folder, segment);
        let made = || -> Result<Box<dyn DiskFile>> {
            let mut file = self.disk.create(&path)?;
            file.append(&Header { segment, first_number, previous_end }.encode())?;
            file.sync()?;
            segment::sync_folder(&self.folder).map_err(std::io::Error::other)?;
            Ok(file)
        };
        let file = made().inspect_err(|_| {
            // A segment without a whole header is removed at the next start, if it cannot be removed now.
            let _left = std::fs::remove_file(&path);
        })?;
        let closed = self.close();
        let end = Place { segment, offset: HEADER_BYTES };
        let mut state = self.shared.state();
        state.closed.extend(closed);
        state.end = end;
        drop(state);
        self.open = Some((file, end));
        Ok(())
    }

    /// Closes the open segment, if there is one, where it is durable. Returns its number and that end.
    fn close(&mut self) -> Option<(u64, u64)> {
        let (mut file, end) = self.open.take()?;
        // Best effort: the next segment's header says where this one ends, whatever stands behind.
        let _rest = file.truncate(end.offset);
        Some((end.segment, end.offset))
    }

    /// Accepts nothing more.
    fn fail(&mut self, first: u64, cause: &str) {
        tracing::error!(cause, "the journal cannot be written and accepts no records");
        self.next_number = first;
        let closed = self.close();
        let mut state = self.shared.state();
        state.failure = Some(cause.to_owned());
        state.lost_groups += 1;
        if let Some((segment, end)) = closed {
            state.closed.insert(segment, end);
            state.end = Place { segment: segment + 1, offset: HEADER_BYTES };
        }
        drop(state);
        self.shared.failed.store(true, Ordering::Release);
    }

    /// Whether a failed disk takes records again: whether a new segment can be made, which has some room from the beginning.
    fn try_again(&mut self) {
        if !self.shared.failed.load(Ordering::Acquire) {
            return;
        }
        let tried = self.begin_segment(self.next_number);
        if let Err(cause) = tried {
            tracing::warn!(%cause, "the journal cannot be written yet");
            self.give_up();
            return;
        }
        tracing::info!("the journal is written again");
        self.shared.state().failure = None;
        self.shared.failed.store(false, Ordering::Release);
    }
}

impl Writer {
    /// The segment that was begun takes no records. Not one is in it: its number is used again, if it can be removed.
    fn give_up(&mut self) {
        let Some((file, end)) = self.open.take() else { return };
        drop(file);
        let removed = std::fs::remove_file(segment::path(&self.folder, end.segment)).is_ok();
        let mut state = self.shared.state();
        if removed {
            state.end = end;
        } else {
            state.closed.insert(end.segment, HEADER_BYTES);
            state.end = Place { segment: end.segment + 1, offset: HEADER_BYTES };
        }
    }
}

/// Numbers in the order of the group. A caller that went away no longer asks.
fn answer(replies: Vec<oneshot::Sender<std::result::Result<u64, String>>>, outcome: &std::result::Result<u64, String>) {
    for (place, reply) in (0..).zip(replies) {
        let _gone = reply.send(outcome.clone().map(|first| first + place));
    }
}
