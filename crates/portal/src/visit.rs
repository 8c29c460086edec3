//! One request of one browser: its language, its session, the shell of its page; and the middleware that makes it, renders
//! troubles, and sets the headers of every answer. The language is the first part of the address (`/az/cases`): a link that
//! is shared shows what its sender saw, and switching changes that part only, so page and data stay.

use crate::{
    app::App,
    pages::Problem,
    security,
    session::{self, Area, Session},
    shell::{Place, Shell, Who},
    texts::Words,
    trouble::{Carried, Refusal, Trouble},
};
use askama::Template;
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use base::{Fault, Id, Lang};
use http::{HeaderValue, Method, StatusCode, header, request};
use services::view::{Applicant, Official};

/// Everything a handler needs to know of the request besides its own path and form.
#[derive(Clone)]
pub struct Visit {
    pub app: App,
    pub area: Area,
    pub lang: Lang,
    pub cookie: String,
    pub session: Option<Session>,
    /// Path without the language, with its query.
    pub path: String,
    unread: u64,
}

/// What a handler gives back.
pub type Paged = Result<Response, Trouble>;

impl Visit {
    pub fn shell(&self) -> Shell {
        let who = self.session.as_ref().map(|session| Who {
            name: session.name.clone(),
            acting_for: session.company.as_ref().map(|company| company.name.clone()),
            official: session.official().is_some(),
            operator: session.is_operator(),
        });
        Shell {
            lang: self.lang,
            place: Place::Elsewhere,
            office: self.area == Area::Office,
            path: self.path.clone(),
            who,
            unread: self.unread,
            token: session::token_of(&self.cookie),
            failed: false,
            refresh_s: None,
            now: self.app.clock.now(),
            zone: self.app.zone().clone(),
            style: self.app.style(),
        }
    }

    pub fn at(&self, place: Place) -> Shell {
        self.shell().at(place)
    }

    /// The person, or a log-in that comes back here.
    pub fn person(&self) -> Result<&Session, Trouble> {
        self.session.as_ref().ok_or(Trouble::LogIn)
    }

    pub fn applicant(&self) -> Result<Applicant, Trouble> {
        Ok(self.person()?.applicant())
    }

    pub fn official(&self) -> Result<Official, Trouble> {
        self.person()?.official().ok_or(Refusal::NotOfficial.into())
    }

    pub fn operator(&self) -> Result<&Session, Trouble> {
        let person = self.person()?;
        if person.is_operator() { Ok(person) } else { Err(Refusal::NotOperator.into()) }
    }

    /// An address of this window in the visitor's language.
    pub fn url(&self, path: &str) -> String {
        format!("/{}{path}", self.lang)
    }

    pub fn go(&self, path: &str) -> Response {
        Redirect::to(&self.url(path)).into_response()
    }

    /// The text of a refusal in the visitor's language; a code without words has the general ones.
    pub fn refusal_text(&self, code: &str) -> String {
        let words = Words::of(self.lang);
        words.find(&format!("refusal.{code}")).unwrap_or_else(|| words.text("problem.refused")).to_owned()
    }

    /// Words that may be missing: names of states and events that another part adds.
    pub fn words(&self, key: &str, otherwise: &str) -> String {
        Words::of(self.lang).find(key).unwrap_or(otherwise).to_owned()
    }

    pub fn may_try(&self, what: &str) -> Result<(), Trouble> {
        let visitor = format!("{what}:{}", self.cookie);
        if self.app.limiter().allows(&visitor, self.app.clock.now()) { Ok(()) } else { Err(Refusal::TooOften.into()) }
    }
}

/// A page as an answer.
pub fn page(template: &impl Template) -> Paged {
    Ok(Html(template.render()?).into_response())
}

/// A page whose form was refused.
pub fn refused(template: &impl Template) -> Paged {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(template.render()?)).into_response())
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Trouble> {
        let visit = parts.extensions.get::<Visit>().cloned();
        visit.ok_or_else(|| Trouble::Failed(Fault::new("find the visit", "the middleware is missing")))
    }
}

/// Language of the path `/az/…`, and what follows it.
fn split_language(path: &str) -> Option<(Lang, &str)> {
    let rest = path.strip_prefix('/')?;
    let (tag, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((Lang::parse(tag)?, if rest.is_empty() { "/" } else { rest }))
}

/// Path of our own page from which a form came, without the language.
fn page_before(headers: &http::HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let host = referer.find("://")? + 3;
    let (_, path) = split_language(&referer[host + referer[host..].find('/')?..])?;
    Some(path.to_owned())
}

/// The language of a visitor who has not said it in the address: the browser's first that we have.
pub fn preferred_language(headers: &http::HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = accepted.split(',').map(|part| part.trim().get(..2).unwrap_or_default().to_ascii_lowercase());
    tags.filter_map(|tag| Lang::parse(&tag)).next().unwrap_or_default()
}

/// Makes the visit, lets the handler work, renders its trouble and protects its answer.
pub async fn middleware(State((app, area)): State<(App, Area)>, mut request: Request, next: Next) -> Response {
    let known = session::cookie_of(request.headers(), area);
    let cookie = known.clone().unwrap_or_else(|| app.chance.hex(32));
    let (lang, path) = split_language(request.uri().path())
        .map(|(lang, path)| (lang, path.to_owned()))
        .unwrap_or_else(|| (preferred_language(request.headers()), "/".to_owned()));
    let path = match (request.method() == Method::GET, request.uri().query()) {
        (true, Some(query)) => format!("{path}?{query}"),
        (true, None) => path,
        // After a form the language switch leads to the page that the form stood on.
        (false, _) => page_before(request.headers()).unwrap_or(path),
    };
    let mut visit = Visit { app: app.clone(), area, lang, cookie, session: None, path, unread: 0 };
    let policy = HeaderValue::from_str(&security::content_security_policy(&app.origins));
    let mut response = match who_is_it(&mut visit, known.is_some()).await {
        Ok(()) => {
            request.extensions_mut().insert(visit.clone());
            next.run(request).await
        }
        Err(fault) => Trouble::Failed(fault).into_response(),
    };
    if let Some(Carried(trouble)) = response.extensions_mut().remove::<Carried>() {
        let trouble = trouble.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        response = explain(&visit, trouble.unwrap_or(Trouble::NotFound));
    }
    if known.is_none() && !response.headers().contains_key(header::SET_COOKIE) {
        let cookie = session::set_cookie(&app, area, &visit.cookie);
        // The cookie is our own hexadecimal text: always a header value.
        response.headers_mut().extend(HeaderValue::from_str(&cookie).ok().map(|value| (header::SET_COOKIE, value)));
    }
    if let Ok(policy) = policy {
        security::protect(&mut response, &policy);
    }
    response
}

async fn who_is_it(visit: &mut Visit, known: bool) -> Result<(), Fault> {
    if !known {
        return Ok(());
    }
    visit.session = visit.app.session(&visit.cookie, visit.area).await?;
    if let (Some(session), Area::Citizen) = (&visit.session, visit.area) {
        visit.unread = u64::try_from(visit.app.notify.unread(session.pin.as_str()).await?).unwrap_or(0);
    }
    Ok(())
}

/// The page that a trouble is told on.
fn explain(visit: &Visit, trouble: Trouble) -> Response {
    if let Trouble::LogIn = trouble {
        return Redirect::to(&visit.shell().sign_in()).into_response();
    }
    let status = trouble.status();
    let mut s = visit.shell();
    s.failed = true;
    let mut problem = Problem {
        heading: s.t("problem.refused_title").into(),
        text: String::new(),
        advice: Vec::new(),
        number: String::new(),
        link: None,
        s,
    };
    match trouble {
        Trouble::Refused { code, .. } => problem.text = visit.refusal_text(code),
        Trouble::Failed(fault) => {
            let number = Id::new(visit.app.clock.now(), &*visit.app.chance);
            tracing::error!(%number, attempt = fault.attempt, cause = fault.cause, "a page failed");
            problem.heading = problem.s.t("problem.fault_title").into();
            problem.text = problem.s.t("problem.fault").into();
            problem.number = number.to_string();
        }
        Trouble::LogIn | Trouble::NotFound => {
            problem.heading = problem.s.t("problem.not_found_title").into();
            problem.text = problem.s.t("problem.not_found").into();
            problem.link =
                (visit.area == Area::Citizen).then(|| (problem.s.url("/services"), problem.s.t("services.all").into()));
        }
    }
    // Rendering our own page into memory fails only if formatting does; the bare status still says the truth.
    problem.render().map_or_else(|_| status.into_response(), |html| (status, Html(html)).into_response())
}

/// For addresses that lead nowhere.
pub async fn nowhere() -> Trouble {
    Trouble::NotFound
}

/// For addresses that lead somewhere, but not in this way.
pub async fn wrong_method() -> Trouble {
    Refusal::Method.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_before_a_form_is_ours() {
        let before = |referer: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(header::REFERER, referer.parse().expect("a header"));
            page_before(&headers)
        };
        assert_eq!(before("http://127.0.0.1:8801/az/cases/X?done=1").as_deref(), Some("/cases/X?done=1"));
        assert_eq!(before("http://127.0.0.1:8803/card/1"), None);
        assert_eq!(before("nonsense"), None);
    }

    #[test]
    fn the_language_is_the_first_part_of_the_path() {
        assert_eq!(split_language("/az/cases/1"), Some((Lang::Az, "/cases/1")));
        assert_eq!(split_language("/ru"), Some((Lang::Ru, "/")));
        assert_eq!(split_language("/de/cases"), None);
        assert_eq!(split_language("/"), None);
    }

    #[test]
    fn the_browser_s_language_is_taken_when_the_address_has_none() {
        let lang = |accepted: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().expect("a header"));
            preferred_language(&headers)
        };
        assert_eq!(lang("de-DE, ru-RU;q=0.8, en;q=0.5"), Lang::Ru);
        assert_eq!(lang("tr"), Lang::Az);
    }
}
