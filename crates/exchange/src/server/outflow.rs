//! A message on its way to an information system, with its attachments as they came: whole when it is small, else piece by
//! piece from where the bodies are kept.

use crate::{body::Body, messagelog::Attachment};
use bytes::Bytes;
use formats::mime::{write_end, write_head};
use host::http::{BodySender, Gone, SendBody};

/// What is sent in one piece.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

enum Piece {
    Bytes(Bytes),
    Body(Body),
}

#[derive(Default)]
pub(super) struct Outflow {
    pieces: Vec<Piece>,
}

impl Outflow {
    pub(super) fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.pieces.push(Piece::Bytes(bytes.into()));
        self
    }

    pub(super) fn body(mut self, body: Body) -> Self {
        self.pieces.push(Piece::Body(body));
        self
    }

    /// `multipart/related` with the message as its first part (SOAP Messages with Attachments §3).
    pub(super) fn related(
        boundary: &str,
        headers: &[(String, String)],
        message: Bytes,
        attachments: &[Attachment],
    ) -> Self {
        let head = |before: &[u8], headers: &[(String, String)]| {
            let mut out = before.to_vec();
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            write_head(&mut out, boundary, &headers);
            out
        };
        let mut flow = Outflow::default().bytes(head(b"", headers)).bytes(message);
        for attachment in attachments {
            flow = flow.bytes(head(b"\r\n", &attachment.headers)).body(attachment.body.clone());
        }
        let mut end = b"\r\n".to_vec();
        write_end(&mut end, boundary);
        flow.bytes(end)
    }

    fn size_bytes(&self) -> u64 {
        let size = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Body(body) => body.size_bytes(),
        };
        self.pieces.iter().map(size).sum()
    }

    /// For HTTP. A large one is read and sent by a task of its own, which ends when nobody reads any more.
    pub(super) fn send(mut self) -> SendBody {
        let size = self.size_bytes();
        if let [Piece::Bytes(only)] = self.pieces.as_mut_slice() {
            return SendBody::from(std::mem::take(only));
        }
        if size <= WHOLE_BYTES_MAX
            && let Some(whole) = self.whole()
        {
            return SendBody::from(whole);
        }
        let (sender, body) = SendBody::stream(Some(size));
        tokio::spawn(async move {
            for piece in self.pieces {
                let outcome = match piece {
                    Piece::Bytes(bytes) => sender.send(bytes).await,
                    Piece::Body(body) => feed(&sender, &body).await,
                };
                if outcome.is_err() {
                    return;
                }
            }
            if sender.finish().await.is_err() {
                tracing::debug!("nobody read a message to its end");
            }
        });
        body
    }

    fn whole(&self) -> Option<Bytes> {
        let mut whole = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => whole.extend_from_slice(bytes),
                Piece::Body(body) => whole.extend_from_slice(body.in_memory()?),
            }
        }
        Some(whole.into())
    }
}

/// A body that cannot be read any more is given up, so that its reader sees it break off.
async fn feed(sender: &BodySender, body: &Body) -> Result<(), Gone> {
    let mut chunks = body.chunks();
    loop {
        match chunks.next().await {
            Ok(Some(chunk)) => sender.send(chunk).await?,
            Ok(None) => return Ok(()),
            Err(fault) => {
                tracing::warn!(%fault, "sending a message body");
                return Err(Gone);
            }
        }
    }
}
