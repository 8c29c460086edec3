//! The rows of operational data: written in batches, read by the operator's page and by the monitoring protocol, and
//! deleted when their time is over.

use super::{ServiceUse, Side, TrafficDetails, TrafficFilter, TrafficRecord};
use base::{Chance, Clock, Fault, Id, Timestamp, clock};
use host::{
    args,
    store::{Migration, Row, Store, Value},
};
use std::sync::LazyLock;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    Migration {
        part: "exchange_traffic",
        number: 2,
        sql: "ALTER TABLE exchange_traffic ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE exchange_traffic ADD COLUMN stored_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE exchange_traffic ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
UPDATE exchange_traffic SET stored_s = request_in_at / 1000000;
DROP INDEX exchange_traffic_message;
CREATE INDEX exchange_traffic_stored ON exchange_traffic (stored_s);",
    },
];

/// How many records one question of the operator returns.
pub const RECORDS_MAX: i64 = 1_000;
const COLUMNS: &str =
    "id, message_id, request_id, side, wording, client, provider, service, request_in_at, response_out_at,
    request_bytes, response_bytes, succeeded, fault_code, details, stored_s";
const COLUMNS_COUNT: usize = 16;
/// Rows in one statement: one round trip and one preparation for all of them.
const ROWS_AT_ONCE: usize = 32;

fn insert_sql(rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=COLUMNS_COUNT).map(|place| format!("${}", row * COLUMNS_COUNT + place)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO exchange_traffic ({COLUMNS}) VALUES {}", rows.join(", "))
}

static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert_sql(1));
static INSERT_MANY: LazyLock<String> = LazyLock::new(|| insert_sql(ROWS_AT_ONCE));

/// Writes the records in one transaction; they count as stored now.
pub(crate) async fn store_all(
    store: &Store,
    records: &[TrafficRecord],
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<(), Fault> {
    let now = clock.now();
    let mut tx = store.begin().await?;
    let (many, rest) = records.as_chunks::<ROWS_AT_ONCE>();
    for rows in many {
        let values: Vec<Value> = rows.iter().flat_map(|record| values(record, now, chance)).collect();
        tx.execute(INSERT_MANY.as_str(), &values).await?;
    }
    for record in rest {
        tx.execute(INSERT_ONE.as_str(), &values(record, now, chance)).await?;
    }
    tx.commit().await
}

fn values(record: &TrafficRecord, now: Timestamp, chance: &dyn Chance) -> [Value; COLUMNS_COUNT] {
    let details = serde_json::to_string(&record.details).unwrap_or_else(|_| "{}".to_owned());
    args![
        Id::new(now, chance),
        &record.message_id,
        &record.request_id,
        record.side.name(),
        &record.wording,
        &record.client,
        &record.provider,
        &record.service,
        record.request_in_at,
        record.response_out_at,
        record.request_bytes,
        record.response_bytes,
        record.succeeded,
        record.fault_code.clone(),
        details,
        now.as_second()
    ]
}

/// Deletes what was stored before `until_s`. Returns how many rows.
pub(crate) async fn forget(store: &Store, until_s: i64) -> Result<u64, Fault> {
    let mut tx = store.begin().await?;
    let gone = tx.execute("DELETE FROM exchange_traffic WHERE stored_s < $1", &args![until_s]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// The newest records first, at most [`RECORDS_MAX`].
pub async fn records(store: &Store, filter: &TrafficFilter) -> Result<Vec<TrafficRecord>, Fault> {
    let (from, until) = period(filter);
    let rows = store
        .query(
            "SELECT message_id, request_id, side, wording, client, provider, service, request_in_at, response_out_at,
                 request_bytes, response_bytes, succeeded, fault_code, details
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

/// What the monitoring protocol asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Both ends are included, in seconds since 1970.
    pub from_s: i64,
    pub to_s: i64,
    /// Only exchanges in which this client asked or answered.
    pub party: Option<String>,
    /// Only exchanges in which this client answered.
    pub provider: Option<String>,
}

/// Records with the second in which they were stored, the oldest first, at most `most`.
pub async fn stored(store: &Store, wanted: &Wanted, most: i64) -> Result<Vec<(i64, TrafficRecord)>, Fault> {
    let rows = store
        .query(
            "SELECT message_id, request_id, side, wording, client, provider, service, request_in_at, response_out_at,
                 request_bytes, response_bytes, succeeded, fault_code, details, stored_s
             FROM exchange_traffic
             WHERE stored_s >= $1 AND stored_s <= $2
                 AND ($3 = '' OR client = $3 OR provider = $3) AND ($4 = '' OR provider = $4)
             ORDER BY stored_s, request_in_at, id LIMIT $5",
            &args![
                wanted.from_s,
                wanted.to_s,
                wanted.party.clone().unwrap_or_default(),
                wanted.provider.clone().unwrap_or_default(),
                most
            ],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.int("stored_s"), read(row))).collect())
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
        provider: row.text("provider").to_owned(),
        service: row.text("service").to_owned(),
        request_in_at: row.time("request_in_at"),
        response_out_at: row.time("response_out_at"),
        request_bytes: row.int("request_bytes"),
        response_bytes: row.int("response_bytes"),
        succeeded: row.bool("succeeded"),
        fault_code: row.opt_text("fault_code").map(str::to_owned),
        // A text that is none of ours says nothing.
        details: serde_json::from_str::<TrafficDetails>(row.text("details")).unwrap_or_default(),
    }
}
