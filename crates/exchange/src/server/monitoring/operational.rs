//! `getSecurityServerOperationalData` (monitoring protocol §2): the stored records of a period, as a compressed attachment.

use super::{OP_MONITORING, invalid, request};
use crate::{
    body::Body,
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Attachment,
    opmonitor::{self, INTERNAL_IP, TrafficRecord, Wanted},
    server::{SecurityServer, own::OwnAnswer},
};
use base::Fault;
use flate2::{Compression, write::GzEncoder};
use formats::{identifier::ClientId, soap};
use serde_json::{Map, Value, json};
use std::io::Write as _;

/// The attachment's name in the protocol.
const OPERATIONAL_DATA: &str = "operational-monitoring-data.json.gz";
/// Records younger than this may not all be stored yet (the field's own default; ours are after seconds).
const AVAILABLE_AFTER_S: i64 = 60;
/// Records in one answer (the field's own default), beside those of the last one's second.
const RECORDS_MAX: i64 = 10_000;
/// More than any second has.
const SECOND_MAX: i64 = 200_000;

/// What goes into the answer.
struct Page {
    records: Vec<(i64, TrafficRecord)>,
    next_from_s: Option<i64>,
}

impl SecurityServer {
    pub(in super::super) async fn operational_data(
        &self,
        configuration: &Configuration,
        request: &soap::Message,
    ) -> Result<OwnAnswer, ExchangeFault> {
        let mut search = request::read_search(&request.body).map_err(invalid)?;
        let available_before_s = self.clock.now().as_second() - AVAILABLE_AFTER_S;
        if search.from_s >= available_before_s {
            return Err(invalid(format_args!("records from {} are not available yet", search.from_s)));
        }
        let shifted = search.to_s >= available_before_s;
        if shifted {
            search.to_s = available_before_s - 1;
        }
        let all = self.sees_all(configuration, request);
        let wanted = Wanted {
            from_s: search.from_s,
            to_s: search.to_s,
            party: (!all).then(|| request.headers.client.to_string()),
            provider: search.provider.as_ref().map(ClientId::to_string),
        };
        let failed = |fault: &Fault| ExchangeFault::failed(Place::ServerProxy, Cause::IoError, fault);
        let page = self.page(&wanted).await.map_err(|fault| failed(&fault))?;
        let next = page.next_from_s.or(shifted.then_some(available_before_s));
        let records: Vec<Value> =
            page.records.iter().map(|(stored_s, record)| project(record, *stored_s, &search.fields, all)).collect();
        let count = records.len();
        let payload = compress(&json!({ "records": records })).map_err(|fault| failed(&fault))?;
        Ok(answer(count, next, payload))
    }

    /// The owner, when it names this very server, and the central monitoring client see every record; others their own.
    fn sees_all(&self, configuration: &Configuration, request: &soap::Message) -> bool {
        let headers = &request.headers;
        let owner = headers.client == self.id.owner() && headers.security_server.as_ref() == Some(&self.id);
        owner || Self::is_monitoring_client(configuration, &headers.client)
    }

    /// As many records as fit, always with all that were stored in the last one's second, so that none is skipped.
    async fn page(&self, wanted: &Wanted) -> Result<Page, Fault> {
        let mut records = opmonitor::stored(&self.store, wanted, RECORDS_MAX).await?;
        let full = i64::try_from(records.len()).unwrap_or(i64::MAX) >= RECORDS_MAX;
        let Some(last_s) = records.last().map(|(stored_s, _)| *stored_s).filter(|_| full) else {
            return Ok(Page { records, next_from_s: None });
        };
        records.retain(|(stored_s, _)| *stored_s != last_s);
        let second = Wanted { from_s: last_s, to_s: last_s, ..wanted.clone() };
        records.extend(opmonitor::stored(&self.store, &second, SECOND_MAX).await?);
        let rest = Wanted { from_s: last_s + 1, ..wanted.clone() };
        let left = rest.from_s <= rest.to_s && !opmonitor::stored(&self.store, &rest, 1).await?.is_empty();
        Ok(Page { records, next_from_s: left.then_some(last_s + 1) })
    }
}

/// The wanted fields of a record; the server's inner address is for those who see everything.
fn project(record: &TrafficRecord, stored_s: i64, fields: &[String], all: bool) -> Value {
    let mut whole: Map<String, Value> = record.to_json(stored_s);
    whole.retain(|name, _| {
        (all || name != INTERNAL_IP) && (fields.is_empty() || fields.iter().any(|field| field == name))
    });
    Value::Object(whole)
}

fn compress(records: &Value) -> Result<Vec<u8>, Fault> {
    let failed = |cause: &dyn std::fmt::Display| Fault::new("compress operational data", cause);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(records.to_string().as_bytes()).map_err(|cause| failed(&cause))?;
    encoder.finish().map_err(|cause| failed(&cause))
}

fn answer(count: usize, next_from_s: Option<i64>, payload: Vec<u8>) -> OwnAnswer {
    let next = next_from_s.map_or(String::new(), |next| format!("<om:nextRecordsFrom>{next}</om:nextRecordsFrom>"));
    let body = format!(
        "<om:getSecurityServerOperationalDataResponse xmlns:om=\"{OP_MONITORING}\"><om:recordsCount>{count}\
         </om:recordsCount><om:records>cid:{OPERATIONAL_DATA}</om:records>{next}\
         </om:getSecurityServerOperationalDataResponse>"
    );
    let header = |name: &str, value: String| (name.to_owned(), value);
    let headers = vec![
        header("content-type", "application/gzip".to_owned()),
        header("content-transfer-encoding", "binary".to_owned()),
        header("content-id", format!("<{OPERATIONAL_DATA}>")),
    ];
    OwnAnswer { body, attachments: vec![Attachment { headers, body: Body::of(payload) }] }
}
