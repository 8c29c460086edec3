//! Hash chains (the exchange's Merkle trees): how one signature or time-stamp covers several documents. A node is the digest
//! of a DER structure, never of hashes put behind each other (reference §2.9).

mod batch;
mod build;
mod node;
mod verify;

pub use batch::{is_ours_over, message_chains};
pub use build::{Chain, Tree, data_chain};
pub use node::{Digest, DigestAlgorithm, node_value};
pub use verify::{ChainError, Input, Resolve, Transform, check_result, follow, verify};

pub const NAMESPACE: &str = "http://cyber.ee/hashchain";
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
