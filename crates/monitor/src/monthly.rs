//! The month: counters' users as agencies enter them, a draft at any time, and the bulletin that is published once.

use crate::{
    Monitor,
    bulletin::Bulletin,
    evidence::{Ask, Window},
    kept::Kept,
    month::Month,
    record::{digest, entry, leaf_number},
    refusal::{Failure, Refusal},
    register::Registered,
    usage::{Counts, Usage},
};
use base::{Fault, Timestamp};
use host::args;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// More people than any country has.
pub const OFFLINE_USERS_MAX: i64 = 1_000_000_000;
/// Bulletins kept in memory; asked for more months than this, all are read again.
const MONTHS_MAX: usize = 24;

/// The bulletins that were asked for lately.
#[derive(Default)]
pub(crate) struct Months(Mutex<BTreeMap<Month, Arc<Kept<Bulletin>>>>);

impl Months {
    fn of(&self, month: Month) -> Arc<Kept<Bulletin>> {
        let mut months = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if months.len() >= MONTHS_MAX && !months.contains_key(&month) {
            months.clear();
        }
        Arc::clone(months.entry(month).or_default())
    }
}

impl Monitor {
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

    /// What agencies entered for a month, by service.
    pub async fn offline_entered(&self, month: Month) -> Result<BTreeMap<String, i64>, Fault> {
        let sql = "SELECT service, users FROM monitor_offline WHERE month = $1";
        let rows = self.store.query(sql, &args![month.to_string()]).await?;
        Ok(rows.iter().map(|row| (row.text("service").to_owned(), row.int("users"))).collect())
    }

    /// The bulletin of a month: the published one, else a draft of a month that is running or not yet published. What is
    /// counted is done with an entry in the log, so a draft is good until the log grows.
    pub async fn bulletin(&self, month: &str) -> Result<Arc<Bulletin>, Failure> {
        let (month, now) = (parse_month(month)?, self.clock.now());
        if month > self.month_of(now) {
            return Err(Failure::Refused(Refusal::NoBulletin));
        }
        let entries = host::audit::size(&self.store).await?;
        let read = async {
            match self.find_bulletin(month).await? {
                Some(published) => Ok(published),
                None => self.draft(month).await,
            }
        };
        self.months.of(month).get(now, entries, read).await.map_err(Failure::Failed)
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

fn parse_month(text: &str) -> Result<Month, Failure> {
    text.parse().map_err(|()| Failure::Refused(Refusal::BadDate))
}
