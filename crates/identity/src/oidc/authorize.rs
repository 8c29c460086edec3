//! The authorization request: read, judged, and what it needs next. Plain functions; the pages are in `login`.
//! OpenID Connect Core §3.1.2, RFC 7636, RFC 9207, RFC 9700.

use crate::{
    Refusal,
    registry::{Client, Scope, Settings},
};
use base::{Lang, Timestamp};

const STATE_LENGTH_MAX: usize = 512;
const NONCE_LENGTH_MAX: usize = 256;
/// base64url of a SHA-256.
const CHALLENGE_LENGTH: usize = 43;

/// The query as it came. A parameter given twice does not even get here (RFC 6749 §3.1).
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub prompt: Option<String>,
    pub max_age: Option<String>,
    pub ui_locales: Option<String>,
    pub request: Option<String>,
    pub request_uri: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Prompt {
    #[default]
    AsNeeded,
    None,
    Login,
    SelectAccount,
}

/// A request that is proven well-formed and the client's own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    pub client: String,
    pub redirect_uri: String,
    pub scopes: Vec<Scope>,
    pub state: String,
    pub nonce: String,
    pub challenge: String,
    pub prompt: Prompt,
    pub max_age_s: Option<i64>,
    pub lang: Lang,
}

impl Request {
    pub fn wants(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Client and redirect address are not proven: a page, and nothing is sent anywhere.
    Page(Refusal),
    /// They are: the client is told, in the protocol's words.
    ToClient { redirect_uri: String, state: String, error: &'static str },
}

pub fn parse(query: Query, settings: &Settings) -> Result<Request, Rejection> {
    let client = query.client_id.as_deref().and_then(|id| settings.client(id));
    let client = client.ok_or(Rejection::Page(Refusal::UnknownClient))?;
    let redirect_uri = query.redirect_uri.clone().filter(|uri| client.redirect_uris.contains(uri));
    let redirect_uri = redirect_uri.ok_or(Rejection::Page(Refusal::ForeignRedirect))?;
    let state = query.state.clone().unwrap_or_default();
    let told = |error| Rejection::ToClient { redirect_uri: redirect_uri.clone(), state: state.clone(), error };
    if query.request.is_some() {
        return Err(told("request_not_supported"));
    }
    if query.request_uri.is_some() {
        return Err(told("request_uri_not_supported"));
    }
    if query.response_type.as_deref() != Some("code") {
        return Err(told("unsupported_response_type"));
    }
    if query.response_mode.as_deref().is_some_and(|mode| mode != "query") {
        return Err(told("invalid_request"));
    }
    let scopes = scopes(query.scope.as_deref(), client).map_err(told)?;
    let prompt = prompt(query.prompt.as_deref()).map_err(told)?;
    let max_age_s = max_age(query.max_age.as_deref()).map_err(told)?;
    let challenge = challenge(query.code_challenge, query.code_challenge_method.as_deref()).map_err(told)?;
    let nonce = query.nonce.filter(|nonce| (1..=NONCE_LENGTH_MAX).contains(&nonce.len()));
    let nonce = nonce.ok_or_else(|| told("invalid_request"))?;
    if state.is_empty() || state.len() > STATE_LENGTH_MAX {
        return Err(told("invalid_request"));
    }
    let lang = lang(query.ui_locales.as_deref());
    let client = client.id.clone();
    Ok(Request { client, redirect_uri, scopes, state, nonce, challenge, prompt, max_age_s, lang })
}

/// Unknown words are ignored (Core §3.1.2.1); known ones that the client is not entitled to are an error, so that nobody
/// believes to have received what was never granted.
fn scopes(text: Option<&str>, client: &Client) -> Result<Vec<Scope>, &'static str> {
    let wanted: Vec<Scope> = text.unwrap_or_default().split(' ').filter_map(Scope::parse).collect();
    let entitled = wanted.iter().all(|scope| *scope == Scope::Openid || client.scopes.contains(scope));
    if wanted.contains(&Scope::Openid) && entitled { Ok(wanted) } else { Err("invalid_scope") }
}

fn prompt(text: Option<&str>) -> Result<Prompt, &'static str> {
    match text {
        None | Some("consent") => Ok(Prompt::AsNeeded),
        Some("none") => Ok(Prompt::None),
        Some("login") => Ok(Prompt::Login),
        Some("select_account") => Ok(Prompt::SelectAccount),
        Some(_) => Err("invalid_request"),
    }
}

fn max_age(text: Option<&str>) -> Result<Option<i64>, &'static str> {
    let Some(text) = text else { return Ok(None) };
    let age: u32 = text.parse().map_err(|_| "invalid_request")?;
    Ok(Some(i64::from(age)))
}

fn challenge(value: Option<String>, method: Option<&str>) -> Result<String, &'static str> {
    let well_formed = |value: &String| {
        value.len() == CHALLENGE_LENGTH
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    // `plain` is the default of RFC 7636 when the method is missing, and is not offered.
    value.filter(|value| method == Some("S256") && well_formed(value)).ok_or("invalid_request")
}

/// The first language of the list that we speak.
pub fn lang(ui_locales: Option<&str>) -> Lang {
    let tags = ui_locales.unwrap_or_default().split(' ');
    tags.filter_map(|tag| Lang::parse(tag.split('-').next().unwrap_or_default())).next().unwrap_or_default()
}

/// What of a session matters here.
#[derive(Debug, Clone, Copy)]
pub struct SessionFacts {
    pub auth_time: Timestamp,
    /// Whether the person has said whom they act for.
    pub has_chosen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask for card or phone.
    LogIn,
    /// Ask whom the person acts for.
    Choose,
    IssueCode,
    /// Tell the client that it cannot be done without asking.
    Error(&'static str),
}

pub fn next(request: &Request, session: Option<SessionFacts>, now: Timestamp) -> Next {
    let quiet = request.prompt == Prompt::None;
    let fresh = session.filter(|session| {
        let age_s = now.as_second() - session.auth_time.as_second();
        request.max_age_s.is_none_or(|most| age_s <= most)
    });
    match (fresh, request.prompt) {
        (None, _) if quiet => Next::Error("login_required"),
        (None, _) | (_, Prompt::Login) => Next::LogIn,
        (Some(_), Prompt::SelectAccount) if request.wants(Scope::Representation) => Next::Choose,
        (Some(session), _) if !session.has_chosen && request.wants(Scope::Representation) => {
            if quiet {
                Next::Error("interaction_required")
            } else {
                Next::Choose
            }
        }
        (Some(_), _) => Next::IssueCode,
    }
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
