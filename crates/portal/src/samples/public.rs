//! The pages that anybody may open.

use super::*;

fn home(lang: Lang) -> String {
    let s = public(lang, "/");
    let line = |number: &str, name: String, agency: String, fee: String| ServiceLine {
        href: s.url(&format!("/services/{number}")),
        number: number.into(),
        name,
        agency,
        status: Tag::new(Mood::Good, s.t("service.online")),
        fee,
    };
    let group = |az, en, ru, icon| GroupLine {
        href: s.url("/services"),
        name: words(lang, az, en, ru),
        count: s.f("home.group_count", &[("count", "3")]),
        icon,
    };
    let home = Home {
        total: "449".into(),
        online_total: "2".into(),
        notes: Vec::new(),
        online: vec![
            line("1.1", service_name(lang), agency(lang), s.t("service.free").into()),
            line("15.1", permit_name(lang), fee(lang).text, fee(lang).amount),
        ],
        groups: vec![
            group("Sosial müdafiə", "Social protection", "Социальная защита", "family"),
            group("Vətəndaşlıq sənədləri", "Civil registration", "Документы гражданина", "person"),
            group("Təhsil", "Education", "Образование", "school"),
            group("Səhiyyə", "Health", "Здравоохранение", "health"),
            group("Biznes və vergilər", "Business and taxes", "Бизнес и налоги", "business"),
            group("Daşınmaz əmlak", "Real estate", "Недвижимость", "home"),
        ],
        s,
    };
    home.render().expect("a page renders")
}

fn services(lang: Lang, empty: bool) -> String {
    let s = public(lang, "/services?q=müavinət").at(Place::Services);
    let line = ServiceLine {
        href: s.url("/services/1.1"),
        number: "1.1".into(),
        name: service_name(lang),
        agency: agency(lang),
        status: Tag::new(Mood::Good, s.t("service.online")),
        fee: String::new(),
    };
    let other =
        ServiceLine { number: "1.2".into(), status: Tag::new(Mood::Plain, s.t("service.not_online")), ..line.clone() };
    let page = Services {
        heading: s.f("services.results", &[("query", "müavinət")]),
        query: "müavinət".into(),
        tabs: vec![
            (s.url("/services"), s.t("services.all").into(), true),
            (s.url("/services?group=a"), agency(lang), false),
        ],
        found: s.f("services.found", &[("count", "2")]),
        results: if empty { Vec::new() } else { vec![line, other] },
        rest: s.f("services.rest", &[("all", "449"), ("shown", "30")]),
        s,
    };
    page.render().expect("a page renders")
}

fn service(lang: Lang, online: bool) -> String {
    let s = public(lang, "/services/1.1").at(Place::Services);
    let fetched = words(
        lang,
        "Son 12 ayın əmək haqqı: DSMF",
        "Salary of the last 12 months: SSPF",
        "Зарплата за 12 месяцев: ГФСЗ",
    );
    let page = Service {
        crumbs: crumbs(&s),
        number: "1.1".into(),
        name: service_name(lang),
        agency: agency(lang),
        summary: words(
            lang,
            "İşini itirən vətəndaş status və müavinət üçün evdən çıxmadan müraciət edir.",
            "Someone who lost a job applies for the status and the allowance without leaving home.",
            "Потерявший работу подаёт на статус и пособие, не выходя из дома.",
        ),
        status: if online {
            Tag::new(Mood::Good, s.t("service.online"))
        } else {
            Tag::new(Mood::Warn, s.t("service.not_online"))
        },
        start: online.then(|| s.url("/services/1.1/start")),
        resume: false,
        fetched: if online { vec![fetched] } else { Vec::new() },
        recommendations: if online { Vec::new() } else { vec!["Abc".into(), "Def".into()] },
        steps: vec![s.t("summary.title").into()],
        facts: vec![
            Fact::new(s.t("service.fee"), s.t("service.free")),
            Fact::new(s.t("service.period"), s.f("service.period_days", &[("days", "10")])),
            Fact { note: "§ 12".into(), ..Fact::new(s.t("service.law"), "…") },
        ],
        scores: Some(s.url("/scores/1.1")),
        s,
    };
    page.render().expect("a page renders")
}

fn verify(lang: Lang, failed: bool) -> String {
    let mut s = public(lang, "/verify").at(Place::Verify);
    s.failed = failed;
    let code = Field::new("code", s.t("verify.code"), Kind::Line("text")).hint(s.t("verify.code_hint")).width("mid");
    let code = if failed { code.error(s.t("verify.code_needed")) } else { code };
    let file =
        Field::new("file", s.t("verify.file"), Kind::File { accept: ".asice".into() }).hint(s.t("verify.file_hint"));
    let errors =
        if failed { Errors::of(s.t("layout.problem"), std::slice::from_ref(&code)) } else { Errors::default() };
    Verify { errors, code, file, s }.render().expect("a page renders")
}

fn verified(lang: Lang, genuine: bool) -> String {
    let s = public(lang, "/v/7KQ2").at(Place::Verify);
    let (heading, text) = if genuine {
        ("verified.genuine_title", "verified.genuine")
    } else {
        ("verified.false_title", "verified.false")
    };
    let signature = Facts {
        rows: vec![
            Fact::new(s.t("document.signed_by"), "Elçin Quliyev"),
            Fact::new(s.t("document.signed_at"), s.second(s.now)),
        ],
    };
    let words_of = |key: &str| crate::texts::Words::of(lang).text(key).to_owned();
    let page = Verified {
        genuine,
        heading: words_of(heading),
        text: words_of(text),
        facts: Facts { rows: vec![Fact::new(s.t("document.number"), "15.1-2026-000007")] },
        reasons: if genuine { Vec::new() } else { vec!["digest".into()] },
        signatures: vec![signature],
        download: None,
        s,
    };
    page.render().expect("a page renders")
}

fn feedback(lang: Lang) -> String {
    let s = public(lang, "/feedback");
    let choices = [("5", "feedback.rating_5"), ("4", "feedback.rating_4"), ("1", "feedback.rating_1")];
    let words_of = |key: &str| crate::texts::Words::of(lang).text(key).to_owned();
    let choices = choices.map(|(value, key)| Choice {
        value: value.into(),
        label: words_of(key),
        hint: String::new(),
        chosen: false,
    });
    let page = Feedback {
        errors: Errors::default(),
        notes: vec![Note {
            mood: Mood::Good,
            title: s.t("feedback.thanks_title").into(),
            text: s.t("feedback.thanks").into(),
            link: None,
        }],
        action: s.url("/feedback"),
        about: String::new(),
        fields: vec![
            Field::new("rating", s.t("feedback.rating"), Kind::Radio(choices.to_vec())),
            Field::new("comment", s.t("feedback.comment"), Kind::Area),
        ],
        s,
    };
    page.render().expect("a page renders")
}

/// A page that is kept for everybody, as one visitor gets it.
fn framed(part: &impl Template, s: Shell) -> String {
    let part = crate::kept::Part::of("Part".into(), part).unwrap_or_else(|_| panic!("a page renders"));
    Public { part: part.into(), s }.render().expect("a page renders")
}

fn scores(lang: Lang, live: bool) -> String {
    let s = public(lang, "/scores").at(Place::Score);
    let page = Scores {
        live,
        at: if live { s.f("scores.at", &[("time", &s.second(s.now))]) } else { String::new() },
        intro: if live { s.t("scores.live_intro") } else { s.t("scores.report_intro") }.into(),
        index: s.f("scores.index", &[("score", "5"), ("max", "7")]),
        index_note: s.f("scores.index_note", &[("components", "7")]),
        components: vec![ComponentLine {
            name: words(lang, "Etibarlı mənbələr", "Authentic sources", "Достоверные источники"),
            score: "0,33".into(),
            note: "1/3".into(),
        }],
        country: live.then(|| s.url("/scores/country")),
        services: vec![ScoreLine {
            href: Some(s.url("/scores/1.1")),
            name: service_name(lang),
            maturity: "4/4".into(),
            participation: "10/10".into(),
            transparency: s.t("scores.no_data").into(),
        }],
        s,
    };
    framed(&page, page.s.clone())
}

fn score(lang: Lang) -> String {
    let s = public(lang, "/scores/1.1").at(Place::Score);
    let line = |mood, key: &'static str, evidence: Vec<String>| CriterionLine {
        name: service_name(lang),
        tag: Tag::new(mood, key),
        evidence,
    };
    let criteria = vec![
        line(Mood::Good, s.t("scores.met"), vec![s.second(s.now)]),
        line(Mood::Plain, s.t("scores.no_data"), Vec::new()),
    ];
    let page = Score {
        crumbs: crumbs(&s),
        name: service_name(lang),
        facts: Facts { rows: vec![Fact::new(s.t("scores.maturity"), "4 / 4")] },
        groups: vec![(s.t("scores.transparency").into(), criteria)],
        s,
    };
    framed(&page, page.s.clone())
}

fn bulletin(lang: Lang) -> String {
    let s = public(lang, "/bulletin/2026-11");
    let bar = |label: String, value| Bar { label, value, shown: s.count(value) };
    let page = Bulletin {
        month: s.month("2026-11"),
        lead: s.t("bulletin.lead").into(),
        months: Pager {
            label: s.t("bulletin.months").into(),
            previous: Some((s.url("/bulletin/2026-10"), s.month("2026-10"))),
            ..Pager::default()
        },
        figures: vec![
            (s.t("bulletin.figure_services").into(), "449".into()),
            (s.t("bulletin.figure_used").into(), s.count(12_345)),
        ],
        chart: Bars {
            title: s.t("bulletin.chart").into(),
            label_head: s.t("cases.service").into(),
            value_head: s.t("bulletin.online").into(),
            table_label: s.t("bulletin.chart_table").into(),
            rows: vec![
                bar(permit_name(lang), 340),
                bar(words(lang, "İşsizlik müavinəti", "Unemployment", "Безработица"), 1200),
            ],
        },
        rows: vec![BulletinLine {
            service: service_name(lang),
            agency: agency(lang),
            online: "1200".into(),
            offline: s.t("bulletin.no_data").into(),
            growth: "+12 %".into(),
            satisfaction: "4,6".into(),
        }],
        rest: s.f("bulletin.rest", &[("count", "419")]),
        csv: s.url("/bulletin/2026-11.csv"),
        json: s.url("/bulletin/2026-11.json"),
        s,
    };
    framed(&page, page.s.clone())
}

fn help(lang: Lang) -> String {
    let s = public(lang, "/help");
    let sections = vec![
        (s.t("help.start_title").into(), s.t("help.start").into()),
        (s.t("help.late_title").into(), s.t("help.late").into()),
    ];
    Help { heading: s.t("help.title").into(), sections, s }.render().expect("a page renders")
}

fn problem(lang: Lang, number: &str) -> String {
    let mut s = public(lang, "/nowhere");
    s.failed = true;
    let (heading, text) = if number.is_empty() {
        (s.t("problem.not_found_title"), s.t("problem.not_found"))
    } else {
        (s.t("problem.fault_title"), s.t("problem.fault"))
    };
    let page = Problem {
        heading: heading.into(),
        text: text.into(),
        advice: Vec::new(),
        number: number.into(),
        link: Some((s.url("/services"), s.t("services.all").into())),
        s,
    };
    page.render().expect("a page renders")
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    vec![
        ("home", home(lang)),
        ("services", services(lang, false)),
        ("services-none", services(lang, true)),
        ("service", service(lang, true)),
        ("service-offline", service(lang, false)),
        ("verify", verify(lang, false)),
        ("verify-errors", verify(lang, true)),
        ("verified", verified(lang, true)),
        ("verified-false", verified(lang, false)),
        ("feedback", feedback(lang)),
        ("scores", scores(lang, true)),
        ("scores-report", scores(lang, false)),
        ("score", score(lang)),
        ("bulletin", bulletin(lang)),
        ("help", help(lang)),
        ("problem", problem(lang, "")),
        ("problem-fault", problem(lang, "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5b")),
    ]
}
