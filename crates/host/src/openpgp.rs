//! Encrypting files for holders of OpenPGP keys (RFC 4880) by the program `gpg`, as archives of message logs are. Nothing is
//! signed, no key is kept: the keys come with each file.

use base::{Fault, hex};
use formats::verify::sha256;
use std::{
    fs::{DirBuilder, File},
    io::{Error, Read, Result as IoResult, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PROGRAM: &str = "gpg";
/// Nothing of the user's own settings, keys or trust; no key is looked for elsewhere, and the cipher is not negotiated.
const ALWAYS: &[&str] = &[
    "--batch",
    "--no-tty",
    "--no-options",
    "--no-keyring",
    "--no-auto-key-locate",
    "--trust-model",
    "always",
    "--compress-algo",
    "none",
    "--cipher-algo",
    "AES256",
    "--encrypt",
];
/// What the program says of its failure is not longer than this, of that which is told on.
const SAID_BYTES_MAX: u64 = 500;

/// Those who can read what is encrypted.
#[derive(Debug, Clone)]
pub struct Recipients {
    /// Where the program keeps what it needs, and the keys as files.
    folder: PathBuf,
    keys: Vec<PathBuf>,
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("encrypt for the recipients of an archive", cause)
}

impl Recipients {
    /// The holders of these public keys (ASCII armour), of whom there is at least one.
    pub fn of<'a>(folder: &Path, keys: impl IntoIterator<Item = &'a str>) -> Result<Recipients, Fault> {
        let unusable = |cause: Error| failed(format_args!("{}: {cause}", folder.display()));
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        }
        let mut files = Vec::new();
        for key in keys {
            let file = folder.join(format!("{}.asc", &hex(&sha256(key.as_bytes()))[..16]));
            if std::fs::read(&file).ok().as_deref() != Some(key.as_bytes()) {
                std::fs::write(&file, key).map_err(unusable)?;
            }
            files.push(file);
        }
        assert!(!files.is_empty(), "without a recipient nobody could read it");
        Ok(Recipients { folder: folder.to_owned(), keys: files })
    }

    /// Writes `plain`, from its beginning, encrypted. The program reads the file itself; `errors` is for what it complains about.
    /// Blocks. What was written is worth nothing unless this succeeds.
    pub fn encrypt(&self, mut plain: File, mut errors: File, out: &mut dyn Write) -> IoResult<()> {
        plain.rewind()?;
        let mut command = Command::new(PROGRAM);
        command.arg("--homedir").arg(&self.folder).args(ALWAYS);
        for key in &self.keys {
            command.arg("--recipient-file").arg(key);
        }
        let told = errors.try_clone()?;
        command.stdin(Stdio::from(plain)).stdout(Stdio::piped()).stderr(Stdio::from(told));
        let mut running = command.spawn().map_err(|cause| Error::other(format!("{PROGRAM}: {cause}")))?;
        let mut encrypted = running.stdout.take().expect("asked for a pipe");
        let copied = std::io::copy(&mut encrypted, out);
        // When we stop reading, the program ends too.
        drop(encrypted);
        let ended = running.wait()?;
        let size_bytes = copied?;
        if ended.success() && size_bytes > 0 {
            return Ok(());
        }
        let mut said = String::new();
        errors.rewind()?;
        errors.take(SAID_BYTES_MAX).read_to_string(&mut said)?;
        Err(Error::other(format!("{PROGRAM}: {ended}: {}", said.replace('\n', "; "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{OpenPgpKey, TempDir};

    fn file(dir: &TempDir, name: &str, content: &[u8]) -> File {
        let path = dir.path().join(name);
        std::fs::write(&path, content).expect("written");
        File::options().read(true).write(true).open(path).expect("opened")
    }

    #[test]
    fn each_recipient_can_read_it_and_nobody_without_a_key_is_one() {
        let dir = TempDir::new();
        let (one, other) = (OpenPgpKey::make("one@example.az"), OpenPgpKey::make("other@example.az"));
        let keys = [one.public(), other.public()];
        let recipients = Recipients::of(&dir.path().join("gpg"), keys.iter().map(String::as_str)).expect("keys");
        let content: Vec<u8> = b"Gizli ".iter().copied().cycle().take(300_000).collect();
        let mut encrypted = Vec::new();
        let errors = || file(&dir, "errors", b"");
        recipients.encrypt(file(&dir, "plain", &content), errors(), &mut encrypted).expect("encrypted");
        assert!(!encrypted.windows(6).any(|window| window == b"Gizli "));
        for key in [&one, &other] {
            assert!(key.decrypt(&encrypted) == content);
        }
        let bad = Recipients::of(&dir.path().join("gpg"), [keys[0].as_str(), "no key at all"]).expect("files");
        let mut nothing = Vec::new();
        let fault = bad.encrypt(file(&dir, "plain", &content), errors(), &mut nothing).expect_err("one has no key");
        assert!(fault.to_string().contains("gpg: exit status"), "{fault}");
        assert!(nothing.is_empty());
    }
}
