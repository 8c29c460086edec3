//! The tables of notices. Migrations are only ever appended.

use host::store::Migration;

/// What notices bring to the store.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        part: "notify",
        number: 1,
        sql: "CREATE TABLE notify_contact (
    person TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    email TEXT,
    lang TEXT NOT NULL,
    mail_on BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE TABLE notify_message (
    id TEXT NOT NULL PRIMARY KEY,
    notice_key TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    template TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT,
    at BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX notify_message_by_person ON notify_message (person, at, id);
CREATE TABLE notify_mail (
    message_id TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    ended_at BIGINT,
    refused_because TEXT
);",
    },
    Migration {
        part: "notify",
        number: 2,
        sql: "CREATE TABLE notify_consent (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    purpose TEXT NOT NULL,
    given BIGINT NOT NULL,
    at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL
);
CREATE INDEX notify_consent_by_person ON notify_consent (person, at, id);",
    },
];
