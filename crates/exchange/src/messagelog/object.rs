//! Attachments that are too large for a record: write-once objects beside the journal, sealed in pieces, read as a stream.

use super::{
    keys::LogKeys,
    sealed::{Opened, write_pieces},
};
use crate::body::Body;
use base::{Chance, Fault};
use bytes::Bytes;
use host::blobs::Blobs;
use std::{
    io::{Cursor, Read, Write},
    sync::Arc,
};

/// Attachments up to this size stand in the record itself.
pub(super) const INLINE_BYTES_MAX: u64 = 256 * 1024;

/// Where the objects of a log are.
pub(super) struct Objects {
    pub blobs: Blobs,
    pub keys: Option<Arc<LogKeys>>,
}

/// An attachment as it was kept.
#[derive(Clone)]
pub enum Kept {
    /// In the record itself.
    Inline(Bytes),
    Object(Object),
}

impl Kept {
    /// The object's name; none of what lies in the record itself.
    pub(super) fn object_name(&self) -> Option<&str> {
        match self {
            Kept::Inline(_) => None,
            Kept::Object(object) => Some(&object.name),
        }
    }

    pub fn size_bytes(&self) -> u64 {
        match self {
            Kept::Inline(bytes) => bytes.len() as u64,
            Kept::Object(object) => object.size_bytes,
        }
    }

    /// From the beginning; reading may block on the disk.
    pub fn reader(&self) -> Result<Box<dyn Read + Send>, Fault> {
        match self {
            Kept::Inline(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            Kept::Object(object) => object.reader(),
        }
    }

    /// All of it, for those who know that it is small.
    pub fn to_vec(&self) -> Result<Vec<u8>, Fault> {
        let mut all = Vec::new();
        self.reader()?.read_to_end(&mut all).map_err(|cause| Fault::new("read a logged attachment", cause))?;
        Ok(all)
    }
}

impl std::fmt::Debug for Kept {
    /// Content is never shown.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Kept({} bytes)", self.size_bytes())
    }
}

/// An attachment kept as an object.
#[derive(Clone)]
pub struct Object {
    pub(super) name: String,
    pub(super) size_bytes: u64,
    /// Number of the key under which it lies; 0 is none.
    pub(super) key: u32,
    pub(super) objects: Arc<Objects>,
}

impl Object {
    fn reader(&self) -> Result<Box<dyn Read + Send>, Fault> {
        let file = self.objects.blobs.open_object(&self.name)?;
        let file = file.ok_or_else(|| Fault::new("read a logged attachment", "its object is not there"))?;
        if self.key == 0 {
            return Ok(Box::new(file));
        }
        let keys = self.objects.keys.as_ref().ok_or_else(|| Fault::new("read a logged attachment", "no keys"))?;
        let key = keys.of(self.key)?.of_object(&self.name);
        Ok(Box::new(Opened::new(file, key, self.size_bytes)))
    }
}

impl Objects {
    /// Keeps the first `size_bytes` of a body: in the record, or durably as an object.
    pub(super) async fn keep(
        self: &Arc<Self>,
        body: &Body,
        size_bytes: u64,
        chance: &dyn Chance,
    ) -> Result<Kept, Fault> {
        if let Some(bytes) = body.in_memory().filter(|_| size_bytes <= INLINE_BYTES_MAX) {
            return Ok(Kept::Inline(bytes.slice(..usize::try_from(size_bytes).expect("below the limit"))));
        }
        let key = self.keys.as_ref().map(|keys| keys.current());
        let number = key.as_ref().map_or(0, |key| key.number);
        let object = Object { name: chance.hex(16), size_bytes, key: number, objects: self.clone() };
        let (mut source, name) = (body.reader(), object.name.clone());
        let write =
            move |out: &mut dyn Write| write_pieces(key.map(|key| key.of_object(&name)), &mut source, size_bytes, out);
        self.blobs.put_with(&object.name, write).await?;
        Ok(Kept::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{ManualClock, SystemChance, clock::from_micros};
    use host::{keys::KeyDir, testing::TempDir};
    use std::io::{Error, Result as IoResult};

    /// As large pieces are, and what sealing adds to each.
    const PIECE_BYTES: usize = 256 * 1024;
    const TAG_BYTES: usize = 16;

    fn objects(dir: &TempDir, sealed: bool) -> Arc<Objects> {
        let keys = sealed.then(|| {
            let folder = KeyDir::open(&dir.path().join("keys")).expect("a folder");
            Arc::new(LogKeys::open(folder, &ManualClock::at(from_micros(1)), Arc::new(SystemChance)).expect("keys"))
        });
        Arc::new(Objects { blobs: Blobs::open(&dir.path().join("objects")).expect("opened"), keys })
    }

    fn read(object: &Object) -> IoResult<Vec<u8>> {
        let mut all = Vec::new();
        object.reader().map_err(Error::other)?.read_to_end(&mut all)?;
        Ok(all)
    }

    #[tokio::test]
    async fn a_large_attachment_comes_back_as_it_was() {
        for sealed in [false, true] {
            let dir = TempDir::new();
            let objects = objects(&dir, sealed);
            let limit = usize::try_from(INLINE_BYTES_MAX).expect("small");
            for size in [limit, limit + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES + 7] {
                let data: Vec<u8> = b"Gizli ".iter().copied().cycle().take(size).collect();
                let kept = objects.keep(&Body::of(data.clone()), size as u64, &SystemChance).await.expect("kept");
                assert_eq!(kept.to_vec().expect("read"), data);
                let Kept::Object(object) = &kept else {
                    assert_eq!(size, limit, "only what is small stays in the record");
                    continue;
                };
                let stored = objects.blobs.get(&object.name).await.expect("read").expect("there");
                assert_eq!(stored.windows(6).any(|window| window == b"Gizli "), !sealed);
            }
        }
    }

    #[tokio::test]
    async fn a_sealed_object_is_not_changed_cut_or_exchanged_unnoticed() {
        let dir = TempDir::new();
        let objects = objects(&dir, true);
        let mut kept = Vec::new();
        for letter in [b'a', b'b'] {
            let body = Body::of(vec![letter; 3 * PIECE_BYTES]);
            let outcome = objects.keep(&body, body.size_bytes(), &SystemChance).await.expect("kept");
            let Kept::Object(object) = outcome else { panic!("it is large") };
            kept.push(object);
        }
        let path = |name: &str| dir.path().join("objects").join(&name[name.len() - 2..]).join(name);
        let good = std::fs::read(path(&kept[0].name)).expect("there");
        let other = std::fs::read(path(&kept[1].name)).expect("there");
        let (sealed_piece, mut changed) = (PIECE_BYTES + TAG_BYTES, good.clone());
        changed[5] ^= 1;
        let swapped =
            [&good[sealed_piece..2 * sealed_piece], &good[..sealed_piece], &good[2 * sealed_piece..]].concat();
        for bad in [changed, other, swapped, good[..2 * sealed_piece].to_vec()] {
            std::fs::write(path(&kept[0].name), bad).expect("written");
            read(&kept[0]).expect_err("noticed");
        }
        let shorter = Object { size_bytes: 2 * PIECE_BYTES as u64, ..kept[0].clone() };
        std::fs::write(path(&kept[0].name), &good).expect("written");
        read(&shorter).expect_err("the end is noticed");
        assert_eq!(read(&kept[0]).expect("whole again").len(), 3 * PIECE_BYTES);
    }
}
