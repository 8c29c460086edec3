//! Log-in and log-out of both windows, as clients of the state's one log-in. What must survive the way there and back is kept
//! under the browser's cookie and used once.

use crate::{
    app::App,
    session::{self, Area},
    trouble::{Refusal, Trouble},
    visit::{Paged, Visit},
};
use axum::{
    Form,
    extract::Query,
    response::{IntoResponse, Redirect, Response},
};
use base::{Failure, Fault, Lang, Refusal as _, Timestamp, clock};
use host::args;
use http::{HeaderValue, StatusCode, header};
use identity::client::{Callback, Pending, RelyingParty, Wish};
use serde::Deserialize;

/// How long a person may take at the log-in.
const LOGIN_LIFE_S: i64 = 30 * 60;
const NEXT_BYTES_MAX: usize = 500;

#[derive(Debug, Default, Deserialize)]
pub struct Begin {
    next: Option<String>,
    /// Ask again whom to act for.
    choose: Option<String>,
}

fn party(app: &App, area: Area) -> &RelyingParty {
    match area {
        Area::Citizen => &app.citizens,
        Area::Office => &app.officials,
    }
}

/// A path of ours to come back to; anything that a browser could take for another host is not one.
fn safe_next(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= NEXT_BYTES_MAX
        && !next.contains(['\\', '\r', '\n'])
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if ours { next } else { "/" }
}

pub async fn begin(visit: Visit, Query(begin): Query<Begin>) -> Paged {
    visit.may_try("signin")?;
    let next = safe_next(begin.next.as_deref().unwrap_or("/")).to_owned();
    if visit.session.is_some() && begin.choose.is_none() {
        return Ok(visit.go(&next));
    }
    let wish = Wish { choose_again: begin.choose.is_some(), ..Wish::in_lang(visit.lang) };
    let started = party(&visit.app, visit.area).start(&wish).await?;
    let pending = serde_json::to_string(&started.pending).map_err(|error| Fault::new("keep a log-in", error))?;
    let now = visit.app.clock.now();
    let mut tx = visit.app.store.begin().await?;
    tx.execute("DELETE FROM portal_login WHERE created_at < $1", &args![earlier(now)]).await?;
    tx.execute(
        "INSERT INTO portal_login (state, visit_hash, pending, next, lang, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &args![started.pending.state.as_str(), session::digest_of(&visit.cookie), pending, next, visit.lang, now],
    )
    .await?;
    tx.commit().await?;
    Ok(Redirect::to(&started.url).into_response())
}

fn earlier(now: Timestamp) -> Timestamp {
    clock::from_micros(now.as_microsecond() - LOGIN_LIFE_S * 1_000_000)
}

/// What was kept for this browser under this state, taken away by the look.
async fn take(visit: &Visit, state: &str) -> Result<Option<(Pending, String, Lang)>, Fault> {
    let mut tx = visit.app.store.begin().await?;
    let sql = "SELECT pending, next, lang FROM portal_login WHERE state = $1 AND visit_hash = $2 AND created_at >= $3";
    let hash = session::digest_of(&visit.cookie);
    let row = tx.query_opt(sql, &args![state, hash, earlier(visit.app.clock.now())]).await?;
    let Some(row) = row else {
        tx.rollback().await;
        return Ok(None);
    };
    tx.execute("DELETE FROM portal_login WHERE state = $1", &args![state]).await?;
    tx.commit().await?;
    let pending = serde_json::from_str(row.text("pending")).map_err(|error| Fault::new("read a log-in", error))?;
    let lang = Lang::parse(row.text("lang")).unwrap_or_default();
    Ok(Some((pending, row.text("next").to_owned(), lang)))
}

/// The browser is back from the log-in.
pub async fn finish(mut visit: Visit, Query(callback): Query<Callback>) -> Paged {
    let state = callback.state.clone().unwrap_or_default();
    let Some((pending, next, lang)) = take(&visit, &state).await? else {
        // A second tab or the back button: whoever is logged in already loses nothing.
        if visit.session.is_some() {
            return Ok(visit.go("/"));
        }
        return Err(Refusal::LogInAgain.into());
    };
    visit.lang = lang;
    let person = match party(&visit.app, visit.area).finish(&pending, &callback).await {
        Ok(person) => person,
        Err(Failure::Refused(identity::client::Refusal::Declined)) => return Ok(visit.go("/")),
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(code = refusal.code(), "a log-in was not believed");
            return Err(Refusal::LogInAgain.into());
        }
        Err(Failure::Failed(fault)) => return Err(fault.into()),
    };
    let pin = person.claims.pin.clone().ok_or(Refusal::NoPin)?;
    visit.app.log_out(&visit.cookie).await?;
    let cookie = visit.app.log_in(visit.area, &person, &pin).await?;
    let mut response = visit.go(&next);
    let cookie = session::set_cookie(&visit.app, visit.area, &cookie);
    response.headers_mut().extend(HeaderValue::from_str(&cookie).ok().map(|value| (header::SET_COOKIE, value)));
    Ok(response)
}

/// Ends the session here and, through the log-in, everywhere.
pub async fn sign_out(visit: Visit, _checked: crate::posted::Posted) -> Paged {
    let Some(session) = &visit.session else { return Ok(visit.go("/")) };
    visit.app.log_out(&visit.cookie).await?;
    match party(&visit.app, visit.area).logout_url(&session.id_token, visit.lang.tag()).await {
        Ok(url) => Ok(Redirect::to(&url).into_response()),
        // Here the person is out already; the other windows follow when the log-in's own session ends.
        Err(fault) => {
            tracing::error!(attempt = fault.attempt, cause = fault.cause, "signing out everywhere");
            Ok(visit.go("/?signed_out=1"))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Left {
    state: Option<String>,
}

/// Back from the log-out; `state` carried the language.
pub async fn signed_out(mut visit: Visit, Query(left): Query<Left>) -> Response {
    visit.lang = left.state.as_deref().and_then(Lang::parse).unwrap_or(visit.lang);
    visit.go("/?signed_out=1")
}

#[derive(Debug, Default, Deserialize)]
pub struct Ended {
    #[serde(default)]
    logout_token: String,
}

/// Back-channel log-out: the log-in says which sessions are over. The signed token is the authority; no cookie comes along.
pub async fn ended(visit: Visit, Form(ended): Form<Ended>) -> Result<StatusCode, Trouble> {
    match party(&visit.app, visit.area).logout_notice(&ended.logout_token).await {
        Ok(notice) => {
            visit.app.end_sessions(notice.sid.as_deref(), notice.sub.as_deref()).await?;
            Ok(StatusCode::OK)
        }
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(code = refusal.code(), "a logout token was not believed");
            Ok(StatusCode::BAD_REQUEST)
        }
        Err(Failure::Failed(fault)) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::safe_next;

    #[test]
    fn only_paths_of_ours_are_come_back_to() {
        assert_eq!(safe_next("/cases/1?a=b"), "/cases/1?a=b");
        for foreign in ["//evil.example", "https://evil.example", "/\\evil", "cases", "", "/a\nb", "/ə"] {
            assert_eq!(safe_next(foreign), "/", "{foreign}");
        }
    }
}
