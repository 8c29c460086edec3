//! The method on the running country: facts are gathered first (`asks`), then judged by a plain function, so that an
//! auditor can judge the same facts again and must get the same sheet.

use super::{
    report::{component_score, sheet},
    sheet::{Basis, ComponentScore, Judged, Mark, QuestionScore, ServiceScore, Sheet},
};
use crate::{
    evidence::{Fact, Window},
    fraction::Fraction,
    methodology::{Component, CountryQuestion, Good, Methodology, Questionnaire, Reported, ServiceQuestion},
    probe::{Criterion, Scope, State, Verdict},
};
use base::{Localized, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One fact asked for, and the answer; `None` is "nobody keeps such records".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub fact: String,
    pub service: Option<String>,
    pub window_days: u32,
    pub found: Option<Fact>,
}

/// All facts that a live sheet is computed from, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Observations {
    /// The e-services that run here.
    pub online: BTreeSet<String>,
    pub facts: Vec<Observation>,
}

type Key<'a> = (&'a str, Option<&'a str>, u32);

impl Observations {
    fn index(&self) -> BTreeMap<Key<'_>, &Fact> {
        let keyed = self.facts.iter().filter_map(|seen| {
            let key = (seen.fact.as_str(), seen.service.as_deref(), seen.window_days);
            seen.found.as_ref().map(|fact| (key, fact))
        });
        keyed.collect()
    }
}

/// What must be asked to score a country in which `online` e-services run, each question once.
pub fn asks(methodology: &Methodology, online: &BTreeSet<String>) -> Vec<(String, Option<String>, u32)> {
    let mut asks = BTreeSet::new();
    for criterion in &methodology.criteria {
        let facts: Vec<&str> = criterion.probe.facts().collect();
        let subjects: Vec<Option<&String>> = match criterion.scope {
            Scope::Country => vec![None],
            Scope::Service => online.iter().filter(|id| methodology.reported(id).is_some()).map(Some).collect(),
        };
        for subject in subjects {
            asks.extend(facts.iter().map(|fact| (fact.to_string(), subject.cloned(), criterion.window_days)));
        }
    }
    asks.into_iter().collect()
}

/// The sheet of the running country at `at`.
pub fn live(methodology: &Methodology, observations: &Observations, at: Timestamp) -> Sheet {
    let judge = Judge { methodology, facts: observations.index(), at };
    let components = methodology.infrastructure.component.iter().map(|component| judge.component(component)).collect();
    let services = methodology.report.service.iter();
    let services = services.map(|service| judge.service(service, observations.online.contains(&service.id)));
    sheet(components, services.collect())
}

struct Judge<'a> {
    methodology: &'a Methodology,
    facts: BTreeMap<Key<'a>, &'a Fact>,
    at: Timestamp,
}

impl Judge<'_> {
    fn component(&self, component: &Component) -> ComponentScore {
        let questions = component.question.iter().map(|question| self.country_question(question));
        component_score(component, questions.collect())
    }

    fn country_question(&self, question: &CountryQuestion) -> QuestionScore {
        let judged = self.judged(&question.id, &question.text, Good::Yes, &question.criterion, None);
        QuestionScore {
            id: question.id.clone(),
            text: question.text.clone(),
            rule: question.rule,
            answer: judged.earned,
            judged: Some(judged),
        }
    }

    fn service(&self, service: &Reported, online: bool) -> ServiceScore {
        ServiceScore {
            id: service.id.clone(),
            online: Some(online),
            maturity: self.maturity(service, online),
            participation: self.points(&self.methodology.participation, service, service.participation.of, online),
            transparency: self.points(&self.methodology.transparency, service, service.transparency.of, online),
            conflicts: Vec::new(),
        }
    }

    /// The questions asked of a service: those of its model's levels, payment only where a fee is paid.
    fn applicable<'q>(
        &self,
        questions: &'q [ServiceQuestion],
        service: &Reported,
    ) -> impl Iterator<Item = &'q ServiceQuestion> + use<'q> {
        let (tiers, paid) = (service.maturity.of, self.is_paid(service));
        questions
            .iter()
            .filter(move |question| (paid || !question.paid_only) && question.level.is_none_or(|level| level <= tiers))
    }

    /// Which services are paid is nowhere listed; it is read off the scale (reading `paid_or_free`): the longest one asks
    /// about payment.
    fn is_paid(&self, service: &Reported) -> bool {
        let longest = self.methodology.transparency.scale.iter().map(|scale| scale.maximum).max();
        longest == Some(service.transparency.of)
    }

    fn judge_all(&self, questions: &[ServiceQuestion], service: &Reported, online: bool) -> Vec<Judged> {
        let judged = self.applicable(questions, service).map(|question| {
            let subject = online.then_some(service.id.as_str());
            match subject {
                Some(_) => {
                    self.judged(&question.n.to_string(), &question.text, question.good, &question.criterion, subject)
                }
                None => self.unjudged(&question.n.to_string(), &question.text, &question.criterion),
            }
        });
        judged.collect()
    }

    fn maturity(&self, service: &Reported, online: bool) -> Mark {
        let model = self.methodology.maturity.model.iter().find(|model| model.tiers == service.maturity.of);
        let model = model.expect("the loader checked the model");
        let criteria = self.judge_all(&self.methodology.maturity.question, service, online);
        let share = share_earned(&criteria);
        let percent = u32::try_from(share.percent_floor()).expect("a share is between 0 and 1");
        let level = model.level_of_percent(percent).expect("the loader checked that levels cover 1 to 100");
        Mark {
            printed: format!("{}/{}", model.tiers, level.level),
            score: level.level,
            maximum: model.tiers,
            band: level.code.clone(),
            name: level.name.clone(),
            basis: basis(online),
            printed_label: None,
            share: Some(share),
            criteria,
        }
    }

    fn points(&self, part: &Questionnaire, service: &Reported, maximum: u32, online: bool) -> Mark {
        let scale = part.scale.iter().find(|scale| scale.maximum == maximum).expect("the loader checked the scale");
        let criteria = self.judge_all(&part.question, service, online);
        let earned = criteria.iter().filter(|judged| judged.earned).count();
        let score = u32::try_from(earned).expect("a questionnaire is shorter than 2^32");
        let band = scale.band(score).expect("the loader checked that the questions fit the scale");
        Mark {
            printed: format!("{maximum}/{score}"),
            score,
            maximum,
            band: band.code.clone(),
            name: band.name.clone(),
            basis: basis(online),
            printed_label: None,
            share: Some(share_earned(&criteria)),
            criteria,
        }
    }

    fn judged(&self, number: &str, text: &Localized, good: Good, id: &str, service: Option<&str>) -> Judged {
        let criterion = self.criterion(id);
        let verdict = criterion.probe.judge(|fact| self.facts.get(&(fact, service, criterion.window_days)).copied());
        let earned = match (verdict.state, good) {
            (State::Met, Good::Yes) | (State::NotMet, Good::No) => true,
            (State::NoData, _) | (State::NotMet, Good::Yes) | (State::Met, Good::No) => false,
        };
        self.with_verdict(number, text, criterion, verdict, earned)
    }

    fn unjudged(&self, number: &str, text: &Localized, id: &str) -> Judged {
        self.with_verdict(number, text, self.criterion(id), Verdict::no_data(Vec::new()), false)
    }

    fn with_verdict(
        &self,
        number: &str,
        text: &Localized,
        criterion: &Criterion,
        verdict: Verdict,
        earned: bool,
    ) -> Judged {
        Judged {
            question: number.into(),
            question_text: text.clone(),
            criterion: criterion.id.clone(),
            text: criterion.text.clone(),
            state: verdict.state,
            earned,
            threshold: criterion.probe.threshold(),
            value: verdict.value,
            window: Window::days_before(self.at, criterion.window_days),
            evidence: verdict.evidence,
        }
    }

    fn criterion(&self, id: &str) -> &Criterion {
        self.methodology.criterion(id).expect("the loader checked every reference")
    }
}

fn basis(online: bool) -> Basis {
    if online { Basis::Computed } else { Basis::NotOnline }
}

fn share_earned(criteria: &[Judged]) -> Fraction {
    let count = |number: usize| i64::try_from(number).expect("a questionnaire is shorter than 2^63");
    let earned = criteria.iter().filter(|judged| judged.earned).count();
    Fraction::new(count(earned), count(criteria.len())).unwrap_or(Fraction::ZERO)
}
