//! The message log: every request and answer as it was signed, durable before anything else happens with it, on both
//! sides. Records get a time-stamp in batches later (`stamp`); what leaves the server leaves as a container (`archive`).

mod entry;
mod record;
mod stamp;

pub use entry::{Attachment, Direction, LogEntry};
pub(crate) use record::append;
pub use record::{LogFilter, LogRecord, Stamp, oldest_unstamped, record_of, records};
pub use stamp::{STAMP_BATCH_MAX, StampOutcome, stamp_once};

use host::store::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "exchange_log",
    number: 1,
    sql: "CREATE TABLE exchange_log (
    id TEXT NOT NULL PRIMARY KEY,
    message_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    side TEXT NOT NULL,
    wording TEXT NOT NULL,
    client TEXT NOT NULL,
    service TEXT NOT NULL,
    signer TEXT NOT NULL,
    at BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    message BYTEA NOT NULL,
    body BYTEA,
    signature BYTEA NOT NULL,
    chain_result BYTEA,
    chain BYTEA,
    stamp_id TEXT,
    stamp_chain BYTEA
);
CREATE INDEX exchange_log_message ON exchange_log (message_id);
CREATE INDEX exchange_log_time ON exchange_log (at);
CREATE INDEX exchange_log_unstamped ON exchange_log (id) WHERE stamp_id IS NULL;
CREATE TABLE exchange_stamp (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    result BYTEA NOT NULL,
    token BYTEA NOT NULL
);",
}];
