//! Power cuts: the country is killed (SIGKILL) again and again while a director asks for a construction permit, pays and
//! gets it. After every restart what was acknowledged is still there; at the end everything happened exactly once.

use base::{Chance, SeededChance};
use host::args;
use host::store::Store;
use pencere::tour::Country as Place;
use pencere::tour::browser::Browser;
use pencere::tour::people::{Drawing, approve, fill_in, in_state, log_in, reference, sign};
use std::path::Path;
use std::time::Duration;
use tests::country::{Country, folder, free_ports};

const PEOPLE: u32 = 100;
/// How often the power goes.
const CUTS: usize = 16;
/// The longest time between a ready country and the next cut.
const LIFE_MS_MAX: u64 = 2_000;
const LIFE_MS_MIN: u64 = 250;
/// After the last cut the rest must end in so many looks.
const LOOKS_MAX: usize = 400;

/// In the company's e-Safe at the end: the receipt of the application, the receipt of the payment, the permit.
const PAPERS: usize = 3;

const DIRECTOR: &str = "RASHAD2";
const COMPANY: &str = "1400123451";
const OFFICIAL: &str = "ELCHN04";
const ANSWERS: &[(&str, &str)] = &[
    ("region", "Bakı"),
    ("address", "Atatürk prospekti 15"),
    ("plot", "10-245-0713"),
    ("purpose", "dwelling"),
    ("category", "II"),
    ("floors", "5"),
    ("area", "1850"),
    ("about", "Yaşayış binası."),
];
const DRAWINGS: &[Drawing] =
    &[Drawing { name: "plan.pdf", content_type: "application/pdf", bytes: b"%PDF-1.4\ntrailer << >>\n%%EOF\n" }];

/// What the director was told, and may rely on from then on.
#[derive(Debug, Default)]
struct Acknowledged {
    case: Option<String>,
    submitted: bool,
    paid: bool,
    decided: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_many_points_nothing_accepted_is_lost_and_nothing_is_repeated() {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let chance = SeededChance::new(seed);
    let data = host::testing::TempDir::new();
    let ports = free_ports();
    let mut told = Acknowledged::default();
    for cut in 0..CUTS {
        let country = Country::start(data.path(), ports, PEOPLE);
        println!("before cut {cut}: {told:?}");
        still_there(data.path(), &told, &format!("before cut {cut}, seed {seed}")).await;
        let life = Duration::from_millis(LIFE_MS_MIN + chance.below(LIFE_MS_MAX - LIFE_MS_MIN));
        // Whatever the walk is doing when the time is over is cut off, as it would be by the machine's end.
        let _cut_off = tokio::time::timeout(life, go_on(data.path(), &mut told)).await;
        country.kill();
    }
    let country = Country::start(data.path(), ports, PEOPLE);
    let mut looks = 0;
    while !go_on(data.path(), &mut told).await.unwrap_or(false) {
        looks += 1;
        assert!(looks < LOOKS_MAX, "the case does not come to its end, seed {seed}: {told:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    still_there(data.path(), &told, "at the end").await;
    exactly_once(data.path(), &told).await;
    country.interrupt();
}

/// Does the next thing that is to be done; true when all is done. An error is what a killed country looks like.
async fn go_on(data: &Path, told: &mut Acknowledged) -> Result<bool, String> {
    let place = Place::running_in(data, &folder())?;
    let mut director = log_in(&place, &place.portal, DIRECTOR, Some(COMPANY)).await?;
    loop {
        let case_page = match &told.case {
            Some(case) => format!("{}/en/cases/{case}", place.portal),
            None => {
                director.open(&format!("{}/en/services/15.1/start", place.portal)).await?;
                told.case = Some(reference(&director)?);
                continue;
            }
        };
        let case = told.case.clone().unwrap_or_default();
        director.open(&case_page).await?;
        let page = director.page.html();
        if director.page.url.contains("/apply/") {
            apply(&place, &mut director, &case).await?;
            told.submitted = director.page.url.contains("/cases/");
        } else if in_state(&page, "awaiting_payment") {
            told.submitted = true;
            pay(&place, &mut director).await?;
        } else if in_state(&page, "in_review") || in_state(&page, "decision_to_sign") {
            (told.submitted, told.paid) = (true, true);
            decide(&place, &case).await?;
        } else if in_state(&page, "approved") {
            told.decided = true;
            director.open(&format!("{}/en/safe", place.portal)).await?;
            return Ok(director.page.html().matches("/en/safe/").count() >= PAPERS);
        } else {
            return Ok(false);
        }
    }
}

async fn apply(place: &Place, director: &mut Browser, case: &str) -> Result<(), String> {
    director.open(&format!("{}/en/apply/{case}/step/applicant", place.portal)).await?;
    if director.page.url.contains("/step/") {
        fill_in(director, ANSWERS, DRAWINGS).await?;
    }
    let form = director.page.form(&format!("/apply/{case}/sign"))?;
    sign(place, director, form, DIRECTOR).await
}

async fn pay(place: &Place, director: &mut Browser) -> Result<(), String> {
    director.open(&format!("{}/en/payments", place.portal)).await?;
    let debt = director.page.link("/en/payments/")?;
    director.open(&debt).await?;
    let form = director.page.form("/en/payments/")?;
    director.send(&form).await?;
    let mut form = director.page.form("/orders/")?;
    form.set("choice", "pay");
    director.send(&form).await?;
    Ok(())
}

async fn decide(place: &Place, case: &str) -> Result<(), String> {
    let mut official = log_in(place, &place.back_office, OFFICIAL, None).await?;
    official.open(&format!("{}/en/cases/{case}/confirm", place.back_office)).await?;
    match official.page.form(&format!("/cases/{case}/sign")) {
        Ok(form) => sign(place, &mut official, form, OFFICIAL).await,
        Err(_) => approve(place, &mut official, case, OFFICIAL, "Normalara uyğundur.").await,
    }
}

async fn number(store: &Store, sql: &'static str) -> i64 {
    store.query_opt(sql, &args![]).await.expect("read").expect("a count has one row").int("number")
}

/// What was acknowledged before the cut is in the store after it.
async fn still_there(data: &Path, told: &Acknowledged, when: &str) {
    let Some(case) = &told.case else { return };
    let store = pencere::wiring::window_store_in(data).await.expect("the store opens");
    let sql = "SELECT state FROM services_case WHERE reference = $1";
    let row = store.query_opt(sql, &args![case.as_str()]).await.expect("read");
    let state = row.unwrap_or_else(|| panic!("{case} is lost {when}")).text("state").to_owned();
    let early = ["draft", "to_sign"];
    assert!(!told.submitted || !early.contains(&state.as_str()), "{case} was submitted and is {state} {when}");
    assert!(!told.paid || state != "awaiting_payment", "{case} was paid and is {state} {when}");
    assert!(!told.decided || state == "approved", "{case} was decided and is {state} {when}");
    store.close().await;
}

async fn exactly_once(data: &Path, told: &Acknowledged) {
    let store = pencere::wiring::window_store_in(data).await.expect("the store opens");
    assert!(told.submitted && told.paid && told.decided, "{told:?}");
    for (what, sql, wanted) in [
        ("cases", "SELECT COUNT(*) AS number FROM services_case", 1),
        ("debts", "SELECT COUNT(*) AS number FROM payments_debt WHERE state = 'paid'", 1),
        ("all debts", "SELECT COUNT(*) AS number FROM payments_debt", 1),
        ("receipts", "SELECT COUNT(*) AS number FROM payments_receipt", 1),
        ("decisions", "SELECT COUNT(*) AS number FROM services_document WHERE kind = 'decision'", 1),
        ("documents in the e-Safe", "SELECT COUNT(*) AS number FROM safe_document", 3),
        ("papers of receipts", "SELECT COUNT(*) AS number FROM safe_document WHERE origin = 'payments'", 1),
        ("codes of documents", "SELECT COUNT(*) AS number FROM safe_verification", 3),
    ] {
        assert_eq!(number(&store, sql).await, wanted, "{what}");
    }
    assert_eq!(payments::ledger::conservation(&store).await.expect("counted"), Vec::<String>::new());
    let findings = host::audit::size(&store).await.expect("read");
    assert!(findings > 0, "the log has entries");
    let rows = store.query("SELECT template, COUNT(*) AS number FROM notify_message GROUP BY template", &args![]).await;
    for row in rows.expect("read") {
        assert_eq!(row.int("number"), 1, "the notice {} came more than once", row.text("template"));
    }
    store.close().await;
    let permits = data.join("stores/register-permits.db");
    let register = host::store::Location::Sqlite(permits);
    let register = Store::open(&register, &[registers::MIGRATIONS]).await.expect("the register opens");
    let permits = "SELECT COUNT(DISTINCT record_key) AS number FROM registers_record WHERE entity = 'permit'";
    assert_eq!(number(&register, permits).await, 1, "permits in the register");
    register.close().await;
}
