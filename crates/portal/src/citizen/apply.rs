//! An application from its first page to the signature: one thing a page, every answer kept, a check of all before signing.

use crate::{
    evidence,
    pages::{self, FileLine, Progress},
    parts::{Choice, Crumbs, Errors, Evidence, Fact, Facts, Field, Kind, Mood, Note},
    posted::{Posted, Upload},
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{Failure, Refusal as _};
use serde::Deserialize;
use services::{
    FieldProblem, Refusal,
    case::State,
    form::Kind as Asked,
    view::{FieldView, Next, Page, Section},
};
use std::collections::BTreeMap;

/// Opens the application, or the one that is already open, and goes to its first page.
pub async fn start(visit: Visit, Path(id): Path<String>) -> Paged {
    let who = visit.applicant()?;
    match visit.app.services.start(&who, &id).await {
        Ok(reference) => Ok(visit.go(&format!("/apply/{}", encode(&reference)))),
        Err(Failure::Refused(Refusal::AlreadyOpen { reference })) => {
            Ok(visit.go(&format!("/cases/{}", encode(&reference))))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Back to where the person left off: the first page that lacks an answer, or the check.
pub async fn resume(visit: Visit, Path(reference): Path<String>) -> Paged {
    let who = visit.applicant()?;
    let summary = visit.app.services.summary(&who, &reference).await?;
    if summary.missing.is_empty() {
        return Ok(visit.go(&format!("/apply/{}/check", encode(&reference))));
    }
    let page = visit.app.services.page(&who, &reference, None).await?;
    Ok(visit.go(&step_path(&reference, &page.step)))
}

fn step_path(reference: &str, step: &str) -> String {
    format!("/apply/{}/step/{}", encode(reference), encode(step))
}

pub async fn step(visit: Visit, Path((reference, step)): Path<(String, String)>) -> Paged {
    let who = visit.applicant()?;
    match visit.app.services.page(&who, &reference, Some(&step)).await {
        Ok(page) => paged(&view(&visit, &page, &BTreeMap::new(), &[])),
        // Frozen for a signature that was not made: opening a page for a change thaws it.
        Err(Failure::Refused(Refusal::NotNow { state: State::ToSign })) => {
            visit.app.services.reopen(&who, &reference).await?;
            Ok(visit.go(&step_path(&reference, &step)))
        }
        // Signed in another tab meanwhile: the case says where it is.
        Err(Failure::Refused(Refusal::NotNow { .. })) => Ok(visit.go(&format!("/cases/{}", encode(&reference)))),
        Err(failure) => Err(failure.into()),
    }
}

/// Takes what was typed and uploaded; goes on only when all of the page stands.
pub async fn save(visit: Visit, Path((reference, step)): Path<(String, String)>, mut posted: Posted) -> Paged {
    let who = visit.applicant()?;
    let engine = &visit.app.services;
    let here = step_path(&reference, &step);
    if !posted.text("remove").is_empty() {
        engine.detach(&who, &reference, posted.text("remove")).await?;
        return Ok(visit.go(&here));
    }
    let mut problems = Vec::new();
    for Upload { field, name, content } in std::mem::take(&mut posted.uploads) {
        match engine.attach(&who, &reference, &field, &name, content).await {
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => problems.push(FieldProblem::new(&field, refusal.code())),
            Err(Failure::Failed(fault)) => return Err(fault.into()),
        }
    }
    if posted.text("do") == "upload" && problems.is_empty() {
        return Ok(visit.go(&here));
    }
    match engine.answer(&who, &reference, &step, posted.fields()).await {
        Ok(next) if problems.is_empty() => Ok(match next {
            Next::Step(next) => visit.go(&step_path(&reference, &next)),
            Next::Summary => visit.go(&format!("/apply/{}/check", encode(&reference))),
        }),
        Ok(_) => again(&visit, &who, &reference, &step, &posted, &problems).await,
        Err(Failure::Refused(Refusal::Invalid(more))) => {
            problems.extend(more);
            again(&visit, &who, &reference, &step, &posted, &problems).await
        }
        Err(Failure::Refused(Refusal::NotNow { .. })) => Ok(visit.go(&format!("/cases/{}", encode(&reference)))),
        Err(failure) => Err(failure.into()),
    }
}

async fn again(
    visit: &Visit,
    who: &services::view::Applicant,
    reference: &str,
    step: &str,
    posted: &Posted,
    problems: &[FieldProblem],
) -> Paged {
    let page = visit.app.services.page(who, reference, Some(step)).await?;
    refused(&view(visit, &page, posted.fields(), problems))
}

fn view(visit: &Visit, page: &Page, typed: &BTreeMap<String, String>, problems: &[FieldProblem]) -> pages::Step {
    let mut s = visit.at(Place::Cases);
    s.failed = !problems.is_empty();
    let dispute = format!("/cases/{}/dispute", encode(&page.reference));
    let rows = page.evidence.iter().flat_map(|view| evidence::rows(&s, view, Some(&dispute))).collect();
    let field = |view: &FieldView| {
        let problem = problems.iter().find(|problem| problem.field == view.field.id);
        field(visit, &s, view, typed.get(&view.field.id), problem)
    };
    let fields: Vec<Field> = page.fields.iter().map(field).collect();
    let upload = page.fields.iter().any(|view| matches!(view.field.kind, Asked::File { .. }));
    pages::Step {
        crumbs: crumbs(&s),
        service: page.service_title.in_lang(visit.lang).to_owned(),
        heading: page.title.in_lang(visit.lang).to_owned(),
        intro: page.hint.as_ref().map(|hint| hint.in_lang(visit.lang).to_owned()).unwrap_or_default(),
        progress: Progress { number: page.number, count: page.count + 1 },
        errors: Errors::of(s.t("layout.problem"), &fields),
        notes: Vec::new(),
        evidence: Evidence { rows },
        action: s.url(&step_path(&page.reference, &page.step)),
        hidden: Vec::new(),
        fields,
        upload,
        files: page.fields.iter().flat_map(|view| &view.files).map(|file| file_line(&s, file)).collect(),
        go: s.t("action.continue").into(),
        back: page.previous.as_ref().map(|step| s.url(&step_path(&page.reference, step))),
        s,
    }
}

fn file_line(s: &Shell, file: &services::view::FileView) -> FileLine {
    let size = s.f("step.size_kb", &[("size", &s.count(i64::try_from(file.size_bytes / 1024).unwrap_or(0).max(1)))]);
    FileLine { id: file.id.clone(), name: file.name.clone(), size }
}

pub fn crumbs(s: &Shell) -> Crumbs {
    Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/cases"), s.t("nav.cases").into())] }
}

fn field(visit: &Visit, s: &Shell, view: &FieldView, typed: Option<&String>, problem: Option<&FieldProblem>) -> Field {
    let asked = &view.field;
    let lang = visit.lang;
    let value = typed.cloned().unwrap_or_else(|| shown(&asked.kind, &view.value));
    let choice = |value_of: &str, label: &str, hint: &str| Choice {
        value: value_of.into(),
        label: label.into(),
        hint: hint.into(),
        chosen: value == value_of,
    };
    let mut hint = asked.hint.as_ref().map(|hint| hint.in_lang(lang).to_owned()).unwrap_or_default();
    let (kind, width, autocomplete) = match &asked.kind {
        Asked::Text { .. } => (Kind::Line("text"), "", ""),
        Asked::Longtext { .. } => (Kind::Area, "", ""),
        Asked::Number { .. } | Asked::Money { .. } => (Kind::Line("text"), "mid", ""),
        Asked::Phone => (Kind::Line("tel"), "mid", "tel"),
        Asked::Email => (Kind::Line("email"), "", "email"),
        Asked::Yesno => {
            (Kind::Radio(vec![choice("yes", s.t("step.yes"), ""), choice("no", s.t("step.no"), "")]), "", "")
        }
        Asked::Choice { options } => {
            let option = |option: &services::form::ChoiceOption| {
                let hint = option.hint.as_ref().map_or("", |hint| hint.in_lang(lang));
                choice(&option.value, option.label.in_lang(lang), hint)
            };
            (Kind::Radio(options.iter().map(option).collect()), "", "")
        }
        Asked::Date { .. } => {
            hint = [hint.as_str(), s.t("step.date_hint")].join(" ").trim().to_owned();
            (Kind::Line("text"), "mid", "")
        }
        Asked::File { accept, size_bytes_max, .. } => {
            // The service's own hint says its limits in its own words.
            if hint.is_empty() {
                let kinds: Vec<String> = accept.iter().map(|kind| kind.extension().to_uppercase()).collect();
                let size = (size_bytes_max / 1_000_000).to_string();
                hint = s.f("step.file_hint", &[("kinds", &kinds.join(", ")), ("size", &size)]);
            }
            let accept: Vec<String> = accept.iter().map(|kind| format!(".{}", kind.extension())).collect();
            (Kind::File { accept: accept.join(",") }, "", "")
        }
    };
    let label = asked.label.in_lang(lang);
    let label = if asked.required { label.to_owned() } else { s.f("step.optional", &[("label", label)]) };
    let error = problem.map(|problem| match &problem.message {
        Some(message) => message.in_lang(lang).to_owned(),
        None => visit.refusal_text(problem.code),
    });
    Field::new(asked.id.as_str(), label, kind)
        .hint(hint)
        .value(value)
        .error(error.unwrap_or_default())
        .width(width)
        .autocomplete(autocomplete)
}

/// A saved answer as a person would type it.
fn shown(kind: &Asked, value: &str) -> String {
    match kind {
        Asked::Date { .. } => {
            let parts: Vec<&str> = value.split('-').collect();
            if let [year, month, day] = parts[..] { format!("{day}.{month}.{year}") } else { value.to_owned() }
        }
        _ => value.to_owned(),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// Why the last attempt to sign did not succeed: a code of a refusal.
    problem: Option<String>,
}

/// Everything before the signature.
pub async fn check(visit: Visit, Path(reference): Path<String>, Query(came): Query<Came>) -> Paged {
    let who = visit.applicant()?;
    let summary = match visit.app.services.summary(&who, &reference).await {
        Ok(summary) => summary,
        Err(Failure::Refused(Refusal::NotNow { .. })) => {
            return Ok(visit.go(&format!("/cases/{}", encode(&reference))));
        }
        Err(failure) => return Err(Trouble::from(failure)),
    };
    // Signed already: what waits for its fee is looked at as a case.
    if !matches!(summary.state, State::Draft | State::ToSign) {
        return Ok(visit.go(&format!("/cases/{}", encode(&reference))));
    }
    let mut s = visit.at(Place::Cases);
    s.failed = came.problem.is_some();
    let dispute = format!("/cases/{}/dispute", encode(&reference));
    let rows = summary.evidence.iter().flat_map(|view| evidence::rows(&s, view, Some(&dispute))).collect();
    let section = |section: &Section| {
        let change = Some((s.url(&step_path(&reference, &section.step)), s.t("action.change").to_owned()));
        let rows = section.answers.iter();
        let rows = rows.map(|answer| Fact { change: change.clone(), ..evidence::answer_fact(visit.lang, answer) });
        (section.title.in_lang(visit.lang).to_owned(), Facts { rows: rows.collect() })
    };
    let missing = summary.missing.first().map(|step| Note {
        mood: Mood::Warn,
        title: s.t("summary.missing_title").into(),
        text: String::new(),
        link: Some((s.url(&step_path(&reference, step)), s.t("summary.missing").into())),
    });
    let declaration = Field::new("declared", summary.declaration.in_lang(visit.lang), Kind::Check);
    let declaration = match came.problem.as_deref() {
        Some("declared") => declaration.error(s.t("sign.declare_first")),
        _ => declaration,
    };
    let mut errors = Errors::of(s.t("layout.problem"), std::slice::from_ref(&declaration));
    if let Some(code) = came.problem.as_deref().filter(|code| *code != "declared") {
        let text = match code {
            "cancelled" => s.t("sign.failed").to_owned(),
            code => visit.refusal_text(code),
        };
        errors = Errors { title: s.t("sign.failed_title").into(), items: vec![(String::new(), text)] };
    }
    let count = summary.sections.len() + 1;
    let last = summary.sections.last().map(|section| s.url(&step_path(&reference, &section.step)));
    paged(&pages::Summary {
        crumbs: crumbs(&s),
        service: summary.service_title.in_lang(visit.lang).to_owned(),
        progress: Progress { number: count, count },
        errors,
        notes: missing.into_iter().collect(),
        sections: summary.sections.iter().filter(|section| !section.answers.is_empty()).map(section).collect(),
        evidence: Evidence { rows },
        fee: summary.fee.as_ref().map(|fee| evidence::fee(&s, fee)),
        declaration,
        can_sign: summary.missing.is_empty(),
        action: s.url(&format!("/apply/{}/sign", encode(&reference))),
        back: last,
        s,
    })
}
