//! Requests for corrections, register by register: a clerk accepts or refuses with a reason, the register decides, the person is
//! told (`deciding`). It may be an official of the agency that holds the register, or the operator, who stands in for a holder without a desk.

use super::deciding::Taken;
use crate::{
    pages::{self, CorrectionLine, CorrectionRegister},
    parts::{Errors, Fact, Facts, Field, Kind, Mood, Note},
    ports::RegisterCard,
    posted::Posted,
    session::Session,
    shell::{Place, Shell, encode},
    trouble::{Refusal, Trouble},
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{
    Id, Timestamp,
    dataservice::{AskError, Question, Wording},
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Why the clerk asks, as the registers know it.
pub(super) const PURPOSE: &str = "data-correction";
/// The registers take no longer reason.
const REASON_CHARS_MAX: usize = 1000;

fn clerk(visit: &Visit) -> Result<&Session, Trouble> {
    let person = visit.person()?;
    let holds = person.is_operator() || person.official().is_some();
    if holds { Ok(person) } else { Err(Refusal::NotOfficial.into()) }
}

fn may(person: &Session, register: &RegisterCard) -> bool {
    let holder = register.member();
    let official = |office: &identity::Office| office.role == "official" && office.agency == holder;
    person.is_operator() || person.offices.iter().any(official)
}

async fn ask(
    visit: &Visit,
    register: &RegisterCard,
    service: &str,
    body: Json,
) -> Result<Result<Json, AskError>, Trouble> {
    let question = Question {
        client: visit.app.country.client.clone(),
        service: register.service(service),
        wording: Wording::Rest,
        body,
        user: Some(visit.person()?.user()),
        case_reference: None,
        purpose: PURPOSE.to_owned(),
        message_id: Id::new(visit.app.clock.now(), &*visit.app.chance).to_string(),
    };
    Ok(visit.app.registers.ask(question).await.map(|answer| answer.body))
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    done: Option<String>,
    problem: Option<String>,
}

pub async fn page(visit: Visit, Query(came): Query<Came>) -> Paged {
    let mut page = view(&visit, None).await?;
    let done = match came.done.as_deref() {
        Some("accepted") => Some((Mood::Good, page.s.t("corrections.accepted").to_owned())),
        Some("refused") => Some((Mood::Good, page.s.t("corrections.refused").to_owned())),
        Some("later") => Some((Mood::Warn, page.s.t("corrections.later").to_owned())),
        _ => came.problem.map(|code| (Mood::Bad, visit.refusal_text(&code))),
    };
    page.notes.extend(done.map(|(mood, text)| Note { mood, title: String::new(), text, link: None }));
    paged(&page)
}

/// A decision whose reason was not taken.
struct Wrong<'a> {
    reference: &'a str,
    reason: &'a str,
    words: &'static str,
}

async fn view(visit: &Visit, wrong: Option<Wrong<'_>>) -> Result<pages::Corrections, Trouble> {
    let person = clerk(visit)?;
    let mut s = visit.at(Place::Corrections);
    let mut registers = Vec::new();
    for register in visit.app.country.registers.iter().filter(|register| may(person, register)) {
        let (rows, note) = match ask(visit, register, "openCorrections", json!({})).await? {
            Ok(body) => {
                let rows = body["rows"].as_array().cloned().unwrap_or_default();
                let none = rows.is_empty().then(|| s.note(Mood::Plain, "corrections.none_title", "corrections.none"));
                (rows, none)
            }
            Err(error) => {
                tracing::warn!(register = register.id, ?error, "a register gave no list of corrections");
                (Vec::new(), Some(s.note(Mood::Warn, "data.silent_title", "corrections.silent")))
            }
        };
        registers.push(CorrectionRegister {
            id: register.id.clone(),
            name: register.name.in_lang(visit.lang).to_owned(),
            note,
            rows: rows.iter().map(|row| line(&s, register, row, wrong.as_ref())).collect(),
        });
    }
    let none = registers.is_empty().then(|| s.note(Mood::Plain, "corrections.nowhere_title", "corrections.nowhere"));
    let fields: Vec<Field> =
        registers.iter().flat_map(|register| &register.rows).map(|row| row.reason.clone()).collect();
    let errors = Errors::of(s.t("layout.problem"), &fields);
    s.failed = !errors.is_empty();
    Ok(pages::Corrections { errors, notes: none.into_iter().collect(), registers, s })
}

/// The name of the reason's field: every request on the page has one of its own.
fn reason_of(reference: &str) -> String {
    format!("reason-{reference}")
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn line(s: &Shell, register: &RegisterCard, row: &Json, wrong: Option<&Wrong<'_>>) -> CorrectionLine {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let reference = text("reference");
    let asked = row["requestedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let mut reason =
        Field::new(reason_of(&reference), s.t("corrections.reason"), Kind::Area).hint(s.t("corrections.reason_hint"));
    if let Some(wrong) = wrong.filter(|wrong| wrong.reference == reference) {
        reason = reason.value(wrong.reason).error(wrong.words);
    }
    CorrectionLine {
        facts: Facts {
            rows: vec![
                Fact::new(s.t("corrections.person"), text("pin")),
                Fact::new(s.t("corrections.old"), plain(&row["oldValue"])),
                Fact::new(s.t("corrections.claimed"), plain(&row["claimedValue"])),
                Fact::new(s.t("corrections.why"), text("reason")),
                Fact::new(s.t("corrections.asked"), asked.map(|at| s.moment(at)).unwrap_or_default()),
            ],
        },
        field: text("field"),
        action: s.url(&format!("/corrections/{}/{}", encode(&register.id), encode(&reference))),
        reason,
    }
}

pub async fn decide(visit: Visit, Path((register, reference)): Path<(String, String)>, posted: Posted) -> Paged {
    let person = clerk(&visit)?;
    let register = visit.app.country.register(&register).ok_or(Trouble::NotFound)?;
    if !may(person, register) {
        return Err(Refusal::NotOfficial.into());
    }
    let accept = match posted.text("do") {
        "accept" => true,
        "refuse" => false,
        _ => return Err(Refusal::FormUnreadable.into()),
    };
    let reason = posted.text(&reason_of(&reference));
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let words = visit.shell().t("corrections.need_reason");
        return refused(&view(&visit, Some(Wrong { reference: &reference, reason, words })).await?);
    }
    match visit.app.decide_correction(register, &reference, accept, reason, person.user()).await? {
        Taken::Told => Ok(visit.go(if accept { "/corrections?done=accepted" } else { "/corrections?done=refused" })),
        Taken::Refused { code } => Ok(visit.go(&format!("/corrections?problem={}", encode(&code)))),
        Taken::Later => Ok(visit.go("/corrections?done=later")),
    }
}
