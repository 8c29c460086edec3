//! What crossed the exchange while the journeys were walked, as the security servers' own records say it, and what was asked, as
//! their message logs hold it: nothing here comes from the registers, so that their access logs can be compared with it.

use super::Country;
use super::report::Crossings;
use base::{SystemChance, SystemClock, Timestamp};
use bytes::Bytes;
use exchange::messagelog::{Direction, LogEntry, LogFilter, LogParts, LogPolicy, MessageLog};
use exchange::opmonitor::{self, TrafficFilter, TrafficRecord};
use host::store::{Location, Store};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What a question to a register names a person or a company by.
const KEYS: [&str; 3] = ["pin", "applicantPin", "tin"];
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A question that a register answered, as the asker signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub message_id: String,
    /// `AZ/GOV/10002/employment`.
    pub client: String,
    /// `AZ/GOV/10005/insurance`.
    pub register: String,
    /// `salaries`, without its version.
    pub service: String,
    pub user: String,
    pub case_reference: String,
    pub purpose: String,
    /// PIN or taxpayer number of whom it is about; empty when it is about nobody in particular.
    pub about: String,
    pub asked_at: Timestamp,
    pub answered_at: Timestamp,
}

/// The security servers' own records, read where they are kept.
pub struct Traffic {
    servers: Vec<Store>,
    /// Folders of the servers, in the same order.
    folders: Vec<PathBuf>,
    /// Messages of the time before the tour.
    before: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Traffic {
    pub async fn open(country: &Country) -> Result<Traffic, String> {
        let folder = country.data.join("stores");
        let entries = std::fs::read_dir(&folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
        let (mut servers, mut folders) = (Vec::new(), Vec::new());
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("ss-") && name.ends_with(".db") {
                let store = Store::open(&Location::Sqlite(path), exchange::SERVER_MIGRATIONS).await;
                servers.push(store.map_err(|error| error.to_string())?);
                folders.push(country.data.join("exchange").join(name.trim_end_matches(".db")));
            }
        }
        let mut traffic = Traffic { servers, folders, before: BTreeSet::new(), seen: BTreeSet::new() };
        traffic.since_last().await?;
        traffic.before = traffic.seen.clone();
        Ok(traffic)
    }

    async fn records(&self) -> Result<Vec<TrafficRecord>, String> {
        let mut all = Vec::new();
        for server in &self.servers {
            let records = opmonitor::records(server, &TrafficFilter::default()).await;
            all.extend(records.map_err(|fault| fault.to_string())?);
        }
        Ok(all)
    }

    /// The request as the asker's own server logged it.
    async fn request(&self, message_id: &str) -> Result<Option<LogEntry>, String> {
        let filter = LogFilter { message_id: Some(message_id.to_owned()), ..LogFilter::default() };
        for (server, folder) in self.servers.iter().zip(&self.folders) {
            let log = MessageLog::look(LogParts {
                folder: folder.join("messagelog"),
                keys: folder.join("keys"),
                store: server.clone(),
                policy: LogPolicy::default(),
                clock: Arc::new(SystemClock),
                chance: Arc::new(SystemChance),
            });
            let records = log.map_err(|fault| fault.to_string())?.records(&filter).await;
            let mut records = records.map_err(|fault| fault.to_string())?.into_iter();
            if let Some(request) = records.find(|record| record.entry.direction == Direction::Request) {
                return request.into_entry().map(Some).map_err(|fault| fault.to_string());
            }
        }
        Ok(None)
    }
}

impl Crossings for Traffic {
    async fn since_last(&mut self) -> Result<Vec<String>, String> {
        let ids = self.records().await?.into_iter().map(|record| record.message_id);
        Ok(ids.filter(|id| self.seen.insert(id.clone())).collect())
    }

    async fn questions(&mut self) -> Result<Vec<Question>, String> {
        // A question to a silent register is asked again under its number: it counts once, from the first asking.
        let mut answered: BTreeMap<String, (Timestamp, Timestamp)> = BTreeMap::new();
        for record in self.records().await?.into_iter().filter(|record| record.succeeded) {
            if !self.before.contains(&record.message_id) {
                let span = answered.entry(record.message_id).or_insert((record.request_in_at, record.response_out_at));
                *span = (span.0.min(record.request_in_at), span.1.max(record.response_out_at));
            }
        }
        let mut questions = Vec::new();
        for (id, span) in answered {
            let entry = self.request(&id).await?.ok_or_else(|| format!("no server logged the request {id}"))?;
            // The body of a REST message is its one attachment; a question in SOAP has none.
            let body = match entry.attachments.first() {
                Some(attachment) => {
                    attachment.body.read_all(BODY_BYTES_MAX).await.map_err(|fault| fault.to_string())?
                }
                None => Bytes::new(),
            };
            questions.push(question(&entry, &body, span));
        }
        Ok(questions)
    }
}

fn question(entry: &LogEntry, body: &[u8], (asked_at, answered_at): (Timestamp, Timestamp)) -> Question {
    let head = String::from_utf8_lossy(&entry.message);
    let said = |header: &str, element: &str| match entry.wording {
        "soap" => between(&head, element),
        _ => header_of(&head, header),
    };
    let mut service = entry.service.splitn(6, '/');
    let register = service.by_ref().take(4).collect::<Vec<_>>().join("/");
    Question {
        message_id: entry.message_id.clone(),
        client: entry.client.clone(),
        register,
        service: service.next().unwrap_or_default().to_owned(),
        user: said("x-road-userid", "xroad:userId"),
        case_reference: said("x-road-issue", "xroad:issue"),
        purpose: said("pencere-purpose", "ex:purpose"),
        about: about(body, &head),
        asked_at,
        answered_at,
    }
}

fn about(body: &[u8], head: &str) -> String {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    let in_body = KEYS.iter().find_map(|key| body[key].as_str().map(str::to_owned));
    let in_head = || KEYS.iter().map(|key| between(head, key)).find(|value| !value.is_empty());
    in_body.or_else(in_head).unwrap_or_default()
}

/// The text of the first element of that name, which the exchange writes without attributes.
fn between(envelope: &str, element: &str) -> String {
    let rest = envelope.split(&format!("<{element}>")).nth(1);
    rest.and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
}

fn header_of(head: &str, name: &str) -> String {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(header, _)| header.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::opmonitor::Side;
    use formats::identifier::ClientId;

    fn logged(wording: &'static str, service: &str, message: &str, body: Option<&str>) -> Question {
        let entry = LogEntry {
            message_id: "m1".into(),
            request_id: "r1".into(),
            direction: Direction::Request,
            side: Side::Client,
            wording,
            client: "AZ/GOV/10002/employment".into(),
            service: service.into(),
            provider: ClientId::parse("AZ/GOV/10005/insurance").expect("an identifier"),
            signer: "AZ/GOV/10002".into(),
            content_type: String::new(),
            message: Bytes::copy_from_slice(message.as_bytes()),
            attachments: Vec::new(),
            signature: Vec::new(),
            chain_result: None,
            chain: None,
        };
        question(&entry, body.unwrap_or_default().as_bytes(), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn both_wordings_say_who_asks_about_whom_for_which_case_and_why() {
        let soap = logged(
            "soap",
            "AZ/GOV/10005/insurance/salaries/v1",
            "<e><xroad:userId>PIN:A</xroad:userId><xroad:issue>PN-1</xroad:issue><ex:purpose>why</ex:purpose><pin>A</pin></e>",
            None,
        );
        let rest = logged(
            "rest",
            "AZ/GOV/10005/insurance/salaries",
            "POST\n/r1/x\nX-Road-UserId:PIN:A\nX-Road-Issue:PN-1\npencere-purpose:why\n",
            Some("{\"pin\":\"A\"}"),
        );
        assert_eq!(soap, rest);
        assert_eq!((soap.register.as_str(), soap.service.as_str()), ("AZ/GOV/10005/insurance", "salaries"));
        assert_eq!((soap.user.as_str(), soap.about.as_str()), ("PIN:A", "A"));
        assert_eq!((soap.case_reference.as_str(), soap.purpose.as_str()), ("PN-1", "why"));
    }
}
