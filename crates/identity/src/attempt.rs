//! A log-in that is under way: one row per authorization request, owned by one browser, with the challenge for the card or
//! the push to the phone. Two tabs are two attempts.

use crate::oidc::authorize::Request;
use base::{Fault, Id, Timestamp, clock::from_micros};
use host::{
    args,
    store::{Row, Store, Tx},
};

/// How long a person may take from opening the page to being logged in.
pub const LIFE_S: i64 = 15 * 60;
/// Web eID: five minutes for a challenge.
pub const NONCE_LIFE_S: i64 = 5 * 60;

#[derive(Debug, Clone)]
pub struct Attempt {
    pub id: Id,
    pub request: Request,
    /// The card's challenge and until when it is good.
    pub nonce: Option<(String, Timestamp)>,
    pub phone: Option<PhonePush>,
}

/// A push that was sent to a phone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PhonePush {
    /// The service's session; empty when the service would not take the request, which the person must not see a difference in.
    pub session: String,
    /// Base64 of what the phone signs the digest of.
    pub message: String,
    /// The four digits that the person compares.
    pub code: String,
    pub pin: String,
    pub sent_at: Timestamp,
}

pub fn later(now: Timestamp, seconds: i64) -> Timestamp {
    from_micros(now.as_microsecond() + seconds * 1_000_000)
}

pub async fn create(tx: &mut Tx, id: &Id, owner: &str, request: &Request, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO identity_attempt (id, owner, request, expires_at) VALUES ($1, $2, $3, $4)",
        &args![id, owner, json(request), later(now, LIFE_S)],
    )
    .await?;
    Ok(())
}

/// The attempt, if it is this browser's and not over.
pub async fn find(store: &Store, id: &str, owner: &str, now: Timestamp) -> Result<Option<Attempt>, Fault> {
    let row = store
        .query_opt(
            "SELECT id, request, nonce, nonce_until, phone FROM identity_attempt
             WHERE id = $1 AND owner = $2 AND expires_at > $3",
            &args![id, owner, now],
        )
        .await?;
    Ok(row.and_then(|row| read(&row)))
}

fn read(row: &Row) -> Option<Attempt> {
    let nonce = row.opt_text("nonce").map(str::to_owned).zip(row.opt_time("nonce_until"));
    let phone = row.opt_text("phone").and_then(|phone| serde_json::from_str(phone).ok());
    // A request of an older version of this program is an attempt that is over, not a fault.
    let request = serde_json::from_str(row.text("request")).ok()?;
    Some(Attempt { id: row.id("id"), request, nonce, phone })
}

pub async fn keep_request(tx: &mut Tx, id: &Id, request: &Request) -> Result<(), Fault> {
    tx.execute("UPDATE identity_attempt SET request = $1 WHERE id = $2", &args![json(request), id]).await?;
    Ok(())
}

pub async fn keep_nonce(tx: &mut Tx, id: &Id, nonce: &str, until: Timestamp) -> Result<(), Fault> {
    tx.execute("UPDATE identity_attempt SET nonce = $1, nonce_until = $2 WHERE id = $3", &args![nonce, until, id])
        .await?;
    Ok(())
}

/// Fetches the challenge and deletes it in the same step: of two answers to one challenge at most one gets this far.
pub async fn take_nonce(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> Result<Option<String>, Fault> {
    let Some((nonce, until)) = &attempt.nonce else { return Ok(None) };
    let taken = tx
        .execute(
            "UPDATE identity_attempt SET nonce = $1, nonce_until = $2 WHERE id = $3 AND nonce = $4",
            &args![None::<&str>, None::<i64>, &attempt.id, nonce],
        )
        .await?;
    Ok((taken == 1 && *until > now).then(|| nonce.clone()))
}

pub async fn keep_push(tx: &mut Tx, id: &Id, push: Option<&PhonePush>) -> Result<(), Fault> {
    let text = push.map(json);
    tx.execute("UPDATE identity_attempt SET phone = $1 WHERE id = $2", &args![text, id]).await?;
    Ok(())
}

/// After the log-in the attempt belongs to the browser's new cookie, without challenge and push. False: it is gone.
pub async fn hand_over(tx: &mut Tx, id: &Id, from: &str, to: &str, request: &Request) -> Result<bool, Fault> {
    let moved = tx
        .execute(
            "UPDATE identity_attempt SET owner = $1, request = $2, nonce = $3, phone = $4 WHERE id = $5 AND owner = $6",
            &args![to, json(request), None::<&str>, None::<&str>, id, from],
        )
        .await?;
    Ok(moved == 1)
}

/// True if it was still there: an attempt buys one code.
pub async fn finish(tx: &mut Tx, id: &Id) -> Result<bool, Fault> {
    Ok(tx.execute("DELETE FROM identity_attempt WHERE id = $1", &args![id]).await? == 1)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("types of ours with text keys are always JSON")
}
