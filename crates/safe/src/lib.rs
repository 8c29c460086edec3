//! The e-Safe: legally valid documents of persons and companies, encrypted at rest with keys of their owners, delivered with
//! evidence, checked by anybody through a public code. Makes and signs no document itself, and shows no page.

mod code;
mod document;
mod envelope;
mod erasure;
mod refusal;
mod schema;
mod verification;

pub use code::VerificationCode;
pub use document::{DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Document, NewDocument, Opened, Opening, Sealed};
pub use envelope::Key;
pub use refusal::{Failure, Refusal};
pub use schema::MIGRATIONS;
pub use verification::{Judge, Judgement, PublicFacts, PublicRecord, Verdict, Withdrawn};

use base::{Chance, Clock, Timestamp};
use host::blobs::Blobs;
use host::store::Store;
use std::sync::Arc;

/// Everything that the e-Safe needs of the world.
pub struct Setup {
    pub store: Store,
    pub blobs: Blobs,
    /// `Key::master` of the folder of keys.
    pub master: Key,
    pub judge: Arc<dyn Judge>,
    pub clock: Arc<dyn Clock>,
    /// For keys and nonces: the system's, never a seeded one outside of tests.
    pub chance: Arc<dyn Chance>,
}

/// The use cases of the e-Safe; cloning shares them.
#[derive(Clone)]
pub struct Safe {
    setup: Arc<Setup>,
}

impl Safe {
    pub fn new(setup: Setup) -> Safe {
        Safe { setup: Arc::new(setup) }
    }

    fn store(&self) -> &Store {
        &self.setup.store
    }

    fn blobs(&self) -> &Blobs {
        &self.setup.blobs
    }

    fn master(&self) -> &Key {
        &self.setup.master
    }

    fn judge(&self) -> &dyn Judge {
        self.setup.judge.as_ref()
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    fn chance(&self) -> &dyn Chance {
        self.setup.chance.as_ref()
    }
}

#[cfg(test)]
mod tests;
