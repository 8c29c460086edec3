//! Operational monitoring: one record per exchange and side, with times, sizes and outcome and without the content
//! (monitoring protocol, reference §2.12). What the scoreboard, the operator and the monitoring services read; nobody reads
//! messages for it.

mod buffer;
mod health;
mod record;
mod table;

pub use buffer::{BUFFER_MAX, FLUSH_INTERVAL, Recorder};
pub use health::{Health, PERIOD_S as HEALTH_PERIOD_S, ServiceHealth, Spread};
pub use record::{INTERNAL_IP, OUTPUT_FIELDS, Side, TrafficDetails, TrafficRecord};
pub(crate) use table::{MIGRATIONS, forget};
pub use table::{RECORDS_MAX, Wanted, records, service_use, stored};

use base::Timestamp;

/// What is wanted; `None` wants everything.
#[derive(Debug, Clone, Default)]
pub struct TrafficFilter {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub client: Option<String>,
    /// `AZ/GOV/10005/insurance/salaries/v1`.
    pub service: Option<String>,
    pub message_id: Option<String>,
}

/// Numbers of one service in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUse {
    pub service: String,
    pub client: String,
    pub succeeded: i64,
    pub failed: i64,
    /// Mean time from request in to response out, in microseconds.
    pub mean_us: i64,
    pub request_bytes: i64,
    pub response_bytes: i64,
}
