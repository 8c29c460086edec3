//! The tables of identity. Cookies, codes and tokens stand here only as hashes: who reads the store cannot log in with it.

use host::store::Migration;

pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "identity",
    number: 1,
    sql: "CREATE TABLE identity_attempt (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    request TEXT NOT NULL,
    nonce TEXT,
    nonce_until BIGINT,
    phone TEXT,
    expires_at BIGINT NOT NULL
);
CREATE TABLE identity_session (
    id TEXT NOT NULL PRIMARY KEY,
    cookie_hash TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    given_name TEXT NOT NULL,
    surname TEXT NOT NULL,
    method TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    representee TEXT,
    chosen_at BIGINT,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX identity_session_of_person ON identity_session (person, auth_time);
CREATE TABLE identity_session_client (
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (session, client)
);
CREATE TABLE identity_code (
    code_hash TEXT NOT NULL PRIMARY KEY,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    nonce TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE TABLE identity_access (
    token_hash TEXT NOT NULL PRIMARY KEY,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX identity_access_of_session ON identity_access (session);
CREATE TABLE identity_assertion (
    client TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client, jti)
);
CREATE TABLE identity_logout (
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (session, client)
);
CREATE INDEX identity_logout_by_state ON identity_logout (state, updated_at);
CREATE TABLE identity_limit (
    bucket TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    PRIMARY KEY (bucket, window_start)
);
CREATE TABLE identity_login (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    method TEXT NOT NULL,
    client TEXT NOT NULL
);
CREATE INDEX identity_login_of_person ON identity_login (person, at);",
}];
