//! The tables of the trust services. They live in a store of their own: nothing else can be reached from where keys sign.

use host::store::Migration;

/// Append-only.
pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "trust",
    number: 1,
    sql: "CREATE TABLE trust_certificate (
    serial TEXT NOT NULL PRIMARY KEY,
    authority TEXT NOT NULL,
    profile TEXT NOT NULL,
    subject TEXT NOT NULL,
    holder TEXT NOT NULL,
    order_digest TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    tbs BYTEA NOT NULL,
    certificate BYTEA,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason BIGINT,
    recorded_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (order_digest, attempt)
);
CREATE INDEX trust_certificate_holder ON trust_certificate (holder);",
}];
