//! Every page in every state and language, as a person would meet it: rendered, judged as markup, and, when
//! `PENCERE_PAGES` names a folder, written there so that somebody can look at them.

use crate::{
    pages::*,
    parts::*,
    shell::{Place, Shell, Who, sample},
};
use askama::Template;
use base::{Lang, Money};

mod citizen;
mod desk;
mod markup;
mod office;
mod public;

fn words(lang: Lang, az: &str, en: &str, ru: &str) -> String {
    match lang {
        Lang::Az => az.into(),
        Lang::En => en.into(),
        Lang::Ru => ru.into(),
    }
}

fn public(lang: Lang, path: &str) -> Shell {
    Shell { path: path.into(), ..sample(lang) }
}

fn logged_in(lang: Lang, path: &str, place: Place) -> Shell {
    let who = Who { name: "Aytən Məmmədova".into(), acting_for: None, official: false, operator: false };
    Shell { path: path.into(), who: Some(who), unread: 2, ..sample(lang) }.at(place)
}

fn service_name(lang: Lang) -> String {
    words(
        lang,
        "İşsiz statusu və işsizliyə görə müavinət",
        "Unemployment status and allowance",
        "Статус безработного и пособие по безработице",
    )
}

fn agency(lang: Lang) -> String {
    words(
        lang,
        "Əmək və Əhalinin Sosial Müdafiəsi Nazirliyi",
        "Ministry of Labour and Social Protection of Population",
        "Министерство труда и социальной защиты населения",
    )
}

fn permit_name(lang: Lang) -> String {
    words(lang, "Tikintiyə icazə", "Construction permit", "Разрешение на строительство")
}

fn fee(lang: Lang) -> Fee {
    Fee {
        label: permit_name(lang),
        amount: Money::from_qepik(110_000).display(lang),
        text: words(
            lang,
            "Dövlət Şəhərsalma Komitəsi",
            "State Urban Building Committee",
            "Государственный градостроительный комитет",
        ),
    }
}

fn crumbs(s: &Shell) -> Crumbs {
    Crumbs {
        label: s.t("layout.crumbs").into(),
        links: vec![(s.url("/"), s.t("nav.home").into()), (s.url("/cases"), s.t("nav.cases").into())],
    }
}

fn evidence(s: &Shell) -> Evidence {
    let lang = s.lang;
    let register =
        words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр социального страхования");
    let from = s.f("evidence.from", &[("register", &register), ("when", &s.moment(s.now))]);
    let wrong = Some((s.url("/data/correction"), s.t("evidence.wrong").to_owned()));
    let row = |name: String, value: &str| EvidenceRow {
        name,
        value: value.into(),
        from: from.clone(),
        waiting: String::new(),
        wrong: wrong.clone(),
    };
    let mut rows = vec![
        row(words(lang, "Soyad, ad", "Surname, name", "Фамилия, имя"), "Məmmədova Aytən Elçin qızı"),
        row(words(lang, "Pensiya alır", "Receives a pension", "Получает пенсию"), s.t("step.no")),
    ];
    rows.push(EvidenceRow {
        name: words(lang, "Sahibkarlıq fəaliyyəti", "Business activity", "Предпринимательство"),
        waiting: s.t("evidence.waiting").into(),
        from: words(lang, "Vergi reyestri", "Tax register", "Налоговый реестр"),
        ..EvidenceRow::default()
    });
    Evidence { rows }
}

fn moments(s: &Shell) -> Timeline {
    let moment =
        |tense, title: String, when: &str, text: String| Moment { tense, title, when: when.into(), text, link: None };
    let when = s.moment(s.now);
    Timeline {
        moments: vec![
            moment(
                Tense::Past,
                words(s.lang, "Müraciət imzalandı", "Application signed", "Заявление подписано"),
                &when,
                String::new(),
            ),
            moment(
                Tense::Now,
                words(s.lang, "Məmur baxır", "An official is looking at it", "Рассматривает сотрудник"),
                "",
                agency(s.lang),
            ),
            moment(
                Tense::Next,
                words(s.lang, "Qərar", "Decision", "Решение"),
                "",
                s.f("cases.line_due", &[("date", &s.day(s.today()))]),
            ),
        ],
    }
}

/// Every page with the name of its state.
fn all(lang: Lang) -> Vec<(&'static str, String)> {
    [public::all(lang), citizen::all(lang), office::all(lang), desk::all(lang)].concat()
}
