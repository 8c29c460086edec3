//! The PIN of a token: one line of a file that nobody else can read. It stands in no command line, no log and no fault.

use base::Fault;
use std::{
    fmt,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

const PIN_BYTES_MAX: u64 = 256;

/// A PIN as its file has it now.
pub(super) struct Pin {
    file: PathBuf,
    secret: String,
    /// Which state of the file it is.
    mark: String,
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::new("read the PIN of a token", cause)
}

/// Whether the file can hold a PIN: its owner's alone, of one line.
pub fn check_pin_file(file: &Path) -> Result<(), Fault> {
    Pin::read(file).map(|_| ())
}

impl Pin {
    pub(super) fn read(file: &Path) -> Result<Pin, Fault> {
        let unreadable = |cause| failed(format_args!("{}: {cause}", file.display()));
        let known = std::fs::metadata(file).map_err(unreadable)?;
        if known.permissions().mode() & 0o077 != 0 {
            return Err(failed(format_args!("{} is open to others", file.display())));
        }
        if known.len() > PIN_BYTES_MAX {
            return Err(failed(format_args!("{} is too long for a PIN", file.display())));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        if secret.is_empty() || secret.contains('\n') {
            return Err(failed(format_args!("{} has not one line", file.display())));
        }
        let mark = format!("{}.{:09}\n", known.mtime(), known.mtime_nsec());
        Ok(Pin { file: file.to_owned(), secret: secret.to_owned(), mark })
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// A PIN that the token refused is not tried again before its file was written again: few wrong ones lock a token.
    pub(super) fn check_not_refused(&self, refusal_file: &Path) -> Result<(), Fault> {
        match std::fs::read_to_string(refusal_file) {
            Ok(noted) if noted == self.mark => {
                let file = self.file.display();
                Err(failed(format_args!("the token refused the PIN in {file}; it is tried again when the file is new")))
            }
            // Without a note there was no refusal, or none that is known.
            _ => Ok(()),
        }
    }

    /// Notes the refusal. A note that cannot be written is worth a warning and no more.
    pub(super) fn refused(&self, refusal_file: &Path, why: impl fmt::Display) -> Fault {
        if let Err(cause) = std::fs::write(refusal_file, &self.mark) {
            tracing::warn!(%cause, "the refusal of a PIN could not be noted");
        }
        failed(format_args!("the token refused the PIN in {}: {why}", self.file.display()))
    }
}
