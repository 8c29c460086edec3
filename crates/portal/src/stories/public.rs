//! What anybody may do: search, read, verify, look at scores, say what they think.

use super::{browser::Browser, world::worlds};
use crate::session::Area;
use http::StatusCode;

#[tokio::test]
async fn from_search_to_the_service_s_page() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        browser.get("/en/").await.shows("449").shows("Unemployment");
        browser.get("/en/services?q=issizlik").await.shows("/en/services/1.1");
        browser.get("/en/services?q=qqqqqqq").await.shows("Nothing found");
        let page = browser.get("/en/services/1.1").await;
        page.shows("Start the application").shows("What we do not ask you for").shows("Legal basis");
        let other = browser.get("/en/services/1.2").await;
        other.shows("Not yet online").shows("What it takes to bring it online");
        assert!(!other.text.contains("Start the application"));
        assert_eq!(browser.get("/en/services/99.9").await.status, StatusCode::NOT_FOUND);
        for path in ["/en/help", "/en/accessibility", "/en/verify"] {
            assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_verified_is_said_so() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        let page = browser.get("/en/verify/code?code=").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.shows("Error:").shows("href=\"#code\"");
        assert_eq!(browser.get("/en/v/nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let form = browser.get("/en/verify").await;
        let page = browser.upload(&form, "/en/verify", "file", "x.asice", b"PK nonsense").await;
        assert_eq!(page.status, StatusCode::OK);
        page.shows("The document is not valid");
        let page = browser.upload(&form, "/en/verify", "file", "", b"").await;
        page.shows("Choose the file to check");
        let large = vec![b'x'; crate::posted::UPLOAD_BYTES_MAX + 1];
        let page = browser.upload(&form, "/en/verify", "file", "x.asice", &large).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn scores_and_bulletin_are_open_to_everybody() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        browser.get("/en/scores/report").await.shows("5 of 7");
        browser.get("/en/scores").await.shows("no data");
        browser.get("/az/scores/1.1").await.shows("2014");
        assert_eq!(browser.get("/az/scores/99").await.status, StatusCode::NOT_FOUND);
        assert!(browser.get("/az/scores.json").await.text.contains("\"live\""));
        let latest = browser.get("/en/bulletin").await;
        assert_eq!(latest.location(), "/en/bulletin/2026-11");
        browser.get("/en/bulletin/2026-11").await.shows("449").shows("the month is not over");
        let csv = browser.get("/en/bulletin/2026-11.csv").await;
        assert!(csv.header("content-type").starts_with("text/csv"));
        assert!(csv.text.starts_with("month,service"));
        assert!(browser.get("/en/bulletin/2026-11.json").await.text.contains("\"services_in_register\": 449"));
        assert_ne!(browser.get("/en/bulletin/2031-01").await.status, StatusCode::OK);
    }
}

/// Ten seconds and one microsecond later: what is kept is renewed, and what was written in the same instant counts.
const RENEWED_S: i64 = 11;

#[tokio::test]
async fn a_new_snapshot_is_on_the_scoreboard_after_the_refresh() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        for page in ["/en/scores/1.1", "/ru/scores/1.1"] {
            let shown = browser.get(page).await;
            assert!(!shown.text.contains("monitor.snapshots = 1"), "{}", shown.text);
        }
        browser.get("/en/scores").await.shows("As of 23.11.2026 14:02:00.");
        world.app.monitor.take_snapshot().await.expect("taken");
        world.clock.advance_s(1);
        let early = browser.get("/en/scores/1.1").await;
        assert!(!early.text.contains("monitor.snapshots = 1"), "ten seconds are not over");
        world.clock.advance_s(RENEWED_S);
        for page in ["/en/scores/1.1", "/ru/scores/1.1"] {
            browser.get(page).await.shows("monitor.snapshots = 1");
        }
        browser.get("/en/scores").await.shows("As of 23.11.2026 14:02:12.");
        assert!(browser.get("/en/scores.json").await.text.contains("monitor_snapshot"));
    }
}

#[tokio::test]
async fn a_draft_of_the_bulletin_shows_what_was_entered() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        for users in ["4\u{a0}711", "4\u{a0}712"] {
            let entered = users.replace('\u{a0}', "").parse().expect("a number");
            let monitor = &world.app.monitor;
            monitor.enter_offline_users("PIN:LEYLA03", "1.1", "2026-11", entered).await.expect("entered");
            browser.get("/az/bulletin/2026-11").await.shows(users);
            browser.get("/az/bulletin/2026-11.csv").await.shows(&entered.to_string());
        }
    }
}

/// The page that one person makes us draw is the page that the next one gets: nothing of a person may be in it.
#[tokio::test]
async fn nothing_of_a_visit_is_in_a_page_that_is_kept() {
    for world in worlds().await {
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        for path in ["/az/scores", "/az/scores/1.1", "/az/scores/country", "/az/scores/report", "/az/bulletin/2026-11"]
        {
            let own = Browser::with(&world.app, Area::Citizen, cookie.clone()).get(path).await;
            own.shows("Aytən Məmmədova").shows(&format!("href=\"/ru{}\"", &path[3..]));
            let others = Browser::new(&world.app, Area::Citizen).get(path).await;
            for personal in ["Məmmədova", "AYTEN01", "name=\"token\"", own.token().as_str()] {
                assert!(!others.text.contains(personal), "{path} shows {personal}");
            }
            assert_eq!(main_of(&own.text), main_of(&others.text), "{path}");
        }
    }
}

fn main_of(page: &str) -> &str {
    let (_, rest) = page.split_once("<main").expect("a page has its main part");
    rest.split_once("</main>").expect("which ends").0
}

#[tokio::test]
async fn an_opinion_reaches_the_operator() {
    for world in worlds().await {
        let mut browser = Browser::new(&world.app, Area::Citizen);
        let form = browser.get("/az/feedback?service=1.1").await;
        let refused = browser.post(&form, "/az/feedback", &[("comment", "yaxşı"), ("about", "1.1")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.shows("Bir qiymət seçin").shows("yaxşı");
        let fields = [("rating", "5"), ("comment", "Çox yaxşı oldu <b>"), ("about", "1.1")];
        let sent = browser.post(&form, "/az/feedback", &fields).await;
        browser.follow(&sent).await.shows("Təşəkkür edirik");
        let cookie = world.logged_in(Area::Office, "NARMN05", &[("10001", "operator")], None).await;
        let mut operator = Browser::with(&world.app, Area::Office, cookie);
        operator.get("/az/operator/opinions").await.shows("Çox yaxşı oldu &#60;b&#62;");
        for tab in ["members", "traffic", "jobs", "servers"] {
            assert_eq!(operator.get(&format!("/az/operator/{tab}")).await.status, StatusCode::OK, "{tab}");
        }
    }
}
