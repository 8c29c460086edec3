//! Signed documents in one file: ASiC-E with XAdES (ETSI EN 319 162-1). The container with its limits, and the verdict on
//! everything inside it, offline. The exchange's message containers are another profile of the same standard: `exchange`.

mod container;
pub mod exchange;
mod manifest;
mod validate;
mod verdict;

pub use container::{
    CONTAINER_SIZE_BYTES_MAX, CONTENT_SIZE_BYTES_MAX, Container, ContainerError, DataFile, ENTRIES_MAX, is_file_name,
};
pub use validate::{OCSP_DELAY_S_MAX, TrustAnchors, validate};
pub use verdict::{Finding, Level, Reason, SignatureVerdict, Signer, Verdict};

/// The container's own media type, also the content of its first entry.
pub const MIME: &str = "application/vnd.etsi.asic-e+zip";

#[cfg(test)]
mod lies;
#[cfg(test)]
mod tests;
