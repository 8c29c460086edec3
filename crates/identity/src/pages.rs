//! The pages as typed views, and what every answer carries: a strict content security policy, no caching, no referrer.

use crate::{
    Refusal, Scope,
    attempt::{Attempt, PhonePush},
    browser::Browser,
    form,
    login::choose::MYSELF,
    ports::Representee,
    provider::Provider,
    registry::{Audience, Client, Settings},
    session::Session,
    texts::Texts,
};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base::{Chance, Fault, Lang, Localized, Refusal as _, SystemChance, fill};
use http::{HeaderValue, StatusCode, header};
use std::{collections::BTreeSet, sync::Arc};

/// How often the waiting page asks again.
const REFRESH_S: u32 = 3;

/// Why a request ends without what was asked.
#[derive(Debug)]
pub enum Stop {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Failed(fault)
    }
}

/// What every page knows.
pub struct Shell {
    pub lang: Lang,
    pub t: &'static Texts,
    /// Path that the language switch keeps; empty on pages that cannot be asked for again.
    pub path: String,
    pub refresh_s: Option<u32>,
    pub failed: bool,
}

impl Shell {
    fn new(lang: Lang, path: String) -> Shell {
        Shell { lang, t: Texts::of(lang), path, refresh_s: None, failed: false }
    }

    fn langs(&self) -> [(Lang, &'static str); 3] {
        [(Lang::Az, "Azərbaycanca"), (Lang::En, "English"), (Lang::Ru, "Русский")]
    }
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogIn<'a> {
    s: Shell,
    attempt: &'a str,
    client: &'a str,
    token: String,
    sees: String,
    refused: Option<(&'static str, &'static str)>,
    again: Again<'a>,
    card: Option<CardForm<'a>>,
    phone: bool,
}

/// What the log-in page says when it is shown again.
#[derive(Debug, Default, Clone, Copy)]
pub struct Again<'a> {
    pub refused: Option<Refusal>,
    pub bad_number: bool,
    pub bad_pin: bool,
    /// Number and PIN as they were typed: nobody types twice because of us.
    pub typed: (&'a str, &'a str),
}

impl Again<'_> {
    pub fn after(refusal: Refusal) -> Self {
        Again { refused: Some(refusal), ..Again::default() }
    }
}

struct CardForm<'a> {
    /// Address of the simulator's page; empty without one.
    simulator: String,
    origin: &'a str,
    nonce: &'a str,
    back: String,
}

#[derive(Template)]
#[template(path = "wait.html")]
struct Wait<'a> {
    s: Shell,
    attempt: &'a str,
    code: &'a str,
    simulator: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "choose.html")]
struct Choose<'a> {
    s: Shell,
    attempt: &'a str,
    token: String,
    hello: String,
    name: String,
    companies: Vec<(&'a Representee, String)>,
    silent: bool,
    myself: &'static str,
}

#[derive(Template)]
#[template(path = "log_out.html")]
struct LogOut<'a> {
    s: Shell,
    token: String,
    clients: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "said.html")]
struct SaidPage<'a> {
    s: Shell,
    title: &'a str,
    text: &'a str,
    number: String,
    good: bool,
    /// Windows that anybody may open: their address and name.
    homes: Vec<(&'a str, &'a str)>,
}

pub fn texts(lang: Lang) -> &'static Texts {
    Texts::of(lang)
}

pub fn log_in(
    settings: &Settings,
    browser: &Browser,
    attempt: &Attempt,
    client: &Client,
    nonce: Option<&str>,
    again: Again<'_>,
) -> Result<Response, Stop> {
    let refused = again.refused;
    let lang = attempt.request.lang;
    let id = attempt.id.as_str();
    let mut s = Shell::new(lang, format!("/login/{id}"));
    s.failed = refused.is_some();
    let said = refused.map(|refusal| s.t.refusal(refusal));
    let client = client.name.in_lang(lang);
    let what = sees(s.t, &attempt.request.scopes);
    let sees = fill(&s.t.login_sees, &[("client", client), ("what", &what)]);
    let card = settings.card.as_ref().zip(nonce).map(|(card, nonce)| CardForm {
        simulator: card.simulator.clone().unwrap_or_default(),
        origin: &settings.issuer,
        nonce,
        back: format!("{}/login/{id}/card", settings.issuer),
    });
    let page = LogIn {
        attempt: id,
        client,
        token: browser.form_token(),
        sees,
        refused: said.map(|said| (said.title.as_str(), said.text.as_str())),
        again,
        card,
        phone: settings.phone.is_some(),
        s,
    };
    let status = refused.map_or(StatusCode::OK, |refusal| status_of(&refusal));
    html(status, &page)
}

fn sees(t: &Texts, scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes
        .iter()
        .filter_map(|scope| match scope {
            Scope::Openid => None,
            Scope::Profile => Some(t.sees_profile.as_str()),
            Scope::Pin => Some(t.sees_pin.as_str()),
            Scope::Representation => Some(t.sees_representation.as_str()),
            Scope::Offices => Some(t.sees_offices.as_str()),
        })
        .collect();
    if words.is_empty() { t.sees_nothing.clone() } else { words.join(", ") }
}

pub fn wait_for_phone(
    lang: Lang,
    attempt: &Attempt,
    push: &PhonePush,
    simulator: Option<&str>,
) -> Result<Response, Stop> {
    let mut s = Shell::new(lang, format!("/login/{}/phone", attempt.id));
    s.refresh_s = Some(REFRESH_S);
    html(StatusCode::OK, &Wait { s, attempt: attempt.id.as_str(), code: &push.code, simulator })
}

/// What the register of companies said.
pub enum Choice {
    Among(Vec<Representee>),
    RegisterSilent,
}

pub fn choose(browser: &Browser, attempt: &Attempt, session: &Session, choice: &Choice) -> Result<Response, Stop> {
    let s = Shell::new(attempt.request.lang, format!("/login/{}/choose", attempt.id));
    let companies = match choice {
        Choice::Among(companies) => companies.iter().map(|company| (company, company_hint(s.t, company))).collect(),
        Choice::RegisterSilent => Vec::new(),
    };
    let name = format!("{} {}", session.person.given_name, session.person.surname);
    let page = Choose {
        attempt: attempt.id.as_str(),
        token: browser.form_token(),
        hello: fill(&s.t.choose_hello, &[("name", &session.person.given_name)]),
        name,
        companies,
        silent: matches!(choice, Choice::RegisterSilent),
        myself: MYSELF,
        s,
    };
    html(StatusCode::OK, &page)
}

/// The register's own word for a basis that we have no word for.
fn company_hint(t: &Texts, company: &Representee) -> String {
    let basis = match company.basis.as_str() {
        "director" => &t.basis_director,
        "mandate" => &t.basis_mandate,
        other => other,
    };
    fill(&t.choose_company, &[("tin", &company.tin), ("basis", basis)])
}

pub fn log_out(lang: Lang, browser: &Browser, clients: &[Localized]) -> Result<Response, Stop> {
    let clients = clients.iter().map(|name| name.in_lang(lang)).collect();
    html(StatusCode::OK, &LogOut { s: Shell::new(lang, "/logout".to_owned()), token: browser.form_token(), clients })
}

pub fn logged_out(lang: Lang) -> Result<Response, Stop> {
    let s = Shell::new(lang, "/logged-out".to_owned());
    let (title, text) = (&s.t.logged_out_title, &s.t.logged_out_text);
    html(StatusCode::OK, &SaidPage { title, text, number: String::new(), good: true, homes: Vec::new(), s })
}

/// Nobody comes here on their way; whoever does is shown where the way begins.
pub async fn front(State(provider): State<Arc<Provider>>, headers: http::HeaderMap) -> Response {
    let lang = accepted_lang(&headers);
    let s = Shell::new(lang, String::new());
    let (title, text) = (&s.t.login_title, &s.t.front_text);
    let homes = homes(&provider.settings, lang);
    respond(lang, html(StatusCode::OK, &SaidPage { title, text, number: String::new(), good: false, homes, s }))
}

/// The windows for everyone, by the origin that they come back to.
fn homes(settings: &Settings, lang: Lang) -> Vec<(&str, &str)> {
    let open = settings.clients.iter().filter(|client| client.audience == Audience::Everyone);
    open.filter_map(|client| Some((form::origin(client.redirect_uris.first()?)?, client.name.in_lang(lang)))).collect()
}

/// The answer as it is sent, whatever it came to.
pub fn respond(lang: Lang, result: Result<Response, Stop>) -> Response {
    let said = match result {
        Ok(response) => return response,
        Err(Stop::Refused(refusal)) => refused(lang, refusal),
        Err(Stop::Failed(fault)) => failed(lang, &fault),
    };
    said.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn refused(lang: Lang, refusal: Refusal) -> Result<Response, Stop> {
    let mut s = Shell::new(lang, String::new());
    s.failed = true;
    let said = s.t.refusal(refusal);
    let (title, text) = (&said.title, &said.text);
    let page = SaidPage { title, text, number: String::new(), good: false, homes: Vec::new(), s };
    html(status_of(&refusal), &page)
}

/// A fault is logged once, here, under the number that the person sees.
fn failed(lang: Lang, fault: &Fault) -> Result<Response, Stop> {
    let number = SystemChance.hex(4);
    tracing::error!(number, %fault, "a log-in page failed");
    let mut s = Shell::new(lang, String::new());
    s.failed = true;
    let (title, text) = (&s.t.fault_title, &s.t.fault_text);
    html(StatusCode::SERVICE_UNAVAILABLE, &SaidPage { title, text, number, good: false, homes: Vec::new(), s })
}

fn status_of(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).expect("refusals name real statuses")
}

fn html(status: StatusCode, page: &impl Template) -> Result<Response, Stop> {
    let text = page.render().map_err(|error| Fault::new("render a page", error))?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// After a form, and on the way to a client: a GET that no reload repeats.
pub fn see_other(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

pub async fn stylesheet(State(provider): State<Arc<Provider>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, provider.settings.stylesheet).into_response()
}

pub async fn not_found(State(provider): State<Arc<Provider>>, headers: http::HeaderMap) -> Response {
    let lang = accepted_lang(&headers);
    let mut s = Shell::new(lang, String::new());
    s.failed = true;
    let said = s.t.refusal(Refusal::NoSuchPage);
    let (title, text) = (&said.title, &said.text);
    let homes = homes(&provider.settings, lang);
    let page = SaidPage { title, text, number: String::new(), good: false, homes, s };
    respond(lang, html(status_of(&Refusal::NoSuchPage), &page))
}

/// The browser's first language that we speak, for pages that belong to no log-in.
pub fn accepted_lang(headers: &http::HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = accepted.split(',').map(|part| part.split([';', '-']).next().unwrap_or_default().trim());
    tags.filter_map(Lang::parse).next().unwrap_or_default()
}

/// Forms may go to ourselves, to the card's page, and (by the redirect that follows) to the registered clients.
pub fn content_security_policy(settings: &Settings) -> String {
    let mut targets = BTreeSet::new();
    let clients = settings.clients.iter();
    let addresses = clients.flat_map(|client| client.redirect_uris.iter().chain(&client.post_logout_redirect_uris));
    targets.extend(addresses.filter_map(|address| form::origin(address)));
    let simulator = settings.card.as_ref().and_then(|card| card.simulator.as_deref());
    targets.extend(simulator.and_then(form::origin));
    let targets: Vec<&str> = targets.into_iter().collect();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        targets.join(" ")
    )
}

pub async fn protect(mut response: Response, policy: String) -> Response {
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(&policy).expect("registered addresses are plain text");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
