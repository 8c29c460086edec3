//! What protects a visit: headers, tokens, sessions, limits, languages.

use super::{browser::Browser, world::worlds};
use crate::{posted::FORM_BYTES_MAX, security::ATTEMPTS_MAX, session::Area};
use base::{Chance, Refusal as _, SystemChance};
use http::StatusCode;

#[tokio::test]
async fn every_answer_is_protected_and_personal_pages_are_not_kept() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        for path in ["/az/", "/en/services", "/ru/nowhere", "/nowhere", "/az/cases"] {
            let page = browser.get(path).await;
            let policy = page.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' "),
                "{path}: {policy}"
            );
            assert!(policy.ends_with("frame-ancestors 'none'; base-uri 'none'"), "{path}: {policy}");
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(page.header("cache-control"), "no-store", "{path}");
        }
        let style = crate::assets::style_address();
        let sheet = browser.get(style).await;
        assert_eq!(sheet.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(sheet.text.contains("prefers-color-scheme"));
        assert_eq!(browser.get("/assets/other.css").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    for world in worlds().await {
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        let mut browser = Browser::with(&world.app, Area::Citizen, cookie);
        for token in ["", "0123456789abcdef0123456789abcdef"] {
            let page = browser.post_bare("/en/signout", &[("token", token)]).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN);
            page.shows("The page has grown old");
        }
        let page = browser.get("/en/cases").await;
        assert_eq!(page.status, StatusCode::OK, "still logged in");
        // The token of another visit is not this one's.
        let stranger = Browser::new(&world.app, Area::Citizen).get("/en/feedback").await.token();
        assert_eq!(browser.post_bare("/en/signout", &[("token", &stranger)]).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn malformed_and_oversized_forms_are_refused() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        let page = browser.get("/az/feedback").await;
        let broken = browser.post_bare("/az/feedback", &[("token", &page.token()), ("%", "x")]).await;
        assert_eq!(broken.status, StatusCode::BAD_REQUEST);
        let large = "x".repeat(FORM_BYTES_MAX + 1);
        assert_eq!(
            browser.post(&page, "/az/feedback", &[("comment", &large)]).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        let many: Vec<(String, &str)> = (0..300).map(|number| (format!("f{number}"), "x")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(browser.post(&page, "/az/feedback", &many).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_planted_cookie_is_worth_nothing_after_log_in() {
    for world in worlds().await {
        let planted = SystemChance.hex(32);
        let mut browser = Browser::with(&world.app, Area::Citizen, planted.clone());
        browser.get("/az/").await;
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        assert_ne!(cookie, planted, "log-in gives a new cookie");
        let page = Browser::with(&world.app, Area::Citizen, planted).get("/az/cases").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        // A session of one window opens nothing in the other.
        let page = Browser::with(&world.app, Area::Office, cookie).get("/az/operator").await;
        assert_eq!(page.location(), "/az/signin?next=%2Foperator");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_and_by_the_log_in_s_word() {
    for world in worlds().await {
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        let mut browser = Browser::with(&world.app, Area::Citizen, cookie.clone());
        assert_eq!(browser.get("/az/cases").await.status, StatusCode::OK);
        world.clock.advance_s(31 * 60);
        let page = browser.get("/az/cases?x=1").await;
        assert_eq!(page.location(), "/az/signin?next=%2Fcases%3Fx%3D1", "the way back is kept");
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        assert_eq!(world.app.end_sessions(Some("sid-AYTEN01"), None).await.expect("no fault"), 2);
        let page = Browser::with(&world.app, Area::Citizen, cookie).get("/az/cases").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        let forged = browser.post_bare("/signin/ended", &[("logout_token", "a.b.c")]).await;
        assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn log_in_goes_out_with_a_state_and_comes_back_once() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        let page = browser.get("/ru/signin?next=%2Fsafe").await;
        assert!(page.location().starts_with("http://127.0.0.1:8802/authorize?"), "{}", page.location());
        assert!(page.location().contains("code_challenge_method=S256"));
        let state = page
            .location()
            .split("&state=")
            .nth(1)
            .and_then(|rest| rest.split('&').next())
            .expect("a state")
            .to_owned();
        let strange = browser.get("/signin/return?code=x&state=other&iss=http%3A%2F%2F127.0.0.1%3A8802").await;
        assert_eq!(strange.status, StatusCode::BAD_REQUEST, "{}", crate::Refusal::LogInAgain.code());
        let mut thief = Browser::new(&world.app, Area::Citizen);
        let stolen = thief.get(&format!("/signin/return?code=x&state={state}&iss=http%3A%2F%2F127.0.0.1%3A8802")).await;
        assert_eq!(stolen.status, StatusCode::BAD_REQUEST, "another browser cannot finish it");
        let declined = format!("/signin/return?error=access_denied&state={state}&iss=http%3A%2F%2F127.0.0.1%3A8802");
        assert_eq!(browser.get(&declined).await.location(), "/ru/", "the language came back");
        assert_eq!(browser.get(&declined).await.status, StatusCode::BAD_REQUEST, "once only");
    }
}

#[tokio::test]
async fn guessing_is_limited() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        for _ in 0..ATTEMPTS_MAX {
            assert_ne!(browser.get("/az/v/AAAA-AAAA-AAAA").await.status, StatusCode::TOO_MANY_REQUESTS);
        }
        let page = browser.get("/az/v/AAAA-AAAA-AAAA").await;
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
        page.shows("Çox tez-tez");
    }
}

#[tokio::test]
async fn switching_the_language_keeps_page_and_query() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        let page = browser.get("/az/services?q=icaz%C9%99").await;
        page.shows("href=\"/en/services?q=icaz%C9%99\"").shows("<html lang=\"az\">");
        browser.get("/ru/services?q=icaz%C9%99").await.shows("<html lang=\"ru\">").shows("15.1");
        assert_eq!(browser.get("/").await.location(), "/az/");
        assert_eq!(browser.get("/v/ABCD").await.location(), "/az/v/ABCD");
        assert_eq!(browser.get("/de/services").await.status, StatusCode::NOT_FOUND);
        let page = browser.get("/en/signout").await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
        page.shows("does not take such a request");
    }
}

#[tokio::test]
async fn a_fault_shows_a_number_and_no_cause() {
    for world in worlds().await {
        let offices = [("10001", "operator")];
        let cookie = world.logged_in(Area::Office, "NARMN05", &offices, None).await;
        let mut browser = Browser::with(&world.app, Area::Office, cookie);
        let page = browser.get("/en/operator/certificates").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        page.shows("Something failed on our side").shows("Quote this number");
        assert!(!page.text.contains("the centre is silent"), "the cause is for the operator's log");
        browser.get("/en/operator").await.shows("not answering").shows("1 / 2");
    }
}

#[tokio::test]
async fn posts_are_needed_for_the_back_office() {
    for world in worlds().await {
        let cookie = world.logged_in(Area::Office, "TURAL06", &[], None).await;
        let mut browser = Browser::with(&world.app, Area::Office, cookie);
        browser.get("/en/").await.shows("You hold no post here");
        assert_eq!(browser.get("/en/operator").await.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.get("/en/cases/X").await.status, StatusCode::FORBIDDEN);
    }
}
