//! Time-stamp protocol (RFC 3161): request, response and token. SHA-2 imprints only.

mod request;
mod response;
mod token;

pub use request::{NONCE_SIZE_BYTES_MAX, REQUEST_SIZE_BYTES_MAX, TimeStampRequest};
pub use response::{FailureInfo, Granted, RESPONSE_SIZE_BYTES_MAX, read_answer, read_response, refusal, response};
pub use token::{TimeStamp, TimeStampToken, TspError};

#[cfg(test)]
mod tests;
