//! The inbox: what the state has told this person.

use crate::{
    pages::{self, MessageLine},
    parts::{Crumbs, Pager},
    shell::Place,
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use axum::extract::{Path, Query};
use base::Id;
use serde::Deserialize;

const PAGE: i64 = 20;

#[derive(Debug, Default, Deserialize)]
pub struct Turn {
    /// Id of the last message of the page before.
    after: Option<String>,
}

pub async fn list(visit: Visit, Query(turn): Query<Turn>) -> Paged {
    let person = visit.person()?.pin.clone();
    let s = visit.at(Place::Inbox);
    let before = match turn.after.as_deref().and_then(Id::parse) {
        Some(id) => Some(visit.app.notify.message(person.as_str(), &id).await?),
        None => None,
    };
    let found = visit.app.notify.inbox(person.as_str(), before.as_ref(), PAGE + 1).await?;
    let shown = found.len().min(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let next = (found.len() > shown).then(|| found.get(shown.wrapping_sub(1))).flatten();
    let older = next.map(|last| (s.url(&format!("/inbox?after={}", last.id)), s.t("inbox.older").to_owned()));
    let newer = before.map(|_| (s.url("/inbox"), s.t("inbox.newer").to_owned()));
    let pager = Pager { label: s.t("inbox.pages").into(), previous: newer, next: older, text: String::new() };
    let lines = found.iter().take(shown).map(|message| MessageLine {
        href: s.url(&format!("/inbox/{}", message.id)),
        title: message.title.in_lang(visit.lang).to_owned(),
        when: s.moment(message.at),
        unread: message.read_at.is_none(),
    });
    paged(&pages::Inbox { messages: lines.collect(), pager, s })
}

pub async fn message(visit: Visit, Path(id): Path<String>) -> Paged {
    let person = visit.person()?.pin.clone();
    let id = Id::parse(&id).ok_or(Trouble::NotFound)?;
    let message = visit.app.notify.message(person.as_str(), &id).await?;
    visit.app.notify.mark_read(person.as_str(), &id).await?;
    let mut s = visit.at(Place::Inbox);
    s.unread = s.unread.saturating_sub(u64::from(message.read_at.is_none()));
    paged(&pages::Message {
        crumbs: Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/inbox"), s.t("nav.inbox").into())] },
        title: message.title.in_lang(visit.lang).to_owned(),
        when: s.moment(message.at),
        lines: message.body.in_lang(visit.lang).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        link: message.link.as_ref().map(|path| s.url(path)),
        s,
    })
}
