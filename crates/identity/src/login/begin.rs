//! The beginning and the end of a log-in: the authorization request comes in, the code goes out.

use crate::{
    Refusal,
    attempt::{self, Attempt, later},
    browser::Browser,
    form,
    jwt::sha256_base64url,
    oidc::authorize::{self, Next, Query, Rejection, Request},
    pages::{self, Again, Stop},
    provider::Provider,
    registry::Audience,
    session::Session,
};
use axum::{
    Form,
    extract::{
        Path, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use base::{Fault, Lang};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use host::args;
use http::{HeaderMap, header};
use std::sync::Arc;

/// RFC 9700: at most a minute.
const CODE_LIFE_S: i64 = 60;
/// A challenge with less time left than this is replaced when the page is shown.
const NONCE_LEFT_S: i64 = 120;

/// The query of our own pages.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    pub lang: Option<String>,
}

pub async fn authorize(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    query: Result<axum::extract::Query<Query>, QueryRejection>,
) -> Response {
    let Ok(axum::extract::Query(query)) = query else {
        return pages::respond(pages::accepted_lang(&headers), Err(Stop::Refused(Refusal::UnknownClient)));
    };
    let lang = authorize::lang(query.ui_locales.as_deref());
    pages::respond(lang, provider.begin(&headers, query).await)
}

pub async fn page(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    axum::extract::Query(shown): axum::extract::Query<Shown>,
) -> Response {
    let result = provider.method_page(&headers, &id, shown.lang.as_deref(), Again::default()).await;
    provider.respond(&headers, &id, result).await
}

/// A form with nothing but its token.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Plain {
    pub token: String,
}

/// The person would rather not; the client is told.
pub async fn decline(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    form: Result<Form<Plain>, FormRejection>,
) -> Response {
    let token = form.map(|Form(form)| form.token).unwrap_or_default();
    let result = provider.declined(&headers, &id, &token).await;
    provider.respond(&headers, &id, result).await
}

impl Provider {
    async fn begin(&self, headers: &HeaderMap, query: Query) -> Result<Response, Stop> {
        let request = match authorize::parse(query, &self.settings) {
            Ok(request) => request,
            Err(Rejection::Page(refusal)) => return Err(Stop::Refused(refusal)),
            Err(Rejection::ToClient { redirect_uri, state, error }) => {
                return Ok(pages::see_other(&self.error_back(&redirect_uri, &state, error)));
            }
        };
        let known = self.browser(headers);
        let session = match &known {
            Some(browser) => self.session_of(browser).await?,
            None => None,
        };
        let next = authorize::next(&request, session.as_ref().map(Session::facts), self.now());
        if let Next::Error(error) = next {
            return Ok(pages::see_other(&self.error_back(&request.redirect_uri, &request.state, error)));
        }
        let (browser, is_new) = match known {
            Some(browser) => (browser, false),
            None => (Browser::fresh(&*self.parts.chance), true),
        };
        let id = self.id();
        let mut tx = self.parts.store.begin().await?;
        attempt::create(&mut tx, &id, &browser.hash(), &request, self.now()).await?;
        tx.commit().await?;
        let mut response = match (next, session) {
            (Next::IssueCode, Some(session)) => {
                let attempt = Attempt { id, request, nonce: None, phone: None };
                self.let_through(&session, &attempt).await?
            }
            (Next::Choose, _) => pages::see_other(&format!("/login/{id}/choose")),
            _ => pages::see_other(&format!("/login/{id}")),
        };
        if is_new {
            response.headers_mut().append(header::SET_COOKIE, browser.set_cookie(self.settings.is_https()));
        }
        Ok(response)
    }

    /// The answer of a page of a log-in; an error speaks the language of the log-in, if that is still there.
    pub(crate) async fn respond(&self, headers: &HeaderMap, id: &str, result: Result<Response, Stop>) -> Response {
        let lang = match &result {
            Ok(_) => Lang::default(),
            Err(_) => match self.attempt_of(headers, id).await {
                Ok((_, attempt)) => attempt.request.lang,
                Err(_) => pages::accepted_lang(headers),
            },
        };
        pages::respond(lang, result)
    }

    /// The attempt and its browser, from the cookie and the path of a page.
    pub(crate) async fn attempt_of(&self, headers: &HeaderMap, id: &str) -> Result<(Browser, Attempt), Stop> {
        let over = Stop::Refused(Refusal::AttemptOver);
        let Some(browser) = self.browser(headers) else { return Err(over) };
        let attempt = attempt::find(&self.parts.store, id, &browser.hash(), self.now()).await?;
        attempt.map(|attempt| (browser, attempt)).ok_or(over)
    }

    /// The same for a form, whose token must be this browser's.
    pub(crate) async fn attempt_posted(
        &self,
        headers: &HeaderMap,
        id: &str,
        token: &str,
    ) -> Result<(Browser, Attempt), Stop> {
        let (browser, attempt) = self.attempt_of(headers, id).await?;
        if browser.owns_form(token) { Ok((browser, attempt)) } else { Err(Stop::Refused(Refusal::FormExpired)) }
    }

    /// Keeps a language that was chosen on the page for the rest of the log-in.
    pub(crate) async fn in_lang(&self, attempt: &mut Attempt, lang: Option<&str>) -> Result<Lang, Fault> {
        if let Some(lang) = lang.and_then(Lang::parse).filter(|lang| *lang != attempt.request.lang) {
            attempt.request.lang = lang;
            let mut tx = self.parts.store.begin().await?;
            attempt::keep_request(&mut tx, &attempt.id, &attempt.request).await?;
            tx.commit().await?;
        }
        Ok(attempt.request.lang)
    }

    /// The page that offers card and phone, with a challenge for the card.
    pub(crate) async fn method_page(
        &self,
        headers: &HeaderMap,
        id: &str,
        lang: Option<&str>,
        again: Again<'_>,
    ) -> Result<Response, Stop> {
        let (browser, mut attempt) = self.attempt_of(headers, id).await?;
        self.in_lang(&mut attempt, lang).await?;
        let nonce = match &self.settings.card {
            Some(_) => Some(self.challenge(&attempt).await?),
            None => None,
        };
        let client = self.client(&attempt.request.client)?;
        pages::log_in(&self.settings, &browser, &attempt, client, nonce.as_deref(), again)
    }

    /// A challenge that is good for long enough: the attempt's own or a new one.
    async fn challenge(&self, attempt: &Attempt) -> Result<String, Fault> {
        let now = self.now();
        if let Some((nonce, until)) = &attempt.nonce
            && *until > later(now, NONCE_LEFT_S)
        {
            return Ok(nonce.clone());
        }
        let mut random = [0; 33];
        self.parts.chance.fill(&mut random);
        // 264 bits, 44 letters of base64: the least that Web eID asks.
        let nonce = BASE64.encode(random);
        let mut tx = self.parts.store.begin().await?;
        attempt::keep_nonce(&mut tx, &attempt.id, &nonce, later(now, attempt::NONCE_LIFE_S)).await?;
        tx.commit().await?;
        Ok(nonce)
    }

    /// Back to the client with a code, once per attempt.
    pub(crate) async fn let_through(&self, session: &Session, attempt: &Attempt) -> Result<Response, Stop> {
        let request = &attempt.request;
        let client = self.client(&request.client)?;
        if client.audience == Audience::Officials && self.parts.offices.of(&session.person.pin).is_empty() {
            return Err(Stop::Refused(Refusal::NoOffice));
        }
        let code = self.parts.chance.hex(32);
        let scopes: Vec<&str> = request.scopes.iter().map(|scope| scope.word()).collect();
        let now = self.now();
        let mut tx = self.parts.store.begin().await?;
        if !attempt::finish(&mut tx, &attempt.id).await? {
            tx.rollback().await;
            return Err(Stop::Refused(Refusal::AttemptOver));
        }
        tx.execute(
            "INSERT INTO identity_code (code_hash, session, client, redirect_uri, challenge, nonce, scopes, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &args![
                sha256_base64url(code.as_bytes()),
                &session.id,
                &client.id,
                &request.redirect_uri,
                &request.challenge,
                &request.nonce,
                scopes.join(" "),
                later(now, CODE_LIFE_S)
            ],
        )
        .await?;
        tx.execute(
            "INSERT INTO identity_session_client (session, client, since) VALUES ($1, $2, $3)
             ON CONFLICT (session, client) DO NOTHING",
            &args![&session.id, &client.id, now],
        )
        .await?;
        tx.commit().await?;
        let query =
            [("code", code.as_str()), ("state", request.state.as_str()), ("iss", self.settings.issuer.as_str())];
        Ok(pages::see_other(&form::with_query(&request.redirect_uri, query)))
    }

    async fn declined(&self, headers: &HeaderMap, id: &str, token: &str) -> Result<Response, Stop> {
        let (_, attempt) = self.attempt_posted(headers, id, token).await?;
        let mut tx = self.parts.store.begin().await?;
        attempt::finish(&mut tx, &attempt.id).await?;
        tx.commit().await?;
        let Request { redirect_uri, state, .. } = &attempt.request;
        Ok(pages::see_other(&self.error_back(redirect_uri, state, "access_denied")))
    }

    fn error_back(&self, redirect_uri: &str, state: &str, error: &str) -> String {
        form::with_query(redirect_uri, [("error", error), ("state", state), ("iss", self.settings.issuer.as_str())])
    }
}
