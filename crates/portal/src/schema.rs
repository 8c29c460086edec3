//! The portal's own tables: sessions of browsers, log-ins, signatures and decisions under way, and opinions on the portal
//! itself (those on a service belong to its case). None of it is a record of the state.

use host::store::Migration;

pub const MIGRATIONS: &[Migration] = &[BEGINNING, CORRECTIONS];

const BEGINNING: Migration = Migration {
    part: "portal",
    number: 1,
    sql: "CREATE TABLE portal_session (
              visit_hash TEXT NOT NULL PRIMARY KEY,
              area TEXT NOT NULL,
              sid TEXT NOT NULL,
              sub TEXT NOT NULL,
              pin TEXT NOT NULL,
              name TEXT NOT NULL,
              tin TEXT,
              company TEXT,
              offices TEXT NOT NULL,
              method TEXT NOT NULL,
              id_token TEXT NOT NULL,
              created_at BIGINT NOT NULL,
              seen_at BIGINT NOT NULL,
              expires_at BIGINT NOT NULL
          );
          CREATE INDEX portal_session_sid ON portal_session (sid);
          CREATE INDEX portal_session_pin ON portal_session (pin);
          CREATE TABLE portal_login (
              state TEXT NOT NULL PRIMARY KEY,
              visit_hash TEXT NOT NULL,
              pending TEXT NOT NULL,
              next TEXT NOT NULL,
              lang TEXT NOT NULL,
              created_at BIGINT NOT NULL
          );
          CREATE TABLE portal_signing (
              ticket TEXT NOT NULL PRIMARY KEY,
              visit_hash TEXT NOT NULL,
              pin TEXT NOT NULL,
              reference TEXT NOT NULL,
              request TEXT,
              phone TEXT,
              session TEXT,
              code TEXT,
              lang TEXT NOT NULL,
              created_at BIGINT NOT NULL
          );
          CREATE TABLE portal_opinion (
              id TEXT NOT NULL PRIMARY KEY,
              about TEXT NOT NULL,
              rating BIGINT NOT NULL,
              comment TEXT NOT NULL,
              lang TEXT NOT NULL,
              at BIGINT NOT NULL
          )",
};

/// Decisions about corrections on their way to a register and back to the person.
const CORRECTIONS: Migration = Migration {
    part: "portal",
    number: 2,
    sql: "CREATE TABLE portal_correction (
              register TEXT NOT NULL,
              reference TEXT NOT NULL,
              accept BIGINT NOT NULL,
              reason TEXT NOT NULL,
              clerk TEXT NOT NULL,
              message_id TEXT NOT NULL,
              at BIGINT NOT NULL,
              PRIMARY KEY (register, reference)
          )",
};
