//! Documents on paper: the decision, the receipt, the application. Words come from the country's folder; this room gives
//! them their shape.

mod face;
mod layout;
mod paint;
mod sheet;

pub use sheet::{Block, Body, Check, Line, Sheet, Signer};

use crate::{
    apply::money_words,
    case::{Dossier, parts::same, row::Decision},
    catalogue::Catalogue,
    decision::{Template, fill, fill_each},
    jobs::decision_words,
    refusal::Outcome,
    services::Services,
    view::{DueView, FactView, ResultLine},
};
use base::{Date, Fault, Lang, Localized, Timestamp};
use serde_json::Value as Json;

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    base::hex(digest.as_ref())
}

impl Services {
    /// The sheet as a file. Setting type is work for the processor: it is done beside the threads that answer requests.
    pub(crate) async fn paper(&self, sheet: Sheet) -> Outcome<Vec<u8>> {
        let set = tokio::task::spawn_blocking(move || render(&sheet)).await;
        Ok(set.map_err(|bug| Fault::new("make a document", bug))??)
    }
}

/// A PDF/A-2b file of the sheet.
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, Fault> {
    let faces = face::Faces::new()?;
    let pages = layout::pages(sheet, &faces);
    let (title, author) = (sheet.title.in_lang(sheet.lang), sheet.issuer.in_lang(sheet.lang));
    let about = paint::About { lang: sheet.lang, title, author, at: sheet.at };
    paint::pdf(&pages, &faces, &about)
}

fn day(day: Date) -> String {
    day.strftime("%d.%m.%Y").to_string()
}

fn issuer(catalogue: &Catalogue, dossier: &Dossier) -> Localized {
    let agency = catalogue.agency(&dossier.case.agency);
    agency.map_or_else(|| same(&dossier.case.agency), |agency| agency.name.clone())
}

/// The decision, for the wall if it approves.
pub(crate) fn decision(
    catalogue: &Catalogue,
    dossier: &Dossier,
    decision: &Decision,
    facts: &Json,
    computed: &[ResultLine],
    address: &str,
    at: Timestamp,
) -> Sheet {
    let words = catalogue.words();
    let plan = &dossier.definition.decision;
    let template: &Template = if decision.approve { &plan.approval } else { &plan.refusal };
    let mut facts = dossier.worded(facts.clone(), &words.yes, &words.no);
    facts["decision"] = decision_words(&dossier.case.reference, decision);
    let rows = template.rows.iter().map(|row| Line { label: row.label.clone(), value: fill(&row.value, &facts) });
    let rows: Vec<_> = rows.filter(|row| row.value.az != "—").collect();
    let mut blocks = vec![Block { title: words.applicant.clone(), body: Body::Lines(who(catalogue, dossier, rows)) }];
    let sum = computed.iter().map(|line| Line { label: line.label.clone(), value: fact_words(&line.value, catalogue) });
    if decision.approve && !computed.is_empty() {
        blocks.push(Block { title: words.computation.clone(), body: Body::Sum(sum.collect()) });
    }
    blocks.push(Block { title: words.reasons.clone(), body: Body::Text(same(&decision.reasons)) });
    for text in fill_each(&template.paragraphs, &facts) {
        blocks.push(Block { title: same(""), body: Body::Text(text) });
    }
    blocks.push(Block { title: words.legal_basis.clone(), body: Body::Text(fill(&template.legal_basis, &facts)) });
    blocks.push(Block { title: words.remark.clone(), body: Body::Text(fill(&template.note, &facts)) });
    let mut marks = vec![(words.number.clone(), decision.number.clone()), (words.date.clone(), day(decision.on))];
    marks.extend(decision.valid_to.map(|to| (words.valid_to.clone(), day(to))));
    Sheet {
        lang: Lang::Az,
        ceremonial: true,
        state: words.state.clone(),
        issuer: issuer(catalogue, dossier),
        title: template.title.clone(),
        lead: fill(&template.lead, &facts),
        marks,
        blocks,
        signer: Some(Signer {
            label: words.signed_by.clone(),
            name: decision.officer_name.clone(),
            position: decision.officer_position.clone(),
            on: day(decision.on),
        }),
        check: Some(Check { caption: words.check.clone(), address: address.to_owned() }),
        page: words.page.clone(),
        at,
    }
}

/// Who the document is about, then the rows of the template.
fn who(catalogue: &Catalogue, dossier: &Dossier, rows: Vec<Line>) -> Vec<Line> {
    let words = catalogue.words();
    let mut lines = vec![Line { label: words.name.clone(), value: same(&dossier.case.name) }];
    if let (Some(name), Some(tin)) = (&dossier.case.company_name, &dossier.case.tin) {
        lines.push(Line { label: words.company.clone(), value: same(&format!("{name} ({tin})")) });
    }
    lines.extend(rows);
    lines.push(Line { label: words.case_reference.clone(), value: same(&dossier.case.reference) });
    lines
}

/// The receipt: number, time, what was sent (R007).
pub(crate) fn receipt(
    catalogue: &Catalogue,
    dossier: &Dossier,
    due: Option<&DueView>,
    address: &str,
    at: Timestamp,
) -> Sheet {
    let words = catalogue.words();
    let case = &dossier.case;
    let received = case.submitted_at.unwrap_or(case.changed_at);
    let mut lines = who(catalogue, dossier, Vec::new());
    lines.push(Line { label: words.service.clone(), value: dossier.definition.card.title.clone() });
    lines.push(Line { label: words.agency.clone(), value: issuer(catalogue, dossier) });
    if let (Some(fee), Some(receipt)) = (&dossier.definition.card.fee, &case.fee_receipt) {
        lines.push(Line { label: words.fee_paid.clone(), value: money_words(fee.amount) });
        lines.push(Line { label: words.fee_receipt.clone(), value: same(receipt) });
    }
    lines.extend(due.map(|due| Line { label: words.due.clone(), value: same(&day(due.on)) }));
    let mut blocks = vec![Block { title: words.case_reference.clone(), body: Body::Lines(lines) }];
    blocks.extend(sent(catalogue, dossier));
    blocks.push(Block { title: words.remark.clone(), body: Body::Text(words.receipt_note.clone()) });
    Sheet {
        lang: Lang::Az,
        ceremonial: false,
        state: words.state.clone(),
        issuer: issuer(catalogue, dossier),
        title: words.receipt_title.clone(),
        lead: words.receipt_lead.clone(),
        marks: vec![
            (words.receipt_number.clone(), case.receipt_number.clone().unwrap_or_default()),
            (words.received_at.clone(), catalogue.calendar().stamp(received)),
        ],
        blocks,
        signer: None,
        check: Some(Check { caption: words.check.clone(), address: address.to_owned() }),
        page: words.page.clone(),
        at,
    }
}

/// The application as it goes under the applicant's signature.
pub(crate) fn application(catalogue: &Catalogue, dossier: &Dossier, at: Timestamp) -> Sheet {
    let words = catalogue.words();
    let card = &dossier.definition.card;
    let mut blocks =
        vec![Block { title: words.applicant.clone(), body: Body::Lines(who(catalogue, dossier, Vec::new())) }];
    blocks.extend(sent(catalogue, dossier));
    blocks.extend(from_registers(catalogue, dossier));
    blocks.push(Block {
        title: words.declaration.clone(),
        body: Body::Text(dossier.definition.form.declaration.clone()),
    });
    Sheet {
        lang: Lang::Az,
        ceremonial: false,
        state: words.state.clone(),
        issuer: issuer(catalogue, dossier),
        title: words.application_title.clone(),
        lead: words.application_lead.clone(),
        marks: vec![
            (words.service.clone(), format!("{} {}", card.id, card.title.az)),
            (words.date.clone(), catalogue.calendar().stamp(at)),
        ],
        blocks,
        signer: None,
        check: None,
        page: words.page.clone(),
        at,
    }
}

/// The answers as people read them, then the files with their digests.
fn sent(catalogue: &Catalogue, dossier: &Dossier) -> Vec<Block> {
    let words = catalogue.words();
    let facts = dossier.facts(catalogue.calendar().day_of(dossier.case.changed_at));
    let facts = dossier.worded(facts, &words.yes, &words.no);
    let mut lines = Vec::new();
    for field in dossier.definition.form.fields() {
        let value = &facts["answers"][&field.id];
        if !value.is_null() && !matches!(field.kind, crate::form::Kind::File { .. }) {
            let path = format!("{{answers.{}}}", field.id);
            lines.push(Line { label: field.label.clone(), value: fill(&same(&path), &facts) });
        }
    }
    let mut blocks = vec![Block { title: words.sent.clone(), body: Body::Lines(lines) }];
    let files: Vec<_> = dossier
        .files
        .iter()
        .map(|file| Line {
            label: same(&file.name),
            value: same(&format!("{} B · SHA-256 {}", file.size_bytes, file.sha256)),
        })
        .collect();
    if !files.is_empty() {
        blocks.push(Block { title: words.files.clone(), body: Body::Lines(files) });
    }
    blocks
}

fn from_registers(catalogue: &Catalogue, dossier: &Dossier) -> Vec<Block> {
    let words = catalogue.words();
    let mut blocks = Vec::new();
    for question in &dossier.definition.evidence.questions {
        let Some(evidence) = dossier.evidence.iter().find(|it| it.question == question.id && it.is_known()) else {
            continue;
        };
        let view = crate::evidence::view(question, evidence);
        let values = view.values.iter().filter(|value| !matches!(value.value, FactView::Rows { .. }));
        let mut lines: Vec<_> = values
            .map(|value| Line { label: value.label.clone(), value: fact_words(&value.value, catalogue) })
            .collect();
        let when = evidence.answered_at.map(|at| catalogue.calendar().stamp(at)).unwrap_or_default();
        let source = same(&format!("{}, {when}", question.register.az));
        lines.push(Line { label: words.from_register.clone(), value: source });
        blocks.push(Block { title: question.title.clone(), body: Body::Lines(lines) });
    }
    blocks
}

fn fact_words(fact: &FactView, catalogue: &Catalogue) -> Localized {
    let words = catalogue.words();
    match fact {
        FactView::Text(text) => same(text),
        FactView::Words(text) => text.clone(),
        FactView::Yesno(true) => words.yes.clone(),
        FactView::Yesno(false) => words.no.clone(),
        FactView::Date(on) => same(&day(*on)),
        FactView::Month(first) => same(&first.strftime("%m.%Y").to_string()),
        FactView::Money(amount) => money_words(*amount),
        FactView::Rows { rows, .. } => same(&rows.len().to_string()),
        FactView::Absent => same("—"),
    }
}

#[cfg(test)]
mod tests;
