//! What the operator's pages show of the machine: the exchange's members, servers, certificates and traffic, and the queues.

use base::{Fault, Localized, Timestamp};
use exchange::operator::OperatorView;
use exchange::opmonitor::TrafficFilter;
use exchange::setup::Exchange;
use host::args;
use host::store::Store;
use portal::ports::{Answer, CertificateLine, Member, Operations, QueueHealth, Server, TrafficLine};
use std::sync::Arc;
use std::time::Duration;
use trust::{Authority, Centre};

/// The window of the traffic table.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// A server that does not take a connection in this time counts as down.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(1);

pub struct Machine {
    exchange: Arc<Exchange>,
    view: OperatorView,
    centre: Arc<Centre>,
    store: Store,
    clock: Arc<dyn base::Clock>,
}

impl Machine {
    pub fn new(exchange: Arc<Exchange>, centre: Arc<Centre>, store: Store, clock: Arc<dyn base::Clock>) -> Machine {
        Machine { view: OperatorView::new(exchange.clone()), exchange, centre, store, clock }
    }

    async fn alive(&self, code: &str) -> bool {
        let Some(ports) = self.exchange.ports().get(code) else { return false };
        let knock = tokio::net::TcpStream::connect((ports.host.as_str(), ports.message));
        tokio::time::timeout(KNOCK_TIMEOUT, knock).await.is_ok_and(|opened| opened.is_ok())
    }

    /// Certificates of the trust services themselves.
    fn own_certificates(&self) -> Vec<CertificateLine> {
        let line = |usage: &str, certificate: &formats::x509::Certificate| CertificateLine {
            subject: certificate.subject().rfc4514(),
            usage: usage.to_owned(),
            serial: certificate.serial_hex(),
            valid_to: certificate.not_after(),
            status: String::new(),
        };
        let mut lines: Vec<_> =
            Authority::ALL.iter().map(|authority| line("ca", self.centre.authority(*authority))).collect();
        lines.push(line("tsa", self.centre.time_stamping_certificate()));
        let responders = Authority::ALL.iter().map(|authority| self.centre.responder_certificate(*authority));
        lines.extend(responders.map(|certificate| line("ocsp", certificate)));
        lines
    }
}

impl Operations for Machine {
    fn members(&self) -> Answer<'_, Result<Vec<Member>, Fault>> {
        let country = self.exchange.country();
        let host_of = |client: &str| {
            let hosts =
                |server: &&exchange::country::Server| server.clients.iter().any(|known| known.to_string() == client);
            country.servers.iter().find(hosts).map(|server| server.code.clone()).unwrap_or_default()
        };
        let member = |member: &exchange::country::Member| {
            let id = format!("{}/{}/{}", country.instance, member.class, member.code);
            let subsystem = |code: &String| (code.clone(), host_of(&format!("{id}/{code}")));
            Member {
                name: member.name.clone(),
                subsystems: member.subsystems.iter().map(|known| subsystem(&known.code)).collect(),
                id,
            }
        };
        let members = country.members.iter().map(member).collect();
        Box::pin(std::future::ready(Ok(members)))
    }

    fn servers(&self) -> Answer<'_, Result<Vec<Server>, Fault>> {
        Box::pin(async move {
            let country = self.exchange.country();
            let mut servers = Vec::new();
            for view in self.view.servers().await? {
                let owner = country.servers.iter().find(|server| server.code == view.code);
                let owner =
                    owner.and_then(|server| country.members.iter().find(|member| member.code == server.owner.member));
                let nameless = || Localized { az: view.id.clone(), en: view.id.clone(), ru: view.id.clone() };
                let alive = self.alive(&view.code).await;
                let owner = owner.map_or_else(nameless, |member| member.name.clone());
                servers.push(Server { owner, address: view.address, alive, code: view.code });
            }
            Ok(servers)
        })
    }

    fn certificates(&self) -> Answer<'_, Result<Vec<CertificateLine>, Fault>> {
        Box::pin(async move {
            let mut lines = self.own_certificates();
            for view in self.view.servers().await? {
                for certificate in view.certificates {
                    let known = self.centre.find(&certificate.serial).await?;
                    lines.push(CertificateLine {
                        subject: certificate.subject,
                        usage: if certificate.usage == "signing" { "sign".into() } else { "auth".into() },
                        serial: certificate.serial,
                        valid_to: certificate.not_after,
                        status: known.map_or("unknown", |issued| issued.state.code()).to_owned(),
                    });
                }
            }
            Ok(lines)
        })
    }

    fn traffic(&self) -> Answer<'_, Result<Vec<TrafficLine>, Fault>> {
        Box::pin(async move {
            let now = self.clock.now().as_microsecond();
            let from: Timestamp = base::clock::from_micros(now - DAY_US);
            let used = self.view.service_use(&TrafficFilter { from: Some(from), ..TrafficFilter::default() }).await?;
            let line = |used: exchange::opmonitor::ServiceUse| TrafficLine {
                messages: used.succeeded + used.failed,
                failed: used.failed,
                mean_ms: Some(used.mean_us / 1_000),
                service: used.service,
                client: used.client,
            };
            Ok(used.into_iter().map(line).collect())
        })
    }

    fn queues(&self) -> Answer<'_, Result<Vec<QueueHealth>, Fault>> {
        Box::pin(async move {
            let sql = "SELECT kind,
                    CAST(SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) AS BIGINT) AS waiting,
                    CAST(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END) AS BIGINT) AS stuck,
                    MIN(CASE WHEN state = 'waiting' THEN run_at END) AS oldest
                FROM host_job GROUP BY kind ORDER BY kind";
            let health = |row: &host::store::Row| QueueHealth {
                kind: row.text("kind").to_owned(),
                waiting: row.int("waiting"),
                stuck: row.int("stuck"),
                oldest: row.opt_time("oldest"),
            };
            let mut queues: Vec<_> = self.store.query(sql, &args![]).await?.iter().map(health).collect();
            let waiting = host::outbox::waiting(&self.store).await?;
            queues.push(QueueHealth { kind: "outbox".into(), waiting, stuck: 0, oldest: None });
            Ok(queues)
        })
    }
}
