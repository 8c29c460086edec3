//! Writing the transport message. The boundaries are `xtop` and `xatt` with the same random letters, as peers expect.

use super::{
    Attachment, HASH_CHAIN, HASH_CHAIN_RESULT, OCSP_RESPONSE, Payload, REST_BODY, REST_REQUEST, REST_RESPONSE,
    SIGNATURE,
};
use crate::{
    hashchain::Chain,
    mime::{write_end, write_part},
};

/// Everything that one transport message carries.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// One per certificate of the authentication chain without its root; requests only.
    pub ocsp: &'a [Vec<u8>],
    pub payload: &'a Payload,
    pub attachments: &'a [Attachment],
    pub rest_body: Option<&'a [u8]>,
    pub chain: Option<&'a Chain>,
    pub signature: &'a [u8],
}

#[derive(Debug, Clone)]
pub struct Encoded {
    /// `multipart/mixed; charset=UTF-8; boundary=…`.
    pub content_type: String,
    pub body: Vec<u8>,
}

/// `random` is at least 30 letters or digits that do not occur in the parts (they are random, so they do not).
pub fn encode(message: &Outgoing<'_>, random: &str) -> Encoded {
    let boundary = format!("xtop{random}");
    let mut out = Vec::with_capacity(message.payload.bytes().len() + message.signature.len() + 8 * 1024);
    for response in message.ocsp {
        write_part(&mut out, &boundary, &[("content-type", OCSP_RESPONSE)], response);
    }
    let kind = match message.payload {
        Payload::Soap { content_type, .. } => content_type.as_str(),
        Payload::RestRequest(_) => REST_REQUEST,
        Payload::RestResponse(_) => REST_RESPONSE,
    };
    write_part(&mut out, &boundary, &[("content-type", kind)], message.payload.bytes());
    if !message.attachments.is_empty() {
        let inner = format!("xatt{random}");
        let mut nested = Vec::new();
        for attachment in message.attachments {
            let headers: Vec<(&str, &str)> =
                attachment.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            write_part(&mut nested, &inner, &headers, &attachment.body);
        }
        write_end(&mut nested, &inner);
        let kind = format!("multipart/mixed; charset=UTF-8; boundary={inner}");
        write_part(&mut out, &boundary, &[("content-type", &kind)], &nested);
    }
    if let Some(body) = message.rest_body {
        write_part(&mut out, &boundary, &[("content-type", REST_BODY)], body);
    }
    if let Some(chain) = message.chain {
        write_part(&mut out, &boundary, &[("content-type", HASH_CHAIN_RESULT)], &chain.result);
        write_part(&mut out, &boundary, &[("content-type", HASH_CHAIN)], &chain.chain);
    }
    write_part(&mut out, &boundary, &[("content-type", SIGNATURE)], message.signature);
    write_end(&mut out, &boundary);
    Encoded { content_type: format!("multipart/mixed; charset=UTF-8; boundary={boundary}"), body: out }
}
