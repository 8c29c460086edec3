//! Requests for corrections, register by register: a clerk accepts or refuses with a reason, the register decides, the person is
//! told. It may be an official of the agency that holds the register, or the operator, who stands in for a holder without a desk.

use crate::{
    pages::{self, CorrectionLine, CorrectionRegister},
    parts::{Errors, Fact, Facts, Field, Kind, Mood, Note},
    ports::RegisterCard,
    posted::Posted,
    session::Session,
    shell::{Place, Shell, encode},
    texts::Words,
    trouble::{Refusal, Trouble},
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{
    Fault, Id, Lang, Pin, Timestamp,
    dataservice::{AskError, Question, Wording},
};
use host::{audit::Entry, outbox::Notice};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Why the clerk asks, as the registers know it.
const PURPOSE: &str = "data-correction";
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
    reference: Option<&str>,
) -> Result<Result<Json, AskError>, Trouble> {
    let question = Question {
        client: visit.app.country.client.clone(),
        service: register.service(service),
        wording: Wording::Rest,
        body,
        user: Some(visit.person()?.user()),
        case_reference: reference.map(str::to_owned),
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
        let (rows, note) = match ask(visit, register, "openCorrections", json!({}), None).await? {
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
    let body = json!({ "reference": reference, "accept": accept, "reason": reason });
    match ask(&visit, register, "decideCorrection", body, Some(&reference)).await? {
        Ok(body) => {
            // The register names the person: what a form carries could be somebody else.
            let about = body["pin"].as_str().and_then(Pin::parse);
            let about = about.ok_or_else(|| Fault::new("tell of a correction", "the register named nobody"))?;
            tell(&visit, register, &Decided { reference: &reference, about: &about, accept, reason }).await?;
            Ok(visit.go(if accept { "/corrections?done=accepted" } else { "/corrections?done=refused" }))
        }
        Err(AskError::Refused { code, .. }) => Ok(visit.go(&format!("/corrections?problem={}", encode(&code)))),
        Err(AskError::Unreachable(fault)) => Err(fault.into()),
    }
}

struct Decided<'a> {
    reference: &'a str,
    about: &'a Pin,
    accept: bool,
    reason: &'a str,
}

/// One audit entry and one notice of a decision, however often the form is sent: a register answers the same decision the same,
/// so that a clerk whose first attempt broke off after the register's answer may send it again.
async fn tell(visit: &Visit, register: &RegisterCard, decided: &Decided<'_>) -> Result<(), Trouble> {
    let outcome = if decided.accept { "corrections.outcome_accepted" } else { "corrections.outcome_refused" };
    let mut values = std::collections::BTreeMap::from([
        ("reference".to_owned(), decided.reference.to_owned()),
        ("reason".to_owned(), decided.reason.to_owned()),
    ]);
    for lang in Lang::ALL {
        values.insert(format!("register.{lang}"), register.name.in_lang(lang).to_owned());
        values.insert(format!("outcome.{lang}"), Words::of(lang).text(outcome).to_owned());
    }
    let at = visit.app.clock.now();
    let notice = Notice {
        key: format!("correction-decided/{}/{}", register.id, decided.reference),
        person: decided.about.as_str().to_owned(),
        template: "correction-decided".to_owned(),
        values,
        link: Some("/data".to_owned()),
        at,
    };
    let entry = Entry {
        at,
        actor: visit.person()?.user(),
        action: "portal.correction_decided",
        subject: decided.reference.to_owned(),
        detail: json!({ "register": register.id, "accepted": decided.accept }),
    };
    let mut tx = visit.app.store.begin().await?;
    if tx.notice(&notice).await? {
        tx.audit(&entry).await?;
    }
    Ok(tx.commit().await?)
}
