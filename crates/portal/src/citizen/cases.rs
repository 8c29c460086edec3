//! "My cases": the list, one case with who has it, what comes next and by when, and what its applicant can do.

use super::apply::crumbs;
use crate::{
    evidence::{self, download},
    pages::{self, CaseAction, Progress},
    parts::{Errors, Evidence, EvidenceRow, Fact, Facts, Field, Kind, Mood, Note},
    posted::Posted,
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{Failure, Refusal as _};
use serde::Deserialize;
use services::{
    case::State,
    view::{Action, CaseLine, CaseView, EvidenceState, EvidenceView, Holder},
};

pub async fn list(visit: Visit) -> Paged {
    let who = visit.applicant()?;
    let s = visit.at(Place::Cases);
    let all = visit.app.services.my_cases(&who).await?;
    let (drafts, sent): (Vec<_>, Vec<_>) = all.iter().partition(|case| case.state.is_application());
    let line = |case: &&CaseLine| line(&visit, &s, case);
    let (drafts, cases) = (drafts.iter().map(line).collect(), sent.iter().map(line).collect());
    paged(&pages::Cases { notes: Vec::new(), drafts, cases, s })
}

fn line(visit: &Visit, s: &Shell, case: &CaseLine) -> pages::CaseLine {
    let path = match case.state {
        State::Draft | State::ToSign => format!("/apply/{}", encode(&case.reference)),
        _ => format!("/cases/{}", encode(&case.reference)),
    };
    let line = match (&case.due, case.yours, case.state) {
        (_, _, state) if state.is_final() => s.f("cases.line_done", &[("date", &s.moment(case.changed_at))]),
        (_, _, State::Draft | State::ToSign) => s.f("cases.line_started", &[("date", &s.moment(case.started_at))]),
        (_, true, _) => s.t("cases.line_yours").to_owned(),
        (Some(due), ..) => s.f("cases.line_due", &[("date", &s.day(due.on))]),
        (None, ..) => s.moment(case.changed_at),
    };
    pages::CaseLine {
        href: s.url(&path),
        service: case.service_title.in_lang(visit.lang).to_owned(),
        reference: case.reference.clone(),
        tag: evidence::state_tag(visit, case.state),
        line,
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    done: Option<String>,
}

pub async fn page(visit: Visit, Path(reference): Path<String>, Query(came): Query<Came>) -> Paged {
    let who = visit.applicant()?;
    let case = visit.app.services.case(&who, &reference).await?;
    if matches!(case.state, State::Draft | State::ToSign) {
        return Ok(visit.go(&format!("/apply/{}", encode(&reference))));
    }
    let s = visit.at(Place::Cases);
    let mut notes = notes(&s, &case);
    if came.done.is_some() {
        notes.push(Note { mood: Mood::Good, title: String::new(), text: s.t("case.applied").into(), link: None });
    }
    let rows = case.evidence.iter().flat_map(|view| evidence::rows(&s, view, None)).collect();
    let unpaid = case.fee.as_ref().filter(|fee| fee.paid_at.is_none());
    paged(&pages::Case {
        crumbs: crumbs(&s),
        service: case.service_title.in_lang(visit.lang).to_owned(),
        reference: case.reference.clone(),
        tag: evidence::state_tag(&visit, case.state),
        notes,
        fee: case.fee.as_ref().map(|fee| evidence::fee(&s, fee)),
        pay: unpaid.map(|_| s.url(&format!("/payments/{}", encode(&case.reference)))).unwrap_or_default(),
        now_facts: where_it_is(&visit, &s, &case),
        actions: actions(&s, &case),
        timeline: evidence::timeline(&visit, &s, &case.timeline, evidence::next_step(&s, &case)),
        evidence: Evidence { rows },
        answers: evidence::answers(visit.lang, &case.sections),
        documents: evidence::documents(&s, &case, "/cases"),
        ask: None,
        s,
    })
}

/// Decision and correction stand above everything else.
fn notes(s: &Shell, case: &CaseView) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(correction) = case.correction.as_ref().filter(|_| case.state == State::CorrectionRequested) {
        let title = s.t("case.correction_title").to_owned();
        notes.push(Note { mood: Mood::Warn, title, text: correction.text.clone(), link: None });
    }
    if let Some(decision) = case.decision.as_ref().filter(|_| case.state.is_final()) {
        let mood = if decision.approved { Mood::Good } else { Mood::Bad };
        let title = s.f("case.decision_number", &[("number", &decision.number)]);
        notes.push(Note { mood, title, text: decision.reasons.clone(), link: None });
        if let Some(follow) = &decision.follow_up {
            let link = decision.links.first();
            let link = link.map(|link| (s.url(&link.path), link.title.in_lang(s.lang).to_owned()));
            notes.push(Note { mood: Mood::Info, title: String::new(), text: follow.in_lang(s.lang).to_owned(), link });
        }
    }
    notes
}

fn where_it_is(visit: &Visit, s: &Shell, case: &CaseView) -> Facts {
    let lang = visit.lang;
    let holder = match &case.holder {
        Holder::You => s.t("case.holder_you").to_owned(),
        Holder::Agency(name) => name.in_lang(lang).to_owned(),
        Holder::Register(name) => s.f("case.holder_register", &[("name", name.in_lang(lang))]),
        Holder::Nobody => s.t("case.holder_nobody").to_owned(),
    };
    let officer = case.officer.as_ref().map(|name| s.f("case.officer", &[("name", name)])).unwrap_or_default();
    let mut rows = vec![Fact { note: officer, ..Fact::new(s.t("case.holder"), holder) }];
    if let Some(company) = &case.acting_for {
        rows.push(Fact::new(s.t("layout.acting_for").replace("{company}", "").trim(), company));
    }
    if !case.state.is_final() {
        let due = match &case.due {
            None => Fact::new(s.t("case.due"), s.t("case.due_none")),
            Some(due) => {
                let note = match (due.late, due.paused) {
                    (true, _) => s.t("case.due_late").to_owned(),
                    (_, true) => s.t("case.due_paused").to_owned(),
                    _ => s.f("case.due_left", &[("days", &due.working_days.to_string())]),
                };
                Fact { note, ..Fact::new(s.t("case.due"), s.day(due.on)) }
            }
        };
        rows.push(due);
        rows.push(Fact::new(s.t("case.if_late"), case.if_late.in_lang(lang)));
    }
    if let Some(decision) = case.decision.as_ref().filter(|_| case.state.is_final()) {
        rows.push(Fact::new(s.t("case.decision"), s.f("case.decision_number", &[("number", &decision.number)])));
        rows.extend(decision.at.map(|at| Fact::new(s.t("document.issued"), s.moment(at))));
        rows.extend(evidence::result_facts(s, &decision.results).rows);
    }
    if let Some(receipt) = &case.receipt {
        rows.push(Fact { note: s.moment(receipt.at), ..Fact::new(s.t("payments.receipt"), receipt.number.as_str()) });
    }
    Facts { rows }
}

fn actions(s: &Shell, case: &CaseView) -> Vec<CaseAction> {
    let base = format!("/cases/{}", encode(&case.reference));
    let original = case.evidence.iter().find(|view| view.state == EvidenceState::OriginalAsked);
    let action = |action: &Action| {
        let (path, words, main) = match action {
            Action::Continue => (format!("/apply/{}", encode(&case.reference)), s.t("case.continue"), true),
            Action::Sign => (format!("/apply/{}/check", encode(&case.reference)), s.t("case.sign"), true),
            // The fee has its own box with its own button.
            Action::Pay => return None,
            Action::GiveOriginal => (format!("{base}/original/{}", encode(&original?.id)), s.t("case.original"), true),
            Action::Correct => (format!("{base}/correct"), s.t("case.correct"), true),
            Action::Withdraw => (format!("{base}/withdraw"), s.t("case.withdraw"), false),
            Action::Rate => (format!("{base}/rate"), s.t("case.rate"), false),
        };
        Some(CaseAction { href: s.url(&path), words: words.to_owned(), post: false, main })
    };
    case.actions.iter().filter_map(action).collect()
}

/// After the signature: the number, what happens next, the fee if there is one.
pub async fn receipt(visit: Visit, Path(reference): Path<String>) -> Paged {
    let who = visit.applicant()?;
    let case = visit.app.services.case(&who, &reference).await?;
    let s = visit.at(Place::Cases);
    let unpaid = case.fee.as_ref().filter(|fee| fee.paid_at.is_none());
    paged(&pages::Receipt {
        heading: if unpaid.is_some() { s.t("receipt.pay_title") } else { s.t("receipt.title") }.into(),
        reference: case.reference.clone(),
        when: case.receipt.as_ref().map(|receipt| s.moment(receipt.at)).unwrap_or_default(),
        pay: unpaid.map(|_| s.url(&format!("/payments/{}", encode(&case.reference)))).unwrap_or_default(),
        fee: unpaid.map(|fee| evidence::fee(&s, fee)),
        timeline: evidence::timeline(&visit, &s, &case.timeline, evidence::next_step(&s, &case)),
        case: s.url(&format!("/cases/{}", encode(&case.reference))),
        s,
    })
}

pub async fn document(visit: Visit, Path((reference, document, form)): Path<(String, String, String)>) -> Paged {
    let who = visit.applicant()?;
    let signed = match form.as_str() {
        "pdf" => false,
        "asice" => true,
        _ => return Err(Trouble::NotFound),
    };
    Ok(download(visit.app.services.document(&who, &reference, &document, signed).await?))
}

/// A page with one question: text, fields, a button.
struct Question<'a> {
    heading: &'a str,
    intro: String,
    action: String,
    go: &'a str,
    back: String,
    fields: Vec<Field>,
    evidence: Vec<EvidenceRow>,
    upload: bool,
    hidden: Vec<(String, String)>,
}

fn question(mut s: Shell, reference: &str, asked: Question<'_>) -> pages::Step {
    let errors = Errors::of(s.t("layout.problem"), &asked.fields);
    s.failed = !errors.is_empty();
    pages::Step {
        crumbs: crumbs(&s),
        service: reference.to_owned(),
        heading: asked.heading.to_owned(),
        intro: asked.intro,
        progress: Progress { number: 1, count: 1 },
        errors,
        notes: Vec::new(),
        evidence: Evidence { rows: asked.evidence },
        action: asked.action,
        hidden: asked.hidden,
        fields: asked.fields,
        upload: asked.upload,
        files: Vec::new(),
        go: asked.go.to_owned(),
        back: Some(asked.back),
        s,
    }
}

pub async fn ask_withdraw(visit: Visit, Path(reference): Path<String>) -> Paged {
    let case = visit.app.services.case(&visit.applicant()?, &reference).await?;
    let s = visit.at(Place::Cases);
    let base = format!("/cases/{}", encode(&reference));
    let asked = Question {
        heading: s.t("case.withdraw_title"),
        intro: s.t("case.withdraw_text").to_owned(),
        action: s.url(&format!("{base}/withdraw")),
        go: s.t("case.withdraw"),
        back: s.url(&base),
        fields: Vec::new(),
        evidence: Vec::new(),
        upload: false,
        hidden: vec![("version".to_owned(), case.version.to_string())],
    };
    paged(&question(s, &reference, asked))
}

pub async fn withdraw(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    let who = visit.applicant()?;
    let version = posted.text("version").parse().unwrap_or(0);
    visit.app.services.withdraw(&who, &reference, version).await?;
    Ok(visit.go(&format!("/cases/{}", encode(&reference))))
}

pub async fn correct(visit: Visit, Path(reference): Path<String>) -> Paged {
    let who = visit.applicant()?;
    let case = visit.app.services.case(&who, &reference).await?;
    let Some(correction) = &case.correction else { return Ok(visit.go(&format!("/cases/{}", encode(&reference)))) };
    let s = visit.at(Place::Cases);
    let base = format!("/cases/{}", encode(&reference));
    let asked = Question {
        heading: s.t("case.correction_title"),
        intro: correction.text.clone(),
        action: s.url(&format!("{base}/correct")),
        go: s.t("case.correct"),
        back: s.url(&base),
        fields: vec![Field::new("comment", s.t("case.correction_comment"), Kind::Area)],
        evidence: Vec::new(),
        upload: false,
        hidden: Vec::new(),
    };
    let mut page = question(s, &reference, asked);
    // The named pages are opened and saved as in the application itself.
    page.notes = correction
        .steps
        .iter()
        .map(|step| {
            let href = page.s.url(&format!("/apply/{}/step/{}", encode(&reference), encode(step)));
            let title = case.sections.iter().find(|section| &section.step == step);
            let words = title.map_or_else(|| step.clone(), |section| section.title.in_lang(visit.lang).to_owned());
            Note { mood: Mood::Info, title: String::new(), text: String::new(), link: Some((href, words)) }
        })
        .collect();
    paged(&page)
}

pub async fn send_correction(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    visit.app.services.correct(&visit.applicant()?, &reference, posted.text("comment")).await?;
    Ok(visit.go(&format!("/cases/{}", encode(&reference))))
}

/// The original in place of a register that stays silent (instruction 9 of the decree).
fn original_page(visit: &Visit, reference: &str, view: &EvidenceView, problem: Option<&'static str>) -> pages::Step {
    let s = visit.at(Place::Cases);
    let file = Field::new("file", view.title.in_lang(visit.lang), Kind::File { accept: ".pdf,.jpg,.png".into() });
    let file = file.error(problem.map(|code| visit.refusal_text(code)).unwrap_or_default());
    let base = format!("/cases/{}", encode(reference));
    let asked = Question {
        heading: s.t("case.original"),
        intro: s.t("evidence.original_asked").to_owned(),
        action: s.url(&format!("{base}/original/{}", encode(&view.id))),
        go: s.t("case.original"),
        back: s.url(&base),
        fields: vec![file],
        evidence: evidence::rows(&s, view, None),
        upload: true,
        hidden: Vec::new(),
    };
    question(s, reference, asked)
}

async fn evidence_of(visit: &Visit, reference: &str, id: &str) -> Result<EvidenceView, Trouble> {
    let case = visit.app.services.case(&visit.applicant()?, reference).await?;
    case.evidence.into_iter().find(|view| view.id == id).ok_or(Trouble::NotFound)
}

pub async fn original(visit: Visit, Path((reference, id)): Path<(String, String)>) -> Paged {
    let view = evidence_of(&visit, &reference, &id).await?;
    paged(&original_page(&visit, &reference, &view, None))
}

pub async fn give_original(visit: Visit, Path((reference, id)): Path<(String, String)>, mut posted: Posted) -> Paged {
    let who = visit.applicant()?;
    let Some(upload) = posted.uploads.pop() else {
        let view = evidence_of(&visit, &reference, &id).await?;
        return refused(&original_page(&visit, &reference, &view, Some("services.file_empty")));
    };
    match visit.app.services.give_original(&who, &reference, &id, &upload.name, upload.content).await {
        Ok(()) => Ok(visit.go(&format!("/cases/{}", encode(&reference)))),
        Err(Failure::Refused(refusal)) if matches!(refusal.status(), 413 | 415 | 422) => {
            let view = evidence_of(&visit, &reference, &id).await?;
            refused(&original_page(&visit, &reference, &view, Some(refusal.code())))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// "This is wrong": said where the value stands.
async fn dispute_page(
    visit: &Visit,
    place: &(String, String, String),
    fields: Vec<Field>,
) -> Result<pages::Step, Trouble> {
    let (reference, id, fact) = place;
    let who = visit.applicant()?;
    let summary = visit.app.services.summary(&who, reference).await?;
    let mut view = summary.evidence.into_iter().find(|view| &view.id == id).ok_or(Trouble::NotFound)?;
    view.values.retain(|value| &value.fact == fact);
    let s = visit.at(Place::Cases);
    let asked = Question {
        heading: s.t("correction.title"),
        intro: s.f("correction.lead", &[("holder", view.register.in_lang(visit.lang))]),
        action: s.url(&format!("/cases/{}/dispute/{}/{}", encode(reference), encode(id), encode(fact))),
        go: s.t("correction.send"),
        back: s.url(&format!("/apply/{}", encode(reference))),
        fields,
        evidence: evidence::rows(&s, &view, None),
        upload: false,
        hidden: Vec::new(),
    };
    Ok(question(s, reference, asked))
}

pub async fn dispute(visit: Visit, Path(place): Path<(String, String, String)>) -> Paged {
    let fields = super::data::correction_fields(&visit.shell(), "", "", false);
    paged(&dispute_page(&visit, &place, fields).await?)
}

pub async fn send_dispute(visit: Visit, Path(place): Path<(String, String, String)>, posted: Posted) -> Paged {
    let (claimed, reason) = (posted.text("claimed"), posted.text("reason"));
    if claimed.is_empty() || reason.is_empty() {
        let fields = super::data::correction_fields(&visit.shell(), claimed, reason, true);
        return refused(&dispute_page(&visit, &place, fields).await?);
    }
    let (reference, id, fact) = &place;
    visit.app.services.dispute(&visit.applicant()?, reference, id, fact, claimed, reason).await?;
    Ok(visit.go(&format!("/apply/{}", encode(reference))))
}
