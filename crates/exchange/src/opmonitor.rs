//! Operational monitoring: one record per exchange and side, with times, sizes and outcome and without the content
//! (monitoring protocol, reference §2.12). What the scoreboard and the operator read; nobody reads messages for it.

use base::{Fault, Timestamp, clock};
use host::{
    args,
    store::{Migration, Row, Store, Tx},
};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "exchange_traffic",
    number: 1,
    sql: "CREATE TABLE exchange_traffic (
    id TEXT NOT NULL PRIMARY KEY,
    message_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    side TEXT NOT NULL,
    wording TEXT NOT NULL,
    client TEXT NOT NULL,
    service TEXT NOT NULL,
    request_in_at BIGINT NOT NULL,
    response_out_at BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    fault_code TEXT
);
CREATE INDEX exchange_traffic_time ON exchange_traffic (request_in_at);
CREATE INDEX exchange_traffic_message ON exchange_traffic (message_id);",
}];

/// How many records one question returns.
pub const RECORDS_MAX: i64 = 1_000;

/// Which of the two servers this one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Producer,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Producer => "producer",
        }
    }

    pub(crate) fn parse(name: &str) -> Side {
        if name == "client" { Side::Client } else { Side::Producer }
    }
}

/// One exchange as one server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRecord {
    pub message_id: String,
    pub request_id: String,
    pub side: Side,
    /// `soap` or `rest`.
    pub wording: String,
    pub client: String,
    pub service: String,
    pub request_in_at: Timestamp,
    pub response_out_at: Timestamp,
    pub request_bytes: i64,
    pub response_bytes: i64,
    pub succeeded: bool,
    pub fault_code: Option<String>,
}

/// What is wanted; `None` wants everything.
#[derive(Debug, Clone, Default)]
pub struct TrafficFilter {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub client: Option<String>,
    /// `AZ/GOV/10005/insurance/salaries/v1`.
    pub service: Option<String>,
    pub message_id: Option<String>,
}

/// Numbers of one service in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUse {
    pub service: String,
    pub client: String,
    pub succeeded: i64,
    pub failed: i64,
    /// Mean time from request in to response out, in microseconds.
    pub mean_us: i64,
    pub request_bytes: i64,
    pub response_bytes: i64,
}

pub(crate) async fn record(tx: &mut Tx, id: &base::Id, record: &TrafficRecord) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO exchange_traffic (id, message_id, request_id, side, wording, client, service, request_in_at,
             response_out_at, request_bytes, response_bytes, succeeded, fault_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &args![
            id,
            &record.message_id,
            &record.request_id,
            record.side.name(),
            &record.wording,
            &record.client,
            &record.service,
            record.request_in_at,
            record.response_out_at,
            record.request_bytes,
            record.response_bytes,
            record.succeeded,
            record.fault_code.clone()
        ],
    )
    .await?;
    Ok(())
}

/// The newest records first, at most [`RECORDS_MAX`].
pub async fn records(store: &Store, filter: &TrafficFilter) -> Result<Vec<TrafficRecord>, Fault> {
    let (from, until) = period(filter);
    let rows = store
        .query(
            "SELECT message_id, request_id, side, wording, client, service, request_in_at, response_out_at,
                 request_bytes, response_bytes, succeeded, fault_code
             FROM exchange_traffic
             WHERE request_in_at >= $1 AND request_in_at < $2
                 AND ($3 = '' OR client = $3) AND ($4 = '' OR service = $4) AND ($5 = '' OR message_id = $5)
             ORDER BY request_in_at DESC, id DESC LIMIT $6",
            &args![
                from,
                until,
                filter.client.clone().unwrap_or_default(),
                filter.service.clone().unwrap_or_default(),
                filter.message_id.clone().unwrap_or_default(),
                RECORDS_MAX
            ],
        )
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// Use of each service by each client in the filter's period.
pub async fn service_use(store: &Store, filter: &TrafficFilter) -> Result<Vec<ServiceUse>, Fault> {
    let (from, until) = period(filter);
    let rows = store
        .query(
            "SELECT service, client, CAST(SUM(succeeded) AS BIGINT) AS good, COUNT(*) AS total,
                 CAST(SUM(response_out_at - request_in_at) AS BIGINT) AS spent,
                 CAST(SUM(request_bytes) AS BIGINT) AS asked, CAST(SUM(response_bytes) AS BIGINT) AS answered
             FROM exchange_traffic WHERE request_in_at >= $1 AND request_in_at < $2 AND side = $3
             GROUP BY service, client ORDER BY service, client",
            &args![from, until, Side::Producer.name()],
        )
        .await?;
    let read = |row: &Row| {
        let (good, total) = (row.int("good"), row.int("total"));
        ServiceUse {
            service: row.text("service").to_owned(),
            client: row.text("client").to_owned(),
            succeeded: good,
            failed: total - good,
            mean_us: row.int("spent") / total.max(1),
            request_bytes: row.int("asked"),
            response_bytes: row.int("answered"),
        }
    };
    Ok(rows.iter().map(read).collect())
}

fn period(filter: &TrafficFilter) -> (Timestamp, Timestamp) {
    (filter.from.unwrap_or(clock::from_micros(0)), filter.until.unwrap_or(Timestamp::MAX))
}

fn read(row: &Row) -> TrafficRecord {
    TrafficRecord {
        message_id: row.text("message_id").to_owned(),
        request_id: row.text("request_id").to_owned(),
        side: Side::parse(row.text("side")),
        wording: row.text("wording").to_owned(),
        client: row.text("client").to_owned(),
        service: row.text("service").to_owned(),
        request_in_at: row.time("request_in_at"),
        response_out_at: row.time("response_out_at"),
        request_bytes: row.int("request_bytes"),
        response_bytes: row.int("response_bytes"),
        succeeded: row.bool("succeeded"),
        fault_code: row.opt_text("fault_code").map(str::to_owned),
    }
}
