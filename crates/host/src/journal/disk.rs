//! The three things that the journal asks of a disk. A seam for tests of one that is full or fails.

use std::{
    fs::File,
    io::{Result, Write},
    path::Path,
};

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

impl Disk for FolderDisk {
    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        use std::os::unix::fs::OpenOptionsExt;
        Ok(Box::new(File::options().append(true).create_new(true).mode(0o600).open(path)?))
    }
}

impl DiskFile for File {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        self.set_len(length)?;
        self.sync_data()
    }
}
