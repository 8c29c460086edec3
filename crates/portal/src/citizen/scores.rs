//! The public scoreboard: the method's results in the report and now, every point with its evidence or "no data".

use crate::{
    kept::{self, Part},
    pages::{self, ComponentLine, CriterionLine, ScoreLine},
    parts::{Crumbs, Fact, Facts, Mood, Tag},
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit},
};
use axum::{extract::Path, response::IntoResponse};
use base::{Fault, Lang};
use http::header;
use monitor::{
    Scoreboard,
    methodology::Matter,
    probe::State,
    score::{Basis, ComponentScore, Conflict, Judged, Mark, ServiceScore, Sheet},
};

/// Stands for the country in a service's place.
const COUNTRY: &str = "country";

pub async fn live(visit: Visit) -> Paged {
    overview(visit, "live").await
}

pub async fn report(visit: Visit) -> Paged {
    overview(visit, "report").await
}

async fn overview(visit: Visit, which: &'static str) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    let draw = || {
        let s = visit.app.nobody(visit.lang);
        let title = s.t("nav.scores").to_owned();
        Part::of(title, &sheet(s, &board, which == "live"))
    };
    let part = visit.app.public().scores.part((visit.lang, which), &board, visit.app.clock.now(), draw)?;
    kept::page(&visit, Place::Score, part)
}

pub async fn json(visit: Visit) -> Paged {
    let board = visit.app.monitor.scoreboard().await?;
    let draw = || {
        let text = serde_json::to_string_pretty(&board.score).map_err(|error| Fault::new("write the scores", error))?;
        Ok(Part { title: String::new(), main: text })
    };
    let name = (Lang::default(), "json");
    let part = visit.app.public().scores.part(name, &board, visit.app.clock.now(), draw)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], part.main.clone()).into_response())
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

fn name(s: &Shell, board: &Scoreboard, id: &str) -> String {
    let known = board.services.iter().find(|service| service.id == id);
    known.map_or_else(|| id.to_owned(), |service| format!("{id} {}", service.name.in_lang(s.lang)))
}

fn sheet(s: Shell, board: &Scoreboard, live: bool) -> pages::Scores {
    let sheet: &Sheet = if live { &board.score.live } else { &board.score.report };
    let component = |component: &ComponentScore| ComponentLine {
        name: format!("{}. {}", component.id, component.name.in_lang(s.lang)),
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
        at: if live { s.f("scores.at", &[("time", &s.second(board.at))]) } else { String::new() },
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
                name: name(&s, board, &service.id),
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
    let known = |sheet: &Sheet| sheet.services.iter().any(|service| service.id == id);
    if id != COUNTRY && !(known(&board.score.live) && known(&board.score.report)) {
        return Err(Trouble::NotFound);
    }
    let draw = || {
        let s = visit.app.nobody(visit.lang);
        let page = if id == COUNTRY { country(s, &board) } else { one(s, &board, &id)? };
        Part::of(format!("{} · {}", page.name, page.s.t("nav.scores")), &page)
    };
    let part = visit.app.public().scores.part((visit.lang, &id), &board, visit.app.clock.now(), draw)?;
    kept::page(&visit, Place::Score, part)
}

fn crumbs(s: &Shell) -> Crumbs {
    Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/scores"), s.t("nav.scores").into())] }
}

fn country(s: Shell, board: &Scoreboard) -> pages::Score {
    let groups = board.score.live.components.iter().map(|component| {
        let judged = component.questions.iter().filter_map(|question| question.judged.as_ref());
        (component.name.in_lang(s.lang).to_owned(), judged.map(|judged| criterion(&s, judged)).collect())
    });
    let groups = groups.chain([readings(&s, board)]).collect();
    let name = s.t("scores.infrastructure").to_owned();
    pages::Score { crumbs: crumbs(&s), name, facts: Facts::default(), groups, s }
}

fn one(s: Shell, board: &Scoreboard, id: &str) -> Result<pages::Score, Trouble> {
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
    Ok(pages::Score {
        crumbs: crumbs(&s),
        name: name(&s, board, id),
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
