//! How facts from registers, answers and moments of a case are written on a page; used by the citizen's and the official's
//! pages alike.

use crate::{
    parts::{DocCard, EvidenceRow, Fact, Facts, Moment, Mood, Tag, Tense, Timeline},
    shell::{Shell, encode},
    texts::Words,
    visit::Visit,
};
use axum::response::{IntoResponse, Response};
use base::Lang;
use http::header;
use services::{
    case::State,
    view::{CaseView, EvidenceState, EvidenceView, FactView, FeeView, FileContent, ResultLine, Section, TimelineEntry},
};

/// A fact in words; rows become one line each.
pub fn fact_text(s: &Shell, fact: &FactView) -> String {
    match fact {
        FactView::Text(text) => text.clone(),
        FactView::Words(text) => text.in_lang(s.lang).to_owned(),
        FactView::Yesno(true) => s.t("step.yes").to_owned(),
        FactView::Yesno(false) => s.t("step.no").to_owned(),
        FactView::Date(day) => s.day(*day),
        FactView::Month(first) => s.month(&first.strftime("%Y-%m").to_string()),
        FactView::Money(amount) => amount.display(s.lang),
        FactView::Absent => s.t("evidence.absent").to_owned(),
        FactView::Rows { rows, .. } if rows.is_empty() => s.t("evidence.absent").to_owned(),
        FactView::Rows { rows, .. } => {
            let line = |row: &Vec<FactView>| {
                let cells = row.iter().filter(|cell| **cell != FactView::Absent);
                cells.map(|cell| fact_text(s, cell)).collect::<Vec<_>>().join(" · ")
            };
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

/// One question's answers as rows with their source and date. `dispute` is the path before evidence and fact, where the
/// reader may say that a value is wrong.
pub fn rows(s: &Shell, view: &EvidenceView, dispute: Option<&str>) -> Vec<EvidenceRow> {
    let title = view.title.in_lang(s.lang);
    let register = view.register.in_lang(s.lang);
    let when = view.answered_at.or(view.asked_at).map(|at| s.moment(at)).unwrap_or_default();
    let officer = view.confirmed_by.clone().unwrap_or_default();
    let answered = matches!(view.state, EvidenceState::Answered | EvidenceState::FromOriginal);
    if !answered {
        let waiting = match view.state {
            EvidenceState::Planned => s.t("evidence.planned"),
            EvidenceState::RefusedByRegister => s.t("evidence.refused"),
            EvidenceState::OriginalAsked => s.t("evidence.original_asked"),
            EvidenceState::OriginalGiven => s.t("evidence.original_given"),
            _ => s.t("evidence.waiting"),
        };
        let (name, waiting, from) = (title.to_owned(), waiting.to_owned(), register.to_owned());
        return vec![EvidenceRow { name, waiting, from, ..EvidenceRow::default() }];
    }
    let mut from = match view.state {
        EvidenceState::FromOriginal => s.f("evidence.from_original", &[("officer", &officer)]),
        _ => s.f("evidence.from", &[("register", register), ("when", &when)]),
    };
    if view.disputed {
        from = format!("{from} · {}", s.t("evidence.disputed"));
    }
    let row = |value: &services::view::EvidenceValue| EvidenceRow {
        name: value.label.in_lang(s.lang).to_owned(),
        value: fact_text(s, &value.value),
        from: from.clone(),
        waiting: String::new(),
        wrong: dispute.map(|path| {
            let href = s.url(&format!("{path}/{}/{}", encode(&view.id), encode(&value.fact)));
            (href, s.t("evidence.wrong").to_owned())
        }),
    };
    view.values.iter().map(row).collect()
}

/// The answers of a case as one list.
pub fn answers(lang: Lang, sections: &[Section]) -> Facts {
    let all = sections.iter().flat_map(|section| &section.answers);
    Facts { rows: all.map(|answer| answer_fact(lang, answer)).collect() }
}

pub fn answer_fact(lang: Lang, answer: &services::view::AnswerView) -> Fact {
    let files: Vec<&str> = answer.files.iter().map(|file| file.name.as_str()).collect();
    let value = match (answer.value.in_lang(lang), files.is_empty()) {
        // Asked and left open, because it need not be answered.
        ("", true) => Words::of(lang).text("answer.not_given").to_owned(),
        (words, true) => words.to_owned(),
        (_, false) => files.join(", "),
    };
    Fact::new(answer.label.in_lang(lang), value)
}

pub fn result_facts(s: &Shell, results: &[ResultLine]) -> Facts {
    let row = |line: &ResultLine| Fact::new(line.label.in_lang(s.lang), fact_text(s, &line.value));
    Facts { rows: results.iter().map(row).collect() }
}

/// A state in words, with the mood that its colour repeats.
pub fn state_tag(visit: &Visit, state: State) -> Tag {
    let mood = match state {
        State::Draft | State::ToSign | State::Withdrawn => Mood::Plain,
        State::AwaitingPayment | State::OriginalRequested | State::CorrectionRequested => Mood::Warn,
        State::Submitted | State::AwaitingEvidence | State::InReview | State::DecisionToSign => Mood::Info,
        State::Approved => Mood::Good,
        State::Refused => Mood::Bad,
    };
    Tag::new(mood, visit.words(&format!("services.state.{}", state.name()), state.name()))
}

/// What has happened, oldest first, and what comes next.
pub fn timeline(visit: &Visit, s: &Shell, entries: &[TimelineEntry], next: Option<(String, String)>) -> Timeline {
    let last = entries.len().saturating_sub(1);
    let mut moments: Vec<Moment> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            let mut title = visit.words(&format!("services.event.{}", entry.event), &entry.event);
            for (name, value) in &entry.values {
                title = title.replace(&format!("{{{name}}}"), value.in_lang(s.lang));
            }
            let tense = if place == last && next.is_some() { Tense::Now } else { Tense::Past };
            Moment { tense, title, when: s.moment(entry.at), text: String::new(), link: None }
        })
        .collect();
    if let Some((title, text)) = next {
        moments.push(Moment { tense: Tense::Next, title, when: String::new(), text, link: None });
    }
    Timeline { moments }
}

/// What comes after the present state: a decision by its day, or nothing more.
pub fn next_step(s: &Shell, case: &CaseView) -> Option<(String, String)> {
    if case.state.is_final() {
        return None;
    }
    let by = case.due.as_ref().map(|due| s.f("cases.line_due", &[("date", &s.day(due.on))])).unwrap_or_default();
    Some((s.t("case.decision").to_owned(), by))
}

pub fn documents(s: &Shell, case: &CaseView, path: &str) -> Vec<DocCard> {
    let card = |document: &services::view::DocumentView| DocCard {
        title: document.title.in_lang(s.lang).to_owned(),
        href: s.url(&format!("{path}/{}/documents/{}/pdf", encode(&case.reference), encode(&document.id))),
        lines: vec![document.number.clone(), s.moment(document.at)],
        tag: document.signed.then(|| Tag::new(Mood::Good, s.t("document.valid"))),
    };
    case.documents.iter().map(card).collect()
}

pub fn fee(s: &Shell, fee: &FeeView) -> crate::parts::Fee {
    let text = match (&fee.paid_at, &fee.receipt_number) {
        (Some(at), Some(number)) => format!("{}: {} · {number}", s.t("payment.paid_at"), s.moment(*at)),
        (Some(at), None) => format!("{}: {}", s.t("payment.paid_at"), s.moment(*at)),
        _ => fee.debt_code.as_ref().map(|code| s.f("payments.code", &[("code", code)])).unwrap_or_default(),
    };
    crate::parts::Fee { label: fee.title.in_lang(s.lang).to_owned(), amount: fee.amount.display(s.lang), text }
}

/// A file to be kept: never shown inside our pages, so what it holds cannot act in our name.
pub fn download(content: FileContent) -> Response {
    let plain: String = content
        .name
        .chars()
        .map(|letter| if letter.is_ascii_graphic() && letter != '"' { letter } else { '_' })
        .collect();
    let name = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encode(&content.name));
    ([(header::CONTENT_TYPE, content.media_type), (header::CONTENT_DISPOSITION, name)], content.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::sample;
    use base::{Localized, Money};

    fn same(text: &str) -> Localized {
        Localized { az: text.into(), en: text.into(), ru: text.into() }
    }

    #[test]
    fn salaries_are_written_as_the_language_writes_months_and_money() {
        let row = |month: i8, qepik| {
            let employer = FactView::Text("“Nur” MMC".into());
            vec![
                FactView::Month(jiff::civil::date(2025, month, 1)),
                employer,
                FactView::Absent,
                FactView::Money(Money::from_qepik(qepik)),
            ]
        };
        let rows = vec![row(11, 112_000), row(5, 99_950)];
        let salaries = FactView::Rows { columns: vec![same(""); 4], rows };
        for (lang, expected) in [
            (Lang::Az, "noyabr 2025 · “Nur” MMC · 1\u{a0}120,00\u{a0}AZN\nmay 2025 · “Nur” MMC · 999,50\u{a0}AZN"),
            (Lang::En, "November 2025 · “Nur” MMC · 1,120.00\u{a0}AZN\nMay 2025 · “Nur” MMC · 999.50\u{a0}AZN"),
            (Lang::Ru, "ноябрь 2025 · “Nur” MMC · 1\u{a0}120,00\u{a0}AZN\nмай 2025 · “Nur” MMC · 999,50\u{a0}AZN"),
        ] {
            assert_eq!(fact_text(&sample(lang), &salaries), expected);
        }
    }

    #[test]
    fn what_was_left_open_is_said_so() {
        let answer = |value: &str| services::view::AnswerView {
            field: "about".into(),
            label: same("About"),
            value: same(value),
            files: Vec::new(),
        };
        assert_eq!(answer_fact(Lang::Az, &answer("")).value, "göstərilməyib");
        assert_eq!(answer_fact(Lang::En, &answer("")).value, "not given");
        assert_eq!(answer_fact(Lang::Ru, &answer("")).value, "не указано");
        assert_eq!(answer_fact(Lang::En, &answer("brick")).value, "brick");
    }
}
