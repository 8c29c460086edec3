//! A body as it comes in, from a request or an answer: in pieces, up to a length, from a sender who must not be too slow.

use super::settings::Patience;
use crate::fault::{Cause, ExchangeFault, Place};
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;
use std::{sync::Mutex, time::Duration};
use tokio::time::{Instant, timeout};

/// What is read on of a refused message, so that the sender hears the refusal instead of a broken connection.
const DRAINED_BYTES_MAX: u64 = 256 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

fn own(stream: &mut Mutex<BodyDataStream>) -> &mut BodyDataStream {
    stream.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(super) struct Inflow {
    /// Never shared; the lock only says so to the compiler.
    stream: Mutex<BodyDataStream>,
    patience: Patience,
    waited: Duration,
    received_bytes: u64,
    size_bytes_max: u64,
    place: Place,
    /// What it is called when the body is too long.
    too_long: Cause,
    over: bool,
}

impl Inflow {
    pub(super) fn new(body: Body, place: Place, size_bytes_max: u64, too_long: Cause, patience: Patience) -> Self {
        Inflow {
            stream: Mutex::new(body.into_data_stream()),
            patience,
            waited: Duration::ZERO,
            received_bytes: 0,
            size_bytes_max,
            place,
            too_long,
            over: false,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next piece, never empty; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ExchangeFault> {
        loop {
            if self.over {
                return Ok(None);
            }
            let left = self.patience.allowance(self.received_bytes).saturating_sub(self.waited);
            let began = Instant::now();
            let piece = timeout(left, own(&mut self.stream).next()).await;
            self.waited += began.elapsed();
            let broken = |why: &str| ExchangeFault::new(self.place, Cause::IoError, why);
            match piece {
                Err(_) => return Err(broken("the message came too slowly")),
                Ok(None) => self.over = true,
                Ok(Some(Err(cause))) => {
                    tracing::debug!(%cause, "reading a message");
                    return Err(broken("the message broke off"));
                }
                Ok(Some(Ok(piece))) if piece.is_empty() => {}
                Ok(Some(Ok(piece))) => {
                    self.received_bytes += piece.len() as u64;
                    return self.within_limit().map(|()| Some(piece));
                }
            }
        }
    }

    fn within_limit(&self) -> Result<(), ExchangeFault> {
        if self.received_bytes <= self.size_bytes_max {
            return Ok(());
        }
        let text = format!("a message may have {} bytes here", self.size_bytes_max);
        Err(ExchangeFault::new(self.place, self.too_long, text))
    }
}

/// What is left of a refused request is read away while the refusal is sent: a sender that is cut off would not hear it.
impl Drop for Inflow {
    fn drop(&mut self) {
        let answer = self.place == Place::PeerAnswer;
        let (false, false, Ok(runtime)) = (self.over, answer, tokio::runtime::Handle::try_current()) else { return };
        let empty = Mutex::new(Body::empty().into_data_stream());
        let mut stream = std::mem::replace(&mut self.stream, empty);
        runtime.spawn(async move {
            let rest = async {
                let mut drained = 0;
                while let Some(Ok(piece)) = own(&mut stream).next().await {
                    drained += piece.len() as u64;
                    if drained > DRAINED_BYTES_MAX {
                        break;
                    }
                }
            };
            if timeout(DRAIN_TIMEOUT, rest).await.is_err() {
                tracing::debug!("a refused message did not end in time");
            }
        });
    }
}
