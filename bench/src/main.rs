//! The measurements of the whole demo country: starts, memory, pages under load, a journey. Printed as measured, compared
//! with the goals, and never a test: a busy machine is slow and not wrong. Run through `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod life;
mod load;

use pencere::tour::Country as Place;
use pencere::tour::browser::Browser;
use serde_json::Value as Json;
use std::process::Command;
use std::time::Duration;
use tests::country::{Country, binary, folder, free_ports};

const PEOPLE: u32 = 10_000;
/// Pages that everybody may open.
const PUBLIC: &[&str] = &[
    "/az/",
    "/az/services",
    "/az/services/1.1",
    "/az/scores",
    "/az/scores/report",
    "/az/scores/country",
    "/az/scores/1.1",
    "/az/scores.json",
    "/az/bulletin/{month}",
    "/az/verify",
];
/// Pages of a person who is logged in.
const OWN: &[&str] = &[
    "/az/cases",
    "/az/cases/{case}",
    "/az/apply/{draft}/step/applicant",
    "/az/inbox",
    "/az/safe",
    "/az/payments",
    "/az/payments/{case}",
    "/az/profile",
    "/az/data",
];
const OFFICE: &[&str] = &["/az/", "/az/cases/{case}"];

#[tokio::main]
async fn main() {
    let data = host::testing::TempDir::new();
    let ports = free_ports();
    let first = Country::start(data.path(), ports, PEOPLE);
    report("first start with 10 000 people", seconds(first.took), "s", "under 5");
    first.interrupt();

    let again = Country::start(data.path(), ports, PEOPLE);
    report("start of an existing country", seconds(again.took), "s", "under 1");
    settle().await;
    report("resident memory, idle", resident_mib(again.id()), "MiB", "under 300");
    let place = Place::running_in(data.path(), &folder()).expect("it is ready");
    pages(&place, again.id()).await;
    report("resident memory after the load", resident_mib(again.id()), "MiB", "");
    again.interrupt();
    journey();
}

async fn pages(place: &Place, process: u32) {
    let life = life::lead(place).await.expect("people can live in the country");
    let (mut anybody, mut director, mut official) = (Browser::new(), life.director, life.official);
    // The bulletin's own address leads to the month that is running.
    let bulletin = anybody.open(&format!("{}/az/bulletin", place.portal)).await.expect("a bulletin").url.clone();
    let month = bulletin.rsplit('/').next().unwrap_or_default().to_owned();
    let named =
        |page: &str| page.replace("{case}", &life.case).replace("{draft}", &life.draft).replace("{month}", &month);
    let filter = std::env::args().nth(1).unwrap_or_default();
    for (window, origin, browser, pages) in [
        ("", &place.portal, &mut anybody, PUBLIC),
        ("", &place.portal, &mut director, OWN),
        ("office ", &place.back_office, &mut official, OFFICE),
    ] {
        for page in pages.iter().filter(|page| page.contains(&filter)) {
            load::page(process, browser, &format!("{window}{page}"), &format!("{origin}{}", named(page))).await;
        }
    }
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
    println!("{what:<58} {value:>10.2} {unit:<4} {goal}");
}

fn seconds(took: Duration) -> f64 {
    took.as_secs_f64()
}

/// Background work of the start (first jobs, first snapshot) is over after a while.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

fn resident_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says it");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib / 1024.0
}
