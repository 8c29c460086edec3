//! The queue: what a tired official must see at a glance, the most pressing first; and the door for those not logged in.

use crate::{
    evidence,
    pages::{self, QueueLine},
    parts::{Fact, Facts, Mood},
    shell::{Place, Shell, encode},
    visit::{Paged, Visit, page as paged},
};
use axum::extract::Query;
use serde::Deserialize;
use services::view::{DueView, QueueFilter};

/// From this share of the legal period on, a case is shown as pressing.
const SOON_PERCENT: i64 = 80;

#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    mine: Option<String>,
    late: Option<String>,
}

/// (`late`, `soon` or nothing; the last day; what is left of it)
pub fn clock(s: &Shell, due: Option<&DueView>) -> (&'static str, String, String) {
    let Some(due) = due else { return ("", "–".to_owned(), String::new()) };
    let left = due.working_days - due.working_days * due.used_percent / 100;
    let (urgency, words) = match due {
        _ if due.late => ("late", s.t("queue.late_by").to_owned()),
        _ if due.paused => ("", s.t("queue.paused").to_owned()),
        _ if due.on == s.today() => ("soon", s.t("queue.today").to_owned()),
        _ => {
            let urgency = if due.used_percent >= SOON_PERCENT { "soon" } else { "" };
            (urgency, s.f("queue.days_left", &[("days", &left.to_string())]))
        }
    };
    (urgency, s.day(due.on), words)
}

pub async fn page(visit: Visit, Query(filter): Query<Filter>) -> Paged {
    let s = visit.at(Place::Queue);
    let Some(session) = &visit.session else { return paged(&pages::Welcome { notes: Vec::new(), s }) };
    let Some(official) = session.official() else {
        if session.is_operator() {
            return Ok(visit.go("/operator"));
        }
        let note = s.note(Mood::Warn, "office.no_office_title", "office.no_office");
        return paged(&pages::Welcome { notes: vec![note], s });
    };
    let wanted = QueueFilter { mine: filter.mine.is_some(), late: filter.late.is_some(), ..QueueFilter::default() };
    let all = visit.app.services.queue(&official, &QueueFilter::default()).await?;
    let shown = match wanted == QueueFilter::default() {
        true => all.clone(),
        false => visit.app.services.queue(&official, &wanted).await?,
    };
    let late = all.iter().filter(|line| line.due.as_ref().is_some_and(|due| due.late)).count();
    let line = |line: &services::view::QueueLine| {
        let (urgency, due, left) = clock(&s, line.due.as_ref());
        QueueLine {
            href: s.url(&format!("/cases/{}", encode(&line.reference))),
            reference: line.reference.clone(),
            service: line.service_title.in_lang(visit.lang).to_owned(),
            applicant: line.applicant_name.clone(),
            tag: evidence::state_tag(&visit, line.state),
            due,
            left,
            received: s.moment(line.submitted_at),
            urgency,
        }
    };
    paged(&pages::Queue {
        notes: Vec::new(),
        counts: s.f("queue.counts", &[("all", &all.len().to_string()), ("late", &late.to_string())]),
        tabs: vec![
            (s.url("/"), s.t("queue.all").into(), wanted == QueueFilter::default()),
            (s.url("/?mine=1"), s.t("queue.mine").into(), wanted.mine),
            (s.url("/?late=1"), s.t("queue.late").into(), wanted.late),
        ],
        rows: shown.iter().map(line).collect(),
        s,
    })
}

pub async fn help(visit: Visit) -> Paged {
    let s = visit.shell();
    let sections = vec![
        (s.t("officecase.evidence").to_owned(), s.t("officecase.evidence_what").to_owned()),
        (s.t("confirm.title").to_owned(), s.t("confirm.what").to_owned()),
        (s.t("office.title").to_owned(), s.t("office.watched").to_owned()),
    ];
    paged(&pages::Help { heading: s.t("help.title").into(), sections, s })
}

/// Who is logged in here, and in which post.
pub async fn profile(visit: Visit) -> Paged {
    let person = visit.person()?;
    let s = visit.shell();
    let posts = person.offices.iter().map(|office| {
        let agency =
            visit.app.country.member(&office.agency).map_or(office.agency.as_str(), |name| name.in_lang(visit.lang));
        let role = match office.role.as_str() {
            "operator" => s.t("nav.operator"),
            _ => s.t("office.role_official"),
        };
        Fact::new(role, agency)
    });
    let mut rows = vec![Fact::new(s.t("profile.name"), person.name.as_str())];
    rows.extend(posts);
    paged(&pages::Post { facts: Facts { rows }, s })
}
