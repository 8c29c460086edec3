//! The client's requests and its judgement on the answers: plain functions of bytes, registration and time.

use super::{Callback, Claims, LogoutNotice, Pending, Refusal, Registration, Wish};
use crate::{form, jwt};
use base::{Chance, Failure, Fault, Pin, Signer, Timestamp};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

pub const ANSWER_SIZE_BYTES_MAX: usize = 64 * 1024;
pub const TIMEOUT: Duration = Duration::from_secs(10);
const ASSERTION_LIFE_S: i64 = 60;
/// How far two machines' clocks may be apart.
const CLOCK_SKEW_S: i64 = 60;

pub fn authorization_url(endpoint: &str, registration: &Registration, wish: &Wish, pending: &Pending) -> String {
    let challenge = jwt::sha256_base64url(pending.verifier.as_bytes());
    let (scope, max_age) = (registration.scopes.join(" "), wish.max_age_s.map(|age| age.to_string()));
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", registration.client_id.as_str()),
        ("redirect_uri", registration.redirect_uri.as_str()),
        ("scope", scope.as_str()),
        ("state", pending.state.as_str()),
        ("nonce", pending.nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("ui_locales", wish.lang.tag()),
    ];
    let prompts = [(wish.quiet, "none"), (wish.again, "login"), (wish.choose_again, "select_account")];
    if let Some((_, prompt)) = prompts.into_iter().find(|(wanted, _)| *wanted) {
        query.push(("prompt", prompt));
    }
    if let Some(age) = &max_age {
        query.push(("max_age", age));
    }
    form::with_query(endpoint, query)
}

/// The code, if the callback belongs to this log-in and this provider.
pub fn check_callback<'a>(
    registration: &Registration,
    pending: &Pending,
    callback: &'a Callback,
) -> Result<&'a str, Refusal> {
    if callback.state.as_deref() != Some(pending.state.as_str()) {
        return Err(Refusal::StateMismatch);
    }
    if callback.iss.as_deref() != Some(registration.issuer.as_str()) {
        return Err(Refusal::IssuerMismatch);
    }
    match (&callback.error, &callback.code) {
        (None, Some(code)) => Ok(code),
        (Some(error), _) if error == "login_required" => Err(Refusal::LoginRequired),
        _ => Err(Refusal::Declined),
    }
}

/// RFC 7523 §3: who we are, signed, for one minute and one use.
pub fn client_assertion(
    registration: &Registration,
    key: &dyn Signer,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<String, Fault> {
    let (client, now) = (&registration.client_id, now.as_second());
    let claims = json!({ "iss": client, "sub": client, "aud": registration.issuer, "jti": chance.hex(16),
        "iat": now, "exp": now + ASSERTION_LIFE_S });
    jwt::sign(key, crate::oidc::client_assertion::TYP, &claims)
}

pub fn token_request(
    endpoint: &str,
    registration: &Registration,
    code: &str,
    verifier: &str,
    assertion: &str,
) -> Result<http::Request<Bytes>, Fault> {
    let body = form::pairs([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", registration.redirect_uri.as_str()),
        ("code_verifier", verifier),
        ("client_id", registration.client_id.as_str()),
        ("client_assertion_type", crate::oidc::client_assertion::TYPE),
        ("client_assertion", assertion),
    ]);
    http::Request::post(endpoint)
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .map_err(|error| Fault::new("ask for tokens", error))
}

#[derive(serde::Deserialize)]
pub struct Bought {
    pub id_token: String,
    pub access_token: String,
}

pub fn read_bought(answer: &http::Response<Bytes>) -> Result<Bought, Failure<Refusal>> {
    match answer.status().as_u16() {
        200 => serde_json::from_slice(answer.body()).map_err(|_| Failure::Refused(Refusal::TokenInvalid)),
        400..500 => Err(Failure::Refused(Refusal::CodeRefused)),
        status => Err(Failure::Failed(Fault::passing("ask for tokens", status))),
    }
}

pub fn userinfo_request(endpoint: &str, access_token: &str) -> Result<http::Request<Bytes>, Fault> {
    http::Request::get(endpoint)
        .header(http::header::AUTHORIZATION, format!("Bearer {access_token}"))
        .body(Bytes::new())
        .map_err(|error| Fault::new("ask for the claims", error))
}

pub fn read_userinfo(answer: &http::Response<Bytes>) -> Result<Claims, Failure<Refusal>> {
    match answer.status().as_u16() {
        200 => {
            let payload: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            claims_in(&payload).ok_or(Failure::Refused(Refusal::TokenInvalid))
        }
        400..500 => Err(Failure::Refused(Refusal::SessionEnded)),
        status => Err(Failure::Failed(Fault::passing("ask for the claims", status))),
    }
}

/// OpenID Connect Core §3.1.3.7, for one issuer, one audience and one algorithm.
pub fn check_id_token(
    payload: &Value,
    registration: &Registration,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<Claims, Refusal> {
    let ours = payload["iss"] == registration.issuer.as_str() && payload["aud"] == registration.client_id.as_str();
    let in_time = is_in_time(payload, now);
    let fresh = nonce.is_none_or(|nonce| payload["nonce"] == nonce);
    if !ours || !in_time || !fresh {
        return Err(Refusal::TokenInvalid);
    }
    claims_in(payload).ok_or(Refusal::TokenInvalid)
}

/// The log-in as the ID token signs it, with the person as the UserInfo endpoint names them. Core §5.3.2: of another subject
/// nothing may be believed.
pub fn merged(login: Claims, person: Claims) -> Result<Claims, Refusal> {
    if (&person.sub, &person.sid) != (&login.sub, &login.sid) {
        return Err(Refusal::TokenInvalid);
    }
    let Claims { pin, given_name, surname, acting_for, offices, .. } = person;
    Ok(Claims { pin, given_name, surname, acting_for, offices, ..login })
}

/// OpenID Connect Back-Channel Logout 1.0 §2.6.
pub fn check_logout_token(
    payload: &Value,
    registration: &Registration,
    now: Timestamp,
) -> Result<LogoutNotice, Refusal> {
    let text = |name: &str| payload[name].as_str().map(str::to_owned);
    let ours = payload["iss"] == registration.issuer.as_str() && payload["aud"] == registration.client_id.as_str();
    let event = payload["events"].get(crate::oidc::backchannel::EVENT).is_some_and(Value::is_object);
    let (sid, sub) = (text("sid"), text("sub"));
    let someone = sid.is_some() || sub.is_some();
    if !ours || !event || !someone || !is_in_time(payload, now) || payload.get("nonce").is_some() {
        return Err(Refusal::LogoutTokenInvalid);
    }
    let jti = text("jti").ok_or(Refusal::LogoutTokenInvalid)?;
    Ok(LogoutNotice { sid, sub, jti })
}

pub fn logout_url(endpoint: &str, registration: &Registration, id_token: &str, state: &str) -> String {
    form::with_query(
        endpoint,
        [
            ("id_token_hint", id_token),
            ("client_id", registration.client_id.as_str()),
            ("post_logout_redirect_uri", registration.post_logout_redirect_uri.as_str()),
            ("state", state),
        ],
    )
}

fn is_in_time(payload: &Value, now: Timestamp) -> bool {
    let now = now.as_second();
    let not_over = payload["exp"].as_i64().is_some_and(|exp| exp.saturating_add(CLOCK_SKEW_S) > now);
    let begun = payload["iat"].as_i64().is_some_and(|iat| iat.saturating_sub(CLOCK_SKEW_S) <= now);
    not_over && begun
}

fn claims_in(payload: &Value) -> Option<Claims> {
    let text = |name: &str| payload[name].as_str().map(str::to_owned);
    let pin = match payload.get("pin") {
        None => None,
        Some(pin) => Some(Pin::parse(pin.as_str()?)?),
    };
    Some(Claims {
        sub: text("sub")?,
        sid: text("sid")?,
        auth_time: Timestamp::from_second(payload["auth_time"].as_i64()?).ok()?,
        acr: text("acr")?,
        amr: serde_json::from_value(payload["amr"].clone()).ok()?,
        pin,
        given_name: text("given_name"),
        surname: text("family_name"),
        acting_for: payload.get("representee").and_then(|named| serde_json::from_value(named.clone()).ok()),
        offices: payload.get("offices").and_then(|held| serde_json::from_value(held.clone()).ok()).unwrap_or_default(),
    })
}
