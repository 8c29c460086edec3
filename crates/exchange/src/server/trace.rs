//! What one exchange leaves behind on one server: log records and a traffic record, each in one transaction with what it
//! belongs to.

use super::{SecurityServer, signing::Signed};
use crate::{
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction, LogEntry},
    opmonitor::{self, Side, TrafficRecord},
};
use base::{Fault, Id, Timestamp};
use bytes::Bytes;
use formats::identifier::{ClientId, ServiceId};

/// Gathered while a message is worked on; complete as far as the work came.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub side: Side,
    pub wording: &'static str,
    pub message_id: String,
    pub request_id: String,
    pub client: String,
    pub service: String,
    /// Known as soon as the message was read.
    pub provider: Option<ClientId>,
    pub begun: Timestamp,
    pub request_bytes: usize,
}

impl Trace {
    pub(super) fn new(side: Side, wording: &'static str, begun: Timestamp) -> Self {
        Trace {
            side,
            wording,
            message_id: String::new(),
            request_id: String::new(),
            client: String::new(),
            service: String::new(),
            provider: None,
            begun,
            request_bytes: 0,
        }
    }

    pub(super) fn about(&mut self, id: &str, client: &ClientId, service: &ServiceId) {
        self.message_id = id.to_owned();
        self.client = client.to_string();
        self.service = service.to_string();
        self.provider = Some(service.provider.clone());
    }

    fn finish(&self, now: Timestamp, response_bytes: usize, fault: Option<&ExchangeFault>) -> TrafficRecord {
        let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        TrafficRecord {
            message_id: self.message_id.clone(),
            request_id: self.request_id.clone(),
            side: self.side,
            wording: self.wording.to_owned(),
            client: self.client.clone(),
            service: self.service.clone(),
            request_in_at: self.begun,
            response_out_at: now,
            request_bytes: size(self.request_bytes),
            response_bytes: size(response_bytes),
            succeeded: fault.is_none(),
            fault_code: fault.map(|fault| fault.code.clone()),
        }
    }

    /// The log entry of one of the two messages.
    pub(super) fn entry(
        &self,
        direction: Direction,
        signer: &ClientId,
        content_type: &str,
        message: &Bytes,
        attachments: &[Attachment],
        signed: &Signed,
    ) -> LogEntry {
        LogEntry {
            message_id: self.message_id.clone(),
            request_id: self.request_id.clone(),
            direction,
            side: self.side,
            wording: self.wording,
            client: self.client.clone(),
            service: self.service.clone(),
            provider: self.provider.clone().expect("only what was read is logged"),
            signer: signer.member_id().to_string(),
            content_type: content_type.to_owned(),
            message: message.clone(),
            attachments: attachments.to_vec(),
            signature: signed.signature.clone(),
            chain_result: signed.chain.as_ref().map(|chain| chain.result.clone()),
            chain: signed.chain.as_ref().map(|chain| chain.chain.clone()),
        }
    }
}

impl SecurityServer {
    /// The request is durable when this returns; nothing is sent or asked before.
    pub(super) async fn log_request(&self, place: Place, entry: &LogEntry) -> Result<(), ExchangeFault> {
        self.write(place, entry).await
    }

    /// The answer and the traffic record are durable when this returns; nothing is answered before.
    pub(super) async fn log_response(
        &self,
        place: Place,
        trace: &Trace,
        entry: &LogEntry,
    ) -> Result<(), ExchangeFault> {
        let size = usize::try_from(entry.size_bytes()).unwrap_or(usize::MAX);
        let traffic = trace.finish(self.clock.now(), size, None);
        self.write(place, entry).await?;
        let written = self.note(&traffic).await;
        written.map_err(|fault| ExchangeFault::failed(place, Cause::LoggingFailed, &fault))
    }

    async fn write(&self, place: Place, entry: &LogEntry) -> Result<(), ExchangeFault> {
        let mut entry = entry.clone();
        if let Some(configuration) = self.configuration.at_hand() {
            entry.signature = self.stored_signature(&configuration, place, &entry.signature).await?;
        }
        let written = self.log.append(entry).await;
        written.map_err(|fault| ExchangeFault::failed(place, Cause::LoggingFailed, &fault))
    }

    async fn note(&self, traffic: &TrafficRecord) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        opmonitor::record(&mut tx, &Id::new(self.clock.now(), &*self.chance), traffic).await?;
        tx.commit().await
    }

    /// A refused exchange leaves a traffic record. That the record cannot be written must not hide the refusal.
    pub(super) async fn note_failure(&self, trace: &Trace, fault: &ExchangeFault) {
        let traffic = trace.finish(self.clock.now(), 0, Some(fault));
        if let Err(cause) = self.note(&traffic).await {
            tracing::warn!(%cause, "a traffic record was not written");
        }
    }
}
