//! The use cases of monitoring: look at the scoreboard and its evidence, take the daily snapshot, enter counters' users,
//! look at a month's usage, publish the bulletin.

use crate::{
    bulletin::Bulletin,
    evidence::{Ask, Evidence, Fact, Window},
    methodology::{Methodology, Reading},
    month::Month,
    own::OwnRecords,
    refusal::{Failure, Refusal},
    register::{Register, Registered},
    score::{self, Judged, Observation, Observations, Score, Sheet},
    snapshot::{Recorded, Snapshot},
    usage::{Counts, Usage},
};
use base::{Clock, Fault, Timestamp};
use host::{args, audit::Entry, store::Store};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

/// More people than any country has.
pub const OFFLINE_USERS_MAX: i64 = 1_000_000_000;
/// How old a scoreboard may be that a page shows.
const SCOREBOARD_AGE_MAX_US: i64 = 10_000_000;

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
    store: Store,
    clock: Arc<dyn Clock>,
    methodology: Arc<Methodology>,
    register: Arc<Register>,
    evidence: Arc<dyn Evidence>,
    latest: Arc<Mutex<Option<Arc<Seen>>>>,
}

struct Seen {
    board: Scoreboard,
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
        Monitor { store, clock, methodology, register, evidence, latest: Arc::default() }
    }

    pub fn methodology(&self) -> &Methodology {
        &self.methodology
    }

    /// The scoreboard, at most ten seconds old.
    pub async fn scoreboard(&self) -> Result<Scoreboard, Fault> {
        Ok(self.seen(false).await?.board.clone())
    }

    /// The scoreboard of this moment.
    pub async fn scoreboard_now(&self) -> Result<Scoreboard, Fault> {
        Ok(self.seen(true).await?.board.clone())
    }

    async fn seen(&self, fresh: bool) -> Result<Arc<Seen>, Fault> {
        let now = self.clock.now();
        let kept = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let young = |seen: &Arc<Seen>| {
            (0..SCOREBOARD_AGE_MAX_US).contains(&(now.as_microsecond() - seen.board.at.as_microsecond()))
        };
        if let Some(seen) = kept.filter(|seen| !fresh && young(seen)) {
            return Ok(seen);
        }
        let observations = self.observe(now).await?;
        let score = Score {
            report: score::report(&self.methodology),
            live: score::live(&self.methodology, &observations, now),
        };
        let board = Scoreboard {
            at: now,
            score,
            services: self.register.services().to_vec(),
            readings: self.methodology.readings.clone(),
            methodology: self.methodology.digest.clone(),
        };
        let seen = Arc::new(Seen { board, observations });
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// The evidence behind a criterion of a service, or of the country when `service` is none.
    pub async fn evidence(&self, service: Option<&str>, criterion: &str) -> Result<EvidenceRecord, Failure> {
        let definition = self.methodology.criterion(criterion).ok_or(Failure::Refused(Refusal::UnknownCriterion))?;
        if service.is_some_and(|id| self.methodology.reported(id).is_none()) {
            return Err(Failure::Refused(Refusal::UnknownService));
        }
        let seen = self.seen(false).await?;
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

    async fn observe(&self, now: Timestamp) -> Result<Observations, Fault> {
        let online = self.register.online();
        let mut facts = Vec::new();
        for (fact, service, window_days) in score::asks(&self.methodology, &online) {
            let window = Window::days_before(now, window_days);
            let found = self.find(Ask { fact: &fact, service: service.as_deref(), window }).await?;
            facts.push(Observation { fact, service, window_days, found });
        }
        Ok(Observations { online, facts })
    }

    async fn find(&self, ask: Ask<'_>) -> Result<Option<Fact>, Fault> {
        match OwnRecords(self.store.clone()).find(ask).await? {
            Some(fact) => Ok(Some(fact)),
            None => self.evidence.find(ask).await,
        }
    }

    /// Takes today's snapshot, once a day: a second call gives the first one back.
    pub async fn take_snapshot(&self) -> Result<Recorded, Fault> {
        let now = self.clock.now();
        let offset = jiff::tz::offset(self.methodology.statistics.utc_offset_hours);
        let day = offset.to_datetime(now).date().to_string();
        if let Some(recorded) = self.find_snapshot(&day).await? {
            return Ok(recorded);
        }
        let observations = self.observe(now).await?;
        let snapshot = Snapshot::compute(&self.methodology, observations, day.clone(), now);
        let body = serde_json::to_string(&snapshot).expect("texts and numbers only");
        let digest = digest(&body);
        let mut tx = self.store.begin().await?;
        let taken = tx.query_opt("SELECT day FROM monitor_snapshot WHERE day = $1", &args![day.as_str()]).await?;
        if taken.is_none() {
            let detail = json!({ "digest": digest, "methodology": snapshot.methodology });
            let leaf = tx.audit(&entry(now, "system", "monitor.snapshot", &day, detail)).await?;
            let inserted = tx
                .execute(
                    "INSERT INTO monitor_snapshot (day, taken_at, digest, leaf_index, body) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (day) DO NOTHING",
                    &args![day.as_str(), now, digest.as_str(), leaf_number(leaf), body.as_str()],
                )
                .await?;
            match inserted {
                0 => tx.rollback().await,
                _ => tx.commit().await?,
            }
        } else {
            tx.rollback().await;
        }
        Ok(self.find_snapshot(&day).await?.expect("this call or another wrote it"))
    }

    /// The snapshot of a day written "2026-11-23".
    pub async fn snapshot(&self, day: &str) -> Result<Recorded, Failure> {
        let date: base::Date = day.parse().map_err(|_| Failure::Refused(Refusal::BadDate))?;
        self.find_snapshot(&date.to_string()).await?.ok_or(Failure::Refused(Refusal::NoSnapshot))
    }

    /// Days with a snapshot, the latest first.
    pub async fn snapshot_days(&self) -> Result<Vec<String>, Fault> {
        let rows = self.store.query("SELECT day FROM monitor_snapshot ORDER BY day DESC", &args![]).await?;
        Ok(rows.iter().map(|row| row.text("day").to_owned()).collect())
    }

    async fn find_snapshot(&self, day: &str) -> Result<Option<Recorded>, Fault> {
        let sql = "SELECT digest, leaf_index, body FROM monitor_snapshot WHERE day = $1";
        let row = self.store.query_opt(sql, &args![day]).await?;
        row.map(|row| {
            let snapshot =
                serde_json::from_str(row.text("body")).map_err(|cause| Fault::new("read a stored snapshot", cause))?;
            let leaf = u64::try_from(row.int("leaf_index")).expect("leaves are counted from 0");
            let (body, digest) = (row.text("body").to_owned(), row.text("digest").to_owned());
            Ok(Recorded { snapshot, body, digest, leaf })
        })
        .transpose()
    }

    /// An agency enters how many people it served at its counters. May be corrected until the bulletin is out.
    pub async fn enter_offline_users(
        &self,
        actor: &str,
        service: &str,
        month: &str,
        users: i64,
    ) -> Result<(), Failure> {
        let month = parse_month(month)?;
        self.register.find(service).ok_or(Failure::Refused(Refusal::UnknownService))?;
        let now = self.clock.now();
        if month > self.month_of(now) {
            return Err(Failure::Refused(Refusal::MonthNotOver));
        }
        if !(0..=OFFLINE_USERS_MAX).contains(&users) {
            return Err(Failure::Refused(Refusal::CountOutOfRange));
        }
        let (service, text) = (service.to_owned(), month.to_string());
        let mut tx = self.store.begin().await?;
        let sql = "SELECT month FROM monitor_bulletin WHERE month = $1";
        if tx.query_opt(sql, &args![text.as_str()]).await?.is_some() {
            tx.rollback().await;
            return Err(Failure::Refused(Refusal::MonthClosed));
        }
        tx.execute(
            "INSERT INTO monitor_offline (service, month, users, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (service, month) DO UPDATE SET users = excluded.users, entered_by = excluded.entered_by,
             entered_at = excluded.entered_at",
            &args![service.as_str(), text.as_str(), users, actor, now],
        )
        .await?;
        let detail = json!({ "service": service, "users": users });
        tx.audit(&entry(now, actor, "monitor.offline_users", &text, detail)).await?;
        Ok(tx.commit().await?)
    }

    /// The bulletin of a month: the published one, else a draft of a month that is running or not yet published.
    pub async fn bulletin(&self, month: &str) -> Result<Bulletin, Failure> {
        let month = parse_month(month)?;
        if let Some(bulletin) = self.find_bulletin(month).await? {
            return Ok(bulletin);
        }
        if month > self.month_of(self.clock.now()) {
            return Err(Failure::Refused(Refusal::NoBulletin));
        }
        Ok(self.draft(month).await?)
    }

    /// The month that is running now.
    pub fn current_month(&self) -> Month {
        self.month_of(self.clock.now())
    }

    /// Months with a published bulletin, the latest first.
    pub async fn published_months(&self) -> Result<Vec<Month>, Fault> {
        let rows = self.store.query("SELECT month FROM monitor_bulletin ORDER BY month DESC", &args![]).await?;
        Ok(rows.iter().filter_map(|row| row.text("month").parse().ok()).collect())
    }

    /// Publishes a month that is over. The same month again gives the published bulletin back.
    pub async fn publish(&self, month: &str) -> Result<Bulletin, Failure> {
        let month = parse_month(month)?;
        let now = self.clock.now();
        if month >= self.month_of(now) {
            return Err(Failure::Refused(Refusal::MonthNotOver));
        }
        if let Some(bulletin) = self.find_bulletin(month).await? {
            return Ok(bulletin);
        }
        let bulletin = Bulletin { published_at: Some(now), ..self.draft(month).await? };
        let body = bulletin.json();
        let (text, digest) = (month.to_string(), digest(&body));
        let mut tx = self.store.begin().await?;
        let leaf = tx.audit(&entry(now, "system", "monitor.bulletin", &text, json!({ "digest": digest }))).await?;
        let inserted = tx
            .execute(
                "INSERT INTO monitor_bulletin (month, published_at, digest, leaf_index, body) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (month) DO NOTHING",
                &args![text.as_str(), now, digest.as_str(), leaf_number(leaf), body.as_str()],
            )
            .await?;
        if inserted == 0 {
            tx.rollback().await;
            return Ok(self.find_bulletin(month).await?.expect("another call published it"));
        }
        tx.commit().await?;
        Ok(bulletin)
    }

    async fn find_bulletin(&self, month: Month) -> Result<Option<Bulletin>, Fault> {
        let sql = "SELECT body FROM monitor_bulletin WHERE month = $1";
        let row = self.store.query_opt(sql, &args![month.to_string()]).await?;
        row.map(|row| {
            serde_json::from_str(row.text("body")).map_err(|cause| Fault::new("read a stored bulletin", cause))
        })
        .transpose()
    }

    async fn draft(&self, month: Month) -> Result<Bulletin, Fault> {
        let mut usage = Vec::new();
        for service in self.register.services() {
            let counts = self.counts(service, month).await?;
            usage.push(Usage::publishable(&counts, self.methodology.statistics.smallest_group));
        }
        let in_register = self.methodology.statistics.services_in_register;
        Ok(Bulletin::of(month, in_register, self.register.services(), usage, &self.methodology.digest))
    }

    async fn counts(&self, service: &Registered, month: Month) -> Result<Counts, Fault> {
        let offline_users = self.offline_users(&service.id, month).await?;
        if !service.online {
            // Nobody can apply online for a service that does not run: these zeros are known.
            let zero = Some(0);
            return Ok(Counts {
                users: zero,
                users_before: zero,
                submissions: zero,
                decisions: zero,
                granted: zero,
                decided_late: zero,
                company_submissions: zero,
                offline_users,
                ..Counts::default()
            });
        }
        let hours = self.methodology.statistics.utc_offset_hours;
        let (now, before) = (month.window(hours), month.previous().window(hours));
        let id = service.id.as_str();
        Ok(Counts {
            users: self.figure(id, "users", now).await?,
            users_before: self.figure(id, "users", before).await?,
            submissions: self.figure(id, "submissions", now).await?,
            decisions: self.figure(id, "decisions", now).await?,
            granted: self.figure(id, "granted", now).await?,
            decided_late: self.figure(id, "decided_late", now).await?,
            median_s: self.figure(id, "median_s", now).await?,
            company_submissions: self.figure(id, "company_submissions", now).await?,
            ratings: self.figure(id, "ratings", now).await?,
            ratings_sum: self.figure(id, "ratings_sum", now).await?,
            offline_users,
        })
    }

    async fn figure(&self, service: &str, figure: &str, window: Window) -> Result<Option<i64>, Fault> {
        let figures = &self.methodology.statistics.figure;
        let Some(definition) = figures.iter().find(|definition| definition.id == figure) else {
            return Ok(None);
        };
        let ask = Ask { fact: &definition.fact, service: Some(service), window };
        Ok(self.find(ask).await?.map(|fact| fact.value))
    }

    async fn offline_users(&self, service: &str, month: Month) -> Result<Option<i64>, Fault> {
        let sql = "SELECT users FROM monitor_offline WHERE service = $1 AND month = $2";
        let row = self.store.query_opt(sql, &args![service, month.to_string()]).await?;
        Ok(row.map(|row| row.int("users")))
    }

    fn month_of(&self, at: Timestamp) -> Month {
        Month::of(at, self.methodology.statistics.utc_offset_hours)
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

fn parse_month(text: &str) -> Result<Month, Failure> {
    text.parse().map_err(|()| Failure::Refused(Refusal::BadDate))
}

fn digest(body: &str) -> String {
    crate::methodology::hexadecimal(&formats::verify::sha256(body.as_bytes()))
}

fn leaf_number(leaf: u64) -> i64 {
    i64::try_from(leaf).expect("a log has fewer than 2^63 leaves")
}

fn entry(at: Timestamp, actor: &str, action: &'static str, subject: &str, detail: serde_json::Value) -> Entry {
    Entry { at, actor: actor.into(), action, subject: subject.into(), detail }
}
