//! "Whom do you act for?": the person or a company for which the register names them. Asked after the log-in, answered by the
//! register at that moment, and checked against it again when the choice comes back.

use super::begin::Shown;
use crate::{
    Refusal,
    browser::Browser,
    oidc::authorize::{self, Next},
    pages::{self, Choice, Stop},
    ports::Representee,
    provider::Provider,
    session::Session,
};
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection},
    response::Response,
};
use http::HeaderMap;
use std::sync::Arc;

/// The value of the choice "myself"; no TIN looks like it.
pub const MYSELF: &str = "myself";
/// More companies than a page can show are a case for an official, not for a list.
const MANDATES_MAX: usize = 200;

pub async fn page(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Response {
    let result = provider.choose_page(&headers, &id, shown.lang.as_deref()).await;
    provider.respond(&headers, &id, result).await
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Chosen {
    token: String,
    acting_for: String,
}

pub async fn choose(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    form: Result<Form<Chosen>, FormRejection>,
) -> Response {
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let result = provider.chosen(&headers, &id, &form).await;
    provider.respond(&headers, &id, result).await
}

impl Provider {
    async fn choose_page(&self, headers: &HeaderMap, id: &str, lang: Option<&str>) -> Result<Response, Stop> {
        let (browser, mut attempt) = self.attempt_of(headers, id).await?;
        let session = self.logged_in(&browser).await?;
        self.in_lang(&mut attempt, lang).await?;
        if authorize::next(&attempt.request, Some(session.facts()), self.now()) != Next::Choose {
            return self.let_through(&session, &attempt).await;
        }
        let choices = match self.mandates_of(&session).await {
            Some(mandates) if mandates.is_empty() => {
                self.choose(&session, None).await?;
                return self.let_through(&session, &attempt).await;
            }
            Some(mandates) => Choice::Among(mandates),
            None => Choice::RegisterSilent,
        };
        pages::choose(&browser, &attempt, &session, &choices)
    }

    /// The session behind an attempt that asks for a choice; without one the attempt begins anew.
    async fn logged_in(&self, browser: &Browser) -> Result<Session, Stop> {
        self.session_of(browser).await?.ok_or(Stop::Refused(Refusal::AttemptOver))
    }

    /// `None`: the register is silent.
    async fn mandates_of(&self, session: &Session) -> Option<Vec<Representee>> {
        match self.parts.mandates.of(&session.person.pin).await {
            Ok(mut mandates) => {
                mandates.truncate(MANDATES_MAX);
                Some(mandates)
            }
            Err(fault) => {
                tracing::warn!(%fault, "the register of mandates is silent");
                None
            }
        }
    }

    async fn chosen(&self, headers: &HeaderMap, id: &str, form: &Chosen) -> Result<Response, Stop> {
        let (browser, attempt) = self.attempt_posted(headers, id, &form.token).await?;
        let session = self.logged_in(&browser).await?;
        if form.acting_for == MYSELF {
            self.choose(&session, None).await?;
            return self.let_through(&session, &attempt).await;
        }
        let mandates = self.mandates_of(&session).await.unwrap_or_default();
        let named = mandates.into_iter().find(|mandate| mandate.tin == form.acting_for);
        let named = named.ok_or(Stop::Refused(Refusal::NoMandate))?;
        self.choose(&session, Some(&named)).await?;
        self.let_through(&session, &attempt).await
    }
}
