//! What one exchange leaves behind on one server: log records, durable before anybody is told, and a traffic record.

use super::{SecurityServer, consumer::PROXY_VERSION, signing::Signed};
use crate::{
    fault::{Cause, ExchangeFault, Place},
    messagelog::{Attachment, Direction, LogEntry, Stamping},
    opmonitor::{Side, TrafficDetails, TrafficRecord},
};
use base::Timestamp;
use bytes::Bytes;
use formats::{
    identifier::{ClientId, ServiceId},
    rest::RequestHead,
    soap,
};

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
    /// What only the monitoring protocol wants to know.
    pub details: TrafficDetails,
    here: bool,
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
            details: TrafficDetails { x_road_version: Some(PROXY_VERSION.to_owned()), ..TrafficDetails::default() },
            here: false,
        }
    }

    pub(super) fn about(&mut self, id: &str, client: &ClientId, service: &ServiceId) {
        self.message_id = id.to_owned();
        self.client = client.to_string();
        self.service = service.to_string();
        self.provider = Some(service.provider.clone());
    }

    /// What the header of a SOAP message says beside the parties.
    pub(super) fn about_soap(&mut self, headers: &soap::Headers) {
        self.about(&headers.id, &headers.client, &headers.service);
        let details = &mut self.details;
        details.message_user_id.clone_from(&headers.user_id);
        details.message_issue.clone_from(&headers.issue);
        details.message_protocol_version = Some(headers.protocol_version.clone());
        if let Some((class, code)) = &headers.represented_party {
            details.represented_party_class.clone_from(class);
            details.represented_party_code = Some(code.clone());
        }
        details.service_type = Some("WSDL".to_owned());
        details.request_attachment_count = Some(0);
    }

    /// What the head of a REST message says beside the parties.
    pub(super) fn about_rest(&mut self, head: &RequestHead) {
        self.about(&head.id, &head.client, &head.service);
        let details = &mut self.details;
        let header = |name: &str| head.header(name).map(str::to_owned);
        details.message_user_id = header("x-road-userid");
        details.message_issue = header("x-road-issue");
        details.message_protocol_version = Some("1".to_owned());
        if let Ok(Some((class, code))) = head.represented_party() {
            details.represented_party_class = class;
            details.represented_party_code = Some(code);
        }
        details.rest_method = Some(head.method.clone());
        // Queries are the asker's own and may name persons; the path names what rights are granted for.
        details.rest_path = Some(head.path.clone());
        details.service_type = Some("REST".to_owned());
    }

    /// The server answers itself: nothing goes out, and nothing comes in (reference §2.12).
    pub(super) fn answered_here(&mut self) {
        self.request_out(self.begun);
        self.details.response_in_ts = None;
        self.here = true;
    }

    pub(super) fn request_out(&mut self, now: Timestamp) {
        self.details.request_out_ts = Some(now.as_millisecond());
    }

    pub(super) fn response_in(&mut self, now: Timestamp) {
        self.details.response_in_ts = Some(now.as_millisecond());
    }

    fn finish(&self, now: Timestamp, response_bytes: usize, fault: Option<&ExchangeFault>) -> TrafficRecord {
        let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut details = self.details.clone();
        if self.here {
            details.response_in_ts = Some(now.as_millisecond());
        }
        if let Some(fault) = fault {
            details.fault(&fault.text);
        }
        TrafficRecord {
            message_id: self.message_id.clone(),
            request_id: self.request_id.clone(),
            side: self.side,
            wording: self.wording.to_owned(),
            client: self.client.clone(),
            provider: self.provider.as_ref().map(ClientId::to_string).unwrap_or_default(),
            service: self.service.clone(),
            request_in_at: self.begun,
            response_out_at: now,
            request_bytes: size(self.request_bytes),
            response_bytes: size(response_bytes),
            succeeded: fault.is_none(),
            fault_code: fault.map(|fault| fault.code.clone()),
            details,
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
    pub(super) async fn log_request(&self, place: Place, entry: LogEntry) -> Result<(), ExchangeFault> {
        self.write(place, entry).await
    }

    /// The answer is durable when this returns; nothing is answered before. The traffic record follows when it may.
    pub(super) async fn log_response(&self, place: Place, trace: &Trace, entry: LogEntry) -> Result<(), ExchangeFault> {
        let size = usize::try_from(entry.size_bytes()).unwrap_or(usize::MAX);
        let attachments = entry.attachments.len();
        self.write(place, entry).await?;
        let mut record = trace.finish(self.clock.now(), size, None);
        if trace.wording == "soap" {
            record.details.response_attachment_count = i64::try_from(attachments).ok();
        }
        self.note(record);
        Ok(())
    }

    async fn write(&self, place: Place, mut entry: LogEntry) -> Result<(), ExchangeFault> {
        if self.log.policy().time_stamps == Stamping::Immediate {
            entry.signature = self.stamped_signature(place, &entry.signature).await?;
        }
        let written = self.log.append(entry).await;
        written.map_err(|fault| ExchangeFault::failed(place, Cause::LoggingFailed, &fault))
    }

    /// A refused exchange leaves a traffic record.
    pub(super) fn note_failure(&self, trace: &Trace, fault: &ExchangeFault) {
        self.note(trace.finish(self.clock.now(), 0, Some(fault)));
    }

    fn note(&self, mut record: TrafficRecord) {
        record.details.security_server_internal_ip = self.inner_address.get().cloned();
        self.recorder.note(record);
    }
}
