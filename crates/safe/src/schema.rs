//! The tables of the e-Safe. Migrations are only ever appended.

use host::store::Migration;

/// What the e-Safe brings to the store.
pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "safe",
    number: 1,
    // `safe_one_key`: an owner has one living key; destroyed ones stay as rows without a key.
    sql: "CREATE TABLE safe_owner_key (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    wrapped BYTEA,
    created_at BIGINT NOT NULL,
    destroyed_at BIGINT
);
CREATE UNIQUE INDEX safe_one_key ON safe_owner_key (owner) WHERE destroyed_at IS NULL;
CREATE TABLE safe_document (
    id TEXT NOT NULL PRIMARY KEY,
    origin TEXT NOT NULL,
    origin_key TEXT NOT NULL,
    owner TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    blob TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    number TEXT,
    issuer TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    case_reference TEXT,
    code TEXT,
    stored_at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL,
    UNIQUE (origin, origin_key)
);
CREATE INDEX safe_document_by_owner ON safe_document (owner, stored_at);
CREATE TABLE safe_opening (
    id TEXT NOT NULL PRIMARY KEY,
    document_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL
);
CREATE INDEX safe_opening_by_document ON safe_opening (document_id, at);
CREATE TABLE safe_verification (
    code TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    number TEXT,
    issuer TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    signer TEXT NOT NULL,
    sha256 BYTEA NOT NULL UNIQUE,
    content_sha256 BYTEA,
    withdrawn_at BIGINT,
    withdrawn_because TEXT,
    superseded_by TEXT
);
CREATE INDEX safe_verification_by_content ON safe_verification (content_sha256);",
}];
