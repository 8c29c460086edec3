//! Time as a parameter: parts hold an `Arc<dyn Clock>` and never ask the machine themselves.

use std::sync::atomic::{AtomicI64, Ordering};

/// An instant in UTC. Stored everywhere as microseconds since 1970 (`as_microsecond`).
pub type Timestamp = jiff::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock. The only place that asks for it.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one door to the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved; for tests and replay.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn at(start: Timestamp) -> Self {
        ManualClock(AtomicI64::new(start.as_microsecond()))
    }

    /// Moves the clock by `seconds`, which may be negative: clocks of real machines jump back too.
    pub fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The instant of a stored number of microseconds; values outside jiff's years -9999..9999 are clamped to its ends.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(from_micros(5_000_000));
        assert_eq!(clock.now(), clock.now());
        clock.advance_s(-3);
        assert_eq!(clock.now().as_microsecond(), 2_000_000);
    }

    #[test]
    fn micros_outside_the_calendar_are_clamped() {
        assert_eq!(from_micros(i64::MAX), Timestamp::MAX);
        assert_eq!(from_micros(i64::MIN), Timestamp::MIN);
    }
}
