//! Streams of bytes sealed in pieces: attachments kept as objects, and whole archives, which bring a head that says under
//! which key they lie.

use super::keys::{LogKey, LogKeys, ObjectKey, SALT_BYTES};
use base::Fault;
use std::io::{Error, Read, Result as IoResult, Write};

const PIECE_BYTES: usize = 256 * 1024;
const TAG_BYTES: usize = 16;
/// How a sealed archive begins; behind it number of the key, salt and size of the plain bytes, numbers in little endian.
const MAGIC: &[u8] = b"pencere sealed archive 1\n";
const HEAD_BYTES: usize = MAGIC.len() + 4 + SALT_BYTES + 8;

fn piece_bytes(left_bytes: u64) -> usize {
    usize::try_from(left_bytes).unwrap_or(usize::MAX).min(PIECE_BYTES)
}

/// Writes so many bytes of `source`, sealed if there is a key for it.
pub(super) fn write_pieces(
    mut sealing: Option<ObjectKey>,
    source: &mut dyn Read,
    mut left_bytes: u64,
    out: &mut dyn Write,
) -> IoResult<()> {
    while left_bytes > 0 {
        let mut piece = vec![0; piece_bytes(left_bytes)];
        source.read_exact(&mut piece)?;
        left_bytes -= piece.len() as u64;
        if let Some(sealing) = &mut sealing {
            sealing.seal(&mut piece, left_bytes == 0);
        }
        out.write_all(&piece)?;
    }
    Ok(())
}

/// What was sealed, as its plain bytes. A piece is given out only after it was opened whole.
pub(super) struct Opened<R> {
    source: R,
    key: ObjectKey,
    left_bytes: u64,
    piece: Vec<u8>,
    at: usize,
}

impl<R: Read> Opened<R> {
    pub(super) fn new(source: R, key: ObjectKey, size_bytes: u64) -> Self {
        Opened { source, key, left_bytes: size_bytes, piece: Vec::new(), at: 0 }
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, into: &mut [u8]) -> IoResult<usize> {
        if self.at == self.piece.len() && self.left_bytes > 0 {
            let size = piece_bytes(self.left_bytes);
            self.piece.resize(size + TAG_BYTES, 0);
            self.source.read_exact(&mut self.piece)?;
            self.left_bytes -= size as u64;
            self.key.open(&mut self.piece, self.left_bytes == 0).map_err(Error::other)?;
            self.at = 0;
        }
        let count = into.len().min(self.piece.len() - self.at);
        into[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl LogKey {
    /// Writes an archive of so many bytes under this key.
    pub(crate) fn seal_archive(&self, source: &mut dyn Read, size_bytes: u64, out: &mut dyn Write) -> IoResult<()> {
        let salt = self.salt();
        let number = self.number.to_le_bytes();
        out.write_all(&[MAGIC, &number, &salt, &size_bytes.to_le_bytes()].concat())?;
        write_pieces(Some(self.of_archive(&salt)), source, size_bytes, out)
    }
}

/// Whether a file begins as a sealed archive does.
pub fn is_sealed_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl LogKeys {
    /// The plain bytes of a sealed archive, if it lies under one of these keys.
    pub(crate) fn open_archive<R: Read>(&self, mut sealed: R) -> Result<impl Read, Fault> {
        let failed = |cause: &dyn std::fmt::Display| Fault::new("open a sealed archive", cause);
        let mut head = [0; HEAD_BYTES];
        sealed.read_exact(&mut head).map_err(|cause| failed(&cause))?;
        let Some(rest) = head.strip_prefix(MAGIC) else { return Err(failed(&"the file is none")) };
        let (number, rest) = rest.split_at(4);
        let (salt, size_bytes) = rest.split_at(SALT_BYTES);
        let number = u32::from_le_bytes(number.try_into().expect("four bytes"));
        let size_bytes = u64::from_le_bytes(size_bytes.try_into().expect("eight bytes"));
        if size_bytes == 0 {
            return Err(failed(&"nothing is in it"));
        }
        let key = self.of(number)?.of_archive(salt);
        Ok(Opened::new(sealed, key, size_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{ManualClock, SystemChance, clock::from_micros};
    use host::{keys::KeyDir, testing::TempDir};
    use std::sync::Arc;

    fn keys(dir: &TempDir) -> LogKeys {
        let folder = KeyDir::open(&dir.path().join("keys")).expect("a folder");
        LogKeys::open(folder, &ManualClock::at(from_micros(1)), Arc::new(SystemChance)).expect("keys")
    }

    fn sealed(keys: &LogKeys, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        keys.current().seal_archive(&mut &plain[..], plain.len() as u64, &mut out).expect("sealed");
        out
    }

    fn opened(keys: &LogKeys, sealed: &[u8]) -> IoResult<Vec<u8>> {
        let mut all = Vec::new();
        keys.open_archive(sealed).map_err(Error::other)?.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn an_archive_comes_back_as_it_was() {
        let dir = TempDir::new();
        let keys = keys(&dir);
        for size in [1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES] {
            let plain: Vec<u8> = b"Gizli ".iter().copied().cycle().take(size).collect();
            let once = sealed(&keys, &plain);
            assert!(is_sealed_archive(&once) && !once.windows(6).any(|window| window == b"Gizli "));
            assert!(opened(&keys, &once).expect("opened") == plain);
            // Another salt, another key: the same content is never sealed the same way.
            assert!(sealed(&keys, &plain)[HEAD_BYTES..] != once[HEAD_BYTES..]);
        }
    }

    #[test]
    fn an_archive_that_was_changed_or_cut_does_not_open() {
        let dir = TempDir::new();
        let keys = keys(&dir);
        let good = sealed(&keys, &vec![7; PIECE_BYTES + 100]);
        for place in (0..HEAD_BYTES).chain([HEAD_BYTES, HEAD_BYTES + PIECE_BYTES + TAG_BYTES, good.len() - 1]) {
            let mut changed = good.clone();
            changed[place] ^= 1;
            opened(&keys, &changed).expect_err("changed");
        }
        opened(&keys, &good[..good.len() - 1]).expect_err("cut");
        let mut empty = good[..HEAD_BYTES].to_vec();
        empty[HEAD_BYTES - 8..].fill(0);
        opened(&keys, &empty).expect_err("cut before the first piece");
        let mut shorter = good[..HEAD_BYTES + PIECE_BYTES + TAG_BYTES].to_vec();
        shorter[HEAD_BYTES - 8..HEAD_BYTES].copy_from_slice(&(PIECE_BYTES as u64).to_le_bytes());
        opened(&keys, &shorter).expect_err("the first piece is not the last");
        let other = TempDir::new();
        opened(&self::keys(&other), &good).expect_err("another server's key");
        opened(&keys, &good).expect("opened");
    }
}
