//! The back office's pages, as an official at 17:40 would meet them.

use super::*;

pub(super) fn official(lang: Lang, path: &str, place: Place) -> Shell {
    let who = Who { name: "Leyla Həsənova".into(), acting_for: None, official: true, operator: true };
    Shell { path: path.into(), who: Some(who), office: true, ..sample(lang) }.at(place)
}

fn queue(lang: Lang, empty: bool) -> String {
    let s = official(lang, "/", Place::Queue);
    let line = |reference: &str, urgency, left: String| QueueLine {
        href: s.url("/cases/x"),
        reference: reference.into(),
        service: service_name(lang),
        applicant: "Aytən Məmmədova".into(),
        tag: Tag::new(Mood::Info, words(lang, "Baxılır", "In review", "На рассмотрении")),
        due: s.day(s.today()),
        left,
        received: s.moment(s.now),
        urgency,
    };
    let rows = vec![
        line("1.1-2026-000119", "late", s.t("queue.late_by").into()),
        line("1.1-2026-000121", "soon", s.t("queue.today").into()),
        line("1.1-2026-000123", "", s.f("queue.days_left", &[("days", "9")])),
    ];
    let page = Queue {
        notes: Vec::new(),
        counts: s.f("queue.counts", &[("all", "3"), ("late", "1")]),
        tabs: vec![(s.url("/"), s.t("queue.all").into(), true), (s.url("/?mine=1"), s.t("queue.mine").into(), false)],
        rows: if empty { Vec::new() } else { rows },
        s,
    };
    page.render().expect("a page renders")
}

fn office_case(lang: Lang, failed: bool) -> String {
    let mut s = official(lang, "/cases/x", Place::Queue);
    s.failed = failed;
    let reasons = Field::new("reasons", s.t("officecase.reasons"), Kind::Area).hint(s.t("officecase.reasons_hint"));
    let reasons = if failed { reasons.error(s.t("feedback.need_comment")) } else { reasons };
    let choice = |value: &str, key: &'static str| Choice {
        value: value.into(),
        label: key.into(),
        hint: String::new(),
        chosen: false,
    };
    let outcome = Kind::Radio(vec![choice("approve", s.t("confirm.approve")), choice("refuse", s.t("confirm.refuse"))]);
    let fields = vec![Field::new("outcome", s.t("officecase.outcome"), outcome), reasons];
    let page = OfficeCase {
        errors: if failed { Errors::of(s.t("layout.problem"), &fields) } else { Errors::default() },
        notes: Vec::new(),
        service: service_name(lang),
        reference: "1.1-2026-000123".into(),
        applicant: "Aytən Məmmədova".into(),
        tag: Tag::new(Mood::Info, words(lang, "Baxılır", "In review", "На рассмотрении")),
        due: s.day(s.today()),
        left: s.f("queue.days_left", &[("days", "9")]),
        urgency: "",
        facts: Facts { rows: vec![Fact::new(s.t("officecase.applicant_pin"), "AYTEN01")] },
        evidence: vec![(
            words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр соцстрахования"),
            evidence(&s),
        )],
        documents: Vec::new(),
        checks: vec![(
            words(lang, "Pensiya almır", "Receives no pension", "Не получает пенсию"),
            "§ 6.2".into(),
            Tag::new(Mood::Good, s.t("officecase.met")),
        )],
        computed: Facts {
            rows: vec![Fact::new(
                words(lang, "Aylıq müavinət", "Monthly allowance", "Пособие в месяц"),
                Money::from_qepik(34_567).display(lang),
            )],
        },
        claim: (!failed).then(|| s.url("/cases/x/take")),
        release: Some(s.url("/cases/x/release")),
        decide: Some(s.url("/cases/x/decide")),
        fields,
        ask: Some(s.url("/cases/x/ask")),
        question: Field::new("text", s.t("officecase.ask_text"), Kind::Area).hint(s.t("officecase.ask_hint")),
        originals: vec![(
            s.f("officecase.original_title", &[("title", "X")]),
            s.url("/cases/x/original"),
            vec![Field::new("fact", "X", Kind::Line("text"))],
        )],
        timeline: moments(&s),
        s,
    };
    page.render().expect("a page renders")
}

fn confirm(lang: Lang) -> String {
    let s = official(lang, "/cases/x/confirm", Place::Queue);
    let page = Confirm {
        crumbs: crumbs(&s),
        notes: Vec::new(),
        reference: "1.1-2026-000123".into(),
        facts: Facts { rows: vec![Fact::new(s.t("officecase.outcome"), s.t("confirm.approve"))] },
        preview: s.url("/cases/x/preview"),
        action: s.url("/cases/x/sign"),
        drop: s.url("/cases/x/drop"),
        back: s.url("/cases/x"),
        s,
    };
    page.render().expect("a page renders")
}

fn operator(lang: Lang) -> String {
    let s = official(lang, "/operator", Place::Operator);
    let cell = |text: &str| Cell { text: text.into(), ..Cell::default() };
    let table = Table {
        id: "servers",
        title: s.t("operator.servers").into(),
        heads: vec![s.t("operator.server").into(), s.t("operator.address").into(), s.t("operator.state").into()],
        rows: vec![vec![
            cell("taxes"),
            Cell { mono: true, ..cell("127.0.0.1:8816") },
            Cell { tag: Some(Tag::new(Mood::Good, s.t("operator.works"))), ..cell("") },
        ]],
    };
    let page = Operator {
        notes: Vec::new(),
        tabs: vec![
            (s.url("/operator"), s.t("operator.servers").into(), true),
            (s.url("/operator/jobs"), s.t("operator.jobs").into(), false),
        ],
        figures: vec![(s.t("operator.servers").into(), "5".into(), Some(Tag::new(Mood::Good, s.t("operator.works"))))],
        chart: None,
        tables: vec![table, Table { id: "members", title: s.t("operator.members").into(), ..Table::default() }],
        at: s.moment(s.now),
        s,
    };
    page.render().expect("a page renders")
}

fn post(lang: Lang) -> String {
    let s = official(lang, "/profile", Place::Elsewhere);
    let facts = Facts { rows: vec![Fact::new(s.t("office.role_official"), agency(lang))] };
    Post { facts, s }.render().expect("a page renders")
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let stranger = Shell { office: true, ..public(lang, "/") };
    let note = Note {
        mood: Mood::Warn,
        title: stranger.t("office.no_office_title").into(),
        text: stranger.t("office.no_office").into(),
        link: None,
    };
    vec![
        ("office-welcome", Welcome { s: stranger, notes: vec![note] }.render().expect("a page renders")),
        ("office-queue", queue(lang, false)),
        ("office-queue-none", queue(lang, true)),
        ("office-case", office_case(lang, false)),
        ("office-case-errors", office_case(lang, true)),
        ("office-confirm", confirm(lang)),
        ("office-operator", operator(lang)),
        ("office-post", post(lang)),
    ]
}
