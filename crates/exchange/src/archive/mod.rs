//! Logged messages as signed containers (ASiC-E in the exchange's layout, reference §2.10), and judging such a container
//! with nothing but the global configuration.

mod envelope;
mod export;
mod job;
mod linking;
mod verify;

pub use envelope::{is_sealed, unseal};
pub use export::{export, export_into};
pub(crate) use job::unnamed;
pub use linking::{container_name, escape};
pub use verify::{
    ArchiveVerdict, Verdict, is_archive, judge, judge_archive, offline_configuration, trust_of, trust_of_folder, verify,
};

pub(crate) const MIMETYPE: &str = "application/vnd.etsi.asic-e+zip";
