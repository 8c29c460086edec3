//! `pencere tour`: walks the journeys in a running country, or in a fresh one that goes away afterwards.

use crate::cli::Tour;
use crate::place::Place;
use crate::ports::Ports;
use crate::tour::{self, Country};
use crate::wiring::{self, Role, Settings, Stores};
use base::Chance;
use std::process::ExitCode;

pub async fn run(tour: Tour) -> Result<ExitCode, String> {
    let report = match &tour.data {
        Some(data) => {
            let country = Country::running_in(data, &tour.country)?;
            walk(&country, &tour, None).await?
        }
        None => in_a_fresh_country(&tour).await?,
    };
    if tour.json {
        print(&serde_json::to_string(&report).map_err(|cause| cause.to_string())?);
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn in_a_fresh_country(tour: &Tour) -> Result<tour::report::Report, String> {
    let data = std::env::temp_dir().join(format!("pencere-tour-{}", base::SystemChance.hex(8)));
    let place = Place::open(&data)?;
    let settings = Settings {
        country: tour.country.clone(),
        people: tour.people,
        ports: Ports::from_base(crate::ports::free_base()?),
        stores: Stores::Files,
        tokens: Vec::new(),
    };
    let mut running = wiring::start(&settings, &place, &Role::ALL).await?;
    let country = Country::running_in(&data, &tour.country)?;
    let report = walk(&country, tour, Some(&mut running)).await;
    running.stop().await;
    // A rest in the temporary folder harms nobody.
    let _left = std::fs::remove_dir_all(&data);
    report
}

async fn walk(
    country: &Country,
    tour: &Tour,
    running: Option<&mut wiring::Running>,
) -> Result<tour::report::Report, String> {
    let mut show = |line: &str| {
        if !tour.json {
            print(line);
        }
    };
    tour::walk(country, &tour.journey, running, &mut show).await
}

#[expect(clippy::print_stdout, reason = "the walk is the command's answer")]
fn print(line: &str) {
    println!("{line}");
}
