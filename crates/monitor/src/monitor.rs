//! The running country's scoreboard and the evidence behind each of its points.

use crate::{
    evidence::{Ask, Evidence, Fact, Window},
    kept::Kept,
    methodology::{Methodology, Reading},
    monthly::Months,
    own::OwnRecords,
    refusal::{Failure, Refusal},
    register::{Register, Registered},
    score::{self, Judged, Observation, Observations, Score, Sheet},
};
use base::{Clock, Fault, Timestamp};
use host::store::Store;
use std::sync::Arc;

/// Everything that the public scoreboard shows.
#[derive(Debug, Clone)]
pub struct Scoreboard {
    pub at: Timestamp,
    pub score: Score,
    /// The register of services, for names and agencies.
    pub services: Vec<Registered>,
    pub readings: Vec<Reading>,
    /// Digest of the method's folder.
    pub methodology: String,
}

/// One point of the live score with everything behind it.
#[derive(Debug, Clone)]
pub struct EvidenceRecord {
    pub at: Timestamp,
    pub service: Option<String>,
    pub judged: Judged,
    /// The raw counters it was judged by.
    pub facts: Vec<Observation>,
}

/// The part. Cloning shares it.
#[derive(Clone)]
pub struct Monitor {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) methodology: Arc<Methodology>,
    pub(crate) register: Arc<Register>,
    evidence: Arc<dyn Evidence>,
    latest: Arc<Kept<Seen>>,
    pub(crate) months: Arc<Months>,
}

struct Seen {
    board: Arc<Scoreboard>,
    observations: Observations,
}

impl Monitor {
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        methodology: Arc<Methodology>,
        register: Arc<Register>,
        evidence: Arc<dyn Evidence>,
    ) -> Monitor {
        Monitor { store, clock, methodology, register, evidence, latest: Arc::default(), months: Arc::default() }
    }

    pub fn methodology(&self) -> &Methodology {
        &self.methodology
    }

    /// The scoreboard: ten seconds old, or up to a minute while the next one is computed for somebody else.
    pub async fn scoreboard(&self) -> Result<Arc<Scoreboard>, Fault> {
        Ok(self.seen().await?.board.clone())
    }

    /// The scoreboard of this moment.
    pub async fn scoreboard_now(&self) -> Result<Arc<Scoreboard>, Fault> {
        let now = self.clock.now();
        Ok(self.latest.renew(now, self.look(now)).await?.board.clone())
    }

    async fn seen(&self) -> Result<Arc<Seen>, Fault> {
        let now = self.clock.now();
        self.latest.get(now, 0, self.look(now)).await
    }

    async fn look(&self, now: Timestamp) -> Result<Seen, Fault> {
        let observations = self.observe(now).await?;
        let score = Score {
            report: score::report(&self.methodology),
            live: score::live(&self.methodology, &observations, now),
        };
        let board = Arc::new(Scoreboard {
            at: now,
            score,
            services: self.register.services().to_vec(),
            readings: self.methodology.readings.clone(),
            methodology: self.methodology.digest.clone(),
        });
        Ok(Seen { board, observations })
    }

    /// The evidence behind a criterion of a service, or of the country when `service` is none.
    pub async fn evidence(&self, service: Option<&str>, criterion: &str) -> Result<EvidenceRecord, Failure> {
        let definition = self.methodology.criterion(criterion).ok_or(Failure::Refused(Refusal::UnknownCriterion))?;
        if service.is_some_and(|id| self.methodology.reported(id).is_none()) {
            return Err(Failure::Refused(Refusal::UnknownService));
        }
        let seen = self.seen().await?;
        let judged = judged_of(&seen.board.score.live, service, criterion);
        let judged = judged.ok_or(Failure::Refused(Refusal::UnknownCriterion))?.clone();
        let wanted: Vec<&str> = definition.probe.facts().collect();
        let facts = seen.observations.facts.iter().filter(|observation| {
            observation.service.as_deref() == service
                && observation.window_days == definition.window_days
                && wanted.contains(&observation.fact.as_str())
        });
        let facts = facts.cloned().collect();
        Ok(EvidenceRecord { at: seen.board.at, service: service.map(String::from), judged, facts })
    }

    pub(crate) async fn observe(&self, now: Timestamp) -> Result<Observations, Fault> {
        let online = self.register.online();
        let mut facts = Vec::new();
        for (fact, service, window_days) in score::asks(&self.methodology, &online) {
            let window = Window::days_before(now, window_days);
            let found = self.find(Ask { fact: &fact, service: service.as_deref(), window }).await?;
            facts.push(Observation { fact, service, window_days, found });
        }
        Ok(Observations { online, facts })
    }

    pub(crate) async fn find(&self, ask: Ask<'_>) -> Result<Option<Fact>, Fault> {
        let own = OwnRecords {
            store: &self.store,
            acts: &self.methodology.origins.act,
            utc_offset_hours: self.methodology.statistics.utc_offset_hours,
        };
        match own.find(ask).await? {
            Some(fact) => Ok(Some(fact)),
            None => self.evidence.find(ask).await,
        }
    }
}

fn judged_of<'a>(sheet: &'a Sheet, service: Option<&str>, criterion: &str) -> Option<&'a Judged> {
    let of_country = sheet.components.iter().flat_map(|component| &component.questions);
    let of_country = of_country.filter_map(|question| question.judged.as_ref());
    let of_service = sheet.services.iter().filter(|score| Some(score.id.as_str()) == service);
    let of_service = of_service
        .flat_map(|score| [&score.maturity, &score.participation, &score.transparency])
        .flat_map(|mark| &mark.criteria);
    match service {
        None => of_country.into_iter().find(|judged| judged.criterion == criterion),
        Some(_) => of_service.into_iter().find(|judged| judged.criterion == criterion),
    }
}
