//! The pages of a citizen who has logged in.

use super::*;

fn step(lang: Lang, failed: bool) -> String {
    let mut s = logged_in(lang, "/apply/PX-1/job", Place::Cases);
    s.failed = failed;
    let choice = |value: &str, label: &str| Choice {
        value: value.into(),
        label: label.into(),
        hint: String::new(),
        chosen: value == "yes",
    };
    let problem = if failed {
        words(lang, "İş axtardığınızı seçin", "Choose whether you look for work", "Укажите, ищете ли работу")
    } else {
        String::new()
    };
    let fields = vec![
        Field::new(
            "looking",
            words(lang, "İş axtarırsınız?", "Are you looking for work?", "Вы ищете работу?"),
            Kind::Radio(vec![choice("yes", s.t("step.yes")), choice("no", s.t("step.no"))]),
        )
        .error(problem.clone()),
        Field::new("phone", s.t("profile.phone"), Kind::Line("tel"))
            .hint("+994 …")
            .autocomplete("tel")
            .width("mid")
            .error(problem),
        Field::new("note", s.t("feedback.comment"), Kind::Area),
        Field::new("kind", s.t("officecase.outcome"), Kind::Select(vec![choice("a", "A"), choice("b", "B")])),
        Field::new("ok", s.t("step.yes"), Kind::Check).hint(s.t("step.saved")),
        Field::new("drawing", s.t("step.files"), Kind::File { accept: ".pdf,.dwg".into() })
            .hint(s.f("step.file_hint", &[("kinds", "PDF, DWG"), ("size", "20")])),
    ];
    let page = Step {
        crumbs: crumbs(&s),
        service: service_name(lang),
        heading: words(lang, "İş axtarışı", "Looking for work", "Поиск работы"),
        intro: String::new(),
        progress: Progress { number: 2, count: 4 },
        errors: if failed { Errors::of(s.t("layout.problem"), &fields) } else { Errors::default() },
        notes: Vec::new(),
        evidence: evidence(&s),
        action: s.url("/apply/PX-1/job"),
        hidden: vec![("version".into(), "3".into())],
        fields,
        upload: true,
        files: vec![FileLine {
            id: "f1".into(),
            name: "plan.dwg".into(),
            size: s.f("step.size_kb", &[("size", "812")]),
        }],
        go: s.t("action.continue").into(),
        back: Some(s.url("/apply/PX-1/who")),
        s,
    };
    page.render().expect("a page renders")
}

fn summary(lang: Lang) -> String {
    let s = logged_in(lang, "/apply/PX-1", Place::Cases);
    let change = Some((s.url("/apply/PX-1/job"), s.t("action.change").to_owned()));
    let fact = Fact {
        change,
        ..Fact::new(words(lang, "İş axtarırsınız?", "Are you looking for work?", "Вы ищете работу?"), s.t("step.yes"))
    };
    let page = Summary {
        crumbs: crumbs(&s),
        service: permit_name(lang),
        progress: Progress { number: 4, count: 4 },
        errors: Errors::default(),
        notes: Vec::new(),
        sections: vec![(words(lang, "İş axtarışı", "Looking for work", "Поиск работы"), Facts { rows: vec![fact] })],
        evidence: evidence(&s),
        fee: Some(fee(lang)),
        declaration: Field::new(
            "declared",
            words(lang, "Yazdıqlarım doğrudur.", "What I have stated is true.", "Указанное мной верно."),
            Kind::Check,
        ),
        can_sign: true,
        action: s.url("/apply/PX-1/sign"),
        back: Some(s.url("/apply/PX-1/job")),
        s,
    };
    page.render().expect("a page renders")
}

fn waiting(lang: Lang) -> String {
    let mut s = logged_in(lang, "/apply/PX-1/phone", Place::Cases);
    s.refresh_s = Some(3);
    let page = Waiting {
        heading: s.t("sign.waiting_title").into(),
        text: s.t("sign.waiting").into(),
        code: "4821".into(),
        check: s.url("/apply/PX-1/phone"),
        cancel: Some(s.url("/apply/PX-1")),
        s,
    };
    page.render().expect("a page renders")
}

fn receipt(lang: Lang) -> String {
    let s = logged_in(lang, "/cases/PX-1/receipt", Place::Cases);
    let page = Receipt {
        heading: s.t("receipt.title").into(),
        reference: "1.1-2026-000123".into(),
        when: s.moment(s.now),
        fee: Some(fee(lang)),
        pay: s.url("/payments/123"),
        timeline: moments(&s),
        case: s.url("/cases/PX-1"),
        s,
    };
    page.render().expect("a page renders")
}

fn cases(lang: Lang, empty: bool) -> String {
    let s = logged_in(lang, "/cases", Place::Cases);
    let line = |reference: &str, tag: Tag| CaseLine {
        href: s.url("/cases/x"),
        service: service_name(lang),
        reference: reference.into(),
        tag,
        line: s.f("cases.line_due", &[("date", &s.day(s.today()))]),
    };
    let (drafts, sent) =
        (vec![line("1", Tag::new(Mood::Plain, "…"))], vec![line("1.1-2026-000123", Tag::new(Mood::Info, "…"))]);
    let (drafts, cases) = if empty { (Vec::new(), Vec::new()) } else { (drafts, sent) };
    Cases { s, notes: Vec::new(), drafts, cases }.render().expect("a page renders")
}

fn case(lang: Lang) -> String {
    let s = logged_in(lang, "/cases/x", Place::Cases);
    let document = DocCard {
        title: s.t("case.decision").into(),
        href: s.url("/safe/1"),
        lines: vec![s.f("case.decision_number", &[("number", "E-12")])],
        tag: Some(Tag::new(Mood::Good, s.t("document.valid"))),
    };
    let page = Case {
        crumbs: crumbs(&s),
        service: service_name(lang),
        reference: "1.1-2026-000123".into(),
        tag: Tag::new(Mood::Info, words(lang, "Baxılır", "In review", "На рассмотрении")),
        notes: vec![Note { mood: Mood::Good, title: String::new(), text: s.t("case.applied").into(), link: None }],
        fee: None,
        pay: String::new(),
        now_facts: Facts {
            rows: vec![
                Fact::new(s.t("case.holder"), agency(lang)),
                Fact { note: s.f("case.due_left", &[("days", "10")]), ..Fact::new(s.t("case.due"), s.day(s.today())) },
                Fact::new(s.t("case.if_late"), s.t("help.late")),
            ],
        },
        actions: vec![
            CaseAction { href: s.url("/x"), words: s.t("case.pay").into(), post: false, main: true },
            CaseAction { href: s.url("/x"), words: s.t("case.withdraw").into(), post: true, main: false },
        ],
        timeline: moments(&s),
        evidence: evidence(&s),
        answers: Facts { rows: vec![Fact::new(s.t("profile.phone"), "+994 50 000 00 00")] },
        documents: vec![document],
        ask: Some(s.url("/feedback?case=x")),
        s,
    };
    page.render().expect("a page renders")
}

fn payments(lang: Lang, empty: bool) -> String {
    let s = logged_in(lang, "/payments", Place::Payments);
    let debt = DebtLine { fee: fee(lang), code: "8123-4567-8901".into(), href: s.url("/payments/1") };
    let paid = PaidLine {
        what: permit_name(lang),
        when: s.moment(s.now),
        amount: fee(lang).amount,
        number: "R-1".into(),
        href: s.url("/payments/1"),
        paper: Some(s.url("/safe/1")),
    };
    let (debts, paid) = if empty { (Vec::new(), Vec::new()) } else { (vec![debt], vec![paid]) };
    Payments { s, notes: Vec::new(), debts, paid }.render().expect("a page renders")
}

fn payment(lang: Lang) -> String {
    let s = logged_in(lang, "/payments/1", Place::Payments);
    let page = Payment {
        crumbs: crumbs(&s),
        heading: s.t("payment.title").into(),
        notes: vec![Note {
            mood: Mood::Warn,
            title: s.t("payment.pending_title").into(),
            text: s.t("payment.pending").into(),
            link: None,
        }],
        fee: fee(lang),
        facts: Facts { rows: vec![Fact::new(s.t("payment.code"), "8123-4567-8901")] },
        pay: Some(s.url("/payments/1/pay")),
        case: Some(s.url("/cases/x")),
        s,
    };
    page.render().expect("a page renders")
}

fn inbox(lang: Lang, empty: bool) -> String {
    let s = logged_in(lang, "/inbox", Place::Inbox);
    let line = |unread| MessageLine {
        href: s.url("/inbox/1"),
        title: s.t("case.applied").into(),
        when: s.moment(s.now),
        unread,
    };
    let messages = if empty { Vec::new() } else { vec![line(true), line(false)] };
    let pager = Pager {
        label: s.t("inbox.pages").into(),
        next: Some((s.url("/inbox?page=2"), s.t("inbox.older").into())),
        ..Pager::default()
    };
    Inbox { s, messages, pager }.render().expect("a page renders")
}

fn message(lang: Lang) -> String {
    let s = logged_in(lang, "/inbox/1", Place::Inbox);
    let page = Message {
        crumbs: crumbs(&s),
        title: s.t("case.applied").into(),
        when: s.moment(s.now),
        lines: vec![s.t("receipt.notice").into()],
        link: Some(s.url("/cases/x")),
        s,
    };
    page.render().expect("a page renders")
}

fn safe(lang: Lang, empty: bool) -> String {
    let s = logged_in(lang, "/safe", Place::Safe);
    let card = DocCard {
        title: permit_name(lang),
        href: s.url("/safe/1"),
        lines: vec![agency(lang), s.day(s.today())],
        tag: None,
    };
    SafePage { s, documents: if empty { Vec::new() } else { vec![card] } }.render().expect("a page renders")
}

fn document(lang: Lang) -> String {
    let s = logged_in(lang, "/safe/1", Place::Safe);
    let page = Document {
        crumbs: crumbs(&s),
        title: permit_name(lang),
        tag: Tag::new(Mood::Good, s.t("document.valid")),
        facts: Facts {
            rows: vec![
                Fact::new(s.t("document.number"), "15.1-2026-000007"),
                Fact::new(s.t("document.issuer"), fee(lang).text),
            ],
        },
        pdf: Some(s.url("/safe/1/pdf")),
        container: Some(s.url("/safe/1/asice")),
        signatures: Facts {
            rows: vec![
                Fact::new(s.t("document.signed_by"), "Elçin Quliyev"),
                Fact::new(s.t("document.signed_at"), s.second(s.now)),
            ],
        },
        qr: QrCard::new("http://127.0.0.1:8800/v/7KQ2-M4XN-8RTP", s.t("document.qr"), s.t("document.qr_caption")),
        s,
    };
    page.render().expect("a page renders")
}

fn data(lang: Lang) -> String {
    let s = logged_in(lang, "/data", Place::MyData);
    let register = |id: &str, note: Option<Note>| RegisterPart {
        id: id.into(),
        name: words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр социального страхования"),
        holder: agency(lang),
        note,
        evidence: evidence(&s),
        who: s.url("/data/who"),
    };
    let silent =
        Note { mood: Mood::Warn, title: s.t("data.silent_title").into(), text: s.t("data.silent").into(), link: None };
    let registers = vec![register("insurance", None), register("taxes", Some(silent))];
    Data { s, notes: Vec::new(), registers }.render().expect("a page renders")
}

fn who(lang: Lang, empty: bool) -> String {
    let s = logged_in(lang, "/data/who", Place::MyData);
    let line = AccessLine {
        id: "1".into(),
        register_id: "insurance".into(),
        when: s.second(s.now),
        reader: agency(lang),
        register: words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр социального страхования"),
        fields: words(lang, "əmək haqqı, pensiya", "salary, pension", "зарплата, пенсия"),
        why: service_name(lang),
        case: "1.1-2026-000123".into(),
    };
    let choice = Choice { value: String::new(), label: s.t("who.all").into(), hint: String::new(), chosen: true };
    let page = WhoLooked {
        notes: Vec::new(),
        filter: Field::new("register", s.t("who.register"), Kind::Select(vec![choice])),
        found: s.f("who.found", &[("count", "1")]),
        own_title: s.f("who.own", &[("count", "1")]),
        own: if empty { Vec::new() } else { vec![line.clone()] },
        rows: if empty { Vec::new() } else { vec![line] },
        s,
    };
    page.render().expect("a page renders")
}

fn correction(lang: Lang) -> String {
    let mut s = logged_in(lang, "/data/correction", Place::MyData);
    s.failed = true;
    let fields = vec![
        Field::new("claimed", s.t("correction.claimed"), Kind::Line("text")).error(s.t("correction.need_value")),
        Field::new("reason", s.t("correction.reason"), Kind::Area).hint(s.t("correction.reason_hint")),
    ];
    let page = Correction {
        crumbs: crumbs(&s),
        errors: Errors::of(s.t("layout.problem"), &fields),
        holder: agency(lang),
        action: s.url("/data/correction/insurance/salary"),
        evidence: Evidence { rows: evidence(&s).rows.into_iter().take(1).collect() },
        fields,
        s,
    };
    page.render().expect("a page renders")
}

fn profile(lang: Lang) -> String {
    let s = logged_in(lang, "/profile", Place::Profile);
    let page = Profile {
        notes: Vec::new(),
        facts: Facts {
            rows: vec![
                Fact::new(s.t("profile.name"), "Aytən Məmmədova"),
                Fact::new(s.t("profile.language"), s.t("profile.language_name")),
            ],
        },
        contact: evidence(&s),
        choices: vec![Field::new("mail", s.t("profile.mail"), Kind::Check).hint(s.t("profile.mail_hint"))],
        consents: vec![(
            s.moment(s.now),
            s.t("profile.consent_mail").into(),
            Tag::new(Mood::Plain, s.t("profile.consent_withdrawn")),
        )],
        logins: vec![(s.moment(s.now), s.t("profile.with_card").into(), s.moment(s.now))],
        s,
    };
    page.render().expect("a page renders")
}

pub(super) fn all(lang: Lang) -> Vec<(&'static str, String)> {
    vec![
        ("step", step(lang, false)),
        ("step-errors", step(lang, true)),
        ("summary", summary(lang)),
        ("waiting", waiting(lang)),
        ("receipt", receipt(lang)),
        ("cases", cases(lang, false)),
        ("cases-none", cases(lang, true)),
        ("case", case(lang)),
        ("payments", payments(lang, false)),
        ("payments-none", payments(lang, true)),
        ("payment", payment(lang)),
        ("inbox", inbox(lang, false)),
        ("inbox-none", inbox(lang, true)),
        ("message", message(lang)),
        ("safe", safe(lang, false)),
        ("safe-none", safe(lang, true)),
        ("document", document(lang)),
        ("data", data(lang)),
        ("who", who(lang, false)),
        ("who-none", who(lang, true)),
        ("correction", correction(lang)),
        ("profile", profile(lang)),
    ]
}
