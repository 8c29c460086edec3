//! The data directory: everything the country keeps, in one folder, used by one process at a time.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A data directory held by this process; other processes are refused until it is dropped.
pub struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Opens or makes the folder for a whole country, mode 0700. The error is one sentence for the operator.
    pub fn open(folder: &Path) -> Result<Place, String> {
        Place::open_for(folder, "country")
    }

    /// Opens or makes the folder for a process that runs only some parts: other parts may be run beside it.
    pub fn open_for(folder: &Path, parts: &str) -> Result<Place, String> {
        let unusable =
            |cause: std::io::Error| format!("the data directory {} cannot be used: {cause}", folder.display());
        if !folder.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(format!("lock-{parts}")))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Place { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(format!("the data directory {} is in use by another running country", folder.display()))
            }
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder inside, made if need be.
    pub fn room(&self, name: &str) -> Result<PathBuf, String> {
        let room = self.folder.join(name);
        std::fs::create_dir_all(&room).map_err(|cause| format!("{} cannot be made: {cause}", room.display()))?;
        Ok(room)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn one_process_at_a_time_and_again_afterwards() {
        let dir = host::testing::TempDir::new();
        let folder = dir.path().join("data");
        let held = Place::open(&folder).expect("free");
        let sentence = Place::open(&folder).err().expect("held");
        assert!(sentence.ends_with("is in use by another running country"), "{sentence}");
        drop(held);
        assert!(Place::open(&folder).is_ok());
    }

    #[test]
    fn what_cannot_be_a_folder_is_one_sentence() {
        let sentence = Place::open("/dev/null/data".as_ref()).err().expect("not a folder");
        assert!(sentence.starts_with("the data directory /dev/null/data cannot be used: "), "{sentence}");
    }
}
