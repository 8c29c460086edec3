//! Objects too big for rows: written once, whole and on disk before their name is used, never changed.

use base::Fault;
use bytes::Bytes;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A folder of objects. Keys are ours: letters, digits, hyphens and underscores, and endings behind dots.
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

    /// Writes a large object piece by piece; `write` may block. An object of that name that is there already stays: the name
    /// must say what is in it.
    pub async fn put_with(
        &self,
        key: &str,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Fault> {
        let (folder, file) = self.place(key);
        let done = tokio::task::spawn_blocking(
            move || {
                if file.exists() { Ok(()) } else { write_whole(&folder, &file, write) }
            },
        );
        done.await.map_err(|cause| Fault::new("keep an object", cause))?
    }

    /// The object as a file to be read, for those that are too large for the memory. Blocks on the disk.
    pub fn open_object(&self, key: &str) -> Result<Option<std::fs::File>, Fault> {
        let (_, file) = self.place(key);
        match std::fs::File::open(&file) {
            Ok(open) => Ok(Some(open)),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed(&file, &cause)),
        }
    }

    /// Removes an object whose time is over. That it is gone already is no fault.
    pub async fn remove(&self, key: &str) -> Result<(), Fault> {
        let (_, file) = self.place(key);
        match tokio::fs::remove_file(&file).await {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(failed(&file, &cause)),
            _ => Ok(()),
        }
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
        let (stem, ending) = key.split_once('.').unwrap_or((key, "x"));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let mut endings = ending.split('.');
        let plain = stem.len() >= 2 && plain(stem) && endings.all(|ending| !ending.is_empty() && plain(ending));
        assert!(plain, "keys of objects are ours: two or more letters, digits, hyphens or underscores");
        let folder = self.folder.join(&stem[stem.len() - 2..]);
        let file = folder.join(key);
        (folder, file)
    }
}

fn write_once(folder: &Path, file: &Path, bytes: &Bytes) -> Result<(), Fault> {
    if let Ok(there) = std::fs::read(file) {
        assert!(there == *bytes, "an object is written once");
        return Ok(());
    }
    write_whole(folder, file, |out| out.write_all(bytes))
}

fn write_whole(
    folder: &Path,
    file: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Fault> {
    let partial = file.with_extension("partial");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut out = std::fs::File::options().create(true).truncate(false).write(true).open(&partial)?;
        // One at a time: whoever gave up waiting for an object may still be writing it.
        out.lock()?;
        if file.exists() {
            return Ok(());
        }
        out.set_len(0)?;
        content(&mut out)?;
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
    async fn a_large_object_is_written_in_pieces_and_can_go() {
        let dir = TempDir::new();
        let blobs = Blobs::open(dir.path()).expect("opened");
        let write = |text: &'static [u8]| move |out: &mut dyn Write| out.write_all(text);
        let broken = |_: &mut dyn Write| Err(std::io::Error::other("the source ended"));
        blobs.put_with("mlog-a_b-0f.zip", broken).await.expect_err("nothing is kept");
        assert_eq!(blobs.get("mlog-a_b-0f.zip").await.expect("read"), None);
        blobs.put_with("mlog-a_b-0f.zip", write(b"first")).await.expect("written");
        blobs.put_with("mlog-a_b-0f.zip", write(b"second")).await.expect("stays");
        assert!(dir.path().join("0f/mlog-a_b-0f.zip").exists());
        assert_eq!(blobs.get("mlog-a_b-0f.zip").await.expect("read"), Some(Bytes::from_static(b"first")));
        assert!(blobs.open_object("mlog-a_b-0f.zip").expect("read").is_some());
        for _ in 0..2 {
            blobs.remove("mlog-a_b-0f.zip").await.expect("gone");
            assert!(blobs.open_object("mlog-a_b-0f.zip").expect("read").is_none());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_that_write_the_same_object_do_not_mix() {
        let dir = TempDir::new();
        let blobs = Blobs::open(dir.path()).expect("opened");
        let (begun, wait) = std::sync::mpsc::channel();
        let (go, let_go) = std::sync::mpsc::channel::<()>();
        let first = move |out: &mut dyn Write| {
            out.write_all(b"first, ")?;
            begun.send(()).expect("somebody waits");
            let_go.recv().expect("told to go on");
            out.write_all(b"whole")
        };
        let second = |out: &mut dyn Write| out.write_all(b"second");
        let copy = blobs.clone();
        let writing = tokio::spawn(async move { copy.put_with("ab-2.zip.sealed", first).await });
        wait.recv().expect("begun");
        let other = blobs.clone();
        let waiting = tokio::spawn(async move { other.put_with("ab-2.zip.sealed", second).await });
        go.send(()).expect("it waits");
        for done in [writing.await, waiting.await] {
            done.expect("no panic").expect("written");
        }
        let kept = blobs.get("ab-2.zip.sealed").await.expect("read").expect("there");
        assert_eq!(kept, Bytes::from_static(b"first, whole"));
        assert_eq!(std::fs::read_dir(dir.path().join("-2")).expect("a folder").count(), 1, "no rest of either");
    }

    #[tokio::test]
    #[should_panic(expected = "keys of objects are ours")]
    async fn a_key_never_leaves_the_folder() {
        let dir = TempDir::new();
        let _never = Blobs::open(dir.path()).expect("opened").get("../x").await;
    }
}
