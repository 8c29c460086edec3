//! The port through which the score and the bulletin see the running country: named counts over a window of time, each
//! with a pointer to the operational records it was counted from. The binary's wiring answers from the parts' own tables;
//! nothing here knows them. A count is never personal data.

use base::{Fault, Timestamp};
use std::{future::Future, pin::Pin};

/// From `from` (inside) to `until` (outside).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    /// The `days` times 24 hours before `until`.
    pub fn days_before(until: Timestamp, days: u32) -> Window {
        let length_us = i64::from(days) * 24 * 3_600 * 1_000_000;
        Window { from: base::clock::from_micros(until.as_microsecond() - length_us), until }
    }
}

/// What is asked: the fact's name from the methodology, of one e-service or of the country as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    pub fact: &'a str,
    pub service: Option<&'a str>,
    pub window: Window,
}

/// A count (or a sum, or a time in seconds) and where it was counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    pub value: i64,
    pub pointer: Pointer,
}

/// Where the records behind a fact are; enough for an auditor with access to count again, nothing that names a person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pointer {
    /// The table, log or file: `services_event`, `audit log`, `countries/az/services/1.1`.
    pub source: String,
    /// How many records were counted.
    pub records: i64,
    /// Leaf of the audit log that is the last of them, where the source has leaves.
    pub leaf: Option<u64>,
    /// Path of a page or file that shows more, where one exists. Never a personal page.
    pub link: Option<String>,
}

/// The answer's shape: `None` says that nobody keeps such records, which is "no data" and never a zero.
pub type Found<'a> = Pin<Box<dyn Future<Output = Result<Option<Fact>, Fault>> + Send + 'a>>;

/// Somebody who counts operational records. Facts that it does not know are `None`.
pub trait Evidence: Send + Sync {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a>;
}

/// Several sources asked in order; the first that knows the fact answers.
#[derive(Default)]
pub struct Sources(Vec<Box<dyn Evidence>>);

impl Sources {
    pub fn with(mut self, source: impl Evidence + 'static) -> Sources {
        self.0.push(Box::new(source));
        self
    }
}

impl Evidence for Sources {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            for source in &self.0 {
                if let Some(fact) = source.find(ask).await? {
                    return Ok(Some(fact));
                }
            }
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Knows(&'static str, i64);

    impl Evidence for Knows {
        fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
            let pointer = Pointer { source: self.0.into(), records: self.1, leaf: None, link: None };
            let fact = (ask.fact == self.0).then_some(Fact { value: self.1, pointer });
            Box::pin(std::future::ready(Ok(fact)))
        }
    }

    #[tokio::test]
    async fn the_first_source_that_knows_answers_and_a_stranger_is_no_data() {
        let sources = Sources::default().with(Knows("a", 1)).with(Knows("b", 2)).with(Knows("a", 3));
        let window = Window::days_before(base::clock::from_micros(0), 1);
        let ask = |fact| Ask { fact, service: None, window };
        assert_eq!(sources.find(ask("a")).await.expect("no fault").map(|fact| fact.value), Some(1));
        assert_eq!(sources.find(ask("b")).await.expect("no fault").map(|fact| fact.value), Some(2));
        assert!(sources.find(ask("c")).await.expect("no fault").is_none());
    }

    #[test]
    fn a_window_of_a_day_is_86_400_seconds() {
        let window = Window::days_before(base::clock::from_micros(0), 1);
        assert_eq!(window.from.as_second(), -86_400);
    }
}
