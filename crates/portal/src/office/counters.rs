//! How many people the agency served at its counters: entered month by month by its officials, until the month's bulletin is
//! out. The figure makes the share of e-users in the bulletin.

use crate::{
    pages,
    parts::{Errors, Fact, Facts, Field, Kind, Mood, Note},
    posted::Posted,
    shell::Place,
    trouble::Trouble,
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{Failure, Refusal as _};
use monitor::Month;
use serde::Deserialize;
use services::catalogue::Card;
use std::collections::BTreeMap;

/// The running month and those before it that may still be open.
const MONTHS: usize = 3;

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    month: Option<String>,
    saved: Option<String>,
}

fn months(visit: &Visit) -> Vec<Month> {
    let first = visit.app.monitor.current_month();
    std::iter::successors(Some(first), |month| Some(month.previous())).take(MONTHS).collect()
}

fn month_of(visit: &Visit, text: &str) -> Result<Month, Trouble> {
    months(visit).into_iter().find(|month| month.to_string() == text).ok_or(Trouble::NotFound)
}

/// The month before this one, which is over and can be counted; once its bulletin is out, the month that runs.
async fn wanted(visit: &Visit) -> Result<Month, Trouble> {
    let running = visit.app.monitor.current_month();
    let published = visit.app.monitor.published_months().await?;
    Ok(if published.contains(&running.previous()) { running } else { running.previous() })
}

fn name_of(card: &Card) -> String {
    format!("users-{}", card.id)
}

pub async fn page(visit: Visit, Query(came): Query<Came>) -> Paged {
    visit.official()?;
    let month = match &came.month {
        Some(text) => month_of(&visit, text)?,
        None => wanted(&visit).await?,
    };
    let mut page = view(&visit, month, &BTreeMap::new(), &BTreeMap::new()).await?;
    let text = page.s.t("counters.saved").to_owned();
    page.notes.extend(came.saved.map(|_| Note { mood: Mood::Good, title: String::new(), text, link: None }));
    paged(&page)
}

/// `typed` and `wrong` are by field: what was sent, and why it was not taken.
async fn view(
    visit: &Visit,
    month: Month,
    typed: &BTreeMap<String, String>,
    wrong: &BTreeMap<String, String>,
) -> Result<pages::Counters, Trouble> {
    let official = visit.official()?;
    let mut s = visit.at(Place::Counters);
    let closed = visit.app.monitor.published_months().await?.contains(&month);
    let entered = visit.app.monitor.offline_entered(month).await?;
    let own = |card: &&Card| card.agency == official.agency;
    let cards: Vec<&Card> = visit.app.services.catalogue().cards().iter().filter(own).collect();
    let title = |card: &Card| format!("{} {}", card.id, card.title.in_lang(visit.lang));
    let field = |card: &&Card| {
        let (name, known) = (name_of(card), entered.get(&card.id).map(i64::to_string).unwrap_or_default());
        let value = typed.get(&name).cloned().unwrap_or(known);
        let error = wrong.get(&name).cloned().unwrap_or_default();
        Field::new(name, title(card), Kind::Line("number")).value(value).error(error).width("short")
    };
    let fact = |card: &&Card| {
        let known = entered.get(&card.id).map_or_else(|| s.t("bulletin.no_data").to_owned(), |users| s.count(*users));
        Fact::new(title(card), known)
    };
    let fields: Vec<Field> = if closed { Vec::new() } else { cards.iter().map(field).collect() };
    let facts = Facts { rows: if closed { cards.iter().map(fact).collect() } else { Vec::new() } };
    let tab = |other: Month| {
        let text = other.to_string();
        (s.url(&format!("/counters?month={text}")), s.month(&text), other == month)
    };
    let tabs = months(visit).into_iter().map(tab).collect();
    let errors = Errors::of(s.t("layout.problem"), &fields);
    let note = closed.then(|| s.note(Mood::Info, "counters.closed_title", "counters.closed"));
    s.failed = !errors.is_empty();
    Ok(pages::Counters {
        errors,
        notes: note.into_iter().collect(),
        tabs,
        month: s.month(&month.to_string()),
        action: (!fields.is_empty()).then(|| s.url(&format!("/counters/{month}"))),
        fields,
        facts,
        s,
    })
}

pub async fn save(visit: Visit, Path(month): Path<String>, posted: Posted) -> Paged {
    let official = visit.official()?;
    let month = month_of(&visit, &month)?;
    let (person, entered) = (visit.person()?.user(), visit.app.monitor.offline_entered(month).await?);
    let (mut new, mut wrong) = (Vec::new(), BTreeMap::new());
    let cards = visit.app.services.catalogue().cards().iter().filter(|card| card.agency == official.agency);
    for card in cards {
        let text = posted.text(&name_of(card));
        match text.parse::<i64>() {
            _ if text.is_empty() => {}
            Ok(users) if entered.get(&card.id) == Some(&users) => {}
            Ok(users) => new.push((card, users)),
            Err(_) => _ = wrong.insert(name_of(card), visit.shell().t("counters.need_number").to_owned()),
        }
    }
    // A form with a mistake saves nothing: what was right in it comes back with the page.
    if wrong.is_empty() {
        for (card, users) in new {
            match visit.app.monitor.enter_offline_users(&person, &card.id, &month.to_string(), users).await {
                Ok(()) => {}
                Err(Failure::Refused(refusal)) => {
                    wrong.insert(name_of(card), visit.refusal_text(refusal.code()));
                }
                Err(Failure::Failed(fault)) => return Err(fault.into()),
            }
        }
    }
    if wrong.is_empty() {
        return Ok(visit.go(&format!("/counters?month={month}&saved=1")));
    }
    refused(&view(&visit, month, posted.fields(), &wrong).await?)
}
