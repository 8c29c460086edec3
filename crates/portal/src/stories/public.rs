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
