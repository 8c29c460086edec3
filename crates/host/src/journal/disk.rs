//! The three things that the journal asks of a disk. A seam for tests of one that is full or fails.

use std::{fs::File, io::Result, os::unix::fs::FileExt, path::Path};

/// How much of a file is written ahead. A sync of bytes that lie inside the file as it is costs no change of its size,
/// which the file system would have to make durable as well: half the time of a sync.
static ROOM: [u8; 1024 * 1024] = [0; 1024 * 1024];

/// Makes files that are appended to.
pub trait Disk: Send + 'static {
    /// A new file; that there is one already is an error.
    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>>;
}

pub trait DiskFile: Send {
    fn append(&mut self, bytes: &[u8]) -> Result<()>;
    /// Everything appended survives a power cut when this returns.
    fn sync(&mut self) -> Result<()>;
    /// Takes back what was appended behind `length`.
    fn truncate(&mut self, length: u64) -> Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub struct FolderDisk;

/// A file of the real disk: what was appended, and zeros behind it, which no reader takes for a record.
struct FileWithRoom {
    file: File,
    /// Bytes that were appended.
    appended: u64,
    /// Bytes of the file.
    size: u64,
}

impl Disk for FolderDisk {
    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(FileWithRoom { file, appended: 0, size: 0 }))
    }
}

impl DiskFile for FileWithRoom {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let end = self.appended + bytes.len() as u64;
        if end > self.size {
            self.file.write_all_at(&ROOM, end)?;
            self.size = end + ROOM.len() as u64;
        }
        self.file.write_all_at(bytes, self.appended)?;
        self.appended = end;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        self.file.set_len(length)?;
        (self.appended, self.size) = (length, length);
        self.file.sync_data()
    }
}
