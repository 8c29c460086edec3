//! The strict order of parts in a transport message, in which the optional ones may be left out (transport protocol §2.3).

use super::{
    HASH_CHAIN, HASH_CHAIN_RESULT, OCSP_RESPONSE, REST_BODY, REST_REQUEST, REST_RESPONSE, SIGNATURE, TEXT_XML,
    TransportError, XOP_XML,
};
use crate::mime::ContentType;

/// What a part is, by its content type and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartKind {
    Ocsp,
    /// With the content type under which it came.
    Soap(String),
    RestRequest,
    RestResponse,
    RestBody,
    /// Nested, with this boundary.
    Attachments(String),
    ChainResult,
    Chain,
    Signature,
    /// In the place of the signature.
    Fault,
}

/// Where in the order the reader stands; a part may be at this stage or a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Ocsp,
    Message,
    Data,
    ChainResult,
    Chain,
    Signature,
    End,
}

/// Follows the parts of one message.
#[derive(Debug)]
pub struct Order {
    stage: Stage,
    rest: bool,
}

impl Default for Order {
    fn default() -> Self {
        Order { stage: Stage::Ocsp, rest: false }
    }
}

impl Order {
    /// What the next part is, by its headers.
    pub fn next_part(&mut self, headers: &[(String, String)]) -> Result<PartKind, TransportError> {
        if self.stage == Stage::End {
            return Err(TransportError::InvalidMessage("a part stands behind the last one"));
        }
        let written = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let written = written.map_or("", |(_, value)| value.as_str());
        let unexpected = || TransportError::InvalidContentType(written.to_owned());
        let kind = ContentType::parse(written).ok_or_else(unexpected)?;
        let (kind, next) = self.judge(&kind, written).ok_or_else(unexpected)?;
        self.rest |= matches!(kind, PartKind::RestRequest | PartKind::RestResponse);
        self.stage = next;
        Ok(kind)
    }

    fn judge(&self, kind: &ContentType, written: &str) -> Option<(PartKind, Stage)> {
        let stage = self.stage;
        Some(match kind.essence.as_str() {
            OCSP_RESPONSE if stage == Stage::Ocsp => (PartKind::Ocsp, Stage::Ocsp),
            TEXT_XML | XOP_XML if stage <= Stage::Message => (PartKind::Soap(written.to_owned()), Stage::Data),
            REST_REQUEST if stage <= Stage::Message => (PartKind::RestRequest, Stage::Data),
            REST_RESPONSE if stage <= Stage::Message => (PartKind::RestResponse, Stage::Data),
            "multipart/mixed" if stage == Stage::Data && !self.rest => {
                (PartKind::Attachments(kind.boundary()?.to_owned()), Stage::ChainResult)
            }
            REST_BODY if stage == Stage::Data && self.rest => (PartKind::RestBody, Stage::ChainResult),
            HASH_CHAIN_RESULT if (Stage::Data..=Stage::ChainResult).contains(&stage) => {
                (PartKind::ChainResult, Stage::Chain)
            }
            HASH_CHAIN if stage == Stage::Chain => (PartKind::Chain, Stage::Signature),
            SIGNATURE if (Stage::Data..=Stage::Signature).contains(&stage) => (PartKind::Signature, Stage::End),
            TEXT_XML if stage >= Stage::Data => (PartKind::Fault, Stage::End),
            _ => return None,
        })
    }
}
