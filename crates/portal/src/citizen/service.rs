//! The catalogue: search, groups, and the page of one e-service.

use crate::{
    pages,
    parts::{Crumbs, Fact, Mood, Tag},
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use axum::extract::{Path, Query};
use serde::Deserialize;
use services::catalogue::{Audience, Card};

/// Longest search that is looked at.
const QUERY_LETTERS_MAX: usize = 100;

#[derive(Debug, Default, Deserialize)]
pub struct Search {
    q: Option<String>,
    group: Option<String>,
}

/// A drawing for a group, by the words in its id; the general one otherwise.
pub fn group_icon(id: &str) -> &'static str {
    let known = [
        ("social", "family"),
        ("civil", "person"),
        ("education", "school"),
        ("health", "health"),
        ("business", "business"),
        ("tax", "business"),
        ("property", "home"),
        ("estate", "home"),
        ("construction", "home"),
        ("transport", "car"),
        ("traffic", "car"),
        ("labour", "work"),
        ("work", "work"),
        ("culture", "culture"),
        ("justice", "culture"),
        ("migration", "globe"),
        ("telecom", "phone"),
        ("communication", "phone"),
    ];
    known.iter().find(|(part, _)| id.contains(part)).map_or("document", |(_, icon)| icon)
}

pub fn line(visit: &Visit, s: &Shell, card: &Card) -> pages::ServiceLine {
    pages::ServiceLine {
        href: s.url(&format!("/services/{}", encode(&card.id))),
        number: card.id.clone(),
        name: card.title.in_lang(visit.lang).to_owned(),
        agency: agency(visit, card),
        status: status(s, card),
        fee: if card.online { fee(visit, s, card) } else { String::new() },
    }
}

fn status(s: &Shell, card: &Card) -> Tag {
    if card.online {
        Tag::new(Mood::Good, s.t("service.online"))
    } else {
        Tag::new(Mood::Plain, s.t("service.not_online"))
    }
}

fn agency(visit: &Visit, card: &Card) -> String {
    let agency = visit.app.services.catalogue().agency(&card.agency);
    agency.map_or_else(|| card.agency.clone(), |agency| agency.name.in_lang(visit.lang).to_owned())
}

fn fee(visit: &Visit, s: &Shell, card: &Card) -> String {
    card.fee.as_ref().map_or_else(|| s.t("service.free").to_owned(), |fee| fee.amount.display(visit.lang))
}

pub async fn list(visit: Visit, Query(search): Query<Search>) -> Paged {
    let s = visit.at(Place::Services);
    let catalogue = visit.app.services.catalogue();
    let query: String = search.q.unwrap_or_default().chars().take(QUERY_LETTERS_MAX).collect();
    let group = search.group.filter(|_| query.trim().is_empty());
    let found: Vec<&Card> = match (query.trim(), &group) {
        ("", None) => catalogue.cards().iter().collect(),
        ("", Some(group)) => catalogue.cards().iter().filter(|card| &card.group == group).collect(),
        (words, _) => catalogue.search(words, visit.lang).into_iter().map(|hit| hit.card).collect(),
    };
    let mut tabs = vec![(s.url("/services"), s.t("services.all").to_owned(), query.is_empty() && group.is_none())];
    tabs.extend(catalogue.groups().iter().map(|known| {
        let href = s.url(&format!("/services?group={}", encode(&known.id)));
        (href, known.title.in_lang(visit.lang).to_owned(), group.as_ref() == Some(&known.id))
    }));
    let (all, shown) = (s.count(catalogue.announced()), catalogue.cards().len().to_string());
    paged(&pages::Services {
        heading: match query.trim() {
            "" => s.t("nav.services").to_owned(),
            words => s.f("services.results", &[("query", words)]),
        },
        tabs,
        found: s.f("services.found", &[("count", &found.len().to_string())]),
        results: found.iter().map(|card| line(&visit, &s, card)).collect(),
        rest: s.f("services.rest", &[("all", &all), ("shown", &shown)]),
        query,
        s,
    })
}

pub async fn page(visit: Visit, Path(id): Path<String>) -> Paged {
    let s = visit.at(Place::Services);
    let card = visit.app.services.catalogue().card(&id).ok_or(Trouble::NotFound)?;
    let words = |texts: &[base::Localized]| texts.iter().map(|text| text.in_lang(visit.lang).to_owned()).collect();
    let resume = match (&visit.session, card.online) {
        (Some(session), true) => {
            let mine = visit.app.services.my_cases(&session.applicant()).await?;
            mine.iter().any(|case| case.service == card.id && case.state.is_application())
        }
        _ => false,
    };
    paged(&pages::Service {
        crumbs: Crumbs {
            label: s.t("layout.crumbs").into(),
            links: vec![(s.url("/"), s.t("nav.home").into()), (s.url("/services"), s.t("nav.services").into())],
        },
        number: card.id.clone(),
        name: card.title.in_lang(visit.lang).to_owned(),
        agency: agency(&visit, card),
        summary: card.summary.in_lang(visit.lang).to_owned(),
        status: status(&s, card),
        start: card.online.then(|| s.url(&format!("/services/{}/start", encode(&card.id)))),
        resume,
        fetched: words(&card.we_fetch),
        recommendations: if card.online { Vec::new() } else { words(&card.report.recommendations) },
        steps: Vec::new(),
        facts: facts(&visit, &s, card),
        scores: Some(s.url(&format!("/scores/{}", encode(&card.id)))),
        s,
    })
}

fn facts(visit: &Visit, s: &Shell, card: &Card) -> Vec<Fact> {
    let text = |words: &base::Localized| words.in_lang(visit.lang).to_owned();
    let audience = match card.audience {
        Audience::Citizen => s.t("service.audience_citizen"),
        Audience::Business => s.t("service.audience_business"),
        Audience::Both => s.t("service.audience_both"),
    };
    let maturity = card.report.maturity;
    let grade = s.f("scores.of", &[("score", &maturity.score.to_string()), ("max", &maturity.max.to_string())]);
    let period = card.period.as_ref().map(|period| Fact {
        note: text(&period.note),
        ..Fact::new(s.t("service.period"), s.f("service.period_days", &[("days", &period.working_days.to_string())]))
    });
    let mut facts = vec![Fact::new(s.t("service.audience"), audience)];
    facts.extend(card.company_only.then(|| Fact::new(s.t("service.who"), s.t("service.company_only"))));
    facts.extend(card.who.as_ref().map(|who| Fact::new(s.t("service.who"), text(who))));
    facts.extend(card.online.then(|| Fact::new(s.t("service.fee"), fee(visit, s, card))));
    facts.extend(period);
    facts.extend(card.result.as_ref().map(|result| Fact::new(s.t("service.result"), text(result))));
    facts.extend(card.you_bring.iter().map(|thing| Fact::new(s.t("service.bring"), text(thing))));
    facts.extend(card.legal_basis.iter().map(|law| Fact::new(s.t("service.law"), text(law))));
    facts.extend(card.if_late.as_ref().map(|late| Fact::new(s.t("service.if_late"), text(late))));
    facts.push(Fact::new(s.t("service.report_2014"), grade));
    facts
}
