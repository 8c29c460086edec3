//! The measurements of the whole demo country: starts, memory, pages under load, a journey. Printed as measured, compared
//! with the goals, and never a test: a busy machine is slow and not wrong. Run through `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

use serde_json::Value as Json;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::country::{Country, binary, folder, free_ports};

const PEOPLE: u32 = 10_000;
/// Pages of the portal that everybody may open, measured one by one.
const PAGES: &[&str] = &["/az/", "/az/services/1.1", "/az/scores", "/az/verify"];

fn main() {
    let data = host::testing::TempDir::new();
    let ports = free_ports();
    let first = Country::start(data.path(), ports, PEOPLE);
    report("first start with 10 000 people", seconds(first.took), "s", "under 5");
    assert!(first.interrupt(), "the country ends when it is told");

    let again = Country::start(data.path(), ports, PEOPLE);
    report("start of an existing country", seconds(again.took), "s", "under 1");
    settle();
    report("resident memory, idle", resident_mib(again.id()), "MiB", "under 300");
    let portal = again.address("portal");
    for page in PAGES {
        match p99_ms(&format!("{portal}{page}")) {
            Some(p99) => report(&format!("{page} p99 at 50 in flight"), p99, "ms", "under 20"),
            None => println!("{page}: wrk gave no figure (apt-get install wrk)"),
        }
    }
    report("resident memory after the load", resident_mib(again.id()), "MiB", "");
    assert!(again.interrupt(), "the country ends when it is told");
    journey();
}

/// J01 in a fresh country of 1 000 people; the journey alone, without the country's start and the fault caused in it.
fn journey() {
    let output = Command::new(binary())
        .args(["tour", "--journey", "J01", "--json", "--country"])
        .arg(folder())
        .output()
        .expect("the program starts");
    let result: Json = serde_json::from_slice(&output.stdout).expect("the tour speaks JSON");
    assert_eq!(result["ok"], Json::Bool(true), "{result}");
    let took_ms = result["journeys"][0]["tookMs"].as_f64().expect("a time");
    report("J01 in the tour", took_ms / 1000.0, "s", "under 2");
}

fn report(what: &str, value: f64, unit: &str, goal: &str) {
    println!("{what:<44} {value:>10.2} {unit:<4} {goal}");
}

fn seconds(took: Duration) -> f64 {
    took.as_secs_f64()
}

/// Background work of the start (first jobs, first snapshot) is over after a while.
fn settle() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn resident_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says it");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib / 1024.0
}

/// The 99th percentile of a page's answer time as wrk sees it, with 50 requests in flight for ten seconds.
fn p99_ms(url: &str) -> Option<f64> {
    let output = Command::new("wrk").args(["-t1", "-c50", "-d10", "--latency", url]).output().ok()?;
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
