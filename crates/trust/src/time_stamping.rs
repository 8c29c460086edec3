//! The time-stamping authority's decision (RFC 3161): one policy, SHA-2 digests, the clock that was passed in.

use crate::centre::Centre;
use base::Fault;
use formats::tsp::{FailureInfo, TimeStamp, TimeStampRequest, refusal, response};

impl Centre {
    /// Answers the bytes of a time-stamp request with the bytes of a time-stamp response. What is wrong with the request is
    /// said in the response's own status (§2.4.2).
    pub fn answer_time_stamp(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let Ok(request) = TimeStampRequest::from_der(request) else {
            return Ok(refusal(FailureInfo::BadDataFormat));
        };
        let policy = self.settings().time_stamping_policy;
        let Some(digest) = request.digest else { return Ok(refusal(FailureInfo::BadAlg)) };
        if request.policy.is_some_and(|asked| asked != policy) {
            return Ok(refusal(FailureInfo::UnacceptedPolicy));
        }
        if request.has_extensions {
            return Ok(refusal(FailureInfo::UnacceptedExtension));
        }
        // 127 bits of chance: unique for the authority, also after a crash (§2.4.2 serialNumber).
        let mut serial = vec![0; 16];
        self.chance().fill(&mut serial);
        serial[0] = serial[0] & 0x7f | 0x40;
        let stamp = TimeStamp {
            policy,
            digest,
            imprint: request.imprint,
            serial,
            at: self.clock().now(),
            nonce: request.nonce,
        };
        let token =
            stamp.sign(self.time_stamping_key(), self.time_stamping_certificate(), request.certificate_requested)?;
        Ok(response(&token))
    }
}
