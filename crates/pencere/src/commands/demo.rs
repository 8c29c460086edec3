//! `pencere demo`: the whole country on this machine, until it is told to end.

use crate::cli::Demo;
use crate::place::Place;
use crate::ports::Ports;
use crate::wiring::{self, Role, Running, Settings};
use std::process::ExitCode;

pub async fn run(demo: Demo) -> Result<ExitCode, String> {
    let place = Place::open(&demo.data)?;
    let settings = Settings {
        country: demo.country,
        people: demo.people,
        ports: Ports::from_base(demo.port_base),
        stores: wiring::Stores::Files,
        tokens: Vec::new(),
    };
    let running = wiring::start(&settings, &place, &Role::ALL).await?;
    show(&running, demo.json);
    until_told_to_end().await?;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the ready line is the command's answer")]
fn show(running: &Running, json: bool) {
    if json {
        println!("{}", running.ready());
    } else {
        println!("{}", running.greeting());
    }
}

/// Ctrl-C, or the service manager's polite word.
pub async fn until_told_to_end() -> Result<(), String> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|cause| format!("signals cannot be received: {cause}"))?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told.map_err(|cause| format!("signals cannot be received: {cause}")),
        _ = terminate.recv() => Ok(()),
    }
}
