//! The folder of mails: one file each, named by its Message-ID, so that a mail sent twice is one mail.

use super::letter::Letter;
use base::{Clock, Fault, clock};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Our own first line of each file: when it came and for whom.
const CAME: &str = "X-Mailbox-Came:";
const FOR: &str = "X-Mailbox-For:";
/// A list shows at most so many.
const LETTERS_MAX: usize = 200;

/// A folder of mails; cloning shares it.
#[derive(Clone)]
pub struct Shelf {
    folder: Arc<PathBuf>,
    clock: Arc<dyn Clock>,
    /// Hours ahead of UTC of those who read, all year.
    pub(super) utc_offset_hours: i8,
}

impl Shelf {
    pub fn open(folder: &Path, clock: Arc<dyn Clock>, utc_offset_hours: i8) -> Result<Shelf, Fault> {
        std::fs::create_dir_all(folder).map_err(|cause| failed(folder, &cause))?;
        Ok(Shelf { folder: Arc::new(folder.to_owned()), clock, utc_offset_hours })
    }

    /// Keeps the mail, on disk when this returns. A mail whose Message-ID is there already is folded into it.
    pub async fn put(&self, sender: &str, recipients: &[String], mail: &[u8]) -> Result<(), Fault> {
        let name = name(sender, mail);
        let file = self.folder.join(&name).with_extension("eml");
        let came = self.clock.now().as_microsecond();
        let mut whole = format!("{CAME} {came}\r\n{FOR} {}\r\n", recipients.join(", ")).into_bytes();
        whole.extend_from_slice(mail);
        let written = tokio::task::spawn_blocking(move || write_once(&file, &whole)).await;
        written.map_err(|cause| Fault::new("keep a mail", cause))?
    }

    /// The newest mails first, at most two hundred.
    pub async fn list(&self) -> Result<Vec<Letter>, Fault> {
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || letters(&folder)).await;
        read.map_err(|cause| Fault::new("read the mails", cause))?
    }

    /// One mail by the name that the list gives it.
    pub async fn get(&self, name: &str) -> Result<Option<Letter>, Fault> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let file = self.folder.join(name).with_extension("eml");
        match tokio::fs::read(&file).await {
            Ok(bytes) => Ok(letter(name, &bytes)),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed(&file, &cause)),
        }
    }
}

/// From the Message-ID, or from the whole mail where it has none (RFC 5322 §3.6.4: it should).
fn name(sender: &str, mail: &[u8]) -> String {
    let id = Letter::read("", 0, "", mail).message_id;
    let digest = match id {
        Some(id) => formats::verify::sha256(format!("{sender} {id}").as_bytes()),
        None => formats::verify::sha256(mail),
    };
    base::hex(&digest[..16])
}

fn write_once(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    if file.exists() {
        return Ok(());
    }
    // Two connections may bring the same mail at once: each writes its own, the second rename replaces like by like.
    let partial = file.with_extension(format!("{:?}.partial", std::thread::current().id()).replace(['(', ')'], ""));
    let write = || -> std::io::Result<()> {
        let mut out = std::fs::File::create(&partial)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&partial, file)?;
        let folder = file.parent().expect("a file of the folder has a folder");
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|cause| failed(file, &cause))
}

fn letters(folder: &Path) -> Result<Vec<Letter>, Fault> {
    let mut letters = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| failed(folder, &cause))? {
        let path = entry.map_err(|cause| failed(folder, &cause))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".eml"));
        let Some(name) = name else { continue };
        let bytes = std::fs::read(&path).map_err(|cause| failed(&path, &cause))?;
        letters.extend(letter(name, &bytes));
    }
    letters.sort_by(|one, other| (other.came, &other.name).cmp(&(one.came, &one.name)));
    letters.truncate(LETTERS_MAX);
    Ok(letters)
}

/// A file of ours; anything else in the folder is not shown.
fn letter(name: &str, bytes: &[u8]) -> Option<Letter> {
    let text = |line: &[u8], head: &str| {
        let line = std::str::from_utf8(line).ok()?;
        Some(line.strip_prefix(head)?.trim().to_owned())
    };
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let came: i64 = text(lines.next()?, CAME)?.parse().ok()?;
    let recipients = text(lines.next()?, FOR)?;
    Some(Letter::read(name, clock::from_micros(came).as_microsecond(), &recipients, lines.next()?))
}

fn failed(path: &Path, cause: &std::io::Error) -> Fault {
    Fault::passing("keep a mail", format!("{}: {cause}", path.display()))
}
