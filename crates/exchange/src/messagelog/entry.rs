//! One message as it is handed to the log: the signed bytes, the attachments as bodies, the signature.

use crate::{body::Body, opmonitor::Side};
use bytes::Bytes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Direction::Request => "request",
            Direction::Response => "response",
        }
    }
}

/// What stands as `/attachment1`, `/attachment2`… in signature and container: the attachments of a SOAP message in their
/// order, or the one body of a REST message.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// MIME headers as they came, in their order; none for the body of a REST message.
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

/// A message to be logged.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub message_id: String,
    /// The transmission's number, the same on both servers.
    pub request_id: String,
    pub direction: Direction,
    pub side: Side,
    /// `soap` or `rest`.
    pub wording: &'static str,
    pub client: String,
    pub service: String,
    /// The member that signed: the client's for a request, the provider's for an answer.
    pub signer: String,
    pub content_type: String,
    /// SOAP envelope or REST head, as signed.
    pub message: Bytes,
    pub attachments: Vec<Attachment>,
    pub signature: Vec<u8>,
    pub chain_result: Option<Vec<u8>>,
    pub chain: Option<Vec<u8>>,
}

impl LogEntry {
    /// Message and attachments together.
    pub fn size_bytes(&self) -> u64 {
        self.message.len() as u64 + self.attachments.iter().map(|attachment| attachment.body.size_bytes()).sum::<u64>()
    }
}
