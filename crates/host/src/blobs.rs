//! Objects too big for rows: written once, whole and on disk before their name is used, never changed.

use base::Fault;
use bytes::Bytes;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A folder of objects. Keys are ours: letters, digits and hyphens.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    pub fn open(folder: &Path) -> Result<Blobs, Fault> {
        std::fs::create_dir_all(folder).map_err(|cause| failed(folder, &cause))?;
        Ok(Blobs { folder: folder.to_owned() })
    }

    /// Writes the object. An object of that name that is there already stays, and must have the same bytes.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Fault> {
        let (folder, file) = self.place(key);
        let done = tokio::task::spawn_blocking(move || write_once(&folder, &file, &bytes)).await;
        done.map_err(|cause| Fault::new("keep an object", cause))?
    }

    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Fault> {
        let (_, file) = self.place(key);
        match tokio::fs::read(&file).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed(&file, &cause)),
        }
    }

    /// Two letters of the key's end spread the files over folders (the beginning of our ids is the time).
    fn place(&self, key: &str) -> (PathBuf, PathBuf) {
        let plain = key.len() >= 2 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        assert!(plain, "keys of objects are ours: two or more letters, digits or hyphens");
        let folder = self.folder.join(&key[key.len() - 2..]);
        let file = folder.join(key);
        (folder, file)
    }
}

fn write_once(folder: &Path, file: &Path, bytes: &Bytes) -> Result<(), Fault> {
    if let Ok(there) = std::fs::read(file) {
        assert!(there == *bytes, "an object is written once");
        return Ok(());
    }
    let partial = file.with_extension("partial");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut out = std::fs::File::create(&partial)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&partial, file)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|cause| failed(file, &cause))
}

fn failed(path: &Path, cause: &std::io::Error) -> Fault {
    Fault::passing("keep an object", format!("{}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;

    #[tokio::test]
    async fn an_object_is_written_once_and_read_back() {
        let dir = TempDir::new();
        let blobs = Blobs::open(dir.path()).expect("opened");
        assert_eq!(blobs.get("ab-1").await.expect("read"), None);
        blobs.put("ab-1", Bytes::from_static(b"paper")).await.expect("written");
        blobs.put("ab-1", Bytes::from_static(b"paper")).await.expect("the same again is fine");
        assert_eq!(blobs.get("ab-1").await.expect("read"), Some(Bytes::from_static(b"paper")));
    }

    #[tokio::test]
    #[should_panic(expected = "keys of objects are ours")]
    async fn a_key_never_leaves_the_folder() {
        let dir = TempDir::new();
        let _never = Blobs::open(dir.path()).expect("opened").get("../x").await;
    }
}
