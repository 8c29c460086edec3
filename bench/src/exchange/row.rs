//! One measured row, and the table or JSON of all.

use serde::Serialize;

/// What one row says. `None` where a figure means nothing in that row.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    pub name: String,
    /// Of the dearer of the two servers, by process accounting.
    pub cpu_us_per_exchange: Option<f64>,
    /// Against the floor of the same size and signature in this run.
    pub ratio_to_floor: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// The larger of the two servers, after the load.
    pub rss_mib: Option<f64>,
    pub exchanges_per_s: Option<f64>,
    /// What else there is to know: a rate in MB/s, what was left out.
    pub note: String,
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// The head of the table.
pub fn head() -> String {
    format!(
        "{:<44} {:>9} {:>6} {:>8} {:>8} {:>8} {:>8}  note",
        "name", "CPU µs", "ratio", "p50 ms", "p99 ms", "RSS MiB", "per s"
    )
}

impl Row {
    pub fn line(&self) -> String {
        format!(
            "{:<44} {:>9} {:>6} {:>8} {:>8} {:>8} {:>8}  {}",
            self.name,
            cell(self.cpu_us_per_exchange, 0),
            cell(self.ratio_to_floor, 2),
            cell(self.p50_ms, 2),
            cell(self.p99_ms, 2),
            cell(self.rss_mib, 0),
            cell(self.exchanges_per_s, 0),
            self.note
        )
    }
}
