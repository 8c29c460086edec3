//! What a tour says: steps as a person reads them, checks as they held, and the same as one JSON object.

use super::traffic::Question;
use serde::Serialize;
use std::future::Future;
use std::time::Duration;

#[derive(Debug, Serialize)]
pub struct Report {
    pub country: String,
    pub ok: bool,
    pub journeys: Vec<Journey>,
}

#[derive(Debug, Serialize)]
pub struct Journey {
    pub id: String,
    pub ok: bool,
    pub steps: Vec<Step>,
    pub checks: Vec<Check>,
    /// Without what was done aside.
    #[serde(rename = "tookMs")]
    pub took_ms: u64,
    /// Time in faults that were caused on purpose and in waiting for their end.
    #[serde(rename = "asideMs")]
    pub aside_ms: u64,
}

#[derive(Debug, Serialize)]
pub struct Step {
    pub what: String,
    pub ok: bool,
    /// Identifiers of the messages that crossed the exchange during the step.
    pub messages: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Check {
    pub what: String,
    pub ok: bool,
}

/// Who can say which messages crossed the exchange since they were last asked.
pub trait Crossings: Send {
    fn since_last(&mut self) -> impl Future<Output = Result<Vec<String>, String>> + Send;

    /// Every question that was answered since the tour began, over all journeys.
    fn questions(&mut self) -> impl Future<Output = Result<Vec<Question>, String>> + Send;
}

/// The clauses that do not hold.
pub fn unmet(clauses: &[(&str, bool)]) -> Vec<String> {
    clauses.iter().filter(|(_, holds)| !holds).map(|(clause, _)| format!("not so: {clause}")).collect()
}

/// One journey being walked; every step and check is shown as it happens.
pub struct Walk<'a, C> {
    journey: Journey,
    crossings: &'a mut C,
    show: &'a mut (dyn FnMut(&str) + Send),
}

impl<'a, C: Crossings> Walk<'a, C> {
    pub fn new(id: &str, crossings: &'a mut C, show: &'a mut (dyn FnMut(&str) + Send)) -> Walk<'a, C> {
        show(id);
        Walk {
            journey: Journey {
                id: id.to_owned(),
                ok: true,
                steps: Vec::new(),
                checks: Vec::new(),
                took_ms: 0,
                aside_ms: 0,
            },
            crossings,
            show,
        }
    }

    /// Records a step that was taken; its error ends the journey.
    pub async fn step<T>(&mut self, what: &str, taken: Result<T, String>) -> Result<T, String> {
        let messages = self.crossings.since_last().await?;
        let ids = if messages.is_empty() { String::new() } else { format!("  [{}]", messages.join(", ")) };
        let (mark, reason) = match &taken {
            Ok(_) => ("✓", String::new()),
            Err(reason) => ("✗", format!(": {reason}")),
        };
        (self.show)(&format!("  {mark} {what}{reason}{ids}"));
        self.journey.ok &= taken.is_ok();
        self.journey.steps.push(Step { what: what.to_owned(), ok: taken.is_ok(), messages });
        taken
    }

    /// Time that is no part of the journey itself.
    pub fn aside(&mut self, took: Duration) {
        self.journey.aside_ms += u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    }

    /// The journey ended before its end; why, if no step said so.
    pub fn failed(&mut self, reason: &str) {
        if self.journey.ok {
            (self.show)(&format!("  ✗ {reason}"));
            self.journey.steps.push(Step { what: reason.to_owned(), ok: false, messages: Vec::new() });
        }
        self.journey.ok = false;
    }

    /// Every question that was answered since the tour began.
    pub async fn questions(&mut self) -> Result<Vec<Question>, String> {
        self.crossings.questions().await
    }

    /// Records whether something that must be true is true: it is when nothing speaks against it.
    pub fn must(&mut self, what: &str, against: &[String]) {
        let holds = against.is_empty();
        let mark = if holds { "✓" } else { "✗" };
        (self.show)(&format!("  {mark} must be true: {what}"));
        against.iter().for_each(|why| (self.show)(&format!("      {why}")));
        self.journey.ok &= holds;
        self.journey.checks.push(Check { what: what.to_owned(), ok: holds });
    }

    pub fn end(self) -> Journey {
        self.journey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;

    impl Crossings for Two {
        async fn since_last(&mut self) -> Result<Vec<String>, String> {
            Ok(vec!["m1".into(), "m2".into()])
        }

        async fn questions(&mut self) -> Result<Vec<Question>, String> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn one_failed_check_or_step_fails_the_journey() {
        let (mut crossings, mut lines) = (Two, Vec::new());
        let mut show = |line: &str| lines.push(line.to_owned());
        let mut walk = Walk::new("J00", &mut crossings, &mut show);
        assert!(walk.step("a door opens", Ok(1)).await.is_ok());
        walk.must("the house stands", &unmet(&[("it stands", true)]));
        assert!(walk.journey.ok);
        walk.must("the sky is green", &unmet(&[("it is there", true), ("it is green", false)]));
        assert!(!walk.journey.ok);
        assert!(walk.step::<()>("a wall opens", Err("it is a wall".into())).await.is_err());
        let journey = walk.end();
        assert_eq!((journey.ok, journey.steps.len(), journey.checks.len()), (false, 2, 2));
        assert_eq!(lines[1], "  ✓ a door opens  [m1, m2]");
        assert_eq!(lines[3..5], ["  ✗ must be true: the sky is green", "      not so: it is green"]);
    }
}
