//! What a register answers. Reading services load facts and compute the reply; `Register::ask` records the access and only
//! then lets the reply out.

pub(crate) mod own;
pub(crate) mod view;
pub(crate) mod write;

use crate::Refusal;
use crate::access::Access;
use serde_json::Value as Json;

/// An answer that has not left the register yet, with the accesses that must be recorded first. A refusal for want of a
/// record is such an answer, too: that somebody asked about this PIN is recorded.
pub(crate) struct Reply {
    pub body: Result<Json, Refusal>,
    pub accesses: Vec<Access>,
}
