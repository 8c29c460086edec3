//! The life of a certificate: active, suspended, active again, revoked for good.

use super::{Authority, Centre};
use crate::{Failure, Refusal};
use base::{Fault, Timestamp};
use formats::{
    ocsp::CertStatus,
    x509::{Profile, SubjectKind},
};
use host::{args, audit::Entry};
use serde_json::json;

/// CRLReason certificateHold (RFC 5280 §5.3.1).
const HOLD: i64 = 6;

/// Where a certificate stands. `Intended` was recorded and not yet signed: to the outside it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Intended,
    Active,
    Suspended,
    Revoked,
}

impl State {
    pub fn code(self) -> &'static str {
        match self {
            State::Intended => "intended",
            State::Active => "active",
            State::Suspended => "suspended",
            State::Revoked => "revoked",
        }
    }

    pub fn parse(code: &str) -> Option<State> {
        [State::Intended, State::Active, State::Suspended, State::Revoked]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// What may be done to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Suspend,
    Resume,
    /// For good.
    Revoke,
}

/// What is known of a certificate when its status is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub state: State,
    pub reason: Option<i64>,
    pub changed_at: Timestamp,
}

/// The transition table. Doing again what was done is no change and no refusal.
pub fn decide(state: State, change: Change) -> Result<State, Refusal> {
    match (state, change) {
        (State::Intended, _) => Err(Refusal::CertificateUnknown),
        (State::Revoked, Change::Revoke) => Ok(State::Revoked),
        (State::Revoked, _) => Err(Refusal::CertificateRevoked),
        (_, Change::Revoke) => Ok(State::Revoked),
        (_, Change::Suspend) => Ok(State::Suspended),
        (_, Change::Resume) => Ok(State::Active),
    }
}

impl Centre {
    /// Changes the state of a holder's certificate; `actor` is who decided it.
    pub async fn change(&self, serial: &str, change: Change, actor: &str) -> Result<State, Failure> {
        let mut tx = self.store.begin().await?;
        // Two changes at once: the second waits here for the first (on SQLite every transaction does).
        tx.execute("UPDATE trust_certificate SET changed_at = changed_at WHERE serial = $1", &args![serial]).await?;
        let row =
            tx.query_opt("SELECT profile, state FROM trust_certificate WHERE serial = $1", &args![serial]).await?;
        let Some(row) = row else { return Err(base::Failure::Refused(Refusal::CertificateUnknown)) };
        let unreadable = || Fault::new("read the records of certificates", "unknown profile or state");
        let profile = Profile::parse(row.text("profile")).ok_or_else(unreadable)?;
        let before = State::parse(row.text("state")).ok_or_else(unreadable)?;
        let unit = matches!(profile, Profile::OcspResponder | Profile::TimeStamping);
        if profile.subject_kind() == SubjectKind::Authority || unit {
            return Err(base::Failure::Refused(Refusal::AuthorityProtected));
        }
        let after = decide(before, change).map_err(base::Failure::Refused)?;
        if after == before {
            return Ok(after);
        }
        let (now, reason) = (self.clock.now(), (after == State::Suspended).then_some(HOLD));
        tx.execute(
            "UPDATE trust_certificate SET state = $1, reason = $2, changed_at = $3 WHERE serial = $4",
            &args![after.code(), reason, now, serial],
        )
        .await?;
        let detail = json!({ "from": before.code(), "to": after.code() });
        let (actor, subject) = (actor.to_owned(), serial.to_owned());
        tx.audit(&Entry { at: now, actor, action: "trust.certificate_changed", subject, detail }).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Where the certificate of that authority with that serial number stands.
    pub async fn known(&self, authority: Authority, serial: &str) -> Result<Option<Known>, Fault> {
        let row = self
            .store
            .query_opt(
                "SELECT state, reason, changed_at FROM trust_certificate WHERE serial = $1 AND authority = $2",
                &args![serial, authority.code()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let state = State::parse(row.text("state"));
        let state = state.ok_or_else(|| Fault::new("read the records of certificates", "unknown state"))?;
        Ok(Some(Known { state, reason: row.opt_int("reason"), changed_at: row.time("changed_at") }))
    }
}

impl Known {
    /// What the responder tells (RFC 6960 §2.2).
    pub fn status(&self) -> CertStatus {
        let reason = self.reason.and_then(|reason| u8::try_from(reason).ok());
        match self.state {
            State::Active => CertStatus::Good,
            State::Suspended | State::Revoked => CertStatus::Revoked { at: self.changed_at, reason },
            State::Intended => CertStatus::Unknown,
        }
    }
}
