//! Online certificate status (RFC 6960): requests and responses, written and read. The basic response type only.

mod request;
mod response;

pub use request::{CERTIFICATES_MAX, CertId, NONCE_SIZE_BYTES_MAX, OcspRequest, REQUEST_SIZE_BYTES_MAX};
pub use response::{
    BasicResponse, CertStatus, ErrorStatus, OcspError, RESPONSE_SIZE_BYTES_MAX, ResponseDraft, SingleStatus,
    error_response,
};

#[cfg(test)]
mod tests;
