//! Logged messages as signed containers (ASiC-E in the exchange's layout, reference §2.10), and judging such a container
//! with nothing but the global configuration.

mod export;
mod verify;

pub use export::export;
pub use verify::{
    ArchiveVerdict, Verdict, is_archive, judge, judge_archive, offline_configuration, trust_of, trust_of_folder, verify,
};

pub(crate) const MIMETYPE: &str = "application/vnd.etsi.asic-e+zip";
