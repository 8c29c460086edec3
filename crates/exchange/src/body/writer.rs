//! Taking in a body piece by piece. What outgrows its memory is hashed and written in blocks on the blocking threads, one
//! block under way while the next is gathered, so that no async thread ever waits for a disk or a long digest. Pieces are
//! copied together: each is a view of the connection's buffer, which may be many times as large and would stay with it.

use super::{BLOCK_BYTES, BODY_MEMORY_BYTES_MAX, Body, Content, Kept, Spool, UNCOUNTED_BYTES_MAX, failed};
use base::Fault;
use bytes::Bytes;
use formats::{
    hashchain::{Digest, DigestAlgorithm},
    message::Digester,
};
use std::{fs::File, io::Write, sync::Arc};
use tokio::{sync::OwnedSemaphorePermit, task::JoinHandle};

pub struct BodyWriter {
    spool: Arc<Spool>,
    size_bytes: u64,
    held: Held,
}

enum Held {
    Memory { bytes: Gathered, place: Option<OwnedSemaphorePermit>, digesters: Vec<Digester> },
    File { block: Vec<u8>, work: Working },
}

/// A body that came in one piece stays that piece.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    /// Everything, once there was a second piece.
    all: Vec<u8>,
}

impl Gathered {
    fn add(&mut self, chunk: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = chunk;
            return;
        }
        let first = std::mem::take(&mut self.first);
        self.all.extend_from_slice(&first);
        self.all.extend_from_slice(&chunk);
    }

    fn finish(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.into() }
    }
}

/// File and digests, away on a blocking thread.
enum Working {
    Away(JoinHandle<std::io::Result<Work>>),
    /// A step failed; the body is lost.
    Lost,
}

struct Work {
    file: File,
    digesters: Vec<Digester>,
    /// The block that was written last, for the next but one.
    emptied: Vec<u8>,
}

impl Work {
    fn take(mut self, mut block: Vec<u8>) -> std::io::Result<Work> {
        self.digesters.iter_mut().for_each(|digester| digester.update(&block));
        self.file.write_all(&block)?;
        block.clear();
        self.emptied = block;
        Ok(self)
    }
}

impl BodyWriter {
    pub(super) fn new(spool: Arc<Spool>, also: Option<DigestAlgorithm>) -> Self {
        let also = also.filter(|algorithm| *algorithm != DigestAlgorithm::Sha512);
        let digesters = std::iter::once(DigestAlgorithm::Sha512).chain(also).map(Digester::new).collect();
        BodyWriter { spool, size_bytes: 0, held: Held::Memory { bytes: Gathered::default(), place: None, digesters } }
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub async fn write(&mut self, chunk: Bytes) -> Result<(), Fault> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.size_bytes += chunk.len() as u64;
        if let Held::Memory { bytes, place, digesters } = &mut self.held {
            if has_place(&self.spool, self.size_bytes, place) {
                digesters.iter_mut().for_each(|digester| digester.update(&chunk));
                bytes.add(chunk);
                return Ok(());
            }
            let (bytes, digesters) = (std::mem::take(bytes), std::mem::take(digesters));
            self.spill(bytes, digesters);
        }
        self.gather(&chunk).await
    }

    /// What was in memory goes to a file, already hashed; its share of the budget is given back.
    fn spill(&mut self, bytes: Gathered, digesters: Vec<Digester>) {
        let spool = self.spool.clone();
        let job = tokio::task::spawn_blocking(move || {
            let mut file = spool.file()?;
            file.write_all(&bytes.finish())?;
            Ok(Work { file, digesters, emptied: Vec::new() })
        });
        self.held = Held::File { block: Vec::new(), work: Working::Away(job) };
    }

    async fn gather(&mut self, mut chunk: &[u8]) -> Result<(), Fault> {
        let Held::File { block, work } = &mut self.held else { return Ok(()) };
        while !chunk.is_empty() {
            let (fits, rest) = chunk.split_at(chunk.len().min(BLOCK_BYTES - block.len()));
            block.reserve_exact(BLOCK_BYTES - block.len());
            block.extend_from_slice(fits);
            chunk = rest;
            if block.len() == BLOCK_BYTES {
                *block = hand_over(work, std::mem::take(block)).await?;
            }
        }
        Ok(())
    }

    /// The whole body, when its last piece was written.
    pub async fn finish(self) -> Result<Body, Fault> {
        let (content, digesters) = match self.held {
            Held::Memory { bytes, place, digesters } => {
                (Content::Memory { bytes: bytes.finish(), _share: place }, digesters)
            }
            Held::File { block, mut work } => {
                hand_over(&mut work, block).await?;
                let work = back(&mut work).await?;
                (Content::File(work.file), work.digesters)
            }
        };
        let digests: Vec<Digest> = digesters.into_iter().map(Digester::finish).collect();
        Ok(Body(Arc::new(Kept { content, size_bytes: self.size_bytes, digests })))
    }
}

/// Whether a body of this size may stay in memory; takes what it needs of the budget.
fn has_place(spool: &Spool, size_bytes: u64, place: &mut Option<OwnedSemaphorePermit>) -> bool {
    let size = usize::try_from(size_bytes).unwrap_or(usize::MAX);
    if size <= UNCOUNTED_BYTES_MAX {
        return true;
    }
    if size > BODY_MEMORY_BYTES_MAX {
        return false;
    }
    let reserved = place.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    if reserved >= size {
        return true;
    }
    // Doubling: a body of a hundred pieces does not ask a hundred times.
    let wanted = size.next_power_of_two().min(BODY_MEMORY_BYTES_MAX);
    let Some(more) = spool.reserve(wanted - reserved) else { return false };
    match place {
        Some(place) => place.merge(more),
        None => *place = Some(more),
    }
    true
}

/// Gives a block to the blocking threads once the one before is written; the emptied one comes back to be filled.
async fn hand_over(work: &mut Working, block: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let mut ready = back(work).await?;
    let emptied = std::mem::take(&mut ready.emptied);
    *work = Working::Away(tokio::task::spawn_blocking(move || ready.take(block)));
    Ok(emptied)
}

async fn back(work: &mut Working) -> Result<Work, Fault> {
    match std::mem::replace(work, Working::Lost) {
        Working::Away(job) => job.await.map_err(failed)?.map_err(failed),
        Working::Lost => Err(failed("an earlier write failed")),
    }
}
