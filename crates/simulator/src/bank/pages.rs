//! The test bank's pages: an order with three choices, and what became of it. Plain forms; nothing runs in the browser.

use super::orders::{Choice, Known, No, State as OrderState};
use super::{Bank, WORDS};
use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use base::{Fault, Lang};
use http::{HeaderValue, StatusCode, header};
use payments::gateway::{ORDER, Order, sealed};

#[derive(Template)]
#[template(path = "bank/order.html")]
struct OrderPage<'a> {
    frame: Frame,
    payee: &'a str,
    purpose: &'a str,
    code: &'a str,
    amount: String,
    minutes: String,
    form_token: &'a str,
}

#[derive(Template)]
#[template(path = "bank/message.html")]
struct MessagePage<'a> {
    frame: Frame,
    title: &'static str,
    text: String,
    told: Option<&'static str>,
    back: Option<&'a str>,
}

fn words(key: &str, lang: Lang) -> &'static str {
    WORDS.text(key, lang)
}

/// What stands around every page.
struct Frame {
    lang: Lang,
    /// The page's own address, for the switch of languages; empty where it makes no sense.
    here: String,
}

impl Frame {
    fn words(&self, key: &str) -> &'static str {
        words(key, self.lang)
    }

    /// The line that says what this is, in every language at once.
    fn demo(&self) -> [(Lang, &'static str); 3] {
        Lang::ALL.map(|lang| (lang, words("demo", lang)))
    }

    /// The other languages, each with its own name for itself.
    fn others(&self) -> Vec<(Lang, &'static str)> {
        let all = [(Lang::Az, "Azərbaycanca"), (Lang::En, "English"), (Lang::Ru, "Русский")];
        all.into_iter().filter(|(lang, _)| *lang != self.lang).collect()
    }
}

#[derive(serde::Deserialize)]
pub(super) struct Arrival {
    #[serde(default)]
    order: String,
}

#[derive(serde::Deserialize)]
pub(super) struct Wanted {
    lang: Option<String>,
}

#[derive(serde::Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    choice: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    lang: String,
}

pub(super) async fn front() -> Response {
    message(StatusCode::OK, Lang::default(), "front", "", None)
}

pub(super) async fn nothing_here() -> Response {
    message(StatusCode::NOT_FOUND, Lang::default(), "unknown", "", None)
}

pub(super) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (kind, include_str!("../../templates/bank/bank.css")).into_response()
}

/// Where the portal sends the browser. Checks the order before anything else, then shows it under its own address.
pub(super) async fn arrive(State(bank): State<Bank>, Query(arrival): Query<Arrival>) -> Response {
    let order: Order = match sealed::unseal(ORDER, &arrival.order, &bank.setup().merchant_key) {
        Ok(order) => order,
        Err(_) => return message(StatusCode::BAD_REQUEST, Lang::default(), "forged", "", None),
    };
    let ours = order.bank == bank.setup().bank && order.merchant == bank.setup().merchant;
    let whole = order.return_to.starts_with("http") && order.callback.starts_with("http");
    if !ours || !whole {
        return message(StatusCode::BAD_REQUEST, order.lang, "forged", "", None);
    }
    match bank.take_in(&order).await {
        Ok(Some(known)) => {
            let address = format!("/orders/{}?lang={}", known.order.order, order.lang);
            guarded(Redirect::to(&address).into_response(), "")
        }
        Ok(None) => message(StatusCode::CONFLICT, order.lang, "forged", "", None),
        Err(fault) => trouble(&fault, order.lang),
    }
}

pub(super) async fn show(
    State(bank): State<Bank>,
    Path(order): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let lang = wanted.lang.as_deref().and_then(Lang::parse);
    match bank.find(&order).await {
        Ok(Some(known)) => {
            let lang = lang.unwrap_or(known.order.lang);
            standing(&bank, &known, lang)
        }
        Ok(None) => message(StatusCode::NOT_FOUND, lang.unwrap_or_default(), "unknown", "", None),
        Err(fault) => trouble(&fault, lang.unwrap_or_default()),
    }
}

/// The order as it stands: still to be decided, or what became of it.
fn standing(bank: &Bank, known: &Known, lang: Lang) -> Response {
    let order = &known.order;
    let left_s = (order.expires_at.as_microsecond() - bank.now().as_microsecond()) / 1_000_000;
    match known.state {
        OrderState::Open if left_s > 0 => {
            let page = OrderPage {
                frame: Frame { lang, here: format!("/orders/{}", order.order) },
                payee: order.payee.in_lang(lang),
                purpose: order.purpose.in_lang(lang),
                code: &order.code,
                amount: order.amount.display(lang),
                minutes: words("minutes", lang).replace("{minutes}", &((left_s + 59) / 60).to_string()),
                form_token: &known.form_token,
            };
            html(StatusCode::OK, &page, &order.return_to)
        }
        OrderState::Open => message(StatusCode::GONE, lang, "expired", "", Some(known)),
        OrderState::Paid => {
            let reference = known.bank_reference.as_deref().unwrap_or_default();
            message(StatusCode::OK, lang, "paid", reference, Some(known))
        }
        OrderState::Declined => message(StatusCode::OK, lang, "declined", "", Some(known)),
    }
}

pub(super) async fn choose(
    State(bank): State<Bank>,
    Path(order): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Response {
    let lang = Lang::parse(&chosen.lang).unwrap_or_default();
    let (choice, way_back) = match chosen.choice.as_str() {
        "pay" => (Choice::Pay, true),
        "pay-lost" => (Choice::Pay, false),
        "decline" => (Choice::Decline, true),
        _ => return message(StatusCode::BAD_REQUEST, lang, "form", "", None),
    };
    match bank.find(&order).await {
        Ok(Some(known)) if known.form_token == chosen.token => {}
        // Another site cannot know the token, so it cannot press the button for somebody.
        Ok(Some(_)) => return message(StatusCode::FORBIDDEN, lang, "form", "", None),
        Ok(None) => return message(StatusCode::NOT_FOUND, lang, "unknown", "", None),
        Err(fault) => return trouble(&fault, lang),
    }
    match bank.choose(&order, choice).await {
        Ok(Some(Ok(known))) if way_back => {
            let address = known.order.return_to.clone();
            guarded(Redirect::to(&address).into_response(), &address)
        }
        Ok(Some(Ok(known))) => {
            let reference = known.bank_reference.clone().unwrap_or_default();
            let lost = Known { order: Order { return_to: String::new(), ..known.order.clone() }, ..known };
            message(StatusCode::OK, lang, "paid", &reference, Some(&lost))
        }
        Ok(Some(Err(No::TooLate | No::DecidedOtherwise))) => match bank.find(&order).await {
            Ok(Some(known)) => standing(&bank, &known, lang),
            Ok(None) => message(StatusCode::NOT_FOUND, lang, "unknown", "", None),
            Err(fault) => trouble(&fault, lang),
        },
        Ok(None) => message(StatusCode::NOT_FOUND, lang, "unknown", "", None),
        Err(fault) => trouble(&fault, lang),
    }
}

/// A page with one thing to say: the texts `<name>_title` and `<name>_text`.
fn message(status: StatusCode, lang: Lang, name: &str, reference: &str, known: Option<&Known>) -> Response {
    let told = known.filter(|known| known.state != OrderState::Open).map(|known| match known.told.as_str() {
        "heard" => words("told_heard", lang),
        "refused" => words("told_refused", lang),
        _ => words("told_waiting", lang),
    });
    let back = known.map(|known| known.order.return_to.as_str()).filter(|address| !address.is_empty());
    let here = known.map_or_else(String::new, |known| format!("/orders/{}", known.order.order));
    let page = MessagePage {
        frame: Frame { lang, here },
        title: words(&format!("{name}_title"), lang),
        text: words(&format!("{name}_text"), lang).replace("{reference}", reference),
        told,
        back,
    };
    html(status, &page, "")
}

fn trouble(fault: &Fault, lang: Lang) -> Response {
    tracing::error!(%fault, "a page of the test bank");
    message(StatusCode::SERVICE_UNAVAILABLE, lang, "trouble", "", None)
}

fn html(status: StatusCode, page: &impl Template, return_to: &str) -> Response {
    let body = page.render().expect("our templates write into memory");
    guarded((status, Html(body)).into_response(), return_to)
}

/// Nothing but our own style; forms go here and, by the redirect after them, to the order's way back.
fn guarded(mut response: Response, return_to: &str) -> Response {
    let mut slashes = return_to.match_indices('/').map(|(place, _)| place);
    let origin = slashes.nth(2).map_or(return_to, |end| &return_to[..end]);
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {origin}"
    );
    let headers = response.headers_mut();
    // What a header cannot hold was refused with its order; without the origin the form still works, only not its way back.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
