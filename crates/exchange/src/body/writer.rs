//! Taking in a body piece by piece. What outgrows its memory is hashed and written in blocks on the blocking threads, one
//! block under way while the next is gathered, so that no async thread ever waits for a disk or a long digest.

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
    Memory { chunks: Vec<Bytes>, place: Option<OwnedSemaphorePermit>, digesters: Vec<Digester> },
    File { gathered: Vec<Bytes>, gathered_bytes: usize, work: Working },
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
}

impl Work {
    fn take(mut self, chunks: Vec<Bytes>) -> std::io::Result<Work> {
        for chunk in chunks {
            self.digesters.iter_mut().for_each(|digester| digester.update(&chunk));
            self.file.write_all(&chunk)?;
        }
        Ok(self)
    }
}

impl BodyWriter {
    pub(super) fn new(spool: Arc<Spool>, also: Option<DigestAlgorithm>) -> Self {
        let also = also.filter(|algorithm| *algorithm != DigestAlgorithm::Sha512);
        let digesters = std::iter::once(DigestAlgorithm::Sha512).chain(also).map(Digester::new).collect();
        BodyWriter { spool, size_bytes: 0, held: Held::Memory { chunks: Vec::new(), place: None, digesters } }
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub async fn write(&mut self, chunk: Bytes) -> Result<(), Fault> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.size_bytes += chunk.len() as u64;
        if let Held::Memory { chunks, place, digesters } = &mut self.held {
            if has_place(&self.spool, self.size_bytes, place) {
                digesters.iter_mut().for_each(|digester| digester.update(&chunk));
                chunks.push(chunk);
                return Ok(());
            }
            let (chunks, digesters) = (std::mem::take(chunks), std::mem::take(digesters));
            self.spill(chunks, digesters);
        }
        self.gather(chunk).await
    }

    /// What was in memory goes to a file, already hashed; its share of the budget is given back.
    fn spill(&mut self, chunks: Vec<Bytes>, digesters: Vec<Digester>) {
        let spool = self.spool.clone();
        let job = tokio::task::spawn_blocking(move || {
            let mut file = spool.file()?;
            chunks.iter().try_for_each(|chunk| file.write_all(chunk))?;
            Ok(Work { file, digesters })
        });
        self.held = Held::File { gathered: Vec::new(), gathered_bytes: 0, work: Working::Away(job) };
    }

    async fn gather(&mut self, chunk: Bytes) -> Result<(), Fault> {
        let Held::File { gathered, gathered_bytes, work } = &mut self.held else { return Ok(()) };
        *gathered_bytes += chunk.len();
        gathered.push(chunk);
        if *gathered_bytes >= BLOCK_BYTES {
            *gathered_bytes = 0;
            hand_over(work, std::mem::take(gathered)).await?;
        }
        Ok(())
    }

    /// The whole body, when its last piece was written.
    pub async fn finish(self) -> Result<Body, Fault> {
        let (content, digesters) = match self.held {
            Held::Memory { chunks, place, digesters } => {
                (Content::Memory { bytes: joined(chunks), _share: place }, digesters)
            }
            Held::File { gathered, mut work, .. } => {
                hand_over(&mut work, gathered).await?;
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

fn joined(mut chunks: Vec<Bytes>) -> Bytes {
    match chunks.len() {
        0 => Bytes::new(),
        1 => chunks.remove(0),
        _ => chunks.concat().into(),
    }
}

async fn hand_over(work: &mut Working, chunks: Vec<Bytes>) -> Result<(), Fault> {
    let ready = back(work).await?;
    *work = Working::Away(tokio::task::spawn_blocking(move || ready.take(chunks)));
    Ok(())
}

async fn back(work: &mut Working) -> Result<Work, Fault> {
    match std::mem::replace(work, Working::Lost) {
        Working::Away(job) => job.await.map_err(failed)?.map_err(failed),
        Working::Lost => Err(failed("an earlier write failed")),
    }
}
