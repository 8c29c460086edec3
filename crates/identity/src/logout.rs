//! Logging out at the provider (OpenID Connect RP-Initiated Logout 1.0). With a good hint the session ends at once, everywhere;
//! without one the person is asked first, so that no page of others can log anybody out.

use crate::{
    Refusal,
    history::Outcome,
    jwt,
    pages::{self, Stop},
    provider::Provider,
    session::Session,
};
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use base::Lang;
use http::HeaderMap;
use std::sync::Arc;

const STATE_LENGTH_MAX: usize = 512;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    id_token_hint: Option<String>,
    client_id: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
    ui_locales: Option<String>,
    lang: Option<String>,
}

impl Asked {
    fn lang(&self) -> Lang {
        let chosen = self.lang.as_deref().and_then(Lang::parse);
        chosen.unwrap_or_else(|| crate::oidc::authorize::lang(self.ui_locales.as_deref()))
    }
}

pub async fn ask(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = query.map(|Query(asked)| asked).unwrap_or_default();
    pages::respond(asked.lang(), provider.log_out(&headers, &asked).await)
}

/// The same by POST (RP-Initiated Logout §2), for clients that keep the token out of addresses.
pub async fn confirm(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    form: Result<Form<Asked>, FormRejection>,
) -> Response {
    let asked = form.map(|Form(asked)| asked).unwrap_or_default();
    pages::respond(asked.lang(), provider.log_out(&headers, &asked).await)
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Confirmed {
    token: String,
    lang: String,
}

/// The person said yes on our own page.
pub async fn confirmed(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let lang = Lang::parse(&form.lang).unwrap_or_default();
    pages::respond(lang, provider.log_out_here(&headers, &form.token, lang).await)
}

pub async fn done(query: Result<Query<Asked>, QueryRejection>) -> Response {
    let lang = query.map(|Query(asked)| asked.lang()).unwrap_or_default();
    pages::respond(lang, pages::logged_out(lang))
}

impl Provider {
    async fn log_out(&self, headers: &HeaderMap, asked: &Asked) -> Result<Response, Stop> {
        let here = match self.browser(headers) {
            Some(browser) => self.session_of(&browser).await?.map(|session| (browser, session)),
            None => None,
        };
        let hinted = self.hinted(asked.id_token_hint.as_deref());
        let back = self.way_back(asked, hinted.as_ref().map(|hint| hint.client.as_str()));
        if let Some(hint) = &hinted {
            let others = here.as_ref().is_some_and(|(_, session)| session.id.as_str() != hint.session);
            if !others {
                if let Some(session) = self.session(&hint.session).await? {
                    self.end(&session, Outcome::LoggedOut).await?;
                }
                return Ok(back.unwrap_or_else(|| pages::see_other(&logged_out_at(asked.lang()))));
            }
        }
        match here {
            Some((browser, session)) => {
                let clients = self.clients_of(&session).await?;
                pages::log_out(asked.lang(), &browser, &clients)
            }
            None => {
                Ok(back.filter(|_| hinted.is_some()).unwrap_or_else(|| pages::see_other(&logged_out_at(asked.lang()))))
            }
        }
    }

    async fn log_out_here(&self, headers: &HeaderMap, token: &str, lang: Lang) -> Result<Response, Stop> {
        let browser = self.browser(headers).filter(|browser| browser.owns_form(token));
        let browser = browser.ok_or(Stop::Refused(Refusal::FormExpired))?;
        if let Some(session) = self.session_of(&browser).await? {
            self.end(&session, Outcome::LoggedOut).await?;
        }
        Ok(pages::see_other(&logged_out_at(lang)))
    }

    /// A token of ours is believed even after its end (RP-Initiated Logout §2): it only names a session.
    fn hinted(&self, token: Option<&str>) -> Option<Hint> {
        let claims = jwt::verify(token?, "JWT", &self.published)?;
        let ours = claims["iss"] == self.settings.issuer.as_str();
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        let (session, client) = text("sid").zip(text("aud"))?;
        ours.then_some(Hint { session, client })
    }

    /// Only to an address that the client registered; anything else is left out, not reported.
    fn way_back(&self, asked: &Asked, hinted: Option<&str>) -> Option<Response> {
        let named = asked.client_id.as_deref();
        if named.is_some() && hinted.is_some() && named != hinted {
            return None;
        }
        let client = self.settings.client(hinted.or(named)?)?;
        let address = asked.post_logout_redirect_uri.as_ref()?;
        let registered = client.post_logout_redirect_uris.contains(address);
        let state = asked.state.as_deref().filter(|state| state.len() <= STATE_LENGTH_MAX);
        let with_state = match state {
            Some(state) => crate::form::with_query(address, [("state", state)]),
            None => address.clone(),
        };
        registered.then(|| pages::see_other(&with_state))
    }

    /// The clients that a session reaches, by name.
    async fn clients_of(&self, session: &Session) -> Result<Vec<base::Localized>, Stop> {
        let rows = self
            .parts
            .store
            .query(
                "SELECT client FROM identity_session_client WHERE session = $1 ORDER BY since",
                &host::args![&session.id],
            )
            .await?;
        let named = rows.iter().filter_map(|row| self.settings.client(row.text("client")));
        Ok(named.map(|client| client.name.clone()).collect())
    }
}

struct Hint {
    session: String,
    client: String,
}

fn logged_out_at(lang: Lang) -> String {
    format!("/logged-out?lang={lang}")
}
