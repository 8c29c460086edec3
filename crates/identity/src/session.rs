//! The session that one log-in opens for all clients, from its beginning to its end; whatever ends it, every client that took
//! part is told (`oidc::backchannel`).

use crate::{
    attempt::{self, Attempt, later},
    browser::Browser,
    history::{Method, Outcome, Record},
    oidc::authorize::{Prompt, SessionFacts},
    ports::Representee,
    provider::Provider,
};
use base::{Fault, Id, Pin, Timestamp};
use host::{
    args,
    jobs::{Claimed, Done, Job},
    store::{Row, Tx},
};
use serde_json::json;

pub const EXPIRE_JOB: &str = "identity.expire";
/// A working day; then card or phone are asked again.
const LIFE_S: i64 = 8 * 3600;

/// The person whose card or phone signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub pin: Pin,
    pub given_name: String,
    pub surname: String,
}

#[derive(Debug, Clone)]
pub struct Session {
    pub id: Id,
    pub person: Person,
    pub method: Method,
    pub auth_time: Timestamp,
    pub expires_at: Timestamp,
    pub acting_for: Option<Representee>,
    /// Whether the person has said whom they act for.
    pub has_chosen: bool,
}

impl Session {
    pub fn facts(&self) -> SessionFacts {
        SessionFacts { auth_time: self.auth_time, has_chosen: self.has_chosen }
    }
}

fn read(row: &Row) -> Session {
    let person = Person {
        pin: Pin::parse(row.text("person")).expect("written from a PIN"),
        given_name: row.text("given_name").to_owned(),
        surname: row.text("surname").to_owned(),
    };
    Session {
        id: row.id("id"),
        person,
        method: Method::parse(row.text("method")).expect("written from a method"),
        auth_time: row.time("auth_time"),
        expires_at: row.time("expires_at"),
        acting_for: row.opt_text("representee").and_then(|text| serde_json::from_str(text).ok()),
        has_chosen: row.opt_time("chosen_at").is_some(),
    }
}

impl Provider {
    /// The living session of this browser.
    pub(crate) async fn session_of(&self, browser: &Browser) -> Result<Option<Session>, Fault> {
        let row = self
            .parts
            .store
            .query_opt(
                "SELECT * FROM identity_session WHERE cookie_hash = $1 AND ended_at IS NULL AND expires_at > $2",
                &args![browser.hash(), self.now()],
            )
            .await?;
        Ok(row.as_ref().map(read))
    }

    pub(crate) async fn session(&self, id: &str) -> Result<Option<Session>, Fault> {
        let row = self
            .parts
            .store
            .query_opt(
                "SELECT * FROM identity_session WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
                &args![id, self.now()],
            )
            .await?;
        Ok(row.as_ref().map(read))
    }

    /// Opens a session for the person who was just proven, under a new cookie, and hands the attempt over to it. The same
    /// person logging in again keeps the session (its clients stay logged in); another person ends it. `None`: the attempt
    /// was finished elsewhere meanwhile.
    pub(crate) async fn log_in(
        &self,
        browser: &Browser,
        attempt: &Attempt,
        person: &Person,
        method: Method,
    ) -> Result<Option<Browser>, Fault> {
        let before = self.session_of(browser).await?;
        let same = before.as_ref().filter(|session| session.person.pin == person.pin);
        if let (Some(session), None) = (&before, same) {
            self.end(session, Outcome::Ended).await?;
        }
        let renewed = Browser::fresh(&*self.parts.chance);
        let mut request = attempt.request.clone();
        (request.prompt, request.max_age_s) = (Prompt::AsNeeded, None);
        let mut tx = self.parts.store.begin().await?;
        if !attempt::hand_over(&mut tx, &attempt.id, &browser.hash(), &renewed.hash(), &request).await? {
            tx.rollback().await;
            return Ok(None);
        }
        let id = match same {
            Some(session) => self.renew(&mut tx, session, &renewed, method).await?,
            None => self.open(&mut tx, &renewed, person, method).await?,
        };
        let record = Record {
            outcome: Outcome::LoggedIn,
            person: Some(&person.pin),
            method,
            client: &attempt.request.client,
            subject: id.as_str(),
            detail: serde_json::Value::Null,
        };
        self.record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(Some(renewed))
    }

    async fn open(&self, tx: &mut Tx, browser: &Browser, person: &Person, method: Method) -> Result<Id, Fault> {
        let (id, now) = (self.id(), self.now());
        let expires_at = later(now, LIFE_S);
        tx.execute(
            "INSERT INTO identity_session
             (id, cookie_hash, person, given_name, surname, method, auth_time, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &args![
                &id,
                browser.hash(),
                &person.pin,
                &person.given_name,
                &person.surname,
                method.word(),
                now,
                expires_at
            ],
        )
        .await?;
        let payload = json!({ "session": id.as_str() });
        tx.enqueue(&Job { kind: EXPIRE_JOB, key: Some(id.to_string()), payload, run_at: expires_at }).await?;
        Ok(id)
    }

    async fn renew(&self, tx: &mut Tx, session: &Session, browser: &Browser, method: Method) -> Result<Id, Fault> {
        let now = self.now();
        tx.execute(
            "UPDATE identity_session SET cookie_hash = $1, method = $2, auth_time = $3, expires_at = $4
             WHERE id = $5 AND ended_at IS NULL",
            &args![browser.hash(), method.word(), now, later(now, LIFE_S), &session.id],
        )
        .await?;
        Ok(session.id.clone())
    }

    /// Writes down whom the person acts for. Only answers of the register get here.
    pub(crate) async fn choose(&self, session: &Session, acting_for: Option<&Representee>) -> Result<(), Fault> {
        let text = acting_for.map(|named| json!(named).to_string());
        let mut tx = self.parts.store.begin().await?;
        tx.execute(
            "UPDATE identity_session SET representee = $1, chosen_at = $2 WHERE id = $3 AND ended_at IS NULL",
            &args![text, self.now(), &session.id],
        )
        .await?;
        let entry = host::audit::Entry {
            at: self.now(),
            actor: format!("PIN:{}", session.person.pin.as_str()),
            action: "identity.acting_for_chosen",
            subject: session.id.to_string(),
            detail: json!({ "tin": acting_for.map(|named| &named.tin) }),
        };
        tx.audit(&entry).await?;
        tx.commit().await
    }

    /// Ends the session, refuses its tokens from now on, and tells its clients: at once those that answer, the others by job.
    /// Ending an ended session changes nothing.
    pub(crate) async fn end(&self, session: &Session, outcome: Outcome) -> Result<(), Fault> {
        let now = self.now();
        let mut tx = self.parts.store.begin().await?;
        let ended = tx
            .execute(
                "UPDATE identity_session SET ended_at = $1, end_reason = $2 WHERE id = $3 AND ended_at IS NULL",
                &args![now, outcome.word(), &session.id],
            )
            .await?;
        if ended == 0 {
            tx.rollback().await;
            return Ok(());
        }
        tx.execute(
            "UPDATE identity_access SET revoked_at = $1 WHERE session = $2 AND revoked_at IS NULL",
            &args![now, &session.id],
        )
        .await?;
        let clients = self.plan_notices(&mut tx, &session.id).await?;
        let record = Record {
            outcome,
            person: Some(&session.person.pin),
            method: session.method,
            client: "",
            subject: session.id.as_str(),
            detail: json!({ "clients": clients }),
        };
        self.record(&mut tx, record).await?;
        tx.commit().await?;
        self.deliver_now(&session.id, &clients).await;
        Ok(())
    }

    pub(crate) async fn expire_job(&self, job: Claimed) -> Result<Done, Fault> {
        let Some(id) = job.payload["session"].as_str() else { return Ok(Done::Finished) };
        let row = self
            .parts
            .store
            .query_opt("SELECT * FROM identity_session WHERE id = $1 AND ended_at IS NULL", &args![id])
            .await?;
        let Some(session) = row.as_ref().map(read) else { return Ok(Done::Finished) };
        if session.expires_at > self.now() {
            return Ok(Done::Again(session.expires_at));
        }
        self.end(&session, Outcome::Expired).await?;
        Ok(Done::Finished)
    }
}
