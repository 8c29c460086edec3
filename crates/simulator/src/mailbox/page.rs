//! The mailbox's pages: the list of mails and one mail. Everything from a mail is shown as text.

use super::{Letter, Shelf, WORDS};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use base::{Fault, Lang, clock};
use http::{HeaderValue, StatusCode, header};

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    frame: Frame,
    letters: Vec<Letter>,
}

#[derive(Template)]
#[template(path = "mailbox/letter.html")]
struct LetterPage {
    frame: Frame,
    letter: Letter,
}

#[derive(Template)]
#[template(path = "mailbox/said.html")]
struct SaidPage {
    frame: Frame,
    text: &'static str,
}

struct Frame {
    lang: Lang,
    here: String,
    utc_offset_hours: i8,
}

impl Frame {
    fn words(&self, key: &str) -> &'static str {
        WORDS.text(key, self.lang)
    }

    /// The line that says what this is, in every language at once.
    fn demo(&self) -> [(Lang, &'static str); 3] {
        Lang::ALL.map(|lang| (lang, WORDS.text("demo", lang)))
    }

    fn others(&self) -> Vec<(Lang, &'static str)> {
        let all = [(Lang::Az, "Azərbaycanca"), (Lang::En, "English"), (Lang::Ru, "Русский")];
        all.into_iter().filter(|(lang, _)| *lang != self.lang).collect()
    }

    /// In the country's time, written as the portal writes moments that are compared: "23.11.2026 14:02:09".
    fn time(&self, micros: &i64) -> String {
        let there = micros.saturating_add(i64::from(self.utc_offset_hours) * 3_600_000_000);
        clock::from_micros(there).strftime("%d.%m.%Y %H:%M:%S").to_string()
    }
}

#[derive(serde::Deserialize)]
pub(super) struct Wanted {
    lang: Option<String>,
}

impl Wanted {
    fn lang(&self) -> Lang {
        self.lang.as_deref().and_then(Lang::parse).unwrap_or_default()
    }
}

pub(super) async fn list(State(shelf): State<Shelf>, Query(wanted): Query<Wanted>) -> Response {
    let frame = Frame { lang: wanted.lang(), here: "/".into(), utc_offset_hours: shelf.utc_offset_hours };
    match shelf.list().await {
        Ok(letters) => html(StatusCode::OK, &ListPage { frame, letters }),
        Err(fault) => trouble(&fault, frame),
    }
}

pub(super) async fn show(
    State(shelf): State<Shelf>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    match shelf.get(&name).await {
        Ok(Some(letter)) => {
            let here = format!("/mails/{}", letter.name);
            let frame = Frame { lang: wanted.lang(), here, utc_offset_hours: shelf.utc_offset_hours };
            html(StatusCode::OK, &LetterPage { frame, letter })
        }
        Ok(None) => said(StatusCode::NOT_FOUND, wanted.lang(), "unknown"),
        Err(fault) => trouble(&fault, Frame { lang: wanted.lang(), here: "/".into(), utc_offset_hours: 0 }),
    }
}

pub(super) async fn nothing_here() -> Response {
    said(StatusCode::NOT_FOUND, Lang::default(), "unknown")
}

pub(super) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (kind, include_str!("../../templates/bank/bank.css")).into_response()
}

fn said(status: StatusCode, lang: Lang, key: &str) -> Response {
    html(
        status,
        &SaidPage { frame: Frame { lang, here: "/".into(), utc_offset_hours: 0 }, text: WORDS.text(key, lang) },
    )
}

fn trouble(fault: &Fault, frame: Frame) -> Response {
    tracing::error!(%fault, "a page of the mailbox");
    let text = WORDS.text("trouble", frame.lang);
    html(StatusCode::SERVICE_UNAVAILABLE, &SaidPage { frame, text })
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    let mut response = (status, Html(page.render().expect("our templates write into memory"))).into_response();
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
