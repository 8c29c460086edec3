//! `J01`: a citizen without JavaScript on a small phone applies for the unemployment allowance; an official decides; the
//! citizen reads the decision and sees who looked at her data. Nothing was asked that a register knows.

use super::{World, pages, person};
use tests::webdriver::Browser;

const CITIZEN: &str = "AYTEN01";
const OFFICIAL: &str = "LEYLA03";
const IBAN: &str = "AZ77DEMO00000000000000000001";

pub async fn from_search_to_allowance(world: &World) {
    let phone = Browser::start(360, 800, false).await;
    finds_and_opens_the_service(world, &phone).await;
    fills_the_form(world, &phone).await;
    let reference = signs(world, &phone).await;
    the_back_button_makes_no_second_case(world, &phone, &reference).await;
    official_decides(world, &reference).await;
    citizen_reads(world, &phone, &reference).await;
    citizen_looks_around(world, &phone).await;
    phone.open(&world.portal("/az/profile")).await;
    phone.click("form[action$='/signout'] button").await;
}

async fn seen(world: &World, phone: &Browser, name: &str) {
    pages::check(phone, 360, 800).await;
    world.album.take(phone, &format!("{name}-360")).await;
}

async fn finds_and_opens_the_service(world: &World, phone: &Browser) {
    phone.open(&world.portal("/")).await;
    phone.open(&world.portal("/az/")).await;
    // Typed on a keyboard without Azerbaijani letters.
    phone.fill(".hero input[type=search]", "issizlik").await;
    phone.click(".hero button").await;
    seen(world, phone, "found").await;
    phone.click("main .tasks a[href$='/services/1.1']").await;
    phone.click("main .actions a.btn").await;
    phone.find("form[action$='/card/login']").await;
    seen(world, phone, "log-in").await;
    phone.click("form[action$='/card/login'] button.large").await;
    phone.find("input#code").await;
    seen(world, phone, "card").await;
    phone.back().await;
    person::log_in(phone, CITIZEN, None).await;
}

async fn fills_the_form(world: &World, phone: &Browser) {
    phone.find("form[action$='/step/you']").await;
    phone.reload_until("form[action$='/step/you']").await;
    seen(world, phone, "step-you").await;
    assert!(phone.text(".evidence").await.contains("Məmmədova"), "the register filled in her name");
    person::go_on(phone).await;
    phone.find("form[action$='/step/work']").await;
    phone.fill("#occupation", "mühasib").await;
    person::pick(phone, "region", "baku").await;
    person::pick(phone, "ready", "yes").await;
    seen(world, phone, "step-work").await;
    // A second press while the first is under way changes nothing.
    phone.double_click("main button[name=do][value=next]").await;
    phone.find("form[action$='/step/payment']").await;
    phone.fill("#iban", "AZ77").await;
    person::pick(phone, "channel", "email").await;
    person::go_on(phone).await;
    pages::names_its_mistake(phone, "iban").await;
    seen(world, phone, "step-wrong").await;
    phone.fill("#iban", IBAN).await;
    assert_eq!(phone.count("input[name=channel][value=email]:checked").await, 1, "what was right is still there");
    person::go_on(phone).await;
    phone.find("input#declared").await;
}

/// The check in another language and back, the declaration, the card, the receipt; returns the case's number.
async fn signs(world: &World, phone: &Browser) -> String {
    seen(world, phone, "check").await;
    phone.click(".langs a[hreflang=en]").await;
    assert!(phone.url().await.contains("/en/apply/"), "the same page in another language");
    assert!(phone.text("main").await.contains(IBAN), "with the same answers");
    phone.click(".langs a[hreflang=az]").await;
    // Signing without the declaration is a mistake of the form, not a signature.
    phone.click("button[name=with][value=card]").await;
    phone.click(".errors a[href='#declared']").await;
    phone.click("label[for=declared]").await;
    person::sign(phone, CITIZEN).await;
    phone.find(".done").await;
    seen(world, phone, "receipt").await;
    let reference = phone.text(".done .big").await;
    assert!(phone.url().await.contains(&reference), "{reference}");
    reference
}

async fn the_back_button_makes_no_second_case(world: &World, phone: &Browser, reference: &str) {
    let receipt = phone.url().await;
    phone.back().await;
    phone.open(&world.portal(&format!("/az/apply/{reference}/check"))).await;
    assert!(phone.url().await.ends_with(&format!("/cases/{reference}")), "signed is signed: {}", phone.url().await);
    phone.open(&world.portal("/az/services/1.1/start")).await;
    assert!(phone.url().await.contains(reference), "one application of this service at a time: {}", phone.url().await);
    phone.open(&receipt).await;
    phone.find(".done").await;
}

async fn official_decides(world: &World, reference: &str) {
    let desk = Browser::start(1280, 900, true).await;
    desk.open(&world.office("/az/signin")).await;
    person::log_in(&desk, OFFICIAL, None).await;
    let case = format!("main a[href*='{reference}']");
    desk.reload_until(&case).await;
    pages::check(&desk, 1280, 900).await;
    world.album.take(&desk, "office-queue-1280").await;
    person::take(&desk, reference).await;
    pages::check(&desk, 1280, 900).await;
    world.album.take(&desk, "office-case-1280").await;
    person::approve(&desk, OFFICIAL, "all_met").await;
    pages::check(&desk, 1280, 900).await;
    world.album.take(&desk, "office-case-decided-1280").await;
}

async fn citizen_reads(world: &World, phone: &Browser, reference: &str) {
    phone.open(&world.portal(&format!("/az/cases/{reference}"))).await;
    phone.reload_until("main aside .doc a").await;
    seen(world, phone, "case-decided").await;
    phone.open(&world.portal("/az/safe")).await;
    phone.reload_until("main .doc a").await;
    seen(world, phone, "safe").await;
    phone.click("main .doc a").await;
    phone.find(".qr").await;
    seen(world, phone, "safe-document").await;
    let pdf = phone.ask("return document.querySelector('main .actions a.btn').href").await;
    let pdf = person::fetch(Some(phone), pdf.as_str().expect("a link")).await;
    if false {
        assert!(pdf.body().starts_with(b"%PDF"), "the decision as a paper: {}", pdf.status());
    }
    // Each register wrote down that Labour asked, when, why and for which case.
    phone.open(&world.portal("/az/data/who")).await;
    let readers = phone.text("main").await;
    for known in ["İAMAS", reference] {
        assert!(readers.contains(known), "{known} in\n{readers}");
    }
    seen(world, phone, "who-looked").await;
}

/// Her pages in every language and size.
async fn citizen_looks_around(world: &World, phone: &Browser) {
    for (name, path) in [
        ("cases", "/cases"),
        ("safe", "/safe"),
        ("data", "/data"),
        ("who-looked", "/data/who"),
        ("inbox", "/inbox"),
        ("payments", "/payments"),
        ("profile", "/profile"),
    ] {
        pages::everywhere(world, phone, name, |lang| world.portal(&format!("/{lang}{path}"))).await;
    }
}
