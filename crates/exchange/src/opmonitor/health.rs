//! How the services of a server fare: last success, last failure, and the numbers of the last minutes (monitoring
//! protocol §3). In memory; a restart begins anew, and says since when.

use super::{Side, TrafficRecord};
use formats::identifier::ServiceId;
use std::collections::{BTreeMap, VecDeque};

/// The period of the statistics, the field's own.
pub const PERIOD_S: i64 = 600;
/// The period moves in steps of this length.
const STEP_S: i64 = 60;
/// Services that are kept apart; more than a server offers, so that made-up names do not fill the memory.
const SERVICES_MAX: usize = 10_000;

/// What is known of all services.
#[derive(Debug, Default)]
pub struct Health {
    services: BTreeMap<ServiceId, Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last_success_ms: Option<i64>,
    last_failure_ms: Option<i64>,
    kind: Option<String>,
    steps: VecDeque<Step>,
}

/// The numbers of one minute.
#[derive(Debug, Default)]
struct Step {
    begun_s: i64,
    succeeded: i64,
    failed: i64,
    duration_ms: Sums,
    request_bytes: Sums,
    response_bytes: Sums,
}

#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    count: i64,
    least: i64,
    most: i64,
    sum: f64,
    squares: f64,
}

/// Least, mean, most and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub least: i64,
    pub mean: f64,
    pub most: i64,
    pub deviation: f64,
}

/// How one service fared.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceHealth {
    pub service: ServiceId,
    pub last_success_ms: Option<i64>,
    pub last_failure_ms: Option<i64>,
    pub kind: Option<String>,
    pub succeeded: i64,
    pub failed: i64,
    /// Of the successful ones; `None` when there was none.
    pub duration_ms: Option<Spread>,
    pub request_bytes: Option<Spread>,
    pub response_bytes: Option<Spread>,
}

impl Sums {
    fn add(&mut self, value: i64) {
        (self.least, self.most) =
            if self.count == 0 { (value, value) } else { (self.least.min(value), self.most.max(value)) };
        self.count += 1;
        self.sum += value as f64;
        self.squares += value as f64 * value as f64;
    }

    fn join(self, other: Sums) -> Sums {
        match (self.count, other.count) {
            (0, _) => other,
            (_, 0) => self,
            _ => Sums {
                count: self.count + other.count,
                least: self.least.min(other.least),
                most: self.most.max(other.most),
                sum: self.sum + other.sum,
                squares: self.squares + other.squares,
            },
        }
    }

    fn spread(self) -> Option<Spread> {
        if self.count == 0 {
            return None;
        }
        let mean = self.sum / self.count as f64;
        let variance = (self.squares / self.count as f64 - mean * mean).max(0.0);
        Some(Spread { least: self.least, mean, most: self.most, deviation: variance.sqrt() })
    }
}

impl Health {
    /// Only what this server answered counts.
    pub fn note(&mut self, record: &TrafficRecord) {
        if record.side != Side::Producer {
            return;
        }
        let Some(service) = record.service_id() else { return };
        if self.services.len() >= SERVICES_MAX && !self.services.contains_key(&service) {
            return;
        }
        let kept = self.services.entry(service).or_default();
        let (at_ms, at_s) = (record.response_out_at.as_millisecond(), record.response_out_at.as_second());
        kept.kind.clone_from(&record.details.service_type);
        let last = if record.succeeded { &mut kept.last_success_ms } else { &mut kept.last_failure_ms };
        *last = Some(at_ms);
        let step = kept.step(at_s);
        if record.succeeded {
            step.succeeded += 1;
            step.duration_ms.add(record.duration_ms());
            step.request_bytes.add(record.request_bytes);
            step.response_bytes.add(record.response_bytes);
        } else {
            step.failed += 1;
        }
    }

    /// Every service that was asked for since the start, in the order of their names.
    pub fn services(&self, now_s: i64) -> Vec<ServiceHealth> {
        self.services.iter().map(|(service, kept)| kept.view(service, now_s)).collect()
    }
}

impl Kept {
    fn step(&mut self, now_s: i64) -> &mut Step {
        let begun_s = now_s - now_s.rem_euclid(STEP_S);
        if self.steps.back().is_none_or(|step| step.begun_s < begun_s) {
            self.steps.push_back(Step { begun_s, ..Step::default() });
            while self.steps.front().is_some_and(|step| step.begun_s <= begun_s - PERIOD_S) {
                self.steps.pop_front();
            }
        }
        self.steps.back_mut().expect("one was just put there")
    }

    fn view(&self, service: &ServiceId, now_s: i64) -> ServiceHealth {
        let begun_s = now_s - now_s.rem_euclid(STEP_S);
        let recent = || self.steps.iter().filter(move |step| step.begun_s > begun_s - PERIOD_S);
        let spread = |of: fn(&Step) -> Sums| recent().map(of).fold(Sums::default(), Sums::join).spread();
        ServiceHealth {
            service: service.clone(),
            last_success_ms: self.last_success_ms,
            last_failure_ms: self.last_failure_ms,
            kind: self.kind.clone(),
            succeeded: recent().map(|step| step.succeeded).sum(),
            failed: recent().map(|step| step.failed).sum(),
            duration_ms: spread(|step| step.duration_ms),
            request_bytes: spread(|step| step.request_bytes),
            response_bytes: spread(|step| step.response_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_last_ten_minutes() {
        let mut health = Health::default();
        let at = |second: i64, bytes: i64, succeeded: bool| {
            let mut noted = record("AZ/GOV/2/book/page/v1");
            noted.response_out_at = base::clock::from_micros(second * 1_000_000);
            noted.request_in_at = base::clock::from_micros(second * 1_000_000 - 5_000);
            (noted.request_bytes, noted.succeeded) = (bytes, succeeded);
            noted
        };
        for noted in [at(6_000, 1, true), at(6_601, 10, true), at(6_602, 30, true), at(6_603, 99, false)] {
            health.note(&noted);
        }
        let seen = health.services(6_660);
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].succeeded, seen[0].failed), (2, 1));
        assert_eq!(seen[0].request_bytes, Some(Spread { least: 10, mean: 20.0, most: 30, deviation: 10.0 }));
        assert_eq!(seen[0].duration_ms, Some(Spread { least: 5, mean: 5.0, most: 5, deviation: 0.0 }));
        assert_eq!((seen[0].last_success_ms, seen[0].last_failure_ms), (Some(6_602_000), Some(6_603_000)));
        // Later nothing happened any more; what was last is still known.
        let later = health.services(9_000);
        assert_eq!((later[0].succeeded, later[0].failed, later[0].duration_ms), (0, 0, None));
        assert_eq!(later[0].last_success_ms, Some(6_602_000));
    }

    #[test]
    fn what_this_server_asked_does_not_count() {
        let mut health = Health::default();
        health.note(&TrafficRecord { side: Side::Client, ..record("AZ/GOV/2/book/page/v1") });
        assert!(health.services(0).is_empty());
    }
}
