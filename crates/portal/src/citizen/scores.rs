//! The public scoreboard: the method's results in the report and now, every point with its evidence or "no data".

use crate::{
    pages::{self, ComponentLine, CriterionLine, ScoreLine},
    parts::{Crumbs, Fact, Facts, Mood, Tag},
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use axum::{extract::Path, response::IntoResponse};
use base::Fault;
use http::header;
use monitor::{
    Scoreboard,
    methodology::Matter,
    probe::State,
    score::{Basis, ComponentScore, Conflict, Judged, Mark, ServiceScore, Sheet},
};

pub async fn live(visit: Visit) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    paged(&sheet(&visit, &board, true))
}

pub async fn report(visit: Visit) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    paged(&sheet(&visit, &board, false))
}

pub async fn json(visit: Visit) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    let text = serde_json::to_string_pretty(&board.score).map_err(|error| Fault::new("write the scores", error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

fn of(s: &Shell, score: &str, max: u32) -> String {
    s.f("scores.of", &[("score", score), ("max", &max.to_string())])
}

fn mark(s: &Shell, mark: &Mark) -> String {
    match mark.basis {
        Basis::NotOnline => s.t("scores.no_data").to_owned(),
        _ => format!("{} · {}", of(s, &mark.score.to_string(), mark.maximum), mark.name.in_lang(s.lang)),
    }
}

fn name(visit: &Visit, board: &Scoreboard, id: &str) -> String {
    let known = board.services.iter().find(|service| service.id == id);
    known.map_or_else(|| id.to_owned(), |service| format!("{id} {}", service.name.in_lang(visit.lang)))
}

fn sheet(visit: &Visit, board: &Scoreboard, live: bool) -> pages::Scores {
    let s = visit.at(Place::Score);
    let sheet: &Sheet = if live { &board.score.live } else { &board.score.report };
    let component = |component: &ComponentScore| ComponentLine {
        name: format!("{}. {}", component.id, component.name.in_lang(visit.lang)),
        score: if live { component.score.cut_to_hundredths() } else { component.printed.clone() },
        note: format!(
            "{} · {}",
            component.score,
            s.f("scores.unclear", &[("questions", &component.questions.len().to_string())])
        ),
    };
    let (maximum, components) = (sheet.maximum.to_string(), sheet.components.len().to_string());
    pages::Scores {
        live,
        intro: if live { s.t("scores.live_intro") } else { s.t("scores.report_intro") }.into(),
        index: s.f("scores.index", &[("score", &sheet.infrastructure.cut_to_hundredths()), ("max", &maximum)]),
        index_note: s.f("scores.index_note", &[("components", &components)]),
        components: sheet.components.iter().map(component).collect(),
        country: live.then(|| s.url("/scores/country")),
        services: sheet
            .services
            .iter()
            .map(|service| ScoreLine {
                href: Some(s.url(&format!("/scores/{}", encode(&service.id)))),
                name: name(visit, board, &service.id),
                maturity: mark(&s, &service.maturity),
                participation: mark(&s, &service.participation),
                transparency: mark(&s, &service.transparency),
            })
            .collect(),
        s,
    }
}

fn criterion(s: &Shell, judged: &Judged) -> CriterionLine {
    let tag = match judged.state {
        State::NoData => Tag::new(Mood::Plain, s.t("scores.no_data")),
        _ if judged.earned => Tag::new(Mood::Good, s.t("scores.met")),
        _ => Tag::new(Mood::Warn, s.t("scores.not_met")),
    };
    let value = judged.value.map(|value| format!("{value}")).unwrap_or_default();
    let mut evidence = vec![format!("{} {} {value}", judged.text.in_lang(s.lang), judged.threshold)];
    evidence.extend(judged.evidence.iter().map(|counted| {
        let leaf = counted.leaf.map(|leaf| format!(" #{leaf}")).unwrap_or_default();
        format!("{} = {}: {} ({}){leaf}", counted.fact, counted.value, counted.source, counted.records)
    }));
    CriterionLine { name: format!("{}. {}", judged.question, judged.question_text.in_lang(s.lang)), tag, evidence }
}

/// One service, or the country as a whole, criterion by criterion.
pub async fn service(visit: Visit, Path(id): Path<String>) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    let s = visit.at(Place::Score);
    let crumbs =
        Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/scores"), s.t("nav.scores").into())] };
    if id == "country" {
        let groups = board.score.live.components.iter().map(|component| {
            let judged = component.questions.iter().filter_map(|question| question.judged.as_ref());
            (component.name.in_lang(visit.lang).to_owned(), judged.map(|judged| criterion(&s, judged)).collect())
        });
        let groups = groups.chain([readings(&s, &board)]).collect();
        let name = s.t("scores.infrastructure").to_owned();
        return paged(&pages::Score { crumbs, name, facts: Facts::default(), groups, s });
    }
    let find = |sheet: &Sheet| sheet.services.iter().find(|service| service.id == id).cloned();
    let live = find(&board.score.live).ok_or(Trouble::NotFound)?;
    let report = find(&board.score.report).ok_or(Trouble::NotFound)?;
    let row = |title: &'static str, now: &Mark, then: &Mark| Fact {
        note: format!("{}: {}", s.t("scores.report"), mark(&s, then)),
        ..Fact::new(title, mark(&s, now))
    };
    let marks = [
        (s.t("scores.maturity"), &live.maturity, &report.maturity),
        (s.t("scores.participation"), &live.participation, &report.participation),
        (s.t("scores.transparency"), &live.transparency, &report.transparency),
    ];
    let group = |(title, now, _): &(&'static str, &Mark, &Mark)| {
        let lines: Vec<_> = now.criteria.iter().map(|judged| criterion(&s, judged)).collect();
        (!lines.is_empty()).then(|| ((*title).to_owned(), lines))
    };
    paged(&pages::Score {
        crumbs,
        name: name(&visit, &board, &id),
        facts: Facts { rows: marks.iter().map(|(title, now, then)| row(title, now, then)).collect() },
        groups: marks.iter().filter_map(group).chain(conflicts(&s, &report)).collect(),
        s,
    })
}

/// Where the report says of a service two different things: all of them, none resolved in silence.
fn conflicts(s: &Shell, service: &ServiceScore) -> Option<(String, Vec<CriterionLine>)> {
    let line = |conflict: &Conflict| CriterionLine {
        name: match conflict.matter {
            Matter::Maturity => s.t("scores.maturity"),
            Matter::Participation => s.t("scores.participation"),
            Matter::Transparency => s.t("scores.transparency"),
            Matter::Survey => s.t("scores.survey"),
        }
        .to_owned(),
        tag: Tag::new(Mood::Plain, s.t("scores.report")),
        evidence: conflict
            .values
            .iter()
            .map(|value| {
                let label = value.label.as_ref().map(|label| label.in_lang(s.lang));
                let said: Vec<&str> = value.printed.as_deref().into_iter().chain(label).collect();
                format!("{}: {}", value.place.in_lang(s.lang), said.join(" · "))
            })
            .collect(),
    };
    let lines: Vec<_> = service.conflicts.iter().map(line).collect();
    (!lines.is_empty()).then(|| (s.t("scores.conflicts").to_owned(), lines))
}

/// What the method leaves open, and what is done there.
fn readings(s: &Shell, board: &Scoreboard) -> (String, Vec<CriterionLine>) {
    let lines = board.readings.iter().map(|reading| CriterionLine {
        name: reading.finding.in_lang(s.lang).to_owned(),
        tag: Tag::new(Mood::Plain, s.t("scores.our_reading")),
        evidence: vec![reading.reading.in_lang(s.lang).to_owned()],
    });
    (s.t("scores.readings").to_owned(), lines.collect())
}
