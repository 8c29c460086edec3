//! A citizen's way: application, signature, case; own data and its correction; the empty rooms of a newcomer.

use super::{
    browser::{Browser, Page},
    world::{World, worlds},
};
use crate::session::Area;
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use http::StatusCode;

async fn citizen(world: &World) -> Browser {
    let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
    Browser::with(&world.app, Area::Citizen, cookie)
}

fn parameter(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').expect("a query");
    let pairs = crate::posted::pairs(query).expect("a readable query");
    pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| value).expect("the parameter is there")
}

/// From the service's page to the check before the signature.
async fn fill_in(browser: &mut Browser) -> (String, Page) {
    let start = browser.get("/en/services/1.1/start").await;
    let apply = start.location().to_owned();
    let reference = apply.rsplit('/').next().expect("a reference").to_owned();
    let first = browser.follow(&start).await;
    let step = first.location().to_owned();
    let page = browser.follow(&first).await;
    page.shows("Məmmədova").shows("This is wrong").shows("Surname");
    let next = browser.post(&page, &step, &[("do", "next")]).await;
    let (step, page) = (next.location().to_owned(), browser.follow(&next).await);
    let refused = browser.post(&page, &step, &[("occupation", "mühasib")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.shows("<title>Error:").shows("href=\"#region\"").shows("value=\"mühasib\"");
    let work = [("occupation", "mühasib"), ("region", "baku"), ("ready", "yes")];
    let next = browser.post(&refused, &step, &work).await;
    let (step, page) = (next.location().to_owned(), browser.follow(&next).await);
    let pay = [("iban", "AZ21NABZ00000000137010001944"), ("channel", "email")];
    let next = browser.post(&page, &step, &pay).await;
    assert_eq!(next.location(), format!("/en/apply/{reference}/check"), "{}", next.text);
    let check = browser.follow(&next).await;
    (reference, check)
}

#[tokio::test]
async fn an_application_from_its_first_page_to_the_signature() {
    for world in worlds().await {
        let mut browser = citizen(&world).await;
        let (reference, check) = fill_in(&mut browser).await;
        check.shows("mühasib").shows("Change").shows("Sign with card");
        let sign = format!("/en/apply/{reference}/sign");
        let undeclared = browser.post(&check, &sign, &[("with", "card")]).await;
        browser.follow(&undeclared).await.shows("Confirm the declaration");
        let to_card = browser.post(&check, &sign, &[("with", "card"), ("declared", "yes")]).await;
        assert!(to_card.location().starts_with("http://127.0.0.1:8803/card/certificate?"), "{}", to_card.location());
        let (back, state) = (parameter(to_card.location(), "return"), parameter(to_card.location(), "state"));
        let back = back.strip_prefix("http://127.0.0.1:8800").expect("our own address").to_owned();
        let wrong = browser.post_bare(&back, &[("state", "other"), ("certificate", "AAAA")]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
        let mut thief = citizen(&world).await;
        let stolen = thief.post_bare(&back, &[("state", &state), ("certificate", "AAAA")]).await;
        assert_eq!(stolen.status, StatusCode::NOT_FOUND, "another browser of the same person cannot go on");
        let cancelled = browser.post_bare(&back, &[("state", &state), ("error", "user_cancelled")]).await;
        browser.follow(&cancelled).await.shows("No signature was made");
        let to_sign = browser.post_bare(&back, &[("state", &state), ("certificate", "AAAA")]).await;
        assert!(to_sign.location().starts_with("http://127.0.0.1:8803/card/sign?"), "{}", to_sign.location());
        let mut signature = BASE64.decode(parameter(to_sign.location(), "digest")).expect("a digest");
        let back = back.replace("/certificate", "/signature");
        let bad = browser.post_bare(&back, &[("state", &state), ("signature", &BASE64.encode(&signature))]).await;
        browser.follow(&bad).await.shows("No signature was made");
        signature.reverse();
        let signed = browser.post_bare(&back, &[("state", &state), ("signature", &BASE64.encode(&signature))]).await;
        assert_eq!(signed.location(), format!("/en/cases/{reference}/receipt"), "{}", signed.text);
        browser.follow(&signed).await.shows("Your application has been received").shows(&reference);
        let again = browser.post_bare(&back, &[("state", &state), ("signature", &BASE64.encode(&signature))]).await;
        assert_eq!(again.location(), signed.location(), "a double click is one application");
        let case = browser.get(&format!("/ru/cases/{reference}")).await;
        case.shows("Где заявление сейчас").shows("Решение не позднее");
        browser.get("/en/cases").await.shows(&reference);
        browser.get(&format!("/az/apply/{reference}")).await;
    }
}

#[tokio::test]
async fn a_case_is_nobody_else_s() {
    for world in worlds().await {
        let mut browser = citizen(&world).await;
        let (reference, _) = fill_in(&mut browser).await;
        let cookie = world.logged_in(Area::Citizen, "TURAL06", &[], None).await;
        let mut other = Browser::with(&world.app, Area::Citizen, cookie);
        for path in ["", "/receipt", "/withdraw", "/documents/x/pdf"] {
            let page = other.get(&format!("/en/cases/{reference}{path}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(other.get(&format!("/en/apply/{reference}/check")).await.status, StatusCode::NOT_FOUND);
        let mut nobody = Browser::new(&world.app, Area::Citizen);
        let page = nobody.get(&format!("/en/cases/{reference}")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn own_data_who_looked_and_a_correction() {
    for world in worlds().await {
        let mut browser = citizen(&world).await;
        browser.get("/az/data").await.shows("Məmmədova").shows("/az/data/correction/iamas/person.surname");
        let who = browser.get("/en/data/who?register=iamas").await;
        who.shows("Əmək Nazirliyi").shows("Unemployment allowance").shows("20.11.2026 14:00:00");
        let id = "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5b";
        let proof = browser.post(&who, "/en/data/proof", &[("register", "iamas"), ("id", id)]).await;
        assert_eq!(proof.header("content-disposition"), "attachment; filename=\"proof-iamas-0193a1b2.json\"");
        proof.shows("treeHead");
        let path = "/en/data/correction/iamas/person.surname";
        let form = browser.get(path).await;
        let refused = browser.post(&form, path, &[("claimed", "Əliyeva")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.shows("href=\"#reason\"").shows("value=\"Əliyeva\"");
        let sent = browser.post(&form, path, &[("claimed", "Əliyeva"), ("reason", "nikah")]).await;
        browser.follow(&sent).await.shows("0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5c");
        assert_eq!(browser.get("/en/data/correction/iamas/person.other").await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.get("/en/data/correction/none/x").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_newcomer_s_rooms_are_empty_and_say_so() {
    for world in worlds().await {
        let mut browser = citizen(&world).await;
        for (path, words) in [
            ("/en/cases", "You have no applications yet"),
            ("/en/payments", "Nothing to pay"),
            ("/en/inbox", "No messages"),
            ("/en/safe", "The safe is still empty"),
            ("/en/profile", "Aytən Məmmədova"),
        ] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            page.shows(words);
        }
        for path in ["/en/payments/none", "/en/inbox/none", "/en/safe/none", "/en/sign/none"] {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let profile = browser.get("/en/profile").await;
        let saved = browser.post(&profile, "/en/profile", &[("lang", "ru")]).await;
        browser.follow(&saved).await.shows("Your choice has been saved");
        let refused = browser.post(&profile, "/en/profile", &[("lang", "ru"), ("mail", "yes")]).await;
        browser.follow(&refused).await.shows("Your e-mail address is not known");
    }
}

#[tokio::test]
async fn acting_for_a_company_shows_in_every_page() {
    for world in worlds().await {
        let company = Some("Xəzər Tikinti MMC");
        let cookie = world.logged_in(Area::Citizen, "RASHAD2", &[], company).await;
        let mut browser = Browser::with(&world.app, Area::Citizen, cookie);
        browser.get("/en/cases").await.shows("for Xəzər Tikinti MMC");
        let start = browser.get("/en/services/15.1/start").await;
        assert_eq!(start.status, StatusCode::SEE_OTHER, "{}", start.text);
    }
}
