//! The operator's view: members, servers, certificates with their expiry, traffic, queues. It shows and changes nothing.

use crate::{
    pages::{self, Cell, Table},
    parts::{Bar, Bars, Mood, Tag},
    shell::{Place, Shell},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use axum::extract::Path;
use base::Timestamp;
use host::{args, store::Row};

/// From this many days before expiry on a certificate is shown as pressing.
const EXPIRY_SOON_DAYS: i64 = 30;
const DAY_S: i64 = 86_400;
const BARS_MAX: usize = 8;
const OPINIONS_MAX: i64 = 50;

fn text(words: impl Into<String>) -> Cell {
    Cell { text: words.into(), ..Cell::default() }
}

fn code(words: impl Into<String>) -> Cell {
    Cell { mono: true, ..text(words) }
}

fn tag(mood: Mood, words: impl Into<String>) -> Cell {
    Cell { tag: Some(Tag::new(mood, words)), ..Cell::default() }
}

fn view(visit: &Visit, tab: &str, tables: Vec<Table>) -> pages::Operator {
    let s = visit.at(Place::Operator);
    let names = [
        ("servers", s.t("operator.servers")),
        ("members", s.t("operator.members")),
        ("certificates", s.t("operator.certificates")),
        ("traffic", s.t("operator.traffic")),
        ("jobs", s.t("operator.jobs")),
        ("opinions", s.t("nav.feedback")),
    ];
    let tabs = names.map(|(id, words)| (s.url(&format!("/operator/{id}")), words.to_owned(), id == tab));
    pages::Operator {
        notes: Vec::new(),
        tabs: tabs.to_vec(),
        figures: Vec::new(),
        chart: None,
        tables,
        at: s.moment(s.now),
        s,
    }
}

fn heads(words: &[&'static str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub async fn servers(visit: Visit) -> Paged {
    visit.operator()?;
    let servers = visit.app.operations.servers().await?;
    let s = visit.shell();
    let state =
        |alive: bool| if alive { (Mood::Good, s.t("operator.works")) } else { (Mood::Bad, s.t("operator.silent")) };
    let row = |server: &crate::ports::Server| {
        let (mood, words) = state(server.alive);
        vec![code(&server.code), text(server.owner.in_lang(visit.lang)), code(&server.address), tag(mood, words)]
    };
    let heads = heads(&[s.t("operator.server"), s.t("operator.owner"), s.t("operator.address"), s.t("operator.state")]);
    let table =
        Table { id: "servers", title: s.t("operator.servers").into(), heads, rows: servers.iter().map(row).collect() };
    let alive = servers.iter().filter(|server| server.alive).count();
    let mut page = view(&visit, "servers", vec![table]);
    let (mood, words) = state(alive == servers.len());
    let count = format!("{alive} / {}", servers.len());
    page.figures = vec![(s.t("operator.servers").into(), count, Some(Tag::new(mood, words)))];
    paged(&page)
}

pub async fn tab(visit: Visit, Path(tab): Path<String>) -> Paged {
    visit.operator()?;
    match tab.as_str() {
        "servers" => servers(visit).await,
        "members" => members(&visit).await,
        "certificates" => certificates(&visit).await,
        "traffic" => traffic(&visit).await,
        "jobs" => jobs(&visit).await,
        "opinions" => opinions(&visit).await,
        _ => Err(Trouble::NotFound),
    }
}

async fn members(visit: &Visit) -> Paged {
    let s = visit.shell();
    let members = visit.app.operations.members().await?;
    let row = |member: &crate::ports::Member| {
        let subsystems = member.subsystems.iter().map(|(subsystem, server)| format!("{subsystem} ({server})"));
        vec![code(&member.id), text(member.name.in_lang(visit.lang)), code(subsystems.collect::<Vec<_>>().join(", "))]
    };
    let heads = heads(&[s.t("operator.code"), s.t("operator.member"), s.t("operator.subsystems")]);
    let table =
        Table { id: "members", title: s.t("operator.members").into(), heads, rows: members.iter().map(row).collect() };
    paged(&view(visit, "members", vec![table]))
}

fn days_left(s: &Shell, until: Timestamp) -> Cell {
    let days = (until.as_second() - s.now.as_second()).div_euclid(DAY_S);
    let words = s.f("operator.days_left", &[("days", &days.to_string())]);
    match days {
        ..0 => tag(Mood::Bad, s.t("operator.expired")),
        0..EXPIRY_SOON_DAYS => tag(Mood::Warn, words),
        _ => tag(Mood::Good, words),
    }
}

async fn certificates(visit: &Visit) -> Paged {
    let s = visit.shell();
    let mut certificates = visit.app.operations.certificates().await?;
    certificates.sort_by_key(|certificate| certificate.valid_to);
    let row = |certificate: &crate::ports::CertificateLine| {
        let mood = if certificate.status == "good" { Mood::Good } else { Mood::Warn };
        let until = s.day(s.date_of(certificate.valid_to));
        vec![
            text(&certificate.subject),
            code(&certificate.usage),
            tag(mood, if certificate.status.is_empty() { "–" } else { certificate.status.as_str() }),
            text(until),
            days_left(&s, certificate.valid_to),
        ]
    };
    let heads =
        heads(&[s.t("operator.subject"), s.t("operator.use"), "OCSP", s.t("operator.expires"), s.t("operator.state")]);
    let rows = certificates.iter().map(row).collect();
    let table = Table { id: "certificates", title: s.t("operator.certificates").into(), heads, rows };
    paged(&view(visit, "certificates", vec![table]))
}

async fn traffic(visit: &Visit) -> Paged {
    let s = visit.shell();
    let mut traffic = visit.app.operations.traffic().await?;
    traffic.sort_by_key(|line| std::cmp::Reverse(line.messages));
    let row = |line: &crate::ports::TrafficLine| {
        let mean = line.mean_ms.map(|ms| s.f("operator.milliseconds", &[("count", &s.count(ms))]));
        let failed = if line.failed == 0 { text("0") } else { tag(Mood::Warn, s.count(line.failed)) };
        vec![
            code(&line.service),
            code(&line.client),
            text(s.count(line.messages)),
            failed,
            text(mean.unwrap_or_else(|| "–".to_owned())),
        ]
    };
    let heads = heads(&[
        s.t("operator.service"),
        s.t("operator.asked_by"),
        s.t("operator.messages"),
        s.t("operator.failed"),
        s.t("operator.mean"),
    ]);
    let table =
        Table { id: "traffic", title: s.t("operator.traffic").into(), heads, rows: traffic.iter().map(row).collect() };
    let bar = |line: &crate::ports::TrafficLine| Bar {
        // Instance, class, member, subsystem, then the service's own code.
        label: line.service.split('/').nth(4).unwrap_or(&line.service).to_owned(),
        value: line.messages,
        shown: s.count(line.messages),
    };
    let mut page = view(visit, "traffic", vec![table]);
    page.chart = (!traffic.is_empty()).then(|| Bars {
        title: s.t("operator.chart").into(),
        label_head: s.t("operator.service").into(),
        value_head: s.t("operator.messages").into(),
        table_label: s.t("bulletin.chart_table").into(),
        rows: traffic.iter().take(BARS_MAX).map(bar).collect(),
    });
    paged(&page)
}

async fn jobs(visit: &Visit) -> Paged {
    let s = visit.shell();
    let queues = visit.app.operations.queues().await?;
    let row = |queue: &crate::ports::QueueHealth| {
        let stuck = if queue.stuck == 0 { tag(Mood::Good, "0") } else { tag(Mood::Bad, s.count(queue.stuck)) };
        let oldest = queue.oldest.map_or_else(|| "–".to_owned(), |at| s.moment(at));
        vec![code(&queue.kind), text(s.count(queue.waiting)), stuck, text(oldest)]
    };
    let heads = heads(&[s.t("operator.job"), s.t("operator.waiting"), s.t("operator.stuck"), s.t("payments.when")]);
    let table = Table { id: "jobs", title: s.t("operator.jobs").into(), heads, rows: queues.iter().map(row).collect() };
    paged(&view(visit, "jobs", vec![table]))
}

/// What people wrote about the portal, newest first.
async fn opinions(visit: &Visit) -> Paged {
    let s = visit.shell();
    let sql = "SELECT about, rating, comment, at FROM portal_opinion ORDER BY at DESC, id DESC LIMIT $1";
    let rows = visit.app.store.query(sql, &args![OPINIONS_MAX]).await?;
    let row = |row: &Row| {
        vec![
            text(s.moment(row.time("at"))),
            code(row.text("about")),
            text(row.int("rating").to_string()),
            text(row.text("comment")),
        ]
    };
    let heads = heads(&[s.t("payments.when"), s.t("feedback.about"), s.t("feedback.rating"), s.t("feedback.comment")]);
    let table =
        Table { id: "opinions", title: s.t("nav.feedback").into(), heads, rows: rows.iter().map(row).collect() };
    paged(&view(visit, "opinions", vec![table]))
}
