//! The tables of this part. Everything a case consists of hangs on its reference.

use host::store::Migration;

pub const MIGRATIONS: &[Migration] = &[
    Migration {
        part: "services",
        number: 1,
        sql: "CREATE TABLE services_sequence (
    name TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
CREATE TABLE services_case (
    reference TEXT NOT NULL PRIMARY KEY,
    draft_key TEXT UNIQUE,
    service TEXT NOT NULL,
    service_version TEXT NOT NULL,
    agency TEXT NOT NULL,
    pin TEXT NOT NULL,
    name TEXT NOT NULL,
    tin TEXT,
    company_name TEXT,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    submitted_at BIGINT,
    decided_at BIGINT,
    submitted_on TEXT,
    period_days BIGINT NOT NULL,
    paused_days BIGINT NOT NULL,
    paused_on TEXT,
    warned_percent BIGINT NOT NULL,
    late BIGINT NOT NULL,
    officer_pin TEXT,
    officer_name TEXT,
    receipt_number TEXT,
    debt_code TEXT,
    fee_paid_at BIGINT,
    fee_receipt TEXT,
    correction TEXT,
    decision TEXT
);
CREATE INDEX services_case_person ON services_case (pin, changed_at);
CREATE INDEX services_case_company ON services_case (tin, changed_at);
CREATE INDEX services_case_queue ON services_case (agency, state);
CREATE TABLE services_answer (
    reference TEXT NOT NULL,
    field TEXT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reference, field)
);
CREATE TABLE services_file (
    id TEXT NOT NULL PRIMARY KEY,
    reference TEXT NOT NULL,
    field TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX services_file_case ON services_file (reference, field);
CREATE TABLE services_evidence (
    reference TEXT NOT NULL,
    question TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    next_at BIGINT,
    waiting_since BIGINT,
    message_id TEXT NOT NULL,
    asked_at BIGINT,
    answered_at BIGINT,
    facts TEXT,
    disputed BIGINT NOT NULL,
    confirmed_by TEXT,
    PRIMARY KEY (reference, question)
);
CREATE TABLE services_event (
    reference TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    event_values TEXT NOT NULL,
    PRIMARY KEY (reference, number)
);
CREATE TABLE services_signing (
    reference TEXT NOT NULL,
    purpose TEXT NOT NULL,
    request TEXT NOT NULL,
    version BIGINT NOT NULL,
    kept BYTEA NOT NULL,
    files TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reference, purpose)
);
CREATE TABLE services_document (
    id TEXT NOT NULL PRIMARY KEY,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    title TEXT NOT NULL,
    verification_code TEXT NOT NULL,
    pdf TEXT NOT NULL,
    container TEXT,
    valid_to TEXT,
    at BIGINT NOT NULL,
    deposited_at BIGINT,
    UNIQUE (reference, kind)
);
CREATE TABLE services_grant (
    reference TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    pin TEXT NOT NULL,
    kind TEXT NOT NULL,
    monthly_qepik BIGINT NOT NULL,
    starts_on TEXT NOT NULL,
    months BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE TABLE services_usage (
    id TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    month TEXT NOT NULL,
    at BIGINT NOT NULL,
    seconds BIGINT,
    late BIGINT NOT NULL
);
CREATE INDEX services_usage_month ON services_usage (service, month);
CREATE TABLE services_feedback (
    reference TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    rating BIGINT NOT NULL,
    comment TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX services_feedback_service ON services_feedback (service, at);",
    },
    Migration {
        part: "services",
        number: 2,
        sql: "CREATE TABLE services_feedback_shown (
    reference TEXT NOT NULL PRIMARY KEY,
    official TEXT NOT NULL,
    at BIGINT NOT NULL,
    leaf_index BIGINT NOT NULL
);",
    },
];
