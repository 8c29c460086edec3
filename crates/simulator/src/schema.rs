//! The tables behind cards and phones: what a chip remembers, and what was asked of it. Private keys are files, never rows.

use host::store::Migration;

/// For the store of the simulators.
pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "simulator_devices",
    number: 1,
    sql: "CREATE TABLE simulator_certificate (
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    purpose TEXT NOT NULL,
    der BYTEA NOT NULL,
    PRIMARY KEY (person, device, purpose)
);
CREATE TABLE simulator_tries (
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    purpose TEXT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (person, device, purpose)
);
CREATE TABLE simulator_card_request (
    id TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    answer TEXT,
    created_at BIGINT NOT NULL
);
CREATE TABLE simulator_phone_request (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    purpose TEXT NOT NULL,
    who TEXT NOT NULL,
    display TEXT NOT NULL,
    digest BYTEA NOT NULL,
    result TEXT NOT NULL,
    signature BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX simulator_phone_open ON simulator_phone_request (person, result, created_at);",
}];
