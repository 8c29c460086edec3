//! TimeStampResp (RFC 3161 §2.4.2).

use super::{TimeStampToken, TspError};
use crate::asn1::{Cursor, tag, write};

/// Longest response that is looked at.
pub const RESPONSE_SIZE_BYTES_MAX: usize = 64 * 1024;

/// Why no token is given (PKIFailureInfo).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FailureInfo {
    BadAlg = 0,
    BadRequest = 2,
    BadDataFormat = 5,
    TimeNotAvailable = 14,
    UnacceptedPolicy = 15,
    UnacceptedExtension = 16,
    SystemFailure = 25,
}

/// "granted" with a token.
pub fn response(token: &TimeStampToken) -> Vec<u8> {
    write::sequence(&[&write::sequence(&[&write::number(0)]), token.der()])
}

/// "rejection" with its reason.
pub fn refusal(failure: FailureInfo) -> Vec<u8> {
    write::sequence(&[&write::sequence(&[&write::number(2), &write::named_bits(&[failure as u8])])])
}

/// How a response that carries a token calls itself (PKIStatus).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    AsAsked,
    WithModifications,
}

/// The token of a response; a rejection is `TspError::Rejected`.
pub fn read_response(der: &[u8]) -> Result<TimeStampToken, TspError> {
    read_answer(der).map(|(_, token)| token)
}

/// The token with the status under which it was granted.
pub fn read_answer(der: &[u8]) -> Result<(Granted, TimeStampToken), TspError> {
    const WHAT: &str = "time-stamp response";
    if der.len() > RESPONSE_SIZE_BYTES_MAX {
        return Err(TspError::Malformed);
    }
    let mut list = Cursor::sequence_of(der, WHAT)?;
    let granted = match list.sequence()?.small_integer()? {
        0 => Granted::AsAsked,
        1 => Granted::WithModifications,
        _ => return Err(TspError::Rejected),
    };
    let token = TimeStampToken::from_der(list.expect(tag::SEQUENCE)?.whole)?;
    list.end()?;
    Ok((granted, token))
}
