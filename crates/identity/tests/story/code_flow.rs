//! The code flow from start to claims, and everything that must not get through it.

use super::world::{ISSUER, OFFICE, PORTAL, World, callback, form_of};
use base::{Failure, Lang};
use bytes::Bytes;
use host::args;
use http::{Request, StatusCode};
use identity::{
    Transport,
    client::{Callback, Refusal, Wish},
};
use std::time::Duration;

#[tokio::test]
async fn a_card_opens_the_portal_and_then_the_back_office_without_asking_again() {
    for world in World::all().await {
        let mut browser = world.browser();
        let portal = world.logged_in(&mut browser, "LEYLA03").await.claims;
        assert_eq!(portal.pin.as_ref().expect("entitled").as_str(), "LEYLA03");
        assert_eq!((portal.given_name.as_deref(), portal.surname.as_deref()), (Some("Aytən"), Some("Məmmədova")));
        assert_eq!((portal.acr.as_str(), portal.amr.as_slice()), ("high", &["sc".to_owned(), "pin".to_owned()][..]));
        assert!(portal.offices.is_empty() && portal.acting_for.is_none());

        let started = world.office.start(&Wish::in_lang(Lang::Az)).await.expect("started");
        let back = browser.get(&started.url).await.location();
        assert!(back.starts_with(OFFICE), "{back}");
        let office = world.finished(&world.office, &started.pending, &back).await.claims;
        assert_eq!(office.sid, portal.sid, "one session");
        assert_ne!(office.sub, portal.sub, "pairwise");
        assert_eq!(office.offices[0].agency, "10002");
        let history = world.provider.logins_of(&portal.pin.expect("a PIN"), 10).await.expect("history");
        assert_eq!(history.len(), 1, "one log-in, however many clients");
    }
}

#[tokio::test]
async fn the_back_office_is_closed_to_those_without_an_office() {
    for world in World::all().await {
        let mut browser = world.browser();
        world.logged_in(&mut browser, "AYTEN01").await;
        let started = world.office.start(&Wish::in_lang(Lang::Ru)).await.expect("started");
        let seen = browser.get(&started.url).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(seen.text.contains("Рабочий кабинет"), "in the asked language");
    }
}

#[tokio::test]
async fn a_log_in_changes_the_cookie() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::Az)).await.expect("started");
        browser.login_page(&started.url).await;
        let planted = browser.cookie.clone();
        world.logged_in(&mut browser, "AYTEN01").await;
        assert_ne!(browser.cookie, planted);
        // Who planted the cookie has no session.
        let mut thief = world.browser();
        thief.cookie = planted;
        let location = thief.get(&started.url).await.location();
        assert!(location.starts_with("/login/"), "asked for card or phone: {location}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_foreign_address() {
    for world in World::all().await {
        let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
        let foreign = started.url.replace("8800%2Flogin", "8800%2Fevil");
        let seen = world.browser().get(&foreign).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST);
        assert!(seen.headers.get("location").is_none() && seen.text.contains("not safe"));
        let stranger = world.browser().get("/authorize?client_id=stranger").await;
        assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
        let twice = world.browser().get(&format!("{}&client_id=portal", started.url)).await;
        assert_eq!(twice.status, StatusCode::BAD_REQUEST, "a parameter given twice");
        let plain = started.url.replace("S256", "plain");
        let told = callback(&world.browser().get(&plain).await.location());
        assert_eq!((told.error.as_deref(), told.iss.as_deref()), (Some("invalid_request"), Some(ISSUER)));
    }
}

#[tokio::test]
async fn the_client_believes_only_its_own_answer() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::Az)).await.expect("started");
        let back = browser.card_login(&started.url, &world.chip("AYTEN01")).await;
        let good = callback(&back);
        let refused = async |pending: &_, callback: Callback| match world.portal.finish(pending, &callback).await {
            Err(Failure::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        let strange = Callback { state: Some("other".into()), ..good.clone() };
        assert_eq!(refused(&started.pending, strange).await, Refusal::StateMismatch);
        let mixed = Callback { iss: Some("http://evil.example".into()), ..good.clone() };
        assert_eq!(refused(&started.pending, mixed).await, Refusal::IssuerMismatch);
        let declined = Callback { code: None, error: Some("access_denied".into()), ..good.clone() };
        assert_eq!(refused(&started.pending, declined).await, Refusal::Declined);
        let mut injected = started.pending.clone();
        injected.nonce = "another".into();
        assert_eq!(refused(&injected, good).await, Refusal::TokenInvalid, "a code of another log-in");
    }
}

#[tokio::test]
async fn a_quiet_question_gets_a_quiet_answer() {
    for world in World::all().await {
        let quiet = Wish { quiet: true, ..Wish::default() };
        let started = world.portal.start(&quiet).await.expect("started");
        let mut browser = world.browser();
        let back = callback(&browser.get(&started.url).await.location());
        let refused = world.portal.finish(&started.pending, &back).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::LoginRequired))));
        world.logged_in(&mut browser, "AYTEN01").await;
        let started = world.portal.start(&quiet).await.expect("started");
        let back = browser.get(&started.url).await.location();
        world.finished(&world.portal, &started.pending, &back).await;
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_for_its_own_verifier() {
    for world in World::all().await {
        let mut browser = world.browser();
        let refused = |result| match result {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal, Refusal::CodeRefused),
            other => panic!("not refused: {other:?}"),
        };
        // Another verifier; and the failed exchange has used the code up.
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = callback(&browser.card_login(&started.url, &world.chip("LEYLA03")).await);
        let mut stolen = started.pending.clone();
        stolen.verifier = "0".repeat(64);
        refused(world.portal.finish(&stolen, &back).await);
        refused(world.portal.finish(&started.pending, &back).await);
        // Another client with its own good assertion.
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = callback(&browser.get(&started.url).await.location());
        refused(world.office.finish(&started.pending, &back).await);
        // Too late.
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = callback(&browser.get(&started.url).await.location());
        world.clock.advance_s(61);
        refused(world.portal.finish(&started.pending, &back).await);
    }
}

#[tokio::test]
async fn a_second_use_of_a_code_revokes_what_the_first_bought() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = callback(&browser.card_login(&started.url, &world.chip("AYTEN01")).await);
        let first = world.portal.finish(&started.pending, &back).await.expect("bought");
        assert_eq!(world.portal.userinfo(&first.access_token).await.expect("claims").sub, first.claims.sub);
        assert!(world.portal.finish(&started.pending, &back).await.is_err());
        let ended = world.portal.userinfo(&first.access_token).await;
        assert!(matches!(ended, Err(Failure::Refused(Refusal::SessionEnded))));
        assert!(world.audited().await.iter().any(|(action, _)| action == "identity.code_reused"));
        let junk = world.portal.userinfo("junk").await;
        assert!(matches!(junk, Err(Failure::Refused(Refusal::SessionEnded))));
    }
}

#[tokio::test]
async fn only_registered_keys_buy_tokens_and_each_statement_once() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = callback(&browser.card_login(&started.url, &world.chip("AYTEN01")).await);
        let post = async |body: String| {
            let request = Request::post(format!("{ISSUER}/token"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Bytes::from(body))
                .expect("a request");
            let answer = world.outside.send(request, 10_000, Duration::from_secs(1)).await.expect("an answer");
            let body: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
            (answer.status().as_u16(), body["error"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(post(String::new()).await, (401, "invalid_client".into()));
        assert_eq!(post("grant_type=authorization_code&client_id=portal".into()).await, (401, "invalid_client".into()));
        assert_eq!(post("grant_type=a&grant_type=b".into()).await, (400, "invalid_request".into()));
        // The very request of the client, sent twice: the statement is used up.
        world.outside.record_tokens();
        world.portal.finish(&started.pending, &back).await.expect("bought");
        let sent = world.outside.recorded_token();
        assert!(form_of(sent.as_bytes()).contains_key("client_assertion"));
        assert_eq!(post(sent.clone()).await, (401, "invalid_client".into()), "replayed");
        let other_kind = sent.replace("jwt-bearer", "saml2-bearer");
        assert_eq!(post(other_kind).await, (401, "invalid_client".into()));
    }
}

#[tokio::test]
async fn another_person_in_the_same_browser_ends_the_first_session() {
    for world in World::all().await {
        let mut browser = world.browser();
        let first = world.logged_in(&mut browser, "AYTEN01").await;
        let again = Wish { again: true, ..Wish::default() };
        let started = world.portal.start(&again).await.expect("started");
        let back = browser.card_login(&started.url, &world.chip("TURAL06")).await;
        let second = world.finished(&world.portal, &started.pending, &back).await;
        assert_ne!(second.claims.sid, first.claims.sid);
        assert!(world.portal.userinfo(&first.access_token).await.is_err(), "the first session is over");
        // The same person again keeps the session and gets a newer time.
        world.clock.advance_s(100);
        let started = world.portal.start(&again).await.expect("started");
        let back = browser.card_login(&started.url, &world.chip("TURAL06")).await;
        let third = world.finished(&world.portal, &started.pending, &back).await;
        assert_eq!(third.claims.sid, second.claims.sid);
        assert!(third.claims.auth_time > second.claims.auth_time);
    }
}

#[tokio::test]
async fn declining_tells_the_client() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let missing = browser.post(&format!("{page}/decline"), &[]).await;
        assert_eq!(missing.status, StatusCode::BAD_REQUEST, "without the form's token nothing happens");
        let back = browser.post(&format!("{page}/decline"), &[("token", &seen.field("token"))]).await.location();
        assert!(back.starts_with(PORTAL));
        assert_eq!(callback(&back).error.as_deref(), Some("access_denied"));
        assert_eq!(browser.get(&page).await.status, StatusCode::BAD_REQUEST, "the attempt is over");
    }
}

#[tokio::test]
async fn the_store_holds_no_secret() {
    for world in World::all().await {
        let mut browser = world.browser();
        let logged_in = world.logged_in(&mut browser, "AYTEN01").await;
        let cookie = browser.cookie.expect("a cookie");
        let secret = cookie.split_once('=').expect("a pair").1;
        for sql in
            ["SELECT cookie_hash AS kept FROM identity_session", "SELECT token_hash AS kept FROM identity_access"]
        {
            for row in world.store.query(sql, &args![]).await.expect("rows") {
                assert!(row.text("kept") != secret && row.text("kept") != logged_in.access_token);
            }
        }
        let log = world.audited().await;
        assert!(log.iter().all(|(_, leaf)| !leaf.contains(secret) && !leaf.contains(&logged_in.access_token)));
    }
}

#[tokio::test]
async fn what_is_over_is_swept() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, _) = browser.login_page(&started.url).await;
        world.provider.schedule().await.expect("scheduled");
        world.provider.schedule().await.expect("scheduling twice is scheduling once");
        world.clock.advance_s(3601);
        assert_eq!(browser.get(&page).await.status, StatusCode::BAD_REQUEST, "over after a quarter of an hour");
        assert_eq!(world.run_jobs().await, 1);
        assert!(world.store.query("SELECT id FROM identity_attempt", &args![]).await.expect("rows").is_empty());
    }
}
