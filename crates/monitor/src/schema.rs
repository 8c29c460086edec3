//! Tables of monitoring. Bulletins and snapshots are written once and never changed.

use host::store::Migration;

pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "monitor",
    number: 1,
    sql: "CREATE TABLE monitor_offline (
    service TEXT NOT NULL,
    month TEXT NOT NULL,
    users BIGINT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (service, month)
);
CREATE TABLE monitor_bulletin (
    month TEXT NOT NULL PRIMARY KEY,
    published_at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    leaf_index BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE monitor_snapshot (
    day TEXT NOT NULL PRIMARY KEY,
    taken_at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    leaf_index BIGINT NOT NULL,
    body TEXT NOT NULL
);",
}];
