//! The front page, the choice of language for addresses without one, and the two pages of help.

use super::service::{group_icon, line};
use crate::{
    pages,
    parts::{Mood, Note},
    shell::Place,
    visit::{Paged, Visit, page as paged, preferred_language},
};
use axum::{
    extract::Query,
    response::{IntoResponse, Redirect},
};
use http::HeaderMap;
use serde::Deserialize;

/// `/` has no language: the browser's is taken, Azerbaijani otherwise.
pub async fn choose_language(headers: HeaderMap) -> impl IntoResponse {
    Redirect::to(&format!("/{}/", preferred_language(&headers)))
}

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    signed_out: Option<String>,
}

pub async fn page(visit: Visit, Query(came): Query<Came>) -> Paged {
    let s = visit.shell();
    let catalogue = visit.app.services.catalogue();
    let online: Vec<_> = catalogue.cards().iter().filter(|card| card.online).collect();
    let groups = catalogue.groups().iter().filter_map(|group| {
        let count = catalogue.cards().iter().filter(|card| card.group == group.id).count();
        (count > 0).then(|| pages::GroupLine {
            href: s.url(&format!("/services?group={}", crate::shell::encode(&group.id))),
            name: group.title.in_lang(visit.lang).to_owned(),
            count: s.f("home.group_count", &[("count", &count.to_string())]),
            icon: group_icon(&group.id),
        })
    });
    let signed_out = Note { mood: Mood::Good, title: String::new(), text: s.t("home.signed_out").into(), link: None };
    paged(&pages::Home {
        total: s.count(catalogue.announced()),
        online_total: s.count(i64::try_from(online.len()).unwrap_or(0)),
        notes: came.signed_out.map(|_| signed_out).into_iter().collect(),
        online: online.iter().map(|card| line(&visit, &s, card)).collect(),
        groups: groups.collect(),
        s,
    })
}

pub async fn help(visit: Visit) -> Paged {
    let s = visit.at(Place::Elsewhere);
    let section = |title: &'static str, text: &'static str| (title.to_owned(), text.to_owned());
    let sections = vec![
        section(s.t("help.start_title"), s.t("help.start")),
        section(s.t("help.papers_title"), s.t("help.papers")),
        section(s.t("help.late_title"), s.t("help.late")),
        section(s.t("help.trust_title"), s.t("help.trust")),
    ];
    paged(&pages::Help { heading: s.t("help.title").into(), sections, s })
}

pub async fn accessibility(visit: Visit) -> Paged {
    let s = visit.at(Place::Elsewhere);
    let section = |title: &'static str, text: &'static str| (title.to_owned(), text.to_owned());
    let sections = vec![
        section(s.t("access.aim_title"), s.t("access.aim")),
        section(s.t("access.limits_title"), s.t("access.limits")),
        section(s.t("access.tell_title"), s.t("access.tell")),
    ];
    paged(&pages::Help { heading: s.t("access.title").into(), sections, s })
}
