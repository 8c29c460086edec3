//! Fifty requests in flight against one page, by wrk, and the 99th percentile of the answer's time as wrk sees it.

use crate::report;
use pencere::tour::browser::Browser;
use std::process::Command;

/// The portal's pages have a goal; what a page shows that comes over the exchange has none.
const GOAL: &str = "under 20";

/// Measures a page as this browser sees it. A page that is refused, or sends the browser elsewhere, is no measurement.
pub async fn page(browser: &mut Browser, what: &str, url: &str) {
    is_answered(browser, url).await;
    match p99_ms(url, &browser.cookies_for(url)) {
        Some(p99) => report(&format!("{what} p99 at 50 in flight"), p99, "ms", GOAL),
        None => println!("{what}: wrk gave no figure (apt-get install wrk)"),
    }
    // A session that ended meanwhile would have measured redirects.
    is_answered(browser, url).await;
}

async fn is_answered(browser: &mut Browser, url: &str) {
    let page = browser.open(url).await.expect("the page answers");
    assert_eq!((page.status, page.url.as_str()), (200, url), "{}", page.heading());
}

fn p99_ms(url: &str, cookies: &str) -> Option<f64> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c50", "-d10", "--latency"]);
    if !cookies.is_empty() {
        wrk.args(["-H", &format!("Cookie: {cookies}")]);
    }
    let output = wrk.arg(url).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{url} does not answer what is measured: {text}");
    let figure = text.lines().find_map(|line| line.trim().strip_prefix("99%"))?.trim().to_owned();
    let (number, unit) = figure.split_at(figure.find(|letter: char| letter.is_alphabetic())?);
    let number: f64 = number.parse().ok()?;
    Some(match unit {
        "us" => number / 1000.0,
        "s" => number * 1000.0,
        _ => number,
    })
}
