//! The tables of the central server.

use host::store::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        part: "exchange_central",
        number: 1,
        sql: "CREATE TABLE exchange_published (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    shared BYTEA NOT NULL,
    private BYTEA NOT NULL
);",
    },
    Migration {
        part: "exchange_central",
        number: 2,
        sql: "CREATE TABLE exchange_class (
    code TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
);
CREATE TABLE exchange_client (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT
);
CREATE TABLE exchange_server (
    id TEXT NOT NULL PRIMARY KEY,
    address TEXT,
    maintenance TEXT
);
CREATE TABLE exchange_registration (
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    PRIMARY KEY (server, client)
);
CREATE TABLE exchange_certificate (
    digest BYTEA NOT NULL PRIMARY KEY,
    server TEXT NOT NULL,
    certificate BYTEA,
    at BIGINT NOT NULL
);
CREATE TABLE exchange_group (
    code TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
);
CREATE TABLE exchange_group_member (
    code TEXT NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (code, client)
);
CREATE TABLE exchange_seeded (
    line TEXT NOT NULL PRIMARY KEY
);
CREATE TABLE exchange_configuration_key (
    digest TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE exchange_trusted_anchor (
    instance TEXT NOT NULL PRIMARY KEY,
    document BYTEA NOT NULL,
    at BIGINT NOT NULL
);",
    },
    Migration {
        part: "exchange_central",
        number: 3,
        sql: "CREATE TABLE exchange_request_number (
    only_row BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO exchange_request_number (only_row, last) VALUES (1, 0);
CREATE TABLE exchange_request (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    server TEXT NOT NULL,
    client TEXT,
    subsystem_name TEXT,
    address TEXT,
    certificate BYTEA,
    message TEXT,
    status TEXT NOT NULL,
    complementary BIGINT,
    body_digest BYTEA,
    at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT
);
CREATE INDEX exchange_request_by_server ON exchange_request (server, status);",
    },
];
