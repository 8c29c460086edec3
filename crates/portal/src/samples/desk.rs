//! The back office's pages beside the cases.

use super::{office::official, *};

fn corrections(lang: Lang, failed: bool) -> String {
    let mut s = official(lang, "/corrections", Place::Corrections);
    s.failed = failed;
    let line = |reference: &str, value: &str| CorrectionLine {
        field: "person.phone".into(),
        facts: Facts {
            rows: vec![
                Fact::new(s.t("corrections.person"), "AYTEN01"),
                Fact::new(s.t("corrections.old"), "+994505550101"),
                Fact::new(s.t("corrections.claimed"), value),
            ],
        },
        action: s.url("/corrections/iamas/x"),
        reason: Field::new(format!("reason-{reference}"), s.t("corrections.reason"), Kind::Area)
            .hint(s.t("corrections.reason_hint"))
            .error(if failed && reference == "1" { s.t("corrections.need_reason") } else { "" }),
    };
    let rows = vec![line("1", "+994505559901"), line("2", "+994505559902")];
    let fields: Vec<Field> = rows.iter().map(|row| row.reason.clone()).collect();
    let register = |id: &str, note, rows| CorrectionRegister { id: id.into(), name: agency(lang), note, rows };
    let page = Corrections {
        errors: Errors::of(s.t("layout.problem"), &fields),
        notes: Vec::new(),
        registers: vec![
            register("iamas", None, rows),
            register("avis", Some(s.note(Mood::Plain, "corrections.none_title", "corrections.none")), Vec::new()),
        ],
        s,
    };
    page.render().expect("a page renders")
}

fn opinions(lang: Lang) -> String {
    let s = official(lang, "/opinions", Place::Opinions);
    let cell = |text: &str| Cell { text: text.into(), ..Cell::default() };
    let tag = Cell { tag: Some(Tag::new(Mood::Info, s.t("opinions.new"))), ..Cell::default() };
    let tables = vec![
        Table {
            id: "ratings",
            title: s.t("opinions.ratings").into(),
            heads: vec![s.t("cases.service").into(), s.t("opinions.mean").into()],
            rows: vec![vec![cell(&service_name(lang)), cell("4.3")]],
        },
        Table {
            id: "comments",
            title: s.t("opinions.comments").into(),
            heads: vec![s.t("feedback.comment").into(), s.t("opinions.state").into()],
            rows: vec![vec![cell("Çox rahat"), tag]],
        },
    ];
    Opinions { tables, s }.render().expect("a page renders")
}

fn counters(lang: Lang, closed: bool) -> String {
    let mut s = official(lang, "/counters", Place::Counters);
    s.failed = !closed;
    let fields = vec![
        Field::new("users-1.1", service_name(lang), Kind::Line("number"))
            .value("x")
            .error(s.t("counters.need_number"))
            .width("short"),
    ];
    let note = s.note(Mood::Info, "counters.closed_title", "counters.closed");
    let page = Counters {
        errors: if closed { Errors::default() } else { Errors::of(s.t("layout.problem"), &fields) },
        notes: closed.then_some(note).into_iter().collect(),
        tabs: vec![(s.url("/counters?month=2026-10"), s.month("2026-10"), true)],
        month: s.month("2026-10"),
        action: (!closed).then(|| s.url("/counters/2026-10")),
        fields: if closed { Vec::new() } else { fields },
        facts: Facts { rows: vec![Fact::new(service_name(lang), "60")] },
        s,
    };
    page.render().expect("a page renders")
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    vec![
        ("office-corrections", corrections(lang, false)),
        ("office-corrections-errors", corrections(lang, true)),
        ("office-opinions", opinions(lang)),
        ("office-counters-errors", counters(lang, false)),
        ("office-counters-closed", counters(lang, true)),
    ]
}
