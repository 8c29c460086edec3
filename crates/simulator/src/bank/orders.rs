//! Orders at the test bank: taken in once, decided once, never payable after their time.

use super::Bank;
use base::{Fault, Timestamp};
use host::args;
use host::jobs::Job;
use host::store::{Migration, Row};
use payments::gateway::{Order, Outcome};
use serde_json::json;

/// What the test bank brings to its store.
pub const MIGRATIONS: &[Migration] = &[Migration {
    part: "simulator_bank",
    number: 1,
    sql: "CREATE TABLE simulator_bank_order (
    id TEXT NOT NULL PRIMARY KEY,
    claims TEXT NOT NULL,
    form_token TEXT NOT NULL,
    state TEXT NOT NULL,
    bank_reference TEXT,
    seen_at BIGINT NOT NULL,
    decided_at BIGINT,
    told TEXT NOT NULL
);
CREATE INDEX simulator_bank_order_by_time ON simulator_bank_order (decided_at);",
}];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Paid,
    Declined,
}

/// What a payer chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Pay,
    Decline,
}

/// Why a choice was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    TooLate,
    DecidedOtherwise,
}

#[derive(Debug, Clone)]
pub(super) struct Known {
    pub order: Order,
    pub state: State,
    pub form_token: String,
    pub bank_reference: Option<String>,
    /// What the merchant answered to the report: `waiting`, `heard`, `refused`.
    pub told: String,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Paid => "paid",
            State::Declined => "declined",
        }
    }

    fn stored(name: &str) -> State {
        [State::Open, State::Paid, State::Declined]
            .into_iter()
            .find(|state| state.name() == name)
            .expect("only names of states are stored")
    }
}

impl Known {
    pub fn outcome(&self, now: Timestamp) -> Outcome {
        match self.state {
            State::Paid => Outcome::Paid,
            State::Declined => Outcome::Declined,
            State::Open if now < self.order.expires_at => Outcome::Open,
            State::Open => Outcome::Void,
        }
    }
}

/// The state after the choice; the same as before when it was chosen already.
fn decide(known: &Known, choice: Choice, now: Timestamp) -> Result<State, No> {
    match (known.state, choice) {
        (State::Paid, Choice::Pay) | (State::Declined, Choice::Decline) => Ok(known.state),
        (State::Paid | State::Declined, _) => Err(No::DecidedOtherwise),
        (State::Open, _) if now >= known.order.expires_at => Err(No::TooLate),
        (State::Open, Choice::Pay) => Ok(State::Paid),
        (State::Open, Choice::Decline) => Ok(State::Declined),
    }
}

impl Bank {
    /// Takes the order in. The same order again is the same; `None` for another order under a known name.
    pub(super) async fn take_in(&self, order: &Order) -> Result<Option<Known>, Fault> {
        let claims = serde_json::to_string(order).expect("an order is JSON");
        let mut tx = self.setup().store.begin().await?;
        tx.execute(
            "INSERT INTO simulator_bank_order (id, claims, form_token, state, seen_at, told)
             VALUES ($1, $2, $3, 'open', $4, 'waiting') ON CONFLICT (id) DO NOTHING",
            &args![&order.order, claims, self.setup().chance.hex(16), self.now()],
        )
        .await?;
        tx.commit().await?;
        let known = self.find(&order.order).await?.expect("inserted above or before");
        Ok((known.order == *order).then_some(known))
    }

    pub(super) async fn find(&self, order: &str) -> Result<Option<Known>, Fault> {
        let sql = "SELECT claims, state, form_token, bank_reference, told FROM simulator_bank_order WHERE id = $1";
        Ok(self.setup().store.query_opt(sql, &args![order]).await?.as_ref().map(read))
    }

    /// Applies the choice and enqueues its report in one transaction: what is paid here will be told.
    pub(super) async fn choose(&self, order: &str, choice: Choice) -> Result<Option<Result<Known, No>>, Fault> {
        let now = self.now();
        let mut tx = self.setup().store.begin().await?;
        let sql = "SELECT claims, state, form_token, bank_reference, told FROM simulator_bank_order WHERE id = $1";
        let Some(row) = tx.query_opt(sql, &args![order]).await? else { return Ok(None) };
        let known = read(&row);
        let state = match decide(&known, choice, now) {
            Ok(state) => state,
            Err(no) => return Ok(Some(Err(no))),
        };
        if state == known.state {
            return Ok(Some(Ok(known)));
        }
        let number = format!("TB{}", self.setup().chance.hex(6).to_uppercase());
        let reference = (state == State::Paid).then_some(number);
        let moved = tx
            .execute(
                "UPDATE simulator_bank_order SET state = $1, bank_reference = $2, decided_at = $3
                 WHERE id = $4 AND state = 'open'",
                &args![state.name(), reference.clone(), now, order],
            )
            .await?;
        if moved == 0 {
            return Err(Fault::passing("decide an order", "it was decided at the same moment"));
        }
        tx.enqueue(&Job {
            kind: super::protocol::REPORT_JOB,
            key: Some(order.to_owned()),
            payload: json!({ "order": order }),
            run_at: now,
        })
        .await?;
        tx.commit().await?;
        if let Some(wake) = &self.setup().wake {
            wake.notify_one();
        }
        Ok(Some(Ok(Known { state, bank_reference: reference, ..known })))
    }

    pub(super) async fn set_told(&self, order: &str, told: &'static str) -> Result<(), Fault> {
        let mut tx = self.setup().store.begin().await?;
        tx.execute("UPDATE simulator_bank_order SET told = $1 WHERE id = $2", &args![told, order]).await?;
        tx.commit().await
    }

    /// What was paid from `from` until before `to`, with when.
    pub(super) async fn paid_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<(Known, Timestamp)>, Fault> {
        let sql = "SELECT claims, state, form_token, bank_reference, told, decided_at FROM simulator_bank_order
                   WHERE state = 'paid' AND decided_at >= $1 AND decided_at < $2 ORDER BY decided_at, id";
        let rows = self.setup().store.query(sql, &args![from, to]).await?;
        Ok(rows.iter().map(|row| (read(row), row.time("decided_at"))).collect())
    }
}

fn read(row: &Row) -> Known {
    Known {
        order: serde_json::from_str(row.text("claims")).expect("written as an order"),
        state: State::stored(row.text("state")),
        form_token: row.text("form_token").to_owned(),
        bank_reference: row.opt_text("bank_reference").map(str::to_owned),
        told: row.text("told").to_owned(),
    }
}
