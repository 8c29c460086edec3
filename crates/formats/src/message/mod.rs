//! What travels between two security servers: the multipart transport message (transport protocol §2.3) and the signature
//! over its parts (signature profile, reference §2.8).

mod canonical;
mod decode;
mod digester;
mod encode;
mod literal;
mod order;
mod sign;
mod signature;

pub use decode::{Decoded, TransportError, bare_fault, check_ocsp, decode, last_fault};
pub use digester::Digester;
pub use encode::{Encoded, Frame, Outgoing, encode};
pub use order::{Order, PartKind};
pub use sign::{Covered, SigningCertificate, SigningEvidence, sign, sign_with};
pub use signature::{Part, ReadSignature, SignatureError, read};

pub const OCSP_RESPONSE: &str = "application/ocsp-response";
pub const TEXT_XML: &str = "text/xml";
pub const XOP_XML: &str = "application/xop+xml";
pub const REST_REQUEST: &str = "application/x-road-rest-request";
pub const REST_RESPONSE: &str = "application/x-road-rest-response";
pub const REST_BODY: &str = "application/x-road-rest-body";
pub const HASH_CHAIN_RESULT: &str = "application/hash-chain-result";
pub const HASH_CHAIN: &str = "application/hash-chain";
pub const SIGNATURE: &str = "signature/bdoc-1.0/ts";

/// Names of the parts in signatures and containers.
pub const MESSAGE_NAME: &str = "/message.xml";
pub const CHAIN_RESULT_NAME: &str = "/sig-hashchainresult.xml";
pub const CHAIN_NAME: &str = "/sig-hashchain.xml";

/// `/attachment1`, `/attachment2`… The body of a REST message is the first.
pub fn attachment_name(number: usize) -> String {
    format!("/attachment{number}")
}

/// The message itself, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// With the content type under which it came (charset, xop).
    Soap {
        content_type: String,
        bytes: Vec<u8>,
    },
    RestRequest(Vec<u8>),
    RestResponse(Vec<u8>),
}

impl Payload {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Soap { bytes, .. } | Payload::RestRequest(bytes) | Payload::RestResponse(bytes) => bytes,
        }
    }
}

/// An attachment with the headers that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
