//! The only door outside: the store, jobs, the outbox, the audit log, the journal, keys, blobs, OpenPGP, HTTP and the machine. Rooms to the right of this one
//! open no file, socket or database of their own.

pub mod audit;
pub mod blobs;
pub mod http;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod machine;
pub mod openpgp;
pub mod outbox;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
