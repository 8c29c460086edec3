//! The tables of payments. Migrations are only ever appended.

use host::store::Migration;

/// What payments bring to the store.
pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "payments",
    number: 1,
    // `payments_one_live`: a debt has at most one payment that may still succeed, whatever the code believes.
    sql: "CREATE TABLE payments_debt (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    origin_key TEXT NOT NULL,
    payer TEXT NOT NULL,
    payee TEXT NOT NULL,
    fee TEXT NOT NULL,
    purpose TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    case_reference TEXT,
    created_at BIGINT NOT NULL,
    paid_at BIGINT,
    UNIQUE (origin, origin_key)
);
CREATE INDEX payments_debt_by_payer ON payments_debt (payer, created_at);
CREATE TABLE payments_payment (
    id TEXT NOT NULL PRIMARY KEY,
    debt_id TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    return_path TEXT NOT NULL,
    lang TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    bank_reference TEXT,
    flagged BIGINT NOT NULL
);
CREATE INDEX payments_payment_by_debt ON payments_payment (debt_id, created_at);
CREATE UNIQUE INDEX payments_one_live ON payments_payment (debt_id) WHERE state = 'pending';
CREATE TABLE payments_report (
    report_id TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL,
    effect TEXT NOT NULL,
    sealed TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE TABLE payments_account (
    id TEXT NOT NULL PRIMARY KEY,
    balance BIGINT NOT NULL,
    owing_only BIGINT NOT NULL
);
CREATE TABLE payments_transfer (
    id TEXT NOT NULL PRIMARY KEY,
    transfer_key TEXT NOT NULL UNIQUE,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    reverses TEXT UNIQUE,
    at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL
);
CREATE INDEX payments_transfer_by_payment ON payments_transfer (payment_id, at);
CREATE INDEX payments_transfer_by_time ON payments_transfer (at);
CREATE TABLE payments_receipt (
    number TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE,
    debt_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL
);
CREATE INDEX payments_receipt_by_debt ON payments_receipt (debt_id);
CREATE TABLE payments_counter (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);",
}];
