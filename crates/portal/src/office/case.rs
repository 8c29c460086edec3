//! One case on one screen: facts with their evidence left, conditions, decision and history right; and the decision's way
//! from draft to signature. Who may do what, and when, is the e-service engine's to say.

use super::queue::clock;
use crate::{
    evidence::{self, download},
    pages,
    parts::{Choice, Crumbs, DocCard, Errors, Evidence, Fact, Facts, Field, Kind, Mood, Note, Tag},
    posted::Posted,
    shell::{Place, Shell, encode},
    signing,
    trouble::Trouble,
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{Failure, Refusal as _};
use serde::Deserialize;
use services::{
    Outcome,
    case::State,
    form::Answers,
    view::{CheckView, EvidenceState, EvidenceView, OfficialAction, OfficialCase},
};

fn path(reference: &str, rest: &str) -> String {
    format!("/cases/{}{rest}", encode(reference))
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    done: Option<String>,
    problem: Option<String>,
}

pub async fn page(visit: Visit, Path(reference): Path<String>, Query(came): Query<Came>) -> Paged {
    let case = visit.app.services.official_case(&visit.official()?, &reference).await?;
    let mut page = view(&visit, &case, decision_fields(&visit.shell(), &case, "", ""));
    let text = match came.done.as_deref() {
        Some("signed") => Some(page.s.t("officecase.signed")),
        Some("asked") => Some(page.s.t("officecase.asked")),
        _ => None,
    };
    page.notes.extend(text.map(|text| Note { mood: Mood::Good, title: String::new(), text: text.into(), link: None }));
    if let Some(code) = came.problem {
        page.s.failed = true;
        page.errors = Errors {
            title: page.s.t("layout.problem").into(),
            items: vec![(String::new(), visit.refusal_text(&code))],
        };
    }
    paged(&page)
}

fn view(visit: &Visit, official: &OfficialCase, fields: Vec<Field>) -> pages::OfficeCase {
    let case = &official.case;
    let mut s = visit.at(Place::Queue);
    let errors = Errors::of(s.t("layout.problem"), &fields);
    s.failed = !errors.is_empty();
    let can = |action: OfficialAction| official.actions.contains(&action);
    let url = |wanted: OfficialAction, rest: &str| can(wanted).then(|| s.url(&path(&case.reference, rest)));
    let (urgency, due, left) = clock(&s, case.due.as_ref().filter(|_| !case.state.is_final()));
    let evidence = |view: &EvidenceView| {
        let title = format!("{} · {}", view.title.in_lang(visit.lang), view.register.in_lang(visit.lang));
        (title, Evidence { rows: evidence::rows(&s, view, None) })
    };
    let mut notes = Vec::new();
    if can(OfficialAction::SignDecision) {
        let link = Some((s.url(&path(&case.reference, "/confirm")), s.t("confirm.title").to_owned()));
        notes.push(Note { mood: Mood::Info, title: s.t("case.decision").into(), text: String::new(), link });
    }
    if let Some(decision) = case.decision.as_ref().filter(|_| case.state.is_final()) {
        let mood = if decision.approved { Mood::Good } else { Mood::Bad };
        let title = s.f("case.decision_number", &[("number", &decision.number)]);
        notes.push(Note { mood, title, text: decision.reasons.clone(), link: None });
    }
    pages::OfficeCase {
        errors,
        notes,
        service: case.service_title.in_lang(visit.lang).to_owned(),
        reference: case.reference.clone(),
        applicant: case.applicant_name.clone(),
        tag: evidence::state_tag(visit, case.state),
        due,
        left,
        urgency,
        facts: facts(visit, &s, official),
        evidence: case.evidence.iter().map(evidence).collect(),
        documents: documents(&s, official),
        checks: official.checks.iter().map(|check| check_line(&s, check)).collect(),
        computed: evidence::result_facts(&s, &official.computed),
        claim: url(OfficialAction::Take, "/take"),
        release: url(OfficialAction::Release, "/release"),
        decide: url(OfficialAction::Decide, "/decide"),
        fields,
        ask: url(OfficialAction::AskCorrection, "/ask"),
        question: Field::new("text", s.t("officecase.ask_text"), Kind::Area).hint(s.t("officecase.ask_hint")),
        originals: if can(OfficialAction::ReadOriginal) { originals(&s, official) } else { Vec::new() },
        timeline: evidence::timeline(visit, &s, &case.timeline, None),
        s,
    }
}

fn facts(visit: &Visit, s: &Shell, official: &OfficialCase) -> Facts {
    let case = &official.case;
    let mut rows = vec![Fact::new(s.t("officecase.applicant_pin"), official.applicant_pin.as_str())];
    if let (Some(tin), Some(name)) = (&official.company_tin, &case.acting_for) {
        rows.push(Fact::new(s.t("officecase.company"), format!("{name} ({tin})")));
    }
    rows.extend(case.officer.as_ref().map(|name| Fact::new(s.t("case.holder"), name.as_str())));
    rows.extend(case.fee.as_ref().map(|fee| {
        let fee = evidence::fee(s, fee);
        Fact { note: fee.text, ..Fact::new(fee.label, fee.amount) }
    }));
    rows.extend(evidence::answers(visit.lang, &case.sections).rows);
    Facts { rows }
}

/// Documents of the case and the files that the applicant uploaded.
fn documents(s: &Shell, official: &OfficialCase) -> Vec<DocCard> {
    let case = &official.case;
    let answers = case.sections.iter().flat_map(|section| &section.answers);
    let file = |(label, file): (&base::Localized, &services::view::FileView)| DocCard {
        title: file.name.clone(),
        href: s.url(&path(&case.reference, &format!("/files/{}", encode(&file.id)))),
        lines: vec![label.in_lang(s.lang).to_owned(), s.moment(file.at)],
        tag: None,
    };
    let files = answers.flat_map(|answer| answer.files.iter().map(|file| (&answer.label, file))).map(file);
    evidence::documents(s, case, "/cases").into_iter().chain(files).collect()
}

fn check_line(s: &Shell, check: &CheckView) -> (String, String, Tag) {
    let tag = match check.met {
        Some(true) => Tag::new(Mood::Good, s.t("officecase.met")),
        Some(false) => Tag::new(Mood::Bad, s.t("officecase.not_met")),
        None => Tag::new(Mood::Warn, s.t("officecase.unknown")),
    };
    let basis = check.legal_basis.as_ref().map(|basis| basis.in_lang(s.lang).to_owned()).unwrap_or_default();
    (check.label.in_lang(s.lang).to_owned(), basis, tag)
}

/// A form for the facts of every original that waits to be read.
fn originals(s: &Shell, official: &OfficialCase) -> Vec<(String, String, Vec<Field>)> {
    let waiting = official.case.evidence.iter().filter(|view| view.state == EvidenceState::OriginalGiven);
    let form = |view: &EvidenceView| {
        let title = s.f("officecase.original_title", &[("title", view.title.in_lang(s.lang))]);
        let action = s.url(&path(&official.case.reference, &format!("/original/{}", encode(&view.id))));
        let field = |value: &services::view::EvidenceValue| {
            Field::new(format!("fact-{}", value.fact), value.label.in_lang(s.lang), Kind::Line("text"))
        };
        (title, action, view.values.iter().map(field).collect())
    };
    waiting.map(form).collect()
}

fn decision_fields(s: &Shell, official: &OfficialCase, outcome: &str, reasons: &str) -> Vec<Field> {
    let choice = |value: &str, label: &str| Choice {
        value: value.into(),
        label: label.into(),
        hint: String::new(),
        chosen: outcome == value,
    };
    let outcomes = vec![choice("approve", s.t("confirm.approve")), choice("refuse", s.t("confirm.refuse"))];
    // Without a script a ready-made reason cannot be copied into the text: it is chosen, and the text adds to it.
    let mut offered = vec![Choice { label: s.t("officecase.own_words").into(), chosen: true, ..Choice::default() }];
    offered.extend(official.reasons_offered.iter().map(|reason| Choice {
        value: reason.id.clone(),
        label: reason.text.in_lang(s.lang).to_owned(),
        ..Choice::default()
    }));
    let mut fields = vec![Field::new("outcome", s.t("officecase.outcome"), Kind::Radio(outcomes))];
    if offered.len() > 1 {
        fields.push(Field::new("reason", s.t("officecase.reason_offered"), Kind::Select(offered)));
    }
    let text = Field::new("reasons", s.t("officecase.reasons"), Kind::Area);
    fields.push(text.hint(s.t("officecase.reasons_hint")).value(reasons));
    fields
}

/// Does it and comes back to the case; a refusal is told there.
async fn then_back(visit: &Visit, reference: &str, done: Outcome<()>, rest: &str) -> Paged {
    match done {
        Ok(()) => Ok(visit.go(&path(reference, rest))),
        Err(Failure::Refused(refusal)) if refusal.status() == 409 || refusal.status() == 422 => {
            Ok(visit.go(&path(reference, &format!("?problem={}", refusal.code()))))
        }
        Err(failure) => Err(Trouble::from(failure)),
    }
}

pub async fn take(visit: Visit, Path(reference): Path<String>, _checked: Posted) -> Paged {
    let done = visit.app.services.take(&visit.official()?, &reference).await;
    then_back(&visit, &reference, done, "").await
}

pub async fn release(visit: Visit, Path(reference): Path<String>, _checked: Posted) -> Paged {
    let done = visit.app.services.release(&visit.official()?, &reference).await;
    then_back(&visit, &reference, done, "").await
}

pub async fn ask(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    let done = visit.app.services.ask_correction(&visit.official()?, &reference, posted.text("text"), &[]).await;
    then_back(&visit, &reference, done, "?done=asked").await
}

pub async fn read_original(visit: Visit, Path((reference, id)): Path<(String, String)>, posted: Posted) -> Paged {
    let facts = posted.fields().iter();
    let facts: Answers = facts
        .filter_map(|(name, value)| Some((name.strip_prefix("fact-")?.to_owned(), value.trim().to_owned())))
        .collect();
    let done = visit.app.services.read_original(&visit.official()?, &reference, &id, &facts).await;
    then_back(&visit, &reference, done, "").await
}

/// Writes the decision; it takes effect with the signature on the next page.
pub async fn decide(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    let official = visit.official()?;
    let case = visit.app.services.official_case(&official, &reference).await?;
    let s = visit.shell();
    let outcome = posted.text("outcome");
    let chosen = case.reasons_offered.iter().find(|reason| reason.id == posted.text("reason"));
    let offered = chosen.map(|reason| reason.text.in_lang(visit.lang)).unwrap_or_default();
    let reasons = [offered, posted.text("reasons")].join("\n").trim().to_owned();
    let mut fields = decision_fields(&s, &case, outcome, posted.text("reasons"));
    if !matches!(outcome, "approve" | "refuse") {
        fields.iter_mut().take(1).for_each(|field| field.error = s.t("officecase.need_outcome").to_owned());
        return refused(&view(&visit, &case, fields));
    }
    let decided =
        visit.app.services.decide(&official, &reference, case.case.version, outcome == "approve", &reasons).await;
    match decided {
        Ok(()) => Ok(visit.go(&path(&reference, "/confirm"))),
        Err(Failure::Refused(refusal)) if matches!(refusal.status(), 409 | 422) => {
            let text = visit.refusal_text(refusal.code());
            fields.iter_mut().rev().take(1).for_each(|field| field.error.clone_from(&text));
            refused(&view(&visit, &case, fields))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The decision as it will be signed.
pub async fn confirm(visit: Visit, Path(reference): Path<String>, Query(came): Query<Came>) -> Paged {
    let case = visit.app.services.official_case(&visit.official()?, &reference).await?;
    if case.case.state != State::DecisionToSign {
        return Ok(visit.go(&path(&reference, "")));
    }
    let mut s = visit.at(Place::Queue);
    s.failed = came.problem.is_some();
    let problem = came.problem.map(|code| Note {
        mood: Mood::Bad,
        title: s.t("sign.failed_title").into(),
        text: if code == "cancelled" { String::new() } else { visit.refusal_text(&code) },
        link: None,
    });
    let mut rows = vec![Fact::new(s.t("queue.applicant"), case.case.applicant_name.as_str())];
    if let Some(decision) = &case.case.decision {
        let outcome = if decision.approved { s.t("confirm.approve") } else { s.t("confirm.refuse") };
        rows.push(Fact::new(s.t("officecase.outcome"), outcome));
        rows.push(Fact::new(s.t("document.number"), decision.number.as_str()));
        rows.extend(evidence::result_facts(&s, &decision.results).rows);
        rows.push(Fact::new(s.t("officecase.reasons"), decision.reasons.as_str()));
    }
    paged(&pages::Confirm {
        crumbs: Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/"), s.t("nav.queue").into())] },
        notes: problem.into_iter().collect(),
        reference: reference.clone(),
        facts: Facts { rows },
        preview: s.url(&path(&reference, "/preview")),
        action: s.url(&path(&reference, "/sign")),
        drop: s.url(&path(&reference, "/drop")),
        back: s.url(&path(&reference, "")),
        s,
    })
}

pub async fn preview(visit: Visit, Path(reference): Path<String>) -> Paged {
    Ok(download(visit.app.services.decision_preview(&visit.official()?, &reference).await?))
}

pub async fn drop_decision(visit: Visit, Path(reference): Path<String>, _checked: Posted) -> Paged {
    let done = visit.app.services.drop_decision(&visit.official()?, &reference).await;
    then_back(&visit, &reference, done, "").await
}

pub async fn sign(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    visit.official()?;
    signing::begin(&visit, &reference, posted.text("with")).await
}

pub async fn file(visit: Visit, Path((reference, file)): Path<(String, String)>) -> Paged {
    Ok(download(visit.app.services.official_file(&visit.official()?, &reference, &file).await?))
}

pub async fn document(visit: Visit, Path((reference, document, form)): Path<(String, String, String)>) -> Paged {
    let signed = form == "asice";
    Ok(download(visit.app.services.official_document(&visit.official()?, &reference, &document, signed).await?))
}
