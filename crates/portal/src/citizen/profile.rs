//! Who is logged in, where notices go, whom the person acts for, which log-ins are open.

use crate::{
    pages,
    parts::{Choice, Evidence, EvidenceRow, Fact, Facts, Field, Kind, Mood, Note, Tag},
    posted::Posted,
    session::Area,
    shell::{Place, Shell},
    visit::{Paged, Visit, page as paged},
};
use axum::extract::Query;
use base::{Failure, Lang, Refusal as _};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct Came {
    saved: Option<String>,
    /// Why the choice was not taken: a code of a refusal.
    problem: Option<String>,
}

/// In which language notices come, and whether by mail too: the person's own choice.
pub async fn save(visit: Visit, posted: Posted) -> Paged {
    let lang = Lang::parse(posted.text("lang")).unwrap_or(visit.lang);
    let person = visit.person()?.pin.clone();
    match visit.app.notify.set_choice(person.as_str(), lang, posted.text("mail") == "yes").await {
        Ok(()) => Ok(visit.go("/profile?saved=1")),
        Err(Failure::Refused(refusal)) => Ok(visit.go(&format!("/profile?problem={}", refusal.code()))),
        Err(Failure::Failed(fault)) => Err(fault.into()),
    }
}

pub async fn page(visit: Visit, Query(came): Query<Came>) -> Paged {
    let person = visit.person()?;
    let s = visit.at(Place::Profile);
    let acting =
        person.company.as_ref().map_or_else(|| s.t("profile.acting_self").to_owned(), |company| company.name.clone());
    let logins = visit.app.sessions_of(&person.pin, Area::Citizen).await?;
    let method = |method: &str| if method == "card" { s.t("profile.with_card") } else { s.t("profile.with_phone") };
    let logins =
        logins.iter().map(|(since, with, until)| (s.moment(*since), method(with).to_owned(), s.moment(*until)));
    let known = visit.app.notify.contact(person.pin.as_str()).await?;
    let row = |name: &str, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        let from = s.t("profile.contact_from").to_owned();
        value.map(|value| EvidenceRow { name: name.to_owned(), value, from, ..EvidenceRow::default() })
    };
    let contact = [row(s.t("profile.email"), known.email.clone())];
    let choices = choices(&s, &known);
    let text = s.t("profile.saved").to_owned();
    let saved = came.saved.map(|_| Note { mood: Mood::Good, title: String::new(), text, link: None });
    let problem = came.problem.map(|code| Note {
        mood: Mood::Warn,
        title: String::new(),
        text: visit.refusal_text(&code),
        link: None,
    });
    paged(&pages::Profile {
        notes: saved.into_iter().chain(problem).collect(),
        choices,
        consents: consents(&s, &visit.app.notify.consents(person.pin.as_str()).await?),
        facts: Facts {
            rows: vec![
                Fact::new(s.t("profile.name"), person.name.as_str()),
                Fact::new(s.t("officecase.applicant_pin"), person.pin.as_str()),
                Fact::new(s.t("profile.acting"), acting),
                Fact::new(s.t("profile.language"), s.t("profile.language_name")),
            ],
        },
        contact: Evidence { rows: contact.into_iter().flatten().collect() },
        logins: logins.collect(),
        s,
    })
}

fn choices(s: &Shell, known: &notify::Contact) -> Vec<Field> {
    let languages = s.langs().map(|(lang, name)| Choice {
        value: lang.tag().to_owned(),
        label: name.to_owned(),
        hint: String::new(),
        chosen: lang == known.lang,
    });
    let mail = [("yes", s.t("step.yes"), true), ("no", s.t("step.no"), false)].map(|(value, label, on)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: String::new(),
        chosen: known.mail_on == on,
    });
    vec![
        Field::new("lang", s.t("profile.notice_language"), Kind::Select(languages.to_vec())).width("mid"),
        Field::new("mail", s.t("profile.mail"), Kind::Radio(mail.to_vec())).hint(s.t("profile.mail_hint")),
    ]
}

/// What the person allowed and took back: (when, what for, given or withdrawn).
fn consents(s: &Shell, acts: &[notify::Consent]) -> Vec<(String, String, Tag)> {
    let purpose = |code: &str| match code {
        notify::MAIL_NOTICES => s.t("profile.consent_mail").to_owned(),
        other => other.to_owned(),
    };
    let tag = |given: bool| match given {
        true => Tag::new(Mood::Good, s.t("profile.consent_given")),
        false => Tag::new(Mood::Plain, s.t("profile.consent_withdrawn")),
    };
    acts.iter().map(|act| (s.moment(act.at), purpose(&act.purpose), tag(act.given))).collect()
}
