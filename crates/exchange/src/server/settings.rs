//! The numbers of a server as a program: memory, files, patience. What a country decides is in `country.rs`.

use crate::fault::Spelling;
use base::Algorithm;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Clone)]
pub struct Settings {
    /// Where bodies are kept that find no place in memory.
    pub spool_folder: PathBuf,
    /// Memory for the bodies of all exchanges together.
    pub body_memory_bytes: usize,
    /// How large a SOAP envelope may be, which is read as a whole.
    pub envelope_bytes_max: usize,
    /// What one sender of a body may make us wait.
    pub patience: Patience,
    /// Of signing keys that are made at the first start.
    pub signing: Algorithm,
    /// How the codes of faults are written.
    pub spelling: Spelling,
    /// How long a key may take to sign, which may be in a token.
    pub signing_wait: Duration,
    /// How long another server may take to answer once it has the whole request.
    pub peer_wait: Duration,
    /// How long an information system may take.
    pub service_wait: Duration,
}

/// A sender may be silent for `grace` in all, and beyond that must send `bytes_per_second`; time in which we did not want to
/// read does not count.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub grace: Duration,
    pub bytes_per_second: u64,
}

impl Patience {
    /// How long the sender of so many bytes may have made us wait so far.
    pub fn allowance(&self, received_bytes: u64) -> Duration {
        self.grace + Duration::from_secs(received_bytes / self.bytes_per_second.max(1))
    }
}

impl Settings {
    pub fn new(spool_folder: PathBuf) -> Self {
        Settings {
            spool_folder,
            body_memory_bytes: crate::body::MEMORY_BUDGET_BYTES,
            envelope_bytes_max: 4 * 1024 * 1024,
            patience: Patience { grace: Duration::from_secs(30), bytes_per_second: 64 * 1024 },
            signing: Algorithm::EcdsaP256Sha256,
            spelling: Spelling::Current,
            signing_wait: Duration::from_secs(10),
            peer_wait: Duration::from_secs(60),
            service_wait: Duration::from_secs(30),
        }
    }
}
