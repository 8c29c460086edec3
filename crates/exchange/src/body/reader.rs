//! Reading a finished body: async in chunks with one block read ahead, or blocking.

use super::{BLOCK_BYTES, Body, Content, failed};
use base::Fault;
use bytes::Bytes;
use std::{
    io::{Read, Result},
    os::unix::fs::FileExt,
};
use tokio::task::JoinHandle;

/// The pieces of a body in order.
pub struct Chunks {
    body: Body,
    at: u64,
    ahead: Option<JoinHandle<Result<Vec<u8>>>>,
}

impl Chunks {
    pub(super) fn new(body: Body) -> Self {
        Chunks { body, at: 0, ahead: None }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> std::result::Result<Option<Bytes>, Fault> {
        if self.at >= self.body.size_bytes() {
            return Ok(None);
        }
        if let Content::Memory { bytes, .. } = &self.body.0.content {
            self.at = self.body.size_bytes();
            return Ok(Some(bytes.clone()));
        }
        let job = match self.ahead.take() {
            Some(job) => job,
            None => self.start(self.at),
        };
        let block = job.await.map_err(failed)?.map_err(failed)?;
        self.at += block.len() as u64;
        if self.at < self.body.size_bytes() {
            self.ahead = Some(self.start(self.at));
        }
        Ok(Some(block.into()))
    }

    fn start(&self, at: u64) -> JoinHandle<Result<Vec<u8>>> {
        let body = self.body.clone();
        tokio::task::spawn_blocking(move || read_block(&body, at))
    }
}

fn read_block(body: &Body, at: u64) -> Result<Vec<u8>> {
    let left = usize::try_from(body.size_bytes().saturating_sub(at)).unwrap_or(usize::MAX);
    let mut block = vec![0; left.min(BLOCK_BYTES)];
    match &body.0.content {
        Content::Memory { bytes, .. } => {
            let rest = &bytes[usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len())..];
            let count = rest.len().min(block.len());
            block[..count].copy_from_slice(&rest[..count]);
        }
        Content::File(file) => file.read_exact_at(&mut block, at)?,
    }
    Ok(block)
}

/// A body as `std::io::Read`.
pub struct BodyReader {
    body: Body,
    at: u64,
}

impl BodyReader {
    pub(super) fn new(body: Body) -> Self {
        BodyReader { body, at: 0 }
    }
}

impl Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = match &self.body.0.content {
            Content::Memory { bytes, .. } => {
                let rest = &bytes[usize::try_from(self.at).unwrap_or(usize::MAX).min(bytes.len())..];
                let count = rest.len().min(into.len());
                into[..count].copy_from_slice(&rest[..count]);
                count
            }
            Content::File(file) => file.read_at(into, self.at)?,
        };
        self.at += count as u64;
        Ok(count)
    }
}
