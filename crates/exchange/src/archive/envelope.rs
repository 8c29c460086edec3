//! What an archive lies in: encrypted for the recipients whom the country names, or else sealed under the server's own key,
//! or open when the country does not want its log encrypted. The zip inside is the same.

use super::job::unnamed;
use crate::messagelog::{LogKey, LogKeys, MessageLog, is_sealed_archive};
use base::{Fault, SystemChance};
use host::{keys::KeyDir, openpgp::Recipients};
use std::{
    fs::File,
    io::{BufReader, Read, Result as IoResult, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) enum Envelope {
    Open,
    Sealed(Arc<LogKey>),
    OpenPgp(Recipients, PathBuf),
}

impl Envelope {
    /// For an archive of this group. Fails rather than to choose a weaker one.
    pub(super) fn of(log: &MessageLog, group: &str) -> Result<Envelope, Fault> {
        let recipients = log.policy().archive_keys(group);
        if !recipients.is_empty() {
            let recipients = Recipients::of(&log.folder().join("gpg"), recipients)?;
            return Ok(Envelope::OpenPgp(recipients, log.folder().to_owned()));
        }
        Ok(log.current_key().map_or(Envelope::Open, Envelope::Sealed))
    }

    /// What the archive's name ends in, behind `.zip`; the field's for OpenPGP.
    pub(super) fn ending(&self) -> &'static str {
        match self {
            Envelope::Open => "",
            Envelope::Sealed(_) => ".sealed",
            Envelope::OpenPgp(..) => ".gpg",
        }
    }

    /// Writes the archive, which stands at its beginning.
    pub(super) fn write(&self, mut plain: File, out: &mut dyn Write) -> IoResult<()> {
        match self {
            Envelope::Open => std::io::copy(&mut plain, out).map(|_| ()),
            Envelope::Sealed(key) => {
                let size_bytes = plain.metadata()?.len();
                key.seal_archive(&mut BufReader::new(plain), size_bytes, out)
            }
            Envelope::OpenPgp(recipients, folder) => {
                let errors = unnamed(folder).map_err(std::io::Error::other)?;
                recipients.encrypt(plain, errors, out)
            }
        }
    }
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("open a sealed archive", cause)
}

/// Whether the file is an archive that a server sealed.
pub fn is_sealed(bytes: &[u8]) -> bool {
    is_sealed_archive(bytes)
}

/// Writes the plain zip of a sealed archive, found under a key in one of these folders of servers' keys. Whoever calls throws
/// away what was written when this fails.
pub fn unseal(sealed: &Path, folders: &[PathBuf], out: &mut dyn Write) -> Result<(), Fault> {
    let mut last = failed("there is no folder of keys");
    for folder in folders {
        let keys = LogKeys::read(KeyDir::open(folder)?, Arc::new(SystemChance))?;
        let file = File::open(sealed).map_err(|cause| failed(format_args!("{}: {cause}", sealed.display())))?;
        // The first piece says whether it is this server's; nothing is given out before.
        let first = keys.open_archive(BufReader::new(file)).and_then(|mut plain| {
            let mut first = [0; 1];
            plain.read_exact(&mut first).map_err(failed)?;
            Ok((first, plain))
        });
        match first {
            Ok((first, mut plain)) => {
                out.write_all(&first).map_err(failed)?;
                return std::io::copy(&mut plain, out).map(|_| ()).map_err(failed);
            }
            Err(fault) => last = fault,
        }
    }
    Err(last)
}
