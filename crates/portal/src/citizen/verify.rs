//! Anyone may check a document: by its code, by the QR address on it, or by the signed file.

use crate::{
    pages,
    parts::{Errors, Fact, Facts, Field, Kind},
    posted::Posted,
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged, preferred_language, refused},
};
use ::safe::{PublicRecord, Refusal as Unknown};
use axum::{
    extract::{Path, Query},
    response::{IntoResponse, Redirect},
};
use base::{Failure, Refusal as _};
use http::HeaderMap;
use serde::Deserialize;

/// The address in the QR code has no language; the reader's browser says one.
pub async fn from_qr(headers: HeaderMap, Path(code): Path<String>) -> impl IntoResponse {
    Redirect::to(&format!("/{}/v/{}", preferred_language(&headers), encode(&code)))
}

fn form_page(visit: &Visit, code: Field, file: Field) -> pages::Verify {
    let mut s = visit.at(Place::Verify);
    let fields = [code, file];
    let errors = Errors::of(s.t("layout.problem"), &fields);
    s.failed = !errors.is_empty();
    let [code, file] = fields;
    pages::Verify { errors, code, file, s }
}

fn code_field(s: &Shell) -> Field {
    let field = Field::new("code", s.t("verify.code"), Kind::Line("text"));
    field.hint(s.t("verify.code_hint")).width("mid").autocomplete("off")
}

fn file_field(s: &Shell) -> Field {
    let accept = ".asice,.sce,.pdf".to_owned();
    Field::new("file", s.t("verify.file"), Kind::File { accept }).hint(s.t("verify.file_hint"))
}

pub async fn form(visit: Visit) -> Paged {
    let s = visit.shell();
    paged(&form_page(&visit, code_field(&s), file_field(&s)))
}

#[derive(Debug, Default, Deserialize)]
pub struct Typed {
    code: Option<String>,
}

pub async fn by_code(visit: Visit, Query(typed): Query<Typed>) -> Paged {
    let s = visit.shell();
    let code = typed.code.unwrap_or_default();
    if code.trim().is_empty() {
        let code = code_field(&s).error(s.t("verify.code_needed"));
        return refused(&form_page(&visit, code, file_field(&s)));
    }
    Ok(visit.go(&format!("/v/{}", encode(code.trim()))))
}

pub async fn page(visit: Visit, Path(code): Path<String>) -> Paged {
    visit.may_try("verify")?;
    match visit.app.safe.verify_code(&code).await {
        Ok(record) => paged(&record_page(&visit, &record)),
        Err(Failure::Refused(Unknown::CodeMistyped)) => {
            let s = visit.shell();
            let field = code_field(&s).value(code).error(visit.refusal_text(Unknown::CodeMistyped.code()));
            refused(&form_page(&visit, field, file_field(&s)))
        }
        Err(Failure::Refused(Unknown::CodeUnknown)) => {
            let mut s = visit.at(Place::Verify);
            s.failed = true;
            let page = pages::Verified {
                genuine: false,
                heading: s.t("verified.unknown_title").into(),
                text: s.t("verified.unknown").into(),
                facts: Facts { rows: vec![Fact::new(s.t("verify.code"), code)] },
                reasons: Vec::new(),
                signatures: Vec::new(),
                download: None,
                s,
            };
            Ok((http::StatusCode::NOT_FOUND, paged(&page)?).into_response())
        }
        Err(failure) => Err(Trouble::from(failure)),
    }
}

fn record_facts(s: &Shell, record: &PublicRecord) -> Vec<Fact> {
    let mut rows = vec![
        Fact::new(s.t("verify.code"), record.code.grouped()),
        Fact::new(s.t("cases.service"), record.title.in_lang(s.lang)),
    ];
    rows.extend(record.number.as_ref().map(|number| Fact::new(s.t("document.number"), number.as_str())));
    rows.push(Fact::new(s.t("document.issuer"), record.issuer.in_lang(s.lang)));
    rows.push(Fact::new(s.t("document.issued"), s.day(record.issued_on)));
    rows.push(Fact::new(s.t("document.signed_by"), record.signer.as_str()));
    rows.push(Fact::new(s.t("document.digest"), base::hex(&record.sha256)));
    rows
}

fn record_page(visit: &Visit, record: &PublicRecord) -> pages::Verified {
    let mut s = visit.at(Place::Verify);
    let withdrawn = record.withdrawn.as_ref();
    s.failed = withdrawn.is_some();
    let (heading, text) = match withdrawn {
        None => (s.t("verified.genuine_title"), s.t("verified.genuine").to_owned()),
        Some(withdrawn) => {
            (s.t("verified.false_title"), s.f("verified.withdrawn", &[("date", &s.moment(withdrawn.at))]))
        }
    };
    pages::Verified {
        genuine: withdrawn.is_none(),
        heading: heading.into(),
        text,
        facts: Facts { rows: record_facts(&s, record) },
        reasons: withdrawn.map(|withdrawn| withdrawn.because.clone()).into_iter().collect(),
        signatures: Vec::new(),
        download: None,
        s,
    }
}

pub async fn upload(visit: Visit, mut posted: Posted) -> Paged {
    visit.may_try("verify")?;
    let mut s = visit.at(Place::Verify);
    let Some(upload) = posted.uploads.pop() else {
        let file = file_field(&s).error(s.t("verify.file_needed"));
        return refused(&form_page(&visit, code_field(&s), file));
    };
    let verdict = match visit.app.safe.verify_upload(&upload.content).await {
        Ok(verdict) => verdict,
        Err(Failure::Refused(refusal)) => {
            let file = file_field(&s).error(visit.refusal_text(refusal.code()));
            return refused(&form_page(&visit, code_field(&s), file));
        }
        Err(Failure::Failed(fault)) => return Err(fault.into()),
    };
    let genuine = verdict.is_genuine() || (verdict.registered.is_none() && verdict.judgement.valid);
    s.failed = !genuine;
    let (heading, text) = match (genuine, &verdict.registered) {
        (true, Some(_)) => (s.t("verified.genuine_title"), s.t("verified.genuine")),
        (true, None) => (s.t("verified.foreign_title"), s.t("verified.foreign")),
        _ => (s.t("verified.false_title"), s.t("verified.false")),
    };
    let mut rows = verdict.registered.as_ref().map(|record| record_facts(&s, record)).unwrap_or_default();
    if rows.is_empty() {
        rows.push(Fact::new(s.t("document.digest"), base::hex(&verdict.sha256)));
    }
    let signer = |name: &String| {
        let at = verdict.judgement.signed_at.map(|at| Fact::new(s.t("document.signed_at"), s.second(at)));
        let rows = [Some(Fact::new(s.t("document.signed_by"), name.as_str())), at];
        Facts { rows: rows.into_iter().flatten().collect() }
    };
    let reason = |code: &String| visit.words(&format!("verdict.{code}"), code);
    let reasons = if genuine { Vec::new() } else { verdict.judgement.reasons.iter().map(reason).collect() };
    paged(&pages::Verified {
        genuine,
        heading: heading.into(),
        text: text.into(),
        facts: Facts { rows },
        reasons,
        signatures: verdict.judgement.signers.iter().map(signer).collect(),
        download: None,
        s,
    })
}
