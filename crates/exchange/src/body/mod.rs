//! Bytes of one part of a message that may be large: a REST body, an attachment. In memory while the server's budget lasts,
//! else in an unlinked temporary file; hashed while they arrive; cheap to hand on. Nothing here knows a protocol.

mod reader;
mod writer;

pub use reader::{BodyReader, Chunks};
pub use writer::BodyWriter;

use base::{Chance, Fault, SystemChance};
use bytes::Bytes;
use formats::hashchain::{Digest, DigestAlgorithm};
use std::{fmt, fs::File, path::PathBuf, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of one body stays in memory; the rest of a longer one goes to a file, and its beginning with it.
pub const BODY_MEMORY_BYTES_MAX: usize = 1024 * 1024;
/// Bodies of all exchanges together, unless the server is told otherwise.
pub const MEMORY_BUDGET_BYTES: usize = 32 * 1024 * 1024;
/// What is written to and read from a file at once.
const BLOCK_BYTES: usize = 256 * 1024;
/// Bodies up to this size are not counted: counting would cost more than they do.
const UNCOUNTED_BYTES_MAX: usize = 16 * 1024;

/// A finished body.
#[derive(Clone)]
pub struct Body(Arc<Kept>);

struct Kept {
    content: Content,
    size_bytes: u64,
    digests: Vec<Digest>,
}

enum Content {
    /// With its share of the budget, which comes back when the body ends.
    Memory {
        bytes: Bytes,
        _share: Option<OwnedSemaphorePermit>,
    },
    File(File),
}

impl Body {
    /// Of bytes that are in memory anyway; they count against no budget.
    pub fn of(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        let digests = vec![Digest::sha512(&bytes)];
        Body(Arc::new(Kept {
            size_bytes: bytes.len() as u64,
            content: Content::Memory { bytes, _share: None },
            digests,
        }))
    }

    pub fn size_bytes(&self) -> u64 {
        self.0.size_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.0.size_bytes == 0
    }

    /// SHA-512 is always known; others when they were asked for before the body came.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<&Digest> {
        self.0.digests.iter().find(|digest| digest.algorithm == algorithm)
    }

    pub fn sha512(&self) -> &Digest {
        self.digest(DigestAlgorithm::Sha512).expect("every body is made with it")
    }

    /// The bytes, if they are in memory.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.0.content {
            Content::Memory { bytes, .. } => Some(bytes),
            Content::File(_) => None,
        }
    }

    /// Piece by piece, for async readers. Any number of readers may read at once.
    pub fn chunks(&self) -> Chunks {
        Chunks::new(self.clone())
    }

    /// From the beginning, for readers that may block.
    pub fn reader(&self) -> BodyReader {
        BodyReader::new(self.clone())
    }

    /// All of it, when it is not longer than `size_bytes_max`.
    pub async fn read_all(&self, size_bytes_max: usize) -> Result<Bytes, Fault> {
        if let Some(bytes) = self.in_memory().filter(|bytes| bytes.len() <= size_bytes_max) {
            return Ok(bytes.clone());
        }
        if self.size_bytes() > size_bytes_max as u64 {
            return Err(Fault::new("read a message body", "it is longer than is read at once"));
        }
        let (mut all, mut chunks) = (Vec::new(), self.chunks());
        while let Some(chunk) = chunks.next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }
}

impl fmt::Debug for Body {
    /// Content is never shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.in_memory().is_some() { "memory" } else { "file" };
        write!(out, "Body({} bytes in {place})", self.size_bytes())
    }
}

/// Where bodies of a server are kept: the memory that they share, and the folder for those that find no place in it.
pub struct Spool {
    budget: Arc<Semaphore>,
    folder: PathBuf,
}

impl Spool {
    pub fn new(memory_bytes: usize, folder: PathBuf) -> Arc<Spool> {
        Arc::new(Spool { budget: Arc::new(Semaphore::new(memory_bytes.min(Semaphore::MAX_PERMITS))), folder })
    }

    /// A body to be written, hashed with SHA-512 and with `also`.
    pub fn writer(self: &Arc<Self>, also: Option<DigestAlgorithm>) -> BodyWriter {
        BodyWriter::new(self.clone(), also)
    }

    /// What is left of the memory, in bytes.
    pub fn memory_left_bytes(&self) -> usize {
        self.budget.available_permits()
    }

    fn reserve(&self, size_bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.budget.clone().try_acquire_many_owned(u32::try_from(size_bytes).ok()?).ok()
    }

    /// A file without a name: it ends with its last reader, whatever ends the process.
    fn file(&self) -> std::io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.folder.join(format!("body-{}", SystemChance.hex(16)));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::passing("keep a message body", cause)
}

#[cfg(test)]
mod tests;
