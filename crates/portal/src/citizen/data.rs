//! "My data": what the registers hold about the person, who looked at it, and how to have a mistake corrected. The portal asks
//! each register over the exchange, like any agency must.

use crate::{
    pages::{self, AccessLine, RegisterPart},
    parts::{Choice, Crumbs, Errors, Evidence, EvidenceRow, Field, Kind, Mood, Note},
    ports::RegisterCard,
    posted::Posted,
    shell::{Place, Shell, encode},
    trouble::{Refusal, Trouble},
    visit::{Paged, Visit, page as paged, refused},
};
use axum::{
    extract::{Path, Query},
    response::IntoResponse,
};
use base::{
    Fault, Id, Lang, Timestamp,
    dataservice::{AskError, Question, Wording},
};
use futures_util::future::join_all;
use http::header;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Why the portal asks in the person's name, as the registers know it.
const PURPOSE: &str = "own-data";
/// Looks shown on one page.
const LOOKS_MAX: usize = 200;

/// One question to one register about the person who is logged in.
async fn ask(
    visit: &Visit,
    register: &RegisterCard,
    service: &str,
    mut body: Json,
) -> Result<Result<Json, AskError>, Trouble> {
    let person = visit.person()?;
    body["pin"] = person.pin.as_str().into();
    let question = Question {
        client: visit.app.country.client.clone(),
        service: register.service(service),
        wording: Wording::Rest,
        body,
        user: Some(person.user()),
        case_reference: None,
        purpose: PURPOSE.to_owned(),
        message_id: Id::new(visit.app.clock.now(), &*visit.app.chance).to_string(),
    };
    Ok(visit.app.registers.ask(question).await.map(|answer| answer.body))
}

/// The same question to each of these registers, all under way at once: a page takes as long as the slowest of them.
async fn ask_all<'a>(
    visit: &Visit,
    registers: impl Iterator<Item = &'a RegisterCard>,
    service: &str,
) -> Result<Vec<(&'a RegisterCard, Result<Json, AskError>)>, Trouble> {
    let asked = registers.map(async |register| Ok((register, ask(visit, register, service, json!({})).await?)));
    join_all(asked).await.into_iter().collect()
}

/// The text of a field in the reader's language (`fieldsAz`), else as the register wrote it (`fields`).
fn text(row: &Json, field: &str, lang: Lang) -> String {
    let suffix = match lang {
        Lang::Az => "Az",
        Lang::En => "En",
        Lang::Ru => "Ru",
    };
    let localized = row[format!("{field}{suffix}")].as_str().filter(|text| !text.is_empty());
    localized.or(row[field].as_str()).unwrap_or_default().to_owned()
}

/// A value as the person should read it, by the type that the register names.
fn shown(s: &Shell, row: &Json, value: String) -> String {
    match row["type"].as_str().unwrap_or_default() {
        "date" => value.parse().map_or(value, |day| s.day(day)),
        "bool" if value == "true" => s.t("step.yes").to_owned(),
        "bool" if value == "false" => s.t("step.no").to_owned(),
        "money" => value
            .parse::<i64>()
            .map(base::Money::from_qepik)
            .ok()
            .or_else(|| base::Money::parse_decimal(&value))
            .map_or(value, |amount| amount.display(s.lang)),
        // A register's code may be a month; any other is left as it is.
        "code" => s.month(&value),
        _ => value,
    }
}

fn since(s: &Shell, text: &str) -> String {
    let day = text.parse::<Timestamp>().map(|at| s.date_of(at)).or_else(|_| text.parse::<base::Date>());
    day.map(|day| s.f("data.since", &[("date", &s.day(day))])).unwrap_or_default()
}

fn evidence_row(s: &Shell, register: &RegisterCard, row: &Json) -> EvidenceRow {
    let correctable = row["correctable"].as_bool().unwrap_or(false);
    let field = row["field"].as_str().unwrap_or_default();
    let mut from = since(s, row["since"].as_str().unwrap_or_default());
    if row["disputed"].as_bool().unwrap_or(false) {
        from = format!("{from} · {}", s.t("evidence.disputed"));
    }
    if let Some(previous) = row["previous"].as_str() {
        from = format!("{from} · {}: {}", s.t("data.previous"), shown(s, row, previous.to_owned()));
    }
    EvidenceRow {
        name: text(row, "label", s.lang),
        value: shown(s, row, text(row, "value", s.lang)),
        from,
        waiting: String::new(),
        wrong: correctable.then(|| {
            let href = s.url(&format!("/data/correction/{}/{}", encode(&register.id), encode(field)));
            (href, s.t("data.wrong").to_owned())
        }),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// Reference of a correction request that was just sent.
    sent: Option<String>,
}

pub async fn page(visit: Visit, Query(came): Query<Came>) -> Paged {
    visit.person()?;
    let s = visit.at(Place::MyData);
    let mut registers = Vec::new();
    for (register, answer) in ask_all(&visit, visit.app.country.registers.iter(), "recordOf").await? {
        let (rows, note) = match answer {
            Ok(body) => {
                let rows = body["rows"].as_array().cloned().unwrap_or_default();
                let none = rows.is_empty().then(|| s.note(Mood::Plain, "data.nothing_title", "data.nothing"));
                (rows, none)
            }
            Err(AskError::Refused { code, .. }) => {
                tracing::info!(register = register.id, code, "a register refused its own record");
                (Vec::new(), Some(s.note(Mood::Plain, "data.nothing_title", "data.nothing")))
            }
            Err(AskError::Unreachable(fault)) => (Vec::new(), Some(silent(&s, register, &fault))),
        };
        registers.push(RegisterPart {
            id: register.id.clone(),
            name: register.name.in_lang(visit.lang).to_owned(),
            holder: register.holder.in_lang(visit.lang).to_owned(),
            note,
            evidence: Evidence { rows: rows.iter().map(|row| evidence_row(&s, register, row)).collect() },
            who: s.url(&format!("/data/who?register={}", encode(&register.id))),
        });
    }
    let sent = came.sent.filter(|reference| Id::parse(reference).is_some()).map(|reference| Note {
        mood: Mood::Good,
        title: String::new(),
        text: s.f("correction.sent", &[("reference", &reference)]),
        link: None,
    });
    paged(&pages::Data { notes: sent.into_iter().collect(), registers, s })
}

fn silent(s: &Shell, register: &RegisterCard, fault: &Fault) -> Note {
    tracing::warn!(register = register.id, attempt = fault.attempt, cause = fault.cause, "a register is silent");
    s.note(Mood::Warn, "data.silent_title", "data.silent")
}

#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    register: Option<String>,
}

/// Who looked, newest first, over all registers or one.
pub async fn who(visit: Visit, Query(filter): Query<Filter>) -> Paged {
    visit.person()?;
    let s = visit.at(Place::MyData);
    let chosen = filter.register.filter(|id| visit.app.country.register(id).is_some());
    let (mut looks, mut notes) = (Vec::new(), Vec::new());
    let wanted = |register: &&RegisterCard| chosen.as_ref().is_none_or(|id| *id == register.id);
    for (register, answer) in ask_all(&visit, visit.app.country.registers.iter().filter(wanted), "accessLog").await? {
        match answer {
            Ok(body) => {
                let rows = body["rows"].as_array().cloned().unwrap_or_default();
                looks.extend(rows.into_iter().map(|row| (register, row)));
            }
            Err(AskError::Refused { code, .. }) => {
                tracing::info!(register = register.id, code, "a register refused its access log");
            }
            Err(AskError::Unreachable(fault)) => {
                tracing::warn!(register = register.id, cause = fault.cause, "a register is silent");
                let text = s.f("who.silent", &[("register", register.name.in_lang(visit.lang))]);
                notes.push(Note { mood: Mood::Warn, title: String::new(), text, link: None });
            }
        }
    }
    looks.sort_by(|(_, one), (_, other)| other["at"].as_str().cmp(&one["at"].as_str()));
    let found = looks.len();
    let (own, others): (Vec<_>, Vec<_>) = looks.iter().take(LOOKS_MAX).partition(|(_, row)| is_own(&visit, row));
    let lines = |looks: Vec<&(&RegisterCard, Json)>| -> Vec<AccessLine> {
        looks.into_iter().map(|(register, row)| look(&visit, &s, register, row)).collect()
    };
    let (rows, own) = (lines(others), lines(own));
    let choice = |value: &str, label: &str| Choice {
        value: value.into(),
        label: label.into(),
        hint: String::new(),
        chosen: chosen.as_deref().unwrap_or_default() == value,
    };
    let mut choices = vec![choice("", s.t("who.all"))];
    let registers = visit.app.country.registers.iter();
    choices.extend(registers.map(|register| choice(&register.id, register.name.in_lang(visit.lang))));
    paged(&pages::WhoLooked {
        notes,
        filter: Field::new("register", s.t("who.register"), Kind::Select(choices)).width("mid"),
        found: s.f("who.found", &[("count", &found.to_string())]),
        rows,
        own_title: s.f("who.own", &[("count", &own.len().to_string())]),
        own,
        s,
    })
}

/// The person looking at their own data through the portal: shown too, but apart from what others did.
fn is_own(visit: &Visit, row: &Json) -> bool {
    let own = visit.session.as_ref().is_some_and(|session| row["readerUser"] == session.user().as_str());
    own && row["purpose"] == PURPOSE
}

fn look(visit: &Visit, s: &Shell, register: &RegisterCard, row: &Json) -> AccessLine {
    let member = row["readerMember"].as_str().unwrap_or_default();
    // `AZ/GOV/10002` or its code alone.
    let code = member.rsplit('/').next().unwrap_or_default();
    let name = visit.app.country.member(code).map_or(member, |name| name.in_lang(visit.lang));
    let reader = if is_own(visit, row) { format!("{name} ({})", s.t("who.you")) } else { name.to_owned() };
    let at = row["at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let law = text(row, "legalBasis", s.lang);
    let purpose = text(row, "purpose", s.lang);
    AccessLine {
        id: row["id"].as_str().unwrap_or_default().to_owned(),
        register_id: register.id.clone(),
        when: at.map(|at| s.second(at)).unwrap_or_default(),
        reader,
        register: register.name.in_lang(visit.lang).to_owned(),
        fields: text(row, "fields", s.lang),
        why: if law.is_empty() { purpose } else { format!("{purpose}. {law}") },
        case: row["caseReference"].as_str().unwrap_or_default().to_owned(),
    }
}

/// The proof of one look, as a file that can be checked offline.
pub async fn proof(visit: Visit, posted: Posted) -> Paged {
    visit.person()?;
    let register = visit.app.country.register(posted.text("register")).ok_or(Trouble::NotFound)?;
    match ask(&visit, register, "accessProof", json!({ "id": posted.text("id") })).await? {
        Ok(body) => {
            let name = format!(
                "attachment; filename=\"proof-{}-{}.json\"",
                register.id,
                posted.text("id").get(..8).unwrap_or("x")
            );
            let text = serde_json::to_string_pretty(&body).map_err(|error| Fault::new("write a proof", error))?;
            let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, text).into_response())
        }
        Err(AskError::Refused { .. }) => Err(Refusal::RegisterRefused.into()),
        Err(AskError::Unreachable(fault)) => Err(fault.into()),
    }
}

/// What is asked of somebody who says that a value is wrong.
pub fn correction_fields(s: &Shell, claimed: &str, reason: &str, sent: bool) -> Vec<Field> {
    let needed = |empty: bool, key: &'static str| if sent && empty { key } else { "" };
    vec![
        Field::new("claimed", s.t("correction.claimed"), Kind::Line("text"))
            .value(claimed)
            .error(needed(claimed.is_empty(), s.t("correction.need_value"))),
        Field::new("reason", s.t("correction.reason"), Kind::Area)
            .hint(s.t("correction.reason_hint"))
            .value(reason)
            .error(needed(reason.is_empty(), s.t("correction.need_reason"))),
    ]
}

async fn correction_page(
    visit: &Visit,
    register: &RegisterCard,
    field: &str,
    fields: Vec<Field>,
) -> Result<pages::Correction, Trouble> {
    let mut s = visit.at(Place::MyData);
    let body = match ask(visit, register, "recordOf", json!({})).await? {
        Ok(body) => body,
        Err(AskError::Refused { .. }) => return Err(Refusal::RegisterRefused.into()),
        Err(AskError::Unreachable(fault)) => return Err(fault.into()),
    };
    let rows = body["rows"].as_array().into_iter().flatten();
    let mut rows: Vec<EvidenceRow> =
        rows.filter(|row| row["field"] == field).map(|row| evidence_row(&s, register, row)).collect();
    rows.iter_mut().for_each(|row| row.wrong = None);
    if rows.is_empty() {
        return Err(Trouble::NotFound);
    }
    let errors = Errors::of(s.t("layout.problem"), &fields);
    s.failed = !errors.is_empty();
    Ok(pages::Correction {
        crumbs: Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/data"), s.t("nav.data").into())] },
        errors,
        holder: register.holder.in_lang(visit.lang).to_owned(),
        action: s.url(&format!("/data/correction/{}/{}", encode(&register.id), encode(field))),
        evidence: Evidence { rows },
        fields,
        s,
    })
}

pub async fn correction(visit: Visit, Path((register, field)): Path<(String, String)>) -> Paged {
    visit.person()?;
    let register = visit.app.country.register(&register).ok_or(Trouble::NotFound)?;
    let fields = correction_fields(&visit.shell(), "", "", false);
    paged(&correction_page(&visit, register, &field, fields).await?)
}

pub async fn send_correction(visit: Visit, Path((register, field)): Path<(String, String)>, posted: Posted) -> Paged {
    visit.person()?;
    let register = visit.app.country.register(&register).ok_or(Trouble::NotFound)?;
    let (claimed, reason) = (posted.text("claimed"), posted.text("reason"));
    if claimed.is_empty() || reason.is_empty() {
        let fields = correction_fields(&visit.shell(), claimed, reason, true);
        return refused(&correction_page(&visit, register, &field, fields).await?);
    }
    let body = json!({ "field": field, "claimedValue": claimed, "reason": reason });
    match ask(&visit, register, "requestCorrection", body).await? {
        Ok(body) => {
            let reference = body["reference"].as_str().unwrap_or_default().to_owned();
            Ok(visit.go(&format!("/data?sent={}", encode(&reference))))
        }
        // The register's own words name the field and the rule; ours say where to look.
        Err(AskError::Refused { code, .. }) => {
            let mut fields = correction_fields(&visit.shell(), claimed, reason, false);
            let known = visit.words(&format!("refusal.{code}"), "");
            let words = if known.is_empty() { visit.refusal_text("portal.register_refused") } else { known };
            fields.iter_mut().take(1).for_each(|field| field.error.clone_from(&words));
            refused(&correction_page(&visit, register, &field, fields).await?)
        }
        Err(AskError::Unreachable(fault)) => Err(fault.into()),
    }
}
