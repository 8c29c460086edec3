//! Writing the transport message, part by part, so that a large one is on its way before it is all there. The boundaries
//! are `xtop` and `xatt` with the same random letters, as peers expect.

use super::{
    Attachment, HASH_CHAIN, HASH_CHAIN_RESULT, OCSP_RESPONSE, Payload, REST_BODY, REST_REQUEST, REST_RESPONSE,
    SIGNATURE,
};
use crate::{
    hashchain::Chain,
    mime::{write_end, write_head, write_part},
};

/// Writes the parts in their order into buffers of the caller.
#[derive(Debug, Clone)]
pub struct Frame {
    boundary: String,
    inner: String,
    /// The nested attachments have begun and not ended.
    nested: bool,
}

impl Frame {
    /// `random` is at least 30 letters or digits that do not occur in the parts (they are random, so they do not).
    pub fn new(random: &str) -> Self {
        Frame { boundary: format!("xtop{random}"), inner: format!("xatt{random}"), nested: false }
    }

    pub fn content_type(&self) -> String {
        format!("multipart/mixed; charset=UTF-8; boundary={}", self.boundary)
    }

    pub fn ocsp(&self, out: &mut Vec<u8>, response: &[u8]) {
        write_part(out, &self.boundary, &[("content-type", OCSP_RESPONSE)], response);
    }

    /// The signed message; `headers` are the MIME headers that its part came with, without the content type.
    pub fn message(&self, out: &mut Vec<u8>, content_type: &str, headers: &[(String, String)], bytes: &[u8]) {
        let mut all = vec![("content-type", content_type)];
        all.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        write_part(out, &self.boundary, &all, bytes);
    }

    /// What follows is the body of a REST message, until [`Frame::end_part`].
    pub fn begin_rest_body(&self, out: &mut Vec<u8>) {
        write_head(out, &self.boundary, &[("content-type", REST_BODY)]);
    }

    /// What follows is an attachment, until [`Frame::end_part`].
    pub fn begin_attachment(&mut self, out: &mut Vec<u8>, headers: &[(String, String)]) {
        if !self.nested {
            self.nested = true;
            let kind = format!("multipart/mixed; charset=UTF-8; boundary={}", self.inner);
            write_head(out, &self.boundary, &[("content-type", &kind)]);
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        write_head(out, &self.inner, &headers);
    }

    pub fn end_part(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
    }

    fn end_attachments(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.nested) {
            write_end(out, &self.inner);
            self.end_part(out);
        }
    }

    /// Chain and signature, which end the message.
    pub fn signature(&mut self, out: &mut Vec<u8>, chain: Option<&Chain>, signature: &[u8]) {
        self.end_attachments(out);
        if let Some(chain) = chain {
            write_part(out, &self.boundary, &[("content-type", HASH_CHAIN_RESULT)], &chain.result);
            write_part(out, &self.boundary, &[("content-type", HASH_CHAIN)], &chain.chain);
        }
        write_part(out, &self.boundary, &[("content-type", SIGNATURE)], signature);
        write_end(out, &self.boundary);
    }

    /// A fault in the signature's place, which ends the message. A part that was being written must have been ended.
    pub fn fault(&mut self, out: &mut Vec<u8>, fault: &[u8]) {
        self.end_attachments(out);
        write_part(out, &self.boundary, &[("content-type", "text/xml; charset=UTF-8")], fault);
        write_end(out, &self.boundary);
    }
}

/// Everything that one transport message carries, when all of it is in memory.
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

/// The whole message; `random` as for [`Frame::new`].
pub fn encode(message: &Outgoing<'_>, random: &str) -> Encoded {
    let mut frame = Frame::new(random);
    let mut out = Vec::with_capacity(message.payload.bytes().len() + message.signature.len() + 8 * 1024);
    message.ocsp.iter().for_each(|response| frame.ocsp(&mut out, response));
    let kind = match message.payload {
        Payload::Soap { content_type, .. } => content_type.as_str(),
        Payload::RestRequest(_) => REST_REQUEST,
        Payload::RestResponse(_) => REST_RESPONSE,
    };
    frame.message(&mut out, kind, &[], message.payload.bytes());
    for attachment in message.attachments {
        frame.begin_attachment(&mut out, &attachment.headers);
        out.extend_from_slice(&attachment.body);
        frame.end_part(&mut out);
    }
    if let Some(body) = message.rest_body {
        frame.begin_rest_body(&mut out);
        out.extend_from_slice(body);
        frame.end_part(&mut out);
    }
    frame.signature(&mut out, message.chain, message.signature);
    Encoded { content_type: frame.content_type(), body: out }
}
