//! Signing with a card or a phone, between the check and the receipt. The card lives behind a page of its own: the browser goes
//! there twice (which card, then the signature over the digest) and posts back; the phone is asked server to server while
//! the browser waits. A ticket, bound to the browser that began, carries the matter through. What is signed and what the
//! signature means is the e-service engine's.

use crate::{
    app::App,
    pages::{self, Progress},
    parts::{Errors, Evidence, Field, Kind},
    ports::PhoneRefusal,
    posted::Posted,
    session::{self, Area},
    shell::{Place, encode},
    trouble::{Refusal, Trouble},
    visit::{Paged, Visit, page as paged, refused},
};
use axum::{
    Form,
    extract::Path,
    response::{IntoResponse, Redirect},
};
use base::{Failure, Fault, Lang, Refusal as _, clock};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use host::args;
use serde::Deserialize;
use services::view::SignRequest;

/// How long a person may take with card or phone.
const TICKET_LIFE_S: i64 = 20 * 60;
const REFRESH_S: u32 = 3;

/// A signature under way.
#[derive(Debug, Clone)]
struct Ticket {
    id: String,
    reference: String,
    request: Option<String>,
    phone: Option<String>,
    session: Option<String>,
    code: Option<String>,
}

impl Ticket {
    fn path(&self, rest: &str) -> String {
        format!("/sign/{}{rest}", self.id)
    }

    /// Where the matter waits when nothing was signed.
    fn home(&self, area: Area) -> String {
        match area {
            Area::Citizen => format!("/apply/{}/check", encode(&self.reference)),
            Area::Office => format!("/cases/{}/confirm", encode(&self.reference)),
        }
    }
}

impl App {
    async fn open_ticket(&self, visit: &Visit, reference: &str) -> Result<Ticket, Trouble> {
        let (id, now) = (self.chance.hex(16), self.clock.now());
        let old = clock::from_micros(now.as_microsecond() - TICKET_LIFE_S * 1_000_000);
        let mut tx = self.store.begin().await?;
        tx.execute("DELETE FROM portal_signing WHERE created_at < $1", &args![old]).await?;
        tx.execute(
            "INSERT INTO portal_signing (ticket, visit_hash, pin, reference, lang, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &args![id.as_str(), session::digest_of(&visit.cookie), &visit.person()?.pin, reference, visit.lang, now],
        )
        .await?;
        tx.commit().await?;
        Ok(Ticket { id, reference: reference.to_owned(), request: None, phone: None, session: None, code: None })
    }

    /// The ticket, if this browser and this person began it and its time is not up.
    async fn ticket(&self, visit: &Visit, id: &str) -> Result<Ticket, Trouble> {
        let old = clock::from_micros(self.clock.now().as_microsecond() - TICKET_LIFE_S * 1_000_000);
        let sql = "SELECT reference, request, phone, session, code FROM portal_signing
                   WHERE ticket = $1 AND visit_hash = $2 AND pin = $3 AND created_at >= $4";
        let arguments = args![id, session::digest_of(&visit.cookie), &visit.person()?.pin, old];
        let row = self.store.query_opt(sql, &arguments).await?.ok_or(Trouble::NotFound)?;
        let text = |column: &str| row.opt_text(column).map(str::to_owned);
        Ok(Ticket {
            id: id.to_owned(),
            reference: row.text("reference").to_owned(),
            request: text("request"),
            phone: text("phone"),
            session: text("session"),
            code: text("code"),
        })
    }

    async fn keep_ticket(&self, ticket: &Ticket) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        tx.execute(
            "UPDATE portal_signing SET request = $1, phone = $2, session = $3, code = $4 WHERE ticket = $5",
            &args![
                ticket.request.clone(),
                ticket.phone.clone(),
                ticket.session.clone(),
                ticket.code.clone(),
                ticket.id.as_str()
            ],
        )
        .await?;
        tx.commit().await
    }
}

/// From the check page: the declaration is made, card or phone chosen.
pub async fn sign_application(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    visit.applicant()?;
    if posted.text("declared") != "yes" {
        return Ok(visit.go(&format!("/apply/{}/check?problem=declared", encode(&reference))));
    }
    begin(&visit, &reference, posted.text("with")).await
}

/// Opens the ticket and sends the browser to the card, or to the page that asks for the phone.
pub(crate) async fn begin(visit: &Visit, reference: &str, with: &str) -> Paged {
    let ticket = visit.app.open_ticket(visit, reference).await?;
    match (with, &visit.app.origins.card) {
        ("phone", _) if visit.app.phones.is_some() => Ok(visit.go(&ticket.path("/phone"))),
        (_, Some(card)) => Ok(to_card(visit, card, "certificate", &ticket, "")),
        _ => Err(Refusal::FormUnreadable.into()),
    }
}

fn to_card(visit: &Visit, card: &str, page: &str, ticket: &Ticket, more: &str) -> axum::response::Response {
    let origin = match visit.area {
        Area::Citizen => &visit.app.origins.portal,
        Area::Office => &visit.app.origins.office,
    };
    let page_back = if page == "sign" { "signature" } else { page };
    let back = format!("{origin}{}", visit.url(&ticket.path(&format!("/{page_back}"))));
    let lang: Lang = visit.lang;
    let address = format!("{card}/{page}?return={}&state={}&lang={lang}{more}", encode(&back), ticket.id);
    Redirect::to(&address).into_response()
}

/// What the card page posts back; `state` is the ticket, which stands in for the token of our own forms.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FromCard {
    state: String,
    certificate: String,
    signature: String,
    error: String,
}

/// The card named its signing certificate: prepare the digest and go back for the signature.
pub async fn certificate(visit: Visit, Path(id): Path<String>, Form(card): Form<FromCard>) -> Paged {
    let mut ticket = visit.app.ticket(&visit, &id).await?;
    if card.state != id {
        return Err(Refusal::Token.into());
    }
    if !card.error.is_empty() {
        return Ok(visit.go(&format!("{}?problem=cancelled", ticket.home(visit.area))));
    }
    let certificate = BASE64.decode(card.certificate.trim()).map_err(|_| Refusal::FormUnreadable)?;
    let asked = match prepare(&visit, &ticket, &certificate).await? {
        Ok(asked) => asked,
        Err(code) => return Ok(visit.go(&format!("{}?problem={code}", ticket.home(visit.area)))),
    };
    ticket.request = Some(asked.request.clone());
    visit.app.keep_ticket(&ticket).await?;
    let address = visit.app.origins.card.as_deref().ok_or(Refusal::FormUnreadable)?;
    // Names of files say what is signed; they hold no personal data.
    let names: Vec<&str> = asked.files.iter().map(|(name, _)| name.as_str()).collect();
    let digest = BASE64.encode(asked.digest);
    let matter = format!("&digest={}&title={}", encode(&digest), encode(&names.join(", ")));
    Ok(to_card(&visit, address, "sign", &ticket, &matter))
}

/// The card has signed.
pub async fn signature(visit: Visit, Path(id): Path<String>, Form(card): Form<FromCard>) -> Paged {
    let ticket = visit.app.ticket(&visit, &id).await?;
    if card.state != id {
        return Err(Refusal::Token.into());
    }
    if !card.error.is_empty() {
        return Ok(visit.go(&format!("{}?problem=cancelled", ticket.home(visit.area))));
    }
    let signature = BASE64.decode(card.signature.trim()).map_err(|_| Refusal::FormUnreadable)?;
    complete(&visit, &ticket, &signature).await
}

/// Asks the engine for the digest; a refusal comes back as its code, for the page that the person came from.
async fn prepare(
    visit: &Visit,
    ticket: &Ticket,
    certificate: &[u8],
) -> Result<Result<SignRequest, &'static str>, Trouble> {
    let engine = &visit.app.services;
    let asked = match visit.area {
        Area::Citizen => engine.sign_request(&visit.applicant()?, &ticket.reference, certificate).await,
        Area::Office => engine.decision_sign_request(&visit.official()?, &ticket.reference, certificate).await,
    };
    match asked {
        Ok(asked) => Ok(Ok(asked)),
        Err(Failure::Refused(refusal)) => Ok(Err(refusal.code())),
        Err(Failure::Failed(fault)) => Err(fault.into()),
    }
}

/// Hands the signature value to the engine and shows what came of it.
async fn complete(visit: &Visit, ticket: &Ticket, signature: &[u8]) -> Paged {
    let request = ticket.request.as_deref().ok_or(Trouble::NotFound)?;
    let (engine, reference) = (&visit.app.services, ticket.reference.as_str());
    let done = match visit.area {
        Area::Citizen => engine.sign_complete(&visit.applicant()?, reference, request, signature).await.map(|_case| ()),
        Area::Office => engine.decision_sign_complete(&visit.official()?, reference, request, signature).await,
    };
    match done {
        Ok(()) => Ok(visit.go(&match visit.area {
            Area::Citizen => format!("/cases/{}/receipt", encode(reference)),
            Area::Office => format!("/cases/{}?done=signed", encode(reference)),
        })),
        Err(Failure::Refused(refusal)) => {
            Ok(visit.go(&format!("{}?problem={}", ticket.home(visit.area), refusal.code())))
        }
        Err(Failure::Failed(fault)) => Err(fault.into()),
    }
}

/// Asks for the number of the phone.
pub async fn phone(visit: Visit, Path(id): Path<String>) -> Paged {
    let ticket = visit.app.ticket(&visit, &id).await?;
    paged(&phone_page(&visit, &ticket, "", None))
}

fn phone_page(visit: &Visit, ticket: &Ticket, typed: &str, problem: Option<&'static str>) -> pages::Step {
    let mut s = visit.at(Place::Elsewhere);
    s.failed = problem.is_some();
    let number = Field::new("phone", s.t("profile.phone"), Kind::Line("tel"));
    let number = number.hint("+994 50 123 45 67").value(typed).autocomplete("tel").width("mid");
    let fields = vec![number.error(problem.map(|code| visit.refusal_text(code)).unwrap_or_default())];
    pages::Step {
        crumbs: crate::parts::Crumbs::default(),
        service: ticket.reference.clone(),
        heading: s.t("sign.phone").into(),
        intro: s.t("sign.what").into(),
        progress: Progress { number: 1, count: 1 },
        errors: Errors::of(s.t("layout.problem"), &fields),
        notes: Vec::new(),
        evidence: Evidence::default(),
        action: s.url(&ticket.path("/phone")),
        hidden: Vec::new(),
        fields,
        upload: false,
        files: Vec::new(),
        go: s.t("action.continue").into(),
        back: Some(s.url(&ticket.home(visit.area))),
        s,
    }
}

fn phone_problem(refusal: PhoneRefusal) -> &'static str {
    match refusal {
        PhoneRefusal::NotANumber => "portal.phone_number",
        PhoneRefusal::NotAClient => "portal.phone_unknown",
        PhoneRefusal::UserCancelled => "portal.phone_cancelled",
        PhoneRefusal::TimedOut => "portal.phone_silent",
    }
}

/// Prepares the digest for the phone's certificate and asks the phone to sign.
pub async fn push(visit: Visit, Path(id): Path<String>, posted: Posted) -> Paged {
    visit.may_try("phone")?;
    let mut ticket = visit.app.ticket(&visit, &id).await?;
    let phones = visit.app.phones.clone().ok_or(Trouble::NotFound)?;
    let (number, pin) = (posted.text("phone").to_owned(), visit.person()?.pin.clone());
    let certificate = match phones.certificate(&number, &pin).await? {
        Ok(certificate) => certificate,
        Err(refusal) => return refused(&phone_page(&visit, &ticket, &number, Some(phone_problem(refusal)))),
    };
    let asked = match prepare(&visit, &ticket, &certificate).await? {
        Ok(asked) => asked,
        Err(code) => return Ok(visit.go(&format!("{}?problem={code}", ticket.home(visit.area)))),
    };
    let (session, code) = match phones.begin(&number, &pin, &asked.digest, visit.lang).await? {
        Ok(begun) => begun,
        Err(refusal) => return refused(&phone_page(&visit, &ticket, &number, Some(phone_problem(refusal)))),
    };
    (ticket.request, ticket.phone) = (Some(asked.request), Some(number));
    (ticket.session, ticket.code) = (Some(session), Some(code));
    visit.app.keep_ticket(&ticket).await?;
    Ok(visit.go(&ticket.path("")))
}

/// Waits for the phone; the page asks again by itself.
pub async fn wait(visit: Visit, Path(id): Path<String>) -> Paged {
    let ticket = visit.app.ticket(&visit, &id).await?;
    let (Some(phones), Some(session)) = (&visit.app.phones, &ticket.session) else {
        return Ok(visit.go(&ticket.home(visit.area)));
    };
    match phones.poll(session).await? {
        Ok(Some(signature)) => complete(&visit, &ticket, &signature).await,
        Ok(None) => {
            let mut s = visit.at(Place::Elsewhere);
            s.refresh_s = Some(REFRESH_S);
            paged(&pages::Waiting {
                heading: s.t("sign.waiting_title").into(),
                text: s.t("sign.waiting").into(),
                code: ticket.code.clone().unwrap_or_default(),
                check: s.url(&ticket.path("")),
                cancel: Some(s.url(&ticket.home(visit.area))),
                s,
            })
        }
        Err(refusal) => Ok(visit.go(&format!("{}?problem={}", ticket.home(visit.area), phone_problem(refusal)))),
    }
}
