//! What every answer carries, and the documents that clients' programs read.

use super::world::{ISSUER, World};
use base::Lang;
use identity::client::Wish;
use serde_json::Value;

#[tokio::test]
async fn every_page_is_locked_down_and_speaks_three_languages() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::Ru)).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        assert!(seen.text.contains("<html lang=\"ru\">") && seen.text.contains("portal ru"));
        let policy = seen.headers["content-security-policy"].to_str().expect("text");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "http://127.0.0.1:8803", "http://127.0.0.1:8800"] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(seen.headers["cache-control"], "no-store");
        assert_eq!(seen.headers["x-content-type-options"], "nosniff");
        assert!(!seen.text.contains("<script") && !seen.text.contains(" style="));
        // A language chosen on the page stays chosen.
        assert!(browser.get(&format!("{page}?lang=en")).await.text.contains("Log in with the card"));
        assert!(browser.get(&page).await.text.contains("Log in with the card"));
        let cookie = browser.cookie.expect("a cookie");
        assert!(cookie.starts_with("pencere-identity="));
        for (path, status) in [("/nowhere", 404), ("/", 200)] {
            let page = world.get(path).await;
            assert_eq!(page.status().as_u16(), status, "{path}");
            let text = String::from_utf8_lossy(page.body()).into_owned();
            assert!(text.contains("href=\"http://127.0.0.1:8800/\""), "{path} leads to the portal: {text}");
            assert!(!text.contains("href=\"http://127.0.0.1:8801"), "{path} leads to a window that is not for all");
        }
        assert_eq!(world.get("/assets/pencere.css").await.headers()["content-type"], "text/css");
    }
}

#[tokio::test]
async fn the_provider_describes_itself_and_its_keys() {
    for world in World::all().await {
        let document = world.get("/.well-known/openid-configuration").await;
        let document: Value = serde_json::from_slice(document.body()).expect("JSON");
        assert_eq!(document["issuer"], ISSUER);
        assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
        let keys: Value = serde_json::from_slice(world.get("/jwks").await.body()).expect("JSON");
        assert_eq!(keys["keys"].as_array().expect("keys").len(), 1);
        assert!(keys["keys"][0]["d"].is_null(), "the public half only");
    }
}
