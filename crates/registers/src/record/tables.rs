//! The tables of a register: the same for every register, because the schema is data.

use host::store::Migration;

pub(crate) const TABLES: &[Migration] = &[Migration {
    part: "registers",
    number: 1,
    sql: "CREATE TABLE registers_record (
    entity TEXT NOT NULL,
    record_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    recorded_at BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (entity, record_key, version)
);
CREATE TABLE registers_index (
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    record_key TEXT NOT NULL,
    PRIMARY KEY (entity, field, value, record_key)
);
CREATE TABLE registers_unique (
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    record_key TEXT NOT NULL,
    PRIMARY KEY (entity, field, value)
);
CREATE TABLE registers_access (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    about TEXT NOT NULL,
    kind TEXT NOT NULL,
    reader_member TEXT NOT NULL,
    reader_subsystem TEXT NOT NULL,
    reader_user TEXT NOT NULL,
    service TEXT NOT NULL,
    case_reference TEXT NOT NULL,
    purpose TEXT NOT NULL,
    fields TEXT NOT NULL,
    outcome TEXT NOT NULL,
    message_id TEXT NOT NULL,
    leaf_index BIGINT NOT NULL
);
CREATE INDEX registers_access_about ON registers_access (about, leaf_index);
CREATE TABLE registers_correction (
    reference TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    entity TEXT NOT NULL,
    record_key TEXT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    claimed_value TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    message_key TEXT NOT NULL UNIQUE,
    requested_at BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    decision_reason TEXT
);
CREATE UNIQUE INDEX registers_correction_one_open ON registers_correction (entity, record_key, field) WHERE state = 'open';
CREATE INDEX registers_correction_person ON registers_correction (person, reference);
CREATE INDEX registers_correction_state ON registers_correction (state, reference);
CREATE TABLE registers_load (
    name TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    as_of TEXT NOT NULL,
    records BIGINT NOT NULL,
    digest TEXT NOT NULL
);",
}, Migration {
    part: "registers",
    number: 2,
    sql: "CREATE UNIQUE INDEX registers_access_leaf ON registers_access (leaf_index);",
}];
