//! Telling every client that a session has ended (OpenID Connect Back-Channel Logout 1.0): one row per session and client with
//! its visible outcome, one attempt at once and in parallel, then a job that tries again until it is heard. A dead client keeps
//! nobody waiting; its tokens are refused from the first moment.

use crate::{attempt::later, form, jwt, provider::Provider};
use base::{Fault, Id, Pin, Timestamp};
use bytes::Bytes;
use host::{
    args,
    jobs::{Claimed, Done, Job},
    store::Tx,
};
use http::header;
use serde_json::{Value, json};
use std::time::Duration;

pub const JOB: &str = "identity.logout";
/// The member of `events` that makes a token a logout token.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The token's own type (Back-Channel Logout §2.4).
pub const TYP: &str = "logout+jwt";

const TOKEN_LIFE_S: i64 = 120;
const ANSWER_SIZE_BYTES_MAX: usize = 16 * 1024;
/// How long the person's own log-out waits for the clients; the job has more patience.
const AT_ONCE: Duration = Duration::from_secs(2);
const BY_JOB: Duration = Duration::from_secs(10);
const FIRST_RETRY_S: i64 = 5;
const RETRY_S_MAX: i64 = 600;
/// About a day and a half. By then the session's own life is over as well.
const ATTEMPTS_MAX: i64 = 200;

/// Where telling one client of one session's end stands, for the operator's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub session: Id,
    pub client: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub updated_at: Timestamp,
    /// What the client answered or why nothing came, in a few words.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// The client was told often enough; an operator looks.
    GivenUp,
}

impl DeliveryState {
    pub fn word(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "given_up",
        }
    }

    fn parse(word: &str) -> DeliveryState {
        match word {
            "delivered" => DeliveryState::Delivered,
            "given_up" => DeliveryState::GivenUp,
            _ => DeliveryState::Waiting,
        }
    }
}

/// Doubles up to ten minutes.
fn retry_s(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 8) - 1).expect("clamped");
    (FIRST_RETRY_S << doublings).min(RETRY_S_MAX)
}

impl Provider {
    /// The newest deliveries, unfinished first.
    pub async fn logout_deliveries(&self, most: u32) -> Result<Vec<Delivery>, Fault> {
        let rows = self
            .parts
            .store
            .query(
                "SELECT session, client, state, attempts, updated_at, detail FROM identity_logout
                 ORDER BY CASE state WHEN 'delivered' THEN 1 ELSE 0 END, updated_at DESC LIMIT $1",
                &args![most],
            )
            .await?;
        let deliveries = rows.iter().map(|row| Delivery {
            session: row.id("session"),
            client: row.text("client").to_owned(),
            state: DeliveryState::parse(row.text("state")),
            attempts: row.int("attempts"),
            updated_at: row.time("updated_at"),
            detail: row.text("detail").to_owned(),
        });
        Ok(deliveries.collect())
    }

    /// In the transaction that ends the session: a row and a job for each client that took part and wants to hear of it.
    pub(crate) async fn plan_notices(&self, tx: &mut Tx, session: &Id) -> Result<Vec<String>, Fault> {
        let now = self.now();
        let rows = tx
            .query("SELECT client FROM identity_session_client WHERE session = $1 ORDER BY client", &args![session])
            .await?;
        let mut planned = Vec::new();
        for row in rows {
            let client = row.text("client").to_owned();
            if self.settings.client(&client).is_none_or(|client| client.backchannel_logout_uri.is_none()) {
                continue;
            }
            tx.execute(
                "INSERT INTO identity_logout (session, client, state, attempts, updated_at, detail)
                 VALUES ($1, $2, 'waiting', 0, $3, '') ON CONFLICT (session, client) DO NOTHING",
                &args![session, &client, now],
            )
            .await?;
            let payload = json!({ "session": session.as_str(), "client": client });
            let run_at = later(now, FIRST_RETRY_S);
            tx.enqueue(&Job { kind: JOB, key: Some(format!("{session}/{client}")), payload, run_at }).await?;
            planned.push(client);
        }
        Ok(planned)
    }

    /// The first attempt, all clients at once.
    pub(crate) async fn deliver_now(&self, session: &Id, clients: &[String]) {
        let attempts = clients.iter().map(|client| self.deliver(session, client, AT_ONCE));
        for outcome in futures_util::future::join_all(attempts).await {
            if let Err(fault) = outcome {
                tracing::error!(%fault, "could not record a logout notice; the job will");
            }
        }
    }

    pub(crate) async fn deliver_job(&self, job: Claimed) -> Result<Done, Fault> {
        let (session, client) = (job.payload["session"].as_str(), job.payload["client"].as_str());
        let Some((session, client)) = session.and_then(Id::parse).zip(client) else { return Ok(Done::Finished) };
        let attempts = self.deliver(&session, client, BY_JOB).await?;
        Ok(attempts.map_or(Done::Finished, |attempts| Done::Again(later(self.now(), retry_s(attempts)))))
    }

    /// One attempt, if one is still needed. `Some(attempts so far)`: try again later.
    async fn deliver(&self, session: &Id, client: &str, timeout: Duration) -> Result<Option<i64>, Fault> {
        let row = self
            .parts
            .store
            .query_opt(
                "SELECT l.attempts, s.person FROM identity_logout l JOIN identity_session s ON s.id = l.session
                 WHERE l.session = $1 AND l.client = $2 AND l.state = 'waiting'",
                &args![session, client],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let attempts = row.int("attempts") + 1;
        let (heard, detail) = match self.tell(session, client, row.text("person"), timeout).await {
            Ok(status) if status == http::StatusCode::OK || status == http::StatusCode::NO_CONTENT => {
                (true, status.to_string())
            }
            Ok(status) => (false, status.to_string()),
            Err(fault) => (false, fault.cause),
        };
        let state = match heard {
            true => DeliveryState::Delivered,
            false if attempts >= ATTEMPTS_MAX => DeliveryState::GivenUp,
            false => DeliveryState::Waiting,
        };
        let mut tx = self.parts.store.begin().await?;
        tx.execute(
            "UPDATE identity_logout SET state = $1, attempts = $2, updated_at = $3, detail = $4
             WHERE session = $5 AND client = $6 AND state = 'waiting'",
            &args![state.word(), attempts, self.now(), detail, session, client],
        )
        .await?;
        tx.commit().await?;
        Ok((state == DeliveryState::Waiting).then_some(attempts))
    }

    async fn tell(
        &self,
        session: &Id,
        client: &str,
        person: &str,
        timeout: Duration,
    ) -> Result<http::StatusCode, Fault> {
        let registered =
            self.settings.client(client).and_then(|client| Some((client, client.backchannel_logout_uri.clone()?)));
        let Some((client, address)) = registered else {
            return Err(Fault::new("tell a client of a logout", "it is not registered any more"));
        };
        let person = Pin::parse(person).ok_or_else(|| Fault::new("tell a client of a logout", "no person"))?;
        let now = self.now().as_second();
        let claims: Value = json!({
            "iss": self.settings.issuer, "aud": client.id, "iat": now, "exp": now + TOKEN_LIFE_S,
            "jti": self.parts.chance.hex(16), "sid": session.as_str(), "sub": self.subject_of(client, &person),
            "events": { EVENT: {} },
        });
        let token = jwt::sign(&*self.parts.keys[0], TYP, &claims)?;
        let request = http::Request::post(address)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form::pairs([("logout_token", token.as_str())])))
            .map_err(|error| Fault::new("tell a client of a logout", error))?;
        Ok(self.parts.transport.send(request, ANSWER_SIZE_BYTES_MAX, timeout).await?.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_slow_down_and_stay_bounded() {
        assert_eq!([1, 2, 3, 8, 50].map(retry_s), [5, 10, 20, 600, 600]);
    }
}
