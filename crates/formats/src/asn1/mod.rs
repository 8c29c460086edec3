//! Distinguished encoding (X.690) as far as certificates, OCSP, time-stamps and CMS need it: a cursor that reads, a few
//! functions that write, the algorithm identifiers, and the two shapes of an ECDSA signature value.

pub mod algorithm;
mod ber;
pub mod ecdsa;
pub mod oid;
mod read;
mod time;
pub mod write;

pub use ber::definite;
pub use read::{Cursor, Element, tag};
pub use time::{read_time, write_generalized_time, write_validity_time};

/// The bytes are not what the standard says: not DER, a field missing, a field too many. Carries which structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl std::fmt::Display for Malformed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "malformed {}", self.0)
    }
}

impl std::error::Error for Malformed {}
