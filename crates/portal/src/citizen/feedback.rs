//! Opinions: on a service after its case (kept by the service), and on the portal or anything else (kept here, without names).

use crate::{
    pages,
    parts::{Choice, Errors, Field, Kind, Mood, Note},
    posted::Posted,
    shell::{Place, Shell, encode},
    visit::{Paged, Visit, page as paged, refused},
};
use axum::extract::{Path, Query};
use base::{Failure, Id, Refusal as _};
use host::args;
use serde::Deserialize;

const COMMENT_LETTERS_MAX: usize = 2_000;

#[derive(Debug, Default, Deserialize)]
pub struct About {
    service: Option<String>,
    done: Option<String>,
}

fn fields(s: &Shell, rating: &str, comment: &str) -> Vec<Field> {
    let choice = |value: &str, label: &str| Choice {
        value: value.into(),
        label: label.into(),
        hint: String::new(),
        chosen: rating == value,
    };
    let choices = vec![
        choice("5", s.t("feedback.rating_5")),
        choice("4", s.t("feedback.rating_4")),
        choice("3", s.t("feedback.rating_3")),
        choice("2", s.t("feedback.rating_2")),
        choice("1", s.t("feedback.rating_1")),
    ];
    vec![
        Field::new("rating", s.t("feedback.rating"), Kind::Radio(choices)),
        Field::new("comment", s.t("feedback.comment"), Kind::Area).value(comment),
    ]
}

fn view(visit: &Visit, action: String, about: String, fields: Vec<Field>, notes: Vec<Note>) -> pages::Feedback {
    let mut s = visit.at(Place::Elsewhere);
    let errors = Errors::of(s.t("layout.problem"), &fields);
    s.failed = !errors.is_empty();
    pages::Feedback { errors, notes, action, about, fields, s }
}

pub async fn form(visit: Visit, Query(about): Query<About>) -> Paged {
    let s = visit.shell();
    let notes = about.done.map(|_| s.note(Mood::Good, "feedback.thanks_title", "feedback.thanks"));
    let about = about.service.unwrap_or_default().chars().take(40).collect();
    paged(&view(&visit, s.url("/feedback"), about, fields(&s, "", ""), notes.into_iter().collect()))
}

/// The rating from 1 to 5, or the form again with what is missing.
fn read(s: &Shell, posted: &Posted) -> Result<(i64, String), Vec<Field>> {
    let comment: String = posted.text("comment").chars().take(COMMENT_LETTERS_MAX).collect();
    match posted.text("rating").parse() {
        Ok(rating) if (1..=5).contains(&rating) => Ok((rating, comment)),
        _ => {
            let mut fields = fields(s, posted.text("rating"), &comment);
            fields.iter_mut().take(1).for_each(|field| field.error = s.t("feedback.need_rating").to_owned());
            Err(fields)
        }
    }
}

pub async fn send(visit: Visit, posted: Posted) -> Paged {
    visit.may_try("feedback")?;
    let s = visit.shell();
    let about: String = posted.text("about").chars().take(40).collect();
    let (rating, comment) = match read(&s, &posted) {
        Ok(read) => read,
        Err(fields) => return refused(&view(&visit, s.url("/feedback"), about, fields, Vec::new())),
    };
    let now = visit.app.clock.now();
    let mut tx = visit.app.store.begin().await?;
    tx.execute(
        "INSERT INTO portal_opinion (id, about, rating, comment, lang, at) VALUES ($1, $2, $3, $4, $5, $6)",
        &args![&Id::new(now, &*visit.app.chance), about, rating, comment, visit.lang, now],
    )
    .await?;
    tx.commit().await?;
    Ok(visit.go("/feedback?done=1"))
}

fn rate_path(reference: &str) -> String {
    format!("/cases/{}/rate", encode(reference))
}

pub async fn of_case(visit: Visit, Path(reference): Path<String>) -> Paged {
    visit.person()?;
    let s = visit.shell();
    paged(&view(&visit, s.url(&rate_path(&reference)), reference, fields(&s, "", ""), Vec::new()))
}

pub async fn rate(visit: Visit, Path(reference): Path<String>, posted: Posted) -> Paged {
    let who = visit.applicant()?;
    let s = visit.shell();
    let again = |fields| view(&visit, s.url(&rate_path(&reference)), reference.clone(), fields, Vec::new());
    let (rating, comment) = match read(&s, &posted) {
        Ok(read) => read,
        Err(fields) => return refused(&again(fields)),
    };
    match visit.app.services.feedback(&who, &reference, rating, &comment).await {
        Ok(()) => Ok(visit.go("/feedback?done=1")),
        Err(Failure::Refused(refusal)) if refusal.status() == 422 => {
            let mut fields = fields(&s, posted.text("rating"), &comment);
            fields.iter_mut().take(1).for_each(|field| field.error = visit.refusal_text(refusal.code()));
            refused(&again(fields))
        }
        Err(failure) => Err(failure.into()),
    }
}
