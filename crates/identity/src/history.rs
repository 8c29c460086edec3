//! What a person can see of their own log-ins, and the audit entries of identity. Neither holds a secret, a challenge or a
//! certificate.

use crate::provider::Provider;
use base::{Fault, Pin, Timestamp};
use host::{args, audit::Entry, store::Tx};

/// How a person proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Card,
    Phone,
}

impl Method {
    pub fn word(self) -> &'static str {
        match self {
            Method::Card => "card",
            Method::Phone => "phone",
        }
    }

    pub fn parse(word: &str) -> Option<Method> {
        [Method::Card, Method::Phone].into_iter().find(|method| method.word() == word)
    }

    /// Authentication method references (RFC 8176): smart card or second channel, each with a PIN.
    pub fn amr(self) -> [&'static str; 2] {
        match self {
            Method::Card => ["sc", "pin"],
            Method::Phone => ["mca", "pin"],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    LoggedIn,
    LoggedOut,
    Expired,
    /// The mandate was lost, or the person logged in anew as somebody else.
    Ended,
    Refused,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::LoggedIn => "logged_in",
            Outcome::LoggedOut => "logged_out",
            Outcome::Expired => "expired",
            Outcome::Ended => "ended",
            Outcome::Refused => "refused",
        }
    }

    fn parse(word: &str) -> Option<Outcome> {
        use Outcome::{Ended, Expired, LoggedIn, LoggedOut, Refused};
        [LoggedIn, LoggedOut, Expired, Ended, Refused].into_iter().find(|outcome| outcome.word() == word)
    }

    fn action(self) -> &'static str {
        match self {
            Outcome::LoggedIn => "identity.logged_in",
            Outcome::LoggedOut => "identity.logged_out",
            Outcome::Expired => "identity.session_expired",
            Outcome::Ended => "identity.session_ended",
            Outcome::Refused => "identity.login_refused",
        }
    }
}

/// A line of a person's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginEvent {
    pub at: Timestamp,
    pub outcome: Outcome,
    pub method: Method,
    /// Id of the client through which it happened.
    pub client: String,
}

/// What is recorded.
pub struct Record<'a> {
    pub outcome: Outcome,
    /// `None` when nobody was proven: such a refusal is in no person's list.
    pub person: Option<&'a Pin>,
    pub method: Method,
    pub client: &'a str,
    /// Session or attempt.
    pub subject: &'a str,
    pub detail: serde_json::Value,
}

impl Provider {
    /// A person's newest log-ins and log-outs.
    pub async fn logins_of(&self, person: &Pin, most: u32) -> Result<Vec<LoginEvent>, Fault> {
        let rows = self
            .parts
            .store
            .query(
                "SELECT at, outcome, method, client FROM identity_login WHERE person = $1 ORDER BY at DESC, id DESC LIMIT $2",
                &args![person, most],
            )
            .await?;
        let read = rows.iter().filter_map(|row| {
            Some(LoginEvent {
                at: row.time("at"),
                outcome: Outcome::parse(row.text("outcome"))?,
                method: Method::parse(row.text("method"))?,
                client: row.text("client").to_owned(),
            })
        });
        Ok(read.collect())
    }

    pub(crate) async fn record(&self, tx: &mut Tx, record: Record<'_>) -> Result<(), Fault> {
        let (now, method) = (self.now(), record.method.word());
        if let Some(person) = record.person {
            tx.execute(
                "INSERT INTO identity_login (id, person, at, outcome, method, client) VALUES ($1, $2, $3, $4, $5, $6)",
                &args![self.id(), person, now, record.outcome.word(), method, record.client],
            )
            .await?;
        }
        let actor = record.person.map_or_else(|| "unknown".to_owned(), |pin| format!("PIN:{}", pin.as_str()));
        let mut detail = serde_json::json!({ "method": method, "client": record.client });
        if !record.detail.is_null() {
            detail["detail"] = record.detail;
        }
        let entry =
            Entry { at: now, actor, action: record.outcome.action(), subject: record.subject.to_owned(), detail };
        tx.audit(&entry).await?;
        Ok(())
    }
}
