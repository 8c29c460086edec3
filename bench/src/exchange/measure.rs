//! One measurement: warm up, load, and what the two servers spent meanwhile.

use crate::load::{Load, Measured, Question, ask, connect};
use crate::process::Role;
use crate::row::Row;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

pub const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_millis(1_500);
const FIRST_ANSWER: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(100);

/// Asks until the first right answer: configuration and OCSP responses come with it.
pub async fn until_answered(address: &str, question: &Arc<dyn Question>, numbers: &AtomicU64) {
    let begun = Instant::now();
    loop {
        let number = numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = match connect(address).await {
            Ok(mut sender) => ask(&mut sender, question.request(number)).await,
            Err(cause) => Err(cause),
        };
        match answer {
            Ok((status, body)) if question.is_answer(status, &body) => return,
            other => assert!(begun.elapsed() < FIRST_ANSWER, "no right answer in time: {other:?}"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Loads `address` and accounts for the CPU time of `servers`.
pub async fn loaded(
    name: String,
    servers: &[&Role],
    load: &Load,
    question: &Arc<dyn Question>,
    numbers: &Arc<AtomicU64>,
) -> (Row, Measured) {
    until_answered(&load.address, question, numbers).await;
    Load { time: WARM_UP, ..load.clone() }.run(question, numbers).await;
    let before: Vec<f64> = servers.iter().map(|server| server.cpu_us()).collect();
    let measured = load.run(question, numbers).await;
    let spent = servers.iter().zip(before).map(|(server, before)| server.cpu_us() - before);
    let dearer = spent.fold(0.0, f64::max);
    let resident = servers.iter().map(|server| server.resident_mib()).fold(0.0, f64::max);
    let row = Row {
        name,
        cpu_us_per_exchange: Some(dearer / measured.count() as f64),
        ratio_to_floor: None,
        p50_ms: Some(measured.quantile_ms(0.5)),
        p99_ms: Some(measured.quantile_ms(0.99)),
        rss_mib: Some(resident),
        exchanges_per_s: Some(measured.per_second()),
        note: String::new(),
    };
    (row, measured)
}
