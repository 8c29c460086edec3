//! Criteria of the live score: what is looked for, in which facts, over which window, and the verdict. A criterion without
//! data is `NoData`, which never counts as met.

use crate::{evidence::Fact, fraction::Fraction};
use base::Localized;

/// One measurable condition, as the country's methodology folder writes it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub id: String,
    pub scope: Scope,
    /// What must hold, in words a person reads.
    pub text: Localized,
    pub window_days: u32,
    pub probe: Probe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Service,
    Country,
}

/// How facts become a verdict. Facts that count what happened are judged against the number of occasions, so that a
/// window in which nothing happened is no data instead of a failure or a success.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Probe {
    /// At least `threshold` of `fact`, where a known zero is a failure: something that is published or not.
    Exists { fact: String, threshold: i64 },
    /// `fact` of `among` occasions is `share` or more; no data below `least` occasions.
    ShareAtLeast { fact: String, among: String, share: Fraction, least: i64 },
    /// `fact` of `among` is more than `share`; no data below `least`.
    ShareAbove { fact: String, among: String, share: Fraction, least: i64 },
    /// `fact` never happened in `among` occasions; no data below `least`.
    Never { fact: String, among: String, least: i64 },
}

/// The verdict on one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Met,
    NotMet,
    NoData,
}

impl Probe {
    /// The names of the facts it needs.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        let (fact, among) = match self {
            Probe::Exists { fact, .. } => (fact, None),
            Probe::ShareAtLeast { fact, among, .. }
            | Probe::ShareAbove { fact, among, .. }
            | Probe::Never { fact, among, .. } => (fact, Some(among)),
        };
        std::iter::once(fact.as_str()).chain(among.map(String::as_str))
    }

    /// The threshold as it is shown.
    pub fn threshold(&self) -> String {
        match self {
            Probe::Exists { threshold, .. } => format!("≥ {threshold}"),
            Probe::ShareAtLeast { share, .. } => format!("≥ {share}"),
            Probe::ShareAbove { share, .. } => format!("> {share}"),
            Probe::Never { .. } => "= 0".into(),
        }
    }

    /// What the threshold itself gets wrong: a share outside 0 to 1, or occasions below 1, would make "no data" count.
    pub fn problem(&self) -> Option<&'static str> {
        match self {
            Probe::Exists { threshold, .. } => (*threshold < 1).then_some("a threshold below 1 is always met"),
            Probe::ShareAtLeast { share, least, .. } => {
                let wrong = *share <= Fraction::ZERO || *share > Fraction::whole(1) || *least < 1;
                wrong.then_some("share must be in (0, 1] of at least 1 occasion")
            }
            Probe::ShareAbove { share, least, .. } => {
                let wrong = *share < Fraction::ZERO || *share >= Fraction::whole(1) || *least < 1;
                wrong.then_some("share must be in [0, 1) of at least 1 occasion")
            }
            Probe::Never { least, .. } => (*least < 1).then_some("at least 1 occasion is needed"),
        }
    }

    /// The verdict, and the measured value behind it.
    pub fn judge<'a>(&self, look_up: impl Fn(&str) -> Option<&'a Fact>) -> Verdict {
        let seen = |name: &str| look_up(name).map(|fact| (fact.value, Counted::of(name, fact)));
        match self {
            Probe::Exists { fact, threshold } => match seen(fact) {
                None => Verdict::no_data(Vec::new()),
                Some((value, counted)) => Verdict {
                    state: State::of(value >= *threshold),
                    value: Some(Fraction::whole(value)),
                    evidence: vec![counted],
                },
            },
            Probe::ShareAtLeast { fact, among, share, least } => {
                among_occasions(seen(fact), seen(among), *least, |value| value >= *share)
            }
            Probe::ShareAbove { fact, among, share, least } => {
                among_occasions(seen(fact), seen(among), *least, |value| value > *share)
            }
            Probe::Never { fact, among, least } => {
                among_occasions(seen(fact), seen(among), *least, |value| value == Fraction::ZERO)
            }
        }
    }
}

type Seen = Option<(i64, Counted)>;

fn among_occasions(part: Seen, whole: Seen, least: i64, met: impl Fn(Fraction) -> bool) -> Verdict {
    let share = match (&part, &whole) {
        (Some((part, _)), Some((whole, _))) if *whole >= least.max(1) => Fraction::new(*part, *whole),
        _ => None,
    };
    let evidence = [part, whole].into_iter().flatten().map(|(_, counted)| counted).collect();
    match share {
        Some(value) => Verdict { state: State::of(met(value)), value: Some(value), evidence },
        None => Verdict::no_data(evidence),
    }
}

impl State {
    fn of(met: bool) -> State {
        if met { State::Met } else { State::NotMet }
    }
}

/// A fact that a verdict stands on: its name, its value and where it was counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counted {
    pub fact: String,
    pub value: i64,
    pub source: String,
    pub records: i64,
    pub leaf: Option<u64>,
    pub link: Option<String>,
}

impl Counted {
    fn of(name: &str, fact: &Fact) -> Counted {
        let pointer = fact.pointer.clone();
        Counted {
            fact: name.into(),
            value: fact.value,
            source: pointer.source,
            records: pointer.records,
            leaf: pointer.leaf,
            link: pointer.link,
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub value: Option<Fraction>,
    pub evidence: Vec<Counted>,
}

impl Verdict {
    pub fn no_data(evidence: Vec<Counted>) -> Verdict {
        Verdict { state: State::NoData, value: None, evidence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Pointer;

    fn fact(value: i64) -> Fact {
        Fact { value, pointer: Pointer { source: "t".into(), records: value, leaf: None, link: None } }
    }

    fn check(probe: &Probe, part: Option<i64>, whole: Option<i64>, expected: State) {
        let (part, whole) = (part.map(fact), whole.map(fact));
        let verdict = probe.judge(|name| if name == "part" { part.as_ref() } else { whole.as_ref() });
        assert_eq!(verdict.state, expected, "{probe:?} {part:?} {whole:?}");
    }

    fn half() -> Fraction {
        "1/2".parse().expect("a fraction")
    }

    #[test]
    fn a_published_thing_is_there_or_not() {
        let probe = Probe::Exists { fact: "part".into(), threshold: 2 };
        check(&probe, Some(2), None, State::Met);
        check(&probe, Some(1), None, State::NotMet);
        check(&probe, Some(0), None, State::NotMet);
        check(&probe, None, None, State::NoData);
    }

    #[test]
    fn shares_stand_at_their_edges() {
        let at_least = Probe::ShareAtLeast { fact: "part".into(), among: "whole".into(), share: half(), least: 1 };
        check(&at_least, Some(1), Some(2), State::Met);
        check(&at_least, Some(49), Some(100), State::NotMet);
        let above = Probe::ShareAbove { fact: "part".into(), among: "whole".into(), share: half(), least: 1 };
        check(&above, Some(1), Some(2), State::NotMet);
        check(&above, Some(51), Some(100), State::Met);
    }

    #[test]
    fn nothing_happened_is_no_data_for_every_kind() {
        let (fact, among) = (String::from("part"), String::from("whole"));
        let probes = [
            Probe::ShareAtLeast { fact: fact.clone(), among: among.clone(), share: half(), least: 1 },
            Probe::ShareAbove { fact: fact.clone(), among: among.clone(), share: Fraction::ZERO, least: 1 },
            Probe::Never { fact, among, least: 1 },
        ];
        for probe in probes {
            check(&probe, Some(0), Some(0), State::NoData);
            check(&probe, Some(5), None, State::NoData);
            check(&probe, None, Some(5), State::NoData);
            check(&probe, None, None, State::NoData);
        }
    }

    #[test]
    fn never_means_never() {
        let probe = Probe::Never { fact: "part".into(), among: "whole".into(), least: 3 };
        check(&probe, Some(0), Some(3), State::Met);
        check(&probe, Some(1), Some(3), State::NotMet);
        check(&probe, Some(0), Some(2), State::NoData);
    }

    #[test]
    fn thresholds_that_would_let_no_data_count_are_problems() {
        assert!(Probe::Exists { fact: "f".into(), threshold: 0 }.problem().is_some());
        let zero_of_none = Probe::ShareAtLeast { fact: "f".into(), among: "a".into(), share: Fraction::ZERO, least: 1 };
        assert!(zero_of_none.problem().is_some());
        assert!(Probe::Never { fact: "f".into(), among: "a".into(), least: 0 }.problem().is_some());
        assert!(Probe::Exists { fact: "f".into(), threshold: 1 }.problem().is_none());
    }
}
