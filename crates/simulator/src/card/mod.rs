//! The card page: somebody asks for a log-in, a certificate or a signature; the person chooses whose card lies in the reader,
//! types the code, and the answer goes back by a plain form.

mod request;

use crate::{
    code::{self, Entered},
    devices::Devices,
    pages::{self, Stop},
    people::{Device, Person},
    refusal::Refusal,
};
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection},
    response::Response,
};
use base::{Fault, Lang};
use host::args;
use http::HeaderMap;
pub use request::{Answer, Kind, Request};
use std::sync::Arc;

type Pairs = Vec<(String, String)>;
type Posted = Result<Form<Pairs>, FormRejection>;

pub async fn login(State(devices): State<Arc<Devices>>, form: Posted) -> Response {
    devices.card_asked(Kind::Login, form.map(|Form(pairs)| pairs).unwrap_or_default()).await
}

pub async fn certificate(State(devices): State<Arc<Devices>>, form: Posted) -> Response {
    devices.card_asked(Kind::Certificate, form.map(|Form(pairs)| pairs).unwrap_or_default()).await
}

pub async fn certificate_link(State(devices): State<Arc<Devices>>, Query(pairs): Query<Pairs>) -> Response {
    devices.card_asked(Kind::Certificate, pairs).await
}

pub async fn sign(State(devices): State<Arc<Devices>>, form: Posted) -> Response {
    devices.card_asked(Kind::Sign, form.map(|Form(pairs)| pairs).unwrap_or_default()).await
}

pub async fn sign_link(State(devices): State<Arc<Devices>>, Query(pairs): Query<Pairs>) -> Response {
    devices.card_asked(Kind::Sign, pairs).await
}

pub async fn show(
    State(devices): State<Arc<Devices>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(shown): Query<pages::Shown>,
) -> Response {
    let result = devices.show_card(&id, shown.lang(), None).await;
    pages::respond(shown.lang().unwrap_or_else(|| pages::accepted_lang(&headers)), result)
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Typed {
    person: String,
    code: String,
    lang: String,
}

pub async fn answer(
    State(devices): State<Arc<Devices>>,
    Path(id): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = form.map(|Form(typed)| typed).unwrap_or_default();
    let lang = Lang::parse(&typed.lang);
    pages::respond(lang.unwrap_or_default(), devices.card_typed(&id, &typed, lang).await)
}

pub async fn unblock(
    State(devices): State<Arc<Devices>>,
    Path(id): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = form.map(|Form(typed)| typed).unwrap_or_default();
    let lang = Lang::parse(&typed.lang);
    pages::respond(lang.unwrap_or_default(), devices.card_unblocked(&id, &typed, lang).await)
}

/// What the page says about the code that was just typed.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    pub person: &'a Person,
    pub entered: Entered,
}

impl Devices {
    async fn card_asked(&self, kind: Kind, pairs: Pairs) -> Response {
        let lang = pairs.iter().find(|(name, _)| name == "lang").and_then(|(_, lang)| Lang::parse(lang));
        let result = match request::read(kind, &pairs, &self.settings.origins) {
            Ok(request) => self.card_request_kept(&request).await,
            Err(refusal) => Err(Stop::Refused(refusal)),
        };
        pages::respond(lang.unwrap_or_default(), result)
    }

    async fn card_request_kept(&self, request: &Request) -> Result<Response, Stop> {
        let id = self.id();
        let mut tx = self.store.begin().await?;
        tx.execute(
            "INSERT INTO simulator_card_request (id, request, created_at) VALUES ($1, $2, $3)",
            &args![&id, json(request), self.now()],
        )
        .await?;
        tx.commit().await?;
        Ok(pages::see_other(&format!("/card/{id}")))
    }

    async fn card_request(&self, id: &str) -> Result<(Request, Option<Answer>), Stop> {
        let row = self
            .store
            .query_opt("SELECT request, answer FROM simulator_card_request WHERE id = $1", &args![id])
            .await?;
        let row = row.ok_or(Stop::Refused(Refusal::Unknown))?;
        let unreadable = |error| Fault::new("read a request to a card", error);
        let request = serde_json::from_str(row.text("request")).map_err(unreadable)?;
        let answer = row.opt_text("answer").map(serde_json::from_str).transpose().map_err(unreadable)?;
        Ok((request, answer))
    }

    async fn show_card(&self, id: &str, lang: Option<Lang>, tried: Option<Tried<'_>>) -> Result<Response, Stop> {
        let (request, answer) = self.card_request(id).await?;
        let lang = lang.unwrap_or(request.lang);
        match answer {
            Some(answer) => pages::card_done(lang, id, &request, &answer),
            None => pages::card(lang, id, &request, self.people.all(), tried),
        }
    }

    async fn card_typed(&self, id: &str, typed: &Typed, lang: Option<Lang>) -> Result<Response, Stop> {
        let (request, answered) = self.card_request(id).await?;
        if answered.is_some() {
            return self.show_card(id, lang, None).await;
        }
        let person = self.people.by_pin(&typed.person).ok_or(Stop::Refused(Refusal::Unknown))?;
        if let Some(purpose) = request.kind.code() {
            let entered = code::enter(&self.store, person, Device::Card, purpose, &typed.code).await?;
            if entered != Entered::Right {
                return self.show_card(id, lang, Some(Tried { person, entered })).await;
            }
        }
        let chip = self.people.chip(person, Device::Card, request.kind.purpose());
        let answer = request.answered_by(chip)?;
        let mut tx = self.store.begin().await?;
        tx.execute(
            "UPDATE simulator_card_request SET answer = $1 WHERE id = $2 AND answer IS NULL",
            &args![json(&answer), id],
        )
        .await?;
        tx.commit().await?;
        self.show_card(id, lang, None).await
    }

    async fn card_unblocked(&self, id: &str, typed: &Typed, lang: Option<Lang>) -> Result<Response, Stop> {
        let person = self.people.by_pin(&typed.person).ok_or(Stop::Refused(Refusal::Unknown))?;
        code::unblock(&self.store, person, Device::Card).await?;
        let lang = lang.map(|lang| format!("?lang={lang}")).unwrap_or_default();
        Ok(pages::see_other(&format!("/card/{id}{lang}")))
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("types of ours with text keys are always JSON")
}
