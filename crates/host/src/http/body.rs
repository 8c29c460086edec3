//! What is sent: whole, or piece by piece while it is still being made. A stream that is dropped before its end breaks the
//! connection instead of looking like a shorter message.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::sync::mpsc;

/// Pieces that may wait between the maker and the network.
const PIECES_WAITING_MAX: usize = 4;

/// The maker of a stream gave it up.
#[derive(Debug)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the body was given up before its end")
    }
}

impl std::error::Error for Aborted {}

/// Nobody reads the stream any more.
#[derive(Debug)]
pub struct Gone;

#[derive(Debug)]
pub struct SendBody(Content);

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Stream { pieces: mpsc::Receiver<Piece>, left: Option<u64>, over: bool },
}

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End,
}

/// The maker's end of a stream.
#[derive(Debug)]
pub struct BodySender(mpsc::Sender<Piece>);

impl SendBody {
    /// A stream, of `size_bytes` if that is known. Waits for the reader after a few pieces.
    pub fn stream(size_bytes: Option<u64>) -> (BodySender, SendBody) {
        let (sender, pieces) = mpsc::channel(PIECES_WAITING_MAX);
        (BodySender(sender), SendBody(Content::Stream { pieces, left: size_bytes, over: false }))
    }
}

impl SendBody {
    /// The same body once more, if it is whole.
    pub fn again(&self) -> Option<SendBody> {
        match &self.0 {
            Content::Whole(bytes) => Some(SendBody(Content::Whole(bytes.clone()))),
            Content::Stream { .. } => None,
        }
    }
}

impl From<Bytes> for SendBody {
    fn from(bytes: Bytes) -> Self {
        SendBody(Content::Whole(bytes))
    }
}

impl BodySender {
    pub async fn send(&self, data: Bytes) -> Result<(), Gone> {
        if data.is_empty() {
            return Ok(());
        }
        self.0.send(Piece::Data(data)).await.map_err(|_| Gone)
    }

    /// Ends the stream as it should end.
    pub async fn finish(self) -> Result<(), Gone> {
        self.0.send(Piece::End).await.map_err(|_| Gone)
    }
}

impl Body for SendBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match &mut self.get_mut().0 {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Stream { over: true, .. } => Poll::Ready(None),
            Content::Stream { pieces, left, over } => match ready!(pieces.poll_recv(context)) {
                Some(Piece::Data(data)) => {
                    *left = left.map(|left| left.saturating_sub(data.len() as u64));
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Some(Piece::End) => {
                    *over = true;
                    Poll::Ready(None)
                }
                None => Poll::Ready(Some(Err(Aborted))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Stream { over, .. } => *over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream { left: Some(left), .. } => SizeHint::with_exact(*left),
            Content::Stream { left: None, .. } => SizeHint::default(),
        }
    }
}
