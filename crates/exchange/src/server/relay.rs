//! Bodies on their way through a server: each piece is kept and hashed, and goes into the transport message at once, so that
//! a large message is on the wire while it still arrives. What is small is gathered and sent as one.

use super::source::{Event, Source, content_type_of};
use crate::{
    body::{BodyWriter, Spool},
    fault::{Cause, ExchangeFault, Place},
    messagelog::Attachment,
};
use base::Fault;
use bytes::Bytes;
use formats::{hashchain::Chain, message::Frame};
use host::http::{BodySender, Gone};
use std::sync::Arc;

/// What is gathered before anything is sent, and sent in one piece after that.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) struct Relay {
    source: Source,
    spool: Arc<Spool>,
    pub frame: Frame,
    pub out: Vec<u8>,
    rest: bool,
    place: Place,
    open: Option<(Vec<(String, String)>, BodyWriter)>,
    pub attachments: Vec<Attachment>,
    limit: Limit,
}

/// How long the contents of a message may be together, and what it is called when they are longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub left_bytes: u64,
    pub too_long: Cause,
}

impl Limit {
    pub(super) fn take(&mut self, size_bytes: usize, place: Place) -> Result<(), ExchangeFault> {
        match self.left_bytes.checked_sub(size_bytes as u64) {
            Some(left) => {
                self.left_bytes = left;
                Ok(())
            }
            None => Err(ExchangeFault::new(place, self.too_long, "the message is longer than it may be")),
        }
    }
}

/// A body that cannot be kept is a message that cannot be logged.
pub(super) fn not_kept(place: Place, fault: &Fault) -> ExchangeFault {
    ExchangeFault::failed(place, Cause::IoError, fault)
}

impl Relay {
    pub(super) fn new(source: Source, spool: Arc<Spool>, frame: Frame, place: Place, limit: Limit) -> Self {
        let rest = !matches!(source, Source::Parts { .. } | Source::Attached(_));
        let out = Vec::with_capacity(8 * 1024);
        Relay { source, spool, frame, out, rest, place, open: None, attachments: Vec::new(), limit }
    }

    /// Gathers until everything is there (`true`) or it is more than is sent in one piece.
    pub(super) async fn gather(&mut self) -> Result<bool, ExchangeFault> {
        while self.out.len() < PIECE_BYTES {
            if !self.step().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends what comes until the source ends. The receiver may leave before; what it answered then counts.
    pub(super) async fn run(&mut self, sender: &BodySender) -> Result<Result<(), Gone>, ExchangeFault> {
        loop {
            if self.out.len() >= PIECE_BYTES {
                let piece = std::mem::replace(&mut self.out, Vec::with_capacity(2 * PIECE_BYTES));
                if sender.send(piece.into()).await.is_err() {
                    return Ok(Err(Gone));
                }
            }
            if !self.step().await? {
                return Ok(Ok(()));
            }
        }
    }

    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.out).into()
    }

    async fn step(&mut self) -> Result<bool, ExchangeFault> {
        match self.source.next().await? {
            None => return Ok(false),
            Some(Event::Begin(headers)) => {
                if self.rest {
                    self.frame.begin_rest_body(&mut self.out);
                } else {
                    content_type_of(&headers, self.place)?;
                    self.frame.begin_attachment(&mut self.out, &headers);
                }
                self.open = Some((headers, self.spool.writer(None)));
            }
            Some(Event::Data(data)) => {
                self.limit.take(data.len(), self.place)?;
                self.out.extend_from_slice(&data);
                if let Some((_, writer)) = &mut self.open {
                    writer.write(data).await.map_err(|fault| not_kept(self.place, &fault))?;
                }
            }
            Some(Event::End) => {
                self.frame.end_part(&mut self.out);
                if let Some((headers, writer)) = self.open.take() {
                    let body = writer.finish().await.map_err(|fault| not_kept(self.place, &fault))?;
                    self.attachments.push(Attachment { headers, body });
                }
            }
        }
        Ok(true)
    }

    /// Ends the message with its signature.
    pub(super) fn seal(&mut self, chain: Option<&Chain>, signature: &[u8]) {
        self.frame.signature(&mut self.out, chain, signature);
    }

    /// Ends the message with a fault in the place of the signature.
    pub(super) fn give_up(&mut self, fault: &[u8]) {
        if self.open.take().is_some() {
            self.frame.end_part(&mut self.out);
        }
        self.frame.fault(&mut self.out, fault);
    }
}
