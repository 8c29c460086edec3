//! One message as it is handed to the log (the signed bytes, the attachments as bodies, the signature), and as it is read
//! back.

use super::{Mode, object::Kept};
use crate::{body::Body, opmonitor::Side};
use base::{Fault, Id, Timestamp};
use bytes::Bytes;
use formats::identifier::ClientId;

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
    /// Whose service it is.
    pub provider: ClientId,
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
    /// The subsystem of this server that the message concerns: it may download what is logged.
    pub fn subject(&self) -> String {
        match self.side {
            Side::Client => self.client.clone(),
            Side::Producer => self.provider.to_string(),
        }
    }

    /// Message and attachments together.
    pub fn size_bytes(&self) -> u64 {
        self.message.len() as u64 + self.attachments.iter().map(|attachment| attachment.body.size_bytes()).sum::<u64>()
    }
}

/// A logged message.
#[derive(Debug, Clone)]
pub struct LogRecord {
    pub id: Id,
    /// Counts the messages of this log, from 1.
    pub number: u64,
    pub at: Timestamp,
    /// How much of the message was kept.
    pub mode: Mode,
    /// Attachments were cut at the limit.
    pub truncated: bool,
    /// Without its attachments, which may be large.
    pub entry: LogEntry,
    pub attachments: Vec<Kept>,
    /// A time-stamp of its own stands in the signature.
    pub stamped_at_once: bool,
    /// The time-stamp over the batch in which the record was.
    pub stamp: Option<Stamp>,
}

impl LogRecord {
    /// Has one time-stamp or the other.
    pub fn is_stamped(&self) -> bool {
        self.stamped_at_once || self.stamp.is_some()
    }

    /// The entry as it was handed in, for those who know that its attachments are small; their headers are not logged.
    pub fn into_entry(self) -> Result<LogEntry, Fault> {
        let body = |kept: &Kept| Ok(Attachment { headers: Vec::new(), body: Body::of(kept.to_vec()?) });
        let attachments = self.attachments.iter().map(body).collect::<Result<_, Fault>>()?;
        Ok(LogEntry { attachments, ..self.entry })
    }
}

/// The time-stamp over the batch in which a record was.
#[derive(Debug, Clone)]
pub struct Stamp {
    pub at: Timestamp,
    /// `ts-hashchainresult.xml`, which the token is over.
    pub result: Vec<u8>,
    /// `ts-hashchain.xml` of this record.
    pub chain: Vec<u8>,
    pub token: Vec<u8>,
}

/// Which records are wanted; `None` wants all.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    pub message_id: Option<String>,
    pub client: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}
