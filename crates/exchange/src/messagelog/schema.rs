//! The tables of the index. The journal is the log: from it everything here but time-stamps and archives can be made again.

use host::store::Migration;

/// Step 1 are the tables of the log before the journal; nothing reads them any more, and what is in them stays.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    // The index by message begins with the segment: inserts stay in one small part of it however long the log is, and a
    // look-up asks once a segment.
    Migration {
        part: "exchange_log",
        number: 2,
        sql: "CREATE TABLE exchange_log_entry (
    number BIGINT NOT NULL PRIMARY KEY,
    segment BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    message_hash BIGINT NOT NULL,
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    leaf BYTEA,
    objects TEXT
);
CREATE INDEX exchange_log_entry_message ON exchange_log_entry (segment, message_hash);
CREATE TABLE exchange_log_segment (
    segment BIGINT NOT NULL PRIMARY KEY,
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE TABLE exchange_log_mark (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    position BIGINT NOT NULL
);
CREATE TABLE exchange_log_stamp (
    first_number BIGINT NOT NULL PRIMARY KEY,
    last_number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    result BYTEA NOT NULL,
    token BYTEA NOT NULL,
    leaves BYTEA NOT NULL
);
CREATE TABLE exchange_archive (
    name TEXT NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    group_name TEXT NOT NULL,
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    records BIGINT NOT NULL,
    at BIGINT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL
);
CREATE INDEX exchange_archive_group ON exchange_archive (group_name, place);",
    },
];
