//! Fifty requests in flight against one page, by wrk: the 99th percentile of the answer's time as wrk sees it, and the
//! processor's time that one answer costs the country, which a busy machine changes less.

use crate::report;
use pencere::tour::browser::Browser;
use std::process::Command;

/// The portal's pages have a goal; what a page shows that comes over the exchange has none.
const GOAL: &str = "under 20";

/// Measures a page of this process as this browser sees it. A page that is refused, or sends the browser elsewhere, is no
/// measurement.
pub async fn page(process: u32, browser: &mut Browser, what: &str, url: &str) {
    is_answered(browser, url).await;
    let before_ms = processor_ms(process);
    match load(url, &browser.cookies_for(url)) {
        Some(Load { p99_ms, answers }) => {
            let cost_ms = (processor_ms(process) - before_ms) / answers;
            report(
                &format!("{what} p99 at 50 in flight"),
                p99_ms,
                "ms",
                &format!("{GOAL} {cost_ms:>8.3} ms processor"),
            );
        }
        None => println!("{what}: wrk gave no figure (apt-get install wrk)"),
    }
    // A session that ended meanwhile would have measured redirects.
    is_answered(browser, url).await;
}

/// Processor time of the whole process so far, of `utime` and `stime` in `/proc/<id>/stat`, in its hundredths of a second.
fn processor_ms(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process");
    // The name may hold spaces; what follows its bracket does not.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().expect("a number")).sum();
    ticks * 10.0
}

struct Load {
    p99_ms: f64,
    answers: f64,
}

async fn is_answered(browser: &mut Browser, url: &str) {
    let page = browser.open(url).await.expect("the page answers");
    assert_eq!((page.status, page.url.as_str()), (200, url), "{}", page.heading());
}

fn load(url: &str, cookies: &str) -> Option<Load> {
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
    let p99_ms = match unit {
        "us" => number / 1000.0,
        "s" => number * 1000.0,
        _ => number,
    };
    let answers = text.lines().find_map(|line| line.trim().split_once(" requests in"))?.0.parse().ok()?;
    Some(Load { p99_ms, answers })
}
