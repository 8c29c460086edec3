//! Every page in every state and language, as a person would meet it: rendered, judged as markup, and, when
//! `PENCERE_PAGES` names a folder, written there so that somebody can look at them.

use crate::{
    pages::*,
    parts::*,
    shell::{Place, Shell, Who, sample},
};
use askama::Template;
use base::{Lang, Money};

mod markup;
mod office;

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

fn citizen(lang: Lang, path: &str, place: Place) -> Shell {
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
        text: words(lang, "Dövlət Şəhərsalma Komitəsi", "State Urban Building Committee", "Государственный градостроительный комитет"),
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
    let register = words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр социального страхования");
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
    let moment = |tense, title: String, when: &str, text: String| Moment { tense, title, when: when.into(), text, link: None };
    let when = s.moment(s.now);
    Timeline {
        moments: vec![
            moment(Tense::Past, words(s.lang, "Müraciət imzalandı", "Application signed", "Заявление подписано"), &when, String::new()),
            moment(
                Tense::Now,
                words(s.lang, "Məmur baxır", "An official is looking at it", "Рассматривает сотрудник"),
                "",
                agency(s.lang),
            ),
            moment(Tense::Next, words(s.lang, "Qərar", "Decision", "Решение"), "", s.f("cases.line_due", &[("date", &s.day(s.today()))])),
        ],
    }
}

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
    let other = ServiceLine { number: "1.2".into(), status: Tag::new(Mood::Plain, s.t("service.not_online")), ..line.clone() };
    let page = Services {
        heading: s.f("services.results", &[("query", "müavinət")]),
        query: "müavinət".into(),
        tabs: vec![(s.url("/services"), s.t("services.all").into(), true), (s.url("/services?group=a"), agency(lang), false)],
        found: s.f("services.found", &[("count", "2")]),
        results: if empty { Vec::new() } else { vec![line, other] },
        rest: s.f("services.rest", &[("all", "449"), ("shown", "30")]),
        s,
    };
    page.render().expect("a page renders")
}

fn service(lang: Lang, online: bool) -> String {
    let s = public(lang, "/services/1.1").at(Place::Services);
    let fetched = words(lang, "Son 12 ayın əmək haqqı: DSMF", "Salary of the last 12 months: SSPF", "Зарплата за 12 месяцев: ГФСЗ");
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
        status: if online { Tag::new(Mood::Good, s.t("service.online")) } else { Tag::new(Mood::Warn, s.t("service.not_online")) },
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

fn step(lang: Lang, failed: bool) -> String {
    let mut s = citizen(lang, "/apply/PX-1/job", Place::Cases);
    s.failed = failed;
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into(), hint: String::new(), chosen: value == "yes" };
    let problem = if failed { words(lang, "İş axtardığınızı seçin", "Choose whether you look for work", "Укажите, ищете ли работу") } else { String::new() };
    let fields = vec![
        Field::new("looking", words(lang, "İş axtarırsınız?", "Are you looking for work?", "Вы ищете работу?"), Kind::Radio(vec![choice("yes", s.t("step.yes")), choice("no", s.t("step.no"))])).error(problem.clone()),
        Field::new("phone", s.t("profile.phone"), Kind::Line("tel")).hint("+994 …").autocomplete("tel").width("mid").error(problem),
        Field::new("note", s.t("feedback.comment"), Kind::Area),
        Field::new("kind", s.t("officecase.outcome"), Kind::Select(vec![choice("a", "A"), choice("b", "B")])),
        Field::new("ok", s.t("step.yes"), Kind::Check).hint(s.t("step.saved")),
        Field::new("drawing", s.t("step.files"), Kind::File { accept: ".pdf,.dwg".into() }).hint(s.f("step.file_hint", &[("kinds", "PDF, DWG"), ("size", "20")])),
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
        files: vec![FileLine { id: "f1".into(), name: "plan.dwg".into(), size: s.f("step.size_kb", &[("size", "812")]) }],
        go: s.t("action.continue").into(),
        back: Some(s.url("/apply/PX-1/who")),
        s,
    };
    page.render().expect("a page renders")
}

fn summary(lang: Lang) -> String {
    let s = citizen(lang, "/apply/PX-1", Place::Cases);
    let change = Some((s.url("/apply/PX-1/job"), s.t("action.change").to_owned()));
    let fact = Fact { change, ..Fact::new(words(lang, "İş axtarırsınız?", "Are you looking for work?", "Вы ищете работу?"), s.t("step.yes")) };
    let page = Summary {
        crumbs: crumbs(&s),
        service: permit_name(lang),
        progress: Progress { number: 4, count: 4 },
        errors: Errors::default(),
        notes: Vec::new(),
        sections: vec![(words(lang, "İş axtarışı", "Looking for work", "Поиск работы"), Facts { rows: vec![fact] })],
        evidence: evidence(&s),
        fee: Some(fee(lang)),
        declaration: Field::new("declared", words(lang, "Yazdıqlarım doğrudur.", "What I have stated is true.", "Указанное мной верно."), Kind::Check),
        can_sign: true,
        action: s.url("/apply/PX-1/sign"),
        back: Some(s.url("/apply/PX-1/job")),
        s,
    };
    page.render().expect("a page renders")
}

fn waiting(lang: Lang) -> String {
    let mut s = citizen(lang, "/apply/PX-1/phone", Place::Cases);
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
    let s = citizen(lang, "/cases/PX-1/receipt", Place::Cases);
    let page = Receipt {
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
    let s = citizen(lang, "/cases", Place::Cases);
    let line = |reference: &str, tag: Tag| CaseLine {
        href: s.url("/cases/x"),
        service: service_name(lang),
        reference: reference.into(),
        tag,
        line: s.f("cases.line_due", &[("date", &s.day(s.today()))]),
    };
    let (drafts, sent) = (vec![line("1", Tag::new(Mood::Plain, "…"))], vec![line("1.1-2026-000123", Tag::new(Mood::Info, "…"))]);
    let (drafts, cases) = if empty { (Vec::new(), Vec::new()) } else { (drafts, sent) };
    Cases { s, notes: Vec::new(), drafts, cases }.render().expect("a page renders")
}

fn case(lang: Lang) -> String {
    let s = citizen(lang, "/cases/x", Place::Cases);
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
    let s = citizen(lang, "/payments", Place::Payments);
    let debt = DebtLine { fee: fee(lang), code: "8123-4567-8901".into(), href: s.url("/payments/1") };
    let paid = PaidLine {
        what: permit_name(lang),
        when: s.moment(s.now),
        amount: fee(lang).amount,
        number: "R-1".into(),
        href: s.url("/payments/1"),
    };
    let (debts, paid) = if empty { (Vec::new(), Vec::new()) } else { (vec![debt], vec![paid]) };
    Payments { s, notes: Vec::new(), debts, paid }.render().expect("a page renders")
}

fn payment(lang: Lang) -> String {
    let s = citizen(lang, "/payments/1", Place::Payments);
    let page = Payment {
        crumbs: crumbs(&s),
        heading: s.t("payment.title").into(),
        notes: vec![Note { mood: Mood::Warn, title: s.t("payment.pending_title").into(), text: s.t("payment.pending").into(), link: None }],
        fee: fee(lang),
        facts: Facts { rows: vec![Fact::new(s.t("payment.code"), "8123-4567-8901")] },
        pay: Some(s.url("/payments/1/pay")),
        receipt: Some(s.url("/safe/2")),
        case: Some(s.url("/cases/x")),
        s,
    };
    page.render().expect("a page renders")
}

fn inbox(lang: Lang, empty: bool) -> String {
    let s = citizen(lang, "/inbox", Place::Inbox);
    let line = |unread| MessageLine { href: s.url("/inbox/1"), title: s.t("case.applied").into(), when: s.moment(s.now), unread };
    let messages = if empty { Vec::new() } else { vec![line(true), line(false)] };
    let pager = Pager { label: s.t("inbox.pages").into(), next: Some((s.url("/inbox?page=2"), s.t("inbox.older").into())), ..Pager::default() };
    Inbox { s, messages, pager }.render().expect("a page renders")
}

fn message(lang: Lang) -> String {
    let s = citizen(lang, "/inbox/1", Place::Inbox);
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
    let s = citizen(lang, "/safe", Place::Safe);
    let card = DocCard { title: permit_name(lang), href: s.url("/safe/1"), lines: vec![agency(lang), s.day(s.today())], tag: None };
    SafePage { s, documents: if empty { Vec::new() } else { vec![card] } }.render().expect("a page renders")
}

fn document(lang: Lang) -> String {
    let s = citizen(lang, "/safe/1", Place::Safe);
    let page = Document {
        crumbs: crumbs(&s),
        title: permit_name(lang),
        tag: Tag::new(Mood::Good, s.t("document.valid")),
        facts: Facts { rows: vec![Fact::new(s.t("document.number"), "15.1-2026-000007"), Fact::new(s.t("document.issuer"), fee(lang).text)] },
        pdf: Some(s.url("/safe/1/pdf")),
        container: Some(s.url("/safe/1/asice")),
        signatures: Facts { rows: vec![Fact::new(s.t("document.signed_by"), "Elçin Quliyev"), Fact::new(s.t("document.signed_at"), s.second(s.now))] },
        qr: QrCard::new("http://127.0.0.1:8800/v/7KQ2-M4XN-8RTP", s.t("document.qr"), s.t("document.qr_caption")),
        s,
    };
    page.render().expect("a page renders")
}

fn data(lang: Lang) -> String {
    let s = citizen(lang, "/data", Place::MyData);
    let register = |id: &str, note: Option<Note>| RegisterPart {
        id: id.into(),
        name: words(lang, "Sosial sığorta reyestri", "Social insurance register", "Реестр социального страхования"),
        holder: agency(lang),
        note,
        evidence: evidence(&s),
        who: s.url("/data/who"),
    };
    let silent = Note { mood: Mood::Warn, title: s.t("data.silent_title").into(), text: s.t("data.silent").into(), link: None };
    let registers = vec![register("insurance", None), register("taxes", Some(silent))];
    Data { s, notes: Vec::new(), registers }.render().expect("a page renders")
}

fn who(lang: Lang, empty: bool) -> String {
    let s = citizen(lang, "/data/who", Place::MyData);
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
        rows: if empty { Vec::new() } else { vec![line] },
        s,
    };
    page.render().expect("a page renders")
}

fn correction(lang: Lang) -> String {
    let mut s = citizen(lang, "/data/correction", Place::MyData);
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
    let s = citizen(lang, "/profile", Place::Profile);
    let page = Profile {
        notes: Vec::new(),
        facts: Facts { rows: vec![Fact::new(s.t("profile.name"), "Aytən Məmmədova"), Fact::new(s.t("profile.language"), s.t("profile.language_name"))] },
        contact: evidence(&s),
        choices: vec![Field::new("mail", s.t("profile.mail"), Kind::Check).hint(s.t("profile.mail_hint"))],
        logins: vec![(s.moment(s.now), s.t("profile.with_card").into(), s.moment(s.now))],
        s,
    };
    page.render().expect("a page renders")
}

fn verify(lang: Lang, failed: bool) -> String {
    let mut s = public(lang, "/verify").at(Place::Verify);
    s.failed = failed;
    let code = Field::new("code", s.t("verify.code"), Kind::Line("text")).hint(s.t("verify.code_hint")).width("mid");
    let code = if failed { code.error(s.t("verify.code_needed")) } else { code };
    let file = Field::new("file", s.t("verify.file"), Kind::File { accept: ".asice".into() }).hint(s.t("verify.file_hint"));
    let errors = if failed { Errors::of(s.t("layout.problem"), std::slice::from_ref(&code)) } else { Errors::default() };
    Verify { errors, code, file, s }.render().expect("a page renders")
}

fn verified(lang: Lang, genuine: bool) -> String {
    let s = public(lang, "/v/7KQ2").at(Place::Verify);
    let (heading, text) = if genuine { ("verified.genuine_title", "verified.genuine") } else { ("verified.false_title", "verified.false") };
    let signature = Facts { rows: vec![Fact::new(s.t("document.signed_by"), "Elçin Quliyev"), Fact::new(s.t("document.signed_at"), s.second(s.now))] };
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
    let choices = choices.map(|(value, key)| Choice { value: value.into(), label: words_of(key), hint: String::new(), chosen: false });
    let page = Feedback {
        errors: Errors::default(),
        notes: vec![Note { mood: Mood::Good, title: s.t("feedback.thanks_title").into(), text: s.t("feedback.thanks").into(), link: None }],
        action: s.url("/feedback"),
        about: String::new(),
        fields: vec![Field::new("rating", s.t("feedback.rating"), Kind::Radio(choices.to_vec())), Field::new("comment", s.t("feedback.comment"), Kind::Area)],
        s,
    };
    page.render().expect("a page renders")
}

fn scores(lang: Lang, live: bool) -> String {
    let s = public(lang, "/scores").at(Place::Score);
    let page = Scores {
        live,
        intro: if live { s.t("scores.live_intro") } else { s.t("scores.report_intro") }.into(),
        index: s.f("scores.index", &[("score", "5"), ("max", "7")]),
        index_note: s.f("scores.index_note", &[("components", "7")]),
        components: vec![ComponentLine { name: words(lang, "Etibarlı mənbələr", "Authentic sources", "Достоверные источники"), score: "0,33".into(), note: "1/3".into() }],
        country: live.then(|| s.url("/scores/country")),
        services: vec![ScoreLine { href: Some(s.url("/scores/1.1")), name: service_name(lang), maturity: "4/4".into(), participation: "10/10".into(), transparency: s.t("scores.no_data").into() }],
        s,
    };
    page.render().expect("a page renders")
}

fn score(lang: Lang) -> String {
    let s = public(lang, "/scores/1.1").at(Place::Score);
    let line = |mood, key: &'static str, evidence: Vec<String>| CriterionLine { name: service_name(lang), tag: Tag::new(mood, key), evidence };
    let criteria = vec![line(Mood::Good, s.t("scores.met"), vec![s.second(s.now)]), line(Mood::Plain, s.t("scores.no_data"), Vec::new())];
    let page = Score {
        crumbs: crumbs(&s),
        name: service_name(lang),
        facts: Facts { rows: vec![Fact::new(s.t("scores.maturity"), "4 / 4")] },
        groups: vec![(s.t("scores.transparency").into(), criteria)],
        s,
    };
    page.render().expect("a page renders")
}

fn bulletin(lang: Lang) -> String {
    let s = public(lang, "/bulletin/2026-11");
    let bar = |label: String, value| Bar { label, value, shown: s.count(value) };
    let page = Bulletin {
        month: s.month("2026-11"),
        lead: s.t("bulletin.lead").into(),
        months: Pager { label: s.t("bulletin.months").into(), previous: Some((s.url("/bulletin/2026-10"), s.month("2026-10"))), ..Pager::default() },
        figures: vec![(s.t("bulletin.figure_services").into(), "449".into()), (s.t("bulletin.figure_used").into(), s.count(12_345))],
        chart: Bars {
            title: s.t("bulletin.chart").into(),
            label_head: s.t("cases.service").into(),
            value_head: s.t("bulletin.online").into(),
            table_label: s.t("bulletin.chart_table").into(),
            rows: vec![bar(permit_name(lang), 340), bar(words(lang, "İşsizlik müavinəti", "Unemployment", "Безработица"), 1200)],
        },
        rows: vec![BulletinLine { service: service_name(lang), agency: agency(lang), online: "1200".into(), offline: s.t("bulletin.no_data").into(), growth: "+12 %".into(), satisfaction: "4,6".into() }],
        rest: s.f("bulletin.rest", &[("count", "419")]),
        csv: s.url("/bulletin/2026-11.csv"),
        json: s.url("/bulletin/2026-11.json"),
        s,
    };
    page.render().expect("a page renders")
}

fn help(lang: Lang) -> String {
    let s = public(lang, "/help");
    let sections = vec![(s.t("help.start_title").into(), s.t("help.start").into()), (s.t("help.late_title").into(), s.t("help.late").into())];
    Help { heading: s.t("help.title").into(), sections, s }.render().expect("a page renders")
}

fn problem(lang: Lang, number: &str) -> String {
    let mut s = public(lang, "/nowhere");
    s.failed = true;
    let (heading, text) = if number.is_empty() { (s.t("problem.not_found_title"), s.t("problem.not_found")) } else { (s.t("problem.fault_title"), s.t("problem.fault")) };
    let page = Problem { heading: heading.into(), text: text.into(), advice: Vec::new(), number: number.into(), link: Some((s.url("/services"), s.t("services.all").into())), s };
    page.render().expect("a page renders")
}

/// Every page with the name of its state.
fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let mut pages = vec![
        ("home", home(lang)),
        ("services", services(lang, false)),
        ("services-none", services(lang, true)),
        ("service", service(lang, true)),
        ("service-offline", service(lang, false)),
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
    ];
    pages.extend(office::all(lang));
    pages
}
