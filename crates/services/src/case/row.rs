//! A case as stored. Read with its parts, changed in memory by decisions, saved whole under an optimistic version.

use super::{
    State,
    deadline::{self, Clock},
};
use crate::{
    calendar::Calendar,
    refusal::{Outcome, Refusal},
    view::DueView,
};
use base::{Date, Failure, Fault, Timestamp};
use host::{
    args,
    store::{Row, Store, Tx, Value},
};
use serde::{Deserialize, Serialize};

/// Reads committed rows, or rows as a transaction sees them.
pub(crate) enum Source<'a> {
    Store(&'a Store),
    Tx(&'a mut Tx),
}

impl Source<'_> {
    pub async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        match self {
            Source::Store(store) => store.query(sql, args).await,
            Source::Tx(tx) => tx.query(sql, args).await,
        }
    }

    pub async fn query_opt(&mut self, sql: &'static str, args: &[Value]) -> Result<Option<Row>, Fault> {
        match self {
            Source::Store(store) => store.query_opt(sql, args).await,
            Source::Tx(tx) => tx.query_opt(sql, args).await,
        }
    }
}

/// A request to the applicant to put something right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Correction {
    pub text: String,
    pub steps: Vec<String>,
    pub at: Timestamp,
    pub by: String,
}

/// A decision as written by the official; it takes effect with the signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub approve: bool,
    pub reasons: String,
    pub number: String,
    pub on: Date,
    pub valid_to: Option<Date>,
    pub officer_pin: String,
    pub officer_name: String,
    pub officer_position: Option<String>,
    pub verification_code: String,
    /// Blob of the PDF.
    pub pdf: String,
    /// `computed.*` as it stood when the decision was written.
    pub computed: serde_json::Value,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub reference: String,
    pub draft_key: Option<String>,
    pub service: String,
    pub service_version: String,
    pub agency: String,
    pub pin: String,
    pub name: String,
    pub tin: Option<String>,
    pub company_name: Option<String>,
    pub state: State,
    pub version: i64,
    pub started_at: Timestamp,
    pub changed_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub submitted_on: Option<Date>,
    pub period_days: i64,
    pub paused_days: i64,
    pub paused_on: Option<Date>,
    pub warned_percent: i64,
    pub late: bool,
    pub officer_pin: Option<String>,
    pub officer_name: Option<String>,
    pub receipt_number: Option<String>,
    pub debt_code: Option<String>,
    pub fee_paid_at: Option<Timestamp>,
    pub fee_receipt: Option<String>,
    pub correction: Option<Correction>,
    pub decision: Option<Decision>,
}

/// The columns, for every statement that reads cases.
macro_rules! select_case {
    ($rest:literal) => {
        concat!(
            "SELECT reference, draft_key, service, service_version, agency, pin, name, tin, company_name, state, version, ",
            "started_at, changed_at, submitted_at, decided_at, submitted_on, period_days, paused_days, paused_on, ",
            "warned_percent, late, officer_pin, officer_name, receipt_number, debt_code, fee_paid_at, fee_receipt, ",
            "correction, decision FROM services_case ",
            $rest
        )
    };
}
pub(crate) use select_case;

fn day(row: &Row, column: &str) -> Option<Date> {
    row.opt_text(column).map(|text| text.parse().expect("dates are stored in their standard form"))
}

impl Case {
    pub fn read(row: &Row) -> Case {
        let text = |column| row.opt_text(column).map(str::to_owned);
        let stored = "what we stored as JSON reads back";
        Case {
            reference: row.text("reference").to_owned(),
            draft_key: text("draft_key"),
            service: row.text("service").to_owned(),
            service_version: row.text("service_version").to_owned(),
            agency: row.text("agency").to_owned(),
            pin: row.text("pin").to_owned(),
            name: row.text("name").to_owned(),
            tin: text("tin"),
            company_name: text("company_name"),
            state: State::parse(row.text("state")).expect("states are stored by their names"),
            version: row.int("version"),
            started_at: row.time("started_at"),
            changed_at: row.time("changed_at"),
            submitted_at: row.opt_time("submitted_at"),
            decided_at: row.opt_time("decided_at"),
            submitted_on: day(row, "submitted_on"),
            period_days: row.int("period_days"),
            paused_days: row.int("paused_days"),
            paused_on: day(row, "paused_on"),
            warned_percent: row.int("warned_percent"),
            late: row.bool("late"),
            officer_pin: text("officer_pin"),
            officer_name: text("officer_name"),
            receipt_number: text("receipt_number"),
            debt_code: text("debt_code"),
            fee_paid_at: row.opt_time("fee_paid_at"),
            fee_receipt: text("fee_receipt"),
            correction: text("correction").map(|json| serde_json::from_str(&json).expect(stored)),
            decision: text("decision").map(|json| serde_json::from_str(&json).expect(stored)),
        }
    }

    pub async fn load(source: &mut Source<'_>, reference: &str) -> Outcome<Case> {
        let row = source.query_opt(select_case!("WHERE reference = $1"), &args![reference]).await?;
        row.map(|row| Case::read(&row)).ok_or(Failure::Refused(Refusal::UnknownCase))
    }

    /// Inserts a new draft; false if the applicant has one of this service already.
    pub async fn insert(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let inserted = tx
            .execute(
                "INSERT INTO services_case (reference, draft_key, service, service_version, agency, pin, name, tin,
                    company_name, state, version, started_at, changed_at, period_days, paused_days, warned_percent, late)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0)
                 ON CONFLICT (draft_key) DO NOTHING",
                &args![
                    &self.reference,
                    self.draft_key.clone(),
                    &self.service,
                    &self.service_version,
                    &self.agency,
                    &self.pin,
                    &self.name,
                    self.tin.clone(),
                    self.company_name.clone(),
                    self.state.name(),
                    self.version,
                    self.started_at,
                    self.changed_at,
                    self.period_days
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Writes every column that changes; refused as stale if somebody else saved meanwhile.
    pub async fn save(&mut self, tx: &mut Tx, now: Timestamp) -> Outcome<()> {
        let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
        let plain = "plain structs are JSON";
        self.changed_at = now;
        let saved = tx
            .execute(
                "UPDATE services_case SET draft_key = $3, state = $4, version = version + 1, changed_at = $5,
                    submitted_at = $6, decided_at = $7, submitted_on = $8, paused_days = $9, paused_on = $10,
                    warned_percent = $11, late = $12, officer_pin = $13, officer_name = $14, receipt_number = $15,
                    debt_code = $16, fee_paid_at = $17, fee_receipt = $18, correction = $19, decision = $20,
                    period_days = $21
                 WHERE reference = $1 AND version = $2",
                &args![
                    &self.reference,
                    self.version,
                    self.draft_key.clone(),
                    self.state.name(),
                    now,
                    self.submitted_at,
                    self.decided_at,
                    self.submitted_on,
                    self.paused_days,
                    self.paused_on,
                    self.warned_percent,
                    self.late,
                    self.officer_pin.clone(),
                    self.officer_name.clone(),
                    self.receipt_number.clone(),
                    self.debt_code.clone(),
                    self.fee_paid_at,
                    self.fee_receipt.clone(),
                    json(self.correction.as_ref().map(|it| serde_json::to_value(it).expect(plain))),
                    json(self.decision.as_ref().map(|it| serde_json::to_value(it).expect(plain))),
                    self.period_days
                ],
            )
            .await?;
        if saved == 0 {
            return Err(Failure::Refused(Refusal::Stale));
        }
        self.version += 1;
        Ok(())
    }

    pub fn clock(&self) -> Option<Clock> {
        Some(Clock {
            submitted_on: self.submitted_on?,
            period_days: self.period_days,
            paused_days: self.paused_days,
            paused_on: self.paused_on,
        })
    }

    pub fn set_clock(&mut self, clock: Clock) {
        self.paused_days = clock.paused_days;
        self.paused_on = clock.paused_on;
    }

    /// The legal clock on `today`; of a case that has ended, as it stood then.
    pub fn due(&self, calendar: &Calendar, today: Date) -> Option<DueView> {
        let day = self.decided_at.map_or(today, |at| calendar.day_of(at));
        self.clock().map(|clock| deadline::due(calendar, &clock, day))
    }

    /// Under which the applicant has at most one unfinished application of a service.
    pub fn draft_key_of(service: &str, pin: &str, tin: Option<&str>) -> String {
        format!("{service}/{pin}/{}", tin.unwrap_or_default())
    }
}
