//! The pages of card and phone as typed views. Every page carries the simulator's stripes and its warning.

use crate::{
    card::{Answer, Kind, Request, Tried},
    code::Entered,
    devices::{Devices, Settings},
    people::{Person, Purpose},
    phone::Pushed,
    refusal::Refusal,
    texts::Texts,
};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base::{Chance, Fault, Lang, Refusal as _, SystemChance, fill};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::sync::Arc;

/// How often a phone looks for requests.
const REFRESH_S: u32 = 3;

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

/// The query of these pages.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    lang: Option<String>,
}

impl Shown {
    pub fn lang(&self) -> Option<Lang> {
        self.lang.as_deref().and_then(Lang::parse)
    }
}

/// What every page knows.
struct Shell {
    lang: Lang,
    t: &'static Texts,
    path: String,
    refresh_s: Option<u32>,
    failed: bool,
    warning: &'static str,
}

impl Shell {
    fn card(lang: Lang, path: String) -> Shell {
        let t = Texts::of(lang);
        Shell { lang, t, path, refresh_s: None, failed: false, warning: &t.warning_card }
    }

    fn phone(lang: Lang, path: String) -> Shell {
        let t = Texts::of(lang);
        Shell { warning: &t.warning_phone, ..Shell::card(lang, path) }
    }

    fn langs(&self) -> [(Lang, &'static str); 3] {
        [(Lang::Az, "Azərbaycanca"), (Lang::En, "English"), (Lang::Ru, "Русский")]
    }
}

#[derive(Template)]
#[template(path = "devices/card.html")]
struct CardPage<'a> {
    s: Shell,
    id: &'a str,
    heading: &'a str,
    asks: String,
    what: &'a str,
    request: &'a Request,
    documents: Vec<(&'a str, String)>,
    people: Vec<Slot<'a>>,
    code: Option<(&'a str, &'a str)>,
    button: &'a str,
    wrong: Option<String>,
    blocked: Option<(String, &'a str)>,
}

/// A card that could lie in the reader.
struct Slot<'a> {
    person: &'a Person,
    about: &'a str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "devices/card_done.html")]
struct CardDone<'a> {
    s: Shell,
    text: &'a str,
    back: &'a str,
    whither: String,
    fields: &'a [(String, String)],
}

#[derive(Template)]
#[template(path = "devices/phones.html")]
struct Phones<'a> {
    s: Shell,
    people: Vec<(usize, &'a Person, &'a str, String)>,
}

#[derive(Template)]
#[template(path = "devices/phone.html")]
struct Phone<'a> {
    s: Shell,
    number: &'a str,
    heading: String,
    person: &'a Person,
    requests: Vec<OnScreen<'a>>,
    blocked: bool,
}

/// A request as the phone's screen shows it.
struct OnScreen<'a> {
    pushed: &'a Pushed,
    asks: String,
    kind: &'a str,
    code: String,
    pin: &'a str,
    pin_hint: &'a str,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "devices/said.html")]
struct SaidPage<'a> {
    s: Shell,
    title: &'a str,
    text: &'a str,
    number: String,
}

pub fn card(
    lang: Lang,
    id: &str,
    request: &Request,
    people: &[Person],
    tried: Option<Tried<'_>>,
) -> Result<Response, Stop> {
    let mut s = Shell::card(lang, format!("/card/{id}"));
    let t = s.t;
    let (heading, what, button) = match request.kind {
        Kind::Login => (&t.card_login, &t.card_login_what, &t.card_login_button),
        Kind::Certificate => (&t.card_certificate, &t.card_certificate_what, &t.card_certificate_button),
        Kind::Sign => (&t.card_sign, &t.card_sign_what, &t.card_sign_button),
    };
    let in_reader = tried.map_or(request.person.as_str(), |tried| tried.person.pin.as_str());
    let known = people.iter().any(|person| person.pin.as_str() == in_reader);
    let people = people.iter().enumerate().map(|(place, person)| Slot {
        person,
        about: person.about.in_lang(lang),
        chosen: if known { person.pin.as_str() == in_reader } else { place == 0 },
    });
    let code = request.kind.code().map(|purpose| match purpose {
        Purpose::Authentication => (t.pin1.as_str(), t.pin1_hint.as_str()),
        Purpose::Signature => (t.pin2.as_str(), t.pin2_hint.as_str()),
    });
    s.failed = tried.is_some();
    let wrong = tried.and_then(|tried| wrong(t, tried.person, tried.entered));
    let blocked = tried.filter(|tried| tried.entered == Entered::Blocked);
    let blocked =
        blocked.map(|tried| (fill(&t.blocked_text, &[("name", &tried.person.name())]), tried.person.pin.as_str()));
    let page = CardPage {
        id,
        heading,
        asks: fill(&t.card_asks, &[("origin", request.origin())]),
        what,
        request,
        documents: request.documents.iter().map(|(digest, title)| (title.as_str(), hex_groups(digest))).collect(),
        people: people.collect(),
        code,
        button,
        wrong,
        blocked,
        s,
    };
    html(StatusCode::OK, &page)
}

fn wrong(t: &Texts, person: &Person, entered: Entered) -> Option<String> {
    match entered {
        Entered::Wrong { left } => Some(fill(&t.wrong_text, &[("name", &person.name()), ("left", &left.to_string())])),
        Entered::Right | Entered::Blocked => None,
    }
}

/// A digest as people can compare it: hexadecimal in groups of eight.
fn hex_groups(base64: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let bytes = BASE64_STANDARD.decode(base64).unwrap_or_default();
    let groups: Vec<String> = bytes.chunks(4).map(base::hex).collect();
    groups.join(" ")
}

pub fn card_done(lang: Lang, id: &str, request: &Request, answer: &Answer) -> Result<Response, Stop> {
    let s = Shell::card(lang, format!("/card/{id}"));
    let text = match request.kind {
        Kind::Login => &s.t.done_login,
        Kind::Certificate => &s.t.done_certificate,
        Kind::Sign => &s.t.done_sign,
    };
    let whither = fill(&s.t.done_where, &[("origin", request.origin())]);
    html(StatusCode::OK, &CardDone { text, back: &request.back, whither, fields: answer, s })
}

pub fn phones(lang: Lang, people: &[Person], waiting: &[usize]) -> Result<Response, Stop> {
    let s = Shell::phone(lang, "/phone".to_owned());
    let rows = people.iter().zip(waiting).enumerate().map(|(place, (person, waiting))| {
        let text = match waiting {
            0 => String::new(),
            count => fill(&s.t.phones_waiting, &[("count", &count.to_string())]),
        };
        (place + 1, person, person.about.in_lang(lang), text)
    });
    let people = rows.collect();
    html(StatusCode::OK, &Phones { people, s })
}

pub fn phone(
    lang: Lang,
    number: &str,
    person: &Person,
    waiting: &[Pushed],
    blocked: bool,
    tried: Option<(String, Entered)>,
) -> Result<Response, Stop> {
    let mut s = Shell::phone(lang, format!("/phone/{number}"));
    let t = s.t;
    // A page that reloads under typing fingers eats what they typed: it waits only while there is nothing to answer.
    s.refresh_s = waiting.is_empty().then_some(REFRESH_S);
    s.failed = tried.is_some();
    let requests = waiting.iter().map(|pushed| {
        let tried = tried.as_ref().filter(|(id, _)| *id == pushed.id);
        let (kind, pin, pin_hint) = match pushed.purpose {
            Purpose::Authentication => (&t.phone_login, &t.pin1, &t.phone_pin1_hint),
            Purpose::Signature => (&t.phone_sign, &t.pin2, &t.phone_pin2_hint),
        };
        OnScreen {
            pushed,
            asks: fill(&t.phone_asks, &[("who", &pushed.who)]),
            kind,
            code: pushed.verification_code(),
            pin,
            pin_hint,
            wrong: tried.and_then(|(_, entered)| wrong(t, person, *entered)),
        }
    });
    let requests = requests.collect();
    let heading = fill(&t.phone_title, &[("name", &person.name())]);
    html(StatusCode::OK, &Phone { number, heading, person, requests, blocked, s })
}

/// The answer as it is sent, whatever it came to.
pub fn respond(lang: Lang, result: Result<Response, Stop>) -> Response {
    let t = Texts::of(lang);
    let (status, title, text, number) = match result {
        Ok(response) => return response,
        Err(Stop::Refused(refusal)) => {
            let said = t.refusal(refusal);
            let status = StatusCode::from_u16(refusal.status()).expect("refusals name real statuses");
            (status, &said.title, &said.text, String::new())
        }
        Err(Stop::Failed(fault)) => {
            let number = SystemChance.hex(4);
            tracing::error!(number, %fault, "a simulator page failed");
            (StatusCode::SERVICE_UNAVAILABLE, &t.fault_title, &t.fault_text, number)
        }
    };
    let mut s = Shell::card(lang, String::new());
    s.failed = true;
    html(status, &SaidPage { s, title, text, number })
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn html(status: StatusCode, page: &impl Template) -> Result<Response, Stop> {
    let text = page.render().map_err(|error| Fault::new("render a page", error))?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

pub fn see_other(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

pub async fn stylesheet(State(devices): State<Arc<Devices>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, devices.settings.stylesheet).into_response()
}

pub async fn not_found(headers: HeaderMap) -> Response {
    respond(accepted_lang(&headers), Err(Stop::Refused(Refusal::Unknown)))
}

/// The browser's first language that we speak.
pub fn accepted_lang(headers: &HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = accepted.split(',').map(|part| part.split([';', '-']).next().unwrap_or_default().trim());
    tags.filter_map(Lang::parse).next().unwrap_or_default()
}

/// Answers go by form to the listed origins and nowhere else.
pub fn content_security_policy(settings: &Settings) -> String {
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        settings.origins.join(" ")
    )
}

pub async fn protect(mut response: Response, policy: String) -> Response {
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(&policy).expect("configured origins are plain text");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
