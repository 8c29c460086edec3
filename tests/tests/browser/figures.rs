//! `J12`: the scoreboard and the bulletin are open to everybody, as pages and as data.

use super::{World, pages, person};
use serde_json::Value as Json;
use tests::webdriver::Browser;

pub async fn are_open_to_everybody(world: &World) {
    let browser = Browser::start(1280, 900, false).await;
    for (name, path) in [
        ("scores", "/scores"),
        ("scores-report", "/scores/report"),
        ("score", "/scores/1.1"),
        ("bulletin", "/bulletin"),
    ] {
        pages::everywhere(world, &browser, name, |lang| world.portal(&format!("/{lang}{path}"))).await;
    }
    // The report of 2014 finds five points of infrastructure; ours is counted from facts.
    browser.open(&world.portal("/en/scores/report")).await;
    let index = browser.text("section[aria-labelledby=index] .big").await;
    assert!(index.contains('5'), "{index}");
    let scores = person::fetch(None, &world.portal("/en/scores.json")).await;
    let scores: Json = serde_json::from_slice(scores.body()).expect("the scores are JSON");
    assert!(scores["live"].is_object() && scores["report"].is_object(), "{scores}");

    browser.open(&world.portal("/en/bulletin")).await;
    let rows = browser.count("main table.fold tbody tr").await;
    let href = |ending: &str| format!("return document.querySelector('main a[href$=\"{ending}\"]').href");
    let csv = browser.ask(&href(".csv")).await;
    let csv = person::fetch(None, csv.as_str().expect("a link")).await;
    assert!(csv.headers()["content-type"].to_str().expect("text").starts_with("text/csv"));
    let csv = String::from_utf8(csv.body().to_vec()).expect("CSV is UTF-8");
    assert_eq!(csv.trim_end().lines().count(), rows + 1, "one line a service, and the heads");
    let json = browser.ask(&href(".json")).await;
    let json = person::fetch(None, json.as_str().expect("a link")).await;
    let json: Json = serde_json::from_slice(json.body()).expect("the bulletin is JSON");
    assert!(json.is_object(), "{json}");
    pages::forbid_foreign_content(world).await;
}
