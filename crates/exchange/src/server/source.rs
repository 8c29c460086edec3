//! Where the bodies of a message come from: the one body of a REST message, or the attachments behind a SOAP envelope.

use super::inflow::Inflow;
use crate::fault::{Cause, ExchangeFault, Place};
use bytes::{Bytes, BytesMut};
use formats::{
    message::{TEXT_XML, XOP_XML},
    mime::{ContentType, MimeError, Splitter, Step},
};

/// What comes next of the bodies.
#[derive(Debug)]
pub(super) enum Event {
    Begin(Vec<(String, String)>),
    Data(Bytes),
    End,
}

pub(super) enum Source {
    Nothing,
    /// Events, the next one last.
    Whole(Vec<Event>),
    /// Attachments that are there already; the last event is the next.
    Attached(Vec<Event>),
    /// The whole flow is one body, if there is anything in it.
    Rest {
        inflow: Box<Inflow>,
        begun: bool,
        held: Option<Bytes>,
    },
    Parts {
        inflow: Box<Inflow>,
        splitter: Box<Splitter>,
    },
}

/// The SOAP envelope with the headers of its part, and what follows it.
pub(super) struct Opened {
    pub headers: Vec<(String, String)>,
    pub content_type: String,
    pub bytes: Bytes,
    pub rest: Source,
}

pub(super) fn bad_mime(place: Place, error: &MimeError) -> ExchangeFault {
    ExchangeFault::new(place, Cause::MimeParsingFailed, error)
}

impl Source {
    pub(super) fn rest(inflow: Inflow) -> Source {
        Source::Rest { inflow: Box::new(inflow), begun: false, held: None }
    }

    /// A body that is there already.
    pub(super) fn of(bytes: impl Into<Bytes>) -> Source {
        Source::Whole(vec![Event::End, Event::Data(bytes.into()), Event::Begin(Vec::new())])
    }

    pub(super) async fn next(&mut self) -> Result<Option<Event>, ExchangeFault> {
        match self {
            Source::Nothing => Ok(None),
            Source::Whole(events) | Source::Attached(events) => Ok(events.pop()),
            Source::Parts { inflow, splitter } => next_of_parts(inflow, splitter).await,
            Source::Rest { inflow, begun, held } => {
                if let Some(piece) = held.take() {
                    return Ok(Some(Event::Data(piece)));
                }
                match (inflow.next().await?, *begun) {
                    (Some(piece), true) => Ok(Some(Event::Data(piece))),
                    (Some(piece), false) => {
                        (*begun, *held) = (true, Some(piece));
                        Ok(Some(Event::Begin(Vec::new())))
                    }
                    (None, begun) => {
                        *self = Source::Nothing;
                        Ok(begun.then_some(Event::End))
                    }
                }
            }
        }
    }
}

async fn next_of_parts(inflow: &mut Inflow, splitter: &mut Splitter) -> Result<Option<Event>, ExchangeFault> {
    loop {
        match splitter.step().map_err(|error| bad_mime(inflow.place(), &error))? {
            Step::Begin(headers) => return Ok(Some(Event::Begin(headers))),
            Step::Data(data) => return Ok(Some(Event::Data(data))),
            Step::End => return Ok(Some(Event::End)),
            // What follows the last boundary is read away, so that the connection can be used again.
            Step::Done => match inflow.next().await? {
                Some(_) => {}
                None => return Ok(None),
            },
            Step::More => match inflow.next().await? {
                Some(piece) => splitter.feed(piece),
                None => splitter.end(),
            },
        }
    }
}

/// Opens what an information system sent as a SOAP message: an envelope alone, or with attachments behind it.
pub(super) async fn open_soap(
    content_type: &str,
    mut inflow: Inflow,
    envelope_bytes_max: usize,
) -> Result<Opened, ExchangeFault> {
    let place = inflow.place();
    let unexpected =
        || ExchangeFault::new(place, Cause::InvalidContentType, format!("{content_type:?} is no SOAP message"));
    let kind = ContentType::parse(content_type).ok_or_else(unexpected)?;
    match kind.essence.as_str() {
        TEXT_XML | XOP_XML => {
            let mut pieces = Gathered::new(place, envelope_bytes_max);
            while let Some(piece) = inflow.next().await? {
                pieces.add(piece)?;
            }
            let (headers, content_type) = (Vec::new(), content_type.to_owned());
            Ok(Opened { headers, content_type, bytes: pieces.bytes(), rest: Source::Nothing })
        }
        "multipart/related" => {
            let boundary = kind.boundary().ok_or_else(unexpected)?;
            let (inflow, splitter) = (Box::new(inflow), Box::new(Splitter::new(boundary)));
            open_first(Source::Parts { inflow, splitter }, place, envelope_bytes_max).await
        }
        _ => Err(unexpected()),
    }
}

async fn open_first(mut source: Source, place: Place, envelope_bytes_max: usize) -> Result<Opened, ExchangeFault> {
    // A service that answers with nothing is told so otherwise than a client that asks with nothing.
    let cause = if place == Place::Service { Cause::InvalidMessage } else { Cause::MissingSoap };
    let missing = || ExchangeFault::new(place, cause, "there is no SOAP message");
    let Some(Event::Begin(headers)) = source.next().await? else { return Err(missing()) };
    let content_type = content_type_of(&headers, place)?.to_owned();
    let essence = ContentType::parse(&content_type).map(|kind| kind.essence).unwrap_or_default();
    if essence != TEXT_XML && essence != XOP_XML {
        let text = format!("the first part is {content_type:?} and no SOAP message");
        return Err(ExchangeFault::new(place, Cause::InvalidContentType, text));
    }
    let mut pieces = Gathered::new(place, envelope_bytes_max);
    while let Some(Event::Data(piece)) = source.next().await? {
        pieces.add(piece)?;
    }
    Ok(Opened { headers, content_type, bytes: pieces.bytes(), rest: source })
}

/// A part of a SOAP message must say what it is.
pub(super) fn content_type_of(headers: &[(String, String)], place: Place) -> Result<&str, ExchangeFault> {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let missing = || ExchangeFault::new(place, Cause::InvalidContentType, "a part has no content type");
    found.map(|(_, value)| value.as_str()).ok_or_else(missing)
}

/// Pieces of a part that is read as a whole.
pub(super) struct Gathered {
    place: Place,
    size_bytes_max: usize,
    first: Option<Bytes>,
    joined: BytesMut,
}

impl Gathered {
    pub(super) fn new(place: Place, size_bytes_max: usize) -> Self {
        Gathered { place, size_bytes_max, first: None, joined: BytesMut::new() }
    }

    pub(super) fn add(&mut self, piece: Bytes) -> Result<(), ExchangeFault> {
        let size = self.first.as_ref().map_or(0, Bytes::len) + self.joined.len() + piece.len();
        if size > self.size_bytes_max {
            let text = format!("this part of a message may have {} bytes", self.size_bytes_max);
            return Err(ExchangeFault::new(self.place, Cause::InvalidMessage, text));
        }
        match self.first.take() {
            None if self.joined.is_empty() => self.first = Some(piece),
            first => {
                first.iter().for_each(|first| self.joined.extend_from_slice(first));
                self.joined.extend_from_slice(&piece);
            }
        }
        Ok(())
    }

    /// Without a copy when it came in one piece.
    pub(super) fn bytes(self) -> Bytes {
        self.first.unwrap_or_else(|| self.joined.freeze())
    }
}
