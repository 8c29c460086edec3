//! Taking in a transport message part by part: small parts into memory, bodies into the spool. Nothing here is verified,
//! and nothing is handed on before it is.

use super::{
    SecurityServer,
    inflow::Inflow,
    relay::{Limit, not_kept},
    signing::Signed,
    source::{Gathered, bad_mime},
};
use crate::{
    body::BodyWriter,
    fault::{ExchangeFault, Place},
    messagelog::Attachment,
};
use bytes::Bytes;
use formats::{
    hashchain::{Chain, DigestAlgorithm},
    message::{Order, PartKind, TEXT_XML, TransportError, bare_fault, check_ocsp, last_fault},
    mime::{ContentType, Splitter, Step},
    rest::HEAD_BYTES_MAX,
    soap::{self, Parsed},
};

/// How large the parts are that prove something.
const PROOF_BYTES_MAX: usize = 1024 * 1024;

/// The signed message itself.
#[derive(Debug)]
pub(super) enum Content {
    Soap { headers: Vec<(String, String)>, content_type: String, message: Box<soap::Message> },
    RestRequest(Bytes),
    RestResponse(Bytes),
}

/// What arrived.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub ocsp: Vec<Vec<u8>>,
    pub content: Option<Content>,
    pub attachments: Vec<Attachment>,
    pub signed: Option<Signed>,
    pub fault: Option<soap::Fault>,
}

/// Under what conditions a message is taken in.
pub(super) struct Taking<'a> {
    pub content_type: &'a str,
    /// What the sender hashes parts with.
    pub algorithm: DigestAlgorithm,
    pub limit: Limit,
    /// Whether it may be a fault alone.
    pub answer: bool,
}

struct Taker<'a> {
    server: &'a SecurityServer,
    place: Place,
    taking: Taking<'a>,
    order: Order,
    received: Received,
    chain_result: Option<Vec<u8>>,
    chain: Option<Vec<u8>>,
}

/// The part that is being read.
enum Part {
    None,
    Small(PartKind, Vec<(String, String)>, Gathered),
    Body(BodyWriter),
    /// Attachments, with the one of them that is being read.
    Nested(Box<Splitter>, Option<(Vec<(String, String)>, BodyWriter)>),
}

impl SecurityServer {
    /// Reads a whole message. `judge` looks at it when the signed part and the OCSP responses are there, and may refuse it
    /// before its bodies come.
    pub(super) async fn receive(
        &self,
        inflow: &mut Inflow,
        taking: Taking<'_>,
        judge: &(dyn Fn(&Received) -> Result<(), ExchangeFault> + Sync),
    ) -> Result<Received, ExchangeFault> {
        let place = inflow.place();
        let (order, received) = (Order::default(), Received::default());
        let taker = Taker { server: self, place, taking, order, received, chain_result: None, chain: None };
        taker.run(inflow, judge).await
    }
}

impl Taker<'_> {
    fn bad(&self, error: &TransportError) -> ExchangeFault {
        ExchangeFault::coded(self.place, error.code(), error)
    }

    async fn run(
        mut self,
        inflow: &mut Inflow,
        judge: &(dyn Fn(&Received) -> Result<(), ExchangeFault> + Sync),
    ) -> Result<Received, ExchangeFault> {
        let written = self.taking.content_type;
        let kind = ContentType::parse(written);
        let unexpected = || TransportError::InvalidContentType(written.to_owned());
        let boundary = match &kind {
            Some(kind) if kind.essence == TEXT_XML && self.taking.answer => return self.bare(inflow).await,
            Some(kind) if kind.essence == "multipart/mixed" => kind.boundary(),
            _ => None,
        };
        let mut splitter = Splitter::new(boundary.ok_or_else(|| self.bad(&unexpected()))?);
        let mut part = Part::None;
        loop {
            match splitter.step().map_err(|error| bad_mime(self.place, &error))? {
                Step::Begin(headers) => part = self.begin(headers)?,
                Step::Data(data) => self.data(&mut part, data).await?,
                Step::End => {
                    let ended = std::mem::replace(&mut part, Part::None);
                    if self.end(ended).await? {
                        judge(&self.received)?;
                    }
                }
                Step::Done => match inflow.next().await? {
                    Some(_) => {}
                    None => return Ok(self.received),
                },
                Step::More => match inflow.next().await? {
                    Some(piece) => splitter.feed(piece),
                    None => splitter.end(),
                },
            }
        }
    }

    async fn bare(mut self, inflow: &mut Inflow) -> Result<Received, ExchangeFault> {
        let mut gathered = Gathered::new(self.place, PROOF_BYTES_MAX);
        while let Some(piece) = inflow.next().await? {
            gathered.add(piece)?;
        }
        self.received.fault = Some(bare_fault(gathered.bytes()).map_err(|error| self.bad(&error))?);
        Ok(self.received)
    }

    fn begin(&mut self, headers: Vec<(String, String)>) -> Result<Part, ExchangeFault> {
        let kind = self.order.next_part(&headers).map_err(|error| self.bad(&error))?;
        let most = match &kind {
            PartKind::Attachments(boundary) => return Ok(Part::Nested(Box::new(Splitter::new(boundary)), None)),
            PartKind::RestBody => return Ok(Part::Body(self.writer())),
            PartKind::Soap(_) => self.server.settings.envelope_bytes_max,
            PartKind::RestRequest | PartKind::RestResponse => HEAD_BYTES_MAX,
            _ => PROOF_BYTES_MAX,
        };
        Ok(Part::Small(kind, headers, Gathered::new(self.place, most)))
    }

    fn writer(&self) -> BodyWriter {
        self.server.spool.writer(Some(self.taking.algorithm))
    }

    async fn data(&mut self, part: &mut Part, data: Bytes) -> Result<(), ExchangeFault> {
        match part {
            Part::None => Ok(()),
            Part::Small(kind, _, gathered) => {
                if matches!(kind, PartKind::Soap(_) | PartKind::RestRequest | PartKind::RestResponse) {
                    self.taking.limit.take(data.len(), self.place)?;
                }
                gathered.add(data)
            }
            Part::Body(writer) => {
                self.taking.limit.take(data.len(), self.place)?;
                writer.write(data).await.map_err(|fault| not_kept(self.place, &fault))
            }
            Part::Nested(splitter, open) => {
                splitter.feed(data);
                self.nested(splitter, open).await
            }
        }
    }

    async fn nested(
        &mut self,
        splitter: &mut Splitter,
        open: &mut Option<(Vec<(String, String)>, BodyWriter)>,
    ) -> Result<(), ExchangeFault> {
        loop {
            match splitter.step().map_err(|error| bad_mime(self.place, &error))? {
                Step::Begin(headers) => *open = Some((headers, self.writer())),
                Step::Data(data) => {
                    self.taking.limit.take(data.len(), self.place)?;
                    if let Some((_, writer)) = open {
                        writer.write(data).await.map_err(|fault| not_kept(self.place, &fault))?;
                    }
                }
                Step::End => {
                    if let Some((headers, writer)) = open.take() {
                        self.keep(headers, writer).await?;
                    }
                }
                Step::Done | Step::More => return Ok(()),
            }
        }
    }

    async fn keep(&mut self, headers: Vec<(String, String)>, writer: BodyWriter) -> Result<(), ExchangeFault> {
        let body = writer.finish().await.map_err(|fault| not_kept(self.place, &fault))?;
        self.received.attachments.push(Attachment { headers, body });
        Ok(())
    }

    /// Takes over a part that is complete; `true` when it was the signed one.
    async fn end(&mut self, part: Part) -> Result<bool, ExchangeFault> {
        match part {
            Part::None => Ok(false),
            Part::Body(writer) => self.keep(Vec::new(), writer).await.map(|()| false),
            Part::Nested(mut splitter, mut open) => {
                splitter.end();
                self.nested(&mut splitter, &mut open).await.map(|()| false)
            }
            Part::Small(kind, headers, gathered) => self.small(kind, headers, gathered.bytes()),
        }
    }

    fn small(&mut self, kind: PartKind, headers: Vec<(String, String)>, bytes: Bytes) -> Result<bool, ExchangeFault> {
        match kind {
            PartKind::Ocsp => {
                check_ocsp(&bytes).map_err(|error| self.bad(&error))?;
                self.received.ocsp.push(bytes.to_vec());
            }
            PartKind::Soap(content_type) => return self.soap(content_type, headers, bytes),
            PartKind::RestRequest => {
                self.received.content = Some(Content::RestRequest(bytes));
                return Ok(true);
            }
            PartKind::RestResponse => {
                self.received.content = Some(Content::RestResponse(bytes));
                return Ok(true);
            }
            PartKind::ChainResult => self.chain_result = Some(bytes.to_vec()),
            PartKind::Chain => self.chain = Some(bytes.to_vec()),
            PartKind::Signature => {
                let chain = self.chain_result.take().zip(self.chain.take());
                let chain = chain.map(|(result, chain)| Chain { result, chain });
                self.received.signed = Some(Signed { signature: bytes.to_vec(), chain });
            }
            PartKind::Fault => {
                self.received.fault = Some(last_fault(bytes).map_err(|error| self.bad(&error))?);
            }
            PartKind::RestBody | PartKind::Attachments(_) => {}
        }
        Ok(false)
    }

    fn soap(
        &mut self,
        content_type: String,
        mut headers: Vec<(String, String)>,
        bytes: Bytes,
    ) -> Result<bool, ExchangeFault> {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        let charset = ContentType::parse(&content_type);
        let charset = charset.as_ref().and_then(|kind| kind.parameter("charset"));
        match soap::read_as(bytes, charset).map_err(|error| self.bad(&TransportError::Soap(error)))? {
            Parsed::Message(message) => {
                self.received.content = Some(Content::Soap { headers, content_type, message });
                Ok(true)
            }
            Parsed::Fault(fault) => {
                self.received.fault = Some(fault);
                Ok(false)
            }
        }
    }
}
