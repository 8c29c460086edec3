//! What the operator's page shows: members, servers, certificates with their end, recent traffic, logged messages. Read
//! only; content of messages never leaves through here except as a container that was asked for by its number.

use crate::{
    archive,
    country::Country,
    messagelog::LogFilter,
    opmonitor::{self, ServiceUse, TrafficFilter, TrafficRecord},
    setup::Exchange,
};
use base::{Fault, Id, Lang, Timestamp};
use std::sync::Arc;

/// A member with its subsystems.
#[derive(Debug, Clone)]
pub struct MemberView {
    pub id: String,
    pub name: String,
    pub subsystems: Vec<SubsystemView>,
}

#[derive(Debug, Clone)]
pub struct SubsystemView {
    pub id: String,
    pub name: String,
    /// Code of the server that hosts it.
    pub server: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ServerView {
    pub code: String,
    pub id: String,
    pub address: String,
    pub clients: Vec<String>,
    pub certificates: Vec<CertificateView>,
    /// Until when the configuration at hand may be used; `None` when there is none yet.
    pub configuration_until: Option<Timestamp>,
    /// The oldest logged message that waits for its time-stamp.
    pub oldest_unstamped: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub struct CertificateView {
    /// `authentication` or `signing`.
    pub usage: &'static str,
    pub subject: String,
    pub serial: String,
    pub not_after: Timestamp,
}

/// A logged message without its content.
#[derive(Debug, Clone)]
pub struct LogView {
    pub server: String,
    pub id: Id,
    pub message_id: String,
    pub direction: &'static str,
    pub side: &'static str,
    pub client: String,
    pub service: String,
    pub at: Timestamp,
}

/// The operator's questions to a running exchange.
#[derive(Clone)]
pub struct OperatorView {
    exchange: Arc<Exchange>,
}

impl OperatorView {
    pub fn new(exchange: Arc<Exchange>) -> Self {
        OperatorView { exchange }
    }

    pub fn members(&self, lang: Lang) -> Vec<MemberView> {
        let country = self.exchange.country();
        let view = |member: &crate::country::Member| MemberView {
            id: format!("{}/{}/{}", country.instance, member.class, member.code),
            name: member.name.in_lang(lang).to_owned(),
            subsystems: member
                .subsystems
                .iter()
                .map(|subsystem| subsystem_view(country, member, subsystem, lang))
                .collect(),
        };
        country.members.iter().map(view).collect()
    }

    pub async fn servers(&self) -> Result<Vec<ServerView>, Fault> {
        let mut views = Vec::new();
        for (code, server) in self.exchange.servers() {
            let address = self.exchange.ports().get(code);
            let certificates = server.certificates().into_iter().map(|(usage, certificate)| CertificateView {
                usage,
                subject: certificate.subject().rfc4514(),
                serial: certificate.serial_hex(),
                not_after: certificate.not_after(),
            });
            views.push(ServerView {
                code: code.to_owned(),
                id: server.id().to_string(),
                address: address.map_or_else(String::new, |ports| format!("{}:{}", ports.host, ports.message)),
                clients: server.clients().iter().map(ToString::to_string).collect(),
                certificates: certificates.collect(),
                configuration_until: server.configuration().map(|configuration| configuration.expires),
                oldest_unstamped: server.log().oldest_unstamped(),
            });
        }
        Ok(views)
    }

    /// Traffic as all servers saw it, the newest first; `(server code, record)`.
    pub async fn traffic(&self, filter: &TrafficFilter) -> Result<Vec<(String, TrafficRecord)>, Fault> {
        let mut all = Vec::new();
        for (code, server) in self.exchange.servers() {
            server.store_traffic().await?;
            let records = opmonitor::records(server.store(), filter).await?;
            all.extend(records.into_iter().map(|record| (code.to_owned(), record)));
        }
        all.sort_by_key(|(_, record)| std::cmp::Reverse(record.request_in_at));
        Ok(all)
    }

    /// How much each data service is used, from its provider's server.
    pub async fn service_use(&self, filter: &TrafficFilter) -> Result<Vec<ServiceUse>, Fault> {
        let mut all = Vec::new();
        for (_, server) in self.exchange.servers() {
            server.store_traffic().await?;
            all.extend(opmonitor::service_use(server.store(), filter).await?);
        }
        Ok(all)
    }

    pub async fn log(&self, filter: &LogFilter) -> Result<Vec<LogView>, Fault> {
        let mut all = Vec::new();
        for (code, server) in self.exchange.servers() {
            for record in server.log().records(filter).await? {
                all.push(LogView {
                    server: code.to_owned(),
                    id: record.id,
                    message_id: record.entry.message_id,
                    direction: record.entry.direction.name(),
                    side: record.entry.side.name(),
                    client: record.entry.client,
                    service: record.entry.service,
                    at: record.at,
                });
            }
        }
        all.sort_by_key(|record| std::cmp::Reverse(record.at));
        Ok(all)
    }

    /// One logged message as a container that can be judged offline; `None` when the server or the record is not there.
    pub async fn container(&self, server: &str, id: &Id) -> Result<Option<Vec<u8>>, Fault> {
        let Some(server) = self.exchange.server(server) else { return Ok(None) };
        match server.log().record_of(id).await? {
            Some(record) => archive::export(&record).map(Some),
            None => Ok(None),
        }
    }
}

fn subsystem_view(
    country: &Country,
    member: &crate::country::Member,
    subsystem: &crate::country::Subsystem,
    lang: Lang,
) -> SubsystemView {
    let id = formats::identifier::ClientId {
        instance: country.instance.clone(),
        class: member.class.clone(),
        member: member.code.clone(),
        subsystem: Some(subsystem.code.clone()),
    };
    SubsystemView {
        name: subsystem.name.in_lang(lang).to_owned(),
        server: country.host_of(&id).map(|server| server.code.clone()),
        id: id.to_string(),
    }
}
